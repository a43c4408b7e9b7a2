//! The times of a scenario, measured in what was really heard.

use super::super::Seen;
use crate::judge::{self, HeardByCaller, Span};
use crate::report::Timings;
use crate::scenario::{ANSWERED, Expected, Measure, Since};
use crate::sound::Heard;
use siaga_call_flow::FlowEvent;
use siaga_model::Timestamp;
use std::time::Instant;

pub(super) fn measure(
    expected: &Expected,
    seen: &Seen,
    problems: &mut Vec<String>,
    late: &mut Vec<String>,
) -> Timings {
    let rings = |event: &FlowEvent| matches!(event, FlowEvent::SeatRinging { .. });
    let ringing = first(seen, rings);
    let answered = first(seen, ANSWERED.1);
    let mut timings = Timings {
        ring_to_answer: ringing.zip(answered).map(|(ringing, answered)| answered.0 - ringing.0),
        ..Timings::default()
    };
    let ears = Ears::open(seen);
    for limit in &expected.limits {
        let measured = ears.measure(limit.what);
        match measured {
            Some(ms) if ms <= limit.ms => {}
            Some(ms) => late.push(format!("{} is {ms} ms, above {} ms", limit.name, limit.ms)),
            // Nobody was heard at all, however long one waits.
            None => problems.push(format!("{} could not be measured", limit.name)),
        }
        timings.note(limit.name, measured);
    }
    timings
}

fn first(seen: &Seen, wanted: impl Fn(&FlowEvent) -> bool) -> Option<Timestamp> {
    seen.log.events.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at)
}

/// What was heard, on one line of time each.
struct Ears<'a> {
    seen: &'a Seen,
    caller: Option<(Instant, HeardByCaller)>,
}

impl<'a> Ears<'a> {
    fn open(seen: &'a Seen) -> Self {
        let caller = heard(seen, "caller")
            .and_then(|heard| Some((heard.since?, HeardByCaller::listen(&heard.timeline()))));
        Self { seen, caller }
    }

    fn measure(&self, what: Measure) -> Option<i64> {
        let ms = match what {
            Measure::AnswerToAudio { who, hz } => self.answer_to_audio(who, hz)?,
            Measure::CallerSilence => {
                let (since, caller) = self.caller.as_ref()?;
                let answered = self.seen.clock.at(*since).0;
                let from = first(self.seen, ANSWERED.1)?.0 - answered;
                caller.longest_silence(u64::try_from(from).unwrap_or(0))
            }
            Measure::LineSilence { since } => {
                let (ear, caller) = self.caller.as_ref()?;
                caller.longest_stillness(self.ms(since, *ear)?)
            }
            Measure::UntilPilot { hz, since } => {
                let (ear, caller) = self.caller.as_ref()?;
                caller.until(hz, self.ms(since, *ear)?)?
            }
            Measure::WithoutPilot { hz, since, until } => {
                let (ear, caller) = self.caller.as_ref()?;
                let until = match until {
                    Some(until) => self.ms(until, *ear)?,
                    None => caller.end,
                };
                longest_gap(caller.voice(hz), self.ms(since, *ear)?, until)
            }
            Measure::Between(from, to) => {
                let dialled = self.seen.dialled_at;
                self.ms(to, dialled)?.saturating_sub(self.ms(from, dialled)?)
            }
            Measure::OperatorSilence { who, since, until } => {
                let heard = heard(self.seen, who)?;
                let (ear, timeline) = (heard.since?, heard.timeline());
                let until = match until {
                    Some(until) => self.ms(until, ear)?,
                    None => timeline.len() as u64 * 1000 / u64::from(crate::sound::RATE),
                };
                longest_gap(&judge::sounding(&timeline), self.ms(since, ear)?, until)
            }
        };
        i64::try_from(ms).ok()
    }

    fn answer_to_audio(&self, who: &str, hz: f32) -> Option<u64> {
        let pressed = *self.seen.notes.marks.get("answer-pressed")?;
        let (ear, caller) = self.caller.as_ref()?;
        let at_caller = caller.until(hz, ms_between(*ear, pressed))?;
        let at_operator = heard(self.seen, who).and_then(|heard| {
            let offset = ms_between(pressed, heard.since?);
            judge::first_sound(&heard.samples, 0).map(|ms| offset + ms)
        })?;
        Some(at_caller.max(at_operator))
    }

    /// A moment on the line of time of an ear that first heard something at `ear`.
    fn ms(&self, since: Since, ear: Instant) -> Option<u64> {
        match since {
            Since::Mark(name) => Some(ms_between(ear, *self.seen.notes.marks.get(name)?)),
            Since::Event(wanted, later) => {
                let at = first(self.seen, wanted)? + later;
                Some(u64::try_from(at.0 - self.seen.clock.at(ear).0).unwrap_or(0))
            }
        }
    }
}

fn heard<'a>(seen: &'a Seen, who: &str) -> Option<&'a Heard> {
    seen.heard.iter().find(|(name, _)| *name == who).map(|(_, heard)| heard)
}

fn ms_between(from: Instant, to: Instant) -> u64 {
    to.saturating_duration_since(from).as_millis() as u64
}

/// The longest span between `from` and `until` that none of `spans` (in order) covers.
fn longest_gap(spans: &[Span], from: u64, until: u64) -> u64 {
    let (mut longest, mut quiet_since) = (0, from);
    for (start, end) in spans {
        longest = longest.max(until.min(*start).saturating_sub(quiet_since));
        quiet_since = quiet_since.max(*end);
    }
    longest.max(until.saturating_sub(quiet_since))
}

#[cfg(test)]
mod tests {
    use super::longest_gap;

    #[test]
    fn a_gap_is_measured_between_two_moments_only() {
        let spans = [(1_000, 3_000), (3_400, 9_000), (12_000, 13_000)];
        assert_eq!(longest_gap(&spans, 2_000, 8_000), 400);
        assert_eq!(longest_gap(&spans, 2_000, 10_500), 1_500);
        assert_eq!(longest_gap(&spans, 2_000, 12_500), 3_000);
        assert_eq!(longest_gap(&spans, 0, 2_000), 1_000);
        assert_eq!(longest_gap(&spans, 12_500, 20_000), 7_000);
        assert_eq!(longest_gap(&[], 5, 25), 20);
    }
}
