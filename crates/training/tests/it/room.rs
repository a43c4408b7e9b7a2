//! A stage with one Polda operator, and what tests ask of it.

use anyhow::Context;
use siaga_call_flow::{FlowConfig, FlowEvent};
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskHandle, DeskState, Intent};
use siaga_hub::HubNews;
use siaga_media::MediaConfig;
use siaga_model::{Disposition, Form, Redacted, SeatId, UnitId};
use siaga_plugin_host::Limits;
pub(crate) use siaga_testkit::skip;
use siaga_testkit::{correlate, voice};
use siaga_training::{
    Caller, CallerConfig, CallerState, Ear, Operator, PATIENCE, POLDA, Speaker, Stage, StageConfig,
    seat_of,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, broadcast, watch};

/// Samples a second of voices and ears.
pub(crate) const RATE: u32 = voice::RATE;

/// Voices are real time: two whole scenarios at once would tear each other's.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The numbers that telephones show. Invented (blocks of zeros).
pub(crate) const NUMBER: &str = "082200001111";

/// What the caller of these tests says.
const CALLER_VOICE: u64 = 51;
/// What the Polda operator says.
const POLDA_VOICE: u64 = 52;

/// How long a voice is, in seconds.
const SPOKEN_S: f32 = 4.0;

/// Long enough to hear a voice once, wherever it is in its sentence, in samples.
const SERVED: usize = RATE as usize * 6;

/// How often that is listened to until a voice must have been found.
const SENTENCES: usize = 10;

/// The folder of the plugins, or the reason why a test cannot run, as `cargo xtask test` counts it.
pub(crate) fn plugins(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SIAGA_PLUGINS") {
        return Some(folder.into());
    }
    skip(test, "SIAGA_PLUGINS does not name the folder of the plugins");
    None
}

pub(crate) fn polda_seat(number: u32) -> SeatId {
    seat_of(&POLDA.parse().expect("a unit"), number)
}

pub(crate) fn depok() -> UnitId {
    "pmj.depok".parse().expect("a unit")
}

fn speaker(seed: u64) -> Speaker {
    Speaker::new(voice::speech_like(seed, SPOKEN_S).into())
}

/// A hub with its switch, and one person's desk at the Polda.
pub(crate) struct Room {
    pub(crate) stage: Stage,
    pub(crate) news: broadcast::Receiver<HubNews>,
    /// Dropped last.
    pub(crate) dir: tempfile::TempDir,
}

impl Room {
    pub(crate) async fn open(plugins: &Path) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let stage = Stage::open(StageConfig {
            dir: dir.path().to_owned(),
            plugins: plugins.to_owned(),
            flow: FlowConfig::polda_first(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        })
        .await?;
        let news = stage.hub.events();
        Ok(Self { stage, news, dir })
    }

    /// The Polda operator, ready for calls.
    pub(crate) async fn operator(&self) -> anyhow::Result<Operator> {
        let operator = self.stage.seat(&polda_seat(1), speaker(POLDA_VOICE)).await?;
        operator.be_ready().await?;
        Ok(operator)
    }

    /// A citizen dials 110.
    pub(crate) async fn caller(&self) -> anyhow::Result<Caller> {
        Caller::dial(CallerConfig {
            endpoint: self.stage.endpoint(),
            number: NUMBER.to_owned(),
            speaker: speaker(CALLER_VOICE).on_a_noisy_line(),
            link: None,
        })
        .await
    }

    /// A call that the operator has answered.
    pub(crate) async fn call(&self, operator: &mut Operator) -> anyhow::Result<Caller> {
        let caller = self.caller().await?;
        operator.wait_for_ring().await?;
        operator.answer().await?;
        Ok(caller)
    }

    /// News of the hub up to the wanted one.
    pub(crate) async fn flow(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&FlowEvent) -> bool,
    ) -> anyhow::Result<FlowEvent> {
        let found = async {
            loop {
                if let HubNews::Flow { event, .. } = self.news.recv().await?
                    && wanted(&event)
                {
                    return anyhow::Ok(event);
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .with_context(|| format!("the hub does not tell of {what}"))?
    }
}

/// Waits until the caller and this ear have heard each other's voices, from now on.
///
/// A busy machine tears holes into sound, so one sentence may not be enough; what was never said
/// is not found in ten.
pub(crate) async fn both_are_heard(caller: &Caller, operator: &Ear) -> anyhow::Result<()> {
    tokio::try_join!(
        is_heard("the operator", POLDA_VOICE, &caller.ear),
        is_heard("the caller", CALLER_VOICE, operator),
    )?;
    Ok(())
}

async fn is_heard(who: &str, seed: u64, ear: &Ear) -> anyhow::Result<()> {
    let spoken = voice::speech_like(seed, SPOKEN_S);
    let mut heard = Vec::new();
    let mut best = correlate::find(&spoken, &heard, RATE);
    for _ in 0..SENTENCES {
        heard.extend(from_now_on(ear).await?);
        best = correlate::find(&spoken, &heard, RATE);
        if best.is_found() {
            return Ok(());
        }
    }
    anyhow::bail!("{who} is not heard: {best:?}")
}

/// What an ear hears from now on, as long as it takes to tell a voice.
pub(crate) async fn from_now_on(ear: &Ear) -> anyhow::Result<Vec<i16>> {
    let from = ear.heard().samples.len();
    let enough = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            let heard = ear.heard().samples;
            if heard.len() >= from + SERVED {
                return heard[from..].to_vec();
            }
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.context("somebody hears nothing any more")
}

/// The operator closes the call as a prank and the caller's line is ended.
pub(crate) async fn close(operator: &mut Operator, caller: &mut Caller) -> anyhow::Result<()> {
    // Whatever was typed: nobody is asked whether a fire is a prank.
    operator.close(Disposition::HandledHere, "").await?;
    ended(caller).await
}

/// The caller's line was ended, and not by the caller.
pub(crate) async fn ended(caller: &mut Caller) -> anyhow::Result<()> {
    let state =
        caller.wait_for(PATIENCE, |state| matches!(state, CallerState::Ended { .. })).await?;
    anyhow::ensure!(state == CallerState::Ended { by_me: false }, "{state:?}");
    Ok(())
}

/// A fire with somebody trapped, in Depok.
pub(crate) fn a_fire(form: &mut Form) {
    form.location = Redacted::new("Kelapa Dua, Kel. Tugu, Cimanggis, Depok".to_owned());
    form.narrative = Redacted::new("Rumah nenek kebakaran, nenek terjebak di lt 2.".to_owned());
    form.kind = "pelaporan/kebakaran".to_owned();
}

/// A desk that a test logs in itself.
pub(crate) struct BareDesk {
    pub(crate) desk: DeskHandle,
    pub(crate) state: watch::Receiver<Arc<DeskState>>,
}

impl BareDesk {
    pub(crate) fn start(audio: AudioChoice, data_dir: PathBuf) -> Self {
        let (desk, state) = Desk::start(DeskConfig {
            audio,
            data_dir,
            media: MediaConfig::loopback(),
            limits: Limits::default(),
            training: true,
            coach: None,
        });
        Self { desk, state }
    }

    /// With the operator's voice, and the ear that hears.
    pub(crate) fn with_voice(data_dir: PathBuf) -> (Self, Ear) {
        let ear = Ear::default();
        let audio = AudioChoice::Given {
            input: Box::new(speaker(POLDA_VOICE)),
            output: Box::new(ear.clone()),
            name: "test".to_owned(),
        };
        (Self::start(audio, data_dir), ear)
    }

    pub(crate) async fn want(&self, intent: Intent) {
        self.desk.send(intent).await.expect("the desk runs");
    }

    /// Waits for a state, whatever the desk complains about meanwhile.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut wanted: impl FnMut(&DeskState) -> bool,
    ) -> anyhow::Result<Arc<DeskState>> {
        let mut seen = self.state.clone();
        let found = tokio::time::timeout(PATIENCE, seen.wait_for(|state| wanted(state))).await;
        let found = found
            .with_context(|| format!("in vain for {what}; {:?}", self.state.borrow().notice))?;
        Ok(found.context("the desk is gone")?.clone())
    }
}
