//! The telephone that we did not write, as the tests hold it: orders go in, events come out.
//!
//! The program is `driver.mjs`: headless Chromium with JsSIP in a page of its own.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longer than a browser takes for anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the browser's telephone needs on this machine.
pub(crate) struct Programs {
    node: PathBuf,
    chromium: PathBuf,
    folder: PathBuf,
}

impl Programs {
    /// Looks for them; says what is missing.
    pub(crate) fn find() -> Result<Self, String> {
        let chromium = match std::env::var_os("SIAGA_CHROMIUM") {
            Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
            None => ["chromium", "google-chrome", "google-chrome-stable"]
                .into_iter()
                .find_map(on_the_path),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("foreign");
        if !folder.join("node_modules").join("jssip").is_dir() {
            return Err(
                "its packages are not installed: `npm ci` in crates/training/tests/foreign"
                    .to_owned(),
            );
        }
        Ok(Self {
            node: on_the_path("node").ok_or("there is no node")?,
            chromium: chromium.ok_or("there is no chromium (or SIAGA_CHROMIUM names none)")?,
            folder,
        })
    }
}

fn on_the_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// A browser with the telephone in it. Dropping it closes the browser.
pub(crate) struct Telephone {
    // Its end closes the browser; declared before the program, so that it is dropped first.
    orders: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    heard: PathBuf,
    program: Child,
}

/// The account of a telephone.
pub(crate) struct Line<'a> {
    /// `ws://…`.
    pub(crate) ws_url: &'a str,
    /// `sip:user@domain`.
    pub(crate) uri: String,
    /// Registers with it; `None` stays a stranger.
    pub(crate) password: Option<&'a str>,
    /// Whether the browser keeps its addresses to itself, as it does from pages that may not know
    /// them: its candidates are names then that nobody else can resolve.
    pub(crate) hides_addresses: bool,
}

impl Telephone {
    /// Opens the browser, whose microphone hears `voice` (a WAV file) over and over.
    pub(crate) async fn open(
        programs: &Programs,
        voice: &Path,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let heard = dir.join("heard-by-the-browser.wav");
        let mut program = Command::new(&programs.node)
            .arg(programs.folder.join("driver.mjs"))
            .args([&programs.chromium, &voice.to_owned(), &heard])
            // The browser's profile goes with the test, however that ends.
            .env("TMPDIR", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting node")?;
        let orders = program.stdin.take().context("node's input")?;
        let events = BufReader::new(program.stdout.take().context("node's output")?).lines();
        let mut this = Self { orders, events, heard, program };
        let ready = this.wait("ready").await?;
        eprintln!("the browser is Chromium {}", ready["browser"]);
        Ok(this)
    }

    /// Connects to the switch, and registers if it has a password.
    pub(crate) async fn start(&mut self, line: &Line<'_>) -> anyhow::Result<()> {
        self.order(json!({
            "do": "start",
            "wsUrl": line.ws_url,
            "uri": line.uri,
            "password": line.password,
            "register": line.password.is_some(),
            "hide": line.hides_addresses,
        }))
        .await?;
        self.wait("connected").await?;
        if line.password.is_some() {
            self.wait("registered").await?;
        }
        Ok(())
    }

    /// Gives an order, as `telephone.mjs` knows it.
    pub(crate) async fn order(&mut self, order: Value) -> anyhow::Result<()> {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.context("ordering")
    }

    /// Waits for the next event of this name; those before it are passed over.
    pub(crate) async fn wait(&mut self, name: &str) -> anyhow::Result<Value> {
        self.wait_for(name, |_| true).await
    }

    /// Waits for an event of this name that is as wanted.
    pub(crate) async fn wait_for(
        &mut self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let events = &mut self.events;
        let found = async {
            while let Some(line) = events.next_line().await? {
                eprintln!("browser: {line}");
                let event: Value = serde_json::from_str(&line).context("an event of the page")?;
                let kind = event["event"].as_str().unwrap_or_default();
                if kind == name && wanted(&event) {
                    return Ok(event);
                }
                if ["broken", "failed", "ended"].contains(&kind) {
                    bail!("waiting for {name:?}, but: {event}");
                }
            }
            bail!("waiting for {name:?}, but the browser is gone");
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .with_context(|| format!("waiting in vain for {name:?}"))?
    }

    /// Everything that the browser has heard so far, 48 kHz mono.
    pub(crate) async fn heard(&mut self) -> anyhow::Result<Vec<i16>> {
        self.order(json!({ "do": "report" })).await?;
        self.wait("reported").await?;
        let (samples, rate) = siaga_testkit::wav::read(&self.heard)?;
        anyhow::ensure!(rate == 48_000, "{rate} samples a second");
        Ok(samples)
    }

    /// Closes the browser.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let Self { orders, events: _events, mut program, .. } = self;
        drop(orders);
        let status = tokio::time::timeout(PATIENCE, program.wait())
            .await
            .context("the browser does not close")??;
        anyhow::ensure!(status.success(), "the driver ended with {status}");
        Ok(())
    }
}
