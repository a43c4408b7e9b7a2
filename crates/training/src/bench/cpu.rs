//! CPU time of this process and the load of the machine, as Linux tells them.

use super::Measurement;
use std::time::Duration;

/// The name of the threads on which desks run, at most 15 characters for Linux.
pub(super) const DESK_THREADS: &str = "bench-desk";

/// Why there is no figure elsewhere.
pub(super) const ONLY_ON_LINUX: &str = "CPU time is read from /proc, which only Linux has";

/// Unit of the times in `/proc/PID/stat`: `USER_HZ`, 100 on every architecture that we build for.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process, user and system together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CpuTime(Duration);

impl CpuTime {
    /// Of this process and all its threads so far; `None` where it cannot be told.
    pub(super) fn of_this_process() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// Of these processes together.
    pub(super) fn of_processes(pids: &[u32]) -> Option<Self> {
        pids.iter().try_fold(Self(Duration::ZERO), |all, pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some(Self(all.0 + Self::parse(&stat)?.0))
        })
    }

    /// Of the threads named [`DESK_THREADS`] that live now.
    pub(super) fn of_desk_threads() -> Option<Self> {
        let mut all = Duration::ZERO;
        for thread in std::fs::read_dir("/proc/self/task").ok()? {
            let folder = thread.ok()?.path();
            let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
            if name.trim_end() == DESK_THREADS {
                all += Self::parse(&std::fs::read_to_string(folder.join("stat")).ok()?)?.0;
            }
        }
        Some(Self(all))
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name, in parentheses, with whatever it contains.
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut fields = after_name.split_ascii_whitespace().skip(11);
        let user: u32 = fields.next()?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some(Self(TICK * user.saturating_add(system)))
    }
}

/// Memory of a process that is not swapped out, in MB; `None` where it cannot be told.
pub(super) fn resident_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?
        .trim_end_matches("kB")
        .trim()
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0)
}

/// How busy the machine is before anything of ours runs.
pub(super) fn load() -> Measurement {
    let name = "load of the machine, last minute (processes)";
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let Some(load) = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
    else {
        return Measurement::skipped(name, "only Linux tells it in /proc");
    };
    Measurement {
        name: name.to_owned(),
        measured: format!("{load:.2}"),
        beside: format!("{cores} cores"),
        ratio: Some(load / cores as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_a_name_with_blanks_and_parentheses() {
        let stat = "42 (a ) b (c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 9 0 1 1 1";
        let time = CpuTime::parse(stat).expect("a line as Linux writes it");
        assert_eq!(time.0, Duration::from_millis(1_750));
        assert_eq!(CpuTime::parse("42 (x) S 1"), None);
    }
}
