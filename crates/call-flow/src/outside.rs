//! Somebody outside: another service, a Polsek on its public number. The owner of a call has them
//! called; answered, they are in the conversation, and whoever leaves it leaves the other two together.
//! The owner leaves the caller with them by choice only, after their answer; when they go too, the
//! caller is at the front of the queue. A caller who leaves first lets the other two finish.

use crate::call::{Call, Finishing, State, Talking, WithOutside};
use crate::line::Line;
use crate::{CallFlow, FlowEvent, Intent, OutsideStage, Program, Refusal, SwitchCommand, disposal};
use siaga_model::{
    CallBackFailure, CallId, Disposition, EndedBy, LegCause, LegId, OutsideParty, SeatId, Timestamp,
};

/// Somebody outside, in a call.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    leg: LegId,
    pub(crate) party: OutsideParty,
    pub(crate) stage: OutsideStage,
}

impl Outside {
    /// One whom the switch was found to have in the conversation.
    pub(crate) fn found(leg: LegId, party: OutsideParty, since: Timestamp) -> Self {
        Self { leg, party, stage: OutsideStage::Up { since } }
    }

    /// The leg that rings or is up.
    pub(crate) fn leg(&self) -> Option<LegId> {
        match self.stage {
            OutsideStage::Called { .. } | OutsideStage::Up { .. } => Some(self.leg),
            OutsideStage::Gone { .. } => None,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.stage, OutsideStage::Up { .. })
    }

    pub(crate) fn called_until(&self) -> Option<Timestamp> {
        match self.stage {
            OutsideStage::Called { until } => Some(until),
            OutsideStage::Up { .. } | OutsideStage::Gone { .. } => None,
        }
    }
}

impl Line {
    /// Whether somebody outside is called or in the conversation.
    pub(crate) fn has_outside(&self) -> bool {
        self.outside.as_ref().is_some_and(|outside| outside.leg().is_some())
    }
}

impl CallFlow {
    /// Has somebody outside called.
    pub(crate) fn call_outside(
        &mut self,
        call: CallId,
        party: OutsideParty,
    ) -> Result<(), Refusal> {
        match self.calls.get(&call) {
            Some(Call { line, state: State::Talking(talking) })
                if talking.party.live().is_some() && !line.has_outside() => {}
            Some(_) | None => return Err(Refusal::NotNow),
        }
        self.advance(call, |flow, line, state| {
            let State::Talking(talking) = state else { return Some(state) };
            flow.not_disposed(call, talking.disposing.as_ref());
            let leg = line.new_leg();
            let number = party.number.clone();
            let until = flow.now + flow.config.outside_ring;
            let seat = talking.party.seat.clone();
            flow.event(FlowEvent::OutsideCalled { call, seat, party: party.clone() });
            line.outside = Some(Outside { leg, party, stage: OutsideStage::Called { until } });
            let state = State::Talking(Talking { disposing: None, listening: None, ..talking });
            flow.play(line, state.program(line));
            flow.command(SwitchCommand::DialOut { leg, number });
            Some(state)
        });
        Ok(())
    }

    /// Somebody outside is there: from now on they are in the conversation.
    pub(crate) fn outside_answered(&mut self, call: CallId) {
        self.advance(call, |flow, line, state| {
            let Some(outside) = &mut line.outside else { return Some(state) };
            if let OutsideStage::Called { .. } = outside.stage {
                outside.stage = OutsideStage::Up { since: flow.now };
                flow.command(SwitchCommand::Join(outside.leg));
                flow.play(line, state.program(line));
                flow.event(FlowEvent::OutsideAnswered { call });
            }
            Some(state)
        });
    }

    /// Somebody outside did not answer, or has left.
    pub(crate) fn outside_gone(&mut self, call: CallId, cause: LegCause) {
        self.advance(call, |flow, line, state| {
            flow.no_outside(line, cause);
            match state {
                State::WithOutside(WithOutside { from, .. }) => {
                    // Who left the caller with them is asked again, if still about this call.
                    flow.written_up(&from, call);
                    line.requeued = true;
                    Some(flow.waits(line))
                }
                State::Waiting(_)
                | State::Talking(_)
                | State::Held(_)
                | State::Transferring(_)
                | State::CallingBack(_)
                | State::Finishing(_) => {
                    flow.play(line, state.program(line));
                    Some(state)
                }
            }
        });
        if let Some(State::Finishing(_)) = self.calls.get(&call).map(|call| &call.state) {
            self.end(call, EndedBy::Caller, &Disposition::Abandoned);
        }
    }

    /// Gives the leg that was theirs.
    fn no_outside(&mut self, line: &mut Line, cause: LegCause) -> Option<LegId> {
        let outside = line.outside.as_mut()?;
        let leg = outside.leg()?;
        let answered = outside.is_up();
        outside.stage = OutsideStage::Gone { answered, cause, at: self.now };
        self.event(FlowEvent::OutsideGone { call: line.id, answered, cause });
        Some(leg)
    }

    /// Nobody is left for whom they are called; who is in the conversation already stays.
    pub(crate) fn give_up_calling(&mut self, line: &mut Line) {
        if line.is_with_outside() {
            return;
        }
        if let Some(leg) = self.no_outside(line, LegCause::Released) {
            self.command(SwitchCommand::HangUp(leg));
        }
    }

    pub(crate) fn outside_rang_out(&mut self, call: CallId) {
        self.hang_up_outside(call, LegCause::NoAnswer);
    }

    /// The owner wants them no more.
    pub(crate) fn drop_outside(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.calls.get(&call) {
            Some(call) if call.line.has_outside() => {}
            Some(_) | None => return Err(Refusal::NotNow),
        }
        self.hang_up_outside(call, LegCause::Released);
        Ok(())
    }

    fn hang_up_outside(&mut self, call: CallId, cause: LegCause) {
        let outside = self.calls.get(&call).and_then(|call| call.line.outside.as_ref());
        let Some(leg) = outside.and_then(Outside::leg) else { return };
        // What the caller hears instead comes first.
        self.outside_gone(call, cause);
        self.command(SwitchCommand::HangUp(leg));
    }

    /// The owner leaves the caller with somebody outside, who has answered.
    pub(crate) fn leave_with_outside(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.calls.get(&call) {
            Some(Call { line, state: State::Talking(talking) })
                if talking.party.live().is_some() && line.is_with_outside() => {}
            Some(_) | None => return Err(Refusal::NotNow),
        }
        self.advance(call, |flow, line, state| {
            let State::Talking(Talking { party, disposing, .. }) = state else {
                return Some(state);
            };
            flow.not_disposed(call, disposing.as_ref());
            flow.play(line, Program::Quiet);
            for leg in party.legs() {
                flow.command(SwitchCommand::HangUp(leg));
            }
            flow.seat_writes_up(&party.seat, call);
            let seat = party.seat.clone();
            flow.event(FlowEvent::LeftWithOutside { call, seat });
            let (from, since) = (party.seat, flow.now);
            Some(State::WithOutside(WithOutside { from, since, said: None }))
        });
        Ok(())
    }

    /// Who left a caller with somebody outside may say how the call is to be disposed of, should it
    /// end there; nobody is hung up for it.
    pub(crate) fn says_of_outside(
        &mut self,
        call: CallId,
        seat: &SeatId,
        intent: Intent,
    ) -> Result<(), Refusal> {
        let (Intent::Close(disposition) | Intent::Dispose(disposition)) = intent else {
            return Err(Refusal::NotNow);
        };
        let silence = match self.calls.get(&call) {
            Some(Call { state: State::WithOutside(WithOutside { from, .. }), .. })
                if from != seat =>
            {
                return Err(Refusal::NotYours);
            }
            Some(live @ Call { state: State::WithOutside(_), .. }) => live.silence(),
            Some(_) | None => return Err(Refusal::NotNow),
        };
        disposal::may_be(&disposition, silence)?;
        if let Some(Call { state: State::WithOutside(with), .. }) = self.calls.get_mut(&call) {
            with.said = Some(disposition);
        }
        self.written_up(seat, call);
        Ok(())
    }

    /// The caller has left. Whoever is still with somebody outside may finish; else the call is over.
    pub(crate) fn caller_gone(&mut self, call: CallId, cause: LegCause) {
        match self.calls.get(&call) {
            Some(Call { state: State::CallingBack(_), .. }) => {
                self.not_reached(call, CallBackFailure::of_citizen(cause));
            }
            Some(Call { state: State::Finishing(_), .. }) => {}
            Some(Call { line, state: State::Talking(talking) })
                if line.is_with_outside()
                    && talking.party.live().is_some()
                    && talking.disposing.is_none() =>
            {
                self.advance(call, |flow, line, state| {
                    let State::Talking(Talking { party, .. }) = state else { return Some(state) };
                    flow.event(FlowEvent::CallerLeft { call });
                    let state = State::Finishing(Finishing { party, since: flow.now });
                    flow.play(line, state.program(line));
                    Some(state)
                });
            }
            Some(_) | None => self.end(call, EndedBy::Caller, &Disposition::Abandoned),
        }
    }
}
