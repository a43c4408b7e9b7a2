//! A switch as a process that serves itself: whoever arrives is put through to the next seat. Without a
//! hub, so that what a switch costs and carries can be measured.

use super::desk::PASSWORD_VARIABLE;
use super::process::{Process, Said};
use crate::operator::PATIENCE;
use crate::pbx::PbxAddress;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{CallId, LegId, Redacted, SeatId};
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch};
use siaga_switch::{Clock, RecordingReport, SipEndpoint, Switch, SwitchEvent};
use siaga_switch_asterisk::AsteriskSwitch;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long the recordings of all calls may take to be sealed when they are over.
const SEALED_WITHIN: Duration = Duration::from_secs(45);

/// A switch that is to run in this process and obey another one.
#[derive(Clone, Debug)]
pub struct SwitchProgram {
    /// Folder for the recordings of the embedded switch.
    pub dir: PathBuf,
    /// How many seats there are.
    pub seats: u16,
    /// The secret of every seat.
    pub secret: Redacted<String>,
    /// The PBX that is the switch, if it is not the embedded one.
    pub pbx: Option<PbxAddress>,
}

/// The seat that the call of this number is put through to, counted from 1.
pub(crate) fn seat(number: u16) -> anyhow::Result<SeatId> {
    format!("uji-{number}").parse().context("a seat's id")
}

/// Where a switch is: the first line that it says.
#[derive(Debug, Serialize, Deserialize)]
struct Addresses {
    ws_url: String,
    domain: String,
}

/// What it has recorded: the last line that it says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// Calls that were served.
    pub(crate) calls: usize,
    /// Recordings that were sealed in time.
    pub(crate) sealed: usize,
    /// The shortest, in seconds.
    pub(crate) shortest_s: f64,
    /// Of the first and the last: whether both sides can be decoded and are no silence.
    pub(crate) audible: bool,
    /// From the end of the calls to the last seal, in seconds.
    pub(crate) took_s: f64,
}

/// Runs a switch until the standard input ends, then ends every call and says what was recorded.
///
/// # Errors
/// When it cannot be started.
pub async fn switch_program(program: SwitchProgram) -> anyhow::Result<()> {
    let clock = Clock::start();
    let (switch, events): (Arc<dyn Switch>, _) = match &program.pbx {
        Some(pbx) => {
            let (switch, events) = AsteriskSwitch::start(pbx.config()?, clock).await?;
            (switch, events)
        }
        None => {
            let config = EmbeddedConfig::loopback(program.dir.join("recordings"));
            let (switch, events) = EmbeddedSwitch::start(config, clock).await?;
            (switch, events)
        }
    };
    // It is connected when it answers.
    switch.survey().await?;
    for number in 1..=program.seats {
        switch.admit(&seat(number)?, &program.secret).await?;
    }
    let SipEndpoint { ws_url, domain } = switch.endpoint();
    println!("{}", serde_json::to_string(&Addresses { ws_url, domain })?);
    let mut exchange = Exchange { switch, events, calls: Vec::new(), recordings: Vec::new() };
    let mut orders = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            order = orders.next_line() => if order?.is_none() { break },
            event = exchange.events.recv() => {
                exchange.take(event.context("the switch is gone")?).await?;
            }
        }
    }
    println!("{}", serde_json::to_string(&exchange.end().await?)?);
    Ok(())
}

struct Exchange {
    switch: Arc<dyn Switch>,
    events: mpsc::Receiver<SwitchEvent>,
    calls: Vec<CallId>,
    recordings: Vec<RecordingReport>,
}

impl Exchange {
    async fn take(&mut self, event: SwitchEvent) -> anyhow::Result<()> {
        match event {
            SwitchEvent::Saw(SwitchSaw::CallerArrived { call, .. }) => {
                self.calls.push(call);
                let seat = seat(u16::try_from(self.calls.len())?)?;
                let leg = LegId { call, n: 1 };
                self.switch.execute(SwitchCommand::Ring { leg, seat }).await?;
            }
            SwitchEvent::Saw(SwitchSaw::Answered(leg)) => {
                self.switch.execute(SwitchCommand::Join(leg)).await?;
                let (call, program) = (leg.call, Program::Quiet);
                self.switch.execute(SwitchCommand::Play { call, program }).await?;
            }
            SwitchEvent::Recorded(report) => self.recordings.push(report),
            _ => {}
        }
        Ok(())
    }

    async fn end(mut self) -> anyhow::Result<Recorded> {
        let over = Instant::now();
        for call in self.calls.clone() {
            self.switch.execute(SwitchCommand::End(call)).await?;
        }
        while self.recordings.len() < self.calls.len() {
            match tokio::time::timeout_at(over + SEALED_WITHIN, self.events.recv()).await {
                Ok(Some(event)) => self.take(event).await?,
                Ok(None) | Err(_) => break,
            }
        }
        let ends = [self.recordings.first(), self.recordings.last()];
        let recorded = Recorded {
            calls: self.calls.len(),
            sealed: self.recordings.len(),
            shortest_s: self.recordings.iter().map(|one| one.seconds).fold(f64::MAX, f64::min),
            audible: ends.into_iter().all(|one| one.is_some_and(|one| is_audible(&one.file))),
            took_s: over.elapsed().as_secs_f64(),
        };
        self.switch.shut_down().await;
        Ok(recorded)
    }
}

/// Whether somebody can be heard on both sides of a recording.
fn is_audible(file: &Path) -> bool {
    let Ok((left, right)) = siaga_recording::decode(file) else { return false };
    [left, right].iter().all(|side| siaga_media::frame::rms_dbfs(side) > -60.0)
}

/// A switch in another process, as its parent has it.
pub(crate) struct SwitchProcess {
    process: Process,
    said: Said,
    addresses: Addresses,
}

impl SwitchProcess {
    /// Starts it and waits until it listens. `command` is this very program.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn start(command: &Path, program: &SwitchProgram) -> anyhow::Result<Self> {
        let mut start = Command::new(command);
        start.arg("switch").arg("--dir").arg(&program.dir);
        start.args(["--seats", &program.seats.to_string()]);
        if let Some(pbx) = &program.pbx {
            start.args(["--pbx", &pbx.address.to_string(), "--pbx-trunk", &pbx.trunk.to_string()]);
            start.arg("--pbx-folder").arg(&pbx.folder);
        }
        start.env(PASSWORD_VARIABLE, program.secret.expose());
        let (process, mut said) = Process::start("the switch".to_owned(), start)?;
        let line = tokio::time::timeout(PATIENCE, said.next_line())
            .await
            .context("the switch does not come up")??
            .context("the switch does not come up; see what it complained of")?;
        let addresses = serde_json::from_str(&line).context("what the switch says")?;
        Ok(Self { process, said, addresses })
    }

    /// Where seats register, and callers dial who are on no trunk.
    pub(crate) fn endpoint(&self) -> SipEndpoint {
        let Addresses { ws_url, domain } = &self.addresses;
        SipEndpoint { ws_url: ws_url.clone(), domain: domain.clone() }
    }

    /// Its process id; `None` when it is dead.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Lets it end every call; gives what it has recorded.
    ///
    /// # Errors
    /// When it dies instead.
    pub(crate) async fn end(mut self) -> anyhow::Result<Recorded> {
        self.process.say_no_more();
        let line = tokio::time::timeout(SEALED_WITHIN + PATIENCE, self.said.next_line())
            .await
            .context("the switch does not end its calls")??
            .context("the switch died")?;
        self.process.end().await;
        serde_json::from_str(&line).context("what the switch has recorded")
    }
}
