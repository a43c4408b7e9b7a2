//! What must not go unnoticed: calls that a desk has lost, calls that are not recorded, a store that
//! does not store.

use super::{AuditEvent, HubCore};
use siaga_call_flow::{CallPhase, CallView};
use siaga_hub_api::{Alert, LostCallView};
use siaga_model::{CallId, LegCause, SeatId, Timestamp};
use std::collections::BTreeMap;

/// A call that a desk had and lost.
#[derive(Debug)]
struct Lost {
    call: CallId,
    at: Timestamp,
    cause: LegCause,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The last call that each seat lost, until it has another one.
    lost: BTreeMap<SeatId, Lost>,
    /// Live calls that are not recorded, since when.
    unrecorded: BTreeMap<CallId, Timestamp>,
    /// Since when nothing can be stored.
    not_storing: Option<Timestamp>,
}

impl HubCore {
    /// The caller was taken from this seat.
    pub(super) fn seat_lost_call(
        &mut self,
        at: Timestamp,
        seat: &SeatId,
        call: CallId,
        cause: LegCause,
    ) {
        let known = self.trouble.lost.get(seat);
        if known.is_none_or(|known| known.call != call) {
            self.trouble.lost.insert(seat.clone(), Lost { call, at, cause });
            self.sittings.all_dirty();
        }
    }

    /// This seat has a call, or another operator: what it lost before is history.
    pub(super) fn seat_has_moved_on(&mut self, seat: &SeatId) {
        if self.trouble.lost.remove(seat).is_some() {
            self.sittings.all_dirty();
        }
    }

    /// Whether whoever hands this call over has lost its own leg meanwhile; its seat, if so.
    pub(super) fn lost_giver(&self, call: &CallView) -> Option<SeatId> {
        match &call.phase {
            CallPhase::Transferring { from, .. } => {
                let has_it = self.flow.seat(from).is_some_and(|seat| seat.call == Some(call.call));
                (!has_it).then(|| from.clone())
            }
            CallPhase::Queued { .. }
            | CallPhase::Ringing { .. }
            | CallPhase::Talking { .. }
            | CallPhase::Held { .. }
            | CallPhase::CallingBack { .. }
            | CallPhase::WithOutside { .. }
            | CallPhase::Finishing { .. }
            | CallPhase::Ended { .. } => None,
        }
    }

    pub(super) fn lost_view(&self, seat: &SeatId) -> Option<LostCallView> {
        let lost = self.trouble.lost.get(seat)?;
        let case = self.records.get(&lost.call).and_then(|record| record.case.as_ref());
        Some(LostCallView {
            call: lost.call,
            number: case.map(|case| case.number.clone()),
            lost_at: lost.at,
            cause: lost.cause,
            with: self.flow.owner(lost.call).filter(|owner| *owner != seat).cloned(),
            over: !self.is_live(lost.call),
        })
    }

    /// The switch records this call no longer.
    pub(super) fn recording_stopped(&mut self, at: Timestamp, call: CallId) {
        self.recording_is(call, false);
        if self.is_live(call) {
            self.trouble.unrecorded.entry(call).or_insert(at);
            self.sittings.all_dirty();
        }
    }

    /// It does again, or the call is over.
    pub(super) fn recording_is_fine(&mut self, call: CallId) {
        if self.trouble.unrecorded.remove(&call).is_some() {
            self.sittings.all_dirty();
        }
    }

    pub(super) fn recording_is(&mut self, call: CallId, recording: bool) {
        if let Some(record) = self.records.get_mut(&call) {
            record.recording = recording;
            self.sittings.dirty_where_shown(call);
        }
    }

    /// The writer cannot store what happens; it keeps all of it and goes on trying.
    pub(crate) fn storing_failed(&mut self, now: Timestamp) {
        self.trouble.not_storing.get_or_insert(now);
        self.audit(now, None, &AuditEvent::StoringFailed);
        self.sittings.all_dirty();
        self.commit(None);
    }

    /// The writer stores again, and has stored what it kept.
    pub(crate) fn storing_again(&mut self, now: Timestamp) {
        self.trouble.not_storing = None;
        self.audit(now, None, &AuditEvent::StoringAgain);
        self.sittings.all_dirty();
        self.commit(None);
    }

    pub(super) fn alerts(&self) -> Vec<Alert> {
        let unrecorded = &self.trouble.unrecorded;
        let not_recording = unrecorded.values().min().map(|since| Alert::NotRecording {
            since: *since,
            calls: u32::try_from(unrecorded.len()).unwrap_or(u32::MAX),
        });
        let not_storing = self.trouble.not_storing.map(|since| Alert::NotStoring { since });
        not_recording.into_iter().chain(not_storing).collect()
    }

    pub(super) fn is_live(&self, call: CallId) -> bool {
        self.flow.call(call).is_some_and(|view| !matches!(view.phase, CallPhase::Ended { .. }))
    }
}
