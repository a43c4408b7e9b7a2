//! The stage: a hub, its switch and accounts, reached over sockets only. The embedded switch is in this
//! process, an Asterisk is one of its own.

use crate::caller::{Caller, CallerConfig, TrunkCallerConfig, TrunkProgram};
use crate::operator::{Operator, OperatorConfig};
use crate::pbx::{Pbx, PbxAddress};
use crate::run::SwitchKind;
use crate::sound::Speaker;
use crate::telephone::{Registered, Telephone};
use anyhow::Context;
use siaga_call_flow::FlowConfig;
use siaga_call_flow::SwitchCommand;
use siaga_hub::{DialPlan, Hub, HubConfig, HubHandle, recover_recordings};
use siaga_hub_store::{Operator as Account, OperatorName, PasswordHash, SqliteStore, Store};
use siaga_model::{Level, Redacted, Role, Seat, SeatId, UnitId};
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch};
use siaga_switch::{Clock, LiveCall, SipEndpoint, Switch, SwitchError};
use siaga_switch_asterisk::AsteriskSwitch;
use siaga_testkit::{LinkModel, SipDetour};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The plugins that training runs, by the names of their files.
const PLUGINS: [&str; 2] = ["validitas-dasar", "rute-metro-jaya"];

/// Whom operators in training may call outside.
const DIAL_PLAN: &str = include_str!("../../../deploy/asterisk/dial-plan.toml");

/// The one account of training; its password is drawn anew each time.
pub const OPERATOR: &str = "latihan";

/// The Polda whose hub this is.
pub const POLDA: &str = "pmj";

/// Western Indonesian time, in hours before UTC.
pub(crate) const UTC_OFFSET_H: i8 = 7;

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

/// What only some scenarios ask of a stage.
#[derive(Default)]
pub(crate) struct Extras {
    /// Where the switch listens for SIP, if not anywhere on loopback. Media go over the network when
    /// this is not on loopback.
    pub(crate) sip_listen: Option<SocketAddr>,
    /// The password of the account, if not drawn anew.
    pub(crate) password: Option<Redacted<String>>,
    /// The network between the desks and the switch, if not a perfect one.
    pub(crate) link: Option<LinkModel>,
    /// The PBX that is the switch, if it is not the embedded one.
    pub(crate) pbx: Option<PbxAddress>,
}

/// A running stage.
pub struct Stage {
    /// The one clock.
    pub clock: Clock,
    /// The hub.
    pub hub: HubHandle,
    password: Redacted<String>,
    switch: Arc<dyn Switch>,
    /// The same, when it is the embedded one.
    embedded: Option<Arc<EmbeddedSwitch>>,
    dir: PathBuf,
    /// Held so that the desks' bad network stays.
    _detour: Option<Arc<SipDetour>>,
    /// The switch, when it is an Asterisk of this stage's own; it ends after the hub.
    pbx: Option<Pbx>,
}

impl Stage {
    /// Sets it up.
    ///
    /// # Errors
    /// When the folder cannot be written, a port cannot be had, or a plugin's file is missing.
    pub async fn open(config: StageConfig) -> anyhow::Result<Self> {
        Self::open_with(config, Extras::default()).await
    }

    /// Sets it up on this switch; an Asterisk is started for it.
    ///
    /// # Errors
    /// As [`Self::open`]; [`NotAllowed`](crate::NotAllowed) where there is no Asterisk.
    pub async fn open_on(switch: SwitchKind, config: StageConfig) -> anyhow::Result<Self> {
        let pbx = match switch {
            SwitchKind::Embedded => None,
            SwitchKind::Asterisk => {
                std::fs::create_dir_all(&config.dir)
                    .with_context(|| format!("making {}", config.dir.display()))?;
                Some(Pbx::start(&config.dir, None, &seats(), POLDA).await?)
            }
        };
        let address = pbx.as_ref().map(|pbx| pbx.address().clone());
        let stage = Self::open_with(config, Extras { pbx: address, ..Extras::default() }).await?;
        Ok(Self { pbx, ..stage })
    }

    /// Sets it up as some scenarios want it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_with(config: StageConfig, extras: Extras) -> anyhow::Result<Self> {
        let clock = Clock::start();
        std::fs::create_dir_all(&config.dir)
            .with_context(|| format!("making {}", config.dir.display()))?;
        let plugins = plugin_files(&config.plugins)?;
        let recordings = config.dir.join("recordings");
        let store = SqliteStore::open(&config.dir.join("hub.sqlite")).await?;
        std::fs::create_dir_all(&recordings)
            .with_context(|| format!("making {}", recordings.display()))?;
        if extras.pbx.is_none() {
            // What a stage that was killed here has left is put in order first; a PBX's recordings go
            // on without us.
            recover_recordings(&store, &recordings, clock.now()).await?;
        }
        let mut embedded = None;
        let (switch, events): (Arc<dyn Switch>, _) = if let Some(pbx) = &extras.pbx {
            let (switch, events) = AsteriskSwitch::start(pbx.config()?, clock).await?;
            (switch, events)
        } else {
            let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let sip_listen = extras.sip_listen.unwrap_or(anywhere);
            let config = EmbeddedConfig::listening(sip_listen, recordings);
            let (switch, events) = EmbeddedSwitch::start(config, clock).await?;
            embedded = Some(Arc::clone(&switch));
            (switch, events)
        };
        let detour = match extras.link {
            Some(model) => {
                Some(Arc::new(SipDetour::start(&switch.endpoint().ws_url, model).await?))
            }
            None => None,
        };
        let seats = seats();
        let password = extras.password.unwrap_or_else(draw_password);
        let account = Account {
            name: OperatorName::new(OPERATOR).context("the name of the account")?,
            display: "Operator latihan".to_owned(),
            seats: seats.iter().map(|seat| seat.id.clone()).collect(),
            role: Role::Operator,
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
                utc_offset_min: i32::from(UTC_OFFSET_H) * 60,
                plugins,
                gazetteer: None,
                dial: DialPlan::from_toml(DIAL_PLAN)?,
                clock,
            },
            match &detour {
                Some(detour) => Arc::new(Detoured { switch: switch.clone(), way: detour.ws_url() }),
                None => switch.clone(),
            },
            events,
            Arc::new(store),
        )
        .await?;
        let (dir, pbx) = (config.dir, None);
        Ok(Self { clock, hub, password, switch, embedded, dir, _detour: detour, pbx })
    }

    /// Where callers dial.
    pub fn endpoint(&self) -> SipEndpoint {
        self.switch.endpoint()
    }

    /// A citizen dials 110: with a telephone of ours, or over the trunk where there is one.
    ///
    /// # Errors
    /// When the switch cannot be reached, or the trunk has no telephone here.
    pub async fn dial(&self, number: &str, speaker: Speaker) -> anyhow::Result<Caller> {
        let (number, link) = (number.to_owned(), None);
        match self.pbx.as_ref().map(Pbx::line) {
            None => {
                let endpoint = self.endpoint();
                Caller::dial(CallerConfig { endpoint, number, speaker, link }).await
            }
            Some(line) => {
                let program = TrunkProgram::default();
                let codec = program.codec();
                let config = TrunkCallerConfig { line, number, speaker, program, codec, link };
                Caller::dial_over_trunk(config).await
            }
        }
    }

    /// The name of the switch.
    pub fn switch_name(&self) -> &'static str {
        self.switch.name()
    }

    /// The password of [`OPERATOR`].
    pub fn password(&self) -> &Redacted<String> {
        &self.password
    }

    /// The embedded switch itself, where citizens' telephones are let in that can be called.
    pub(crate) fn switch(&self) -> Option<&Arc<EmbeddedSwitch>> {
        self.embedded.as_ref()
    }

    /// Where a desk of this stage keeps its files.
    pub fn desk_dir(&self, seat: &SeatId) -> PathBuf {
        desk_dir(&self.dir, seat)
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

    /// A citizen's telephone with this number, which answers once when it is called back, and says
    /// what `speaker` says until the desk hangs up.
    ///
    /// # Errors
    /// When the switch is not the embedded one, or does not let the telephone in.
    pub async fn answer_when_called(&self, number: &str, speaker: Speaker) -> anyhow::Result<()> {
        let switch = self.switch().context("only the embedded switch has citizens' telephones")?;
        let telephone = Registered::at(switch, self.endpoint(), number.to_owned()).await?;
        tokio::spawn(async move {
            if let Err(error) = Telephone::Registered(telephone).answer(speaker).await {
                tracing::warn!(error = %format!("{error:#}"), "the telephone was not called");
            }
        });
        Ok(())
    }

    /// A citizen's telephone with this number, which nobody picks up when it is called back: it rings
    /// until whoever calls gives up, once.
    ///
    /// # Errors
    /// As [`Self::answer_when_called`].
    pub async fn ring_when_called(&self, number: &str) -> anyhow::Result<()> {
        let switch = self.switch().context("only the embedded switch has citizens' telephones")?;
        let telephone = Registered::at(switch, self.endpoint(), number.to_owned()).await?;
        tokio::spawn(async move {
            if let Err(error) = telephone.ring_out().await {
                tracing::warn!(error = %format!("{error:#}"), "the telephone was not called");
            }
        });
        Ok(())
    }

    /// Ends every call, then the hub; gives its store, in which everything then is.
    pub async fn close(self) -> Arc<dyn Store> {
        let store = Arc::clone(self.hub.store());
        self.switch.shut_down().await;
        self.hub.shut_down().await;
        store
    }
}

/// A password for one exercise, drawn anew each time.
pub(crate) fn draw_password() -> Redacted<String> {
    Redacted::new(hex::encode(rand::random::<[u8; 6]>()))
}

/// Where a desk of the stage at `dir` keeps its files.
pub(crate) fn desk_dir(dir: &Path, seat: &SeatId) -> PathBuf {
    dir.join("desks").join(seat.as_str())
}

/// A switch whose desks are told to reach it another way.
struct Detoured {
    switch: Arc<dyn Switch>,
    way: String,
}

#[async_trait::async_trait]
impl Switch for Detoured {
    fn name(&self) -> &'static str {
        self.switch.name()
    }

    fn endpoint(&self) -> SipEndpoint {
        SipEndpoint { ws_url: self.way.clone(), ..self.switch.endpoint() }
    }

    async fn execute(&self, command: SwitchCommand) -> Result<(), SwitchError> {
        self.switch.execute(command).await
    }

    async fn admit(&self, seat: &SeatId, secret: &Redacted<String>) -> Result<(), SwitchError> {
        self.switch.admit(seat, secret).await
    }

    async fn dismiss(&self, seat: &SeatId) -> Result<(), SwitchError> {
        self.switch.dismiss(seat).await
    }

    async fn survey(&self) -> Result<Vec<LiveCall>, SwitchError> {
        self.switch.survey().await
    }

    async fn shut_down(&self) {
        self.switch.shut_down().await;
    }
}

/// The seat with this number of a unit: `pmj-1`, `depok-1`.
pub fn seat_of(unit: &UnitId, number: u32) -> SeatId {
    let short = unit.as_str().rsplit('.').next().unwrap_or_default();
    // A unit's id is made of the characters of a seat's.
    format!("{short}-{number}").parse().expect("an id made of plain characters is plain")
}

/// Five seats at the Polda, one at each of its Polres (the founding description's rooms), one at the
/// headquarters, to which calls overflow.
pub(crate) fn seats() -> Vec<Seat> {
    let mut seats = Vec::new();
    for unit in siaga_plugin_host::units() {
        let ours = unit.level == Level::Mabes
            || unit.id.as_str() == POLDA
            || unit.parent.as_ref().is_some_and(|parent| parent.as_str() == POLDA);
        let count = match unit.level {
            _ if !ours => 0,
            Level::Polda => 5,
            Level::Polres | Level::Mabes => 1,
            Level::Polsek => 0,
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
