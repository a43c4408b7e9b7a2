//! The window of a seat beside Chromium with JsSIP, in one call with each other.
//!
//! Prints what was measured and what was hoped for, and fails nothing: another machine has other
//! numbers. Needs what the window tests need, and the packages of `crates/training/tests/foreign`.

#[cfg(target_os = "linux")]
#[path = "../tests/window/play.rs"]
#[allow(dead_code, reason = "the window tests use the rest")]
mod play;
#[cfg(target_os = "linux")]
#[path = "../tests/window/room.rs"]
#[allow(dead_code, reason = "the window tests use the rest")]
mod room;

#[cfg(target_os = "linux")]
mod client {
    pub(crate) mod browser;
    pub(crate) mod footprint;
    pub(crate) mod run;
}

fn main() -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    client::run::run()?;
    Ok(())
}
