//! Checks a folder of tables and, if a file is named, writes their compact form into it.
//!
//! `cargo run --release -p siaga-gazetteer --example check -- TABLES [OUT.gazetteer]`

use siaga_gazetteer::source;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tables, out @ ..] = &arguments[..] else {
        eprintln!("usage: check TABLES [OUT.gazetteer]");
        return ExitCode::FAILURE;
    };
    let form = match source::read(Path::new(tables)) {
        Ok(form) => form,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!("{} faults", faults.len());
            return ExitCode::FAILURE;
        }
    };
    println!("{}", form.summary());
    if let [file] = out
        && let Err(error) = std::fs::write(file, form.to_bytes())
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
