//! `siaga-training`: plays a scenario without a window and writes its journey.

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use siaga_hub_api::HandoverChoice;
use siaga_media::{Codec, Waveform};
use siaga_model::{Redacted, SeatId};
use siaga_training::{
    BenchOptions, DeskProgram, HubProgram, NotAllowed, PASSWORD_VARIABLE, PbxAddress, RunOptions,
    Scenario, SoakOptions, SwitchKind, SwitchProgram, TrunkProgram, bench, bench_calls,
    desk_program, hub_program, run, soak, switch_program,
};
use std::net::{IpAddr, SocketAddr};
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
    /// The switch; `asterisk` is a real one (`cargo xtask asterisk up` builds it), with telephones on its trunk
    #[arg(long, value_enum, default_value_t = SwitchArgument::Embedded)]
    switch: SwitchArgument,
    /// The telephone of callers on Asterisk's trunk; sipp speaks G.711 only, and does not hang up
    #[arg(long, value_enum, default_value_t = TelephoneArgument::Baresip)]
    telephone: TelephoneArgument,
    /// What they speak; as a rule baresip Opus, and sipp PCMA
    #[arg(long, value_enum)]
    codec: Option<CodecArgument>,
    /// Folder for journey.json, what was heard, and the recording
    #[arg(long, required = true)]
    report: Option<PathBuf>,
    /// What is heard during a transfer
    #[arg(long, value_enum, default_value_t = HandoverArgument::Together)]
    handover: HandoverArgument,
    /// Packets lost on the callers' network, percent (0 to 50)
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    loss: f64,
    /// Jitter of the callers' network, plus or minus milliseconds (0 to 500)
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=500))]
    jitter: u32,
    /// The operators' desks have that network as well
    #[arg(long)]
    bad_desks: bool,
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

/// The exit status of what this machine does not let us play.
const SKIPPED: u8 = 77;

#[derive(Clone, Subcommand)]
enum Command {
    /// Measures CPU and delay of calls beside the promises; no number fails anything
    Bench {
        /// How long is talked in each part, seconds (5 to 600)
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..=600))]
        seconds: u64,
        /// Only how many calls each switch carries, and what a call costs
        #[arg(long)]
        calls: bool,
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
    /// Is a desk for another process: intents come in and states go out, JSON in lines
    Desk(DeskArguments),
    /// Is hub and switch for another process, until its input ends; says where they are
    Hub(HubArguments),
    /// Is a switch that serves itself for another process, until its input ends; says what it recorded
    Switch(SwitchArguments),
}

#[derive(Clone, Args)]
struct DeskArguments {
    /// The hub's address
    #[arg(long)]
    hub: String,
    /// The seat
    #[arg(long)]
    seat: SeatId,
    /// The operator's name at the hub; the password is in the environment
    #[arg(long)]
    operator: String,
    /// Folder of the desk's own files
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What the operator says
    #[arg(long, value_name = "WAV")]
    voice: Option<PathBuf>,
    /// What the operator hums
    #[arg(long, value_name = "HZ")]
    pilot: Option<f32>,
    /// Where what is heard is written, 48 kHz mono without a header
    #[arg(long, value_name = "FILE")]
    heard: PathBuf,
    /// Media over the network instead of loopback
    #[arg(long)]
    network: bool,
}

#[derive(Clone, Args)]
struct HubArguments {
    /// Folder for the database and the recordings
    #[arg(long)]
    dir: PathBuf,
    /// Where the hub listens
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the switch listens for SIP
    #[arg(long, default_value = "127.0.0.1:0")]
    sip_listen: SocketAddr,
    #[command(flatten)]
    pbx: PbxArguments,
}

#[derive(Clone, Args)]
struct SwitchArguments {
    /// Folder for the recordings
    #[arg(long)]
    dir: PathBuf,
    /// How many seats there are; their secret is in the environment
    #[arg(long)]
    seats: u16,
    #[command(flatten)]
    pbx: PbxArguments,
}

/// A PBX that is the switch, instead of one of our own.
#[derive(Clone, Args)]
struct PbxArguments {
    /// The address of the PBX that is the switch, instead of one of our own
    #[arg(long, requires = "pbx_trunk", requires = "pbx_folder")]
    pbx: Option<IpAddr>,
    /// Where that PBX expects its trunk
    #[arg(long)]
    pbx_trunk: Option<IpAddr>,
    /// That PBX's folder
    #[arg(long, value_name = "DIR")]
    pbx_folder: Option<PathBuf>,
}

impl PbxArguments {
    fn address(self) -> Option<PbxAddress> {
        let Self { pbx, pbx_trunk, pbx_folder } = self;
        let ((address, trunk), folder) = pbx.zip(pbx_trunk).zip(pbx_folder)?;
        Some(PbxAddress { address, trunk, folder })
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum SwitchArgument {
    Embedded,
    Asterisk,
}

#[derive(Clone, Copy, ValueEnum)]
enum TelephoneArgument {
    Baresip,
    Sipp,
}

#[derive(Clone, Copy, ValueEnum)]
enum CodecArgument {
    Opus,
    G722,
    Pcma,
    Pcmu,
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

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log(match arguments.command {
        // Between the lines of a table nobody reads warnings.
        Some(Command::Bench { .. } | Command::Soak { .. } | Command::Switch(_)) => {
            LevelFilter::ERROR
        }
        Some(Command::Desk(_) | Command::Hub(_)) | None => LevelFilter::WARN,
    });
    match arguments.done().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match (error.downcast_ref::<NotAllowed>(), arguments.scenario) {
            (Some(why), Some(scenario)) => {
                eprintln!("skipped: {}: {why}", scenario.name());
                ExitCode::from(SKIPPED)
            }
            (Some(_) | None, _) => {
                eprintln!("{} broke off: {error:#}", arguments.what());
                ExitCode::FAILURE
            }
        },
    }
}

impl Arguments {
    fn what(&self) -> &'static str {
        match self.command {
            Some(Command::Bench { .. }) => "the measurement",
            Some(Command::Desk(_)) => "the desk",
            Some(Command::Hub(_)) => "the hub",
            Some(Command::Switch(_)) => "the switch",
            Some(Command::Soak { .. }) => "the soak",
            None => "the scenario",
        }
    }

    async fn done(&self) -> anyhow::Result<bool> {
        match self.command.clone() {
            Some(Command::Bench { seconds, calls }) => measure(self, seconds, calls).await,
            Some(Command::Desk(desk)) => be_a_desk(desk).await,
            Some(Command::Hub(hub)) => be_a_hub(hub, self.plugins()?).await,
            Some(Command::Switch(switch)) => be_a_switch(switch).await,
            Some(Command::Soak { minutes, seed, callers, dir }) => {
                let (plugins, callers) = (self.plugins()?, usize::try_from(callers)?);
                let program = Some(std::env::current_exe().context("this program's own place")?);
                soak_for(&SoakOptions { minutes, seed, callers, dir, plugins, program }).await
            }
            None => play(self).await,
        }
    }

    fn plugins(&self) -> anyhow::Result<PathBuf> {
        self.plugins.clone().context("where the plugins are: --plugins DIR, or SIAGA_PLUGINS")
    }
}

async fn measure(arguments: &Arguments, seconds: u64, calls: bool) -> anyhow::Result<bool> {
    let options = BenchOptions::new(arguments.plugins()?, Duration::from_secs(seconds));
    if calls {
        bench_calls(&options, |line| println!("{line}")).await?;
        return Ok(true);
    }
    bench(&options, |measurement| println!("{measurement}")).await?;
    Ok(true)
}

async fn soak_for(options: &SoakOptions) -> anyhow::Result<bool> {
    println!("seed {}, {} min, log in {}", options.seed, options.minutes, options.dir.display());
    let report = soak(options).await?;
    println!("{}", serde_json::to_string_pretty(&report).context("printing the report")?);
    let verdict = if report.ok { "ok" } else { "NOT OK" };
    println!("soak: {verdict}, {} violations", report.violations.len());
    Ok(report.ok)
}

fn password() -> anyhow::Result<Redacted<String>> {
    let password = std::env::var(PASSWORD_VARIABLE);
    Ok(Redacted::new(password.with_context(|| format!("the password, in {PASSWORD_VARIABLE}"))?))
}

async fn be_a_desk(desk: DeskArguments) -> anyhow::Result<bool> {
    desk_program(DeskProgram {
        hub: desk.hub,
        seat: desk.seat,
        operator: desk.operator,
        password: password()?,
        data: desk.data,
        voice: desk.voice,
        pilot: desk.pilot,
        heard: desk.heard,
        network: desk.network,
    })
    .await?;
    Ok(true)
}

async fn be_a_hub(hub: HubArguments, plugins: PathBuf) -> anyhow::Result<bool> {
    let HubArguments { dir, listen, sip_listen, pbx } = hub;
    let (pbx, password) = (pbx.address(), password()?);
    hub_program(HubProgram { dir, plugins, listen, sip_listen, pbx, password }).await?;
    Ok(true)
}

async fn be_a_switch(switch: SwitchArguments) -> anyhow::Result<bool> {
    let SwitchArguments { dir, seats, pbx } = switch;
    switch_program(SwitchProgram { dir, seats, secret: password()?, pbx: pbx.address() }).await?;
    Ok(true)
}

async fn play(arguments: &Arguments) -> anyhow::Result<bool> {
    let report = arguments.report.clone().context("--report")?;
    let journey = run(&RunOptions {
        scenario: arguments.scenario.context("--scenario")?,
        switch: match arguments.switch {
            SwitchArgument::Embedded => SwitchKind::Embedded,
            SwitchArgument::Asterisk => SwitchKind::Asterisk,
        },
        telephone: match arguments.telephone {
            TelephoneArgument::Baresip => TrunkProgram::Baresip,
            TelephoneArgument::Sipp => TrunkProgram::Sipp,
        },
        codec: arguments.codec.map(|codec| match codec {
            CodecArgument::Opus => Codec::Opus,
            CodecArgument::G722 => Codec::Waveform(Waveform::G722),
            CodecArgument::Pcma => Codec::Waveform(Waveform::Pcma),
            CodecArgument::Pcmu => Codec::Waveform(Waveform::Pcmu),
        }),
        report: report.clone(),
        plugins: arguments.plugins()?,
        program: std::env::current_exe().context("this program's own place")?,
        handover: Some(match arguments.handover {
            HandoverArgument::Together => HandoverChoice::Together,
            HandoverArgument::Music => HandoverChoice::Music,
        }),
        loss_percent: arguments.loss,
        jitter_ms: arguments.jitter,
        bad_desks: arguments.bad_desks,
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
