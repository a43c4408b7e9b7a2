//! Did somebody knock? Finds two or more knocks at a telephone on a line that is otherwise quiet,
//! which is how a caller who must not speak answers the silent-call procedure.
//!
//! A knock is told from everything else by its envelope, taken every 5 ms over 10 ms and high-passed:
//! it rises out of quiet within 25 ms, is at its height for no more than 30 ms, has lost 8 dB after
//! 40 ms and 14 dB after 90 ms. A vowel, a key's tone or a note stays up longer; a step of noise does
//! not come down. A single knock may be a bump, so two are needed, 120 ms to 1.5 s apart and of
//! similar strength, with next to nothing else on the line from 300 ms before the first to 200 ms
//! after the last: that keeps out speech, whose plosives may look like knocks but never stand alone.
//!
//! Whoever talks is heard by a human anyway; what this listens for is a line on which nobody does.
//!
//! Measured over Opus at 24 kbit/s: of synthesized double knocks of −30 to −6 dBFS peak on a quiet line
//! at least 97 % are told, at 5 % loss 92 % (a lost packet can take a knock along; three knocks
//! then do). 31 minutes of recorded speech, plain, softly and over noise, and the Indonesian voices of
//! training: told never. A voice in the room hides knocks that are not 12 dB louder than it.

use std::collections::VecDeque;
use std::f32::consts::TAU;

use crate::frame::{FRAME, Frame, SAMPLE_RATE};

/// Samples from one level to the next: 5 ms. Each level is taken over two of these.
const SLOT: usize = 240;
/// Slots in a second.
const SECOND: usize = SAMPLE_RATE as usize / SLOT;
/// Slots looked back on: enough for the longest gap and what surrounds it.
const HISTORY: usize = 3 * SECOND;
/// Slots of which the median is the background: 1 s. Knocks are short, so they do not move it.
const BACKGROUND: usize = SECOND;
/// The background counts as at least this loud, dBFS: a line may be digitally silent.
const QUIETEST_BACKGROUND: f32 = -65.0;
/// Corner of the high-pass, Hz: hum and handling noise lie below, a knock's body above.
const HIGH_PASS_HZ: f32 = 120.0;

/// Least height of a knock, dBFS over 10 ms: a peak of about −35 dBFS. Softer ones are not told from
/// somebody laying the telephone down.
const SOFTEST: f32 = -48.0;
/// Least height of a knock over the background, dB.
const OVER_BACKGROUND: f32 = 15.0;
/// What is no louder than this over the background is background, dB: how far noise moves.
const RESTLESS: f32 = 7.0;

/// A knock is the loudest within so many slots to each side: 50 ms.
const ALONE: usize = 10;
/// Slots before the peak (60 to 25 ms) in which it must be quieter by [`RISE`] dB: a knock comes out
/// of nothing, a syllable grows.
const BEFORE: std::ops::RangeInclusive<usize> = 5..=12;
const RISE: f32 = 10.0;
/// Slots after the peak (40 to 55 ms) by which it must have fallen by [`FALL_SOON`] dB.
const SOON: std::ops::RangeInclusive<usize> = 8..=11;
const FALL_SOON: f32 = 8.0;
/// Slots after the peak (90 to 105 ms) by which it must have fallen by [`FALL_LATER`] dB: before the
/// next knock may come.
const LATER: std::ops::RangeInclusive<usize> = 18..=21;
const FALL_LATER: f32 = 14.0;
/// At most so many slots (30 ms) lie within [`FLAT`] dB of the peak. The shortest key's tone has 40 ms.
const WIDEST: usize = 6;
const FLAT: f32 = 3.0;

/// How far a knock's highest sample may stand out of its level, dB. Knocks come to 4–11, and a crackle
/// of the wire, which is one sample before the codec gets hold of it, to 19–21.
const SHARPEST: f32 = 15.0;

/// Slots between two knocks: 120 ms to 1.5 s.
const GAP: std::ops::RangeInclusive<u64> = 24..=300;
/// How much one knock may be louder than the other, dB.
const UNLIKE: f32 = 15.0;
/// Slots that belong to a knock, before and after its peak: 20 and 120 ms.
const BELONGS: (u64, u64) = (4, 24);
/// Slots that must be free of anything else before the first knock (300 ms) and after the last
/// (200 ms), which is also when two knocks are told.
const QUIET_BEFORE: u64 = 60;
const QUIET_AFTER: u64 = 40;
/// What is so far below the softer knock is no company for it, dB.
const FAR_BELOW: f32 = 12.0;
/// Slots of anything else that are overlooked: one in 25 and 20 ms.
const OVERLOOKED_ONE_IN: usize = 25;
const OVERLOOKED: usize = 4;

/// Finds knocks in a stream of frames.
#[derive(Debug, Clone)]
pub struct KnockDetector {
    high_pass: HighPass,
    /// Energy and highest sample of the slot before.
    last: (f32, f32),
    /// The newest level last, dBFS.
    levels: VecDeque<f32>,
    /// How far the highest sample stands out of each level, dB.
    crests: VecDeque<f32>,
    /// Slots so far.
    slots: u64,
    /// The newest last; none older than [`HISTORY`].
    knocks: VecDeque<Knock>,
}

#[derive(Debug, Clone, Copy)]
struct Knock {
    /// The slot of its peak, counted from 0.
    at: u64,
    /// Its height, dBFS.
    level: f32,
}

impl Default for KnockDetector {
    fn default() -> Self {
        Self {
            high_pass: HighPass::new(HIGH_PASS_HZ),
            last: (0.0, 0.0),
            levels: VecDeque::with_capacity(HISTORY),
            crests: VecDeque::with_capacity(HISTORY),
            slots: 0,
            knocks: VecDeque::new(),
        }
    }
}

impl KnockDetector {
    /// A detector that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next 20 ms; whether two knocks are complete with them. They are told 200 ms after
    /// the second, and again with every further one.
    pub fn push(&mut self, frame: &Frame) -> bool {
        let mut found = false;
        for slot in frame.0.chunks_exact(SLOT) {
            self.take(slot);
            self.look_for_a_knock();
            found |= self.two_stand_alone();
        }
        debug_assert_eq!(FRAME % SLOT, 0, "a frame is whole slots");
        found
    }

    fn take(&mut self, slot: &[i16]) {
        let (mut energy, mut highest) = (0.0f32, 0.0f32);
        for sample in slot {
            let sample = self.high_pass.run(f32::from(*sample) / 32_768.0);
            energy += sample * sample;
            highest = highest.max(sample.abs());
        }
        let mean = (energy + self.last.0) / (2 * SLOT) as f32;
        let level = 10.0 * mean.max(1e-12).log10();
        let crest = 20.0 * highest.max(self.last.1).max(1e-6).log10() - level;
        self.last = (energy, highest);
        if self.levels.len() == HISTORY {
            self.levels.pop_front();
            self.crests.pop_front();
        }
        self.levels.push_back(level);
        self.crests.push_back(crest);
        self.slots += 1;
        let oldest = self.slots.saturating_sub(HISTORY as u64);
        self.knocks.retain(|knock| knock.at >= oldest);
    }

    /// Where a slot lies in what is remembered; none when it does not.
    fn index(&self, slot: u64) -> Option<usize> {
        let oldest = self.slots - self.levels.len() as u64;
        usize::try_from(slot.checked_sub(oldest)?).ok()
    }

    /// The level of a slot; none when it is not known.
    fn level(&self, slot: u64) -> Option<f32> {
        self.levels.get(self.index(slot)?).copied()
    }

    /// The loudest of some slots; none when one of them is not known.
    fn loudest(&self, slots: impl Iterator<Item = u64>) -> Option<f32> {
        slots.map(|slot| self.level(slot)).try_fold(f32::MIN, |most, level| Some(most.max(level?)))
    }

    /// What is heard most of the time, dBFS.
    fn background(&self) -> f32 {
        let mut levels: Vec<f32> = self.levels.iter().rev().take(BACKGROUND).copied().collect();
        let middle = levels.len() / 2;
        let (_, median, _) = levels.select_nth_unstable_by(middle, f32::total_cmp);
        median.max(QUIETEST_BACKGROUND)
    }

    /// Whether the slot that lies far enough back to be judged is the peak of a knock.
    fn look_for_a_knock(&mut self) {
        let Some(at) = self.slots.checked_sub(1 + BELONGS.1) else { return };
        let Some(level) = self.level(at) else { return };
        if level < SOFTEST {
            return;
        }
        let background = self.background();
        if level >= background + OVER_BACKGROUND
            && self.is_knock(at, level, background + RESTLESS).unwrap_or(false)
        {
            self.knocks.push_back(Knock { at, level });
        }
    }

    /// None when too little was heard before it.
    fn is_knock(&self, at: u64, level: f32, quiet: f32) -> Option<bool> {
        let before = |slots: std::ops::RangeInclusive<usize>| {
            let (from, to) = (*slots.start() as u64, *slots.end() as u64);
            self.loudest((from..=to).map(|n| at.wrapping_sub(n)))
        };
        let after = |slots: std::ops::RangeInclusive<usize>| {
            let (from, to) = (*slots.start() as u64, *slots.end() as u64);
            self.loudest((from..=to).map(|n| at + n))
        };
        // Of several slots of one height the first is the peak.
        if before(1..=ALONE)? >= level || after(1..=ALONE)? > level {
            return Some(false);
        }
        let high =
            (at - 4..=at + 8).filter_map(|slot| self.level(slot)).filter(|l| *l > level - FLAT);
        Some(
            before(BEFORE)? <= (level - RISE).max(quiet)
                && after(SOON)? <= (level - FALL_SOON).max(quiet)
                && after(LATER)? <= (level - FALL_LATER).max(quiet)
                && high.count() <= WIDEST
                && *self.crests.get(self.index(at)?)? <= SHARPEST,
        )
    }

    /// Whether the newest knock has just been followed by enough quiet, and another like it came
    /// before, with nothing else around the two.
    fn two_stand_alone(&self) -> bool {
        let now = self.slots - 1;
        let Some(second) = self.knocks.iter().find(|knock| knock.at + QUIET_AFTER == now) else {
            return false;
        };
        self.knocks.iter().any(|first| {
            first.at < second.at
                && GAP.contains(&(second.at - first.at))
                && (first.level - second.level).abs() <= UNLIKE
                && self.stand_alone(*first, *second)
        })
    }

    fn stand_alone(&self, first: Knock, second: Knock) -> bool {
        let softer = first.level.min(second.level);
        let company = (self.background() + RESTLESS).max(softer - FAR_BELOW);
        let slots = first.at.saturating_sub(QUIET_BEFORE)..=second.at + QUIET_AFTER;
        let length = (second.at + QUIET_AFTER - first.at + QUIET_BEFORE) as usize;
        let belongs = |slot: u64| {
            self.knocks
                .iter()
                .any(|knock| slot + BELONGS.0 >= knock.at && slot <= knock.at + BELONGS.1)
        };
        let others = slots
            .filter(|slot| !belongs(*slot))
            .filter(|slot| self.level(*slot).is_some_and(|level| level > company))
            .count();
        others <= OVERLOOKED + length / OVERLOOKED_ONE_IN
    }
}

/// A high-pass of the second order without overshoot worth speaking of (Butterworth).
#[derive(Debug, Clone)]
struct HighPass {
    b: f32,
    a1: f32,
    a2: f32,
    x: [f32; 2],
    y: [f32; 2],
}

impl HighPass {
    fn new(hz: f32) -> Self {
        let omega = TAU * hz / SAMPLE_RATE as f32;
        let alpha = omega.sin() / 2.0f32.sqrt();
        let a0 = 1.0 + alpha;
        Self {
            b: f32::midpoint(1.0, omega.cos()) / a0,
            a1: -2.0 * omega.cos() / a0,
            a2: (1.0 - alpha) / a0,
            x: [0.0; 2],
            y: [0.0; 2],
        }
    }

    fn run(&mut self, x: f32) -> f32 {
        let y =
            self.b * (x - 2.0 * self.x[0] + self.x[1]) - self.a1 * self.y[0] - self.a2 * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

#[cfg(test)]
mod tests;
