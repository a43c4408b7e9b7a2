//! A hub, a switch and citizens for a window that a script drives: the script says what the citizens
//! do, line by line, and hears when it is done.

use crate::room::{Room, Running};
use anyhow::Context;
use siaga_training::{
    Caller, CallerConfig, CallerState, FlowConfig, OPERATOR, Operator, Speaker, Stage, StageConfig,
    read_voice, voices,
};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Where the window sits, if not elsewhere.
const SEAT: &str = "pmj-1";

/// The Polres that takes reports of a fire, and its seat.
const POLRES: &str = "pmj.depok";
/// See [`POLRES`].
const POLRES_SEAT: &str = "depok-1";

/// Where somebody sits who hands calls over to the window.
const COLLEAGUE: &str = "pmj-2";

/// What a line of the script begins with that is meant for us.
const DEED: char = '@';

/// How often the hub's store is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long a deed may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stage, and who has dialled.
pub(crate) struct Play {
    pub(crate) runtime: Runtime,
    pub(crate) stage: Stage,
    hub: String,
    said: PathBuf,
    heard: PathBuf,
    voice: Arc<[i16]>,
    callers: Vec<Caller>,
    colleague: Option<Operator>,
    seat: &'static str,
    /// The sound server, where the window has a headset of its own.
    sound_server: Option<u32>,
}

impl Play {
    /// Sets the stage in the room's folder, for a window at the Polda.
    pub(crate) fn set(room: &Room) -> Self {
        Self::set_on(Runtime::new().expect("threads"), room, SEAT)
    }

    /// As [`Self::set`], for a window with a headset, which the script may take away.
    pub(crate) fn set_with_headset(room: &Room) -> Self {
        Self { sound_server: Some(room.sound_server()), ..Self::set(room) }
    }

    /// As [`Self::set`], for a window at the Polres.
    pub(crate) fn set_for_polres(room: &Room) -> Self {
        Self::set_on(Runtime::new().expect("threads"), room, POLRES_SEAT)
    }

    /// As [`Self::set`], on these threads, for a window at this seat.
    pub(crate) fn set_on(runtime: Runtime, room: &Room, seat: &'static str) -> Self {
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
        Self {
            runtime,
            stage,
            hub,
            said,
            heard,
            voice,
            callers: Vec::new(),
            colleague: None,
            seat,
            sound_server: None,
        }
    }

    /// The hub's address.
    pub(crate) fn hub(&self) -> &str {
        &self.hub
    }

    /// The window's seat.
    pub(crate) fn seat(&self) -> &'static str {
        self.seat
    }

    /// What lets the window log in by itself.
    pub(crate) fn login(&self) -> [(&'static str, OsString); 2] {
        let password = self.stage.password().expose();
        [("SIAGA_OPERATOR", OPERATOR.into()), ("SIAGA_PASSWORD", password.into())]
    }

    /// What the window finds in its surroundings: who logs in, and files in place of a headset.
    pub(crate) fn surroundings(&self) -> Vec<(&'static str, OsString)> {
        let files = [
            ("SIAGA_AUDIO_IN", self.said.clone().into()),
            ("SIAGA_AUDIO_OUT", self.heard.clone().into()),
        ];
        let files = files.into_iter().filter(|_| self.sound_server.is_none());
        self.login().into_iter().chain(files).collect()
    }

    /// Has a citizen do something now, as a script's line would.
    pub(crate) fn act(&mut self, deed: &str) {
        self.done(deed).unwrap_or_else(|error| panic!("{deed}: {error:#}"));
    }

    fn done(&mut self, deed: &str) -> anyhow::Result<()> {
        if let ("lose-the-headset", Some(server)) = (deed, self.sound_server) {
            let group = format!("-{server}");
            let killed = Command::new("kill").args(["-KILL", "--", &group]).status()?;
            anyhow::ensure!(killed.success(), "the sound server is gone already");
            return Ok(());
        }
        let Self { runtime, stage, voice, callers, colleague, .. } = self;
        runtime.block_on(act(stage, voice, callers, colleague, deed))
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
                        let answer = self
                            .done(deed)
                            .map_or_else(|error| format!("{error:#}"), |()| "ok".into());
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
    colleague: &mut Option<Operator>,
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
        ("answers-when-called", number) => {
            stage.answer_when_called(number, Speaker::new(voice.clone())).await?;
        }
        ("rings-when-called", number) => stage.ring_when_called(number).await?,
        ("colleague-is-ready", _) => {
            let operator = seated(stage, voice, colleague).await?;
            operator.be_ready().await?;
        }
        ("colleague-goes-on-with", narrative) => {
            let operator = seated(stage, voice, colleague).await?;
            operator.wait_for_ring().await?;
            operator.answer().await?;
            let form = operator.form()?;
            let there = form.narrative.expose();
            anyhow::ensure!(there == narrative, "the colleague has “{there}”");
        }
        ("is-handed-over", number) => {
            let operator = seated(stage, voice, colleague).await?;
            operator.be_ready().await?;
            callers.push(dial(stage, number, Speaker::new(voice.clone())).await?);
            operator.wait_for_ring().await?;
            operator.answer().await?;
            operator
                .write(|form| {
                    form.location = "Kelapa Dua dekat Mako Brimob".to_owned().into();
                    form.narrative = "Plp lapor rumah kebakaran, nenek terjebak.".to_owned().into();
                })
                .await?;
            operator.transfer(POLRES.parse()?, None).await?;
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
        ("left-seat", _) => {
            let left = async {
                while !stage.hub.store().open_sessions().await?.is_empty() {
                    tokio::time::sleep(LOOK).await;
                }
                anyhow::Ok(())
            };
            tokio::time::timeout(PATIENCE, left).await.context("somebody still sits there")??;
        }
        ("is-there", _) => {
            let state = *last()?.state.borrow();
            anyhow::ensure!(state == CallerState::Answered, "the caller is {state:?}");
        }
        (other, _) => anyhow::bail!("nobody knows how to {other}"),
    }
    Ok(())
}

/// The colleague, who sits down when first needed.
async fn seated<'a>(
    stage: &Stage,
    voice: &Arc<[i16]>,
    colleague: &'a mut Option<Operator>,
) -> anyhow::Result<&'a Operator> {
    let operator = match colleague.take() {
        Some(operator) => operator,
        None => stage.seat(&COLLEAGUE.parse()?, Speaker::new(voice.clone())).await?,
    };
    Ok(colleague.insert(operator))
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
