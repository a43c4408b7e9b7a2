//! What a supervisor sees of a room, and the times of a call that desks are shown.

use super::HubCore;
use super::views::phase;
use siaga_call_flow::{CallPhase, FlowEvent};
use siaga_hub_api::{
    BoardCall, BoardSeat, BoardView, Step, TransferStep, TransferView, WaitingView,
};
use siaga_model::{CallId, Redacted, Role, SeatId, Timestamp, UnitId};

/// How much of a narrative the board shows, in characters.
const WORDS: usize = 400;

impl HubCore {
    /// Keeps the times that views show of a call.
    pub(super) fn note_times(&mut self, at: Timestamp, event: &FlowEvent) {
        let (call, step) = match event {
            FlowEvent::TransferStarted { call, unit, .. } => {
                let steps = vec![TransferStep { at, step: Step::Started }];
                if let Some(record) = self.records.get_mut(call) {
                    record.transfer = Some(TransferView { unit: unit.clone(), steps });
                }
                return;
            }
            FlowEvent::Answered { call, .. } => {
                if let Some(record) = self.records.get_mut(call) {
                    record.answered_at.get_or_insert(at);
                }
                return;
            }
            FlowEvent::TransferRinging { call, seat } => {
                (call, Step::Ringing { seat: seat.clone() })
            }
            FlowEvent::TransferAnswered { call, seat } => {
                (call, Step::Answered { seat: seat.clone() })
            }
            FlowEvent::TransferDone { call, seat, .. } => (call, Step::Done { seat: seat.clone() }),
            FlowEvent::Reclaimed { call, cause, .. } => (call, Step::Reclaimed { cause: *cause }),
            FlowEvent::CallerArrived { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::SeatRinging { .. }
            | FlowEvent::SeatMissed { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::CallBackStarted { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::OutsideCalled { .. }
            | FlowEvent::OutsideAnswered { .. }
            | FlowEvent::OutsideGone { .. }
            | FlowEvent::LeftWithOutside { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::Requeued { .. }
            | FlowEvent::Ended { .. }
            | FlowEvent::Disposed { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => return,
        };
        let transfer = self.records.get_mut(call).and_then(|record| record.transfer.as_mut());
        if let Some(transfer) = transfer {
            transfer.steps.push(TransferStep { at, step });
        }
    }

    /// Since when the first caller waits.
    pub(super) fn waiting_since(&self) -> Option<Timestamp> {
        self.waiting().first().map(|waiting| waiting.since)
    }

    /// All seats and waiting callers, if a supervisor sits here.
    pub(super) fn board(&self, seat: &SeatId) -> Option<BoardView> {
        if self.sittings.get(seat)?.role != Role::Supervisor {
            return None;
        }
        let unit = &self.seats.get(seat)?.unit;
        let seats = self.seats.values().filter(|seat| self.is_within(&seat.unit, unit));
        let seats = seats.map(|seat| BoardSeat {
            seat: seat.id.clone(),
            operator: self.sittings.get(&seat.id).map(|sitting| sitting.display.clone()),
            call: self
                .flow
                .seat(&seat.id)
                .and_then(|seat| seat.call)
                .and_then(|call| self.board_call(call)),
        });
        Some(BoardView { seats: seats.collect(), waiting: self.waiting() })
    }

    /// Whether a unit is another one or stands below it.
    fn is_within(&self, unit: &UnitId, above: &UnitId) -> bool {
        let mut at = Some(unit);
        // The table of units was checked to have no circle; so many levels it has not.
        for _ in 0..8 {
            match at {
                Some(unit) if unit == above => return true,
                Some(unit) => at = self.units.get(unit).and_then(|unit| unit.parent.as_ref()),
                None => return false,
            }
        }
        false
    }

    fn board_call(&self, call: CallId) -> Option<BoardCall> {
        let view = self.flow.call(call)?;
        let record = self.records.get(&call)?;
        let form = &record.draft.form;
        let words = form.narrative.expose().chars().take(WORDS).collect();
        Some(BoardCall {
            call,
            number: record.case.as_ref().map(|case| case.number.clone()),
            caller: record.facts.caller.clone(),
            phase: phase(view.phase),
            kind: form.kind.clone(),
            priority: record.priority(),
            narrative: Redacted::new(words),
            answered_at: record.answered_at,
        })
    }

    fn waiting(&self) -> Vec<WaitingView> {
        let view = |call: CallId| {
            let record = self.records.get(&call)?;
            let (since, ringing) = match self.flow.call(call)?.phase {
                CallPhase::Queued { since, .. } => (since, None),
                CallPhase::Ringing { since, seat, .. } => (since, Some(seat)),
                CallPhase::Talking { .. }
                | CallPhase::Held { .. }
                | CallPhase::Transferring { .. }
                | CallPhase::CallingBack { .. }
                | CallPhase::WithOutside { .. }
                | CallPhase::Finishing { .. }
                | CallPhase::Ended { .. } => return None,
            };
            Some(WaitingView { call, caller: record.facts.caller.clone(), since, ringing })
        };
        self.flow.queue().filter_map(view).collect()
    }
}
