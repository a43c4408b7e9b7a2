//! What the guard decides, without doing it: whether there is a hub, which callers are moved, and which
//! desk in the dialplan's queue is lost.

use crate::ari::{Bridge, Channel, ChannelState};
use crate::names::{self, APP, CALLER_ARG, LEG_ARG, RECORDED_ARG};
use siaga_model::{CallId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What Asterisk calls the application of a channel that its queue has rung.
const QUEUE_LEG: &str = "AppQueue";

/// How long a hub may be away before its callers are moved. One that is started again by its service
/// manager is back before, and goes on with everybody where they are.
pub const HUB_GONE: Duration = Duration::from_secs(3);
/// While there is no hub it is looked so often for callers whom their human has left.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A desk of the dialplan's queue from which no packet has come for so long is lost. It is looked every
/// [`LOOK_AGAIN`], so its caller is alone for up to that much longer.
pub const DESK_LOST: Duration = Duration::from_secs(2);

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// See what lives on Asterisk, and tell with [`GuardCore::looked`].
    Look,
    /// End the leg of a seat that has nobody to talk to.
    HangUp {
        /// Its channel.
        channel: String,
    },
    /// Send a caller to the dialplan's own queue, and tell with [`GuardCore::moved`].
    Move {
        /// Its channel.
        channel: String,
    },
    /// Ask how many packets have come from a desk that talks to a caller of the dialplan's queue, and
    /// tell with [`GuardCore::counted`].
    Count {
        /// Its channel.
        channel: String,
    },
    /// End the leg of a desk that is lost, so that its caller is not taken for one who was helped.
    Lost {
        /// Its channel.
        channel: String,
    },
}

/// The packets of a desk.
#[derive(Clone, Copy, Debug)]
struct Packets {
    received: u64,
    /// When there were first so many.
    since: Timestamp,
}

/// The guard's state. Tell it what was found out, then do what [`Self::poll`] says.
#[derive(Debug)]
pub struct GuardCore {
    /// Since when nobody has seen the hub.
    gone_since: Option<Timestamp>,
    /// When it is looked next.
    look_at: Option<Timestamp>,
    /// Callers who are being moved, or were, and whom Asterisk may still list where they were.
    moved: BTreeSet<String>,
    /// Desks that talk to callers of the dialplan's queue, by channel.
    desks: BTreeMap<String, Packets>,
}

/// A call on Asterisk, as far as the guard cares.
#[derive(Debug, Default)]
struct Seen<'a> {
    callers: Vec<&'a Channel>,
    legs: Vec<&'a Channel>,
}

impl Default for GuardCore {
    fn default() -> Self {
        Self::new()
    }
}

impl GuardCore {
    /// A guard that has seen nothing yet.
    pub fn new() -> Self {
        let (moved, desks) = (BTreeSet::new(), BTreeMap::new());
        Self { gone_since: None, look_at: None, moved, desks }
    }

    /// Whether there is no hub, for long enough.
    pub fn acts(&self, now: Timestamp) -> bool {
        self.gone_since.is_some_and(|since| now.since(since) >= HUB_GONE)
    }

    /// The hub was seen, or was not.
    pub fn hub_is(&mut self, now: Timestamp, there: bool) {
        if there {
            self.gone_since = None;
            self.moved.clear();
            // Whoever was taken without a hub goes on without it.
            self.look_at = self.look_at.filter(|_| !self.desks.is_empty());
        } else if self.gone_since.is_none() {
            self.gone_since = Some(now);
            self.look_at = Some(now + HUB_GONE);
        }
    }

    /// What is to be done first; ask again after each.
    pub fn poll(&mut self, now: Timestamp) -> Option<Deed> {
        self.look_at.take_if(|at| *at <= now).map(|_| Deed::Look)
    }

    /// When there is something to do by itself.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.look_at
    }

    /// Asterisk could not be asked.
    pub fn saw_nothing(&mut self, now: Timestamp) {
        self.look_again(now);
    }

    /// What lives on Asterisk; gives what is to be done with it, legs before their caller.
    pub fn looked(
        &mut self,
        now: Timestamp,
        channels: &[Channel],
        bridges: &[Bridge],
    ) -> Vec<Deed> {
        let mut deeds = self.look_at_desks(channels);
        self.look_again(now);
        if !self.acts(now) {
            return deeds;
        }
        let there: BTreeSet<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
        self.moved.retain(|id| there.contains(id.as_str()));
        let in_bridge: BTreeMap<&str, &str> = bridges
            .iter()
            .flat_map(|bridge| bridge.channels.iter().map(|id| (id.as_str(), bridge.id.as_str())))
            .collect();
        for seen in calls(channels).into_values() {
            for caller in &seen.callers {
                // In the dialplan again: Asterisk has done it.
                if self.moved.contains(&caller.id) {
                    continue;
                }
                let bridge = in_bridge.get(caller.id.as_str());
                let is_with = |leg: &Channel| {
                    leg.state == ChannelState::Up
                        && bridge.is_some()
                        && in_bridge.get(leg.id.as_str()) == bridge
                };
                if seen.legs.iter().any(|leg| is_with(leg)) {
                    continue;
                }
                for leg in &seen.legs {
                    deeds.push(Deed::HangUp { channel: leg.id.clone() });
                }
                self.moved.insert(caller.id.clone());
                deeds.push(Deed::Move { channel: caller.id.clone() });
            }
        }
        deeds
    }

    /// Whether a caller has gone on to the queue, or is gone; one who has not is tried again.
    pub fn moved(&mut self, channel: &str, done: bool) {
        if !done {
            self.moved.remove(channel);
        }
    }

    /// So many packets had come from this desk when it was asked.
    pub fn counted(&mut self, now: Timestamp, channel: &str, received: u64) -> Option<Deed> {
        match self.desks.get(channel) {
            Some(seen) if seen.received == received => {
                let is_lost = now.since(seen.since) >= DESK_LOST;
                is_lost.then(|| Deed::Lost { channel: channel.to_owned() })
            }
            Some(_) | None => {
                self.desks.insert(channel.to_owned(), Packets { received, since: now });
                None
            }
        }
    }

    fn look_at_desks(&mut self, channels: &[Channel]) -> Vec<Deed> {
        let talks =
            |one: &&Channel| one.state == ChannelState::Up && one.dialplan.app_name == QUEUE_LEG;
        let talking: BTreeSet<&str> =
            channels.iter().filter(talks).map(|one| one.id.as_str()).collect();
        self.desks.retain(|id, _| talking.contains(id.as_str()));
        talking.into_iter().map(|id| Deed::Count { channel: id.to_owned() }).collect()
    }

    fn look_again(&mut self, now: Timestamp) {
        let again = now + LOOK_AGAIN;
        self.look_at = match self.gone_since.map(|since| since + HUB_GONE) {
            Some(acts_at) if now < acts_at && self.desks.is_empty() => Some(acts_at),
            Some(acts_at) if now < acts_at => Some(again.min(acts_at)),
            Some(_) => Some(again),
            None => (!self.desks.is_empty()).then_some(again),
        };
    }
}

/// Sorts what is in the hub's application by call. Whoever is elsewhere in the dialplan is not ours.
fn calls(channels: &[Channel]) -> BTreeMap<CallId, Seen<'_>> {
    let mut calls: BTreeMap<CallId, Seen<'_>> = BTreeMap::new();
    for channel in channels {
        let leg: Option<siaga_model::LegId> = channel.id.parse().ok();
        if let Some(leg) = leg.filter(|leg| !leg.is_caller()) {
            calls.entry(leg.call).or_default().legs.push(channel);
            continue;
        }
        // A caller of the trunk, or a citizen whom we called and who has answered.
        let args = channel.stasis_args(APP).unwrap_or_default();
        let is_citizen = args.iter().any(|arg| matches!(*arg, CALLER_ARG | RECORDED_ARG));
        let is_up = channel.state == ChannelState::Up;
        if let Some(leg) = names::leg_of_channel(&channel.id)
            && (is_citizen && is_up)
            && !args.contains(&LEG_ARG)
        {
            calls.entry(leg.call).or_default().callers.push(channel);
        }
    }
    calls
}

#[cfg(test)]
mod tests;
