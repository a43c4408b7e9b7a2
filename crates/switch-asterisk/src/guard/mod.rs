//! The guard beside the PBX: when there is no hub, no caller may be left waiting for one.
//!
//! Two people who talk need nobody. Whoever waits, is on hold, or hears a telephone ring somewhere is
//! in the hub's application, and Asterisk leaves them there for ever. So the guard looks whether there
//! is a hub, and when there has been none for [`HUB_GONE`] it sends each caller who has no answered
//! human in the conversation to the dialplan's own queue ([`QUEUE_CONTEXT`]), once. It goes on looking
//! until the hub is back, for those whose human leaves. A desk that was lost while it talks to a caller of
//! that queue is found by counting its packets, hub or not: nobody else looks.
//!
//! Whether there is a hub is asked of two witnesses, and both must say so: the hub's own
//! [`GuardConfig::alive`] address, which answers only while the hub's one task takes its messages, and
//! Asterisk, which knows whether the application was ever connected. Asterisk alone is none: an
//! application without a connection stays listed while callers are in it.
//!
//! It knows ARI and nothing else of the hub, so that nothing which kills the hub kills it.

mod core;

pub use core::{DESK_LOST, Deed, GuardCore, HUB_GONE, LOOK_AGAIN};

use crate::ari::{AriClient, AriError};
use crate::names::APP;
use siaga_switch::Clock;
use std::time::Duration;
use url::Url;

/// Where callers are sent, extension `s`.
pub const QUEUE_CONTEXT: &str = "siaga-tanpa-hub";
/// It is looked so often whether there is a hub.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// A hub that takes longer to say that it is there is not.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);

/// What a guard is told.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    /// The hub's address that says whether it is alive, `http://…/v1/alive`: the hub itself, not a
    /// proxy before it.
    pub alive: Url,
}

/// A guard. It has nothing to lose: it may be killed and started again at any moment.
#[derive(Debug)]
pub struct Guard {
    core: GuardCore,
    ari: AriClient,
    http: reqwest::Client,
    alive: Url,
    clock: Clock,
    /// What was said last, so that a log of a long outage is short.
    was_there: Option<bool>,
}

impl Guard {
    /// A guard; nothing is sent yet.
    ///
    /// # Errors
    /// [`AriError::BadAddress`].
    pub fn new(config: GuardConfig, ari: AriClient, clock: Clock) -> Result<Self, AriError> {
        let http = reqwest::Client::builder()
            .timeout(ALIVE_WITHIN)
            .no_proxy()
            .build()
            .map_err(|error| AriError::BadAddress(error.to_string()))?;
        let core = GuardCore::new();
        Ok(Self { core, ari, http, alive: config.alive, clock, was_there: None })
    }

    /// Watches for ever.
    pub async fn run(mut self) {
        let mut ask = tokio::time::interval(ASK_EVERY);
        ask.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ask.tick().await;
            let there = self.is_hub_there().await;
            if self.was_there.replace(there) != Some(there) {
                tracing::info!(there, "the hub");
            }
            self.core.hub_is(self.clock.now(), there);
            while let Some(deed) = self.core.poll(self.clock.now()) {
                self.does(deed).await;
            }
        }
    }

    async fn is_hub_there(&self) -> bool {
        let answer = self.http.get(self.alive.clone()).send().await;
        if !answer.is_ok_and(|answer| answer.status().is_success()) {
            return false;
        }
        match self.ari.has_application(APP).await {
            Ok(there) => there,
            // Nobody could be moved either. A hub that lives is there when Asterisk is back.
            Err(error) => {
                tracing::debug!(%error, "Asterisk does not say whether a hub is connected");
                true
            }
        }
    }

    async fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Look => self.look().await,
            Deed::HangUp { channel } => self.hang_up(&channel, "normal").await,
            Deed::Count { channel } => {
                // A desk that cannot be asked about is no desk that was lost.
                if let Ok(figures) = self.ari.rtp_statistics(&channel).await
                    && let Some(deed) =
                        self.core.counted(self.clock.now(), &channel, figures.rxcount)
                {
                    Box::pin(self.does(deed)).await;
                }
            }
            Deed::Lost { channel } => {
                tracing::warn!(
                    channel,
                    "a desk is lost: its caller goes to the front of the queue"
                );
                self.hang_up(&channel, "failure").await;
            }
            Deed::Move { channel } => {
                let moved = self.ari.continue_in(&channel, QUEUE_CONTEXT, "s").await;
                let done = match &moved {
                    Ok(()) => true,
                    Err(error) => error.is_gone(),
                };
                self.core.moved(&channel, done);
                match moved {
                    Ok(()) => tracing::warn!(channel, "no hub: a caller goes to the PBX's queue"),
                    Err(error) => tracing::error!(channel, %error, "a caller could not be moved"),
                }
            }
        }
    }

    async fn hang_up(&self, channel: &str, reason: &str) {
        if let Err(error) = self.ari.hang_up(channel, reason).await
            && !error.is_gone()
        {
            tracing::warn!(channel, %error, "a leg could not be ended");
        }
    }

    async fn look(&mut self) {
        let found = match self.ari.channels().await {
            Ok(channels) => self.ari.bridges().await.map(|bridges| (channels, bridges)),
            Err(error) => Err(error),
        };
        let now = self.clock.now();
        match found {
            Ok((channels, bridges)) => {
                for deed in self.core.looked(now, &channels, &bridges) {
                    Box::pin(self.does(deed)).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "there is no hub, and Asterisk does not answer");
                self.core.saw_nothing(now);
            }
        }
    }
}
