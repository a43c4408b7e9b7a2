//! From packets to frames: jitter buffer, decoder and time-stretch together. Sans-IO: the
//! owner hands in packets as they arrive and pulls one frame every 20 ms, with the time at which
//! it does so.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::codec::{Codec, waveform};
use crate::frame::{FRAME, Frame};
use crate::jitter::{Inserted, JitterBuffer, JitterStats, Pulled};
use crate::opus::{DEEP_PLC_COMPLEXITY, Decoder, OpusError};
use crate::stretch;

/// How far the delay may lie over its target before sound is shortened, in µs: more than the
/// longest cut, so that a cut never leads below the target.
const TOO_LATE_US: i64 = 20_000;
/// How far below, before sound is lengthened, in µs.
const TOO_EARLY_US: i64 = 5_000;
/// Beyond this distance from the target worse cuts are taken, and in every frame, in µs.
const FAR_US: i64 = 60_000;
/// Likeness asked for when far from the target.
const FAR_LIKENESS: f32 = 0.6;
/// Frames between two cuts when near the target: 60 ms.
const REST: u32 = 3;
/// After this much made-up sound in a row there is silence: 200 ms. Concealment has faded by then.
const CONCEAL_AT_MOST: u64 = 9_600;

/// One received voice.
#[derive(Debug)]
pub struct Playout {
    buffer: JitterBuffer,
    opus: Decoder,
    /// The decoder of the codec that is used instead of Opus.
    waveform: Option<waveform::Decoder>,
    /// Decoded, not yet played.
    pcm: Vec<i16>,
    rest: u32,
    concealed: u64,
    delay_us: i64,
}

/// Figures of a received voice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlayoutStats {
    /// Those of the jitter buffer.
    pub jitter: JitterStats,
    /// Sound made up by concealment (not by FEC).
    pub concealed: Duration,
    /// Delay beyond the fastest transit of what was last played.
    pub delay: Duration,
    /// Delay aimed at.
    pub target: Duration,
}

impl Playout {
    /// A voice that has not begun; Opus until [`Self::restart_as`] says otherwise.
    ///
    /// # Errors
    /// [`OpusError::Allocation`].
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self {
            buffer: JitterBuffer::new(),
            opus: Decoder::new(DEEP_PLC_COMPLEXITY)?,
            waveform: None,
            pcm: Vec::with_capacity(8 * FRAME),
            rest: 0,
            concealed: 0,
            delay_us: 0,
        })
    }

    /// Takes a voice packet that arrived `now`.
    pub fn insert(&mut self, now: Instant, seq: u16, rtp_ts: u32, payload: Bytes) -> Inserted {
        self.buffer.insert(now, seq, rtp_ts, payload)
    }

    /// Takes note of a telephone-event packet.
    pub fn insert_event(&mut self, seq: u16) -> Inserted {
        self.buffer.insert_event(seq)
    }

    /// The sender began anew (another SSRC).
    pub fn restart(&mut self) {
        self.buffer.restart();
    }

    /// The sender uses another codec from now on. What is decoded already is still played.
    pub fn restart_as(&mut self, codec: Codec) {
        self.buffer.restart_as(codec);
        self.waveform = match codec {
            Codec::Opus => None,
            Codec::Waveform(codec) => Some(waveform::Decoder::new(codec)),
        };
    }

    /// The codec of the voice.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.buffer.codec()
    }

    /// The frame to be heard `now`: call it every 20 ms. Silence before anything came.
    pub fn pull(&mut self, now: Instant) -> Frame {
        while self.pcm.len() < FRAME {
            if !self.decode_one(now) {
                let frame = Frame::from_samples(&self.pcm);
                self.pcm.clear();
                return frame;
            }
        }
        self.approach_target(now);
        let frame = Frame::from_samples(&self.pcm);
        self.pcm.drain(..FRAME.min(self.pcm.len()));
        frame
    }

    /// Figures so far.
    #[must_use]
    pub fn stats(&self) -> PlayoutStats {
        PlayoutStats {
            jitter: self.buffer.stats(),
            concealed: Duration::from_micros(self.concealed * 1_000 / 48),
            delay: Duration::from_micros(self.delay_us.max(0).unsigned_abs()),
            target: self.buffer.target(),
        }
    }

    /// Appends at least 2.5 ms to `pcm`, or says that there is nothing to play yet.
    fn decode_one(&mut self, now: Instant) -> bool {
        let before = self.pcm.len();
        let wanted = match self.buffer.pull(now, before) {
            Pulled::Voice(packet) => {
                if self.decode(&packet) {
                    return true;
                }
                FRAME
            }
            Pulled::Fec { next, samples } => {
                match self.opus.decode_fec(&next, samples, &mut self.pcm) {
                    Ok(_) => return true,
                    Err(_) => samples,
                }
            }
            Pulled::Conceal { samples } => samples,
            Pulled::Starved { samples } if samples > CONCEAL_AT_MOST => {
                self.pcm.resize(before + FRAME, 0);
                return true;
            }
            Pulled::Starved { .. } => FRAME,
            Pulled::Idle => return false,
        };
        self.concealed += wanted as u64;
        self.conceal(wanted);
        true
    }

    fn decode(&mut self, packet: &[u8]) -> bool {
        match &mut self.waveform {
            Some(decoder) => decoder.decode(packet, &mut self.pcm),
            None => self.opus.decode(packet, &mut self.pcm).is_ok(),
        }
    }

    fn conceal(&mut self, samples: usize) {
        let before = self.pcm.len();
        match &mut self.waveform {
            Some(decoder) => decoder.conceal(samples, &mut self.pcm),
            None => {
                if self.opus.conceal(samples, &mut self.pcm).is_err() {
                    self.pcm.resize(before + samples, 0);
                }
            }
        }
    }

    /// Shortens or lengthens what is about to be played, where that can be done unheard.
    fn approach_target(&mut self, now: Instant) {
        if let Some((delay, _)) = self.buffer.delay(now, self.pcm.len()) {
            self.delay_us = delay;
        }
        // What counts is whether packets are here when they are decoded, and that is when less
        // than a whole frame is left, not when the rest of it has been played.
        let whole = self.pcm.len() / FRAME * FRAME;
        let Some((delay, target)) = self.buffer.delay(now, whole) else { return };
        self.rest = self.rest.saturating_sub(1);
        let excess = delay - target;
        let far = excess.abs() > FAR_US;
        if self.rest > 0 && !far {
            return;
        }
        let likeness = if far { FAR_LIKENESS } else { stretch::LIKENESS };
        let done = if excess > TOO_LATE_US {
            while self.pcm.len() < 2 * FRAME && self.buffer.next_is_here() {
                if !self.decode_one(now) {
                    break;
                }
            }
            // A whole frame must be left, whatever is cut.
            self.pcm.len() >= FRAME + stretch::LAGS.end()
                && stretch::accelerate(&mut self.pcm, likeness).is_some()
        } else if excess < -TOO_EARLY_US {
            stretch::expand(&mut self.pcm, likeness).is_some()
        } else {
            false
        };
        if done {
            self.rest = REST;
        }
    }
}

#[cfg(test)]
mod tests;
