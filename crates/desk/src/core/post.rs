//! What this desk has said and the hub has not yet taken: numbered, repeated, kept on the disk.
//!
//! What waits when a session ends is left with the name of who said it, and goes out when the same
//! operator sits down again at this seat of this hub. Nobody else's name is ever put under it.

use super::{Core, Effect, hub_error};
use crate::journal::{Left, Owner, Record};
use crate::state::{DeskError, KeptForm, LinkHealth};
use siaga_hub_api::{ApiError, ErrorCode, Outbox, Sequenced, ToHub};
use siaga_model::{CallId, Form};
use std::collections::BTreeSet;

/// How many numbers are reserved at a time. A desk that was killed does not know which numbers it
/// had given last, and a number that the hub has taken before is not taken again: so it goes on
/// behind all that were reserved.
const RESERVE: u64 = 1_000;
/// How many messages of ended sessions are left; then the oldest goes.
const LEFT: usize = 512;
/// How many forms that no hub takes are shown; then the oldest goes.
const KEPT: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Post {
    outbox: Outbox,
    reserved: u64,
    /// The numbers of what is on the disk.
    on_disk: BTreeSet<u64>,
    left: Vec<(u64, Left)>,
    /// The last name given in `left`.
    last_left: u64,
}

impl Post {
    pub(super) fn restore(
        reserved: u64,
        waiting: Vec<Sequenced<ToHub>>,
        left: Vec<(u64, Left)>,
    ) -> Self {
        Self {
            on_disk: waiting.iter().map(|message| message.seq).collect(),
            last_left: left.iter().map(|(n, _)| *n).max().unwrap_or(0),
            outbox: Outbox::restore(reserved, waiting),
            reserved,
            left,
        }
    }

    pub(super) fn reconnected(&mut self) {
        self.outbox.reconnected();
    }

    pub(super) fn waits(&self, seq: u64) -> bool {
        self.outbox.waiting().any(|message| message.seq == seq)
    }

    /// Whether this call's form waits for the hub.
    pub(super) fn has_draft(&self, id: CallId) -> bool {
        let draft = |message: &Sequenced<ToHub>| matches!(&message.message, ToHub::Draft { call, .. } if *call == id);
        self.outbox.waiting().any(draft)
    }

    /// The oldest revision of this call's form that the hub has not said to have stored.
    pub(super) fn first_draft(&self, id: CallId) -> Option<u64> {
        self.outbox.waiting().find_map(|message| match &message.message {
            ToHub::Draft { call, rev, .. } if *call == id => Some(*rev),
            _ => None,
        })
    }

    /// Whether this call's closing waits for the hub.
    pub(super) fn has_closing(&self, id: CallId) -> bool {
        let close = |message: &Sequenced<ToHub>| matches!(&message.message, ToHub::Close { call, .. } if *call == id);
        self.outbox.waiting().any(close)
    }
}

impl Core {
    /// Says this to the hub, now or when its socket stands; gives its number, or `None` when there
    /// is no more room, which the operator is told.
    pub(super) fn tell_hub(&mut self, message: ToHub) -> Option<u64> {
        let Ok(seq) = self.post.outbox.push(message) else {
            self.complain(DeskError::Hub {
                code: ErrorCode::NotStored,
                detail: "too much waits for the hub already".to_owned(),
            });
            return None;
        };
        self.keep_post();
        self.send_post();
        Some(seq)
    }

    pub(super) fn send_post(&mut self) {
        if self.state.hub != LinkHealth::Up {
            return;
        }
        while let Some(message) = self.post.outbox.to_send() {
            self.effects.push_back(Effect::Say(Box::new(message.clone())));
        }
    }

    /// Brings the disk in line with what waits.
    pub(super) fn keep_post(&mut self) {
        let post = &mut self.post;
        if post.outbox.last() + RESERVE / 2 > post.reserved {
            post.reserved = post.outbox.last() + RESERVE;
            self.effects.push_back(Effect::Keep(Record::Reserved(post.reserved)));
        }
        let waiting: BTreeSet<u64> =
            post.outbox.waiting().filter(|m| outlives_desk(&m.message)).map(|m| m.seq).collect();
        for seq in post.on_disk.difference(&waiting) {
            let gone = Record::Waiting { seq: *seq, message: None };
            self.effects.push_back(Effect::Keep(gone));
        }
        for message in post.outbox.waiting().filter(|m| waiting.contains(&m.seq)) {
            if !post.on_disk.contains(&message.seq) {
                let (seq, message) = (message.seq, Some(Box::new(message.message.clone())));
                self.effects.push_back(Effect::Keep(Record::Waiting { seq, message }));
            }
        }
        post.on_disk = waiting;
    }

    pub(super) fn on_ack(&mut self, seq: u64) {
        self.post.outbox.acked(seq);
        self.keep_post();
        self.disposal_was_taken(seq);
        // What is stored now may have been shown before.
        self.refresh_call();
    }

    pub(super) fn on_refused(&mut self, seq: u64, error: ApiError) {
        let refused = self.post.outbox.refused(seq, error.code);
        self.keep_post();
        self.send_post();
        self.disposal_was_refused(seq);
        if self.call_back.is_some_and(|asked| asked.seq == seq) {
            self.call_back = None;
        }
        match refused {
            // Whether a call is still ours is a question, and no is an answer.
            Some(ToHub::Rejoin { call }) => return self.on_rejoin_refused(call, error.code),
            Some(ToHub::LeaseCases) => return,
            Some(ToHub::Draft { call, rev, form }) => self.keep_form(call, rev, form),
            Some(ToHub::OfflineCase { case, .. }) => self.keep_form(case.call, 1, case.form),
            Some(ToHub::Close { call: id, .. }) => {
                if let Some(call) = self.state.call.as_mut().filter(|call| call.call == id) {
                    call.closing = None;
                }
            }
            Some(_) | None => {}
        }
        self.forget_forms();
        self.complain(hub_error(error));
    }

    /// A form that the hub does not take any more: the call has another writer, or is over. What was
    /// typed is shown until somebody has used it elsewhere and puts it away.
    pub(super) fn keep_form(&mut self, call: CallId, rev: u64, form: Form) {
        if form == Form::default() {
            return;
        }
        self.state.kept.retain(|kept| kept.call != call);
        if self.state.kept.len() >= KEPT {
            self.state.kept.remove(0);
        }
        self.state.kept.push(KeptForm { call, rev, form, at: self.state.now });
        self.give(Effect::Keep(Record::Kept(self.state.kept.clone())));
    }

    pub(super) fn drop_kept(&mut self, call: CallId) {
        self.state.kept.retain(|kept| kept.call != call);
        self.give(Effect::Keep(Record::Kept(self.state.kept.clone())));
    }

    /// The session is over: what it leaves is put aside under the name of who said it.
    pub(super) fn leave_post(&mut self, owner: &Owner) {
        let outbox = std::mem::take(&mut self.post.outbox);
        self.keep_post();
        for message in outbox.waiting().filter(|message| outlives_desk(&message.message)) {
            if self.post.left.len() >= LEFT {
                let (oldest, _) = self.post.left.remove(0);
                self.give(Effect::Keep(Record::Left { n: oldest, left: None }));
            }
            self.post.last_left += 1;
            let (n, left) = (
                self.post.last_left,
                Left { owner: owner.clone(), message: message.message.clone() },
            );
            self.post.left.push((n, left.clone()));
            self.give(Effect::Keep(Record::Left { n, left: Some(Box::new(left)) }));
        }
    }

    /// A new session begins, counting from 1: what its operator left goes out first.
    pub(super) fn begin_post(&mut self, owner: &Owner) {
        self.post.outbox = Outbox::new();
        self.post.reserved = 0;
        let (mine, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.post.left).into_iter().partition(|(_, l)| l.owner == *owner);
        self.post.left = others;
        for (n, left) in mine {
            // An empty outbox has room for all that a full one left.
            self.tell_hub(left.message);
            self.give(Effect::Keep(Record::Left { n, left: None }));
        }
        self.keep_post();
    }
}

/// Whether a message still means something after the desk was started again: what was typed and what
/// was decided does, what was wished at a moment does not.
fn outlives_desk(message: &ToHub) -> bool {
    match message {
        ToHub::Draft { .. }
        | ToHub::Advice { .. }
        | ToHub::Override { .. }
        | ToHub::SettleCallBack { .. }
        | ToHub::OfflineCase { .. }
        | ToHub::FollowUp { .. }
        | ToHub::ShiftNote { .. }
        | ToHub::Close { .. } => true,
        ToHub::Ready
        | ToHub::Pause
        | ToHub::Transfer { .. }
        | ToHub::TakeBack { .. }
        | ToHub::CallOutside { .. }
        | ToHub::DropOutside { .. }
        | ToHub::Release { .. }
        | ToHub::Hold { .. }
        | ToHub::Resume { .. }
        | ToHub::Rejoin { .. }
        | ToHub::CheckSilence { .. }
        | ToHub::Dispose { .. }
        | ToHub::Undo { .. }
        | ToHub::CallBack { .. }
        | ToHub::LeaseCases => false,
    }
}
