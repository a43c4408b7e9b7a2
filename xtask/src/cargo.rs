//! Calls of cargo, all with the same target folder and the same features, so that no command
//! compiles again what another one has compiled.

use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::machine::Machine;
use crate::stages::{command_line, execute};
use crate::tally::Tally;

/// The desktop carries its pages inside, instead of asking a development server for them.
pub(crate) const FEATURES: &str = "siaga-desktop/custom-protocol";

/// A test program that says nothing for this long hangs. Long, because a property test may think for
/// minutes on a slow machine; finite, because CI would be killed without a word instead.
const SILENCE: Duration = Duration::from_secs(15 * 60);

/// Lines waiting to be printed. When it is full the test program waits, which loses nothing.
const OUTPUT_QUEUE: usize = 1024;

/// `cargo` in the checkout.
pub(crate) fn cargo(machine: &Machine) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(machine.root()).env("CARGO_TARGET_DIR", machine.target_dir());
    if cfg!(windows) {
        // Where CMake has just been installed: the PATH of this console does not know it yet.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::env::split_paths(&path).chain([PathBuf::from(r"C:\Program Files\CMake\bin")]);
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
    }
    command
}

/// `cargo SUBCOMMAND --workspace` with the features everything is built with.
pub(crate) fn cargo_workspace(machine: &Machine, subcommand: &str) -> Command {
    let mut command = cargo(machine);
    command.args([subcommand, "--workspace", "--features", FEATURES]);
    command
}

/// Where cargo puts the program `name` of the development profile.
pub(crate) fn program(machine: &Machine, name: &str) -> PathBuf {
    machine.target_dir().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs the prepared `cargo test` and counts into `tally`.
///
/// # Errors
/// When cargo fails without a failed test to show for it, or when nothing at all was run.
pub(crate) fn test(
    command: &mut Command,
    skip_log: &Path,
    tally: &mut Tally,
) -> Result<(), String> {
    let line = command_line(command);
    // The log is appended to; what an earlier run left must not count.
    std::fs::write(skip_log, "")
        .map_err(|error| format!("cannot write {}: {error}", skip_log.display()))?;
    command.env("SIAGA_SKIP_LOG", skip_log).stdout(Stdio::piped());
    let in_group = own_group(command);
    let mut child = command.spawn().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    let (failed_before, passed_before) = (tally.failed, tally.passed);
    for output in lines_of(&mut child) {
        match output {
            Ok(text) => {
                println!("{text}");
                tally.observe(&text);
            }
            Err(Silence) => {
                end(&mut child, in_group);
                return Err(format!(
                    "`{line}` said nothing for {} minutes: a test hangs (the last one without a \
                     result above)",
                    SILENCE.as_secs() / 60
                ));
            }
        }
    }
    let status = child.wait().map_err(|error| format!("`{line}`: {error}"))?;
    if tally.passed == passed_before && tally.failed == failed_before {
        return Err(format!("`{line}` ran no test ({status})"));
    }
    let log = std::fs::read_to_string(skip_log)
        .map_err(|error| format!("cannot read {}: {error}", skip_log.display()))?;
    tally.move_skipped(&log);
    if status.success() {
        Ok(())
    } else if tally.failed > failed_before {
        Err("tests failed; their names stand at the end".to_owned())
    } else {
        // A test program that crashed prints no result; it must not vanish from the count.
        tally.failed += 1;
        let name = "a test program that ended without a result, see above".to_owned();
        tally.failures.insert(name, status.to_string());
        Err(format!("`{line}` failed ({status}) though no test did"))
    }
}

/// Nothing was printed for too long.
struct Silence;

fn lines_of(child: &mut Child) -> impl Iterator<Item = Result<String, Silence>> + use<> {
    let (sender, receiver) = mpsc::sync_channel(OUTPUT_QUEUE);
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            // Bytes, because a test may print what is no UTF-8.
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
    }
    std::iter::from_fn(move || match receiver.recv_timeout(SILENCE) {
        Ok(line) => Some(Ok(line)),
        Err(mpsc::RecvTimeoutError::Timeout) => Some(Err(Silence)),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
    })
}

/// Gives the command a process group of its own, so that a hanging test can be ended with all it
/// started. Not at a terminal: there Ctrl-C must reach the tests.
fn own_group(command: &mut Command) -> bool {
    let alone = !std::io::stdin().is_terminal();
    #[cfg(unix)]
    if alone {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    #[cfg(not(unix))]
    let _ = command;
    alone
}

fn end(child: &mut Child, in_group: bool) {
    let id = child.id();
    let ended = if cfg!(windows) {
        execute(Command::new("taskkill").args(["/T", "/F", "/PID"]).arg(id.to_string()))
    } else if in_group {
        execute(Command::new("kill").args(["-KILL", "--"]).arg(format!("-{id}")))
    } else {
        child.kill().map_err(|error| error.to_string())
    };
    if let Err(why) = ended {
        eprintln!("the hanging test could not be ended: {why}");
    }
}
