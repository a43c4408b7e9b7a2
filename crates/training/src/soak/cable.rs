//! Everything between one desk and the rest of the world, so that it can be cut: the hub's socket,
//! the telephone's socket, the voice.
//!
//! The desk is told the address of [`Cable::hub_url`]. What the hub says there of the switch's
//! address is replaced by that of the second relay, and what the telephone's messages say of voice
//! by that of a third, one a call. So nothing of the desk, the hub or the switch has to know.

mod frames;
mod media;
mod pipe;

use frames::{Direction, SipEdit};
use media::{MediaLink, VoiceLinks};
use pipe::{Edit, Gate, Replace};
use siaga_switch::SipEndpoint;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often a port is tried for whose number is as long as that of the address it replaces.
const PORT_TRIES: usize = 200;

/// A desk's cable. It is gone when this is dropped.
pub(super) struct Cable {
    hub_url: String,
    hub: watch::Sender<Gate>,
    sip: watch::Sender<Gate>,
    voice: Arc<MediaLink>,
    links: Arc<Mutex<VoiceLinks>>,
    tasks: [JoinHandle<()>; 2],
}

impl Cable {
    /// Lays one to this hub and this switch.
    ///
    /// # Errors
    /// When no port can be had or an address is none.
    pub(super) async fn lay(hub: SocketAddr, switch: &SipEndpoint) -> anyhow::Result<Self> {
        let switch = switch_address(switch)?;
        let hub_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let sip_listener = listener_like(switch.port()).await?;
        let hub_url = format!("http://{}", hub_listener.local_addr()?);
        let instead = sip_listener.local_addr()?;
        let (hub_gate, sip_gate) = (watch::Sender::new(Gate::Open), watch::Sender::new(Gate::Open));
        let voice = Arc::new(MediaLink::default());
        let links = Arc::new(Mutex::new(VoiceLinks::new(Arc::clone(&voice))));
        let replace = Replace::new(switch.to_string(), instead.to_string());
        let hub_edits = move || (Edit::None, Edit::Replace(replace.clone()));
        let edited = Arc::clone(&links);
        let sip_edits = move || {
            let edit = |direction| Edit::Sip(SipEdit::new(Arc::clone(&edited), direction));
            (edit(Direction::FromDesk), edit(Direction::FromSwitch))
        };
        let tasks = [
            tokio::spawn(pipe::serve(hub_listener, hub, hub_gate.subscribe(), hub_edits)),
            tokio::spawn(pipe::serve(sip_listener, switch, sip_gate.subscribe(), sip_edits)),
        ];
        Ok(Self { hub_url, hub: hub_gate, sip: sip_gate, voice, links, tasks })
    }

    /// Where the desk finds its hub.
    pub(super) fn hub_url(&self) -> &str {
        &self.hub_url
    }

    /// Cuts the hub's socket, or lets it be opened again.
    pub(super) fn cut_hub(&self, cut: bool) {
        self.hub.send_replace(if cut { Gate::Cut } else { Gate::Open });
    }

    /// The same with the telephone's.
    pub(super) fn cut_sip(&self, cut: bool) {
        self.sip.send_replace(if cut { Gate::Cut } else { Gate::Open });
    }

    /// Lets nothing through either socket without closing it, or goes on.
    pub(super) fn hold_sockets(&self, held: bool) {
        let gate = if held { Gate::Held } else { Gate::Open };
        self.hub.send_replace(gate);
        self.sip.send_replace(gate);
    }

    /// The voice of the call that is up never passes again; that of a new one does.
    pub(super) fn kill_voice(&self) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    /// Loses so many percent of the voice in each direction.
    pub(super) fn lose_voice(&self, percent: u8) {
        self.voice.lose(percent);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn switch_address(endpoint: &SipEndpoint) -> anyhow::Result<SocketAddr> {
    let host = endpoint.ws_url.trim_start_matches("ws://").trim_end_matches('/');
    Ok(host.parse()?)
}

/// A listener whose port has as many digits, so that replacing the one by the other changes no length.
async fn listener_like(port: u16) -> anyhow::Result<TcpListener> {
    let digits = port.to_string().len();
    for _ in 0..PORT_TRIES {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        if listener.local_addr()?.port().to_string().len() == digits {
            return Ok(listener);
        }
    }
    anyhow::bail!("no port with {digits} digits is free")
}
