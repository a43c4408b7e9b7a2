//! What Asterisk says of channels, bridges and endpoints: of each the fields that we need.

use serde::Deserialize;
use siaga_model::{Redacted, Timestamp};
use std::collections::BTreeMap;

/// A channel as it is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Its unique id.
    pub id: String,
    /// E.g. `PJSIP/pmj-1-0000002a`.
    pub name: String,
    /// How far it has come.
    pub state: ChannelState,
    /// Who calls.
    #[serde(default)]
    pub caller: Party,
    /// Where in the dialplan it is.
    #[serde(default)]
    pub dialplan: Dialplan,
    /// When it was made, as Asterisk's clock says.
    #[serde(default)]
    pub creationtime: String,
}

impl Channel {
    /// When it was made; `None` when Asterisk's words are not understood.
    pub fn created_at(&self) -> Option<Timestamp> {
        timestamp(&self.creationtime)
    }

    /// The arguments of the application, while it is in Stasis by way of the dialplan.
    pub fn stasis_args(&self, app: &str) -> Option<Vec<&str>> {
        if self.dialplan.app_name != "Stasis" {
            return None;
        }
        let mut args = self.dialplan.app_data.split(',');
        (args.next() == Some(app)).then(|| args.collect())
    }
}

/// A time as ARI writes it, `2026-11-26T21:50:34.433+0000`.
fn timestamp(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    Some(Timestamp(time.to_timestamp().ok()?.as_millisecond()))
}

/// How far a channel has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ChannelState {
    /// Made; nothing is known of the other side.
    Down,
    /// It calls us.
    Ring,
    /// The telephone rings.
    Ringing,
    /// Answered.
    Up,
    /// Anything else, e.g. `Busy`.
    #[serde(other)]
    Other,
}

/// Somebody's number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Party {
    /// Empty when not given.
    #[serde(default)]
    pub number: Redacted<String>,
}

/// Where in the dialplan a channel is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Dialplan {
    /// The context.
    #[serde(default)]
    pub context: String,
    /// What is executed, e.g. `Stasis`.
    #[serde(default)]
    pub app_name: String,
    /// Its arguments.
    #[serde(default)]
    pub app_data: String,
}

/// A bridge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Bridge {
    /// Its id.
    pub id: String,
    /// The ids of the channels in it.
    #[serde(default)]
    pub channels: Vec<String>,
}

/// An endpoint: a seat, a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    /// Its name, e.g. `pmj-1`.
    pub resource: String,
    /// `online`, `offline` or `unknown`.
    #[serde(default)]
    pub state: Option<String>,
}

impl Endpoint {
    /// Whether it can be rung.
    pub fn is_online(&self) -> bool {
        self.state.as_deref() == Some("online")
    }
}

/// What Asterisk says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Info {
    /// The system.
    pub system: SystemInfo,
    /// Since when it runs.
    pub status: StatusInfo,
}

/// Part of [`Info`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SystemInfo {
    /// E.g. `22.10.1`.
    pub version: String,
}

/// Part of [`Info`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StatusInfo {
    /// When it was started: another value means another Asterisk, without the calls of the last.
    pub startup_time: String,
}

/// What the RTP of a channel looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RtpStatistics {
    /// Packets received.
    #[serde(default)]
    pub rxcount: u64,
    /// Packets that the peer sent and we never got.
    #[serde(default)]
    pub rxploss: u64,
}

impl RtpStatistics {
    /// From the channel variable `RTPAUDIOQOS`, which Asterisk sets when the other side hangs up.
    pub fn from_qos(text: &str) -> Self {
        let field = |name: &str| {
            text.split(';')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        };
        Self { rxcount: field("rxcount").unwrap_or(0), rxploss: field("lp").unwrap_or(0) }
    }
}

/// A leg to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originate {
    /// Its id, by which it is found again.
    pub channel_id: String,
    /// Whom to ring, e.g. `PJSIP/pmj-1`; of a citizen it holds the number.
    pub endpoint: Redacted<String>,
    /// Arguments of the application when it is answered.
    pub app_args: String,
    /// What the telephone shows, e.g. `110`.
    pub caller_id: String,
    /// The channel whose codec is to be preferred.
    pub originator: Option<String>,
    /// Channel variables, set before it rings.
    pub variables: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_asterisk_writes_them() {
        assert_eq!(timestamp("1970-01-01T00:00:01.250+0000"), Some(Timestamp(1_250)));
        assert_eq!(timestamp("1970-01-01T07:00:01.250+0700"), Some(Timestamp(1_250)));
        assert_eq!(timestamp("yesterday"), None);
    }

    #[test]
    fn figures_are_read_from_what_a_hung_up_channel_leaves() {
        let text = "ssrc=278779587;themssrc=3390111744;lp=3;rxjitter=0.000000;rxcount=300;\
                    txjitter=0.000500;txcount=293;rlp=0;rtt=0.000000";
        assert_eq!(RtpStatistics::from_qos(text), RtpStatistics { rxcount: 300, rxploss: 3 });
        assert_eq!(RtpStatistics::from_qos(""), RtpStatistics::default());
    }
}
