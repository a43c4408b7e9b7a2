//! Rules about Rust sources, and the size of every source.

use super::{File, Finding};

/// Above this a file is looked at; above the other it is split.
const COMFORTABLE_LINES: usize = 400;
const MOST_LINES: usize = 700;

/// Crates that own a foreign interface, and which.
const UNSAFE_OWNERS: &[(&str, &str)] = &[
    ("crates/recording/", "libopus: a multistream encoder for two uncoupled channels"),
    ("crates/webview2/", "WebView2"),
    ("crates/media/", "libopus"),
    ("crates/plugin-host/", "compiled components are mapped from files we wrote"),
    ("crates/plugin-sdk/", "the exports of a component"),
];

/// Words that name no thing.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Util", "Utils", "Service"];

/// Where one of them is the field's own: 119 and 113 are services.
const MEANT: &[&str] = &["OtherService"];

/// Every module says what it is for.
pub(super) fn modules_open_with_their_purpose(files: &[File]) -> Vec<Finding> {
    rust(files)
        .filter(|file| !file.text.trim_start().starts_with("//!"))
        .map(|file| {
            let what = "the file does not open with `//!`";
            file.finding(
                1,
                what,
                "a module says what it is for and what it is not, before its code",
            )
        })
        .collect()
}

/// Sources stay readable in one sitting.
pub(super) fn files_stay_small(files: &[File]) -> Vec<Finding> {
    let why = "a file over 700 lines is two rooms in one; split it at a seam";
    let is_source = |file: &&File| {
        [".rs", ".ts", ".svelte", ".mjs", ".wit"].iter().any(|end| file.path.ends_with(end))
            && !file.is_generated()
    };
    files
        .iter()
        .filter(is_source)
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let what = format!("{lines} lines");
            if lines > MOST_LINES {
                Some(file.finding(0, what, why))
            } else if lines > COMFORTABLE_LINES {
                Some(file.warning(0, what, why))
            } else {
                None
            }
        })
        .collect()
}

/// Plugins too, which the workspace's lints do not reach.
pub(super) fn nothing_is_unwrapped(files: &[File]) -> Vec<Finding> {
    let call = concat!(".unwr", "ap()");
    let why = "an `expect` states the invariant that makes it safe; a panic drops a caller";
    places(files, |code| code.contains(call).then(|| format!("`{call}` outside a test")), why)
}

/// A queue without an end hides that somebody is too slow until the memory is gone.
pub(super) fn queues_are_bounded(files: &[File]) -> Vec<Finding> {
    let words = [
        concat!("unbounded_", "channel"),
        concat!("mpsc::", "channel()"),
        concat!("channel::", "unbounded"),
    ];
    let why = "every queue has a named capacity and says what happens when it is full";
    places(
        files,
        |code| words.iter().find(|word| code.contains(**word)).map(|word| format!("`{word}`")),
        why,
    )
}

/// No Manager, Helper, Util or Service of our own.
pub(super) fn names_say_something(files: &[File]) -> Vec<Finding> {
    let why = "names are the field's own: leg, bridge, registration, disposition";
    places(
        files,
        |code| {
            let code =
                code.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let name = ["struct ", "enum ", "trait ", "type "]
                .iter()
                .find_map(|keyword| code.strip_prefix(keyword))?
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()?;
            let empty = EMPTY_NAMES.iter().any(|empty| name.ends_with(empty));
            (empty && !MEANT.contains(&name)).then(|| format!("the name {name} says nothing"))
        },
        why,
    )
}

/// `unsafe` is forbidden where no foreign interface is owned, and explained where one is.
pub(super) fn unsafe_is_owned(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in rust(files) {
        let owner = UNSAFE_OWNERS.iter().any(|(folder, _)| file.path.starts_with(folder));
        let is_crate_root = file.path.starts_with("crates/") && file.path.ends_with("/src/lib.rs");
        let forbids = file.text.contains("#![forbid(unsafe_code)]");
        if is_crate_root && !owner && !forbids {
            let what = "`#![forbid(unsafe_code)]` is missing";
            let why = "only the crates that own a foreign interface hold `unsafe`";
            findings.push(file.finding(1, what, why));
        }
        let lines: Vec<&str> = file.text.lines().collect();
        for (line, code) in file.shipped_lines() {
            let block = ["unsafe {", "unsafe impl"].iter().any(|word| code.contains(*word));
            // The words may stand in a string, as they do here.
            if !block || code.contains('"') {
                continue;
            }
            let above = lines[..line].iter().rev().take(8);
            if !above.into_iter().any(|line| line.contains("SAFETY:")) {
                let why = "whoever reads `unsafe` must be able to check its promise";
                findings.push(file.finding(line, "`unsafe` without its `SAFETY:` line", why));
            }
        }
    }
    findings
}

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_rust() && !file.is_generated())
}

fn places(
    files: &[File],
    complaint: impl Fn(&str) -> Option<String>,
    why: &'static str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in rust(files) {
        for (line, code) in file.shipped_lines() {
            findings.extend(complaint(code).map(|what| file.finding(line, what, why)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::{Weight, file};
    use super::*;

    #[test]
    fn a_module_without_a_purpose_is_found() {
        let good = file("crates/a/src/lib.rs", "//! What it is for.\nfn a() {}\n");
        let bad = file("crates/a/src/b.rs", "use std::fs;\n//! Too late.\n");
        let findings = modules_open_with_their_purpose(&[good, bad]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "crates/a/src/b.rs");
    }

    #[test]
    fn size_is_warned_of_before_it_fails() {
        let of = |lines: usize| file("crates/a/src/lib.rs", &"x\n".repeat(lines));
        assert!(files_stay_small(&[of(400)]).is_empty());
        assert_eq!(files_stay_small(&[of(401)])[0].weight, Weight::Warning);
        assert_eq!(files_stay_small(&[of(700)])[0].weight, Weight::Warning);
        assert_eq!(files_stay_small(&[of(701)])[0].weight, Weight::Error);
        let generated = file("ui/src/lib/bindings/all.ts", &"x\n".repeat(701));
        assert!(files_stay_small(&[generated]).is_empty());
    }

    #[test]
    fn unwrapping_is_for_tests() {
        let text = "fn a() { b().unwrap() }\n// b().unwrap()\n#[cfg(test)]\nmod tests {\n    fn c() { b().unwrap() }\n}\n";
        assert_eq!(nothing_is_unwrapped(&[file("plugins/p/src/lib.rs", text)]).len(), 1);
        assert!(nothing_is_unwrapped(&[file("crates/a/tests/it/main.rs", text)]).is_empty());
        let handled = file("crates/a/src/lib.rs", "fn a() { b().unwrap_or_default() }");
        assert!(nothing_is_unwrapped(&[handled]).is_empty());
    }

    #[test]
    fn a_queue_without_an_end_is_found() {
        let text =
            "let (a, b) = mpsc::unbounded_channel();\nlet (c, d) = mpsc::channel(CAPACITY);\n";
        let findings = queues_are_bounded(&[file("crates/a/src/lib.rs", text)]);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn an_empty_name_of_our_own_is_found_and_a_foreign_one_is_not() {
        let text =
            "pub struct CallManager;\nimpl tower::Service for X {}\npub enum OtherService {}\n";
        let findings = names_say_something(&[file("crates/a/src/lib.rs", text)]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("CallManager"));
    }

    #[test]
    fn unsafe_is_forbidden_or_explained() {
        let open = file("crates/hub/src/lib.rs", "//! Hub.\n");
        assert_eq!(unsafe_is_owned(&[open]).len(), 1);
        let closed = file("crates/hub/src/lib.rs", "//! Hub.\n#![forbid(unsafe_code)]\n");
        assert!(unsafe_is_owned(&[closed]).is_empty());
        let bare = file("crates/media/src/opus.rs", "//! Opus.\nfn a() { unsafe { b() } }\n");
        assert_eq!(unsafe_is_owned(&[bare])[0].line, 2);
        let said =
            file("crates/media/src/opus.rs", "// SAFETY: b has no condition.\nunsafe { b() }\n");
        assert!(unsafe_is_owned(&[said]).is_empty());
    }
}
