//! `cargo xtask generate`: the TypeScript types of the pages, written anew from the Rust types.
//!
//! The files are in the repository, so that the pages build without compiling Rust. Whether they are
//! up to date is judged by a test of the desktop, in every test run; the same test writes them.

use crate::cargo::{FEATURES, cargo};
use crate::machine::Machine;
use crate::stages::{Stages, execute};

/// Runs the command.
///
/// # Errors
/// When the types do not compile or cannot be written.
pub(crate) fn write(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    stages.need("TypeScript types", || {
        execute(
            cargo(machine)
                .args(["test", "-p", "siaga-desktop", "--features", FEATURES])
                .args(["--test", "bindings"])
                .env("SIAGA_WRITE_BINDINGS", "1"),
        )
    })
}
