//! A call that the PBX's own queue rings here because there is no hub (docs/adr/0015): a local form,
//! a number of this seat's own block, and one message that says all of it when the hub is back.
//!
//! It is answered by hand, like any call. What only a hub can do (hold, handing over, the silent-call
//! procedure) is refused meanwhile; closing hangs up.

use super::{Core, Effect, LinkHealth, Phone, hub_needed};
use crate::journal::Record;
use crate::state::{DeskError, LocalCall};
use serde::{Deserialize, Serialize};
use siaga_hub_api::{ErrorCode, ToHub};
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, Case, CaseNumber, CaseStatus, Disposition, NotReport,
    Priority, Redacted, SeatState, Timestamp, Validity,
};
use siaga_sip::DialogKey;

/// The local call, as it is kept on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Local {
    pub(crate) call: CallId,
    pub(crate) facts: CallFacts,
    /// What the PBX calls the caller's line.
    pub(crate) line: String,
    /// Given with the answer; `None` also when this seat has none left.
    pub(crate) number: Option<CaseNumber>,
    /// When it was answered.
    pub(crate) answered_at: Option<Timestamp>,
    /// When the caller was gone.
    pub(crate) over_at: Option<Timestamp>,
}

impl Core {
    /// The PBX's queue rings. `call` is a name of our own for it.
    pub(super) fn on_local_ring(
        &mut self,
        dialog: DialogKey,
        call: CallId,
        caller: Redacted<String>,
        line: String,
    ) {
        // A voice path that died is asked for at a hub; there is none, and its caller may be this one.
        let is_free = self.phone == Phone::Idle;
        if !is_free || self.state.session.is_none() || self.wants_nothing() {
            return self.give(Effect::Reject { dialog, status: 486 });
        }
        self.stop_rejoining();
        self.finish_local();
        let status =
            if caller.expose().is_empty() { CallerStatus::Withheld } else { CallerStatus::Claimed };
        let caller = Caller { number: caller, status };
        let facts = CallFacts { caller, arrived_at: self.state.now, ..CallFacts::default() };
        let (number, answered_at, over_at) = (None, None, None);
        self.local = Some(Local { call, facts, line, number, answered_at, over_at });
        self.phone = Phone::Ringing { dialog, call, made: false, answered: false };
        self.keep_local();
        self.give(Effect::Ring(dialog));
        self.refresh_call();
    }

    /// As far as the hub has last shown. The queue of the PBX does not know who pauses.
    fn wants_nothing(&self) -> bool {
        self.seat_state().is_some_and(|state| state == SeatState::Paused) && !self.paused_for_local
    }

    fn seat_state(&self) -> Option<SeatState> {
        self.state.view.as_ref().map(|view| view.seat.state)
    }

    pub(super) fn is_local(&self, call: CallId) -> bool {
        self.local.as_ref().is_some_and(|local| local.call == call)
    }

    /// The operator has answered: from here on it has a form and a number.
    pub(super) fn local_answered(&mut self, call: CallId) {
        if !self.is_local(call) {
            return;
        }
        let number = self.numbers.give();
        self.keep_numbers();
        let now = self.state.now;
        if let Some(local) = &mut self.local {
            local.number = number;
            local.answered_at = Some(now);
        }
        self.keep_local();
        self.pause_for_local();
    }

    /// A hub that is there does not know of this call, and is to ring another seat meanwhile.
    pub(super) fn pause_for_local(&mut self) {
        let is_up = self.local.as_ref().is_some_and(|local| local.answered_at.is_some());
        let wants = self.seat_state().is_some_and(|state| match state {
            SeatState::Ready | SeatState::Ringing | SeatState::Talking | SeatState::AfterCall => {
                true
            }
            SeatState::Offline | SeatState::Paused | SeatState::NotAnswering => false,
        });
        if is_up && wants && self.state.hub == LinkHealth::Up && !self.paused_for_local {
            self.paused_for_local = true;
            self.tell_hub(ToHub::Pause);
        }
    }

    /// The leg of the local call is gone; says whether it was that one. What was not answered never
    /// was; what was is written up.
    pub(super) fn local_ended(&mut self, dialog: DialogKey) -> bool {
        let Some(call) = self.phone.call().filter(|call| self.is_local(*call)) else {
            return false;
        };
        if self.phone.dialog() != Some(dialog) {
            return false;
        }
        self.phone = Phone::Idle;
        self.local_is_over(call);
        self.refresh_call();
        true
    }

    fn local_is_over(&mut self, call: CallId) {
        let now = self.state.now;
        let Some(local) = self.local.as_mut().filter(|local| local.call == call) else { return };
        if local.answered_at.is_some() {
            local.over_at.get_or_insert(now);
        } else {
            self.local = None;
        }
        self.keep_local();
    }

    /// What only a hub can do is refused; says whether it was.
    pub(super) fn local_refuses(&mut self, what: &str) -> bool {
        let shown = self.state.call.as_ref().map(|call| call.call);
        let refuses = shown.is_some_and(|call| self.is_local(call));
        if refuses {
            self.complain(hub_needed(what));
        }
        refuses
    }

    /// The operator closes; the line is hung up.
    pub(super) fn close_local(&mut self, disposition: Disposition, note: String) {
        if disposition == (Disposition::NotReport { reason: NotReport::Silent }) {
            // Nobody could ask the line for a sign.
            let (code, detail) = (ErrorCode::CheckSilenceFirst, String::new());
            return self.complain(DeskError::Hub { code, detail });
        }
        let Some(local) = self.local.clone().filter(|local| local.answered_at.is_some()) else {
            return self.complain(DeskError::NotNow);
        };
        if self.phone.call() == Some(local.call) {
            self.drop_legs();
        }
        self.say_local(local, disposition, note);
        self.refresh_call();
    }

    /// Nobody has said how it is disposed of: somebody has to call back.
    pub(super) fn finish_local(&mut self) {
        let Some(local) = self.local.clone() else { return };
        if local.answered_at.is_some() {
            self.say_local(local, Disposition::Abandoned, String::new());
        } else {
            self.local = None;
            self.keep_local();
        }
    }

    fn say_local(&mut self, local: Local, disposition: Disposition, note: String) {
        let call = local.call;
        let shown = self.state.call.as_ref().filter(|shown| shown.call == call);
        let form = shown.map(|shown| shown.form.clone());
        let form = form.or_else(|| self.forms.get(&call).map(|draft| draft.form.clone()));
        let form = form.unwrap_or_default();
        let verdict = shown.and_then(|shown| shown.advice.as_ref()).map(|advice| &advice.verdict);
        let validity = verdict.map_or(Validity::Valid, |verdict| verdict.validity);
        let advised = verdict.map(|verdict| verdict.priority);
        let priority = form.priority.or(advised).unwrap_or(Priority::P2);
        let now = self.state.now;
        self.local = None;
        self.keep_local();
        match (local.number, self.me().cloned().or_else(|| self.saved_seat())) {
            (Some(number), Some(opened_by)) => {
                let case = Case {
                    number,
                    call,
                    form,
                    validity,
                    priority,
                    unit: None,
                    disposition: Some(disposition),
                    status: CaseStatus::Open,
                    opened_by,
                    opened_at: local.answered_at.unwrap_or(now),
                    closed_at: Some(local.over_at.unwrap_or(now)),
                };
                let (case, facts) = (Box::new(case), Box::new(local.facts));
                self.tell_hub(ToHub::OfflineCase { case, facts, note, line: Some(local.line) });
            }
            // A seat without numbers: what was typed stays on the screen.
            (None, _) | (_, None) => self.keep_form(call, 1, form),
        }
        if std::mem::take(&mut self.paused_for_local) {
            self.tell_hub(ToHub::Ready);
        }
    }

    fn saved_seat(&self) -> Option<siaga_model::SeatId> {
        self.saved.as_ref().map(|saved| saved.seat.clone())
    }

    /// A desk that was killed in the middle of a local call: the caller is gone from here.
    pub(super) fn restore_local(&mut self, local: Option<Local>) {
        self.local = local;
        if let Some(call) = self.local.as_ref().map(|local| local.call) {
            self.local_is_over(call);
        }
    }

    fn keep_local(&mut self) {
        self.state.local = self.local.as_ref().map(|local| LocalCall {
            call: local.call,
            facts: local.facts.clone(),
            number: local.number.clone(),
            over_at: local.over_at,
        });
        let local = self.local.clone().map(Box::new);
        self.give(Effect::Keep(Record::Local(local)));
    }
}
