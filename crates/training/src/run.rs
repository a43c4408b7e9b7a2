//! Plays one scenario and writes down what happened.

mod verdict;

use crate::caller::{Caller, CallerConfig, CallerState};
use crate::judge::{POLDA_HZ, POLRES_HZ};
use crate::operator::{Operator, PATIENCE};
use crate::report::Journey;
use crate::script::{self, Deeds, Scenario};
use crate::sound::{Heard, RATE, Speaker, read_voice, voice_of};
use crate::stage::{POLDA, Stage, StageConfig, seat_of};
use crate::voices;
use anyhow::Context;
use siaga_call_flow::FlowConfig;
use siaga_hub::HubNews;
use siaga_hub_api::HandoverChoice;
use siaga_hub_store::Store;
use siaga_model::{Case, UnitId};
use siaga_plugin_host::PluginStats;
use siaga_switch::Clock;
use siaga_testkit::LinkModel;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// The number that the simulated telephone shows. Invented (a block of zeros).
const NUMBER: &str = "082200001108";

/// The Polres to which the reported fire belongs.
const POLRES: &str = "pmj.depok";

/// People talk as long as their words take, but no longer than this.
const LONGEST_TALK: Duration = Duration::from_secs(12);

/// What to play and how.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Which scenario.
    pub scenario: Scenario,
    /// Folder for the report; made if missing.
    pub report: PathBuf,
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// What is heard during a transfer; `None` as configured (together).
    pub handover: Option<HandoverChoice>,
    /// Packets lost on the caller's network, percent.
    pub loss_percent: f64,
    /// Jitter of the caller's network, ± milliseconds.
    pub jitter_ms: u32,
    /// What the caller says instead of the scenario's own voice.
    pub caller_voice: Option<PathBuf>,
    /// What the Polda operator says.
    pub polda_voice: Option<PathBuf>,
    /// What the Polres operator says.
    pub polres_voice: Option<PathBuf>,
}

impl RunOptions {
    /// With the scenario's own voices and a perfect network.
    pub fn new(scenario: Scenario, report: PathBuf, plugins: PathBuf) -> Self {
        Self {
            scenario,
            report,
            plugins,
            handover: None,
            loss_percent: 0.0,
            jitter_ms: 0,
            caller_voice: None,
            polda_voice: None,
            polres_voice: None,
        }
    }
}

/// The three voices, 48 kHz mono.
struct Voices {
    caller: Arc<[i16]>,
    polda: Arc<[i16]>,
    polres: Arc<[i16]>,
}

impl Voices {
    fn of(options: &RunOptions) -> anyhow::Result<Self> {
        let caller = match options.scenario {
            Scenario::ValidTransfer | Scenario::PolresBusy | Scenario::PolresSilent => {
                voices::CALLER_FIRE
            }
            Scenario::NotValid => voices::CALLER_PRANK,
            Scenario::Information => voices::CALLER_QUESTION,
        };
        let one = |given: &Option<PathBuf>, own: &[u8]| match given {
            Some(path) => read_voice(path),
            None => voice_of(own),
        };
        Ok(Self {
            caller: one(&options.caller_voice, caller)?,
            polda: one(&options.polda_voice, voices::POLDA)?,
            polres: one(&options.polres_voice, voices::POLRES)?,
        })
    }

    /// Long enough to hear everybody say everything once, from wherever they are in it.
    fn talk(&self) -> Duration {
        let longest = self.caller.len().max(self.polda.len()).max(self.polres.len());
        let words = Duration::from_millis(longest as u64 * 1000 / u64::from(RATE));
        (words * 2 + Duration::from_millis(1_700)).min(LONGEST_TALK)
    }
}

/// What was seen and heard, before it is judged.
struct Seen {
    clock: Clock,
    dialled_at: Instant,
    deeds: Deeds,
    news: Vec<HubNews>,
    case: Option<Case>,
    caller_heard: Heard,
    polda_heard: Heard,
    polres_heard: Heard,
    caller_hung_up: bool,
    plugins: Vec<PluginStats>,
}

/// Plays a scenario and writes `journey.json`, `heard-*.wav` and the recording into its folder.
///
/// # Errors
/// When it could not be played at all. One that was played and went wrong gives a journey that is
/// not ok and says why.
pub async fn run(options: &RunOptions) -> anyhow::Result<Journey> {
    std::fs::create_dir_all(&options.report)
        .with_context(|| format!("making {}", options.report.display()))?;
    let voices = Voices::of(options)?;
    let dir = tempfile::tempdir().context("a folder for the hub")?;
    let stage = Stage::open(StageConfig {
        dir: dir.path().to_owned(),
        plugins: options.plugins.clone(),
        flow: FlowConfig::polda_first(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    })
    .await?;
    let switch = stage.switch_name().to_owned();
    let played = play(options, &voices, &stage).await;
    // Only a hub that has ended has surely stored all that it acknowledged.
    let store = stage.close().await;
    let mut seen = played?;
    seen.case = case_of(&*store, &seen.news).await?;
    let journey = verdict::judge_all(options, &voices, switch, &seen)?;
    let file = options.report.join("journey.json");
    std::fs::write(&file, serde_json::to_string_pretty(&journey)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(journey)
}

async fn play(options: &RunOptions, voices: &Voices, stage: &Stage) -> anyhow::Result<Seen> {
    let polres_unit: UnitId = POLRES.parse()?;
    let mut news = stage.hub.events();
    let polda_seat = seat_of(&POLDA.parse()?, 1);
    let mut polda =
        stage.seat(&polda_seat, Speaker::new(voices.polda.clone()).humming(POLDA_HZ)).await?;
    let polres_speaker = Speaker::new(voices.polres.clone()).humming(POLRES_HZ);
    let mut polres = stage.seat(&seat_of(&polres_unit, 1), polres_speaker).await?;
    polda.be_ready().await?;
    polres.be_ready().await?;
    let link = (options.loss_percent > 0.0 || options.jitter_ms > 0).then(|| LinkModel {
        loss_percent: options.loss_percent,
        jitter_ms: options.jitter_ms,
        seed: 110,
        ..LinkModel::default()
    });
    let mut caller = Caller::dial(CallerConfig {
        endpoint: stage.endpoint(),
        number: NUMBER.to_owned(),
        speaker: Speaker::new(voices.caller.clone()).on_a_noisy_line(),
        link,
    })
    .await?;
    let deeds = script::play(
        options.scenario,
        &mut polda,
        &mut polres,
        &polres_unit,
        options.handover,
        voices.talk(),
    )
    .await;
    let ended = caller
        .wait_for(PATIENCE, |state| matches!(state, CallerState::Ended { .. }))
        .await
        .context("the caller's line was not ended by the closing");
    let (deeds, ended) = match (deeds, ended) {
        (Ok(deeds), Ok(ended)) => (deeds, ended),
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let seen_news = collect(&mut news, 2 + usize::from(options.scenario.has_transfer())).await?;
    let plugins = polda.plugin_stats().await?;
    let seen = Seen {
        clock: stage.clock,
        dialled_at: caller.dialled_at,
        deeds,
        news: seen_news,
        case: None,
        caller_heard: caller.ear.heard(),
        polda_heard: polda.ear.heard(),
        polres_heard: polres.ear.heard(),
        caller_hung_up: ended == CallerState::Ended { by_me: true },
        plugins,
    };
    leave(&polda, &polres).await;
    Ok(seen)
}

async fn leave(polda: &Operator, polres: &Operator) {
    polda.leave().await;
    polres.leave().await;
}

/// All news of the call until its recording is sealed and every leg has been told of.
async fn collect(
    news: &mut broadcast::Receiver<HubNews>,
    legs: usize,
) -> anyhow::Result<Vec<HubNews>> {
    let mut seen = Vec::new();
    let (mut recorded, mut closed) = (false, 0);
    while !recorded || closed < legs {
        let item = tokio::time::timeout(PATIENCE, news.recv())
            .await
            .context("the hub did not tell the end of the call")?
            .context("news of the hub were missed")?;
        match &item {
            HubNews::Recording(_) => recorded = true,
            HubNews::Leg(_) => closed += 1,
            HubNews::Flow { .. }
            | HubNews::CaseOpened { .. }
            | HubNews::RecordingTrouble { .. }
            | HubNews::Dtmf { .. } => {}
        }
        seen.push(item);
    }
    Ok(seen)
}

async fn case_of(store: &dyn Store, news: &[HubNews]) -> anyhow::Result<Option<Case>> {
    let number = news.iter().find_map(|item| match item {
        HubNews::CaseOpened { number, .. } => Some(number),
        HubNews::Flow { .. }
        | HubNews::Leg(_)
        | HubNews::Recording(_)
        | HubNews::RecordingTrouble { .. }
        | HubNews::Dtmf { .. } => None,
    });
    match number {
        Some(number) => Ok(store.case(number).await?),
        None => Ok(None),
    }
}
