//! `cargo xtask bench`: the measurements. They print numbers beside a peer's or a native twin's; no
//! number fails anything, because another machine has other numbers.

use crate::cargo::cargo;
use crate::machine::Machine;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, execute};

/// Runs the command.
///
/// # Errors
/// When something does not compile or a measurement breaks off.
pub(crate) fn bench(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    stages.need("system packages", || packages::ensure(machine, Purpose::Headless))?;
    stages.need("plugins", || plugins::build(machine))?;
    stages
        .check("plugin call, fresh instance and native twin", || criterion(machine, "plugin-host"));
    stages.check("voice", || criterion(machine, "media"));
    stages.check("a call: CPU, one-way delay", || {
        execute(
            cargo(machine)
                .args(["run", "--release", "-p", "siaga-training", "--bin", "siaga-training"])
                .args(["--", "bench"])
                .env("SIAGA_PLUGINS", machine.plugins_dir()),
        )
    });
    Ok(())
}

fn criterion(machine: &Machine, name: &str) -> Result<(), String> {
    execute(
        cargo(machine)
            .args(["bench", "-p", &format!("siaga-{name}"), "--benches"])
            .env("SIAGA_PLUGINS", machine.plugins_dir()),
    )
}
