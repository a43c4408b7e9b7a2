//! What goes over the WebSocket, as JSON text messages.

use crate::{ApiError, CaseBlock, UnitInfo};
use serde::{Deserialize, Serialize};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, Disposition, EndedBy, Form, ReclaimCause, SeatId,
    SeatState, Timestamp, UnitId,
};

/// A message that must not be lost: repeated with the same `seq` until acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequenced<T> {
    /// Counts up from 1 within a desk's session.
    pub seq: u64,
    /// The message.
    #[serde(flatten)]
    pub message: T,
}

/// What the operator chose to be heard during a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum HandoverChoice {
    /// Stay together with a soft ringback.
    Together,
    /// Music.
    Music,
}

/// From a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum ToHub {
    /// Wants calls.
    Ready,
    /// Wants none.
    Pause,
    /// The form as it is now. The hub journals it and shows it to whoever else sees this call.
    Draft {
        /// The call.
        call: CallId,
        /// Counts up with every change.
        rev: u64,
        /// The whole form.
        form: Form,
    },
    /// What the plugins said about a revision, to be stored with the case.
    Advice {
        /// The call.
        call: CallId,
        /// It.
        advice: Advice,
    },
    /// The operator decided against the verdict.
    Override {
        /// The call.
        call: CallId,
        /// What holds instead.
        validity: siaga_model::Validity,
        /// Why, at least three characters.
        reason: String,
    },
    /// Hand the caller over.
    Transfer {
        /// The call.
        call: CallId,
        /// To whom.
        unit: UnitId,
        /// What is heard; `None`: as configured.
        handover: Option<HandoverChoice>,
    },
    /// Take a transfer back.
    TakeBack {
        /// The call.
        call: CallId,
    },
    /// Leave the caller with the unit that has answered.
    Release {
        /// The call.
        call: CallId,
    },
    /// Music for the caller.
    Hold {
        /// The call.
        call: CallId,
    },
    /// Back to the caller.
    Resume {
        /// The call.
        call: CallId,
    },
    /// End the call (or dispose of one that the caller ended).
    Close {
        /// The call.
        call: CallId,
        /// How.
        disposition: Disposition,
        /// A note for whoever goes on with the case, at most 4,000 characters; may be empty.
        note: String,
    },
    /// More case numbers.
    LeaseCases,
}

/// To a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum ToDesk {
    /// All that this desk may see, whole. Sent on connecting and after every change.
    View(Box<HubView>),
    /// The hub has taken everything up to and including this sequence number.
    Ack {
        /// The number.
        seq: u64,
    },
    /// The message with this sequence number was refused; it counts as taken.
    Refused {
        /// The number; 0 when the message could not even be read.
        seq: u64,
        /// Why.
        error: ApiError,
    },
    /// New case numbers.
    Cases(CaseBlock),
    /// This session has ended here; the desk must log in again.
    Bye {
        /// Why.
        error: ApiError,
    },
}

/// A form and its revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Draft {
    /// Counts up with every change; 0 is the empty form.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rev: u64,
    /// The form.
    pub form: Form,
}

/// What a desk sees of its seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeatView {
    /// The seat.
    pub seat: SeatId,
    /// What it does.
    pub state: SeatState,
    /// Since when.
    pub since: Timestamp,
}

/// What a desk sees of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UnitView {
    /// The unit.
    pub info: UnitInfo,
    /// The state of each of its seats.
    pub seats: Vec<SeatView>,
}

/// Why a call is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ReclaimView {
    /// The cause.
    pub cause: ReclaimCause,
    /// The unit that did not take it.
    pub unit: UnitId,
    /// When.
    pub at: Timestamp,
}

/// Where a call stands, as a desk sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Phase {
    /// Waits in the queue.
    Queued {
        /// Since when.
        since: Timestamp,
    },
    /// Rings at a seat, perhaps this one.
    Ringing {
        /// The seat.
        seat: SeatId,
        /// Since when the caller waits.
        since: Timestamp,
        /// Until when it may ring here.
        until: Timestamp,
    },
    /// With a human.
    Talking {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
        /// Set when a transfer came back.
        reclaimed: Option<ReclaimView>,
    },
    /// On hold.
    Held {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
    },
    /// Being handed over.
    Transferring {
        /// Who hands over.
        from: SeatId,
        /// To which unit.
        unit: UnitId,
        /// Whose telephone rings or has answered.
        to: SeatId,
        /// Whether it has answered.
        answered: bool,
        /// Since when.
        since: Timestamp,
        /// Until when it must answer, or be heard.
        until: Timestamp,
    },
    /// Over.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// How; `Abandoned` may still be disposed of by its last operator.
        disposition: Disposition,
        /// When.
        at: Timestamp,
    },
}

/// What a desk sees of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// What the line brought.
    pub facts: CallFacts,
    /// Where it stands.
    pub phase: Phase,
    /// The form as last journalled.
    pub draft: Draft,
    /// The seat whose operator writes the form; others read it.
    pub writer: Option<SeatId>,
    /// The case number, once somebody has answered.
    pub number: Option<CaseNumber>,
    /// The last advice stored.
    pub advice: Option<Advice>,
    /// Whether the switch is recording it.
    pub recording: bool,
}

/// All that a desk may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HubView {
    /// The hub's clock.
    pub now: Timestamp,
    /// This desk's seat.
    pub seat: SeatView,
    /// The call that rings here or that this seat has; also one whose caller is gone until it is
    /// disposed of.
    pub call: Option<CallView>,
    /// Calls whose form this unit is shown because a Polda operator picked it.
    pub announced: Vec<CallView>,
    /// How many callers wait at this unit's level.
    pub queue: u32,
    /// The units and their seats.
    pub units: Vec<UnitView>,
    /// Cases that this unit has to act on or to call back, newest first, at most 50.
    pub cases: Vec<Case>,
}
