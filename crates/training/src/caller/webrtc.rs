//! A caller whose telephone speaks SIP over WebSocket and WebRTC, as any softphone would.

use super::{Caller, CallerConfig, CallerState, KEYS, NUMBER};
use crate::sound::{Ear, Speaker};
use anyhow::{Context, ensure};
use siaga_media::{FRAME_DURATION, Frame, MediaConfig, MediaEvent, MediaSession, MediaStats};
use siaga_sip::{DialogKey, Headers, UaEvent, UserAgent, UserAgentConfig};
use siaga_testkit::{LossyRelay, reroute};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

/// How long a telephone waits for its connection to the switch.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn dial(config: CallerConfig) -> anyhow::Result<Caller> {
    let (phone, mut events) = UserAgent::start(UserAgentConfig {
        ws_url: config.endpoint.ws_url.parse().context("the address of the switch")?,
        tls_roots: None,
        user: config.number.clone(),
        domain: config.endpoint.domain.clone(),
        secret: None,
        display_name: None,
        register: false,
        expires: Duration::from_secs(120),
        user_agent: "Siaga training caller".to_owned(),
    })?;
    let (session, offer) = MediaSession::offer(MediaConfig::loopback()).await?;
    let (relay, offer) = match config.link {
        Some(model) => {
            // The telephone is side A, the switch side B; each sees only the relay.
            let relay = LossyRelay::start(model, None, None).await?;
            let (offer, mine) = reroute(&offer, relay.facing_b());
            relay.set_a(mine.context("the offer has no address")?);
            (Some(relay), offer)
        }
        None => (None, offer),
    };
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    let dialog = loop {
        // The telephone connects by itself; until then the switch cannot be called.
        match phone.invite(NUMBER, &offer, Headers::new()).await {
            Ok(dialog) => break dialog,
            Err(siaga_sip::SipError::NotConnected) => {
                ensure!(Instant::now() < deadline, "the switch cannot be reached");
                let _ = tokio::time::timeout(FRAME_DURATION, events.recv()).await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let dialled_at = Instant::now();
    let (state, shown) = watch::channel(CallerState::Dialling);
    let (stats_in, stats) = watch::channel(MediaStats::default());
    let (hang_up, hang_ups) = mpsc::channel(1);
    let (keys, presses) = mpsc::channel(KEYS);
    let ear = Ear::default();
    let run = Run {
        phone,
        events,
        dialog,
        media_events: session.events(),
        session: Arc::new(session),
        relay,
        speaker: config.speaker,
        ear: ear.clone(),
        state,
        stats: stats_in,
        hang_ups,
        presses,
    };
    tokio::spawn(run.run());
    Ok(Caller { dialled_at, ear, state: shown, stats, hang_up, keys })
}

struct Run {
    phone: UserAgent,
    events: mpsc::Receiver<UaEvent>,
    dialog: DialogKey,
    session: Arc<MediaSession>,
    media_events: Option<mpsc::Receiver<MediaEvent>>,
    /// Held so that the network stays.
    relay: Option<LossyRelay>,
    speaker: Speaker,
    ear: Ear,
    state: watch::Sender<CallerState>,
    stats: watch::Sender<MediaStats>,
    hang_ups: mpsc::Receiver<()>,
    presses: mpsc::Receiver<char>,
}

impl Run {
    async fn run(mut self) {
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let by_me = loop {
            let answered = *self.state.borrow() == CallerState::Answered;
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => if let Some(by_me) = self.on_event(event).await {
                        break by_me;
                    },
                    None => break false,
                },
                Some(_) = next(&mut self.media_events) => {}
                Some(key) = self.presses.recv(), if answered => {
                    if let Err(error) = self.session.send_dtmf(key) {
                        tracing::warn!(%error, "a key could not be sent");
                    }
                }
                _ = self.hang_ups.recv() => {
                    let _ = self.phone.hang_up(self.dialog).await;
                    break true;
                }
                _ = ticks.tick(), if answered => {
                    self.ear.hear(&self.session.pull(Instant::now()).0);
                    self.session.send(&Frame(self.speaker.next_frame()));
                    self.stats.send_replace(self.session.stats());
                }
            }
        };
        self.state.send_replace(CallerState::Ended { by_me });
        self.session.close().await;
        self.phone.close().await;
        drop(self.relay);
    }

    /// Takes an event; `Some` when the call is over.
    async fn on_event(&mut self, event: UaEvent) -> Option<bool> {
        match event {
            UaEvent::Ringing { .. } => {
                self.state.send_replace(CallerState::Ringing);
            }
            UaEvent::Answered { sdp, .. } => {
                let sdp = match &self.relay {
                    Some(relay) => {
                        let (sdp, switch) = reroute(&sdp, relay.facing_a());
                        if let Some(switch) = switch {
                            relay.set_b(switch);
                        }
                        sdp
                    }
                    None => sdp,
                };
                if let Err(error) = self.session.accept_answer(&sdp).await {
                    tracing::error!(%error, "the switch's answer cannot be used");
                    let _ = self.phone.hang_up(self.dialog).await;
                    return Some(false);
                }
                self.state.send_replace(CallerState::Answered);
            }
            UaEvent::Failed { status, reason, .. } => {
                tracing::warn!(status, %reason, "the call was refused");
                return Some(false);
            }
            UaEvent::Ended { by_remote, .. } => return Some(!by_remote),
            UaEvent::Reoffer { dialog, sdp } => {
                if let Ok(answer) = self.session.reoffer_in(&sdp).await {
                    let _ = self.phone.accept_reoffer(dialog, &answer).await;
                }
            }
            UaEvent::Registered { .. }
            | UaEvent::RegistrationFailed { .. }
            | UaEvent::ConnectionLost
            | UaEvent::Reconnecting { .. }
            | UaEvent::Incoming(_)
            | UaEvent::Confirmed { .. }
            | UaEvent::Info { .. } => {}
        }
        None
    }
}

async fn next(events: &mut Option<mpsc::Receiver<MediaEvent>>) -> Option<MediaEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
