//! Tells from when to when a pilot tone was audible, also under speech.
//!
//! Simulated operators hum a tone at [`PILOT_DBFS`] under their voice; who hears which tone hears
//! which operator. A pilot is steady, speech is not. Every 20 ms two windows with the same middle
//! are measured at the pilot's frequency (Goertzel under Hann) and judged together:
//!
//! - *certain*: in the long window (400 ms) about as loud as a pilot and 7 dB above its neighbours
//!   6 to 20 Hz away: speech does not keep a pitch so long;
//! - *present*: the same in the short window (100 ms) with its wider neighbourhood, with a phase
//!   that has moved by what the frequency says since the window before;
//! - *absent*: in the short window 10 dB or more below a pilot;
//! - *masked*: something louder is there, and nothing can be said.
//!
//! Sixteen certain windows among thirty (600 ms) begin a span; three absent in a row end it; a span without certain or
//! present windows for [`MASKED_MS`] ends, too. Where a span begins or ends under louder sounds,
//! the masked windows beside it, at most [`UNSURE_MS`] of them, are counted to it, because an
//! operator's voice begins and ends with its pilot. Ends are exact to 100 ms where the tone is not
//! masked by others, and to [`UNSURE_MS`] elsewhere.

use crate::dsp::{RATE, to_8k};
use std::f64::consts::TAU;

/// The level of a pilot's peaks, relative to full scale.
pub const PILOT_DBFS: f64 = -35.0;

/// A span ends when nothing but other sounds was heard for so long.
pub const MASKED_MS: u64 = 1000;

/// How far a beginning or an end may be off under other sounds.
pub const UNSURE_MS: u64 = 300;

/// 100 ms and 400 ms.
const SHORT: usize = RATE as usize / 10;
const LONG: usize = 4 * SHORT;

/// 20 ms.
const HOP: usize = RATE as usize / 50;
const HOP_MS: u64 = 20;

/// A pilot may be this much (dB) louder or weaker than it was hummed: codecs, gain, loss.
const LOUDER_DB: f64 = 6.0;
const WEAKER_DB: f64 = 6.0;
const ABSENT_DB: f64 = 10.0;

/// Where the neighbours are measured, Hz beside the pilot: outside each window's main lobe.
const BESIDE_SHORT: [f64; 4] = [-44.0, -27.0, 27.0, 44.0];
const BESIDE_LONG: [f64; 8] = [-20.0, -15.0, -10.0, -6.0, 6.0, 10.0, 15.0, 20.0];

/// By what the pilot must stand above their mean.
const ABOVE_DB: f64 = 7.0;

/// How far the phase may be from where the frequency says (radians a hop; 0.35 is 2.8 Hz).
const PHASE: f64 = 0.35;

/// So many certain windows among so many begin a span: 320 ms in 600 ms.
const OPEN_WITH: usize = 16;
const OPEN_IN: usize = 30;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Certain,
    Present,
    Absent,
    Masked,
}

/// The spans (from, to), in milliseconds, in which a pilot of `hz` was audible in `haystack`.
///
/// # Panics
/// When `rate` is not a multiple of 8 kHz.
pub fn spans(haystack: &[i16], hz: f64, rate: u32) -> Vec<(u64, u64)> {
    let samples = to_8k(haystack, rate);
    let heard = judge(&samples, hz);
    let unsure = (UNSURE_MS / HOP_MS) as usize;
    let masked = |n: &usize| heard[*n] != Heard::Absent;
    let end = samples.len() as u64 * 1000 / u64::from(RATE);
    let span = |from: usize, last: usize| {
        let first = (from.saturating_sub(unsure)..from).rev().take_while(masked).last();
        let after = (last + 1..(last + 1 + unsure).min(heard.len())).take_while(masked).last();
        let (from, to) = (first.unwrap_or(from), after.unwrap_or(last));
        (from as u64 * HOP_MS, ((to + 1) as u64 * HOP_MS).min(end))
    };
    let mut spans: Vec<(u64, u64)> = Vec::new();
    // The span's beginning, and the last window in which the pilot was heard.
    let mut open: Option<(usize, usize)> = None;
    let mut absent = 0;
    for (n, &now) in heard.iter().enumerate() {
        absent = if now == Heard::Absent { absent + 1 } else { 0 };
        match open {
            None => {
                let recent = n.saturating_sub(OPEN_IN - 1)..=n;
                let mut certain = recent.filter(|&i| heard[i] == Heard::Certain);
                let first = certain.next();
                if now == Heard::Certain && certain.count() + 1 >= OPEN_WITH {
                    open = first.map(|first| (first, n));
                }
            }
            Some((from, last)) => {
                if matches!(now, Heard::Certain | Heard::Present) {
                    open = Some((from, n));
                } else if absent >= 3 || (n - last) as u64 * HOP_MS > MASKED_MS {
                    spans.push(span(from, last));
                    open = None;
                }
            }
        }
    }
    spans.extend(open.map(|(from, last)| span(from, last)));
    // What was counted to both sides of a masked stretch was one span.
    spans.dedup_by(|next, before| {
        let touch = next.0 <= before.1;
        if touch {
            before.1 = next.1;
        }
        touch
    });
    spans
}

fn judge(samples: &[f32], hz: f64) -> Vec<Heard> {
    let advance = TAU * hz * HOP as f64 / f64::from(RATE);
    let (short, long) = (hann(SHORT), hann(LONG));
    let mut before: Option<f64> = None;
    (0..samples.len() / HOP)
        .map(|n| {
            let middle = n * HOP + HOP / 2;
            let near = weighted(samples, middle, &short);
            let (power, phase) = goertzel(&near, hz);
            let level = decibel(power);
            let moved = before.replace(phase).map(|before| phase - before - advance);
            let steady = moved.is_some_and(|moved| wrapped(moved).abs() < PHASE);
            if level <= PILOT_DBFS - ABSENT_DB {
                return Heard::Absent;
            }
            let wide = weighted(samples, middle, &long);
            if is_pilot(&wide, hz, &BESIDE_LONG) {
                Heard::Certain
            } else if steady && is_pilot(&near, hz, &BESIDE_SHORT) {
                Heard::Present
            } else {
                Heard::Masked
            }
        })
        .collect()
}

/// Whether a window has a pilot's level at `hz` and clearly less beside it.
fn is_pilot(window: &[f64], hz: f64, beside: &[f64]) -> bool {
    let level = decibel(goertzel(window, hz).0);
    let mean =
        beside.iter().map(|by| goertzel(window, hz + by).0).sum::<f64>() / beside.len() as f64;
    (PILOT_DBFS - WEAKER_DB..=PILOT_DBFS + LOUDER_DB).contains(&level)
        && level - decibel(mean) > ABOVE_DB
}

fn decibel(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}

fn hann(length: usize) -> Vec<f64> {
    (0..length).map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / length as f64).cos()).collect()
}

/// The window around `middle`; what is outside of the sound is silence.
fn weighted(samples: &[f32], middle: usize, weights: &[f64]) -> Vec<f64> {
    let first = middle as i64 - weights.len() as i64 / 2;
    (first..)
        .zip(weights)
        .map(|(at, weight)| {
            let sample = usize::try_from(at).ok().and_then(|at| samples.get(at));
            f64::from(sample.copied().unwrap_or(0.0)) * weight
        })
        .collect()
}

/// Power of a tone's peaks (1.0: full scale) and its phase, in a window weighted by Hann.
fn goertzel(window: &[f64], hz: f64) -> (f64, f64) {
    let step = TAU * hz / f64::from(RATE);
    let (sine, cosine) = step.sin_cos();
    let (mut one, mut two) = (0.0, 0.0);
    for &sample in window {
        let now = sample + 2.0 * cosine * one - two;
        two = one;
        one = now;
    }
    let (re, im) = (one - two * cosine, two * sine);
    // The phase at the last sample, brought to the window's first. Hann's mean is a half.
    let amplitude = 4.0 / window.len() as f64;
    let phase = im.atan2(re) - step * (window.len() - 1) as f64;
    (((re * re + im * im).sqrt() * amplitude).powi(2), phase)
}

/// Between −π and π.
fn wrapped(angle: f64) -> f64 {
    (angle + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::{mix_into, speech_like, tone};

    const PILOTS: [f64; 3] = [440.0, 550.0, 660.0];

    /// A voice of `seconds` that hums: an operator.
    fn operator(seed: u64, hz: f64, seconds: f64) -> Vec<i16> {
        let mut voice = speech_like(seed, seconds as f32);
        mix_into(&mut voice, &tone(hz, PILOT_DBFS, seconds, 48_000), 0);
        voice
    }

    fn near(span: (u64, u64), from: u64, to: u64, by: u64) -> bool {
        span.0.abs_diff(from) <= by && span.1.abs_diff(to) <= by
    }

    #[test]
    fn a_bare_pilot_is_timed_to_100_ms() {
        for hz in PILOTS {
            for rate in [8_000, 16_000, 48_000] {
                let mut heard = vec![0; rate as usize * 6];
                mix_into(&mut heard, &tone(hz, PILOT_DBFS, 2.5, rate), rate as usize);
                let spans = spans(&heard, hz, rate);
                assert!(
                    spans.len() == 1 && near(spans[0], 1_000, 3_500, 100),
                    "{hz} Hz at {rate}: {spans:?}"
                );
            }
        }
    }

    #[test]
    fn a_pilot_under_its_speech_is_one_span_and_the_others_are_not_heard() {
        for seed in 0..8 {
            for hz in PILOTS {
                let mut heard = vec![0; 48_000 * 12];
                mix_into(&mut heard, &operator(seed, hz, 8.0), 48 * 2_000);
                let own = spans(&heard, hz, 48_000);
                assert!(
                    own.len() == 1 && near(own[0], 2_000, 10_000, UNSURE_MS),
                    "seed {seed}, {hz} Hz: {own:?}"
                );
                for other in PILOTS.into_iter().filter(|other| *other != hz) {
                    let others = spans(&heard, other, 48_000);
                    assert!(others.is_empty(), "seed {seed}: {other} Hz under {hz}: {others:?}");
                }
            }
        }
    }

    #[test]
    fn speech_alone_hums_no_pilot() {
        for seed in 0..20 {
            let voice = speech_like(1_000 + seed, 20.0);
            for hz in PILOTS {
                let false_alarms = spans(&voice, hz, 48_000);
                assert!(false_alarms.is_empty(), "seed {seed}, {hz} Hz: {false_alarms:?}");
            }
        }
    }

    #[test]
    fn a_gap_between_two_operators_is_measured() {
        let mut heard = operator(1, 440.0, 4.0);
        heard.extend(vec![0; 48 * 700]);
        heard.extend(operator(2, 660.0, 4.0));
        let (polda, polres) = (spans(&heard, 440.0, 48_000), spans(&heard, 660.0, 48_000));
        assert!(polda.len() == 1 && near(polda[0], 0, 4_000, UNSURE_MS), "{polda:?}");
        assert!(polres.len() == 1 && near(polres[0], 4_700, 8_700, UNSURE_MS), "{polres:?}");
    }

    #[test]
    fn two_operators_at_once_are_both_heard() {
        let mut heard = operator(3, 440.0, 6.0);
        mix_into(&mut heard, &operator(4, 660.0, 4.0), 48 * 1_000);
        for (hz, from, to) in [(440.0, 0, 6_000), (660.0, 1_000, 5_000)] {
            let spans = spans(&heard, hz, 48_000);
            assert!(spans.len() == 1 && near(spans[0], from, to, 300), "{hz}: {spans:?}");
        }
    }

    #[test]
    fn ringback_beside_the_pilot_and_music_through_it_are_no_pilot() {
        // 425 Hz is what a caller in Indonesia hears ringing, 15 Hz beside the first pilot.
        let ringback = tone(425.0, -20.0, 5.0, 48_000);
        assert_eq!(spans(&ringback, 440.0, 48_000), []);
        assert_eq!(spans(&tone(440.0, -15.0, 5.0, 48_000), 440.0, 48_000), []);
        assert_eq!(spans(&tone(440.0, -55.0, 5.0, 48_000), 440.0, 48_000), []);
        assert_eq!(spans(&[], 440.0, 48_000), []);
    }
}
