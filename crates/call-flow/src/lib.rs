//! The life of a 110 call, as a pure function of what happened and when.
//!
//! [`CallFlow::handle`] takes the time and one [`Input`]; [`CallFlow::poll`] is then drained until it
//! gives [`Output::Wait`].

#![forbid(unsafe_code)]

mod config;
mod input;
mod output;
mod view;

pub use config::{ConfigError, FlowConfig, Handover, LevelStep};
pub use input::{Input, Intent, SeatChange, SwitchSaw};
pub use output::{FlowEvent, Output, Program, Refusal, SwitchCommand, WaitReason};
pub use view::{CallPhase, Reclaim};
