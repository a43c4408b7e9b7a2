//! With a human: what the owner of a call may do, how a lost owner is made up for, and the end.

use crate::call::{Call, Finishing, Giver, Held, State, Talking, WithOutside};
use crate::line::Line;
use crate::{
    CallFlow, CallPhase, FlowEvent, Intent, Output, Program, Refusal, SilenceCheck, SwitchCommand,
};
use siaga_model::{CallBackFailure, CallId, Disposition, EndedBy, LegCause, SeatId, UnitId};

impl CallFlow {
    pub(crate) fn intends(&mut self, seat: SeatId, call: CallId, intent: Intent) {
        let followed = match self.calls.get(&call) {
            None => self.intends_afterwards(&seat, call, intent),
            // Also one that hands over, and one that is to take over, may lose a leg.
            Some(_) if intent == Intent::Rejoin => self.rejoin(call, &seat),
            Some(live) => match live.state.owner() {
                None => self.says_of_outside(call, &seat, intent),
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
        let (Intent::Close(disposition) | Intent::Dispose(disposition)) = intent else {
            return Err(Refusal::NoSuchCall);
        };
        self.ended.dispose(call, seat, &disposition)?;
        self.disposed(call, seat.clone(), disposition);
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
            Intent::CallOutside(party) => self.call_outside(call, party),
            Intent::DropOutside => self.drop_outside(call),
            Intent::Hold => self.hold(call),
            Intent::Resume => self.resume(call),
            Intent::Close(disposition) => self.close(call, &disposition),
            Intent::Dispose(disposition) => self.dispose(call, &disposition),
            Intent::Undo => self.undo(call),
            Intent::CheckSilence => self.check_silence(call),
            Intent::Rejoin => Err(Refusal::NotNow),
        }
    }

    fn pick_unit(&mut self, call: CallId, unit: Option<UnitId>) -> Result<(), Refusal> {
        if unit.as_ref().is_some_and(|unit| !self.units.contains_key(unit)) {
            return Err(Refusal::NoSuchUnit);
        }
        self.state(call).and_then(State::sole_owner).ok_or(Refusal::NotNow)?;
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
        let live = self.calls.get(&call).ok_or(Refusal::NotNow)?;
        // Music would lie over a conversation that goes on.
        if live.line.has_outside() {
            return Err(Refusal::NotNow);
        }
        let leg = live.state.talking().and_then(|talking| talking.party.live());
        let leg = leg.ok_or(Refusal::NotNow)?;
        self.advance(call, |flow, line, state| {
            let State::Talking(Talking { party, disposing, .. }) = state else {
                return Some(state);
            };
            flow.not_disposed(call, disposing.as_ref());
            flow.play(line, Program::Music);
            flow.command(SwitchCommand::Detach(leg));
            flow.event(FlowEvent::Held { call });
            Some(State::Held(Held { party, since: flow.now }))
        });
        Ok(())
    }

    pub(crate) fn resume(&mut self, call: CallId) -> Result<(), Refusal> {
        let Some(State::Held(held)) = self.state(call) else { return Err(Refusal::NotNow) };
        let leg = held.party.live().ok_or(Refusal::NotNow)?;
        self.advance(call, |flow, line, state| {
            let State::Held(Held { party, .. }) = state else { return Some(state) };
            flow.command(SwitchCommand::Join(leg));
            flow.play(line, Program::Quiet);
            flow.event(FlowEvent::Resumed { call });
            Some(State::Talking(Talking::new(party, flow.now)))
        });
        Ok(())
    }

    /// The owner's leg is gone without a closing: that never ends a call whose caller is there.
    pub(crate) fn owner_lost(&mut self, call: CallId, cause: LegCause) {
        if let Some(Call { state: State::Finishing(Finishing { party, .. }), .. }) =
            self.calls.get(&call)
        {
            let seat = party.seat.clone();
            self.seat_lost(&seat, cause);
            self.end(call, EndedBy::Caller, &Disposition::Abandoned);
            return;
        }
        self.advance(call, |flow, line, state| {
            let party = match state {
                State::Talking(Talking { party, disposing, .. }) => {
                    flow.not_disposed(call, disposing.as_ref());
                    party
                }
                State::Held(Held { party, .. }) => party,
                State::Waiting(_)
                | State::Transferring(_)
                | State::CallingBack(_)
                | State::WithOutside(_)
                | State::Finishing(_) => return Some(state),
            };
            flow.seat_lost(&party.seat, cause);
            Some(flow.requeue(line, party.seat, cause))
        });
    }

    /// Ends a call; one that has ended already stays as it is. A call back that nobody has answered
    /// ends as not reached, whoever ends it.
    pub(crate) fn end(&mut self, call: CallId, by: EndedBy, disposition: &Disposition) {
        let Some(live) = self.calls.get(&call) else { return };
        let (by, disposition) = match (&live.state, by) {
            (State::CallingBack(_), EndedBy::NotReached) => (by, disposition),
            (State::CallingBack(_), EndedBy::Closing) => {
                return self.not_reached(call, CallBackFailure::GivenUp);
            }
            (State::CallingBack(_), EndedBy::Caller) => {
                return self.not_reached(call, CallBackFailure::NoAnswer);
            }
            (State::CallingBack(_), EndedBy::SwitchLost) => {
                return self.not_reached(call, CallBackFailure::Failed);
            }
            // The caller was helped, and is on nobody's list.
            (State::WithOutside(WithOutside { said, .. }), EndedBy::Caller) => {
                (by, &said.clone().unwrap_or(Disposition::HandledHere))
            }
            // Whatever ends the conversation: the caller had hung up before.
            (State::Finishing(_), EndedBy::SwitchLost) => (EndedBy::Caller, disposition),
            (
                State::Waiting(_)
                | State::Talking(_)
                | State::Held(_)
                | State::Transferring(_)
                | State::WithOutside(_)
                | State::Finishing(_),
                _,
            ) => (by, disposition),
        };
        let mut view = live.view();
        self.advance(call, |flow, line, state| {
            flow.command(SwitchCommand::End(call));
            flow.event(FlowEvent::Ended { call, by, disposition: disposition.clone() });
            let said = match &state {
                State::Talking(talking) => talking.disposing.clone(),
                State::Waiting(_)
                | State::Held(_)
                | State::Transferring(_)
                | State::CallingBack(_)
                | State::WithOutside(_)
                | State::Finishing(_) => None,
            };
            let owner = flow.let_go(call, state);
            // Who closed has said how; who was left by the caller may still say it.
            let writer = match by {
                EndedBy::Closing | EndedBy::NotReached => None,
                EndedBy::Caller | EndedBy::SwitchLost => owner,
            };
            view.phase = CallPhase::Ended { by, disposition: disposition.clone(), at: flow.now };
            view.rejoining.clear();
            view.outside = None;
            if let SilenceCheck::Running { .. } = view.silence {
                view.silence = SilenceCheck::NotRun;
            }
            flow.ended.keep(view, writer.clone(), line.numbers);
            // It was said already, only not yet done.
            if let (Some(said), Some(writer)) = (said, writer)
                && flow.ended.dispose(call, &writer, &said.disposition).is_ok()
            {
                flow.disposed(call, writer, said.disposition);
            }
            None
        });
    }

    fn disposed(&mut self, call: CallId, seat: SeatId, disposition: Disposition) {
        self.event(FlowEvent::Disposed { call, seat, disposition });
        self.show_call(call);
    }

    /// Frees the seats of a call that ends; its owner writes up, unless nobody was on the line.
    fn let_go(&mut self, call: CallId, state: State) -> Option<SeatId> {
        let owner = match state {
            State::Waiting(waiting) => {
                if let Some(ring) = waiting.ring {
                    self.seat_spared(&ring.rung.seat);
                }
                None
            }
            State::CallingBack(back) => {
                self.seat_spared(&back.rung.seat);
                None
            }
            State::Talking(Talking { party, .. })
            | State::Held(Held { party, .. })
            | State::Finishing(Finishing { party, .. }) => Some(party.seat),
            State::WithOutside(_) => None,
            State::Transferring(transfer) => {
                self.seat_spared(transfer.target.seat());
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
