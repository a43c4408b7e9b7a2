//! What a telephone switch must do for the hub, and the one that is built in.
//!
//! The hub decides (`siaga-call-flow`), the switch obeys: [`Switch`] takes the core's
//! [`SwitchCommand`]s and tells what it saw as [`SwitchEvent`]s. Every 110 call is one bridge; the
//! caller's leg enters it on arrival and leaves it only by hanging up or at [`SwitchCommand::End`].
//! The switch records each call from arrival to end on one clock. What it was recording when it was
//! killed is found by [`recover_recordings`] when the next one starts.
//!
//! [`embedded`] is a registrar, WebRTC legs and a mixing bridge in this process: the default on one
//! machine, for training and for tests. It takes no trunk; citizens' telephones register with it like
//! seats, so that a citizen can be called back.

#![forbid(unsafe_code)]

mod clock;
pub mod embedded;
mod recovery;

pub use clock::Clock;
pub use recovery::{RecoveredRecordings, recover_recordings};

use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{CallFacts, CallId, LegCause, LegId, Redacted, SeatId, Timestamp};
use std::path::PathBuf;

/// What the hub hears from a switch, in the order in which it happened.
#[derive(Clone, Debug)]
pub enum SwitchEvent {
    /// For the core.
    Saw(SwitchSaw),
    /// What outlived the hub, told late: [`Switch::survey`] was asked and had to be given up, and this
    /// is what it would have found. Told once, as soon as it is known, and what happens to these calls
    /// is told after it. A hub whose survey was answered after all passes it over.
    Outlived(Vec<LiveCall>),
    /// A seat's telephone registered.
    SeatRegistered(SeatId),
    /// A seat's registration is gone: expired, removed, or its connection closed.
    SeatUnregistered(SeatId),
    /// A key was pressed on a leg (RFC 4733). On the citizen's leg a `Saw(Signal)` follows.
    Dtmf {
        /// The leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// A leg is over: its figures, for the journey and the event log. Follows `Saw(Ended)` if there
    /// was one.
    LegClosed(LegReport),
    /// A recording is complete and sealed.
    Recorded(RecordingReport),
    /// Recording stopped for a reason that a person must know (disk full, write error); the call
    /// goes on. Told once, however often the disk refuses, until it has resumed.
    RecordingTrouble {
        /// The call.
        call: CallId,
        /// For IT.
        reason: String,
    },
    /// Recording goes on after trouble, in a further file of the call.
    RecordingResumed {
        /// The call.
        call: CallId,
    },
    /// A message was refused at the edge: malformed, wrong password, not allowed. For the log.
    Refused {
        /// Address of the peer, `ip:port`.
        peer: String,
        /// What was wrong, without personal data.
        reason: String,
    },
}

/// The figures of a leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegReport {
    /// The leg.
    pub leg: LegId,
    /// The seat; `None` for the caller.
    pub seat: Option<SeatId>,
    /// E.g. `opus`; empty when media was never negotiated.
    pub codec: String,
    /// The peer's `User-Agent`, empty when not given.
    pub user_agent: String,
    /// When the leg was answered; `None` if never.
    pub joined_at: Option<Timestamp>,
    /// When it ended.
    pub left_at: Timestamp,
    /// Why.
    pub cause: LegCause,
    /// RTP packets received from the peer.
    pub packets_received: u64,
    /// RTP packets that the peer sent and we never got.
    pub packets_lost: u64,
}

/// A sealed recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingReport {
    /// The call.
    pub call: CallId,
    /// Where it lies.
    pub file: PathBuf,
    /// When its first sample was taken.
    pub starts_at: Timestamp,
    /// Its length in seconds.
    pub seconds: f64,
    /// Two: left what the caller sends, right what the caller is sent.
    pub channels: u8,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

/// A call that is up at a switch which outlived its hub: what [`Switch::survey`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveCall {
    /// The call.
    pub call: CallId,
    /// What the line brought, as far as the switch still knows it; its `arrived_at` is the arrival at
    /// the switch.
    pub facts: CallFacts,
    /// Whether the citizen is on the line; of a call back, whether they have answered.
    pub caller_up: bool,
    /// Every other leg, in the order of their numbers. A hub that goes on numbers further legs above
    /// the highest.
    pub legs: Vec<LiveLeg>,
    /// What the citizen and the joined legs hear beside people.
    pub playing: Program,
}

/// A leg of a [`LiveCall`] beside the citizen's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveLeg {
    /// The leg.
    pub leg: LegId,
    /// The seat; `None`: somebody on the public network.
    pub seat: Option<SeatId>,
    /// Whether it was answered; else it rings.
    pub answered: bool,
    /// Whether it is in the conversation with the citizen.
    pub joined: bool,
}

/// How a seat reaches the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipEndpoint {
    /// `ws://…` or `wss://…`.
    pub ws_url: String,
    /// The domain of addresses, e.g. `siaga.invalid`.
    pub domain: String,
}

/// Why a switch could not take a command. Such a failure is the switch's: legs that fail are told
/// as [`SwitchSaw::Ended`].
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// The switch is stopped or lost.
    #[error("the switch is gone")]
    Gone,
    /// Its queue of commands is full: it does not keep up.
    #[error("the switch does not keep up: {0} commands wait")]
    Overloaded(usize),
    /// What was to be a telephone's number cannot be one.
    #[error("not a telephone number")]
    BadNumber,
    /// The switch runs elsewhere and cannot be asked at the moment.
    #[error("the switch cannot be reached: {0}")]
    Unreachable(String),
    /// The switch was asked and refused.
    #[error("the switch refused: {0}")]
    Refused(String),
}

/// A telephone switch. Implementations: [`embedded::EmbeddedSwitch`], and `AsteriskSwitch` in
/// `siaga-switch-asterisk`.
#[async_trait::async_trait]
pub trait Switch: Send + Sync + 'static {
    /// Its name in reports, e.g. `embedded`.
    fn name(&self) -> &'static str;

    /// How seats reach it.
    fn endpoint(&self) -> SipEndpoint;

    /// Takes a command; returns when it is queued. What became of it comes as events.
    ///
    /// # Errors
    /// [`SwitchError::Gone`] and [`SwitchError::Overloaded`].
    async fn execute(&self, command: SwitchCommand) -> Result<(), SwitchError>;

    /// Lets a seat register with this secret from now on; replaces an earlier one.
    ///
    /// # Errors
    /// [`SwitchError::Gone`]; of a switch that runs elsewhere also [`SwitchError::Unreachable`] and
    /// [`SwitchError::Refused`].
    async fn admit(&self, seat: &SeatId, secret: &Redacted<String>) -> Result<(), SwitchError>;

    /// Ends a seat's admission and its registration. Legs that are up stay up.
    ///
    /// # Errors
    /// As [`Self::admit`].
    async fn dismiss(&self, seat: &SeatId) -> Result<(), SwitchError>;

    /// What is up at the switch now, in the order of arrival. A switch that dies with its hub has
    /// nothing when the hub starts; one that outlives it has the calls that it kept, none of which it
    /// tells as arrived again. To be asked before its first event is taken.
    ///
    /// # Errors
    /// [`SwitchError::Gone`], and [`SwitchError::Unreachable`] when nothing could be learnt within
    /// some seconds: [`SwitchEvent::Outlived`] then tells it when it can be.
    async fn survey(&self) -> Result<Vec<LiveCall>, SwitchError>;

    /// Lets go of the switch. One that is built in ends every call and seals every recording; one that
    /// runs elsewhere keeps its calls, and seals what is over. Bounded to a few seconds.
    async fn shut_down(&self);
}
