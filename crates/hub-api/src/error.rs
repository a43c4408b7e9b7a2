//! Errors with a code that the window translates. Nobody matches on the text.

use serde::{Deserialize, Serialize};

/// What went wrong, for the window's message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ErrorCode {
    /// Unknown operator or wrong password.
    WrongPassword,
    /// Too many attempts; `detail` says for how many seconds.
    SlowDown,
    /// Somebody else is logged in at this seat; `detail` says who and since when.
    SeatTaken,
    /// There is no such seat.
    NoSuchSeat,
    /// This operator may not use this seat.
    NotAllowed,
    /// The token is unknown or has ended.
    NotLoggedIn,
    /// The message is not one that this hub understands; `detail` says where it stops making sense.
    Malformed,
    /// The message is larger than [`crate::MAX_MESSAGE`].
    TooLarge,
    /// No such call, or it has ended.
    NoSuchCall,
    /// Another seat has this call, or writes this form.
    NotYours,
    /// Not possible in the state of the call.
    NotNow,
    /// No such unit.
    NoSuchUnit,
    /// The dial plan does not let this operator call there.
    MayNotCall,
    /// Nothing is closed as silent before the silent-call procedure has run.
    CheckSilenceFirst,
    /// No such case, plugin or recording.
    NotFound,
    /// A field is out of its range; `detail` names it.
    OutOfRange,
    /// The hub could not store it; nothing is lost, the desk keeps and repeats it.
    NotStored,
    /// The hub has a fault of its own.
    Internal,
}

/// An error as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {detail}")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ApiError {
    /// The code.
    pub code: ErrorCode,
    /// For IT, in English, without personal data.
    pub detail: String,
}

impl ApiError {
    /// From a code and a detail for IT.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}
