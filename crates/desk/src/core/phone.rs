//! This desk's telephone: one call at a time, answered by hand unless the desk itself asked for it.

use super::{Core, Effect};
use crate::state::{DeskError, PhoneState};
use siaga_hub_api::Phase;
use siaga_model::CallId;
use siaga_sip::DialogKey;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phone {
    Idle,
    Ringing { dialog: DialogKey, call: CallId, made: bool, answered: bool },
    Connecting { dialog: DialogKey, call: CallId },
    Connected { dialog: DialogKey, call: CallId },
}

impl Phone {
    pub(super) fn dialog(self) -> Option<DialogKey> {
        match self {
            Self::Idle => None,
            Self::Ringing { dialog, .. }
            | Self::Connecting { dialog, .. }
            | Self::Connected { dialog, .. } => Some(dialog),
        }
    }

    pub(super) fn call(self) -> Option<CallId> {
        match self {
            Self::Idle => None,
            Self::Ringing { call, .. }
            | Self::Connecting { call, .. }
            | Self::Connected { call, .. } => Some(call),
        }
    }

    pub(super) fn shown(self) -> PhoneState {
        match self {
            Self::Idle => PhoneState::Gone,
            Self::Ringing { answered: false, .. } => PhoneState::Ringing,
            Self::Ringing { answered: true, .. } | Self::Connecting { .. } => {
                PhoneState::Connecting
            }
            Self::Connected { .. } => PhoneState::Connected,
        }
    }

    /// Whether a leg was answered here and is not over.
    pub(super) fn is_answered(self) -> bool {
        match self {
            Self::Idle | Self::Ringing { .. } => false,
            Self::Connecting { .. } | Self::Connected { .. } => true,
        }
    }
}

impl Core {
    pub(super) fn on_incoming(&mut self, dialog: DialogKey, call: Option<CallId>) {
        if call.is_some_and(|call| self.takes_new_leg(dialog, call)) {
            return;
        }
        match (self.phone, call) {
            (Phone::Idle, Some(call)) => {
                self.finish_local();
                self.phone = Phone::Ringing { dialog, call, made: false, answered: false };
                self.give(Effect::Ring(dialog));
                self.refresh_call();
                self.answer_call_back();
            }
            (Phone::Idle, None) => self.give(Effect::Reject { dialog, status: 480 }),
            (Phone::Ringing { .. } | Phone::Connecting { .. } | Phone::Connected { .. }, _) => {
                self.give(Effect::Reject { dialog, status: 486 });
            }
        }
    }

    pub(super) fn on_media_made(&mut self, dialog: DialogKey, error: Option<String>) {
        if self.new_leg_made(dialog, error.is_some()) {
            return;
        }
        let Phone::Ringing { dialog: ringing, call, answered, .. } = self.phone else { return };
        if ringing != dialog {
            return;
        }
        if let Some(detail) = error {
            self.refuse(dialog, 488);
            return self.complain(DeskError::Phone { detail });
        }
        self.phone = Phone::Ringing { dialog, call, made: true, answered };
        if answered {
            self.pick_up(dialog, call);
        }
        self.refresh_call();
    }

    pub(super) fn on_media_up(&mut self, up: DialogKey) {
        if self.new_leg_up(up) {
            return;
        }
        if let Phone::Connecting { dialog, call } = self.phone
            && dialog == up
        {
            self.phone = Phone::Connected { dialog, call };
            self.refresh_call();
        }
    }

    pub(super) fn on_phone_ended(&mut self, ended: DialogKey, lost: bool) {
        if self.local_ended(ended) {
            return self.leave_without_session();
        }
        if self.new_leg_ended(ended) || self.phone.dialog() != Some(ended) {
            return;
        }
        let was = std::mem::replace(&mut self.phone, Phone::Idle);
        if lost && was.is_answered() {
            self.voice_path_is_dead(was.call());
        } else if self.rejoin.is_none() {
            self.call_back = None;
        }
        self.refresh_call();
        self.leave_without_session();
    }

    /// F9, or the desk itself for a call that it asked for.
    pub(super) fn answer(&mut self) {
        match &mut self.phone {
            Phone::Ringing { answered, made, dialog, call } if !*answered => {
                *answered = true;
                let (made, dialog, call) = (*made, *dialog, *call);
                if made {
                    self.pick_up(dialog, call);
                }
                self.refresh_call();
            }
            // F9 does nothing while talking (ui.md): no complaint either.
            Phone::Ringing { .. } | Phone::Connecting { .. } | Phone::Connected { .. } => {}
            Phone::Idle => self.complain(DeskError::NotNow),
        }
    }

    pub(super) fn decline(&mut self) {
        match self.phone {
            // Busy here, as softphones say it: 603 would speak for every seat of the unit (RFC 3261
            // section 21.6.2).
            Phone::Ringing { dialog, answered: false, .. } => self.refuse(dialog, 486),
            Phone::Idle
            | Phone::Ringing { answered: true, .. }
            | Phone::Connecting { .. }
            | Phone::Connected { .. } => self.complain(DeskError::NotNow),
        }
    }

    /// Refuses the call that rings; for this desk it is over.
    fn refuse(&mut self, dialog: DialogKey, status: u16) {
        self.give(Effect::Reject { dialog, status });
        if self.local_ended(dialog) {
            return;
        }
        self.phone = Phone::Idle;
        self.refresh_call();
    }

    fn pick_up(&mut self, dialog: DialogKey, call: CallId) {
        self.phone = Phone::Connecting { dialog, call };
        self.local_answered(call);
        let muted = self.state.call.as_ref().is_some_and(|shown| shown.muted);
        self.give(Effect::Answer(dialog));
        self.give(Effect::Talk { dialog, muted });
    }

    /// Answers the leg of a call back that the operator of this desk asked for. The ring alone is
    /// not enough: it could be another caller's. The hub's view says which call it is.
    pub(super) fn answer_call_back(&mut self) {
        let (Some(asked), Phone::Ringing { call, answered: false, .. }) =
            (self.call_back, self.phone)
        else {
            return;
        };
        let Some(seen) = self.seen_call().filter(|seen| seen.call == call) else { return };
        let entry = seen.call_back.is_none_or(|entry| entry == asked.entry);
        if entry
            && matches!(&seen.phase, Phase::CallingBack { seat, .. } if Some(seat) == self.me())
        {
            self.answer();
        }
    }

    /// Hangs up whatever leg there is, without waiting for the switch to agree.
    pub(super) fn drop_legs(&mut self) {
        if let Some(leg) = self.rejoin.take().and_then(|rejoin| rejoin.leg()) {
            self.give(Effect::HangUp(leg));
        }
        if let Some(dialog) = self.phone.dialog() {
            self.give(Effect::HangUp(dialog));
            self.phone = Phone::Idle;
        }
    }
}
