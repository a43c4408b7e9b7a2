//! Asterisk 22 as the switch of a hub, steered through ARI (its REST interface and its events).
//!
//! A citizen's call comes in on the trunk. The dialplan begins to record, answers, and gives the
//! channel to the Stasis application `siaga`: from there on the hub decides. The call gets a bridge of
//! its own with waiting music; seats are rung by originating a channel each, and join and leave the
//! bridge; the citizen's channel stays in it until the call ends. When it has ended, the two raw files
//! of the recording become one sealed Ogg Opus file.
//!
//! Asterisk outlives its hub. Two people who talk keep talking while no hub is there; a hub that comes
//! back lists channels and bridges and knows each by its id ([`names`]). A connection that is lost is
//! therefore nothing but that: what was missed is learnt from the lists. Only another start of
//! Asterisk means that its calls are gone.
//!
//! [`ari`] is the typed client, [`names`] what the dialplan and we agree on, [`guard`] what stands
//! beside Asterisk for the time in which there is no hub, [`provision`] makes an Asterisk the PBX of a
//! Polda.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ari;
mod core;
mod ears;
pub mod guard;
mod link;
pub mod names;
pub mod provision;
mod recordings;
mod switch;
mod worker;

pub use switch::AsteriskSwitch;

use siaga_model::Redacted;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// How Asterisk is reached, and by whom.
#[derive(Clone, Debug)]
pub struct AsteriskConfig {
    /// `http://host:port/ari`, or https.
    pub ari_url: Url,
    /// The user of `ari.conf`.
    pub user: String,
    /// Its password.
    pub password: Redacted<String>,
    /// The Stasis application: [`names::APP`], unless two hubs share an Asterisk.
    pub app: String,
    /// Where desks register, `wss://host:port/ws`.
    pub ws_url: String,
    /// Domain of addresses and realm of the digests.
    pub domain: String,
    /// Name of the endpoint through which citizens are called.
    pub trunk: String,
    /// Folder of the recordings, the same one that the dialplan records below
    /// ([`names::RAW`]); made if missing.
    pub recordings: PathBuf,
    /// Where Asterisk connects to when something is listened for on a leg; port 0 takes a free one.
    pub ears: SocketAddr,
}

/// Why the switch could not start. That Asterisk does not run is no reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address of the ARI is none.
    #[error(transparent)]
    Ari(#[from] ari::AriError),
    /// The folder of the recordings cannot be made.
    #[error("the folder of the recordings cannot be made: {path}")]
    Recordings {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing can be listened for.
    #[error("cannot listen on {address}")]
    Ears {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
