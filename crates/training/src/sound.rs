//! What simulated people say, and what they hear.

use siaga_audio_devices::{AudioIn, AudioOut, Frame};
use siaga_media::tone::Sine;
use siaga_media::{FRAME, FRAME_DURATION};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The level of the tone that simulated operators hum, so that who is heard can be measured.
pub const PILOT_DBFS: f32 = -35.0;

/// Samples a second of everything here.
pub(crate) const RATE: u32 = 48_000;

/// As long as nothing must come until it counts as a break: longer than any burst that catches up.
pub(crate) const BREAK_SAMPLES: usize = RATE as usize * 2 / 5;

/// Silence between two repetitions of what somebody says.
const PAUSE_SAMPLES: usize = RATE as usize * 6 / 5;

/// Reads a WAV file of any rate as 48 kHz mono.
///
/// # Errors
/// When it cannot be read or holds nothing.
pub fn read_voice(path: &Path) -> anyhow::Result<Arc<[i16]>> {
    Ok(siaga_audio_devices::read_wav(path)?.into())
}

/// As [`read_voice`], from a WAV file in memory.
///
/// # Errors
/// When it is no WAV file.
pub(crate) fn voice_of(wav: &[u8]) -> anyhow::Result<Arc<[i16]>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("voice.wav");
    std::fs::write(&path, wav)?;
    read_voice(&path)
}

/// Samples that are still to be said.
type Lines = Arc<Mutex<VecDeque<i16>>>;

/// Tells a [`Speaker`] what to say.
#[derive(Clone, Debug)]
pub(crate) struct Mouth(Lines);

impl Mouth {
    /// Says this now: whoever is asked something new does not finish the sentence before.
    pub(crate) fn say(&self, line: &[i16]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clear();
        lines.extend(line);
    }
}

/// A person who says the same again and again, with pauses, and may hum.
#[derive(Clone, Debug)]
pub struct Speaker {
    voice: Arc<[i16]>,
    at: usize,
    /// What a [`Mouth`] says over it, once.
    lines: Option<Lines>,
    pilot: Option<Sine>,
    noise: Option<u32>,
}

impl Speaker {
    /// Says `voice` (48 kHz mono); silence when it is empty.
    pub fn new(voice: Arc<[i16]>) -> Self {
        Self { voice, at: 0, lines: None, pilot: None, noise: None }
    }

    /// Says nothing but what its mouth is told to say.
    pub(crate) fn told() -> (Self, Mouth) {
        let lines = Lines::default();
        let mouth = Mouth(lines.clone());
        (Self { lines: Some(lines), ..Self::new(Arc::from([])) }, mouth)
    }

    /// Hums at `hz` and [`PILOT_DBFS`] under it.
    #[must_use]
    pub fn humming(mut self, hz: f32) -> Self {
        self.pilot = Some(Sine::new(hz, PILOT_DBFS));
        self
    }

    /// Breathes and rustles very softly all the time, as every line does, so that a standing line can
    /// be told from a dead one.
    #[must_use]
    pub fn on_a_noisy_line(mut self) -> Self {
        self.noise = Some(0x5EED);
        self
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = [0; FRAME];
        let mut spoken =
            self.lines.as_ref().map(|lines| lines.lock().unwrap_or_else(PoisonError::into_inner));
        for sample in &mut frame {
            *sample = self.voice.get(self.at).copied().unwrap_or(0);
            self.at = (self.at + 1) % (self.voice.len() + PAUSE_SAMPLES);
            if let Some(lines) = &mut spoken {
                *sample = lines.pop_front().unwrap_or(0);
            }
            if let Some(state) = &mut self.noise {
                // xorshift32: a repeatable hiss at about −62 dBFS.
                *state ^= *state << 13;
                *state ^= *state >> 17;
                *state ^= *state << 5;
                *sample = sample.saturating_add((*state % 91) as i16 - 45);
            }
        }
        drop(spoken);
        if let Some(pilot) = &mut self.pilot {
            for (sample, hum) in frame.iter_mut().zip(pilot.next_frame().iter()) {
                *sample = sample.saturating_add(*hum);
            }
        }
        frame
    }
}

impl Speaker {
    /// What they say from now on, frame by frame, for so long.
    pub(crate) fn said_in(&self, time: Duration) -> impl Iterator<Item = Frame> + use<> {
        let mut speaker = self.clone();
        let frames = time.as_millis() / FRAME_DURATION.as_millis();
        (0..frames).map(move |_| speaker.next_frame())
    }
}

impl AudioIn for Speaker {
    fn pull(&mut self) -> Frame {
        self.next_frame()
    }
}

/// Everything that somebody heard, and when its first sample was. Clones share one.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    heard: Arc<Mutex<Heard>>,
}

/// What an [`Ear`] has heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// When the first frame came; `None` before.
    pub since: Option<Instant>,
    /// 48 kHz mono: all of it, without the breaks.
    pub samples: Vec<i16>,
    /// Where nothing came for a while: before which sample, and how many samples of time passed.
    /// Between two calls, or while a line was dead.
    pub breaks: Vec<(usize, usize)>,
}

impl Heard {
    /// On one line of time from `since` on: breaks are silence.
    pub fn timeline(&self) -> Vec<i16> {
        let (mut line, mut from) = (Vec::with_capacity(self.samples.len()), 0);
        for (at, length) in &self.breaks {
            line.extend_from_slice(&self.samples[from..*at]);
            line.resize(line.len() + length, 0);
            from = *at;
        }
        line.extend_from_slice(&self.samples[from..]);
        line
    }

    /// Takes a frame that came at `now`.
    fn take(&mut self, now: Instant, frame: &Frame) {
        let since = *self.since.get_or_insert(now);
        let passed =
            now.saturating_duration_since(since).as_micros() * u128::from(RATE) / 1_000_000;
        let broken: usize = self.breaks.iter().map(|(_, length)| length).sum();
        let missing = (passed as usize).saturating_sub(self.samples.len() + broken);
        // Less than this is the machine's hesitation, and is caught up with in a burst.
        if missing >= BREAK_SAMPLES {
            self.breaks.push((self.samples.len(), missing));
        }
        self.samples.extend_from_slice(frame);
    }
}

impl Ear {
    /// What was heard so far.
    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the first frame came, of those that are not forgotten.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).since
    }

    /// Forgets everything so far.
    pub(crate) fn forget(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Heard::default();
    }

    /// Takes 20 ms.
    pub fn hear(&self, frame: &Frame) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.take(Instant::now(), frame);
    }
}

impl AudioOut for Ear {
    fn push(&mut self, frame: &Frame) {
        self.hear(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_in_what_is_heard_stays_on_the_line_of_time() {
        let (mut heard, start) = (Heard::default(), Instant::now());
        let frames = [0, 20, 40, 41, 1_000, 1_020].map(std::time::Duration::from_millis);
        for at in frames {
            heard.take(start + at, &[7; FRAME]);
        }
        assert_eq!(heard.samples.len(), 6 * FRAME);
        assert_eq!(heard.breaks, [(4 * FRAME, 48_000 - 4 * FRAME)]);
        let line = heard.timeline();
        assert_eq!(line.len(), 48_000 + 2 * FRAME);
        assert!(line[..4 * FRAME].iter().chain(&line[48_000..]).all(|sample| *sample == 7));
        assert!(line[4 * FRAME..48_000].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn a_speaker_repeats_what_it_says_after_a_pause_and_hums_all_the_time() {
        let voice: Arc<[i16]> = vec![1_000; FRAME * 2].into();
        let mut speaker = Speaker::new(voice.clone());
        let frames: Vec<_> = (0..2 + 60 + 2).map(|_| speaker.next_frame()).collect();
        assert!(frames[..2].iter().all(|f| f.iter().all(|s| *s == 1_000)));
        assert!(frames[2..62].iter().all(|f| f.iter().all(|s| *s == 0)));
        assert_eq!(frames[62][0], 1_000);
        let mut humming = Speaker::new(Vec::new().into()).humming(440.0);
        assert!((0..100).all(|_| humming.next_frame().iter().any(|s| *s != 0)));
    }

    #[test]
    fn a_speaker_with_a_mouth_says_what_it_is_told_once_and_breaks_off_for_something_newer() {
        let (mut speaker, mouth) = Speaker::told();
        assert_eq!(speaker.next_frame(), [0; FRAME]);
        mouth.say(&[5; FRAME * 3]);
        assert_eq!(speaker.next_frame(), [5; FRAME]);
        mouth.say(&[7; FRAME]);
        assert_eq!(speaker.next_frame(), [7; FRAME]);
        assert_eq!(speaker.next_frame(), [0; FRAME]);
    }
}
