//! Chromium with JsSIP in a page, which calls: the driver of `crates/training/tests/foreign`, told what
//! to do by lines of JSON.

use crate::room::{Room, Running};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// A browser with a telephone in it.
pub(crate) struct Browser {
    pub(crate) program: Running,
    /// Chromium's version.
    pub(crate) version: String,
    /// From the start of Chromium until its page was there.
    pub(crate) opened_in: Duration,
    orders: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    /// What does not belong to the browser, though it started it: the driver (newer versions of Node call
    /// themselves by their thread) and its bundler.
    pub(crate) const DRIVER: &[&str] = &["node", "MainThread", "esbuild"];

    /// Opens it; its microphone hears `voice` (a WAV file) over and over.
    pub(crate) fn open(room: &Room, voice: &Path) -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/training/tests/foreign");
        ensure!(
            folder.join("node_modules").join("jssip").is_dir(),
            "`npm ci` in crates/training/tests/foreign installs JsSIP"
        );
        let mut command = room.command("node");
        command.arg(folder.join("driver.mjs")).arg(chromium()?).arg(voice);
        command.arg(room.folder.path().join("heard-by-the-browser.wav"));
        command.env("TMPDIR", room.folder.path());
        let mut program = room.talk(command, "browser");
        let orders = program.process.stdin.take().context("node's input")?;
        let stdout = program.process.stdout.take().context("node's output")?;
        let events = BufReader::new(stdout).lines();
        let (version, opened_in) = (String::new(), Duration::ZERO);
        let mut this = Self { program, version, opened_in, orders, events };
        let ready = this.wait("ready")?;
        this.version = ready["browser"].as_str().unwrap_or_default().to_owned();
        this.opened_in = Duration::from_millis(ready["openedIn"].as_u64().unwrap_or_default());
        Ok(this)
    }

    /// Connects to the switch; gives how long that took.
    pub(crate) fn connect(&mut self, ws_url: &str, uri: &str) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.order(&json!({
            "do": "start",
            "wsUrl": ws_url,
            "uri": uri,
            "register": false,
            "hide": false,
            "deaf": true,
        }))?;
        self.wait("connected")?;
        Ok(began.elapsed())
    }

    /// Calls somebody, and waits until the call stands.
    pub(crate) fn dial(&mut self, target: &str) -> anyhow::Result<()> {
        self.order(&json!({ "do": "dial", "target": target }))?;
        self.wait("confirmed")?;
        Ok(())
    }

    /// Ends its call, so that nobody is offered it again.
    pub(crate) fn hang_up(&mut self) -> anyhow::Result<()> {
        self.order(&json!({ "do": "hangUp" }))?;
        self.wait("ended")?;
        Ok(())
    }

    fn order(&mut self, order: &Value) -> anyhow::Result<()> {
        writeln!(self.orders, "{order}").context("ordering")
    }

    fn wait(&mut self, name: &str) -> anyhow::Result<Value> {
        for line in &mut self.events {
            let event: Value = serde_json::from_str(&line?).context("an event of the page")?;
            match event["event"].as_str() {
                Some(kind) if kind == name => return Ok(event),
                Some("broken" | "failed") => bail!("waiting for {name:?}, but: {event}"),
                _ => {}
            }
        }
        bail!("waiting for {name:?}, but the browser is gone: {}", self.program.said());
    }
}

fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(program) = std::env::var_os("SIAGA_CHROMIUM") {
        return Ok(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|program| program.is_file())
        .context("there is no chromium (or SIAGA_CHROMIUM names none)")
}
