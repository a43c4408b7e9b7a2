//! The real window, drawn on a display of its own, with the real engine behind it.
//!
//! Each test starts what it needs (display, sound server, WebDriver) in a folder of its own and ends
//! exactly that. Pictures of every step stay under the target folder's `tmp/window`. What a machine
//! lacks makes a test skip itself by name.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For what certainly comes; reached only when a test has failed.
const DEADLINE: Duration = Duration::from_secs(120);

/// For a whole journey, whose steps have deadlines of their own.
const JOURNEY: Duration = Duration::from_secs(420);

/// How often something is looked at that tells nothing by itself.
const LOOK: Duration = Duration::from_millis(20);

/// One window at a time: two of them would only fight for the processor.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_declined_call_comes_back_and_is_closed_in_the_window() {
    let name = "a_declined_call_comes_back_and_is_closed_in_the_window";
    let Some(driver) = std::env::var_os("SIAGA_TAURI_DRIVER") else {
        return skip(name, "SIAGA_TAURI_DRIVER names no tauri-driver");
    };
    let Some(room) = Room::furnish(name, &["node", "WebKitWebDriver"]) else { return };
    let [port, native] = free_ports();
    let mut driver_command = room.command("dbus-run-session");
    driver_command.arg("--").arg(driver);
    driver_command.args(["--port", &port.to_string(), "--native-port", &native.to_string()]);
    let mut driver = room.start(driver_command, "driver");
    wait("tauri-driver listens", &mut driver, || TcpStream::connect(("127.0.0.1", port)).is_ok());

    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window");
    // Those of the last run would be taken for this one's.
    let _ = fs::remove_dir_all(&pictures);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/e2e/polres-busy.mjs");
    let mut journey = Command::new("node");
    journey.arg(script).arg(env!("CARGO_BIN_EXE_siaga-desktop")).arg(&pictures);
    journey.env("DRIVER", format!("http://127.0.0.1:{port}"));
    let mut journey = room.start(journey, "journey");
    let ended = journey.ended_within(JOURNEY);
    assert_eq!(
        ended,
        Some(true),
        "the journey failed; pictures in {}\n{}\n{}",
        pictures.display(),
        journey.said(),
        driver.said()
    );
}

#[test]
fn the_page_comes_back_when_its_process_dies() {
    let name = "the_page_comes_back_when_its_process_dies";
    let Some(room) = Room::furnish(name, &[]) else { return };
    let mut command = room.command("dbus-run-session");
    command.arg("--").arg(env!("CARGO_BIN_EXE_siaga-desktop"));
    let mut desk = room.start(command, "desk");
    let shown = |desk: &Running| desk.said().matches("a page shows this desk").count();
    wait_on("the page shows the desk", &mut desk, |desk| shown(desk) > 0);

    let before = page_process(desk.id()).expect("a process draws the page");
    let seen = shown(&desk);
    let killed = Command::new("kill").args(["-KILL", &before.to_string()]).status();
    assert!(killed.expect("kill runs").success());
    // The old page may have asked a second time just before it died, so a new process counts too.
    wait_on("another page shows the desk", &mut desk, |desk| {
        shown(desk) > seen && page_process(desk.id()).is_some_and(|now| now != before)
    });
    assert!(desk.said().contains("the page's process has died"), "IT is told: {}", desk.said());
}

/// A display, a sound server and folders, for one test.
struct Room {
    folder: tempfile::TempDir,
    display: String,
    _screen: Running,
    _sound: Running,
    _alone: MutexGuard<'static, ()>,
}

impl Room {
    /// `None` when something is missing, which has then been said.
    fn furnish(test: &str, tools: &[&str]) -> Option<Self> {
        if !cfg!(feature = "custom-protocol") {
            skip(test, "built without the page: feature custom-protocol is off");
            return None;
        }
        if std::env::var_os("SIAGA_PLUGINS").is_none() {
            skip(test, "SIAGA_PLUGINS names no folder with the plugins");
            return None;
        }
        let needed = ["Xvfb", "dbus-run-session", "pulseaudio"];
        if let Some(missing) = needed.iter().chain(tools).find(|tool| !is_installed(tool)) {
            skip(test, &format!("{missing} is not installed"));
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("private");

        // It takes a free display by itself and says which.
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"]);
        let mut screen = Running::start(screen.stdout(Stdio::piped()), folder.path(), "screen");
        let stdout = screen.process.stdout.take().expect("piped");
        let mut number = String::new();
        BufReader::new(stdout).read_line(&mut number).expect("Xvfb says its display");
        assert!(!number.trim().is_empty(), "Xvfb has no display: {}", screen.said());

        let socket = folder.path().join("native");
        let mut sound = Command::new("pulseaudio");
        sound
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
            .args(["--disallow-exit=true", "--realtime=no", "--high-priority=no"])
            .args(["-L", "module-null-sink sink_name=speaker rate=48000 channels=1"])
            .args(["-L", "module-remap-source source_name=mic master=speaker.monitor"])
            .args(["-L"])
            .arg(format!(
                "module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .env("PULSE_RUNTIME_PATH", folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("HOME", folder.path());
        let mut sound = Running::start(&mut sound, folder.path(), "sound");
        wait("the sound server listens", &mut sound, || UnixStream::connect(&socket).is_ok());

        let display = format!(":{}", number.trim());
        Some(Self { folder, display, _screen: screen, _sound: sound, _alone: alone })
    }

    /// A program that is at home here and nowhere else.
    fn command(&self, program: &str) -> Command {
        let own = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("XDG_DATA_HOME", own("data"))
            .env("XDG_CONFIG_HOME", own("config"))
            .env("XDG_CACHE_HOME", own("cache"))
            .env("PULSE_SERVER", format!("unix:{}", own("native").display()))
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG");
        command
    }

    fn start(&self, mut command: Command, name: &str) -> Running {
        let file = File::create(self.folder.path().join(format!("{name}.out"))).expect("a file");
        Running::start(command.stdout(file), self.folder.path(), name)
    }
}

/// A program with all that it started. Ended when dropped.
struct Running {
    process: Child,
    log: PathBuf,
}

impl Running {
    fn start(command: &mut Command, folder: &Path, name: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let process = command
            .stdin(Stdio::null())
            .stderr(File::create(&log).expect("a file for the log"))
            // A group of its own, so that what it starts ends with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { process, log }
    }

    fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has said so far on stderr.
    fn said(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether it ended well; `None` when it did not end.
    fn ended_within(&mut self, time: Duration) -> Option<bool> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().expect("a child of ours") {
                return Some(status.success());
            }
            std::thread::park_timeout(LOOK);
        }
        None
    }

    fn signal_group(&self, signal: &str) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal_group("-TERM");
        let _ = self.ended_within(Duration::from_secs(5));
        self.signal_group("-KILL");
        let _ = self.process.wait();
    }
}

fn wait(what: &str, on: &mut Running, mut holds: impl FnMut() -> bool) {
    wait_on(what, on, |_| holds());
}

/// Waits until `holds`, as long as the program lives.
fn wait_on(what: &str, on: &mut Running, mut holds: impl FnMut(&Running) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds(on) {
        let ended = on.process.try_wait().expect("a child of ours");
        assert!(ended.is_none(), "{what}: it ended with {ended:?}\n{}", on.said());
        assert!(Instant::now() < deadline, "not in time: {what}\n{}", on.said());
        std::thread::park_timeout(LOOK);
    }
}

/// The process below `root` that draws a page, from `/proc`.
fn page_process(root: u32) -> Option<u32> {
    let parents: Vec<(u32, u32, String)> = fs::read_dir("/proc")
        .expect("Linux has it")
        .filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let (head, tail) = stat.rsplit_once(')')?;
            let mut fields = tail.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            let name = head.split_once('(')?.1.to_owned();
            (state != "Z").then_some((id, parent, name))
        })
        .collect();
    let parent = |of: u32| parents.iter().find(|(id, _, _)| *id == of).map(|(_, up, _)| *up);
    let below = |id: u32| {
        std::iter::successors(Some(id), |at| parent(*at)).take(64).any(|ancestor| ancestor == root)
    };
    parents
        .iter()
        .find(|(id, _, name)| name.starts_with("WebKitWebProces") && below(*id))
        .map(|(id, _, _)| *id)
}

fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// Two ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [0, 1].map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}

/// Says that a test did not run, where `cargo xtask` reads it.
fn skip(test: &str, why: &str) {
    let line = format!("skipped: {test}: {why}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SIAGA_SKIP_LOG") {
        let mut log = File::options().create(true).append(true).open(path).expect("the skip log");
        log.write_all(line.as_bytes()).expect("a line of the skip log");
    }
}
