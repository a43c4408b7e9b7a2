//! A bad network between two UDP endpoints on this machine.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Datagrams that are on their way at most; further ones are dropped and counted as such.
pub const IN_FLIGHT: usize = 4096;

/// The largest UDP payload.
const LARGEST: usize = 65_535;

/// Losses that come in a row (Gilbert's model): in a burst everything is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// Mean length of a burst, in datagrams; at least 1.
    pub mean_length: f64,
}

/// What a link does to each datagram, in each direction on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkModel {
    /// Share of datagrams that are lost, 0 to 100.
    pub loss_percent: f64,
    /// The delay of a datagram is the base delay ± this much, evenly spread; so datagrams overtake
    /// each other, as with `netem delay … jitter`.
    pub jitter_ms: u32,
    /// Base delay; at least the jitter, because nothing arrives before it was sent.
    pub delay_ms: u32,
    /// Whether losses come in bursts; none means independently.
    pub bursts: Option<Bursts>,
    /// The same seed loses and delays the same datagrams, counted in order of arrival.
    pub seed: u64,
}

impl Default for LinkModel {
    /// A link that does nothing to anything.
    fn default() -> Self {
        Self { loss_percent: 0.0, jitter_ms: 0, delay_ms: 0, bursts: None, seed: 0 }
    }
}

/// What became of the datagrams of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayStats {
    /// Delivered.
    pub forwarded: u64,
    /// Lost on purpose, or because too many were on their way, or because nobody was there yet.
    pub dropped: u64,
}

/// Draws the fate of datagrams.
struct Fate {
    model: LinkModel,
    rng: StdRng,
    in_burst: bool,
}

impl Fate {
    fn new(model: LinkModel, direction: u64) -> Self {
        let rng = StdRng::seed_from_u64(model.seed ^ direction.rotate_left(32));
        Self { model, rng, in_burst: false }
    }

    /// The delay of the next datagram; none when it is lost. Always draws twice, so that the fate
    /// of one does not shift that of others.
    fn next(&mut self) -> Option<Duration> {
        let chance: f64 = self.rng.random_range(0.0..1.0);
        let spread: f64 = self.rng.random_range(-1.0..1.0);
        let loss = (self.model.loss_percent / 100.0).clamp(0.0, 1.0);
        let lost = match self.model.bursts {
            None => chance < loss,
            Some(_) if loss >= 1.0 => true,
            Some(Bursts { mean_length }) => {
                let leave = 1.0 / mean_length.max(1.0);
                let enter = (loss * leave / (1.0 - loss)).min(1.0);
                self.in_burst = chance < if self.in_burst { 1.0 - leave } else { enter };
                self.in_burst
            }
        };
        let base = f64::from(self.model.delay_ms.max(self.model.jitter_ms));
        let delay = base + spread * f64::from(self.model.jitter_ms);
        (!lost).then(|| Duration::from_secs_f64(delay.max(0.0) / 1000.0))
    }
}

/// A datagram that was handed to side A.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When.
    pub at: std::time::Instant,
    /// The datagram.
    pub datagram: Vec<u8>,
}

type Address = Arc<Mutex<Option<SocketAddr>>>;

/// Stands between two endpoints A and B like two address-translating routers: A knows B only as
/// [`facing_a`](Self::facing_a), B knows A only as [`facing_b`](Self::facing_b), so everything
/// between them (ICE checks, DTLS, SRTP) passes here. Runs until it is dropped.
pub struct LossyRelay {
    facing_a: SocketAddr,
    facing_b: SocketAddr,
    a: Address,
    b: Address,
    forwarded: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
    tasks: [JoinHandle<()>; 2],
}

impl LossyRelay {
    /// Opens two ports on 127.0.0.1. An endpoint that is not told yet is learnt from its first
    /// datagram. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(
        model: LinkModel,
        a: Option<SocketAddr>,
        b: Option<SocketAddr>,
    ) -> io::Result<Self> {
        Self::start_told(model, a, b, None).await
    }

    /// The same; whatever reaches A is told. What finds no room there is not told.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) async fn start_told(
        model: LinkModel,
        a: Option<SocketAddr>,
        b: Option<SocketAddr>,
        told: Option<mpsc::Sender<Delivered>>,
    ) -> io::Result<Self> {
        let socket_a = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let socket_b = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let (facing_a, facing_b) = (socket_a.local_addr()?, socket_b.local_addr()?);
        let (a, b) = (Arc::new(Mutex::new(a)), Arc::new(Mutex::new(b)));
        let forwarded = Arc::new(AtomicU64::new(0));
        let dropped = Arc::new(AtomicU64::new(0));
        let way =
            |from: &Arc<UdpSocket>, to: &Arc<UdpSocket>, source: &Address, sink: &Address| Way {
                from: Arc::clone(from),
                to: Arc::clone(to),
                source: Arc::clone(source),
                sink: Arc::clone(sink),
                forwarded: Arc::clone(&forwarded),
                dropped: Arc::clone(&dropped),
                room: Arc::new(Semaphore::new(IN_FLIGHT)),
                told: None,
            };
        let there = way(&socket_a, &socket_b, &a, &b);
        let back = Way { told, ..way(&socket_b, &socket_a, &b, &a) };
        let tasks = [
            tokio::spawn(there.run(Fate::new(model, 1))),
            tokio::spawn(back.run(Fate::new(model, 2))),
        ];
        Ok(Self { facing_a, facing_b, a, b, forwarded, dropped, tasks })
    }

    /// Where A sends what is for B.
    pub fn facing_a(&self) -> SocketAddr {
        self.facing_a
    }

    /// Where B sends what is for A.
    pub fn facing_b(&self) -> SocketAddr {
        self.facing_b
    }

    /// Where A really is.
    pub fn set_a(&self, address: SocketAddr) {
        *self.a.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    /// Where B really is.
    pub fn set_b(&self, address: SocketAddr) {
        *self.b.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    /// What became of the datagrams so far.
    pub fn stats(&self) -> RelayStats {
        RelayStats {
            forwarded: self.forwarded.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}

impl Drop for LossyRelay {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// One direction.
struct Way {
    from: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    source: Address,
    sink: Address,
    forwarded: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
    room: Arc<Semaphore>,
    /// Who is told of what was delivered.
    told: Option<mpsc::Sender<Delivered>>,
}

impl Way {
    async fn run(self, mut fate: Fate) {
        let mut buffer = vec![0; LARGEST];
        loop {
            // An error here is an ICMP answer to an earlier datagram: the peer is not there (yet).
            let Ok((length, sender)) = self.from.recv_from(&mut buffer).await else { continue };
            let received = Instant::now();
            self.source.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(sender);
            let sink = *self.sink.lock().unwrap_or_else(PoisonError::into_inner);
            let (Some(delay), Some(sink), Ok(place)) =
                (fate.next(), sink, Arc::clone(&self.room).try_acquire_owned())
            else {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if delay.is_zero() {
                let sent = self.to.send_to(&buffer[..length], sink).await.is_ok();
                count(sent, &self.forwarded, &self.dropped);
                tell(self.told.as_ref(), &buffer[..length]);
                continue;
            }
            let datagram = buffer[..length].to_vec();
            let told = self.told.clone();
            let (to, forwarded, dropped) =
                (Arc::clone(&self.to), Arc::clone(&self.forwarded), Arc::clone(&self.dropped));
            tokio::spawn(async move {
                sleep_until(received + delay).await;
                let sent = to.send_to(&datagram, sink).await.is_ok();
                count(sent, &forwarded, &dropped);
                tell(told.as_ref(), &datagram);
                drop(place);
            });
        }
    }
}

fn tell(told: Option<&mpsc::Sender<Delivered>>, datagram: &[u8]) {
    if let Some(told) = told {
        let at = std::time::Instant::now();
        // A listener that does not keep up hears a gap, and says so in its report.
        let _ = told.try_send(Delivered { at, datagram: datagram.to_vec() });
    }
}

fn count(sent: bool, forwarded: &AtomicU64, dropped: &AtomicU64) {
    if sent { forwarded } else { dropped }.fetch_add(1, Ordering::Relaxed);
}

/// Makes an SDP's media come through `address`: of its UDP candidates over IPv4 the first is moved
/// there and the others are taken out. Also returns where the first one was: what
/// [`LossyRelay::set_a`] or `set_b` has to be told.
pub fn reroute(sdp: &str, address: SocketAddr) -> (String, Option<SocketAddr>) {
    let mut real = None;
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let Some(candidate) = line.trim_end().strip_prefix("a=candidate:") else {
            out.push_str(line);
            continue;
        };
        let mut fields: Vec<&str> = candidate.split(' ').collect();
        let [_, _, protocol, _, ip, port, ..] = fields[..] else { continue };
        let (Ok(ip), Ok(port)) = (ip.parse::<Ipv4Addr>(), port.parse::<u16>()) else { continue };
        if !protocol.eq_ignore_ascii_case("udp") || real.is_some() {
            continue;
        }
        real = Some(SocketAddr::from((ip, port)));
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        (fields[4], fields[5]) = (&ip, &port);
        out.push_str("a=candidate:");
        out.push_str(&fields.join(" "));
        out.push_str("\r\n");
    }
    (out, real)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For datagrams that certainly come; reached only when the test has failed.
    const DEADLINE: Duration = Duration::from_secs(20);

    fn lost(model: LinkModel, datagrams: usize) -> (f64, f64) {
        let mut fate = Fate::new(model, 1);
        let fates: Vec<bool> = (0..datagrams).map(|_| fate.next().is_none()).collect();
        let lost = fates.iter().filter(|lost| **lost).count();
        let bursts = fates.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        (lost as f64 / datagrams as f64, lost as f64 / bursts.max(1) as f64)
    }

    #[test]
    fn as_much_is_lost_as_was_asked_for() {
        let (share, run) =
            lost(LinkModel { loss_percent: 5.0, seed: 7, ..Default::default() }, 50_000);
        assert!((share - 0.05).abs() < 0.005 && run < 1.2, "{share} {run}");
        let bursts = Some(Bursts { mean_length: 4.0 });
        let model = LinkModel { loss_percent: 20.0, bursts, seed: 7, ..Default::default() };
        let (share, run) = lost(model, 50_000);
        assert!((share - 0.2).abs() < 0.02 && (run - 4.0).abs() < 0.4, "{share} {run}");
        assert_eq!(lost(LinkModel::default(), 1000).0, 0.0);
    }

    #[test]
    fn delays_spread_evenly_around_the_base() {
        let model = LinkModel { jitter_ms: 40, delay_ms: 60, seed: 3, ..Default::default() };
        let mut fate = Fate::new(model, 2);
        let delays: Vec<f64> =
            (0..10_000).filter_map(|_| fate.next()).map(|d| d.as_secs_f64() * 1e3).collect();
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        assert!((mean - 60.0).abs() < 1.5, "{mean}");
        assert!(delays.iter().all(|d| (20.0..=100.0).contains(d)));
        assert!(delays.iter().any(|d| *d < 25.0) && delays.iter().any(|d| *d > 95.0));
    }

    #[test]
    fn the_same_seed_has_the_same_fate() {
        let model = LinkModel { loss_percent: 30.0, jitter_ms: 9, seed: 5, ..Default::default() };
        let draw = |mut fate: Fate| (0..100).map(|_| fate.next()).collect::<Vec<_>>();
        assert_eq!(draw(Fate::new(model, 1)), draw(Fate::new(model, 1)));
        assert_ne!(draw(Fate::new(model, 1)), draw(Fate::new(model, 2)));
    }

    #[tokio::test]
    async fn each_side_sees_only_the_relay_and_hears_the_other() {
        let a = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let b = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let relay = LossyRelay::start(LinkModel::default(), None, b.local_addr().ok())
            .await
            .expect("ports");
        let mut buffer = [0; 100];
        a.send_to(b"hello", relay.facing_a()).await.expect("sent");
        let got = tokio::time::timeout(DEADLINE, b.recv_from(&mut buffer)).await;
        let (length, from) = got.expect("in time").expect("received");
        assert_eq!((&buffer[..length], from), (&b"hello"[..], relay.facing_b()));
        b.send_to(b"who is it?", from).await.expect("sent");
        let got = tokio::time::timeout(DEADLINE, a.recv_from(&mut buffer)).await;
        let (length, from) = got.expect("in time").expect("received");
        assert_eq!((&buffer[..length], from), (&b"who is it?"[..], relay.facing_a()));
        assert_eq!(relay.stats().dropped, 0);
    }

    #[tokio::test]
    async fn what_is_lost_and_what_comes_is_counted() {
        let a = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let b = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let model = LinkModel { loss_percent: 30.0, jitter_ms: 5, seed: 1, ..Default::default() };
        let relay = LossyRelay::start(model, a.local_addr().ok(), b.local_addr().ok())
            .await
            .expect("ports");
        let mut fate = Fate::new(model, 1);
        let expected: Vec<u8> = (0..200).filter(|_| fate.next().is_some()).collect();
        let mut got = Vec::new();
        for n in 0..200_u8 {
            a.send_to(&[n], relay.facing_a()).await.expect("sent");
        }
        let mut buffer = [0; 100];
        while got.len() < expected.len() {
            let received = tokio::time::timeout(DEADLINE, b.recv_from(&mut buffer)).await;
            received.expect("in time").expect("received");
            got.push(buffer[0]);
        }
        got.sort_unstable();
        assert_eq!(got, expected);
        assert_eq!(relay.stats().dropped, 200 - expected.len() as u64);
    }

    #[test]
    fn an_sdp_is_rerouted_to_one_candidate() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706431 10.0.0.5 5004 typ host\r\n\
                   a=candidate:2 1 tcp 1 10.0.0.5 9 typ host\r\n\
                   a=candidate:3 1 UDP 1 fe80::1 5006 typ host\r\n\
                   a=candidate:4 1 UDP 1 192.0.2.1 5008 typ host\r\na=mid:0\r\n";
        let (out, real) = reroute(sdp, "127.0.0.1:7000".parse().expect("an address"));
        assert_eq!(real, "10.0.0.5:5004".parse().ok());
        assert_eq!(
            out,
            "v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 7000 typ host\r\na=mid:0\r\n"
        );
    }
}
