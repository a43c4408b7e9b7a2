//! The desk's IO: hub, telephone, voice, plugins. It moves what happens into the core and does what
//! the core says; it decides nothing.

use crate::advisor::Advisory;
use crate::config::{AudioChoice, DeskConfig};
use crate::core::{Core, Effect, Input};
use crate::link::{Link, LinkSaw};
use crate::state::{AdvisorHealth, AudioHealth, DeskError, DeskState};
use crate::voice::{self, Levels, VoiceCommand};
use crate::{DeskGone, Intent};
use siaga_audio_devices::{AudioDevices, AudioEvent, Events};
use siaga_hub_api::{ClientError, HubClient, LoginRequest, Session, SipAccount};
use siaga_media::{MediaConfig, MediaError, MediaEvent, MediaSession};
use siaga_model::{CallId, Intake, Timestamp};
use siaga_plugin_host::{Limits, PastReport, PluginStats};
use siaga_sip::{DialogKey, IncomingCall, UaEvent, UserAgent, UserAgentConfig};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};

/// Intents that may wait. The window sends one a frame at most; a full queue makes it wait.
const INTENTS: usize = 64;

/// Reports of tasks that may wait for the engine; the tasks wait when it is full.
const REPORTS: usize = 256;

/// How often the state is published at least, so that clocks and countdowns go on.
const TICK: Duration = Duration::from_millis(500);

/// Life-time asked for a registration.
const REGISTRATION: Duration = Duration::from_secs(120);

/// How often the thread that watches the sound cards looks whether the desk is still there.
const AUDIO_LOOK: Duration = Duration::from_secs(1);

/// The header by which the switch names the call.
const CALL_HEADER: &str = "X-Siaga-Call";

/// Wall clock once, monotonic from there.
#[derive(Clone, Copy)]
struct Clock {
    epoch_ms: i64,
    started: Instant,
}

impl Clock {
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            epoch_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            started: Instant::now(),
        }
    }

    fn now(self) -> Timestamp {
        Timestamp(self.epoch_ms) + self.started.elapsed()
    }
}

pub(crate) enum ToEngine {
    Intent(Intent),
    PluginStats(oneshot::Sender<Vec<PluginStats>>),
    ShutDown(oneshot::Sender<()>),
}

/// What tasks report.
enum Report {
    LoggedIn(Result<Box<(Session, HubClient)>, DeskError>),
    Plugins(Box<Advisory>),
    MediaMade { dialog: DialogKey, made: Result<(MediaSession, String), MediaError> },
    Media { dialog: DialogKey, event: MediaEvent },
    Advised { call: CallId, advice: siaga_model::Advice, advisory: Box<Advisory> },
    Audio(AudioHealth),
}

/// A handle on a running desk; clones speak to the same one. The desk ends when all are dropped.
#[derive(Clone)]
pub struct DeskHandle {
    engine: mpsc::Sender<ToEngine>,
}

impl DeskHandle {
    /// Hands over what somebody wants. What became of it shows in the state.
    ///
    /// # Errors
    /// [`DeskGone`] when the desk has been shut down.
    pub async fn send(&self, intent: Intent) -> Result<(), DeskGone> {
        self.engine.send(ToEngine::Intent(intent)).await.map_err(|_| DeskGone)
    }

    /// The figures of the plugins so far.
    ///
    /// # Errors
    /// [`DeskGone`].
    pub async fn plugin_stats(&self) -> Result<Vec<PluginStats>, DeskGone> {
        let (reply, stats) = oneshot::channel();
        self.engine.send(ToEngine::PluginStats(reply)).await.map_err(|_| DeskGone)?;
        stats.await.map_err(|_| DeskGone)
    }

    /// Leaves the seat: hangs up, logs out, unregisters. At most a few seconds.
    pub async fn shut_down(&self) {
        let (done, wait) = oneshot::channel();
        if self.engine.send(ToEngine::ShutDown(done)).await.is_ok() {
            // An error means that it is gone already.
            let _ = wait.await;
        }
    }
}

/// Starts a desk.
pub(crate) fn start(config: DeskConfig) -> (DeskHandle, watch::Receiver<Arc<DeskState>>) {
    let DeskConfig { audio, data_dir, media, limits, training } = config;
    let (engine, inputs) = mpsc::channel(INTENTS);
    let (reports_in, reports) = mpsc::channel(REPORTS);
    let (link_saw_in, link_saw) = mpsc::channel(REPORTS);
    let (levels_in, levels) = mpsc::channel(1);
    let (state, shown) = watch::channel(Arc::new(DeskState::default()));
    let run = Engine {
        core: Core::new(training),
        clock: Clock::start(),
        voice: voice::start(levels_in),
        data_dir,
        media,
        limits,
        inputs,
        report: reports_in,
        reports,
        link_saw_in,
        link_saw,
        levels,
        state,
        session: None,
        phone: None,
        phone_events: None,
        legs: HashMap::new(),
        advisory: None,
        wanted_advice: None,
    };
    tokio::spawn(run.run(audio));
    (DeskHandle { engine }, shown)
}

/// What the plugins are to judge.
struct Question {
    call: CallId,
    rev: u64,
    intake: Box<Intake>,
    history: Vec<PastReport>,
}

/// A leg that rings or is up here.
struct Leg {
    /// Its offer, until media is being made for it.
    offer: String,
    media: Option<(Arc<MediaSession>, String)>,
}

struct Engine {
    core: Core,
    clock: Clock,
    data_dir: PathBuf,
    media: MediaConfig,
    limits: Limits,
    inputs: mpsc::Receiver<ToEngine>,
    report: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    link_saw_in: mpsc::Sender<LinkSaw>,
    link_saw: mpsc::Receiver<LinkSaw>,
    levels: mpsc::Receiver<Levels>,
    voice: mpsc::Sender<VoiceCommand>,
    state: watch::Sender<Arc<DeskState>>,
    session: Option<(HubClient, Link)>,
    phone: Option<UserAgent>,
    phone_events: Option<mpsc::Receiver<UaEvent>>,
    legs: HashMap<DialogKey, Leg>,
    /// `None` while it is at work on another thread.
    advisory: Option<Box<Advisory>>,
    /// The newest text to judge when the plugins are free again; older ones are of no interest.
    wanted_advice: Option<Question>,
}

impl Engine {
    async fn run(mut self, audio: AudioChoice) {
        self.open_audio(audio).await;
        let mut ticks = tokio::time::interval(TICK);
        loop {
            self.publish();
            tokio::select! {
                input = self.inputs.recv() => match input {
                    Some(ToEngine::Intent(intent)) => self.give(Input::Intent(intent)).await,
                    Some(ToEngine::PluginStats(reply)) => {
                        let stats = self.advisory.as_ref().map(|a| a.stats()).unwrap_or_default();
                        // Whoever asked may have gone.
                        let _ = reply.send(stats);
                    }
                    Some(ToEngine::ShutDown(done)) => {
                        self.leave().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return self.leave().await,
                },
                Some(report) = self.reports.recv() => self.on_report(report).await,
                Some(saw) = self.link_saw.recv() => self.on_link(saw).await,
                Some(event) = next(&mut self.phone_events) => self.on_phone(event).await,
                Some(levels) = self.levels.recv() => {
                    self.give(Input::Levels { heard: levels.heard, sent: levels.sent }).await;
                }
                _ = ticks.tick() => self.give(Input::Tick).await,
            }
        }
    }

    fn publish(&mut self) {
        if let Some(state) = self.core.changed() {
            // A window that is being reloaded reads the newest state when it is back.
            self.state.send_replace(Arc::new(state));
        }
    }

    async fn give(&mut self, input: Input) {
        self.core.handle(self.clock.now(), input);
        while let Some(effect) = self.core.poll() {
            self.carry_out(effect).await;
        }
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::LogIn { hub, request } => self.log_in(hub, *request),
            Effect::LogOut => self.leave().await,
            Effect::ToHub(message) => {
                if let Some((_, link)) = &self.session {
                    link.say(*message).await;
                }
            }
            Effect::Ring(dialog) => self.ring(dialog).await,
            Effect::Answer(dialog) => self.answer(dialog).await,
            Effect::Reject { dialog, status } => {
                self.drop_leg(dialog);
                if let Some(phone) = &self.phone {
                    // A dialog that has ended meanwhile needs no refusal.
                    let _ = phone.reject(dialog, status, "").await;
                }
            }
            Effect::Mute(muted) => self.tell_voice(VoiceCommand::Mute(muted)).await,
            Effect::Dtmf(digit) => {
                let session = self.legs.values().find_map(|leg| leg.media.as_ref());
                if let Some((session, _)) = session
                    && let Err(error) = session.send_dtmf(digit)
                {
                    tracing::info!(%error, "a key could not be sent");
                }
            }
            Effect::Advise { call, rev, intake, history } => {
                self.wanted_advice = Some(Question { call, rev, intake, history });
                self.advise();
            }
        }
    }

    async fn tell_voice(&self, command: VoiceCommand) {
        // The voice task lives as long as its sender.
        let _ = self.voice.send(command).await;
    }

    // ---- the hub

    fn log_in(&self, hub: String, request: LoginRequest) {
        let report = self.report.clone();
        tokio::spawn(async move {
            let result = match HubClient::login(&hub, request).await {
                Ok(logged_in) => Ok(Box::new(logged_in)),
                Err(ClientError::Refused(error)) => {
                    Err(DeskError::Hub { code: error.code, detail: error.detail })
                }
                Err(ClientError::BadAddress(_)) => Err(DeskError::BadAddress),
                Err(error) => Err(DeskError::Unreachable { detail: error.to_string() }),
            };
            tell(&report, Report::LoggedIn(result)).await;
        });
    }

    async fn on_logged_in(&mut self, session: Session, client: HubClient) {
        self.start_phone(&session.sip);
        let link = Link::start(client.clone(), self.link_saw_in.clone());
        self.session = Some((client.clone(), link));
        let (report, folder) = (self.report.clone(), self.data_dir.join("plugins"));
        let (limits, releases) = (self.limits.clone(), session.plugins.clone());
        tokio::spawn(async move {
            let advisory = Advisory::fetch(&client, &releases, &folder, limits).await;
            tell(&report, Report::Plugins(Box::new(advisory))).await;
        });
        self.give(Input::LoggedIn(Box::new(session))).await;
    }

    async fn on_link(&mut self, saw: LinkSaw) {
        match saw {
            LinkSaw::Up => self.give(Input::HubUp).await,
            LinkSaw::Down => self.give(Input::HubDown).await,
            LinkSaw::Said(message) => self.give(Input::Hub(message)).await,
        }
    }

    async fn leave(&mut self) {
        self.tell_voice(VoiceCommand::Stop).await;
        for (_, leg) in self.legs.drain() {
            if let Some((session, _)) = leg.media {
                session.close().await;
            }
        }
        self.phone_events = None;
        if let Some(phone) = self.phone.take() {
            phone.close().await;
        }
        if let Some((client, link)) = self.session.take() {
            drop(link);
            if let Err(error) = client.logout().await {
                tracing::info!(%error, "the hub was not told of the logout");
            }
        }
    }

    // ---- the telephone

    fn start_phone(&mut self, account: &SipAccount) {
        let Ok(ws_url) = account.ws_url.parse() else {
            tracing::error!("the hub gave an address of the switch that is none");
            return;
        };
        let started = UserAgent::start(UserAgentConfig {
            ws_url,
            tls_roots: None,
            user: account.user.clone(),
            domain: account.domain.clone(),
            secret: Some(account.secret.clone()),
            display_name: None,
            register: true,
            expires: REGISTRATION,
            user_agent: concat!("Siaga/", env!("CARGO_PKG_VERSION")).to_owned(),
        });
        match started {
            Ok((phone, events)) => {
                self.phone = Some(phone);
                self.phone_events = Some(events);
            }
            Err(error) => tracing::error!(%error, "the telephone cannot be started"),
        }
    }

    async fn on_phone(&mut self, event: UaEvent) {
        match event {
            UaEvent::Registered { .. } => self.give(Input::SipUp).await,
            UaEvent::RegistrationFailed { status, reason } => {
                tracing::warn!(status, %reason, "the switch refuses the registration");
                self.give(Input::SipDown).await;
            }
            UaEvent::ConnectionLost | UaEvent::Reconnecting { .. } => {
                self.give(Input::SipDown).await;
            }
            UaEvent::Incoming(IncomingCall { dialog, offer, headers, .. }) => {
                let call = headers.get(CALL_HEADER).and_then(|id| id.trim().parse().ok());
                self.legs.insert(dialog, Leg { offer, media: None });
                self.give(Input::Incoming { dialog, call }).await;
            }
            UaEvent::Reoffer { dialog, sdp } => self.on_reoffer(dialog, sdp),
            UaEvent::Failed { dialog, .. } | UaEvent::Ended { dialog, .. } => {
                self.on_phone_ended(dialog).await;
            }
            // A desk makes no calls of its own: the switch rings it.
            UaEvent::Ringing { .. }
            | UaEvent::Answered { .. }
            | UaEvent::Confirmed { .. }
            | UaEvent::Info { .. } => {}
        }
    }

    /// Says that it rings, and makes the media meanwhile: answering then costs no time.
    async fn ring(&mut self, dialog: DialogKey) {
        if let Some(phone) = &self.phone {
            let _ = phone.ring(dialog).await;
        }
        let Some(leg) = self.legs.get_mut(&dialog) else { return };
        let offer = std::mem::take(&mut leg.offer);
        let (media, report) = (self.media.clone(), self.report.clone());
        tokio::spawn(async move {
            let made = MediaSession::answer(media, &offer).await;
            tell(&report, Report::MediaMade { dialog, made }).await;
        });
    }

    async fn on_media_made(
        &mut self,
        dialog: DialogKey,
        made: Result<(MediaSession, String), MediaError>,
    ) {
        let Some(leg) = self.legs.get_mut(&dialog) else {
            // The caller gave up or another seat answered while it rang here.
            if let Ok((session, _)) = made {
                session.close().await;
            }
            return;
        };
        let error = match made {
            Ok((session, answer)) => {
                self.forward_media(dialog, &session);
                if let Some(leg) = self.legs.get_mut(&dialog) {
                    leg.media = Some((Arc::new(session), answer));
                }
                None
            }
            Err(error) => {
                leg.media = None;
                Some(error.to_string())
            }
        };
        self.give(Input::MediaMade { dialog, error }).await;
    }

    fn forward_media(&self, dialog: DialogKey, session: &MediaSession) {
        let Some(mut events) = session.events() else { return };
        let report = self.report.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                tell(&report, Report::Media { dialog, event }).await;
            }
        });
    }

    async fn answer(&mut self, dialog: DialogKey) {
        let (Some(phone), Some(leg)) = (&self.phone, self.legs.get(&dialog)) else { return };
        let Some((session, answer)) = &leg.media else { return };
        if let Err(error) = phone.answer(dialog, answer).await {
            tracing::warn!(%error, "the call could not be answered");
            // The dialog ended between the key and the answer; its end comes as an event of its own.
            return self.drop_leg(dialog);
        }
        // From now on something is sent all the time.
        self.tell_voice(VoiceCommand::Start(session.clone())).await;
    }

    fn on_reoffer(&self, dialog: DialogKey, sdp: String) {
        let session = self.legs.get(&dialog).and_then(|leg| leg.media.clone());
        let (Some((session, _)), Some(phone)) = (session, self.phone.clone()) else { return };
        tokio::spawn(async move {
            match session.reoffer_in(&sdp).await {
                Ok(answer) => {
                    if let Err(error) = phone.accept_reoffer(dialog, &answer).await {
                        tracing::debug!(%error, "a re-offer could not be answered");
                    }
                }
                Err(error) => tracing::warn!(%error, "a re-offer cannot be used"),
            }
        });
    }

    /// Forgets a leg and closes the media that was made for it, answered or not.
    fn drop_leg(&mut self, dialog: DialogKey) {
        if let Some((session, _)) = self.legs.remove(&dialog).and_then(|leg| leg.media) {
            tokio::spawn(async move { session.close().await });
        }
    }

    async fn on_phone_ended(&mut self, dialog: DialogKey) {
        self.drop_leg(dialog);
        if !self.legs.values().any(|leg| leg.media.is_some()) {
            self.tell_voice(VoiceCommand::Stop).await;
        }
        self.give(Input::PhoneEnded(dialog)).await;
    }

    // ---- what tasks report

    async fn on_report(&mut self, report: Report) {
        match report {
            Report::LoggedIn(Ok(logged_in)) => {
                let (session, client) = *logged_in;
                self.on_logged_in(session, client).await;
            }
            Report::LoggedIn(Err(error)) => self.give(Input::LoginFailed(error)).await,
            Report::Plugins(advisory) => {
                let health =
                    if advisory.is_whole() { AdvisorHealth::Ok } else { AdvisorHealth::Trouble };
                self.advisory = Some(advisory);
                self.give(Input::Advisor(health)).await;
            }
            Report::MediaMade { dialog, made } => self.on_media_made(dialog, made).await,
            Report::Media { dialog, event } => match event {
                MediaEvent::Connected => self.give(Input::MediaUp(dialog)).await,
                MediaEvent::Failed { reason } => tracing::warn!(%reason, "media failed"),
                MediaEvent::Disconnected | MediaEvent::Dtmf(_) | MediaEvent::RemoteHold(_) => {}
            },
            Report::Advised { call, advice, advisory } => {
                self.advisory = Some(advisory);
                self.give(Input::Advised { call, advice }).await;
                self.advise();
            }
            Report::Audio(health) => self.give(Input::Audio(health)).await,
        }
    }

    /// Judges the newest text on another thread; a plugin that hits its limits must not delay keys.
    fn advise(&mut self) {
        let Some(advisory) = self.advisory.take() else { return };
        let Some(Question { call, rev, intake, history }) = self.wanted_advice.take() else {
            self.advisory = Some(advisory);
            return;
        };
        let (report, now) = (self.report.clone(), self.clock.now());
        tokio::task::spawn_blocking(move || {
            let advice = advisory.advise(&intake, &history, rev, now);
            // The engine has gone: nobody needs the advice.
            let _ = report.blocking_send(Report::Advised { call, advice, advisory });
        });
    }

    // ---- sound

    async fn open_audio(&mut self, choice: AudioChoice) {
        match choice {
            AudioChoice::Given { input, output, name } => {
                self.tell_voice(VoiceCommand::Audio(input, output)).await;
                let health = AudioHealth::Ok { input: name.clone(), output: name };
                self.give(Input::Audio(health)).await;
            }
            AudioChoice::Devices(selection) => {
                let (report, voice) = (self.report.clone(), self.voice.clone());
                // Opening may block for seconds, and the thread then watches the devices.
                tokio::task::spawn_blocking(move || match AudioDevices::open(&selection) {
                    Ok((capture, playback, events)) => {
                        let audio = VoiceCommand::Audio(Box::new(capture), Box::new(playback));
                        if voice.blocking_send(audio).is_ok() {
                            drop(voice);
                            watch_audio(&events, &report);
                        }
                    }
                    Err(error) => {
                        let health = AudioHealth::Trouble { code: error.code().to_owned() };
                        let _ = report.blocking_send(Report::Audio(health));
                    }
                });
            }
        }
    }
}

/// Tells what happens to the sound cards, until the desk has gone.
fn watch_audio(events: &Events, report: &mpsc::Sender<Report>) {
    while !report.is_closed() {
        let health = match events.next_within(AUDIO_LOOK) {
            Some(AudioEvent::Opened { input, output, .. }) => AudioHealth::Ok { input, output },
            Some(AudioEvent::Lost { error, .. } | AudioEvent::StillClosed { error }) => {
                AudioHealth::Trouble { code: error.code().to_owned() }
            }
            None => continue,
        };
        if report.blocking_send(Report::Audio(health)).is_err() {
            return;
        }
    }
}

async fn next(events: &mut Option<mpsc::Receiver<UaEvent>>) -> Option<UaEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// Reports to the engine; once that is gone nobody needs the report.
async fn tell(report: &mpsc::Sender<Report>, message: Report) {
    let _ = report.send(message).await;
}
