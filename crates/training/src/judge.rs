//! What the sound says: who was heard when, and which voice is where. Pure functions of samples.

use crate::music;
use crate::report::VoiceCheck;
use siaga_testkit::{correlate, pilot};

/// Samples a second of what is judged.
const RATE: u32 = 48_000;

/// Pilots of the simulated operators, in Hz: first Polda seat, second Polda seat, Polres.
pub const POLDA_HZ: f32 = 440.0;
/// See [`POLDA_HZ`].
pub const SECOND_POLDA_HZ: f32 = 550.0;
/// See [`POLDA_HZ`].
pub const POLRES_HZ: f32 = 660.0;

/// From when to when, in milliseconds of what was heard.
pub(crate) type Span = (u64, u64);

/// What a caller heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeardByCaller {
    /// When each pilot was audible.
    pub pilots: Vec<(f32, Vec<Span>)>,
    /// When anybody or anything of ours was audible: pilots and music.
    pub anything: Vec<Span>,
    /// Length of what was heard.
    pub end: u64,
}

impl HeardByCaller {
    /// Listens to all of it (48 kHz mono).
    pub(crate) fn listen(samples: &[i16]) -> Self {
        let pilots = [POLDA_HZ, SECOND_POLDA_HZ, POLRES_HZ]
            .map(|hz| (hz, pilot::spans(samples, f64::from(hz), RATE)));
        let mut all: Vec<Span> = pilots.iter().flat_map(|(_, spans)| spans.clone()).collect();
        all.extend(music::spans(samples));
        let end = samples.len() as u64 * 1000 / u64::from(RATE);
        Self { pilots: pilots.into(), anything: union(all), end }
    }

    /// The longest span from `from` on in which nothing of ours was heard.
    pub(crate) fn longest_silence(&self, from: u64) -> u64 {
        let mut longest = 0;
        let mut quiet_since = from.min(self.end);
        for (start, end) in &self.anything {
            longest = longest.max(start.saturating_sub(quiet_since));
            quiet_since = quiet_since.max(*end);
        }
        longest.max(self.end.saturating_sub(quiet_since))
    }

    /// When this pilot was audible.
    pub(crate) fn pilot(&self, hz: f32) -> &[Span] {
        self.pilots.iter().find(|(pilot, _)| *pilot == hz).map_or(&[], |(_, spans)| spans)
    }

    /// From `from` on: how long until this pilot was audible.
    pub(crate) fn until(&self, hz: f32, from: u64) -> Option<u64> {
        self.pilot(hz)
            .iter()
            .filter(|(_, end)| *end > from)
            .map(|(start, _)| start.saturating_sub(from))
            .min()
    }
}

/// The first moment from `from` on at which anything at all sounds, in milliseconds.
pub(crate) fn first_sound(samples: &[i16], from: u64) -> Option<u64> {
    let per_ms = RATE as usize / 1000;
    let start = usize::try_from(from).ok()?.checked_mul(per_ms)?;
    let at = samples.get(start..)?.iter().position(|sample| sample.unsigned_abs() > 1)?;
    Some(from + (at / per_ms) as u64)
}

/// The spans in which anything at all sounds, to 20 ms. Even a line on which nobody speaks does.
pub(crate) fn sounding(samples: &[i16]) -> Vec<Span> {
    const WINDOW_MS: u64 = 20;
    let windows = samples.chunks(WINDOW_MS as usize * RATE as usize / 1000);
    let loud = windows.enumerate().filter(|(_, window)| first_sound(window, 0).is_some());
    union(loud.map(|(n, _)| (n as u64 * WINDOW_MS, (n as u64 + 1) * WINDOW_MS)).collect())
}

/// Looks for a voice where it should or should not be.
pub(crate) fn look_for(
    voice: &str,
    spoken: &[i16],
    place: &str,
    heard: &[i16],
    expected: bool,
) -> VoiceCheck {
    let found = correlate::find(spoken, heard, RATE);
    VoiceCheck {
        voice: voice.to_owned(),
        place: place.to_owned(),
        expected,
        found: found.is_found(),
        peak: found.peak,
    }
}

/// Sorted and without overlaps.
fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_silence_counts_only_after_the_answer_and_up_to_the_end() {
        let heard = HeardByCaller {
            pilots: Vec::new(),
            anything: vec![(1_000, 3_000), (3_400, 9_000)],
            end: 9_250,
        };
        assert_eq!(heard.longest_silence(900), 400);
        assert_eq!(heard.longest_silence(3_500), 250);
        assert_eq!(heard.longest_silence(0), 1_000);
        assert_eq!(
            HeardByCaller { end: 700, ..HeardByCaller::default() }.longest_silence(200),
            500
        );
    }

    #[test]
    fn a_pilot_that_never_stopped_is_back_at_once() {
        let spans = vec![(0, 3_000), (5_000, 6_000)];
        let heard = HeardByCaller { pilots: vec![(440.0, spans)], ..HeardByCaller::default() };
        assert_eq!(heard.until(440.0, 2_000), Some(0));
        assert_eq!(heard.until(440.0, 3_500), Some(1_500));
        assert_eq!(heard.until(440.0, 6_500), None);
        assert_eq!(heard.until(550.0, 0), None);
    }

    #[test]
    fn spans_that_touch_become_one() {
        assert_eq!(union(vec![(5, 9), (0, 3), (3, 4), (8, 12)]), [(0, 4), (5, 12)]);
    }
}
