//! Hub and switch as a process: the stage of training, to be killed and started again.

use super::desk::PASSWORD_VARIABLE;
use super::process::{Process, Said};
use crate::operator::PATIENCE;
use crate::pbx::PbxAddress;
use crate::stage::{Extras, Stage, StageConfig};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use siaga_call_flow::FlowConfig;
use siaga_model::Redacted;
use siaga_switch::SipEndpoint;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::io::AsyncBufReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;

/// A hub that is to run in this process and obey another one.
#[derive(Clone, Debug)]
pub struct HubProgram {
    /// Folder for the database and the recordings; an earlier hub's is taken over.
    pub dir: PathBuf,
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// Where the hub listens.
    pub listen: SocketAddr,
    /// Where the switch listens for SIP.
    pub sip_listen: SocketAddr,
    /// The PBX that is the switch, if it is not the embedded one.
    pub pbx: Option<PbxAddress>,
    /// The password of the one account.
    pub password: Redacted<String>,
}

/// Where a hub and its switch are: the one line that it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Addresses {
    hub: SocketAddr,
    switch: String,
    ws_url: String,
    domain: String,
}

/// Runs hub and switch until the standard input ends, then ends every call.
///
/// # Errors
/// When they cannot be started.
pub async fn hub_program(program: HubProgram) -> anyhow::Result<()> {
    let config = StageConfig {
        dir: program.dir,
        plugins: program.plugins,
        flow: FlowConfig::polda_first(),
        listen: program.listen,
    };
    let extras = Extras {
        sip_listen: Some(program.sip_listen),
        password: Some(program.password),
        pbx: program.pbx,
        ..Extras::default()
    };
    let stage = Stage::open_with(config, extras).await?;
    let endpoint = stage.endpoint();
    let addresses = Addresses {
        hub: stage.hub.local_addr(),
        switch: stage.switch_name().to_owned(),
        ws_url: endpoint.ws_url,
        domain: endpoint.domain,
    };
    println!("{}", serde_json::to_string(&addresses)?);
    let mut orders = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while orders.next_line().await?.is_some() {}
    stage.close().await;
    Ok(())
}

/// Hub and switch in another process, as its parent has it.
pub(crate) struct HubProcess {
    command: PathBuf,
    program: HubProgram,
    addresses: Addresses,
    process: Mutex<Option<(Process, Said)>>,
}

impl HubProcess {
    /// Starts it and waits until it listens. `command` is this very program.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn start(command: PathBuf, mut program: HubProgram) -> anyhow::Result<Self> {
        let (process, said, addresses) = started(&command, &program).await?;
        // The next one is where this one was.
        program.listen = addresses.hub;
        if program.pbx.is_none() {
            let sip = addresses.ws_url.trim_start_matches("ws://").trim_end_matches('/');
            program.sip_listen = sip.parse().context("the address of the switch")?;
        }
        Ok(Self { command, program, addresses, process: Mutex::new(Some((process, said))) })
    }

    /// The hub's address.
    pub(crate) fn hub(&self) -> SocketAddr {
        self.addresses.hub
    }

    /// Where callers dial.
    pub(crate) fn endpoint(&self) -> SipEndpoint {
        let Addresses { ws_url, domain, .. } = self.addresses.clone();
        SipEndpoint { ws_url, domain }
    }

    /// The name of its switch.
    pub(crate) fn switch_name(&self) -> &str {
        &self.addresses.switch
    }

    /// `kill -9`: hub and switch are gone with everything that was on them.
    ///
    /// # Errors
    /// When it is dead.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let mut process = self.process.lock().await;
        process.as_mut().context("the hub is dead")?.0.kill().await?;
        *process = None;
        Ok(())
    }

    /// Starts it again, at the same folder and the same addresses.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        let (process, said, _) = started(&self.command, &self.program).await?;
        *self.process.lock().await = Some((process, said));
        Ok(())
    }

    /// Lets it end every call and itself.
    pub(crate) async fn end(&self) {
        if let Some((mut process, _)) = self.process.lock().await.take() {
            process.end().await;
        }
    }
}

async fn started(
    command: &PathBuf,
    program: &HubProgram,
) -> anyhow::Result<(Process, Said, Addresses)> {
    let mut start = Command::new(command);
    start.arg("hub").arg("--dir").arg(&program.dir).arg("--plugins").arg(&program.plugins);
    start.args(["--listen", &program.listen.to_string()]);
    start.args(["--sip-listen", &program.sip_listen.to_string()]);
    if let Some(pbx) = &program.pbx {
        start.args(["--pbx", &pbx.address.to_string(), "--pbx-trunk", &pbx.trunk.to_string()]);
        start.arg("--pbx-folder").arg(&pbx.folder);
    }
    start.env(PASSWORD_VARIABLE, program.password.expose());
    let (process, mut said) = Process::start("the hub".to_owned(), start)?;
    let line = tokio::time::timeout(PATIENCE, said.next_line())
        .await
        .context("the hub does not come up")??
        .context("the hub does not come up; see what it complained of")?;
    let addresses = serde_json::from_str(&line).context("what the hub says")?;
    Ok((process, said, addresses))
}
