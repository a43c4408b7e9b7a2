//! How much one address may ask, and how many connections it may hold, so that it cannot starve the
//! desks. No IO and no clock.
//!
//! The limits are those of a whole Polda behind one address (a TLS terminator, say): desks hold a
//! socket and one or two idle connections each, and ask a few times a minute.

use siaga_model::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Connections of one address.
const PER_ADDRESS: usize = 256;
/// Connections of all addresses, of those that have more than a desk needs …
const IN_ALL: usize = 512;
/// … which is this many; such an address is let in until there are …
const OF_A_DESK: usize = 8;
/// … so many in all: a process may usually open 1,024 files.
const AT_ALL: usize = 768;
/// Requests of one address: at once, and in each second afterwards.
const REQUESTS: Rate = Rate { burst: 400, per_second: 100 };
/// Messages of one desk's socket: at once (a desk that comes back repeats all that waits), and in
/// each second afterwards. A desk that says more is read more slowly.
pub(crate) const MESSAGES: Rate = Rate { burst: 1_024, per_second: 100 };
/// Of how many addresses it is known how much they asked; when there are more, the one that asked
/// least lately is forgotten.
const ADDRESSES: usize = 4_096;

/// So many at once, then so many a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    burst: u32,
    per_second: u32,
}

/// What somebody may still ask at a [`Rate`].
#[derive(Debug)]
pub(crate) struct Allowance {
    rate: Rate,
    /// In thousandths, so that a millisecond counts.
    left: u64,
    at: Timestamp,
}

impl Allowance {
    pub(crate) fn new(rate: Rate, now: Timestamp) -> Self {
        Self { rate, left: u64::from(rate.burst) * 1_000, at: now }
    }

    /// Takes one; when there is none, says how long to wait for it.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let more = millis.saturating_mul(u64::from(self.rate.per_second));
        self.left = self.left.saturating_add(more).min(u64::from(self.rate.burst) * 1_000);
        self.at = self.at.max(now);
        match self.left.checked_sub(1_000) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let missing = 1_000 - self.left;
                let wait = missing.div_ceil(u64::from(self.rate.per_second));
                Err(Duration::from_millis(wait))
            }
        }
    }
}

/// What each address asks.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    by_address: BTreeMap<IpAddr, Allowance>,
}

impl Requests {
    /// Whether this address may ask now; if not, how long it should wait.
    pub(crate) fn ask(&mut self, now: Timestamp, address: IpAddr) -> Result<(), Duration> {
        if !self.by_address.contains_key(&address) && self.by_address.len() >= ADDRESSES {
            let quietest = self.by_address.iter().min_by_key(|(_, allowance)| allowance.at);
            if let Some(address) = quietest.map(|(address, _)| *address) {
                self.by_address.remove(&address);
            }
        }
        let new = || Allowance::new(REQUESTS, now);
        self.by_address.entry(address).or_insert_with(new).take(now)
    }
}

/// Who holds how many connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    by_address: BTreeMap<IpAddr, usize>,
    in_all: usize,
}

impl Connections {
    /// Whether one more connection of this address is let in.
    pub(crate) fn enter(&mut self, address: IpAddr) -> bool {
        let held = self.by_address.get(&address).copied().unwrap_or(0);
        let room = if held < OF_A_DESK { AT_ALL } else { IN_ALL };
        if held >= PER_ADDRESS || self.in_all >= room {
            return false;
        }
        self.by_address.insert(address, held + 1);
        self.in_all += 1;
        true
    }

    /// One has gone.
    pub(crate) fn leave(&mut self, address: IpAddr) {
        if let Some(held) = self.by_address.get_mut(&address) {
            *held -= 1;
            self.in_all -= 1;
            if *held == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    #[test]
    fn whoever_asks_too_often_waits_and_nobody_else_does() {
        let mut requests = Requests::default();
        let mut now = Timestamp(5_000);
        for _ in 0..REQUESTS.burst {
            requests.ask(now, address(1)).unwrap();
        }
        assert_eq!(requests.ask(now, address(1)), Err(Duration::from_millis(10)));
        assert_eq!(requests.ask(now, address(2)), Ok(()));
        now = now + Duration::from_millis(10);
        assert_eq!(requests.ask(now, address(1)), Ok(()));
        assert!(requests.ask(now, address(1)).is_err());
        // A minute later it has its whole allowance again, and no more.
        now = now + Duration::from_secs(60);
        for _ in 0..REQUESTS.burst {
            requests.ask(now, address(1)).unwrap();
        }
        assert!(requests.ask(now, address(1)).is_err());
    }

    #[test]
    fn what_is_known_of_addresses_is_bounded() {
        let mut requests = Requests::default();
        for n in 0..u32::try_from(ADDRESSES).unwrap() + 10 {
            requests.ask(Timestamp(i64::from(n)), IpAddr::from(n.to_be_bytes())).unwrap();
        }
        assert_eq!(requests.by_address.len(), ADDRESSES);
        assert!(!requests.by_address.contains_key(&IpAddr::from([0, 0, 0, 0])), "the oldest goes");
    }

    #[test]
    fn one_address_and_even_some_leave_room_for_a_desk() {
        let mut connections = Connections::default();
        let entered = (0..1_000).filter(|_| connections.enter(address(1))).count();
        assert_eq!(entered, PER_ADDRESS);
        let entered = (0..1_000).filter(|_| connections.enter(address(2))).count();
        assert_eq!(entered, IN_ALL - PER_ADDRESS);
        let entered = (0..1_000).filter(|_| connections.enter(address(3))).count();
        assert_eq!(entered, OF_A_DESK, "a desk of another address still comes in");
        for _ in 0..PER_ADDRESS {
            connections.leave(address(1));
        }
        assert!(connections.enter(address(1)));
        assert_eq!(connections.in_all, IN_ALL - PER_ADDRESS + OF_A_DESK + 1);
    }
}
