//! The voice of one desk's calls: a UDP relay each, all under one rule of what is lost.

use super::frames::Direction;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A desk has one call, and a new leg of it now and then; older relays are taken down.
const RELAYS: usize = 4;
/// The largest datagram that voice needs.
const LARGEST: usize = 2_048;

/// What is lost of a desk's voice.
#[derive(Default)]
pub(super) struct MediaLink {
    percent: AtomicU8,
    state: AtomicU64,
}

impl MediaLink {
    pub(super) fn lose(&self, percent: u8) {
        self.percent.store(percent, Ordering::Relaxed);
    }

    /// Whether the next datagram is lost.
    fn loses(&self) -> bool {
        let percent = self.percent.load(Ordering::Relaxed);
        if percent == 0 {
            return false;
        }
        // SplitMix64: which ones are lost does not matter, how many does.
        let at = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mut z = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 100 < u64::from(percent)
    }
}

/// The relays of a desk's calls, by SIP's name of the call.
pub(super) struct VoiceLinks {
    link: Arc<MediaLink>,
    relays: VecDeque<(String, Relay)>,
}

impl VoiceLinks {
    pub(super) fn new(link: Arc<MediaLink>) -> Self {
        Self { link, relays: VecDeque::new() }
    }

    /// Nothing passes any more through the relays that there are.
    pub(super) fn kill(&mut self) {
        for (_, relay) in &self.relays {
            for task in &relay.tasks {
                task.abort();
            }
        }
    }

    /// Notes where one side of a call really is, and says where the other side finds it.
    pub(super) fn relay(
        &mut self,
        call: &str,
        direction: Direction,
        real: SocketAddr,
    ) -> Option<SocketAddr> {
        if !self.relays.iter().any(|(name, _)| name == call) {
            let relay = Relay::start(&self.link).ok()?;
            self.relays.push_back((call.to_owned(), relay));
            if self.relays.len() > RELAYS {
                self.relays.pop_front();
            }
        }
        let (_, relay) = self.relays.iter().find(|(name, _)| name == call)?;
        Some(match direction {
            Direction::FromDesk => relay.desk_is(real),
            Direction::FromSwitch => relay.switch_is(real),
        })
    }
}

type Address = Arc<Mutex<Option<SocketAddr>>>;

/// Two ports: the desk sees only one, the switch only the other.
struct Relay {
    facing_desk: SocketAddr,
    facing_switch: SocketAddr,
    desk: Address,
    switch: Address,
    tasks: [JoinHandle<()>; 2],
}

impl Relay {
    fn start(link: &Arc<MediaLink>) -> std::io::Result<Self> {
        let (to_desk, to_switch) = (Arc::new(port()?), Arc::new(port()?));
        let (facing_desk, facing_switch) = (to_desk.local_addr()?, to_switch.local_addr()?);
        let (desk, switch) = (Address::default(), Address::default());
        let way = |from: &Arc<UdpSocket>, to: &Arc<UdpSocket>, sink: &Address| {
            tokio::spawn(carry(
                Arc::clone(from),
                Arc::clone(to),
                Arc::clone(sink),
                Arc::clone(link),
            ))
        };
        let tasks = [way(&to_desk, &to_switch, &switch), way(&to_switch, &to_desk, &desk)];
        Ok(Self { facing_desk, facing_switch, desk, switch, tasks })
    }

    fn desk_is(&self, real: SocketAddr) -> SocketAddr {
        *self.desk.lock().unwrap_or_else(PoisonError::into_inner) = Some(real);
        self.facing_switch
    }

    fn switch_is(&self, real: SocketAddr) -> SocketAddr {
        *self.switch.lock().unwrap_or_else(PoisonError::into_inner) = Some(real);
        self.facing_desk
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn port() -> std::io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

async fn carry(from: Arc<UdpSocket>, to: Arc<UdpSocket>, sink: Address, link: Arc<MediaLink>) {
    let mut buffer = vec![0; LARGEST];
    loop {
        // An error here is an ICMP answer to an earlier datagram: the other side is gone.
        let Ok((length, _)) = from.recv_from(&mut buffer).await else { continue };
        let sink = *sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = sink
            && !link.loses()
        {
            let _ = to.send_to(&buffer[..length], sink).await;
        }
    }
}
