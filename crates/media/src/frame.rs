//! The one sound format of the product: 20 ms of 48 kHz mono 16-bit samples.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// Samples a second, everywhere between decoder and encoder.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one [`Frame`]: 20 ms.
pub const FRAME: usize = 960;

/// How long one [`Frame`] sounds.
pub const FRAME_DURATION: Duration = Duration::from_millis(20);

/// What [`Frame::rms_dbfs`] says of digital silence, in dB relative to full scale.
pub const SILENCE_DBFS: f32 = -120.0;

/// 20 ms of sound: [`FRAME`] samples at [`SAMPLE_RATE`].
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(pub [i16; FRAME]);

impl Frame {
    /// Digital silence.
    pub const SILENCE: Frame = Frame([0; FRAME]);

    /// Digital silence.
    #[must_use]
    pub fn silence() -> Self {
        Self::SILENCE
    }

    /// The samples given, cut at [`FRAME`] or filled up with silence.
    #[must_use]
    pub fn from_samples(samples: &[i16]) -> Self {
        let mut frame = Self::SILENCE;
        let count = samples.len().min(FRAME);
        frame.0[..count].copy_from_slice(&samples[..count]);
        frame
    }

    /// Level as root mean square, in dB relative to a full-scale square wave (so a full-scale
    /// sine is −3 dBFS); [`SILENCE_DBFS`] at the least.
    #[must_use]
    pub fn rms_dbfs(&self) -> f32 {
        rms_dbfs(&self.0)
    }

    /// Adds `other` sample by sample, saturating.
    pub fn mix(&mut self, other: &Frame) {
        for (sample, add) in self.0.iter_mut().zip(&other.0) {
            *sample = sample.saturating_add(*add);
        }
    }

    /// Multiplies by `gain` (1.0 changes nothing), saturating.
    pub fn scale(&mut self, gain: f32) {
        for sample in &mut self.0 {
            *sample = to_i16(f32::from(*sample) * gain);
        }
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self::SILENCE
    }
}

impl Deref for Frame {
    type Target = [i16; FRAME];
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Frame {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<[i16; FRAME]> for Frame {
    fn from(samples: [i16; FRAME]) -> Self {
        Self(samples)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A voice is personal: only its level is shown.
        write!(f, "Frame({:.1} dBFS)", self.rms_dbfs())
    }
}

/// Level of any number of samples, as [`Frame::rms_dbfs`].
#[must_use]
pub fn rms_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    let rms = (sum / samples.len() as f64).sqrt() / 32_768.0;
    if rms <= 0.0 { SILENCE_DBFS } else { (20.0 * rms.log10()).max(f64::from(SILENCE_DBFS)) as f32 }
}

/// Amplitude of a sine whose *peak* lies `dbfs` below full scale, in sample units.
#[must_use]
pub fn peak_of_dbfs(dbfs: f32) -> f32 {
    32_767.0 * 10f32.powf(dbfs / 20.0)
}

/// Rounds to a sample, saturating (`as` saturates on floats).
#[must_use]
pub(crate) fn to_i16(value: f32) -> i16 {
    value.round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_a_square_wave_have_the_levels_they_should() {
        assert_eq!(Frame::silence().rms_dbfs(), SILENCE_DBFS);
        let square = Frame([i16::MAX; FRAME]);
        assert!(square.rms_dbfs().abs() < 0.01);
    }

    #[test]
    fn mixing_saturates_instead_of_wrapping() {
        let mut loud = Frame([30_000; FRAME]);
        loud.mix(&Frame([30_000; FRAME]));
        assert_eq!(loud[0], i16::MAX);
    }

    #[test]
    fn a_frame_in_a_log_shows_its_level_and_nothing_spoken() {
        assert_eq!(format!("{:?}", Frame::silence()), "Frame(-120.0 dBFS)");
    }
}
