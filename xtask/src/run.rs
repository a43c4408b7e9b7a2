//! `cargo xtask run`: the desktop in training mode, or a scenario without a window; `cargo xtask
//! soak`: hours of calls with faults.

use std::process::{Command, ExitStatus};

use crate::asterisk;
use crate::cargo::{cargo, program};
use crate::machine::Machine;
use crate::node;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, command_line, execute};

/// The program that plays calls.
const TRAINING: &str = "siaga-training";

/// What is played when nobody says which: the Polres is busy and the caller comes back.
const DEFAULT_SCENARIO: &str = "polres-busy";

/// What is to be opened.
#[derive(Debug, PartialEq, Eq)]
enum Play {
    Desktop(Vec<String>),
    Headless(Vec<String>),
}

/// Sets the machine up, builds and runs.
///
/// # Errors
/// When something is missing, does not compile, or when what ran says that it failed.
pub(crate) fn run(
    machine: &Machine,
    stages: &mut Stages,
    arguments: &[String],
) -> Result<(), String> {
    match choose(arguments, machine.has_display())? {
        Play::Desktop(arguments) => desktop(machine, stages, &arguments),
        Play::Headless(mut arguments) => {
            if !arguments.iter().any(|argument| is_option(argument, "--report")) {
                let scenario = scenario_of(&arguments);
                let report = machine.target_dir().join("reports").join(scenario);
                arguments.extend(["--report".to_owned(), report.display().to_string()]);
            }
            headless(machine, stages, &arguments)
        }
    }
}

/// Builds the program that plays calls, optimised, because it has many of them to play at once, and
/// soaks.
///
/// # Errors
/// As [`run`]; also when a promise was broken while soaking.
pub(crate) fn soak(
    machine: &Machine,
    stages: &mut Stages,
    arguments: &[String],
) -> Result<(), String> {
    stages.need("system packages", || packages::ensure(machine, Purpose::Headless))?;
    stages.need("plugins", || plugins::build(machine))?;
    stages.need("training", || {
        execute(cargo(machine).args(["build", "--release", "-p", TRAINING, "--bin", TRAINING]))
    })?;
    let mut command = Command::new(machine.target_dir().join("release").join(TRAINING));
    command.arg("soak").args(arguments);
    play(machine, stages, command)
}

fn choose(arguments: &[String], has_display: bool) -> Result<Play, String> {
    let headless = arguments.iter().any(|argument| argument == "--headless");
    let desk = arguments.iter().any(|argument| is_option(argument, "--desk"));
    if !headless && has_display {
        return Ok(Play::Desktop(arguments.to_vec()));
    }
    if !headless && desk {
        return Err(
            "there is no display (DISPLAY and WAYLAND_DISPLAY are not set): a desk's window \
                    cannot be opened"
                .to_owned(),
        );
    }
    if !headless {
        println!("there is no display: playing the scenario {DEFAULT_SCENARIO} without a window");
    }
    let mut rest: Vec<String> =
        arguments.iter().filter(|argument| *argument != "--headless").cloned().collect();
    if !rest.iter().any(|argument| is_option(argument, "--scenario")) {
        rest.extend(["--scenario".to_owned(), DEFAULT_SCENARIO.to_owned()]);
    }
    Ok(Play::Headless(rest))
}

fn desktop(machine: &Machine, stages: &mut Stages, arguments: &[String]) -> Result<(), String> {
    stages.need("system packages", || packages::ensure(machine, Purpose::Desktop))?;
    stages.need("npm packages", || node::install(machine))?;
    stages.need("UI build", || node::build(machine))?;
    stages.need("plugins", || plugins::build(machine))?;
    stages.need("desktop", || {
        let mut build = cargo(machine);
        // custom-protocol: the pages are inside the program, not on a development server.
        execute(build.args(["build", "-p", "siaga-desktop", "--features", "custom-protocol"]))
    })?;
    let mut command = Command::new(program(machine, "siaga-desktop"));
    command.args(arguments);
    play(machine, stages, command)
}

fn headless(machine: &Machine, stages: &mut Stages, arguments: &[String]) -> Result<(), String> {
    let asterisk = on_asterisk(arguments);
    let purpose = if asterisk { Purpose::Tests } else { Purpose::Headless };
    stages.need("system packages", || packages::ensure(machine, purpose))?;
    stages.need("plugins", || plugins::build(machine))?;
    stages.need("headless play", || {
        execute(cargo(machine).args(["build", "-p", TRAINING, "--bin", TRAINING]))
    })?;
    let mut command = Command::new(program(machine, TRAINING));
    command.args(arguments);
    if asterisk {
        command.env(asterisk::ROOT, stages.need("Asterisk", || asterisk::chroot(machine))?);
    }
    play(machine, stages, command)
}

/// Whether `--switch asterisk` is asked for, which needs a PBX and telephones for its trunk.
fn on_asterisk(arguments: &[String]) -> bool {
    arguments.iter().enumerate().any(|(n, argument)| {
        argument == "--switch=asterisk"
            || argument == "--switch" && arguments.get(n + 1).is_some_and(|kind| kind == "asterisk")
    })
}

/// Runs the built program in the folder the user is in, so that the paths they gave hold.
fn play(machine: &Machine, stages: &mut Stages, mut command: Command) -> Result<(), String> {
    command.env("SIAGA_PLUGINS", machine.plugins_dir());
    stages.need(&command_line(&command), || {
        let status = command.status().map_err(|error| format!("cannot start it: {error}"))?;
        ended(status)
    })
}

fn ended(status: ExitStatus) -> Result<(), String> {
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
}

fn scenario_of(arguments: &[String]) -> &str {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if let Some(value) = argument.strip_prefix("--scenario=") {
            return value;
        }
        if argument == "--scenario" {
            return arguments.next().map_or(DEFAULT_SCENARIO, String::as_str);
        }
    }
    DEFAULT_SCENARIO
}

/// Whether `argument` is the option `name`, alone or with its value after `=`.
fn is_option(argument: &str, name: &str) -> bool {
    argument.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asterisk_is_asked_for_in_both_ways_of_writing_it() {
        let asked = |words: &[&str]| {
            on_asterisk(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(asked(&["--headless", "--switch", "asterisk"]) && asked(&["--switch=asterisk"]));
        assert!(
            !asked(&["--switch", "embedded"]) && !asked(&["--switch"]) && !asked(&["asterisk"])
        );
    }

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn without_a_display_the_busy_polres_is_played() {
        assert_eq!(choose(&[], false), Ok(Play::Headless(words("--scenario polres-busy"))));
    }

    #[test]
    fn with_a_display_the_desktop_gets_every_argument() {
        let line = words("--desk polda-1 --hub https://hub.example");
        assert_eq!(choose(&line, true), Ok(Play::Desktop(line)));
    }

    #[test]
    fn headless_is_asked_for_by_name_even_with_a_display() {
        let line = words("--headless --scenario not-valid --loss 5");
        assert_eq!(choose(&line, true), Ok(Play::Headless(words("--scenario not-valid --loss 5"))));
    }

    #[test]
    fn a_second_desk_without_a_display_is_an_error_and_not_another_program() {
        assert!(choose(&words("--desk polda-1 --hub https://hub.example"), false).is_err());
    }

    #[test]
    fn report_goes_into_a_folder_named_after_the_scenario() {
        assert_eq!(scenario_of(&words("--loss 5 --scenario information")), "information");
        assert_eq!(scenario_of(&words("--scenario=not-valid")), "not-valid");
        assert_eq!(scenario_of(&[]), "polres-busy");
    }
}
