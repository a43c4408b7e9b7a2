//! For tests and training only: a bad network, rude peers, made voices, and ears.
//!
//! [`LossyRelay`] loses, delays and re-orders datagrams as `netem` would; [`SipDetour`] puts one into
//! every call of telephones that know nothing of it; [`Trunk`] is the far end of a PBX's trunk. [`scripted`] sends what no
//! honest peer would send. [`voice`] makes speech-like sounds from a seed; [`correlate`] finds a
//! voice in what was heard; [`pilot`] tells from when to when a pilot tone was audible under
//! speech. The last two judge our own reports, so they are tested against what is not there as
//! carefully as against what is.
//!
//! [`asterisk`] runs a real PBX for a test.
//!
//! Nothing of the product depends on this crate.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod asterisk;
pub mod correlate;
mod detour;
mod dsp;
pub mod pilot;
mod relay;
pub mod scripted;
mod skip;
mod tcp_relay;
mod trunk;
pub mod voice;
pub mod wav;

pub use detour::SipDetour;
pub use relay::{Bursts, Delivered, IN_FLIGHT, LinkModel, LossyRelay, RelayStats, reroute};
pub use skip::skip;
pub use tcp_relay::TcpRelay;
pub use trunk::{Trunk, TrunkConfig};
