//! How often somebody may try to log in, or a session's token. No IO and no clock.
//!
//! Only failures count, so that a shift that logs in all at once from behind one address is never
//! slowed down. An operator is slowed down per address: whoever guesses from elsewhere cannot lock
//! the operator out of the seat.

use siaga_model::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

/// Failures are remembered this long.
const WINDOW: Duration = Duration::from_secs(60);
/// Failures of one operator's name from one address within the window.
const PER_OPERATOR: usize = 5;
/// Failures from one address within the window.
const PER_ADDRESS: usize = 20;
/// Unknown tokens from one address within the window, before it is slowed down: all desks of a room
/// may find their sessions ended at once.
const UNKNOWN_TOKENS: usize = 60;
/// How many pairs, and how many addresses with unknown tokens, are remembered; when there are more, the one whose last failure is oldest goes.
const REMEMBERED: usize = 4_096;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LoginGate {
    failures: BTreeMap<(IpAddr, String), VecDeque<Timestamp>>,
    unknown_tokens: BTreeMap<IpAddr, VecDeque<Timestamp>>,
}

impl LoginGate {
    /// Whether somebody may try now; if not, how long to wait.
    pub(crate) fn ask(
        &mut self,
        now: Timestamp,
        address: IpAddr,
        operator: &str,
    ) -> Result<(), Duration> {
        self.forget(now);
        let pair = self.failures.get(&(address, operator.to_owned()));
        let of_pair: Vec<_> = pair.into_iter().flatten().copied().collect();
        wait(now, of_pair, PER_OPERATOR)?;
        let of_address =
            self.failures.iter().filter(|((from, _), _)| *from == address).flat_map(|(_, at)| at);
        wait(now, of_address.copied().collect(), PER_ADDRESS)
    }

    /// Somebody gave a wrong name or password.
    pub(crate) fn failed(&mut self, now: Timestamp, address: IpAddr, operator: &str) {
        self.forget(now);
        let key = (address, operator.to_owned());
        if !self.failures.contains_key(&key) && self.failures.len() >= REMEMBERED {
            let oldest = self.failures.iter().min_by_key(|(_, at)| at.back().copied());
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.failures.remove(&oldest);
            }
        }
        let failures = self.failures.entry(key).or_default();
        if failures.len() >= PER_ADDRESS {
            failures.pop_front();
        }
        failures.push_back(now);
    }

    /// Somebody came with a token that is none: whether that was too often, and whether it is the
    /// first time that it was.
    pub(crate) fn unknown_token(&mut self, now: Timestamp, address: IpAddr) -> (bool, bool) {
        self.forget(now);
        let known = &mut self.unknown_tokens;
        if !known.contains_key(&address) && known.len() >= REMEMBERED {
            let oldest = known.iter().min_by_key(|(_, at)| at.back().copied());
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                known.remove(&oldest);
            }
        }
        let failures = known.entry(address).or_default();
        let slow = failures.len() >= UNKNOWN_TOKENS;
        let first = failures.len() == UNKNOWN_TOKENS;
        if failures.len() > UNKNOWN_TOKENS {
            failures.pop_front();
        }
        failures.push_back(now);
        (slow, first)
    }

    fn forget(&mut self, now: Timestamp) {
        let recent = |failures: &mut VecDeque<Timestamp>| {
            failures.retain(|at| now.since(*at) < WINDOW);
            !failures.is_empty()
        };
        self.failures.retain(|_, failures| recent(failures));
        self.unknown_tokens.retain(|_, failures| recent(failures));
    }
}

fn wait(now: Timestamp, mut failures: Vec<Timestamp>, limit: usize) -> Result<(), Duration> {
    if failures.len() < limit {
        return Ok(());
    }
    failures.sort_unstable();
    // Free again when the oldest of the last `limit` failures is forgotten.
    let free_at = failures[failures.len() - limit] + WINDOW;
    Err(free_at.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_sixth_try_within_a_minute_has_to_wait() {
        let mut gate = LoginGate::default();
        for second in 0..5 {
            let now = Timestamp(second * 1_000);
            gate.ask(now, HERE, "ratna").unwrap();
            gate.failed(now, HERE, "ratna");
        }
        assert_eq!(gate.ask(Timestamp(10_000), HERE, "ratna"), Err(Duration::from_secs(50)));
        assert_eq!(gate.ask(Timestamp(10_000), HERE, "budi"), Ok(()));
        assert_eq!(gate.ask(Timestamp(60_000), HERE, "ratna"), Ok(()));
    }

    #[test]
    fn one_address_cannot_try_many_names() {
        let mut gate = LoginGate::default();
        for n in 0..20 {
            gate.failed(Timestamp(0), HERE, &format!("op{n}"));
        }
        assert!(gate.ask(Timestamp(1), HERE, "ratna").is_err());
        let elsewhere = IpAddr::from([10, 0, 0, 9]);
        assert_eq!(gate.ask(Timestamp(1), elsewhere, "ratna"), Ok(()));
    }

    #[test]
    fn whoever_guesses_tokens_is_found_out_once_a_minute() {
        let mut gate = LoginGate::default();
        let now = Timestamp(0);
        for _ in 0..UNKNOWN_TOKENS {
            assert_eq!(gate.unknown_token(now, HERE), (false, false));
        }
        assert_eq!(gate.unknown_token(now, HERE), (true, true));
        for _ in 0..UNKNOWN_TOKENS * 3 {
            assert_eq!(gate.unknown_token(now, HERE), (true, false));
        }
        assert_eq!(gate.unknown_token(now, IpAddr::from([10, 0, 0, 9])), (false, false));
        assert_eq!(gate.unknown_token(Timestamp(60_000), HERE), (false, false));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut gate = LoginGate::default();
        for n in 0..REMEMBERED {
            let key = (HERE, format!("op{n}"));
            gate.failures.insert(key, VecDeque::from([Timestamp(if n == 7 { 0 } else { 1 })]));
        }
        gate.failed(Timestamp(2), HERE, "new");
        assert_eq!(gate.failures.len(), REMEMBERED);
        assert!(!gate.failures.contains_key(&(HERE, "op7".to_owned())), "the oldest goes");
    }
}
