//! The messages of RFC 4475 against the server, over a WebSocket.
//!
//! What a proxy would do with a message does not apply: the server is the end of every call. It serves
//! 110 and its registered seats only, so a good INVITE to somebody else meets 403, and a good REGISTER a
//! challenge; either shows that it was read.

use crate::expect;
use crate::harness::*;
use siaga_sip::ServerEvent;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// What has to come of a message.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Read and answered so.
    Served(&'static str),
    /// Answered so and reported as rejected.
    Refused(&'static str),
    /// Reported as rejected, but not answered: it is a response, or says too little about itself.
    Dropped,
    /// A response to nothing that we have sent.
    Ignored,
}

use Fate::{Dropped, Ignored, Refused, Served};

/// Section, name, fate.
const MESSAGES: [(&str, &str, Fate); 49] = [
    ("3.1.1.1", "wsinv", Served("481 Call Does Not Exist")), // its To has a tag
    // Unknown method and good syntax, but a NUL in a header is taken from nobody.
    ("3.1.1.2", "intmeth", Refused("400 Control Character In Header")),
    ("3.1.1.3", "esc01", Served("403 Only 110 Without Registration")),
    ("3.1.1.4", "escnull", Served("401 Unauthorized")),
    ("3.1.1.5", "esc02", Refused("501 Method Not Implemented")),
    ("3.1.1.6", "lwsdisp", Served("200 OK")),
    // Via without branch: good by RFC 2543 only, whose clients know no WebSocket.
    ("3.1.1.7", "longreq", Refused("400 Via Without Branch")),
    // A WebSocket message is one SIP message (RFC 7118, 4.2).
    ("3.1.1.8", "dblreq", Refused("400 Content-Length Differs From Body")),
    ("3.1.1.9", "semiuri", Served("200 OK")),
    ("3.1.1.10", "transports", Served("200 OK")),
    ("3.1.1.11", "mpart01", Served("405 Method Not Allowed")),
    ("3.1.1.12", "unreason", Ignored),
    ("3.1.1.13", "noreason", Ignored),
    ("3.1.2.1", "badinv01", Refused("400 Via Without Branch")),
    ("3.1.2.2", "clerr", Refused("400 Content-Length Differs From Body")),
    ("3.1.2.3", "ncl", Refused("400 Content-Length Differs From Body")),
    ("3.1.2.4", "scalar02", Refused("400 Bad CSeq")),
    ("3.1.2.5", "scalarlg", Dropped),
    ("3.1.2.6", "quotbal", Refused("400 To Without Address")),
    ("3.1.2.7", "ltgtruri", Refused("400 Via Without Branch")),
    ("3.1.2.8", "lwsruri", Refused("400 Bad Start Line")),
    ("3.1.2.9", "lwsstart", Refused("400 Bad Start Line")),
    ("3.1.2.10", "trws", Refused("400 Bad Start Line")),
    ("3.1.2.11", "escruri", Refused("400 Headers In Request-URI")),
    // The Date is not ours to judge; it is handed on with the call.
    ("3.1.2.12", "baddate", Served("403 Only 110 Without Registration")),
    ("3.1.2.13", "regbadct", Served("401 Unauthorized")),
    ("3.1.2.14", "badaspec", Refused("400 To Without Address")),
    ("3.1.2.15", "baddn", Served("200 OK")),
    ("3.1.2.16", "badvers", Refused("505 Version Not Supported")),
    ("3.1.2.17", "mismatch01", Refused("400 CSeq Method Differs")),
    ("3.1.2.18", "mismatch02", Refused("501 Method Not Implemented")),
    ("3.1.2.19", "bigcode", Dropped),
    // Nothing hangs on the branch of a request that is answered at once.
    ("3.2.1", "badbranch", Served("200 OK")),
    ("3.3.1", "insuf", Dropped),
    ("3.3.2", "unkscm", Refused("416 URI Scheme Not Supported")),
    ("3.3.3", "novelsc", Refused("416 URI Scheme Not Supported")),
    // Whoever that is has no account here, which is told to those only who prove one.
    ("3.3.4", "unksm2", Served("401 Unauthorized")),
    ("3.3.5", "bext01", Served("420 Bad Extension")),
    ("3.3.6", "invut", Served("403 Only 110 Without Registration")),
    ("3.3.7", "regaut01", Served("401 Unauthorized")),
    ("3.3.8", "multi01", Refused("400 From Missing Or Repeated")),
    ("3.3.9", "mcl01", Refused("400 Content-Length Differs From Body")),
    ("3.3.10", "bcast", Ignored),
    // For whoever it is meant for, 0 is enough.
    ("3.3.11", "zeromf", Served("200 OK")),
    ("3.3.12", "cparam01", Served("401 Unauthorized")),
    ("3.3.13", "cparam02", Served("401 Unauthorized")),
    ("3.3.14", "regescrt", Served("401 Unauthorized")),
    ("3.3.15", "sdp01", Served("403 Only 110 Without Registration")),
    // RFC 2543 again: neither branch nor From tag.
    ("3.4.1", "inv2543", Refused("400 Via Without Branch")),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture")
}

#[test]
fn every_message_of_the_rfc_is_there_and_has_its_fate() {
    let files = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path());
    let found: BTreeSet<String> = files
        .filter(|p| p.extension().is_some_and(|e| e == "dat"))
        .map(|p| p.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = MESSAGES.iter().map(|(_, name, _)| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[tokio::test]
async fn each_message_of_the_rfc_meets_its_fate_and_the_call_goes_on() {
    let mut switch = Switch::with(|cfg| cfg.limits.malformed_per_connection = 1000).await;
    let mut phone = Phone::stranger(switch.server.local_addr());
    let (here, there) = phone.established(&mut switch).await;
    let mut wrong = Vec::new();
    for (n, (section, name, fate)) in MESSAGES.into_iter().enumerate() {
        // Each from an address of its own, as only so many refusals of one are told.
        let address = IpAddr::from([127, 0, 1, n as u8]);
        let mut raw = Raw::connect_from(address, switch.server.local_addr()).await;
        let message = std::fs::read(folder().join(format!("{name}.dat"))).unwrap();
        assert!(raw.send(message).await, "{name}");
        // Whatever is answered comes before the answer to this.
        assert!(raw.send(crate::hostile::request("OPTIONS", "110", "", "")).await, "{name}");
        let mut answers = Vec::new();
        loop {
            let answer = raw.receive().await.unwrap_or_else(|| panic!("{name} cut us off"));
            if answer.contains("\r\nCall-ID: x1\r\n") {
                break;
            }
            let line = answer.lines().next().unwrap_or_default();
            answers.push(line.trim_start_matches("SIP/2.0 ").to_owned());
        }
        let rejected = std::iter::from_fn(|| switch.events.try_recv().ok())
            .filter(|e| matches!(e, ServerEvent::Rejected { .. }))
            .count();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let met = match fate {
            Served(status) => answers == [status],
            Refused(status) => answers == [status] && rejected == 1,
            Dropped => answers.is_empty() && rejected == 1,
            Ignored => answers.is_empty() && rejected == 0,
        };
        if !met {
            wrong
                .push(format!("{section} {name}: {answers:?}, {rejected} rejected; due: {fate:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    phone.ua.hang_up(here).await.unwrap();
    expect!(switch.events, ServerEvent::Ended { dialog, .. } if dialog == there => ());
}
