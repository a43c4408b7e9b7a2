//! Makes sound a little shorter or longer without changing its pitch, by dropping or repeating
//! one pitch period where the signal looks the same before and after (WSOLA-like, as NetEQ does
//! it). Used by the jitter buffer to move its delay and to absorb clock drift.

use crate::frame::rms_dbfs;

/// Shortest and longest piece that is dropped or repeated, in samples: 2.5 to 15 ms.
pub const LAGS: std::ops::RangeInclusive<usize> = 120..=720;

/// Likeness below which a cut would be heard, for normal use.
pub const LIKENESS: f32 = 0.85;

/// Below this level any cut is as good as another, in dBFS.
const QUIET: f32 = -55.0;

/// The search runs on every fourth sample first.
const COARSE: usize = 4;

/// Drops one period from the front part of `pcm`; says how many samples went. Needs
/// `2 × 120` samples at least; `None` when no cut is as good as `likeness` (0 to 1).
pub fn accelerate(pcm: &mut Vec<i16>, likeness: f32) -> Option<usize> {
    let lag = best_lag(pcm, likeness)?;
    // pcm[0..lag] fades into pcm[lag..2 lag]: the start fits what was played before, the end
    // fits what follows.
    for i in 0..lag {
        pcm[lag + i] = fade(pcm[i], pcm[lag + i], i, lag);
    }
    pcm.drain(..lag);
    Some(lag)
}

/// Repeats one period at the front of `pcm`; says how many samples came. Needs and answers as
/// [`accelerate`].
pub fn expand(pcm: &mut Vec<i16>, likeness: f32) -> Option<usize> {
    let lag = best_lag(pcm, likeness)?;
    // A B … becomes A (B fading into A) B …: every seam joins samples that were neighbours.
    let inserted: Vec<i16> = (0..lag).map(|i| fade(pcm[lag + i], pcm[i], i, lag)).collect();
    pcm.splice(lag..lag, inserted);
    Some(lag)
}

fn fade(from: i16, to: i16, at: usize, length: usize) -> i16 {
    let share = (at as f32 + 0.5) / length as f32;
    crate::frame::to_i16(f32::from(from) * (1.0 - share) + f32::from(to) * share)
}

/// The lag at which `pcm` looks most like itself, if it does so well enough.
fn best_lag(pcm: &[i16], likeness: f32) -> Option<usize> {
    let longest = (*LAGS.end()).min(pcm.len() / 2);
    if longest < *LAGS.start() {
        return None;
    }
    if rms_dbfs(&pcm[..2 * longest]) < QUIET {
        return Some(longest);
    }
    let coarse: Vec<f32> = pcm[..2 * longest]
        .chunks_exact(COARSE)
        .map(|c| c.iter().map(|s| f32::from(*s)).sum::<f32>())
        .collect();
    let best = (LAGS.start() / COARSE..=longest / COARSE)
        .map(|lag| (lag, correlation(&coarse[..lag], &coarse[lag..2 * lag])))
        .max_by(|a, b| a.1.total_cmp(&b.1))?
        .0
        * COARSE;
    let fine: Vec<f32> = pcm[..2 * longest].iter().map(|s| f32::from(*s)).collect();
    let (lag, found) = (best.saturating_sub(COARSE).max(*LAGS.start())
        ..=(best + COARSE).min(longest))
        .map(|lag| (lag, correlation(&fine[..lag], &fine[lag..2 * lag])))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (found >= likeness).then_some(lag)
}

/// Normalised correlation, −1 to 1.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let (mut ab, mut aa, mut bb) = (0.0f32, 1e-3f32, 1e-3f32);
    for (x, y) in a.iter().zip(b) {
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, collect, test_voice};

    fn tone(frames: usize) -> Vec<i16> {
        let mut sine = Sine::new(440.0, -12.0);
        collect(frames, || sine.next_frame())
    }

    /// Largest step between neighbours: a click would show as a large one.
    fn largest_step(pcm: &[i16]) -> i32 {
        pcm.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap_or(0)
    }

    #[test]
    fn a_tone_gets_shorter_and_longer_without_a_click() {
        let before = largest_step(&tone(2));
        let mut pcm = tone(2);
        let removed = accelerate(&mut pcm, LIKENESS).unwrap();
        assert!(LAGS.contains(&removed) && pcm.len() == 1920 - removed);
        assert!(largest_step(&pcm) <= before + before / 4);
        let mut pcm = tone(2);
        let added = expand(&mut pcm, LIKENESS).unwrap();
        assert!(LAGS.contains(&added) && pcm.len() == 1920 + added);
        assert!(largest_step(&pcm) <= before + before / 4);
    }

    #[test]
    fn a_voice_can_nearly_always_be_stretched_within_a_second() {
        let mut voice = test_voice(11);
        let pcm = collect(100, || voice.next_frame());
        let possible = pcm
            .chunks(1920)
            .filter(|chunk| accelerate(&mut chunk.to_vec(), LIKENESS).is_some())
            .count();
        assert!(possible >= 15, "{possible} of 50");
    }

    #[test]
    fn silence_is_cut_at_once_and_too_little_sound_is_left_alone() {
        assert_eq!(accelerate(&mut vec![0; 1920], LIKENESS), Some(720));
        assert_eq!(expand(&mut vec![0; 960], LIKENESS), Some(480));
        assert_eq!(accelerate(&mut vec![0; 100], LIKENESS), None);
    }
}
