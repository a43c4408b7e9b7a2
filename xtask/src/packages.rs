//! The system packages that building and testing need, each with its reason, and how they get onto
//! the machine. Nothing is asked of the network when nothing is missing.

use std::process::Command;

use crate::machine::{Machine, System, User, is_there};
use crate::stages::{ask, execute};

/// A Debian package and why we need it.
type Package = (&'static str, &'static str);

/// To compile the engine: hub, switch, desk, training.
const ENGINE: &[Package] = &[
    ("build-essential", "compiles libopus and SQLite"),
    ("cmake", "builds libopus"),
    ("pkg-config", "finds the audio libraries"),
    ("libasound2-dev", "audio through ALSA"),
    ("libpipewire-0.3-dev", "audio through PipeWire"),
    ("libpulse-dev", "audio through PulseAudio"),
    ("libclang-dev", "bindings to PipeWire are made from its headers"),
];

/// To compile and open the window.
const WINDOW: &[Package] = &[
    ("libwebkit2gtk-4.1-dev", "the webview"),
    ("libayatana-appindicator3-1", "the tray icon, loaded at run time"),
];

/// To run every test.
const TESTS: &[Package] = &[
    ("xvfb", "a display for the window tests"),
    ("xauth", "xvfb-run needs it"),
    ("webkit2gtk-driver", "WebDriver for the webview"),
    ("dbus-x11", "a session bus for the window tests"),
    ("pulseaudio", "a sound card made of software"),
    ("xdotool", "types into the window of the scenario webview-dies"),
    ("iproute2", "network namespaces for desks that lose their network"),
    ("mmdebstrap", "builds the chroot of Asterisk"),
    ("sip-tester", "sipp, a caller on the trunk who speaks G.711"),
    ("baresip-core", "a caller on the trunk who speaks Opus"),
];

/// A caller we did not write. Ubuntu's package of this name only installs a snap, which needs a
/// running snapd; there, the test looks for a browser and skips itself.
const CHROMIUM: Package = ("chromium", "the foreign WebRTC caller");

/// What is going to be done on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Headless play.
    Headless,
    /// The desktop.
    Desktop,
    /// All tests, window included.
    Tests,
}

/// Installs what `purpose` needs and is not there yet.
///
/// # Errors
/// When something is missing and this user cannot install it: the message then holds the line to
/// type. When the installation fails.
pub(crate) fn ensure(machine: &Machine, purpose: Purpose) -> Result<(), String> {
    match machine.system() {
        System::Debian | System::Ubuntu => ensure_debian(machine, purpose),
        System::Windows => ensure_windows(),
        System::Other => {
            println!(
                "set-up knows Debian, Ubuntu and Windows; if the build fails, install what these \
                 are called here: {}",
                names(purpose, machine.system()).join(" ")
            );
            Ok(())
        }
    }
}

fn names(purpose: Purpose, system: System) -> Vec<&'static str> {
    let mut packages: Vec<Package> = ENGINE.to_vec();
    if purpose != Purpose::Headless {
        packages.extend(WINDOW);
    }
    if purpose == Purpose::Tests {
        packages.extend(TESTS);
        if system != System::Ubuntu {
            packages.push(CHROMIUM);
        }
    }
    packages.into_iter().map(|(name, _)| name).collect()
}

fn ensure_debian(machine: &Machine, purpose: Purpose) -> Result<(), String> {
    install_missing(machine, &names(purpose, machine.system())).map(drop)
}

/// Installs those of `wanted` that are not there, on Debian and its like. Says whether there were any.
///
/// # Errors
/// As [`ensure`].
pub(crate) fn install_missing(machine: &Machine, wanted: &[&str]) -> Result<bool, String> {
    // It fails when it knows nothing of one of them; what it prints about the others still holds.
    let known = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
        .args(wanted)
        .output()
        .map_err(|error| format!("cannot start dpkg-query: {error}"))?;
    let missing = missing(wanted, &String::from_utf8_lossy(&known.stdout));
    if missing.is_empty() {
        return Ok(false);
    }
    println!("to be installed: {}", missing.join(" "));
    match machine.user() {
        User::Root => install("env", &["DEBIAN_FRONTEND=noninteractive", "apt-get"], &missing),
        User::Sudo => {
            install("sudo", &["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"], &missing)
        }
        User::Plain => Err(format!(
            "packages are missing, and installing them needs root. Type this, then try again:\n\n  \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {}\n",
            missing.join(" ")
        )),
    }?;
    Ok(true)
}

fn install(program: &str, apt: &[&str], packages: &[&str]) -> Result<(), String> {
    execute(Command::new(program).args(apt).args(["-q", "update"]))?;
    execute(
        Command::new(program)
            .args(apt)
            .args(["-q", "install", "-y", "--no-install-recommends"])
            .args(packages),
    )
}

/// The packages of `wanted` that `dpkg-query`'s answer does not show as installed.
fn missing<'a>(wanted: &[&'a str], answer: &str) -> Vec<&'a str> {
    let installed: Vec<&str> =
        answer.lines().filter_map(|line| line.strip_prefix("ii ")).map(str::trim).collect();
    wanted.iter().copied().filter(|name| !installed.contains(name)).collect()
}

/// Windows brings the webview and the audio; the compiler came with Rust. libopus wants CMake.
fn ensure_windows() -> Result<(), String> {
    // A fresh installation is on the PATH of new consoles only.
    let usual = r"C:\Program Files\CMake\bin";
    if is_there("cmake") || is_there(&format!(r"{usual}\cmake.exe")) {
        return Ok(());
    }
    let words = ["install", "--id", "Kitware.CMake", "-e", "--silent"];
    let agree = ["--accept-package-agreements", "--accept-source-agreements"];
    ask(Command::new("winget").args(words).args(agree)).map(drop).map_err(|why| {
        format!("CMake is missing ({why}). Type this, then try again in a new console:\n\n  winget {}\n", words.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_was_removed_but_left_its_configuration_is_missing() {
        let answer = "ii  cmake\nrc  xvfb\n";
        assert_eq!(missing(&["cmake", "xvfb", "xauth"], answer), ["xvfb", "xauth"]);
    }

    #[test]
    fn headless_play_asks_for_no_webview_and_running_asks_for_no_test_tools() {
        let headless = names(Purpose::Headless, System::Debian);
        let desktop = names(Purpose::Desktop, System::Debian);
        let tests = names(Purpose::Tests, System::Debian);
        assert!(!headless.contains(&"libwebkit2gtk-4.1-dev"));
        assert!(desktop.contains(&"libwebkit2gtk-4.1-dev") && !desktop.contains(&"xvfb"));
        assert!(desktop.iter().all(|name| tests.contains(name)));
    }

    #[test]
    fn chromium_is_not_asked_of_ubuntu_where_it_is_a_snap() {
        assert!(names(Purpose::Tests, System::Debian).contains(&"chromium"));
        assert!(!names(Purpose::Tests, System::Ubuntu).contains(&"chromium"));
    }
}
