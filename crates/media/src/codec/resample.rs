//! Between a codec's 8 or 16 kHz and our 48 kHz: one low-pass filter, run by its phases.
//!
//! The factors are whole, so that every packet gives exactly the samples that its RTP time says,
//! which the jitter buffer relies on. (`rubato`'s synchronous resamplers keep back half a block of
//! 10 ms for that, its asynchronous ones give now a sample more, now one less.) Both directions delay
//! by [`REACH`] samples of the lower rate: 2 ms at 8 kHz, 1 ms at 16 kHz.

use std::f64::consts::PI;

use crate::frame::to_i16;

/// How far the filter reaches to each side, in samples of the lower rate.
const REACH: usize = 16;

/// Edge of the pass band as a share of half the lower rate: flat to 3.3 kHz of 4, and 70 dB down
/// where its mirror image would fall into the band of a telephone.
const EDGE: f64 = 0.965;

/// Shape of the Kaiser window for 70 dB.
const BETA: f64 = 6.755;

/// The filter at the higher rate, `2 × REACH × factor` taps that add up to one.
fn low_pass(factor: usize) -> Vec<f64> {
    let taps = 2 * REACH * factor;
    let cutoff = EDGE / factor as f64;
    let centre = (taps as f64 - 1.0) / 2.0;
    let raw: Vec<f64> = (0..taps)
        .map(|i| {
            let x = i as f64 - centre;
            let sinc = (PI * cutoff * x).sin() / (PI * x);
            let edge = x / centre;
            sinc * bessel(BETA * (1.0 - edge * edge).max(0.0).sqrt()) / bessel(BETA)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|tap| tap / sum).collect()
}

/// Modified Bessel function of the first kind, order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// From the lower rate to 48 kHz.
#[derive(Debug, Clone)]
pub(super) struct Upsampler {
    /// For each phase its taps, the oldest sample's first.
    phases: Vec<[f32; 2 * REACH]>,
    /// The last samples, oldest first.
    past: [f32; 2 * REACH],
}

impl Upsampler {
    pub(super) fn new(factor: usize) -> Self {
        let filter = low_pass(factor);
        let phase = |phase: usize| {
            let mut taps = [0.0; 2 * REACH];
            for (k, tap) in taps.iter_mut().rev().enumerate() {
                *tap = (filter[k * factor + phase] * factor as f64) as f32;
            }
            taps
        };
        Self { phases: (0..factor).map(phase).collect(), past: [0.0; 2 * REACH] }
    }

    /// Appends `factor` samples to `to` for each of `from`.
    pub(super) fn run(&mut self, from: &[i16], to: &mut Vec<i16>) {
        for sample in from {
            self.past.rotate_left(1);
            self.past[2 * REACH - 1] = f32::from(*sample);
            to.extend(self.phases.iter().map(|taps| to_i16(dot(taps, &self.past))));
        }
    }
}

/// From 48 kHz to the lower rate.
#[derive(Debug, Clone)]
pub(super) struct Downsampler {
    factor: usize,
    taps: Vec<f32>,
    /// As many samples as there are taps, oldest first, and what comes after them.
    past: Vec<f32>,
}

impl Downsampler {
    pub(super) fn new(factor: usize) -> Self {
        let taps: Vec<f32> = low_pass(factor).into_iter().map(|tap| tap as f32).collect();
        Self { factor, past: vec![0.0; taps.len()], taps }
    }

    /// One sample in `to` for each `factor` of `from`, whose length is a multiple of it.
    pub(super) fn run(&mut self, from: &[i16], to: &mut Vec<i16>) {
        let length = self.taps.len();
        self.past.extend(from.iter().map(|sample| f32::from(*sample)));
        let ends = (length + self.factor..=self.past.len()).step_by(self.factor);
        // The filter is symmetric: it need not be turned round.
        to.extend(ends.map(|end| to_i16(dot(&self.taps, &self.past[end - length..end]))));
        self.past.drain(..self.past.len() - length);
    }
}

/// In eight lanes, so that the compiler may use them.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::power_dbfs;
    use crate::tone::{Sine, collect};

    fn tone(hz: f32) -> Vec<i16> {
        let mut sine = Sine::new(hz, -6.0);
        collect(50, || sine.next_frame())
    }

    fn there_and_back(hz: f32, factor: usize) -> Vec<i16> {
        let (mut low, mut high) = (Vec::new(), Vec::new());
        Downsampler::new(factor).run(&tone(hz), &mut low);
        assert_eq!(low.len(), 48_000 / factor);
        Upsampler::new(factor).run(&low, &mut high);
        assert_eq!(high.len(), 48_000);
        high.split_off(4_800)
    }

    #[test]
    fn the_band_of_a_telephone_passes_as_loud_as_it_was() {
        for (factor, band) in [(6, [300.0, 1_000.0, 3_200.0]), (3, [100.0, 3_000.0, 6_800.0])] {
            for hz in band {
                let level = power_dbfs(&there_and_back(hz, factor), hz);
                assert!((level + 6.0).abs() < 0.3, "{hz} Hz by {factor}: {level} dBFS");
            }
        }
    }

    #[test]
    fn what_is_above_the_band_is_gone_and_not_mirrored_into_it() {
        for (factor, hz, mirror) in
            [(6, 4_800.0, 3_200.0), (6, 7_000.0, 1_000.0), (3, 9_500.0, 6_500.0)]
        {
            let sound = there_and_back(hz, factor);
            let (still, mirrored) = (power_dbfs(&sound, hz), power_dbfs(&sound, mirror));
            assert!(still < -66.0 && mirrored < -66.0, "{hz} Hz by {factor}: {still}, {mirrored}");
        }
    }

    #[test]
    fn no_image_of_the_voice_appears_above_the_band() {
        let image = power_dbfs(&there_and_back(1_000.0, 6), 7_000.0);
        assert!(image < -66.0, "{image}");
    }

    #[test]
    fn packets_of_any_length_give_the_same_sound_as_one_long_one() {
        let sound = tone(700.0);
        for factor in [3, 6] {
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            Downsampler::new(factor).run(&sound, &mut whole);
            let mut cut = Downsampler::new(factor);
            for piece in sound.chunks(480) {
                cut.run(piece, &mut pieces);
            }
            assert_eq!(whole, pieces);
        }
    }
}
