//! The events of ARI that matter to us.

use super::types::{Bridge, Channel, Endpoint};
use serde::Deserialize;

/// Something happened. What we do not need, now or in a later Asterisk, is [`Event::Other`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A channel is in our application now.
    StasisStart {
        /// With these arguments.
        #[serde(default)]
        args: Vec<String>,
        /// The channel.
        channel: Channel,
    },
    /// A channel has left our application; it may live on in the dialplan.
    StasisEnd {
        /// The channel.
        channel: Channel,
    },
    /// A channel rings or was answered.
    ChannelStateChange {
        /// The channel.
        channel: Channel,
    },
    /// A channel is gone.
    ChannelDestroyed {
        /// ITU-T Q.850.
        #[serde(default)]
        cause: u16,
        /// The SIP status that ended it, where Asterisk knows one.
        #[serde(default)]
        tech_cause: Option<u16>,
        /// The channel.
        channel: Channel,
    },
    /// A key was pressed (told when it is let go).
    ChannelDtmfReceived {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: String,
        /// The channel.
        channel: Channel,
    },
    /// A telephone holds.
    ChannelHold {
        /// Its channel.
        channel: Channel,
    },
    /// A telephone holds no more.
    ChannelUnhold {
        /// Its channel.
        channel: Channel,
    },
    /// A variable was set.
    ChannelVarset {
        /// Its name.
        variable: String,
        /// Its value.
        #[serde(default)]
        value: String,
        /// The channel; none for a global variable.
        channel: Option<Channel>,
    },
    /// A telephone registered, or its registration is gone.
    ContactStatusChange {
        /// Whose, and how it is now.
        endpoint: Endpoint,
    },
    /// An endpoint can be rung, or cannot any more.
    EndpointStateChange {
        /// Which.
        endpoint: Endpoint,
    },
    /// A bridge is gone.
    BridgeDestroyed {
        /// Which.
        bridge: Bridge,
    },
    /// Another connection has taken over our application.
    ApplicationReplaced,
    /// What we do not need.
    #[serde(other)]
    Other,
}

impl Event {
    /// Reads one message of the events socket.
    ///
    /// # Errors
    /// When it is no JSON, or an event that we need lacks what we need of it.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind, as Asterisk 22.10 sent them while a caller on a trunk was answered by a
    /// telephone, hung up, and other telephones refused.
    const CAPTURED: &str = include_str!("captured.jsonl");

    #[test]
    fn captured_events_are_understood_and_those_that_we_do_not_need_are_passed_over() {
        let events: Vec<Event> =
            CAPTURED.lines().map(|line| Event::parse(line).expect(line)).collect();
        insta::assert_debug_snapshot!(events);
    }

    #[test]
    fn an_event_of_a_later_asterisk_is_passed_over_and_nonsense_is_an_error() {
        let later = r#"{"type":"ChannelTeleported","channel":{"id":1},"application":"siaga"}"#;
        assert_eq!(Event::parse(later).unwrap(), Event::Other);
        for text in ["", "[]", "{}", r#"{"type":"StasisStart"}"#] {
            assert!(Event::parse(text).is_err(), "{text:?}");
        }
    }
}
