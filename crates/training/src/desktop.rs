//! The desktop program on a display of its own: the real window, worked by keys as a person would.
//!
//! It is found as `SIAGA_DESKTOP` says, else beside this program. Whoever has not got it, or the
//! display that it needs, is told so, so that what cannot be played is skipped by name.

use crate::network::NotAllowed;
use crate::sound::{RATE, Speaker};
use crate::stage::OPERATOR;
use anyhow::{Context, ensure};
use siaga_model::{Redacted, SeatId};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than a window needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked at that tells nothing by itself.
const LOOK: Duration = Duration::from_millis(50);

/// What the program says on stderr whenever a page has asked for the desk's state.
const DRAWN: &str = "a page shows this desk";

/// What the window is called.
const TITLE: &str = "Siaga 110";

/// What the process that draws a page is called on Linux, as far as the kernel keeps names.
const PAGE: &str = "WebKitWebProces";

/// How it is started.
pub(crate) struct DesktopConfig<'a> {
    /// The hub.
    pub(crate) hub: SocketAddr,
    /// Where it sits.
    pub(crate) seat: SeatId,
    /// The password of [`OPERATOR`].
    pub(crate) password: &'a Redacted<String>,
    /// What its operator hums.
    pub(crate) hz: f32,
}

/// The window of a seat. Everything that belongs to it is gone when this is dropped.
pub(crate) struct Desktop {
    program: Ended,
    _screen: Ended,
    display: String,
    folder: tempfile::TempDir,
}

impl Desktop {
    /// Opens the window and waits until it is drawn.
    ///
    /// # Errors
    /// [`NotAllowed`] where this machine lacks something; others when the window does not come.
    pub(crate) async fn open(config: DesktopConfig<'_>) -> anyhow::Result<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().context("a folder for the window")?;
        private(folder.path())?;
        let (screen, display) = screen(folder.path()).await?;
        let own = |name: &str| folder.path().join(name);
        hum(config.hz, &own("said.wav"))?;
        let mut command = Command::new(program);
        command
            .args(["--desk", config.seat.as_str()])
            .args(["--hub", &format!("http://{}", config.hub)])
            .arg("--audio-in")
            .arg(own("said.wav"))
            .arg("--audio-out")
            .arg(own("heard.wav"))
            .env("SIAGA_OPERATOR", OPERATOR)
            .env("SIAGA_PASSWORD", config.password.expose())
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("XDG_DATA_HOME", own("data"))
            .env("XDG_CONFIG_HOME", own("config"))
            .env("XDG_CACHE_HOME", own("cache"))
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(own("said.log")).context("a file for what the window says")?);
        let program = Ended(command.spawn().context("starting the desktop")?);
        let mut desktop = Self { program, _screen: screen, display, folder };
        desktop.is_drawn(1).await?;
        desktop.keys(&["search", "--sync", "--onlyvisible", "--name", TITLE, "windowfocus"])?;
        Ok(desktop)
    }

    /// Waits until a page was drawn `times` times since the program was started.
    ///
    /// # Errors
    /// When it is not, or the program has ended.
    pub(crate) async fn is_drawn(&mut self, times: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.said()?.matches(DRAWN).count() < times {
            if let Some(status) = self.program.0.try_wait()? {
                anyhow::bail!("the desktop has ended ({status}): {}", self.said()?);
            }
            ensure!(Instant::now() < deadline, "no page is drawn: {}", self.said()?);
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Presses a key, named as X names it: `F9`, `shift+F9`, `ctrl+Return`.
    ///
    /// # Errors
    /// When the keyboard cannot be played.
    pub(crate) fn press(&self, key: &str) -> anyhow::Result<()> {
        self.keys(&["key", key])
    }

    /// Types where the caret is.
    ///
    /// # Errors
    /// As [`Self::press`].
    pub(crate) fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.keys(&["type", "--delay", "8", text])
    }

    /// Kills the process that draws the page, as the kernel kills one that has taken all memory.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn kill_page(&self) -> anyhow::Result<()> {
        let page = page_below(self.program.0.id()).context("no process draws the page")?;
        let killed = Command::new("kill").args(["-KILL", &page.to_string()]).status()?;
        ensure!(killed.success(), "the page's process cannot be killed");
        Ok(())
    }

    /// What the operator has heard so far, 48 kHz; up to a second behind.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn heard(&self) -> anyhow::Result<Arc<[i16]>> {
        crate::read_voice(&self.folder.path().join("heard.wav"))
    }

    fn keys(&self, words: &[&str]) -> anyhow::Result<()> {
        let done = Command::new("xdotool")
            .args(words)
            .env("DISPLAY", &self.display)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("xdotool")?;
        ensure!(done.success(), "xdotool {}: {done}", words.join(" "));
        Ok(())
    }

    fn said(&self) -> anyhow::Result<String> {
        let bytes = fs::read(self.folder.path().join("said.log"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A program that is ended when this is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The desktop, and whether what it needs here is there.
fn program() -> Result<PathBuf, NotAllowed> {
    let missing = |what: &str| Err(NotAllowed(what.to_owned()));
    if !cfg!(target_os = "linux") {
        return missing("windows are worked by keys on Linux only");
    }
    for tool in ["Xvfb", "xdotool"] {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()) {
            return missing(&format!("{tool} is not installed"));
        }
    }
    let named = std::env::var_os("SIAGA_DESKTOP").map(PathBuf::from);
    // A test of the desktop lies one folder deeper.
    let beside = std::env::current_exe().unwrap_or_default();
    let beside = beside.ancestors().skip(1).take(2).map(|folder| folder.join("siaga-desktop"));
    match named.into_iter().chain(beside).find(|program| program.is_file()) {
        Some(program) => Ok(program),
        None => missing("SIAGA_DESKTOP names no desktop, and none is beside this program"),
    }
}

/// A display that nobody else has, and its name.
async fn screen(folder: &Path) -> anyhow::Result<(Ended, String)> {
    let file = folder.join("display");
    let screen = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(File::create(&file)?)
        .stderr(Stdio::null())
        .spawn()
        .context("starting Xvfb")?;
    let screen = Ended(screen);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let number = fs::read_to_string(&file)?;
        if number.ends_with('\n') {
            return Ok((screen, format!(":{}", number.trim())));
        }
        ensure!(Instant::now() < deadline, "Xvfb has no display");
        tokio::time::sleep(LOOK).await;
    }
}

/// A second of humming, which is as good as for ever when it is said again and again.
fn hum(hz: f32, file: &Path) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut speaker = Speaker::new(Vec::new().into()).humming(hz);
    let mut writer = hound::WavWriter::create(file, spec).context("a file for a voice")?;
    for _ in 0..50 {
        for sample in speaker.next_frame() {
            writer.write_sample(sample)?;
        }
    }
    Ok(writer.finalize()?)
}

/// Nobody else's business: X and GTK insist.
fn private(folder: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let _ = folder;
    Ok(())
}

/// The process below `root` that draws a page, from `/proc`.
fn page_below(root: u32) -> Option<u32> {
    let all: Vec<(u32, u32, String)> = fs::read_dir("/proc")
        .ok()?
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
    let parent = |of: u32| all.iter().find(|(id, _, _)| *id == of).map(|(_, up, _)| *up);
    let below =
        |id: u32| std::iter::successors(Some(id), |at| parent(*at)).take(64).any(|at| at == root);
    all.iter().find(|(id, _, name)| name.starts_with(PAGE) && below(*id)).map(|(id, _, _)| *id)
}
