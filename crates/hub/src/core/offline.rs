//! Cases that a desk took when it had no hub: its telephone was rung by the PBX's own queue, its
//! operator filled in a local form under a number of the seat's block, and it says all of it when the
//! hub is back. Stored whole and once; who was not helped is on the call-back list.
//!
//! The hub saw nothing of these calls, so they are no events of the flow and in none of its figures:
//! the log has a line of their own.

use super::calls::{CallRecord, Ended, status_after};
use super::desks::{NOTE_LIMIT, Who, out_of_range};
use super::restored::is_open;
use super::{AuditEvent, HubCore};
use siaga_call_flow::{FlowEvent, Refusal};
use siaga_hub_api::{ApiError, Draft};
use siaga_hub_store::{CallEnd, Closing, StoredDraft, Write};
use siaga_model::{CallFacts, CallId, Case, Disposition, EndedBy, NotReport, Redacted, Timestamp};

/// The only revision of a form that was typed without a hub.
const REV: u64 = 1;
/// The number of a caller, in characters.
const NUMBER_LIMIT: usize = 64;

/// What a desk says of it.
pub(super) struct OfflineCase {
    pub(super) case: Case,
    pub(super) facts: CallFacts,
    pub(super) note: String,
    /// What the switch calls the caller's line.
    pub(super) line: Option<String>,
}

impl HubCore {
    pub(super) fn offline_case(
        &mut self,
        now: Timestamp,
        who: &Who,
        taken: OfflineCase,
    ) -> Result<(), ApiError> {
        let OfflineCase { case, facts, note, line } = taken;
        let known = |record: &CallRecord| {
            record.case.as_ref().is_some_and(|known| known.number == case.number)
        };
        if self.records.values().any(known) {
            // Said again: what was stored holds.
            return Ok(());
        }
        let disposition = self.check_offline(who, &case, &facts, &note)?;
        let call = self.call_of_line(line.as_deref()).unwrap_or(case.call);
        let case = Case { call, ..case };
        let (seat, number) = (who.seat.clone(), case.number.clone());
        let at = case.closed_at.unwrap_or(now).min(now).max(facts.arrived_at);
        let by = if is_open(&disposition) { EndedBy::Caller } else { EndedBy::Closing };
        // The seat's own unit is responsible, unless the disposition names another one.
        let unit = match &disposition {
            Disposition::ForwardedToUnit { unit } | Disposition::HandledByUnit { unit } => {
                Some(unit.clone())
            }
            Disposition::NotReport { .. }
            | Disposition::Information
            | Disposition::HandledHere
            | Disposition::Abandoned
            | Disposition::NotReached => self.seats.get(&seat).map(|seat| seat.unit.clone()),
        };
        let case = Case {
            unit,
            disposition: Some(disposition.clone()),
            status: status_after(&disposition),
            opened_by: seat.clone(),
            opened_at: case.opened_at.min(at),
            closed_at: Some(at),
            ..case
        };
        self.numbers.given(&seat, number.day(), number.running());
        let form = case.form.clone();
        let draft = StoredDraft { call, seat: seat.clone(), rev: REV, form: form.clone(), at: now };
        if !self.records.contains_key(&call) {
            self.writes.push(Write::CallArrived { call, facts: facts.clone() });
        }
        self.writes.push(Write::Writer { call, seat: seat.clone() });
        self.writes.push(Write::CaseOpened(case.clone()));
        self.writes.push(Write::Draft(draft));
        let end = CallEnd { call, by, disposition: disposition.clone(), at };
        self.writes.push(Write::CallEnded(end));
        let entry = self.records.remove(&call);
        let unsettled =
            |record: &CallRecord| record.ended.as_ref().is_some_and(|ended| !ended.settled);
        let was_cut_off = entry.as_ref().is_some_and(unsettled);
        let mut record = entry.unwrap_or_else(|| CallRecord::new(facts));
        record.draft = Draft { rev: REV, form };
        record.recording = false;
        record.writer = Some(seat.clone());
        record.case = Some(case.clone());
        let settled = !is_open(&disposition);
        let said = disposition.clone();
        record.ended = Some(Ended { by, at, settled });
        if settled {
            let operator = who.operator.clone();
            let note = Redacted::new(note);
            let closing = Closing { call, seat: seat.clone(), operator, disposition, note, at };
            self.writes.push(Write::Closed(closing.clone()));
            record.closing = Some(closing);
        }
        self.records.insert(call, record);
        let taken = AuditEvent::CaseTakenOffline { call, number: number.to_string(), seat: &seat };
        self.audit(now, Some(call), &taken);
        self.list_case(case);
        if settled && was_cut_off {
            // The log has its end already, without a word of what became of it.
            self.happened(now, FlowEvent::Disposed { call, seat, disposition: said });
        } else if settled {
            self.was_helped(now, call, Some(&seat));
        } else {
            self.list_caller(at, call);
        }
        self.ended.retain(|ended| *ended != call);
        self.remember_ended(call);
        self.sittings.all_dirty();
        Ok(())
    }

    /// The call that this line is, unless it has a case already, which was told to the caller under
    /// another number: then what the desk took is a case of its own, by the caller's number.
    fn call_of_line(&self, line: Option<&str>) -> Option<CallId> {
        let call = siaga_switch_asterisk::names::call_of_caller(line?)?;
        let record = self.records.get(&call);
        let is_free = |record: &CallRecord| record.case.is_none() && !self.is_live(call);
        record.is_none_or(is_free).then_some(call)
    }

    /// What it was disposed of as, if all of it makes sense.
    fn check_offline(
        &self,
        who: &Who,
        case: &Case,
        facts: &CallFacts,
        note: &str,
    ) -> Result<Disposition, ApiError> {
        self.check_form(&case.form)?;
        if note.chars().count() > NOTE_LIMIT {
            return Err(out_of_range("note"));
        }
        if facts.caller.number.expose().chars().count() > NUMBER_LIMIT {
            return Err(out_of_range("caller"));
        }
        if case.number.code() != self.polda_code || case.opened_by != who.seat {
            return Err(out_of_range("number"));
        }
        match &case.disposition {
            Some(
                disposition @ (Disposition::HandledByUnit { unit }
                | Disposition::ForwardedToUnit { unit }),
            ) => {
                self.check_unit(unit)?;
                Ok(disposition.clone())
            }
            Some(
                disposition @ (Disposition::NotReport {
                    reason:
                        NotReport::RingOnce | NotReport::Misdial | NotReport::Prank | NotReport::Test,
                }
                | Disposition::Information
                | Disposition::HandledHere
                | Disposition::Abandoned),
            ) => Ok(disposition.clone()),
            Some(Disposition::NotReport { reason: NotReport::Silent }) => {
                Err(super::desks::refusal(Refusal::CheckSilenceFirst))
            }
            // Nobody is called back without a hub.
            Some(Disposition::NotReached) | None => Err(out_of_range("disposition")),
        }
    }
}
