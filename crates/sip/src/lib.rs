//! SIP over WebSocket (RFC 3261, RFC 7118): a user agent for desks and simulated callers, and the
//! server side of the embedded switch.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod digest;
mod server;
mod types;
mod ua;

pub use digest::Ha1s;
pub use server::{IncomingLeg, Limits, ServerConfig, ServerEvent, SipServer, UnregisteredBy};
pub use types::{DialogKey, Headers, Personal, SipError};
pub use ua::{IncomingCall, UaEvent, UserAgent, UserAgentConfig};
