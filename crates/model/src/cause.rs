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

/// Why a call back came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CallBackFailure {
    /// The citizen's telephone is busy.
    Busy,
    /// The citizen declined.
    Declined,
    /// It rang, and nobody answered in time.
    NoAnswer,
    /// Nothing can be rung under the number now: switched off, without coverage, or no such number.
    Unreachable,
    /// The operator gave up.
    GivenUp,
    /// Ours: the desk's telephone, the switch or its trunk. It says nothing of the citizen.
    Failed,
}

impl CallBackFailure {
    /// What the end of the citizen's leg, which was never up, says.
    pub fn of_citizen(cause: LegCause) -> Self {
        match cause {
            LegCause::Busy => Self::Busy,
            LegCause::Declined => Self::Declined,
            LegCause::HungUp | LegCause::Released | LegCause::NoAnswer => Self::NoAnswer,
            LegCause::Unregistered => Self::Unreachable,
            LegCause::MediaLost | LegCause::Failed => Self::Failed,
        }
    }

    /// What the end of the leg of the operator who calls says.
    pub fn of_operator(cause: LegCause) -> Self {
        match cause {
            LegCause::HungUp | LegCause::Released | LegCause::Declined | LegCause::Busy => {
                Self::GivenUp
            }
            LegCause::Unregistered
            | LegCause::NoAnswer
            | LegCause::MediaLost
            | LegCause::Failed => Self::Failed,
        }
    }
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
