//! How loud a recording is over time, for a picture of it.

use crate::opus::{Decoder, packet_samples};
use crate::reader::Stream;
use crate::{DecodeError, SAMPLE_RATE};
use std::path::Path;

/// The loudest samples are first kept for stretches of 20 ms, so that hours cost no memory.
const STRETCH: usize = SAMPLE_RATE as usize / 50;

/// The loudest samples of a recording, the same number of bars for each side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loudness {
    /// Playable length in milliseconds.
    pub ms: u64,
    /// What the caller sent: 0 to 255 of full scale.
    pub left: Vec<u8>,
    /// What the caller was sent.
    pub right: Vec<u8>,
}

/// Reads a recording into at most `bars` bars a side. A file of one channel gives it twice.
///
/// # Errors
/// As [`crate::decode`].
pub fn peaks(path: &Path, bars: usize) -> Result<Loudness, DecodeError> {
    let mut stream = Stream::open(path)?;
    let mut decoder = Decoder::new(&stream.head.layout).map_err(DecodeError::Opus)?;
    let channels = usize::from(stream.head.layout.channels);
    let mut sides = [Side::default(), Side::default()];
    let skip = usize::from(stream.head.pre_skip);
    let mut at = 0;
    while let Some(packet) = stream.packet()? {
        if let Ok(samples) = decoder.decode(&packet) {
            for frame in samples.chunks_exact(channels) {
                if at >= skip {
                    sides[0].take(frame[0]);
                    sides[1].take(frame[channels - 1]);
                }
                at += 1;
            }
        } else {
            for _ in 0..packet_samples(&packet) {
                sides.iter_mut().for_each(|side| side.take(0));
                at += 1;
            }
        }
    }
    let playable = stream.playable_samples();
    let stretches = (playable as usize).div_ceil(STRETCH);
    let [left, right] = sides.map(|side| side.bars(stretches, bars));
    Ok(Loudness { ms: playable * 1_000 / u64::from(SAMPLE_RATE), left, right })
}

/// One side, a stretch at a time.
#[derive(Default)]
struct Side {
    loudest: u16,
    samples: usize,
    stretches: Vec<u16>,
}

impl Side {
    fn take(&mut self, sample: i16) {
        self.loudest = self.loudest.max(sample.unsigned_abs());
        self.samples += 1;
        if self.samples == STRETCH {
            self.stretches.push(std::mem::take(&mut self.loudest));
            self.samples = 0;
        }
    }

    /// The first `length` stretches in at most `bars` bars.
    fn bars(mut self, length: usize, bars: usize) -> Vec<u8> {
        if self.samples > 0 {
            self.stretches.push(self.loudest);
        }
        self.stretches.truncate(length);
        let count = self.stretches.len().min(bars);
        let bar = |n: usize| {
            let (from, to) =
                (n * self.stretches.len() / count, (n + 1) * self.stretches.len() / count);
            let loudest = self.stretches[from..to].iter().max().copied().unwrap_or(0);
            u8::try_from(loudest / 129).unwrap_or(u8::MAX)
        };
        (0..count).map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_as_loud_as_its_loudest_sample() {
        let mut side = Side::default();
        for n in 0..STRETCH * 4 {
            side.take(if n == STRETCH * 2 + 5 { i16::MIN } else { 129 });
        }
        assert_eq!(side.bars(4, 2), [1, 254]);
    }

    #[test]
    fn fewer_stretches_than_bars_give_a_bar_each_and_nothing_gives_none() {
        let mut side = Side::default();
        (0..STRETCH + 1).for_each(|_| side.take(0));
        assert_eq!(side.bars(2, 600), [0, 0]);
        assert_eq!(Side::default().bars(0, 600), [0; 0]);
    }
}
