//! Somebody on the public network whom an operator brings into a call.

use crate::Redacted;
use serde::{Deserialize, Serialize};

/// Who is called out: another service, a unit's public number, or whatever number was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutsideParty {
    /// The service's name in the dial plan, e.g. "Damkar DKI"; `None`: a number that was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The number that is dialled.
    pub number: Redacted<String>,
}
