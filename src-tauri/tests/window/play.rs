//! A hub, a switch and citizens for a window that a script drives: the script says what the citizens
//! do, line by line, and hears when it is done.

use crate::room::{Room, Running};
use siaga_training::{
    Caller, CallerConfig, CallerState, FlowConfig, OPERATOR, Speaker, Stage, StageConfig,
    read_voice, voices,
};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Where the window sits.
const SEAT: &str = "pmj-1";

/// What a line of the script begins with that is meant for us.
const DEED: char = '@';

/// How long a deed may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stage, and who has dialled.
pub(crate) struct Play {
    runtime: Runtime,
    stage: Stage,
    hub: String,
    said: PathBuf,
    heard: PathBuf,
    voice: Arc<[i16]>,
    callers: Vec<Caller>,
}

impl Play {
    /// Sets the stage in the room's folder.
    pub(crate) fn set(room: &Room) -> Self {
        let runtime = Runtime::new().expect("threads");
        let own = |name: &str| room.folder.path().join(name);
        let plugins = std::env::var_os("SIAGA_PLUGINS").expect("the room was furnished");
        let stage = runtime
            .block_on(Stage::open(StageConfig {
                dir: own("stage"),
                plugins: plugins.into(),
                flow: FlowConfig::polda_first(),
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            }))
            .expect("a stage");
        // The operator says what an operator says; who hears it is judged elsewhere.
        std::fs::write(own("said.wav"), voices::POLDA).expect("a voice");
        std::fs::write(own("caller.wav"), voices::CALLER_FIRE).expect("a voice");
        let voice = read_voice(&own("caller.wav")).expect("a voice");
        let hub = stage.hub.url();
        let (said, heard) = (own("said.wav"), own("heard.wav"));
        Self { runtime, stage, hub, said, heard, voice, callers: Vec::new() }
    }

    /// The hub's address.
    pub(crate) fn hub(&self) -> &str {
        &self.hub
    }

    /// The window's seat.
    pub(crate) fn seat(&self) -> &'static str {
        SEAT
    }

    /// What the window finds in its surroundings.
    pub(crate) fn surroundings(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        vec![
            ("SIAGA_OPERATOR", OPERATOR.into()),
            ("SIAGA_PASSWORD", self.stage.password().expose().into()),
            ("SIAGA_AUDIO_IN", self.said.clone().into()),
            ("SIAGA_AUDIO_OUT", self.heard.clone().into()),
        ]
    }

    /// Does what the script says until it ends; gives whether it ended well.
    pub(crate) fn directed_by(&mut self, script: &mut Running, within: Duration) -> bool {
        let mut answers = script.process.stdin.take().expect("piped");
        let lines = BufReader::new(script.process.stdout.take().expect("piped")).lines();
        let (told, deeds) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let deadline = Instant::now() + within;
        loop {
            match deeds.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => match line.strip_prefix(DEED) {
                    Some(deed) => {
                        let done = self.runtime.block_on(act(
                            &self.stage,
                            &self.voice,
                            &mut self.callers,
                            deed,
                        ));
                        let answer =
                            done.map_or_else(|error| format!("{error:#}"), |()| "ok".into());
                        // A script that has ended needs no answer.
                        let _ = writeln!(answers, "{answer}");
                    }
                    None => println!("{line}"),
                },
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        script.ended_within(PATIENCE) == Some(true)
    }
}

/// What citizens do; `the last` is the one who dialled last.
async fn act(
    stage: &Stage,
    voice: &Arc<[i16]>,
    callers: &mut Vec<Caller>,
    deed: &str,
) -> anyhow::Result<()> {
    let last = || callers.last().ok_or_else(|| anyhow::anyhow!("nobody has dialled"));
    match deed.split_once(' ').unwrap_or((deed, "")) {
        ("dial", number) => {
            let speaker = Speaker::new(voice.clone()).on_a_noisy_line();
            callers.push(dial(stage, number, speaker).await?);
        }
        ("dial-and-say-nothing", number) => {
            let speaker = Speaker::new(Arc::new([])).on_a_noisy_line();
            callers.push(dial(stage, number, speaker).await?);
        }
        ("press", key) => {
            let key = key.chars().next().ok_or_else(|| anyhow::anyhow!("which key?"))?;
            last()?.press(key);
        }
        ("hang-up", _) => last()?.hang_up().await,
        ("is-cut-off", _) => {
            let ended = |state: &CallerState| matches!(state, CallerState::Ended { .. });
            last()?.wait_for(PATIENCE, ended).await?;
        }
        ("is-there", _) => {
            let state = *last()?.state.borrow();
            anyhow::ensure!(state == CallerState::Answered, "the caller is {state:?}");
        }
        (other, _) => anyhow::bail!("nobody knows how to {other}"),
    }
    Ok(())
}

async fn dial(stage: &Stage, number: &str, speaker: Speaker) -> anyhow::Result<Caller> {
    Caller::dial(CallerConfig {
        endpoint: stage.endpoint(),
        number: number.to_owned(),
        speaker,
        link: None,
    })
    .await
}
