//! How states of the engine become packets of the page: the newest only, and no more than it can draw.

use siaga_desk::{DeskState, Packer, Packet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Shortest time between two packets, but for new findings: one frame of a screen. A letter changes the
/// state six times within a few milliseconds (its echo, its findings, what the hub says of it), and a
/// page that takes them one by one is still drawing the first when the findings come.
const APART: Duration = Duration::from_millis(16);

/// For so long what is typed waits for its findings, so that both are drawn at once. Plugins take a
/// tenth of it.
const TOGETHER: Duration = Duration::from_millis(5);

/// For so long after a packet the time alone is no reason for another: meters bring it along, and a page
/// counts on by itself. A page that hears nothing for two seconds asks whether anybody is there.
const CLOCK_ALONE: Duration = Duration::from_millis(900);

/// The way to one page.
pub(crate) struct Feed {
    states: watch::Receiver<Arc<DeskState>>,
    packer: Packer,
    sent_at: Option<Instant>,
    /// The revision whose findings were sent last.
    judged: Option<u64>,
}

impl Feed {
    pub(crate) fn new(states: watch::Receiver<Arc<DeskState>>) -> Self {
        Self { states, packer: Packer::default(), sent_at: None, judged: None }
    }

    /// The next packet: the whole state at first, then what has changed, as soon as something has. `None`
    /// when the desk has ended. Given up half way, it is told by the next packet of any kind.
    pub(crate) async fn next(&mut self) -> Option<serde_json::Result<Packet>> {
        if let Some(sent_at) = self.sent_at {
            self.states.changed().await.ok()?;
            while !self.packer.is_news(&self.states.borrow_and_update()) {
                match timeout_at(sent_at + CLOCK_ALONE, self.states.changed()).await {
                    Ok(changed) => changed.ok()?,
                    Err(_) => break,
                }
            }
            while judged(&self.states.borrow_and_update()) <= self.judged {
                match timeout_at(sent_at + APART, self.states.changed()).await {
                    Ok(changed) => changed.ok()?,
                    Err(_) => break,
                }
            }
        }
        self.until(|state| !state.awaits_advice()).await;
        Some(self.pack())
    }

    /// The packet with what comes of an edit that `send` hands to the engine, and whatever else has
    /// changed: with its findings, unless they take long. `None` when it could not be handed over.
    pub(crate) async fn after(
        &mut self,
        send: impl FnOnce() -> bool,
    ) -> Option<serde_json::Result<Packet>> {
        let before = typed(&self.states.borrow());
        if !send() {
            // What a packet that was given up for this would have told is still to be told.
            self.states.mark_changed();
            return None;
        }
        self.until(|state| typed(state) != before && !state.awaits_advice()).await;
        Some(self.pack())
    }

    /// Waits for such a state, as long as what is typed waits for its findings.
    async fn until(&mut self, there: impl Fn(&DeskState) -> bool) {
        let findings_until = Instant::now() + TOGETHER;
        while !there(&self.states.borrow_and_update()) {
            // A desk that has ended has a last state.
            let Ok(Ok(())) = timeout_at(findings_until, self.states.changed()).await else { break };
        }
    }

    fn pack(&mut self) -> serde_json::Result<Packet> {
        self.sent_at = Some(Instant::now());
        let state = self.states.borrow_and_update().clone();
        self.judged = judged(&state);
        self.packer.pack(state)
    }
}

/// The revision of the form.
fn typed(state: &DeskState) -> Option<u64> {
    Some(state.call.as_ref()?.rev)
}

/// The revision of the newest findings.
fn judged(state: &DeskState) -> Option<u64> {
    Some(state.call.as_ref()?.advice.as_ref()?.draft_rev)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_desk::{AdvisorHealth, DeskCall, Levels};
    use siaga_model::Timestamp;
    use tokio::time::advance;

    const MS: Duration = Duration::from_millis(1);

    /// A form of revision `rev` with findings on revision `judged`.
    fn typed(rev: u64, judged: Option<u64>) -> Arc<DeskState> {
        let advice = judged.map(|draft_rev| {
            serde_json::json!({
                "draft_rev": draft_rev, "destinations": [], "faults": [], "at": 0,
                "verdict": {
                    "validity": "valid", "priority": "P2", "reason": "", "findings": [],
                    "duplicate_of": null, "by": null,
                },
            })
        });
        let call: DeskCall = serde_json::from_value(serde_json::json!({
            "call": "01JDK000000000000000000000", "phone": "connected", "muted": false, "form": {},
            "rev": rev, "saved_rev": 0, "writable": true, "advice": advice, "rejoining": false,
        }))
        .expect("a call");
        let advisor = AdvisorHealth::Ok;
        Arc::new(DeskState { rev: rev * 10, call: Some(call), advisor, ..DeskState::default() })
    }

    /// A state in which somebody is heard as loud as its number.
    fn heard(rev: u64) -> Arc<DeskState> {
        let levels = Levels { heard_dbfs: rev as f32, sent_dbfs: -100.0 };
        Arc::new(DeskState { rev, levels, ..DeskState::default() })
    }

    /// The page behind a feed.
    struct Page {
        feed: Feed,
        shown: serde_json::Value,
    }

    impl Page {
        /// A page that has been told the whole state.
        async fn of(states: watch::Receiver<Arc<DeskState>>) -> Self {
            let mut feed = Feed::new(states);
            let Some(Ok(Packet::Whole(shown))) = feed.next().await else { panic!("no state") };
            Self { feed, shown: serde_json::to_value(shown).expect("JSON") }
        }

        /// Waits for a packet; gives the revision that is shown then and the one whose findings are.
        async fn told(&mut self) -> (u64, Option<u64>) {
            let packet = self.feed.next().await.expect("a desk").expect("JSON");
            self.takes(packet)
        }

        /// As [`Self::told`], of the answer to what is typed.
        async fn answered(&mut self) -> (u64, Option<u64>) {
            let packet = self.feed.after(|| true).await.expect("it is sent").expect("JSON");
            self.takes(packet)
        }

        fn takes(&mut self, packet: Packet) -> (u64, Option<u64>) {
            let Packet::Changes { rev, changes, .. } = packet else { panic!("{packet:?}") };
            json_patch::patch(&mut self.shown, &changes).expect("what is changed is there");
            (rev, self.shown["call"]["advice"]["draft_rev"].as_u64())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_letter_and_its_findings_are_one_packet() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        advance(20 * MS).await;
        let began = Instant::now();
        states.send_replace(typed(2, Some(1)));
        let plugins = async {
            tokio::time::sleep(2 * MS).await;
            states.send_replace(typed(2, Some(2)));
        };
        let (told, ()) = tokio::join!(page.told(), plugins);
        assert_eq!((told, began.elapsed()), ((20, Some(2)), 2 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_is_answered_by_its_findings_and_not_by_those_before() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        let began = Instant::now();
        let engine = async {
            tokio::time::sleep(MS).await;
            // A meter has moved meanwhile, and the hub has saved what was typed before.
            states.send_replace(typed(1, Some(1)));
            tokio::time::sleep(MS).await;
            states.send_replace(typed(2, Some(1)));
            tokio::time::sleep(MS).await;
            states.send_replace(typed(2, Some(2)));
        };
        let (told, ()) = tokio::join!(page.answered(), engine);
        assert_eq!((told, began.elapsed()), ((20, Some(2)), 3 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_is_answered_soon_even_when_nothing_comes_of_it() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        let began = Instant::now();
        assert_eq!((page.answered().await, began.elapsed()), ((10, Some(1)), TOGETHER));
        states.send_replace(typed(2, Some(1)));
        assert_eq!(page.answered().await, (20, Some(1)), "its findings are not there yet");
        states.send_replace(typed(2, Some(2)));
        assert_eq!(page.told().await, (20, Some(2)), "they come by themselves");
        drop(states);
        assert_eq!(page.answered().await, (20, Some(2)), "the last state of a desk that is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_is_not_answered_when_the_desk_does_not_take_it() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        states.send_replace(typed(2, Some(1)));
        assert!(tokio::time::timeout(MS, page.feed.next()).await.is_err(), "it waits for findings");
        let began = Instant::now();
        assert!(page.feed.after(|| false).await.is_none());
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(page.told().await, (20, Some(1)), "what was given up is told all the same");
    }

    #[tokio::test(start_paused = true)]
    async fn a_packet_that_was_given_up_half_way_is_told_by_the_next() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        states.send_replace(typed(2, Some(1)));
        assert!(tokio::time::timeout(MS, page.feed.next()).await.is_err(), "it waits for findings");
        let (_, told) = tokio::join!(async { states.send_replace(typed(3, Some(3))) }, page.told());
        assert_eq!(told, (30, Some(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn findings_do_not_wait_for_the_packet_before_them_to_be_drawn() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        let began = Instant::now();
        states.send_replace(typed(2, Some(1)));
        let plugins = async {
            tokio::time::sleep(MS).await;
            states.send_replace(typed(2, Some(2)));
        };
        let (told, ()) = tokio::join!(page.told(), plugins);
        assert_eq!((told, began.elapsed()), ((20, Some(2)), MS));
    }

    #[tokio::test(start_paused = true)]
    async fn findings_that_take_long_hold_up_no_letter() {
        let (states, seen) = watch::channel(typed(1, Some(1)));
        let mut page = Page::of(seen).await;
        advance(20 * MS).await;
        let began = Instant::now();
        states.send_replace(typed(2, Some(1)));
        assert_eq!((page.told().await, began.elapsed()), ((20, Some(1)), TOGETHER));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_one_frame_is_told_once_and_after_a_pause_at_once() {
        let (states, seen) = watch::channel(Arc::default());
        let mut page = Page::of(seen).await;
        let began = Instant::now();
        for rev in 1..=5 {
            states.send_replace(heard(rev));
        }
        assert_eq!((page.told().await, began.elapsed()), ((5, None), APART));
        advance(20 * MS).await;
        let began = Instant::now();
        states.send_replace(heard(6));
        assert_eq!((page.told().await, began.elapsed()), ((6, None), Duration::ZERO));
        drop(states);
        assert!(page.feed.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_alone_is_told_only_when_nothing_else_was_for_a_while() {
        let at = |rev: u64, loud| {
            Arc::new(DeskState { rev, now: Timestamp(rev as i64), ..(*heard(loud)).clone() })
        };
        let (states, seen) = watch::channel(at(1, 1));
        let mut page = Page::of(seen).await;
        let began = Instant::now();
        states.send_replace(at(2, 1));
        let meter = async {
            tokio::time::sleep(100 * MS).await;
            states.send_replace(at(3, 2));
        };
        let (told, ()) = tokio::join!(page.told(), meter);
        assert_eq!((told, began.elapsed()), ((3, None), 100 * MS));
        assert_eq!(page.shown["now"], 3, "the meter brings the time along");

        let began = Instant::now();
        states.send_replace(at(4, 2));
        assert_eq!((page.told().await, began.elapsed()), ((4, None), CLOCK_ALONE));
        assert_eq!(page.shown["now"], 4);
        drop(states);
        assert!(page.feed.next().await.is_none());
    }
}
