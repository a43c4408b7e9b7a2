//! Handing over: a leg is added for the unit, and the operator who hands over lets go only when the
//! unit has the caller. Everything that can go wrong leads back to that operator, or, if that
//! operator is gone too, to the front of the queue. A colleague is asked in the same way: by handing
//! over to the own unit.

use crate::call::{Giver, Held, State, Talking, Target, Transfer};
use crate::line::Line;
use crate::party::{Party, Rung};
use crate::seats::Seat;
use crate::{CallFlow, FlowEvent, Handover, Program, Reclaim, Refusal, SwitchCommand};
use siaga_model::{CallId, LegCause, LegId, ReclaimCause, SeatId, UnitId};
use std::collections::BTreeSet;

/// What a unit's refusal is called when the caller is back.
fn reclaim_cause(refusal: LegCause) -> ReclaimCause {
    match refusal {
        LegCause::Busy => ReclaimCause::Busy,
        // Hanging up a telephone that rings is declining.
        LegCause::Declined | LegCause::HungUp => ReclaimCause::Declined,
        LegCause::Unregistered => ReclaimCause::Unregistered,
        LegCause::NoAnswer => ReclaimCause::NoAnswer,
        LegCause::Released | LegCause::MediaLost | LegCause::Failed => ReclaimCause::Lost,
    }
}

impl CallFlow {
    pub(crate) fn start_transfer(
        &mut self,
        call: CallId,
        unit: UnitId,
        handover: Handover,
    ) -> Result<(), Refusal> {
        if !self.units.contains_key(&unit) {
            return Err(Refusal::NoSuchUnit);
        }
        let giver = self.state(call).and_then(State::sole_owner).and_then(Party::live);
        let giver = giver.ok_or(Refusal::NotNow)?;
        self.advance(call, |flow, line, state| {
            let (party, was_held) = match state {
                State::Talking(Talking { party, disposing, .. }) => {
                    flow.not_disposed(call, disposing.as_ref());
                    (party, false)
                }
                State::Held(Held { party, .. }) => (party, true),
                State::Waiting(_)
                | State::Transferring(_)
                | State::CallingBack(_)
                | State::WithOutside(_)
                | State::Finishing(_) => return Some(state),
            };
            flow.give_up_calling(line);
            let to_colleague = flow.is_colleague(&party.seat, &unit);
            // Nobody outside is left alone with music, and a colleague hears what the caller says.
            let handover =
                if line.is_with_outside() || to_colleague { Handover::Together } else { handover };
            // The unit that is to act stays the one that was chosen, and sees the form.
            if !to_colleague {
                flow.picked(line, Some(unit.clone()));
            }
            let from = party.seat.clone();
            flow.event(FlowEvent::TransferStarted { call, from, unit: unit.clone() });
            let Some(seat) = flow.longest_idle(|_, at| *at == unit) else {
                let cause = if flow.is_staffed(&unit, &party.seat) {
                    ReclaimCause::Busy
                } else {
                    ReclaimCause::Unregistered
                };
                return Some(flow.give_back(line, party, unit, cause, was_held));
            };
            flow.play_handover(line, giver, handover, was_held);
            let leg = line.new_leg();
            let target = flow.ring_target(Rung { seat, leg });
            Some(State::Transferring(Transfer {
                giver: Giver::Up(party),
                unit,
                handover,
                since: flow.now,
                ring_until: flow.now + flow.config.transfer_ring,
                refused: BTreeSet::new(),
                target,
            }))
        });
        Ok(())
    }

    /// Whether handing over to this unit asks a colleague of this seat.
    fn is_colleague(&self, seat: &SeatId, unit: &UnitId) -> bool {
        self.seats.get(seat).and_then(Seat::unit) == Some(unit)
    }

    fn play_handover(&mut self, line: &mut Line, giver: LegId, handover: Handover, was_held: bool) {
        match (handover, was_held) {
            (Handover::Together, held) => {
                if held {
                    self.command(SwitchCommand::Join(giver));
                }
                self.play(line, Program::SoftRingback);
            }
            (Handover::Music, false) => {
                self.play(line, Program::Music);
                self.command(SwitchCommand::Detach(giver));
            }
            // It hears music and is apart already.
            (Handover::Music, true) => {}
        }
    }

    fn ring_target(&mut self, rung: Rung) -> Target {
        let call = rung.leg.call;
        self.seat_rings(&rung.seat, call);
        self.command(SwitchCommand::Ring { leg: rung.leg, seat: rung.seat.clone() });
        self.event(FlowEvent::TransferRinging { call, seat: rung.seat.clone() });
        Target::Ringing(rung)
    }

    pub(crate) fn target_answered(&mut self, call: CallId) {
        self.transfer(call, |flow, line, transfer| {
            let rung = match transfer.target {
                Target::Ringing(rung) => rung,
                Target::Answered { .. } => return State::Transferring(transfer),
            };
            flow.seat_talks(&rung.seat, call);
            flow.command(SwitchCommand::Join(rung.leg));
            let answered = FlowEvent::TransferAnswered { call, seat: rung.seat.clone() };
            let heard_by = flow.now + flow.config.heard_within;
            match transfer.giver {
                Giver::Up(_) => {
                    let target = Target::Answered { party: rung.into(), heard_by };
                    let state = State::Transferring(Transfer { target, ..transfer });
                    flow.play(line, state.program(line));
                    flow.event(answered);
                    state
                }
                // Nobody is left to wait for its voice.
                Giver::Lost { .. } => {
                    flow.event(answered);
                    flow.taken_over(line, transfer.giver, &transfer.unit, rung.into(), false)
                }
            }
        });
    }

    /// The unit's voice is on its way: music that the caller has heard until now is over.
    pub(crate) fn target_flows(&mut self, leg: LegId) {
        let party = self.target(leg.call).and_then(Target::party);
        if party.is_none_or(|party| party.flows || party.live() != Some(leg)) {
            return;
        }
        self.transfer(leg.call, |flow, line, mut transfer| {
            if let Target::Answered { party, .. } = &mut transfer.target {
                party.flows = true;
            }
            let state = State::Transferring(transfer);
            flow.play(line, state.program(line));
            state
        });
    }

    /// The unit has the caller; the operator who handed over is free to write up. Who has given the
    /// caller to a colleague has nothing to write up, and a reason to be offered nobody else.
    pub(crate) fn hand_over(&mut self, call: CallId, heard: bool) {
        self.transfer(call, |flow, line, transfer| match transfer.target {
            Target::Ringing(_) => State::Transferring(transfer),
            Target::Answered { party, .. } => {
                flow.taken_over(line, transfer.giver, &transfer.unit, party, heard)
            }
        });
    }

    fn taken_over(
        &mut self,
        line: &mut Line,
        giver: Giver,
        unit: &UnitId,
        party: Party,
        heard: bool,
    ) -> State {
        let seat = party.seat.clone();
        let state = State::Talking(Talking::new(party, self.now));
        // Music, should the unit's own leg just be replaced.
        self.play(line, state.program(line));
        match giver {
            Giver::Up(giver) => {
                for leg in giver.legs() {
                    self.command(SwitchCommand::HangUp(leg));
                }
                if self.is_colleague(&giver.seat, unit) {
                    self.seat_stands_down(&giver.seat);
                } else {
                    self.seat_writes_up(&giver.seat, line.id);
                }
            }
            Giver::Lost { .. } => {}
        }
        self.event(FlowEvent::TransferDone { call: line.id, seat, heard });
        state
    }

    pub(crate) fn release(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.target(call) {
            Some(Target::Answered { party, .. }) if party.live().is_some() => {
                self.hand_over(call, false);
                Ok(())
            }
            Some(Target::Answered { .. } | Target::Ringing(_)) => Err(Refusal::NotNow),
            None => self.leave_with_outside(call),
        }
    }

    pub(crate) fn take_back(&mut self, call: CallId) -> Result<(), Refusal> {
        if self.target(call).is_none() {
            return Err(Refusal::NotNow);
        }
        self.transfer(call, |flow, line, transfer| {
            flow.seat_spared(transfer.target.seat());
            flow.reclaim(line, transfer, ReclaimCause::TakenBack, true)
        });
        Ok(())
    }

    /// The seat that rings cannot or will not: another one of the unit, if there is any.
    pub(crate) fn target_refused(&mut self, call: CallId, cause: LegCause) {
        self.transfer(call, |flow, line, mut transfer| {
            let seat = transfer.target.seat().clone();
            flow.seat_missed(&seat, cause);
            transfer.refused.insert(seat);
            let next = flow.longest_idle(|seat, unit| {
                *unit == transfer.unit && !transfer.refused.contains(seat)
            });
            match next {
                Some(seat) => {
                    let leg = line.new_leg();
                    let target = flow.ring_target(Rung { seat, leg });
                    State::Transferring(Transfer { target, ..transfer })
                }
                None => flow.reclaim(line, transfer, reclaim_cause(cause), false),
            }
        });
    }

    pub(crate) fn target_rang_out(&mut self, call: CallId) {
        self.transfer(call, |flow, line, transfer| {
            flow.seat_missed(transfer.target.seat(), LegCause::NoAnswer);
            flow.reclaim(line, transfer, ReclaimCause::NoAnswer, true)
        });
    }

    pub(crate) fn target_was_silent(&mut self, call: CallId) {
        self.transfer(call, |flow, line, transfer| {
            // It must say that it is ready again: the next caller would not hear it either.
            flow.seat_lost(transfer.target.seat(), LegCause::NoAnswer);
            flow.reclaim(line, transfer, ReclaimCause::AnsweredSilent, true)
        });
    }

    pub(crate) fn target_lost(&mut self, call: CallId, cause: LegCause) {
        self.transfer(call, |flow, line, transfer| {
            flow.seat_lost(transfer.target.seat(), cause);
            flow.reclaim(line, transfer, ReclaimCause::Lost, false)
        });
    }

    /// The leg of the operator who hands over is gone; the transfer goes on without it.
    pub(crate) fn giver_lost(&mut self, call: CallId, cause: LegCause) {
        self.transfer(call, |flow, line, transfer| {
            let giver = match transfer.giver {
                Giver::Up(party) => {
                    flow.seat_lost(&party.seat, cause);
                    Giver::Lost { seat: party.seat, cause }
                }
                Giver::Lost { seat, cause } => Giver::Lost { seat, cause },
            };
            match transfer.target {
                Target::Answered { party, .. } => {
                    flow.taken_over(line, giver, &transfer.unit, party, false)
                }
                Target::Ringing(_) => {
                    let state = State::Transferring(Transfer { giver, ..transfer });
                    flow.play(line, state.program(line));
                    state
                }
            }
        });
    }

    /// The unit does not take the caller. `hang_up` when the unit's leg is still there.
    fn reclaim(
        &mut self,
        line: &mut Line,
        transfer: Transfer,
        cause: ReclaimCause,
        hang_up: bool,
    ) -> State {
        let is_apart = transfer.giver_is_apart();
        let legs = transfer.target.legs();
        let state = match transfer.giver {
            Giver::Up(party) => self.give_back(line, party, transfer.unit, cause, is_apart),
            Giver::Lost { seat, cause } => self.requeue(line, seat, cause),
        };
        // Last, so that the caller is never between two legs.
        if hang_up {
            for leg in legs {
                self.command(SwitchCommand::HangUp(leg));
            }
        }
        state
    }

    /// The caller is back with the operator who handed over.
    fn give_back(
        &mut self,
        line: &mut Line,
        party: Party,
        unit: UnitId,
        cause: ReclaimCause,
        is_apart: bool,
    ) -> State {
        if is_apart && let Some(leg) = party.live() {
            self.command(SwitchCommand::Join(leg));
        }
        let seat = party.seat.clone();
        let reclaimed = Some(Reclaim { cause, unit: unit.clone(), at: self.now });
        let state = State::Talking(Talking { reclaimed, ..Talking::new(party, self.now) });
        self.play(line, state.program(line));
        self.event(FlowEvent::Reclaimed { call: line.id, seat, unit, cause });
        state
    }

    fn target(&self, call: CallId) -> Option<&Target> {
        match self.state(call)? {
            State::Transferring(transfer) => Some(&transfer.target),
            State::Waiting(_)
            | State::Talking(_)
            | State::Held(_)
            | State::CallingBack(_)
            | State::WithOutside(_)
            | State::Finishing(_) => None,
        }
    }

    /// Moves a call on that is being handed over; any other stays as it is.
    fn transfer(
        &mut self,
        call: CallId,
        step: impl FnOnce(&mut Self, &mut Line, Transfer) -> State,
    ) {
        self.advance(call, |flow, line, state| match state {
            State::Transferring(transfer) => Some(step(flow, line, transfer)),
            State::Waiting(_)
            | State::Talking(_)
            | State::Held(_)
            | State::CallingBack(_)
            | State::WithOutside(_)
            | State::Finishing(_) => Some(state),
        });
    }
}
