//! Rates other than 48 kHz.

use crate::{FRAME, Frame, SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Long enough for speech at 44.1 kHz and 16 kHz, short enough to add 1.3 ms only.
const SINC: SincInterpolationParameters = SincInterpolationParameters {
    sinc_len: 128,
    f_cutoff: Some(0.94),
    interpolation: SincInterpolationType::Linear,
    oversampling_factor: 128,
    window: WindowFunction::BlackmanHarris2,
};

/// Turns a device's rate into frames, or frames into a device's rate. Allocates when made, not
/// when used.
pub(crate) struct Rate {
    inner: Async<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Rate {
    /// From `rate` to frames of 48 kHz; none when nothing has to be done.
    pub(crate) fn to_frames(rate: u32) -> Option<Self> {
        Self::new(f64::from(SAMPLE_RATE) / f64::from(rate), FixedAsync::Output)
    }

    /// From frames of 48 kHz to `rate`; none when nothing has to be done.
    pub(crate) fn from_frames(rate: u32) -> Option<Self> {
        Self::new(f64::from(rate) / f64::from(SAMPLE_RATE), FixedAsync::Input)
    }

    fn new(ratio: f64, fixed: FixedAsync) -> Option<Self> {
        if (ratio - 1.0).abs() < f64::EPSILON {
            return None;
        }
        let inner = Async::new_sinc(ratio, 1.0, &SINC, FRAME, 1, fixed)
            .expect("ratio and sizes are positive and finite");
        let (input, output) =
            (vec![0.0; inner.input_frames_max()], vec![0.0; inner.output_frames_max()]);
        Some(Self { inner, input, output })
    }

    /// Samples that the next [`run`](Self::run) takes.
    pub(crate) fn needs(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// Takes [`needs`](Self::needs) samples; what is missing counts as silence.
    pub(crate) fn run(&mut self, samples: &[i16]) -> &[f32] {
        let needs = self.needs();
        for (n, slot) in self.input[..needs].iter_mut().enumerate() {
            *slot = f32::from(samples.get(n).copied().unwrap_or(0));
        }
        let out = self.inner.output_frames_next();
        let source = SequentialSlice::new(&self.input[..needs], 1, needs);
        let target = SequentialSlice::new_mut(&mut self.output[..out], 1, out);
        let (Ok(source), Ok(mut target)) = (source, target) else { return &[] };
        match self.inner.process_into_buffer(&source, &mut target, None) {
            Ok((_, made)) => &self.output[..made],
            Err(_) => &[],
        }
    }
}

/// A sample of f32 in the range of i16, back to i16.
pub(crate) fn to_i16(sample: f32) -> i16 {
    sample.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}

/// A whole sound of any rate to 48 kHz.
pub(crate) fn to_48k(samples: Vec<i16>, rate: u32) -> Vec<i16> {
    let Some(mut resampler) = Rate::to_frames(rate) else { return samples };
    let length = samples.len() as u64 * u64::from(SAMPLE_RATE) / u64::from(rate.max(1));
    let delay = resampler.inner.output_delay();
    let mut out = Vec::with_capacity(length as usize + delay + FRAME);
    let mut rest = &samples[..];
    while out.len() < length as usize + delay {
        let (now, after) = rest.split_at(resampler.needs().min(rest.len()));
        let made = resampler.run(now);
        if made.is_empty() {
            break;
        }
        out.extend(made.iter().map(|&s| to_i16(s)));
        rest = after;
    }
    out.drain(..delay.min(out.len()));
    out.truncate(length as usize);
    out
}

/// 48 kHz to 16 kHz: a linear-phase low-pass at 7.2 kHz (−6 dB) and every third sample. What would
/// fold into speech (above 8.9 kHz) is 70 dB down.
pub struct Decimator {
    taps: [f32; Self::TAPS],
    history: Vec<f32>,
}

impl Decimator {
    const TAPS: usize = 121;

    /// Samples of 16 kHz in one frame.
    pub const OUT: usize = FRAME / 3;

    /// A decimator that has heard silence so far. Its output is 1.25 ms late.
    pub fn new() -> Self {
        let centre = (Self::TAPS - 1) as f32 / 2.0;
        let cutoff = 7_200.0 / SAMPLE_RATE as f32;
        let mut taps: [f32; Self::TAPS] = std::array::from_fn(|n| {
            let t = n as f32 - centre;
            let sinc = if t == 0.0 {
                2.0 * cutoff
            } else {
                (std::f32::consts::TAU * cutoff * t).sin() / (std::f32::consts::PI * t)
            };
            let x = std::f32::consts::TAU * n as f32 / (Self::TAPS - 1) as f32;
            sinc * (0.42 - 0.5 * x.cos() + 0.08 * (2.0 * x).cos())
        });
        let sum: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= sum);
        Self { taps, history: vec![0.0; Self::TAPS - 1 + FRAME] }
    }

    /// One frame of 48 kHz to 320 samples of 16 kHz.
    pub fn run(&mut self, frame: &Frame) -> [i16; Self::OUT] {
        for (slot, &sample) in self.history[Self::TAPS - 1..].iter_mut().zip(frame) {
            *slot = f32::from(sample);
        }
        let out = std::array::from_fn(|n| {
            let window = &self.history[3 * n..3 * n + Self::TAPS];
            to_i16(window.iter().zip(&self.taps).map(|(s, t)| s * t).sum())
        });
        self.history.copy_within(FRAME.., 0);
        out
    }
}

impl Default for Decimator {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, samples: usize) -> Vec<i16> {
        let angle = |n: usize| std::f64::consts::TAU * hz * n as f64 / f64::from(rate);
        (0..samples).map(|n| (16_000.0 * angle(n).sin()).round() as i16).collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    fn decimated(hz: f64) -> Vec<i16> {
        let mut decimator = Decimator::new();
        tone(hz, 48_000, 50 * FRAME)
            .chunks_exact(FRAME)
            .flat_map(|c| decimator.run(c.try_into().expect("a frame")))
            .collect()
    }

    #[test]
    fn decimation_keeps_speech_and_stops_what_would_alias() {
        let full = 16_000.0 / 2_f64.sqrt();
        for hz in [300.0, 1000.0, 3400.0, 6000.0] {
            let level = 20.0 * (rms(&decimated(hz)[320..]) / full).log10();
            assert!(level.abs() < 0.5, "{hz} Hz comes out at {level} dB");
        }
        for hz in [9_500.0, 12_000.0, 15_500.0, 20_000.0] {
            let level = 20.0 * (rms(&decimated(hz)[320..]).max(0.1) / full).log10();
            assert!(level < -65.0, "{hz} Hz comes out at {level} dB");
        }
    }

    #[test]
    fn any_rate_comes_out_at_48_khz_with_its_pitch_and_its_time() {
        for rate in [8_000, 16_000, 22_050, 44_100, 96_000] {
            let out = to_48k(tone(440.0, rate, rate as usize), rate);
            assert_eq!(out.len(), 48_000, "{rate}");
            let want = tone(440.0, 48_000, 48_000);
            // A resampler's delay is a whole number of its own samples: ±40 µs are nothing here.
            let snr = |shift: usize| {
                let pairs = out[2..].iter().zip(&want[shift..]).skip(4800).take(38_000);
                let error: Vec<i16> = pairs.map(|(a, b)| a.saturating_sub(*b)).collect();
                20.0 * (rms(&want) / rms(&error)).log10()
            };
            let best = (0..=4).map(snr).fold(f64::MIN, f64::max);
            assert!(best > 30.0, "{rate} Hz: {best} dB");
        }
    }
}
