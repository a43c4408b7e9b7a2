//! What everybody in a soak tells: the observer's notebook and the log.

use super::health::Lateness;
use crate::observer::{FaultSpan, Forms, LineStory};
use siaga_model::{SeatId, Timestamp};
use siaga_switch::Clock;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A caller's number and its story, or why there is none.
pub(super) struct Told {
    pub(super) n: u64,
    pub(super) number: String,
    pub(super) at: Timestamp,
    pub(super) line: Result<LineStory, String>,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Notebook {
    pub(super) forms: Forms,
    pub(super) faults: Vec<FaultSpan>,
    pub(super) fault_kinds: BTreeMap<&'static str, u32>,
    pub(super) lines: Vec<Told>,
    /// Notices that desks showed, by their words.
    pub(super) notices: BTreeMap<String, u32>,
}

/// The notebook, the clock and the log. Shared by all.
pub(super) struct Watch {
    clock: Clock,
    started: Instant,
    started_at: Timestamp,
    seats: Vec<SeatId>,
    log: Mutex<BufWriter<File>>,
    notebook: Mutex<Notebook>,
    lateness: Lateness,
}

impl Watch {
    pub(super) fn new(clock: Clock, seats: Vec<SeatId>, log: &Path) -> std::io::Result<Self> {
        Ok(Self {
            clock,
            started: Instant::now(),
            started_at: clock.now(),
            seats,
            log: Mutex::new(BufWriter::new(File::create(log)?)),
            notebook: Mutex::default(),
            lateness: Lateness::measure(),
        })
    }

    /// The hub's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When the soak began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Milliseconds since the soak began.
    pub(super) fn since_start(&self, at: Timestamp) -> i64 {
        at.0 - self.started_at.0
    }

    /// The seats, in the order of their pilots.
    pub(super) fn seats(&self) -> &[SeatId] {
        &self.seats
    }

    /// One line of the log.
    pub(super) fn log(&self, who: &str, what: &str) {
        self.log_at(self.now(), who, what);
    }

    /// One line of the log about another moment.
    pub(super) fn log_at(&self, at: Timestamp, who: &str, what: &str) {
        let ms = self.since_start(at);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written must not end the soak that it is about.
        let _ = writeln!(log, "{:>9.3} {who:<10} {what}", ms as f64 / 1000.0);
        let _ = log.flush();
    }

    /// Writes something down.
    pub(super) fn note<T>(&self, write: impl FnOnce(&mut Notebook) -> T) -> T {
        write(&mut self.notebook.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The worst lateness of this machine between two moments, in milliseconds.
    pub(super) fn late(&self, from: Timestamp, to: Timestamp) -> u64 {
        let instant = |at: Timestamp| {
            self.started
                + Duration::from_millis(u64::try_from(self.since_start(at)).unwrap_or_default())
        };
        self.lateness.worst(instant(from), instant(to))
    }

    pub(super) fn lateness(&self) -> &Lateness {
        &self.lateness
    }
}
