//! What a telephone's ear makes of what it hears, 20 ms after 20 ms, without keeping any of it: when
//! nothing at all was heard, and whose pilot was.
//!
//! Operators of a soak hum all the time and speak now and then. A pilot is looked for in windows of
//! 200 ms; under speech it may hide, so what is missing proves nothing, but a pilot that stands for
//! half a second is surely there.

use siaga_media::frame::rms_dbfs;
use std::collections::VecDeque;
use std::f32::consts::TAU;

/// Milliseconds of a frame.
pub(super) const FRAME_MS: u64 = 20;
/// Below this nothing is heard: 20 dB under a pilot.
const AUDIBLE_DBFS: f32 = -58.0;
/// Shorter pauses are of no interest: breath between words, between chords.
const SHORTEST_SILENCE_MS: u64 = 300;
/// 48 kHz to 8 kHz.
const DECIMATION: usize = 6;
const RATE: f32 = 8_000.0;
/// Where pilots are looked for: 200 ms, every 100 ms.
const WINDOW: usize = 1_600;
const FRAMES_PER_HOP: u64 = 5;
/// The level of a pilot, give or take a codec, and how much it moves while it stands: a voice's
/// harmonic comes and goes.
const PILOT_DBFS: std::ops::RangeInclusive<f32> = -39.0..=-31.0;
const STEADY_DB: f32 = 3.0;
/// By how much it stands over what is beside it, at this distance in Hz.
const ABOVE_DB: f32 = 10.0;
const BESIDE_HZ: f32 = 32.0;
/// A pilot is believed after so many windows (a second), and over when it was missed so often.
const BELIEVED: u32 = 9;
const MISSED: u32 = 3;

/// The pilot of the seat with this index: 70 Hz apart, above the notes of the waiting music.
pub(super) fn pilot_of(seat: usize) -> f32 {
    500.0 + 70.0 * seat as f32
}

/// A span of what was heard, in milliseconds from its beginning.
pub(super) type Span = (u64, u64);

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Impression {
    /// When nothing was.
    pub(super) silences: Vec<Span>,
    /// When the pilot of which seat surely was.
    pub(super) pilots: Vec<(usize, Span)>,
    /// How long was listened.
    pub(super) length: u64,
}

/// Follows one pilot.
#[derive(Clone, Copy, Debug, Default)]
struct Follower {
    since: u64,
    last: u64,
    seen: u32,
    missed: u32,
    loudest: f32,
    softest: f32,
}

/// An ear.
pub(super) struct Ear {
    followers: Vec<Follower>,
    recent: VecDeque<f32>,
    window: Vec<f32>,
    frames: u64,
    quiet_since: Option<u64>,
    impression: Impression,
}

impl Ear {
    /// That knows the pilots of so many seats.
    pub(super) fn new(seats: usize) -> Self {
        let window = (0..WINDOW)
            .map(|n| 0.5 - 0.5 * (TAU * (n as f32 + 0.5) / WINDOW as f32).cos())
            .collect();
        Self {
            followers: vec![Follower::default(); seats],
            recent: VecDeque::with_capacity(WINDOW + 160),
            window,
            frames: 0,
            quiet_since: None,
            impression: Impression::default(),
        }
    }

    /// Takes 20 ms at 48 kHz.
    pub(super) fn hear(&mut self, frame: &[i16]) {
        let at = self.frames * FRAME_MS;
        if rms_dbfs(frame) < AUDIBLE_DBFS {
            self.quiet_since.get_or_insert(at);
        } else {
            self.end_silence(at);
        }
        for six in frame.chunks_exact(DECIMATION) {
            let sum: i32 = six.iter().map(|sample| i32::from(*sample)).sum();
            self.recent.push_back(sum as f32 / (DECIMATION as f32 * 32_768.0));
        }
        while self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        self.frames += 1;
        if self.frames.is_multiple_of(FRAMES_PER_HOP) && self.recent.len() == WINDOW {
            self.look_for_pilots();
        }
    }

    /// All that was heard.
    pub(super) fn finish(mut self) -> Impression {
        let end = self.frames * FRAME_MS;
        self.end_silence(end);
        for seat in 0..self.followers.len() {
            self.end_pilot(seat);
        }
        self.impression.length = end;
        self.impression.pilots.sort_unstable_by_key(|(seat, span)| (span.0, *seat));
        self.impression
    }

    fn end_silence(&mut self, at: u64) {
        if let Some(since) = self.quiet_since.take()
            && at - since >= SHORTEST_SILENCE_MS
        {
            self.impression.silences.push((since, at));
        }
    }

    fn look_for_pilots(&mut self) {
        let samples: Vec<f32> =
            self.recent.iter().zip(&self.window).map(|(sample, weight)| sample * weight).collect();
        let now = self.frames * FRAME_MS;
        for seat in 0..self.followers.len() {
            let level = pilot_level(&samples, pilot_of(seat));
            let follower = &mut self.followers[seat];
            if let Some(level) = level {
                if follower.seen == 0 {
                    let since = now.saturating_sub(200);
                    *follower =
                        Follower { since, loudest: level, softest: level, ..Follower::default() };
                }
                follower.loudest = follower.loudest.max(level);
                follower.softest = follower.softest.min(level);
                if follower.loudest - follower.softest > STEADY_DB {
                    self.end_pilot(seat);
                    continue;
                }
                follower.seen += 1;
                follower.missed = 0;
                follower.last = now;
            } else if follower.seen > 0 {
                follower.missed += 1;
                if follower.missed > MISSED {
                    self.end_pilot(seat);
                }
            }
        }
    }

    fn end_pilot(&mut self, seat: usize) {
        let follower = std::mem::take(&mut self.followers[seat]);
        if follower.seen >= BELIEVED {
            self.impression.pilots.push((seat, (follower.since, follower.last)));
        }
    }
}

/// The level of a pilot at this frequency, if there is one.
fn pilot_level(samples: &[f32], hz: f32) -> Option<f32> {
    let level = level(samples, hz);
    let beside = level_of(samples, hz - BESIDE_HZ).max(level_of(samples, hz + BESIDE_HZ));
    (PILOT_DBFS.contains(&level) && level - beside > ABOVE_DB).then_some(level)
}

/// What a sum of six does to a tone on the way to 8 kHz, in dB.
fn droop(hz: f32) -> f32 {
    let x = std::f32::consts::PI * hz / (RATE * DECIMATION as f32);
    let gain = (x * DECIMATION as f32).sin() / (x.sin() * DECIMATION as f32);
    20.0 * gain.log10()
}

fn level(samples: &[f32], hz: f32) -> f32 {
    level_of(samples, hz) - droop(hz)
}

/// Peak level of a tone in a window weighted by Hann, dBFS (Goertzel).
fn level_of(samples: &[f32], hz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hz / RATE).cos();
    let (mut one, mut two) = (0.0_f32, 0.0_f32);
    for sample in samples {
        let now = sample + coefficient * one - two;
        two = one;
        one = now;
    }
    let power = one * one + two * two - coefficient * one * two;
    let amplitude = 4.0 * power.max(0.0).sqrt() / samples.len() as f32;
    20.0 * amplitude.max(1e-6).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::tone::{HoldMusic, Sine};
    use siaga_media::{FRAME, Frame};
    use siaga_testkit::voice::speech_like;

    const SEATS: usize = 10;

    fn listen(frames: impl IntoIterator<Item = Frame>) -> Impression {
        let mut ear = Ear::new(SEATS);
        for frame in frames {
            ear.hear(&frame.0);
        }
        ear.finish()
    }

    fn hum(seat: usize, seconds: usize) -> Vec<Frame> {
        let mut sine = Sine::new(pilot_of(seat), crate::PILOT_DBFS);
        (0..seconds * 50).map(|_| sine.next_frame()).collect()
    }

    fn nothing(ms: usize) -> Vec<Frame> {
        vec![Frame::silence(); ms / 20]
    }

    #[test]
    fn each_seat_is_told_from_every_other_by_its_pilot() {
        for seat in 0..SEATS {
            let heard = listen(hum(seat, 3));
            assert_eq!(heard.silences, []);
            let [(which, (from, to))] = heard.pilots[..] else { panic!("{seat}: {heard:?}") };
            assert_eq!(which, seat);
            assert!(from <= 200 && to >= 2_900, "{from} {to}");
        }
    }

    #[test]
    fn two_seats_at_once_are_both_heard_and_a_gap_between_two_is_timed() {
        let both = hum(1, 2).into_iter().zip(hum(4, 2)).map(|(a, b)| {
            let mut frame = a;
            for (sample, other) in frame.0.iter_mut().zip(b.0) {
                *sample += other;
            }
            frame
        });
        let seats: Vec<usize> = listen(both).pilots.iter().map(|(seat, _)| *seat).collect();
        assert_eq!(seats, [1, 4]);
        let heard = listen([hum(0, 2), nothing(800), hum(3, 2)].concat());
        assert_eq!(heard.silences, [(2_000, 2_800)]);
        assert_eq!(heard.pilots.iter().map(|(seat, _)| *seat).collect::<Vec<_>>(), [0, 3]);
    }

    #[test]
    fn neither_music_nor_speech_is_anybodys_pilot_and_music_is_no_silence() {
        let mut music = HoldMusic::chords(-18.0);
        let heard = listen((0..1_000).map(|_| music.next_frame()));
        assert_eq!((heard.silences, heard.pilots), (vec![], vec![]));
        for seed in 0..6 {
            let voice = speech_like(seed, 20.0);
            let frames = voice
                .chunks_exact(FRAME)
                .map(|chunk| Frame(chunk.try_into().expect("a frame is as long as a frame")));
            let heard = listen(frames);
            assert_eq!(heard.pilots, [], "seed {seed}");
        }
    }

    #[test]
    fn a_breath_is_no_silence_and_the_last_silence_counts_too() {
        let heard = listen([hum(0, 1), nothing(280), hum(0, 1), nothing(600)].concat());
        assert_eq!(heard.silences, [(2_280, 2_880)]);
        assert_eq!(heard.length, 2_880);
    }
}
