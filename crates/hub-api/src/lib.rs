//! What desks and hub say to each other.
//!
//! A desk logs in over HTTP ([`LoginRequest`] → [`Session`]) and then keeps one WebSocket open, on
//! which it sends [`ToHub`] and receives [`ToDesk`]. The hub sends whole views, never differences: a
//! desk that reconnects needs no history. What a desk must not lose (drafts, closings, verdicts) it
//! sends with a sequence number of its own and repeats until the hub has acknowledged it; the hub
//! takes each number once.

#![forbid(unsafe_code)]

mod error;
mod http;
mod ws;

pub use error::{ApiError, ErrorCode};
pub use http::{CaseBlock, LoginRequest, PluginRelease, Session, SipAccount, UnitInfo};
pub use ws::{
    CallView, Draft, HandoverChoice, HubView, Phase, ReclaimView, SeatView, Sequenced, ToDesk,
    ToHub, UnitView,
};

/// The path of the WebSocket; the token goes in the `Authorization: Bearer` header.
pub const DESK_SOCKET_PATH: &str = "/v1/desk";
/// `POST`: [`LoginRequest`] → [`Session`].
pub const LOGIN_PATH: &str = "/v1/login";
/// `POST`, authorized: ends the session.
pub const LOGOUT_PATH: &str = "/v1/logout";
/// `GET`, authorized: `Vec<PluginRelease>`; a component's bytes at `/v1/plugins/{sha256}`.
pub const PLUGINS_PATH: &str = "/v1/plugins";
/// `GET`, authorized: a case by number at `/v1/cases/{number}`; the latest 100 at `/v1/cases`.
pub const CASES_PATH: &str = "/v1/cases";
/// `GET`: `{"status": "ok", …}`; needs no login.
pub const HEALTH_PATH: &str = "/v1/health";
/// Largest message that either side accepts on the socket, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;
