//! `cargo xtask bench`: the measurements. They print numbers beside a peer's or a native twin's; no
//! number fails anything, because another machine has other numbers.

use std::path::PathBuf;
use std::process::Command;

use crate::asterisk;
use crate::cargo::cargo_workspace;
use crate::machine::Machine;
use crate::node;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, execute};
use crate::tools;

/// The program that plays calls.
const TRAINING: &str = "siaga-training";

/// The window's program.
const DESKTOP: &str = "siaga-desktop";

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Plugins, voices, searches, one call.
    Everything,
    /// Plugins alone.
    Plugins,
    /// How many calls each switch carries.
    Calls,
}

/// Runs the command: all measurements but those of many calls, those of the plugins, or those of many
/// calls, which take minutes and a machine that has nothing else to do.
///
/// # Errors
/// When something does not compile or a measurement breaks off; when another part is named.
pub(crate) fn bench(
    machine: &Machine,
    stages: &mut Stages,
    arguments: &[String],
) -> Result<(), String> {
    let part = match arguments {
        [] => Part::Everything,
        [part] if part == "plugins" => Part::Plugins,
        [part] if part == "calls" => Part::Calls,
        [part] if part == "client" => return client(machine, stages),
        _ => {
            let named = arguments.join(" ");
            return Err(format!("bench {named}: only `plugins`, `calls` or `client` can be named"));
        }
    };
    let purpose = if part == Part::Calls { Purpose::Tests } else { Purpose::Headless };
    stages.need("system packages", || packages::ensure(machine, purpose))?;
    stages.need("plugins", || plugins::build(machine))?;
    if part == Part::Calls {
        let root = match asterisk::chroot(machine) {
            Ok(root) => root.into_os_string(),
            Err(why) => {
                println!("skipped: Asterisk: {why}");
                std::ffi::OsString::new()
            }
        };
        stages.check("calls at once, embedded and Asterisk", || {
            execute(training(machine)?.args(["bench", "--calls"]).env(asterisk::ROOT, root))
        });
        return Ok(());
    }
    stages.check("plugin call, fresh instance and native twin", || criterion(machine, "calls"));
    if part == Part::Plugins {
        return Ok(());
    }
    stages.check("voice", || criterion(machine, "media"));
    stages.check("search over 100,000 cases", || criterion(machine, "search"));
    stages.check("a call: CPU, one-way delay", || execute(training(machine)?.arg("bench")));
    Ok(())
}

/// The program that plays calls, optimised.
fn training(machine: &Machine) -> Result<Command, String> {
    let mut command = Command::new(released(machine, TRAINING)?);
    command.env("SIAGA_PLUGINS", machine.plugins_dir());
    Ok(command)
}

/// The window beside Chromium with JsSIP, in one call with each other.
fn client(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    stages.need("system packages", || packages::ensure(machine, Purpose::Tests))?;
    stages.need("npm packages", || node::install(machine))?;
    stages.need("UI build", || node::build(machine))?;
    stages.need("plugins", || plugins::build(machine))?;
    let driver = stages.need("tauri-driver", || tools::tauri_driver(machine))?;
    let desktop = stages.need("release build", || released(machine, DESKTOP))?;
    // Only what is measured is a release build. A bench of that profile would link all of it again.
    stages.check("the window beside Chromium", || {
        execute(
            cargo_workspace(machine, "bench")
                .args(["--profile", "dev", "--bench", "client"])
                .env("SIAGA_DESKTOP", desktop)
                .env("SIAGA_PLUGINS", machine.plugins_dir())
                .env("SIAGA_TAURI_DRIVER", driver),
        )
    });
    Ok(())
}

/// Builds the program `name` as a release has it; gives where it is.
fn released(machine: &Machine, name: &str) -> Result<PathBuf, String> {
    execute(cargo_workspace(machine, "build").args(["--release", "--bin", name]))?;
    let program = machine.target_dir().join("release").join(name);
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}

/// Runs the benchmark program `name`. Only that: `--benches` would link every library once more.
fn criterion(machine: &Machine, name: &str) -> Result<(), String> {
    execute(
        cargo_workspace(machine, "bench")
            .args(["--bench", name])
            .env("SIAGA_PLUGINS", machine.plugins_dir()),
    )
}
