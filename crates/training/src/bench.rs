//! What a call costs and how late a voice is: each figure beside a peer's, or beside the promise.
//!
//! Nothing here fails because of a number: another machine, or a busy one, has other numbers. The
//! load of the machine is therefore printed first.

mod calls;
mod chirp;
mod cpu;
mod hop;

use crate::caller::{Caller, CallerConfig, CallerState};
use crate::operator::{Operator, PATIENCE};
use crate::run::{RunOptions, run};
use crate::scenario::Scenario;
use crate::sound::Speaker;
use crate::stage::{POLDA, Stage, StageConfig, seat_of};
use anyhow::Context;
pub use calls::bench_calls;
use chirp::{Chirps, Delays, Sweep};
use cpu::CpuTime;
use siaga_call_flow::FlowConfig;
use siaga_testkit::LinkModel;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_util::context::TokioContext;

/// Calls at once, beside one.
const CALLS: usize = 5;

/// Left to the jitter buffers to forget how uneven everything was while the calls were set up: their
/// window is 10 s.
const SETTLING: Duration = Duration::from_secs(12);

/// The number that simulated telephones show. Invented (a block of zeros).
const NUMBER: &str = "082200001108";

/// The promises and goals (design: levels of service; what other softphones were measured at).
mod beside {
    /// CPU of a desk in a call, ms per second.
    pub(super) const DESK_CPU: f64 = 60.0;
    /// One-way delay through one hop, ms.
    pub(super) const HOP: f64 = 70.0;
    /// One-way delay through the mixer, ms.
    pub(super) const MIXER: f64 = 130.0;
    /// From the operator's key to two-way audio, ms.
    pub(super) const ANSWER_TO_AUDIO: f64 = 500.0;
    /// From busy or declined to the Polda operator's voice, ms.
    pub(super) const RECLAIM: f64 = 1_000.0;
}

/// What to measure with.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// How long is talked in each part.
    pub talk: Duration,
    /// The program `siaga-training`, which runs whatever must be a process of its own.
    pub program: PathBuf,
}

impl BenchOptions {
    /// With this very program.
    pub fn new(plugins: PathBuf, talk: Duration) -> Self {
        let program = std::env::current_exe().unwrap_or_else(|_| "siaga-training".into());
        Self { plugins, talk, program }
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// The figure with its unit, or why there is none.
    pub measured: String,
    /// What it stands beside.
    pub beside: String,
    /// The figure divided by what it stands beside; `None` where one of them is missing.
    pub ratio: Option<f64>,
}

impl Measurement {
    fn of(name: impl Into<String>, value: Option<f64>, unit: &str, beside: &Beside) -> Self {
        Self {
            name: name.into(),
            measured: value.map_or_else(|| "not measured".to_owned(), |v| format!("{v:.1} {unit}")),
            beside: match beside.value {
                Some(peer) => format!("{peer:.1} {unit} {}", beside.what),
                None => beside.what.to_owned(),
            },
            ratio: value.zip(beside.value).map(|(value, peer)| value / peer),
        }
    }

    fn skipped(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            measured: format!("skipped: {why}"),
            beside: String::new(),
            ratio: None,
        }
    }
}

impl std::fmt::Display for Measurement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut line = format!("{:<66}  {:>12}  {:<32}", self.name, self.measured, self.beside);
        if let Some(ratio) = self.ratio {
            write!(line, "  {ratio:>6.2}")?;
        }
        f.write_str(line.trim_end())
    }
}

struct Beside {
    value: Option<f64>,
    what: &'static str,
}

/// Measures everything and hands each line to `print` as soon as it is known.
///
/// # Errors
/// When a call does not come about at all.
pub async fn bench(
    options: &BenchOptions,
    mut print: impl FnMut(&Measurement),
) -> anyhow::Result<()> {
    print(&cpu::load());

    let one = talk(options, 1, None).await.context("one call")?;
    let five = talk(options, CALLS, None).await.context("five calls")?;
    for line in cpu_lines(&one, &five) {
        print(&line);
    }

    let perfect = hop::measure(options.talk, None).await.context("one hop")?;
    let bad = LinkModel { loss_percent: 5.0, jitter_ms: 40, seed: 110, ..LinkModel::default() };
    let bad_hop = hop::measure(options.talk, Some(bad)).await.context("one hop, bad network")?;
    let bad_call = talk(options, 1, Some(bad)).await.context("one call, bad network")?;
    let hop = || Beside { value: Some(beside::HOP), what: "promised" };
    let mixer = || Beside { value: Some(beside::MIXER), what: "promised" };
    let one_hop = || Beside { value: perfect.median(), what: "one hop" };
    // The relay needs 40 ms ± 40 ms for itself, and that is in the figure.
    for (name, delays, against) in [
        ("delay, one hop", &perfect, vec![hop()]),
        ("delay, mixer, caller to operator, 1 call", &one.to_operator, vec![mixer(), one_hop()]),
        ("delay, mixer, operator to caller, 1 call", &one.to_caller, vec![mixer()]),
        ("delay, mixer, caller to operator, 5 calls", &five.to_operator, vec![mixer()]),
        ("delay, mixer, operator to caller, 5 calls", &five.to_caller, vec![mixer()]),
        ("delay, one hop, 5 % loss, 40 ± 40 ms", &bad_hop, vec![hop()]),
        ("delay, mixer, to operator, 5 % loss, 40 ± 40 ms", &bad_call.to_operator, vec![mixer()]),
        ("delay, mixer, to caller, 5 % loss, 40 ± 40 ms", &bad_call.to_caller, vec![mixer()]),
    ] {
        for line in delay_lines(name, delays, &against) {
            print(&line);
        }
    }

    for line in journey_lines(options).await? {
        print(&line);
    }
    Ok(())
}

/// What some calls cost and how late their voices were.
struct Talk {
    /// CPU of this process while its desks wait for a call, ms per second.
    waiting: Option<f64>,
    /// CPU of this process during the calls, ms per second, all of them together.
    talking: Option<f64>,
    /// That of the desks alone, ms per second, all of them together.
    desks: Option<f64>,
    to_operator: Delays,
    to_caller: Delays,
}

/// Plays `calls` calls at once, each with a desk of its own.
async fn talk(
    options: &BenchOptions,
    calls: usize,
    link: Option<LinkModel>,
) -> anyhow::Result<Talk> {
    let dir = tempfile::tempdir().context("a folder for the hub")?;
    let stage = Stage::open(StageConfig {
        dir: dir.path().to_owned(),
        plugins: options.plugins.clone(),
        flow: FlowConfig::polda_first(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    })
    .await?;
    let talk = talk_on(options, calls, link, &stage).await;
    stage.close().await;
    talk
}

async fn talk_on(
    options: &BenchOptions,
    calls: usize,
    link: Option<LinkModel>,
    stage: &Stage,
) -> anyhow::Result<Talk> {
    let most = options.talk + SETTLING + PATIENCE * 2;
    let by_caller = Chirps::new(Sweep::Up, most);
    let by_operator = Chirps::new(Sweep::Down, most);
    let polda = POLDA.parse()?;
    // On threads of their own, so that what the desks cost can be told from what switch, hub and
    // callers do.
    let desks = Runtime::named_threads()?;
    let mut operators: Vec<Operator> = Vec::with_capacity(calls);
    for number in 1..=calls {
        let seat = seat_of(&polda, u32::try_from(number)?);
        let sitting = stage.seat(&seat, Speaker::new(by_operator.track()));
        operators.push(desks.within(sitting).await?);
    }
    let (waiting, ..) = cpu_during(options.talk / 4).await;
    let mut callers: Vec<Caller> = Vec::with_capacity(calls);
    for operator in &mut operators {
        // One after the other, so that each caller is known to be at this desk.
        operator.be_ready().await?;
        let caller = Caller::dial(CallerConfig {
            endpoint: stage.endpoint(),
            number: NUMBER.to_owned(),
            speaker: Speaker::new(by_caller.track()).on_a_noisy_line(),
            link,
        })
        .await?;
        operator.wait_for_ring().await?;
        operator.answer().await?;
        callers.push(caller);
    }
    tokio::time::sleep(SETTLING).await;
    let (talking, desk_cpu, from, until) = cpu_during(options.talk).await;
    // What was said last has to arrive.
    tokio::time::sleep(chirp::LONGEST).await;

    let (mut to_operator, mut to_caller) = (Delays::default(), Delays::default());
    for (operator, caller) in operators.iter().zip(&mut callers) {
        let (at_operator, at_caller) = (operator.ear.heard(), caller.ear.heard());
        // Both hear and speak in the same tick: what an ear heard first was when its owner spoke
        // first.
        to_operator.add(by_caller.find(at_caller.since, &at_operator, from, until));
        to_caller.add(by_operator.find(at_operator.since, &at_caller, from, until));
        caller.hang_up().await;
        caller.wait_for(PATIENCE, |state| matches!(state, CallerState::Ended { .. })).await?;
    }
    for operator in &operators {
        operator.leave().await;
    }
    Ok(Talk { waiting, talking, desks: desk_cpu, to_operator, to_caller })
}

/// A tokio runtime whose threads are named after the desks.
struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    fn named_threads() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name(cpu::DESK_THREADS)
            .enable_all()
            .build()
            .context("threads for the desks")?;
        Ok(Self(Some(runtime)))
    }

    /// Everything that `work` spawns is spawned here.
    async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.0 {
            Some(runtime) => TokioContext::new(work, runtime.handle().clone()).await,
            None => work.await,
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A runtime may not wait for its threads on a thread of another one.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// CPU of this process and of its desks in ms per second over a span of time, and that span.
async fn cpu_during(span: Duration) -> (Option<f64>, Option<f64>, Instant, Instant) {
    let read = || (CpuTime::of_this_process(), CpuTime::of_desk_threads());
    let (before, from) = (read(), Instant::now());
    tokio::time::sleep(span).await;
    let (after, until) = (read(), Instant::now());
    let used = |before: Option<CpuTime>, after: Option<CpuTime>| {
        let (before, after) = before.zip(after)?;
        Some(after.since(before).as_secs_f64() * 1e3 / (until - from).as_secs_f64())
    };
    (used(before.0, after.0), used(before.1, after.1), from, until)
}

fn cpu_lines(one: &Talk, five: &Talk) -> Vec<Measurement> {
    if one.talking.is_none() {
        return vec![Measurement::skipped("CPU", cpu::ONLY_ON_LINUX)];
    }
    let goal = || Beside { value: Some(beside::DESK_CPU), what: "goal for a desk alone" };
    let each = five.talking.map(|all| all / CALLS as f64);
    vec![
        Measurement::of(
            "CPU, one desk waiting (with hub and switch)",
            one.waiting,
            "ms/s",
            &goal(),
        ),
        Measurement::of("CPU, one call, the desk alone", one.desks, "ms/s", &goal()),
        Measurement::of(
            "CPU, one call, the desk alone",
            one.desks,
            "ms/s",
            &Beside { value: one.talking, what: "with caller, switch and hub" },
        ),
        Measurement::of(
            "CPU, five calls, each desk alone",
            five.desks.map(|all| all / CALLS as f64),
            "ms/s",
            &goal(),
        ),
        Measurement::of(
            "CPU, five calls, each of them",
            each,
            "ms/s",
            &Beside { value: one.talking, what: "when alone" },
        ),
    ]
}

fn delay_lines(name: &str, delays: &Delays, against: &[Beside]) -> Vec<Measurement> {
    let heard = format!("{} of {} chirps", delays.found(), delays.said());
    let mut lines: Vec<Measurement> = against
        .iter()
        .map(|beside| {
            Measurement::of(format!("{name}, p50 ({heard})"), delays.median(), "ms", beside)
        })
        .collect();
    if let Some(first) = against.first() {
        lines.push(Measurement::of(format!("{name}, worst"), delays.worst(), "ms", first));
    }
    lines
}

/// A Polres that declines, judged as every scenario is.
async fn journey_lines(options: &BenchOptions) -> anyhow::Result<Vec<Measurement>> {
    let report = tempfile::tempdir().context("a folder for the report")?;
    let play =
        RunOptions::new(Scenario::PolresBusy, report.path().to_owned(), options.plugins.clone());
    let timings = run(&play).await.context("polres-busy")?.timings_ms;
    let ms = |value: Option<i64>| value.map(|ms| ms as f64);
    let promised = |value| Beside { value: Some(value), what: "promised" };
    Ok(vec![
        Measurement::of(
            "polres-busy: answer click to two-way audio",
            ms(timings.answer_to_audio),
            "ms",
            &promised(beside::ANSWER_TO_AUDIO),
        ),
        Measurement::of(
            "polres-busy: declined to the Polda operator's voice",
            ms(timings.reclaim),
            "ms",
            &promised(beside::RECLAIM),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_ratio_only_where_both_figures_are_known() {
        let promise = Beside { value: Some(70.0), what: "promised" };
        let line = Measurement::of("delay", Some(35.0), "ms", &promise);
        assert_eq!(line.ratio, Some(0.5));
        assert!(line.to_string().ends_with("0.50"), "{line}");
        let line = Measurement::of("delay", None, "ms", &promise);
        assert_eq!(line.ratio, None);
        assert!(line.to_string().contains("not measured"), "{line}");
    }
}
