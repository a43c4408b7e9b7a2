//! The embedded switch: a SIP registrar, WebRTC legs and mixing bridges in this process.
//!
//! One actor owns all legs and obeys the hub's commands; each call has a [`bridge`] task that mixes,
//! plays and records. A caller is answered and in its bridge as soon as the call comes in, so what
//! it says is on the recording from the first second, and no later failure can leave it in silence.
//!
//! What lets a call survive is spread over few places. A bridge outlives its own faults ([`bridge`]). A
//! seat's leg whose RTP has stopped for 2 s is told as lost at once, whether or not its telephone still
//! answers to SIP: the BYE is sent and not waited for, so a machine that stands still or is cut off
//! leaves no ghost. A disk that fails costs recording, told once when it begins and once when it is
//! over; the call goes on. A citizen who is called back has a telephone that registers here
//! ([`EmbeddedSwitch::admit_telephone`]) and is dialled into a bridge that is open already.
//!
//! Callers are spoken to by [`prompts`](prompt_sound); while they are asked for a sign, the bridge
//! listens for knocks (`siaga_media::knock`). Keys are told at all times.

mod actor;
mod bridge;
mod leg;
mod mixing;
mod program;
mod prompts;

pub use prompts::{PromptError, prompt_sound};

use crate::{Clock, LiveCall, SipEndpoint, Switch, SwitchError, SwitchEvent};
use actor::{Actor, Parts, ToActor};
use prompts::Prompts;
use siaga_call_flow::SwitchCommand;
use siaga_media::MediaConfig;
use siaga_model::{Redacted, SeatId};
use siaga_sip::{Ha1s, Limits, ServerConfig, SipError, SipServer};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// The number that citizens dial.
pub const EMERGENCY_NUMBER: &str = "110";

/// Commands that may wait; the actor takes each in microseconds, so a full queue means that it
/// hangs, which [`SwitchError::Overloaded`] tells the hub.
const COMMAND_CAPACITY: usize = 1024;

/// Events that may wait for the hub. When it does not keep up the actor waits too; voice goes on,
/// because bridges do not depend on the actor.
const EVENT_CAPACITY: usize = 4096;

/// How the embedded switch is set up.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Where SIP over WebSocket is listened for; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Certificate for `wss://`; `None` listens for plain `ws://` (loopback only, or behind a
    /// proxy that does TLS).
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The host that desks are told to connect to; `None`: the address listened on.
    pub public_host: Option<String>,
    /// Domain of addresses and realm of the digest.
    pub domain: String,
    /// Folder of the recordings; made if missing.
    pub recordings: PathBuf,
    /// Addresses and codec settings of the media.
    pub media: MediaConfig,
    /// Folder with a Polda's own prompts, `please-wait.opus` and `silence-check.opus`: Ogg Opus, 0.5
    /// to 30 s, best about −20 dBFS. What is not in it is ours, as all of it is with `None`. A file
    /// that cannot be used keeps the switch from starting ([`StartError::Prompt`]).
    pub prompts: Option<PathBuf>,
}

impl EmbeddedConfig {
    /// Everything on loopback: training and tests.
    pub fn loopback(recordings: PathBuf) -> Self {
        Self::listening(SocketAddr::from(([127, 0, 0, 1], 0)), recordings)
    }

    /// For whoever can reach `bind`: media stay on loopback when that is loopback.
    pub fn listening(bind: SocketAddr, recordings: PathBuf) -> Self {
        let local = bind.ip().is_loopback();
        Self {
            bind,
            tls: None,
            public_host: None,
            domain: "siaga.invalid".to_owned(),
            recordings,
            media: if local { MediaConfig::loopback() } else { MediaConfig::network() },
            prompts: None,
        }
    }
}

/// Why the embedded switch could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// SIP cannot be listened for.
    #[error("the switch cannot listen")]
    Sip(#[from] SipError),
    /// The folder of the recordings cannot be made.
    #[error("the folder of the recordings cannot be made: {path}")]
    Recordings {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A prompt of the Polda's own cannot be used.
    #[error(transparent)]
    Prompt(#[from] PromptError),
}

/// The accounts that are citizens' telephones and no seats.
#[derive(Clone, Debug, Default)]
struct Telephones(Arc<Mutex<HashSet<String>>>);

impl Telephones {
    fn change(&self, change: impl FnOnce(&mut HashSet<String>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The seat that registers with this account, unless it is a telephone.
    fn seat_of(&self, account: &str) -> Option<SeatId> {
        let telephones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if telephones.contains(account) { None } else { account.parse().ok() }
    }
}

/// A running embedded switch.
pub struct EmbeddedSwitch {
    sip: SipServer,
    domain: String,
    ws_url: String,
    telephones: Telephones,
    actor: mpsc::Sender<ToActor>,
}

impl EmbeddedSwitch {
    /// Listens, and answers whoever dials 110 from now on.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: EmbeddedConfig,
        clock: Clock,
    ) -> Result<(Arc<Self>, mpsc::Receiver<SwitchEvent>), StartError> {
        std::fs::create_dir_all(&config.recordings)
            .map_err(|source| StartError::Recordings { path: config.recordings.clone(), source })?;
        let prompts = match &config.prompts {
            Some(folder) => Prompts::from_folder(folder)?,
            None => Prompts::built_in(),
        };
        let scheme = if config.tls.is_some() { "wss" } else { "ws" };
        let (sip, sip_events) = SipServer::bind(ServerConfig {
            bind: config.bind,
            realm: config.domain.clone(),
            user_agent: concat!("Siaga/", env!("CARGO_PKG_VERSION")).to_owned(),
            tls: config.tls,
            emergency_user: EMERGENCY_NUMBER.to_owned(),
            limits: Limits::default(),
        })
        .await?;
        let port = sip.local_addr().port();
        let host = config.public_host.unwrap_or_else(|| sip.local_addr().ip().to_string());
        let (events, receiver) = mpsc::channel(EVENT_CAPACITY);
        let telephones = Telephones::default();
        let parts = Parts {
            sip: sip.clone(),
            sip_events,
            media: config.media,
            recordings: config.recordings,
            prompts,
            telephones: telephones.clone(),
            clock,
            events,
        };
        let (actor, run) = Actor::new(parts, COMMAND_CAPACITY);
        tokio::spawn(run.run());
        let switch = Arc::new(Self {
            sip,
            domain: config.domain,
            ws_url: format!("{scheme}://{host}:{port}/"),
            telephones,
            actor,
        });
        Ok((switch, receiver))
    }

    /// Lets a citizen's telephone register under its number from now on, so that the number can be
    /// dialled ([`SwitchCommand::Dial`]); replaces an earlier secret. What calls from there is a
    /// verified number. For training and tests: a real citizen is reached through a trunk.
    ///
    /// # Errors
    /// [`SwitchError::Gone`]; [`SwitchError::BadNumber`] unless `number` is 1 to 64 of ASCII letters,
    /// digits and `+-._~*`.
    pub async fn admit_telephone(
        &self,
        number: &Redacted<String>,
        secret: &Redacted<String>,
    ) -> Result<(), SwitchError> {
        let account = number.expose();
        self.telephones.change(|telephones| {
            telephones.insert(account.clone());
        });
        let secrets = Ha1s::of(account, &self.domain, secret);
        self.sip.set_account(account, secrets).await.map_err(|error| match error {
            SipError::BadInput(_) => SwitchError::BadNumber,
            _ => SwitchError::Gone,
        })
    }

    /// Ends a telephone's admission and its registration. Legs that are up stay up.
    ///
    /// # Errors
    /// [`SwitchError::Gone`].
    pub async fn dismiss_telephone(&self, number: &Redacted<String>) -> Result<(), SwitchError> {
        self.sip.remove_account(number.expose()).await.map_err(|_| SwitchError::Gone)?;
        self.telephones.change(|telephones| {
            telephones.remove(number.expose());
        });
        Ok(())
    }

    async fn tell(&self, message: ToActor) -> Result<(), SwitchError> {
        self.actor.send(message).await.map_err(|_| SwitchError::Gone)
    }
}

#[async_trait::async_trait]
impl Switch for EmbeddedSwitch {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn endpoint(&self) -> SipEndpoint {
        SipEndpoint { ws_url: self.ws_url.clone(), domain: self.domain.clone() }
    }

    async fn execute(&self, command: SwitchCommand) -> Result<(), SwitchError> {
        match self.actor.try_send(ToActor::Command(command)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(SwitchError::Overloaded(COMMAND_CAPACITY))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(SwitchError::Gone),
        }
    }

    async fn admit(&self, seat: &SeatId, secret: &Redacted<String>) -> Result<(), SwitchError> {
        let secrets = Ha1s::of(seat.as_str(), &self.domain, secret);
        self.sip.set_account(seat.as_str(), secrets).await.map_err(|_| SwitchError::Gone)
    }

    async fn dismiss(&self, seat: &SeatId) -> Result<(), SwitchError> {
        self.sip.remove_account(seat.as_str()).await.map_err(|_| SwitchError::Gone)
    }

    async fn survey(&self) -> Result<Vec<LiveCall>, SwitchError> {
        // It dies with its hub, so a hub that has just started finds nothing on it.
        Ok(Vec::new())
    }

    async fn shut_down(&self) {
        let (done, wait) = oneshot::channel();
        if self.tell(ToActor::ShutDown(done)).await.is_ok() {
            // An error means that the actor is gone already, which is what was wanted.
            let _ = wait.await;
        }
        self.sip.close().await;
    }
}
