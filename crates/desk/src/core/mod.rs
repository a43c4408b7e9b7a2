//! What a desk does, without doing it: inputs in, [`Effect`]s out, one [`DeskState`] to draw.
//!
//! Sans-IO, so that a night of calls, lost hubs and wrong keys is tested in milliseconds. The shell
//! ([`crate::shell`]) owns sockets, sound and files.
//!
//! `people` takes what the operator wants, `seating` who sits here, `post` what waits for the hub,
//! `form` what is typed, `phone` the telephone, `rejoin` a voice path that died, `local` a call
//! without a hub, `advice` the plugins, `numbers` the case numbers that this seat may give.

mod advice;
mod form;
mod io;
mod local;
mod lookups;
mod numbers;
mod people;
mod phone;
mod post;
mod rejoin;
mod seating;
mod sound;

use crate::journal::{Record, Saved};
use crate::shelf::Slice;
use crate::state::{AdvisorHealth, DeskError, DeskState, LinkHealth, Notice, PhoneState};
use lookups::Lookups;
use numbers::Numbers;
use people::Disposal;
use phone::Phone;
use post::Post;
use rejoin::Rejoin;
use seating::Seating;
use siaga_hub_api::{CallBackId, CallView, Draft, ErrorCode, Phase, ToDesk, ToHub};
use siaga_model::{CallId, SeatId, Timestamp};
use std::collections::{BTreeMap, VecDeque};

pub(crate) use io::{Effect, Input};
pub(crate) use local::Local;
pub(crate) use lookups::{Found, Question};
pub(crate) use sound::Ring;

/// A call back that this desk has asked for.
#[derive(Clone, Copy, Debug)]
struct CallBackAsked {
    entry: CallBackId,
    /// The number of the message that asked.
    seq: u64,
}

/// The desk's state machine.
pub(crate) struct Core {
    state: DeskState,
    /// This desk's own clock at the present input; [`DeskState::now`] is the hub's.
    clock: Timestamp,
    /// The hub's clock at the moment of its last view, and ours then.
    hub_clock: Option<(Timestamp, Timestamp)>,
    seating: Seating,
    /// The session that stands or is being taken up.
    saved: Option<Saved>,
    post: Post,
    /// What was typed here, by call, until the hub has it and the call is gone.
    forms: BTreeMap<CallId, Draft>,
    /// A call whose form is newer on the disk than in the outbox, until the hub shows what it has.
    unsaid: Option<CallId>,
    numbers: Numbers,
    phone: Phone,
    /// A call of the PBX's own queue, until all of it is said to the hub.
    local: Option<Local>,
    /// The hub was told that this seat pauses, only for the sake of that call.
    paused_for_local: bool,
    /// A voice path that is being replaced.
    rejoin: Option<Rejoin>,
    /// The next view is the first one of this session: a call in it has no leg here yet.
    look_for_call: bool,
    /// A disposal that was said and that no view shows yet.
    disposal: Option<Disposal>,
    /// The call that [`DeskState::asking`] is about.
    asked_about: Option<CallId>,
    /// The call whose verdict the operator has overridden.
    overridden: Option<CallId>,
    call_back: Option<CallBackAsked>,
    /// The revision of the form that was last sent to the plugins.
    advised: Option<(CallId, u64)>,
    lookups: Lookups,
    /// Whether the ring is to be heard.
    rings: bool,
    effects: VecDeque<Effect>,
    dirty: bool,
}

impl Core {
    pub(crate) fn new(training: bool) -> Self {
        Self {
            state: DeskState { training, ..DeskState::default() },
            clock: Timestamp::default(),
            hub_clock: None,
            seating: Seating::Nobody,
            saved: None,
            post: Post::default(),
            forms: BTreeMap::new(),
            unsaid: None,
            numbers: Numbers::default(),
            phone: Phone::Idle,
            local: None,
            paused_for_local: false,
            rejoin: None,
            look_for_call: false,
            disposal: None,
            asked_about: None,
            overridden: None,
            call_back: None,
            advised: None,
            lookups: Lookups::default(),
            rings: false,
            effects: VecDeque::new(),
            dirty: true,
        }
    }

    /// Takes one input; drain [`Core::poll`] afterwards.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input) {
        self.clock = now;
        self.state.now = match self.hub_clock {
            Some((hub, ours)) => hub + now.since(ours),
            None => now,
        };
        self.dirty = true;
        match input {
            Input::Restored(restored) => self.on_restored(*restored),
            Input::NotKept(why) => self.state.not_kept = why,
            Input::Intent(intent) => self.on_intent(intent),
            Input::LoggedIn(session) => self.on_logged_in(*session),
            Input::LoginFailed(error) => self.on_login_failed(error),
            Input::HubUp => self.on_hub_up(),
            Input::HubDown => self.hub_is_away(),
            Input::Hub(message) => self.on_hub(message),
            Input::SipUp => {
                self.state.sip = LinkHealth::Up;
                self.ask_to_rejoin();
            }
            Input::SipDown => self.phone_is_away(),
            Input::SipRefused => self.on_sip_refused(),
            Input::Incoming { dialog, call } => self.on_incoming(dialog, call),
            Input::LocalRing { dialog, call, caller, line } => {
                self.on_local_ring(dialog, call, caller, line);
            }
            Input::MediaMade { dialog, error } => self.on_media_made(dialog, error),
            Input::MediaUp(dialog) => self.on_media_up(dialog),
            Input::MediaStalled(dialog) => self.on_media_stalled(dialog),
            Input::MediaFlows(dialog) => self.on_media_flows(dialog),
            Input::PhoneEnded { dialog, lost } => self.on_phone_ended(dialog, lost),
            Input::Audio(health) => self.state.audio = health,
            Input::Advisor(health) => {
                self.state.advisor = health;
                self.advise_again();
            }
            Input::Advised { call, advice } => self.on_advised(call, advice),
            Input::Levels(levels) => match self.state.call {
                Some(_) => self.state.levels = levels,
                None => self.dirty = false,
            },
            Input::Found { question, result } => self.on_found(question, result),
            Input::MicrophoneTested(dbfs) => self.microphone_tested(dbfs),
            Input::Played { at_ms, ms } => self.on_played(at_ms, ms),
            Input::PlayFailed { sha256, error } => self.on_play_failed(&sha256, error),
            Input::Devices(devices) => self.state.devices = Slice::new(devices),
            Input::Training(view) => self.state.exercise = Slice::new(Some(view)),
            Input::Tick => {
                self.try_again_to_sit_down();
                self.ask_to_rejoin();
                self.look_again();
            }
            Input::ShutDown => self.shut_down(),
        }
        self.ring_or_hush();
    }

    /// The next thing to do.
    pub(crate) fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The state to draw, if it has changed since the last time.
    pub(crate) fn changed(&mut self) -> Option<DeskState> {
        std::mem::take(&mut self.dirty).then(|| {
            self.state.rev += 1;
            self.state.clone()
        })
    }

    fn complain(&mut self, error: DeskError) {
        self.state.notice = Some(Notice { error, at: self.state.now });
    }

    fn give(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    fn hub_is_away(&mut self) {
        if !matches!(self.state.hub, LinkHealth::Down { .. }) {
            self.state.hub = LinkHealth::Down { since: self.state.now };
        }
    }

    fn phone_is_away(&mut self) {
        if !matches!(self.state.sip, LinkHealth::Down { .. }) {
            self.state.sip = LinkHealth::Down { since: self.state.now };
        }
    }

    // ---- the hub

    fn on_hub_up(&mut self) {
        self.state.hub = LinkHealth::Up;
        self.post.reconnected();
        self.pause_for_local();
        self.send_post();
        self.ask_to_rejoin();
        self.everything_is_stale();
    }

    fn on_hub(&mut self, message: ToDesk) {
        match message {
            ToDesk::View(view) => {
                self.hub_clock = Some((view.now, self.clock));
                self.state.now = view.now;
                self.numbers.seen(view.call.as_ref().and_then(|call| call.number.as_ref()));
                self.cases_may_have_changed(view.cases_rev);
                self.state.view = Slice::new(Some(*view));
                self.settle_disposal();
                self.look_for_own_call();
                self.refresh_call();
                self.answer_call_back();
                self.lease_numbers();
            }
            ToDesk::Ack { seq } => self.on_ack(seq),
            ToDesk::Cases(block) => {
                self.numbers.leased(block);
                self.keep_numbers();
            }
            ToDesk::Refused { seq, error } => self.on_refused(seq, error),
            ToDesk::Bye { error } => self.on_bye(error),
        }
    }

    fn lease_numbers(&mut self) {
        if self.numbers.runs_low() {
            self.tell_hub(ToHub::LeaseCases);
        }
    }

    fn keep_numbers(&mut self) {
        self.give(Effect::Keep(Record::Cases(self.numbers.blocks().to_vec())));
    }

    // ---- what the last view says

    fn me(&self) -> Option<&SeatId> {
        self.state.session.as_ref().map(|session| &session.seat.id)
    }

    fn seen_call(&self) -> Option<&CallView> {
        self.state.view.as_ref().and_then(|view| view.call.as_ref())
    }

    /// The call whose voice belongs to this seat, as the hub last said.
    fn own_call(&self) -> Option<CallId> {
        let (me, seen) = (self.me()?, self.seen_call()?);
        let mine = match &seen.phase {
            Phase::Talking { seat, .. }
            | Phase::Held { seat, .. }
            | Phase::Finishing { seat, .. }
            | Phase::CallingBack { seat, .. } => seat == me,
            Phase::Transferring { from, to, answered, .. } => from == me || (*answered && to == me),
            Phase::Queued { .. }
            | Phase::Ringing { .. }
            | Phase::WithOutside { .. }
            | Phase::Ended { .. } => false,
        };
        mine.then_some(seen.call)
    }

    /// Brings the call that is shown in line with the telephone and the hub's view.
    fn refresh_call(&mut self) {
        let rejoining = self.rejoin.as_ref().map(|rejoin| rejoin.call);
        let local = self.local.as_ref().map(|local| local.call);
        let seen = self.seen_call().map(|seen| seen.call);
        let shown = self.phone.call().or(rejoining).or(local).or(seen);
        self.show_form(shown);
        let phone = match self.phone {
            Phone::Idle if rejoining.is_some() => PhoneState::Connecting,
            other => other.shown(),
        };
        if let Some(call) = &mut self.state.call {
            call.phone = phone;
            call.rejoining = rejoining == Some(call.call);
        }
        self.settle_question();
        self.look_around();
        self.advise_again();
    }
}

/// An error of the hub as the window gets it.
fn hub_error(error: siaga_hub_api::ApiError) -> DeskError {
    DeskError::Hub { code: error.code, detail: error.detail }
}

/// What is refused while the hub is away, because it would surprise everybody later.
fn hub_needed(what: &str) -> DeskError {
    DeskError::Unreachable { detail: format!("{what} cannot wait for the hub to be back") }
}

/// The hub does not want this session any more, whatever is tried.
fn ends_session(code: ErrorCode) -> bool {
    match code {
        ErrorCode::NotLoggedIn
        | ErrorCode::NotAllowed
        | ErrorCode::NoSuchSeat
        | ErrorCode::SeatTaken
        | ErrorCode::WrongPassword => true,
        ErrorCode::SlowDown
        | ErrorCode::Malformed
        | ErrorCode::TooLarge
        | ErrorCode::NoSuchCall
        | ErrorCode::NotYours
        | ErrorCode::NotNow
        | ErrorCode::NoSuchUnit
        | ErrorCode::MayNotCall
        | ErrorCode::CheckSilenceFirst
        | ErrorCode::NotFound
        | ErrorCode::OutOfRange
        | ErrorCode::NotStored
        | ErrorCode::Internal => false,
    }
}

#[cfg(test)]
mod tests;
