//! Tells from when to when a pilot tone was audible, also under speech.
//!
//! Simulated operators hum a tone at [`PILOT_DBFS`] under their voice; who hears which tone hears
//! which operator. A pilot is steady, speech is not. Every 20 ms a Hann window of 100 ms is
//! measured at the pilot's frequency (Goertzel) and judged:
//!
//! - *present*: about as loud as a pilot, 8 dB above its neighbours, and its phase has moved by
//!   what the frequency says since the last window (a tone 3 Hz away fails this);
//! - *absent*: 9 dB or more below a pilot;
//! - *masked*: something else is louder there, and nothing can be said.
//!
//! Three of five windows present begin a span, three absent in a row end it, and masked windows
//! change nothing unless nothing else comes for [`MASKED_MS`]. Ends are exact to 100 ms where the
//! tone is not masked.

use crate::dsp::{RATE, to_8k};
use std::f64::consts::TAU;

/// The level of a pilot's peaks, relative to full scale.
pub const PILOT_DBFS: f64 = -35.0;

/// A span ends when nothing but other sounds was heard for so long.
pub const MASKED_MS: u64 = 400;

/// 100 ms.
const WINDOW: usize = RATE as usize / 10;

/// 20 ms.
const HOP: usize = RATE as usize / 50;
const HOP_MS: u64 = 20;

/// A pilot may be this much (dB) louder or weaker than it was hummed: codecs, gain, loss.
const LOUDER_DB: f64 = 6.0;
const WEAKER_DB: f64 = 9.0;

/// Where the neighbours are measured, Hz beside the pilot: outside the window's main lobe.
const BESIDE: [f64; 4] = [-44.0, -27.0, 27.0, 44.0];

/// By what the pilot must stand above their mean.
const ABOVE_DB: f64 = 8.0;

/// How far the phase may be from where the frequency says (radians a hop; 0.35 is 2.8 Hz).
const PHASE: f64 = 0.35;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
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
    let mut spans = Vec::new();
    // The span's beginning, and the last window in which the pilot was certain.
    let mut open: Option<(usize, usize)> = None;
    let mut absent = 0;
    for (n, &now) in heard.iter().enumerate() {
        absent = if now == Heard::Absent { absent + 1 } else { 0 };
        match open {
            None => {
                let recent = n.saturating_sub(4)..=n;
                let present = recent.clone().filter(|&i| heard[i] == Heard::Present);
                if now == Heard::Present && present.clone().count() >= 3 {
                    open = Some((present.min().unwrap_or(n), n));
                }
            }
            Some((from, last)) => {
                if now == Heard::Present {
                    open = Some((from, n));
                } else if absent >= 3 || (n - last) as u64 * HOP_MS > MASKED_MS {
                    spans.push(span(from, last));
                    open = None;
                }
            }
        }
    }
    spans.extend(open.map(|(from, last)| span(from, last)));
    spans
}

/// A window's middle stands for it.
fn span(from: usize, last: usize) -> (u64, u64) {
    let middle = WINDOW as u64 * 1000 / u64::from(RATE) / 2;
    (from as u64 * HOP_MS + middle, last as u64 * HOP_MS + middle)
}

fn judge(samples: &[f32], hz: f64) -> Vec<Heard> {
    if samples.len() < WINDOW {
        return Vec::new();
    }
    let windows = 1 + (samples.len() - WINDOW) / HOP;
    let hann: Vec<f64> =
        (0..WINDOW).map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / WINDOW as f64).cos()).collect();
    let advance = TAU * hz * HOP as f64 / f64::from(RATE);
    let mut before: Option<f64> = None;
    let mut steady_before = false;
    (0..windows)
        .map(|n| {
            let window: Vec<f64> = samples[n * HOP..n * HOP + WINDOW]
                .iter()
                .zip(&hann)
                .map(|(&s, w)| f64::from(s) * w)
                .collect();
            let (power, phase) = goertzel(&window, hz);
            let moved = before.replace(phase).map(|before| phase - before - advance);
            let steady = moved.is_some_and(|moved| wrapped(moved).abs() < PHASE);
            let level = 10.0 * power.max(1e-20).log10();
            let beside = BESIDE.iter().map(|by| goertzel(&window, hz + by).0).sum::<f64>()
                / BESIDE.len() as f64;
            let above = level - 10.0 * beside.max(1e-20).log10();
            let near = level < PILOT_DBFS + LOUDER_DB && level > PILOT_DBFS - WEAKER_DB;
            let certain = steady || std::mem::replace(&mut steady_before, steady);
            if level <= PILOT_DBFS - WEAKER_DB {
                Heard::Absent
            } else if near && above > ABOVE_DB && certain {
                Heard::Present
            } else {
                Heard::Masked
            }
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
                    own.len() == 1 && near(own[0], 2_000, 10_000, 100),
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
        assert!(polda.len() == 1 && near(polda[0], 0, 4_000, 100), "{polda:?}");
        assert!(polres.len() == 1 && near(polres[0], 4_700, 8_700, 100), "{polres:?}");
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
