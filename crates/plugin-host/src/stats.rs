//! What a plugin costs and how often it fails.

use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::Duration;

/// The percentiles are over this many latest calls.
const REMEMBERED_CALLS: usize = 4096;

/// Figures of one plugin since it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginStats {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub sha256: String,
    /// Calls, failed ones included.
    pub calls: u64,
    /// Median of the latest 4,096 calls, microseconds, instance included.
    pub micros_p50: u64,
    /// 99th percentile of the same.
    pub micros_p99: u64,
    /// Calls whose answer could not be used, wholly or in part.
    pub failures: u64,
}

#[derive(Debug, Default)]
struct Counted {
    calls: u64,
    failures: u64,
    micros: Vec<u64>,
}

/// Counts calls from several threads.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counted>);

impl Counters {
    pub(crate) fn call(&self, took: Duration) {
        let mut counted = self.lock();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let slot = usize::try_from(counted.calls).unwrap_or(0) % REMEMBERED_CALLS;
        match counted.micros.get_mut(slot) {
            Some(oldest) => *oldest = micros,
            None => counted.micros.push(micros),
        }
        counted.calls += 1;
    }

    pub(crate) fn failure(&self) {
        self.lock().failures += 1;
    }

    pub(crate) fn stats(&self, name: &str, version: &str, sha256: &str) -> PluginStats {
        let counted = self.lock();
        let mut micros = counted.micros.clone();
        micros.sort_unstable();
        let percentile = |percent: usize| {
            let last = micros.len().saturating_sub(1);
            micros.get((last * percent).div_ceil(100)).copied().unwrap_or(0)
        };
        PluginStats {
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: sha256.to_owned(),
            calls: counted.calls,
            micros_p50: percentile(50),
            micros_p99: percentile(99),
            failures: counted.failures,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        // Counters stay countable when a thread died while it held them.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_over_the_latest_calls() {
        let counters = Counters::default();
        for micros in 0..REMEMBERED_CALLS as u64 {
            counters.call(Duration::from_micros(100_000 + micros));
        }
        for micros in 1..=REMEMBERED_CALLS as u64 {
            counters.call(Duration::from_micros(micros));
        }
        let stats = counters.stats("a", "1", "");
        assert_eq!((stats.calls, stats.micros_p50, stats.micros_p99), (8192, 2049, 4056));
    }
}
