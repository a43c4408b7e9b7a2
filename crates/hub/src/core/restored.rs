//! What a hub that starts again knows of its predecessor: sessions go on, so that no desk has to log
//! in again; calls that were cut off are on the call-back list; and what their desks still have to
//! say of them is taken.

use super::calls::{CallRecord, Ended};
use super::sittings::Sitting;
use super::{AuditEvent, HubCore, Survivor, survivors};
use siaga_call_flow::{FlowEvent, Past, SeatChange};
use siaga_hub_api::Draft;
use siaga_hub_store::{CallBackRecord, Closing, KeptCall, OpenSession, StoredDraft, Write};
use siaga_model::{
    Advice, CallId, Case, CaseNumber, Disposition, EndedBy, LegCause, Priority, ShiftNote,
    Timestamp, Validity,
};
use std::collections::BTreeSet;

/// Everything that is read from the store at the start.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Cases that somebody has to act on, newest first.
    pub(crate) to_act_on: Vec<Case>,
    pub(crate) call_backs: Vec<CallBackRecord>,
    /// Oldest first.
    pub(crate) notes: Vec<ShiftNote>,
    pub(crate) sessions: Vec<OpenSession>,
    /// By arrival.
    pub(crate) calls: Vec<FoundCall>,
    /// What lives on the switch; `None` while it cannot be asked.
    pub(crate) survivors: Option<Vec<Survivor>>,
}

/// A call of the last hub.
#[derive(Debug)]
pub(crate) struct FoundCall {
    pub(crate) kept: KeptCall,
    pub(crate) draft: Option<StoredDraft>,
    pub(crate) advice: Option<Advice>,
    pub(crate) overridden: Option<Validity>,
    pub(crate) case: Option<Case>,
    pub(crate) closing: Option<Closing>,
    /// As the log tells it.
    pub(crate) past: Past,
}

/// Whether nobody has said yet how a call is disposed of.
pub(super) fn is_open(disposition: &Disposition) -> bool {
    match disposition {
        Disposition::Abandoned | Disposition::NotReached => true,
        Disposition::NotReport { .. }
        | Disposition::Information
        | Disposition::HandledByUnit { .. }
        | Disposition::ForwardedToUnit { .. }
        | Disposition::HandledHere => false,
    }
}

impl HubCore {
    pub(super) fn restore(&mut self, now: Timestamp, found: Found) {
        self.to_act_on = found.to_act_on;
        for entry in found.call_backs {
            self.call_backs.restore(entry);
        }
        for note in found.notes {
            self.notes.put(note);
        }
        // A case that a call back goes on with belongs to that one.
        let continued: BTreeSet<CaseNumber> = found
            .calls
            .iter()
            .filter_map(|found| found.case.as_ref().filter(|case| case.call != found.kept.call))
            .map(|case| case.number.clone())
            .collect();
        let is_surveyed = found.survivors.is_some();
        let survivors = found.survivors.unwrap_or_default();
        let talking = survivors::seats_with_a_leg(&survivors);
        for session in found.sessions {
            let is_talking = talking.contains(&session.session.seat);
            self.restore_session(now, session, is_talking);
        }
        let alive: BTreeSet<CallId> = survivors.iter().map(|one| one.call.call).collect();
        let mut ended = Vec::new();
        for mut call in found.calls {
            if !alive.contains(&call.kept.call) {
                ended.push((call.kept.call, std::mem::take(&mut call.past)));
            }
            call.case = call
                .case
                .filter(|case| case.call != call.kept.call || !continued.contains(&case.number));
            self.restore_call(now, call, &alive);
        }
        self.unsurveyed = (!is_surveyed).then(|| ended.iter().cloned().collect());
        let seats = self.sittings.seats().cloned().collect();
        self.take_over(now, survivors, ended, seats);
    }

    fn restore_session(&mut self, now: Timestamp, open: OpenSession, is_talking: bool) {
        let seat = open.session.seat.clone();
        let unit = self.seats.get(&seat).map(|seat| seat.unit.clone());
        let (token, wants) = (open.session.token.clone(), open.wants_calls);
        let sitting = Sitting::restored(now, open);
        // Nobody is thrown out of a call by the clock.
        let over = sitting.has_expired(now) && !is_talking;
        let (Some(unit), false) = (unit, over) else {
            self.writes.push(Write::SessionEnded { token, at: now });
            self.audit(now, None, &AuditEvent::SessionEnded { seat: &seat });
            return;
        };
        // A seat has one session; an older one was left open by a crash.
        if let Some(older) = self.sittings.seat(seat.clone(), sitting) {
            self.writes.push(Write::SessionEnded { token: older.token, at: now });
        }
        self.seat(now, seat.clone(), SeatChange::LoggedIn(unit));
        let wish = if wants { SeatChange::Ready } else { SeatChange::Pause };
        self.seat(now, seat.clone(), wish);
        self.seat(now, seat, SeatChange::LoggedOut);
    }

    fn restore_call(&mut self, now: Timestamp, found: FoundCall, alive: &BTreeSet<CallId>) {
        let call = found.kept.call;
        let mut record = CallRecord::new(found.kept.facts);
        if let Some(draft) = found.draft {
            record.draft = Draft { rev: draft.rev, form: draft.form };
        }
        record.recording = false;
        record.writer = found.kept.writer;
        record.advice = found.advice;
        record.overridden = found.overridden;
        // What made it urgent may not be known any more; nothing that comes late makes it less so.
        record.raised = found.case.as_ref().is_some_and(|case| case.priority == Priority::P1);
        record.case = found.case;
        record.closing = found.closing;
        match found.kept.ended {
            Some(end) => {
                let settled = !is_open(&end.disposition);
                record.ended = Some(Ended { by: end.by, at: end.at, settled });
                self.records.insert(call, record);
                self.remember_ended(call);
            }
            None if alive.contains(&call) => {
                record.recording = true;
                self.records.insert(call, record);
            }
            None => {
                tracing::warn!(%call, "a call was cut off by the end of the last hub");
                let writer = record.writer.clone();
                self.records.insert(call, record);
                let (by, disposition) = (EndedBy::SwitchLost, Disposition::Abandoned);
                self.happened(now, FlowEvent::Ended { call, by, disposition });
                if let Some(writer) = writer {
                    self.seat_lost_call(now, &writer, call, LegCause::Failed);
                }
            }
        }
    }
}
