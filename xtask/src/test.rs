//! `cargo xtask test`: sets the machine up, builds what the tests need, runs every test, counts.

use std::fs;
use std::process::Command;

use crate::asterisk;
use crate::cargo;
use crate::machine::Machine;
use crate::node;
use crate::packages::{self, Purpose};
use crate::plugins;
use crate::stages::{Stages, execute};
use crate::tally::Tally;
use crate::tools;

/// Runs the command.
///
/// # Errors
/// When a stage failed that the later ones stand on.
pub(crate) fn test(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    let mut tally = Tally::default();
    let outcome = set_up(machine, stages).and_then(|()| suite(machine, stages, &mut tally));
    stages.tally = Some(tally);
    outcome
}

/// Everything that must be on the machine before anything is tested.
///
/// # Errors
/// What could not be installed.
pub(crate) fn set_up(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    stages.need("system packages", || packages::ensure(machine, Purpose::Tests))?;
    stages.need("npm packages", || node::install(machine))
}

/// All tests, of the pages and of the Rust crates.
///
/// # Errors
/// When a stage failed that the later ones stand on. Failed tests are in the stages and the tally.
pub(crate) fn suite(
    machine: &Machine,
    stages: &mut Stages,
    tally: &mut Tally,
) -> Result<(), String> {
    stages.check("UI tests", || node::test(machine, "test", tally));
    stages.check("UI in Chromium", || {
        node::script(machine, "build:states")?;
        node::test(machine, "test:browser", tally)
    });
    stages.need("UI build", || node::build(machine))?;
    stages.need("plugins", || plugins::build(machine))?;
    let skip_log = machine.target_dir().join("skipped-tests.txt");
    // On this machine's own target: their rules are plain Rust. Debug output of their own folder,
    // because the guests may be built by another compiler.
    stages.check("plugin tests", || {
        let mut command = cargo::cargo(machine);
        let manifest = machine.root().join("plugins").join("Cargo.toml");
        command.args(["test", "--no-fail-fast", "--manifest-path"]).arg(manifest);
        command.env("CARGO_TARGET_DIR", machine.target_dir().join("plugins-native"));
        cargo::test(&mut command, &skip_log, tally)
    });
    let driver = match tools::window_tests() {
        Ok(()) => Some(stages.need("tauri-driver", || tools::tauri_driver(machine))?),
        Err(why) if machine.can_do_everything() => {
            return stages.need("window tests", || Err(format!("{why}, though it was installed")));
        }
        // The window tests find no driver in their environment and skip themselves by name.
        Err(why) => {
            println!("no window tests on this machine: {why}");
            None
        }
    };
    let mut command = cargo::cargo_workspace(machine, "test");
    command.arg("--no-fail-fast").env("SIAGA_PLUGINS", machine.plugins_dir());
    if let Some(driver) = driver {
        command.env("SIAGA_TAURI_DRIVER", driver);
    }
    if let Some(root) = pbx(machine, stages) {
        command.env(asterisk::ROOT, root);
    }
    stages.need("runtime folder", || runtime_folder(machine, &mut command))?;
    stages.need("compile tests", || {
        execute(cargo::cargo_workspace(machine, "test").arg("--no-run"))
    })?;
    stages.check("Rust tests", || cargo::test(&mut command, &skip_log, tally));
    Ok(())
}

/// The chroot with Asterisk. Without it the tests of Asterisk skip themselves by name.
fn pbx(machine: &Machine, stages: &mut Stages) -> Option<std::path::PathBuf> {
    let mut root = None;
    stages.check("Asterisk", || {
        match asterisk::chroot(machine) {
            Ok(there) => root = Some(there),
            Err(why) => println!("skipped: Asterisk: {why}"),
        }
        Ok(())
    });
    root
}

/// Sound servers and webviews keep their sockets in `XDG_RUNTIME_DIR`, which a login session sets
/// and a container or CI does not.
fn runtime_folder(machine: &Machine, command: &mut Command) -> Result<(), String> {
    if !cfg!(target_os = "linux") || std::env::var_os("XDG_RUNTIME_DIR").is_some() {
        return Ok(());
    }
    let folder = machine.cache().join("runtime");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| format!("cannot close {} to others: {error}", folder.display()))?;
    }
    command.env("XDG_RUNTIME_DIR", folder);
    Ok(())
}
