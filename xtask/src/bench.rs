//! `cargo xtask bench`: the measurements. They print numbers beside a peer's or a native twin's; no
//! number fails anything, because another machine has other numbers.

use std::process::Command;

use crate::asterisk;
use crate::cargo::cargo_workspace;
use crate::machine::Machine;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, execute};

/// The program that plays calls.
const TRAINING: &str = "siaga-training";

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
        _ => {
            let named = arguments.join(" ");
            return Err(format!("bench {named}: only `plugins` or `calls` can be named"));
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
    execute(cargo_workspace(machine, "build").args(["--release", "--bin", TRAINING]))?;
    let program = machine.target_dir().join("release").join(TRAINING);
    let mut command = Command::new(program.with_extension(std::env::consts::EXE_EXTENSION));
    command.env("SIAGA_PLUGINS", machine.plugins_dir());
    Ok(command)
}

/// Runs the benchmark program `name`. Only that: `--benches` would link every library once more.
fn criterion(machine: &Machine, name: &str) -> Result<(), String> {
    execute(
        cargo_workspace(machine, "bench")
            .args(["--bench", name])
            .env("SIAGA_PLUGINS", machine.plugins_dir()),
    )
}
