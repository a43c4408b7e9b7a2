//! SIP over WebSocket (RFC 3261, RFC 7118): a user agent for desks and simulated callers, and the
//! server side of the embedded switch. SDP passes through as text; media are somebody else's.
//!
//! A [`UserAgent`] connects, registers, keeps both up and reports [`UaEvent`]s. A [`SipServer`]
//! listens, keeps the accounts and is itself the other end of every call; it proxies nothing.
//! A call is named by its [`DialogKey`] from its INVITE to its one `Failed` or `Ended` event.
//!
//! What holds here:
//! - Whoever dials the emergency number is heard, registered or not. Everything else needs a
//!   registration on the same connection.
//! - A lost connection ends no established dialog. When either side speaks again over a new
//!   connection, the dialog is there, and a BYE that waited is delivered.
//! - A peer's bad message costs that peer a 400 or its connection, and nobody else anything.
//! - Session timers (RFC 4028), Replaces, REFER and reliable provisional responses are not spoken.
//!   A peer that requires one of them is told so with 420.
//!
//! Inside: `stack` is sans-IO and holds transactions and dialogs; `server::registrar` and
//! `digest` are sans-IO too; `ws` carries bytes; `ua::run` and `server::run` are the two actors.
//! Messages are parsed by rsipstack behind the checks of `message`; why not more of it is used is
//! told in `stack`.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ask;
mod digest;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod message;
mod server;
mod stack;
mod types;
mod ua;
mod ws;

pub use digest::Ha1s;
pub use server::{IncomingLeg, Limits, Rate, ServerConfig, ServerEvent, SipServer, UnregisteredBy};
pub use types::{DialogKey, Headers, Personal, SipError};
pub use ua::{IncomingCall, UaEvent, UserAgent, UserAgentConfig};

/// Tracing targets that a subscriber must silence whatever the level is: they write whole messages
/// or frames, with Authorization headers and callers' numbers, some of them at INFO. As a filter:
/// `rsipstack=off,tungstenite=off,tokio_tungstenite=off`.
pub const NOISY_LOG_TARGETS: &[&str] = &["rsipstack", "tungstenite", "tokio_tungstenite"];
