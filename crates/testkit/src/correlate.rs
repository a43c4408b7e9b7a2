//! Finds a voice in what was heard, after codecs, loss, jitter buffers and mixing.
//!
//! A jitter buffer stretches time and a call's delay wanders, so one correlation over the whole
//! voice would find nothing. The needle is cut into segments of one second; each is searched by
//! normalised cross-correlation, and an offset counts by how well several segments agree on it
//! within [`WANDER_MS`]. Before that, both are band-limited and pre-emphasised, which takes the
//! weight off the lowest harmonics that any two voices share, and off pilot tones.
//!
//! Normalised correlation does not know how loud something is, so that even a leak far below
//! hearing would be "found": where the haystack is more than 46 dB below the needle it counts as
//! silent. A voice that is present, alone or under another one, comes out well above [`FOUND`]; one
//! that is not, well below.

use crate::dsp::{RATE, to_8k};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// A peak from here on means that the voice is there. The tests keep a margin on both sides.
pub const FOUND: f32 = 0.5;

/// How far a segment's place may be from the offset of the whole: what a jitter buffer does.
pub const WANDER_MS: i64 = 200;

/// One second.
const SEGMENT: usize = RATE as usize;

/// Segments that are searched at most, spread over the needle: 40 say as much as 400.
const MAX_SEGMENTS: usize = 40;

/// Fewer segments than this are no evidence.
const MIN_SEGMENTS: usize = 2;

/// Below this level (RMS of the pre-emphasised signal, relative to full scale) is no voice.
const SILENCE: f32 = 0.000_8;

/// A haystack weaker than the needle by this factor (−46 dB) is a leak, not a voice.
const LEAK: f32 = 0.005;

/// Where a voice was found best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Where the needle's beginning lies in the haystack, in milliseconds; negative when the
    /// haystack begins in the middle of it.
    pub offset_ms: i64,
    /// How well it matches there, 0 to 1: the mean of the best quarter of the segments (at least
    /// two), so that a voice of which only a part was heard is found too.
    pub peak: f32,
    /// Segments of the needle that hold voice.
    pub segments: usize,
    /// How many of them were found at this offset.
    pub found: usize,
}

impl Match {
    /// Whether the voice is there: see [`FOUND`].
    pub fn is_found(&self) -> bool {
        self.peak >= FOUND && self.found >= MIN_SEGMENTS
    }
}

/// Looks for `needle` in `haystack`, both at `rate`.
///
/// # Panics
/// When `rate` is not a multiple of 8 kHz.
pub fn find(needle: &[i16], haystack: &[i16], rate: u32) -> Match {
    let needle = emphasise(&to_8k(needle, rate));
    let haystack = emphasise(&to_8k(haystack, rate));
    let segments = spoken_segments(&needle);
    let nothing = Match { offset_ms: 0, peak: 0.0, segments: segments.len(), found: 0 };
    if haystack.len() < SEGMENT || segments.len() < MIN_SEGMENTS {
        return nothing;
    }
    let curves = Curves::new(&haystack, &needle, &segments);
    let wander = WANDER_MS * i64::from(RATE) / 1000;
    let mut best = nothing;
    for curve in &curves.0 {
        let candidate = curve.best_offset();
        let mut scores: Vec<f32> =
            curves.0.iter().map(|curve| curve.peak_near(candidate, wander)).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let counted = scores.len().div_ceil(4).max(MIN_SEGMENTS).min(scores.len());
        let peak = scores[..counted].iter().sum::<f32>() / counted as f32;
        if peak > best.peak {
            best = Match {
                offset_ms: candidate * 1000 / i64::from(RATE),
                peak,
                segments: segments.len(),
                found: scores.iter().filter(|score| **score >= FOUND).count(),
            };
        }
    }
    best
}

/// First difference twice damped: +6 dB an octave, and nothing below 50 Hz.
fn emphasise(samples: &[f32]) -> Vec<f32> {
    let mut before = 0.0;
    samples
        .iter()
        .map(|&sample| {
            let out = sample - 0.95 * before;
            before = sample;
            out
        })
        .collect()
}

/// The beginnings of the segments that hold voice.
fn spoken_segments(needle: &[f32]) -> Vec<usize> {
    let spoken: Vec<usize> = (0..(needle.len() + SEGMENT / 2).saturating_sub(SEGMENT)
        / (SEGMENT / 2))
        .map(|n| n * SEGMENT / 2)
        .filter(|&from| {
            from + SEGMENT <= needle.len() && rms(&needle[from..from + SEGMENT]) > SILENCE
        })
        .collect();
    let step = spoken.len().div_ceil(MAX_SEGMENTS).max(1);
    spoken.into_iter().step_by(step).collect()
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
}

/// How well one segment matches at each place of the haystack.
struct Curve {
    /// Where the segment lies in the needle.
    from: usize,
    values: Vec<f32>,
}

impl Curve {
    /// The offset of the whole needle that this segment speaks for.
    fn best_offset(&self) -> i64 {
        let best = self.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(at, _)| at as i64) - self.from as i64
    }

    fn peak_near(&self, offset: i64, wander: i64) -> f32 {
        let centre = offset + self.from as i64;
        let clip = |at: i64| usize::try_from(at).unwrap_or(0).min(self.values.len());
        let near = &self.values[clip(centre - wander)..clip(centre + wander + 1)];
        near.iter().copied().fold(0.0, f32::max)
    }
}

struct Curves(Vec<Curve>);

impl Curves {
    /// Correlates by FFT: the haystack is transformed once.
    fn new(haystack: &[f32], needle: &[f32], segments: &[usize]) -> Self {
        let size = (haystack.len() + SEGMENT).next_power_of_two();
        let mut planner = RealFftPlanner::<f32>::new();
        let forward = planner.plan_fft_forward(size);
        let backward = planner.plan_fft_inverse(size);
        let transform = |samples: &[f32]| -> Vec<Complex<f32>> {
            let mut padded = vec![0.0; size];
            padded[..samples.len()].copy_from_slice(samples);
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut padded, &mut spectrum).expect("the sizes are the planner's");
            spectrum
        };
        let places = haystack.len() - SEGMENT + 1;
        let energy = running_energy(haystack, places);
        let sky = transform(haystack);
        let curve = |&from: &usize| {
            let segment = &needle[from..from + SEGMENT];
            let own: f32 = segment.iter().map(|s| s * s).sum();
            let mut product: Vec<_> =
                transform(segment).iter().zip(&sky).map(|(a, b)| a.conj() * b).collect();
            // The first and last bin of a real signal are real; rounding must not say otherwise.
            product[0].im = 0.0;
            product[size / 2].im = 0.0;
            let mut out = vec![0.0; size];
            backward.process(&mut product, &mut out).expect("the sizes are the planner's");
            let floor = own * LEAK * LEAK;
            let values = out[..places]
                .iter()
                .zip(&energy)
                .map(
                    |(&dot, &there)| {
                        if there > floor { dot / size as f32 / (own * there).sqrt() } else { 0.0 }
                    },
                )
                .collect();
            Curve { from, values }
        };
        Self(segments.iter().map(curve).collect())
    }
}

/// The energy of each window of one segment's length.
fn running_energy(haystack: &[f32], places: usize) -> Vec<f32> {
    let mut sum: f64 = haystack[..SEGMENT].iter().map(|&s| f64::from(s).powi(2)).sum();
    (0..places)
        .map(|at| {
            let now = sum.max(0.0) as f32;
            if let Some(&next) = haystack.get(at + SEGMENT) {
                sum += f64::from(next).powi(2) - f64::from(haystack[at]).powi(2);
            }
            now
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::{mix_into, speech_like, tone};

    const RATE_48K: u32 = 48_000;

    fn silence(seconds: f32) -> Vec<i16> {
        vec![0; (seconds * RATE_48K as f32) as usize]
    }

    #[test]
    fn a_voice_is_found_where_it_is() {
        let voice = speech_like(1, 8.0);
        let mut heard = silence(20.0);
        mix_into(&mut heard, &voice, 48 * 5_250);
        let found = find(&voice, &heard, RATE_48K);
        assert!(found.is_found() && found.peak > 0.95, "{found:?}");
        assert_eq!(found.offset_ms, 5_250);
    }

    #[test]
    fn a_voice_that_is_not_there_is_not_found() {
        let mut worst: f32 = 0.0;
        for seed in 0..12 {
            let mut heard = speech_like(100 + seed, 20.0);
            if seed % 2 == 0 {
                mix_into(&mut heard, &speech_like(200 + seed, 20.0), 0);
            }
            mix_into(&mut heard, &tone(440.0, -35.0, 20.0, RATE_48K), 0);
            let mut needle = speech_like(seed, 10.0);
            mix_into(&mut needle, &tone(440.0, -35.0, 10.0, RATE_48K), 0);
            let found = find(&needle, &heard, RATE_48K);
            assert!(!found.is_found(), "seed {seed}: {found:?}");
            worst = worst.max(found.peak);
        }
        println!("best match of a voice that is not there: {worst}");
        assert!(worst < FOUND - 0.1, "no margin: {worst}");
    }

    #[test]
    fn a_voice_is_found_under_another_one_and_under_pilots() {
        let mut worst: f32 = 1.0;
        for seed in 0..6 {
            let voice = speech_like(seed, 10.0);
            let mut heard = speech_like(50 + seed, 25.0);
            mix_into(&mut heard, &tone(440.0, -35.0, 25.0, RATE_48K), 0);
            mix_into(&mut heard, &tone(660.0, -35.0, 25.0, RATE_48K), 0);
            mix_into(&mut heard, &voice, 48 * 7_777);
            let found = find(&voice, &heard, RATE_48K);
            assert!(found.is_found(), "seed {seed}: {found:?}");
            assert!(found.offset_ms.abs_diff(7_777) < 5, "seed {seed}: {found:?}");
            worst = worst.min(found.peak);
        }
        println!("worst match of a voice under another one: {worst}");
        assert!(worst > FOUND + 0.1, "no margin: {worst}");
    }

    /// What a jitter buffer and a lossy codec do: every 700 ms a piece is left out or said twice,
    /// every fifth frame in a bad second is silence, and there is hiss at −45 dBFS.
    fn mangled(voice: &[i16]) -> Vec<i16> {
        let mut out: Vec<i16> = Vec::new();
        let hiss = speech_like(999, 1.0);
        for (n, piece) in voice.chunks(33_600).enumerate() {
            let mut piece = piece.to_vec();
            if n % 3 == 1 {
                for frame in piece.chunks_mut(960).step_by(5) {
                    frame.fill(0);
                }
            }
            out.extend(&piece);
            if n % 2 == 0 {
                out.extend(&piece[piece.len().saturating_sub(600)..]);
            } else {
                out.truncate(out.len() - 480);
            }
        }
        for (n, sample) in out.iter_mut().enumerate() {
            *sample = sample.saturating_add(hiss[n * 7 % hiss.len()] / 15);
        }
        out
    }

    #[test]
    fn a_voice_is_found_after_stretching_and_loss() {
        for seed in 0..6 {
            let voice = speech_like(seed, 10.0);
            let mut heard = silence(1.5);
            heard.extend(mangled(&voice));
            let found = find(&voice, &heard, RATE_48K);
            assert!(found.is_found() && found.peak > FOUND + 0.1, "seed {seed}: {found:?}");
            assert!(found.offset_ms.abs_diff(1_500) < 200, "seed {seed}: {found:?}");
        }
    }

    #[test]
    fn a_voice_of_which_only_the_middle_was_heard_is_found_with_a_negative_offset() {
        let voice = speech_like(3, 16.0);
        let found = find(&voice, &voice[48 * 5_000..48 * 11_000], RATE_48K);
        assert!(found.is_found(), "{found:?}");
        assert_eq!(found.offset_ms, -5_000);
    }

    #[test]
    fn a_leak_that_nobody_hears_is_not_found() {
        let voice = speech_like(1, 8.0);
        let leak: Vec<i16> = voice.iter().map(|s| s / 400).collect();
        assert!(!find(&voice, &leak, RATE_48K).is_found());
        let quiet: Vec<i16> = voice.iter().map(|s| s / 20).collect();
        assert!(find(&voice, &quiet, RATE_48K).is_found(), "-26 dB is quiet and not a leak");
    }

    #[test]
    fn silence_and_nothing_are_not_found_and_find_nothing() {
        let voice = speech_like(1, 4.0);
        for nothing in [Vec::new(), silence(0.1), silence(5.0)] {
            assert!(!find(&voice, &nothing, RATE_48K).is_found());
            assert!(!find(&nothing, &voice, RATE_48K).is_found());
        }
    }

    #[test]
    fn sixteen_kilohertz_do_as_well() {
        let voice: Vec<i16> = speech_like(4, 6.0).into_iter().step_by(3).collect();
        let mut heard = vec![0; 16_000];
        heard.extend(&voice);
        let found = find(&voice, &heard, 16_000);
        assert!(found.is_found() && found.offset_ms == 1_000, "{found:?}");
    }
}
