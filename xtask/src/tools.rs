//! Programs the tests drive others with, which no package system brings.

use std::path::PathBuf;

use crate::cargo::cargo;
use crate::machine::{Machine, is_there};
use crate::stages::execute;

/// `tauri-driver`, which passes WebDriver commands to the webview; built once for this user.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn tauri_driver(machine: &Machine) -> Result<PathBuf, String> {
    let folder = machine.cache().join("tools");
    let program = folder.join("bin").join(format!("tauri-driver{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        execute(
            cargo(machine)
                // Its own temporary target folder: what it needs is of no use to us.
                .env_remove("CARGO_TARGET_DIR")
                .args(["install", "tauri-driver", "--version", "^2", "--locked", "--debug"])
                .arg("--root")
                .arg(&folder),
        )?;
    }
    Ok(program)
}

/// Whether window tests can run: somewhere to draw and a driver for the webview.
///
/// # Errors
/// What is missing, in words for the skip.
pub(crate) fn window_tests() -> Result<(), String> {
    let needed: &[&str] =
        if cfg!(windows) { &["msedgedriver"] } else { &["Xvfb", "WebKitWebDriver"] };
    let on_path = |program: &&&str| {
        std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| {
                folder.join(program).is_file() || folder.join(format!("{program}.exe")).is_file()
            })
        })
    };
    let missing: Vec<&str> = needed.iter().filter(|program| !on_path(program)).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{} not found", missing.join(", "))) }
}

/// Whether `cargo deny` can be called.
pub(crate) fn cargo_deny() -> bool {
    is_there("cargo-deny")
}
