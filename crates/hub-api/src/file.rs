//! A case whole: everything that happened, in one time line.

use crate::RecordingInfo;
use serde::{Deserialize, Serialize};
use siaga_model::{
    CallBackFailure, CallFacts, CallId, Case, Disposition, EndedBy, FollowUpKind, LegCause,
    LineSignal, OutsideParty, Priority, ReclaimCause, Redacted, SeatId, Timestamp, UnitId,
    Validity,
};

/// A case with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// The calls that belong to it with what the line brought, oldest first: the one that opened it,
    /// and those in which the citizen was called back.
    pub calls: Vec<(CallId, CallFacts)>,
    /// Everything that happened, oldest first.
    pub timeline: Vec<TimelineItem>,
    /// What was recorded, oldest first.
    pub recordings: Vec<RecordingInfo>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TimelineItem {
    /// When.
    pub at: Timestamp,
    /// In which call.
    pub call: CallId,
    /// What.
    #[serde(flatten)]
    pub happening: Happening,
}

/// What can happen to a case and its calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "happening")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs, reason = "each field is said by its type; the variants say what happened")]
pub enum Happening {
    /// A citizen is on the line.
    Arrived,
    /// A seat rings.
    Ringing { seat: SeatId },
    /// A seat did not take it.
    Missed { seat: SeatId, cause: LegCause },
    /// The next level is asked too.
    Escalated { level: u32 },
    /// A human is with the caller.
    Answered { seat: SeatId },
    /// The case has its number.
    Opened { seat: SeatId },
    /// The caller was asked to stay on the line.
    WaitAnnounced,
    /// The caller hears music by an operator's wish.
    Held,
    /// The operator is back.
    Resumed,
    /// A unit is shown the form, or no longer.
    UnitPicked { unit: Option<UnitId> },
    /// The caller is being handed over.
    TransferStarted { from: SeatId, unit: UnitId },
    /// A seat of the unit rings.
    TransferRinging { seat: SeatId },
    /// A seat of the unit has answered.
    TransferAnswered { seat: SeatId },
    /// The unit has the caller.
    TransferDone { seat: SeatId, heard: bool },
    /// The caller is back with who handed over.
    Reclaimed { seat: SeatId, unit: UnitId, cause: ReclaimCause },
    /// The last human was lost; the caller waits at the front.
    Requeued { lost: SeatId, cause: LegCause },
    /// The silent-call procedure began.
    SilenceCheckStarted { seat: SeatId },
    /// It is over.
    SilenceChecked { signal: Option<LineSignal> },
    /// The priority was raised by a sign on a silent line.
    PriorityRaised { priority: Priority },
    /// A disposal began; it can be undone.
    Disposing { seat: SeatId, disposition: Disposition },
    /// It was undone.
    DisposalUndone,
    /// The voice path of a seat was replaced.
    LegReplaced { seat: SeatId },
    /// The citizen is being called back.
    CallBackStarted { seat: SeatId },
    /// It came to nothing.
    CallBackFailed { why: CallBackFailure },
    /// Somebody outside is called into the conversation.
    OutsideCalled { seat: SeatId, party: OutsideParty },
    /// They are in it.
    OutsideAnswered,
    /// They are not called any more, or have left.
    OutsideGone { answered: bool, cause: LegCause },
    /// The operator has left the caller with them.
    LeftWithOutside { seat: SeatId },
    /// The caller has hung up; the operator and somebody outside went on.
    CallerLeft,
    /// The call is over.
    Ended { by: EndedBy, disposition: Disposition },
    /// The operator has said how a call that its caller ended is disposed of.
    Disposed { seat: SeatId, disposition: Disposition },
    /// A seat typed the form, last at this time.
    Edited {
        seat: SeatId,
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        rev: u64,
    },
    /// The plugins judged otherwise than before.
    Judged { validity: Validity, priority: Priority, plugin: String, reason: String, findings: u32 },
    /// An operator decided against the verdict.
    Overridden {
        seat: SeatId,
        validity: Validity,
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        reason: Redacted<String>,
    },
    /// A closing was said.
    Closed {
        seat: SeatId,
        disposition: Disposition,
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        note: Redacted<String>,
    },
    /// A unit has done something about the case.
    FollowedUp {
        seat: SeatId,
        operator: String,
        kind: FollowUpKind,
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        text: Redacted<String>,
    },
    /// A leg ended.
    LegEnded { seat: Option<SeatId>, cause: LegCause, lost_packets: u32 },
    /// The recording was sealed.
    Recorded { sha256: String },
    /// Recording stopped.
    RecordingTrouble,
    /// Somebody listened to the recording.
    Heard { seat: SeatId, sha256: String },
}

/// The loudest samples of a recording, a pair of bars for each stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Peaks {
    /// Length in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ms: u64,
    /// What the caller sent: 0 to 255 of full scale.
    pub caller: Vec<u8>,
    /// What the caller was sent.
    pub operator: Vec<u8>,
}
