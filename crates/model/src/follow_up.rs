//! What a unit does about a case after its call.

use crate::{Redacted, SeatId, Timestamp, UnitId};
use serde::{Deserialize, Serialize};

/// How far a unit has come with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum FollowUpKind {
    /// The unit has taken note of the case ("diterima").
    Received,
    /// Somebody is on the way ("menuju TKP").
    OnTheWay,
    /// Somebody is there ("di TKP").
    OnScene,
    /// Something worth writing down.
    Note,
    /// The case is closed ("selesai").
    Closed,
}

/// One step of a unit's work on a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FollowUp {
    /// When it was said.
    pub at: Timestamp,
    /// At which seat.
    pub seat: SeatId,
    /// For which unit.
    pub unit: UnitId,
    /// By whom, as shown.
    pub operator: String,
    /// How far the unit has come.
    pub kind: FollowUpKind,
    /// In the operator's words, at most 4,000 characters; may be empty unless it is a note or closes
    /// the case.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub text: Redacted<String>,
}
