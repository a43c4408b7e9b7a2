//! Where a scenario plays: hub and embedded switch in this process, or in one of their own, or a hub here
//! or there beside an Asterisk.

use crate::apart::{HubProcess, HubProgram};
use crate::caller::TrunkLine;
use crate::operator::{Operator, OperatorConfig};
use crate::pbx::Pbx;
use crate::sound::Speaker;
use crate::stage::{Extras, OPERATOR, Stage, StageConfig, desk_dir, draw_password};
use anyhow::{Context, bail};
use siaga_hub_store::{SqliteStore, Store};
use siaga_model::{Redacted, SeatId};
use siaga_switch::SipEndpoint;
use siaga_switch::embedded::EmbeddedSwitch;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Hub and switch.
pub(crate) struct House {
    dir: PathBuf,
    password: Redacted<String>,
    store: Arc<dyn Store>,
    place: Place,
    /// What stands beside the PBX for the time in which there is no hub.
    guard: Option<AbortOnDropHandle<()>>,
    /// The switch, when it is no embedded one. After `place`: what is in it outlives the hub.
    pbx: Option<Pbx>,
}

enum Place {
    Here(Box<Stage>),
    Apart(Box<HubProcess>),
}

impl House {
    /// In this process.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn here(
        config: StageConfig,
        extras: Extras,
        pbx: Option<Pbx>,
    ) -> anyhow::Result<Self> {
        let dir = config.dir.clone();
        let extras = Extras { pbx: pbx.as_ref().map(|pbx| pbx.address().clone()), ..extras };
        let stage = Stage::open_with(config, extras).await?;
        let (password, store) = (stage.password().clone(), stage.hub.store().clone());
        Ok(Self { dir, password, store, place: Place::Here(Box::new(stage)), guard: None, pbx })
    }

    /// In a process of its own. `command` is this very program.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn apart(
        command: PathBuf,
        config: StageConfig,
        pbx: Option<Pbx>,
    ) -> anyhow::Result<Self> {
        let StageConfig { dir, plugins, listen, .. } = config;
        let password = draw_password();
        let program = HubProgram {
            dir: dir.clone(),
            plugins,
            listen,
            sip_listen: SocketAddr::new(listen.ip(), 0),
            pbx: pbx.as_ref().map(|pbx| pbx.address().clone()),
            password: password.clone(),
        };
        let process = HubProcess::start(command, program).await?;
        // The log is read beside the hub that writes it.
        let store = SqliteStore::open(&dir.join("hub.sqlite")).await?;
        let guard = pbx.as_ref().map(|pbx| pbx.guard(process.hub())).transpose()?;
        let place = Place::Apart(Box::new(process));
        Ok(Self { dir, password, store: Arc::new(store), place, guard, pbx })
    }

    /// The hub's address.
    pub(crate) fn hub(&self) -> SocketAddr {
        match &self.place {
            Place::Here(stage) => stage.hub.local_addr(),
            Place::Apart(process) => process.hub(),
        }
    }

    /// Where callers dial.
    pub(crate) fn endpoint(&self) -> SipEndpoint {
        match &self.place {
            Place::Here(stage) => stage.endpoint(),
            Place::Apart(process) => process.endpoint(),
        }
    }

    /// The trunk over which callers come in, if the switch has one.
    pub(crate) fn trunk(&self) -> Option<TrunkLine> {
        self.pbx.as_ref().map(Pbx::line)
    }

    /// The embedded switch, when it is in this process.
    pub(crate) fn switch(&self) -> Option<&EmbeddedSwitch> {
        match &self.place {
            Place::Here(stage) => stage.switch().map(Arc::as_ref),
            Place::Apart(_) => None,
        }
    }

    /// The name of the switch.
    pub(crate) fn switch_name(&self) -> String {
        match &self.place {
            Place::Here(stage) => stage.switch_name().to_owned(),
            Place::Apart(process) => process.switch_name().to_owned(),
        }
    }

    /// What of a recording may be lost with the process that makes it: what that one keeps in memory.
    pub(crate) fn loses_at_most(&self) -> Duration {
        Duration::from_secs(if self.pbx.is_some() { 2 } else { 1 })
    }

    /// The password of the one account.
    pub(crate) fn password(&self) -> &Redacted<String> {
        &self.password
    }

    /// What the hub has stored.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where a desk of this house keeps its files.
    pub(crate) fn desk_dir(&self, seat: &SeatId) -> PathBuf {
        desk_dir(&self.dir, seat)
    }

    /// Seats an operator at a desk in this process, not yet ready. `hub` is the address that the
    /// desk is told.
    ///
    /// # Errors
    /// When the desk does not come up.
    pub(crate) async fn seat(
        &self,
        hub: String,
        seat: SeatId,
        speaker: Speaker,
    ) -> anyhow::Result<Operator> {
        Operator::sit_down(OperatorConfig {
            hub,
            operator: OPERATOR.to_owned(),
            password: self.password.clone(),
            speaker,
            data_dir: self.desk_dir(&seat),
            seat,
        })
        .await
    }

    /// `kill -9` of hub and switch.
    ///
    /// # Errors
    /// When the hub is no process of its own, or dead.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        self.process()?.kill().await?;
        match &self.pbx {
            Some(pbx) => pbx.kill().await,
            None => Ok(()),
        }
    }

    /// `kill -9` of the hub, beside a switch that lives.
    ///
    /// # Errors
    /// When the hub is the switch, no process of its own, or dead.
    pub(crate) async fn kill_hub(&self) -> anyhow::Result<()> {
        self.pbx()?;
        self.process()?.kill().await
    }

    /// Starts the hub again, at the same folder and address.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn start_hub_again(&self) -> anyhow::Result<()> {
        self.process()?.start_again().await
    }

    /// `kill -9` of the switch, beside a hub that lives.
    ///
    /// # Errors
    /// When the hub is the switch.
    pub(crate) async fn kill_switch(&self) -> anyhow::Result<()> {
        self.pbx()?.kill().await
    }

    /// Starts the switch again, where it was.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn start_switch_again(&self) -> anyhow::Result<()> {
        self.pbx()?.start_again().await
    }

    fn pbx(&self) -> anyhow::Result<&Pbx> {
        self.pbx.as_ref().context("the hub is the switch")
    }

    /// Starts hub and switch again, at the same folder and addresses.
    ///
    /// # Errors
    /// When they do not come up.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        if let Some(pbx) = &self.pbx {
            pbx.start_again().await?;
        }
        self.process()?.start_again().await
    }

    fn process(&self) -> anyhow::Result<&HubProcess> {
        match &self.place {
            Place::Here(_) => bail!("hub and switch are no process of their own"),
            Place::Apart(process) => Ok(process),
        }
    }

    /// Ends every call, then the hub; gives its store, in which everything then is.
    ///
    /// # Errors
    /// When the store of a hub that has ended cannot be read.
    pub(crate) async fn close(self) -> anyhow::Result<Arc<dyn Store>> {
        // Whoever leaves for good is not to be missed.
        drop(self.guard);
        match self.place {
            Place::Here(stage) => Ok(stage.close().await),
            Place::Apart(process) => {
                process.end().await;
                let file = self.dir.join("hub.sqlite");
                Ok(Arc::new(SqliteStore::open(&file).await.context("what the hub has stored")?))
            }
        }
    }
}
