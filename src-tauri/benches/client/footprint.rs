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
}

impl Footprint {
    /// Of the process `root` and all below it, but for those whose names begin with one of `without`.
    pub(crate) fn of(root: u32, without: &[&str]) -> Self {
        let mut all = Self::default();
        for process in below(root) {
            let Some((name, cpu)) = stat(process) else { continue };
            if without.iter().any(|tool| name.starts_with(tool)) {
                continue;
            }
            all.cpu.insert(process, cpu);
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

/// The fields behind the name, of `/proc/PID/stat`.
fn fields(process: u32) -> Option<(String, Vec<String>)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    Some((name, tail.split_ascii_whitespace().map(str::to_owned).collect()))
}

fn parent(process: u32) -> Option<u32> {
    fields(process)?.1.get(1)?.parse().ok()
}

fn stat(process: u32) -> Option<(String, Duration)> {
    let (name, fields) = fields(process)?;
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some((name, TICK * ticks(11)?.saturating_add(ticks(12)?)))
}
