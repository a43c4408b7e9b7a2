//! `soak.json`: what was played, what broke, what was found.

use super::health::{LatenessFigures, Usage};
use crate::observer::Violation;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of a soak.
#[derive(Clone, Debug, Serialize)]
pub struct SoakReport {
    /// Whether nothing was broken and nothing grew.
    pub ok: bool,
    /// From which everything was drawn.
    pub seed: u64,
    /// For how long callers came.
    pub minutes: f64,
    /// How many callers at most at once.
    pub callers: usize,
    /// What the log says of all calls.
    pub calls: CallCounts,
    /// What broke, and how often.
    pub faults: BTreeMap<String, u32>,
    /// Broken promises.
    pub violations: Vec<Violation>,
    /// The longest silence of a caller without a fault, and after one, ms.
    pub longest_silence_ms: u64,
    /// See there.
    pub longest_silence_after_fault_ms: u64,
    /// How many forms were handed from one operator to another and compared.
    pub forms_compared: u64,
    /// How many recordings were verified.
    pub recordings_verified: usize,
    /// Events in the verified chain.
    pub events: u64,
    /// What desks complained of.
    pub notices: BTreeMap<String, u32>,
    /// The worst lateness of threads and tasks in each second, ms.
    pub lateness_ms: Lateness,
    /// Memory, open files and tasks at the start, after the warm-up and at the end.
    pub usage: UsageReport,
}

/// How late the machine was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lateness {
    /// In half of all seconds no later than this.
    pub p50: u32,
    /// In 99 of 100.
    pub p99: u32,
    /// Never later.
    pub max: u32,
}

impl From<LatenessFigures> for Lateness {
    fn from(figures: LatenessFigures) -> Self {
        Self { p50: figures.p50, p99: figures.p99, max: figures.max }
    }
}

/// Calls by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallCounts {
    /// Telephones that dialled.
    pub dialled: usize,
    /// Calls in the log.
    pub logged: usize,
    /// With a human at some time.
    pub answered: usize,
    /// Ended by closing.
    pub closed: usize,
    /// Ended by the caller.
    pub hung_up: usize,
    /// Disposed of as abandoned in the end.
    pub abandoned: usize,
    /// Transfers that came back.
    pub reclaimed: u32,
    /// Callers that lost their human and went back to the queue.
    pub requeued: u32,
    /// Legs that were replaced.
    pub replaced: u32,
    /// Calls that we made.
    pub called_back: usize,
}

/// What was used when.
#[derive(Clone, Debug, Serialize)]
pub struct UsageReport {
    /// When everybody sat.
    pub start: UsageAt,
    /// After the warm-up.
    pub warm: UsageAt,
    /// The median of the last fifth.
    pub late: UsageAt,
    /// When everybody had left.
    pub end: UsageAt,
}

/// What was used at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UsageAt {
    /// Seconds since the start.
    pub at_s: u64,
    /// Resident memory, KiB; missing where the system does not tell.
    pub rss_kib: Option<u64>,
    /// Open files.
    pub files: Option<u64>,
    /// Tasks of hub, switch and callers.
    pub tasks: usize,
}

impl From<Usage> for UsageAt {
    fn from(usage: Usage) -> Self {
        Self { at_s: usage.at_s, rss_kib: usage.rss_kib, files: usage.files, tasks: usage.tasks }
    }
}
