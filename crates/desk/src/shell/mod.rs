//! The desk's IO: hub, telephone, voice, plugins, disk. It moves what happens into the core and does
//! what the core says; it decides nothing.

mod clock;
mod hub;
mod look;
mod phone;
mod sound;

use crate::advisor::Advisory;
use crate::config::{AudioChoice, DeskConfig};
use crate::core::{Core, Effect, Found, Input, Question};
use crate::journal::Journal;
use crate::link::{Link, LinkSaw};
use crate::ringer::Ringer;
use crate::state::{AdvisorHealth, AudioHealth, DeskError, DeskState, DeviceView, Levels};
use crate::training::{Coach, TrainingView, TrainingWish};
use crate::voice::{self, VoiceCommand, VoiceNews};
use crate::{DeskGone, Intent, NotTaken};
use clock::Clock;
use phone::Leg;
use siaga_hub_api::{HubClient, Sequenced, Session, ToHub};
use siaga_media::{MediaConfig, MediaError, MediaEvent, MediaSession};
use siaga_model::{CallId, Intake};
use siaga_plugin_host::{Limits, PastReport, PluginStats};
use siaga_sip::{DialogKey, UaEvent, UserAgent};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Intents that may wait. The window sends one a frame at most; a full queue makes it wait.
const INTENTS: usize = 64;

/// Reports of tasks that may wait for the engine; the tasks wait when it is full.
const REPORTS: usize = 256;

/// How often the state is published at least, so that clocks and countdowns go on, and how often the
/// core looks at its time limits.
const TICK: Duration = Duration::from_millis(500);

/// How often it is looked whether something comes from the switch.
const LISTEN: Duration = Duration::from_millis(100);

pub(crate) enum ToEngine {
    Intent(Intent),
    PluginStats(oneshot::Sender<Vec<PluginStats>>),
    ShutDown(oneshot::Sender<()>),
}

/// What tasks report.
enum Report {
    /// Of the attempt with this number; older ones were given up.
    LoggedIn {
        attempt: u64,
        result: Result<Box<(Session, HubClient)>, DeskError>,
    },
    Plugins(Box<Advisory>),
    /// Of the telephone with this number; older ones are gone, and their dialogs with them.
    MediaMade {
        phone: u64,
        dialog: DialogKey,
        made: Result<(MediaSession, String), MediaError>,
    },
    Media {
        phone: u64,
        dialog: DialogKey,
        event: MediaEvent,
    },
    Advised {
        call: CallId,
        advice: siaga_model::Advice,
        advisory: Box<Advisory>,
    },
    /// Of the sound cards with this number; older ones were let go.
    Audio {
        cards: u64,
        health: AudioHealth,
    },
    Found {
        question: Question,
        result: Result<Found, DeskError>,
    },
    Devices(Vec<DeviceView>),
    /// A recording is ready to be played, or cannot be.
    Fetched {
        sha256: String,
        from_ms: u64,
        samples: Result<Arc<[i16]>, DeskError>,
    },
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

    /// As [`Self::send`], of what nobody may wait for.
    ///
    /// # Errors
    /// [`NotTaken`] when the desk has too much to do, or has been shut down.
    pub fn try_send(&self, intent: Intent) -> Result<(), NotTaken> {
        self.engine.try_send(ToEngine::Intent(intent)).map_err(|_| NotTaken)
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

    /// Leaves the seat: hangs up, logs out, unregisters. At most a few seconds. What has not
    /// reached the hub is kept for this operator's next login at this seat.
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
    let DeskConfig { audio, data_dir, media, limits, training, coach } = config;
    let (engine, inputs) = mpsc::channel(INTENTS);
    let (reports_in, reports) = mpsc::channel(REPORTS);
    let (link_saw_in, link_saw) = mpsc::channel(REPORTS);
    let (levels_in, levels) = mpsc::channel(1);
    let (news_in, voice_news) = mpsc::channel(1);
    let has_cards = matches!(audio, AudioChoice::Devices(_));
    let (kept_in, kept) = mpsc::channel(1);
    let (state, shown) = watch::channel(Arc::new(DeskState::default()));
    let run = Engine {
        core: Core::new(training),
        clock: Clock::start(),
        voice: voice::start(levels_in, news_in),
        voice_news,
        ringer: None,
        has_cards,
        cards: 0,
        chosen: Arc::default(),
        playing: None,
        gazetteer: None,
        data_dir,
        media,
        limits,
        inputs,
        report: reports_in,
        reports,
        link_saw_in,
        link_saw,
        levels,
        coach,
        kept_in,
        kept,
        state,
        journal: None,
        attempt: 0,
        client: None,
        link: None,
        line: None,
        phone: None,
        phone_events: None,
        phones: 0,
        legs: HashMap::new(),
        advisory: None,
        wanted_advice: None,
    };
    tokio::spawn(run.run(audio));
    (DeskHandle { engine }, shown)
}

/// What the plugins are to judge.
struct ToJudge {
    call: CallId,
    rev: u64,
    intake: Box<Intake>,
    history: Vec<PastReport>,
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
    voice_news: mpsc::Receiver<VoiceNews>,
    ringer: Option<Ringer>,
    coach: Option<Coach>,
    /// Whether voice comes from sound cards, rather than from a file or a simulated operator.
    has_cards: bool,
    /// The number of the present sound cards.
    cards: u64,
    /// Which of them may be handed to the voice task.
    chosen: Arc<sound::Chosen>,
    /// The recording that is fetched or played.
    playing: Option<String>,
    /// The places; there with the plugins.
    gazetteer: Option<Arc<siaga_plugin_host::FormGazetteer>>,
    /// Whether the disk takes what is kept.
    kept_in: mpsc::Sender<Option<String>>,
    kept: mpsc::Receiver<Option<String>>,
    state: watch::Sender<Arc<DeskState>>,
    journal: Option<Journal>,
    /// The number of the last attempt to sit down.
    attempt: u64,
    /// The session that was last let in.
    client: Option<HubClient>,
    link: Option<Link>,
    /// Where the hub's socket takes messages, while it stands.
    line: Option<mpsc::Sender<Sequenced<ToHub>>>,
    phone: Option<UserAgent>,
    phone_events: Option<mpsc::Receiver<UaEvent>>,
    /// The number of the present telephone.
    phones: u64,
    legs: HashMap<DialogKey, Leg>,
    /// `None` while it is at work on another thread.
    advisory: Option<Box<Advisory>>,
    /// The newest text to judge when the plugins are free again; older ones are of no interest.
    wanted_advice: Option<ToJudge>,
}

impl Engine {
    async fn run(mut self, audio: AudioChoice) {
        self.open_audio(audio).await;
        self.open_journal().await;
        if let Some(coach) = &mut self.coach {
            coach.view.mark_changed();
        }
        let mut ticks = tokio::time::interval(TICK);
        let mut listens = tokio::time::interval(LISTEN);
        listens.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.advise().await;
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
                        self.shut_down().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return self.shut_down().await,
                },
                Some(report) = self.reports.recv() => self.on_report(report).await,
                Some(saw) = self.link_saw.recv() => self.on_link(saw).await,
                Some(event) = next(&mut self.phone_events) => self.on_phone(event).await,
                Some(levels) = self.levels.recv() => {
                    self.give(Input::Levels(levels)).await;
                }
                Some(news) = self.voice_news.recv() => self.on_voice(news).await,
                Some(trouble) = self.kept.recv() => self.give(Input::NotKept(trouble)).await,
                Some(view) = trained(&mut self.coach) => self.give(Input::Training(view)).await,
                _ = ticks.tick() => self.give(Input::Tick).await,
                due = listens.tick(), if !self.legs.is_empty() => {
                    self.listen(due.into_std(), Instant::now()).await;
                }
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
            Effect::Resume { hub, token } => self.resume(hub, token),
            Effect::LogOut => self.log_out().await,
            Effect::Leave => self.leave().await,
            Effect::OpenLink => self.open_link(),
            Effect::StartPhone(account) => self.start_phone(&account),
            Effect::FetchPlugins { plugins, gazetteer } => self.fetch_plugins(plugins, gazetteer),
            Effect::ReconnectHub => self.reconnect_hub(),
            Effect::ReconnectPhone => self.reconnect_phone().await,
            Effect::Say(message) => self.say(*message),
            Effect::Keep(record) => {
                if let Some(journal) = &self.journal {
                    journal.keep(&record);
                }
            }
            Effect::Ring(dialog) => self.ring(dialog).await,
            Effect::Answer(dialog) => self.answer(dialog).await,
            Effect::Talk { dialog, muted } => self.talk(dialog, muted).await,
            Effect::HangUp(dialog) => self.hang_up(dialog).await,
            Effect::Reject { dialog, status } => self.reject(dialog, status).await,
            Effect::Mute(muted) => self.tell_voice(VoiceCommand::Mute(muted)).await,
            Effect::Dtmf(digit) => self.press(digit),
            Effect::Ask(question) => self.ask(question),
            Effect::RingTone(ring) => {
                self.ringer = ring.filter(|_| self.has_cards).map(Ringer::start);
            }
            Effect::OpenAudio { input, output } => self.change_audio(input, output),
            Effect::ListDevices => self.list_devices(),
            Effect::TestSound(on) => self.tell_voice(VoiceCommand::Test(on)).await,
            Effect::Play { sha256, from_ms } => self.fetch_recording(sha256, from_ms).await,
            Effect::StopPlaying => {
                self.playing = None;
                self.tell_voice(VoiceCommand::StopPlaying).await;
            }
            Effect::Train(wish) => self.train(wish),
            Effect::Advise { call, rev, intake, history } => {
                self.wanted_advice = Some(ToJudge { call, rev, intake, history });
            }
        }
    }

    async fn open_journal(&mut self) {
        match Journal::open(&self.data_dir, self.kept_in.clone()).await {
            Ok((journal, restored)) => {
                self.journal = Some(journal);
                self.give(Input::Restored(Box::new(restored))).await;
            }
            Err(error) => {
                tracing::warn!(%error, "this desk has no journal");
                self.give(Input::NotKept(Some(error.to_string()))).await;
            }
        }
    }

    /// Ends the desk: as at a logout, whatever is up.
    async fn shut_down(&mut self) {
        self.leave_phone().await;
        self.give(Input::ShutDown).await;
        if let Some(journal) = self.journal.take() {
            journal.close().await;
        }
    }

    fn train(&self, wish: TrainingWish) {
        let Some(coach) = &self.coach else { return };
        if let Err(error) = coach.wishes.try_send(wish) {
            tracing::warn!(%error, "the exercise does not take a wish");
        }
    }

    // ---- what tasks report

    async fn on_report(&mut self, report: Report) {
        match report {
            Report::LoggedIn { attempt, result } => self.on_let_in(attempt, result).await,
            Report::Plugins(advisory) => {
                let health =
                    if advisory.is_whole() { AdvisorHealth::Ok } else { AdvisorHealth::Trouble };
                self.gazetteer = advisory.gazetteer();
                self.advisory = Some(advisory);
                self.give(Input::Advisor(health)).await;
            }
            Report::MediaMade { phone, dialog, made } => {
                self.on_media_made(phone, dialog, made).await;
            }
            Report::Media { phone, dialog, event } => self.on_media(phone, dialog, event).await,
            Report::Advised { call, advice, advisory } => {
                self.advisory = Some(advisory);
                self.give(Input::Advised { call, advice }).await;
            }
            Report::Audio { cards, health } => {
                if cards == self.cards {
                    self.give(Input::Audio(health)).await;
                }
            }
            Report::Found { question, result } => {
                self.give(Input::Found { question, result }).await;
            }
            Report::Devices(devices) => self.give(Input::Devices(devices)).await,
            Report::Fetched { sha256, from_ms, samples } => {
                self.on_fetched(sha256, from_ms, samples).await;
            }
        }
    }

    /// Has the newest text judged: here, so that it is told together with its findings, as long as
    /// the plugins are quick; on another thread when they were not, for they must not delay keys.
    async fn advise(&mut self) {
        let Some(mut advisory) = self.advisory.take() else { return };
        let Some(ToJudge { call, rev, intake, history }) = self.wanted_advice.take() else {
            self.advisory = Some(advisory);
            return;
        };
        let now = self.clock.now();
        if advisory.is_quick() {
            let advice = advisory.advise(&intake, &history, rev, now);
            self.advisory = Some(advisory);
            return self.give(Input::Advised { call, advice }).await;
        }
        let report = self.report.clone();
        tokio::task::spawn_blocking(move || {
            let advice = advisory.advise(&intake, &history, rev, now);
            // The engine has gone: nobody needs the advice.
            let _ = report.blocking_send(Report::Advised { call, advice, advisory });
        });
    }
}

async fn next(events: &mut Option<mpsc::Receiver<UaEvent>>) -> Option<UaEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// What the exercise behind this desk shows next. One that has ended shows nothing more.
async fn trained(coach: &mut Option<Coach>) -> Option<TrainingView> {
    let Some(Coach { view, .. }) = coach else { return std::future::pending().await };
    if view.changed().await.is_err() {
        *coach = None;
        return None;
    }
    Some(view.borrow_and_update().clone())
}

/// Reports to the engine; once that is gone nobody needs the report.
async fn tell(report: &mpsc::Sender<Report>, message: Report) {
    let _ = report.send(message).await;
}
