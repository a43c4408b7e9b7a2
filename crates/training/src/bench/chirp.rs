//! A signal whose delay can be told to the tenth of a millisecond: short sweeps, found again by
//! their shape after codec, jitter buffer and mixer.

use crate::sound::{Heard, RATE};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest delay that is looked for.
pub(super) const LONGEST: Duration = Duration::from_millis(500);

/// From one sweep to the next: more than [`LONGEST`] and a sweep, so that none is taken for its
/// neighbour, and no multiple of a frame.
const PERIOD: usize = RATE as usize * 6 / 10 + 7;

/// Length of a sweep: 60 ms, about a syllable.
const LENGTH: usize = RATE as usize * 6 / 100;

/// Lowest and highest frequency, both well inside of what every codec carries.
const LOW_HZ: f64 = 500.0;
const HIGH_HZ: f64 = 3_000.0;

/// Peak level: speech of somebody who is excited.
const PEAK: f64 = 9_000.0;

/// Sought at 8 kHz.
const DECIMATION: usize = 6;

/// Likeness at which a sweep counts as found, 0 to 1. Noise and music stay far below.
const FOUND: f64 = 0.5;

/// The frame in which a sample is captured is full, and sent, this much later.
const CAPTURE_MS: f64 = 20.0;

/// Which way the frequency goes; the two are not taken for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sweep {
    Up,
    Down,
}

/// A train of sweeps.
pub(super) struct Chirps {
    track: Arc<[i16]>,
    one: Vec<f64>,
}

impl Chirps {
    pub(super) fn new(sweep: Sweep, length: Duration) -> Self {
        let one = samples_of(sweep);
        let mut track = vec![0; (length.as_secs_f64() * f64::from(RATE)) as usize];
        for period in track.chunks_exact_mut(PERIOD) {
            period[..LENGTH].copy_from_slice(&one);
        }
        Self { track: track.into(), one: decimated(&one) }
    }

    /// What is to be said, once.
    pub(super) fn track(&self) -> Arc<[i16]> {
        self.track.clone()
    }

    /// The delay of each sweep that was said between `from` and `until` by somebody who began with
    /// the track at `began`; `None` for one that was not heard. In ms from mouth to ear without the
    /// devices, the 20 ms of the frame that is captured included.
    pub(super) fn find(
        &self,
        began: Option<Instant>,
        heard: &Heard,
        from: Instant,
        until: Instant,
    ) -> Vec<Option<f64>> {
        let (Some(began), Some(since)) = (began, heard.since) else { return Vec::new() };
        let ear = decimated(&heard.samples);
        (0..self.track.len() / PERIOD)
            .map(|n| began + Duration::from_secs_f64((n * PERIOD) as f64 / f64::from(RATE)))
            .filter(|said| (from..until).contains(said) && *said >= since)
            .map(|said| {
                let rate = f64::from(RATE) / DECIMATION as f64;
                let exact = (said - since).as_secs_f64() * rate;
                let first = exact as usize;
                let reach = (LONGEST.as_secs_f64() * rate) as usize + self.one.len();
                let window = ear.get(first..(first + reach).min(ear.len()))?;
                let lag = best_fit(&self.one, window)?;
                Some((first as f64 + lag as f64 - exact) / rate * 1e3 + CAPTURE_MS)
            })
            .collect()
    }
}

/// The delays of all sweeps that were said.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays {
    /// Those found, ascending.
    found: Vec<f64>,
    said: usize,
}

impl Delays {
    pub(super) fn add(&mut self, delays: Vec<Option<f64>>) {
        self.said += delays.len();
        self.found.extend(delays.into_iter().flatten());
        self.found.sort_by(f64::total_cmp);
    }

    pub(super) fn join(&mut self, other: Self) {
        self.said += other.said;
        self.found.extend(other.found);
        self.found.sort_by(f64::total_cmp);
    }

    pub(super) fn said(&self) -> usize {
        self.said
    }

    pub(super) fn found(&self) -> usize {
        self.found.len()
    }

    pub(super) fn median(&self) -> Option<f64> {
        self.found.get(self.found.len() / 2).copied()
    }

    /// The delay that this part (0 to 1) of those found does not exceed.
    pub(super) fn percentile(&self, part: f64) -> Option<f64> {
        let rank = (part * self.found.len() as f64).ceil() as usize;
        self.found.get(rank.saturating_sub(1)).copied()
    }

    pub(super) fn worst(&self) -> Option<f64> {
        self.found.last().copied()
    }
}

fn samples_of(sweep: Sweep) -> Vec<i16> {
    let (first, last) = match sweep {
        Sweep::Up => (LOW_HZ, HIGH_HZ),
        Sweep::Down => (HIGH_HZ, LOW_HZ),
    };
    let seconds = LENGTH as f64 / f64::from(RATE);
    (0..LENGTH)
        .map(|at| {
            let t = at as f64 / f64::from(RATE);
            let phase = TAU * (first * t + (last - first) * t * t / (2.0 * seconds));
            // Swells and fades, as a click would be smeared by any codec.
            let swell = (TAU / 2.0 * t / seconds).sin().powi(2);
            (PEAK * swell * phase.sin()) as i16
        })
        .collect()
}

fn decimated(samples: &[i16]) -> Vec<f64> {
    samples
        .chunks_exact(DECIMATION)
        .map(|chunk| chunk.iter().map(|s| f64::from(*s)).sum::<f64>() / DECIMATION as f64)
        .collect()
}

/// Where in `window` the shape of `one` is; `None` when nowhere.
fn best_fit(one: &[f64], window: &[f64]) -> Option<usize> {
    let energy: f64 = one.iter().map(|x| x * x).sum();
    let (lag, likeness) = window
        .windows(one.len())
        .map(|there| {
            let (product, power) = one
                .iter()
                .zip(there)
                .fold((0.0, 0.0), |(product, power), (a, b)| (product + a * b, power + b * b));
            // A whisper of the same shape, such as an echo, is not what was said.
            if power < energy / 100.0 { 0.0 } else { product / (energy * power).sqrt() }
        })
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (likeness >= FOUND).then_some(lag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The track as heard `ms` later by somebody who began to listen when it began.
    fn heard_after(chirps: &Chirps, ms: usize, began: Instant) -> Heard {
        let mut samples = vec![0; ms * RATE as usize / 1000];
        samples.extend_from_slice(&chirps.track);
        Heard { since: Some(began), samples, ..Heard::default() }
    }

    #[test]
    fn a_delay_is_found_to_a_quarter_of_a_millisecond() {
        let began = Instant::now();
        let until = began + Duration::from_secs(2);
        for sweep in [Sweep::Up, Sweep::Down] {
            let chirps = Chirps::new(sweep, Duration::from_secs(3));
            let mut delays = Delays::default();
            delays.add(chirps.find(Some(began), &heard_after(&chirps, 83, began), began, until));
            assert_eq!((delays.said(), delays.found()), (4, 4));
            for delay in [delays.median(), delays.percentile(0.99), delays.worst()] {
                let delay = delay.expect("found");
                assert!((delay - 83.0 - CAPTURE_MS).abs() < 0.25, "{delay}");
            }
        }
    }

    #[test]
    fn the_other_sweep_silence_and_noise_are_not_taken_for_it() {
        let began = Instant::now();
        let until = began + Duration::from_secs(2);
        let up = Chirps::new(Sweep::Up, Duration::from_secs(3));
        let down = Chirps::new(Sweep::Down, Duration::from_secs(3));
        let silence =
            Heard { since: Some(began), samples: vec![0; 3 * RATE as usize], ..Heard::default() };
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as i16 - 8_192
        });
        let samples = noise.take(3 * RATE as usize).collect();
        let noise = Heard { since: Some(began), samples, ..Heard::default() };
        for heard in [heard_after(&down, 40, began), silence, noise] {
            let found = up.find(Some(began), &heard, began, until);
            assert_eq!(found, vec![None; 4]);
        }
    }
}
