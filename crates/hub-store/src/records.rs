//! What is stored, beside the types of `siaga-model`.

use crate::PasswordHash;
use crate::chain::Hash;
use siaga_model::{
    Advice, CallBackFailure, CallFacts, CallId, Caller, Case, CaseNumber, Disposition, EndedBy,
    FollowUp, Form, LegCause, LegId, Redacted, Role, SeatId, ShiftNote, Timestamp, UnitId,
    Validity,
};
use std::fmt;

/// The name with which an operator logs in (NRP): 1 to 64 printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperatorName(String);

impl OperatorName {
    /// From its text; `None` when it is none.
    pub fn new(text: &str) -> Option<Self> {
        let good =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name for logging in.
    pub name: OperatorName,
    /// The name as shown.
    pub display: String,
    /// The seats that may be used; empty: all.
    pub seats: Vec<SeatId>,
    /// What they may do beside taking calls.
    pub role: Role,
    /// The password's hash.
    pub password: PasswordHash,
}

/// SHA-256 of a session's token, lower-case hex: whoever reads the database cannot log in with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(String);

impl TokenHash {
    /// Of a token.
    pub fn of(token: &Redacted<String>) -> Self {
        use sha2::{Digest, Sha256};
        Self(hex::encode(Sha256::digest(token.expose().as_bytes())))
    }

    /// From its text, as stored.
    pub fn from_hex(text: String) -> Self {
        Self(text)
    }

    /// The text, for the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session as it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its token's hash.
    pub token: TokenHash,
    /// Who.
    pub operator: OperatorName,
    /// Where.
    pub seat: SeatId,
    /// When.
    pub opened_at: Timestamp,
}

/// A session that has not ended, as a hub that starts again finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// As it began.
    pub session: SessionRecord,
    /// The operator's name as shown.
    pub display: String,
    /// What the operator may do beside taking calls.
    pub role: Role,
    /// The highest number taken of its desk.
    pub taken: u64,
    /// Whether its seat wanted calls.
    pub wants_calls: bool,
}

/// Case numbers that belong to one seat, `first` to `last` inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberLease {
    /// Local day as `YYMMDD`.
    pub day: u32,
    /// The first running number.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

/// One thing to store. They are stored in the order in which they happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A call reached the switch.
    CallArrived {
        /// The call.
        call: CallId,
        /// What the line brought.
        facts: CallFacts,
    },
    /// A call that was counted as ended is on the line again: it has not.
    CallReopened(CallId),
    /// A call is over.
    CallEnded(CallEnd),
    /// A leg is over.
    Leg(LegRecord),
    /// An event; given the next sequence number and chained.
    Event(EventRecord),
    /// The form as typed. A revision that is not above the stored one of this seat changes nothing.
    Draft(StoredDraft),
    /// What a desk had typed that came when another one had the caller already. The last one of each
    /// seat is kept, and no form is changed by it.
    LateDraft(StoredDraft),
    /// This seat has the caller now.
    Writer {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// What the plugins said.
    Advice {
        /// The call.
        call: CallId,
        /// Whose desk ran them.
        seat: SeatId,
        /// It; replaces earlier advice on the same revision.
        advice: Advice,
    },
    /// An operator decided against a verdict.
    Override(OverrideRecord),
    /// A case was opened. Its number must be new.
    CaseOpened(Case),
    /// A call back goes on with the case of the call that ended too early: what is typed in it is the
    /// case's form from now on.
    CaseContinued {
        /// The call back.
        call: CallId,
        /// The case.
        number: CaseNumber,
    },
    /// A case as it is now. Its form is left alone when a newer draft has been stored.
    CaseChanged(Case),
    /// A closing as it was said.
    Closed(Closing),
    /// What a unit has done about a case.
    FollowedUp {
        /// The call that opened the case.
        call: CallId,
        /// The case.
        number: CaseNumber,
        /// What.
        follow_up: FollowUp,
    },
    /// An operator has left a note to the next watch.
    ShiftNote(ShiftNote),
    /// A recording was sealed. One that is known by its file changes nothing.
    Recording(RecordingRecord),
    /// An entry of the call-back list as it is now. A number has one open entry.
    CallBack(CallBackRecord),
    /// A desk's message was taken. A number below the stored one changes nothing.
    Taken {
        /// The session.
        token: TokenHash,
        /// The message's number.
        seq: u64,
    },
    /// A seat wants calls, or wants none any more.
    Wants {
        /// The session.
        token: TokenHash,
        /// Whether it does.
        calls: bool,
    },
    /// A session has ended; one that has ended already stays as it is.
    SessionEnded {
        /// The session.
        token: TokenHash,
        /// When.
        at: Timestamp,
    },
}

/// A call as a hub that starts again finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptCall {
    /// The call.
    pub call: CallId,
    /// What the line brought.
    pub facts: CallFacts,
    /// The seat that had the caller last.
    pub writer: Option<SeatId>,
    /// How it ended; `None` when it was cut off by the end of its hub.
    pub ended: Option<CallEnd>,
}

/// An entry of the call-back list.
#[derive(Clone, Debug, PartialEq)]
pub struct CallBackRecord {
    /// The first call in vain: the entry's name.
    pub id: CallId,
    /// By which calls are told to be of one person; `None` when the number is withheld.
    pub number: Option<Redacted<String>>,
    /// Who, as the last call brought it.
    pub caller: Caller,
    /// The unit that has to call back.
    pub unit: UnitId,
    /// What was typed of them last.
    pub form: Form,
    /// The cases of these calls, oldest first.
    pub cases: Vec<CaseNumber>,
    /// The last call that belongs to it.
    pub last_call: CallId,
    /// When they first called in vain.
    pub first_at: Timestamp,
    /// When they last did.
    pub last_at: Timestamp,
    /// How often they did.
    pub calls: u32,
    /// How often they were called back in vain.
    pub attempts: u32,
    /// Why the last of these came to nothing, if that is known.
    pub last_failure: Option<CallBackFailure>,
    /// Set when nobody has to call back any more.
    pub settled: Option<SettledCallBack>,
}

/// How an entry of the call-back list was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledCallBack {
    /// When.
    pub at: Timestamp,
    /// At which seat, when a person did.
    pub seat: Option<SeatId>,
    /// By whom, when a person did.
    pub operator: Option<OperatorName>,
    /// The call that settled it, if one did.
    pub call: Option<CallId>,
    /// Why; empty when a call settled it.
    pub reason: Redacted<String>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// The call.
    pub call: CallId,
    /// Who ended it.
    pub by: EndedBy,
    /// How it was disposed of.
    pub disposition: Disposition,
    /// When.
    pub at: Timestamp,
}

/// A leg's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRecord {
    /// The leg.
    pub leg: LegId,
    /// The seat; `None` for the caller.
    pub seat: Option<SeatId>,
    /// E.g. `opus/48000`; empty when media was never negotiated.
    pub codec: String,
    /// The peer's `User-Agent`.
    pub user_agent: String,
    /// When it was answered.
    pub joined_at: Option<Timestamp>,
    /// When it ended.
    pub left_at: Timestamp,
    /// Why.
    pub cause: LegCause,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets lost on the way.
    pub packets_lost: u64,
}

/// An event for the log. Its body holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// When.
    pub at: Timestamp,
    /// The call that it is about, if it is about one.
    pub call: Option<CallId>,
    /// What, as JSON.
    pub body: String,
}

/// An event as it lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// The event.
    pub event: EventRecord,
    /// See [`crate::chain`].
    pub hash: Hash,
}

/// A form as one seat typed it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDraft {
    /// The call.
    pub call: CallId,
    /// Who typed it.
    pub seat: SeatId,
    /// Its revision.
    pub rev: u64,
    /// The form.
    pub form: Form,
    /// When the hub had it.
    pub at: Timestamp,
}

/// A decision against a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideRecord {
    /// The call.
    pub call: CallId,
    /// At which seat.
    pub seat: SeatId,
    /// By whom.
    pub operator: OperatorName,
    /// What holds instead.
    pub validity: Validity,
    /// Why.
    pub reason: Redacted<String>,
    /// When.
    pub at: Timestamp,
}

/// A closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The call.
    pub call: CallId,
    /// At which seat.
    pub seat: SeatId,
    /// By whom.
    pub operator: OperatorName,
    /// How.
    pub disposition: Disposition,
    /// For whoever goes on with the case.
    pub note: Redacted<String>,
    /// When.
    pub at: Timestamp,
}

/// A transfer that came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEnd {
    /// The unit has the caller.
    Taken,
    /// The operator took it back, or the call ended: it says nothing about the unit.
    Withdrawn,
    /// The unit did not take it.
    NotTaken,
}

/// A transfer, read from the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRecord {
    /// When it began.
    pub at: Timestamp,
    /// To which unit.
    pub unit: UnitId,
    /// When a seat of the unit answered first.
    pub answered_at: Option<Timestamp>,
    /// How it ended.
    pub end: TransferEnd,
}

/// A sealed recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingRecord {
    /// The call.
    pub call: CallId,
    /// The case, when it is read and there is one; ignored when it is written.
    pub number: Option<CaseNumber>,
    /// Path of the file.
    pub file: String,
    /// When its first sample was taken.
    pub starts_at: Timestamp,
    /// Its length in seconds.
    pub seconds: f64,
    /// How many channels.
    pub channels: u8,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}
