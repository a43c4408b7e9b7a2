//! A citizen's telephone in a soak: dials 110, says something or nothing, hears, and hangs up when
//! the plan says so. What it heard is told as a [`LineStory`].

use super::ear::Ear;
use super::plan::{CallerPlan, Sign, Wish};
use super::watch::{Told, Watch};
use crate::observer::LineStory;
use crate::sound::Speaker;
use anyhow::{Context, bail, ensure};
use siaga_media::{FRAME, FRAME_DURATION, Frame, MediaConfig, MediaEvent, MediaSession};
use siaga_model::{Redacted, Timestamp};
use siaga_sip::{DialogKey, Headers, UaEvent, UserAgent, UserAgentConfig};
use siaga_switch::SipEndpoint;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The number that citizens dial.
const NUMBER: &str = "110";
/// How long a telephone waits for its connection and for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// A telephone that is told that it is over says so within this time.
const GOODBYE: Duration = Duration::from_secs(5);
/// From the ring of a call back to the hand that answers it.
const ARM: Duration = Duration::from_millis(1_500);
/// Between two signs of life of somebody who cannot speak.
const SIGN_EVERY: u32 = 75;

/// How long somebody who hung up can be called back.
const AT_HOME: Duration = Duration::from_secs(60);

/// What one telephone needs for its life.
pub(super) struct Telephone {
    pub(super) endpoint: SipEndpoint,
    pub(super) plan: CallerPlan,
    pub(super) voice: Arc<[i16]>,
    pub(super) watch: Arc<Watch>,
    /// With which it registers, so that it can be called back; `None`: it cannot.
    pub(super) secret: Option<Redacted<String>>,
    /// Hang up: the soak is over.
    pub(super) over: CancellationToken,
}

impl Telephone {
    /// Calls; waits for a call back if it hung up itself. `hung_up` is called when its own call is
    /// over, before it waits.
    pub(super) async fn live(self, hung_up: impl FnOnce()) {
        let at = self.watch.now();
        let started = agent(&self.endpoint, &self.plan.number, self.secret.as_ref());
        let started = started.and_then(|config| Ok(UserAgent::start(config)?));
        let (phone, mut events) = match started {
            Ok(started) => started,
            Err(error) => return self.tell(at, Err(error)),
        };
        let line = self.call(&phone, &mut events).await;
        let waits = line.as_ref().is_ok_and(|line| line.by_me) && self.secret.is_some();
        self.tell(at, line);
        hung_up();
        if waits {
            let until = tokio::time::Instant::now() + AT_HOME;
            tokio::select! {
                () = self.over.cancelled() => {}
                () = self.wait_at_home(&phone, &mut events, until) => {}
            }
        }
        let _ = tokio::time::timeout(GOODBYE, phone.close()).await;
    }

    fn tell(&self, at: Timestamp, line: anyhow::Result<LineStory>) {
        let line = line.map_err(|error| format!("{error:#}"));
        let text = match &line {
            Ok(line) => {
                let silences: Vec<_> = line
                    .silences
                    .iter()
                    .map(|(from, to)| (self.watch.since_start(*from), to.0 - from.0))
                    .collect();
                let back = if line.called_back { "call back " } else { "" };
                let how = if line.by_me { "hung up" } else { "was closed" };
                format!("{back}is over, {how}; silences {silences:?}")
            }
            Err(error) => format!("FAILED: {error}"),
        };
        self.watch.log(&format!("caller {}", self.plan.n), &text);
        let (n, number) = (self.plan.n, self.plan.number.clone());
        self.watch.note(|notebook| notebook.lines.push(Told { n, number, at, line }));
    }

    async fn wait_at_home(
        &self,
        phone: &UserAgent,
        events: &mut mpsc::Receiver<UaEvent>,
        until: tokio::time::Instant,
    ) {
        loop {
            let event = tokio::time::timeout_at(until, events.recv()).await;
            let call = match event {
                Err(_) | Ok(None) => return,
                Ok(Some(UaEvent::Incoming(call))) => call,
                Ok(Some(_)) => continue,
            };
            let who = format!("caller {}", self.plan.n);
            self.watch.log(&who, "is called back");
            let began_at = self.watch.now();
            if phone.ring(call.dialog).await.is_err() || !self.plan.answers_call_back {
                continue;
            }
            tokio::time::sleep(ARM).await;
            let media = MediaConfig { complexity: 0, ..MediaConfig::loopback() };
            let (session, answer) = match MediaSession::answer(media, &call.offer).await {
                Ok(made) => made,
                Err(error) => {
                    self.tell(began_at, Err(error.into()));
                    continue;
                }
            };
            if phone.answer(call.dialog, &answer).await.is_err() {
                // Whoever called gave up meanwhile.
                session.close().await;
                continue;
            }
            let mut line = self.talk(phone, events, call.dialog, session, began_at, None).await;
            line.called_back = true;
            self.tell(began_at, Ok(line));
            return;
        }
    }

    async fn call(
        &self,
        phone: &UserAgent,
        events: &mut mpsc::Receiver<UaEvent>,
    ) -> anyhow::Result<LineStory> {
        let media = MediaConfig { complexity: 0, ..MediaConfig::loopback() };
        let (session, offer) = MediaSession::offer(media).await?;
        let deadline = Instant::now() + PATIENCE;
        let dialog = loop {
            match phone.invite(NUMBER, &offer, Headers::new()).await {
                Ok(dialog) => break dialog,
                Err(siaga_sip::SipError::NotConnected) => {
                    ensure!(Instant::now() < deadline, "the switch cannot be reached");
                    let _ = tokio::time::timeout(FRAME_DURATION, events.recv()).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        let began_at = self.watch.now();
        let answer = tokio::time::timeout(PATIENCE, answer(events)).await;
        let sdp = match answer.context("110 does not answer").and_then(|answer| answer) {
            Ok(sdp) => sdp,
            Err(error) => {
                session.close().await;
                return Err(error);
            }
        };
        session.accept_answer(&sdp).await?;
        let hang_up_after = self.plan.hangs_up_after;
        Ok(self.talk(phone, events, dialog, session, began_at, hang_up_after).await)
    }

    async fn talk(
        &self,
        phone: &UserAgent,
        events: &mut mpsc::Receiver<UaEvent>,
        dialog: DialogKey,
        session: MediaSession,
        began_at: Timestamp,
        hang_up_after: Option<Duration>,
    ) -> LineStory {
        let mut media_events = session.events();
        // Until ICE and DTLS are up nothing can be heard; from then on everything counts.
        let up = tokio::time::timeout(PATIENCE, connected(&mut media_events)).await.is_ok();
        let answered_at = self.watch.now();
        let mut mouth = Mouth::new(&self.plan, &self.voice);
        let mut ear = Ear::new(self.watch.seats().len());
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let hang_up_at = hang_up_after.map(|after| Instant::now() + after);
        let by_me = loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(UaEvent::Ended { by_remote, .. }) => break !by_remote,
                    Some(UaEvent::Reoffer { dialog, sdp }) => {
                        if let Ok(answer) = session.reoffer_in(&sdp).await {
                            let _ = phone.accept_reoffer(dialog, &answer).await;
                        }
                    }
                    Some(_) => {}
                    None => break false,
                },
                () = self.over.cancelled() => break true,
                Some(_) = next(&mut media_events) => {}
                _ = ticks.tick() => {
                    let now = Instant::now();
                    if hang_up_at.is_some_and(|at| now >= at) {
                        break true;
                    }
                    ear.hear(&session.pull(now).0);
                    if let Some(key) = mouth.key() {
                        let _ = session.send_dtmf(key);
                    }
                    session.send(&mouth.next_frame());
                }
            }
        };
        let ended_at = self.watch.now();
        if by_me {
            let _ = phone.hang_up(dialog).await;
        }
        session.close().await;
        let heard = ear.finish();
        let at = |ms: u64| answered_at + Duration::from_millis(ms);
        let mut silences: Vec<_> =
            heard.silences.iter().map(|(from, to)| (at(*from), at(*to))).collect();
        if !up {
            silences.push((began_at, answered_at));
        }
        LineStory {
            began_at,
            answered_at: Some(answered_at),
            ended_at,
            by_me,
            called_back: false,
            silences,
            pilots: heard
                .pilots
                .iter()
                .map(|(seat, (from, to))| (self.watch.seats()[*seat].clone(), at(*from), at(*to)))
                .collect(),
        }
    }
}

fn agent(
    endpoint: &SipEndpoint,
    number: &str,
    secret: Option<&Redacted<String>>,
) -> anyhow::Result<UserAgentConfig> {
    Ok(UserAgentConfig {
        ws_url: endpoint.ws_url.parse().context("the address of the switch")?,
        tls_roots: None,
        user: number.to_owned(),
        domain: endpoint.domain.clone(),
        secret: secret.cloned(),
        display_name: None,
        register: secret.is_some(),
        expires: Duration::from_secs(120),
        user_agent: "Siaga soak caller".to_owned(),
    })
}

async fn answer(events: &mut mpsc::Receiver<UaEvent>) -> anyhow::Result<String> {
    loop {
        match events.recv().await.context("the telephone is gone")? {
            UaEvent::Answered { sdp, .. } => return Ok(sdp),
            UaEvent::Failed { status, reason, .. } => bail!("110 says {status} {reason}"),
            UaEvent::Ended { status, .. } => bail!("110 hangs up at once ({status:?})"),
            UaEvent::Registered { .. }
            | UaEvent::RegistrationFailed { .. }
            | UaEvent::ConnectionLost
            | UaEvent::Reconnecting { .. }
            | UaEvent::Incoming(_)
            | UaEvent::Ringing { .. }
            | UaEvent::Confirmed { .. }
            | UaEvent::Reoffer { .. }
            | UaEvent::Info { .. } => {}
        }
    }
}

async fn connected(events: &mut Option<mpsc::Receiver<MediaEvent>>) {
    while let Some(event) = next(events).await {
        if event == MediaEvent::Connected {
            return;
        }
    }
}

async fn next(events: &mut Option<mpsc::Receiver<MediaEvent>>) -> Option<MediaEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// What a caller says.
struct Mouth {
    speaker: Speaker,
    sign: Sign,
    frames: u32,
}

impl Mouth {
    fn new(plan: &CallerPlan, voice: &Arc<[i16]>) -> Self {
        let voice = if plan.wish == Wish::Silent { Vec::new().into() } else { voice.clone() };
        Self { speaker: Speaker::new(voice).on_a_noisy_line(), sign: plan.sign, frames: 0 }
    }

    /// The key that is pressed now, of somebody who gives that sign.
    fn key(&self) -> Option<char> {
        (self.sign == Sign::Key && self.frames.is_multiple_of(SIGN_EVERY)).then_some('5')
    }

    fn next_frame(&mut self) -> Frame {
        let mut frame = Frame(self.speaker.next_frame());
        // Two knocks, 300 ms apart.
        let knocks = matches!(self.frames % SIGN_EVERY, 0 | 15);
        if self.sign == Sign::Knocks && knocks {
            for (n, sample) in frame.0.iter_mut().take(FRAME / 2).enumerate() {
                let decay = 1.0 - n as f32 / (FRAME / 2) as f32;
                let wave = (n as f32 * 0.09).sin() * decay * decay * 16_000.0;
                *sample = sample.saturating_add(wave as i16);
            }
        }
        self.frames += 1;
        frame
    }
}
