//! What the core wants of Asterisk.

use crate::ari::Originate;
use siaga_call_flow::Program;
use siaga_model::{CallId, LegId};

/// What is listened for on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ListenFor {
    /// The first word.
    Speech,
    /// Two knocks.
    Knocks,
}

/// One thing to be done at Asterisk. Those of a call are done one after the other, those of different
/// calls beside each other. What is so already, or about something that is gone, is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Make the call's bridge.
    OpenBridge(CallId),
    /// Remove it.
    CloseBridge(CallId),
    /// Ring this leg. Failing is told back.
    Originate { leg: LegId, how: Originate },
    /// End this leg's channel, after a last look at its figures. That it is gone is told back.
    HangUp { leg: LegId, channel: String },
    /// End a channel that is no leg.
    Drop { call: CallId, channel: String },
    /// To the dialplan's own queue: there is nobody here for a caller.
    Leave { call: CallId, channel: String },
    /// Into the bridge.
    Add { call: CallId, channel: String },
    /// Out of the bridge; the telephone gets silence.
    Remove { call: CallId, channel: String },
    /// The telephone gets silence, as it is in no bridge.
    Silence { call: CallId, channel: String },
    /// Play something else. `caller` is the channel that remembers it.
    Play { call: CallId, from: Program, to: Program, caller: Option<String> },
    /// Ask for a leg's codec and program.
    Details { leg: LegId, channel: String },
    /// Have the dialplan record this channel, and get it back.
    Record { call: CallId, channel: String },
    /// Listen to a leg until something is heard.
    Listen { leg: LegId, channel: String, what: ListenFor },
    /// Listen no more.
    Deaf { leg: LegId, what: ListenFor },
    /// An ear's channel is there: connect it.
    Connect { call: CallId, channel: String, ear: String },
}

impl Request {
    /// The call that it is about.
    pub(crate) fn call(&self) -> CallId {
        match self {
            Self::OpenBridge(call) | Self::CloseBridge(call) => *call,
            Self::Originate { leg, .. }
            | Self::HangUp { leg, .. }
            | Self::Details { leg, .. }
            | Self::Listen { leg, .. }
            | Self::Deaf { leg, .. } => leg.call,
            Self::Drop { call, .. }
            | Self::Leave { call, .. }
            | Self::Add { call, .. }
            | Self::Remove { call, .. }
            | Self::Silence { call, .. }
            | Self::Play { call, .. }
            | Self::Record { call, .. }
            | Self::Connect { call, .. } => *call,
        }
    }
}
