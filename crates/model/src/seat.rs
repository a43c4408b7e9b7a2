//! Units and their seats.

use crate::{SeatId, UnitId};
use serde::{Deserialize, Serialize};

/// The level of a unit. Calls escalate from the first to the last (design: levels-2026).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Level {
    /// Sub-district.
    Polsek,
    /// District.
    Polres,
    /// Region.
    Polda,
    /// National headquarters.
    Mabes,
}

/// What somebody who logs in may do beside taking calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Role {
    /// Takes calls.
    #[default]
    Operator,
    /// Sees every call and seat of the unit and of those below it.
    Supervisor,
}

/// An organisation that takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Its name as people say it, e.g. "Polres Metro Jakarta Selatan".
    pub name: String,
    /// Three to eight capitals used in case numbers and lists, e.g. `PMJ`.
    pub code: String,
    /// Its level.
    pub level: Level,
    /// The unit above it.
    pub parent: Option<UnitId>,
}

/// A place with a headset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Seat {
    /// Its id, which is also its SIP user.
    pub id: SeatId,
    /// The unit it belongs to.
    pub unit: UnitId,
    /// What is written on it, e.g. "Meja 3".
    pub label: String,
}

/// What a seat is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum SeatState {
    /// Nobody is logged in, or its telephone is not registered.
    #[default]
    Offline,
    /// Logged in, wants no call.
    Paused,
    /// Waits for a call.
    Ready,
    /// A call rings here.
    Ringing,
    /// In a call.
    Talking,
    /// Writing up the last call, offered no other.
    AfterCall,
    /// Let a call ring out; must say it is ready again ("tak menjawab").
    NotAnswering,
}
