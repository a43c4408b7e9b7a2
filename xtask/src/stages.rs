//! Named, timed steps of a subcommand, and what became of them.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// The steps done so far.
#[derive(Debug)]
pub(crate) struct Stages {
    started: Instant,
    done: Vec<Done>,
    /// Set by the commands that run tests; its line is then the last one printed.
    pub(crate) tally: Option<Tally>,
}

#[derive(Debug)]
struct Done {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new(), tally: None }
    }

    /// A step without which the next ones make no sense.
    ///
    /// # Errors
    /// What `work` said; the command should end with it.
    pub(crate) fn need<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        println!("==> {name}");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        let failure = outcome.as_ref().err().cloned();
        if let Some(why) = &failure {
            println!("<== {name} FAILED after {}\n{why}", seconds(took));
        } else {
            println!("<== {name} {}", seconds(took));
        }
        self.done.push(Done { name: name.to_owned(), took, failure });
        outcome.map_err(|_| format!("stopped at {name:?}"))
    }

    /// A step whose failure is kept, while the steps after it still run: one run shows every fault.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        // The failure is kept in `done`, where `report` finds it.
        let _kept = self.need(name, work);
    }

    /// Prints what was done, how long it took and what failed.
    pub(crate) fn report(self, outcome: Result<(), String>) -> ExitCode {
        let failures: Vec<&Done> = self.done.iter().filter(|done| done.failure.is_some()).collect();
        let stopped = outcome.err();
        if self.done.len() > 1 {
            println!("\n{:>8}  stage", "time");
            for done in &self.done {
                let mark = if done.failure.is_some() { "  FAILED" } else { "" };
                println!("{:>8}  {}{mark}", seconds(done.took), done.name);
            }
            println!("{:>8}  in all", seconds(self.started.elapsed()));
        }
        for Done { name, failure, .. } in &failures {
            println!("\nFAILED: {name}\n{}", failure.as_deref().unwrap_or_default());
        }
        let bad_tests = self.tally.as_ref().is_some_and(|tally| tally.failed > 0);
        let failed = stopped.is_some() || !failures.is_empty() || bad_tests;
        if let Some(why) = stopped {
            println!("xtask: {why}");
        }
        if let Some(tally) = self.tally {
            for (name, why) in &tally.failures {
                let colon = if why.is_empty() { "" } else { ": " };
                println!("failed: {name}{colon}{why}");
            }
            for (name, why) in &tally.skips {
                println!("skipped: {name}: {why}");
            }
            println!("{tally}");
        }
        if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Runs `command` to its end, with its output shown.
///
/// # Errors
/// When it cannot be started or says that it failed.
pub(crate) fn execute(command: &mut Command) -> Result<(), String> {
    let line = command_line(command);
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// Runs `command` and gives what it wrote to its standard output.
///
/// # Errors
/// When it cannot be started or says that it failed; with what it complained of.
pub(crate) fn ask(command: &mut Command) -> Result<String, String> {
    let line = command_line(command);
    let output = command.output().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{line}` failed ({}): {}", output.status, complaint.trim()))
    }
}

/// The command as one would type it.
pub(crate) fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_checks_still_run_after_a_failed_one() {
        let mut stages = Stages::new();
        let mut ran = false;
        stages.check("first", || Err("broken".to_owned()));
        stages.check("second", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert_eq!(stages.done[0].failure.as_deref(), Some("broken"));
        assert_eq!(stages.done[1].failure, None);
    }

    #[test]
    fn a_needed_stage_that_fails_ends_the_command() {
        let mut stages = Stages::new();
        let outcome: Result<(), String> = stages.need("set-up", || Err("no network".to_owned()));
        assert_eq!(outcome, Err("stopped at \"set-up\"".to_owned()));
    }
}
