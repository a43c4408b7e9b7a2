//! A voice path that died while the call goes on: the hub is asked for a new leg, which is answered
//! without the operator, and the voice moves over to it (docs/adr/0009).
//!
//! A leg is dead when nothing comes over it for a second, when its media failed, or when its SIP
//! dialog was lost. Whatever the reason, the sockets may hang as well, so both are opened anew. A
//! desk that was started again, and is told that a call is its own, does the same.
//!
//! Only a leg of the very call that this desk has asked for is answered here.

use super::{Core, Effect, LinkHealth, Phone};
use siaga_hub_api::{CallView, ErrorCode, Phase, ToHub};
use siaga_model::{CallId, Timestamp};
use siaga_sip::DialogKey;
use std::time::Duration;

/// Pause between two askings: a leg takes less than this to come, and the hub keeps the call for
/// 3 s after the asking.
const ASK_AGAIN: Duration = Duration::from_millis(1_500);
/// A new leg whose media is not up after this is given up.
const NEW_LEG: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Rejoin {
    pub(super) call: CallId,
    /// The number of the last asking.
    said: Option<u64>,
    /// How often it was asked.
    asked: u32,
    again_at: Timestamp,
    leg: Option<NewLeg>,
}

#[derive(Debug)]
struct NewLeg {
    dialog: DialogKey,
    give_up_at: Timestamp,
}

impl Rejoin {
    /// To be asked for at once.
    pub(super) fn new(call: CallId, now: Timestamp) -> Self {
        Self { call, said: None, asked: 0, again_at: now, leg: None }
    }

    pub(super) fn leg(&self) -> Option<DialogKey> {
        self.leg.as_ref().map(|leg| leg.dialog)
    }
}

impl Core {
    pub(super) fn on_media_stalled(&mut self, stalled: DialogKey) {
        if let Phone::Connected { dialog, call } = self.phone
            && dialog == stalled
        {
            if self.is_local(call) {
                // Nobody could give it a new leg. What stalled may flow again, and who hangs up leaves
                // the caller; the PBX takes them back when it does not.
                return;
            }
            self.voice_path_is_dead(Some(call));
            self.refresh_call();
            self.leave_without_session();
        }
    }

    /// A short hole in the network, over before anything was asked: the leg is as good as new.
    pub(super) fn on_media_flows(&mut self, flows: DialogKey) {
        if self.phone.dialog() == Some(flows)
            && self.rejoin.as_ref().is_some_and(|rejoin| rejoin.said.is_none())
        {
            self.rejoin = None;
            self.refresh_call();
        }
    }

    /// Opens both sockets anew and asks for a new leg as soon as they stand, if the call is ours as
    /// far as is known. A dead leg of a call that is not ours is put away: the goodbye of the switch
    /// was lost, and the telephone must be free for the next caller.
    pub(super) fn voice_path_is_dead(&mut self, call: Option<CallId>) {
        let Some(call) = call.filter(|_| self.rejoin.is_none()) else { return };
        if !self.may_be_own(call) {
            return self.drop_legs();
        }
        self.rejoin = Some(Rejoin::new(call, self.clock));
        self.renew_hub();
        self.renew_phone();
    }

    /// The last view may be older than the answering of the call.
    fn may_be_own(&self, call: CallId) -> bool {
        let ringing = |seen: &CallView| {
            seen.call == call
                && matches!(&seen.phase, Phase::Ringing { seat, .. } if Some(seat) == self.me())
        };
        self.own_call() == Some(call)
            || (self.state.session.is_some() && self.state.view.is_none())
            || self.seen_call().is_some_and(ringing)
    }

    /// Connects what is cut off without waiting for the next attempt.
    pub(super) fn try_again(&mut self) {
        if matches!(self.state.hub, LinkHealth::Down { .. }) {
            self.give(Effect::ReconnectHub);
        }
        if matches!(self.state.sip, LinkHealth::Down { .. }) {
            self.give(Effect::ReconnectPhone);
        }
    }

    fn renew_hub(&mut self) {
        self.hub_is_away();
        self.give(Effect::ReconnectHub);
    }

    fn renew_phone(&mut self) {
        self.phone_is_away();
        self.give(Effect::ReconnectPhone);
    }

    /// The first view of a session: a call in it has lost its leg with the desk before this one.
    pub(super) fn look_for_own_call(&mut self) {
        let own = self.own_call();
        if std::mem::take(&mut self.look_for_call)
            && let Some(call) = own
            && self.phone == Phone::Idle
            && self.rejoin.is_none()
        {
            self.rejoin = Some(Rejoin::new(call, self.clock));
        }
        if self.rejoin.as_ref().is_some_and(|rejoin| own != Some(rejoin.call)) {
            self.stop_rejoining();
        }
        self.ask_to_rejoin();
    }

    /// The call is somebody else's, or over: what is left of our leg is put away.
    pub(super) fn stop_rejoining(&mut self) {
        let Some(call) = self.rejoin.as_ref().map(|rejoin| rejoin.call) else { return };
        if self.phone.call() == Some(call) {
            self.drop_legs();
        } else if let Some(leg) = self.rejoin.take().and_then(|rejoin| rejoin.leg()) {
            self.give(Effect::HangUp(leg));
        }
        self.refresh_call();
    }

    /// Asks for the new leg when it is time and both sockets stand.
    pub(super) fn ask_to_rejoin(&mut self) {
        let both = self.state.hub == LinkHealth::Up && self.state.sip == LinkHealth::Up;
        let now = self.clock;
        let Some(rejoin) = &mut self.rejoin else { return };
        if let Some(late) = rejoin.leg.take_if(|leg| leg.give_up_at <= now) {
            self.effects.push_back(Effect::HangUp(late.dialog));
        }
        if rejoin.leg.is_some() || !both || now < rejoin.again_at {
            return;
        }
        rejoin.again_at = now + ASK_AGAIN;
        if rejoin.said.is_some_and(|seq| self.post.waits(seq)) {
            // A socket that stands and carries nothing: the network went away again.
            return self.renew_hub();
        }
        rejoin.asked += 1;
        if rejoin.asked % 3 == 0 {
            // The hub has heard it twice and no leg came: it is the telephone that hears nothing.
            rejoin.again_at = now;
            return self.renew_phone();
        }
        let call = rejoin.call;
        let said = self.tell_hub(ToHub::Rejoin { call });
        if let Some(rejoin) = &mut self.rejoin {
            rejoin.said = said;
        }
    }

    /// What became of the call is in the view: [`siaga_hub_api::HubView::lost`].
    pub(super) fn on_rejoin_refused(&mut self, call: CallId, code: ErrorCode) {
        let over = matches!(code, ErrorCode::NotYours | ErrorCode::NoSuchCall);
        if over && self.rejoin.as_ref().is_some_and(|rejoin| rejoin.call == call) {
            self.stop_rejoining();
        }
    }

    /// Whether this ring is the new leg that was asked for; it is then on its way to be answered.
    pub(super) fn takes_new_leg(&mut self, dialog: DialogKey, call: CallId) -> bool {
        let give_up_at = self.clock + NEW_LEG;
        let Some(rejoin) = self.rejoin.as_mut().filter(|rejoin| rejoin.call == call) else {
            if self.phone == Phone::Idle {
                // Another call rings here: the one before cannot be ours any more.
                self.stop_rejoining();
            }
            return false;
        };
        if rejoin.said.is_none() {
            // The hub rings this seat as it would ring any: the operator decides.
            self.stop_rejoining();
            return false;
        }
        if let Some(older) = rejoin.leg.replace(NewLeg { dialog, give_up_at }) {
            self.effects.push_back(Effect::HangUp(older.dialog));
        }
        self.give(Effect::Ring(dialog));
        true
    }

    fn is_new_leg(&self, dialog: DialogKey) -> bool {
        self.rejoin.as_ref().and_then(Rejoin::leg) == Some(dialog)
    }

    fn forget_new_leg(&mut self) {
        if let Some(rejoin) = &mut self.rejoin {
            rejoin.leg = None;
        }
    }

    pub(super) fn new_leg_made(&mut self, dialog: DialogKey, failed: bool) -> bool {
        let mine = self.is_new_leg(dialog);
        if mine && failed {
            self.forget_new_leg();
            self.give(Effect::Reject { dialog, status: 488 });
        } else if mine {
            self.give(Effect::Answer(dialog));
        }
        mine
    }

    /// The new leg carries voice: the operator's moves over, muted if it was, and the old leg goes.
    pub(super) fn new_leg_up(&mut self, dialog: DialogKey) -> bool {
        if !self.is_new_leg(dialog) {
            return false;
        }
        let Some(rejoin) = self.rejoin.take() else { return false };
        let old = self.phone.dialog();
        self.phone = Phone::Connected { dialog, call: rejoin.call };
        self.refresh_call();
        let muted = self.state.call.as_ref().is_some_and(|call| call.muted);
        self.give(Effect::Talk { dialog, muted });
        if let Some(old) = old {
            self.give(Effect::HangUp(old));
        }
        true
    }

    pub(super) fn new_leg_ended(&mut self, dialog: DialogKey) -> bool {
        let mine = self.is_new_leg(dialog);
        if mine {
            self.forget_new_leg();
        }
        mine
    }
}
