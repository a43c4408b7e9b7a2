//! The actor that owns all legs of the embedded switch.
//!
//! It never waits for media: gathering, negotiating and closing happen in tasks that report back as
//! [`Setup`] messages, so a slow leg delays nobody.

mod reports;

use super::bridge::{BridgeCommand, BridgeSaw};
use super::leg::{Leg, LegPhase, Party, cause_of_end, cause_of_failure};
use super::prompts::Prompts;
use super::{EMERGENCY_NUMBER, Telephones};
use crate::{Clock, LegReport, SwitchEvent};
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_media::{MediaConfig, MediaError, MediaEvent, MediaSession};
use siaga_model::{CallId, LegCause, LegId};
use siaga_recording::{RecordingEvent, Seal};
use siaga_sip::{DialogKey, IncomingLeg, ServerEvent, SipServer};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Reports of set-up tasks that may wait for the actor. They come once or twice a leg; a task that
/// finds it full waits.
const SETUP_CAPACITY: usize = 1024;

/// Calls at once. Beyond it a caller gets 503 with Retry-After, which a trunk takes to another Polda.
const MAX_CALLS: usize = 1000;

/// How long ICE and DTLS of an answered leg may take. Measured on loopback: 0.2 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// How long shutting down may take, sealing of recordings included.
const SHUT_DOWN_TIMEOUT: Duration = Duration::from_secs(4);

pub(super) enum ToActor {
    Command(SwitchCommand),
    ShutDown(oneshot::Sender<()>),
}

/// What a set-up task or a bridge reports.
pub(super) enum Setup {
    /// The caller's media is ready to answer with, or not.
    CallerMedia {
        leg: LegId,
        incoming: Box<IncomingLeg>,
        made: Result<(MediaSession, String), MediaError>,
    },
    /// The offer to a party that we call is made, or not.
    Offer { leg: LegId, made: Result<(MediaSession, String), MediaError> },
    /// The answer of a party that we called was taken, or not.
    AnswerTaken { leg: LegId, taken: Result<(), MediaError> },
    /// Something happened on a leg's media.
    Media { leg: LegId, event: MediaEvent },
    /// The time for connecting is over.
    ConnectDeadline(LegId),
    /// A recorder has something to say.
    Recording { call: CallId, event: RecordingEvent },
    /// A bridge is over and its recording sealed.
    Sealed { call: CallId, seals: Vec<Seal> },
}

struct Call {
    legs: Vec<Leg>,
    /// `None` once the bridge was told to end.
    bridge: Option<mpsc::Sender<BridgeCommand>>,
    /// Whether the bridge is over and its recording sealed.
    sealed: bool,
    recording: RecordingHealth,
}

/// What keeps a call from being recorded, told once when it begins and once when it is over.
#[derive(Clone, Copy, Debug, Default)]
struct RecordingHealth {
    /// No file can be written.
    disk_failed: bool,
    /// The disk hangs, and the queue before it is full.
    behind: bool,
}

impl RecordingHealth {
    fn is_troubled(self) -> bool {
        self.disk_failed || self.behind
    }
}

impl Call {
    fn new(bridge: mpsc::Sender<BridgeCommand>) -> Self {
        Self {
            legs: Vec::new(),
            bridge: Some(bridge),
            sealed: false,
            recording: RecordingHealth::default(),
        }
    }

    /// Whether somebody outside whom an operator has called is up.
    fn has_outside(&self) -> bool {
        let is_up = |leg: &Leg| {
            matches!((&leg.party, &leg.phase), (Party::Outside(_), LegPhase::Up { .. }))
        };
        self.legs.iter().any(is_up)
    }

    fn leg(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }
}

pub(super) struct Actor {
    sip: SipServer,
    sip_events: mpsc::Receiver<ServerEvent>,
    inputs: mpsc::Receiver<ToActor>,
    setups: mpsc::Receiver<Setup>,
    setup: mpsc::Sender<Setup>,
    bridge_saw: mpsc::Sender<BridgeSaw>,
    bridges_saw: mpsc::Receiver<BridgeSaw>,
    events: mpsc::Sender<SwitchEvent>,
    media: MediaConfig,
    recordings: PathBuf,
    prompts: Prompts,
    telephones: Telephones,
    /// What each account that is registered says it is.
    user_agents: HashMap<String, String>,
    clock: Clock,
    calls: HashMap<CallId, Call>,
    dialogs: HashMap<DialogKey, LegId>,
    shutting_down: Option<oneshot::Sender<()>>,
}

/// What an actor is made of.
pub(super) struct Parts {
    pub(super) sip: SipServer,
    pub(super) sip_events: mpsc::Receiver<ServerEvent>,
    pub(super) media: MediaConfig,
    pub(super) recordings: PathBuf,
    pub(super) prompts: Prompts,
    pub(super) telephones: Telephones,
    pub(super) clock: Clock,
    pub(super) events: mpsc::Sender<SwitchEvent>,
}

impl Actor {
    /// The actor, and where it is commanded; `capacity` commands may wait.
    pub(super) fn new(parts: Parts, capacity: usize) -> (mpsc::Sender<ToActor>, Self) {
        let (sender, inputs) = mpsc::channel(capacity);
        let (setup, setups) = mpsc::channel(SETUP_CAPACITY);
        let (bridge_saw, bridges_saw) = mpsc::channel(SETUP_CAPACITY);
        let actor = Self {
            sip: parts.sip,
            sip_events: parts.sip_events,
            inputs,
            setups,
            setup,
            bridge_saw,
            bridges_saw,
            events: parts.events,
            media: parts.media,
            recordings: parts.recordings,
            prompts: parts.prompts,
            telephones: parts.telephones,
            user_agents: HashMap::new(),
            clock: parts.clock,
            calls: HashMap::new(),
            dialogs: HashMap::new(),
            shutting_down: None,
        };
        (sender, actor)
    }

    pub(super) async fn run(mut self) {
        let mut give_up = None;
        loop {
            if self.shutting_down.is_some() && self.calls.is_empty() {
                break;
            }
            let deadline =
                give_up.unwrap_or_else(|| tokio::time::Instant::now() + SHUT_DOWN_TIMEOUT);
            tokio::select! {
                Some(input) = self.inputs.recv() => match input {
                    ToActor::Command(command) => self.on_command(command).await,
                    ToActor::ShutDown(done) => {
                        give_up = Some(tokio::time::Instant::now() + SHUT_DOWN_TIMEOUT);
                        self.shutting_down = Some(done);
                        for call in self.calls.keys().copied().collect::<Vec<_>>() {
                            self.end_call(call).await;
                        }
                    }
                },
                Some(event) = self.sip_events.recv() => self.on_sip(event).await,
                Some(setup) = self.setups.recv() => self.on_setup(setup).await,
                Some(saw) = self.bridges_saw.recv() => self.on_bridge(saw).await,
                () = tokio::time::sleep_until(deadline), if give_up.is_some() => break,
                else => break,
            }
        }
        if let Some(done) = self.shutting_down.take() {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    async fn tell(&self, event: SwitchEvent) {
        // Without a hub nobody listens; the legs still obey their ends.
        let _ = self.events.send(event).await;
    }

    async fn saw(&self, saw: SwitchSaw) {
        self.tell(SwitchEvent::Saw(saw)).await;
    }

    // ---- commands

    async fn on_command(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::Ring { leg, seat } => self.call_out(leg, Party::Seat(seat)).await,
            SwitchCommand::DialOut { leg, number } => {
                self.call_out(leg, Party::Outside(number)).await;
            }
            SwitchCommand::Open { call } => {
                self.open(call).await;
            }
            SwitchCommand::Dial { call, number } => {
                if self.open(call).await {
                    self.call_out(LegId::caller(call), Party::Dialled(number)).await;
                }
            }
            SwitchCommand::Join(leg) => self.to_bridge(leg.call, BridgeCommand::Join(leg)).await,
            SwitchCommand::Detach(leg) => {
                self.to_bridge(leg.call, BridgeCommand::Detach(leg)).await;
            }
            SwitchCommand::HangUp(leg) if leg.is_caller() => {}
            SwitchCommand::HangUp(leg) => self.hang_up(leg, LegCause::Released).await,
            SwitchCommand::Play { call, program } => {
                self.to_bridge(call, BridgeCommand::Play(program)).await;
            }
            SwitchCommand::End(call) => self.end_call(call).await,
        }
    }

    async fn to_bridge(&self, call: CallId, command: BridgeCommand) {
        if let Some(bridge) = self.calls.get(&call).and_then(|call| call.bridge.as_ref()) {
            // A bridge that has died is told of by its leg's media, not here.
            let _ = bridge.send(command).await;
        }
    }

    /// Opens a quiet bridge for a citizen who is to be called; whether there is one now.
    async fn open(&mut self, id: CallId) -> bool {
        if self.calls.contains_key(&id) {
            return true;
        }
        if self.calls.len() >= MAX_CALLS || self.shutting_down.is_some() {
            let leg = LegId::caller(id);
            self.saw(SwitchSaw::Ended { leg, cause: LegCause::Failed }).await;
            return false;
        }
        let bridge = self.open_bridge(id, self.clock.now(), Program::Quiet);
        self.calls.insert(id, Call::new(bridge));
        true
    }

    /// Calls a party into a call.
    async fn call_out(&mut self, id: LegId, party: Party) {
        let Some(call) = self.calls.get_mut(&id.call) else {
            self.saw(SwitchSaw::Ended { leg: id, cause: LegCause::Failed }).await;
            return;
        };
        if call.leg(id).is_some() {
            return;
        }
        if call.bridge.is_none() {
            // Sent before the end of the call was known: nobody is there to talk to.
            self.saw(SwitchSaw::Ended { leg: id, cause: LegCause::Failed }).await;
            return;
        }
        let user_agent = party.account().and_then(|account| self.user_agents.get(account));
        call.legs.push(Leg {
            id,
            phase: LegPhase::Preparing,
            session: None,
            user_agent: user_agent.cloned().unwrap_or_default(),
            party,
        });
        let (media, setup) = (self.media.clone(), self.setup.clone());
        tokio::spawn(async move {
            let made = MediaSession::offer(media).await;
            report(&setup, Setup::Offer { leg: id, made }).await;
        });
    }

    /// Ends a leg of ours; `cause` is what will be told of it.
    async fn hang_up(&mut self, id: LegId, cause: LegCause) {
        let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.leg(id)) else { return };
        let joined_at = leg.phase.joined_at();
        let cause = match leg.phase {
            LegPhase::Ending { .. } => return,
            LegPhase::Preparing => {
                self.leg_over(id, LegCause::NoAnswer).await;
                return;
            }
            LegPhase::Calling { .. } if cause == LegCause::Released => LegCause::NoAnswer,
            LegPhase::Calling { .. } | LegPhase::Connecting { .. } | LegPhase::Up { .. } => cause,
        };
        let Some(dialog) = leg.phase.dialog() else { return };
        leg.phase = LegPhase::Ending { dialog, cause, joined_at };
        self.to_bridge(id.call, BridgeCommand::Remove(id)).await;
        if self.sip.hang_up(dialog, None).await.is_err() {
            self.leg_over(id, cause).await;
        }
    }

    async fn end_call(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let legs: Vec<LegId> = call.legs.iter().map(|leg| leg.id).collect();
        // Dropping the sender ends the bridge, which then seals its recording.
        call.bridge = None;
        for leg in legs {
            self.hang_up(leg, LegCause::Released).await;
        }
        self.forget_if_over(id);
    }

    // ---- the telephone side

    async fn on_sip(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Registered { user, user_agent, .. } => {
                self.user_agents.insert(user.clone(), user_agent.unwrap_or_default());
                if let Some(seat) = self.telephones.seat_of(&user) {
                    self.tell(SwitchEvent::SeatRegistered(seat)).await;
                }
            }
            ServerEvent::Unregistered { user, .. } => {
                self.user_agents.remove(&user);
                if let Some(seat) = self.telephones.seat_of(&user) {
                    self.tell(SwitchEvent::SeatUnregistered(seat)).await;
                }
            }
            ServerEvent::Incoming(incoming) => self.on_incoming(incoming).await,
            ServerEvent::Ringing { dialog, .. } => {
                if let Some(leg) = self.dialogs.get(&dialog) {
                    self.saw(SwitchSaw::Ringing(*leg)).await;
                }
            }
            ServerEvent::Answered { dialog, sdp } => self.on_answered(dialog, sdp).await,
            ServerEvent::Confirmed { .. } => {}
            ServerEvent::Failed { dialog, status, .. } => {
                self.on_dialog_over(dialog, cause_of_failure(status)).await;
            }
            ServerEvent::Ended { dialog, by_remote, status, .. } => {
                self.on_dialog_over(dialog, cause_of_end(by_remote, status)).await;
            }
            ServerEvent::Reoffer { dialog, sdp } => self.on_reoffer(dialog, sdp),
            ServerEvent::Info { .. } => {}
            ServerEvent::Rejected { remote, what } => {
                self.tell(SwitchEvent::Refused { peer: remote.to_string(), reason: what }).await;
            }
        }
    }

    async fn on_incoming(&mut self, incoming: IncomingLeg) {
        let peer = incoming.remote.to_string();
        let refusal = if incoming.request_user != EMERGENCY_NUMBER {
            Some((404, "Only 110 can be dialled here"))
        } else if self.calls.len() >= MAX_CALLS || self.shutting_down.is_some() {
            Some((503, "No capacity, try another route"))
        } else if incoming.offer.is_none() {
            Some((488, "An INVITE must carry an SDP offer"))
        } else {
            None
        };
        if let Some((status, reason)) = refusal {
            self.refuse(incoming.dialog, peer, status, reason).await;
            return;
        }
        let arrived_at = self.clock.now();
        let unix_ms = u64::try_from(arrived_at.0).unwrap_or(0);
        let call = CallId::from_parts(unix_ms, rand::random());
        let leg = LegId::caller(call);
        self.dialogs.insert(incoming.dialog, leg);
        // 180 at once: the caller's telephone shows that somebody is there while media is made.
        let _ = self.sip.ring(incoming.dialog).await;
        let (media, setup) = (self.media.clone(), self.setup.clone());
        let offer = incoming.offer.clone().unwrap_or_default();
        tokio::spawn(async move {
            let made = MediaSession::answer(media, &offer).await;
            report(&setup, Setup::CallerMedia { leg, incoming: Box::new(incoming), made }).await;
        });
    }

    async fn refuse(&mut self, dialog: DialogKey, peer: String, status: u16, reason: &str) {
        // A dialog that is over already needs no refusal.
        let _ = self.sip.reject(dialog, status, reason).await;
        self.tell(SwitchEvent::Refused { peer, reason: format!("{status} {reason}") }).await;
    }

    async fn on_answered(&mut self, dialog: DialogKey, sdp: String) {
        let Some(&id) = self.dialogs.get(&dialog) else { return };
        let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.leg(id)) else { return };
        match leg.phase {
            LegPhase::Calling { .. } => leg.phase = LegPhase::Connecting { dialog },
            // An answer is told once, and not of a call that we gave up: the SIP side sends the BYE.
            LegPhase::Ending { .. }
            | LegPhase::Preparing
            | LegPhase::Connecting { .. }
            | LegPhase::Up { .. } => return,
        }
        let Some(session) = leg.session.clone() else { return };
        let is_desk = matches!(leg.party, Party::Seat(_));
        // In the bridge before its media can tell anything: what comes of a leg that the bridge does not
        // know is lost, and who has answered would be heard by nobody.
        let line = session.clone();
        self.to_bridge(id.call, BridgeCommand::Add { leg: id, line, is_desk }).await;
        let setup = self.setup.clone();
        tokio::spawn(async move {
            let taken = session.accept_answer(&sdp).await;
            report(&setup, Setup::AnswerTaken { leg: id, taken }).await;
            tokio::time::sleep(CONNECT_TIMEOUT).await;
            report(&setup, Setup::ConnectDeadline(id)).await;
        });
    }

    fn on_reoffer(&self, dialog: DialogKey, sdp: String) {
        let session = self.dialogs.get(&dialog).and_then(|id| {
            let call = self.calls.get(&id.call)?;
            call.legs.iter().find(|leg| leg.id == *id)?.session.clone()
        });
        let sip = self.sip.clone();
        tokio::spawn(async move {
            let answer = match session {
                Some(session) => session.reoffer_in(&sdp).await.map_err(|e| e.to_string()),
                None => Err("no media session".to_owned()),
            };
            let done = match answer {
                Ok(answer) => sip.accept_reoffer(dialog, &answer).await,
                Err(reason) => sip.reject_reoffer(dialog, 488, &reason).await,
            };
            if let Err(error) = done {
                tracing::debug!(%dialog, %error, "a re-offer could not be answered");
            }
        });
    }

    async fn on_dialog_over(&mut self, dialog: DialogKey, cause: LegCause) {
        let Some(&id) = self.dialogs.get(&dialog) else { return };
        let leg = self.calls.get_mut(&id.call).and_then(|call| call.leg(id));
        let cause = match leg.map(|leg| &leg.phase) {
            Some(LegPhase::Ending { cause, .. }) => *cause,
            Some(
                LegPhase::Preparing
                | LegPhase::Calling { .. }
                | LegPhase::Connecting { .. }
                | LegPhase::Up { .. },
            )
            | None => cause,
        };
        self.leg_over(id, cause).await;
    }

    /// A leg is gone for good: forget it, tell it, and end the call with its caller.
    async fn leg_over(&mut self, id: LegId, cause: LegCause) {
        self.dialogs.retain(|_, leg| *leg != id);
        let Some(call) = self.calls.get_mut(&id.call) else { return };
        let Some(index) = call.legs.iter().position(|leg| leg.id == id) else { return };
        let leg = call.legs.swap_remove(index);
        self.to_bridge(id.call, BridgeCommand::Remove(id)).await;
        let stats = leg.session.as_ref().map(|session| session.stats()).unwrap_or_default();
        if let Some(session) = leg.session.clone() {
            tokio::spawn(async move { session.close().await });
        }
        self.saw(SwitchSaw::Ended { leg: id, cause }).await;
        self.tell(SwitchEvent::LegClosed(LegReport {
            leg: id,
            joined_at: leg.phase.joined_at(),
            seat: leg.party.seat(),
            codec: stats.codec.to_owned(),
            user_agent: leg.user_agent,
            left_at: self.clock.now(),
            cause,
            packets_received: stats.packets_received,
            packets_lost: stats.packets_lost,
        }))
        .await;
        let goes_on = self.calls.get(&id.call).is_some_and(Call::has_outside);
        if id.is_caller() && !goes_on {
            // Without the citizen there is no 110 call: the bridge has lost its purpose, unless
            // somebody outside is left to finish with; the hub ends that.
            Box::pin(self.end_call(id.call)).await;
        }
        self.forget_if_over(id.call);
    }

    /// A call without legs whose recording is sealed has nothing left to tell.
    fn forget_if_over(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.legs.is_empty() && call.sealed) {
            self.calls.remove(&id);
        }
    }
}

/// Reports to the actor; once that is gone nobody needs the report.
async fn report(setup: &mpsc::Sender<Setup>, message: Setup) {
    let _ = setup.send(message).await;
}
