//! The window's TypeScript types are those of the engine.
//!
//! `SIAGA_WRITE_BINDINGS=1 cargo test -p siaga-desktop --test bindings` writes them; without the
//! variable the test fails when what is committed differs.

use siaga_desk::{DeskState, Intent};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use ts_rs::{Config, TS};

/// Where the window keeps them.
fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/bindings")
}

/// Every file of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text file"))
        })
        .collect()
}

/// The types as they must be: one file each, and one that names them all.
fn generated() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // 64-bit numbers are milliseconds and counters: below 2^53 for the next 280,000 years.
    let config = Config::new().with_out_dir(folder.path()).with_large_int("number");
    DeskState::export_all(&config).expect("the state has a type");
    Intent::export_all(&config).expect("intents have a type");
    let mut files = files(folder.path());
    let index = files
        .keys()
        .filter_map(|name| name.strip_suffix(".ts"))
        .map(|name| format!("export type {{ {name} }} from \"./{name}\";\n"))
        .collect();
    files.insert("index.ts".to_owned(), index);
    files
}

#[test]
fn the_windows_types_are_those_of_the_engine() {
    let generated = generated();
    if std::env::var_os("SIAGA_WRITE_BINDINGS").is_some() {
        let folder = committed();
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the types");
        for (name, text) in &generated {
            fs::write(folder.join(name), text).expect("a file for a type");
        }
    }
    let committed = files(&committed());
    let stale: Vec<_> = generated
        .keys()
        .chain(committed.keys())
        .filter(|name| generated.get(*name) != committed.get(*name))
        .collect();
    assert!(
        stale.is_empty(),
        "run with SIAGA_WRITE_BINDINGS=1 and commit: {stale:?} differ from the Rust types"
    );
}
