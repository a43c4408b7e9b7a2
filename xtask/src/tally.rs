//! Counting tests: what the test programs print, summed up in one line.
//!
//! A test that cannot run on a machine does three things: it says `skipped: NAME: why` on standard
//! error, appends the same line to the file that `SIAGA_SKIP_LOG` names (the test harness swallows
//! the output of tests that pass), and returns. The harness counts it as passed; here it is moved to
//! the skipped ones. `NAME` is the test's own function name.
//!
//! Of a test that failed, what it said when it panicked is kept beside its name: a test that fails
//! once in a hundred runs is understood from that or not at all, and the end of a long log is the
//! part that is always kept.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;

/// How much of what a failed test said is kept, in characters: the reason, not the log.
const REASON: usize = 600;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Names of the failed tests, each with why it failed, as far as it said so.
    pub(crate) failures: BTreeMap<String, String>,
    /// Each skipped test or check, with its reason.
    pub(crate) skips: BTreeMap<String, String>,
    /// Whose words the next lines are.
    hearing: Hearing,
}

/// Where in the report of a test program we are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Hearing {
    /// Among the results.
    #[default]
    Results,
    /// In the output of this failed test, before it panics.
    Output(String),
    /// In what this failed test said when it panicked.
    Reason(String),
}

impl Tally {
    /// Takes one line of a Rust test program's standard output.
    pub(crate) fn observe(&mut self, line: &str) {
        let line = line.trim();
        self.hear(line);
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += count_before(result, " passed");
            self.failed += count_before(result, " failed");
        } else if let Some((name, how)) =
            line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... "))
        {
            if how == "FAILED" {
                self.failures.entry(name.to_owned()).or_default();
            } else if let Some(why) = how.strip_prefix("ignored") {
                let why = why.trim_start_matches([',', ' ']);
                let why = if why.is_empty() { "no reason given" } else { why };
                self.skips.insert(name.to_owned(), why.to_owned());
            }
        }
    }

    /// Keeps what a failed test said, of the section that a test program prints after its results.
    fn hear(&mut self, line: &str) {
        let begins = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        self.hearing = match (begins, mem::take(&mut self.hearing)) {
            (Some(name), _) => Hearing::Output(name.to_owned()),
            // The list of names follows, or the result.
            (None, _) if line == "failures:" || line.starts_with("test result: ") => {
                Hearing::Results
            }
            (None, Hearing::Output(name)) if line.contains("panicked at ") => Hearing::Reason(name),
            (None, Hearing::Reason(name))
                if line == "stack backtrace:"
                    || line.starts_with("note: run with `RUST_BACKTRACE") =>
            {
                Hearing::Output(name)
            }
            (None, Hearing::Reason(name)) => {
                let reason = self.failures.entry(name.clone()).or_default();
                if !line.is_empty() && reason.len() < REASON {
                    let room = REASON - reason.len();
                    if !reason.is_empty() {
                        reason.push_str(" | ");
                    }
                    reason.extend(line.chars().take(room));
                }
                Hearing::Reason(name)
            }
            (None, hearing) => hearing,
        };
    }

    /// Takes the skip log: each test named there was counted as passed and did not really run.
    pub(crate) fn move_skipped(&mut self, skip_log: &str) {
        for line in skip_log.lines() {
            let Some((name, why)) =
                line.trim().strip_prefix("skipped: ").and_then(|line| line.split_once(": "))
            else {
                continue;
            };
            if self.skips.insert(name.to_owned(), why.to_owned()).is_none() {
                self.passed = self.passed.saturating_sub(1);
            }
        }
    }

    /// Notes a check that is no single test, such as a tool that is not installed.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        println!("skipped: {name}: {why}");
        self.skips.insert(name.to_owned(), why.to_owned());
    }

    /// Takes the report vitest writes with its `json` reporter.
    ///
    /// # Errors
    /// When the counts are not there, so that a changed report cannot pass for "no failures".
    pub(crate) fn observe_vitest(&mut self, json: &str) -> Result<(), String> {
        let number = |field: &str| {
            number_of(json, field).ok_or_else(|| format!("no {field} in the report of vitest"))
        };
        self.passed += number("numPassedTests")?;
        self.failed += number("numFailedTests")?;
        let pending = number("numPendingTests")? + number("numTodoTests")?;
        for index in 1..=pending {
            self.skips.insert(format!("ui-{index}"), "skipped in the UI's tests".to_owned());
        }
        Ok(())
    }

    /// The skips that `listed` (the text of `xtask/skips.txt`) does not excuse.
    pub(crate) fn unexcused(&self, listed: &str) -> Vec<String> {
        let excused: Vec<&str> = listed
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .filter_map(|line| line.split_once(": "))
            .filter(|(_, reason)| !reason.trim().is_empty())
            .map(|(name, _)| name.trim())
            .collect();
        self.skips
            .iter()
            .filter(|(name, _)| !excused.contains(&name.as_str()))
            .map(|(name, why)| format!("{name}: {why}"))
            .collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skips, .. } = self;
        write!(f, "tests: {passed} passed, {failed} failed, {} skipped", skips.len())
    }
}

/// The number that stands before `what` in "ok. 12 passed; 0 failed; …".
fn count_before(result: &str, what: &str) -> u64 {
    result
        .split_once(what)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The value of a whole-number field, wherever in `json` it first stands.
fn number_of(json: &str, field: &str) -> Option<u64> {
    let (_, after) = json.split_once(&format!("\"{field}\""))?;
    let after = after.trim_start().strip_prefix(':')?.trim_start();
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.observe(line));
        tally
    }

    #[test]
    fn counts_of_all_test_programs_are_summed() {
        let tally = tally_of(
            "running 2 tests\ntest a::is_kept ... ok\ntest a::is_lost ... FAILED\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: ok. 41 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out\n",
        );
        assert_eq!(tally.to_string(), "tests: 42 passed, 1 failed, 0 skipped");
        assert_eq!(tally.failures.keys().collect::<Vec<_>>(), ["a::is_lost"]);
    }

    #[test]
    fn why_a_test_failed_stands_beside_its_name() {
        let tally = tally_of(
            "running 3 tests\ntest a::is_kept ... ok\ntest a::is_lost ... FAILED\n\
             test is_silent ... FAILED\n\nfailures:\n\n\
             ---- a::is_lost stdout ----\na log line\n\n\
             thread 'a::is_lost' (7) panicked at src/a.rs:1:2:\nnot within 60 s: the menu\n\n\
             desk: ready\nstack backtrace:\n   0: main\nmore log\n\n\n\
             failures:\n    a::is_lost\n    is_silent\n\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\
             panicked at what the next program prints\nnot a reason\n",
        );
        assert_eq!(tally.failures["a::is_lost"], "not within 60 s: the menu | desk: ready");
        assert_eq!(tally.failures["is_silent"], "");
    }

    #[test]
    fn a_test_that_said_a_lot_does_not_fill_the_report() {
        let log = format!("{}\n", "ä".repeat(100)).repeat(100);
        let tally = tally_of(&format!("---- loud stdout ----\npanicked at x:\n{log}"));
        assert!(tally.failures["loud"].chars().count() <= REASON + " | ".len());
    }

    #[test]
    fn an_ignored_test_is_skipped_with_its_reason() {
        let tally = tally_of(
            "test loud ... ignored, needs a sound card\ntest quiet ... ignored\n\
             test result: ok. 0 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!(tally.skips["loud"], "needs a sound card");
        assert_eq!(tally.skips["quiet"], "no reason given");
        assert_eq!(tally.to_string(), "tests: 0 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_test_that_skipped_itself_is_not_counted_as_passed() {
        let mut tally = tally_of("test result: ok. 3 passed; 0 failed; 0 ignored;");
        tally
            .move_skipped("skipped: window_survives: no Xvfb\nskipped: window_survives: no Xvfb\n");
        assert_eq!(tally.to_string(), "tests: 2 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn ui_tests_are_counted_and_a_report_without_counts_is_an_error() {
        let mut tally = Tally::default();
        let report = r#"{"numTotalTests":5,"numPassedTests":3, "numFailedTests": 1,
            "numPendingTests":1,"numTodoTests":0,"testResults":[]}"#;
        assert_eq!(tally.observe_vitest(report), Ok(()));
        assert_eq!(tally.to_string(), "tests: 3 passed, 1 failed, 1 skipped");
        assert!(tally.observe_vitest("{}").is_err());
    }

    #[test]
    fn only_a_listed_skip_with_a_reason_is_excused() {
        let mut tally = Tally::default();
        for name in ["listed", "bare", "commented", "unknown"] {
            tally.skips.insert(name.to_owned(), "cannot".to_owned());
        }
        let listed = "listed: takes ten minutes to compile\nbare: \n# commented: not any more\n";
        assert_eq!(
            tally.unexcused(listed),
            ["bare: cannot", "commented: cannot", "unknown: cannot"]
        );
    }
}
