//! The pages: their packages, checks, tests and build, by the scripts of `ui/package.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{Machine, is_there};
use crate::stages::{ask, execute};
use crate::tally::Tally;

/// Scripts that must be there, and why.
const SCRIPTS: &[(&str, &str)] = &[
    ("check", "svelte-check"),
    ("format:check", "the formatter"),
    ("test", "the unit tests"),
    ("build:states", "the page of prepared states"),
    ("test:browser", "its looks, access and speed in Chromium"),
    ("build", "the pages the window shows"),
];

/// `npm ci` in every folder with a lock file, and nothing where its result is still there.
///
/// # Errors
/// When Node is missing or `npm ci` fails.
pub(crate) fn install(machine: &Machine) -> Result<(), String> {
    if !is_there(npm_program()) {
        return Err("npm is missing: install Node.js 20 or newer (https://nodejs.org)".to_owned());
    }
    let locks = locked_folders(machine)?;
    if !locks.contains(&ui(machine)) {
        return Err("ui/package-lock.json is missing: `npm ci` cannot work without it".to_owned());
    }
    for folder in locks {
        let lock = fs::read(folder.join("package-lock.json")).map_err(|error| {
            format!("cannot read the lock file in {}: {error}", folder.display())
        })?;
        // A copy of the lock file the folder was filled from: equal bytes, nothing to do.
        let stamp = folder.join("node_modules").join(".filled-from");
        if fs::read(&stamp).is_ok_and(|filled_from| filled_from == lock) {
            continue;
        }
        execute(npm(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
        fs::create_dir_all(folder.join("node_modules"))
            .and_then(|()| fs::write(&stamp, &lock))
            .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    }
    Ok(())
}

/// Builds the pages that the desktop carries inside.
///
/// # Errors
/// When the build fails or leaves no page.
pub(crate) fn build(machine: &Machine) -> Result<(), String> {
    script(machine, "build")?;
    let page = ui(machine).join("dist").join("index.html");
    if page.is_file() { Ok(()) } else { Err(format!("the build left no {}", page.display())) }
}

/// Runs one script of `ui/package.json`.
///
/// # Errors
/// When the script is not there or fails.
pub(crate) fn script(machine: &Machine, name: &str) -> Result<(), String> {
    scripts_are_there(machine)?;
    execute(npm(&ui(machine)).args(["run", "--silent", name]))
}

/// Runs tests of the pages, by the script that runs them, and counts them.
///
/// # Errors
/// When one fails, or when there is nothing to count.
pub(crate) fn test(machine: &Machine, name: &str, tally: &mut Tally) -> Result<(), String> {
    scripts_are_there(machine)?;
    let report = machine.target_dir().join(format!("ui-{}.json", name.replace(':', "-")));
    // An old report must not be counted in place of one that was not written.
    if report.exists() {
        fs::remove_file(&report)
            .map_err(|error| format!("cannot remove {}: {error}", report.display()))?;
    }
    let outcome = execute(
        npm(&ui(machine))
            .args(["run", "--silent", name, "--", "--reporter=default", "--reporter=json"])
            .arg(format!("--outputFile.json={}", report.display())),
    );
    match fs::read_to_string(&report) {
        Ok(json) => tally.observe_vitest(&json)?,
        Err(error) if outcome.is_ok() => {
            return Err(format!("{name} left no {}: {error}", report.display()));
        }
        Err(_) => {}
    }
    outcome
}

fn scripts_are_there(machine: &Machine) -> Result<(), String> {
    let manifest = ui(machine).join("package.json");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let missing: Vec<String> = SCRIPTS
        .iter()
        .filter(|(name, _)| !text.contains(&format!("\"{name}\":")))
        .map(|(name, what)| format!("{name} ({what})"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("{} has no script {}", manifest.display(), missing.join(", ")))
    }
}

fn ui(machine: &Machine) -> PathBuf {
    machine.root().join("ui")
}

fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new(npm_program());
    command.current_dir(folder);
    command
}

fn locked_folders(machine: &Machine) -> Result<Vec<PathBuf>, String> {
    let listed = ask(Command::new("git").current_dir(machine.root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "package-lock.json",
        "**/package-lock.json",
    ]))?;
    let mut folders: Vec<PathBuf> = listed
        .lines()
        .filter_map(|file| machine.root().join(file).parent().map(Path::to_path_buf))
        .collect();
    folders.dedup();
    Ok(folders)
}
