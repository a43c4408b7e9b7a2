//! What a plugin is told of earlier reports.

use serde::{Deserialize, Serialize};
use siaga_model::{Point, Redacted, Timestamp};

/// An earlier report that may matter: from the same number, or near in place and time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PastReport {
    /// When it came in.
    pub at: Timestamp,
    /// Whether it came from the number of the present call.
    pub same_number: bool,
    /// Where, in the caller's words.
    pub location: Redacted<String>,
    /// Kemendagri code, empty when not resolved.
    pub area_code: String,
    /// Where it was marked on the map.
    #[serde(default)]
    pub point: Option<Point>,
    /// Branch and leaf of the tree of kinds.
    pub kind: String,
    /// `prank`, `silent`, `misdial`, `ring-once`, `test`, `information`, `report`, or empty while
    /// it is open.
    pub disposition: String,
    /// What happened, in the operator's words.
    pub narrative: Redacted<String>,
    /// The number told to the caller, empty when none was given.
    pub case_number: String,
}
