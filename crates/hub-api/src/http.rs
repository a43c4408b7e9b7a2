//! What goes over HTTP.

use serde::{Deserialize, Serialize};
use siaga_model::{CallId, CaseNumber, Level, Redacted, Seat, SeatId, Timestamp, Unit, UnitId};

/// Who wants to sit where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The operator's name at the hub (NRP), 1–64 characters.
    pub operator: String,
    /// The operator's password.
    pub password: Redacted<String>,
    /// The seat.
    pub seat: SeatId,
}

/// The SIP account of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipAccount {
    /// `ws://…` or `wss://…`.
    pub ws_url: String,
    /// The domain of addresses.
    pub domain: String,
    /// The user, which is the seat's id.
    pub user: String,
    /// Random, for this session only.
    pub secret: Redacted<String>,
}

/// Case numbers that this seat may give without asking again, `first` to `last` inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseBlock {
    /// The first number.
    pub first: CaseNumber,
    /// The last number.
    pub last: CaseNumber,
}

/// A unit and its seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UnitInfo {
    /// The unit.
    pub unit: Unit,
    /// Its seats.
    pub seats: Vec<Seat>,
}

/// What a desk gets at login.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Goes into `Authorization: Bearer`.
    pub token: Redacted<String>,
    /// The seat.
    pub seat: Seat,
    /// The seat's unit.
    pub unit: UnitId,
    /// The level of that unit: decides which window the operator sees.
    pub level: Level,
    /// The operator's name as shown.
    pub operator_name: String,
    /// The telephone account.
    pub sip: SipAccount,
    /// Numbers for new cases; the hub sends more before they run out.
    pub cases: CaseBlock,
    /// All units that reports can go to.
    pub units: Vec<UnitInfo>,
    /// The plugins to run.
    pub plugins: Vec<PluginRelease>,
    /// The hub's clock.
    pub now: Timestamp,
    /// Seconds for which a unit may ring in a transfer.
    pub transfer_ring_s: u32,
}

/// What a plugin is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRelease {
    /// Its name.
    pub name: String,
    /// SHA-256 of the component, lower-case hex: also its address under `/v1/plugins/`.
    pub sha256: String,
}

/// A sealed recording as the hub knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// The call.
    pub call: CallId,
    /// The call's case, if it was answered.
    pub number: Option<CaseNumber>,
    /// The name of the file, without its folder.
    pub file: String,
    /// When its first sample was taken.
    pub starts_at: Timestamp,
    /// Its length in seconds.
    pub seconds: f64,
    /// Two: left what the caller sends, right what the caller is sent.
    pub channels: u8,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}
