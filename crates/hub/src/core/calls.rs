//! What the hub knows of a call beside its phase: the form and its writer, the number, the case.

use super::restored::is_open;
use super::{AuditEvent, CASES_REMEMBERED, ENDED_REMEMBERED, Effect, HubCore, numbers};
use crate::HubNews;
use siaga_hub_api::{CallBackId, CaseBlock, Draft, TransferView};
use siaga_hub_store::{CallEnd, Closing, NumberLease, Write};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, CaseStatus, Disposition, EndedBy, Priority,
    SeatId, Timestamp, Validity,
};
use std::collections::BTreeSet;

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
    /// Seats that had the caller before: what they still send is kept, but not as the form.
    pub(super) former: BTreeSet<SeatId>,
    pub(super) advice: Option<Advice>,
    pub(super) overridden: Option<Validity>,
    /// Somebody who cannot speak has asked for help.
    pub(super) raised: bool,
    pub(super) recording: bool,
    pub(super) case: Option<Case>,
    pub(super) ended: Option<Ended>,
    /// The last closing, so that it can be stored again when it could not be.
    pub(super) closing: Option<Closing>,
    /// The closing of a disposal that can still be undone: stored when the call really ends by it.
    pub(super) pending: Option<Closing>,
    /// The entry of the call-back list that this call back belongs to.
    pub(super) call_back: Option<CallBackId>,
    /// The last transfer.
    pub(super) transfer: Option<TransferView>,
    /// When the caller first got a human.
    pub(super) answered_at: Option<Timestamp>,
}

impl CallRecord {
    pub(super) fn new(facts: CallFacts) -> Self {
        Self {
            facts,
            draft: Draft::default(),
            writer: None,
            former: BTreeSet::new(),
            advice: None,
            overridden: None,
            raised: false,
            recording: true,
            case: None,
            ended: None,
            closing: None,
            pending: None,
            call_back: None,
            transfer: None,
            answered_at: None,
        }
    }

    pub(super) fn validity(&self) -> Validity {
        let advised = self.advice.as_ref().map(|advice| advice.verdict.validity);
        self.overridden.or(advised).unwrap_or(Validity::Valid)
    }

    pub(super) fn priority(&self) -> Priority {
        if self.raised {
            return Priority::P1;
        }
        let advised = self.advice.as_ref().map(|advice| advice.verdict.priority);
        self.draft.form.priority.or(advised).unwrap_or(Priority::P2)
    }
}

/// Where a case stands after a closing.
pub(super) fn status_after(disposition: &Disposition) -> CaseStatus {
    match disposition {
        Disposition::NotReport { .. }
        | Disposition::Information
        | Disposition::HandledByUnit { .. }
        | Disposition::HandledHere => CaseStatus::Closed,
        Disposition::ForwardedToUnit { .. } => CaseStatus::WithUnit,
        Disposition::Abandoned | Disposition::NotReached => CaseStatus::CallBack,
    }
}

/// Its caller is on the line again.
fn reopen(case: &mut Case) {
    case.status = CaseStatus::Open;
    case.disposition = None;
    case.closed_at = None;
}

impl HubCore {
    /// A lease as desks are told of it.
    pub(crate) fn block(&self, lease: NumberLease) -> Option<CaseBlock> {
        let number = |running| CaseNumber::new(&self.polda_code, lease.day, running).ok();
        Some(CaseBlock { first: number(lease.first)?, last: number(lease.last)? })
    }

    /// What is known of a call that is not long over, stored already or not.
    pub(crate) fn facts(&self, call: CallId) -> Option<&CallFacts> {
        self.records.get(&call).map(|record| &record.facts)
    }

    /// A caller is on the line, for the first time or again: one who was counted as cut off, or as
    /// gone, and waited in the switch's own queue meanwhile. What was said of the call is said again
    /// when it ends; what was typed is there for whoever answers.
    pub(super) fn caller_arrived(&mut self, call: CallId, facts: &CallFacts) {
        let Some(record) = self.records.get_mut(&call) else {
            self.writes.push(Write::CallArrived { call, facts: facts.clone() });
            self.records.insert(call, CallRecord::new(facts.clone()));
            return;
        };
        if record.ended.take().is_some() {
            record.recording = true;
            record.closing = None;
            self.ended.retain(|ended| *ended != call);
            self.writes.push(Write::CallReopened(call));
            if let Some(case) = &mut record.case {
                reopen(case);
                self.case_changed(call);
            }
        }
    }

    /// This seat has the caller now: it writes the form, and its unit is responsible.
    pub(super) fn taken_over(&mut self, at: Timestamp, call: CallId, seat: &SeatId) {
        let unit = self.seats.get(seat).map(|seat| seat.unit.clone());
        self.seat_has_moved_on(seat);
        self.writer_is(call, seat);
        if let Some(mut case) = self.continued_case(call) {
            reopen(&mut case);
            case.unit.clone_from(&unit);
            if let Some(record) = self.records.get_mut(&call) {
                record.case = Some(case);
                self.case_changed(call);
            }
        }
        let Some(record) = self.records.get_mut(&call) else { return };
        match &mut record.case {
            None => self.open_case(at, call, seat),
            Some(case) if case.unit != unit => {
                case.unit = unit;
                self.case_changed(call);
            }
            Some(_) => {}
        }
    }

    /// From now on this seat's desk writes the form.
    pub(super) fn writer_is(&mut self, call: CallId, seat: &SeatId) {
        let Some(record) = self.records.get_mut(&call) else { return };
        if record.writer.as_ref() == Some(seat) {
            return;
        }
        if let Some(former) = record.writer.replace(seat.clone()) {
            record.former.insert(former);
        }
        record.former.remove(seat);
        self.writes.push(Write::Writer { call, seat: seat.clone() });
    }

    /// Somebody who cannot speak has pressed a key or knocked: nothing is more urgent.
    pub(super) fn raise(&mut self, at: Timestamp, call: CallId) {
        let Some(record) = self.records.get_mut(&call) else { return };
        if !std::mem::replace(&mut record.raised, true) {
            let raised = AuditEvent::PriorityRaised { call, priority: Priority::P1 };
            self.audit(at, Some(call), &raised);
            self.judge_again(call);
            self.sittings.dirty_where_shown(call);
        }
    }

    pub(super) fn disposal_undone(&mut self, call: CallId) {
        if let Some(record) = self.records.get_mut(&call) {
            record.pending = None;
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
        self.recording_is_fine(call);
        self.disposal_done(at, call, disposition);
        let Some(record) = self.records.get_mut(&call) else { return };
        let settled = match by {
            EndedBy::Closing => true,
            EndedBy::Caller | EndedBy::SwitchLost | EndedBy::NotReached => !is_open(disposition),
        };
        record.ended = Some(Ended { by, at, settled });
        let writer = record.writer.clone();
        self.dispose_case(call, at, disposition);
        match by {
            _ if settled => self.was_helped(at, call, writer.as_ref()),
            EndedBy::NotReached => self.not_reached(call),
            EndedBy::Caller | EndedBy::SwitchLost | EndedBy::Closing => self.list_caller(at, call),
        }
        self.remember_ended(call);
    }

    /// What is known of ended calls is bounded.
    pub(super) fn remember_ended(&mut self, call: CallId) {
        self.ended.push_back(call);
        while self.ended.len() > ENDED_REMEMBERED {
            if let Some(oldest) = self.ended.pop_front() {
                self.records.remove(&oldest);
            }
        }
    }

    /// The operator has said how a call that its caller ended is disposed of.
    pub(super) fn call_disposed(
        &mut self,
        at: Timestamp,
        call: CallId,
        seat: &SeatId,
        disposition: &Disposition,
    ) {
        self.disposal_done(at, call, disposition);
        let Some(record) = self.records.get_mut(&call) else { return };
        let Some(ended) = &mut record.ended else { return };
        ended.settled = true;
        let end = CallEnd { call, by: ended.by, disposition: disposition.clone(), at: ended.at };
        self.writes.push(Write::CallEnded(end));
        self.dispose_case(call, at, disposition);
        self.was_helped(at, call, Some(seat));
    }

    /// A call is disposed of: if it is by the disposal that ran, its closing is stored. A caller who
    /// hangs up meanwhile ends the call first, and what was said is said of it then.
    fn disposal_done(&mut self, at: Timestamp, call: CallId, disposition: &Disposition) {
        let Some(record) = self.records.get_mut(&call) else { return };
        let runs = record.pending.take_if(|closing| closing.disposition == *disposition);
        if let Some(closing) = runs {
            let closing = Closing { at, ..closing };
            record.closing = Some(closing.clone());
            self.writes.push(Write::Closed(closing));
        }
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
        if let Some(case) = self.records.get(&call).and_then(|record| record.case.clone()) {
            self.numbered_late(&case);
        }
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
