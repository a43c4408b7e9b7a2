//! Between 48 kHz and the rates of files: 16 kHz for what was heard, any rate for what is spoken.
//! Windowed-sinc filters; nothing here runs on the path between two ears.

use std::f64::consts::PI;

use crate::frame::{FRAME, Frame, SAMPLE_RATE, to_i16};

/// Zero crossings of the sinc to each side: stop band below −70 dB.
const CROSSINGS: f64 = 24.0;

/// Share of the lower Nyquist frequency that passes.
const PASS: f64 = 0.92;

/// Samples of a 16 kHz frame.
pub const FRAME_16K: usize = FRAME / 3;

/// Converts a whole recording between any two rates in Hz. Equal or zero rates give a copy.
#[must_use]
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 || samples.is_empty() {
        return samples.to_vec();
    }
    let ratio = f64::from(to) / f64::from(from);
    let count = (samples.len() as f64 * ratio).round() as usize;
    let cutoff = ratio.min(1.0) * PASS;
    let reach = CROSSINGS / cutoff;
    (0..count)
        .map(|i| {
            let centre = i as f64 / ratio;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(samples.len() - 1);
            let sum: f64 = (first..=last)
                .map(|k| f64::from(samples[k]) * tap(k as f64 - centre, cutoff, reach))
                .sum();
            to_i16(sum as f32)
        })
        .collect()
}

/// Converts a recording of any rate in Hz to 48 kHz.
#[must_use]
pub fn to_48k(samples: &[i16], from: u32) -> Vec<i16> {
    resample(samples, from, SAMPLE_RATE)
}

/// Windowed sinc at distance `x` (in input samples) from its centre.
fn tap(x: f64, cutoff: f64, reach: f64) -> f64 {
    if x.abs() >= reach {
        return 0.0;
    }
    let arm = PI * x * cutoff;
    let sinc = if arm.abs() < 1e-9 { 1.0 } else { arm.sin() / arm };
    // Blackman window: side lobes below −70 dB.
    let w = PI * x / reach;
    cutoff * sinc * (0.42 + 0.5 * w.cos() + 0.08 * (2.0 * w).cos())
}

/// 48 kHz frames to 16 kHz, frame by frame without a seam. Delays by half its filter: 1.6 ms.
#[derive(Debug, Clone)]
pub struct To16k {
    taps: Vec<f32>,
    history: Vec<i16>,
}

impl Default for To16k {
    fn default() -> Self {
        let cutoff = PASS / 3.0;
        let reach = CROSSINGS / cutoff;
        let half = reach as i64;
        let taps: Vec<f32> = (-half..=half).map(|x| tap(x as f64, cutoff, reach) as f32).collect();
        Self { history: vec![0; taps.len() - 1], taps }
    }
}

impl To16k {
    /// A converter at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next 20 ms at 16 kHz.
    pub fn push(&mut self, frame: &Frame) -> [i16; FRAME_16K] {
        self.history.extend_from_slice(&frame.0);
        let mut out = [0; FRAME_16K];
        for (i, sample) in out.iter_mut().enumerate() {
            let window = &self.history[i * 3..i * 3 + self.taps.len()];
            let sum: f32 = window.iter().zip(&self.taps).map(|(s, t)| f32::from(*s) * t).sum();
            *sample = to_i16(sum);
        }
        self.history.drain(..FRAME);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::rms_dbfs;
    use crate::tone::{Sine, collect};

    fn sine(hz: f32, frames: usize) -> Vec<i16> {
        let mut sine = Sine::new(hz, -12.0);
        collect(frames, || sine.next_frame())
    }

    #[test]
    fn a_tone_keeps_its_level_there_and_back() {
        let there = resample(&sine(1000.0, 25), 48_000, 16_000);
        assert_eq!(there.len(), 8_000);
        assert!((rms_dbfs(&there[500..7500]) + 15.0).abs() < 0.1);
        let back = to_48k(&there, 16_000);
        assert_eq!(back.len(), 24_000);
        assert!((rms_dbfs(&back[2000..22_000]) + 15.0).abs() < 0.1);
        let cd = to_48k(&sine(1000.0, 25), 44_100);
        assert!((rms_dbfs(&cd[2000..22_000]) + 15.0).abs() < 0.1);
    }

    #[test]
    fn what_16_khz_cannot_carry_is_gone_and_does_not_fold_back() {
        let folded = resample(&sine(10_000.0, 25), 48_000, 16_000);
        assert!(rms_dbfs(&folded[500..7500]) < -75.0);
    }

    #[test]
    fn frame_by_frame_equals_the_whole() {
        let pcm = sine(700.0, 20);
        let mut converter = To16k::new();
        let stream: Vec<i16> = pcm
            .chunks(FRAME)
            .flat_map(|chunk| converter.push(&Frame::from_samples(chunk)))
            .collect();
        assert_eq!(stream.len(), pcm.len() / 3);
        assert!((rms_dbfs(&stream[500..]) + 15.0).abs() < 0.1);
    }

    #[test]
    fn odd_input_is_taken_as_it_is() {
        assert!(resample(&[], 8_000, 48_000).is_empty());
        assert_eq!(resample(&[1, 2], 0, 48_000), [1, 2]);
    }
}
