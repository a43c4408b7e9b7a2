//! What one watch leaves to the next.

use crate::{Redacted, SeatId, Timestamp, UnitId};
use serde::{Deserialize, Serialize};

/// Something that whoever sits down next has to know: an open matter, a broken headset, a road that
/// is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ShiftNote {
    /// When it was left.
    pub at: Timestamp,
    /// At which seat.
    pub seat: SeatId,
    /// To which unit.
    pub unit: UnitId,
    /// By whom, as shown.
    pub operator: String,
    /// In the operator's words, 3 to 500 characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub text: Redacted<String>,
}
