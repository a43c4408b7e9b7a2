//! The morning after: notebook, event log, recordings and figures, judged together.

use super::SoakOptions;
use super::health::Usage;
use super::report::{CallCounts, SoakReport, UsageAt, UsageReport};
use super::watch::{Notebook, Told, Watch};
use crate::observer::{
    CallStory, LATE_FACTOR, LineStory, Replay, Rule, Violation, is_after_fault, judge_line,
};
use siaga_call_flow::{Figures, FlowEvent};
use siaga_hub_store::{Store, StoredEvent};
use siaga_model::{CallId, Disposition, EndedBy, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Events that are read at once.
const PAGE: u32 = 1_000;
/// A telephone's call is the one that arrived in this time around its own.
const NEAR: Duration = Duration::from_secs(3);
/// We begin a call back with our own operator; the citizen is rung so much later at most.
const CALL_BACK_LEAD: Duration = Duration::from_secs(30);
/// How much of a call may be missing from its recordings: arrival before the first sample, the last
/// page. Grows with the lateness of the machine.
const NOT_RECORDED: Duration = Duration::from_millis(1_500);
/// Growth that is none: 15 % and 20 MB of memory, five files.
const RSS_GROWTH: (u64, u64) = (15, 20 * 1024);
const FILES_GROWTH: u64 = 5;

pub(super) async fn judge(
    options: &SoakOptions,
    watch: &Watch,
    store: &dyn Store,
    usage: Vec<Usage>,
    warm: usize,
) -> anyhow::Result<SoakReport> {
    let mut night = Night::read(watch, store).await?;
    let mut notebook = watch.note(std::mem::take);
    night.judge_lines(&notebook);
    night.judge_settled(store).await?;
    night.judge_forms(&mut notebook, store).await?;
    night.judge_recordings(store).await?;
    let usage = night.judge_growth(&usage, warm);
    let calls = night.counts(&notebook);
    let mut violations = night.violations;
    violations.sort_by_key(|violation| violation.at);
    for violation in &violations {
        watch.log_at(violation.at, "VIOLATION", &format!("{violation:?}"));
    }
    Ok(SoakReport {
        ok: violations.is_empty(),
        seed: options.seed,
        minutes: options.minutes,
        callers: options.callers,
        calls,
        faults: notebook
            .fault_kinds
            .iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect(),
        violations,
        longest_silence_ms: night.longest[0],
        longest_silence_after_fault_ms: night.longest[1],
        forms_compared: notebook.forms.compared,
        recordings_verified: night.recordings,
        events: night.events,
        notices: notebook.notices,
        lateness_ms: watch.lateness().figures().into(),
        usage,
    })
}

/// What was counted at the telephones.
#[derive(Default)]
struct Seen {
    arrived: usize,
    reached: usize,
    hung_up: usize,
}

impl Seen {
    /// Counts one telephone, and looks whether the figures of its call say the same of its waiting.
    fn add(
        &mut self,
        line: &LineStory,
        id: CallId,
        figures: &Figures,
        late: &dyn Fn(Timestamp, Timestamp) -> u64,
        found: &mut Vec<Violation>,
    ) {
        *if line.called_back { &mut self.reached } else { &mut self.arrived } += 1;
        self.hung_up += usize::from(line.by_me);
        let Some((_, heard_from, heard_to)) = line.pilots.first() else { return };
        let mut blame = |what| {
            found.push(Violation { rule: Rule::Figures, call: Some(id), at: line.began_at, what });
        };
        let Some(answered) = figures.calls.get(&id).and_then(|call| call.answered) else {
            return blame("a human was heard, and the figures know no answer".to_owned());
        };
        let slack = Duration::from_millis(LATE_FACTOR * late(answered, *heard_to)) + NEAR;
        if *heard_from + slack < answered {
            let early = answered.since(*heard_from).as_millis();
            blame(format!("a human was heard {early} ms before the figures know one"));
        }
    }

    /// Whether the figures of the whole night are what was counted.
    fn compare(
        &self,
        figures: &Figures,
        calls: &BTreeMap<CallId, CallStory>,
        at: Timestamp,
        found: &mut Vec<Violation>,
    ) {
        let sum = |count: &dyn Fn(&CallStory) -> u32| -> u64 {
            calls.values().map(|call| u64::from(count(call))).sum()
        };
        let ended_by_caller = figures
            .calls
            .values()
            .filter(|call| call.end.as_ref().is_some_and(|end| end.by == EndedBy::Caller));
        let pairs = [
            ("arrived", figures.arrived() as u64, self.arrived as u64),
            ("reached by calling back", figures.called_back().1 as u64, self.reached as u64),
            ("reclaimed", figures.reclaimed.values().sum(), sum(&|call| call.reclaimed)),
            ("requeued", figures.requeued.values().sum(), sum(&|call| call.requeued)),
            ("legs replaced", figures.legs_replaced, sum(&|call| call.replaced)),
        ];
        let mut blame = |what| {
            found.push(Violation { rule: Rule::Figures, call: None, at, what });
        };
        for (name, figure, counted) in pairs {
            if figure != counted {
                blame(format!("{name}: {figure} by the figures, {counted} were counted"));
            }
        }
        // A closing may overtake a hang-up that is on its way, never the other way round.
        let by_caller = ended_by_caller.count();
        if by_caller > self.hung_up {
            blame(format!("{by_caller} callers hung up by the figures, {} did", self.hung_up));
        }
    }
}

/// All that is known.
struct Night<'a> {
    watch: &'a Watch,
    calls: BTreeMap<CallId, CallStory>,
    /// Calls by the number that they came from.
    by_number: BTreeMap<String, Vec<CallId>>,
    figures: Figures,
    violations: Vec<Violation>,
    /// Without a fault, and after one, ms.
    longest: [u64; 2],
    recordings: usize,
    events: u64,
}

impl<'a> Night<'a> {
    async fn read(watch: &'a Watch, store: &dyn Store) -> anyhow::Result<Self> {
        let mut replay = Replay::default();
        let mut numbers: BTreeMap<String, CallId> = BTreeMap::new();
        let (mut violations, mut flow) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let page = store.events(after, PAGE).await?;
            for event in &page {
                after = event.seq;
                let at = event.event.at;
                if let Ok(event) = serde_json::from_str::<FlowEvent>(&event.event.body) {
                    flow.push((at, event));
                } else {
                    read_other(event, &mut numbers, &mut violations);
                }
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        for (at, event) in &flow {
            replay.read(*at, event);
        }
        violations.append(&mut replay.violations);
        let events = match store.verify_chain().await {
            Ok(events) => events,
            Err(error) => {
                let (at, what) = (watch.now(), error.to_string());
                violations.push(Violation { rule: Rule::ChainHolds, call: None, at, what });
                0
            }
        };
        let mut by_number: BTreeMap<String, Vec<CallId>> = BTreeMap::new();
        for (id, story) in &replay.calls {
            if let Some(facts) = store.call(*id).await? {
                by_number.entry(facts.caller.number.into_inner()).or_default().push(*id);
            }
            if story.answered_at.is_some() && store.case_of(*id).await?.is_none() {
                let what = "it was answered and has no number".to_owned();
                let at = story.arrived_at;
                violations.push(Violation { rule: Rule::Numbered, call: Some(*id), at, what });
            }
            if story.end.is_none() {
                let what = "it has no end".to_owned();
                let at = story.arrived_at;
                violations.push(Violation { rule: Rule::EndsOnce, call: Some(*id), at, what });
            }
        }
        let (longest, recordings) = ([0, 0], 0);
        let calls = replay.calls;
        let figures = Figures::of(flow);
        Ok(Self { watch, calls, by_number, figures, violations, longest, recordings, events })
    }

    fn judge_lines(&mut self, notebook: &Notebook) {
        let late = |from, to| self.watch.late(from, to);
        let (mut found, mut longest) = (Vec::new(), self.longest);
        let mut seen = Seen::default();
        for told in &notebook.lines {
            let known = told.line.as_ref().map_err(Clone::clone).and_then(|line| {
                let call = self.call_of(told, line);
                call.map(|call| (line, call)).ok_or("the log does not know this call".to_owned())
            });
            match known {
                Err(error) => {
                    let what = format!("caller {}: {error}", told.n);
                    found.push(Violation { rule: Rule::Answered, call: None, at: told.at, what });
                }
                Ok((line, (id, story))) => {
                    seen.add(line, id, &self.figures, &late, &mut found);
                    found.extend(judge_line(line, id, story, &notebook.faults, &late));
                    for &(from, to) in &line.silences {
                        let broken = is_after_fault(from, to, story, &notebook.faults);
                        let place = &mut longest[usize::from(broken)];
                        *place = (*place).max(to.since(from).as_millis() as u64);
                    }
                }
            }
        }
        seen.compare(&self.figures, &self.calls, self.watch.now(), &mut found);
        self.longest = longest;
        self.violations.extend(found);
    }

    fn call_of(&self, told: &Told, line: &LineStory) -> Option<(CallId, &CallStory)> {
        // We ring our own operator first when we call somebody back.
        let lead = if line.called_back { CALL_BACK_LEAD } else { NEAR };
        let from = Timestamp(line.began_at.0 - lead.as_millis() as i64);
        let to = line.answered_at.unwrap_or(line.ended_at) + NEAR;
        let fits = |id: &&CallId| {
            self.calls.get(id).is_some_and(|call| {
                call.call_back == line.called_back && (from..=to).contains(&call.arrived_at)
            })
        };
        let id = *self.by_number.get(&told.number)?.iter().rfind(fits)?;
        Some((id, self.calls.get(&id)?))
    }

    /// Every end has a disposition, or its number is on the call-back list.
    async fn judge_settled(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        for (id, story) in &self.calls {
            let Some(end) = &story.end else { continue };
            match end.disposition {
                Disposition::Abandoned => {}
                Disposition::NotReport { .. }
                | Disposition::Information
                | Disposition::HandledByUnit { .. }
                | Disposition::ForwardedToUnit { .. }
                | Disposition::HandledHere
                | Disposition::NotReached => continue,
            }
            if !self.is_listed(store, *id, end.at).await? {
                let what = "abandoned, and never on the call-back list".to_owned();
                let (at, call) = (end.at, Some(*id));
                self.violations.push(Violation { rule: Rule::Settled, call, at, what });
            }
        }
        let mut numbers = BTreeSet::new();
        for entry in store.open_call_backs().await? {
            if let Some(number) = entry.number
                && !numbers.insert(number)
            {
                let what = "a number is on the call-back list twice".to_owned();
                let (at, call) = (entry.first_at, Some(entry.id));
                self.violations.push(Violation { rule: Rule::Settled, call, at, what });
            }
        }
        Ok(())
    }

    /// Whether a call that ended at this time is in an entry of the call-back list, settled or not:
    /// one that was begun by it or an earlier call of the same number.
    async fn is_listed(
        &self,
        store: &dyn Store,
        call: CallId,
        ended_at: Timestamp,
    ) -> anyhow::Result<bool> {
        let same = self.by_number.values().find(|calls| calls.contains(&call));
        for earlier in same.into_iter().flatten().chain([&call]) {
            if let Some(entry) = store.call_back(*earlier).await?
                && entry.first_at <= ended_at + NEAR
                && entry.last_at + NEAR >= ended_at
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn judge_forms(
        &mut self,
        notebook: &mut Notebook,
        store: &dyn Store,
    ) -> anyhow::Result<()> {
        let now = self.watch.now();
        for id in self.calls.keys() {
            let stored = store.draft(*id).await?;
            let stored = stored.as_ref().map(|draft| (draft.rev, &draft.form));
            notebook.forms.stored(now, *id, stored);
        }
        self.violations.append(&mut notebook.forms.violations);
        Ok(())
    }

    async fn judge_recordings(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        for (id, story) in &self.calls {
            let Some(end) = &story.end else { continue };
            let mut wrong = Vec::new();
            let mut recorded = 0.0;
            for recording in store.recordings(Some(*id), 100).await? {
                recorded += recording.seconds;
                let path = PathBuf::from(&recording.file);
                let verified =
                    tokio::task::spawn_blocking(move || siaga_recording::verify(&path)).await?;
                match verified {
                    Err(error) => wrong.push(error.to_string()),
                    Ok(verified) if verified.sha256 != recording.sha256 => {
                        wrong.push("its hash is not the one that was logged".to_owned());
                    }
                    Ok(_) => self.recordings += 1,
                }
            }
            let late = Duration::from_millis(3 * self.watch.late(story.arrived_at, end.at));
            let wanted =
                end.at.since(story.arrived_at).saturating_sub(NOT_RECORDED + late).as_secs_f64();
            if recorded < wanted {
                wrong.push(format!("{recorded:.1} s are recorded of at least {wanted:.1}"));
            }
            for what in wrong {
                self.violations.push(Violation {
                    rule: Rule::Recorded,
                    call: Some(*id),
                    at: end.at,
                    what,
                });
            }
        }
        Ok(())
    }

    fn judge_growth(&mut self, usage: &[Usage], warm: usize) -> UsageReport {
        let fallback = Usage { at_s: 0, rss_kib: None, files: None, tasks: 0 };
        let start = usage.first().copied().unwrap_or(fallback);
        let end = usage.last().copied().unwrap_or(fallback);
        // The same number of calls is up; one moment says little.
        let during = usage.get(..usage.len().saturating_sub(1)).unwrap_or_default();
        let window = (during.len() / 5).max(1);
        let warm = median(during.get(warm..(warm + window).min(during.len())), start);
        let late = median(during.get(during.len().saturating_sub(window)..), end);
        let mut blame = |what| {
            let at = self.watch.now();
            self.violations.push(Violation { rule: Rule::NoGrowth, call: None, at, what });
        };
        if let (Some(before), Some(after)) = (warm.rss_kib, late.rss_kib) {
            let most = before + before * RSS_GROWTH.0 / 100 + RSS_GROWTH.1;
            if after > most {
                blame(format!("memory grew from {before} KiB to {after} KiB"));
            }
        }
        if let (Some(before), Some(after)) = (start.files, end.files)
            && after > before + FILES_GROWTH
        {
            blame(format!("open files grew from {before} to {after}"));
        }
        let at = UsageAt::from;
        UsageReport { start: at(start), warm: at(warm), late: at(late), end: at(end) }
    }

    fn counts(&self, notebook: &Notebook) -> CallCounts {
        let ended = |by: EndedBy| {
            self.calls.values().filter(|c| c.end.as_ref().is_some_and(|end| end.by == by)).count()
        };
        let abandoned = |call: &&CallStory| {
            call.end.as_ref().is_some_and(|end| end.disposition == Disposition::Abandoned)
        };
        CallCounts {
            dialled: notebook.lines.len(),
            logged: self.calls.len(),
            answered: self.calls.values().filter(|call| call.answered_at.is_some()).count(),
            closed: ended(EndedBy::Closing),
            hung_up: ended(EndedBy::Caller),
            abandoned: self.calls.values().filter(abandoned).count(),
            reclaimed: self.calls.values().map(|call| call.reclaimed).sum(),
            requeued: self.calls.values().map(|call| call.requeued).sum(),
            replaced: self.calls.values().map(|call| call.replaced).sum(),
            called_back: self.calls.values().filter(|call| call.call_back).count(),
        }
    }
}

fn median(usage: Option<&[Usage]>, otherwise: Usage) -> Usage {
    let mut usage = usage.unwrap_or_default().to_vec();
    usage.sort_by_key(|one| one.rss_kib);
    usage.get(usage.len() / 2).copied().unwrap_or(otherwise)
}

/// What the hub itself logs beside the flow.
fn read_other(
    stored: &StoredEvent,
    numbers: &mut BTreeMap<String, CallId>,
    violations: &mut Vec<Violation>,
) {
    let (at, body) = (stored.event.at, &stored.event.body);
    let Ok(value) = serde_json::from_str::<serde_json::Value>(body) else { return };
    let text = |field: &str| value.get(field).and_then(serde_json::Value::as_str);
    if text("event") != Some("case-opened") {
        return;
    }
    let call: Option<CallId> = text("call").and_then(|id| id.parse().ok());
    if let (Some(number), Some(call)) = (text("number"), call)
        && let Some(other) = numbers.insert(number.to_owned(), call)
    {
        let what = format!("the number of {other} was given again");
        violations.push(Violation { rule: Rule::Numbered, call: Some(call), at, what });
    }
}
