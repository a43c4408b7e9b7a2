//! Soaking: a night of calls at a real hub and a real switch, many at once, while desks die, stand
//! still, lose their sockets and their voice, at random; and an [observer](crate::observer) who looks
//! for a caller that was dropped.
//!
//! Every decision comes from the seed ([`plan`]), one generator an actor: callers, each operator,
//! what breaks at each desk. What becomes of it depends on when the machine does what, so a seed
//! brings the same night, not the same microseconds.
//!
//! Desks run in processes or on threads of their own, behind a [`cable`] each, and are broken from
//! outside: nothing in hub, switch or desk knows that it is being soaked.

mod cable;
mod ear;
mod hands;
mod health;
mod judge;
mod plan;
mod report;
mod seat;
mod telephone;
mod watch;

pub use report::SoakReport;

use crate::sound::voice_of;
use crate::stage::{OPERATOR, POLDA, Stage, StageConfig, seat_of};
use anyhow::{Context, ensure};
use cable::Cable;
use health::Usage;
use plan::{Callers, Faults};
use seat::{Seat, SeatPlan};
use siaga_call_flow::{FlowConfig, FlowEvent};
use siaga_hub::HubNews;
use siaga_model::{Redacted, SeatId, SeatState, UnitId};
use siaga_switch::embedded::EmbeddedSwitch;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use telephone::Telephone;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watch::Watch;

/// Seats of the Polda that are staffed: all.
const POLDA_SEATS: u32 = 5;
/// So many of them are processes of their own, which costs more.
const DESKS_APART: usize = 2;
/// The Polres that are staffed, one seat each. To the last one nobody ever comes.
const STAFFED: [&str; 3] = ["pmj.depok", "pmj.jaksel", "pmj.jaktim"];
/// Reports go here, too, where nobody is.
const UNSTAFFED: &str = "pmj.jakpus";

/// A call takes about so long; with the number of callers at once it says how often one comes.
const MEAN_CALL: Duration = Duration::from_secs(24);
/// How often something breaks at one desk.
const MEAN_BETWEEN_FAULTS: Duration = Duration::from_secs(28);
/// How often memory, files and tasks are looked at.
const USAGE_EVERY: Duration = Duration::from_secs(10);
/// What is used then is what growth is measured against: caches and pools are full.
const WARM_UP: Duration = Duration::from_secs(300);
/// How long calls that are still up may go on when no more come.
const WIND_DOWN: Duration = Duration::from_secs(45);
/// Until everybody sits.
const SIT_DOWN: Duration = Duration::from_secs(60);

/// What to soak.
#[derive(Clone, Debug)]
pub struct SoakOptions {
    /// For how long callers come.
    pub minutes: f64,
    /// From which everything is drawn.
    pub seed: u64,
    /// How many callers at most at once.
    pub callers: usize,
    /// Folder for `soak.json`, `soak.log`, the database and the recordings; made if missing.
    pub dir: PathBuf,
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// The program `siaga-training`, which runs two of the desks as processes of their own; without
    /// it all desks are in this process.
    pub program: Option<PathBuf>,
}

/// Soaks, writes `soak.json` and `soak.log`, and gives the report.
///
/// # Errors
/// When it could not be done at all. Broken promises are in the report.
pub async fn soak(options: &SoakOptions) -> anyhow::Result<SoakReport> {
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("making {}", options.dir.display()))?;
    let house = options.dir.join("house");
    if house.exists() {
        std::fs::remove_dir_all(&house).with_context(|| format!("clearing {}", house.display()))?;
    }
    let hostile = hostile_plugins(&options.plugins, &options.dir.join("plugins"))?;
    let plugin_fails = hostile.is_some();
    let stage = Stage::open(StageConfig {
        dir: house,
        plugins: hostile.unwrap_or_else(|| options.plugins.clone()),
        flow: FlowConfig::polda_first(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    })
    .await?;
    let seats = staffed_seats()?;
    let names = seats.iter().map(|(seat, _)| seat.clone()).collect();
    let watch = Arc::new(Watch::new(stage.clock, names, &options.dir.join("soak.log"))?);
    watch.log("soak", &format!("seed {} for {} min", options.seed, options.minutes));
    let mut news = stage.hub.events();
    let staffed = staff(options, &stage, &seats, plugin_fails, &watch).await?;
    all_ready(&mut news, &seats).await?;
    tokio::spawn(write_news(news, Arc::clone(&watch)));

    let mut usage = vec![Usage::now(watch.started(), &[])];
    let over = CancellationToken::new();
    let breaking = break_desks(options, staffed, &watch, &over);
    let calls = Calls::new(options, &stage, &watch)?;
    let warm = run(options, calls, &watch, &mut usage).await;
    over.cancel();
    // Faults are mended before the desks are told to leave.
    for seat in breaking.join_all().await {
        seat.leave().await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    usage.push(Usage::now(watch.started(), &[]));
    let store = stage.close().await;
    let report = judge::judge(options, &watch, &*store, usage, warm).await?;
    let file = options.dir.join("soak.json");
    std::fs::write(&file, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(report)
}

/// Callers come, and then no more; gives the index of the usage after the warm-up.
async fn run(
    options: &SoakOptions,
    mut calls: Calls,
    watch: &Watch,
    usage: &mut Vec<Usage>,
) -> usize {
    let end = Instant::now() + Duration::from_secs_f64(options.minutes * 60.0);
    let warm_up = WARM_UP.min(Duration::from_secs_f64(options.minutes * 60.0 / 3.0));
    let mut warm = None;
    let mut looks = tokio::time::interval(USAGE_EVERY);
    let mut ended = false;
    let mut wind_down = Instant::now();
    loop {
        if !ended && Instant::now() >= end {
            ended = true;
            wind_down = Instant::now() + WIND_DOWN;
            watch.log("soak", "no more callers");
        }
        let on_line = calls.on_line.load(Ordering::Relaxed);
        if ended && (on_line == 0 || Instant::now() >= wind_down) {
            break;
        }
        tokio::select! {
            () = calls.step(!ended) => {}
            _ = looks.tick() => {
                let now = Usage::now(watch.started(), &[]);
                if warm.is_none() && watch.started().elapsed() >= warm_up {
                    warm = Some(usage.len());
                }
                watch.log("soak", &format!("{on_line} calls up; {now:?}"));
                usage.push(now);
            }
        }
    }
    calls.over.cancel();
    while calls.live.join_next().await.is_some() {}
    warm.unwrap_or(0)
}

/// The callers of the night.
struct Calls {
    plans: Callers,
    next: plan::CallerPlan,
    next_at: Instant,
    most: usize,
    endpoint: siaga_switch::SipEndpoint,
    voice: Arc<[i16]>,
    switch: Arc<EmbeddedSwitch>,
    watch: Arc<Watch>,
    /// Numbers that are on the line now: nobody calls twice at once.
    busy: Arc<std::sync::Mutex<BTreeSet<String>>>,
    live: JoinSet<()>,
    /// How many of them are in a call of their own; others wait to be called back.
    on_line: Arc<AtomicUsize>,
    over: CancellationToken,
}

impl Calls {
    fn new(options: &SoakOptions, stage: &Stage, watch: &Arc<Watch>) -> anyhow::Result<Self> {
        let mean_gap = MEAN_CALL.div_f64(options.callers.max(1) as f64);
        let mut plans = Callers::new(options.seed, mean_gap);
        let next = plans.next();
        Ok(Self {
            next_at: Instant::now() + next.gap,
            next,
            plans,
            most: options.callers,
            endpoint: stage.endpoint(),
            voice: voice_of(crate::voices::CALLER_QUESTION)?,
            switch: stage.switch().cloned().context("soak needs the embedded switch")?,
            watch: Arc::clone(watch),
            busy: Arc::default(),
            live: JoinSet::new(),
            on_line: Arc::default(),
            over: CancellationToken::new(),
        })
    }

    /// Waits for the next thing: a caller who ends, or one who comes.
    async fn step(&mut self, more: bool) {
        let room = more && self.on_line.load(Ordering::Relaxed) < self.most;
        let due = tokio::time::Instant::from_std(self.next_at);
        tokio::select! {
            () = tokio::time::sleep_until(due), if room => self.dial(),
            Some(_) = self.live.join_next() => {}
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }

    fn dial(&mut self) {
        let next = self.plans.next();
        let plan = std::mem::replace(&mut self.next, next);
        // Whoever was held back because the lines were full does not bring the others forward.
        self.next_at = self.next_at.max(Instant::now()) + self.next.gap;
        let line = |set: &std::sync::Mutex<BTreeSet<String>>, number: &str, add: bool| {
            let mut set = set.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if add { set.insert(number.to_owned()) } else { set.remove(number) }
        };
        if !line(&self.busy, &plan.number, true) {
            return;
        }
        let who = format!("caller {}", plan.n);
        self.watch.log(&who, &format!("dials: {} {plan:?}", plan.wish.name()));
        let (on_line, busy) = (Arc::clone(&self.on_line), Arc::clone(&self.busy));
        on_line.fetch_add(1, Ordering::Relaxed);
        let number = plan.number.clone();
        let telephone = Telephone {
            endpoint: self.endpoint.clone(),
            plan,
            voice: self.voice.clone(),
            watch: Arc::clone(&self.watch),
            secret: Some(Redacted::new(number.clone())),
            over: self.over.clone(),
        };
        let switch = Arc::clone(&self.switch);
        self.live.spawn(async move {
            let account = Redacted::new(number.clone());
            if let Err(error) = switch.admit_telephone(&account, &account).await {
                tracing::error!(%error, "a telephone is not let in");
            }
            let mut counted = Some(on_line);
            let mut hung_up = || {
                if let Some(on_line) = counted.take() {
                    on_line.fetch_sub(1, Ordering::Relaxed);
                }
            };
            telephone.live(&mut hung_up).await;
            // A telephone that could not even call is off the line, too.
            hung_up();
            if let Err(error) = switch.dismiss_telephone(&account).await {
                tracing::error!(%error, "a telephone is not let go");
            }
            line(&busy, &number, false);
        });
    }
}

/// The seats and their units, in the order of their pilots.
fn staffed_seats() -> anyhow::Result<Vec<(SeatId, UnitId)>> {
    let polda: UnitId = POLDA.parse()?;
    let mut seats: Vec<_> =
        (1..=POLDA_SEATS).map(|number| (seat_of(&polda, number), polda.clone())).collect();
    for unit in STAFFED {
        let unit: UnitId = unit.parse()?;
        seats.push((seat_of(&unit, 1), unit));
    }
    Ok(seats)
}

async fn staff(
    options: &SoakOptions,
    stage: &Stage,
    seats: &[(SeatId, UnitId)],
    plugin_fails: bool,
    watch: &Arc<Watch>,
) -> anyhow::Result<Vec<Seat>> {
    let targets: Vec<UnitId> =
        STAFFED.into_iter().chain([UNSTAFFED]).map(str::parse).collect::<Result<_, _>>()?;
    let voice: Arc<[i16]> = operator_voice().into();
    let mut staffed = Vec::new();
    for (index, (seat, unit)) in seats.iter().enumerate() {
        let cable = Cable::lay(stage.hub.local_addr(), &stage.endpoint()).await?;
        let plan = SeatPlan {
            index,
            seat: seat.clone(),
            unit: unit.clone(),
            targets: targets.clone(),
            seed: options.seed,
            operator: OPERATOR.to_owned(),
            password: stage.password().clone(),
            data_dir: stage.desk_dir(seat),
            voice: voice.clone(),
            plugin_fails,
            program: options.program.clone().filter(|_| index < DESKS_APART),
        };
        staffed.push(Seat::staff(plan, cable, Arc::clone(watch))?);
    }
    Ok(staffed)
}

/// Speaks for a second and a half and is silent long enough for the pilot to be heard alone.
fn operator_voice() -> Vec<i16> {
    let mut voice = siaga_testkit::voice::speech_like(110, 1.5);
    voice.resize(voice.len() + 48 * 300, 0);
    voice
}

fn break_desks(
    options: &SoakOptions,
    staffed: Vec<Seat>,
    watch: &Arc<Watch>,
    over: &CancellationToken,
) -> JoinSet<Seat> {
    let mut breaking = JoinSet::new();
    for (index, seat) in staffed.into_iter().enumerate() {
        let faults = Faults::new(options.seed, index as u64, MEAN_BETWEEN_FAULTS);
        let first = seat::first_pause(options.seed, index);
        let (watch, over) = (Arc::clone(watch), over.clone());
        breaking.spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = tokio::time::sleep(first) => {}
            }
            seat.break_things(faults, &watch, over).await;
            seat
        });
    }
    breaking
}

async fn all_ready(
    news: &mut broadcast::Receiver<HubNews>,
    seats: &[(SeatId, UnitId)],
) -> anyhow::Result<()> {
    let mut missing: BTreeSet<&SeatId> = seats.iter().map(|(seat, _)| seat).collect();
    let deadline = tokio::time::Instant::now() + SIT_DOWN;
    while !missing.is_empty() {
        let item = tokio::time::timeout_at(deadline, news.recv())
            .await
            .with_context(|| format!("not ready in time: {missing:?}"))?
            .context("the hub has ended")?;
        if let HubNews::Flow { event: FlowEvent::SeatState { seat, state }, .. } = item
            && state == SeatState::Ready
        {
            missing.remove(&seat);
        }
    }
    Ok(())
}

/// Writes what the hub tells into the log, for whoever has to find out why, and into the notebook who
/// was given a call.
async fn write_news(mut news: broadcast::Receiver<HubNews>, watch: Arc<Watch>) {
    loop {
        match news.recv().await {
            Ok(HubNews::Flow { at, event }) => {
                if let FlowEvent::Answered { call, seat }
                | FlowEvent::TransferDone { call, seat, .. }
                | FlowEvent::Reclaimed { call, seat, .. } = &event
                {
                    watch.note(|notebook| notebook.forms.given(at, *call, seat));
                }
                watch.log_at(at, "hub", &format!("{event:?}"));
            }
            Ok(other) => watch.log("hub", &format!("{other:?}")),
            Err(RecvError::Lagged(missed)) => {
                watch.log("hub", &format!("{missed} news were missed"));
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// The plugins, but the guest that judges does what the narrative says (loops, traps, …) and is the
/// one of the tests; `None` where that one was not built.
///
/// # Errors
/// When a file cannot be copied.
pub(crate) fn hostile_plugins(shipped: &Path, ours: &Path) -> anyhow::Result<Option<PathBuf>> {
    let hostile = shipped.join("tests-hostile.wasm");
    if !hostile.is_file() {
        return Ok(None);
    }
    let routes = "rute-metro-jaya.wasm";
    ensure!(shipped.join(routes).is_file(), "no {routes} in {}", shipped.display());
    std::fs::create_dir_all(ours)?;
    std::fs::copy(&hostile, ours.join("validitas-dasar.wasm"))?;
    std::fs::copy(shipped.join(routes), ours.join(routes))?;
    Ok(Some(ours.to_owned()))
}
