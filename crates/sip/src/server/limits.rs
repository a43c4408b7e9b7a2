//! What one neighbour may take: numbers, and the accounts kept of each address, without IO.
//!
//! Reading is slowed rather than refused: a connection that sends too fast is read more slowly,
//! so TCP holds its peer back, nothing is lost of what an honest peer sends in a burst, and its
//! messages never stand in the server's queue before those of others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Addresses without a connection that are remembered; beyond it the quietest are forgotten.
const REMEMBERED: usize = 4096;
/// Notes about refusals of one address; what is beyond is counted and told with the next note.
const NOTES: Rate = Rate::new(2, 20);
/// What a caller is told to wait who was refused for calling too often.
pub(super) const RETRY_AFTER_SECONDS: u64 = 10;

/// So many at once, and so many a second from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second, in the long run; 0 means none once the burst is used up.
    pub per_second: u32,
    /// At once, after a time of quiet.
    pub burst: u32,
}

impl Rate {
    /// A rate.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }

    /// How long `count` of them take. A day each, where there are to be none.
    fn time_of(self, count: u32) -> Duration {
        match self.per_second {
            0 => Duration::from_secs(86_400).saturating_mul(count),
            n => Duration::from_secs(u64::from(count)) / n,
        }
    }
}

/// Bounds against broken and hostile peers. An address is an IPv4 address or an IPv6 /64.
///
/// The default bears an office or a carrier's NAT of honest callers behind one address. Where
/// everybody comes from one address, as in training and load tests, see [`Limits::loopback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, in bytes; a larger one closes its connection.
    pub message_bytes: usize,
    /// Connections in all; further ones are closed at once.
    pub connections: usize,
    /// Connections from one address; further ones are closed at once.
    pub connections_per_address: usize,
    /// Malformed messages on one connection until it is closed.
    pub malformed_per_connection: u32,
    /// Messages read from one connection, pings and keep-alives too. Beyond, it is read more
    /// slowly; one that has been beyond for 10 s without pause is closed.
    pub messages_per_connection: Rate,
    /// Messages read from all connections of one address together. Beyond, they are read more
    /// slowly.
    pub messages_per_address: Rate,
    /// Bytes read from all connections of one address together, TLS and handshakes included.
    /// Beyond, they are read more slowly.
    pub bytes_per_address: Rate,
    /// Calls begun from one address without a registration. Beyond, 503 with Retry-After.
    pub invites_per_address: Rate,
    /// Calls at a time from one address without a registration. Beyond, 503 with Retry-After.
    pub calls_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            connections: 4096,
            connections_per_address: 512,
            malformed_per_connection: 20,
            messages_per_connection: Rate::new(50, 200),
            messages_per_address: Rate::new(500, 2000),
            bytes_per_address: Rate::new(1024 * 1024, 4 * 1024 * 1024),
            invites_per_address: Rate::new(10, 100),
            calls_per_address: 256,
        }
    }
}

impl Limits {
    /// Where every caller and every seat has the address of this machine: one address may take what
    /// all together may, so that a load test of 1,000 calls is served.
    pub fn loopback() -> Self {
        let all = Self::default();
        Self {
            connections_per_address: all.connections,
            messages_per_address: Rate::new(20_000, 80_000),
            bytes_per_address: Rate::new(64 * 1024 * 1024, 256 * 1024 * 1024),
            invites_per_address: Rate::new(1000, 4000),
            calls_per_address: all.connections,
            ..all
        }
    }
}

/// What is left of one rate: the instant at which all of it is there again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket(Option<Instant>);

impl Bucket {
    /// Takes `count`, if need be on credit; gives how long to wait until the credit is paid back.
    pub(crate) fn spend(&mut self, now: Instant, rate: Rate, count: u32) -> Duration {
        let full = self.0.map_or(now, |at| at.max(now)) + rate.time_of(count);
        self.0 = Some(full);
        full.duration_since(now).saturating_sub(rate.time_of(rate.burst))
    }

    /// Takes one if it is there.
    fn take(&mut self, now: Instant, rate: Rate) -> bool {
        let before = *self;
        let there = self.spend(now, rate, 1).is_zero();
        if !there {
            *self = before;
        }
        there
    }

    fn is_full(&self, now: Instant) -> bool {
        self.0.is_none_or(|at| at <= now)
    }
}

/// An address as limits see it: whoever has one IPv6 address has its whole /64.
pub(super) fn neighbour(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// What has been read from one address; shared by the tasks of its connections.
#[derive(Debug, Default)]
struct Read {
    messages: Bucket,
    bytes: Bucket,
}

/// The reading allowance of one connection.
#[derive(Debug)]
pub(crate) struct Allowance {
    limits: Limits,
    own: Bucket,
    shared: Arc<Mutex<Read>>,
    /// Since when the connection has been beyond its own rate.
    beyond_since: Option<Instant>,
}

/// The allowance of bytes of one connection's address.
#[derive(Clone, Debug)]
pub(crate) struct ByteAllowance {
    rate: Rate,
    shared: Arc<Mutex<Read>>,
}

impl Allowance {
    /// A connection that has been beyond its rate for this long is a flood.
    const FLOODING: Duration = Duration::from_secs(10);

    /// Notes a message that was read; gives how long to read nothing, or `None` for a flood.
    pub(crate) fn on_message(&mut self, now: Instant) -> Option<Duration> {
        let own = self.own.spend(now, self.limits.messages_per_connection, 1);
        if own.is_zero() {
            self.beyond_since = None;
        } else if now.duration_since(*self.beyond_since.get_or_insert(now)) >= Self::FLOODING {
            return None;
        }
        let rate = self.limits.messages_per_address;
        let shared = lock(&self.shared).messages.spend(now, rate, 1);
        Some(own.max(shared))
    }

    pub(crate) fn bytes(&self) -> ByteAllowance {
        ByteAllowance { rate: self.limits.bytes_per_address, shared: self.shared.clone() }
    }
}

impl ByteAllowance {
    /// Notes bytes that were read; gives how long to read nothing.
    pub(crate) fn on_bytes(&self, now: Instant, count: usize) -> Duration {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        lock(&self.shared).bytes.spend(now, self.rate, count)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connections in all and by address, and what is read from them. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, Neighbour>>>);

#[derive(Default)]
struct Neighbour {
    connections: usize,
    read: Arc<Mutex<Read>>,
}

/// One counted connection; gives its place back when dropped.
pub(super) struct Place {
    all: Weak<Mutex<HashMap<IpAddr, Neighbour>>>,
    address: IpAddr,
}

impl Connections {
    /// A place for one more connection from `address`, if there is one.
    pub(super) fn take(
        &self,
        now: Instant,
        address: IpAddr,
        limits: &Limits,
    ) -> Option<(Place, Allowance)> {
        let address = neighbour(address);
        let mut all = lock(&self.0);
        let sum: usize = all.values().map(|n| n.connections).sum();
        let here = all.get(&address).map_or(0, |n| n.connections);
        if here >= limits.connections_per_address || sum >= limits.connections {
            return None;
        }
        if all.len() >= REMEMBERED + limits.connections {
            // What a neighbour that is gone had spent is forgotten once it is paid back.
            all.retain(|_, n| n.connections > 0 || !lock(&n.read).is_full(now));
        }
        let neighbour = all.entry(address).or_default();
        neighbour.connections += 1;
        let shared = neighbour.read.clone();
        let own = Bucket::default();
        let allowance = Allowance { limits: *limits, own, shared, beyond_since: None };
        Some((Place { all: Arc::downgrade(&self.0), address }, allowance))
    }
}

impl Read {
    fn is_full(&self, now: Instant) -> bool {
        self.messages.is_full(now) && self.bytes.is_full(now)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(all) = self.all.upgrade() else { return };
        if let Some(neighbour) = lock(&all).get_mut(&self.address) {
            neighbour.connections -= 1;
        }
    }
}

/// What the server itself counts of each address: calls without registration, and refusals told.
#[derive(Default)]
pub(super) struct Ledger(HashMap<IpAddr, Page>);

#[derive(Default)]
struct Page {
    invites: Bucket,
    calls: usize,
    notes: Bucket,
    untold: u64,
}

impl Ledger {
    fn page(&mut self, now: Instant, address: IpAddr) -> &mut Page {
        if self.0.len() >= REMEMBERED {
            let quiet = |p: &Page| p.calls == 0 && p.invites.is_full(now) && p.notes.is_full(now);
            self.0.retain(|_, page| !quiet(page));
        }
        self.0.entry(neighbour(address)).or_default()
    }

    /// Whether one more call may begin from `address` now.
    pub(super) fn may_call(&mut self, now: Instant, address: IpAddr, limits: &Limits) -> bool {
        let page = self.page(now, address);
        page.calls < limits.calls_per_address && page.invites.take(now, limits.invites_per_address)
    }

    pub(super) fn call_began(&mut self, now: Instant, address: IpAddr) {
        self.page(now, address).calls += 1;
    }

    pub(super) fn call_ended(&mut self, address: IpAddr) {
        if let Some(page) = self.0.get_mut(&neighbour(address)) {
            page.calls = page.calls.saturating_sub(1);
        }
    }

    /// What to tell of a refusal, if anything: a flood of refusals must not become one of notes.
    pub(super) fn note(&mut self, now: Instant, address: IpAddr, what: String) -> Option<String> {
        let page = self.page(now, address);
        if !page.notes.take(now, NOTES) {
            page.untold += 1;
            return None;
        }
        match std::mem::take(&mut page.untold) {
            0 => Some(what),
            untold => Some(format!("{what} (and {untold} more refusals before)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let (mut bucket, rate, now) = (Bucket::default(), Rate::new(10, 3), Instant::now());
        for _ in 0..3 {
            assert_eq!(bucket.spend(now, rate, 1), Duration::ZERO);
        }
        assert_eq!(bucket.spend(now, rate, 1), Duration::from_millis(100));
        assert!(!bucket.take(now, rate));
        assert_eq!(bucket.spend(now + Duration::from_millis(100), rate, 1).as_millis(), 100);
        // After a quiet while the whole burst is there again, and no more than that.
        let later = now + Duration::from_secs(60);
        assert!((0..3).all(|_| bucket.take(later, rate)));
        assert!(!bucket.take(later, rate));
    }

    #[test]
    fn a_rate_of_none_serves_the_burst_only() {
        let (mut bucket, rate, now) = (Bucket::default(), Rate::new(0, 2), Instant::now());
        assert!(bucket.take(now, rate) && bucket.take(now, rate));
        assert!(!bucket.take(now + Duration::from_secs(3600), rate));
    }

    #[test]
    fn a_connection_that_never_pauses_is_a_flood_and_a_burst_is_not() {
        let connections = Connections::default();
        let limits = Limits::default();
        let mut now = Instant::now();
        let (_place, mut flooder) = connections.take(now, HERE, &limits).expect("room");
        let (_other, mut talker) = connections.take(now, HERE, &limits).expect("room");
        let begun = now;
        while let Some(pause) = flooder.on_message(now) {
            now += pause;
            assert!(now < begun + Duration::from_secs(60), "never taken for a flood");
        }
        assert!(now >= begun + Allowance::FLOODING);
        for _ in 0..20 {
            for _ in 0..150 {
                assert!(talker.on_message(now).is_some());
            }
            now += Duration::from_secs(4);
        }
    }

    #[test]
    fn connections_of_one_ipv6_network_are_one_neighbour() {
        let limits = Limits { connections_per_address: 1, ..Limits::default() };
        let (connections, now) = (Connections::default(), Instant::now());
        let at = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = connections.take(now, at("2001:db8:1:2::1"), &limits);
        assert!(connections.take(now, at("2001:db8:1:2:ffff::9"), &limits).is_none());
        assert!(connections.take(now, at("2001:db8:1:3::1"), &limits).is_some());
        drop(first);
        assert!(connections.take(now, at("2001:db8:1:2:ffff::9"), &limits).is_some());
        assert_eq!(neighbour(at("::ffff:10.0.0.1")), at("10.0.0.1"));
    }

    #[test]
    fn a_flood_of_refusals_is_told_now_and_then_with_its_number() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let told = (0..1000).filter_map(|_| ledger.note(now, HERE, "x".into())).count();
        assert_eq!(told, 20);
        let later = now + Duration::from_secs(1);
        assert_eq!(
            ledger.note(later, HERE, "x".into()).as_deref(),
            Some("x (and 980 more refusals before)")
        );
    }

    #[test]
    fn one_address_calls_no_more_than_its_share() {
        let limits = Limits {
            calls_per_address: 2,
            invites_per_address: Rate::new(1, 3),
            ..Limits::default()
        };
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        for _ in 0..2 {
            assert!(ledger.may_call(now, HERE, &limits));
            ledger.call_began(now, HERE);
        }
        assert!(!ledger.may_call(now, HERE, &limits), "two at a time");
        ledger.call_ended(HERE);
        assert!(ledger.may_call(now, HERE, &limits));
        assert!(!ledger.may_call(now, HERE, &limits), "three at once");
        assert!(ledger.may_call(now, IpAddr::from([10, 0, 0, 1]), &limits), "another address");
    }
}
