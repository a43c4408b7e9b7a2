//! The desk's clock.

use siaga_model::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall clock once, monotonic from there.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    epoch_ms: i64,
    started: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            epoch_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            started: Instant::now(),
        }
    }

    pub(super) fn now(self) -> Timestamp {
        Timestamp(self.epoch_ms) + self.started.elapsed()
    }
}
