//! The house rules that no compiler checks. Each rule is a function of the tracked files and says,
//! with every finding, why it is there; the rules themselves never touch the disk.

mod arrows;
mod portable;
mod sources;
mod ui_text;

use std::fmt;
use std::fs;
use std::process::Command;

use crate::machine::Machine;
use crate::stages::{Stages, ask};

/// A tracked text file.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root of the checkout, with `/`.
    path: String,
    text: String,
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// Counted from 1; 0 when the whole file is meant.
    line: usize,
    what: String,
    /// The rule's reason.
    why: &'static str,
    weight: Weight,
}

/// Whether a finding fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Error,
    Warning,
}

type Rule = fn(&[File]) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::arrows_point_one_way,
    arrows::cores_are_sans_io,
    arrows::lints_are_inherited,
    sources::modules_open_with_their_purpose,
    sources::files_stay_small,
    sources::nothing_is_unwrapped,
    sources::queues_are_bounded,
    sources::names_say_something,
    sources::unsafe_is_owned,
    ui_text::text_comes_from_the_catalogue,
    portable::nothing_names_this_machine,
    portable::locks_name_public_registries,
];

/// `cargo xtask tidy`. That the generated files are up to date is judged by a test of the desktop.
///
/// # Errors
/// The findings, one a line.
pub(crate) fn stage(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    stages.need("tidy", || rules(machine))
}

/// Reads the tracked files and applies every rule.
///
/// # Errors
/// The findings, one a line.
pub(crate) fn rules(machine: &Machine) -> Result<(), String> {
    let files = tracked(machine)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&files)).collect();
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let (errors, warnings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.weight == Weight::Error);
    for warning in &warnings {
        println!("warning: {warning}");
    }
    println!("{} files, {} rules, {} warnings", files.len(), RULES.len(), warnings.len());
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = errors.iter().map(Finding::to_string).collect();
    Err(lines.join("\n"))
}

/// What is in the repository or about to be.
fn tracked(machine: &Machine) -> Result<Vec<File>, String> {
    let listed = ask(Command::new("git").current_dir(machine.root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]))?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // What is no UTF-8 is no text (voices, icons); what is not on the disk has just been deleted.
    Ok(paths
        .filter_map(|path| {
            let text = fs::read_to_string(machine.root().join(path)).ok()?;
            Some(File { path: path.to_owned(), text })
        })
        .collect())
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        let path = &self.path;
        ["/tests/", "/benches/", "/fixtures/"].iter().any(|part| path.contains(part))
            || path.ends_with("/tests.rs")
            || path.contains(".test.")
    }

    /// Whether a program wrote it.
    fn is_generated(&self) -> bool {
        self.path.contains("/bindings/") || self.path.ends_with("package-lock.json")
    }

    /// Lines of code that are shipped: no comments, no `#[cfg(test)]` items. By indentation, which
    /// rustfmt guarantees.
    fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut waiting_for_item = false;
        let mut inside: Option<String> = None;
        let all_test = self.is_test();
        self.text.lines().enumerate().filter_map(move |(index, line)| {
            let code = line.trim_start();
            let indent = &line[..line.len() - code.len()];
            if all_test || code.starts_with("//") {
                return None;
            }
            if let Some(end) = &inside {
                if line == end {
                    inside = None;
                }
                return None;
            }
            if code.starts_with("#[cfg(test)]") || code.starts_with("#[cfg(all(test") {
                waiting_for_item = true;
                return None;
            }
            if waiting_for_item {
                if code.starts_with("#[") {
                    return None;
                }
                waiting_for_item = false;
                if !code.ends_with(';') && !code.ends_with('}') {
                    inside = Some(format!("{indent}}}"));
                }
                return None;
            }
            Some((index + 1, line))
        })
    }

    fn finding(&self, line: usize, what: impl Into<String>, why: &'static str) -> Finding {
        let (path, what) = (self.path.clone(), what.into());
        Finding { path, line, what, why, weight: Weight::Error }
    }

    fn warning(&self, line: usize, what: impl Into<String>, why: &'static str) -> Finding {
        Finding { weight: Weight::Warning, ..self.finding(line, what, why) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what, why, .. } = self;
        write!(f, "{path}:{line}: {what} ({why})")
    }
}

#[cfg(test)]
fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_lines_leave_out_comments_and_test_items_and_nothing_after_them() {
        let source = file(
            "crates/x/src/lib.rs",
            "//! Doc.\nfn a() {}\n#[cfg(test)]\n#[path = \"t.rs\"]\nmod t;\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n",
        );
        let lines: Vec<_> = source.shipped_lines().collect();
        assert_eq!(lines, [(2, "fn a() {}"), (11, "fn c() {}")]);
    }

    #[test]
    fn a_file_of_tests_ships_nothing() {
        assert_eq!(file("crates/x/tests/it/main.rs", "fn a() {}").shipped_lines().count(), 0);
    }
}
