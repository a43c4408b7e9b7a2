//! Session descriptions (RFC 8866) as text: checked before the WebRTC stack sees them, mended
//! where it or a PBX needs it (the list of formats is always ours), and small pure functions to read and rewrite ICE candidates, so that
//! a relay can be put between two sessions.

mod formats;

use std::net::{IpAddr, SocketAddr};

use crate::codec::Codec;
use crate::session::MediaError;

pub use formats::{Events, Formats};

/// Longest session description taken, in bytes.
pub const MAX_SDP: usize = 64 * 1024;

/// Most lines of one description.
const MAX_LINES: usize = 2_000;

/// Who may send, as the writer of a description says it (RFC 8866 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// Only the writer.
    SendOnly,
    /// Only the reader.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// The same state as the other side says it.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    fn of(attribute: &str) -> Option<Self> {
        match attribute {
            "a=sendrecv" => Some(Self::SendRecv),
            "a=sendonly" => Some(Self::SendOnly),
            "a=recvonly" => Some(Self::RecvOnly),
            "a=inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// What a checked description says about its audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Who may send.
    pub direction: Direction,
    /// What of its formats we know; one codec at least.
    pub formats: Formats,
    /// The codec to use with its writer: the first of them.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// Telephone events to use with that codec, if there are any.
    pub events: Option<Events>,
    /// ICE user name fragment: another one is an ICE restart.
    pub ice_ufrag: String,
}

/// Checks a description from outside, and reads what we need of it.
///
/// # Errors
/// [`MediaError::TooLarge`], [`MediaError::Malformed`], [`MediaError::NoAudio`],
/// [`MediaError::NoCommonCodec`], [`MediaError::NoFingerprint`], [`MediaError::NoIceCredentials`].
pub fn check(sdp: &str) -> Result<Audio, MediaError> {
    if sdp.len() > MAX_SDP {
        return Err(MediaError::TooLarge { bytes: sdp.len() });
    }
    check_lines(sdp)?;
    let (session, audio) = audio_section(sdp).ok_or(MediaError::NoAudio)?;
    let both = || session.iter().chain(&audio);

    let formats = Formats::read(&audio);
    let (codec, payload_type) = formats.chosen().ok_or(MediaError::NoCommonCodec)?;
    let events = formats.events_for(codec);
    if !both().any(|l| l.starts_with("a=fingerprint:")) {
        return Err(MediaError::NoFingerprint);
    }
    let ice_ufrag = both()
        .find_map(|l| l.strip_prefix("a=ice-ufrag:"))
        .filter(|_| both().any(|l| l.starts_with("a=ice-pwd:")))
        .ok_or(MediaError::NoIceCredentials)?
        .trim()
        .to_owned();
    // The section's own word comes before the session's.
    let direction =
        audio.iter().chain(&session).find_map(|l| Direction::of(l)).unwrap_or(Direction::SendRecv);
    Ok(Audio { direction, formats, codec, payload_type, events, ice_ufrag })
}

fn check_lines(sdp: &str) -> Result<(), MediaError> {
    let malformed = |line: usize, reason| Err(MediaError::Malformed { line: line + 1, reason });
    let mut lines = 0;
    for (i, line) in sdp.lines().enumerate() {
        lines += 1;
        if i == 0 && line.trim_end() != "v=0" {
            return malformed(i, "must begin with v=0");
        }
        if i >= MAX_LINES {
            return malformed(i, "too many lines");
        }
        if line.is_empty() && sdp.lines().skip(i).all(str::is_empty) {
            break;
        }
        let mut bytes = line.bytes();
        if !bytes.next().is_some_and(|b| b.is_ascii_lowercase()) || bytes.next() != Some(b'=') {
            return malformed(i, "must be a letter, an equals sign and a value");
        }
        if line.bytes().any(|b| b == 0 || (b < 0x20 && b != b'\t')) {
            return malformed(i, "control character");
        }
        if let Some(media) = line.strip_prefix("m=") {
            let mut words = media.split_ascii_whitespace().skip(1);
            let port = words.next().and_then(|w| w.split('/').next()?.parse::<u16>().ok());
            if port.is_none() || words.count() < 2 {
                return malformed(i, "media needs a port, a protocol and formats");
            }
        }
    }
    if lines == 0 {
        return malformed(0, "empty");
    }
    Ok(())
}

/// Lines of the session part, and of the first audio section that is not refused.
fn audio_section(sdp: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let mut sections: Vec<Vec<&str>> = vec![Vec::new()];
    for line in sdp.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    let mut sections = sections.into_iter();
    let session = sections.next()?;
    let audio = sections.find(|s| s.first().is_some_and(|media| is_audio(media)))?;
    Some((session, audio))
}

/// Addresses of all UDP candidates of the first component; those with names (mDNS) are left out.
#[must_use]
pub fn candidates(sdp: &str) -> Vec<SocketAddr> {
    sdp.lines().filter_map(candidate_address).collect()
}

/// `a=candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ …` (RFC 8839
/// section 5.1).
fn candidate_address(line: &str) -> Option<SocketAddr> {
    let mut words = line.trim().strip_prefix("a=candidate:")?.split_ascii_whitespace().skip(1);
    let (component, transport) = (words.next()?, words.next()?);
    let address: IpAddr = words.nth(1)?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    (component == "1" && transport.eq_ignore_ascii_case("udp"))
        .then_some(SocketAddr::new(address, port))
}

/// The description with `address` as its only candidate. The peer then knows no other way, so
/// that a relay at `address` sees every packet: it must forward from the address it gave the other
/// side, or ICE learns a new candidate from the packets' source.
#[must_use]
pub fn with_candidate(sdp: &str, address: SocketAddr) -> String {
    let sdp = &with_default(sdp, address);
    let mut out = String::with_capacity(sdp.len());
    let mut in_audio = false;
    let mut done = false;
    let fresh =
        format!("a=candidate:1 1 udp 2130706431 {} {} typ host\r\n", address.ip(), address.port());
    for line in sdp.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if line.starts_with("m=") {
            if in_audio && !done {
                out.push_str(&fresh);
                done = true;
            }
            in_audio = line.starts_with("m=audio ");
        }
        if line.starts_with("a=candidate:") {
            if in_audio && !done {
                out.push_str(&fresh);
                done = true;
            }
            continue;
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    if in_audio && !done {
        out.push_str(&fresh);
    }
    out
}

/// The description with `address` as the default of its audio (RFC 8839 section 4.2.1): what a peer reads
/// that does not look at candidates.
fn with_default(sdp: &str, address: SocketAddr) -> String {
    let version = if address.is_ipv4() { "IP4" } else { "IP6" };
    let mut out = String::with_capacity(sdp.len() + 20);
    let (mut in_audio, mut done) = (false, false);
    for line in sdp.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if line.starts_with("m=") {
            in_audio = !done && is_audio(line);
            done |= in_audio;
        }
        match line.strip_prefix("m=audio ").and_then(|media| media.split_once(' ')) {
            Some((_, rest)) if in_audio => {
                out.push_str(&format!("m=audio {} {rest}\r\n", address.port()));
            }
            Some(_) | None if in_audio && line.starts_with("c=") => {
                out.push_str(&format!("c=IN {version} {}\r\n", address.ip()));
            }
            Some(_) | None => {
                out.push_str(line);
                out.push_str("\r\n");
            }
        }
    }
    out
}

/// The candidate that most peers can reach: one at a relay, else one of a mapping, else one of our own; IPv4
/// before IPv6.
fn default_candidate(sdp: &str) -> Option<SocketAddr> {
    let rank = |line: &str| {
        let kinds = [" typ host", " typ srflx", " typ relay"];
        kinds.iter().position(|kind| line.contains(kind)).unwrap_or(0)
    };
    sdp.lines()
        .filter_map(|line| Some((candidate_address(line)?, rank(line))))
        // The first of equals: the stack writes the best one first.
        .rev()
        .max_by_key(|(address, rank)| (*rank, address.is_ipv4()))
        .map(|(address, _)| address)
}

/// What we hand out: `formats` and no others, each payload type named once (some PBXs take the second
/// naming for another codec), and `ptime` is 20 ms. The stack's own list says what it was told
/// ([`incoming`]), not what was chosen. And its default address is a real one: the stack writes 0.0.0.0, by
/// which Asterisk understands that we hold (RFC 3264 section 8.4).
#[must_use]
pub fn outgoing(sdp: &str, formats: &Formats) -> String {
    let sdp = default_candidate(sdp).map_or_else(|| sdp.to_owned(), |at| with_default(sdp, at));
    with_formats(&sdp, formats, |line, out| {
        if let Some(parameters) = line {
            out.push_str(parameters);
        } else {
            formats.write("minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0", out);
            out.push_str("a=ptime:20\r\n");
        }
    })
}

/// What the WebRTC stack is given of a peer's description. `inactive` would stop its transceiver for
/// good, so it reads `sendonly`; the true direction is applied beside it. And it reads every format that
/// we know, the peer's first: what it has not seen in the first description it never sends, and a PBX
/// may change the codec later.
#[must_use]
pub fn incoming(sdp: &str) -> String {
    let Some((_, audio)) = audio_section(sdp) else { return sdp.to_owned() };
    let formats = Formats::read(&audio).completed();
    with_formats(sdp, &formats, |line, out| match line {
        Some("a=inactive\r\n") => out.push_str("a=sendonly\r\n"),
        Some(line) => match line.strip_prefix("a=fingerprint:").and_then(|f| f.split_once(' ')) {
            // RFC 8122 section 5: a token, so its case says nothing. Asterisk writes SHA-256, which the
            // stack does not know.
            Some((function, print)) => {
                out.push_str(&format!("a=fingerprint:{} {print}", function.to_ascii_lowercase()));
            }
            None => out.push_str(line),
        },
        None => formats.write("minptime=10;useinbandfec=1", out),
    })
}

/// Copies a description with other formats in the audio section that [`check`] reads. `write` is given
/// each line that stays, and `None` where the formats belong.
fn with_formats(sdp: &str, formats: &Formats, write: impl Fn(Option<&str>, &mut String)) -> String {
    let mut out = String::with_capacity(sdp.len() + 400);
    let known: Vec<String> = formats.payload_types().map(|p| p.to_string()).collect();
    let (mut in_audio, mut done) = (false, false);
    for line in sdp.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if line.starts_with("m=") {
            if in_audio {
                write(None, &mut out);
                done = true;
            }
            in_audio = !done && is_audio(line);
            if in_audio {
                let words: Vec<&str> = line.split_ascii_whitespace().take(3).collect();
                let words = words.into_iter().chain(known.iter().map(String::as_str));
                out.push_str(&words.collect::<Vec<_>>().join(" "));
                out.push_str("\r\n");
                continue;
            }
        }
        if in_audio && is_of_formats(line, &known) {
            continue;
        }
        write(Some(&format!("{line}\r\n")), &mut out);
    }
    if in_audio {
        write(None, &mut out);
    }
    out
}

/// Whether this line of an audio section says something about its formats that is written anew, or
/// about one that is not among them.
fn is_of_formats(line: &str, known: &[String]) -> bool {
    let feedback = line.strip_prefix("a=rtcp-fb:").and_then(|rest| rest.split(' ').next());
    ["a=rtpmap:", "a=fmtp:", "a=ptime:", "a=maxptime:"].iter().any(|a| line.starts_with(a))
        || feedback.is_some_and(|of| of != "*" && !known.iter().any(|known| known == of))
}

/// Whether an `m=` line opens an audio section that is not refused.
fn is_audio(media: &str) -> bool {
    media.starts_with("m=audio ") && media.split_ascii_whitespace().nth(1) != Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHROMIUM: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        a=group:BUNDLE 0\r\nm=audio 40000 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n\
        c=IN IP4 192.0.2.7\r\n\
        a=candidate:1 1 udp 2113937151 192.0.2.7 40000 typ host generation 0\r\n\
        a=candidate:2 1 udp 2113937151 6c0b5c7e.local 40002 typ host generation 0\r\n\
        a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n\
        a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
        a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
        a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n";

    #[test]
    fn a_browsers_offer_is_understood() {
        let audio = check(CHROMIUM).unwrap();
        assert_eq!((audio.codec, audio.payload_type), (Codec::Opus, 111));
        assert_eq!(audio.events, Some(Events { payload_type: 110, clock_rate: 48_000 }));
        let known: Vec<_> = audio.formats.voice.iter().map(|(c, p)| (c.name(), *p)).collect();
        assert_eq!(known, [("opus", 111), ("G722", 9), ("PCMU", 0), ("PCMA", 8)]);
        assert_eq!(audio.direction, Direction::SendRecv);
        assert_eq!(audio.ice_ufrag, "abcd");
        assert_eq!(candidates(CHROMIUM), [SocketAddr::from(([192, 0, 2, 7], 40_000))]);
    }

    #[test]
    fn who_does_not_look_at_candidates_reads_an_address_and_no_hold() {
        let formats = check(CHROMIUM).unwrap().formats;
        let ours = CHROMIUM
            .replace("m=audio 40000", "m=audio 9")
            .replace("c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0");
        let out = outgoing(&ours, &formats);
        assert!(out.contains("m=audio 40000 ") && out.contains("c=IN IP4 192.0.2.7\r\n"), "{out}");
        let relayed =
            "a=candidate:9 1 udp 41885439 198.51.100.3 3478 typ relay raddr 192.0.2.7\r\n";
        let out = outgoing(&format!("{ours}{relayed}"), &formats);
        assert!(
            out.contains("m=audio 3478 ") && out.contains("c=IN IP4 198.51.100.3\r\n"),
            "{out}"
        );
        let none = ours.lines().filter(|line| !line.starts_with("a=candidate:"));
        let none = none.collect::<Vec<_>>().join("\r\n");
        assert!(outgoing(&none, &formats).contains("c=IN IP4 0.0.0.0\r\n"));
    }

    #[test]
    fn each_fault_has_its_own_error() {
        let without = |what: &str| {
            CHROMIUM.lines().filter(|l| !l.contains(what)).collect::<Vec<_>>().join("\r\n")
        };
        assert!(matches!(check(""), Err(MediaError::Malformed { line: 1, .. })));
        assert!(matches!(check("INVITE sip:110"), Err(MediaError::Malformed { line: 1, .. })));
        let broken = CHROMIUM.replace("s=-", "nonsense");
        assert!(matches!(check(&broken), Err(MediaError::Malformed { line: 3, .. })));
        let broken = CHROMIUM.replace("m=audio 40000", "m=audio 999999");
        assert!(matches!(check(&broken), Err(MediaError::Malformed { line: 6, .. })));
        assert!(matches!(check("v=0\r\ns=-\r\n"), Err(MediaError::NoAudio)));
        let refused = CHROMIUM.replace("m=audio 40000", "m=audio 0");
        assert!(matches!(check(&refused), Err(MediaError::NoAudio)));
        let strange = CHROMIUM.replace("111 63 9 0 8 13 110 126", "63 13 110 126");
        assert!(matches!(check(&strange), Err(MediaError::NoCommonCodec)));
        assert!(matches!(check(&without("fingerprint")), Err(MediaError::NoFingerprint)));
        assert!(matches!(check(&without("ice-pwd")), Err(MediaError::NoIceCredentials)));
        let long = format!("{CHROMIUM}a={}\r\n", "x".repeat(MAX_SDP));
        assert!(matches!(check(&long), Err(MediaError::TooLarge { .. })));
    }

    #[test]
    fn with_a_relay_only_the_relay_is_left() {
        let relay: SocketAddr = "127.0.0.1:7777".parse().unwrap();
        let sdp = with_candidate(CHROMIUM, relay);
        assert_eq!(candidates(&sdp), [relay]);
        assert_eq!(sdp.matches("a=candidate").count(), 1);
        assert!(check(&sdp).is_ok());
    }

    #[test]
    fn what_we_hand_out_is_mono_and_names_each_payload_type_once() {
        let doubled = CHROMIUM
            .replace("111 63", "111 111 63 110")
            .replace("a=rtpmap:110", "a=rtpmap:110 telephone-event/48000\r\na=rtpmap:110");
        let sdp = outgoing(&doubled, &Formats::ours());
        assert!(sdp.contains("m=audio 40000 UDP/TLS/RTP/SAVPF 111 9 8 0 110 101\r\n"), "{sdp}");
        for payload_type in Formats::ours().payload_types() {
            assert_eq!(sdp.matches(&format!("a=rtpmap:{payload_type} ")).count(), 1, "{sdp}");
        }
        assert_eq!(sdp.matches("stereo=0;sprop-stereo=0").count(), 1);
        assert_eq!(sdp.matches("a=ptime:20").count(), 1);
        assert_eq!(check(&sdp).unwrap().formats, Formats::ours());
    }

    #[test]
    fn an_answer_names_the_first_codec_of_the_peer_and_the_keys_of_its_clock() {
        for (offered, chosen) in [
            ("111 63 9 0 8 13 110 126", "111 110"),
            ("8 101 111 0 9 110 126", "8 126"),
            ("13 0 8 110", "0 110"),
            ("9 111", "9"),
        ] {
            let offer = CHROMIUM.replace("111 63 9 0 8 13 110 126", offered);
            let answer = outgoing(&offer, &check(&offer).unwrap().formats.answer());
            let media = format!("m=audio 40000 UDP/TLS/RTP/SAVPF {chosen}\r\n");
            assert!(answer.contains(&media), "{answer}");
        }
    }

    #[test]
    fn the_stack_sees_every_codec_that_we_know_whatever_the_peer_offers() {
        let offer = CHROMIUM.replace("111 63 9 0 8 13 110 126", "8 96 300 111");
        let offer = offer.replace("a=rtpmap:111 opus", "a=rtpmap:96 opus");
        let seen = incoming(&offer);
        let audio = check(&seen).unwrap();
        assert_eq!((audio.codec.name(), audio.payload_type), ("PCMA", 8));
        assert_eq!(audio.formats.voice.len(), Codec::ALL.len());
        assert_eq!(audio.formats.payload_type(Codec::Opus), Some(96));
        assert!(seen.contains("RTP/SAVPF 8 96 9 0 110\r\n"), "{seen}");
    }

    #[test]
    fn a_fingerprint_is_known_however_its_function_is_written() {
        let offer = CHROMIUM.replace("a=fingerprint:sha-256 ", "a=fingerprint:SHA-256 ");
        assert_ne!(offer, CHROMIUM, "the sample has a fingerprint");
        assert_eq!(incoming(&offer), incoming(CHROMIUM));
    }

    #[test]
    fn inactive_is_hidden_from_the_stack_and_seen_by_us() {
        let held = CHROMIUM.replace("a=sendrecv", "a=inactive");
        assert_eq!(check(&held).unwrap().direction, Direction::Inactive);
        assert!(
            incoming(&held).contains("a=sendonly\r\n") && !incoming(&held).contains("inactive")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(?s).{0,400}", cut in 0usize..2000, byte in any::<char>()) {
            let _ = check(&text);
            let mut mutated: Vec<char> = CHROMIUM.chars().collect();
            let at = cut % mutated.len();
            mutated[at] = byte;
            let mutated: String = mutated.into_iter().collect();
            for sdp in [&text, &mutated] {
                let _ = check(sdp);
                let relay = "192.0.2.1:9".parse().unwrap();
                let once = with_candidate(sdp, relay);
                prop_assert_eq!(with_candidate(&once, relay), once.clone());
                prop_assert!(candidates(&once).len() <= 1);
                let out = outgoing(sdp, &Formats::ours());
                prop_assert!(out.matches("a=ptime:20").count() <= 1);
                let _ = incoming(&out);
            }
        }
    }
}
