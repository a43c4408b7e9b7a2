//! Memory and CPU time of a program with everything that it started, as Linux tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Unit of the times in `/proc/PID/stat`: `USER_HZ`, 100 on every architecture that we build for.
const TICK: Duration = Duration::from_millis(10);

/// What the processes of a program use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Footprint {
    /// Proportional set size, bytes: what is shared counts for each user's part.
    pub(crate) pss: u64,
    /// CPU time so far, by process.
    cpu: BTreeMap<u32, Duration>,
    /// CPU time so far, by process and thread, with the names of both.
    threads: BTreeMap<(u32, u32), (String, Duration)>,
}

impl Footprint {
    /// Of the process `root` and all below it, but for those whose names begin with one of `without`.
    pub(crate) fn of(root: u32, without: &[&str]) -> Self {
        let mut all = Self::default();
        for process in below(root) {
            let Some((name, cpu)) = times(&process.to_string()) else { continue };
            if without.iter().any(|tool| name.starts_with(tool)) {
                continue;
            }
            all.cpu.insert(process, cpu);
            all.threads.extend(threads(process, &name));
            let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
            let pss = rollup.unwrap_or_default().lines().find_map(|line| {
                line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok()
            });
            all.pss += pss.unwrap_or_default() * 1_024;
        }
        all
    }

    /// CPU time since an earlier look, of the processes that are still there.
    pub(crate) fn cpu_since(&self, earlier: &Self) -> Duration {
        let before = |process| earlier.cpu.get(process).copied().unwrap_or_default();
        self.cpu.iter().map(|(process, cpu)| cpu.saturating_sub(before(process))).sum()
    }

    /// CPU time since an earlier look by what the threads are called, the most first.
    pub(crate) fn by_thread_since(&self, earlier: &Self) -> Vec<(String, Duration)> {
        let mut sums = BTreeMap::<&str, Duration>::new();
        for (thread, (name, cpu)) in &self.threads {
            let before = earlier.threads.get(thread).map_or(Duration::ZERO, |(_, before)| *before);
            *sums.entry(name).or_default() += cpu.saturating_sub(before);
        }
        let mut sums: Vec<_> = sums.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect();
        sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        sums
    }

    /// How many processes it is.
    pub(crate) fn processes(&self) -> usize {
        self.cpu.len()
    }
}

/// A process and all below it.
fn below(root: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .map(|entries| {
            let process = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
            let ids = entries.flatten().filter_map(process);
            ids.filter_map(|id| Some((id, parent(id)?))).collect()
        })
        .unwrap_or_default();
    let mut found = BTreeSet::from([root]);
    loop {
        let more: Vec<u32> = parents
            .iter()
            .filter(|(id, parent)| found.contains(parent) && !found.contains(id))
            .map(|(id, _)| *id)
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The threads of the process `name`: what both are called, and their CPU time so far.
fn threads(process: u32, name: &str) -> BTreeMap<(u32, u32), (String, Duration)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let thread = |id: u32| {
        let (called, cpu) = times(&format!("{process}/task/{id}"))?;
        let called = if id == process { "main" } else { &called };
        Some(((process, id), (format!("{name} {called}"), cpu)))
    };
    tasks.filter_map(|task| thread(task.file_name().to_str()?.parse().ok()?)).collect()
}

/// The fields behind the name, of a `stat` below `/proc`.
fn fields(of: &str) -> Option<(String, Vec<String>)> {
    let stat = fs::read_to_string(format!("/proc/{of}/stat")).ok()?;
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    Some((name, tail.split_ascii_whitespace().map(str::to_owned).collect()))
}

fn parent(process: u32) -> Option<u32> {
    fields(&process.to_string())?.1.get(1)?.parse().ok()
}

/// Name and CPU time so far of what has a `stat` below `/proc`.
fn times(of: &str) -> Option<(String, Duration)> {
    let (name, fields) = fields(of)?;
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some((name, TICK * ticks(11)?.saturating_add(ticks(12)?)))
}
