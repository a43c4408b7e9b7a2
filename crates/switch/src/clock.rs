//! The one clock of a process.

use siaga_model::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads the wall clock once and goes on monotonically from there, so that no step of the system's
/// clock can shorten a ring or turn two events round.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch_ms: i64,
    started: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            epoch_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            started: Instant::now(),
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// What time it was at `instant`; the start when that lies before it.
    pub fn at(&self, instant: Instant) -> Timestamp {
        Timestamp(self.epoch_ms) + instant.saturating_duration_since(self.started)
    }
}
