//! What a developer types: `cargo xtask run | test | ci | tidy | generate | bench | soak | plugins |
//! asterisk`.
//!
//! This program uses the standard library only and depends on no crate of the workspace, so that
//! it compiles on a machine on which nothing is installed yet; setting that machine up is its first
//! work. It is not part of the product: nothing here runs at a Polda.
//!
//! Every subcommand is a list of [`stages`], each timed. What a machine cannot do is said as
//! `skipped: NAME: why` and counted as skipped, never as passed.

mod asterisk;
mod bench;
mod cargo;
mod ci;
mod generated;
mod machine;
mod node;
mod packages;
mod plugins;
mod run;
mod stages;
mod tally;
mod test;
mod tidy;
mod tools;
mod wasm;

use std::process::ExitCode;

use machine::Machine;
use stages::Stages;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  run       open the desktop in training mode (without a display: the headless scenario polres-busy)
            --desk SEAT --hub URL              a further desk, at a hub that already runs
            --headless --scenario NAME --report DIR
            [--switch asterisk [--telephone sipp] [--codec pcmu]] [--handover music] [--loss PERCENT] [--jitter MS]
            [--caller-voice WAV] [--polda-voice WAV] [--polres-voice WAV]
  test      every test; the last line is the total
  ci        test, and what else must hold before a change is taken
  tidy      the house rules that no compiler checks
  generate  write the TypeScript types of the UI anew from the Rust types
  bench     the measurements; `bench plugins` those of the plugins only; `bench calls` how many calls
            at once each switch carries, and what a call costs (five minutes); `bench client` those of
            the window, in a call with Chromium and JsSIP
  soak      many calls at once, faults at random, and an observer who looks for a dropped caller
            --minutes N --seed S [--callers K] [--dir DIR]
  plugins   build the shipped plugins and say where they are
  asterisk  up | down | status: a real Asterisk on loopback, for development
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let machine = match Machine::look_around() {
        Ok(machine) => machine,
        Err(why) => {
            eprintln!("xtask: {why}");
            return ExitCode::FAILURE;
        }
    };
    let mut stages = Stages::new();
    let outcome = match command.as_str() {
        "run" => run::run(&machine, &mut stages, rest),
        "test" => test::test(&machine, &mut stages),
        "ci" => ci::ci(&machine, &mut stages),
        "tidy" => tidy::stage(&machine, &mut stages),
        "generate" => generated::write(&machine, &mut stages),
        "bench" => bench::bench(&machine, &mut stages, rest),
        "asterisk" => asterisk::asterisk(&machine, &mut stages, rest),
        "soak" => run::soak(&machine, &mut stages, rest),
        "plugins" => show_plugins(&machine, &mut stages),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        unknown => {
            eprintln!("xtask: there is no command {unknown:?}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    stages.report(outcome)
}

fn show_plugins(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    let built = stages.need("plugins", || plugins::build(machine))?;
    for component in built {
        println!("{}", component.display());
    }
    Ok(())
}
