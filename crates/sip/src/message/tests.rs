//! What is taken for a message and what is refused.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "INVITE sip:110@polda.test SIP/2.0\r\n\
    v: SIP/2.0/WS a.invalid;branch=z9hG4bK1, SIP/2.0/WS p.invalid;branch=z9hG4bK0\r\n\
    Max-Forwards: 70\r\n\
    f: \"Budi, \\\"Bud\\\" <x>\" <sip:0812@polda.test>;tag=1\r\n\
    t: <sip:110@polda.test>\r\n\
    i: c1\r\n\
    CSeq: 1 INVITE\r\n\
    m: <sip:a@a.invalid;transport=ws;ob>\r\n\
    X-Folded: one\r\n two\r\n\
    c: application/sdp\r\n\
    l: 5\r\n\r\nv=0\r\n";

fn parse(text: &str) -> Result<Message, Malformed> {
    Message::parse(text.as_bytes())
}

fn refusal(text: &str) -> (&'static str, Option<u16>) {
    let Err(malformed) = parse(text) else { panic!("accepted: {text}") };
    let status = malformed.reply.map(|r| match r.start {
        Start::Response { status, .. } => status,
        Start::Request { .. } => 0,
    });
    (malformed.what, status)
}

#[test]
fn compact_names_folding_and_quotes_are_read() {
    let Ok(message) = parse(GOOD) else { panic!("refused") };
    assert_eq!(message.branch().as_deref(), Some("z9hG4bK1"));
    assert_eq!(message.get("X-Folded"), Some("one two"));
    assert_eq!(message.sdp(), Ok(Some("v=0\r\n".into())));
    let from = message.from().expect("From");
    assert_eq!(from.display.as_deref(), Some("Budi, \"Bud\" <x>"));
    assert_eq!((from.user().as_str(), from.param("tag")), ("0812", Some("1")));
    let Ok(again) = Message::parse(&message.to_bytes()) else { panic!("not our own") };
    assert_eq!(again.headers, message.headers);
}

#[test]
fn what_the_library_is_lenient_about_is_refused() {
    for (from, to, what, status) in [
        ("l: 5", "l: 50", "Content-Length Differs From Body", Some(400)),
        ("l: 5", "l: x", "Content-Length Differs From Body", Some(400)),
        ("l: 5", "l: 5\r\nContent-Length: 5", "Content-Length Differs From Body", Some(400)),
        ("Max-Forwards: 70", "Max-Forwards 70", "Header Line Without Colon", Some(400)),
        ("Max-Forwards: 70", "Max-Forwards: many", "Bad Max-Forwards", Some(400)),
        ("Max-Forwards: 70", "X: a\nY: b", "Control Character In Header", Some(400)),
        ("INVITE sip", "invite sip", "Method Not Implemented", Some(501)),
        ("INVITE sip", "FLY sip", "Method Not Implemented", Some(501)),
        ("SIP/2.0\r\nv", "SIP/9.0\r\nv", "Version Not Supported", Some(505)),
        ("1 INVITE", "1 BYE", "CSeq Method Differs", Some(400)),
        ("1 INVITE", "4294967296 INVITE", "Bad CSeq", Some(400)),
        ("sip:110@polda.test SIP", "nobody:110 SIP", "URI Scheme Not Supported", Some(416)),
        (";tag=1", "", "From Without Address Or Tag", Some(400)),
        ("i: c1\r\n", "", "Call-ID Missing Or Repeated", None),
        ("branch=z9hG4bK1", "branch=", "Via Without Branch", Some(400)),
        ("INVITE sip", "ACK sip", "CSeq Method Differs", None),
        ("\r\n\r\nv=0\r\n", "", "Header Without End", Some(400)),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        assert_eq!(refusal(&text), (what, status), "{to}");
    }
}

#[test]
fn users_are_read_from_any_uri_that_means_one() {
    for (uri, user) in [
        ("sip:110@polda", "110"),
        ("sip:%31%310@polda", "110"),
        ("sip:110;phone-context=+62@polda", "110"),
        ("sip:110:pass@polda", "110"),
        ("tel:110;phone-context=+62", "110"),
        ("sip:polda", ""),
        ("110", ""),
    ] {
        assert_eq!(uri_user(uri), user, "{uri}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_borne(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::parse(&data);
    }

    #[test]
    fn a_damaged_message_is_parsed_or_refused(at in 0..GOOD.len(), with in any::<u8>(), cut in 0..GOOD.len()) {
        let mut data = GOOD.as_bytes().to_vec();
        data[at] = with;
        for data in [&data[..], &data[..cut]] {
            match Message::parse(data) {
                Ok(message) => prop_assert!(Message::parse(&message.to_bytes()).is_ok()),
                Err(malformed) => if let Some(reply) = malformed.reply {
                    prop_assert!(!reply.to_bytes().windows(2).any(|w| w == b"\n\n"));
                },
            }
        }
    }

    #[test]
    fn address_lists_are_borne(text in "[ -~]{0,60}") {
        for part in split_list(&text) {
            let _ = NameAddr::parse(part);
        }
        let _ = uri_user(&text);
    }
}
