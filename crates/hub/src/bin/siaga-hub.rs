//! `siaga-hub`: a hub on its own, the administration of its operators, and the guard beside the PBX.

#![forbid(unsafe_code)]

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use siaga_call_flow::FlowConfig;
use siaga_hub::{
    ConfigureAsterisk, DialPlan, Hub, HubConfig, recover_recordings, seats_from_csv, units_from_csv,
};
use siaga_hub_api::{ALIVE_PATH, OutsideTarget};
use siaga_hub_store::{Operator, OperatorName, PasswordHash, SqliteStore, Store};
use siaga_model::{Redacted, Role, SeatId};
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch};
use siaga_switch::{Clock, Switch};
use siaga_switch_asterisk::ari::{AriAccess, AriClient};
use siaga_switch_asterisk::guard::{Guard, GuardConfig};
use siaga_switch_asterisk::{AsteriskConfig, AsteriskSwitch, names};
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The hub of a Polda: calls, cases, seats.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Option<Serve>,
    // Not inside `Serve`: clap takes a group that flattens another one for absent.
    #[command(flatten)]
    asterisk: AsteriskArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Operators who may log in.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Writes or checks the configuration of an Asterisk from a plan.
    AsteriskConfig(ConfigureAsterisk),
    /// Checks a dial plan, and says whom each role may call.
    DialPlan(CheckDialPlan),
    /// Stands beside the PBX: sends callers whom no hub steers to the PBX's own queue.
    Guard(GuardArgs),
}

#[derive(Args)]
struct GuardArgs {
    /// The hub itself, not a proxy before it, e.g. http://127.0.0.1:8110.
    #[arg(long)]
    hub: url::Url,
    /// ARI of the PBX, e.g. http://127.0.0.1:8088/ari.
    #[arg(long)]
    ari: url::Url,
    /// The user of ARI.
    #[arg(long, default_value = "siaga")]
    ari_user: String,
    /// A file whose first line is that user's password, readable by this service only.
    #[arg(long)]
    ari_password_file: PathBuf,
}

#[derive(Args)]
struct CheckDialPlan {
    /// The plan, as --dial-plan takes it.
    file: PathBuf,
    /// Also say whether this number may be called, and by whom.
    #[arg(long)]
    number: Option<String>,
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Adds an operator or replaces the one of that name; the password is read from stdin.
    Add(AddOperator),
}

#[derive(Args)]
struct AddOperator {
    /// The name for logging in (NRP).
    name: String,
    /// The name as shown.
    #[arg(long)]
    display: String,
    /// Seats that may be used, separated by commas; without it: all.
    #[arg(long, value_delimiter = ',')]
    seats: Vec<SeatId>,
    /// Sees every seat and call of the unit and of those below it.
    #[arg(long)]
    supervisor: bool,
    /// The database file.
    #[arg(long)]
    db: PathBuf,
}

#[derive(Args)]
struct Serve {
    /// Where to listen; plain HTTP, a TLS terminator stands before it.
    #[arg(long, default_value = "127.0.0.1:8110")]
    listen: SocketAddr,
    /// The database file; made if missing.
    #[arg(long)]
    db: PathBuf,
    /// The folder of the recordings; made if missing.
    #[arg(long)]
    recordings: PathBuf,
    /// Units as CSV: id,name,code,level,parent.
    #[arg(long)]
    units: PathBuf,
    /// Seats as CSV: id,unit,label.
    #[arg(long)]
    seats: PathBuf,
    /// The life of a call.
    #[arg(long, value_enum, default_value_t = Preset::PoldaFirst)]
    preset: Preset,
    /// The telephone switch.
    #[arg(long, value_enum, default_value_t = SwitchKind::Embedded)]
    switch: SwitchKind,
    /// Where the embedded switch listens for SIP over WebSocket; on loopback its media stay there too.
    #[arg(long, default_value = "127.0.0.1:8111")]
    sip_listen: SocketAddr,
    /// The Polda's code in case numbers.
    #[arg(long, default_value = "PMJ")]
    polda_code: String,
    /// Local time in minutes east of UTC: 420 (WIB), 480 (WITA), 540 (WIT).
    #[arg(long, default_value_t = 420)]
    utc_offset: i32,
    /// A plugin that desks are to run, as NAME=FILE; may be repeated.
    #[arg(long = "plugin", value_parser = named_file)]
    plugins: Vec<(String, PathBuf)>,
    /// Whom operators may call outside, as TOML [default: nobody].
    #[arg(long, value_name = "FILE")]
    dial_plan: Option<PathBuf>,
    /// The places of this Polda, as `siaga-plugin gazetteer check` writes them [default: those of
    /// Polda Metro Jaya].
    #[arg(long, value_name = "FILE")]
    gazetteer: Option<PathBuf>,
}

/// With `--switch asterisk`: how Asterisk is reached.
#[derive(Args)]
struct AsteriskArgs {
    /// Its REST interface.
    #[arg(long, default_value = "http://127.0.0.1:8088/ari")]
    ari_url: url::Url,
    /// The user of ari.conf.
    #[arg(long, default_value = "siaga")]
    ari_user: String,
    /// A file whose first line is that user's password, readable by this service only.
    #[arg(long)]
    ari_password_file: Option<PathBuf>,
    /// Where desks register, ws:// or wss://.
    #[arg(long, default_value = "ws://127.0.0.1:8088/ws")]
    sip_url: String,
    /// The domain of desks' addresses, as in the plan of the PBX.
    #[arg(long, default_value = "siaga.invalid")]
    sip_domain: String,
    /// The endpoint through which citizens are called back.
    #[arg(long, default_value = "trunk")]
    trunk: String,
    /// Where Asterisk connects to when a leg is listened to; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    ears: SocketAddr,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// Polda answers first.
    PoldaFirst,
    /// Polsek, Polres, Polda, Mabes, 10 s each.
    #[value(name = "levels-2026")]
    Levels2026,
}

#[derive(Clone, Copy, ValueEnum)]
enum SwitchKind {
    /// In this process; takes no trunk.
    Embedded,
    /// Asterisk, through ARI; its calls outlive the hub.
    Asterisk,
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        Some(_) | None => Err("expected NAME=FILE".to_owned()),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    match (cli.command, cli.serve) {
        (Some(Command::Operator(OperatorCommand::Add(add))), _) => add_operator(add).await,
        (Some(Command::AsteriskConfig(config)), _) => config.run(),
        (Some(Command::DialPlan(check)), _) => check_dial_plan(&check),
        (Some(Command::Guard(args)), _) => guard(args).await,
        (None, Some(serve)) => run(serve, cli.asterisk).await,
        (None, None) => bail!("--db, --recordings, --units and --seats are needed; see --help"),
    }
}

fn dial_plan(file: &std::path::Path) -> anyhow::Result<DialPlan> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    DialPlan::from_toml(&text).with_context(|| format!("in {}", file.display()))
}

fn check_dial_plan(check: &CheckDialPlan) -> anyhow::Result<()> {
    let plan = dial_plan(&check.file)?;
    for (role, name) in [(Role::Operator, "operator"), (Role::Supervisor, "supervisor")] {
        let book = plan.book(role);
        println!("{name}:");
        for service in book.services {
            println!("  {} ({})", service.name, service.number);
        }
        println!("  numbers: {}", book.patterns.join(", "));
        if let Some(number) = &check.number {
            let to = OutsideTarget::Number { number: number.clone().into() };
            let may = if plan.party(role, &to).is_some() { "may" } else { "may not" };
            println!("  {may} call {number}");
        }
    }
    Ok(())
}

async fn add_operator(add: AddOperator) -> anyhow::Result<()> {
    let name = OperatorName::new(&add.name)
        .context("a name has 1 to 64 printable characters without spaces")?;
    let mut password = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut password).context("reading the password")?;
    let password = Redacted::new(password.trim_end_matches(['\r', '\n']).to_owned());
    let password = PasswordHash::of(password).await?;
    let store = SqliteStore::open(&add.db).await.context("opening the database")?;
    let role = if add.supervisor { Role::Supervisor } else { Role::Operator };
    let operator = Operator { name, display: add.display, seats: add.seats, role, password };
    store.put_operator(&operator).await.context("storing the operator")?;
    store.close().await;
    println!("{}", operator.name);
    Ok(())
}

async fn guard(args: GuardArgs) -> anyhow::Result<()> {
    let file = &args.ari_password_file;
    let password = std::fs::read_to_string(file)
        .with_context(|| format!("reading {}", file.display()))?
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let access = AriAccess {
        url: args.ari,
        user: args.ari_user,
        password: password.into(),
        app: names::APP.to_owned(),
    };
    let ari = AriClient::new(access).context("in --ari")?;
    let alive = args.hub.join(ALIVE_PATH).context("in --hub")?;
    let guard = Guard::new(GuardConfig { alive }, ari, Clock::start())?;
    tokio::select! {
        () = guard.run() => {}
        () = asked_to_stop() => {}
    }
    Ok(())
}

async fn run(serve: Serve, pbx: AsteriskArgs) -> anyhow::Result<()> {
    let clock = Clock::start();
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
    };
    let units = units_from_csv(&read(&serve.units)?)
        .with_context(|| format!("in {}", serve.units.display()))?;
    let seats = seats_from_csv(&read(&serve.seats)?)
        .with_context(|| format!("in {}", serve.seats.display()))?;
    let dial = serve.dial_plan.as_deref().map(dial_plan).transpose()?.unwrap_or_default();
    let store = Arc::new(SqliteStore::open(&serve.db).await.context("opening the database")?);
    // Before anything is recorded there. Nobody who dials has to wait for an old recording's sake.
    if let Err(error) = recover_recordings(&*store, &serve.recordings, clock.now()).await {
        tracing::error!(%error, "what was recorded last is not in the store");
    }
    let kind = serve.switch;
    let (switch, events) = match kind {
        SwitchKind::Embedded => {
            let config = EmbeddedConfig::listening(serve.sip_listen, serve.recordings);
            let (switch, events) =
                EmbeddedSwitch::start(config, clock).await.context("starting the switch")?;
            (switch as Arc<dyn Switch>, events)
        }
        SwitchKind::Asterisk => {
            let config = asterisk(pbx, serve.recordings)?;
            let (switch, events) =
                AsteriskSwitch::start(config, clock).await.context("starting the switch")?;
            (switch as Arc<dyn Switch>, events)
        }
    };
    let config = HubConfig {
        units,
        seats,
        flow: match serve.preset {
            Preset::PoldaFirst => FlowConfig::polda_first(),
            Preset::Levels2026 => FlowConfig::levels_2026(),
        },
        listen: serve.listen,
        polda_code: serve.polda_code,
        utc_offset_min: serve.utc_offset,
        plugins: serve.plugins,
        gazetteer: serve.gazetteer,
        dial,
        clock,
    };
    let hub = Hub::start(config, switch.clone(), events, store.clone()).await?;
    println!("{}", hub.url());
    asked_to_stop().await;
    tracing::info!("stopping");
    match kind {
        // The switch first: its last recordings are then in the store.
        SwitchKind::Embedded => {
            switch.shut_down().await;
            hub.shut_down().await;
        }
        // Its calls live on: the hub must not see it end and take them for lost.
        SwitchKind::Asterisk => {
            hub.shut_down().await;
            switch.shut_down().await;
        }
    }
    store.close().await;
    Ok(())
}

fn asterisk(args: AsteriskArgs, recordings: PathBuf) -> anyhow::Result<AsteriskConfig> {
    let file = args.ari_password_file.context("--switch asterisk needs --ari-password-file")?;
    let secret =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let password = secret.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        bail!("{} begins with an empty line instead of a password", file.display());
    }
    Ok(AsteriskConfig {
        ari_url: args.ari_url,
        user: args.ari_user,
        password: Redacted::new(password),
        app: names::APP.to_owned(),
        ws_url: args.sip_url,
        domain: args.sip_domain,
        trunk: args.trunk,
        recordings,
        ears: args.ears,
    })
}

/// Ctrl-C, or what a service manager sends.
async fn asked_to_stop() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "interrupts cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupted => {}
                _ = terminate.recv() => {}
            },
            Err(_) => interrupted.await,
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}
