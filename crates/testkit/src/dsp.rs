//! What both detectors need: 8 kHz mono.

/// The rate at which everything is judged: speech has what matters below 4 kHz.
pub(crate) const RATE: u32 = 8_000;

/// Full scale 1.0, decimated to 8 kHz behind a low-pass at 3.6 kHz, without delay.
///
/// # Panics
/// When `rate` is not a multiple of 8 kHz.
pub(crate) fn to_8k(samples: &[i16], rate: u32) -> Vec<f32> {
    assert!(rate >= RATE && rate.is_multiple_of(RATE), "{rate} Hz is not a multiple of {RATE} Hz");
    let step = (rate / RATE) as usize;
    let full: Vec<f32> = samples.iter().map(|&s| f32::from(s) / 32_768.0).collect();
    if step == 1 {
        return full;
    }
    let half = 16 * step;
    let cutoff = 3_600.0 / rate as f32;
    let mut taps: Vec<f32> = (0..=2 * half)
        .map(|n| {
            let t = n as f32 - half as f32;
            let sinc = if t == 0.0 {
                2.0 * cutoff
            } else {
                (std::f32::consts::TAU * cutoff * t).sin() / (std::f32::consts::PI * t)
            };
            let x = std::f32::consts::TAU * n as f32 / (2 * half) as f32;
            sinc * (0.42 - 0.5 * x.cos() + 0.08 * (2.0 * x).cos())
        })
        .collect();
    let sum: f32 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    (0..full.len().div_ceil(step))
        .map(|n| {
            let centre = n * step;
            let from = centre.saturating_sub(half);
            let to = (centre + half + 1).min(full.len());
            let first = half - (centre - from);
            full[from..to].iter().zip(&taps[first..]).map(|(s, t)| s * t).sum()
        })
        .collect()
}
