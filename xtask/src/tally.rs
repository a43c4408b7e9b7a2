//! Counting tests: what the test programs print, summed up in one line.
//!
//! A test that cannot run on a machine does three things: it says `skipped: NAME: why` on standard
//! error, appends the same line to the file that `SIAGA_SKIP_LOG` names (the test harness swallows
//! the output of tests that pass), and returns. The harness counts it as passed; here it is moved to
//! the skipped ones. `NAME` is the test's own function name.

use std::collections::BTreeMap;
use std::fmt;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Names of the failed tests.
    pub(crate) failures: Vec<String>,
    /// Each skipped test or check, with its reason.
    pub(crate) skips: BTreeMap<String, String>,
}

impl Tally {
    /// Takes one line of a Rust test program's standard output.
    pub(crate) fn observe(&mut self, line: &str) {
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += count_before(result, " passed");
            self.failed += count_before(result, " failed");
        } else if let Some((name, how)) =
            line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... "))
        {
            if how == "FAILED" {
                self.failures.push(name.to_owned());
            } else if let Some(why) = how.strip_prefix("ignored") {
                let why = why.trim_start_matches([',', ' ']);
                let why = if why.is_empty() { "no reason given" } else { why };
                self.skips.insert(name.to_owned(), why.to_owned());
            }
        }
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
        assert_eq!(tally.failures, ["a::is_lost"]);
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
