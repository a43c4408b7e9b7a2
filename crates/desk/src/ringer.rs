//! The ring of a call, on a loudspeaker of its own: 2 s on, 2 s off, 10 % louder each time.
//!
//! A thread for each ring, because a sound system may block for ever; it notices within 150 ms that
//! the call was answered.

use crate::core::Ring;
use siaga_audio_devices::{AudioDevices, AudioOut, FRAME, Frame, SAMPLE_RATE};
use std::f32::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const FRAME_TIME: Duration = Duration::from_millis(20);
/// Frames of one cycle: 2 s on, 2 s off.
const CYCLE: u32 = 200;
const ON: u32 = 100;
/// How loud the first cycle is, as a share of the most; each further one adds as much.
const STEP: f32 = 0.1;
const FIRST: f32 = 0.5;
/// Two tones that take turns every 60 ms, as a telephone's warble, in Hz.
const TONES: [f32; 2] = [784.0, 988.0];
const WARBLE: u32 = 3;

/// Rings until it is dropped.
pub(crate) struct Ringer(Arc<AtomicBool>);

impl Ringer {
    pub(crate) fn start(ring: Ring) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let started = std::thread::Builder::new().name("ring".to_owned()).spawn(move || {
            let opened = AudioDevices::open_output(ring.device.as_deref()).or_else(|error| {
                // A loudspeaker that was unplugged must not make a call silent.
                tracing::warn!(%error, "the ring's loudspeaker cannot be opened");
                AudioDevices::open_output(None)
            });
            match opened {
                Ok(mut out) => ring_until(&told, &mut out, ring.volume),
                Err(error) => tracing::warn!(%error, "nothing can ring here"),
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to ring");
        }
        Self(over)
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ring_until(over: &AtomicBool, out: &mut impl AudioOut, volume: u8) {
    let mut due = Instant::now();
    let mut phase = 0.0;
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        out.push(&frame(n, volume, &mut phase));
        due += FRAME_TIME;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// The `n`th 20 ms of a ring.
fn frame(n: u32, volume: u8, phase: &mut f32) -> Frame {
    let (cycle, at) = (n / CYCLE, n % CYCLE);
    if at >= ON {
        return [0; FRAME];
    }
    let loud = (FIRST + STEP * cycle as f32).min(1.0) * f32::from(volume.min(100)) / 100.0;
    let tone = TONES[(at / WARBLE) as usize % TONES.len()];
    std::array::from_fn(|_| {
        *phase = (*phase + tone / SAMPLE_RATE as f32).fract();
        // Half of full scale at the most: a loudspeaker is not a headset.
        ((*phase * TAU).sin() * loud * f32::from(i16::MAX) / 2.0) as i16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudest(n: u32, volume: u8) -> i16 {
        let mut phase = 0.0;
        frame(n, volume, &mut phase).into_iter().map(i16::saturating_abs).max().unwrap_or(0)
    }

    #[test]
    fn it_rings_two_seconds_of_four_and_grows_to_what_is_set() {
        assert!(loudest(0, 100) > 8_000);
        assert_eq!(loudest(100, 100), 0);
        assert!(loudest(200, 100) > loudest(0, 100));
        assert_eq!(loudest(CYCLE * 5, 100), loudest(CYCLE * 50, 100), "not beyond the most");
        assert_eq!(loudest(0, 0), 0);
        assert!(loudest(0, 50) < loudest(0, 100));
    }
}
