//! What a [`MediaSession`](super::MediaSession) is told, what it tells, and how it fails.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::opus::SPEECH_COMPLEXITY;

/// Capacity of a session's event queue. Only [`MediaEvent::Dtmf`] can come in numbers; when an
/// owner does not read for so long that the queue is full, new events are dropped and counted in
/// [`MediaStats::events_dropped`].
pub const EVENT_CAPACITY: usize = 64;

/// Frames waiting for the one task that writes to the wire: 640 ms. When the wire does not take
/// them the newest is dropped and counted in [`MediaStats::send_dropped`]; the RTP clock goes on.
pub const SEND_CAPACITY: usize = 32;

/// How a session is set up; the same on both sides.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Local UDP addresses; port 0 takes a free one. An unspecified address means every
    /// interface but loopback and link-local.
    pub bind: Vec<SocketAddr>,
    /// Opus bit rate in bit/s, 6 000 to 128 000.
    pub bitrate: u32,
    /// Encoder complexity, 0 to 10.
    pub complexity: u8,
    /// Loss in percent that the encoder prepares for, 0 to 100. In-band FEC needs at least 10 to
    /// be worth anything: it costs 0.1 PESQ without loss and gains 0.9 at 5 % loss.
    pub expected_loss: u8,
    /// How long gathering of local candidates may take.
    pub gather_timeout: Duration,
}

impl MediaConfig {
    /// On loopback only: tests, training, and everything in one process.
    #[must_use]
    pub fn loopback() -> Self {
        Self { bind: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))], ..Self::network() }
    }

    /// On every IPv4 interface of the machine, loopback included (a desk and a hub may share a
    /// machine without any network).
    #[must_use]
    pub fn network() -> Self {
        Self {
            bind: vec![
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ],
            bitrate: 24_000,
            complexity: SPEECH_COMPLEXITY,
            expected_loss: 10,
            gather_timeout: Duration::from_secs(5),
        }
    }
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self::network()
    }
}

/// What happened on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// ICE and DTLS are up: voice flows.
    Connected,
    /// No answer to ICE checks for some seconds; may come back as [`MediaEvent::Connected`].
    Disconnected,
    /// The connection is lost for good.
    Failed {
        /// What failed, for the log; carries no personal data.
        reason: String,
    },
    /// The peer pressed a key (RFC 4733): one of `0`–`9`, `*`, `#`, `A`–`D`.
    Dtmf(char),
    /// The peer holds (`true`: its offer was sendonly or inactive) or has resumed (`false`).
    RemoteHold(bool),
}

/// Why a session could not be made or changed. The session a wrong description was offered to
/// goes on as before.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The description is longer than [`crate::sdp::MAX_SDP`].
    #[error("session description of {bytes} bytes is too long")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not a session description (RFC 8866).
    #[error("session description is malformed at line {line}: {reason}")]
    Malformed {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// No audio section, or it is refused (port 0).
    #[error("session description has no audio")]
    NoAudio,
    /// None of [`crate::Codec::ALL`] among the codecs.
    #[error("no codec in common: Opus, G.722, PCMA or PCMU is needed")]
    NoCommonCodec,
    /// No DTLS fingerprint: plain RTP is not taken.
    #[error("session description has no DTLS fingerprint")]
    NoFingerprint,
    /// No ICE user name fragment or password.
    #[error("session description has no ICE credentials")]
    NoIceCredentials,
    /// The WebRTC stack refused it.
    #[error("session description was refused: {reason}")]
    Refused {
        /// The stack's own words.
        reason: String,
    },
    /// No local candidate within [`MediaConfig::gather_timeout`].
    #[error("no local network address could be gathered in time")]
    Gathering,
    /// The WebRTC stack could not be set up.
    #[error("media could not be set up: {reason}")]
    Setup {
        /// The stack's own words.
        reason: String,
    },
    /// The Opus library refused.
    #[error(transparent)]
    Opus(#[from] crate::opus::OpusError),
    /// Not a DTMF digit.
    #[error("{digit:?} is not a DTMF digit")]
    NotADigit {
        /// What was asked for.
        digit: char,
    },
    /// More digits than [`crate::dtmf::DIGIT_CAPACITY`] are waiting.
    #[error("too many DTMF digits are waiting")]
    TooManyDigits,
    /// The peer did not negotiate telephone-event.
    #[error("the peer takes no DTMF events")]
    NoTelephoneEvent,
    /// The session is closed.
    #[error("the media session is closed")]
    Closed,
}

/// Figures of one session since it began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaStats {
    /// RTP packets handed to the wire.
    pub packets_sent: u64,
    /// Frames dropped because the wire did not take them, see [`SEND_CAPACITY`].
    pub send_dropped: u64,
    /// RTP packets received, duplicates not counted.
    pub packets_received: u64,
    /// Packets whose turn came without them: lost, or later than the jitter buffer waits.
    pub packets_lost: u64,
    /// Packets that arrived after their turn (they count as lost too).
    pub packets_late: u64,
    /// Interarrival jitter, RFC 3550 section 6.4.1, in ms.
    pub jitter_ms: f32,
    /// Sound made up by concealment, in ms.
    pub concealed_ms: u64,
    /// Lost packets restored from the redundancy in the next one.
    pub fec_recovered: u64,
    /// Delay between the earliest possible arrival and playing, in ms.
    pub buffer_ms: f32,
    /// Delay the jitter buffer aims at, in ms.
    pub target_ms: f32,
    /// When the last RTP packet came.
    pub last_packet_at: Option<Instant>,
    /// Name of the codec that was received, or, before anything was, that is sent.
    pub codec: &'static str,
    /// Events dropped because nobody read them, see [`EVENT_CAPACITY`].
    pub events_dropped: u64,
}
