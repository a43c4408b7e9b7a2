//! Floods and guesses from one address, and what everybody else notices of them: nothing.

use crate::expect;
use crate::harness::*;
use crate::hostile::request;
use siaga_model::Redacted;
use siaga_sip::{Ha1s, Limits, Rate, ServerEvent, UaEvent};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whom the floods come from; telephones and seats have 127.0.0.1.
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

const fn none_after(burst: u32) -> Rate {
    Rate { per_second: 0, burst }
}

#[tokio::test]
async fn messages_beyond_the_rate_are_not_read_and_another_address_calls_meanwhile() {
    const BURST: u32 = 60;
    const CONNECTIONS: usize = 4;
    let mut switch = Switch::with(|cfg| cfg.limits.messages_per_address = none_after(BURST)).await;
    let server = switch.server.local_addr();
    let served = Arc::new(AtomicUsize::new(0));
    let mut floods = Vec::new();
    for _ in 0..CONNECTIONS {
        let (mut out, mut back) = Raw::connect_from(ELSEWHERE, server).await.split();
        let served = served.clone();
        floods.push(tokio::spawn(async move {
            while out.send(request("OPTIONS", "110", "", "")).await {}
        }));
        floods.push(tokio::spawn(async move {
            while back.receive().await.is_some() {
                served.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    soon("the flood to be under way", async {
        while served.load(Ordering::SeqCst) < BURST as usize / 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Another address does all that a seat and a caller do, with the flood on.
    let mut seat = Phone::registered(&switch, "metro-1").await;
    for _ in 0..5 {
        let mut phone = Phone::stranger(server);
        let (here, there) = phone.established(&mut switch).await;
        phone.ua.hang_up(here).await.unwrap();
        expect!(switch.events, ServerEvent::Ended { dialog, .. } if dialog == there => ());
        let ringing = switch.server.invite("metro-1", OFFER, Default::default()).await.unwrap();
        let call = seat.incoming().await;
        seat.ua.answer(call.dialog, ANSWER).await.unwrap();
        expect!(switch.events, ServerEvent::Answered { dialog, .. } if dialog == ringing => ());
    }
    let served = served.load(Ordering::SeqCst);
    assert!(served <= BURST as usize + CONNECTIONS, "{served} messages of the flood were served");
    for flood in floods {
        flood.abort();
    }
}

#[tokio::test]
async fn bytes_beyond_the_rate_are_not_read_and_another_address_calls_meanwhile() {
    let rate = none_after(20_000);
    let mut switch = Switch::with(|cfg| cfg.limits.bytes_per_address = rate).await;
    let server = switch.server.local_addr();
    // The flood needs no handshake to be one.
    let sent = Arc::new(AtomicUsize::new(0));
    let flood = tokio::spawn({
        let sent = sent.clone();
        async move {
            use tokio::io::AsyncWriteExt as _;
            let mut stream = connect_from(ELSEWHERE, server).await;
            let line = format!("X-Header: {}\r\n", "x".repeat(4000));
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n").await;
            while stream.write_all(line.as_bytes()).await.is_ok() {
                sent.fetch_add(line.len(), Ordering::SeqCst);
            }
        }
    });
    let mut raw = Raw::connect_from(ELSEWHERE, server).await;
    soon("the flood to be under way", async {
        while sent.load(Ordering::SeqCst) < 40_000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(raw.send(request("OPTIONS", "110", "", "")).await);
    let mut phone = Phone::stranger(server);
    let (_, there) = phone.established(&mut switch).await;
    switch.server.hang_up(there, None).await.unwrap();
    expect!(phone.events, UaEvent::Ended { by_remote: true, .. } => ());
    flood.abort();
}

fn invite(n: usize) -> String {
    request("INVITE", "110", "Content-Type: application/sdp\r\n", "v=0\r\n")
        .replace("Call-ID: x1", &format!("Call-ID: x{n}"))
        .replace("z9hG4bKx", &format!("z9hG4bKx{n}"))
}

#[tokio::test]
async fn calls_beyond_the_rate_of_one_address_get_503_and_others_get_through() {
    let rate = none_after(3);
    let mut switch = Switch::with(|cfg| cfg.limits.invites_per_address = rate).await;
    let server = switch.server.local_addr();
    let mut raw = Raw::connect_from(ELSEWHERE, server).await;
    for n in 0..3 {
        assert!(raw.send(invite(n)).await);
        assert_eq!(raw.status().await, "SIP/2.0 100 Trying");
        switch.incoming().await;
    }
    for n in 3..40 {
        assert!(raw.send(invite(n)).await);
        let refusal = raw.receive().await.expect("503");
        assert!(
            refusal.starts_with("SIP/2.0 503 Too Many Calls From One Address\r\n"),
            "{refusal}"
        );
        assert!(refusal.contains("\r\nRetry-After: 10\r\n"), "{refusal}");
    }
    let told = std::iter::from_fn(|| switch.events.try_recv().ok()).count();
    assert!((1..=20).contains(&told), "{told} events for 37 refusals");
    Phone::stranger(server).established(&mut switch).await;
    // A registered seat is not counted as a stranger, even beside the flood.
    switch.account("metro-1", "rahasia").await;
    let mut seat = Phone::start(config(server, "metro-1", Some("rahasia")));
    expect!(seat.events, UaEvent::Registered { .. } => ());
    for _ in 0..5 {
        seat.established(&mut switch).await;
    }
}

#[tokio::test]
async fn no_more_calls_at_a_time_than_its_share_come_from_one_address() {
    let mut switch = Switch::with(|cfg| cfg.limits.calls_per_address = 1).await;
    let server = switch.server.local_addr();
    let mut first = Phone::stranger(server);
    let (here, there) = first.established(&mut switch).await;
    let mut second = Phone::stranger(server);
    let refused = second.dial("110").await;
    let status = expect!(second.events, UaEvent::Failed { dialog, status, .. } if dialog == refused => status);
    assert_eq!(status, 503);
    first.ua.hang_up(here).await.unwrap();
    expect!(switch.events, ServerEvent::Ended { dialog, .. } if dialog == there => ());
    second.established(&mut switch).await;
}

fn register(user: &str, cseq: u32, authorization: &str) -> String {
    format!(
        "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK{cseq}\r\n\
         From: <sip:{user}@{REALM}>;tag=a\r\nTo: <sip:{user}@{REALM}>\r\nCall-ID: g\r\n\
         CSeq: {cseq} REGISTER\r\nContact: <sip:q@x.invalid;transport=ws>;expires=120\r\n\
         {authorization}Content-Length: 0\r\n\r\n"
    )
}

/// Asks for a challenge and gives its nonce.
async fn nonce(raw: &mut Raw, user: &str, cseq: u32) -> String {
    assert!(raw.send(register(user, cseq, "")).await);
    let challenge = raw.receive().await.expect("401");
    let value = challenge.split("nonce=\"").nth(1).and_then(|r| r.split('"').next());
    value.expect("a nonce").to_owned()
}

fn proof(user: &str, secret: &str, nonce: &str) -> String {
    let sha = |text: String| {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest(text))
    };
    let ha1 = Ha1s::of(user, REALM, &Redacted::new(secret.to_owned())).sha256;
    let ha2 = sha(format!("REGISTER:sip:{REALM}"));
    let response = sha(format!("{}:{nonce}:00000001:cc:auth:{ha2}", ha1.expose()));
    format!(
        "Authorization: Digest algorithm=SHA-256, username=\"{user}\", realm=\"{REALM}\", \
         nonce=\"{nonce}\", uri=\"sip:{REALM}\", response=\"{response}\", qop=auth, \
         cnonce=\"cc\", nc=00000001\r\n"
    )
}

#[tokio::test]
async fn guessed_secrets_are_slowed_and_told_and_the_desk_elsewhere_registers_at_once() {
    let mut switch = Switch::start().await;
    let server = switch.server.local_addr();
    switch.account("metro-1", "benar").await;
    let mut raw = Raw::connect_from(ELSEWHERE, server).await;
    let mut guesses = Vec::new();
    for n in 1..=5 {
        let nonce = nonce(&mut raw, "metro-1", n).await;
        guesses.push(proof("metro-1", &format!("salah{n}"), &nonce));
    }
    for (n, guess) in guesses.iter().enumerate() {
        assert!(raw.send(register("metro-1", 10 + n as u32, guess)).await);
    }
    // One is looked at and answered late; those that came with it are not looked at.
    for _ in 1..5 {
        let refusal = raw.receive().await.expect("503");
        assert!(refusal.starts_with("SIP/2.0 503 Too Many Wrong Secrets\r\n"), "{refusal}");
        assert!(refusal.contains("\r\nRetry-After: 1\r\n"), "{refusal}");
    }
    assert_eq!(raw.status().await, "SIP/2.0 403 Wrong User Or Secret");
    let remote = expect!(switch.events, ServerEvent::Rejected { remote, what } if what == "Wrong User Or Secret" => remote);
    assert_eq!(remote.ip(), ELSEWHERE);
    expect!(switch.events, ServerEvent::Rejected { what, .. } if what == "Too Many Wrong Secrets" => ());
    let mut desk = Phone::start(config(server, "metro-1", Some("benar")));
    let event = soon("the first event", desk.events.recv()).await.expect("running");
    assert!(matches!(event, UaEvent::Registered { .. }), "{event:?}");
}

#[tokio::test]
async fn a_proof_is_worth_nothing_twice_or_on_another_connection() {
    let switch = Switch::start().await;
    let server = switch.server.local_addr();
    switch.account("metro-1", "benar").await;
    let mut raw = Raw::connect(server).await;
    let nonce = nonce(&mut raw, "metro-1", 1).await;
    let proof = proof("metro-1", "benar", &nonce);
    let mut thief = Raw::connect(server).await;
    assert!(thief.send(register("metro-1", 2, &proof)).await);
    assert!(thief.receive().await.expect("401").contains("stale=true"));
    assert!(raw.send(register("metro-1", 2, &proof)).await);
    assert_eq!(raw.status().await, "SIP/2.0 200 OK");
    assert!(raw.send(register("metro-1", 3, &proof)).await);
    assert!(raw.receive().await.expect("401").contains("stale=true"));
}

/// The first message of a connection is in the server's queue as soon as its news are.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn whoever_asks_in_the_moment_of_connecting_is_answered_however_many_come_at_once() {
    let switch = Switch::start().await;
    let server = switch.server.local_addr();
    let mut desks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        desks.spawn(async move {
            let mut raw = Raw::connect(server).await;
            assert!(raw.send(register("metro-1", 1, "")).await);
            raw.status().await
        });
    }
    for status in desks.join_all().await {
        assert_eq!(status, "SIP/2.0 401 Unauthorized");
    }
}

#[tokio::test]
async fn a_thousand_calls_from_this_machine_are_within_the_limits_for_loopback() {
    let mut switch = Switch::with(|cfg| cfg.limits = Limits::loopback()).await;
    let mut callers = Vec::new();
    for n in 0..1000 {
        let mut raw = Raw::connect(switch.server.local_addr()).await;
        assert!(raw.send(invite(n)).await);
        assert_eq!(raw.status().await, "SIP/2.0 100 Trying");
        switch.incoming().await;
        callers.push(raw);
    }
}
