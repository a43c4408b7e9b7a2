//! The engine of a seat: everything a desk does, without a window.
//!
//! The window holds no truth. It draws [`DeskState`], which arrives whole on one channel, and sends
//! [`Intent`]s. Reloading the page, or its death, is not heard by the caller.
//!
//! Whatever is lost, the operator goes on: without the hub the voice and the typing do, and what was
//! decided is said when it is back; a dead voice path is replaced by a new leg of the same call; a
//! desk that was killed finds its seat, its call and its form again. For that it keeps a journal in
//! its folder (`desk.sqlite`), with the session's token in it: the folder is the operator's own.

#![forbid(unsafe_code)]

mod advisor;
mod config;
mod core;
mod intent;
mod journal;
mod link;
mod packet;
mod ringer;
mod settings;
mod shelf;
mod shell;
mod state;
mod training;
mod voice;

pub use config::{AudioChoice, DeskConfig};
pub use intent::Intent;
pub use packet::{Packer, Packet};
pub use settings::{AnswerKey, Language, Settings, Theme};
pub use shelf::{Looked, PlaceQuery, PlaceSort, PlaceView, Playing, Slice};
pub use shell::DeskHandle;
pub use state::{
    AdvisorHealth, Asking, AudioHealth, DeskCall, DeskError, DeskState, DeviceView, KeptForm,
    Levels, LinkHealth, LocalCall, Notice, NumberAsked, PhoneState, SessionInfo, SoundTest,
};
pub use training::{
    Coach, LessonInfo, LessonLevel, QuestionView, Said, Score, ScoreItem, ScoreKind, SpokenBy,
    TrainingStage, TrainingView, TrainingWish,
};

use std::sync::Arc;
use tokio::sync::watch;

/// The desk has been shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the desk has been shut down")]
pub struct DeskGone;

/// The desk takes nothing more at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the desk has too much to do, or has been shut down")]
pub struct NotTaken;

/// A desk: [`Desk::start`] gives a handle for intents and a channel with the state to draw.
pub struct Desk;

impl Desk {
    /// Starts a desk on the current tokio runtime. It logs in when told to by [`Intent::Login`], and
    /// ends when the last handle is dropped. When the desk before it in the same
    /// [`DeskConfig::data_dir`] died with a session, it takes that session up by itself.
    pub fn start(config: DeskConfig) -> (DeskHandle, watch::Receiver<Arc<DeskState>>) {
        shell::start(config)
    }
}
