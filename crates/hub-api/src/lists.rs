//! What a desk asks for and is not shown by itself: the day's cases, a search, a number's past.
//!
//! Asked over HTTP, a page at a time, so that the view which comes with every change stays small.

use serde::{Deserialize, Serialize};
use siaga_model::{
    CallId, Caller, CaseNumber, CaseStatus, Disposition, FollowUpKind, Point, Priority, Redacted,
    SeatId, Timestamp, UnitId, Validity,
};

/// How many rows a page has at most.
pub const PAGE_ROWS: u32 = 200;
/// The longest text that is searched for, in characters.
pub const SEARCH_TEXT: usize = 200;
/// How many days of a number are looked at.
pub const HISTORY_DAYS: usize = 14;

/// Which cases a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CaseFilter {
    /// Everything that is not disposed of as no report.
    #[default]
    Reports,
    /// Those that somebody still has to act on.
    Open,
    /// Those that this seat opened.
    Mine,
    /// Those that were disposed of as no report.
    NotReports,
}

/// A page of a list of cases, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CasesQuery {
    /// Opened at or after this.
    pub since: Timestamp,
    /// Which.
    pub filter: CaseFilter,
    /// How many rows are skipped.
    pub from: u32,
    /// How many rows are wanted, at most [`PAGE_ROWS`].
    pub count: u32,
}

/// A line in a list of cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CaseRow {
    /// Its number.
    pub number: CaseNumber,
    /// The call it came from.
    pub call: CallId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who called.
    pub caller: Caller,
    /// Branch and leaf, as in the form.
    pub kind: String,
    /// The location in the caller's words, its first 120 characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub place: Redacted<String>,
    /// The resolved area.
    pub area_code: String,
    /// The priority that holds.
    pub priority: Priority,
    /// The verdict that holds.
    pub validity: Validity,
    /// Where it stands.
    pub status: CaseStatus,
    /// The unit that is responsible.
    pub unit: Option<UnitId>,
    /// How the call ended.
    pub disposition: Option<Disposition>,
    /// The seat that opened it.
    pub opened_by: SeatId,
    /// How far the unit has come, and since when.
    pub follow_up: Option<(FollowUpKind, Timestamp)>,
}

/// How many cases each filter has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CaseCounts {
    /// [`CaseFilter::Reports`].
    pub reports: u32,
    /// [`CaseFilter::Open`].
    pub open: u32,
    /// [`CaseFilter::Mine`].
    pub mine: u32,
    /// [`CaseFilter::NotReports`].
    pub not_reports: u32,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CaseList {
    /// How many rows the whole list has.
    pub total: u32,
    /// How many rows were skipped.
    pub from: u32,
    /// The rows.
    pub rows: Vec<CaseRow>,
    /// How many cases each filter has since the same time.
    pub counts: CaseCounts,
}

/// A search over cases and calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SearchQuery {
    /// Words, numbers or parts of both; all must be there. At most [`SEARCH_TEXT`] characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub text: Redacted<String>,
    /// How many hits are skipped.
    pub from: u32,
    /// How many hits are wanted, at most [`PAGE_ROWS`].
    pub count: u32,
}

/// A call that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SearchHit {
    /// The call.
    pub call: CallId,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Who called.
    pub caller: Caller,
    /// Its case, if somebody answered.
    pub case: Option<CaseRow>,
    /// Words around what was found, at most 160 characters; empty when a number or name was found.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub excerpt: Redacted<String>,
}

/// What a search found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SearchList {
    /// The hits.
    pub hits: Vec<SearchHit>,
    /// Whether there are more behind them.
    pub more: bool,
}

/// A call that a number made before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EarlierCall {
    /// The call.
    pub call: CallId,
    /// When it arrived.
    pub at: Timestamp,
    /// Its case.
    pub number: Option<CaseNumber>,
    /// What it was about.
    pub kind: String,
    /// Where, in the caller's words.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub place: Redacted<String>,
    /// How it ended; `None` while it lives.
    pub disposition: Option<Disposition>,
}

/// What a number's last 14 days say. A note to whoever answers; it blocks and delays nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reputation {
    /// Calls in all.
    pub calls: u32,
    /// Those disposed of as pranks.
    pub pranks: u32,
    /// Those disposed of as silent or after a ring.
    pub empty: u32,
    /// Those that were reports.
    pub reports: u32,
    /// Whether pranks are so many that the page says so: at least three, and more than the reports.
    pub often_prank: bool,
}

/// A report near by in place and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SimilarReport {
    /// It.
    pub case: CaseRow,
    /// How far away, in metres, when both have a point.
    pub metres: Option<u32>,
    /// Whether it is of the same kind.
    pub same_kind: bool,
}

/// A report of the last day, as far as it tells whether another one is of the same event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RecentReport {
    /// Its number.
    pub number: CaseNumber,
    /// When it came in.
    pub at: Timestamp,
    /// The unit that has it.
    pub unit: Option<UnitId>,
    /// Whether it came from the number of the call that is asked about.
    pub same_number: bool,
    /// Where, as typed.
    pub location: Redacted<String>,
    /// The Kemendagri code; empty when none was chosen.
    pub area_code: String,
    /// Where on the map.
    pub point: Option<Point>,
    /// The branch and leaf of the form's tree.
    pub kind: String,
    /// What, as typed.
    pub narrative: Redacted<String>,
    /// How its call ended; `None` while it lives.
    pub disposition: Option<Disposition>,
}

/// What is known around a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AboutCall {
    /// Earlier calls of this number in the last 14 days, newest first, at most 50.
    pub earlier: Vec<EarlierCall>,
    /// Calls a day of the hub's local time, the oldest day first, today last: [`HISTORY_DAYS`].
    pub days: Vec<u32>,
    /// What they say.
    pub reputation: Reputation,
    /// Reports of the last two hours within 3 km or in the same kecamatan, nearest first, at most 5.
    pub similar: Vec<SimilarReport>,
    /// Reports of the last day, newest first, at most 50: plugins look for duplicates among them. A
    /// Polres is told those that it has.
    #[serde(default)]
    pub recent: Vec<RecentReport>,
}

/// How a unit took transfers at this hour of the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UnitOdds {
    /// The unit.
    pub unit: UnitId,
    /// Transfers that began; those that were taken back are not counted.
    pub samples: u32,
    /// Share that it took, in percent; `None` under 20 samples.
    pub percent: Option<u8>,
    /// Half of the answers came within so many seconds; `None` under 20 samples.
    pub usual_s: Option<u32>,
}
