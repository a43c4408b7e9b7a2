//! Voices for tests: nobody speaks, but codecs, detectors and mixers are fooled.
//!
//! A voice is voiced sound (harmonics of a wandering pitch under three formants) and hiss, in
//! syllables of 80–280 ms and phrases of 0.8–2 s with pauses. Everything follows from the seed, and
//! two seeds have nothing in common.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::f32::consts::TAU;

/// Samples a second of what is made here.
pub const RATE: u32 = 48_000;

/// Level of speech while it is spoken, RMS relative to full scale: −22 dBFS.
const LEVEL: f32 = 0.08;

/// `seconds` of 48 kHz mono speech-like sound; the same for the same seed.
pub fn speech_like(seed: u64, seconds: f32) -> Vec<i16> {
    let mut rng = StdRng::seed_from_u64(seed);
    let base: f32 = rng.random_range(95.0..210.0);
    let total = (seconds * RATE as f32) as usize;
    let mut out: Vec<f32> = Vec::with_capacity(total);
    let mut phase = 0.0_f32;
    let mut pitch = base;
    while out.len() < total {
        let phrase = out.len() + (rng.random_range(0.8..2.0) * RATE as f32) as usize;
        while out.len() < phrase.min(total) {
            syllable(&mut rng, base, &mut pitch, &mut phase, &mut out);
        }
        let pause = (rng.random_range(0.15..0.5) * RATE as f32) as usize;
        out.resize(out.len() + pause, 0.0);
    }
    out.truncate(total);
    let spoken = out.iter().filter(|s| **s != 0.0).count().max(1);
    let rms = (out.iter().map(|s| s * s).sum::<f32>() / spoken as f32).sqrt();
    let gain = LEVEL / rms.max(f32::MIN_POSITIVE);
    out.iter().map(|s| (s * gain * 32_767.0).clamp(-32_000.0, 32_000.0) as i16).collect()
}

fn syllable(rng: &mut StdRng, base: f32, pitch: &mut f32, phase: &mut f32, out: &mut Vec<f32>) {
    let length = (rng.random_range(0.08..0.28) * RATE as f32) as usize;
    let aim = base * rng.random_range(0.75..1.35);
    let formants: [(f32, f32); 3] = [
        (rng.random_range(280.0..850.0), 1.0),
        (rng.random_range(850.0..2400.0), 0.5),
        (rng.random_range(2400.0..3400.0), 0.2),
    ];
    let weight = |hz: f32| -> f32 {
        formants.iter().map(|(f, gain)| gain / (1.0 + ((hz - f) / 110.0).powi(2))).sum::<f32>()
            + 0.01
    };
    let loudness = rng.random_range(0.5..1.0);
    let hiss = if rng.random_bool(0.3) { 0.5 } else { 0.02 };
    let mut weights = [0.0; 32];
    for n in 0..length {
        if n % 240 == 0 {
            *pitch += (aim - *pitch) * 0.08;
            for (k, slot) in weights.iter_mut().enumerate() {
                let hz = *pitch * (k + 1) as f32;
                *slot = if hz < 3_600.0 { weight(hz) } else { 0.0 };
            }
        }
        *phase = (*phase + *pitch / RATE as f32).fract();
        // sin(kx) by the recurrence of Chebyshev: one sine a sample is enough.
        let (sine, cosine) = (*phase * TAU).sin_cos();
        let (mut before, mut now, mut voiced) = (0.0_f32, sine, 0.0_f32);
        for gain in weights {
            voiced += gain * now;
            (before, now) = (now, 2.0 * cosine * now - before);
        }
        let envelope = (std::f32::consts::PI * n as f32 / length as f32).sin();
        let noise: f32 = rng.random_range(-1.0..1.0);
        out.push(loudness * envelope * (voiced + hiss * noise));
    }
}

/// A steady tone; `dbfs` is the level of its peaks relative to full scale.
pub fn tone(hz: f64, dbfs: f64, seconds: f64, rate: u32) -> Vec<i16> {
    let amplitude = 32_767.0 * 10_f64.powf(dbfs / 20.0);
    let length = (seconds * f64::from(rate)) as usize;
    (0..length)
        .map(|n| {
            let angle = std::f64::consts::TAU * hz * n as f64 / f64::from(rate);
            (amplitude * angle.sin()).round() as i16
        })
        .collect()
}

/// Adds `other` to `samples` from sample `at` on; what reaches beyond the end is left out.
pub fn mix_into(samples: &mut [i16], other: &[i16], at: usize) {
    for (slot, &sample) in samples.iter_mut().skip(at).zip(other) {
        *slot = slot.saturating_add(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_the_same_for_the_same_seed_and_has_pauses() {
        let voice = speech_like(1, 5.0);
        assert_eq!(voice.len(), 5 * RATE as usize);
        assert_eq!(voice, speech_like(1, 5.0));
        assert_ne!(voice, speech_like(2, 5.0));
        let silent = voice.iter().filter(|s| **s == 0).count() as f32 / voice.len() as f32;
        assert!((0.03..0.5).contains(&silent), "{silent} of it is silent");
        let loudest = voice.iter().map(|s| s.unsigned_abs()).max().expect("samples");
        assert!((5_000..32_001).contains(&loudest), "{loudest}");
    }
}
