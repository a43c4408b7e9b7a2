//! What goes over HTTP.

use serde::{Deserialize, Serialize};
use siaga_model::{
    CallId, CaseNumber, LegCause, Level, OtherService, ReclaimCause, Redacted, Role, Seat, SeatId,
    Timestamp, Unit, UnitId,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

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
    /// What the operator may do beside taking calls.
    #[serde(default)]
    pub role: Role,
    /// The telephone account.
    pub sip: SipAccount,
    /// Numbers for new cases; the hub sends more before they run out.
    pub cases: CaseBlock,
    /// All units that reports can go to.
    pub units: Vec<UnitInfo>,
    /// The plugins to run.
    pub plugins: Vec<PluginRelease>,
    /// The gazetteer that they and the form ask; without one, that of Polda Metro Jaya, which every
    /// desk has.
    #[serde(default)]
    pub gazetteer: Option<PluginRelease>,
    /// The hub's clock.
    pub now: Timestamp,
    /// Seconds for which a unit may ring in a transfer.
    pub transfer_ring_s: u32,
    /// Whom this operator may call outside.
    #[serde(default)]
    pub dial: DialBook,
}

/// Whom an operator may call outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DialBook {
    /// Services with a name, in the order in which they are shown.
    pub services: Vec<DialEntry>,
    /// What a number that is typed has to look like: digits, `X` for any digit, and a last `.` for one
    /// or more further digits. Empty: none may be typed.
    pub patterns: Vec<String>,
}

/// A service in the dial plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DialEntry {
    /// Its name, which is there once.
    pub name: String,
    /// Its number, as it is known: public, unlike a citizen's.
    pub number: String,
    /// The service of the form that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub kind: Option<OtherService>,
}

/// A plugin, or the gazetteer that plugins ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRelease {
    /// Its name.
    pub name: String,
    /// SHA-256 of the file, lower-case hex: also its address under `/v1/plugins/`.
    pub sha256: String,
}

/// A sealed recording as the hub knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
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

/// What became of the calls of a span, read from the event log alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FiguresInfo {
    /// The first millisecond.
    pub from: Timestamp,
    /// The first millisecond that is not in it any more.
    pub to: Timestamp,
    /// Citizens who called.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub arrived: usize,
    /// Those who got a human.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub answered: usize,
    /// Those who got one within [`ANSWER_WITHIN`].
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub in_time: usize,
    /// Calls that their citizen ended and that nobody has disposed of since, by where they stood.
    pub abandoned: AbandonedInfo,
    /// Calls that went down with the switch and that nobody has disposed of since.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cut_off: usize,
    /// Call backs that began.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub called_back: usize,
    /// Call backs that reached the citizen.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub reached: usize,
    /// From arrival to the first human, of those who got one.
    pub waiting: Option<SpreadInfo>,
    /// From the loss of a human to the next one, of those who got one.
    pub waiting_again: Option<SpreadInfo>,
    /// Times a seat let an arriving call ring out (`tak menjawab`).
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rang_out: u64,
    /// Times a seat declined an arriving call, was busy or failed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub refused: u64,
    /// Transfers that began.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub transfers: u64,
    /// Transfers after which the unit had the caller.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub transferred: u64,
    /// Transfers after which the operator who handed over had the caller back, by cause.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>"))]
    pub reclaimed: HashMap<ReclaimCause, u64>,
    /// Callers who lost their human and went to the front of the queue, by cause.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>"))]
    pub requeued: HashMap<LegCause, u64>,
    /// Silent-call procedures that began.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub silence_checks: u64,
    /// Those that the caller answered with a key or knocks.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub signs: u64,
    /// What each seat did.
    pub seats: BTreeMap<SeatId, WorkInfo>,
    /// What was done for each unit.
    pub units: BTreeMap<UnitId, WorkInfo>,
    /// The quarters of an hour that lie in the span, oldest first, the last one as far as it has come.
    pub quarters: Vec<QuarterInfo>,
}

/// In so long a citizen is to have a human.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Citizens who called within 15 minutes, by what became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuarterInfo {
    /// When it begins: at a quarter of an hour by the clock.
    pub from: Timestamp,
    /// Had something for a unit to act on.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub reports: usize,
    /// No report, or a question.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub not_reports: usize,
    /// Were gone before a human answered, and nobody has disposed of the call since.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub unanswered: usize,
    /// What they have is not known yet: they are on the line, or hung up on a human.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub open: usize,
}

/// Calls that their citizen ended, by where they stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AbandonedInfo {
    /// In the queue.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub waiting: usize,
    /// With a human.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub talking: usize,
    /// During a transfer.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub transferring: usize,
}

/// Times in milliseconds; percentiles by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SpreadInfo {
    /// How many there are.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub count: usize,
    /// Half of them are at most this.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub p50_ms: u64,
    /// Nine of ten are at most this.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub p90_ms: u64,
    /// The longest.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub max_ms: u64,
}

/// What was done at a seat or for a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WorkInfo {
    /// Arriving calls answered, and citizens reached by calling back.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub answered: u64,
    /// Calls taken over from another seat.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub taken_over: u64,
    /// Arriving calls that were let ring out here.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rang_out: u64,
    /// Time in calls, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub talk_ms: u64,
    /// Time of writing up, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub after_call_ms: u64,
}
