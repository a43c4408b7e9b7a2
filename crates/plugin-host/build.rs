//! Finds the version of wasmtime that is linked, because every verdict names it and wasmtime does
//! not say it itself.

use std::{env, fs, path::PathBuf};

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
}
