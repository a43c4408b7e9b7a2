//! A safe wrapper of libopus 1.6: the encoder and decoder this product needs, and no more.
//!
//! The published `opus` crate hides decoder complexity, and with it deep concealment (the neural
//! PLC works from decoder complexity 5 on), so the calls are made here. This is the one module of
//! the crate with `unsafe` in it. Both ends work at 48 kHz mono.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;
use thiserror::Error;

use crate::frame::{Frame, SAMPLE_RATE};

/// Longest packet [`Encoder::encode`] makes: what RFC 6716 allows for one 20 ms frame.
pub const MAX_PACKET: usize = 1275;

/// Most samples a packet can decode to: 120 ms.
pub const MAX_DECODED: usize = 5760;

/// Lowest decoder complexity with neural concealment; 6 adds LACE, 7 NoLACE speech enhancement.
pub const DEEP_PLC_COMPLEXITY: u8 = 5;

const MONO: c_int = 1;

/// The Opus library refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpusError {
    /// The packet is not Opus.
    #[error("not an Opus packet")]
    InvalidPacket,
    /// A setting is out of its range.
    #[error("Opus setting out of range")]
    BadArgument,
    /// No memory for encoder or decoder.
    #[error("no memory for Opus")]
    Allocation,
    /// Anything else libopus reports.
    #[error("Opus failed with code {code}")]
    Other {
        /// libopus' error code, negative.
        code: i32,
    },
}

impl OpusError {
    fn from_code(code: c_int) -> Self {
        match code {
            sys::OPUS_INVALID_PACKET => Self::InvalidPacket,
            sys::OPUS_BAD_ARG => Self::BadArgument,
            sys::OPUS_ALLOC_FAIL => Self::Allocation,
            code => Self::Other { code },
        }
    }
}

fn check(code: c_int) -> Result<usize, OpusError> {
    usize::try_from(code).map_err(|_| OpusError::from_code(code))
}

/// Complexity that speech is encoded with: from 7 on libopus looks for music in every frame, of which a
/// call has none, and searches wider.
///
/// Wideband PESQ of the voices in `crates/training/voices` at 24 kbit/s, and a frame's time on one core:
/// 1: 3.10, 49 µs; 3: 3.15, 139 µs; 5: 3.64, 166 µs; 6: 3.74, 158 µs; 9: 3.83, 208 µs. From 6 on SILK
/// weighs three paths or more, which it does at once where there is AVX2.
pub const SPEECH_COMPLEXITY: u8 = 6;

/// What an [`Encoder`] is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Bit rate in bit/s, 6 000 to 128 000 (libopus clamps).
    pub bitrate: u32,
    /// 0 to 10. From 7 on every frame is also analysed for music.
    pub complexity: u8,
    /// Loss in percent the in-band FEC prepares for, 0 to 100. Below 10 no redundancy is sent.
    pub expected_loss: u8,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self { bitrate: 24_000, complexity: SPEECH_COMPLEXITY, expected_loss: 10 }
    }
}

/// Opus encoder for speech: mono, in-band FEC on, DTX off (a desk that is silent must still be
/// seen to live).
#[derive(Debug)]
pub struct Encoder {
    state: NonNull<sys::OpusEncoder>,
}

// SAFETY: the state is a plain heap block without thread affinity, and we are its only owner.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder with these settings.
    ///
    /// # Errors
    /// [`OpusError::Allocation`]; [`OpusError::BadArgument`] for a setting out of range.
    pub fn new(settings: EncoderSettings) -> Result<Self, OpusError> {
        let mut code = 0;
        // SAFETY: valid constants, `code` outlives the call; the result is checked for null.
        let state = unsafe {
            sys::opus_encoder_create(
                SAMPLE_RATE as i32,
                MONO,
                sys::OPUS_APPLICATION_VOIP,
                &raw mut code,
            )
        };
        check(code)?;
        let mut encoder = Self { state: NonNull::new(state).ok_or(OpusError::Allocation)? };
        encoder.set(sys::OPUS_SET_BITRATE_REQUEST, settings.bitrate as c_int)?;
        encoder.set(sys::OPUS_SET_COMPLEXITY_REQUEST, c_int::from(settings.complexity))?;
        encoder.set(sys::OPUS_SET_INBAND_FEC_REQUEST, 1)?;
        encoder.set(sys::OPUS_SET_DTX_REQUEST, 0)?;
        // Left to itself it takes some voices for music, and its music mode has no redundancy.
        encoder.set(sys::OPUS_SET_SIGNAL_REQUEST, sys::OPUS_SIGNAL_VOICE)?;
        encoder.set_expected_loss(settings.expected_loss)?;
        Ok(encoder)
    }

    /// Changes the loss, in percent, that the redundancy is meant for.
    ///
    /// # Errors
    /// [`OpusError::BadArgument`] above 100.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        self.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, c_int::from(percent))
    }

    /// Changes the bit rate, in bit/s.
    ///
    /// # Errors
    /// [`OpusError::BadArgument`] for zero.
    pub fn set_bitrate(&mut self, bitrate: u32) -> Result<(), OpusError> {
        self.set(sys::OPUS_SET_BITRATE_REQUEST, bitrate as c_int)
    }

    /// Encodes 20 ms into `packet`; says how many bytes were written.
    ///
    /// # Errors
    /// [`OpusError::Other`] when libopus fails, which it does not on whole frames.
    pub fn encode(
        &mut self,
        frame: &Frame,
        packet: &mut [u8; MAX_PACKET],
    ) -> Result<usize, OpusError> {
        // SAFETY: the state is ours and live; the frame has the 960 samples claimed and `packet`
        // the bytes claimed.
        let code = unsafe {
            sys::opus_encode(
                self.state.as_ptr(),
                frame.as_ptr(),
                frame.len() as c_int,
                packet.as_mut_ptr(),
                MAX_PACKET as i32,
            )
        };
        check(code)
    }

    fn set(&mut self, request: c_int, value: c_int) -> Result<(), OpusError> {
        // SAFETY: the state is live, and every request used here takes one opus_int32 by value.
        check(unsafe { sys::opus_encoder_ctl(self.state.as_ptr(), request, value) }).map(|_| ())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_encoder_create and destroyed once, here.
        unsafe { sys::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

/// Opus decoder with deep concealment.
#[derive(Debug)]
pub struct Decoder {
    state: NonNull<sys::OpusDecoder>,
}

// SAFETY: the state is a plain heap block without thread affinity, and we are its only owner.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder of this complexity (0 to 10, see [`DEEP_PLC_COMPLEXITY`]).
    ///
    /// # Errors
    /// [`OpusError::Allocation`]; [`OpusError::BadArgument`] for a complexity above 10.
    pub fn new(complexity: u8) -> Result<Self, OpusError> {
        let mut code = 0;
        // SAFETY: valid constants, `code` outlives the call; the result is checked for null.
        let state = unsafe { sys::opus_decoder_create(SAMPLE_RATE as i32, MONO, &raw mut code) };
        check(code)?;
        let decoder = Self { state: NonNull::new(state).ok_or(OpusError::Allocation)? };
        // SAFETY: the state is live, and the request takes one opus_int32 by value.
        check(unsafe {
            sys::opus_decoder_ctl(
                decoder.state.as_ptr(),
                sys::OPUS_SET_COMPLEXITY_REQUEST,
                c_int::from(complexity),
            )
        })?;
        Ok(decoder)
    }

    /// Decodes a packet and appends its samples to `pcm`; says how many.
    ///
    /// # Errors
    /// [`OpusError::InvalidPacket`], which leaves the decoder as it was.
    pub fn decode(&mut self, packet: &[u8], pcm: &mut Vec<i16>) -> Result<usize, OpusError> {
        if packet.is_empty() {
            // libopus would take an empty packet for a request to conceal.
            return Err(OpusError::InvalidPacket);
        }
        self.run(Some(packet), MAX_DECODED, false, pcm)
    }

    /// Restores the `samples` before `next` from the redundancy inside it (RFC 6716 section
    /// 2.1.7), and conceals what that does not cover.
    ///
    /// # Errors
    /// [`OpusError::InvalidPacket`]; [`OpusError::BadArgument`] unless `samples` is a multiple of
    /// 120 and at most [`MAX_DECODED`].
    pub fn decode_fec(
        &mut self,
        next: &[u8],
        samples: usize,
        pcm: &mut Vec<i16>,
    ) -> Result<usize, OpusError> {
        if next.is_empty() {
            return Err(OpusError::InvalidPacket);
        }
        self.run(Some(next), samples, true, pcm)
    }

    /// Makes up `samples` from what was heard before.
    ///
    /// # Errors
    /// [`OpusError::BadArgument`] unless `samples` is a multiple of 120 and at most
    /// [`MAX_DECODED`].
    pub fn conceal(&mut self, samples: usize, pcm: &mut Vec<i16>) -> Result<usize, OpusError> {
        self.run(None, samples, false, pcm)
    }

    fn run(
        &mut self,
        packet: Option<&[u8]>,
        samples: usize,
        fec: bool,
        pcm: &mut Vec<i16>,
    ) -> Result<usize, OpusError> {
        if samples > MAX_DECODED || samples == 0 {
            return Err(OpusError::BadArgument);
        }
        let length =
            i32::try_from(packet.map_or(0, <[u8]>::len)).map_err(|_| OpusError::InvalidPacket)?;
        let start = pcm.len();
        pcm.resize(start + samples, 0);
        // SAFETY: the state is ours and live; `packet` is null with length 0 or has `length`
        // bytes; `pcm[start..]` has room for `samples` mono samples.
        let code = unsafe {
            sys::opus_decode(
                self.state.as_ptr(),
                packet.map_or(std::ptr::null(), <[u8]>::as_ptr),
                length,
                pcm[start..].as_mut_ptr(),
                samples as c_int,
                c_int::from(fec),
            )
        };
        let result = check(code);
        pcm.truncate(start + result.unwrap_or(0).min(samples));
        result
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_decoder_create and destroyed once, here.
        unsafe { sys::opus_decoder_destroy(self.state.as_ptr()) }
    }
}

/// Samples a packet decodes to, at 48 kHz.
///
/// # Errors
/// [`OpusError::InvalidPacket`].
pub fn packet_samples(packet: &[u8]) -> Result<usize, OpusError> {
    if packet.is_empty() {
        return Err(OpusError::InvalidPacket);
    }
    let length = i32::try_from(packet.len()).map_err(|_| OpusError::InvalidPacket)?;
    // SAFETY: reads at most `length` bytes of the packet.
    check(unsafe { sys::opus_packet_get_nb_samples(packet.as_ptr(), length, SAMPLE_RATE as i32) })
}

/// Whether a packet carries redundancy for the one before it.
#[must_use]
pub fn has_fec(packet: &[u8]) -> bool {
    let Ok(length) = i32::try_from(packet.len()) else { return false };
    // SAFETY: not empty, and reads at most `length` bytes of the packet.
    length > 0 && unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), length) } > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME;
    use crate::tone::Sine;

    fn packets(expected_loss: u8) -> Vec<Vec<u8>> {
        let mut encoder =
            Encoder::new(EncoderSettings { expected_loss, ..Default::default() }).unwrap();
        let mut voice = crate::tone::test_voice(7);
        let mut packet = [0; MAX_PACKET];
        (0..60)
            .map(|_| {
                let length = encoder.encode(&voice.next_frame(), &mut packet).unwrap();
                packet[..length].to_vec()
            })
            .collect()
    }

    #[test]
    fn a_tone_comes_back_as_loud_as_it_was() {
        let mut encoder = Encoder::new(EncoderSettings::default()).unwrap();
        let mut decoder = Decoder::new(DEEP_PLC_COMPLEXITY).unwrap();
        let mut sine = Sine::new(440.0, -12.0);
        let (mut packet, mut pcm) = ([0; MAX_PACKET], Vec::new());
        for _ in 0..25 {
            let length = encoder.encode(&sine.next_frame(), &mut packet).unwrap();
            assert_eq!(packet_samples(&packet[..length]), Ok(FRAME));
            pcm.clear();
            assert_eq!(decoder.decode(&packet[..length], &mut pcm), Ok(FRAME));
        }
        let level = crate::frame::rms_dbfs(&pcm);
        assert!((level + 15.0).abs() < 1.5, "{level}");
    }

    #[test]
    fn redundancy_is_sent_at_ten_percent_expected_loss() {
        let with = packets(10).iter().filter(|p| has_fec(p)).count();
        assert!(with > 20, "{with} of 60 packets carry redundancy");
        assert_eq!(packets(0).iter().filter(|p| has_fec(p)).count(), 0);
    }

    #[test]
    fn concealment_keeps_the_voice_sounding_and_garbage_is_refused() {
        let mut decoder = Decoder::new(DEEP_PLC_COMPLEXITY).unwrap();
        let mut pcm = Vec::new();
        for packet in packets(10).iter().take(30) {
            pcm.clear();
            decoder.decode(packet, &mut pcm).unwrap();
        }
        let spoken = crate::frame::rms_dbfs(&pcm);
        pcm.clear();
        assert_eq!(decoder.conceal(FRAME, &mut pcm), Ok(FRAME));
        assert!(crate::frame::rms_dbfs(&pcm) > spoken - 20.0);
        pcm.clear();
        assert_eq!(decoder.decode(&[], &mut pcm), Err(OpusError::InvalidPacket));
        assert_eq!(decoder.decode(&[0x03], &mut pcm), Err(OpusError::InvalidPacket));
        assert!(pcm.is_empty());
    }
}
