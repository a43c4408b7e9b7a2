//! What desks and hub say to each other.
//!
//! A desk logs in over HTTP ([`LoginRequest`] → [`Session`]) and then keeps one WebSocket open, on
//! which it sends [`ToHub`] and receives [`ToDesk`]. The hub sends whole views, never differences: a
//! desk that reconnects needs no history. What a desk must not lose (drafts, closings, verdicts) it
//! sends with a sequence number of its own and repeats until the hub has acknowledged it; the hub
//! takes each number once. [`HubClient`] is the desk's side, [`Outbox`] what waits for the hub.

#![forbid(unsafe_code)]

mod client;
mod error;
mod file;
mod http;
mod lists;
mod outbox;
mod socket;
mod ws;

pub use client::{ClientError, HubClient};
pub use error::{ApiError, ErrorCode};
pub use file::{CaseFile, Happening, Peaks, TimelineItem};
pub use http::{
    ANSWER_WITHIN, AbandonedInfo, CaseBlock, DialBook, DialEntry, FiguresInfo, LoginRequest,
    PluginRelease, QuarterInfo, RecordingInfo, Session, SipAccount, SpreadInfo, UnitInfo, WorkInfo,
};
pub use lists::{
    AboutCall, CaseCounts, CaseFilter, CaseList, CaseRow, CasesQuery, EarlierCall, HISTORY_DAYS,
    PAGE_ROWS, RecentReport, Reputation, SEARCH_TEXT, SearchHit, SearchList, SearchQuery,
    SimilarReport, UnitOdds,
};
pub use outbox::{OUTBOX_CAPACITY, Outbox, OutboxFull};
pub use socket::{DeskReceiver, DeskSender};
pub use ws::{
    Alert, BoardCall, BoardSeat, BoardView, CallBackId, CallBackView, CallView, DisposingView,
    Draft, HandoverChoice, HubView, LostCallView, OutsideStage, OutsideTarget, OutsideView, Phase,
    ReclaimView, SeatView, Sequenced, SilenceView, Step, ToDesk, ToHub, TransferStep, TransferView,
    UnitView, WaitingView,
};

/// The path of the WebSocket; the token goes in the `Authorization: Bearer` header.
pub const DESK_SOCKET_PATH: &str = "/v1/desk";
/// `POST`: [`LoginRequest`] → [`Session`].
pub const LOGIN_PATH: &str = "/v1/login";
/// `POST`, authorized: ends the session.
pub const LOGOUT_PATH: &str = "/v1/logout";
/// `POST`, authorized: [`Session`] of a token that still stands, with a new telephone account: for a
/// desk that was started again, and for one whose switch was.
pub const SESSION_PATH: &str = "/v1/session";
/// `GET`, authorized: `Vec<PluginRelease>`; the bytes of a component or of the gazetteer at `/v1/plugins/{sha256}`.
pub const PLUGINS_PATH: &str = "/v1/plugins";
/// `GET`, authorized: a case by number at `/v1/cases/{number}`; the latest 100 at `/v1/cases`.
pub const CASES_PATH: &str = "/v1/cases";
/// `POST`, authorized: [`CasesQuery`] → [`CaseList`]. Seats below a Polda see their own unit's cases.
pub const CASE_LIST_PATH: &str = "/v1/case-list";
/// `POST`, authorized: [`SearchQuery`] → [`SearchList`], of the cases that this seat may see. In the
/// body, because what is searched for is personal and addresses are logged on the way.
pub const SEARCH_PATH: &str = "/v1/search";
/// `GET`, authorized: [`CaseFile`] at `/v1/files/{number}`.
pub const FILES_PATH: &str = "/v1/files";
/// `GET`, authorized: [`AboutCall`] at `/v1/about/{call}`, for a seat that is shown the call, and for
/// seats of a Polda and above.
pub const ABOUT_PATH: &str = "/v1/about";
/// `GET`, authorized: `Vec<UnitOdds>` at this hour.
pub const ODDS_PATH: &str = "/v1/odds";
/// `GET`, authorized: the bytes of a recording (Ogg Opus) at `/v1/audio/{sha256}`, its [`Peaks`] at
/// `/v1/audio/{sha256}/peaks`. For whoever may see its case; each listening is in the event log.
pub const AUDIO_PATH: &str = "/v1/audio";
/// `GET`, authorized, for seats of a Polda and above: the latest 100 [`RecordingInfo`].
pub const RECORDINGS_PATH: &str = "/v1/recordings";
/// `GET`, authorized, for seats of a Polda and above: [`FiguresInfo`] of the calls that arrived from
/// `from` until before `to`, given in the query in milliseconds since the epoch, UTC; at most 8 days.
pub const FIGURES_PATH: &str = "/v1/figures";
/// `GET`: `{"status": "ok", …}`; needs no login.
pub const HEALTH_PATH: &str = "/v1/health";
/// Whether the hub takes messages, for the guard beside the PBX; no login is needed.
pub const ALIVE_PATH: &str = "/v1/alive";
/// Largest message that either side accepts on the socket, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;
