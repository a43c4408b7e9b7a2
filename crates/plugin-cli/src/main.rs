//! `siaga-plugin`: for the IT of a Polda, to know before a release what a plugin would do, and whether
//! the tables of places are sound.
//!
//! A program of its own and no part of the plugin host, because a desk and a hub carry the host and
//! have no use for reading files of cases.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![forbid(unsafe_code)]

mod cases;
mod gazetteer;
mod replay;
mod report;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use siaga_plugin_host::{Advisor, Limits, Plugin, PluginHost};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Tries plugins and tables of places out, outside of any call.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Gives cases to the plugins, each with the earlier ones as its history
    Replay(Replay),
    /// Tables of places: checks them, and looks places up
    #[command(subcommand)]
    Gazetteer(gazetteer::Command),
}

#[derive(Args)]
struct Replay {
    /// The cases, one JSON object a line
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
    /// The component that judges [default: validitas-dasar as `cargo xtask plugins` built it]
    #[arg(long, value_name = "WASM")]
    validity: Option<PathBuf>,
    /// The component that routes [default: rute-metro-jaya as `cargo xtask plugins` built it]
    #[arg(long, value_name = "WASM")]
    routing: Option<PathBuf>,
    /// The places that the plugins ask, as `gazetteer check` writes them [default: those of Polda Metro
    /// Jaya]
    #[arg(long, value_name = "FILE")]
    gazetteer: Option<PathBuf>,
    /// The plugins see the words only: neither resolved places nor chosen kinds
    #[arg(long)]
    from_words: bool,
    /// Everything, for a program
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Replay(arguments) => replay(&arguments),
        Command::Gazetteer(command) => gazetteer::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("siaga-plugin: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn replay(arguments: &Replay) -> anyhow::Result<()> {
    let name = arguments.cases.display();
    let text = std::fs::read_to_string(&arguments.cases)
        .with_context(|| format!("the cases in {name} cannot be read"))?;
    let cases = cases::read(&text).with_context(|| format!("the cases in {name}"))?;
    let places = gazetteer::open(arguments.gazetteer.as_deref())?;
    let host = PluginHost::with_gazetteer(Limits::default(), Arc::new(places))?;
    let validity = load(&host, arguments.validity.as_deref(), "validitas-dasar")?;
    if !validity.judges() {
        bail!("{} does not judge; give it as --routing", validity.name());
    }
    let routing = load(&host, arguments.routing.as_deref(), "rute-metro-jaya")?;
    if !routing.routes() {
        bail!("{} does not route; give it as --validity", routing.name());
    }
    let advisor = Advisor { validity: Some(validity), routing: Some(routing) };
    let answers = replay::replay(&advisor, &cases, arguments.from_words);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report::json(&answers))?;
        writeln!(out)?;
    } else {
        write!(out, "{}", report::table(&cases, &answers))?;
    }
    Ok(())
}

fn load(host: &PluginHost, given: Option<&Path>, shipped: &str) -> anyhow::Result<Plugin> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => built()?.join(format!("{shipped}.wasm")),
    };
    if given.is_none() && !path.is_file() {
        bail!("{} is missing: `cargo xtask plugins` builds it", path.display());
    }
    host.load(&path).with_context(|| format!("the component {} is of no use", path.display()))
}

/// The folder that `cargo xtask plugins` fills: `plugins` in the target folder that this program
/// was built to.
fn built() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("SIAGA_PLUGINS") {
        return Ok(folder.into());
    }
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let target = program.ancestors().nth(2).context("this program is in no target folder")?;
    Ok(target.join("plugins"))
}
