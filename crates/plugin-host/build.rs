//! Finds the version of wasmtime that is linked, because every verdict names it and wasmtime does
//! not say it itself. Makes the compact form of the gazetteer of the tables in `data/`.

use siaga_gazetteer::source;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let lock = root.join("../../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(&lock).expect("the workspace has a Cargo.lock");
    let mut lines = text.lines().map(str::trim_end);
    let version = lines
        .by_ref()
        .find(|line| *line == "name = \"wasmtime\"")
        .and_then(|_| lines.next())
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .expect("wasmtime stands in Cargo.lock with its version on the next line");
    println!("cargo::rustc-env=SIAGA_WASMTIME_VERSION={version}");
    make_gazetteer(&root.join("data"));
}

fn make_gazetteer(tables: &Path) {
    for file in source::TABLES.iter().chain([&source::BORDERS]) {
        println!("cargo::rerun-if-changed={}", tables.join(file).display());
    }
    let form = source::read(tables).unwrap_or_else(|faults| {
        for fault in &faults {
            println!("cargo::error={fault}");
        }
        std::process::exit(1);
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("metro-jaya.gazetteer"), form.to_bytes())
        .expect("cargo's folder is writable");
}
