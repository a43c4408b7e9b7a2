//! What a desk has said and the hub has not yet acknowledged. No IO and no clock.
//!
//! The desk pushes, sends what [`Outbox::to_send`] gives while the socket stands, reports every
//! `Ack` and `Refused`, and calls [`Outbox::reconnected`] when a new socket stands: everything that
//! is still here is then sent again, with the same numbers. The hub takes each number once.

use crate::{ErrorCode, Sequenced, ToHub};
use siaga_model::CallId;
use std::collections::VecDeque;

/// How many messages may wait. An operator makes a few a minute (drafts and advice coalesce), so
/// this is an hour without a hub; when it is full, [`Outbox::push`] gives the message back and the
/// operator is told that the hub has not stored anything for long.
pub const OUTBOX_CAPACITY: usize = 512;

/// The outbox is full; the message comes back.
#[derive(Debug, thiserror::Error)]
#[error("{OUTBOX_CAPACITY} messages wait for the hub already")]
pub struct OutboxFull(pub Box<ToHub>);

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    /// The last number given.
    last: u64,
    /// Unacknowledged, in ascending order of their numbers.
    waiting: VecDeque<Sequenced<ToHub>>,
    /// The highest number that went out on the present connection.
    sent: u64,
}

impl Outbox {
    /// Empty, counting from 1: for a new session.
    pub fn new() -> Self {
        Self::default()
    }

    /// As it was when the desk was last journalled: `last` is the highest number that may have been
    /// given, `waiting` what was not acknowledged, in any order. Numbers go on after `last`; gaps do
    /// not matter to the hub.
    pub fn restore(last: u64, waiting: impl IntoIterator<Item = Sequenced<ToHub>>) -> Self {
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        waiting.sort_by_key(|message| message.seq);
        waiting.dedup_by_key(|message| message.seq);
        let last = waiting.last().map_or(last, |message| message.seq.max(last));
        Self { last, waiting: waiting.into(), sent: 0 }
    }

    /// Takes a message and gives its number. A newer draft takes the place of an unacknowledged
    /// older one of the same call, and so do advice and a wish to rejoin, unless a decision about
    /// that call lies between them: the form that was transferred or closed stays the form that was
    /// seen then.
    ///
    /// # Errors
    /// [`OutboxFull`].
    pub fn push(&mut self, message: ToHub) -> Result<u64, OutboxFull> {
        if let Some(index) = self.superseded_by(&message) {
            self.waiting.remove(index);
        } else if self.waiting.len() >= OUTBOX_CAPACITY {
            return Err(OutboxFull(Box::new(message)));
        }
        self.last += 1;
        self.waiting.push_back(Sequenced { seq: self.last, message });
        Ok(self.last)
    }

    /// The next message to go out on the present connection; it counts as sent from now on.
    pub fn to_send(&mut self) -> Option<&Sequenced<ToHub>> {
        let next = self.waiting.iter().find(|message| message.seq > self.sent)?;
        self.sent = next.seq;
        Some(next)
    }

    /// The hub has stored everything up to and including `seq`.
    pub fn acked(&mut self, seq: u64) {
        while self.waiting.front().is_some_and(|message| message.seq <= seq) {
            self.waiting.pop_front();
        }
    }

    /// The hub refused `seq`. That settles it, and gives back what was refused; except when it could
    /// only not be stored: then it is kept and goes out again under a new number.
    pub fn refused(&mut self, seq: u64, code: ErrorCode) -> Option<ToHub> {
        let index = self.waiting.iter().position(|message| message.seq == seq)?;
        let refused = self.waiting.remove(index)?.message;
        if code != ErrorCode::NotStored {
            return Some(refused);
        }
        self.last += 1;
        self.waiting.push_back(Sequenced { seq: self.last, message: refused });
        None
    }

    /// A new connection of the same session stands: everything unacknowledged goes out again.
    pub fn reconnected(&mut self) {
        self.sent = 0;
    }

    /// What waits for its acknowledgement, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Sequenced<ToHub>> {
        self.waiting.iter()
    }

    /// The last number given.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many messages wait for their acknowledgement.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether everything is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn superseded_by(&self, message: &ToHub) -> Option<usize> {
        let call = replaceable(message)?;
        for (index, waiting) in self.waiting.iter().enumerate().rev() {
            if about(&waiting.message) != Some(call) {
                continue;
            }
            if std::mem::discriminant(&waiting.message) == std::mem::discriminant(message) {
                return Some(index);
            }
            // The other ones of draft, advice and rejoining may lie between, a decision may not.
            replaceable(&waiting.message)?;
        }
        None
    }
}

/// The call of a message of which only the newest counts.
fn replaceable(message: &ToHub) -> Option<CallId> {
    match message {
        ToHub::Draft { call, .. } | ToHub::Advice { call, .. } | ToHub::Rejoin { call } => {
            Some(*call)
        }
        ToHub::Ready
        | ToHub::Pause
        | ToHub::Override { .. }
        | ToHub::Transfer { .. }
        | ToHub::TakeBack { .. }
        | ToHub::CallOutside { .. }
        | ToHub::DropOutside { .. }
        | ToHub::Release { .. }
        | ToHub::Hold { .. }
        | ToHub::Resume { .. }
        | ToHub::CheckSilence { .. }
        | ToHub::Dispose { .. }
        | ToHub::Undo { .. }
        | ToHub::CallBack { .. }
        | ToHub::SettleCallBack { .. }
        | ToHub::OfflineCase { .. }
        | ToHub::Close { .. }
        | ToHub::FollowUp { .. }
        | ToHub::ShiftNote { .. }
        | ToHub::LeaseCases => None,
    }
}

/// The call that a message is about.
fn about(message: &ToHub) -> Option<CallId> {
    match message {
        ToHub::Draft { call, .. }
        | ToHub::Advice { call, .. }
        | ToHub::Override { call, .. }
        | ToHub::Transfer { call, .. }
        | ToHub::TakeBack { call }
        | ToHub::CallOutside { call, .. }
        | ToHub::DropOutside { call }
        | ToHub::Release { call }
        | ToHub::Hold { call }
        | ToHub::Resume { call }
        | ToHub::Rejoin { call }
        | ToHub::CheckSilence { call }
        | ToHub::Dispose { call, .. }
        | ToHub::Undo { call }
        | ToHub::Close { call, .. } => Some(*call),
        ToHub::OfflineCase { case, .. } => Some(case.call),
        ToHub::Ready
        | ToHub::Pause
        | ToHub::LeaseCases
        | ToHub::FollowUp { .. }
        | ToHub::ShiftNote { .. }
        | ToHub::CallBack { .. }
        | ToHub::SettleCallBack { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use siaga_model::{Disposition, Form};

    fn call(n: u8) -> CallId {
        CallId::from_parts(1, u128::from(n))
    }

    fn draft(n: u8, rev: u64) -> ToHub {
        ToHub::Draft { call: call(n), rev, form: Form::default() }
    }

    fn close(n: u8) -> ToHub {
        ToHub::Close { call: call(n), disposition: Disposition::Information, note: String::new() }
    }

    /// A hub that takes each number once and in order.
    #[derive(Default)]
    struct ScriptedHub {
        taken: u64,
        messages: Vec<ToHub>,
    }

    impl ScriptedHub {
        fn take(&mut self, message: &Sequenced<ToHub>) {
            if message.seq > self.taken {
                self.taken = message.seq;
                self.messages.push(message.message.clone());
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Draft(u8),
        Close(u8),
        Ready,
        /// Send up to this many; the hub gets them.
        Arrive(u8),
        /// Send up to this many; the connection swallows them.
        Vanish(u8),
        Ack,
        Reconnect,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_u8..3).prop_map(Step::Draft),
            1 => (0_u8..3).prop_map(Step::Close),
            1 => Just(Step::Ready),
            3 => (0_u8..6).prop_map(Step::Arrive),
            1 => (0_u8..6).prop_map(Step::Vanish),
            2 => Just(Step::Ack),
            1 => Just(Step::Reconnect),
        ]
    }

    proptest! {
        /// Whatever is lost on the way: in the end the hub has every decision exactly once and in
        /// order, and of each call the newest draft before each decision.
        #[test]
        fn the_hub_gets_every_decision_once_and_the_newest_draft(
            steps in proptest::collection::vec(step(), 1..120)
        ) {
            let (mut outbox, mut hub) = (Outbox::new(), ScriptedHub::default());
            let (mut rev, mut broken) = (0, false);
            let mut decisions = Vec::new();
            // Of each call the drafts and decisions as they were pushed.
            let mut story: Vec<Vec<Option<u64>>> = vec![Vec::new(); 3];
            for step in steps {
                match step {
                    Step::Draft(n) => {
                        rev += 1;
                        outbox.push(draft(n, rev)).expect("room");
                        story[usize::from(n)].push(Some(rev));
                    }
                    Step::Close(n) => {
                        outbox.push(close(n)).expect("room");
                        decisions.push(close(n));
                        story[usize::from(n)].push(None);
                    }
                    Step::Ready => {
                        outbox.push(ToHub::Ready).expect("room");
                        decisions.push(ToHub::Ready);
                    }
                    // TCP loses only the end of what was sent: after a loss nothing more arrives.
                    Step::Arrive(n) => for _ in 0..n {
                        if let Some(message) = outbox.to_send() && !broken {
                            hub.take(&message.clone());
                        }
                    },
                    Step::Vanish(n) => {
                        broken = true;
                        for _ in 0..n { outbox.to_send(); }
                    }
                    Step::Ack => if !broken { outbox.acked(hub.taken) },
                    Step::Reconnect => { outbox.reconnected(); broken = false; }
                }
            }
            outbox.reconnected();
            while let Some(message) = outbox.to_send() { hub.take(&message.clone()); }
            outbox.acked(hub.taken);
            prop_assert!(outbox.is_empty());

            let got: Vec<_> =
                hub.messages.iter().filter(|m| replaceable(m).is_none()).cloned().collect();
            prop_assert_eq!(got, decisions);
            for n in 0..3_u8 {
                let told: Vec<_> = hub.messages.iter().filter(|m| about(m) == Some(call(n))).collect();
                // What the hub knows at each decision and in the end.
                let known = |story: &mut dyn Iterator<Item = Option<u64>>| {
                    let (mut at, mut last) = (Vec::new(), None);
                    for entry in story {
                        match entry {
                            Some(rev) => last = Some(rev),
                            None => at.push(last),
                        }
                    }
                    at.push(last);
                    at
                };
                let hubs = known(&mut told.iter().map(|m| match m {
                    ToHub::Draft { rev, .. } => Some(*rev),
                    _ => None,
                }));
                let desks = known(&mut story[usize::from(n)].iter().copied());
                prop_assert_eq!(hubs, desks);
            }
        }
    }

    #[test]
    fn typing_without_a_hub_keeps_one_draft_a_call() {
        let mut outbox = Outbox::new();
        for rev in 1..10_000 {
            outbox.push(draft(1, rev)).expect("drafts coalesce");
        }
        assert_eq!(outbox.len(), 1);
    }

    #[test]
    fn a_desk_that_was_started_again_repeats_what_waited_and_counts_on_behind_what_it_may_have_said()
     {
        let waiting = [3, 2].map(|seq| Sequenced { seq, message: close(1) });
        let mut outbox = Outbox::restore(1_000, waiting);
        assert_eq!(outbox.to_send().map(|message| message.seq), Some(2));
        assert_eq!(outbox.to_send().map(|message| message.seq), Some(3));
        assert_eq!(outbox.push(ToHub::Ready).expect("room"), 1_001);
    }

    #[test]
    fn a_refused_message_comes_back_so_that_what_was_typed_can_be_kept() {
        let mut outbox = Outbox::new();
        let seq = outbox.push(draft(1, 7)).expect("room");
        assert_eq!(outbox.refused(seq, ErrorCode::NotYours), Some(draft(1, 7)));
        assert_eq!(outbox.refused(seq, ErrorCode::NotYours), None);
    }

    #[test]
    fn a_full_outbox_gives_the_message_back_and_keeps_the_rest() {
        let mut outbox = Outbox::new();
        for _ in 0..OUTBOX_CAPACITY {
            outbox.push(ToHub::Ready).expect("room");
        }
        let OutboxFull(back) = outbox.push(close(1)).expect_err("full");
        assert_eq!(*back, close(1));
        assert_eq!(outbox.len(), OUTBOX_CAPACITY);
    }

    #[test]
    fn a_closing_that_could_not_be_stored_goes_out_again() {
        let mut outbox = Outbox::new();
        outbox.push(close(1)).expect("room");
        let first = outbox.to_send().expect("the closing").seq;
        outbox.refused(first, ErrorCode::NotStored);
        let again = outbox.to_send().expect("the closing again");
        assert!(again.seq > first);
        assert_eq!(again.message, close(1));
        let seq = again.seq;
        outbox.refused(seq, ErrorCode::NotNow);
        assert!(outbox.is_empty());
    }
}
