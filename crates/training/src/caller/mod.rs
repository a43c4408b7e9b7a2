//! A citizen with a telephone: a stranger who knows nothing but an address and the number 110.
//!
//! Two kinds of telephone are there: [`webrtc`] is ours and calls the embedded switch; [`trunk`] is a
//! program that we did not write (baresip, sipp) and comes in where a PBX's callers do.

mod trunk;
mod webrtc;

pub use trunk::TrunkProgram;
pub(crate) use trunk::{Rtp, TrunkCallerConfig, TrunkLine, TrunkTelephone};

use crate::sound::{Ear, Speaker};
use anyhow::Context;
use siaga_media::MediaStats;
use siaga_switch::SipEndpoint;
use siaga_testkit::LinkModel;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// The number that citizens dial.
const NUMBER: &str = "110";

/// How many keys may wait to be sent.
const KEYS: usize = 16;

/// Who calls, what they say and through which network.
pub struct CallerConfig {
    /// Where the switch is.
    pub endpoint: SipEndpoint,
    /// The number that the telephone shows.
    pub number: String,
    /// What they say.
    pub speaker: Speaker,
    /// The network between; `None` is a perfect one.
    pub link: Option<LinkModel>,
}

/// How far a caller has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerState {
    /// Dialled.
    Dialling,
    /// Heard that it rings.
    Ringing,
    /// Answered (by the switch: music, or a human).
    Answered,
    /// Over; whether the caller hung up.
    Ended {
        /// Whether it was this caller who hung up.
        by_me: bool,
    },
}

/// A caller on the line.
pub struct Caller {
    /// When the INVITE was sent.
    pub dialled_at: Instant,
    /// What the caller hears, from the answer on.
    pub ear: Ear,
    /// How far it has come.
    pub state: watch::Receiver<CallerState>,
    stats: watch::Receiver<MediaStats>,
    hang_up: mpsc::Sender<()>,
    keys: mpsc::Sender<char>,
}

impl Caller {
    /// Dials 110 with a telephone of our own.
    ///
    /// # Errors
    /// When the switch cannot be reached or media cannot be made.
    pub async fn dial(config: CallerConfig) -> anyhow::Result<Self> {
        webrtc::dial(config).await
    }

    /// Dials 110 over a PBX's trunk.
    ///
    /// # Errors
    /// When the telephone cannot be started or does not dial.
    pub(crate) async fn dial_over_trunk(config: TrunkCallerConfig) -> anyhow::Result<Self> {
        trunk::dial(config).await
    }

    /// Hangs up, if the call is still there.
    pub async fn hang_up(&self) {
        // A full queue or a gone task both mean that it is being done already.
        let _ = self.hang_up.try_send(());
    }

    /// Presses a key of the telephone (RFC 4733): `0`–`9`, `*`, `#`. More than 16 at once are
    /// not pressed.
    pub fn press(&self, key: char) {
        // A telephone whose call is over has keys that do nothing.
        let _ = self.keys.try_send(key);
    }

    /// Figures of the caller's media at its last tick.
    pub fn stats(&self) -> MediaStats {
        self.stats.borrow().clone()
    }

    /// Waits until the call has reached a state that satisfies `wanted`.
    ///
    /// # Errors
    /// When it ended, or `within` went by.
    pub async fn wait_for(
        &self,
        within: Duration,
        wanted: impl FnMut(&CallerState) -> bool,
    ) -> anyhow::Result<CallerState> {
        let mut states = self.state.clone();
        let state = tokio::time::timeout(within, states.wait_for(wanted))
            .await
            .context("the caller waited in vain")?
            .context("the caller is gone")?;
        Ok(*state)
    }
}
