//! What a lost packet of a waveform codec is replaced with, after the idea of ITU-T G.711 Appendix I:
//! the last pitch period is repeated, then the last two, then the last three, softer from 10 ms on and
//! silent after 60 ms; the first real sound afterwards is faded in over the continued repetition.
//!
//! Unlike the appendix nothing is held back for a smooth beginning: the step at the seam is taken out
//! by an offset that dies away, so that concealment costs no delay.

use crate::frame::to_i16;

/// Length of the sound that is compared when the pitch is looked for, in ms.
const LOOK_MS: usize = 20;
/// Periods looked at, in ms: 66 to 500 Hz.
const SHORTEST_MS: usize = 2;
const LONGEST_MS: usize = 15;
/// Kept of what was heard, in ms: three of the longest periods and a quarter, and the longest lag
/// before the sound that is compared.
const HISTORY_MS: usize = 50;
/// After so much the next period before is added, and the sound gets softer, in ms.
const STEP_MS: usize = 10;
/// How much softer in each further step.
const FADE: f32 = 0.2;
/// Most periods that are repeated.
const MOST_PERIODS: usize = 3;

/// What was heard last, and how it is continued.
#[derive(Debug, Clone)]
pub(super) struct Concealment {
    /// Samples in 1 ms.
    ms: usize,
    /// The last [`HISTORY_MS`] of real or made-up sound, oldest first.
    history: Vec<i16>,
    lost: Option<Lost>,
}

/// A loss that goes on.
#[derive(Debug, Clone)]
struct Lost {
    /// The sound before the loss.
    before: Vec<f32>,
    /// Pitch period in samples.
    period: usize,
    /// The periods that are repeated, and where in them it stands.
    cycle: Vec<f32>,
    at: usize,
    periods: usize,
    /// Samples made up.
    made: usize,
    /// The step at the seam, taken out in the beginning.
    step: f32,
}

impl Concealment {
    /// For sound of `rate` samples a second.
    pub(super) fn new(rate: u32) -> Self {
        let ms = rate as usize / 1_000;
        Self { ms, history: vec![0; HISTORY_MS * ms], lost: None }
    }

    /// Takes real sound; after a loss its beginning is blended with what was made up.
    pub(super) fn heard(&mut self, sound: &mut [i16]) {
        if let Some(mut lost) = self.lost.take() {
            // As the appendix has it: 4 ms, and 4 ms more for each 10 ms lost, 10 ms at the most.
            let steps = lost.made / (STEP_MS * self.ms);
            let blend = ((4 + 4 * steps.saturating_sub(1)).min(10) * self.ms).min(sound.len());
            for (i, sample) in sound.iter_mut().take(blend).enumerate() {
                let share = (i as f32 + 0.5) / blend as f32;
                *sample = to_i16(f32::from(*sample) * share + lost.next(self.ms) * (1.0 - share));
            }
        }
        self.remember(sound);
    }

    /// Appends `count` made-up samples to `to`.
    pub(super) fn make_up(&mut self, count: usize, to: &mut Vec<i16>) {
        let mut lost = self.lost.take().unwrap_or_else(|| Lost::new(&self.history, self.ms));
        let from = to.len();
        to.extend((0..count).map(|_| to_i16(lost.next(self.ms))));
        self.lost = Some(lost);
        self.remember(&to[from..]);
    }

    fn remember(&mut self, sound: &[i16]) {
        let length = self.history.len();
        let kept = &sound[sound.len().saturating_sub(length)..];
        self.history.drain(..kept.len());
        self.history.extend_from_slice(kept);
    }
}

impl Lost {
    fn new(history: &[i16], ms: usize) -> Self {
        let before: Vec<f32> = history.iter().map(|sample| f32::from(*sample)).collect();
        let period = pitch(&before, ms);
        let cycle = cycle(&before, period, 1);
        let end = before.len();
        let step = before[end - 1] - before[end - 1 - period];
        Self { before, period, cycle, at: 0, periods: 1, made: 0, step }
    }

    fn next(&mut self, ms: usize) -> f32 {
        let step = STEP_MS * ms;
        if self.made > 0 && self.made.is_multiple_of(step) && self.periods < MOST_PERIODS {
            // The longer cycle ends with the shorter one, so that nothing jumps here.
            let longer = cycle(&self.before, self.period, self.periods + 1);
            self.at += longer.len() - self.cycle.len();
            (self.cycle, self.periods) = (longer, self.periods + 1);
        }
        let steps = self.made as f32 / step as f32;
        let gain = (1.0 - FADE * (steps - 1.0).max(0.0)).max(0.0);
        let seam = (1.0 - self.made as f32 / (self.period as f32 / 4.0)).max(0.0) * self.step;
        let value = (self.cycle[self.at] + seam) * gain;
        self.at = (self.at + 1) % self.cycle.len();
        self.made += 1;
        value
    }
}

/// The last `periods` periods; the last quarter of one fades into what came before them, so that the
/// end joins the beginning.
fn cycle(before: &[f32], period: usize, periods: usize) -> Vec<f32> {
    let start = before.len() - period * periods;
    let mut cycle = before[start..].to_vec();
    let (quarter, length) = (period / 4, cycle.len());
    for i in 0..quarter {
        let share = (i as f32 + 0.5) / quarter as f32;
        let at = length - quarter + i;
        cycle[at] = cycle[at] * (1.0 - share) + before[start - quarter + i] * share;
    }
    cycle
}

/// The lag, in samples, at which the end of the sound looks most like what was before it.
fn pitch(sound: &[f32], ms: usize) -> usize {
    let look = LOOK_MS * ms;
    let end = &sound[sound.len() - look..];
    let likeness = |lag: usize| {
        let other = &sound[sound.len() - look - lag..sound.len() - lag];
        let (mut ab, mut bb) = (0.0f32, 1.0f32);
        for (a, b) in end.iter().zip(other) {
            ab += a * b;
            bb += b * b;
        }
        ab / bb.sqrt()
    };
    let lags = SHORTEST_MS * ms..=LONGEST_MS * ms;
    lags.map(|lag| (lag, likeness(lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(LONGEST_MS * ms, |(lag, _)| lag)
}
