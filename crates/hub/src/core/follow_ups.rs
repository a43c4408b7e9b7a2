//! What a unit does about a case after its call, until it is closed.

use super::desks::{NOTE_LIMIT, Who, out_of_range};
use super::{AuditEvent, HubCore};
use siaga_hub_api::{ApiError, ErrorCode};
use siaga_hub_store::Write;
use siaga_model::{
    CallId, Case, CaseNumber, CaseStatus, FollowUp, FollowUpKind, Level, Redacted, Timestamp,
};

/// The shortest note, in characters.
const NOTE_MIN: usize = 3;

impl HubCore {
    /// A desk tells what was done. Its unit must be the one that is responsible, or a Polda.
    pub(super) fn follow_up(
        &mut self,
        now: Timestamp,
        who: &Who,
        number: &CaseNumber,
        kind: FollowUpKind,
        text: Redacted<String>,
    ) -> Result<(), ApiError> {
        let length = text.expose().trim().chars().count();
        let needs_words = match kind {
            FollowUpKind::Note | FollowUpKind::Closed => true,
            FollowUpKind::Received | FollowUpKind::OnTheWay | FollowUpKind::OnScene => false,
        };
        if length > NOTE_LIMIT || (needs_words && length < NOTE_MIN) {
            return Err(out_of_range("text"));
        }
        let missing = || ApiError::new(ErrorCode::NotFound, "no such case, or an old one");
        let (call, mut case) = self.known_case(number).ok_or_else(missing)?;
        let seat = self.seats.get(&who.seat).ok_or_else(missing)?;
        let level = self.units.get(&seat.unit).map(|unit| unit.level);
        if case.unit.as_ref() != Some(&seat.unit) && level < Some(Level::Polda) {
            return Err(ApiError::new(ErrorCode::NotYours, "another unit's case"));
        }
        let unit = seat.unit.clone();
        case.status = match (case.status, kind) {
            // Its call is still on: it ends with that.
            (CaseStatus::Open, FollowUpKind::Closed) => {
                return Err(ApiError::new(ErrorCode::NotNow, "the call is not closed yet"));
            }
            (CaseStatus::Open, _) => CaseStatus::Open,
            // Somebody has to call back, whatever else is done.
            (CaseStatus::CallBack, _) => CaseStatus::CallBack,
            (CaseStatus::WithUnit | CaseStatus::Closed, FollowUpKind::Closed) => CaseStatus::Closed,
            // A unit that goes on with a closed case has it open again.
            (
                CaseStatus::WithUnit | CaseStatus::Closed,
                FollowUpKind::Received
                | FollowUpKind::OnTheWay
                | FollowUpKind::OnScene
                | FollowUpKind::Note,
            ) => CaseStatus::WithUnit,
        };
        if kind == FollowUpKind::Closed {
            case.closed_at = Some(now);
        }
        let operator = self.sittings.get(&who.seat).map(|sitting| sitting.display.clone());
        let follow_up = FollowUp {
            at: now,
            seat: who.seat.clone(),
            unit,
            operator: operator.unwrap_or_default(),
            kind,
            text,
        };
        self.audit(
            now,
            Some(case.call),
            &AuditEvent::FollowedUp {
                call: case.call,
                number: number.to_string(),
                seat: &who.seat,
                kind,
            },
        );
        self.writes.push(Write::FollowedUp { call: case.call, number: number.clone(), follow_up });
        match self.records.get_mut(&call) {
            Some(record) if record.case.as_ref().is_some_and(|known| known.number == *number) => {
                record.case = Some(case);
                self.case_changed(call);
            }
            Some(_) | None => {
                self.writes.push(Write::CaseChanged(case.clone()));
                self.list_case(case);
                self.sittings.all_dirty();
            }
        }
        Ok(())
    }

    /// A case that is remembered, and the call that has it now.
    fn known_case(&self, number: &CaseNumber) -> Option<(CallId, Case)> {
        let of_record = self.records.iter().find_map(|(call, record)| {
            record.case.as_ref().filter(|case| case.number == *number).map(|case| (*call, case))
        });
        let listed = || {
            let case = self.to_act_on.iter().find(|case| case.number == *number)?;
            Some((case.call, case))
        };
        of_record.or_else(listed).map(|(call, case)| (call, case.clone()))
    }
}
