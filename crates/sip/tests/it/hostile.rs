//! Malformed and hostile messages, while a call goes on.

use crate::expect;
use crate::harness::*;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use siaga_sip::{ServerEvent, UaEvent};

pub(crate) fn request(method: &str, to: &str, extra: &str, body: &str) -> String {
    format!(
        "{method} sip:{to}@{REALM} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKx\r\n\
         Max-Forwards: 70\r\nFrom: <sip:x@x.invalid>;tag=x\r\nTo: <sip:{to}@{REALM}>\r\n\
         Call-ID: x1\r\nCSeq: 1 {method}\r\nContact: <sip:x@x.invalid;transport=ws>\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// After RFC 4475: each is wrong in one way; what is expected back, if a reply is possible.
fn torture() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let good = || request("INVITE", "110", "Content-Type: application/sdp\r\n", "v=0\r\n");
    let changed = |from: &str, to: &str| good().replacen(from, to, 1).into_bytes();
    vec![
        (
            changed("Content-Length: 5", "Content-Length: 9999"),
            Some("SIP/2.0 400 Content-Length Differs From Body"),
        ),
        (
            changed("Content-Length: 5", "Content-Length: -999"),
            Some("SIP/2.0 400 Content-Length Differs From Body"),
        ),
        (
            changed("CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE"),
            Some("SIP/2.0 400 Bad CSeq"),
        ),
        (changed("CSeq: 1 INVITE", "CSeq: 1 NEWMETHOD"), Some("SIP/2.0 400 CSeq Method Differs")),
        (
            changed("INVITE sip:110", "NEWMETHOD sip:110"),
            Some("SIP/2.0 501 Method Not Implemented"),
        ),
        (changed("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), Some("SIP/2.0 505 Version Not Supported")),
        (
            changed("sip:110@polda.test SIP", "<sip:110@polda.test> SIP"),
            Some("SIP/2.0 400 Bad Start Line"),
        ),
        (
            changed("sip:110@polda.test SIP", "nobodyKnowsThisScheme:x SIP"),
            Some("SIP/2.0 416 URI Scheme Not Supported"),
        ),
        (
            changed("To: <sip:110@polda.test>", "To: \"Mr <sip:110@polda.test>"),
            Some("SIP/2.0 400 To Without Address"),
        ),
        (
            changed("From: <sip:x@x.invalid>;tag=x", "From: <sip:x@x.invalid>"),
            Some("SIP/2.0 400 From Without Address Or Tag"),
        ),
        (changed("Max-Forwards: 70", "Max-Forwards: 300"), Some("SIP/2.0 400 Bad Max-Forwards")),
        (
            changed("Max-Forwards: 70", "From: <sip:y@y.invalid>;tag=y"),
            Some("SIP/2.0 400 From Missing Or Repeated"),
        ),
        (
            changed("Max-Forwards: 70", "Require: nothingSupportsThis"),
            Some("SIP/2.0 420 Bad Extension"),
        ),
        (
            changed("Content-Type: application/sdp", "Content-Type: application/unknown"),
            Some("SIP/2.0 415 SDP Expected"),
        ),
        (
            changed("Contact: <sip:x@x.invalid;transport=ws>", "Contact: <>"),
            Some("SIP/2.0 400 Contact Missing Or Unreadable"),
        ),
        (changed("Call-ID: x1\r\n", ""), None),
        (b"\0\xff\xfe not SIP at all".to_vec(), None),
        (b"SIP/2.0 200 OK\r\n\r\n".to_vec(), None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), None),
        (b"\r\n\r\n\r\n\r\n".to_vec(), None),
        (
            request("BYE", "110", "", "")
                .replacen("polda.test>", "polda.test>;tag=none", 1)
                .into_bytes(),
            Some("SIP/2.0 481 Call Does Not Exist"),
        ),
        (request("CANCEL", "110", "", "").into_bytes(), Some("SIP/2.0 481 Call Does Not Exist")),
        (request("SUBSCRIBE", "110", "", "").into_bytes(), Some("SIP/2.0 405 Method Not Allowed")),
    ]
}

#[tokio::test]
async fn malformed_messages_are_answered_and_the_call_goes_on() {
    let mut switch = Switch::with(|cfg| cfg.limits.malformed_per_connection = 1000).await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let (here, there) = phone.established(&mut switch).await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    for (message, expected) in torture() {
        let shown = String::from_utf8_lossy(&message).into_owned();
        assert!(raw.send(message).await, "cut off by {shown}");
        if let Some(expected) = expected {
            assert_eq!(raw.status().await, expected, "{shown}");
        }
    }
    // Still served: by the same connection, and the call in progress.
    assert!(raw.send(request("OPTIONS", "110", "", "")).await);
    assert_eq!(raw.status().await, "SIP/2.0 200 OK");
    let asked = tokio::spawn({
        let ua = phone.ua.clone();
        async move { ua.reoffer(here, OFFER).await }
    });
    expect!(switch.events, ServerEvent::Reoffer { dialog, .. } if dialog == there => ());
    switch.server.accept_reoffer(there, ANSWER).await.unwrap();
    assert_eq!(soon("the answer", asked).await.unwrap().unwrap(), ANSWER);
}

#[tokio::test]
async fn random_damage_harms_nobody_else() {
    let mut switch = Switch::with(|cfg| cfg.limits.malformed_per_connection = u32::MAX).await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let (here, there) = phone.established(&mut switch).await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    let mut rng = rand::rngs::StdRng::seed_from_u64(110);
    // Methods without a call of their own, so that damage makes no calls that ring for ever.
    let kinds = ["BYE", "REGISTER", "OPTIONS", "INFO", "ACK", "CANCEL", "UPDATE"];
    for n in 0..2000 {
        let mut data = request(kinds[n % kinds.len()], "x", "", "").into_bytes();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..data.len());
            match rng.random_range(0..3) {
                0 => data[at] = (rng.next_u32() & 0xff) as u8,
                1 => data.truncate(at.max(1)),
                _ => data.insert(at, b"\r\n:;,<>\"= "[rng.random_range(0..10)]),
            }
        }
        assert!(raw.send(data).await, "cut off");
        while let Ok(event) = switch.events.try_recv() {
            assert!(matches!(event, ServerEvent::Rejected { .. }), "{event:?}");
        }
    }
    drop(raw);
    let leg = {
        let mut stranger = Phone::stranger(switch.server.local_addr());
        stranger.established(&mut switch).await.1
    };
    assert_ne!(leg, there);
    switch.server.hang_up(there, None).await.unwrap();
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: true, .. } if dialog == here => ());
}

#[tokio::test]
async fn an_offender_is_cut_off_after_its_allowance() {
    let mut switch = Switch::with(|cfg| cfg.limits.malformed_per_connection = 3).await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    for _ in 0..3 {
        assert!(raw.send("nonsense").await);
        expect!(switch.events, ServerEvent::Rejected { .. } => ());
    }
    assert_eq!(raw.receive().await, None);
    Phone::stranger(switch.server.local_addr()).established(&mut switch).await;
}

#[tokio::test]
async fn a_message_beyond_the_limit_closes_its_connection() {
    let mut switch = Switch::with(|cfg| cfg.limits.message_bytes = 4096).await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    raw.send(request("INVITE", "110", "", &"x".repeat(5000))).await;
    assert_eq!(raw.receive().await, None);
    expect!(switch.events, ServerEvent::Rejected { what, .. } => assert_eq!(what, "Message Too Large"));
    Phone::stranger(switch.server.local_addr()).established(&mut switch).await;
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let mut switch = Switch::with(|cfg| cfg.limits.connections_per_address = 2).await;
    let server = switch.server.local_addr();
    let first = Raw::connect(server).await;
    let _second = Raw::connect(server).await;
    let mut phone = Phone::stranger(server);
    expect!(switch.events, ServerEvent::Rejected { what, .. } => assert_eq!(what, "too many connections"));
    drop(first);
    phone.established(&mut switch).await;
}

#[tokio::test]
async fn keep_alives_are_answered() {
    let switch = Switch::start().await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    assert!(raw.send("\r\n\r\n").await);
    assert_eq!(raw.receive().await.as_deref(), Some("\r\n"));
}
