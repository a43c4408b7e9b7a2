//! What a test needs of a machine: a display, a sound server, folders of its own, and the programs
//! that it starts, ended when it is over.

use std::ffi::{OsStr, OsString};
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

/// How often something is looked at that tells nothing by itself.
const LOOK: Duration = Duration::from_millis(20);

/// Name of the sound server's cookie, below the folder.
const COOKIE: &str = "cookie";

/// One window at a time: two of them would only fight for the processor.
static ALONE: Mutex<()> = Mutex::new(());

/// A display, a sound server and folders, for one test.
pub(crate) struct Room {
    /// Private, and gone when the test is over.
    pub(crate) folder: tempfile::TempDir,
    display: String,
    _screen: Running,
    sound: Running,
    _alone: MutexGuard<'static, ()>,
}

impl Room {
    /// `None` when something is missing, which has then been said.
    pub(crate) fn furnish(test: &str, tools: &[&str]) -> Option<Self> {
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

        // It takes a free display by itself and says which. As on a desktop, where somebody always has a
        // window open, what one program leaves at the display is there for the next.
        let mut screen = Command::new("Xvfb");
        screen.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1400x900x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        screen.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut screen = Running::start(&mut screen, folder.path(), "screen");
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
        sound.stdin(Stdio::null());
        let mut sound = Running::start(&mut sound, folder.path(), "sound");
        wait("the sound server listens", &mut sound, || UnixStream::connect(&socket).is_ok());

        // The server lets everybody in, but a client that shows no cookie at all does not speak its language.
        fs::write(folder.path().join(COOKIE), [0; 256]).expect("a cookie");

        let display = format!(":{}", number.trim());
        Some(Self { folder, display, _screen: screen, sound, _alone: alone })
    }

    /// The display's name.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// The sound server's process group: with it go its microphone and its loudspeaker.
    pub(crate) fn sound_server(&self) -> u32 {
        self.sound.id()
    }

    /// A program that is at home here and nowhere else.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
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
            .env("PULSE_COOKIE", own(COOKIE))
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG");
        command
    }

    /// A program that is left alone.
    pub(crate) fn start(&self, mut command: Command, name: &str) -> Running {
        let file = File::create(self.folder.path().join(format!("{name}.out"))).expect("a file");
        Running::start(command.stdin(Stdio::null()).stdout(file), self.folder.path(), name)
    }

    /// What a program that is left alone has said on stdout.
    pub(crate) fn told(&self, name: &str) -> String {
        let file = self.folder.path().join(format!("{name}.out"));
        fs::read_to_string(file).unwrap_or_default()
    }

    /// A program that is talked with.
    pub(crate) fn talk(&self, mut command: Command, name: &str) -> Running {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Running::start(command, self.folder.path(), name)
    }

    /// The driver of the window, at a port of its own.
    pub(crate) fn driver(&self, tauri_driver: &OsStr) -> (Running, u16) {
        self.driver_of(tauri_driver, Vec::new())
    }

    /// As [`Self::driver`], with more for the window to find in its surroundings.
    pub(crate) fn driver_of(
        &self,
        tauri_driver: &OsStr,
        surroundings: Vec<(&'static str, OsString)>,
    ) -> (Running, u16) {
        let [port, native] = free_ports();
        let mut command = self.command("dbus-run-session");
        command.arg("--").arg(tauri_driver).envs(surroundings);
        command.args(["--port", &port.to_string(), "--native-port", &native.to_string()]);
        let mut driver = self.start(command, "driver");
        wait("tauri-driver listens", &mut driver, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        (driver, port)
    }
}

/// A program with all that it started. Ended when dropped.
pub(crate) struct Running {
    pub(crate) process: Child,
    log: PathBuf,
}

impl Running {
    pub(crate) fn start(command: &mut Command, folder: &Path, name: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let process = command
            .stderr(File::create(&log).expect("a file for the log"))
            // A group of its own, so that what it starts ends with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { process, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has said so far on stderr.
    pub(crate) fn said(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether it ended well; `None` when it did not end.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<bool> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().expect("a child of ours") {
                return Some(status.success());
            }
            std::thread::park_timeout(LOOK);
        }
        None
    }

    /// Tells the program itself, and not what it has started, to end.
    pub(crate) fn is_told_to_end(&self, signal: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", signal, "--", &id]).status();
        assert!(status.expect("kill").success(), "SIG{signal}");
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

pub(crate) fn wait(what: &str, on: &mut Running, mut holds: impl FnMut() -> bool) {
    wait_on(what, on, |_| holds());
}

/// Waits until `holds`, as long as the program lives.
pub(crate) fn wait_on(what: &str, on: &mut Running, mut holds: impl FnMut(&Running) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds(on) {
        let ended = on.process.try_wait().expect("a child of ours");
        assert!(ended.is_none(), "{what}: it ended with {ended:?}\n{}", on.said());
        assert!(Instant::now() < deadline, "not in time: {what}\n{}", on.said());
        std::thread::park_timeout(LOOK);
    }
}

/// The process below `root` that draws a page, from `/proc`.
pub(crate) fn page_process(root: u32) -> Option<u32> {
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

pub(crate) fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// Two ports that were free a moment ago.
pub(crate) fn free_ports() -> [u16; 2] {
    let listeners = [0, 1].map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}

/// Says that a test did not run, where `cargo xtask` reads it.
pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("skipped: {test}: {why}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SIAGA_SKIP_LOG") {
        let mut log = File::options().create(true).append(true).open(path).expect("the skip log");
        log.write_all(line.as_bytes()).expect("a line of the skip log");
    }
}
