//! Starts the desk that this window shows, and holds on to it.

use crate::args::{FurtherDesk, Mode};
use anyhow::Context;
use serde::Serialize;
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskHandle, DeskState, Intent, LinkHealth};
use siaga_model::SeatId;
use siaga_training::{Exercise, ExerciseConfig, Scenario};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};
use url::{Host, Url};

/// What the page starts with.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Prefill {
    /// The hub's address.
    hub: String,
    /// The seat.
    seat: Option<SeatId>,
    /// The operator.
    operator: String,
    /// Why the exercise could not be started, for IT.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_training: Option<String>,
}

/// The desk behind the window.
pub(crate) struct Engine {
    desk: DeskHandle,
    states: watch::Receiver<Arc<DeskState>>,
    prefill: Prefill,
    /// The exercise that runs in this process, until it is closed.
    training: Mutex<Option<Training>>,
}

struct Training {
    exercise: Exercise,
    /// Its database, recordings and logs; nothing of an exercise outlives it.
    _files: TempDir,
}

impl Engine {
    /// Starts what the command line asked for. The desk keeps its own files under `data`.
    ///
    /// # Errors
    /// When the files that stand for a headset cannot be opened.
    pub(crate) async fn start(mode: Mode, data: &Path) -> anyhow::Result<Self> {
        let engine = match mode {
            Mode::Training { first } => match open_training(first, data).await {
                Ok(training) => Self::train(training).await,
                Err(error) => {
                    let detail = format!("{error:#}");
                    tracing::error!(error = %detail, "there is no training");
                    let prefill = Prefill { no_training: Some(detail), ..Prefill::default() };
                    Self::of(config(data, "desk"), prefill)
                }
            },
            Mode::Desk(desk) => {
                let FurtherDesk { hub, seat, login, audio } = *desk;
                let operator = login.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
                let mut config = config(data, seat.as_str());
                if let Some(files) = audio {
                    config.audio = AudioChoice::files(&files.said, &files.heard)?;
                    config.training = true;
                }
                if is_this_machine(&hub) {
                    config = config.on_this_machine();
                }
                let hub = hub.to_string();
                let prefill = Prefill {
                    hub: hub.clone(),
                    seat: Some(seat.clone()),
                    operator,
                    no_training: None,
                };
                let engine = Self::of(config, prefill);
                if let Some((operator, password)) = login {
                    engine.send(Intent::Login { hub, seat, operator, password }).await;
                }
                engine
            }
        };
        Ok(engine)
    }

    fn of(config: DeskConfig, prefill: Prefill) -> Self {
        let (desk, states) = Desk::start(config);
        let mut first = states.clone();
        tokio::spawn(async move {
            if first.wait_for(|state| state.sip == LinkHealth::Up).await.is_ok() {
                tracing::info!("this desk is registered");
            }
        });
        Self { desk, states, prefill, training: Mutex::new(None) }
    }

    /// Sits the trainee down: ready for the first call, or to choose a lesson.
    async fn train(mut training: Training) -> Self {
        let exercise = &mut training.exercise;
        tell_how_to_join(exercise);
        let prefill = Prefill {
            hub: exercise.hub.clone(),
            seat: Some(exercise.seat.clone()),
            operator: exercise.operator.clone(),
            no_training: None,
        };
        let login = exercise.login();
        let mut engine = Self::of(exercise.desk(), prefill);
        let (desk, mut states) = (engine.desk.clone(), engine.states());
        let waits_at_once = !exercise.has_lessons();
        if let Err(error) = exercise.coach(desk.clone(), engine.states()) {
            tracing::error!(error = %format!("{error:#}"), "there are no lessons");
        }
        engine.training = Mutex::new(Some(training));
        engine.send(login).await;
        if waits_at_once {
            tokio::spawn(async move {
                let seated = |state: &Arc<DeskState>| {
                    state.view.is_some()
                        && state.sip == LinkHealth::Up
                        && state.hub == LinkHealth::Up
                };
                // Gone before it was seated: the window was closed.
                if states.wait_for(seated).await.is_ok() {
                    let _ = desk.send(Intent::Ready).await;
                }
            });
        }
        engine
    }

    /// What the page starts with.
    pub(crate) const fn prefill(&self) -> &Prefill {
        &self.prefill
    }

    /// The desk's states, newest only.
    pub(crate) fn states(&self) -> watch::Receiver<Arc<DeskState>> {
        self.states.clone()
    }

    /// Passes an intent on. Waits while the desk's queue is full.
    pub(crate) async fn send(&self, intent: Intent) {
        if self.desk.send(intent).await.is_err() {
            tracing::error!("the desk has been shut down; an intent of the window is lost");
        }
    }

    /// Passes an intent on unless the desk's queue is full; gives whether it did.
    pub(crate) fn try_send(&self, intent: Intent) -> bool {
        self.desk.try_send(intent).is_ok()
    }

    /// Leaves the seat, so that the hub need not wait for its silence; ends the exercise, if any.
    pub(crate) async fn shut_down(&self) {
        self.desk.shut_down().await;
        if let Some(training) = self.training.lock().await.take() {
            training.exercise.close().await;
        }
    }
}

/// Whether the hub is an exercise or a test on the same machine, whose switch offers no other way.
fn is_this_machine(hub: &Url) -> bool {
    match hub.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn config(data: &Path, folder: &str) -> DeskConfig {
    DeskConfig {
        audio: AudioChoice::Devices(Default::default()),
        data_dir: data.join(folder),
        media: Default::default(),
        limits: Default::default(),
        training: false,
        coach: None,
    }
}

async fn open_training(first: Option<Scenario>, data: &Path) -> anyhow::Result<Training> {
    let files = tempfile::tempdir().context("no folder for the exercise's files")?;
    let exercise = Exercise::open(ExerciseConfig {
        plugins: plugins()?,
        dir: files.path().to_owned(),
        first,
        scores: data.join("nilai-latihan"),
    })
    .await?;
    Ok(Training { exercise, _files: files })
}

/// Where the plugins' components are: as told, else beside the program, where it is installed.
fn plugins() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("SIAGA_PLUGINS") {
        return Ok(folder.into());
    }
    let program = std::env::current_exe().context("the program's own place is not known")?;
    let folder = program.parent().unwrap_or(Path::new(".")).join("plugins");
    anyhow::ensure!(
        folder.is_dir(),
        "no plugins at {}: SIAGA_PLUGINS names another folder",
        folder.display()
    );
    Ok(folder)
}

/// The one line that a second trainee needs. The password is this exercise's own, drawn when it
/// started, and opens nothing else.
fn tell_how_to_join(exercise: &Exercise) {
    println!("training: this desk is {}; a second one:", exercise.seat);
    println!(
        "  SIAGA_OPERATOR={} SIAGA_PASSWORD={} cargo xtask run --desk pmj-2 --hub {}",
        exercise.operator,
        exercise.password.expose(),
        exercise.hub
    );
}
