//! What a recording promises: it survives a kill, keeps its sides apart, and its seal finds changes.

mod crash;
mod file;
mod full_disk;
mod recover;
mod thread;

use siaga_model::{CallId, Timestamp};
use siaga_recording::{FRAME, Frame, RecorderOptions};

fn options() -> RecorderOptions {
    RecorderOptions {
        call: CallId::from_parts(1_795_000_000_000, 110),
        started_at: Timestamp(1_795_000_000_123),
    }
}

/// Tick `n` of a tone of `hz` at a quarter of full scale.
fn tone(hz: f64, n: u64) -> Frame {
    std::array::from_fn(|i| {
        let t = (n * FRAME as u64 + i as u64) as f64 / 48_000.0;
        (8192.0 * (t * hz * std::f64::consts::TAU).sin()) as i16
    })
}

/// How strong a tone is in a signal, 0 to 1 of full scale.
fn level(samples: &[i16], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = n as f64 / 48_000.0 * hz * std::f64::consts::TAU;
        re += f64::from(sample) * angle.cos();
        im += f64::from(sample) * angle.sin();
    }
    (re * re + im * im).sqrt() * 2.0 / samples.len() as f64 / 32768.0
}
