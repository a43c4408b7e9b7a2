//! The stage: a hub, an embedded switch and accounts, in this process and reached over sockets only.

use crate::operator::{Operator, OperatorConfig};
use crate::sound::Speaker;
use anyhow::Context;
use siaga_call_flow::FlowConfig;
use siaga_hub::{Hub, HubConfig, HubHandle};
use siaga_hub_store::{Operator as Account, OperatorName, PasswordHash, SqliteStore, Store};
use siaga_model::{Level, Redacted, Seat, SeatId, UnitId};
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch};
use siaga_switch::{Clock, SipEndpoint, Switch};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The plugins that training runs, by the names of their files.
const PLUGINS: [&str; 2] = ["validitas-dasar", "rute-metro-jaya"];

/// The one account of training; its password is drawn anew each time.
pub const OPERATOR: &str = "latihan";

/// The Polda whose hub this is.
pub const POLDA: &str = "pmj";

/// How a stage is set up.
pub struct StageConfig {
    /// Folder for the database, the recordings and the desks' files; made if missing.
    pub dir: PathBuf,
    /// Folder with `validitas-dasar.wasm` and `rute-metro-jaya.wasm`.
    pub plugins: PathBuf,
    /// The life of a call.
    pub flow: FlowConfig,
    /// Where the hub listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// A running stage.
pub struct Stage {
    /// The one clock.
    pub clock: Clock,
    /// The hub.
    pub hub: HubHandle,
    password: Redacted<String>,
    switch: Arc<EmbeddedSwitch>,
    dir: PathBuf,
}

impl Stage {
    /// Sets it up.
    ///
    /// # Errors
    /// When the folder cannot be written, a port cannot be had, or a plugin's file is missing.
    pub async fn open(config: StageConfig) -> anyhow::Result<Self> {
        let clock = Clock::start();
        std::fs::create_dir_all(&config.dir)
            .with_context(|| format!("making {}", config.dir.display()))?;
        let plugins = plugin_files(&config.plugins)?;
        let (switch, events) =
            EmbeddedSwitch::start(EmbeddedConfig::loopback(config.dir.join("recordings")), clock)
                .await?;
        let store = SqliteStore::open(&config.dir.join("hub.sqlite")).await?;
        let seats = seats();
        let password = Redacted::new(hex::encode(rand::random::<[u8; 6]>()));
        let account = Account {
            name: OperatorName::new(OPERATOR).context("the name of the account")?,
            display: "Operator latihan".to_owned(),
            seats: seats.iter().map(|seat| seat.id.clone()).collect(),
            password: PasswordHash::of(password.clone()).await?,
        };
        store.put_operator(&account).await?;
        let hub = Hub::start(
            HubConfig {
                units: siaga_plugin_host::units().to_vec(),
                seats,
                flow: config.flow,
                listen: config.listen,
                polda_code: "PMJ".to_owned(),
                utc_offset_min: 7 * 60,
                plugins,
                clock,
            },
            switch.clone(),
            events,
            Arc::new(store),
        )
        .await?;
        Ok(Self { clock, hub, password, switch, dir: config.dir })
    }

    /// Where callers dial.
    pub fn endpoint(&self) -> SipEndpoint {
        self.switch.endpoint()
    }

    /// The name of the switch.
    pub fn switch_name(&self) -> &'static str {
        self.switch.name()
    }

    /// The password of [`OPERATOR`].
    pub fn password(&self) -> &Redacted<String> {
        &self.password
    }

    /// Where a desk of this stage keeps its files.
    pub fn desk_dir(&self, seat: &SeatId) -> PathBuf {
        self.dir.join("desks").join(seat.as_str())
    }

    /// Seats a simulated operator, not yet ready.
    ///
    /// # Errors
    /// When the seat is taken or its desk does not come up.
    pub async fn seat(&self, seat: &SeatId, speaker: Speaker) -> anyhow::Result<Operator> {
        Operator::sit_down(OperatorConfig {
            hub: self.hub.url(),
            seat: seat.clone(),
            operator: OPERATOR.to_owned(),
            password: self.password.clone(),
            speaker,
            data_dir: self.desk_dir(seat),
        })
        .await
    }

    /// Ends every call, then the hub; gives its store, in which everything then is.
    pub async fn close(self) -> Arc<dyn Store> {
        let store = Arc::clone(self.hub.store());
        self.switch.shut_down().await;
        self.hub.shut_down().await;
        store
    }
}

/// The seat with this number of a unit: `pmj-1`, `depok-1`.
pub fn seat_of(unit: &UnitId, number: u32) -> SeatId {
    let short = unit.as_str().rsplit('.').next().unwrap_or_default();
    // A unit's id is made of the characters of a seat's.
    format!("{short}-{number}").parse().expect("an id made of plain characters is plain")
}

/// Five seats at the Polda, one at each of its Polres (the founding description's rooms).
fn seats() -> Vec<Seat> {
    let mut seats = Vec::new();
    for unit in siaga_plugin_host::units() {
        let ours = unit.id.as_str() == POLDA
            || unit.parent.as_ref().is_some_and(|parent| parent.as_str() == POLDA);
        let count = match unit.level {
            _ if !ours => 0,
            Level::Polda => 5,
            Level::Polres => 1,
            Level::Polsek | Level::Mabes => 0,
        };
        seats.extend((1..=count).map(|number| Seat {
            id: seat_of(&unit.id, number),
            unit: unit.id.clone(),
            label: format!("Meja {number}"),
        }));
    }
    seats
}

fn plugin_files(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    PLUGINS
        .into_iter()
        .map(|name| {
            let file = folder.join(format!("{name}.wasm"));
            anyhow::ensure!(
                file.is_file(),
                "no plugin at {}: `cargo xtask plugins` builds it",
                file.display()
            );
            Ok((name.to_owned(), file))
        })
        .collect()
}
