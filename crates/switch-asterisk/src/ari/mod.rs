//! A small typed client of the Asterisk REST Interface: what a hub and its guard need of it, each
//! request with a deadline that names what was wanted. Events come over [`Events`]; what we do not
//! know is skipped, so that a newer Asterisk is no trouble.
//!
//! It decides nothing and repeats nothing: whoever asks knows whether asking again makes sense
//! ([`AriError::may_pass`]) and whether something that is gone is one ([`AriError::is_gone`]).

mod client;
mod error;
mod events;
mod socket;
mod types;

pub use client::{AriAccess, AriClient};
pub use error::AriError;
pub use events::Event;
pub use socket::Events;
pub use types::{
    Bridge, Channel, ChannelState, Dialplan, Endpoint, Info, Originate, Party, RtpStatistics,
    StatusInfo, SystemInfo,
};
