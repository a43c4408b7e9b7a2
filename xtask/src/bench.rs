//! `cargo xtask bench`: the measurements. They print numbers beside a peer's or a native twin's; no
//! number fails anything, because another machine has other numbers.

use std::process::Command;

use crate::cargo::cargo_workspace;
use crate::machine::Machine;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, execute};

/// The program that plays calls.
const TRAINING: &str = "siaga-training";

/// Runs the command: all measurements, or those of the plugins.
///
/// # Errors
/// When something does not compile or a measurement breaks off; when another part is named.
pub(crate) fn bench(
    machine: &Machine,
    stages: &mut Stages,
    arguments: &[String],
) -> Result<(), String> {
    let plugins_only = match arguments {
        [] => false,
        [part] if part == "plugins" => true,
        _ => return Err(format!("bench {}: only `plugins` can be named", arguments.join(" "))),
    };
    stages.need("system packages", || packages::ensure(machine, Purpose::Headless))?;
    stages.need("plugins", || plugins::build(machine))?;
    stages.check("plugin call, fresh instance and native twin", || criterion(machine, "calls"));
    if plugins_only {
        return Ok(());
    }
    stages.check("voice", || criterion(machine, "media"));
    stages.check("search over 100,000 cases", || criterion(machine, "search"));
    stages.check("a call: CPU, one-way delay", || {
        execute(cargo_workspace(machine, "build").args(["--release", "--bin", TRAINING]))?;
        let program = machine.target_dir().join("release").join(TRAINING);
        execute(
            Command::new(program.with_extension(std::env::consts::EXE_EXTENSION))
                .arg("bench")
                .env("SIAGA_PLUGINS", machine.plugins_dir()),
        )
    });
    Ok(())
}

/// Runs the benchmark program `name`. Only that: `--benches` would link every library once more.
fn criterion(machine: &Machine, name: &str) -> Result<(), String> {
    execute(
        cargo_workspace(machine, "bench")
            .args(["--bench", name])
            .env("SIAGA_PLUGINS", machine.plugins_dir()),
    )
}
