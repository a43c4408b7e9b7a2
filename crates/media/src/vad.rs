//! Was somebody heard? Decides whether a Polres that answered has said something.
//!
//! A frame counts when it lies over an adaptive floor, and speech is found when at least 200 ms
//! of such frames fell within one second *and their level moves* as syllables do. The second
//! condition keeps out what is merely loud: line noise, mains hum, ringback, and the steady pilot
//! tones of simulated operators, alone or two at a time. Hold music may pass for speech: this
//! looks at one party's own voice, which never carries any.

use std::collections::VecDeque;

use crate::frame::Frame;

/// Frames looked back on: 1 s.
const WINDOW: usize = 50;
/// Frames over the threshold that are needed within the window: 200 ms.
const NEEDED: usize = 10;
/// Nothing quieter than this is speech, in dBFS.
const QUIETEST: f32 = -50.0;
/// How far over the floor a frame must lie, in dB.
const OVER_FLOOR: f32 = 4.0;
/// The floor never rises above this, in dBFS, so that constant talk is not taken for noise.
const HIGHEST_FLOOR: f32 = -40.0;
/// How fast the floor rises, in dB a frame (6 dB/s); it falls at once.
const FLOOR_RISE: f32 = 0.12;
/// How much the level of the frames that count must move, in dB between their 15th and 85th
/// percentile. A steady tone stays within 1 dB, two beating pilots within 2, and a second pilot that
/// joins a first is a step of 3.
const MOVEMENT: f32 = 4.0;

/// Finds speech in a stream of frames.
#[derive(Debug, Clone)]
pub struct SpeechDetector {
    floor: f32,
    /// Level of each frame of the window that counts, `None` for the others.
    counting: VecDeque<Option<f32>>,
    heard: bool,
}

impl Default for SpeechDetector {
    fn default() -> Self {
        Self { floor: -60.0, counting: VecDeque::with_capacity(WINDOW), heard: false }
    }
}

impl SpeechDetector {
    /// A detector that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next 20 ms; whether there is speech within the last second.
    pub fn push(&mut self, frame: &Frame) -> bool {
        let level = frame.rms_dbfs();
        let threshold = (self.floor + OVER_FLOOR).max(QUIETEST);
        if self.counting.len() == WINDOW {
            self.counting.pop_front();
        }
        self.counting.push_back((level > threshold).then_some(level));
        self.floor = level.max(-90.0).min(self.floor + FLOOR_RISE).min(HIGHEST_FLOOR);

        let mut levels: Vec<f32> = self.counting.iter().copied().flatten().collect();
        if levels.len() < NEEDED {
            return false;
        }
        levels.sort_by(f32::total_cmp);
        let at = |percent: usize| levels[(levels.len() - 1) * percent / 100];
        let speech = at(85) - at(15) >= MOVEMENT;
        self.heard |= speech;
        speech
    }

    /// Whether speech was ever found.
    #[must_use]
    pub fn heard(&self) -> bool {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Ringback, Sine, test_voice};

    /// White noise at `dbfs` rms.
    fn noise(dbfs: f32) -> impl FnMut() -> Frame {
        let mut state = 12_345u32;
        let amplitude = 32_768.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
        move || {
            let mut frame = Frame::silence();
            for sample in frame.iter_mut() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (((state >> 8) as f32 / (1u32 << 23) as f32 - 1.0) * amplitude) as i16;
            }
            frame
        }
    }

    fn heard_after(frames: usize, mut next: impl FnMut() -> Frame) -> Option<usize> {
        let mut detector = SpeechDetector::new();
        (0..frames).find(|_| detector.push(&next()))
    }

    #[test]
    fn a_voice_is_heard_within_a_second_with_and_without_a_pilot_under_it() {
        for seed in 1..8 {
            let mut voice = test_voice(seed);
            let at = heard_after(100, || voice.next_frame());
            assert!(at.is_some_and(|f| f < 50), "seed {seed}: {at:?}");
            let (mut voice, mut pilot) = (test_voice(seed), Sine::new(660.0, -35.0));
            let at = heard_after(100, || {
                let mut frame = voice.next_frame();
                frame.mix(&pilot.next_frame());
                frame
            });
            assert!(at.is_some_and(|f| f < 50), "seed {seed} with pilot: {at:?}");
        }
    }

    #[test]
    fn a_voice_that_starts_after_a_long_hum_is_heard() {
        let (mut voice, mut pilot, mut at) = (test_voice(2), Sine::new(440.0, -35.0), 0);
        let heard = heard_after(600, || {
            at += 1;
            let mut frame = pilot.next_frame();
            if at > 400 {
                frame.mix(&voice.next_frame());
            }
            frame
        });
        assert!(heard.is_some_and(|f| (400..460).contains(&f)), "{heard:?}");
    }

    #[test]
    fn line_noise_is_not_speech_whether_soft_or_loud() {
        assert_eq!(heard_after(1500, noise(-60.0)), None);
        assert_eq!(heard_after(1500, noise(-35.0)), None);
        assert_eq!(heard_after(1500, Frame::silence), None);
    }

    #[test]
    fn steady_pilots_and_ringback_are_not_speech() {
        let mut one = Sine::new(660.0, -35.0);
        assert_eq!(heard_after(1500, || one.next_frame()), None);
        let (mut one, mut two, mut wait) = (Sine::new(660.0, -35.0), Sine::new(440.0, -35.0), 0);
        let both = || {
            wait += 1;
            let mut frame = if wait > 37 { one.next_frame() } else { Frame::silence() };
            frame.mix(&two.next_frame());
            frame
        };
        // One pilot is joined by a second: a single step is not yet speech.
        assert_eq!(heard_after(1500, both), None);
        let mut ringback = Ringback::new(-20.0);
        assert_eq!(heard_after(1500, || ringback.next_frame()), None);
    }
}
