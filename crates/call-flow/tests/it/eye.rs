//! What must always hold, looked at after every input. The eye knows inputs, commands, events and
//! views; of the core's inside it knows nothing.

use crate::observer::{Bridge, Citizen, SimLeg};
use crate::room::{Room, unit};
use siaga_call_flow::{
    CallPhase, CallView, FlowConfig, FlowEvent, Input, Intent, OFFER_AGAIN, OutsideStage, Program,
    Prompt, SETTLING, SeatChange, SilenceCheck, SwitchSaw,
};
use siaga_model::{
    CallId, Disposition, EndedBy, LegCause, LegId, Level, NotReport, ReclaimCause, SeatId,
    SeatState, Timestamp, UnitId,
};
use std::collections::{BTreeMap, BTreeSet};

/// What it remembers of a call.
#[derive(Debug, Default)]
struct Seen {
    arrival: usize,
    first_unit: Option<UnitId>,
    requeued: bool,
    /// Seats that refused since the caller began to wait.
    refused: BTreeSet<SeatId>,
    last_refusal: Option<Timestamp>,
    rings_since: Option<Timestamp>,
    transfer_since: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    /// The caller was told to stay on the line since beginning to wait.
    announced: bool,
    /// What runs, and since when.
    disposing: Option<(Disposition, Timestamp)>,
    /// Since when the line is listened to, if it still is.
    listening: Option<Timestamp>,
    /// The procedure has run to its end without a sign.
    silent: bool,
    is_call_back: bool,
    /// A citizen who was called back has answered.
    reached: bool,
    /// It was told why the citizen was not.
    failed: bool,
    ended: Option<EndedBy>,
    disposed: bool,
    /// Since when somebody outside is called, or has been.
    outside: Option<Timestamp>,
    /// Who has left the caller with them.
    left_with_outside: Option<SeatId>,
    /// Operator and somebody outside finish.
    caller_left: bool,
}

pub(crate) struct Eye {
    pub(crate) config: FlowConfig,
    seen: BTreeMap<CallId, Seen>,
    alive: BTreeSet<CallId>,
    /// Logged in, registered.
    present: BTreeMap<SeatId, (bool, bool)>,
    /// For which unit each seat was last said to work.
    units: BTreeMap<SeatId, UnitId>,
    /// What each seat was last said to do, and since when.
    states: BTreeMap<SeatId, (SeatState, Timestamp)>,
    /// A clock that jumped past a deadline makes exact moments meaningless.
    pub(crate) jumped: bool,
    /// Who had left a caller with somebody outside that has just gone.
    is_asked_again: Option<SeatId>,
    /// A caller whose call was counted as ended is on the line again: somebody may have written it up.
    is_written_up_no_more: bool,
    /// Until when the seats of a hub that is back are expected to be.
    settling_until: Option<Timestamp>,
}

fn is_silent(disposition: &Disposition) -> bool {
    matches!(disposition, Disposition::NotReport { reason: NotReport::Silent })
}

/// Unit, its level, and the units above it, as `room::units` has them.
fn line_of_command(of: &UnitId) -> &'static [(&'static str, Level)] {
    const ALL: [(&str, Level); 4] = [
        ("pmj.jaksel.tebet", Level::Polsek),
        ("pmj.jaksel", Level::Polres),
        ("pmj", Level::Polda),
        ("mabes", Level::Mabes),
    ];
    const JAKTIM: [(&str, Level); 3] =
        [("pmj.jaktim", Level::Polres), ("pmj", Level::Polda), ("mabes", Level::Mabes)];
    match of.as_str() {
        "pmj.jaktim" => &JAKTIM,
        other => {
            let at = ALL.iter().position(|(id, _)| *id == other).unwrap_or(ALL.len());
            ALL.get(at..).unwrap_or_default()
        }
    }
}

fn level_of(of: &UnitId) -> Option<Level> {
    line_of_command(of).first().map(|(_, level)| *level)
}

impl Eye {
    pub(crate) fn new(config: FlowConfig) -> Self {
        Self {
            config,
            seen: BTreeMap::new(),
            alive: BTreeSet::new(),
            present: BTreeMap::new(),
            units: BTreeMap::new(),
            states: BTreeMap::new(),
            jumped: false,
            is_asked_again: None,
            is_written_up_no_more: false,
            settling_until: None,
        }
    }

    pub(crate) fn input(&mut self, input: &Input) {
        self.is_asked_again = None;
        self.is_written_up_no_more = false;
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, first_unit, .. }) => {
                let before = self.seen.get(call);
                if before.is_none_or(|seen| seen.ended.is_some()) {
                    self.is_written_up_no_more = before.is_some();
                    let seen = Seen {
                        arrival: before.map_or(self.seen.len(), |seen| seen.arrival),
                        first_unit: first_unit.clone(),
                        requeued: before.is_some(),
                        ..Seen::default()
                    };
                    self.alive.insert(*call);
                    self.seen.insert(*call, seen);
                }
            }
            Input::Seat { seat, change } => {
                let (logged_in, registered) = self.present.entry(seat.clone()).or_default();
                match change {
                    SeatChange::LoggedIn(_) => *logged_in = true,
                    SeatChange::LoggedOut => *logged_in = false,
                    SeatChange::Registered => *registered = true,
                    SeatChange::Unregistered => *registered = false,
                    SeatChange::Ready | SeatChange::Pause => {}
                }
            }
            Input::Switch(_)
            | Input::Operator { .. }
            | Input::CallBack { .. }
            | Input::Units(_)
            | Input::Found(_)
            | Input::Tick => {}
        }
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = CallId> {
        self.seen.keys().copied()
    }

    pub(crate) fn knows(&self, call: CallId) -> bool {
        self.seen.contains_key(&call)
    }

    pub(crate) fn is_call_back(&self, call: CallId) -> bool {
        // The eye hears of a call back by its event only.
        self.seen.get(&call).is_none_or(|seen| seen.is_call_back)
    }

    pub(crate) fn first_unit(&self, call: CallId) -> Option<UnitId> {
        self.seen.get(&call)?.first_unit.clone()
    }

    pub(crate) fn alive(&self) -> impl Iterator<Item = CallId> {
        self.alive.iter().copied()
    }

    /// Logged in, registered.
    pub(crate) fn seats_present(&self) -> BTreeMap<SeatId, (bool, bool)> {
        self.present.clone()
    }

    /// Another hub has begun, to which nobody has come back yet and which knows nobody's unit.
    pub(crate) fn hub_is_back(&mut self, now: Timestamp) {
        self.settling_until = Some(now + SETTLING);
        self.present.clear();
        self.units.clear();
        for seen in self.seen.values_mut() {
            seen.refused.clear();
            seen.last_refusal = None;
            // A unit that has answered is given its time anew.
            seen.answered_at = seen.answered_at.map(|_| now);
        }
    }

    pub(crate) fn is_gone(&mut self, seat: &SeatId) {
        self.present.remove(seat);
    }

    /// A citizen who was called back has answered.
    pub(crate) fn is_reached(&mut self, call: CallId) {
        self.of(&call).reached = true;
    }

    /// A seat is rung: it must be there, and want it.
    pub(crate) fn rings(&self, seat: &SeatId, now: Timestamp, input: &Input) {
        match input {
            // It asked for it; its telephone may be about to register.
            Input::Operator { seat: about, intent: Intent::Rejoin, .. } if about == seat => {
                let state = self.states.get(seat).map(|(state, _)| *state);
                assert_eq!(state, Some(SeatState::Talking), "{seat} has no leg to replace");
                return;
            }
            Input::CallBack { seat: about, .. } if about == seat => {
                assert_eq!(self.present.get(seat), Some(&(true, true)), "{seat} is not there");
                let state = self.states.get(seat).map(|(state, _)| *state);
                let busy = matches!(state, Some(SeatState::Ringing | SeatState::Talking));
                assert!(!busy, "{seat} has a call already");
                return;
            }
            Input::Operator { .. }
            | Input::CallBack { .. }
            | Input::Switch(_)
            | Input::Seat { .. }
            | Input::Units(_)
            | Input::Found(_)
            | Input::Tick => {}
        }
        assert_eq!(self.present.get(seat), Some(&(true, true)), "{seat} is not there");
        let about_it = match input {
            Input::Seat { seat: about, .. } => about == seat,
            // Who has said how a call ends that was left with somebody outside has written up.
            Input::Operator {
                seat: about, intent: Intent::Close(_) | Intent::Dispose(_), ..
            } => about == seat,
            _ => false,
        } || self.is_asked_again.as_ref() == Some(seat);
        match self.states.get(seat) {
            Some((SeatState::AfterCall, since)) => assert!(
                about_it || self.is_written_up_no_more || now >= *since + self.config.after_call,
                "{seat} is rung while it writes up"
            ),
            Some((SeatState::Paused | SeatState::NotAnswering | SeatState::Offline, _)) | None => {
                assert!(about_it, "{seat} is rung and wants no call");
            }
            Some((SeatState::Ready | SeatState::Ringing | SeatState::Talking, _)) => {}
        }
    }

    fn of(&mut self, call: &CallId) -> &mut Seen {
        self.seen.get_mut(call).expect("a call that has arrived")
    }

    pub(crate) fn event(&mut self, now: Timestamp, event: &FlowEvent, input: &Input) {
        let exact = !self.jumped && *input == Input::Tick;
        let (seat_ring, transfer_ring, heard_within) =
            (self.config.seat_ring, self.config.transfer_ring, self.config.heard_within);
        match event {
            FlowEvent::SeatRinging { call, .. } => self.of(call).rings_since = Some(now),
            FlowEvent::SeatMissed { call, seat, cause } => {
                let seen = self.of(call);
                if *cause != LegCause::NoAnswer {
                    seen.refused.insert(seat.clone());
                }
                seen.last_refusal = Some(now);
                let since = seen.rings_since.take().expect("it rang");
                if *cause == LegCause::NoAnswer && exact {
                    assert_eq!(now, since + seat_ring, "{seat} rings 8 s");
                }
            }
            FlowEvent::CallBackStarted { call, seat } => {
                let arrival = self.seen.len();
                // Should the operator be lost, colleagues come first.
                let first_unit = self.units.get(seat).cloned();
                let seen = Seen { arrival, first_unit, is_call_back: true, ..Seen::default() };
                assert!(self.seen.insert(*call, seen).is_none(), "{call} is known");
                self.alive.insert(*call);
            }
            FlowEvent::WaitAnnounced { call } => {
                assert!(!std::mem::replace(&mut self.of(call).announced, true), "told twice");
            }
            FlowEvent::Answered { call, .. } => {
                let seen = self.of(call);
                seen.refused.clear();
                seen.announced = false;
            }
            FlowEvent::Requeued { call, .. } => {
                let seen = self.of(call);
                assert_eq!(seen.disposing, None, "a lost operator disposes of nobody");
                seen.requeued = true;
                seen.announced = false;
                seen.refused.clear();
            }
            FlowEvent::Disposing { call, disposition, .. } => {
                let before = self.of(call).disposing.replace((disposition.clone(), now));
                assert_ne!(before.map(|(before, _)| before).as_ref(), Some(disposition));
            }
            FlowEvent::DisposalUndone { call } => {
                assert!(self.of(call).disposing.take().is_some(), "nothing to undo");
            }
            FlowEvent::SilenceCheckStarted { call, .. } => self.of(call).listening = Some(now),
            FlowEvent::SilenceChecked { call, signal } => {
                let check = self.config.silence_check;
                let seen = self.of(call);
                let since = seen.listening.take();
                seen.silent = signal.is_none();
                if signal.is_none() {
                    assert!(since.is_some_and(|since| now >= since + check), "cut short");
                }
            }
            FlowEvent::TransferStarted { call, .. } => self.of(call).transfer_since = Some(now),
            FlowEvent::TransferAnswered { call, .. } => self.of(call).answered_at = Some(now),
            FlowEvent::Reclaimed { call, cause, .. } => {
                let seen = self.of(call);
                let started = seen.transfer_since.take().expect("a transfer began");
                match cause {
                    ReclaimCause::NoAnswer if exact => assert_eq!(now, started + transfer_ring),
                    ReclaimCause::AnsweredSilent if exact => {
                        assert_eq!(Some(now), seen.answered_at.map(|at| at + heard_within));
                    }
                    ReclaimCause::NoAnswer
                    | ReclaimCause::AnsweredSilent
                    | ReclaimCause::Busy
                    | ReclaimCause::Declined
                    | ReclaimCause::Unregistered
                    | ReclaimCause::Lost
                    | ReclaimCause::TakenBack => {}
                }
            }
            FlowEvent::CallBackFailed { call, .. } => {
                let seen = self.of(call);
                assert!(seen.is_call_back && !seen.reached, "nobody was to be reached");
                assert!(!std::mem::replace(&mut seen.failed, true), "it fails twice");
            }
            FlowEvent::Ended { call, by, disposition } => {
                assert!(self.alive.remove(call), "{call} ends twice");
                assert_eq!(self.of(call).failed, *by == EndedBy::NotReached, "one says why");
                self.ends(now, *call, *by, disposition, input);
            }
            FlowEvent::Disposed { call, disposition, .. } => {
                let seen = self.of(call);
                assert!(
                    matches!(seen.ended, Some(EndedBy::Caller | EndedBy::SwitchLost)),
                    "it lives, or who closed has said how"
                );
                assert!(!is_silent(disposition) || seen.silent, "silent without having asked");
                assert!(
                    !std::mem::replace(&mut seen.disposed, true),
                    "{call} is disposed of twice"
                );
            }
            FlowEvent::SeatUnit { seat, unit } => {
                let before = self.units.insert(seat.clone(), unit.clone());
                assert_ne!(before.as_ref(), Some(unit), "{seat} works for {unit} already");
            }
            FlowEvent::SeatState { seat, state } => {
                let before = self.states.get(seat).map(|(state, _)| *state);
                // One that comes back to its write-up began it at a time that no event has told.
                let back = (before, *state) == (Some(SeatState::Offline), SeatState::AfterCall);
                let since = if back { Timestamp::default() } else { now };
                self.states.insert(seat.clone(), (*state, since));
            }
            FlowEvent::CallerArrived { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::TransferRinging { .. }
            | FlowEvent::TransferDone { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::LegReplaced { .. } => {}
            FlowEvent::OutsideCalled { call, .. } => {
                let seen = self.of(call);
                assert_eq!(seen.outside, None, "one at a time");
                seen.outside = Some(now);
            }
            FlowEvent::OutsideAnswered { call } => {
                assert!(self.of(call).outside.is_some(), "nobody was called");
            }
            FlowEvent::OutsideGone { call, answered, cause } => {
                let outside_ring = self.config.outside_ring;
                let seen = self.of(call);
                let since = seen.outside.take().expect("somebody was called");
                if exact && !answered && *cause == LegCause::NoAnswer {
                    assert_eq!(now, since + outside_ring, "it rings as long as it may");
                }
                if let Some(from) = seen.left_with_outside.take() {
                    seen.requeued = true;
                    seen.announced = false;
                    seen.refused.clear();
                    self.is_asked_again = Some(from);
                }
            }
            FlowEvent::LeftWithOutside { call, seat } => {
                let seen = self.of(call);
                assert_eq!(seen.disposing, None);
                assert!(seen.outside.is_some(), "nobody is there to be left with");
                seen.left_with_outside = Some(seat.clone());
            }
            FlowEvent::CallerLeft { call } => {
                let gone = matches!(
                    input,
                    Input::Switch(SwitchSaw::Ended { leg, .. }) if *leg == LegId::caller(*call)
                );
                assert!(gone, "{call} is left by a caller who is there");
                self.of(call).caller_left = true;
            }
        }
    }

    /// A call ends only for a reason that somebody outside has given.
    fn ends(
        &mut self,
        now: Timestamp,
        call: CallId,
        by: EndedBy,
        disposition: &Disposition,
        input: &Input,
    ) {
        let disposal = self.config.disposal;
        let seen = self.of(&call);
        seen.ended = Some(by);
        match by {
            EndedBy::Closing => {
                let closed = matches!(
                    input,
                    Input::Operator { call: about, intent: Intent::Close(said), .. }
                        if *about == call && said == disposition
                );
                // Without a caller nothing waits to be undone.
                let finished = seen.caller_left
                    && matches!(
                        input,
                        Input::Operator { call: about, intent: Intent::Dispose(said), .. }
                            if *about == call && said == disposition
                    );
                let disposed = seen
                    .disposing
                    .as_ref()
                    .is_some_and(|(said, since)| said == disposition && now >= *since + disposal);
                assert!(
                    closed || disposed || finished,
                    "{call} was neither closed nor disposed of for 3 s"
                );
                assert!(!is_silent(disposition) || seen.silent, "silent without having asked");
            }
            EndedBy::Caller => {
                let leg = LegId::caller(call);
                let hung_up = match input {
                    Input::Switch(SwitchSaw::Ended { leg: gone, .. }) => *gone == leg,
                    Input::Found(found) => {
                        found.calls.iter().any(|found| found.call == call && !found.caller_up)
                    }
                    _ => false,
                };
                assert!(hung_up || seen.caller_left, "{call} is ended by a caller who is there");
                let helped = seen.left_with_outside.is_some();
                assert_eq!(*disposition == Disposition::Abandoned, !helped, "{disposition:?}");
            }
            EndedBy::SwitchLost => {
                assert_eq!(*input, Input::Switch(SwitchSaw::Lost));
                assert_eq!(*disposition, Disposition::Abandoned);
            }
            EndedBy::NotReached => {
                assert!(!seen.reached, "{call} has answered, and is dropped");
                assert_eq!(*disposition, Disposition::NotReached);
            }
        }
    }

    /// Whether a seat of `at` may be asked about a call that waits at `level`.
    fn is_asked(&self, call: CallId, level: usize, at: &UnitId) -> bool {
        let first = self.seen[&call].first_unit.as_ref().map_or(&[][..], line_of_command);
        let first = first
            .iter()
            .find_map(|(_, of)| self.config.levels.iter().position(|step| step.level == *of))
            .unwrap_or(0);
        (first..=level).any(|level| self.is_asked_at(call, level, at))
    }

    /// Whether it is one of those that this level adds.
    fn is_asked_at(&self, call: CallId, level: usize, at: &UnitId) -> bool {
        let chain = self.seen[&call].first_unit.as_ref().map_or(&[][..], line_of_command);
        let step = self.config.levels[level];
        let named = chain.iter().find(|(_, of)| *of == step.level);
        named.map_or(level_of(at) == Some(step.level), |(id, _)| unit(id) == *at)
    }
}

impl Room {
    /// Looks at everything that must hold between two inputs.
    pub(crate) fn watch(&self) {
        if let Some((until, reason)) = self.until {
            assert!(until > self.now, "{reason:?} is due and nothing was done");
        }
        self.watch_bridges();
        self.watch_calls();
        self.watch_seats();
    }

    fn watch_bridges(&self) {
        for (call, bridge) in &self.switch.bridges {
            let finishing = matches!(self.phase(*call), CallPhase::Finishing { .. });
            assert_eq!(
                bridge.citizen == Citizen::Gone,
                finishing,
                "nobody is on {call}, and it is not over"
            );
            assert!(bridge.is_served(), "the caller of {call} is alone in silence");
        }
        let alive: BTreeSet<CallId> = self.flow.calls().map(|view| view.call).collect();
        assert_eq!(alive, self.eye.alive);
        assert!(alive.iter().eq(self.switch.bridges.keys()));
    }

    fn watch_calls(&self) {
        let mut waiting = Vec::new();
        for view in self.flow.calls() {
            let bridge = &self.switch.bridges[&view.call];
            if matches!(view.phase, CallPhase::Queued { .. } | CallPhase::Ringing { .. }) {
                waiting.push(view.call);
            }
            self.watch_phase(&view, bridge);
            let seen = &self.eye.seen[&view.call];
            let disposing = match &view.phase {
                CallPhase::Talking { disposing, .. } => disposing.clone(),
                _ => None,
            };
            let expected = seen.disposing.as_ref().map(|(said, since)| {
                let until = *since + self.eye.config.disposal;
                siaga_call_flow::Disposing { disposition: said.clone(), until }
            });
            assert_eq!(disposing, expected, "a disposal runs and is not told, or is over");
            assert!(disposing.is_none_or(|runs| runs.until > self.now));
        }
        waiting.sort_by_key(|call| {
            let seen = &self.eye.seen[call];
            (!seen.requeued, seen.arrival)
        });
        assert_eq!(self.flow.queue().collect::<Vec<_>>(), waiting, "callers keep their places");
    }

    /// What the switch holds fits what desks are shown.
    fn watch_phase(&self, view: &CallView, bridge: &Bridge) {
        let is_rejoining = |seat: &SeatId| view.rejoining.contains(seat);
        let legs_of = |seat: &SeatId| -> Vec<&SimLeg> {
            bridge.legs.values().filter(|leg| leg.seat.as_ref() == Some(seat)).collect()
        };
        // A seat that has answered: its leg is up, or the next one is on its way, or both.
        let is_with = |seat: &SeatId, joined: bool| {
            let live = legs_of(seat).iter().filter(|leg| leg.up).count();
            let next = legs_of(seat).iter().filter(|leg| !leg.up && leg.next).count();
            assert_eq!(next == 1, is_rejoining(seat), "{seat}: {:?}", bridge.legs);
            assert!(live == 1 || (live == 0 && next == 1), "{seat}: {:?}", bridge.legs);
            assert!(legs_of(seat).iter().all(|leg| !leg.up || leg.joined == joined));
            assert_eq!(legs_of(seat).len(), live + next);
            live + next
        };
        let rings = |seat: &SeatId| {
            assert_eq!(legs_of(seat).len(), 1);
            assert!(legs_of(seat).iter().all(|leg| !leg.up && !leg.next));
            1
        };
        let stage = view.outside.as_ref().map(|outside| outside.stage);
        let outside: Vec<_> = bridge.legs.values().filter(|leg| leg.seat.is_none()).collect();
        let (is_called, is_with_outside) = match stage {
            Some(OutsideStage::Called { until }) => {
                assert!(until > self.now);
                assert!(matches!(view.phase, CallPhase::Talking { .. }), "for whom?");
                (true, false)
            }
            Some(OutsideStage::Up { .. }) => (false, true),
            Some(OutsideStage::Gone { .. }) | None => (false, false),
        };
        assert_eq!(outside.len(), usize::from(is_called || is_with_outside), "{view:?}");
        let there = |leg: &&SimLeg| leg.up == is_with_outside && leg.joined == is_with_outside;
        assert!(outside.iter().all(there), "{view:?}");
        let announced = self.eye.seen[&view.call].announced;
        let waits = match (is_with_outside, announced) {
            (true, _) => Program::Quiet,
            (false, true) => Program::Prompt(Prompt::PleaseWait),
            (false, false) => Program::Music,
        };
        let talks = match view.silence {
            SilenceCheck::Running { until } => {
                assert!(until > self.now && matches!(view.phase, CallPhase::Talking { .. }));
                Program::Prompt(Prompt::SilenceCheck)
            }
            SilenceCheck::NotRun | SilenceCheck::Silent { .. } | SilenceCheck::Signalled { .. } => {
                if is_called {
                    Program::SoftRingback
                } else {
                    Program::Quiet
                }
            }
        };
        let (program, legs) = match &view.phase {
            CallPhase::Queued { level, .. } => {
                self.watch_wakeup(view.call, *level);
                let settling = self.eye.settling_until.is_some_and(|until| until > self.now);
                let told = announced || settling || is_with_outside;
                assert!(told, "nobody can ring, and the caller was not told");
                (waits, 0)
            }
            CallPhase::Ringing { seat, until, .. } => {
                assert!(*until > self.now);
                (waits, rings(seat))
            }
            CallPhase::Talking { seat, .. } => {
                let legs = is_with(seat, true);
                (if bridge.has_human() { talks } else { Program::Music }, legs)
            }
            CallPhase::Held { seat, .. } => (Program::Music, is_with(seat, false)),
            CallPhase::Transferring { from, to, answered, until, .. } => {
                assert!(*until > self.now);
                let target = if *answered { is_with(to, true) } else { rings(to) };
                // One that was lost while handing over may be back, and be rung for its own caller.
                let giver = if from == to { Vec::new() } else { legs_of(from) };
                // Whoever has answered may be dead from the start.
                let is_there = is_with_outside
                    || giver.iter().any(|leg| leg.up && leg.joined)
                    || legs_of(to).iter().any(|leg| leg.joined && leg.flows);
                let program = match (is_there, answered) {
                    (false, _) => Program::Music,
                    (true, false) => Program::SoftRingback,
                    (true, true) => Program::Quiet,
                };
                (program, target + giver.len())
            }
            CallPhase::CallingBack { seat, until, .. } => {
                assert_eq!(bridge.citizen == Citizen::Dialled, until.is_some());
                assert!(until.is_none_or(|until| until > self.now));
                if until.is_some() {
                    (Program::SoftRingback, is_with(seat, true))
                } else {
                    (Program::Quiet, rings(seat))
                }
            }
            CallPhase::WithOutside { .. } => {
                assert!(is_with_outside, "the caller is left with nobody");
                (Program::Quiet, 0)
            }
            CallPhase::Finishing { seat, .. } => {
                assert!(is_with_outside, "there is nobody to finish with");
                (Program::Quiet, is_with(seat, true))
            }
            CallPhase::Ended { .. } => panic!("{} is over and listed", view.call),
        };
        let legs = legs + outside.len();
        assert_eq!((bridge.program, bridge.legs.len()), (program, legs), "{view:?}");
    }

    /// A queued call and a ready seat that may take it: only a refusal a moment ago excuses that.
    fn watch_wakeup(&self, call: CallId, level: usize) {
        let seen = &self.eye.seen[&call];
        let is_last = level + 1 == self.eye.config.levels.len();
        let mut staffed = self.flow.seats().filter(|seat| {
            let present = self.eye.present.get(&seat.seat) == Some(&(true, true));
            let unit = seat.unit.as_ref();
            present && unit.is_some_and(|unit| self.eye.is_asked_at(call, level, unit))
        });
        let settling = self.eye.settling_until.is_some_and(|until| until > self.now);
        let here = is_last || settling || staffed.next().is_some();
        assert!(here, "{call} waits where nobody sits");
        for seat in self.flow.seats().filter(|seat| seat.state == SeatState::Ready) {
            let at = seat.unit.as_ref().expect("a ready seat is logged in");
            if self.eye.is_asked(call, level, at) {
                assert!(seen.refused.contains(&seat.seat), "{call} waits, {} is free", seat.seat);
                let rests = seen.last_refusal.is_some_and(|at| at + OFFER_AGAIN > self.now);
                assert!(rests, "{call} waits on, though {} could be asked again", seat.seat);
                assert!(self.until.is_some());
            }
        }
    }

    fn watch_seats(&self) {
        let mut owned: BTreeMap<SeatId, CallId> = BTreeMap::new();
        for call in &self.eye.alive {
            if let Some(owner) = self.flow.owner(*call) {
                assert_eq!(owned.insert(owner.clone(), *call), None, "{owner} owns two calls");
            }
        }
        for view in self.flow.seats() {
            let legs = self.switch.legs_of(&view.seat);
            // That two legs of one seat are one and the next is watched with the call.
            let busy = matches!(view.state, SeatState::Ringing | SeatState::Talking);
            assert_eq!(!legs.is_empty(), busy, "{} is {:?}", view.seat, view.state);
            for leg in legs {
                assert_eq!(view.call, Some(leg.call));
            }
            if let Some(call) = owned.get(&view.seat) {
                assert_eq!(view.call, Some(*call));
                let calls_back = matches!(self.phase(*call), CallPhase::CallingBack { .. });
                assert!(view.state == SeatState::Talking || calls_back);
            }
        }
    }
}
