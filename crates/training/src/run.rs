//! Plays one scenario and writes down what happened.

mod verdict;

use crate::caller::TrunkProgram;
use crate::network::NotAllowed;
use crate::report::Journey;
use crate::scenario::Scenario;
use crate::scene::{Notes, Scene};
use crate::sound::Heard;
use anyhow::Context;
use siaga_call_flow::FlowEvent;
use siaga_hub_api::HandoverChoice;
use siaga_hub_store::{LegRecord, RecordingRecord, Store};
use siaga_media::Codec;
use siaga_model::{CallId, Case, Timestamp};
use siaga_plugin_host::PluginStats;
use siaga_switch::Clock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the hub may take to store the end of a call.
const SETTLING: Duration = Duration::from_secs(15);

/// How often its store is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// Which switch a scenario plays on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SwitchKind {
    /// The one that is built in.
    #[default]
    Embedded,
    /// A real Asterisk, with callers on its trunk.
    Asterisk,
}

/// What to play and how.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Which scenario.
    pub scenario: Scenario,
    /// On which switch.
    pub switch: SwitchKind,
    /// Folder for the report; made if missing.
    pub report: PathBuf,
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// The program `siaga-training`, which runs whatever must be a process of its own.
    pub program: PathBuf,
    /// The telephone of callers on a PBX's trunk.
    pub telephone: TrunkProgram,
    /// What they speak; `None`: what that telephone speaks best.
    pub codec: Option<Codec>,
    /// What is heard during a transfer; `None` as configured (together).
    pub handover: Option<HandoverChoice>,
    /// Packets lost on the callers' network, percent.
    pub loss_percent: f64,
    /// Jitter of the callers' network, ± milliseconds.
    pub jitter_ms: u32,
    /// Whether the desks have that network as well. A desk stands in a police building on a cable;
    /// a lost flight of its DTLS handshake comes again only after a second (RFC 6347 section
    /// 4.2.4.1), which the promise of 500 ms from key to voice does not allow for.
    pub bad_desks: bool,
    /// What people say instead of the scenario's own voices, by who it is: `caller`, `polda`,
    /// `polda2`, `polres`.
    pub voices: BTreeMap<String, PathBuf>,
}

impl RunOptions {
    /// With the scenario's own voices and a perfect network; this very program is `siaga-training`.
    pub fn new(scenario: Scenario, report: PathBuf, plugins: PathBuf) -> Self {
        Self {
            scenario,
            switch: SwitchKind::default(),
            report,
            plugins,
            program: std::env::current_exe().unwrap_or_else(|_| "siaga-training".into()),
            telephone: TrunkProgram::default(),
            codec: None,
            handover: None,
            loss_percent: 0.0,
            jitter_ms: 0,
            bad_desks: false,
            voices: BTreeMap::new(),
        }
    }
}

/// What was seen and heard, before it is judged.
struct Seen {
    switch: String,
    /// The program of the callers' telephones, where the log cannot say it.
    telephone: &'static str,
    clock: Clock,
    dialled_at: Instant,
    notes: Notes,
    /// Why the script or the wait for the end broke off, if it did.
    broke_off: Option<String>,
    first_hung_up: bool,
    voices: BTreeMap<&'static str, Arc<[i16]>>,
    /// What everybody heard; the first caller first.
    heard: Vec<(&'static str, Heard)>,
    plugins: Vec<PluginStats>,
    log: Log,
}

/// What the hub has stored: all that it says of what happened.
#[derive(Default)]
pub(crate) struct Log {
    events: Vec<(Timestamp, FlowEvent)>,
    /// The first call.
    case: Option<Case>,
    /// Of all calls.
    legs: Vec<LegRecord>,
    recordings: Vec<RecordingRecord>,
}

impl Log {
    /// Reads all of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn read(store: &dyn Store) -> anyhow::Result<Self> {
        let mut log = Self::default();
        let mut calls: Vec<CallId> = Vec::new();
        let mut after = 0;
        loop {
            let page = store.events(after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for stored in page {
                calls.extend(stored.event.call.filter(|call| !calls.contains(call)));
                // The log also holds what is no part of a call's life: logins, seals.
                let Ok(event) = serde_json::from_str(&stored.event.body) else { continue };
                log.events.push((stored.event.at, event));
            }
        }
        for (n, call) in calls.iter().enumerate() {
            log.legs.extend(store.legs(*call).await?);
            log.recordings.extend(store.recordings(Some(*call), 100).await?);
            if n == 0 {
                log.case = store.case_of(*call).await?;
            }
        }
        log.recordings.sort_by_key(|recording| recording.starts_at);
        Ok(log)
    }

    /// How many events are such.
    pub(crate) fn count(&self, wanted: impl Fn(&FlowEvent) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| wanted(event)).count()
    }

    /// Whether every call has ended and everything that belongs to it is there.
    fn is_whole(&self, legs: usize, recordings: usize) -> bool {
        let begun = self.count(|event| {
            matches!(event, FlowEvent::CallerArrived { .. } | FlowEvent::CallBackStarted { .. })
        });
        let ended = self.count(|event| matches!(event, FlowEvent::Ended { .. }));
        // Of a call without a hub there is no beginning either.
        (begun > 0 || legs == 0)
            && ended >= begun
            && self.legs.len() >= legs
            && self.recordings.len() >= recordings
    }
}

/// Plays a scenario and writes `journey.json`, `heard-*.wav` and the recording into its folder.
///
/// # Errors
/// When it could not be played at all; [`crate::NotAllowed`] where the machine does not let us. One that was played and went wrong gives a journey that is
/// not ok and says why.
pub async fn run(options: &RunOptions) -> anyhow::Result<Journey> {
    std::fs::create_dir_all(&options.report)
        .with_context(|| format!("making {}", options.report.display()))?;
    let dir = tempfile::tempdir().context("a folder for the hub")?;
    let story = options.scenario.story();
    if let Some(why) = story.refuses(options.switch) {
        return Err(NotAllowed(why.to_owned()).into());
    }
    let expected = story.expects();
    if expected.caller_hangs_up && options.telephone == TrunkProgram::Sipp {
        return Err(NotAllowed("sipp does not hang up".to_owned()).into());
    }
    let scene = Scene::set(options.clone(), dir.path()).await?;

    let played = story.play(&scene).await;
    let dialled_at = match (scene.callers().first(), &played) {
        (Some(caller), _) => caller.dialled_at,
        (None, Ok(())) => anyhow::bail!("nobody has dialled"),
        (None, Err(error)) => anyhow::bail!("{error:#}"),
    };
    let (mut first_hung_up, mut broke_off) = (false, None);
    match played {
        Ok(()) => match scene.lines_are_ended().await {
            Ok(hung_up) => first_hung_up = hung_up,
            Err(error) => broke_off = Some(format!("{error:#}")),
        },
        Err(error) => broke_off = Some(format!("the play broke off: {error:#}")),
    }
    if broke_off.is_none() {
        settle(&**scene.house.store(), expected.legs, expected.recordings).await?;
    }
    let callers = scene.callers();
    let mut heard: Vec<_> =
        callers.first().map(|caller| ("caller", caller.ear.heard())).into_iter().collect();
    for (who, desk) in scene.seats() {
        heard.push((who, desk.heard()?));
    }
    let mut seen = Seen {
        switch: scene.house.switch_name(),
        telephone: if scene.house.trunk().is_some() { options.telephone.name() } else { "" },
        clock: scene.clock(),
        dialled_at,
        notes: scene.notes(),
        broke_off,
        first_hung_up,
        voices: scene.voices.clone(),
        heard,
        plugins: asked_plugins(&scene).await,
        log: Log::default(),
    };
    scene.leave().await;
    // Only a hub that has ended has surely stored all that it acknowledged.
    let (store, _remains) = scene.close().await?;
    seen.log = Log::read(&*store).await?;
    let journey = verdict::judge_all(options, &expected, &seen)?;
    let file = options.report.join("journey.json");
    std::fs::write(&file, serde_json::to_string_pretty(&journey)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(journey)
}

/// Waits until the end of the call is stored. What does not come is judged as missing.
async fn settle(store: &dyn Store, legs: usize, recordings: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + SETTLING;
    while !Log::read(store).await?.is_whole(legs, recordings) && Instant::now() < deadline {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// The figures of the first desk whose plugins were asked.
async fn asked_plugins(scene: &Scene) -> Vec<PluginStats> {
    for (_, operator) in scene.seats() {
        match operator.plugin_stats().await {
            Ok(stats) if stats.iter().any(|plugin| plugin.calls > 0) => return stats,
            // Never asked, or its desk is dead.
            Ok(_) | Err(_) => {}
        }
    }
    Vec::new()
}
