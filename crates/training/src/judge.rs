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
    /// The same, with the voices that hide them.
    pub voices: Vec<(f32, Vec<Span>)>,
    /// When anybody or anything of ours was audible: pilots and music.
    pub anything: Vec<Span>,
    /// When anything was loud enough to be heard, also words that no operator says: announcements.
    pub sound: Vec<Span>,
    /// Length of what was heard.
    pub end: u64,
}

impl HeardByCaller {
    /// Listens to all of it (48 kHz mono).
    pub(crate) fn listen(samples: &[i16]) -> Self {
        let pilots = [POLDA_HZ, SECOND_POLDA_HZ, POLRES_HZ]
            .map(|hz| (hz, pilot::spans(samples, f64::from(hz), RATE)));
        let music = music::spans(samples);
        let (all, talk) = (loud(samples, &[]), loud(samples, &music));
        let voices = pilots.clone().map(|(hz, spans)| (hz, with_what_masks(spans, &talk)));
        let known = pilots.iter().flat_map(|(_, spans)| spans.clone()).chain(music).collect();
        let anything = with_what_masks(union(known), &all);
        Self {
            pilots: pilots.into(),
            voices: voices.into(),
            sound: union([anything.clone(), all].concat()),
            anything,
            end: samples.len() as u64 * 1000 / u64::from(RATE),
        }
    }

    /// The longest span from `from` on in which nothing of ours was heard.
    pub(crate) fn longest_silence(&self, from: u64) -> u64 {
        self.longest_without(&self.anything, from)
    }

    /// The longest span from `from` on in which nothing at all was heard.
    pub(crate) fn longest_stillness(&self, from: u64) -> u64 {
        self.longest_without(&self.sound, from)
    }

    fn longest_without(&self, spans: &[Span], from: u64) -> u64 {
        let mut longest = 0;
        let mut quiet_since = from.min(self.end);
        for (start, end) in spans {
            longest = longest.max(start.saturating_sub(quiet_since));
            quiet_since = quiet_since.max(*end);
        }
        longest.max(self.end.saturating_sub(quiet_since))
    }

    /// When this pilot was audible.
    pub(crate) fn pilot(&self, hz: f32) -> &[Span] {
        self.pilots.iter().find(|(pilot, _)| *pilot == hz).map_or(&[], |(_, spans)| spans)
    }

    /// When this operator was audible, also where the voice hides the pilot.
    pub(crate) fn voice(&self, hz: f32) -> &[Span] {
        self.voices.iter().find(|(pilot, _)| *pilot == hz).map_or(&[], |(_, spans)| spans)
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

/// Loud enough to hide a pilot, in dBFS: a little less than the pilot itself.
const MASKING_DBFS: f32 = -46.0;

/// When it was so loud, where it was not `beside`.
fn loud(samples: &[i16], beside: &[Span]) -> Vec<Span> {
    const WINDOW_MS: u64 = 20;
    let windows = samples.chunks(WINDOW_MS as usize * RATE as usize / 1000);
    let loud = windows
        .enumerate()
        .filter(|(_, window)| siaga_media::frame::rms_dbfs(window) > MASKING_DBFS)
        .map(|(n, _)| (n as u64 * WINDOW_MS, (n as u64 + 1) * WINDOW_MS))
        .filter(|(from, to)| !beside.iter().any(|span| span.0 < *to && *from < span.1));
    union(loud.collect())
}

/// The spans, each with the loud sound that goes on before and after it without a pause: where a
/// voice hides its own pilot, that voice is what the caller hears.
fn with_what_masks(spans: Vec<Span>, loud: &[Span]) -> Vec<Span> {
    let touches = |(from, to): &&Span| spans.iter().any(|span| *from <= span.1 && span.0 <= *to);
    let masks: Vec<Span> = loud.iter().filter(touches).copied().collect();
    union(spans.into_iter().chain(masks).collect())
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
            anything: vec![(1_000, 3_000), (3_400, 9_000)],
            end: 9_250,
            ..HeardByCaller::default()
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
    fn a_voice_that_hides_its_pilot_counts_and_one_without_any_does_not() {
        let seconds = |seconds: usize, level: i16| vec![level; seconds * RATE as usize];
        let heard = [seconds(1, 0), seconds(2, 3_000), seconds(1, 0), seconds(1, 3_000)].concat();
        let all = loud(&heard, &[]);
        assert_eq!(with_what_masks(vec![(1_500, 2_000)], &all), [(1_000, 3_000)]);
        assert_eq!(with_what_masks(vec![], &all), []);
        let without_music = loud(&heard, &[(1_000, 1_200)]);
        assert_eq!(with_what_masks(vec![(1_500, 2_000)], &without_music), [(1_200, 3_000)]);
    }

    #[test]
    fn spans_that_touch_become_one() {
        assert_eq!(union(vec![(5, 9), (0, 3), (3, 4), (8, 12)]), [(0, 4), (5, 12)]);
    }
}
