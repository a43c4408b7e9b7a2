//! Sounds we make ourselves: sines, the Indonesian ringback, hold music, and speech-like noise
//! for tests and benchmarks. Each is an endless source of frames with a phase that never jumps.

use std::f32::consts::TAU;
use std::sync::Arc;

use crate::frame::{Frame, SAMPLE_RATE, peak_of_dbfs, to_i16};

/// Frequency of the Indonesian ringback tone in Hz (ITU-T E.180 supplement 2).
pub const RINGBACK_HZ: f32 = 425.0;

/// Ringback cadence in frames: 1 s on, 4 s off.
const RINGBACK_ON: u32 = 50;
const RINGBACK_PERIOD: u32 = 250;

/// Fade at each edge of a ringback burst, in samples: 5 ms, so that it does not click.
const EDGE: usize = 240;

/// A sine of one frequency and level.
#[derive(Debug, Clone)]
pub struct Sine {
    /// Turn of the phase in one sample, and where it stands, both in turns.
    step: f32,
    phase: f32,
    amplitude: f32,
}

impl Sine {
    /// A sine of `hz` whose *peak* lies at `dbfs` (0 or less).
    #[must_use]
    pub fn new(hz: f32, dbfs: f32) -> Self {
        Self { step: hz / SAMPLE_RATE as f32, phase: 0.0, amplitude: peak_of_dbfs(dbfs.min(0.0)) }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::silence();
        for sample in frame.iter_mut() {
            *sample = to_i16(self.next_sample());
        }
        frame
    }

    fn next_sample(&mut self) -> f32 {
        let value = (self.phase * TAU).sin() * self.amplitude;
        self.phase = (self.phase + self.step).fract();
        value
    }
}

/// What a caller hears while the other end rings: 425 Hz, 1 s on, 4 s off.
#[derive(Debug, Clone)]
pub struct Ringback {
    sine: Sine,
    frame: u32,
}

impl Ringback {
    /// A ringback at `dbfs` peak that starts with sound.
    #[must_use]
    pub fn new(dbfs: f32) -> Self {
        Self { sine: Sine::new(RINGBACK_HZ, dbfs), frame: 0 }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let at = self.frame;
        self.frame = (self.frame + 1) % RINGBACK_PERIOD;
        if at >= RINGBACK_ON {
            return Frame::silence();
        }
        let mut frame = self.sine.next_frame();
        if at == 0 {
            for (i, sample) in frame.iter_mut().take(EDGE).enumerate() {
                *sample = to_i16(f32::from(*sample) * i as f32 / EDGE as f32);
            }
        }
        if at == RINGBACK_ON - 1 {
            for (i, sample) in frame.iter_mut().rev().take(EDGE).enumerate() {
                *sample = to_i16(f32::from(*sample) * i as f32 / EDGE as f32);
            }
        }
        frame
    }
}

/// Music on hold: a recording that repeats, or a soft chord progression of our own.
#[derive(Debug, Clone)]
pub struct HoldMusic {
    source: MusicSource,
    at: usize,
}

#[derive(Debug, Clone)]
enum MusicSource {
    Recording(Arc<[i16]>),
    Chords { amplitude: f32 },
}

/// Notes of the chords, in Hz: C, A minor, F, G, each 2.4 s, low and close so as to stay calm.
pub const CHORDS: [[f32; 3]; 4] = [
    [261.63, 329.63, 392.00],
    [220.00, 261.63, 329.63],
    [174.61, 220.00, 261.63],
    [196.00, 246.94, 293.66],
];
const CHORD_SAMPLES: usize = 2 * 48_000 + 19_200;

impl HoldMusic {
    /// Plays `samples` (48 kHz mono) over and over; chords when there are none.
    #[must_use]
    pub fn from_recording(samples: Arc<[i16]>) -> Self {
        if samples.is_empty() {
            return Self::chords(-24.0);
        }
        Self { source: MusicSource::Recording(samples), at: 0 }
    }

    /// A slow chord progression with its peak at `dbfs`.
    #[must_use]
    pub fn chords(dbfs: f32) -> Self {
        Self { source: MusicSource::Chords { amplitude: peak_of_dbfs(dbfs.min(0.0)) / 3.0 }, at: 0 }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::silence();
        for sample in frame.iter_mut() {
            match &self.source {
                MusicSource::Recording(samples) => {
                    *sample = samples[self.at];
                    self.at = (self.at + 1) % samples.len();
                }
                MusicSource::Chords { amplitude } => {
                    *sample = to_i16(chord_sample(self.at) * amplitude);
                    self.at = (self.at + 1) % (CHORD_SAMPLES * CHORDS.len());
                }
            }
        }
        frame
    }
}

fn chord_sample(at: usize) -> f32 {
    let chord = &CHORDS[(at / CHORD_SAMPLES) % CHORDS.len()];
    let inside = at % CHORD_SAMPLES;
    let seconds = inside as f32 / SAMPLE_RATE as f32;
    // Every chord swells and dies away to nothing, so that none clicks into the next.
    let swell = (std::f32::consts::PI * inside as f32 / CHORD_SAMPLES as f32).sin();
    chord.iter().map(|hz| (TAU * hz * seconds).sin()).sum::<f32>() * swell
}

/// Something that sounds like a voice to codecs and detectors: a glottal pulse train with a
/// moving pitch through three formants, in syllables with pauses between. Seeded, never the same
/// twice; for tests, benchmarks and training without recordings.
#[derive(Debug, Clone)]
pub struct VoiceLike {
    random: u32,
    at: u64,
    phase: f32,
    pitch: f32,
    syllable_end: u64,
    pause_end: u64,
    syllable_start: u64,
    formants: [Resonator; 3],
}

#[derive(Debug, Clone, Copy)]
struct Resonator {
    a1: f32,
    a2: f32,
    gain: f32,
    y1: f32,
    y2: f32,
}

impl Resonator {
    fn tuned(hz: f32, bandwidth: f32) -> Self {
        let r = (-std::f32::consts::PI * bandwidth / SAMPLE_RATE as f32).exp();
        let a1 = 2.0 * r * (TAU * hz / SAMPLE_RATE as f32).cos();
        Self { a1, a2: -r * r, gain: 1.0 - r, y1: 0.0, y2: 0.0 }
    }

    fn retune(&mut self, hz: f32, bandwidth: f32) {
        let fresh = Self::tuned(hz, bandwidth);
        (self.a1, self.a2, self.gain) = (fresh.a1, fresh.a2, fresh.gain);
    }

    fn run(&mut self, x: f32) -> f32 {
        let y = self.gain * x + self.a1 * self.y1 + self.a2 * self.y2;
        (self.y2, self.y1) = (self.y1, y);
        y
    }
}

/// A speech-like source with a level around −20 dBFS rms.
#[must_use]
pub fn test_voice(seed: u32) -> VoiceLike {
    VoiceLike {
        random: seed.wrapping_mul(2_654_435_761) | 1,
        at: 0,
        phase: 0.0,
        pitch: 120.0,
        syllable_end: 0,
        pause_end: 0,
        syllable_start: 0,
        formants: [
            Resonator::tuned(600.0, 80.0),
            Resonator::tuned(1400.0, 100.0),
            Resonator::tuned(2600.0, 150.0),
        ],
    }
}

impl VoiceLike {
    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::silence();
        for sample in frame.iter_mut() {
            *sample = to_i16(self.next_sample());
        }
        frame
    }

    fn uniform(&mut self, low: f32, high: f32) -> f32 {
        // xorshift32: enough for noise, and the same everywhere.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        low + (high - low) * (self.random >> 8) as f32 / (1u32 << 24) as f32
    }

    fn next_sample(&mut self) -> f32 {
        if self.at >= self.pause_end {
            self.syllable_start = self.at;
            self.syllable_end = self.at + self.uniform(6_000.0, 14_000.0) as u64;
            self.pause_end = self.syllable_end + self.uniform(500.0, 6_000.0) as u64;
            self.pitch = self.uniform(100.0, 200.0);
            let (f1, f2) = (self.uniform(300.0, 800.0), self.uniform(900.0, 2_200.0));
            self.formants[0].retune(f1, 80.0);
            self.formants[1].retune(f2, 100.0);
        }
        let voiced = self.at < self.syllable_end;
        let done = (self.at - self.syllable_start) as f32
            / (self.syllable_end - self.syllable_start).max(1) as f32;
        let envelope = if voiced { (std::f32::consts::PI * done.min(1.0)).sin() } else { 0.0 };
        let glide = self.pitch * (1.1 - 0.2 * done.min(1.0));
        self.phase += glide / SAMPLE_RATE as f32;
        let mut pulse = 0.0;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            pulse = 1.0;
        }
        let breath = self.uniform(-0.02, 0.02);
        let excitation = (pulse * 40.0 + breath) * envelope;
        let sum: f32 = self.formants.iter_mut().map(|f| f.run(excitation)).sum();
        self.at += 1;
        (sum * 6_000.0).clamp(-20_000.0, 20_000.0)
    }
}

/// Seconds of a source as one vector, for tests that compare signals.
#[cfg(test)]
pub(crate) fn collect(frames: usize, mut next: impl FnMut() -> Frame) -> Vec<i16> {
    (0..frames).flat_map(|_| next().0).collect::<Vec<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::power_dbfs;

    #[test]
    fn a_sine_has_its_level_and_its_frequency() {
        let mut sine = Sine::new(440.0, -35.0);
        let pcm = collect(10, || sine.next_frame());
        assert!((crate::frame::rms_dbfs(&pcm) + 38.0).abs() < 0.2);
        assert!((power_dbfs(&pcm, 440.0) + 35.0).abs() < 0.3);
    }

    #[test]
    fn ringback_sounds_one_second_in_five() {
        let mut tone = Ringback::new(-20.0);
        let heard: Vec<bool> = (0..500).map(|_| tone.next_frame().rms_dbfs() > -40.0).collect();
        assert!(heard[..50].iter().all(|on| *on) && heard[50..250].iter().all(|on| !on));
        assert!(heard[250..300].iter().all(|on| *on) && heard[300..].iter().all(|on| !on));
    }

    #[test]
    fn hold_music_is_heard_all_the_time_but_for_the_breath_between_chords() {
        let mut music = HoldMusic::chords(-18.0);
        let mut quiet = 0;
        let mut longest = 0;
        for _ in 0..1000 {
            quiet = if music.next_frame().rms_dbfs() < -50.0 { quiet + 1 } else { 0 };
            longest = longest.max(quiet);
        }
        assert!(longest <= 5, "{longest} frames of silence");
    }

    #[test]
    fn a_recording_repeats_without_a_gap() {
        let samples: Arc<[i16]> = (0..1000i16).collect();
        let mut music = HoldMusic::from_recording(samples);
        let pcm = collect(5, || music.next_frame());
        assert!(pcm.iter().enumerate().all(|(i, s)| usize::try_from(*s) == Ok(i % 1000)));
    }

    #[test]
    fn the_voice_like_source_has_the_level_of_speech() {
        let mut voice = test_voice(3);
        let pcm = collect(250, || voice.next_frame());
        let level = crate::frame::rms_dbfs(&pcm);
        assert!((-32.0..-12.0).contains(&level), "{level}");
    }
}
