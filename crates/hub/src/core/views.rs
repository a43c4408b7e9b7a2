//! What desks are shown: always whole.

use super::HubCore;
use siaga_call_flow::{CallPhase, SilenceCheck};
use siaga_hub_api::{
    CallView, DisposingView, HubView, OutsideStage, OutsideView, Phase, ReclaimView, SeatView,
    SilenceView, UnitView,
};
use siaga_model::{CallId, EndedBy, Level, Seat, SeatId, SeatState, Timestamp, UnitId};
use std::collections::BTreeSet;

impl HubCore {
    /// All that the desk at `seat` may see, and the calls in it.
    pub(super) fn view(
        &self,
        now: Timestamp,
        seat: &SeatId,
        units: &[UnitView],
    ) -> (HubView, BTreeSet<CallId>) {
        let unit = self.seats.get(seat).map(|seat| &seat.unit);
        let call = self.call_at(seat);
        let announced =
            unit.map(|unit| self.announced(seat, unit, call.as_ref())).unwrap_or_default();
        let shown = call.iter().chain(&announced).map(|call| call.call).collect();
        let view = HubView {
            now,
            seat: self.seat_view(seat),
            call,
            announced,
            queue: unit
                .and_then(|unit| self.units.get(unit))
                .map_or(0, |unit| u32::try_from(self.waiting_at(unit.level)).unwrap_or(u32::MAX)),
            units: units.to_vec(),
            call_backs: unit.map(|unit| self.call_backs.views(unit)).unwrap_or_default(),
            alerts: self.alerts(),
            lost: self.lost_view(seat),
            waiting_since: self.waiting_since(),
            cases_rev: self.cases_rev,
            notes: unit.map(|unit| self.notes.of(unit, now)).unwrap_or_default(),
            board: self.board(seat),
        };
        (view, shown)
    }

    /// The same for every desk.
    pub(super) fn unit_views(&self) -> Vec<UnitView> {
        let view = |info: siaga_hub_api::UnitInfo| UnitView {
            seats: info.seats.iter().map(|seat: &Seat| self.seat_view(&seat.id)).collect(),
            info,
        };
        self.unit_infos().into_iter().map(view).collect()
    }

    fn seat_view(&self, seat: &SeatId) -> SeatView {
        match self.flow.seat(seat) {
            Some(view) => SeatView { seat: view.seat, state: view.state, since: view.since },
            None => SeatView {
                seat: seat.clone(),
                state: SeatState::Offline,
                since: Timestamp::default(),
            },
        }
    }

    /// The call that rings here, is here, or is to be disposed of here.
    fn call_at(&self, seat: &SeatId) -> Option<CallView> {
        let call = self.flow.seat(seat)?.call?;
        let settled = |call| {
            let record = self.records.get(&call);
            record.and_then(|record| record.ended.as_ref()).is_some_and(|ended| ended.settled)
        };
        if settled(call) { None } else { self.call_view(seat, call) }
    }

    /// Calls of others whose form this unit is shown.
    fn announced(&self, seat: &SeatId, unit: &UnitId, own: Option<&CallView>) -> Vec<CallView> {
        let for_unit = |call: &siaga_call_flow::CallView| {
            let target = match &call.phase {
                CallPhase::Transferring { unit, .. } => Some(unit),
                CallPhase::Queued { .. }
                | CallPhase::Ringing { .. }
                | CallPhase::Talking { .. }
                | CallPhase::Held { .. }
                | CallPhase::CallingBack { .. }
                | CallPhase::WithOutside { .. }
                | CallPhase::Finishing { .. }
                | CallPhase::Ended { .. } => None,
            };
            target == Some(unit) || call.picked.as_ref() == Some(unit)
        };
        let of_another = |call: &siaga_call_flow::CallView| {
            let owner = self.flow.owner(call.call).and_then(|seat| self.seats.get(seat));
            owner.is_none_or(|owner| owner.unit != *unit)
        };
        self.flow
            .calls()
            .filter(|call| for_unit(call) && of_another(call))
            .filter(|call| own.is_none_or(|own| own.call != call.call))
            .filter_map(|call| self.call_view(seat, call.call))
            .collect()
    }

    /// How many callers wait where this level is asked.
    fn waiting_at(&self, level: Level) -> usize {
        let asked = |call: &CallId| match self.flow.call(*call).map(|view| view.phase) {
            Some(CallPhase::Queued { level: index, .. }) => {
                self.flow_config.levels.iter().take(index + 1).any(|step| step.level == level)
            }
            Some(CallPhase::Ringing { seat, .. }) => {
                let unit = self.seats.get(&seat).and_then(|seat| self.units.get(&seat.unit));
                unit.is_some_and(|unit| unit.level == level)
            }
            Some(
                CallPhase::Talking { .. }
                | CallPhase::Held { .. }
                | CallPhase::Transferring { .. }
                | CallPhase::CallingBack { .. }
                | CallPhase::WithOutside { .. }
                | CallPhase::Finishing { .. }
                | CallPhase::Ended { .. },
            )
            | None => false,
        };
        self.flow.queue().filter(asked).count()
    }

    fn call_view(&self, seat: &SeatId, call: CallId) -> Option<CallView> {
        let view = self.flow.call(call)?;
        let record = self.records.get(&call)?;
        // A call that the switch lost with everything on it is not recorded any more either.
        let recording = record.recording
            && record.ended.as_ref().is_none_or(|ended| ended.by != EndedBy::SwitchLost);
        Some(CallView {
            call,
            facts: record.facts.clone(),
            phase: phase(view.phase),
            draft: record.draft.clone(),
            writer: record.writer.clone(),
            number: record.case.as_ref().map(|case| case.number.clone()),
            advice: record.advice.clone(),
            recording,
            silence: silence(view.silence),
            rejoining: view.rejoining.contains(seat),
            call_back: record.call_back,
            transfer: record.transfer.clone(),
            outside: view.outside.map(outside),
            overridden: record.overridden,
        })
    }
}

fn silence(check: SilenceCheck) -> SilenceView {
    match check {
        SilenceCheck::NotRun => SilenceView::NotRun,
        SilenceCheck::Running { until } => SilenceView::Running { until },
        SilenceCheck::Silent { at } => SilenceView::Silent { at },
        SilenceCheck::Signalled { signal, at } => SilenceView::Signalled { signal, at },
    }
}

fn outside(view: siaga_call_flow::OutsideView) -> OutsideView {
    let stage = match view.stage {
        siaga_call_flow::OutsideStage::Called { until } => OutsideStage::Called { until },
        siaga_call_flow::OutsideStage::Up { since } => OutsideStage::Up { since },
        siaga_call_flow::OutsideStage::Gone { answered, cause, at } => {
            OutsideStage::Gone { answered, cause, at }
        }
    };
    OutsideView { party: view.party, stage }
}

pub(super) fn phase(phase: CallPhase) -> Phase {
    match phase {
        CallPhase::Queued { since, level: _ } => Phase::Queued { since },
        CallPhase::Ringing { seat, since, until } => Phase::Ringing { seat, since, until },
        CallPhase::CallingBack { seat, since, until } => Phase::CallingBack { seat, since, until },
        CallPhase::Talking { seat, since, reclaimed, disposing } => Phase::Talking {
            seat,
            since,
            reclaimed: reclaimed.map(|reclaim| ReclaimView {
                cause: reclaim.cause,
                unit: reclaim.unit,
                at: reclaim.at,
            }),
            disposing: disposing.map(|disposing| DisposingView {
                disposition: disposing.disposition,
                until: disposing.until,
            }),
        },
        CallPhase::WithOutside { from, since } => Phase::WithOutside { from, since },
        CallPhase::Finishing { seat, since } => Phase::Finishing { seat, since },
        CallPhase::Held { seat, since } => Phase::Held { seat, since },
        CallPhase::Transferring { from, unit, to, answered, until, since } => {
            Phase::Transferring { from, unit, to, answered, since, until }
        }
        CallPhase::Ended { by, disposition, at } => Phase::Ended { by, disposition, at },
    }
}
