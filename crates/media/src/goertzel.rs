//! How much of one frequency is in a stretch of sound: finds the pilot tones of simulated
//! operators under their speech.

use std::f64::consts::TAU;

use crate::frame::{SAMPLE_RATE, SILENCE_DBFS};

/// Pilot of the first Polda operator, in Hz.
pub const PILOT_POLDA_HZ: f32 = 440.0;
/// Pilot of the second Polda operator, in Hz.
pub const PILOT_SECOND_HZ: f32 = 550.0;
/// Pilot of the Polres operator, in Hz.
pub const PILOT_POLRES_HZ: f32 = 660.0;
/// Level of a pilot, peak, in dBFS.
pub const PILOT_DBFS: f32 = -35.0;

/// Peak level in dBFS of the sine at `hz` in `samples` (48 kHz): −35 for a sine made with
/// [`crate::tone::Sine::new`]`(hz, -35.0)`. Hann-windowed, so neighbours more than two
/// bins (2 × 48 000 ÷ length, 100 Hz for one frame) away leak less than −30 dB.
#[must_use]
pub fn power_dbfs(samples: &[i16], hz: f32) -> f32 {
    if samples.len() < 2 {
        return SILENCE_DBFS;
    }
    let n = samples.len() as f64;
    let omega = TAU * f64::from(hz) / f64::from(SAMPLE_RATE);
    let coefficient = 2.0 * omega.cos();
    let (mut s1, mut s2, mut weight) = (0.0f64, 0.0f64, 0.0f64);
    for (i, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / n).cos();
        weight += window;
        let s0 = f64::from(*sample) * window + coefficient * s1 - s2;
        (s2, s1) = (s1, s0);
    }
    let power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    let peak = 2.0 * power.max(0.0).sqrt() / weight / 32_768.0;
    if peak <= 0.0 { SILENCE_DBFS } else { (20.0 * peak.log10() as f32).max(SILENCE_DBFS) }
}

/// Follows one frequency through frames, over a window long enough to tell a pilot from a voice.
#[derive(Debug, Clone)]
pub struct ToneMeter {
    hz: f32,
    window: Vec<i16>,
    frames: usize,
}

impl ToneMeter {
    /// A meter for `hz` that looks at the last `frames` frames (5 = 100 ms resolves 20 Hz).
    #[must_use]
    pub fn new(hz: f32, frames: usize) -> Self {
        Self { hz, window: Vec::new(), frames: frames.max(1) }
    }

    /// Takes a frame; peak level of the frequency over the window, in dBFS.
    pub fn push(&mut self, frame: &crate::Frame) -> f32 {
        let length = self.frames * crate::FRAME;
        self.window.extend_from_slice(&frame.0);
        if self.window.len() > length {
            self.window.drain(..self.window.len() - length);
        }
        power_dbfs(&self.window, self.hz)
    }

    /// How far, in dB, the frequency stands out of its surroundings (the mean of four
    /// neighbours, 45 and 75 Hz to each side) over the window: large for a pilot, near 0 for
    /// speech that merely passes by.
    #[must_use]
    pub fn prominence_db(&self) -> f32 {
        let at = power_dbfs(&self.window, self.hz);
        let around = [-75.0, -45.0, 45.0, 75.0]
            .map(|offset| 10f32.powf(power_dbfs(&self.window, self.hz + offset) / 10.0));
        at - 10.0 * (around.iter().sum::<f32>() / 4.0).max(1e-12).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, test_voice};

    #[test]
    fn a_pilot_is_found_and_its_neighbours_are_not() {
        let mut sine = Sine::new(PILOT_SECOND_HZ, PILOT_DBFS);
        let frame = sine.next_frame();
        assert!((power_dbfs(frame.as_slice(), PILOT_SECOND_HZ) - PILOT_DBFS).abs() < 1.0);
        assert!(power_dbfs(frame.as_slice(), PILOT_POLDA_HZ) < PILOT_DBFS - 25.0);
        assert!(power_dbfs(frame.as_slice(), PILOT_POLRES_HZ) < PILOT_DBFS - 25.0);
        assert_eq!(power_dbfs(&[], 440.0), SILENCE_DBFS);
    }

    #[test]
    fn a_pilot_under_speech_stands_out_most_of_the_time() {
        let (mut voice, mut plain) = (test_voice(5), test_voice(5));
        let mut pilot = Sine::new(PILOT_POLRES_HZ, PILOT_DBFS);
        let (mut with, mut without) =
            (ToneMeter::new(PILOT_POLRES_HZ, 10), ToneMeter::new(PILOT_POLRES_HZ, 10));
        let (mut found, mut imagined) = (0, 0);
        for _ in 0..200 {
            let mut frame = voice.next_frame();
            frame.mix(&pilot.next_frame());
            let level = with.push(&frame);
            found += usize::from(level > PILOT_DBFS - 6.0);
            let level = without.push(&plain.next_frame());
            imagined += usize::from(level > PILOT_DBFS - 6.0 && without.prominence_db() > 12.0);
        }
        assert!(found > 170, "{found}");
        assert!(imagined < 40, "{imagined}");
    }
}
