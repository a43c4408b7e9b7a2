//! `siaga-training`: plays a scenario without a window and writes its journey.

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use siaga_hub_api::HandoverChoice;
use siaga_training::{BenchOptions, RunOptions, Scenario, SoakOptions, bench, run, soak};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// Plays a 110 call from the caller's voice to the closing, on a hub and a switch of its own.
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// What is played; a wrong name tells all that there are
    #[arg(long, required = true)]
    scenario: Option<Scenario>,
    /// Folder for journey.json, what was heard, and the recording
    #[arg(long, required = true)]
    report: Option<PathBuf>,
    /// What is heard during a transfer
    #[arg(long, value_enum, default_value_t = HandoverArgument::Together)]
    handover: HandoverArgument,
    /// Packets lost on everybody's network, percent (0 to 50)
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    loss: f64,
    /// Jitter of everybody's network, plus or minus milliseconds (0 to 500)
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=500))]
    jitter: u32,
    /// What the caller says, any WAV file
    #[arg(long, value_name = "WAV")]
    caller_voice: Option<PathBuf>,
    /// What the Polda operator says
    #[arg(long, value_name = "WAV")]
    polda_voice: Option<PathBuf>,
    /// What the second Polda operator says, where there is one
    #[arg(long, value_name = "WAV")]
    second_polda_voice: Option<PathBuf>,
    /// What the Polres operator says
    #[arg(long, value_name = "WAV")]
    polres_voice: Option<PathBuf>,
    /// Folder with the plugins' components
    #[arg(long, value_name = "DIR", env = "SIAGA_PLUGINS", global = true)]
    plugins: Option<PathBuf>,
}

#[derive(Clone, Subcommand)]
enum Command {
    /// Measures CPU and delay of calls beside the promises; no number fails anything
    Bench {
        /// How long is talked in each part, seconds (5 to 600)
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..=600))]
        seconds: u64,
    },
    /// Many calls at once, faults at random, and an observer who looks for a dropped caller
    Soak {
        /// For how long callers come, minutes
        #[arg(long, default_value_t = 2.0, value_parser = minutes)]
        minutes: f64,
        /// From which everything is drawn; the same seed brings the same night
        #[arg(long, default_value_t = 110)]
        seed: u64,
        /// How many callers at most at once (1 to 100)
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=100))]
        callers: u64,
        /// Folder for soak.json, soak.log, the database and the recordings
        #[arg(long, default_value = "target/soak")]
        dir: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum HandoverArgument {
    Together,
    Music,
}

fn percent(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (0.0..=50.0).contains(&value) { Ok(value) } else { Err("must be 0 to 50".to_owned()) }
}

fn minutes(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (0.1..=10_000.0).contains(&value) {
        Ok(value)
    } else {
        Err("must be 0.1 to 10000".to_owned())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log(match arguments.command {
        // Between the lines of a table nobody reads warnings.
        Some(Command::Bench { .. } | Command::Soak { .. }) => LevelFilter::ERROR,
        None => LevelFilter::WARN,
    });
    let (done, what) = match arguments.command.clone() {
        Some(Command::Bench { seconds }) => (measure(&arguments, seconds), "the measurement"),
        Some(Command::Soak { minutes, seed, callers, dir }) => {
            let plugins = arguments.plugins();
            let callers = usize::try_from(callers).unwrap_or(usize::MAX);
            let options =
                plugins.map(|plugins| SoakOptions { minutes, seed, callers, dir, plugins });
            (options.and_then(|options| soak_for(&options)), "the soak")
        }
        None => (play(&arguments), "the scenario"),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{what} could not be played: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn plugins(&self) -> anyhow::Result<PathBuf> {
        self.plugins.clone().context("where the plugins are: --plugins DIR, or SIAGA_PLUGINS")
    }
}

#[tokio::main]
async fn measure(arguments: &Arguments, seconds: u64) -> anyhow::Result<bool> {
    let options =
        BenchOptions { plugins: arguments.plugins()?, talk: Duration::from_secs(seconds) };
    bench(&options, |measurement| println!("{measurement}")).await?;
    Ok(true)
}

#[tokio::main]
async fn soak_for(options: &SoakOptions) -> anyhow::Result<bool> {
    println!("seed {}, {} min, log in {}", options.seed, options.minutes, options.dir.display());
    let report = soak(options).await?;
    println!("{}", serde_json::to_string_pretty(&report).context("printing the report")?);
    let verdict = if report.ok { "ok" } else { "NOT OK" };
    println!("soak: {verdict}, {} violations", report.violations.len());
    Ok(report.ok)
}

#[tokio::main]
async fn play(arguments: &Arguments) -> anyhow::Result<bool> {
    let report = arguments.report.clone().context("--report")?;
    let journey = run(&RunOptions {
        scenario: arguments.scenario.context("--scenario")?,
        report: report.clone(),
        plugins: arguments.plugins()?,
        handover: Some(match arguments.handover {
            HandoverArgument::Together => HandoverChoice::Together,
            HandoverArgument::Music => HandoverChoice::Music,
        }),
        loss_percent: arguments.loss,
        jitter_ms: arguments.jitter,
        voices: [
            ("caller", &arguments.caller_voice),
            ("polda", &arguments.polda_voice),
            ("polda2", &arguments.second_polda_voice),
            ("polres", &arguments.polres_voice),
        ]
        .into_iter()
        .filter_map(|(who, voice)| Some((who.to_owned(), voice.clone()?)))
        .collect(),
    })
    .await?;
    for step in &journey.steps {
        println!("{:>7} ms  {:>2}  {:<9} {}", step.at_ms, step.step, step.by, step.event);
    }
    for fault in &journey.faults {
        println!("{:>7} ms  fault: {}", fault.at_ms, fault.what);
    }
    for (fact, holds) in &journey.facts {
        println!("{fact}: {holds}");
    }
    println!("{}", serde_json::to_string(&journey.timings_ms).context("printing the timings")?);
    for problem in &journey.problems {
        println!("problem: {problem}");
    }
    for late in &journey.late {
        println!("late: {late}");
    }
    let verdict = if journey.ok { "ok" } else { "NOT OK" };
    println!("{}: {verdict} ({})", journey.scenario, report.display());
    Ok(journey.ok)
}

/// Logs to stderr as `RUST_LOG` says, but never what would show numbers or secrets.
fn start_log(unless_told: LevelFilter) {
    let mut filter =
        EnvFilter::builder().with_default_directive(unless_told.into()).from_env_lossy();
    for target in siaga_sip::NOISY_LOG_TARGETS {
        let directive = format!("{target}=off").parse().expect("a target is a directive");
        filter = filter.add_directive(directive);
    }
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
