//! One function for each thing that parses bytes from outside, ours or a library's that we hand them to.
//!
//! A function takes any bytes and panics when something that must hold does not. `fuzz_targets/NAME.rs`
//! hands it to libFuzzer; the program `replay` runs it over `seeds/NAME`, where inputs live that reach
//! deep and those that once broke something.

#![forbid(unsafe_code)]

use bytes::Bytes;
use siaga_hub_api::{LoginRequest, Sequenced, Session, ToDesk, ToHub};
use siaga_media::dtmf::{DtmfReceiver, digit_of};
use siaga_media::playout::Playout;
use siaga_media::{Codec, FRAME_DURATION, MediaConfig, MediaSession, sdp};
use siaga_model::{CallId, CaseNumber, LegId, SeatId, UnitId};
#[cfg(feature = "plugins")]
use siaga_plugin_host::{FormGazetteer, Gazetteer, Limits, PluginHost};
use std::fmt::Display;
use std::io::Cursor;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A target: its name, as in `fuzz_targets/` and `seeds/`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them that are built.
pub const TARGETS: &[Target] = &[
    #[cfg(feature = "hub")]
    ("csv", csv),
    ("dtmf", dtmf),
    #[cfg(feature = "plugins")]
    ("gazetteer", gazetteer),
    ("hub_json", hub_json),
    ("ids", ids),
    ("ogg", ogg),
    ("packets", packets),
    #[cfg(feature = "plugins")]
    ("plugin", plugin),
    ("sdp", session_description),
    ("sdp_offer", sdp_offer),
    ("sip_client", sip_client),
    ("sip_digest", sip_digest),
    ("sip_message", sip_message),
    ("sip_server", sip_server),
    ("sip_websocket", sip_websocket),
    ("voice", voice),
    #[cfg(feature = "devices")]
    ("wav", wav),
];

/// One SIP message and the lists and addresses in it.
pub fn sip_message(data: &[u8]) {
    siaga_sip::fuzzing::message(data);
}

/// Digest challenges and proofs.
pub fn sip_digest(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        siaga_sip::fuzzing::digest(text);
    }
}

/// The server's transactions, dialogs and registrar, in virtual time.
pub fn sip_server(data: &[u8]) {
    siaga_sip::fuzzing::server(data);
}

/// The user agent's, likewise.
pub fn sip_client(data: &[u8]) {
    siaga_sip::fuzzing::client(data);
}

/// HTTP handshake and WebSocket frames of a peer.
pub fn sip_websocket(data: &[u8]) {
    siaga_sip::fuzzing::websocket(data);
}

/// Session descriptions: our checks and rewritings, and the library's parser behind them.
pub fn session_description(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let candidates = sdp::candidates(text);
    if sdp::check(text).is_err() {
        return;
    }
    let rewritten = sdp::incoming(text);
    if let Err(error) = sdp::check(&rewritten) {
        // Only what is added may make it too large.
        let is_large = rewritten.len() > sdp::MAX_SDP / 2 || rewritten.lines().count() > 1_900;
        assert!(is_large, "{error}: {rewritten}");
    }
    let _ = rtc::sdp::SessionDescription::unmarshal(&mut Cursor::new(rewritten.as_bytes()));
    let answer = sdp::check(&rewritten).map(|audio| audio.formats.answer());
    let _ = sdp::outgoing(text, &answer.unwrap_or_else(|_| sdp::Formats::ours()));
    let here = ([127, 0, 0, 1], 9).into();
    let relayed = sdp::with_candidate(text, here);
    assert!(sdp::candidates(&relayed).iter().all(|c| *c == here), "{candidates:?} in {relayed}");
}

/// An offer as a leg meets it, answered by the whole WebRTC stack.
pub fn sdp_offer(data: &[u8]) {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        let builder = &mut tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().expect("a runtime")
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    RUNTIME.block_on(async {
        let config =
            MediaConfig { gather_timeout: Duration::from_secs(2), ..MediaConfig::loopback() };
        if let Ok((session, answer)) = MediaSession::answer(config, text).await {
            assert!(sdp::check(&answer).is_ok(), "we would refuse our own answer: {answer}");
            // A second offer on the same session, as after a network change.
            let _ = session.reoffer_in(text).await;
            session.close().await;
        }
    });
}

/// Telephone events: four bytes of timestamp and four of payload each.
pub fn dtmf(data: &[u8]) {
    let mut receiver = DtmfReceiver::default();
    for packet in data.chunks(8) {
        let (timestamp, payload) = packet.split_at(packet.len().min(4));
        let timestamp = timestamp.iter().fold(0, |t, b| t << 8 | u32::from(*b));
        if let Some(digit) = receiver.packet(timestamp, payload) {
            assert_eq!(digit_of(payload[0]), Some(digit));
            assert_eq!(receiver.packet(timestamp, payload), None, "one digit told twice");
        }
    }
}

/// What comes in over UDP, as the library's parsers see it before anybody is authenticated.
pub fn packets(data: &[u8]) {
    use rtc::shared::marshal::{Marshal as _, Unmarshal as _};
    if let Ok(packet) = rtc::rtp::Packet::unmarshal(&mut &data[..]) {
        // The library reads header extensions that it does not write; it says so.
        if let Ok(written) = packet.marshal() {
            let again = rtc::rtp::Packet::unmarshal(&mut &written[..]).expect("read again");
            assert_eq!(packet.payload, again.payload);
        }
    }
    let _ = rtc::rtcp::packet::unmarshal(&mut &data[..]);
    let mut stun = rtc::stun::message::Message::new();
    if stun.unmarshal_binary(data).is_ok() {
        let _ = format!("{stun}");
    }
    let _ = rtc::dtls::record_layer::RecordLayer::unmarshal(&mut Cursor::new(data));
    let _ = rtc::dtls::handshake::Handshake::unmarshal(&mut Cursor::new(data));
}

/// Voice packets of any codec as they come out of SRTP: of each a byte for codec and jitter, one for the
/// sequence number, one for the time, one for its length, and its sound.
pub fn voice(mut data: &[u8]) {
    let mut playout = Playout::new().expect("a playout");
    let (start, mut ticks) = (Instant::now(), 0u32);
    while let [how, seq, time, length, rest @ ..] = data {
        let (sound, after) = rest.split_at(rest.len().min(usize::from(*length) * 4));
        data = after;
        let codec = Codec::ALL[usize::from(how & 3)];
        if codec != playout.codec() {
            playout.restart_as(codec);
        }
        let now = start + FRAME_DURATION * ticks;
        let (seq, time) = (u16::from(*seq), u32::from(*time) * 160);
        playout.insert(now, seq, time, Bytes::copy_from_slice(sound));
        for _ in 0..how >> 6 {
            playout.pull(start + FRAME_DURATION * ticks);
            ticks += 1;
        }
    }
    let stats = playout.stats();
    assert!(stats.jitter.lost < u64::from(u16::MAX) * 64, "{stats:?}");
}

/// A file that is overwritten by each input of this process.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("siaga-fuzz-{}-{name}", std::process::id()))
}

/// A recording as it may lie on a disk after a crash, or after somebody has changed it.
pub fn ogg(data: &[u8]) {
    let path = scratch("ogg");
    std::fs::write(&path, data).expect("a scratch file");
    let verified = siaga_recording::verify(&path);
    let decoded = siaga_recording::decode(&path);
    if let (Ok(verified), Ok((left, right))) = (&verified, &decoded) {
        assert_eq!(left.len(), right.len(), "{verified:?}");
    }
    std::fs::remove_file(&path).expect("it was there");
}

/// A voice or a music file that somebody has put into the settings.
#[cfg(feature = "devices")]
pub fn wav(data: &[u8]) {
    let path = scratch("wav");
    std::fs::write(&path, data).expect("a scratch file");
    let _ = siaga_audio_devices::read_wav(&path);
    std::fs::remove_file(&path).expect("it was there");
}

/// What desks and hub say to each other.
pub fn hub_json(data: &[u8]) {
    let _ = serde_json::from_slice::<Session>(data);
    again::<Sequenced<ToHub>>(data);
    again::<ToHub>(data);
    again::<ToDesk>(data);
    again::<LoginRequest>(data);
}

/// What was read can be written, and reads the same then.
fn again<T: serde::Serialize + serde::de::DeserializeOwned>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let text = serde_json::to_string(&value).expect("what was read can be written");
    let value: T = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(serde_json::to_string(&value).expect("still"), text);
}

/// The tables that a Polda gives its hub.
#[cfg(feature = "hub")]
pub fn csv(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(units) = siaga_hub::units_from_csv(text) {
        assert!(units.len() < text.lines().count());
    }
    if let Ok(seats) = siaga_hub::seats_from_csv(text) {
        assert!(seats.len() < text.lines().count());
    }
}

/// Names of calls, legs, seats, units and cases.
pub fn ids(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    same::<CallId>(text);
    same::<LegId>(text);
    same::<SeatId>(text);
    same::<UnitId>(text);
    same::<CaseNumber>(text);
}

fn same<T: FromStr + Display + PartialEq>(text: &str) {
    let Ok(id) = text.parse::<T>() else { return };
    let written = id.to_string();
    assert!(written.parse::<T>().is_ok_and(|again| again == id), "{text:?} became {written:?}");
}

/// A component that somebody wants to release.
#[cfg(feature = "plugins")]
pub fn plugin(data: &[u8]) {
    static HOST: LazyLock<PluginHost> =
        LazyLock::new(|| PluginHost::new(Limits::default()).expect("the host starts"));
    let _ = HOST.load_bytes("fuzz", data);
}

/// What plugins look up: names, codes, points.
#[cfg(feature = "plugins")]
pub fn gazetteer(data: &[u8]) {
    static PLACES: LazyLock<FormGazetteer> = LazyLock::new(FormGazetteer::built_in);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for place in PLACES.by_name(text) {
        assert!(place.score <= 100, "{place:?}");
    }
    let _ = PLACES.by_code(text);
    let _ = PLACES.neighbours(text, None);
    let _ = PLACES.toll_kilometre(text, 19.0);
    if let Some((lat, lng)) = text.split_once(' ')
        && let (Ok(lat), Ok(lng)) = (lat.parse(), lng.parse())
    {
        let at = siaga_model::Point { lat, lng };
        let _ = PLACES.by_point(at);
        let _ = PLACES.by_circle(at, u32::from(data[0]) * 50);
    }
}
