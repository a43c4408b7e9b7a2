//! A test that cannot run on this machine says so, and is counted as skipped and never as passed.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that `test` (its function's bare name) was skipped and why: on stderr, and in the file that
/// `SIAGA_SKIP_LOG` names, where `cargo xtask test` counts it. The test then returns.
///
/// # Panics
/// When that file cannot be written: the skip would be counted as a pass.
pub fn skip(test: &str, why: &str) {
    let line = format!("skipped: {test}: {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SIAGA_SKIP_LOG") {
        let log = OpenOptions::new().create(true).append(true).open(log);
        let written = log.and_then(|mut log| writeln!(log, "{line}"));
        written.expect("the log of skipped tests can be written");
    }
}
