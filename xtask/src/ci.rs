//! `cargo xtask ci`: everything that must hold before a change is taken. `.ci/run` calls it, and
//! it does the same on a developer's machine.

use std::fs;
use std::path::Path;

use crate::cargo::{cargo, cargo_workspace};
use crate::machine::Machine;
use crate::node;
use crate::stages::{Stages, execute};
use crate::tally::Tally;
use crate::test;
use crate::tidy;
use crate::tools;

/// The skips that are accepted where everything can be installed, each with its reason.
const EXCUSED: &str = "xtask/skips.txt";

/// Runs the command.
///
/// # Errors
/// When a stage failed that the later ones stand on.
pub(crate) fn ci(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    let mut tally = Tally::default();
    let outcome = all(machine, stages, &mut tally);
    stages.tally = Some(tally);
    outcome
}

fn all(machine: &Machine, stages: &mut Stages, tally: &mut Tally) -> Result<(), String> {
    // What takes seconds comes first; what fails here is known before the long compilation.
    stages.check("formatting", || formatting(machine));
    stages.check("tidy", || tidy::rules(machine));
    test::set_up(machine, stages)?;
    stages.check("UI formatting", || node::script(machine, "format:check"));
    stages.check("UI types", || node::script(machine, "check"));
    test::suite(machine, stages, tally)?;
    stages.check("fuzz targets", || fuzz_targets(machine));
    stages.check("clippy", || clippy(machine));
    stages.check("licences, bans, sources", || deny(machine, tally));
    stages.check("skips", || skips(machine, tally));
    Ok(())
}

fn formatting(machine: &Machine) -> Result<(), String> {
    execute(cargo(machine).args(["fmt", "--all", "--check"]))?;
    let fuzz = machine.root().join("fuzz").join("Cargo.toml");
    for manifest in other_workspaces(machine.root()).into_iter().chain([fuzz]) {
        execute(cargo(machine).args(["fmt", "--all", "--check", "--manifest-path"]).arg(manifest))?;
    }
    Ok(())
}

fn clippy(machine: &Machine) -> Result<(), String> {
    execute(cargo_workspace(machine, "clippy").args([
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Builds the fuzz targets as the product is built, so that most of it is built already, and runs
/// each over its seeds: what a fuzzer has found once stays fixed.
fn fuzz_targets(machine: &Machine) -> Result<(), String> {
    let manifest = machine.root().join("fuzz").join("Cargo.toml");
    let with = |arguments: &[&str]| {
        let mut command = cargo(machine);
        command.args(arguments).arg("--locked").arg("--manifest-path").arg(&manifest);
        command
    };
    execute(&mut with(&["build", "--bins", "--examples"]))?;
    execute(&mut with(&["run", "--quiet", "--example", "replay"]))
}

/// Plugins are compiled for wasm32 and are workspaces of their own.
fn other_workspaces(root: &Path) -> Vec<std::path::PathBuf> {
    let plugins = root.join("plugins");
    let one_for_all = plugins.join("Cargo.toml");
    if one_for_all.is_file() {
        return vec![one_for_all];
    }
    let entries = fs::read_dir(plugins).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path().join("Cargo.toml"))
        .filter(|manifest| manifest.is_file())
        .collect();
    found.sort();
    found
}

fn deny(machine: &Machine, tally: &mut Tally) -> Result<(), String> {
    if !tools::cargo_deny() {
        tally.skip("cargo-deny", "it is not installed");
        return Ok(());
    }
    // The advisory database is fetched from outside at every run, so it is not part of CI.
    execute(cargo(machine).args(["deny", "--offline", "check", "licenses", "bans", "sources"]))
}

/// Where everything can be installed, nothing is skipped without having been agreed on.
fn skips(machine: &Machine, tally: &Tally) -> Result<(), String> {
    let listed = machine.root().join(EXCUSED);
    let listed = fs::read_to_string(&listed)
        .map_err(|error| format!("cannot read {}: {error}", listed.display()))?;
    let unexcused = tally.unexcused(&listed);
    if unexcused.is_empty() || !machine.can_do_everything() {
        return Ok(());
    }
    Err(format!(
        "skipped on a machine where everything can be installed, and not excused in {EXCUSED}:\n  {}",
        unexcused.join("\n  ")
    ))
}
