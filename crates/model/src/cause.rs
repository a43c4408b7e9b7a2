//! Why things ended. Switch-specific codes are mapped to these at the switch's edge.

use serde::{Deserialize, Serialize};

/// Why a leg ended or never came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LegCause {
    /// The person hung up.
    HungUp,
    /// We ended it, as told.
    Released,
    /// 486, 600: busy.
    Busy,
    /// 603, 403: declined.
    Declined,
    /// Not registered, or its connection is gone.
    Unregistered,
    /// Rang out, or was taken back while ringing.
    NoAnswer,
    /// Its media stopped.
    MediaLost,
    /// Signalling or negotiation failed (488, 5xx, ICE or DTLS failure).
    Failed,
}

/// Why the Polda operator has the caller back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ReclaimCause {
    /// Every seat of the target is in a call, or it said busy.
    Busy,
    /// The target declined.
    Declined,
    /// No seat of the target is registered.
    Unregistered,
    /// It rang for the configured seconds without an answer.
    NoAnswer,
    /// It answered and said nothing for 3 s.
    AnsweredSilent,
    /// Its leg failed or its media stopped after the answer.
    Lost,
    /// The Polda operator took the transfer back.
    TakenBack,
}

/// Who or what ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum EndedBy {
    /// The citizen hung up.
    Caller,
    /// An operator closed it.
    Closing,
    /// The switch was lost with everything on it.
    SwitchLost,
    /// A call back that never came to be: the citizen did not answer, or the operator gave up.
    NotReached,
}

/// What somebody who cannot speak did on a silent line to say that help is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LineSignal {
    /// Pressed a key (RFC 4733).
    Key,
    /// Knocked at the telephone, at least twice.
    Knocks,
}
