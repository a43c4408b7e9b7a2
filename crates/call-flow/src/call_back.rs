//! An operator calls a citizen back: first the operator's own leg, then the citizen, so that nobody
//! answers into silence. Until the citizen has answered nobody is on the line, and whatever goes wrong
//! ends the call as not reached; from then on it is a call like any other.

use crate::call::{Call, CallBack, Stage, State, Talking};
use crate::line::Line;
use crate::party::Rung;
use crate::{CallFlow, FlowEvent, Output, Program, Refusal, SwitchCommand};
use siaga_model::{CallBackFailure, CallId, Disposition, EndedBy, LegCause, Redacted, SeatId};
use std::time::Duration;

/// How long the leg of the operator who calls back may take: its desk, which asked for it, answers
/// by itself.
pub const OWN_LEG_RING: Duration = Duration::from_secs(5);

impl CallFlow {
    pub(crate) fn call_back(&mut self, seat: SeatId, id: CallId, number: Redacted<String>) {
        let is_known = self.calls.contains_key(&id) || self.ended.contains(id);
        if is_known || !self.may_call_back(&seat) {
            self.outputs.push_back(Output::Refused { seat, call: id, why: Refusal::NotNow });
            return;
        }
        // Whoever calls back has written up.
        self.after_call_over(&seat);
        let first_unit = self.seats.get(&seat).and_then(|seat| seat.unit().cloned());
        // A citizen who then loses the operator is offered to colleagues first.
        let level = self.first_level(first_unit.as_ref());
        let arrival = self.arrivals;
        self.arrivals += 1;
        let mut line =
            Line { first_unit, first_level: level, level, ..Line::new(id, arrival, self.now) };
        let leg = line.new_leg();
        self.event(FlowEvent::CallBackStarted { call: id, seat: seat.clone() });
        self.command(SwitchCommand::Open { call: id });
        self.seat_rings(&seat, id);
        self.command(SwitchCommand::Ring { leg, seat: seat.clone() });
        let state = State::CallingBack(CallBack {
            rung: Rung { seat, leg },
            since: self.now,
            stage: Stage::Seat { number, until: self.now + OWN_LEG_RING },
        });
        self.calls.insert(id, Call { line, state });
        self.show_call(id);
    }

    /// The operator is there: the citizen is rung.
    pub(crate) fn call_back_seat_answered(&mut self, call: CallId) {
        self.advance(call, |flow, line, state| {
            let State::CallingBack(CallBack { rung, since, stage }) = state else {
                return Some(state);
            };
            let stage = match stage {
                Stage::Seat { number, .. } => {
                    flow.seat_talks(&rung.seat, call);
                    flow.command(SwitchCommand::Join(rung.leg));
                    flow.play(line, Program::SoftRingback);
                    flow.command(SwitchCommand::Dial { call, number });
                    Stage::Citizen { until: flow.now + flow.config.call_back_ring }
                }
                Stage::Citizen { until } => Stage::Citizen { until },
            };
            Some(State::CallingBack(CallBack { rung, since, stage }))
        });
    }

    /// The citizen is there: from here on it is a call like any other.
    pub(crate) fn citizen_answered(&mut self, call: CallId) {
        self.advance(call, |flow, line, state| {
            let State::CallingBack(back) = state else { return Some(state) };
            match back.stage {
                // Nobody was dialled yet.
                Stage::Seat { .. } => Some(State::CallingBack(back)),
                Stage::Citizen { .. } => {
                    flow.play(line, Program::Quiet);
                    let seat = back.rung.seat.clone();
                    flow.event(FlowEvent::Answered { call, seat });
                    Some(State::Talking(Talking::new(back.rung.into(), flow.now)))
                }
            }
        });
    }

    /// The leg of the operator who calls back is gone.
    pub(crate) fn call_back_seat_gone(&mut self, call: CallId, cause: LegCause) {
        let Some(Call { state: State::CallingBack(back), .. }) = self.calls.get(&call) else {
            return;
        };
        let seat = back.rung.seat.clone();
        let was_up = match back.stage {
            Stage::Seat { .. } => false,
            Stage::Citizen { .. } => true,
        };
        self.not_reached(call, CallBackFailure::of_operator(cause));
        match cause {
            // The operator has given up.
            LegCause::HungUp | LegCause::Released | LegCause::Declined | LegCause::Busy => {}
            LegCause::Unregistered
            | LegCause::NoAnswer
            | LegCause::MediaLost
            | LegCause::Failed => {
                if was_up {
                    self.seat_lost(&seat, cause);
                }
            }
        }
    }

    /// Whoever was rung is so no more: the operator's own telephone is ours, the citizen's is not.
    pub(crate) fn call_back_rang_out(&mut self, call: CallId) {
        let Some(State::CallingBack(CallBack { stage, .. })) = self.state(call) else { return };
        let why = match stage {
            Stage::Seat { .. } => CallBackFailure::Failed,
            Stage::Citizen { .. } => CallBackFailure::NoAnswer,
        };
        self.not_reached(call, why);
    }

    /// Ends a call back that nobody has answered.
    pub(crate) fn not_reached(&mut self, call: CallId, why: CallBackFailure) {
        self.event(FlowEvent::CallBackFailed { call, why });
        self.end(call, EndedBy::NotReached, &Disposition::NotReached);
    }
}
