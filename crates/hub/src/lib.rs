//! The hub of a Polda: calls, cases, seats.
//!
//! A hub owns the calls; desks and the switch only tell and obey. Its life: [`Hub::start`] is given a
//! switch with its events and a store; it takes over the sessions of its predecessor, puts the calls
//! that were cut off on the call-back list, listens, and serves until [`HubHandle::shut_down`].
//!
//! Inside there are four tasks. The *actor* owns all state and decides, as a pure core that is told
//! the time. The *line* brings its commands to the switch, in order. The *writer* stores what
//! happened, in order; a desk's message is acknowledged only after that, and no call waits for it.
//! The *server* speaks HTTP and holds one task a desk; a desk that does not read, sends nonsense or
//! dies touches nobody else.
//!
//! Not here: how a call lives (`siaga-call-flow`), telephony (`siaga-switch`), SQL
//! (`siaga-hub-store`), and whatever runs at a desk.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod actor;
mod asterisk_config;
mod config;
mod core;
mod dial_plan;
mod flood;
mod gate;
mod http;
mod line;
mod recovery;
mod start;
mod writer;

pub use asterisk_config::ConfigureAsterisk;
pub use config::{ConfigFault, HubConfig, seats_from_csv, units_from_csv};
pub use dial_plan::{DialPlan, DialPlanFault};
pub use recovery::{RecoveryError, recover_recordings};
pub use start::{Hub, HubError, HubHandle};

use siaga_call_flow::FlowEvent;
use siaga_model::{CallId, CaseNumber, LegId, Timestamp};
use siaga_switch::{LegReport, RecordingReport};

/// What happens at a hub, for whoever watches: the journey's report, later a supervisor's screen.
#[derive(Clone, Debug, PartialEq)]
pub enum HubNews {
    /// The life of a call or the state of a seat.
    Flow {
        /// When.
        at: Timestamp,
        /// What.
        event: FlowEvent,
    },
    /// A call has got its number.
    CaseOpened {
        /// When.
        at: Timestamp,
        /// The call.
        call: CallId,
        /// Its number.
        number: CaseNumber,
    },
    /// A leg is over.
    Leg(LegReport),
    /// A recording is sealed.
    Recording(RecordingReport),
    /// Recording stopped; the call goes on.
    RecordingTrouble {
        /// The call.
        call: CallId,
        /// For IT.
        reason: String,
    },
    /// A key was pressed.
    Dtmf {
        /// On which leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
}
