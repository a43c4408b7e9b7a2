//! Who watches a night from outside and says afterwards what was broken.
//!
//! The observer knows three things, none of them from inside the hub or the switch: what each caller
//! heard ([`LineStory`]), what each desk showed ([`Forms`]), and the event log and recordings as they
//! lie in the store afterwards. From these it checks what `siaga-call-flow` promises.
//!
//! It judges promises and not speed. A machine that is busy is late itself, so every allowance grows
//! by [`LATE_FACTOR`] times what was measured as the lateness of threads and tasks at that moment:
//! a voice passes some queues on its way.

mod forms;
mod replay;

pub use forms::Forms;
pub use replay::{CallStory, End, Presence, Replay};

use serde::Serialize;
use siaga_model::{CallId, EndedBy, SeatId, Timestamp};
use std::time::Duration;

/// The longest time in which a caller may hear nothing at all, unless something broke.
pub const ALONE: Duration = Duration::from_millis(500);

/// The same when something broke at a desk that is with the caller: detection and music.
pub const ALONE_AFTER_FAULT: Duration = Duration::from_millis(2_500);

/// Allowances grow by so many times the lateness of the machine.
pub const LATE_FACTOR: u64 = 3;

/// How far what is heard and what is logged may lie apart.
const CLOCKS_APART: Duration = Duration::from_millis(2_000);

/// A fault has an effect for so long after its end: detection, and a new leg.
const AFTERMATH: Duration = Duration::from_millis(3_500);

/// What was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A caller is with a human, or hears music or a prompt.
    NeverAlone,
    /// Only the caller's hanging up or a closing ends a call.
    NeverDropped,
    /// A telephone that calls is answered.
    Answered,
    /// A caller hears nobody who is not in the call.
    NoCrosstalk,
    /// A call ends exactly once, and nothing happens to it afterwards.
    EndsOnce,
    /// Every end has a disposition or is on the call-back list.
    Settled,
    /// A seat has at most one live call.
    OneCallASeat,
    /// A call has at most one owner.
    OneOwner,
    /// Nothing typed and acknowledged is lost, and the next operator sees it.
    FormKept,
    /// Every call is recorded, sealed and unchanged.
    Recorded,
    /// The hash chain of the event log holds.
    ChainHolds,
    /// No case number is given twice, and every answered call has one.
    Numbered,
    /// The figures of the log are those that were counted outside.
    Figures,
    /// Neither memory nor open files grow.
    NoGrowth,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// In which call, if in one.
    pub call: Option<CallId>,
    /// When.
    pub at: Timestamp,
    /// What was seen. No personal data.
    pub what: String,
}

/// What one telephone lived through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineStory {
    /// When it dialled 110, or was rung.
    pub began_at: Timestamp,
    /// When the switch answered, or this telephone did.
    pub answered_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Timestamp,
    /// Whether this telephone hung up.
    pub by_me: bool,
    /// Whether the switch called it.
    pub called_back: bool,
    /// When nothing at all was heard.
    pub silences: Vec<(Timestamp, Timestamp)>,
    /// When whose pilot was.
    pub pilots: Vec<(SeatId, Timestamp, Timestamp)>,
}

/// Something broke at a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpan {
    /// At which seat.
    pub seat: SeatId,
    /// From when.
    pub from: Timestamp,
    /// Until when it was mended.
    pub until: Timestamp,
}

/// Judges one telephone's story against the log's. `late` tells the worst lateness (ms) between two
/// moments.
pub fn judge_line(
    line: &LineStory,
    id: CallId,
    call: &CallStory,
    faults: &[FaultSpan],
    late: &dyn Fn(Timestamp, Timestamp) -> u64,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut blame = |rule, at, what| {
        violations.push(Violation { rule, call: Some(id), at, what });
    };
    for &(from, to) in &line.silences {
        let broken = is_after_fault(from, to, call, faults);
        let base = if broken { ALONE_AFTER_FAULT } else { ALONE };
        let lateness = late(from, to);
        let allowed = base + Duration::from_millis(LATE_FACTOR * lateness);
        let alone = to.since(from);
        if alone > allowed {
            let near: Vec<&SeatId> = near(from, to, call).collect();
            blame(
                Rule::NeverAlone,
                from,
                format!(
                    "nothing was heard for {} ms; {} are allowed ({} and {LATE_FACTOR} times a \
                     lateness of {lateness}); with: {near:?}",
                    alone.as_millis(),
                    allowed.as_millis(),
                    if broken { "after a fault" } else { "no fault" },
                ),
            );
        }
    }
    for (seat, from, to) in &line.pilots {
        let slack = CLOCKS_APART + Duration::from_millis(LATE_FACTOR * late(*from, *to));
        let mut there = call.with_between(before(*from, slack), *to + slack);
        if !there.any(|present| present == seat) {
            let what = format!("{seat} was heard for {} ms", to.since(*from).as_millis());
            blame(Rule::NoCrosstalk, *from, what);
        }
    }
    match &call.end {
        None => blame(Rule::EndsOnce, line.ended_at, "the log knows no end of it".to_owned()),
        Some(end) => match (line.by_me, end.by) {
            (_, EndedBy::Closing) | (true, EndedBy::Caller) => {}
            (false, EndedBy::Caller) => blame(
                Rule::NeverDropped,
                line.ended_at,
                "the switch hung up; the log says that the caller did".to_owned(),
            ),
            (_, EndedBy::SwitchLost | EndedBy::NotReached) => {
                blame(Rule::NeverDropped, end.at, format!("it ended by {:?}", end.by));
            }
        },
    }
    violations
}

/// Whether something broke at a desk that is with the caller, shortly before or during this time.
pub fn is_after_fault(
    from: Timestamp,
    to: Timestamp,
    call: &CallStory,
    faults: &[FaultSpan],
) -> bool {
    let near: Vec<&SeatId> = near(from, to, call).collect();
    faults.iter().any(|fault| {
        near.contains(&&fault.seat) && fault.from <= to && fault.until + AFTERMATH >= from
    })
}

fn near(from: Timestamp, to: Timestamp, call: &CallStory) -> impl Iterator<Item = &SeatId> {
    call.with_between(before(from, CLOCKS_APART), to + CLOCKS_APART)
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0 - i64::try_from(by.as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
