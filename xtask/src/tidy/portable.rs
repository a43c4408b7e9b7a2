//! What is in the repository must mean the same on every machine.

use super::{File, Finding};

/// Folders of one machine. Split, so that this file does not find itself.
const PRIVATE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("../sha", "red"),
    concat!("/tmp/t", "gt"),
];

const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// No tracked file names a folder or a tool of the machine it was written on.
pub(super) fn nothing_names_this_machine(files: &[File]) -> Vec<Finding> {
    let why = "another machine has other folders; take paths from the environment or the caller";
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for word in PRIVATE.iter().filter(|word| line.contains(**word)) {
                findings.push(file.finding(index + 1, format!("names {word}"), why));
            }
        }
    }
    findings
}

/// Cargo's lock points at the public registry and at nothing else; npm's names no place at all, so
/// that it installs from whatever registry a machine is set up for.
pub(super) fn locks_name_public_registries(files: &[File]) -> Vec<Finding> {
    let why = "a lock file with a mirror's address installs on no other machine, and a git source \
               can change under its name";
    let mut findings = Vec::new();
    for file in files {
        let (key, public) = match file.path.rsplit('/').next() {
            Some("Cargo.lock") => ("source = \"", Some(CRATES)),
            Some("package-lock.json") => ("\"resolved\": \"", None),
            _ => continue,
        };
        for (index, line) in file.text.lines().enumerate() {
            let Some(source) = line.trim_start().strip_prefix(key) else { continue };
            if public.is_none_or(|public| !source.starts_with(public)) {
                let source = source.split('"').next().unwrap_or(source);
                findings.push(file.finding(index + 1, format!("comes from {source}"), why));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_folder_of_one_machine_is_found_in_any_kind_of_file() {
        let text = format!("first\ncp {}data here\n", PRIVATE[0]);
        let findings = nothing_names_this_machine(&[file("docs/guide.md", &text)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
        assert!(nothing_names_this_machine(&[file("docs/a.md", "the workplace/root")]).is_empty());
    }

    #[test]
    fn a_lock_file_with_a_mirror_is_found() {
        let npm = file(
            "ui/package-lock.json",
            "  \"integrity\": \"sha512-a\",\n  \"resolved\": \"http://mirror.example/b.tgz\",\n",
        );
        let cargo = file(
            "Cargo.lock",
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://example.org/c\"\n",
        );
        let findings = locks_name_public_registries(&[npm, cargo]);
        let found: Vec<_> = findings.iter().map(|finding| (&*finding.path, finding.line)).collect();
        assert_eq!(found, [("ui/package-lock.json", 2), ("Cargo.lock", 2)]);
    }
}
