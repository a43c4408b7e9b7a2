//! Who may depend on whom. The table is the picture in ARCHITECTURE.md; change both together.

use super::{File, Finding};

/// Each package of ours and which of ours it may use in the product.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("call-flow", &["model"]),
    ("media", &["model"]),
    ("sip", &["model"]),
    ("audio-devices", &["model"]),
    ("gazetteer", &[]),
    ("plugin-host", &["model", "gazetteer"]),
    ("plugin-sdk", &[]),
    ("plugin-cli", &["model", "gazetteer", "plugin-host"]),
    // Ogg Opus: the encoder is media's.
    ("recording", &["model", "media"]),
    ("switch", &["model", "call-flow", "sip", "media", "recording"]),
    ("switch-asterisk", &["model", "call-flow", "sip", "media", "recording", "switch"]),
    ("hub-api", &["model"]),
    // The store keeps what desks and hub say to each other.
    ("hub-store", &["model", "hub-api"]),
    (
        "hub",
        &[
            "model",
            "call-flow",
            "switch",
            "switch-asterisk",
            "recording",
            "plugin-host",
            "hub-api",
            "hub-store",
        ],
    ),
    ("desk", &["model", "hub-api", "sip", "media", "audio-devices", "recording", "plugin-host"]),
    ("testkit", &[]),
    (
        "training",
        &[
            "model",
            "sip",
            "media",
            "switch",
            "switch-asterisk",
            "recording",
            "plugin-host",
            "hub-api",
            "hub-store",
            "hub",
            "desk",
            "testkit",
            "call-flow",
            "audio-devices",
        ],
    ),
    ("webview2", &[]),
    ("desktop", &["model", "hub-api", "desk", "training", "webview2"]),
    ("xtask", &[]),
];

/// Tests may also use these: scripted peers, and the guest side that gives a host its inputs.
const FOR_TESTS: &[&str] = &["testkit", "plugin-sdk"];

/// Packages without input and output: neither a runtime nor a switch, socket or database.
const CORES: &[&str] = &["model", "call-flow"];

/// What a core may use from outside.
const FOR_CORES: &[&str] =
    &["serde", "serde_json", "thiserror", "ts-rs", "ulid", "proptest", "insta"];

/// What no core may say.
const WORLD: &[&str] = &[
    "tokio::",
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "thread::spawn",
    "Instant::now",
    "SystemTime::now",
    "OsRng",
    "rand::rng",
];

const ONE_WAY: &str = "arrows point one way, model <- cores <- shells <- applications, so that a \
                       part can be understood and tested without what stands on it";
const SANS_IO: &str = "cores take (now, input) and give outputs, so that a call of ten minutes is \
                       tested in a millisecond";

/// The manifests agree with [`ARROWS`].
pub(super) fn arrows_point_one_way(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, manifest) in manifests(files) {
        let name = short(&manifest.package);
        let Some((_, allowed)) = ARROWS.iter().find(|(package, _)| *package == name) else {
            findings.push(file.finding(
                0,
                format!("{} has no place in xtask/src/tidy/arrows.rs", manifest.package),
                ONE_WAY,
            ));
            continue;
        };
        for dependency in &manifest.dependencies {
            let theirs = short(&dependency.name);
            let ours = ARROWS.iter().any(|(package, _)| *package == theirs)
                && dependency.name.starts_with("siaga-");
            if name == "xtask" {
                let what = format!("xtask depends on {}", dependency.name);
                let why = "xtask is std only, so that it compiles before anything is installed";
                findings.push(file.finding(dependency.line, what, why));
            } else if ours {
                let for_test = dependency.for_tests && FOR_TESTS.contains(&theirs);
                if !for_test && !allowed.contains(&theirs) {
                    let what = format!("{name} must not depend on {theirs}");
                    findings.push(file.finding(dependency.line, what, ONE_WAY));
                }
            } else if CORES.contains(&name) && !FOR_CORES.contains(&dependency.name.as_str()) {
                let what = format!("the core {name} must not depend on {}", dependency.name);
                findings.push(file.finding(dependency.line, what, SANS_IO));
            }
        }
    }
    findings
}

/// No clock, socket, thread or randomness in the cores.
pub(super) fn cores_are_sans_io(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_core = |file: &&File| {
        CORES.iter().any(|core| file.path.starts_with(&format!("crates/{core}/src/")))
    };
    for file in files.iter().filter(|file| file.is_rust()).filter(is_core) {
        for (line, code) in file.shipped_lines() {
            for word in WORLD.iter().filter(|word| code.contains(**word)) {
                findings.push(file.finding(line, format!("{word} in a core"), SANS_IO));
            }
        }
    }
    findings
}

/// Every package takes the lints of the workspace.
pub(super) fn lints_are_inherited(files: &[File]) -> Vec<Finding> {
    manifests(files)
        .filter(|(file, _)| !has_line_after(&file.text, "[lints]", "workspace = true"))
        .map(|(file, manifest)| {
            let what = format!("{} does not say `[lints] workspace = true`", manifest.package);
            file.finding(0, what, "a lint that one crate does without protects none")
        })
        .collect()
}

struct Manifest {
    package: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    line: usize,
    for_tests: bool,
}

/// The packages of the main workspace; plugins are guests with a workspace of their own.
fn manifests(files: &[File]) -> impl Iterator<Item = (&File, Manifest)> {
    files
        .iter()
        .filter(|file| {
            let parts: Vec<&str> = file.path.split('/').collect();
            matches!(parts[..], ["crates", _, "Cargo.toml"] | ["src-tauri" | "xtask", "Cargo.toml"])
        })
        .map(|file| (file, manifest(&file.text)))
}

/// The part of a manifest that matters here. Our manifests are plain: a table header and a key stand
/// on lines of their own.
fn manifest(text: &str) -> Manifest {
    let mut found = Manifest { package: String::new(), dependencies: Vec::new() };
    let mut table = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = header.to_owned();
            // [dependencies.NAME]
            if let Some((_, name)) = table.split_once("dependencies.") {
                let for_tests = table.contains("dev-dependencies");
                found.dependencies.push(Dependency {
                    name: name.to_owned(),
                    line: index + 1,
                    for_tests,
                });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let key = key.split('.').next().unwrap_or(key).trim().trim_matches('"');
        if table == "package" && key == "name" {
            found.package = value.trim().trim_matches('"').to_owned();
        } else if table.ends_with("dependencies") {
            let for_tests = table.ends_with("dev-dependencies");
            found.dependencies.push(Dependency {
                name: key.to_owned(),
                line: index + 1,
                for_tests,
            });
        }
    }
    found
}

fn short(package: &str) -> &str {
    package.strip_prefix("siaga-").unwrap_or(package)
}

fn has_line_after(text: &str, header: &str, wanted: &str) -> bool {
    text.lines().skip_while(|line| line.trim() != header).any(|line| line.trim() == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn package(path: &str, name: &str, rest: &str) -> File {
        file(path, &format!("[package]\nname = \"{name}\"\n\n{rest}\n[lints]\nworkspace = true\n"))
    }

    fn complaints(file: File) -> Vec<String> {
        arrows_point_one_way(&[file]).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_desk_that_depends_on_the_hub_is_found() {
        let desk = package(
            "crates/desk/Cargo.toml",
            "siaga-desk",
            "[dependencies]\nsiaga-hub-api.workspace = true\nsiaga-hub.workspace = true\ntokio = \"1\"\n",
        );
        assert_eq!(complaints(desk), ["desk must not depend on hub"]);
    }

    #[test]
    fn testkit_is_for_tests_only() {
        let in_tests = "[dev-dependencies]\nsiaga-testkit.workspace = true\n";
        let in_product = "[dependencies.siaga-testkit]\nworkspace = true\n";
        assert!(complaints(package("crates/hub/Cargo.toml", "siaga-hub", in_tests)).is_empty());
        assert_eq!(
            complaints(package("crates/hub/Cargo.toml", "siaga-hub", in_product)),
            ["hub must not depend on testkit"]
        );
        let training = package("crates/training/Cargo.toml", "siaga-training", in_product);
        assert!(complaints(training).is_empty());
    }

    #[test]
    fn a_core_knows_no_runtime_even_in_a_platform_table() {
        let core = package(
            "crates/call-flow/Cargo.toml",
            "siaga-call-flow",
            "[target.'cfg(unix)'.dependencies]\ntokio.workspace = true\n",
        );
        assert_eq!(complaints(core), ["the core call-flow must not depend on tokio"]);
    }

    #[test]
    fn xtask_depends_on_nothing() {
        let xtask = package("xtask/Cargo.toml", "xtask", "[dependencies]\nserde = \"1\"\n");
        assert_eq!(complaints(xtask), ["xtask depends on serde"]);
    }

    #[test]
    fn a_new_package_has_to_be_given_its_place() {
        let stray = package("crates/stray/Cargo.toml", "siaga-stray", "");
        assert_eq!(complaints(stray), ["siaga-stray has no place in xtask/src/tidy/arrows.rs"]);
    }

    #[test]
    fn a_clock_in_a_core_is_found_but_not_in_its_tests() {
        let core = file(
            "crates/call-flow/src/lib.rs",
            "fn now() -> Instant { Instant::now() }\n#[cfg(test)]\nmod tests {\n    fn n() { Instant::now(); }\n}\n",
        );
        let findings = cores_are_sans_io(&[core]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 1);
        let shell = file("crates/hub/src/lib.rs", "fn now() { Instant::now(); }");
        assert!(cores_are_sans_io(&[shell]).is_empty());
    }

    #[test]
    fn a_package_without_the_lints_of_the_workspace_is_found() {
        let with = package("crates/hub/Cargo.toml", "siaga-hub", "");
        let without = file("crates/desk/Cargo.toml", "[package]\nname = \"siaga-desk\"\n");
        let findings = lints_are_inherited(&[with, without]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "crates/desk/Cargo.toml");
    }
}
