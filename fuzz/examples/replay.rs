//! Runs targets over files: `replay` all of `seeds/`, `replay TARGET PATH…` these files or folders.
//!
//! Without libFuzzer, so that every machine and CI can: what a fuzzer has found stays fixed.

#![forbid(unsafe_code)]

use siaga_fuzz::{TARGETS, Target};
use std::path::{Path, PathBuf};

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, paths)) = arguments.split_first() else {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        return TARGETS.iter().try_for_each(|target| replay(target, &seeds.join(target.0)));
    };
    let target = TARGETS.iter().find(|(known, _)| known == name);
    let target = target.ok_or_else(|| format!("no target {name}"))?;
    paths.iter().try_for_each(|path| replay(target, Path::new(path)))
}

fn replay((name, run): &Target, path: &Path) -> Result<(), String> {
    let files = files(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if files.is_empty() {
        return Err(format!("{name} has no seeds in {}", path.display()));
    }
    for file in &files {
        let data = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        // A panic names its input only if somebody has said which one runs.
        println!("{name} {} ({} bytes)", file.display(), data.len());
        run(&data);
    }
    println!("{name}: {} inputs", files.len());
    Ok(())
}

fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}
