//! How this machine and this process are doing: memory, open files, tasks, and how late things run.

use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often lateness is measured, twice: by a thread and by a task of the runtime.
const STEP: Duration = Duration::from_millis(10);

/// A second of lateness is one number: the worst in it, in milliseconds.
type Seconds = Arc<Mutex<Vec<u32>>>;

/// Measures how late threads and tasks run, second by second. Judging others by the clock is only
/// fair as far as the judge is on time.
pub(super) struct Lateness {
    started: Instant,
    worst: Seconds,
    stop: Arc<AtomicBool>,
}

impl Lateness {
    /// Begins to measure; must be called on the runtime that is to be measured.
    pub(super) fn measure() -> Self {
        let this = Self {
            started: Instant::now(),
            worst: Seconds::default(),
            stop: Arc::new(AtomicBool::new(false)),
        };
        let (started, worst, stop) = (this.started, this.worst.clone(), this.stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let due = Instant::now() + STEP;
                std::thread::sleep(STEP);
                note(&worst, started, due);
            }
        });
        let (worst, stop) = (this.worst.clone(), this.stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let due = Instant::now() + STEP;
                tokio::time::sleep(STEP).await;
                note(&worst, started, due);
            }
        });
        this
    }

    /// The worst lateness between two moments and a second around them, in milliseconds.
    pub(super) fn worst(&self, from: Instant, to: Instant) -> u64 {
        let second = |at: Instant| at.saturating_duration_since(self.started).as_secs() as usize;
        let worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = (second(from).saturating_sub(1), second(to) + 2);
        let within = worst.get(from.min(worst.len())..to.min(worst.len())).unwrap_or_default();
        within.iter().copied().max().map_or(0, u64::from)
    }

    /// Median, 99th percentile and maximum of the seconds so far, in milliseconds.
    pub(super) fn figures(&self) -> LatenessFigures {
        let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner).clone();
        worst.sort_unstable();
        let at = |percent: usize| worst.get((worst.len().max(1) - 1) * percent / 100).copied();
        LatenessFigures {
            p50: at(50).unwrap_or(0),
            p99: at(99).unwrap_or(0),
            max: at(100).unwrap_or(0),
        }
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn note(worst: &Seconds, started: Instant, due: Instant) {
    let now = Instant::now();
    let late = now.saturating_duration_since(due).as_millis().min(u128::from(u32::MAX)) as u32;
    let mut worst = worst.lock().unwrap_or_else(PoisonError::into_inner);
    // A standstill of many seconds counts in each of them.
    let (first, last) = (
        due.saturating_duration_since(started).as_secs() as usize,
        now.saturating_duration_since(started).as_secs() as usize,
    );
    if worst.len() <= last {
        worst.resize(last + 1, 0);
    }
    for second in &mut worst[first..=last] {
        *second = (*second).max(late);
    }
}

/// The worst lateness of each second, over all seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LatenessFigures {
    pub(super) p50: u32,
    pub(super) p99: u32,
    pub(super) max: u32,
}

/// What this process uses at one moment. Figures that the system does not tell are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Usage {
    pub(super) at_s: u64,
    /// Resident memory of this process and its children, KiB.
    pub(super) rss_kib: Option<u64>,
    /// Open files of the same.
    pub(super) files: Option<u64>,
    /// Tasks of the runtime on which hub, switch and callers run.
    pub(super) tasks: usize,
}

impl Usage {
    pub(super) fn now(started: Instant, children: &[u32]) -> Self {
        let pids = || std::iter::once("self".to_owned()).chain(children.iter().map(u32::to_string));
        Self {
            at_s: started.elapsed().as_secs(),
            rss_kib: pids().map(|pid| rss_kib(&pid)).sum(),
            files: pids().map(|pid| files(&pid)).sum(),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        }
    }
}

fn rss_kib(pid: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn files(pid: &str) -> Option<u64> {
    Some(std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_counts_in_every_second_of_it_and_in_no_other() {
        let seconds = Seconds::default();
        let started = Instant::now() - Duration::from_secs(10);
        note(&seconds, started, Instant::now() - Duration::from_secs(3));
        let worst = seconds.lock().unwrap().clone();
        assert_eq!(worst[..7], [0; 7]);
        assert!(worst[8..10].iter().all(|ms| *ms >= 3_000), "{worst:?}");
    }
}
