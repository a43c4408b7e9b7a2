//! The shipped plugins as components, and what building them needs on a machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{Machine, System};
use crate::packages;
use crate::stages::ask;
use crate::wasm;

/// A compiler with its sources, from which Debian machines that cannot reach rustup's servers build
/// the wasm32 target.
const DEBIAN_FALLBACK: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// Builds them and says where they are.
///
/// # Errors
/// When a plugin does not compile, or when the wasm32 target cannot be had.
pub(crate) fn build(machine: &Machine) -> Result<Vec<PathBuf>, String> {
    let first = wasm::build_plugins(machine.root(), machine.target_dir());
    if first.is_ok() || machine.system() != System::Debian || has_wasm_target(machine) {
        return first;
    }
    // It failed for want of the target: what rustup could not bring, Debian can.
    if packages::install_missing(machine, DEBIAN_FALLBACK)? {
        wasm::build_plugins(machine.root(), machine.target_dir())
    } else {
        first
    }
}

fn has_wasm_target(machine: &Machine) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(machine.root()).args(["--print", "target-libdir"]);
    ask(rustc.args(["--target", "wasm32-unknown-unknown"]))
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}
