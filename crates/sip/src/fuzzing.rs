//! What the fuzz targets call (feature `fuzzing`): the parsers and both state machines, fed with bytes
//! and virtual time, and what must hold whatever the bytes are. No part of the product.
//!
//! A session is a list of records, divided by the byte 0x1E. The first byte of a record says what it
//! is, see [`server`]; in a message, `%T` stands for the To tag, `%B` for the branch, `%C` for the Call-ID
//! and `%N` for the nonce that were sent last, so that a session can get beyond its first refusal.

use crate::digest::{Challenge, Ha1s, Nonces, Params, challenges};
use crate::message::{Message, Method, NameAddr, split_list, uri_user};
use crate::server::{Deed, FuzzedServer, Limits, ServerConfig};
use crate::stack::{Event, FlowId, Identity, Invitation, Output, Owner, Stack};
use crate::types::{DialogKey, Headers};
use crate::ws::{self, Inbound, OUTBOUND};
use rand::{SeedableRng as _, rngs::StdRng};
use siaga_model::Redacted;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
const FLOWS: std::ops::RangeInclusive<u64> = 1..=3;
/// Records of one session; more find nothing new.
const RECORDS: usize = 64;

/// A message that parses is written as it was read.
pub fn message(data: &[u8]) {
    match Message::parse(data) {
        Ok(message) => {
            let bytes = message.to_bytes();
            let Ok(again) = Message::parse(&bytes) else {
                panic!("we do not read what we wrote: {}", String::from_utf8_lossy(&bytes));
            };
            assert_eq!(again.headers, message.headers, "read otherwise than written");
            assert!(again == message, "read otherwise than written");
            check_sent(&bytes);
        }
        Err(malformed) => {
            if let Some(reply) = malformed.reply {
                check_sent(&reply.to_bytes());
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        for part in split_list(text) {
            let _ = NameAddr::parse(part);
        }
        let _ = uri_user(text);
    }
}

/// Digest headers of either side: read, chosen from, judged. None is right by chance.
pub fn digest(text: &str) {
    let now = Instant::now();
    let secret = Redacted::new("rahasia".to_owned());
    if let Some(challenge) = Challenge::choose(text.split('\n')) {
        let answer = challenge.answer("metro-1", &secret, "REGISTER", "sip:polda", "c");
        assert!(Params::parse(&answer).is_some(), "we do not read what we wrote: {answer}");
    }
    let Some(params) = Params::parse(text) else { return };
    let mut nonces = Nonces::default();
    nonces.give(now, "n".into());
    let ha1s = Ha1s::of("metro-1", "polda", &secret);
    let verdict = nonces.judge(now, &params, "polda", "REGISTER", Some(&ha1s));
    let known = challenges("polda", "n", false);
    let answers = known.iter().filter_map(|c| Challenge::choose([c.as_str()].into_iter()));
    // The one way to be right is to hold a response of ours: the seeds have none.
    let right: Vec<String> =
        answers.map(|c| c.answer("metro-1", &secret, "REGISTER", "sip:polda", "c")).collect();
    if matches!(verdict, crate::digest::Proof::Good) {
        let response = params.get("response").unwrap_or_default();
        assert!(right.iter().any(|r| r.contains(response)), "a guess was right");
    }
}

/// Lines that we send hold no control characters, whatever was put into them.
fn check_sent(bytes: &[u8]) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a header has an end");
    let head = std::str::from_utf8(&bytes[..end]).expect("we write UTF-8");
    for line in head.split("\r\n") {
        assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "sent: {line:?}");
    }
}

/// What was sent last, to be put into what is received next.
#[derive(Default)]
struct Seen {
    tag: String,
    branch: String,
    call_id: String,
    nonce: String,
}

impl Seen {
    fn note(&mut self, bytes: &[u8]) {
        check_sent(bytes);
        let text = String::from_utf8_lossy(bytes);
        let find = |start: &str, ends: &[char]| {
            let rest = text.split(start).nth(1)?;
            Some(rest.split(ends).next().unwrap_or_default().to_owned())
        };
        let to = find("\r\nTo: ", &['\r']);
        if let Some(tag) = to.as_deref().and_then(|t| t.split(";tag=").nth(1)) {
            self.tag = tag.to_owned();
        }
        if let Some(tag) = find("\r\nFrom: ", &['\r']).filter(|_| !text.starts_with("SIP/")) {
            self.tag = tag.split(";tag=").nth(1).unwrap_or_default().to_owned();
        }
        self.branch = find(";branch=", &['\r', ';']).unwrap_or_default();
        self.call_id = find("\r\nCall-ID: ", &['\r']).unwrap_or_default();
        if let Some(nonce) = find("nonce=\"", &['"']) {
            self.nonce = nonce;
        }
    }

    fn fill(&self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len());
        let mut rest = data;
        while let Some((&byte, after)) = rest.split_first() {
            let value = match (byte, after.first()) {
                (b'%', Some(b'T')) => &self.tag,
                (b'%', Some(b'B')) => &self.branch,
                (b'%', Some(b'C')) => &self.call_id,
                (b'%', Some(b'N')) => &self.nonce,
                _ => {
                    out.push(byte);
                    rest = after;
                    continue;
                }
            };
            out.extend_from_slice(value.as_bytes());
            rest = &after[1..];
        }
        out
    }
}

/// Every dialog that is told ends at most once, and not before it is told.
#[derive(Default)]
struct Ends {
    live: Vec<DialogKey>,
    ended: HashSet<DialogKey>,
}

impl Ends {
    fn began(&mut self, dialog: DialogKey) {
        assert!(!self.ended.contains(&dialog) && !self.live.contains(&dialog));
        self.live.push(dialog);
    }

    fn ended(&mut self, dialog: DialogKey) {
        assert!(self.live.contains(&dialog), "{dialog} ended and was not there");
        assert!(self.ended.insert(dialog), "{dialog} ended twice");
        self.live.retain(|d| *d != dialog);
    }
}

/// Records of the server: `1`, `2`, `3` a message on that connection; `U` and `D` with a number bring a
/// connection up or down; `+` with a letter lets 1 to 26 × 8 s pass; `R`, `A`, `X`, `H`, `O`, `Y`, `N` ring, answer,
/// refuse, hang up, re-offer, accept and refuse a re-offer in the newest call; `I` calls the seat.
///
/// Whatever comes, each call ends once, and nothing is left when all have been hung up.
pub fn server(data: &[u8]) {
    let mut now = Instant::now();
    let mut server = FuzzedServer::new(
        ServerConfig {
            bind: SocketAddr::from(([127, 0, 0, 1], 5066)),
            realm: "polda".into(),
            user_agent: "fuzz".into(),
            tls: None,
            emergency_user: "110".into(),
            limits: Limits { malformed_per_connection: 1000, ..Limits::default() },
        },
        StdRng::seed_from_u64(110),
    );
    let secret = Redacted::new("rahasia".to_owned());
    server.actor.set_account("metro-1".into(), Ha1s::of("metro-1", "polda", &secret));
    let (mut seen, mut ends) = (Seen::default(), Ends::default());
    for flow in FLOWS {
        server.up(now, flow);
    }
    register_seat(&mut server, now, &secret);
    for record in data.split(|b| *b == 0x1e).take(RECORDS) {
        let Some((&what, rest)) = record.split_first() else { continue };
        let number = u64::from(rest.first().copied().unwrap_or(b'1').wrapping_sub(b'0'));
        let newest = ends.live.last().copied();
        match (what, newest) {
            (b'1'..=b'3', _) => {
                server.actor.on_frame(now, FlowId(u64::from(what - b'0')), &seen.fill(rest));
            }
            (b'U', _) if FLOWS.contains(&number) => server.up(now, number),
            (b'D', _) => server.actor.on_down(now, FlowId(number), "Closed By Peer"),
            (b'+', _) => {
                let letter = rest.first().map_or(0, |c| c.wrapping_sub(b'a') % 26);
                now += Duration::from_secs(8 * u64::from(letter + 1));
                server.actor.on_time(now);
            }
            (b'I', _) => {
                if let Ok(dialog) = server.actor.invite("metro-1", SDP, &Headers::new()) {
                    ends.began(dialog);
                }
            }
            // Each may be refused for the state it meets; that is what is tried.
            (b'R', Some(dialog)) => drop(server.actor.stack().ring(dialog, None)),
            (b'A', Some(dialog)) => drop(server.actor.stack().answer(now, dialog, SDP)),
            (b'X', Some(dialog)) => drop(server.actor.stack().reject(dialog, 486, "Busy Here")),
            (b'H', Some(dialog)) => drop(server.actor.stack().hang_up(now, dialog, None)),
            (b'O', Some(dialog)) => drop(server.actor.reoffer(dialog, SDP)),
            (b'Y', Some(dialog)) => drop(server.actor.stack().accept_reoffer(now, dialog, SDP)),
            (b'N', Some(dialog)) => {
                drop(server.actor.stack().reject_reoffer(now, dialog, 488, "No"));
            }
            _ => {}
        }
        note(server.deeds(now), &mut seen, &mut ends);
    }
    for dialog in ends.live.clone() {
        let hung_up = server.actor.stack().hang_up(now, dialog, None);
        assert!(hung_up.is_ok(), "{dialog} is live and cannot be hung up");
    }
    for _ in 0..40 {
        note(server.deeds(now), &mut seen, &mut ends);
        now += Duration::from_secs(8);
        server.actor.on_time(now);
    }
    assert!(ends.live.is_empty(), "calls that never ended");
    server.check_empty();
}

/// The seat `metro-1` registers on connection 3.
fn register_seat(server: &mut FuzzedServer, now: Instant, secret: &Redacted<String>) {
    let register = |cseq: u32| {
        Message::request(Method::Register, "sip:polda")
            .with("Via", format!("SIP/2.0/WS seat.invalid;branch=z9hG4bKseat{cseq}"))
            .with("From", "<sip:metro-1@polda>;tag=seat")
            .with("To", "<sip:metro-1@polda>")
            .with("Call-ID", "seat")
            .with("CSeq", format!("{cseq} REGISTER"))
            .with("Contact", "<sip:metro-1@seat.invalid;transport=ws>;expires=3600")
    };
    server.actor.on_frame(now, FlowId(3), &register(1).to_bytes());
    let Some(Deed::Sent(challenge)) = server.deeds(now).pop() else { panic!("no challenge") };
    let Ok(challenge) = Message::parse(&challenge) else { panic!("not our own message") };
    let chosen = Challenge::choose(challenge.all("WWW-Authenticate")).expect("a challenge");
    let proof = chosen.answer("metro-1", secret, "REGISTER", "sip:polda", "c");
    let proven = register(2).with("Authorization", proof);
    server.actor.on_frame(now, FlowId(3), &proven.to_bytes());
    server.deeds(now);
    assert!(server.actor.is_registered("metro-1"));
}

fn note(deeds: Vec<Deed>, seen: &mut Seen, ends: &mut Ends) {
    for deed in deeds {
        match deed {
            Deed::Sent(bytes) => seen.note(&bytes),
            Deed::Began(dialog) => ends.began(dialog),
            Deed::Ended(dialog) => ends.ended(dialog),
        }
    }
}

/// A user agent that calls and registers: `1` a message; `+` as for [`server`]; `H` hangs up, `O` re-offers, `F` and
/// `G` lose the connection and have a new one.
pub fn client(data: &[u8]) {
    let mut now = Instant::now();
    let identity = Identity {
        sent_by: "a.invalid".into(),
        transport: "WS",
        contact: "<sip:a@a.invalid;transport=ws;ob>".into(),
        user_agent: "fuzz".into(),
        credentials: Some(("metro-1".into(), Redacted::new("rahasia".into()))),
    };
    let mut stack = Stack::new(identity, StdRng::seed_from_u64(110));
    let (mut seen, mut ends, mut flow) = (Seen::default(), Ends::default(), 1);
    stack.register(now, FlowId(flow), "r", "sip:metro-1@polda", "sip:polda", "<sip:a@a.invalid>");
    let call = Invitation {
        flow: FlowId(flow),
        owner: Some(Owner { user: "metro-1".into(), instance: None }),
        target: "sip:110@polda",
        to: "sip:110@polda",
        from: "sip:metro-1@polda",
        display_name: None,
        offer: SDP,
        headers: &Headers::new(),
    };
    ends.began(stack.invite(now, &call).expect("a good call"));
    for record in data.split(|b| *b == 0x1e).take(RECORDS) {
        drain(&mut stack, &mut seen, &mut ends);
        let Some((&what, rest)) = record.split_first() else { continue };
        match (what, ends.live.last().copied()) {
            (b'1', _) => {
                if let Ok(message) = Message::parse(&seen.fill(rest)) {
                    stack.receive(now, FlowId(flow), message);
                }
            }
            (b'+', _) => {
                let letter = rest.first().map_or(0, |c| c.wrapping_sub(b'a') % 26);
                now += Duration::from_secs(8 * u64::from(letter + 1));
                stack.handle_timeout(now);
            }
            (b'F', _) => stack.flow_down(now, FlowId(flow)),
            (b'G', _) => {
                flow += 1;
                stack.rebind_all(now, FlowId(flow));
            }
            (b'H', Some(dialog)) => drop(stack.hang_up(now, dialog, None)),
            (b'O', Some(dialog)) => drop(stack.reoffer(now, dialog, SDP)),
            (b'A', Some(dialog)) => drop(stack.answer(now, dialog, SDP)),
            _ => {}
        }
    }
    drain(&mut stack, &mut seen, &mut ends);
    for dialog in ends.live.clone() {
        assert!(stack.hang_up(now, dialog, None).is_ok(), "{dialog} cannot be hung up");
    }
    for _ in 0..40 {
        drain(&mut stack, &mut seen, &mut ends);
        now += Duration::from_secs(8);
        stack.handle_timeout(now);
    }
    drain(&mut stack, &mut seen, &mut ends);
    assert!(ends.live.is_empty(), "calls that never ended");
    assert!(stack.is_idle(), "something is left");
}

fn drain(stack: &mut Stack, seen: &mut Seen, ends: &mut Ends) {
    while let Some(output) = stack.poll_output() {
        match output {
            Output::Send(_, message) => seen.note(&message.to_bytes()),
            Output::Event(Event::Incoming { dialog, .. }) => ends.began(dialog),
            Output::Event(Event::Failed { dialog, .. } | Event::Ended { dialog, .. }) => {
                ends.ended(dialog);
            }
            Output::Event(_) => {}
        }
    }
}

/// What a peer sends from its first byte on, the HTTP request of the handshake included: it ends when the bytes
/// end, with one word about why.
pub fn websocket(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (mut back, mut out) = tokio::io::split(far);
        let sent = data.to_vec();
        let feed = async move {
            // It may close before it has read everything.
            let _ = out.write_all(&sent).await;
            let _ = out.shutdown().await;
        };
        let sink = async move {
            let mut drop = [0; 1024];
            while back.read(&mut drop).await.is_ok_and(|n| n > 0) {}
        };
        let serve = async move {
            let Ok(socket) = ws::accept(near, 4096).await else { return };
            let (inbound, mut frames) = mpsc::channel(64);
            let (_outbound, queue) = mpsc::channel(OUTBOUND);
            let carrier = ws::carry(socket, FlowId(1), inbound, queue, None);
            let read = async move {
                let mut ends = 0;
                while let Some(frame) = frames.recv().await {
                    match frame {
                        Inbound::Frame(_, data) => {
                            assert!(data.len() <= 4096 && ends == 0);
                            message(&data);
                        }
                        Inbound::Down(_, _) => ends += 1,
                    }
                }
                assert_eq!(ends, 1, "a connection ends once");
            };
            tokio::join!(carrier, read);
        };
        tokio::join!(feed, sink, serve);
    });
}

#[cfg(test)]
mod tests;
