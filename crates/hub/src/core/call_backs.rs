//! The call-back list: citizens who hung up, or were cut off, before a human could help. One open
//! entry a number, however often they called; a withheld number has one a call.
//!
//! An entry is settled by whatever an operator says of any call of that number, by a call back that
//! was answered and closed, or by an operator's word with a reason. Nothing else takes anybody off.

use super::desks::{Who, out_of_range};
use super::{AuditEvent, HubCore, calls::CallRecord};
use siaga_call_flow::{CallPhase, Input, Intent};
use siaga_hub_api::{ApiError, CallBackId, CallBackView, ErrorCode};
use siaga_hub_store::{CallBackRecord, OperatorName, SettledCallBack, Write};
use siaga_model::{
    CallBackFailure, CallFacts, CallId, Caller, Case, CaseStatus, Direction, EndedBy, Form, Level,
    Redacted, SeatId, Timestamp, UnitId,
};
use std::collections::BTreeMap;

/// How many open entries there may be. When there are more, the one that nobody has called for the
/// longest time is settled with that reason: so many cannot be called back by the seats of a Polda.
const OPEN_ENTRIES: usize = 10_000;
/// How many a view lists.
const SHOWN: usize = 50;
/// The reason of a settling, in characters.
const REASON: std::ops::RangeInclusive<usize> = 3..=2_000;
/// The draft with which a call back begins: what was typed before it.
const FIRST_REV: u64 = 1;

/// An open entry.
#[derive(Debug)]
struct Open {
    record: CallBackRecord,
    /// Who calls back just now, in which call.
    calling: Option<(SeatId, CallId)>,
    /// Why that call has come to nothing, just before it ends.
    failure: Option<CallBackFailure>,
}

impl Open {
    fn new(record: CallBackRecord) -> Self {
        Self { record, calling: None, failure: None }
    }
}

/// The open entries, by the first call in vain.
#[derive(Debug, Default)]
pub(super) struct CallBacks {
    open: BTreeMap<CallId, Open>,
}

impl CallBacks {
    pub(super) fn restore(&mut self, record: CallBackRecord) {
        self.open.insert(record.id, Open::new(record));
    }

    /// The open entry to which a call of this caller belongs.
    fn of(&self, call: CallId, caller: &Caller) -> Option<CallId> {
        match caller.key() {
            None => self.open.contains_key(&call).then_some(call),
            Some(key) => {
                let mut open = self.open.values();
                open.find(|open| open.record.number.as_ref() == Some(&key)).map(|o| o.record.id)
            }
        }
    }

    /// A call back outlived its hub: gives the entry that it belongs to.
    pub(super) fn taken_up(
        &mut self,
        call: CallId,
        caller: &Caller,
        seat: Option<&SeatId>,
    ) -> Option<CallBackId> {
        let id = self.of(call, caller)?;
        let open = self.open.get_mut(&id)?;
        open.calling = seat.map(|seat| (seat.clone(), call));
        Some(CallBackId(id))
    }

    /// What a unit has to call back, the one who has waited longest first.
    pub(super) fn views(&self, unit: &UnitId) -> Vec<CallBackView> {
        let mut mine: Vec<_> =
            self.open.values().filter(|open| open.record.unit == *unit).collect();
        mine.sort_by_key(|open| (open.record.first_at, open.record.id));
        mine.into_iter().take(SHOWN).map(view).collect()
    }
}

fn view(open: &Open) -> CallBackView {
    let record = &open.record;
    CallBackView {
        id: CallBackId(record.id),
        caller: record.caller.clone(),
        first_at: record.first_at,
        last_at: record.last_at,
        calls: record.calls,
        attempts: record.attempts,
        last_failure: record.last_failure,
        form: record.form.clone(),
        number: record.cases.last().cloned(),
        calling: open.calling.as_ref().map(|(seat, _)| seat.clone()),
    }
}

fn no_such_entry() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such entry")
}

impl HubCore {
    /// A call has ended, and nobody has said how it is disposed of: somebody has to call back.
    pub(super) fn list_caller(&mut self, at: Timestamp, call: CallId) {
        let Some(record) = self.records.get(&call) else { return };
        let id = self.call_backs.of(call, &record.facts.caller);
        let owner = record.writer.as_ref().and_then(|seat| self.seats.get(seat));
        let owner = owner.map(|seat| seat.unit.clone());
        let inbound = match record.facts.direction {
            Direction::Inbound => 1,
            Direction::CallBack => 0,
        };
        let mut entry = match id.and_then(|id| self.call_backs.open.remove(&id)) {
            Some(open) => open.record,
            None => {
                let Some(unit) = owner.clone().or_else(|| self.responsible_polda(call)) else {
                    return;
                };
                CallBackRecord {
                    id: call,
                    number: record.facts.caller.key(),
                    caller: record.facts.caller.clone(),
                    unit,
                    form: Form::default(),
                    cases: Vec::new(),
                    last_call: call,
                    first_at: at,
                    last_at: at,
                    calls: 0,
                    attempts: 0,
                    last_failure: None,
                    settled: None,
                }
            }
        };
        entry.last_call = call;
        entry.last_at = at;
        entry.calls += inbound;
        entry.caller = record.facts.caller.clone();
        if let Some(owner) = owner {
            entry.unit = owner;
        }
        if record.draft.rev > 0 {
            entry.form = record.draft.form.clone();
        }
        if let Some(case) = &record.case
            && !entry.cases.contains(&case.number)
        {
            entry.cases.push(case.number.clone());
        }
        let listed = AuditEvent::CallBackListed { entry: entry.id, call };
        self.audit(at, Some(call), &listed);
        self.keep_entry(entry);
        self.bound_entries(at);
    }

    /// A call back has come to nothing, and ends with this.
    pub(super) fn call_back_failed(&mut self, call: CallId, why: CallBackFailure) {
        let id = self.entry_called(call);
        if let Some(open) = id.and_then(|id| self.call_backs.open.get_mut(&id)) {
            open.failure = Some(why);
        }
    }

    /// A call back did not come to be: the entry stays.
    pub(super) fn not_reached(&mut self, call: CallId) {
        let Some(id) = self.entry_called(call) else { return };
        let typed = self.records.get(&call).filter(|record| record.draft.rev > FIRST_REV);
        let typed = typed.map(|record| record.draft.form.clone());
        let Some(Open { record: mut entry, failure, .. }) = self.call_backs.open.remove(&id) else {
            return;
        };
        entry.attempts += 1;
        entry.last_failure = failure;
        if let Some(form) = typed {
            entry.form = form;
        }
        self.keep_entry(entry);
    }

    /// An operator has said how a call of this person is disposed of: nobody has to call back.
    pub(super) fn was_helped(&mut self, at: Timestamp, call: CallId, seat: Option<&SeatId>) {
        let Some(record) = self.records.get(&call) else { return };
        let Some(id) = self.call_backs.of(call, &record.facts.caller) else { return };
        let operator = seat.and_then(|seat| self.operator_at(seat));
        let settled = SettledCallBack {
            at,
            seat: seat.cloned(),
            operator,
            call: Some(call),
            reason: Redacted::default(),
        };
        self.settle_entry(at, id, settled);
    }

    /// What was typed late in a call that is on the list.
    pub(super) fn typed_late(&mut self, call: CallId, form: &Form) {
        let Some(record) = self.records.get(&call).filter(|record| record.ended.is_some()) else {
            return;
        };
        let Some(id) = self.call_backs.of(call, &record.facts.caller) else { return };
        let Some(open) = self.call_backs.open.get_mut(&id) else { return };
        if open.record.last_call == call {
            open.record.form = form.clone();
            let entry = open.record.clone();
            self.writes.push(Write::CallBack(entry));
            self.sittings.all_dirty();
        }
    }

    /// A case was opened when its call had ended already.
    pub(super) fn numbered_late(&mut self, case: &Case) {
        let Some(record) = self.records.get(&case.call) else { return };
        let Some(id) = self.call_backs.of(case.call, &record.facts.caller) else { return };
        let Some(open) = self.call_backs.open.get_mut(&id) else { return };
        if !open.record.cases.contains(&case.number) {
            open.record.cases.push(case.number.clone());
            let entry = open.record.clone();
            self.writes.push(Write::CallBack(entry));
        }
    }

    /// An operator calls somebody of the list. `random`: 80 bits that were drawn for this.
    pub(super) fn call_back(
        &mut self,
        now: Timestamp,
        who: &Who,
        CallBackId(id): CallBackId,
        random: u128,
    ) -> Result<(), ApiError> {
        let unit = self.seats.get(&who.seat).map(|seat| seat.unit.clone());
        let open = self.call_backs.open.get(&id).ok_or_else(no_such_entry)?;
        let entry = &open.record;
        if unit.as_ref() != Some(&entry.unit) {
            return Err(ApiError::new(ErrorCode::NotYours, "another unit's entry"));
        }
        if entry.form.no_call_back {
            let why = "calling back could put this caller in danger";
            return Err(ApiError::new(ErrorCode::NotAllowed, why));
        }
        if entry.number.is_none() {
            return Err(out_of_range("number"));
        }
        if let Some((seat, _)) = &open.calling {
            let why = format!("{seat} is calling already");
            return Err(ApiError::new(ErrorCode::NotNow, why));
        }
        if self.is_on_the_line(&entry.caller) {
            return Err(ApiError::new(ErrorCode::NotNow, "this caller is on the line"));
        }
        let millis = u64::try_from(now.0).unwrap_or_default();
        let call = CallId::from_parts(millis, random);
        let facts = CallFacts {
            caller: entry.caller.clone(),
            arrived_at: now,
            direction: Direction::CallBack,
            ..CallFacts::default()
        };
        let mut record = CallRecord::new(facts.clone());
        record.draft = siaga_hub_api::Draft { rev: FIRST_REV, form: entry.form.clone() };
        record.call_back = Some(CallBackId(id));
        // Before the flow, whose events are about a call that must be there.
        let number = entry.caller.number.clone();
        let before = self.writes.len();
        self.writes.push(Write::CallArrived { call, facts });
        self.records.insert(call, record);
        let asked = AuditEvent::CallBackAsked { entry: id, call, seat: &who.seat };
        self.audit(now, Some(call), &asked);
        let input = Input::CallBack { seat: who.seat.clone(), call, number };
        if let Some(why) = self.tell_flow(now, input) {
            self.writes.truncate(before);
            self.records.remove(&call);
            return Err(super::desks::refusal(why));
        }
        if let Some(open) = self.call_backs.open.get_mut(&id) {
            open.calling = Some((who.seat.clone(), call));
        }
        self.writer_is(call, &who.seat);
        self.sittings.all_dirty();
        Ok(())
    }

    /// The operator who calls back does not wait any longer for an answer. A call back that has just
    /// come to nothing by itself needs no giving up.
    pub(super) fn give_up_call_back(
        &mut self,
        now: Timestamp,
        who: &Who,
        call: CallId,
    ) -> Result<(), ApiError> {
        match self.flow.call(call).map(|view| view.phase) {
            Some(CallPhase::CallingBack { .. }) => self.intend(now, who, call, Intent::Undo),
            Some(CallPhase::Ended { by: EndedBy::NotReached, .. }) => Ok(()),
            Some(_) | None => {
                Err(ApiError::new(ErrorCode::NotNow, "nobody is being called back in this call"))
            }
        }
    }

    /// An operator takes somebody off the list.
    pub(super) fn settle_call_back(
        &mut self,
        now: Timestamp,
        who: &Who,
        CallBackId(id): CallBackId,
        reason: String,
    ) -> Result<(), ApiError> {
        if !REASON.contains(&reason.trim().chars().count()) {
            return Err(out_of_range("reason"));
        }
        let unit = self.seats.get(&who.seat).map(|seat| seat.unit.clone());
        let open = self.call_backs.open.get(&id).ok_or_else(no_such_entry)?;
        if unit.as_ref() != Some(&open.record.unit) {
            return Err(ApiError::new(ErrorCode::NotYours, "another unit's entry"));
        }
        if open.calling.is_some() {
            return Err(ApiError::new(ErrorCode::NotNow, "this caller is being called"));
        }
        let settled = SettledCallBack {
            at: now,
            seat: Some(who.seat.clone()),
            operator: Some(who.operator.clone()),
            call: None,
            reason: Redacted::new(reason),
        };
        self.settle_entry(now, id, settled);
        Ok(())
    }

    /// The case that a call back goes on with, taken from the call in which it was opened.
    pub(super) fn continued_case(&mut self, call: CallId) -> Option<Case> {
        let CallBackId(id) = self.records.get(&call)?.call_back?;
        let number = self.call_backs.open.get(&id)?.record.cases.last()?.clone();
        let case = self.to_act_on.iter().find(|case| case.number == number)?.clone();
        let opened_in =
            self.records.values_mut().find(|record| record.case.as_ref() == Some(&case));
        if let Some(record) = opened_in {
            record.case = None;
        }
        self.writes.push(Write::CaseContinued { call, number });
        Some(case)
    }

    fn operator_at(&self, seat: &SeatId) -> Option<OperatorName> {
        self.sittings.get(seat).map(|sitting| sitting.operator.clone())
    }

    fn entry_called(&self, call: CallId) -> Option<CallId> {
        let CallBackId(id) = self.records.get(&call)?.call_back?;
        Some(id)
    }

    fn is_on_the_line(&self, caller: &Caller) -> bool {
        let wanted = caller.key();
        self.flow.calls().any(|call| match call.phase {
            CallPhase::Ended { .. } | CallPhase::Finishing { .. } => false,
            CallPhase::Queued { .. }
            | CallPhase::Ringing { .. }
            | CallPhase::Talking { .. }
            | CallPhase::Held { .. }
            | CallPhase::WithOutside { .. }
            | CallPhase::Transferring { .. }
            | CallPhase::CallingBack { .. } => self
                .records
                .get(&call.call)
                .is_some_and(|record| record.facts.caller.key() == wanted),
        })
    }

    fn keep_entry(&mut self, entry: CallBackRecord) {
        self.writes.push(Write::CallBack(entry.clone()));
        self.call_backs.open.insert(entry.id, Open::new(entry));
        self.sittings.all_dirty();
    }

    fn settle_entry(&mut self, at: Timestamp, id: CallId, settled: SettledCallBack) {
        let Some(Open { mut record, .. }) = self.call_backs.open.remove(&id) else { return };
        let event = AuditEvent::CallBackSettled {
            entry: id,
            seat: settled.seat.as_ref(),
            by_call: settled.call,
        };
        self.audit(at, Some(id), &event);
        record.settled = Some(settled);
        let cases = record.cases.clone();
        self.writes.push(Write::CallBack(record));
        for number in cases {
            self.nobody_calls_back(at, &number);
        }
        self.sittings.all_dirty();
    }

    /// A case that waited for a call back waits no longer.
    fn nobody_calls_back(&mut self, at: Timestamp, number: &siaga_model::CaseNumber) {
        let listed = self.to_act_on.iter().find(|case| case.number == *number);
        let Some(mut case) = listed.filter(|case| case.status == CaseStatus::CallBack).cloned()
        else {
            return;
        };
        case.status = CaseStatus::Closed;
        case.closed_at = Some(at);
        let known = self.records.values_mut().filter_map(|record| record.case.as_mut());
        for known in known.filter(|known| known.number == case.number) {
            *known = case.clone();
        }
        self.writes.push(Write::CaseChanged(case.clone()));
        self.list_case(case);
    }

    fn bound_entries(&mut self, at: Timestamp) {
        while self.call_backs.open.len() > OPEN_ENTRIES {
            let oldest = self.call_backs.open.values().min_by_key(|open| open.record.last_at);
            let Some(id) = oldest.map(|open| open.record.id) else { return };
            tracing::error!(entry = %id, "the call-back list is full, and its oldest entry goes");
            let reason = Redacted::new("the list was full".to_owned());
            let settled = SettledCallBack { at, seat: None, operator: None, call: None, reason };
            self.settle_entry(at, id, settled);
        }
    }

    /// The Polda that answers for a call which nobody had yet: that of the unit which came first for
    /// it, or else the one whose hub this is.
    fn responsible_polda(&self, call: CallId) -> Option<UnitId> {
        let mut unit = self.flow.call(call).and_then(|view| view.first_unit);
        while let Some(found) = unit.and_then(|id| self.units.get(&id)) {
            if found.level >= Level::Polda {
                return Some(found.id.clone());
            }
            unit = found.parent.clone();
        }
        // This hub's own Polda: the units of other Poldas are in the table too, for reports that
        // belong there, and nobody of theirs sits here.
        let ours = self.units.values().find(|unit| unit.code == self.polda_code);
        let highest = || {
            let seated = self.seats.values().filter_map(|seat| self.units.get(&seat.unit));
            seated.max_by_key(|unit| unit.level)
        };
        ours.or_else(highest).map(|unit| unit.id.clone())
    }
}
