//! The answers, for a program and for a person.

use crate::cases::{Case, Expected};
use crate::replay::Answer;
use serde::Serialize;
use siaga_model::{Destination, Finding, Priority, UnitId, Validity};
use siaga_plugin_host::units;
use std::fmt::Write;

/// Destinations that are given.
const SHOWN: usize = 3;

#[derive(Serialize)]
pub(crate) struct Json<'a> {
    cases: Vec<JsonCase<'a>>,
}

#[derive(Serialize)]
struct JsonCase<'a> {
    id: &'a str,
    /// `valid`, `not-valid` or `ask`.
    verdict: Validity,
    priority: Priority,
    /// Names of units as the cases write them, at most three, best first.
    destinations: Vec<&'a str>,
    duplicate_of: Option<&'a str>,
    findings: &'a [Finding],
    /// Microseconds that both plugins took together.
    micros: u64,
    /// Why this priority.
    reason: &'a str,
    /// The same destinations with everything that the plugin said of them.
    routes: &'a [Destination],
    /// What failed; empty when all went well.
    faults: Vec<String>,
}

/// What `--json` prints.
pub(crate) fn json(answers: &[Answer]) -> Json<'_> {
    Json { cases: answers.iter().map(json_case).collect() }
}

fn json_case(answer: &Answer) -> JsonCase<'_> {
    let verdict = &answer.advice.verdict;
    JsonCase {
        id: &answer.id,
        verdict: verdict.validity,
        priority: verdict.priority,
        destinations: destinations(answer),
        duplicate_of: verdict.duplicate_of.as_deref(),
        findings: &verdict.findings,
        micros: u64::try_from(answer.took.as_micros()).unwrap_or(u64::MAX),
        reason: &verdict.reason,
        routes: &answer.advice.destinations,
        faults: answer.advice.faults.iter().map(ToString::to_string).collect(),
    }
}

fn destinations(answer: &Answer) -> Vec<&str> {
    answer.advice.destinations.iter().take(SHOWN).map(|to| name(&to.unit)).collect()
}

fn name(unit: &UnitId) -> &str {
    units().iter().find(|known| known.id == *unit).map_or(unit.as_str(), |known| &known.name)
}

/// How many of how many.
#[derive(Default)]
struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hits += usize::from(hit);
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = (self.hits * 100).checked_div(self.of).unwrap_or(0);
        write!(f, "{} of {} ({percent} %)", self.hits, self.of)
    }
}

/// The table and the figures. A case without a label, priority or Polres counts in none of them.
pub(crate) fn table(cases: &[(Case, Expected)], answers: &[Answer]) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
    let mut figures = Figures::default();
    line(format!(
        "{:8} {:12} {:9} {:9} {:8} {:12} first of the destinations",
        "case", "label", "verdict", "priority", "µs", "duplicate"
    ));
    for ((_, expected), answer) in cases.iter().zip(answers) {
        let verdict = &answer.advice.verdict;
        let to = destinations(answer);
        let priority = format!("{:?}", verdict.priority);
        let duplicate = verdict.duplicate_of.as_deref().unwrap_or_default();
        let wrong = figures.count(expected, answer, &priority, &to);
        line(format!(
            "{:8} {:12} {:9} {:9} {:8} {:12} {}{}",
            answer.id,
            expected.label,
            word(verdict.validity),
            differing(&priority, &expected.priority),
            answer.took.as_micros(),
            differing(duplicate, &expected.duplicate_of),
            to.first().unwrap_or(&"-"),
            if wrong.is_empty() { String::new() } else { format!("   <- {}", wrong.join(", ")) },
        ));
        for fault in &answer.advice.faults {
            line(format!("         fault: {fault}"));
        }
    }
    line(String::new());
    for (what, share) in figures.all() {
        line(format!("{what:52} {share}"));
    }
    text
}

#[derive(Default)]
struct Figures {
    real: Share,
    urgent: Share,
    calm: Share,
    priority: Share,
    noticed: Share,
    first: Share,
    three: Share,
    duplicates: Share,
    single: Share,
}

impl Figures {
    /// Counts a case and says what is wrong with it.
    fn count(
        &mut self,
        expected: &Expected,
        answer: &Answer,
        priority: &str,
        to: &[&str],
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |share: &mut Share, right: bool, why: &str| {
            share.count(right);
            if !right {
                wrong.push(why.to_owned());
            }
        };
        let verdict = &answer.advice.verdict;
        match expected.label.as_str() {
            "" => {}
            "valid" | "duplicate" | "incomplete" | "outside_jurisdiction" => {
                check(&mut self.real, verdict.validity != Validity::NotValid, "a real report");
            }
            _ => check(&mut self.noticed, verdict.validity != Validity::Valid, "no report"),
        }
        match expected.priority.as_str() {
            "P1" => check(&mut self.urgent, priority == "P1", "P1"),
            "P3" | "P4" => check(&mut self.calm, priority != "P1", "not P1"),
            _ => {}
        }
        if !expected.priority.is_empty() {
            self.priority.count(priority == expected.priority);
        }
        if !expected.polres.is_empty() {
            self.first.count(to.first() == Some(&expected.polres.as_str()));
            check(&mut self.three, to.contains(&expected.polres.as_str()), &expected.polres);
        }
        let given = verdict.duplicate_of.as_deref().unwrap_or_default();
        if !expected.duplicate_of.is_empty() {
            check(&mut self.duplicates, given == expected.duplicate_of, "a duplicate");
        } else if !expected.label.is_empty() {
            check(&mut self.single, given.is_empty(), "no duplicate");
        }
        wrong
    }

    fn all(&self) -> [(&'static str, &Share); 9] {
        [
            ("real reports that are not \"not-valid\"", &self.real),
            ("P1 that are P1", &self.urgent),
            ("P3 and P4 that are not raised to P1", &self.calm),
            ("priority exactly as stated", &self.priority),
            ("non-reports noticed (\"not-valid\" or \"ask\")", &self.noticed),
            ("stated Polres first", &self.first),
            ("stated Polres among the three", &self.three),
            ("duplicates found", &self.duplicates),
            ("others not taken for a duplicate", &self.single),
        ]
    }
}

fn word(validity: Validity) -> &'static str {
    match validity {
        Validity::Valid => "valid",
        Validity::NotValid => "not-valid",
        Validity::Ask => "ask",
    }
}

/// What is given, with what is stated behind it where that differs.
fn differing(given: &str, stated: &str) -> String {
    match (given, stated) {
        ("", "") => String::new(),
        (given, stated) if given == stated || stated.is_empty() => given.to_owned(),
        (given, stated) => format!("{given} ({stated})"),
    }
}
