//! What the hub knows of a call beside its phase: the form and its writer, the number, the case.

use super::{AuditEvent, CASES_REMEMBERED, ENDED_REMEMBERED, Effect, HubCore, numbers};
use crate::HubNews;
use siaga_hub_api::{CaseBlock, Draft};
use siaga_hub_store::{CallEnd, NumberLease, Write};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, CaseStatus, Disposition, EndedBy, Priority,
    SeatId, Timestamp, Validity,
};

/// How a call ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) by: EndedBy,
    pub(super) at: Timestamp,
    /// Whether an operator has said how it is disposed of.
    pub(super) settled: bool,
}

/// Kept from arrival until long after the end.
#[derive(Debug)]
pub(super) struct CallRecord {
    pub(super) facts: CallFacts,
    pub(super) draft: Draft,
    /// The last seat that had the caller. It stays the writer while the caller has nobody, so that
    /// what it typed before it was lost still arrives.
    pub(super) writer: Option<SeatId>,
    pub(super) advice: Option<Advice>,
    pub(super) overridden: Option<Validity>,
    pub(super) recording: bool,
    pub(super) case: Option<Case>,
    pub(super) ended: Option<Ended>,
    /// The last closing, so that it can be stored again when it could not be.
    pub(super) closing: Option<siaga_hub_store::Closing>,
}

impl CallRecord {
    pub(super) fn new(facts: CallFacts) -> Self {
        Self {
            facts,
            draft: Draft::default(),
            writer: None,
            advice: None,
            overridden: None,
            recording: true,
            case: None,
            ended: None,
            closing: None,
        }
    }

    pub(super) fn validity(&self) -> Validity {
        let advised = self.advice.as_ref().map(|advice| advice.verdict.validity);
        self.overridden.or(advised).unwrap_or(Validity::Valid)
    }

    pub(super) fn priority(&self) -> Priority {
        let advised = self.advice.as_ref().map(|advice| advice.verdict.priority);
        self.draft.form.priority.or(advised).unwrap_or(Priority::P2)
    }
}

/// Where a case stands after a closing.
fn status_after(disposition: &Disposition) -> CaseStatus {
    match disposition {
        Disposition::NotReport { .. }
        | Disposition::Information
        | Disposition::HandledByUnit { .. }
        | Disposition::HandledHere => CaseStatus::Closed,
        Disposition::ForwardedToUnit { .. } => CaseStatus::WithUnit,
        Disposition::Abandoned | Disposition::NotReached => CaseStatus::CallBack,
    }
}

impl HubCore {
    /// A lease as desks are told of it.
    pub(crate) fn block(&self, lease: NumberLease) -> Option<CaseBlock> {
        let number = |running| CaseNumber::new(&self.polda_code, lease.day, running).ok();
        Some(CaseBlock { first: number(lease.first)?, last: number(lease.last)? })
    }

    /// This seat has the caller now: it writes the form, and its unit is responsible.
    pub(super) fn taken_over(&mut self, at: Timestamp, call: CallId, seat: &SeatId) {
        let unit = self.seats.get(seat).map(|seat| seat.unit.clone());
        let Some(record) = self.records.get_mut(&call) else { return };
        record.writer = Some(seat.clone());
        match &mut record.case {
            None => self.open_case(at, call, seat),
            Some(case) if case.unit != unit => {
                case.unit = unit;
                self.case_changed(call);
            }
            Some(_) => {}
        }
    }

    /// Gives the call a number from the seat's block. Without one it is opened when the lease that
    /// is asked for here has come: an answer never waits for the database.
    pub(super) fn open_case(&mut self, at: Timestamp, call: CallId, seat: &SeatId) {
        let day = self.today(at);
        let number = self.numbers.take(seat, day);
        if self.numbers.left(seat, day) == 0 {
            let count = numbers::BLOCK;
            self.effects.push_back(Effect::Lease { seat: seat.clone(), day, count });
        }
        let Some(number) =
            number.and_then(|running| CaseNumber::new(&self.polda_code, day, running).ok())
        else {
            self.unnumbered.push((seat.clone(), call));
            return;
        };
        let unit = self.seats.get(seat).map(|seat| seat.unit.clone());
        let Some(record) = self.records.get_mut(&call) else { return };
        let case = Case {
            number: number.clone(),
            call,
            form: record.draft.form.clone(),
            validity: record.validity(),
            priority: record.priority(),
            unit,
            disposition: None,
            status: CaseStatus::Open,
            opened_by: seat.clone(),
            opened_at: at,
            closed_at: None,
        };
        record.case = Some(case.clone());
        self.writes.push(Write::CaseOpened(case));
        let opened = AuditEvent::CaseOpened { call, number: number.to_string(), seat };
        self.audit(at, Some(call), &opened);
        self.effects.push_back(Effect::News(HubNews::CaseOpened { at, call, number }));
        self.sittings.all_dirty();
        // A call that ended before its number came is on nobody's list yet.
        self.settle_case(call);
    }

    pub(super) fn call_ended(
        &mut self,
        at: Timestamp,
        call: CallId,
        by: EndedBy,
        disposition: &Disposition,
    ) {
        let end = CallEnd { call, by, disposition: disposition.clone(), at };
        self.writes.push(Write::CallEnded(end));
        let Some(record) = self.records.get_mut(&call) else { return };
        let settled = match by {
            EndedBy::Closing => true,
            EndedBy::Caller | EndedBy::SwitchLost | EndedBy::NotReached => false,
        };
        record.ended = Some(Ended { by, at, settled });
        self.dispose_case(call, at, disposition);
        self.ended.push_back(call);
        while self.ended.len() > ENDED_REMEMBERED {
            if let Some(oldest) = self.ended.pop_front() {
                self.records.remove(&oldest);
            }
        }
    }

    /// The operator has said how a call that its caller ended is disposed of.
    pub(super) fn call_disposed(&mut self, at: Timestamp, call: CallId, disposition: &Disposition) {
        let Some(record) = self.records.get_mut(&call) else { return };
        let Some(ended) = &mut record.ended else { return };
        ended.settled = true;
        let end = CallEnd { call, by: ended.by, disposition: disposition.clone(), at: ended.at };
        self.writes.push(Write::CallEnded(end));
        self.dispose_case(call, at, disposition);
    }

    fn dispose_case(&mut self, call: CallId, at: Timestamp, disposition: &Disposition) {
        let Some(case) = self.records.get_mut(&call).and_then(|record| record.case.as_mut()) else {
            return;
        };
        if let Disposition::ForwardedToUnit { unit } | Disposition::HandledByUnit { unit } =
            disposition
        {
            case.unit = Some(unit.clone());
        }
        case.disposition = Some(disposition.clone());
        case.status = status_after(disposition);
        case.closed_at = Some(at);
        self.case_changed(call);
    }

    /// Brings a case that was opened after its call had ended to where the call is.
    fn settle_case(&mut self, call: CallId) {
        let Some(record) = self.records.get(&call) else { return };
        let Some(at) = record.ended.as_ref().map(|ended| ended.at) else { return };
        let said = record.closing.as_ref().map(|closing| closing.disposition.clone());
        self.dispose_case(call, at, &said.unwrap_or(Disposition::Abandoned));
    }

    /// What is judged about a call has changed: the case follows.
    pub(super) fn judge_again(&mut self, call: CallId) {
        let Some(record) = self.records.get_mut(&call) else { return };
        let (validity, priority) = (record.validity(), record.priority());
        let Some(case) = &mut record.case else { return };
        if case.validity != validity || case.priority != priority {
            case.validity = validity;
            case.priority = priority;
            self.case_changed(call);
        }
    }

    pub(super) fn case_changed(&mut self, call: CallId) {
        let Some(case) = self.records.get(&call).and_then(|record| record.case.clone()) else {
            return;
        };
        self.writes.push(Write::CaseChanged(case.clone()));
        self.list_case(case);
        self.sittings.all_dirty();
    }

    /// Keeps the list of cases to act on up to date.
    pub(super) fn list_case(&mut self, case: Case) {
        self.to_act_on.retain(|listed| listed.number != case.number);
        match case.status {
            CaseStatus::WithUnit | CaseStatus::CallBack => {
                let newer = |listed: &Case| {
                    (listed.opened_at, &listed.number) > (case.opened_at, &case.number)
                };
                let place = self.to_act_on.iter().take_while(|listed| newer(listed)).count();
                self.to_act_on.insert(place, case);
                self.to_act_on.truncate(CASES_REMEMBERED);
            }
            CaseStatus::Open | CaseStatus::Closed => {}
        }
    }
}
