//! The entry: takes inputs, fires what is due, keeps the order of outputs. What happens to a call is
//! decided in the modules that are named after it.

use crate::call::{Call, Role, State};
use crate::ended::EndedCalls;
use crate::line::{Line, Place};
use crate::seats::Seat;
use crate::{
    CallView, ConfigError, FlowConfig, FlowEvent, Input, Output, Program, SeatView, SwitchCommand,
    SwitchSaw, WaitReason,
};
use siaga_model::{CallId, Disposition, EndedBy, LegCause, LegId, SeatId, Timestamp, Unit, UnitId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All calls and seats of one hub. See the crate's documentation for the life-cycle.
#[derive(Debug)]
pub struct CallFlow {
    pub(crate) config: FlowConfig,
    /// The time of the input that is being handled; never goes back.
    pub(crate) now: Timestamp,
    pub(crate) units: BTreeMap<UnitId, Unit>,
    pub(crate) seats: BTreeMap<SeatId, Seat>,
    /// Live calls. A call is taken out while a step moves it on.
    pub(crate) calls: BTreeMap<CallId, Call>,
    /// The places of all waiting calls, also of those that ring.
    pub(crate) queue: BTreeSet<Place>,
    pub(crate) ended: EndedCalls,
    /// How many calls have arrived.
    pub(crate) arrivals: u64,
    pub(crate) outputs: VecDeque<Output>,
    /// Whether anybody has come or gone since the waiting calls' levels were looked at.
    pub(crate) staffing_changed: bool,
    /// Until when the seats of a hub that has come back are expected to.
    pub(crate) settling_until: Option<Timestamp>,
    /// Calls that desks have to draw anew.
    changed: BTreeSet<CallId>,
}

/// Whose deadline it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Call(CallId),
    Seat(SeatId),
    Hub,
}

impl CallFlow {
    /// An empty hub.
    ///
    /// # Errors
    /// What [`FlowConfig::check`] finds.
    pub fn new(config: FlowConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            now: Timestamp(i64::MIN),
            units: BTreeMap::new(),
            seats: BTreeMap::new(),
            calls: BTreeMap::new(),
            queue: BTreeSet::new(),
            ended: EndedCalls::default(),
            arrivals: 0,
            outputs: VecDeque::new(),
            staffing_changed: false,
            settling_until: None,
            changed: BTreeSet::new(),
        })
    }

    /// Takes one input. What is due at `now` happens before it. A `now` before an earlier one counts
    /// as that earlier one.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.now = self.now.max(now);
        self.fire_due();
        match input {
            Input::Switch(saw) => self.saw(saw),
            Input::Seat { seat, change } => self.seat_changed(&seat, change),
            Input::Operator { seat, call, intent } => self.intends(seat, call, intent),
            Input::CallBack { seat, call, number } => self.call_back(seat, call, number),
            Input::Units(units) => {
                self.units = units.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
                self.staffing_changed = true;
            }
            Input::Found(found) => self.found(found),
            Input::Tick => {}
        }
        self.offer();
        while self.fire_due() {
            self.offer();
        }
        self.announce_waits();
        for call in std::mem::take(&mut self.changed) {
            self.outputs.push_back(Output::CallChanged(call));
        }
        self.show_seats();
    }

    /// The next thing to do. After [`Output::Wait`] there is nothing until the next input.
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait { until: self.deadline() })
    }

    /// What may be seen of a call that lives or has ended lately.
    pub fn call(&self, call: CallId) -> Option<CallView> {
        self.calls.get(&call).map(Call::view).or_else(|| self.ended.view(call).cloned())
    }

    /// What may be seen of a seat that was ever heard of.
    pub fn seat(&self, seat: &SeatId) -> Option<SeatView> {
        self.seats.get(seat).map(|seat| seat.view().clone())
    }

    /// All live calls in the order of their ids, which is that of their arrival.
    pub fn calls(&self) -> impl Iterator<Item = CallView> {
        self.calls.values().map(Call::view)
    }

    /// All seats that were ever heard of.
    pub fn seats(&self) -> impl Iterator<Item = SeatView> {
        self.seats.values().map(|seat| seat.view().clone())
    }

    /// The waiting calls, those that ring included, in the order in which they are offered.
    pub fn queue(&self) -> impl Iterator<Item = CallId> {
        self.queue.iter().map(|place| place.call)
    }

    /// Which seat owns the call: its intents are followed and its desk writes the form. `None` while
    /// the caller has no human, and after the end.
    pub fn owner(&self, call: CallId) -> Option<&SeatId> {
        self.calls.get(&call).and_then(|call| call.state.owner())
    }

    fn saw(&mut self, saw: SwitchSaw) {
        match saw {
            SwitchSaw::CallerArrived { call, facts, first_unit } => {
                self.arrive(call, &facts, first_unit);
            }
            // A deadline runs from the command to ring: a telephone that never says 180 is no
            // reason to wait longer.
            SwitchSaw::Ringing(_) => {}
            SwitchSaw::Answered(leg) => match self.role(leg) {
                Role::Offer => self.offer_answered(leg.call),
                Role::TargetRinging => self.target_answered(leg.call),
                Role::Next => self.next_leg_answered(leg),
                Role::CallingBack => self.call_back_seat_answered(leg.call),
                Role::CalledBack => self.citizen_answered(leg.call),
                Role::Outside => self.outside_answered(leg.call),
                // It crossed our hanging up.
                Role::Stray if !leg.is_caller() => self.command(SwitchCommand::HangUp(leg)),
                Role::Owner | Role::Giver | Role::TargetAnswered | Role::Stray => {}
            },
            SwitchSaw::Flows(leg) => self.target_flows(leg),
            SwitchSaw::Heard(leg) => match self.role(leg) {
                Role::TargetAnswered => self.hand_over(leg.call, true),
                Role::Offer
                | Role::Owner
                | Role::Giver
                | Role::TargetRinging
                | Role::Next
                | Role::CallingBack
                | Role::CalledBack
                | Role::Outside
                | Role::Stray => {}
            },
            SwitchSaw::Signal { leg, signal } => self.signalled(leg, signal),
            SwitchSaw::Ended { leg, cause } if leg.is_caller() => {
                self.caller_gone(leg.call, cause);
            }
            SwitchSaw::Ended { leg, cause } => self.leg_gone(leg, cause),
            SwitchSaw::Lost => {
                let calls: Vec<_> = self.calls.keys().copied().collect();
                for call in calls {
                    self.end(call, EndedBy::SwitchLost, &Disposition::Abandoned);
                }
            }
        }
    }

    /// A leg other than the caller's is gone.
    pub(crate) fn leg_gone(&mut self, leg: LegId, cause: LegCause) {
        match self.role(leg) {
            Role::Offer => self.offer_missed(leg.call, cause),
            Role::TargetRinging => self.target_refused(leg.call, cause),
            Role::Owner | Role::Giver | Role::TargetAnswered => self.party_gone(leg, cause),
            Role::Next => self.next_leg_failed(leg),
            Role::CallingBack => self.call_back_seat_gone(leg.call, cause),
            Role::Outside => self.outside_gone(leg.call, cause),
            Role::CalledBack | Role::Stray => {}
        }
    }

    /// Where a live call stands.
    pub(crate) fn state(&self, call: CallId) -> Option<&State> {
        self.calls.get(&call).map(|call| &call.state)
    }

    fn role(&self, leg: LegId) -> Role {
        self.calls.get(&leg.call).map_or(Role::Stray, |call| call.role(leg))
    }

    /// Moves a live call on: `step` is given its state and returns the next one, or `None` when
    /// the call has ended. The queue's places follow here and nowhere else.
    pub(crate) fn advance(
        &mut self,
        id: CallId,
        step: impl FnOnce(&mut Self, &mut Line, State) -> Option<State>,
    ) {
        let Some(Call { mut line, state }) = self.calls.remove(&id) else { return };
        if matches!(state, State::Waiting(_)) {
            self.queue.remove(&line.place());
        }
        if let Some(state) = step(self, &mut line, state) {
            if matches!(state, State::Waiting(_)) {
                self.queue.insert(line.place());
            }
            self.calls.insert(id, Call { line, state });
        }
        self.changed.insert(id);
    }

    /// Desks have to draw this call anew.
    pub(crate) fn show_call(&mut self, call: CallId) {
        self.changed.insert(call);
    }

    pub(crate) fn command(&mut self, command: SwitchCommand) {
        self.outputs.push_back(Output::Switch(command));
    }

    /// From now on this is played, unless it is already.
    pub(crate) fn play(&mut self, line: &mut Line, program: Program) {
        if line.playing != Some(program) {
            line.playing = Some(program);
            self.command(SwitchCommand::Play { call: line.id, program });
        }
    }

    pub(crate) fn event(&mut self, event: FlowEvent) {
        self.outputs.push_back(Output::Event { at: self.now, event });
    }

    /// Everything with a deadline.
    fn deadlines(&self) -> impl Iterator<Item = (Timestamp, WaitReason, Due)> {
        let calls = self.calls.iter().filter_map(|(id, call)| {
            call.deadline().map(|(until, reason)| (until, reason, Due::Call(*id)))
        });
        let seats = self.seats.iter().filter_map(|(id, seat)| {
            seat.deadline().map(|(until, reason)| (until, reason, Due::Seat(id.clone())))
        });
        let hub = self.settling_until.map(|until| (until, WaitReason::Settling, Due::Hub));
        calls.chain(seats).chain(hub)
    }

    fn deadline(&self) -> Option<(Timestamp, WaitReason)> {
        self.deadlines().min_by_key(|(until, ..)| *until).map(|(until, reason, _)| (until, reason))
    }

    /// Fires what is due, earliest first; says whether anything was.
    fn fire_due(&mut self) -> bool {
        let mut any = false;
        loop {
            let mut due: Vec<_> = self
                .deadlines()
                .filter(|(until, ..)| *until <= self.now)
                .map(|(until, _, whose)| (until, whose))
                .collect();
            if due.is_empty() {
                return any;
            }
            any = true;
            due.sort();
            for (_, whose) in due {
                // One that fired before may have moved this one's deadline.
                match whose {
                    Due::Call(id) => {
                        let deadline = self.calls.get(&id).and_then(Call::deadline);
                        if let Some((until, reason)) = deadline
                            && until <= self.now
                        {
                            self.call_due(id, reason);
                        }
                    }
                    Due::Seat(id) => {
                        let deadline = self.seats.get(&id).and_then(Seat::deadline);
                        if deadline.is_some_and(|(until, _)| until <= self.now) {
                            self.seat_due(&id);
                        }
                    }
                    Due::Hub => self.settled(),
                }
            }
        }
    }

    fn call_due(&mut self, call: CallId, reason: WaitReason) {
        match reason {
            WaitReason::SeatRing => self.offer_rang_out(call),
            WaitReason::Level => self.escalate(call),
            WaitReason::OfferAgain => self.offer_again(call),
            WaitReason::TransferRing => self.target_rang_out(call),
            WaitReason::Heard => self.target_was_silent(call),
            WaitReason::SilenceCheck => self.is_silent(call),
            WaitReason::Disposal => self.disposal_due(call),
            WaitReason::Rejoin => self.rejoin_due(call),
            WaitReason::CallBackRing => self.call_back_rang_out(call),
            WaitReason::OutsideRing => self.outside_rang_out(call),
            // Deadlines of seats and of the hub.
            WaitReason::AfterCall | WaitReason::SeatLost | WaitReason::Settling => {}
        }
    }
}
