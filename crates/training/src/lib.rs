//! Training: callers and operators played by the program, and the scenarios that prove the promises.
//!
//! A [`Stage`] is a hub and an embedded switch with nothing to set up. [`Caller`]s are strangers who
//! know an address and the number 110. [`Operator`]s sit at real desks and act through the same
//! intents and the same state as the window. [`run`] plays a [`Scenario`] and writes what happened
//! as a [`Journey`], judged by what was really heard and recorded.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod apart;
mod bench;
mod caller;
mod day;
mod desktop;
mod disk;
mod exercise;
mod house;
mod judge;
mod lesson;
mod music;
mod network;
pub mod observer;
mod operator;
mod pbx;
mod report;
mod run;
mod scenario;
mod scene;
mod soak;
mod sound;
mod stage;
mod telephone;

pub use apart::{
    DeskProgram, HubProgram, PASSWORD_VARIABLE, SwitchProgram, desk_program, hub_program,
    switch_program,
};
pub use bench::{BenchOptions, Measurement, bench, bench_calls};
pub use caller::{Caller, CallerConfig, CallerState, TrunkProgram};
pub use day::fill_the_day;
pub use exercise::{Exercise, ExerciseConfig};
pub use judge::{POLDA_HZ, POLRES_HZ, SECOND_POLDA_HZ};
pub use network::NotAllowed;
pub use operator::{Operator, OperatorConfig, PATIENCE};
pub use pbx::PbxAddress;
pub use report::{
    CaseReport, FaultJourney, Journey, LegJourney, PluginJourney, RecordingJourney, Step, Timings,
    VoiceCheck,
};
pub use run::{RunOptions, SwitchKind, run};
pub use scenario::Scenario;
pub use siaga_call_flow::{FlowConfig, FlowEvent};
pub use siaga_hub::HubNews;
pub use soak::{SoakOptions, SoakReport, soak};
pub use sound::{Ear, Heard, PILOT_DBFS, Speaker, read_voice};
pub use stage::{OPERATOR, POLDA, Stage, StageConfig, seat_of};

/// Voices of training, rendered once (see `voices/README.md`): 16 kHz mono WAV.
pub mod voices {
    /// A house on fire, somebody trapped.
    pub const CALLER_FIRE: &[u8] = include_bytes!("../voices/penelepon-kebakaran.wav");
    /// Where to renew a driving licence.
    pub const CALLER_QUESTION: &[u8] = include_bytes!("../voices/penelepon-informasi.wav");
    /// A prank.
    pub const CALLER_PRANK: &[u8] = include_bytes!("../voices/penelepon-iseng.wav");
    /// The Polda operator.
    pub const POLDA: &[u8] = include_bytes!("../voices/operator-polda.wav");
    /// The second Polda operator.
    pub const SECOND_POLDA: &[u8] = include_bytes!("../voices/operator-polda-2.wav");
    /// The Polres operator.
    pub const POLRES: &[u8] = include_bytes!("../voices/operator-polres.wav");
}
