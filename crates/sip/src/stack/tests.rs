//! Two stacks in virtual time, with a wire between them that a test can hold up.

use super::*;
use rand::SeedableRng as _;

const FLOW: FlowId = FlowId(1);
const OFFER: &str = "v=0\r\ns=offer\r\n";
const ANSWER: &str = "v=0\r\ns=answer\r\n";

struct Side {
    stack: Stack,
    events: Vec<Event>,
    /// What it sent and the wire has not carried yet.
    sent: VecDeque<Message>,
}

struct Pair {
    now: Instant,
    ann: Side,
    bob: Side,
}

fn side(name: &str, seed: u64) -> Side {
    let identity = Identity {
        sent_by: format!("{name}.invalid"),
        transport: "WS",
        contact: format!("<sip:{name}@{name}.invalid;transport=ws;ob>"),
        user_agent: "test".into(),
        credentials: Some((name.into(), Redacted::new("s".into()))),
    };
    let stack = Stack::new(identity, StdRng::seed_from_u64(seed));
    Side { stack, events: Vec::new(), sent: VecDeque::new() }
}

impl Side {
    fn collect(&mut self) {
        while let Some(output) = self.stack.poll_output() {
            match output {
                Output::Send(_, message) => self.sent.push_back(message),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn incoming(&self) -> DialogKey {
        let found = self.events.iter().find_map(|e| match e {
            Event::Incoming { dialog, .. } => Some(*dialog),
            _ => None,
        });
        found.expect("a call came in")
    }

    fn count(&self, which: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|e| which(e)).count()
    }

    fn sent_lines(&mut self) -> Vec<String> {
        self.collect();
        let line = |m: &Message| {
            let text = String::from_utf8(m.to_bytes()).unwrap();
            let first = text.lines().next().unwrap();
            match m.start {
                Start::Request { method, .. } => method.to_string(),
                Start::Response { .. } => first.trim_start_matches("SIP/2.0 ").to_owned(),
            }
        };
        self.sent.iter().map(line).collect()
    }
}

impl Pair {
    fn new() -> Self {
        Self { now: Instant::now(), ann: side("ann", 1), bob: side("bob", 2) }
    }

    fn call(&mut self) -> DialogKey {
        let headers = Headers::new();
        let call = Invitation {
            flow: FLOW,
            owner: Some(Owner { user: "bob".into(), instance: None }),
            target: "sip:bob@bob.invalid;transport=ws",
            to: "sip:bob@polda",
            from: "sip:ann@polda",
            display_name: Some("An \"n\""),
            offer: OFFER,
            headers: &headers,
        };
        self.ann.stack.invite(self.now, &call).unwrap()
    }

    /// Carries what `from` sent over to the other side, through bytes.
    fn carry(now: Instant, from: &mut Side, to: &mut Side) -> bool {
        from.collect();
        let moved = !from.sent.is_empty();
        for message in from.sent.drain(..) {
            let parsed = Message::parse(&message.to_bytes());
            let Ok(parsed) = parsed else { panic!("we sent what we would refuse") };
            to.stack.receive(now, FLOW, parsed);
        }
        to.collect();
        moved
    }

    fn carry_to_bob(&mut self) -> bool {
        Self::carry(self.now, &mut self.ann, &mut self.bob)
    }

    fn carry_to_ann(&mut self) -> bool {
        Self::carry(self.now, &mut self.bob, &mut self.ann)
    }

    fn settle(&mut self) {
        while self.carry_to_bob() | self.carry_to_ann() {}
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = [self.ann.stack.poll_timeout(), self.bob.stack.poll_timeout()];
            let Some(next) = due.into_iter().flatten().min().filter(|t| *t <= end) else { break };
            self.now = next;
            self.ann.stack.handle_timeout(next);
            self.bob.stack.handle_timeout(next);
            self.settle();
        }
        self.now = end;
    }

    fn establish(&mut self) -> (DialogKey, DialogKey) {
        let ann = self.call();
        self.settle();
        let bob = self.bob.incoming();
        self.bob.stack.ring(bob, None).unwrap();
        self.bob.stack.answer(self.now, bob, ANSWER).unwrap();
        self.settle();
        assert_eq!(
            self.ann.count(|e| matches!(e, Event::Answered { sdp, .. } if sdp == ANSWER)),
            1
        );
        assert_eq!(self.bob.count(|e| matches!(e, Event::Confirmed { .. })), 1);
        (ann, bob)
    }

    fn assert_all_forgotten(&mut self) {
        self.pass(Duration::from_secs(200));
        for side in [&self.ann, &self.bob] {
            assert!(side.stack.is_idle());
            assert!(side.stack.by_tag.is_empty());
            assert_eq!(side.stack.poll_timeout(), None);
        }
    }
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Ended { .. } | Event::Failed { .. })
}

#[test]
fn a_call_is_set_up_and_ended_and_leaves_nothing_behind() {
    let mut pair = Pair::new();
    let (ann, _) = pair.establish();
    pair.ann.stack.hang_up(pair.now, ann, Some("SIP;cause=200;text=\"Done\"")).unwrap();
    pair.settle();
    let reason = Some("Done".to_owned());
    let told = |e: &Event| matches!(e, Event::Ended { by_remote: true, status: Some(200), reason: r, .. } if *r == reason);
    assert_eq!(pair.bob.count(told), 1);
    assert_eq!((pair.ann.count(is_end), pair.bob.count(is_end)), (1, 1));
    pair.assert_all_forgotten();
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut pair = Pair::new();
    let ann = pair.call();
    pair.ann.stack.hang_up(pair.now, ann, None).unwrap();
    assert_eq!(pair.ann.sent_lines(), ["INVITE"]);
    pair.settle();
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Ended { by_remote: true, .. })), 1);
    assert_eq!((pair.ann.count(is_end), pair.bob.count(is_end)), (1, 1));
    pair.assert_all_forgotten();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut pair = Pair::new();
    let ann = pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.ann.stack.hang_up(pair.now, ann, None).unwrap();
    assert_eq!(pair.ann.sent_lines(), ["CANCEL"]);
    pair.carry_to_ann(); // the 200, before the CANCEL is there
    assert_eq!(pair.ann.sent_lines(), ["CANCEL", "ACK", "BYE"]);
    pair.settle();
    assert_eq!(pair.ann.count(|e| matches!(e, Event::Answered { .. })), 0);
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Ended { by_remote: true, .. })), 1);
    pair.assert_all_forgotten();
}

#[test]
fn a_success_is_repeated_until_its_ack_and_then_ended() {
    let mut pair = Pair::new();
    pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.bob.collect();
    pair.bob.sent.clear(); // the first 200 is lost
    pair.pass(T1);
    assert_eq!(pair.ann.count(|e| matches!(e, Event::Answered { .. })), 1);
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Confirmed { .. })), 1);

    let mut deaf = Pair::new();
    deaf.call();
    deaf.settle();
    let bob = deaf.bob.incoming();
    deaf.bob.stack.answer(deaf.now, bob, ANSWER).unwrap();
    while deaf.bob.count(is_end) == 0 {
        deaf.now = deaf.bob.stack.poll_timeout().expect("it still waits");
        deaf.bob.stack.handle_timeout(deaf.now);
        deaf.bob.collect();
    }
    let lines = deaf.bob.sent_lines();
    assert_eq!(lines.iter().filter(|l| *l == "200 OK").count(), 11);
    assert_eq!(lines.last().map(String::as_str), Some("BYE"));
    assert_eq!(deaf.bob.count(|e| matches!(e, Event::Ended { status: Some(408), .. })), 1);
}

#[test]
fn reoffers_that_collide_are_both_answered_in_the_end() {
    let mut pair = Pair::new();
    let (ann, bob) = pair.establish();
    pair.ann.stack.reoffer(pair.now, ann, "v=0\r\ns=ann\r\n").unwrap();
    pair.bob.stack.reoffer(pair.now, bob, "v=0\r\ns=bob\r\n").unwrap();
    // Both are out before either arrives; each gets a 491.
    pair.ann.collect();
    pair.bob.collect();
    pair.settle();
    let reoffered = |e: &Event| matches!(e, Event::Reoffer { .. });
    assert_eq!((pair.ann.count(reoffered), pair.bob.count(reoffered)), (0, 0));
    pair.pass(Duration::from_secs(2)); // bob, who was called, tries first
    assert_eq!(pair.ann.count(reoffered), 1);
    pair.ann.stack.accept_reoffer(pair.now, ann, ANSWER).unwrap();
    pair.settle();
    let good = |e: &Event| matches!(e, Event::Reoffered { result: Ok(sdp), .. } if sdp == ANSWER);
    assert_eq!(pair.bob.count(good), 1);
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.bob.count(reoffered), 1);
    pair.bob.stack.accept_reoffer(pair.now, bob, ANSWER).unwrap();
    pair.settle();
    assert_eq!(pair.ann.count(good), 1);
}

#[test]
fn a_silent_peer_is_given_up_after_32_seconds() {
    let mut pair = Pair::new();
    pair.call();
    pair.ann.collect();
    pair.ann.sent.clear();
    pair.pass(GIVE_UP - Duration::from_millis(1));
    assert_eq!(pair.ann.count(is_end), 0);
    pair.pass(Duration::from_millis(1));
    assert_eq!(pair.ann.count(|e| matches!(e, Event::Failed { status: 408, .. })), 1);
    pair.assert_all_forgotten();
}

/// Found by mutation.
#[test]
fn a_telephone_that_rings_and_never_takes_note_of_the_cancel_is_forgotten() {
    let mut pair = Pair::new();
    let ann = pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.ring(bob, None).unwrap();
    pair.settle();
    pair.ann.stack.hang_up(pair.now, ann, None).unwrap();
    pair.ann.collect();
    pair.ann.sent.clear(); // the CANCEL is lost
    pair.pass(GIVE_UP);
    assert!(pair.ann.stack.is_idle());
}

/// Found by fuzzing.
#[test]
fn an_answer_under_a_wrong_branch_to_a_cancelled_call_leaves_nothing_behind() {
    let mut pair = Pair::new();
    let ann = pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.ring(bob, None).unwrap();
    pair.settle();
    pair.ann.stack.hang_up(pair.now, ann, None).unwrap();
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.bob.collect();
    let mut answer = pair.bob.sent.pop_front().expect("the 200");
    answer.set("Via", "SIP/2.0/WS ann.invalid;branch=z9hG4bKother");
    pair.ann.stack.receive(pair.now, FLOW, answer);
    assert_eq!(pair.ann.sent_lines(), ["CANCEL", "ACK", "BYE"]);
    assert!(pair.ann.stack.is_idle());
}

/// Found by mutation.
#[test]
fn a_reoffer_that_waits_for_an_ack_which_never_comes_fails_with_the_call() {
    let mut pair = Pair::new();
    pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.bob.stack.reoffer(pair.now, bob, OFFER).unwrap();
    while pair.bob.count(is_end) == 0 {
        pair.now = pair.bob.stack.poll_timeout().expect("it still waits");
        pair.bob.stack.handle_timeout(pair.now);
        pair.bob.collect();
    }
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Reoffered { result: Err(_), .. })), 1);
}

/// Found by mutation.
#[test]
fn a_reoffer_that_is_only_ever_tried_is_given_up() {
    let mut pair = Pair::new();
    let (ann, _) = pair.establish();
    pair.ann.stack.reoffer(pair.now, ann, OFFER).unwrap();
    pair.settle(); // 100 Trying, and Bob's application never answers
    pair.pass(GIVE_UP);
    let failed = |e: &Event| matches!(e, Event::Reoffered { result: Err((408, _)), .. });
    assert_eq!((pair.ann.count(failed), pair.ann.count(is_end)), (1, 0));
}

#[test]
fn a_bye_that_met_a_dead_connection_is_delivered_over_the_next() {
    let mut pair = Pair::new();
    let (ann, _) = pair.establish();
    pair.ann.stack.flow_down(pair.now, FLOW);
    assert_eq!(pair.ann.count(is_end), 0);
    pair.ann.stack.hang_up(pair.now, ann, None).unwrap();
    assert!(pair.ann.sent_lines().is_empty());
    let owner = Owner { user: "bob".into(), instance: None };
    pair.ann.stack.rebind(pair.now, &owner, FlowId(2));
    pair.settle();
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Ended { by_remote: true, .. })), 1);
    pair.assert_all_forgotten();
}

#[test]
fn a_ringing_call_fails_with_its_connection_and_a_late_answer_is_ended() {
    let mut pair = Pair::new();
    pair.call();
    pair.settle();
    let bob = pair.bob.incoming();
    pair.ann.stack.flow_down(pair.now, FLOW);
    pair.ann.collect();
    assert_eq!(pair.ann.count(|e| matches!(e, Event::Failed { status: 503, .. })), 1);
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.settle();
    assert_eq!(pair.ann.count(is_end), 1);
    assert_eq!(pair.bob.count(|e| matches!(e, Event::Ended { by_remote: true, .. })), 1);
}

#[test]
fn a_challenged_call_is_made_again_with_proof() {
    let mut pair = Pair::new();
    pair.call();
    pair.ann.collect();
    let invite = pair.ann.sent.pop_front().expect("the INVITE");
    let mut challenge = pair.bob.stack.response(&invite, 407, "Proxy Authentication Required");
    for value in crate::digest::challenges("pbx", "n", false) {
        challenge = challenge.with("Proxy-Authenticate", value);
    }
    pair.ann.stack.receive(pair.now, FLOW, challenge);
    assert_eq!(pair.ann.sent_lines(), ["ACK", "INVITE"]);
    let again = pair.ann.sent.back().expect("the second INVITE");
    assert!(again.get("Proxy-Authorization").is_some_and(|v| v.contains("algorithm=SHA-256")));
    assert_eq!(again.cseq().map(|c| c.0), Some(2));
    assert_ne!(again.branch(), invite.branch());
    pair.settle();
    let bob = pair.bob.incoming();
    pair.bob.stack.answer(pair.now, bob, ANSWER).unwrap();
    pair.settle();
    assert_eq!(pair.ann.count(|e| matches!(e, Event::Answered { .. })), 1);
}

#[test]
fn header_fields_that_would_break_the_message_are_refused() {
    let mut pair = Pair::new();
    for (name, value) in
        [("X-A", "a\r\nVia: x"), ("Via", "x"), ("x y", "z"), ("Contact", "<sip:x@y>")]
    {
        let headers = Headers::new().with(name, value);
        let call = Invitation {
            flow: FLOW,
            owner: None,
            target: "sip:b@b",
            to: "sip:b@b",
            from: "sip:a@a",
            display_name: None,
            offer: OFFER,
            headers: &headers,
        };
        assert!(matches!(pair.ann.stack.invite(pair.now, &call), Err(SipError::BadInput(_))));
    }
}
