//! Calls by the quarter of an hour in which they came.

use super::{CallFigures, Figures};
use siaga_model::{Disposition, Timestamp};
use std::time::Duration;

/// Length of a [`Quarter`], milliseconds.
const QUARTER_MS: i64 = 15 * 60_000;

/// Citizens who called within 15 minutes, by what became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarter {
    /// When it begins: at a quarter of an hour by the clock.
    pub from: Timestamp,
    /// Had something for a unit to act on.
    pub reports: usize,
    /// No report, or a question.
    pub not_reports: usize,
    /// Were gone before a human answered, and nobody has disposed of the call since.
    pub unanswered: usize,
    /// What they have is not known yet: they are on the line, or hung up on a human.
    pub open: usize,
}

impl CallFigures {
    fn count_in(&self, quarter: &mut Quarter) {
        let place = match self.end.as_ref().map(|end| &end.disposition) {
            Some(Disposition::NotReport { .. } | Disposition::Information) => {
                &mut quarter.not_reports
            }
            Some(
                Disposition::HandledByUnit { .. }
                | Disposition::ForwardedToUnit { .. }
                | Disposition::HandledHere,
            ) => &mut quarter.reports,
            Some(Disposition::Abandoned | Disposition::NotReached) if self.answered.is_none() => {
                &mut quarter.unanswered
            }
            Some(Disposition::Abandoned | Disposition::NotReached) | None => &mut quarter.open,
        };
        *place += 1;
    }
}

impl Figures {
    /// Citizens who had a human within `limit`.
    pub fn answered_within(&self, limit: Duration) -> usize {
        self.arrivals()
            .filter_map(CallFigures::answered_after)
            .filter(|&wait| wait <= limit)
            .count()
    }

    /// Every quarter of an hour that lies in the span from `from` to before `to`, wholly or in part,
    /// with the citizens who called then; call backs left out.
    pub fn quarters(&self, from: Timestamp, to: Timestamp) -> Vec<Quarter> {
        let begin = |at: Timestamp| at.0.div_euclid(QUARTER_MS);
        let first = begin(from);
        let mut quarters: Vec<_> = (first..=begin(Timestamp(to.0 - 1)))
            .map(|quarter| Quarter {
                from: Timestamp(quarter * QUARTER_MS),
                reports: 0,
                not_reports: 0,
                unanswered: 0,
                open: 0,
            })
            .collect();
        for call in self.arrivals() {
            let place = usize::try_from(begin(call.since) - first).ok();
            if let Some(quarter) = place.and_then(|place| quarters.get_mut(place)) {
                call.count_in(quarter);
            }
        }
        quarters
    }
}
