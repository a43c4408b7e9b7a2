//! Whether a desk sends, and that it is lost when its RTP has stopped. Asterisk's own timeout counts whole seconds, and did not
//! notice a frozen desk when it was tried; so the packets of every seat are counted here.

use super::Core;
use super::call::Phase;
use super::request::Request;
use siaga_call_flow::SwitchSaw;
use siaga_model::{LegCause, LegId, Timestamp};
use std::time::Duration;

/// How often packets are counted.
pub(crate) const LOOK: Duration = Duration::from_millis(200);
/// No packet for so long, and the desk is lost: 2 s, less one look, since the last packet came up to
/// that long before it was counted.
const LOST: Duration = Duration::from_millis(1_800);

/// The packets of a leg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packets {
    received: u64,
    /// When there were first so many.
    since: Timestamp,
}

impl Core {
    /// Seats that have answered, with their channels.
    pub(crate) fn seats_up(&self) -> Vec<(LegId, String)> {
        let legs = self.calls.iter().flat_map(|(id, call)| {
            call.legs.iter().map(|(n, leg)| (LegId { call: *id, n: *n }, leg))
        });
        legs.filter(|(_, leg)| leg.seat.is_some() && matches!(leg.phase, Phase::Up { .. }))
            .map(|(id, leg)| (id, leg.channel.clone()))
            .collect()
    }

    /// So many packets had come from this leg when it was asked.
    pub(super) fn packets(&mut self, now: Timestamp, id: LegId, received: u64) {
        let Some(leg) = self.leg(id) else { return };
        let Phase::Up { joined_at } = leg.phase else { return };
        match leg.packets {
            Some(seen) if seen.received == received => {
                if now.since(seen.since) < LOST {
                    return;
                }
            }
            seen => {
                leg.packets = Some(Packets { received, since: now });
                if received > 0 && seen.is_none_or(|seen| seen.received == 0) {
                    self.saw(SwitchSaw::Flows(id));
                }
                return;
            }
        }
        leg.phase = Phase::Ending { cause: LegCause::MediaLost, joined_at: Some(joined_at) };
        let channel = leg.channel.clone();
        self.ask(Request::HangUp { leg: id, channel });
    }
}
