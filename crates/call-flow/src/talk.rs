//! With a human: what the owner of a call may do, how a lost owner is made up for, and the end.

use crate::call::{Giver, Held, Line, State, Talking};
use crate::{
    CallFlow, CallPhase, CallView, FlowEvent, Intent, Output, Program, Refusal, SwitchCommand,
};
use siaga_model::{CallId, Disposition, EndedBy, LegCause, SeatId, UnitId};

impl CallFlow {
    pub(crate) fn intends(&mut self, seat: SeatId, call: CallId, intent: Intent) {
        let followed = match self.calls.get(&call) {
            None => self.intends_afterwards(&seat, call, intent),
            Some(live) => match live.state.owner() {
                None => Err(Refusal::NotNow),
                Some(owner) if *owner != seat => Err(Refusal::NotYours),
                Some(_) => self.owner_intends(call, intent),
            },
        };
        if let Err(why) = followed {
            self.outputs.push_back(Output::Refused { seat, call, why });
        }
    }

    /// The call is over; its operator may still say how it is disposed of.
    fn intends_afterwards(
        &mut self,
        seat: &SeatId,
        call: CallId,
        intent: Intent,
    ) -> Result<(), Refusal> {
        let Intent::Close(disposition) = intent else { return Err(Refusal::NoSuchCall) };
        self.ended.dispose(call, seat, &disposition)?;
        self.event(FlowEvent::Disposed { call, seat: seat.clone(), disposition });
        self.show_call(call);
        Ok(())
    }

    fn owner_intends(&mut self, call: CallId, intent: Intent) -> Result<(), Refusal> {
        match intent {
            Intent::PickUnit(unit) => self.pick_unit(call, unit),
            Intent::Transfer { unit, handover } => {
                let handover = handover.unwrap_or(self.config.handover);
                self.start_transfer(call, unit, handover)
            }
            Intent::TakeBack => self.take_back(call),
            Intent::Release => self.release(call),
            Intent::Hold => self.hold(call),
            Intent::Resume => self.resume(call),
            Intent::Dispose(_) | Intent::Undo | Intent::CheckSilence | Intent::Rejoin => {
                Err(Refusal::NotNow)
            }
            Intent::Close(disposition) => {
                self.end(call, EndedBy::Closing, &disposition);
                Ok(())
            }
        }
    }

    fn pick_unit(&mut self, call: CallId, unit: Option<UnitId>) -> Result<(), Refusal> {
        if unit.as_ref().is_some_and(|unit| !self.units.contains_key(unit)) {
            return Err(Refusal::NoSuchUnit);
        }
        match self.calls.get(&call).map(|call| &call.state) {
            Some(State::Talking(_) | State::Held(_)) => {}
            Some(State::Transferring(_) | State::Waiting(_)) | None => return Err(Refusal::NotNow),
        }
        self.advance(call, |flow, line, state| {
            flow.picked(line, unit);
            Some(state)
        });
        Ok(())
    }

    /// From now on this unit's desks see the form.
    pub(crate) fn picked(&mut self, line: &mut Line, unit: Option<UnitId>) {
        if line.picked != unit {
            line.picked.clone_from(&unit);
            self.event(FlowEvent::UnitPicked { call: line.id, unit });
        }
    }

    fn hold(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.calls.get(&call).map(|call| &call.state) {
            Some(State::Talking(_)) => {}
            Some(State::Held(_) | State::Transferring(_) | State::Waiting(_)) | None => {
                return Err(Refusal::NotNow);
            }
        }
        self.advance(call, |flow, _, state| {
            let State::Talking(Talking { party, .. }) = state else { return Some(state) };
            flow.play(call, Program::Music);
            flow.command(SwitchCommand::Detach(party.leg));
            flow.event(FlowEvent::Held { call });
            Some(State::Held(Held { party, since: flow.now }))
        });
        Ok(())
    }

    fn resume(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.calls.get(&call).map(|call| &call.state) {
            Some(State::Held(_)) => {}
            Some(State::Talking(_) | State::Transferring(_) | State::Waiting(_)) | None => {
                return Err(Refusal::NotNow);
            }
        }
        self.advance(call, |flow, _, state| {
            let State::Held(Held { party, .. }) = state else { return Some(state) };
            flow.command(SwitchCommand::Join(party.leg));
            flow.play(call, Program::Quiet);
            flow.event(FlowEvent::Resumed { call });
            Some(State::Talking(Talking { party, since: flow.now, reclaimed: None }))
        });
        Ok(())
    }

    /// The owner's leg is gone without a closing: that never ends a call.
    pub(crate) fn owner_lost(&mut self, call: CallId, cause: LegCause) {
        self.advance(call, |flow, line, state| {
            let party = match state {
                State::Talking(Talking { party, .. }) | State::Held(Held { party, .. }) => party,
                State::Waiting(_) | State::Transferring(_) => return Some(state),
            };
            flow.seat_lost(&party.seat, cause);
            Some(flow.requeue(line, party.seat, cause))
        });
    }

    /// Ends a call; one that has ended already stays as it is.
    pub(crate) fn end(&mut self, call: CallId, by: EndedBy, disposition: &Disposition) {
        self.advance(call, |flow, line, state| {
            flow.command(SwitchCommand::End(call));
            flow.event(FlowEvent::Ended { call, by, disposition: disposition.clone() });
            let owner = flow.let_go(call, state);
            // Who closed has said how; who was left by the caller may still say it.
            let writer = match by {
                EndedBy::Closing => None,
                EndedBy::Caller | EndedBy::SwitchLost | EndedBy::NotReached => owner,
            };
            let phase = CallPhase::Ended { by, disposition: disposition.clone(), at: flow.now };
            let view = CallView {
                call,
                phase,
                picked: line.picked.take(),
                arrived_at: line.arrived_at,
                first_unit: line.first_unit.take(),
                silence: crate::SilenceCheck::NotRun,
                rejoining: Vec::new(),
            };
            flow.ended.keep(view, writer);
            None
        });
    }

    /// Frees the seats of a call that ends; its owner writes up.
    fn let_go(&mut self, call: CallId, state: State) -> Option<SeatId> {
        let owner = match state {
            State::Waiting(waiting) => {
                if let Some(ring) = waiting.ring {
                    self.seat_spared(&ring.party.seat);
                }
                None
            }
            State::Talking(Talking { party, .. }) | State::Held(Held { party, .. }) => {
                Some(party.seat)
            }
            State::Transferring(transfer) => {
                self.seat_spared(&transfer.target.party().seat);
                match transfer.giver {
                    Giver::Up(party) => Some(party.seat),
                    Giver::Lost { .. } => None,
                }
            }
        };
        if let Some(owner) = &owner {
            self.seat_writes_up(owner, call);
        }
        owner
    }
}
