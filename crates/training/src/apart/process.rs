//! A process of ours, and nobody else's: it ends with us.

use anyhow::{Context, ensure};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a process may take to end when it is asked to.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// What it says, line by line.
pub(super) type Said = Lines<BufReader<ChildStdout>>;

/// A running process, killed when this is dropped. Should we die ourselves, it reads the end of its
/// input, which ends it too.
pub(super) struct Process {
    child: Child,
    ears: Option<ChildStdin>,
    name: String,
}

impl Process {
    /// Starts it; what it complains of goes where our own complaints go.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) fn start(name: String, mut command: Command) -> anyhow::Result<(Self, Said)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        // A group of its own: a Ctrl-C in the terminal is ours to pass on.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
        let ears = child.stdin.take();
        let mouth = child.stdout.take().context("its output is piped")?;
        let said = tokio::io::AsyncBufReadExt::lines(BufReader::new(mouth));
        Ok((Self { child, ears, name }, said))
    }

    /// Says a line to it.
    ///
    /// # Errors
    /// When it is dead.
    pub(super) async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let ears = self.ears.as_mut().with_context(|| format!("{} is ending", self.name))?;
        let line = format!("{line}\n");
        ears.write_all(line.as_bytes()).await.with_context(|| format!("{} is dead", self.name))
    }

    /// `kill -9`: it gets no chance to do anything.
    ///
    /// # Errors
    /// When it is dead already.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("killing {}", self.name))
    }

    /// `STOP` freezes it where it is, `CONT` lets it go on.
    ///
    /// # Errors
    /// When it is dead.
    pub(super) async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let pid = self.child.id().with_context(|| format!("{} is dead", self.name))?;
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
        ensure!(sent.await?.success(), "{} cannot be sent {signal}", self.name);
        Ok(())
    }

    /// Its process id; `None` when it is dead.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// It reads the end of its input.
    pub(super) fn say_no_more(&mut self) {
        self.ears = None;
    }

    /// Lets it end by itself; kills it when it does not.
    pub(super) async fn end(&mut self) {
        self.say_no_more();
        if tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await.is_err() {
            tracing::warn!(name = self.name, "a process had to be killed");
            let _ = self.child.kill().await;
        }
    }
}
