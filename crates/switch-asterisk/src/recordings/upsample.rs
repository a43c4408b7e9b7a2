//! From 16 kHz to the 48 kHz that a recording is coded at.

use siaga_recording::{FRAME, Frame};

/// Samples of one channel in 20 ms at 16 kHz.
pub(super) const RAW_FRAME: usize = FRAME / 3;
/// Taps for each of the three phases: an image of what lies above 8 kHz is down by 50 dB.
const TAPS: usize = 16;

/// A windowed sinc in three phases. It keeps what it needs of the last frame; the delay is half its
/// length, 0.5 ms.
pub(super) struct Upsampler {
    phases: [[f32; TAPS]; 3],
    history: [f32; TAPS],
}

impl Upsampler {
    pub(super) fn new() -> Self {
        let length = (TAPS * 3) as f32;
        let middle = (length - 1.0) / 2.0;
        let mut phases = [[0.0; TAPS]; 3];
        for (phase, taps) in phases.iter_mut().enumerate() {
            for (k, tap) in taps.iter_mut().enumerate() {
                let n = (k * 3 + phase) as f32;
                let x = (n - middle) / 3.0;
                let sinc = if x == 0.0 {
                    1.0
                } else {
                    (std::f32::consts::PI * x).sin() / (std::f32::consts::PI * x)
                };
                let turn = std::f32::consts::TAU * (n + 0.5) / length;
                let blackman = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
                *tap = sinc * blackman;
            }
            let sum: f32 = taps.iter().sum();
            for tap in taps.iter_mut() {
                *tap /= sum;
            }
        }
        Self { phases, history: [0.0; TAPS] }
    }

    pub(super) fn push(&mut self, raw: &[i16; RAW_FRAME]) -> Frame {
        let mut frame = [0; FRAME];
        for (sample, out) in raw.iter().zip(frame.chunks_exact_mut(3)) {
            self.history.rotate_right(1);
            self.history[0] = f32::from(*sample);
            for (taps, out) in self.phases.iter().zip(out) {
                let value: f32 = taps.iter().zip(&self.history).map(|(tap, x)| tap * x).sum();
                *out = value.round().clamp(-32_768.0, 32_767.0) as i16;
            }
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::goertzel::power_dbfs;

    #[test]
    fn a_tone_stays_what_it_is_and_gets_no_image() {
        let mut upsampler = Upsampler::new();
        let mut out = Vec::new();
        for frame in 0..25 {
            let mut raw = [0; RAW_FRAME];
            for (k, sample) in raw.iter_mut().enumerate() {
                let t = (frame * RAW_FRAME + k) as f32 / 16_000.0;
                *sample = (8_000.0 * (std::f32::consts::TAU * 1_000.0 * t).sin()) as i16;
            }
            out.extend_from_slice(&upsampler.push(&raw));
        }
        let steady = &out[FRAME..];
        let tone = power_dbfs(steady, 1_000.0);
        for image in [15_000.0, 17_000.0] {
            let below = tone - power_dbfs(steady, image);
            assert!(below > 45.0, "{image} Hz is only {below} dB below the tone");
        }
        let rms = siaga_media::frame::rms_dbfs(steady);
        let wanted = siaga_media::frame::rms_dbfs(&[8_000]) - 3.01;
        assert!((rms - wanted).abs() < 0.3, "{rms} instead of {wanted}");
    }
}
