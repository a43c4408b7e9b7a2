//! Figures over synthesized knocks and over everything that must not pass for them. All sound goes
//! through what a call goes through: Opus at 24 kbit/s, packets that are lost, jitter buffer, decoder.

use std::f32::consts::TAU;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::frame::{peak_of_dbfs, to_i16};
use crate::opus::{Encoder, EncoderSettings, MAX_PACKET};
use crate::playout::Playout;
use crate::tone::{HoldMusic, Ringback, test_voice};

const MS: usize = SAMPLE_RATE as usize / 1_000;

struct Random(u32);

impl Random {
    fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 >> 8
    }

    /// −1 to 1.
    fn sample(&mut self) -> f32 {
        self.next() as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * f32::midpoint(self.sample(), 1.0)
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.next() % 100 < percent
    }
}

/// What is knocked at, as its modes: (Hz, time constant in ms, share).
#[derive(Clone, Copy, Debug)]
enum Knocked {
    /// A fingernail at the shell of a telephone: bright and short.
    Shell,
    /// Knuckles at a table on which the telephone lies.
    Table,
    /// A fist at a door: dull and long.
    Door,
}

impl Knocked {
    fn modes(self) -> &'static [(f32, f32, f32)] {
        match self {
            Self::Shell => &[(900.0, 8.0, 0.6), (2_300.0, 6.0, 1.0), (4_100.0, 4.0, 0.5)],
            Self::Table => &[(180.0, 22.0, 1.0), (430.0, 16.0, 0.8), (950.0, 9.0, 0.5)],
            Self::Door => &[(140.0, 32.0, 1.0), (260.0, 28.0, 0.8), (600.0, 14.0, 0.4)],
        }
    }

    /// One knock with its peak at `dbfs`.
    fn sound(self, dbfs: f32, random: &mut Random) -> Vec<f32> {
        let detune = random.between(0.9, 1.1);
        let mut sound: Vec<f32> = (0..250 * MS)
            .map(|n| {
                let t = n as f32 / SAMPLE_RATE as f32;
                let contact = random.sample() * (-t / 0.002).exp() * 0.7;
                let body: f32 = self
                    .modes()
                    .iter()
                    .map(|(hz, ms, share)| {
                        share * (TAU * hz * detune * t).sin() * (-t * 1_000.0 / ms).exp()
                    })
                    .sum();
                (contact + body) * (t / 0.0005).min(1.0)
            })
            .collect();
        let peak = sound.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        for sample in &mut sound {
            *sample *= peak_of_dbfs(dbfs) / peak;
        }
        sound
    }
}

/// White noise at `dbfs` rms.
fn noise(seconds: f32, dbfs: f32, random: &mut Random) -> Vec<i16> {
    let amplitude = 32_768.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
    (0..(seconds * SAMPLE_RATE as f32) as usize)
        .map(|_| to_i16(random.sample() * amplitude))
        .collect()
}

fn add(to: &mut [i16], at: usize, sound: &[f32]) {
    for (sample, add) in to.iter_mut().skip(at).zip(sound) {
        *sample = to_i16(f32::from(*sample) + add);
    }
}

/// Knocks on a quiet line: the first after 1 s, more after each of the gaps, which are in ms.
fn knocks(
    what: Knocked,
    dbfs: f32,
    gaps: &[usize],
    background: f32,
    random: &mut Random,
) -> Vec<i16> {
    let mut line = noise(3.0, background, random);
    // Knocks fall anywhere in a packet.
    let mut at = 1_000 * MS + random.between(0.0, 960.0) as usize;
    add(&mut line, at, &what.sound(dbfs, random));
    for gap in gaps {
        at += gap * MS;
        let louder = random.between(-3.0, 0.0);
        add(&mut line, at, &what.sound(dbfs + louder, random));
    }
    line
}

/// What a switch hears of it: Opus at 24 kbit/s, `loss` percent of the packets lost.
fn over_a_line(sound: &[i16], loss: u32, seed: u32) -> Vec<Frame> {
    let mut random = Random::new(seed ^ 0x1055);
    let mut encoder = Encoder::new(EncoderSettings::default()).unwrap();
    let mut playout = Playout::new().unwrap();
    let (start, mut packet, mut frames) = (Instant::now(), [0; MAX_PACKET], Vec::new());
    for (n, samples) in sound.chunks(FRAME).enumerate() {
        let length = encoder.encode(&Frame::from_samples(samples), &mut packet).unwrap();
        let now = start + Duration::from_millis(20) * n as u32;
        if !random.percent(loss) {
            let bytes = Bytes::copy_from_slice(&packet[..length]);
            playout.insert(now, n as u16, (n * FRAME) as u32, bytes);
        }
        frames.push(playout.pull(now));
    }
    frames
}

fn is_knocked(frames: &[Frame]) -> bool {
    let mut detector = KnockDetector::new();
    frames.iter().filter(|frame| detector.push(frame)).count() > 0
}

/// Of how many of 8 knockings two knocks are told.
fn found(what: Knocked, dbfs: f32, background: f32, loss: u32) -> usize {
    (0..8u32)
        .filter(|seed| {
            let mut random = Random::new(seed * 31 + 7);
            let gap = random.between(140.0, 900.0) as usize;
            let line = knocks(what, dbfs, &[gap], background, &mut random);
            is_knocked(&over_a_line(&line, loss, *seed))
        })
        .count()
}

#[test]
fn two_knocks_are_found_from_soft_to_loud_on_lines_good_and_bad() {
    let mut table = String::new();
    let mut clean = Vec::new();
    let mut lossy = Vec::new();
    for what in [Knocked::Shell, Knocked::Table, Knocked::Door] {
        for dbfs in [-30.0, -18.0, -6.0] {
            let figures = [(-75.0, 0), (-55.0, 0), (-55.0, 5)]
                .map(|(background, loss)| found(what, dbfs, background, loss));
            writeln!(table, "{what:?} {dbfs}: {figures:?} of 8").unwrap();
            clean.extend_from_slice(&figures[..2]);
            lossy.extend_from_slice(&figures[2..]);
        }
    }
    println!("{table}");
    assert!(clean.iter().all(|found| *found >= 7), "{table}");
    assert!(lossy.iter().all(|found| *found >= 5), "{table}");
    let share = |figures: &[usize]| figures.iter().sum::<usize>() * 100 / (8 * figures.len());
    assert!(share(&clean) >= 97 && share(&lossy) >= 92, "{table}");
}

#[test]
fn three_knocks_are_found_where_one_is_lost() {
    let told = (0..40u32)
        .filter(|seed| {
            let mut random = Random::new(seed * 17 + 3);
            let line = knocks(Knocked::Table, -18.0, &[300, 280], -60.0, &mut random);
            is_knocked(&over_a_line(&line, 5, *seed))
        })
        .count();
    assert!(told >= 39, "{told} of 40");
}

#[test]
fn the_two_may_follow_fast_or_slowly_but_not_too_slowly() {
    let told = |gap: usize| {
        let mut line = knocks(Knocked::Table, -15.0, &[gap], -60.0, &mut Random::new(5));
        line.extend(noise(1.0, -60.0, &mut Random::new(6)));
        is_knocked(&over_a_line(&line, 0, 1))
    };
    for gap in [125, 150, 250, 500, 1_000, 1_450] {
        assert!(told(gap), "{gap} ms");
    }
    assert!(!told(1_700));
}

#[test]
fn a_single_bump_is_no_knocking_however_loud() {
    for what in [Knocked::Shell, Knocked::Table, Knocked::Door] {
        for dbfs in [-30.0, -18.0, -6.0, 0.0] {
            for seed in 0..4 {
                let line = knocks(what, dbfs, &[], -60.0, &mut Random::new(seed));
                let loss = 5 * (seed % 2);
                assert!(!is_knocked(&over_a_line(&line, loss, seed)), "{what:?} {dbfs} {seed}");
            }
        }
    }
}

/// The voices of training, at 48 kHz.
fn voices() -> Vec<(String, Vec<i16>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../training/voices");
    let mut voices: Vec<_> = std::fs::read_dir(folder)
        .expect("the voices are there")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "wav"))
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            // 16 kHz mono 16 bit, as their README says; the header is 44 bytes.
            assert_eq!(&bytes[22..28], [1, 0, 0x80, 0x3E, 0, 0]);
            let sound: Vec<i16> =
                bytes[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
            let between = |n: usize| {
                let (a, b) = (f32::from(sound[n / 3]), f32::from(sound[n / 3 + 1]));
                to_i16(a + (b - a) * (n % 3) as f32 / 3.0)
            };
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, (0..3 * (sound.len() - 1)).map(between).collect())
        })
        .collect();
    voices.sort();
    assert!(voices.len() >= 5, "{}", voices.len());
    voices
}

#[test]
fn indonesian_speech_is_no_knocking() {
    let mut told = Vec::new();
    let mut seconds = 0;
    for (name, voice) in voices() {
        for (gain, loss, background) in [(1.0, 0, -75.0), (1.0, 5, -55.0), (0.2, 5, -75.0)] {
            let seed = 7;
            let mut random = Random::new(seed);
            let length = voice.len() as f32 / SAMPLE_RATE as f32;
            let mut line = noise(length + 2.0, background, &mut random);
            let voice: Vec<f32> = voice.iter().map(|s| f32::from(*s) * gain).collect();
            add(&mut line, SAMPLE_RATE as usize, &voice);
            seconds += line.len() / SAMPLE_RATE as usize;
            if is_knocked(&over_a_line(&line, loss, seed)) {
                told.push(format!("{name} × {gain}, {loss} % lost"));
            }
        }
    }
    println!("{seconds} s of speech, told {}", told.len());
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn a_made_up_voice_is_no_knocking() {
    for seed in 1..9 {
        let mut voice = test_voice(seed);
        let line: Vec<i16> = (0..1_000).flat_map(|_| voice.next_frame().0).collect();
        assert!(!is_knocked(&over_a_line(&line, 5 * (seed % 2), seed)), "seed {seed}");
    }
}

#[test]
fn noise_music_tones_and_steps_of_noise_are_no_knocking() {
    let mut random = Random::new(11);
    let silence = vec![0; 20 * SAMPLE_RATE as usize];
    for loss in [0, 5, 20] {
        assert!(!is_knocked(&over_a_line(&silence, loss, 1)), "silence");
        for dbfs in [-70.0, -55.0, -40.0, -25.0] {
            let line = noise(8.0, dbfs, &mut random);
            assert!(!is_knocked(&over_a_line(&line, loss, 2)), "noise at {dbfs}, {loss} % lost");
        }
    }
    // Comfort noise comes and goes.
    let mut line = Vec::new();
    for n in 0..40 {
        let dbfs = if n % 2 == 0 { -48.0 } else { -80.0 };
        line.extend(noise(0.1 + 0.02 * n as f32, dbfs, &mut random));
    }
    assert!(!is_knocked(&over_a_line(&line, 5, 3)), "comfort noise");

    let mut music = HoldMusic::chords(-10.0);
    let line: Vec<i16> = (0..1_500).flat_map(|_| music.next_frame().0).collect();
    assert!(!is_knocked(&over_a_line(&line, 5, 4)), "hold music");
    let mut ring = Ringback::new(-10.0);
    let line: Vec<i16> = (0..1_500).flat_map(|_| ring.next_frame().0).collect();
    assert!(!is_knocked(&over_a_line(&line, 5, 5)), "ringback");
    // A plucked string, which dies away in half a second.
    let mut line = noise(20.0, -70.0, &mut random);
    for n in 0..40 {
        let hz = 220.0 * 1.122f32.powi(n % 12);
        let note: Vec<f32> = (0..24_000)
            .map(|i| {
                let t = i as f32 / SAMPLE_RATE as f32;
                6_000.0 * (TAU * hz * t).sin() * (-t / 0.15).exp() * (t / 0.002).min(1.0)
            })
            .collect();
        add(&mut line, SAMPLE_RATE as usize + n as usize * 450 * MS, &note);
    }
    assert!(!is_knocked(&over_a_line(&line, 5, 6)), "plucked strings");
}

#[test]
fn keys_in_the_sound_of_the_line_are_no_knocking_whatever_their_length() {
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1_209.0, 1_336.0, 1_477.0, 1_633.0]);
    for (on, off) in [(40, 40), (50, 150), (70, 200), (100, 100), (100, 400), (250, 250)] {
        for key in 0..16usize {
            let mut line = noise(4.0, -70.0, &mut Random::new(9));
            let tone: Vec<f32> = (0..on * MS)
                .map(|n| {
                    let t = TAU * n as f32 / SAMPLE_RATE as f32;
                    4_000.0 * ((t * low[key / 4]).sin() + (t * high[key % 4]).sin())
                })
                .collect();
            for n in 0..8 {
                add(&mut line, SAMPLE_RATE as usize + n * (on + off) * MS, &tone);
            }
            assert!(!is_knocked(&over_a_line(&line, 0, 1)), "key {key}, {on} ms on, {off} off");
        }
    }
}

#[test]
fn crackles_of_a_bad_wire_are_no_knocking() {
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let mut line = noise(10.0, -70.0, &mut random);
        for _ in 0..12 {
            let at = random.between(48_000.0, 430_000.0) as usize;
            line[at] = if random.percent(50) { i16::MAX } else { i16::MIN };
        }
        assert!(!is_knocked(&over_a_line(&line, 0, seed)), "seed {seed}");
    }
}

#[test]
fn knocks_are_found_while_a_television_talks_in_the_room() {
    for (n, (name, voice)) in voices().into_iter().enumerate() {
        let mut line = knocks(Knocked::Table, -8.0, &[300], -70.0, &mut Random::new(n as u32 + 3));
        let gain = 10f32.powf((-50.0 - crate::frame::rms_dbfs(&voice)) / 20.0);
        let talk: Vec<f32> = voice.iter().map(|s| f32::from(*s) * gain).collect();
        let length = line.len();
        add(&mut line, 0, &talk[..length.min(talk.len())]);
        assert!(is_knocked(&over_a_line(&line, 0, 1)), "{name}");
    }
}
