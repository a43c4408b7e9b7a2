//! The Asterisk of a stage: a real one, from the chroot that `cargo xtask asterisk up` builds, with the
//! configuration that a Polda would get.

use crate::caller::TrunkLine;
use crate::network::NotAllowed;
use anyhow::Context;
use siaga_hub_api::ALIVE_PATH;
use siaga_model::{Redacted, Seat};
use siaga_switch::Clock;
use siaga_switch_asterisk::ari::{AriAccess, AriClient};
use siaga_switch_asterisk::guard::{Guard, GuardConfig};
use siaga_switch_asterisk::provision::{Plan, files, install};
use siaga_switch_asterisk::{AsteriskConfig, names};
use siaga_testkit::asterisk::{Asterisk, Place};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

/// The environment variable with the chroot's folder.
const ROOT: &str = "SIAGA_ASTERISK_ROOT";

/// How a PBX is reached: all that a hub in another process needs to be told.
#[derive(Clone, Debug)]
pub struct PbxAddress {
    /// Where it is.
    pub address: IpAddr,
    /// Where its trunk ends.
    pub trunk: IpAddr,
    /// Its folder; recordings are in `recordings`.
    pub folder: PathBuf,
}

impl PbxAddress {
    /// How a hub talks to it.
    ///
    /// # Errors
    /// When its password cannot be read.
    pub(crate) fn config(&self) -> anyhow::Result<AsteriskConfig> {
        let plan = self.plan();
        let secret = &*plan.ari.password_file;
        let password = std::fs::read_to_string(secret)
            .with_context(|| format!("the password of the PBX, {}", secret.display()))?;
        let listen = plan.ari.listen;
        Ok(AsteriskConfig {
            ari_url: format!("http://{listen}/ari").parse()?,
            user: plan.ari.user.as_str().to_owned(),
            password: Redacted::new(password.trim().to_owned()),
            app: names::APP.to_owned(),
            ws_url: format!("ws://{listen}/ws"),
            domain: plan.pbx.domain.as_str().to_owned(),
            trunk: plan.trunks[0].name.as_str().to_owned(),
            recordings: plan.pbx.recordings.to_path_buf(),
            ears: SocketAddr::new(self.address, 0),
        })
    }

    /// Where calls from its trunk arrive.
    fn sip(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.plan().pbx.sip_port)
    }

    fn plan(&self) -> Plan {
        Plan::on_loopback(self.address, self.trunk, &self.folder)
    }
}

/// A PBX that runs, until this is dropped.
pub(crate) struct Pbx {
    address: PbxAddress,
    asterisk: Mutex<Asterisk>,
}

impl Pbx {
    /// Starts one in `folder`, which exists. `at`: where desks behind a cable can reach it; `None`: at
    /// a loopback address of its own.
    ///
    /// # Errors
    /// [`NotAllowed`] where there is no Asterisk.
    pub(crate) async fn start(
        folder: &Path,
        at: Option<Ipv4Addr>,
        seats: &[Seat],
        without_hub: &str,
    ) -> anyhow::Result<Self> {
        let root = std::env::var_os(ROOT).filter(|root| !root.is_empty()).map(PathBuf::from);
        let root = root.ok_or_else(|| {
            NotAllowed(format!("no Asterisk: {ROOT} names no folder (`cargo xtask asterisk up`)"))
        })?;
        let mut place = Place::new(folder).context("a place for the PBX")?;
        if let Some(at) = at {
            place.address = at.into();
        }
        let address =
            PbxAddress { address: place.address, trunk: place.trunk, folder: place.folder.clone() };
        let mut plan = address.plan();
        plan.seats.without_hub = vec![without_hub.parse()?];
        install(&plan, &files(&plan, seats), Path::new("/"))?;
        let asterisk = Asterisk::start(&root, &place).await.context("Asterisk")?;
        Ok(Self { address, asterisk: Mutex::new(asterisk) })
    }

    /// How it is reached.
    pub(crate) fn address(&self) -> &PbxAddress {
        &self.address
    }

    /// Its trunk.
    pub(crate) fn line(&self) -> TrunkLine {
        TrunkLine { trunk: self.address.trunk, pbx: self.address.sip() }
    }

    /// A guard beside it, which looks after callers while the hub at this address is gone.
    ///
    /// # Errors
    /// When the password of the PBX cannot be read.
    pub(crate) fn guard(&self, hub: SocketAddr) -> anyhow::Result<AbortOnDropHandle<()>> {
        let AsteriskConfig { ari_url: url, user, password, app, .. } = self.address.config()?;
        let ari = AriClient::new(AriAccess { url, user, password, app })?;
        let alive = format!("http://{hub}{ALIVE_PATH}").parse()?;
        let guard = Guard::new(GuardConfig { alive }, ari, Clock::start())?;
        Ok(AbortOnDropHandle::new(tokio::spawn(guard.run())))
    }

    /// Its process id.
    pub(crate) async fn pid(&self) -> u32 {
        self.asterisk.lock().await.pid()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When its keeper cannot be waited for.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        Ok(self.asterisk.lock().await.kill().await?)
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        Ok(self.asterisk.lock().await.start_again().await?)
    }
}
