//! What desks say, and what becomes of it.

use super::calls::CallRecord;
use super::offline::OfflineCase;
use super::{AuditEvent, ConnectionId, Effect, HubCore, SessionId, Ticket, numbers};
use siaga_call_flow::{FlowEvent, Handover, Input, Intent, Refusal, SeatChange};
use siaga_hub_api::{
    ApiError, Draft, ErrorCode, HandoverChoice, OutsideTarget, Sequenced, ToDesk, ToHub,
};
use siaga_hub_store::{Closing, OverrideRecord, StoredDraft, Write};
use siaga_model::{
    Advice, CallId, Disposition, EndedBy, Form, NotReport, Redacted, Role, SeatId, Timestamp,
    UnitId, Validity,
};

/// Ranges of the fields of a form, in characters.
const LIMITS: [(&str, usize); 6] = [
    ("location", 500),
    ("narrative", 8_000),
    ("area_code", 13),
    ("kind", 100),
    ("reporter_name", 200),
    ("reporter_relation", 200),
];
/// The note of a closing.
pub(super) const NOTE_LIMIT: usize = 4_000;
/// The reason of an override.
const REASON: std::ops::RangeInclusive<usize> = 3..=2_000;

/// Who said it.
pub(super) struct Who {
    session: SessionId,
    pub(super) seat: SeatId,
    pub(super) operator: siaga_hub_store::OperatorName,
}

type Answer = Result<(), ApiError>;

impl HubCore {
    /// A desk's message. A number that was taken before is acknowledged again and not done again,
    /// also by the next hub: that it was taken is stored with what it caused. `random`: 80 bits
    /// drawn for this message.
    pub(crate) fn desk_says(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        said: Sequenced<ToHub>,
        random: u128,
    ) {
        let Some((seat, sitting)) = self.sittings.by_connection(connection) else { return };
        let new = sitting.is_new(said.seq);
        let who = Who {
            session: sitting.session,
            seat: seat.clone(),
            operator: sitting.operator.clone(),
        };
        let token = sitting.token.clone();
        let answer = if new {
            self.writes.push(Write::Taken { token, seq: said.seq });
            self.take(now, &who, said.message, random)
        } else {
            Ok(())
        };
        match answer {
            Ok(()) => self.commit(Some(Ticket { session: who.session, seq: said.seq })),
            Err(error) => {
                self.commit(None);
                let message = ToDesk::Refused { seq: said.seq, error };
                self.effects.push_back(Effect::Send { to: connection, message });
            }
        }
    }

    fn take(&mut self, now: Timestamp, who: &Who, message: ToHub, random: u128) -> Answer {
        match message {
            ToHub::Ready => {
                self.seat(now, who.seat.clone(), SeatChange::Ready);
                Ok(())
            }
            ToHub::Pause => {
                self.seat(now, who.seat.clone(), SeatChange::Pause);
                Ok(())
            }
            ToHub::Draft { call, rev, form } => self.draft(now, who, call, rev, form),
            ToHub::Advice { call, advice } => self.advised(who, call, advice),
            ToHub::Override { call, validity, reason } => {
                self.overridden(now, who, call, validity, reason)
            }
            ToHub::Transfer { call, unit, handover } => {
                let handover = handover.map(|choice| match choice {
                    HandoverChoice::Together => Handover::Together,
                    HandoverChoice::Music => Handover::Music,
                });
                self.intend(now, who, call, Intent::Transfer { unit, handover })
            }
            ToHub::TakeBack { call } => self.intend(now, who, call, Intent::TakeBack),
            ToHub::CallOutside { call, to } => self.call_outside(now, who, call, &to),
            ToHub::DropOutside { call } => self.intend(now, who, call, Intent::DropOutside),
            ToHub::Release { call } => self.intend(now, who, call, Intent::Release),
            ToHub::Hold { call } => self.intend(now, who, call, Intent::Hold),
            ToHub::Resume { call } => self.intend(now, who, call, Intent::Resume),
            ToHub::Rejoin { call } => self.intend(now, who, call, Intent::Rejoin),
            ToHub::CheckSilence { call } => self.intend(now, who, call, Intent::CheckSilence),
            ToHub::Undo { call } => self.intend(now, who, call, Intent::Undo),
            ToHub::Dispose { call, disposition, note } => {
                let closing = self.closing(now, who, call, disposition, note)?;
                self.dispose(now, who, closing)
            }
            ToHub::CallBack { entry } => self.call_back(now, who, entry, random),
            ToHub::SettleCallBack { entry, reason } => {
                self.settle_call_back(now, who, entry, reason)
            }
            ToHub::OfflineCase { case, facts, note, line } => {
                let taken = OfflineCase { case: *case, facts: *facts, note, line };
                self.offline_case(now, who, taken)
            }
            ToHub::Close { call, disposition: Disposition::NotReached, .. } => {
                self.give_up_call_back(now, who, call)
            }
            ToHub::Close { call, disposition, note } => {
                let closing = self.closing(now, who, call, disposition, note)?;
                self.close(now, who, closing)
            }
            ToHub::FollowUp { number, kind, text } => self.follow_up(now, who, &number, kind, text),
            ToHub::ShiftNote { text } => self.shift_note(now, who, &text),
            ToHub::LeaseCases => self.lease_more(now, who),
        }
    }

    pub(super) fn intend(
        &mut self,
        now: Timestamp,
        who: &Who,
        call: CallId,
        intent: Intent,
    ) -> Answer {
        let input = Input::Operator { seat: who.seat.clone(), call, intent };
        match self.tell_flow(now, input) {
            None => Ok(()),
            Some(why) => Err(refusal(why)),
        }
    }

    /// Somebody outside is called, if the dial plan lets this operator.
    fn call_outside(
        &mut self,
        now: Timestamp,
        who: &Who,
        call: CallId,
        to: &OutsideTarget,
    ) -> Answer {
        let role = self.sittings.get(&who.seat).map_or_else(Role::default, |sitting| sitting.role);
        let Some(party) = self.dial.party(role, to) else {
            let why = match to {
                OutsideTarget::Service { .. } => "no such service in the dial plan of this role",
                OutsideTarget::Number { .. } => {
                    "no pattern of the dial plan lets this role call it"
                }
            };
            return Err(ApiError::new(ErrorCode::MayNotCall, why));
        };
        self.intend(now, who, call, Intent::CallOutside(party))
    }

    fn draft(&mut self, now: Timestamp, who: &Who, call: CallId, rev: u64, form: Form) -> Answer {
        self.check_form(&form)?;
        if let Err(error) = self.check_writer(who, call) {
            let had_it = |record: &CallRecord| record.former.contains(&who.seat);
            if self.records.get(&call).is_some_and(had_it) {
                let seat = who.seat.clone();
                self.writes.push(Write::LateDraft(StoredDraft { call, seat, rev, form, at: now }));
            }
            return Err(error);
        }
        let Some(record) = self.records.get_mut(&call) else { return Err(no_such_call()) };
        if rev <= record.draft.rev {
            // Older than what is stored: nothing to do, and nothing to complain about.
            return Ok(());
        }
        let picked = form.unit.clone();
        self.typed_late(call, &form);
        let Some(record) = self.records.get_mut(&call) else { return Err(no_such_call()) };
        record.draft = Draft { rev, form: form.clone() };
        if let Some(case) = &mut record.case {
            case.form = form.clone();
            let case = case.clone();
            self.list_case(case);
        }
        let stored = StoredDraft { call, seat: who.seat.clone(), rev, form, at: now };
        self.writes.push(Write::Draft(stored));
        self.judge_again(call);
        self.sittings.dirty_where_shown(call);
        if self.flow.call(call).is_some_and(|view| view.picked != picked)
            && self.flow.owner(call) == Some(&who.seat)
        {
            // Refused only while a transfer runs, whose unit sees the form anyway.
            let _ = self.intend(now, who, call, Intent::PickUnit(picked));
        }
        Ok(())
    }

    fn advised(&mut self, who: &Who, call: CallId, advice: Advice) -> Answer {
        self.check_writer(who, call)?;
        let Some(record) = self.records.get_mut(&call) else { return Err(no_such_call()) };
        if record.advice.as_ref().is_none_or(|known| known.draft_rev <= advice.draft_rev) {
            record.advice = Some(advice.clone());
        }
        self.writes.push(Write::Advice { call, seat: who.seat.clone(), advice });
        self.judge_again(call);
        self.sittings.dirty_where_shown(call);
        Ok(())
    }

    fn overridden(
        &mut self,
        now: Timestamp,
        who: &Who,
        call: CallId,
        validity: Validity,
        reason: String,
    ) -> Answer {
        if !REASON.contains(&reason.trim().chars().count()) {
            return Err(out_of_range("reason"));
        }
        self.check_writer(who, call)?;
        let Some(record) = self.records.get_mut(&call) else { return Err(no_such_call()) };
        record.overridden = Some(validity);
        self.writes.push(Write::Override(OverrideRecord {
            call,
            seat: who.seat.clone(),
            operator: who.operator.clone(),
            validity,
            reason: Redacted::new(reason),
            at: now,
        }));
        self.audit(now, Some(call), &AuditEvent::Overridden { call, seat: &who.seat, validity });
        self.judge_again(call);
        self.sittings.dirty_where_shown(call);
        Ok(())
    }

    /// A closing as a desk said it, if it makes sense.
    fn closing(
        &self,
        now: Timestamp,
        who: &Who,
        call: CallId,
        disposition: Disposition,
        note: String,
    ) -> Result<Closing, ApiError> {
        if note.chars().count() > NOTE_LIMIT {
            return Err(out_of_range("note"));
        }
        match &disposition {
            Disposition::HandledByUnit { unit } | Disposition::ForwardedToUnit { unit } => {
                self.check_unit(unit)?;
            }
            Disposition::NotReport { .. } | Disposition::Information | Disposition::HandledHere => {
            }
            // Only a caller abandons a call, and what does not reach anybody is given up, not closed.
            Disposition::Abandoned | Disposition::NotReached => {
                return Err(out_of_range("disposition"));
            }
        }
        Ok(Closing {
            call,
            seat: who.seat.clone(),
            operator: who.operator.clone(),
            disposition,
            note: Redacted::new(note),
            at: now,
        })
    }

    /// Ends the call in some seconds; one that has ended has nothing that could be undone.
    fn dispose(&mut self, now: Timestamp, who: &Who, closing: Closing) -> Answer {
        let call = closing.call;
        if !self.is_live(call) {
            return self.close(now, who, closing);
        }
        // Before the flow, which may end it at once.
        let record = self.records.get_mut(&call).ok_or_else(no_such_call)?;
        let earlier = record.pending.replace(closing.clone());
        let followed = self.intend(now, who, call, Intent::Dispose(closing.disposition));
        if followed.is_err()
            && let Some(record) = self.records.get_mut(&call)
        {
            record.pending = earlier;
        }
        followed
    }

    fn close(&mut self, now: Timestamp, who: &Who, closing: Closing) -> Answer {
        let (call, disposition) = (closing.call, closing.disposition.clone());
        let again = self.records.get(&call).and_then(|record| record.closing.as_ref()).is_some_and(
            |known| known.seat == closing.seat && known.disposition == closing.disposition,
        );
        if again {
            self.close_again(call, closing);
            return Ok(());
        }
        // Before the flow, so that the case which it ends is settled with this disposition.
        let (earlier, disposing) = match self.records.get_mut(&call) {
            Some(record) => (record.closing.replace(closing.clone()), record.pending.take()),
            None => (None, None),
        };
        let mut followed = self.intend(now, who, call, Intent::Close(disposition.clone()));
        if followed.is_err() && self.is_of_the_last_hub(who, call) {
            followed = self.close_of_the_last_hub(now, who, call, disposition);
        }
        let Some(record) = self.records.get_mut(&call) else { return followed };
        let ended_by = record.ended.as_ref().map(|ended| ended.by);
        match (&followed, ended_by) {
            // The operator has given up calling back: nobody was there to be disposed of.
            (Ok(()), Some(EndedBy::NotReached)) => record.closing = earlier,
            (Ok(()), Some(EndedBy::Closing | EndedBy::Caller | EndedBy::SwitchLost) | None) => {
                self.writes.push(Write::Closed(closing));
            }
            (Err(_), _) => {
                record.closing = earlier;
                record.pending = disposing;
            }
        }
        followed
    }

    /// A call that ended before this hub began, with this seat's operator, who has not said how it
    /// is disposed of.
    fn is_of_the_last_hub(&self, who: &Who, call: CallId) -> bool {
        let Some(record) = self.records.get(&call) else { return false };
        let unsettled = record.ended.as_ref().is_some_and(|ended| !ended.settled);
        unsettled && record.writer.as_ref() == Some(&who.seat) && self.flow.call(call).is_none()
    }

    fn close_of_the_last_hub(
        &mut self,
        now: Timestamp,
        who: &Who,
        call: CallId,
        disposition: Disposition,
    ) -> Answer {
        // Whether the procedure ran to its end there is not known here.
        if disposition == (Disposition::NotReport { reason: NotReport::Silent }) {
            return Err(refusal(Refusal::CheckSilenceFirst));
        }
        self.happened(now, FlowEvent::Disposed { call, seat: who.seat.clone(), disposition });
        Ok(())
    }

    /// A closing that took place but could not be stored then comes again: store all of it again.
    fn close_again(&mut self, call: CallId, closing: Closing) {
        let Some(record) = self.records.get(&call) else { return };
        if let Some(ended) = &record.ended {
            self.writes.push(Write::CallEnded(siaga_hub_store::CallEnd {
                call,
                by: ended.by,
                disposition: closing.disposition.clone(),
                at: ended.at,
            }));
        }
        self.writes.push(Write::Closed(closing));
        self.case_changed(call);
    }

    fn lease_more(&mut self, now: Timestamp, who: &Who) -> Answer {
        let day = self.today(now);
        if self.numbers.left(&who.seat, day) >= numbers::ENOUGH {
            return Err(ApiError::new(ErrorCode::NotNow, "this seat has numbers enough"));
        }
        let lease = Effect::Lease { seat: who.seat.clone(), day, count: numbers::BLOCK };
        self.effects.push_back(lease);
        Ok(())
    }

    fn check_writer(&self, who: &Who, call: CallId) -> Answer {
        let record = self.records.get(&call).ok_or_else(no_such_call)?;
        if record.writer.as_ref() == Some(&who.seat) {
            Ok(())
        } else {
            Err(ApiError::new(ErrorCode::NotYours, "another seat writes this form"))
        }
    }

    pub(super) fn check_unit(&self, unit: &UnitId) -> Answer {
        if self.units.contains_key(unit) {
            Ok(())
        } else {
            Err(ApiError::new(ErrorCode::NoSuchUnit, format!("there is no unit {unit}")))
        }
    }

    pub(super) fn check_form(&self, form: &Form) -> Answer {
        let texts = [
            form.location.expose(),
            form.narrative.expose(),
            &form.area_code,
            &form.kind,
            form.reporter_name.expose(),
            form.reporter_relation.expose(),
        ];
        for ((field, limit), text) in LIMITS.into_iter().zip(texts) {
            if text.chars().count() > limit {
                return Err(out_of_range(field));
            }
        }
        if let Some(point) = form.point
            && !((-90.0..=90.0).contains(&point.lat) && (-180.0..=180.0).contains(&point.lng))
        {
            return Err(out_of_range("point"));
        }
        form.unit.as_ref().map_or(Ok(()), |unit| self.check_unit(unit))
    }
}

pub(super) fn refusal(why: Refusal) -> ApiError {
    let code = match why {
        Refusal::NoSuchCall => ErrorCode::NoSuchCall,
        Refusal::NotYours => ErrorCode::NotYours,
        Refusal::NotNow => ErrorCode::NotNow,
        Refusal::NoSuchUnit => ErrorCode::NoSuchUnit,
        Refusal::CheckSilenceFirst => ErrorCode::CheckSilenceFirst,
    };
    ApiError::new(code, why.to_string())
}

fn no_such_call() -> ApiError {
    ApiError::new(ErrorCode::NoSuchCall, Refusal::NoSuchCall.to_string())
}

pub(super) fn out_of_range(field: &str) -> ApiError {
    ApiError::new(ErrorCode::OutOfRange, field)
}
