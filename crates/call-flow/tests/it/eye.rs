//! What must always hold, looked at after every input. The eye knows inputs, commands, events and
//! views; of the core's inside it knows nothing.

use crate::room::{Room, unit};
use siaga_call_flow::{
    CallPhase, FlowConfig, FlowEvent, Input, OFFER_AGAIN, Program, SeatChange, SwitchSaw,
};
use siaga_model::{
    CallId, Disposition, EndedBy, LegCause, Level, ReclaimCause, SeatId, SeatState, Timestamp,
    UnitId,
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
    ended: Option<EndedBy>,
    disposed: bool,
}

pub(crate) struct Eye {
    config: FlowConfig,
    seen: BTreeMap<CallId, Seen>,
    alive: BTreeSet<CallId>,
    /// Logged in, registered.
    present: BTreeMap<SeatId, (bool, bool)>,
    /// What each seat was last said to do, and since when.
    states: BTreeMap<SeatId, (SeatState, Timestamp)>,
    /// A clock that jumped past a deadline makes exact moments meaningless.
    pub(crate) jumped: bool,
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
            states: BTreeMap::new(),
            jumped: false,
        }
    }

    pub(crate) fn input(&mut self, input: &Input) {
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, first_unit, .. }) => {
                let arrival = self.seen.len();
                if !self.seen.contains_key(call) {
                    self.alive.insert(*call);
                }
                self.seen.entry(*call).or_insert_with(|| Seen {
                    arrival,
                    first_unit: first_unit.clone(),
                    ..Seen::default()
                });
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
            | Input::Tick => {}
        }
    }

    /// A seat is rung: it must be there, and want it.
    pub(crate) fn rings(&self, seat: &SeatId, now: Timestamp, input: &Input) {
        assert_eq!(self.present.get(seat), Some(&(true, true)), "{seat} is not there");
        let about_it = matches!(input, Input::Seat { seat: about, .. } if about == seat);
        match self.states.get(seat) {
            Some((SeatState::AfterCall, since)) => assert!(
                about_it || now >= *since + self.config.after_call,
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
            FlowEvent::Answered { call, .. } => self.of(call).refused.clear(),
            FlowEvent::Requeued { call, .. } => {
                let seen = self.of(call);
                seen.requeued = true;
                seen.refused.clear();
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
            FlowEvent::Ended { call, by, disposition } => {
                assert!(self.alive.remove(call), "{call} ends twice");
                self.of(call).ended = Some(*by);
                if *by != EndedBy::Closing {
                    assert_eq!(*disposition, Disposition::Abandoned);
                }
            }
            FlowEvent::Disposed { call, .. } => {
                let seen = self.of(call);
                assert_ne!(seen.ended, Some(EndedBy::Closing), "who closed has said how");
                assert!(seen.ended.is_some(), "it lives");
                assert!(
                    !std::mem::replace(&mut seen.disposed, true),
                    "{call} is disposed of twice"
                );
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
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::CallBackStarted { .. }
            | FlowEvent::SeatUnit { .. } => {}
        }
    }

    /// Whether a seat of `at` may be asked about a call that waits at `level`.
    fn is_asked(&self, call: CallId, level: usize, at: &UnitId) -> bool {
        let chain = self.seen[&call].first_unit.as_ref().map_or(&[][..], line_of_command);
        let first = chain
            .iter()
            .find_map(|(_, of)| self.config.levels.iter().position(|step| step.level == *of))
            .unwrap_or(0);
        self.config.levels[first..=level].iter().any(|step| {
            let named = chain.iter().find(|(_, of)| *of == step.level);
            named.map_or(level_of(at) == Some(step.level), |(id, _)| unit(id) == *at)
        })
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
            assert!(bridge.caller_up, "the caller of {call} is gone and the bridge is not");
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
            let legs: Vec<_> = bridge.legs.values().collect();
            let with = |seat: &SeatId, up: bool, joined: bool| {
                legs.iter().any(|leg| leg.seat == *seat && leg.up == up && leg.joined == joined)
            };
            match &view.phase {
                CallPhase::Queued { level, .. } => {
                    waiting.push(view.call);
                    assert_eq!((bridge.program, legs.len()), (Program::Music, 0));
                    self.watch_wakeup(view.call, *level);
                }
                CallPhase::Ringing { seat, until, .. } => {
                    waiting.push(view.call);
                    assert_eq!((bridge.program, legs.len()), (Program::Music, 1));
                    assert!(with(seat, false, false) && *until > self.now);
                }
                CallPhase::Talking { seat, .. } => {
                    assert_eq!((bridge.program, legs.len()), (Program::Quiet, 1));
                    assert!(with(seat, true, true));
                }
                CallPhase::Held { seat, .. } => {
                    assert_eq!((bridge.program, legs.len()), (Program::Music, 1));
                    assert!(with(seat, true, false));
                }
                CallPhase::Transferring { to, answered, until, .. } => {
                    assert!(with(to, *answered, *answered) && *until > self.now);
                    let quiet = bridge.program == Program::Quiet;
                    assert_eq!(quiet, *answered);
                }
                CallPhase::CallingBack { .. } => {}
                CallPhase::Ended { .. } => panic!("{} is over and listed", view.call),
            }
        }
        waiting.sort_by_key(|call| {
            let seen = &self.eye.seen[call];
            (!seen.requeued, seen.arrival)
        });
        assert_eq!(self.flow.queue().collect::<Vec<_>>(), waiting, "callers keep their places");
    }

    /// A queued call and a ready seat that may take it: only a refusal a moment ago excuses that.
    fn watch_wakeup(&self, call: CallId, level: usize) {
        let seen = &self.eye.seen[&call];
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
            let busy = matches!(view.state, SeatState::Ringing | SeatState::Talking);
            assert_eq!(legs.len(), usize::from(busy), "{} is {:?}", view.seat, view.state);
            if let Some(leg) = legs.first() {
                assert_eq!(view.call, Some(leg.call));
            }
            if let Some(call) = owned.get(&view.seat) {
                assert_eq!((view.state, view.call), (SeatState::Talking, Some(*call)));
            }
        }
    }
}
