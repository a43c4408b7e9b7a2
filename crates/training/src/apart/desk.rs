//! A desk as a process: driven by intents on its standard input, telling its state on its standard
//! output, one line of JSON each.

use super::process::{Process, Said};
use super::track::{self, Track};
use crate::sound::{Heard, Speaker, read_voice};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskHandle, DeskState, Intent, Levels, Slice};
use siaga_media::MediaConfig;
use siaga_model::{Advice, Redacted, SeatId};
use siaga_plugin_host::{Limits, PluginStats};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncBufReadExt;
use tokio::process::Command;
use tokio::sync::{Mutex as AsyncMutex, watch};

/// The environment variable with the operator's password; a command line is for everybody to read.
pub const PASSWORD_VARIABLE: &str = "SIAGA_PASSWORD";

/// What a desk in another process says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Told {
    /// Its state, when more than clocks and meters has changed.
    State(Box<DeskState>),
    /// The figures of its plugins, when they were asked again.
    Plugins(Vec<PluginStats>),
}

/// A desk that is to run in this process and obey another one.
#[derive(Clone, Debug)]
pub struct DeskProgram {
    /// The hub's address.
    pub hub: String,
    /// The seat.
    pub seat: SeatId,
    /// The operator's name at the hub.
    pub operator: String,
    /// The password.
    pub password: Redacted<String>,
    /// Folder of the desk's own files.
    pub data: PathBuf,
    /// What the operator says, a WAV file; nothing without it.
    pub voice: Option<PathBuf>,
    /// What the operator hums, Hz.
    pub pilot: Option<f32>,
    /// The file to which what is heard is appended, see the module on tracks.
    pub heard: PathBuf,
    /// Whether media go over the network instead of loopback.
    pub network: bool,
}

/// Runs a desk until its standard input ends, then leaves the seat. It sits down at once, and takes
/// up the session that an earlier process at this folder left.
///
/// # Errors
/// When its files cannot be used or nobody reads what it says.
pub async fn desk_program(program: DeskProgram) -> anyhow::Result<()> {
    let mut speaker = Speaker::new(match &program.voice {
        Some(file) => read_voice(file)?,
        None => Vec::new().into(),
    });
    if let Some(hz) = program.pilot {
        speaker = speaker.humming(hz);
    }
    let (desk, states) = Desk::start(DeskConfig {
        audio: AudioChoice::Given {
            input: Box::new(speaker),
            output: Box::new(Track::open(&program.heard)?),
            name: "training".to_owned(),
        },
        data_dir: program.data,
        media: if program.network { MediaConfig::network() } else { MediaConfig::loopback() },
        limits: Limits::default(),
        training: true,
        coach: None,
    });
    desk.send(Intent::Login {
        hub: program.hub,
        seat: program.seat,
        operator: program.operator,
        password: program.password,
    })
    .await?;
    let telling = tokio::spawn(tell(desk.clone(), states));
    let mut intents = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = intents.next_line().await? {
        desk.send(serde_json::from_str(&line).context("an intent")?).await?;
    }
    telling.abort();
    desk.shut_down().await;
    Ok(())
}

/// Tells what changes until nobody reads it.
async fn tell(desk: DeskHandle, mut states: watch::Receiver<Arc<DeskState>>) -> anyhow::Result<()> {
    let mut told: Option<DeskState> = None;
    let mut advice: Option<Advice> = None;
    loop {
        let state = states.borrow_and_update().clone();
        let shown = without_clocks(&state);
        if told.as_ref() != Some(&shown) {
            say(&Told::State(Box::new(DeskState::clone(&state))))?;
            let advised = shown.call.as_ref().and_then(|call| call.advice.clone());
            if advised.is_some() && advised != advice {
                say(&Told::Plugins(desk.plugin_stats().await?))?;
                advice = advised;
            }
            told = Some(shown);
        }
        states.changed().await?;
    }
}

/// A line on the standard output, whole.
fn say(told: &Told) -> anyhow::Result<()> {
    use std::io::Write;
    let mut line = serde_json::to_vec(told)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}

/// The state without what changes by itself.
fn without_clocks(state: &DeskState) -> DeskState {
    let mut state = state.clone();
    state.rev = 0;
    state.now = Default::default();
    if let Some(mut view) = (*state.view).clone() {
        view.now = Default::default();
        state.view = Slice::new(Some(view));
    }
    state.levels = Levels::default();
    state
}

/// A desk in another process, as its parent has it. It can be killed and started again, at the same
/// folder, as often as one likes.
pub(crate) struct DeskProcess {
    /// How it is started: the program, and what comes before it.
    command: Vec<String>,
    program: DeskProgram,
    process: AsyncMutex<Option<Process>>,
    state: watch::Sender<Arc<DeskState>>,
    plugins: Arc<Mutex<Vec<PluginStats>>>,
}

impl DeskProcess {
    /// Starts it. `command` is this very program, and what it is to be run in, if anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn start(command: Vec<String>, program: DeskProgram) -> anyhow::Result<Self> {
        let this = Self {
            command,
            program,
            process: AsyncMutex::default(),
            state: watch::Sender::new(Arc::default()),
            plugins: Arc::default(),
        };
        this.start_again().await?;
        Ok(this)
    }

    /// Starts it again after it was killed. It sits down by itself.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        let program = &self.program;
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().context("a program is named")?);
        command.args(words).arg("desk").env(PASSWORD_VARIABLE, program.password.expose());
        command.args(["--hub", &program.hub, "--operator", &program.operator]);
        command.args(["--seat", program.seat.as_str()]);
        command.arg("--data").arg(&program.data).arg("--heard").arg(&program.heard);
        if let Some(voice) = &program.voice {
            command.arg("--voice").arg(voice);
        }
        if let Some(hz) = program.pilot {
            command.args(["--pilot", &hz.to_string()]);
        }
        if program.network {
            command.arg("--network");
        }
        std::fs::create_dir_all(&program.data)
            .with_context(|| format!("making {}", program.data.display()))?;
        let mut process = self.process.lock().await;
        self.state.send_replace(Arc::default());
        let (started, said) = Process::start(format!("the desk {}", program.seat), command)?;
        *process = Some(started);
        tokio::spawn(listen(said, self.state.clone(), self.plugins.clone()));
        Ok(())
    }

    /// What it tells.
    pub(crate) fn state(&self) -> watch::Receiver<Arc<DeskState>> {
        self.state.subscribe()
    }

    /// Wants something of it.
    ///
    /// # Errors
    /// When it is dead.
    pub(crate) async fn send(&self, intent: &Intent) -> anyhow::Result<()> {
        let mut process = self.process.lock().await;
        process.as_mut().context("the desk is dead")?.say(&serde_json::to_string(intent)?).await
    }

    /// The figures of its plugins as it last told them; they outlive it.
    pub(crate) fn plugin_stats(&self) -> Vec<PluginStats> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it heard so far, in all its lives.
    ///
    /// # Errors
    /// When its files are none.
    pub(crate) fn heard(&self) -> anyhow::Result<Heard> {
        track::read(&self.program.heard)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it is dead.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let mut process = self.process.lock().await;
        process.as_mut().context("the desk is dead")?.kill().await?;
        *process = None;
        Ok(())
    }

    /// Freezes it, or lets it go on.
    ///
    /// # Errors
    /// When it is dead.
    pub(crate) async fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        let process = self.process.lock().await;
        let signal = if frozen { "STOP" } else { "CONT" };
        process.as_ref().context("the desk is dead")?.signal(signal).await
    }

    /// Lets it leave its seat.
    pub(crate) async fn leave(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            // One that is frozen could not leave.
            let _ = process.signal("CONT").await;
            process.end().await;
        }
    }
}

/// Takes what it tells until it is dead.
async fn listen(
    mut said: Said,
    state: watch::Sender<Arc<DeskState>>,
    plugins: Arc<Mutex<Vec<PluginStats>>>,
) {
    while let Ok(Some(line)) = said.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Told::State(told)) => {
                state.send_replace(Arc::new(*told));
            }
            Ok(Told::Plugins(told)) => {
                *plugins.lock().unwrap_or_else(PoisonError::into_inner) = told;
            }
            Err(error) => {
                tracing::error!(%error, "a desk says something that is none of its words");
            }
        }
    }
}
