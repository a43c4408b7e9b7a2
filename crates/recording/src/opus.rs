//! The two calls into libopus that a recording needs: two uncoupled mono streams in, and out.

use crate::FRAME;
use opusic_sys as sys;
use std::ptr::NonNull;

/// Channel `n` is stream `n`, and no stream is a stereo pair.
pub(crate) const MAPPING: [u8; 2] = [0, 1];

/// Largest packet that two streams of 20 ms can come to: 1275 bytes each plus self-delimiting
/// framing (RFC 6716 §3.2, appendix B).
const MAX_PACKET: usize = 2 * 1275 + 8;

/// Longest packet that Opus allows, 120 ms at 48 kHz, in samples of one channel.
const MAX_DURATION: usize = 5760;

/// Encodes left and right as two mono streams.
pub(crate) struct Encoder {
    raw: NonNull<sys::OpusMSEncoder>,
    interleaved: [i16; 2 * FRAME],
    packet: Vec<u8>,
}

// SAFETY: the encoder state is plain memory owned by this value alone; libopus keeps no
// thread-local or global state for it.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder of `bits_per_second` for both channels together.
    pub(crate) fn new(bits_per_second: i32, complexity: i32) -> Result<Self, i32> {
        let mut error = 0;
        // SAFETY: MAPPING has as many entries as there are channels, and `error` outlives the call.
        let raw = unsafe {
            sys::opus_multistream_encoder_create(
                48_000,
                2,
                2,
                0,
                MAPPING.as_ptr(),
                sys::OPUS_APPLICATION_VOIP,
                &raw mut error,
            )
        };
        let raw = NonNull::new(raw).ok_or(error)?;
        let encoder = Self { raw, interleaved: [0; 2 * FRAME], packet: vec![0; MAX_PACKET] };
        encoder.set(sys::OPUS_SET_BITRATE_REQUEST, bits_per_second)?;
        encoder.set(sys::OPUS_SET_COMPLEXITY_REQUEST, complexity)?;
        Ok(encoder)
    }

    fn set(&self, request: i32, value: i32) -> Result<(), i32> {
        // SAFETY: `raw` is live, and every request used here takes one c_int by value.
        match unsafe { sys::opus_multistream_encoder_ctl(self.raw.as_ptr(), request, value) } {
            sys::OPUS_OK => Ok(()),
            code => Err(code),
        }
    }

    /// Samples by which the output is late: the stream's pre-skip.
    pub(crate) fn look_ahead(&self) -> Result<u16, i32> {
        let mut samples: i32 = 0;
        // SAFETY: `raw` is live, and this request writes one i32 through the pointer it is given.
        let code = unsafe {
            sys::opus_multistream_encoder_ctl(
                self.raw.as_ptr(),
                sys::OPUS_GET_LOOKAHEAD_REQUEST,
                &raw mut samples,
            )
        };
        if code == sys::OPUS_OK { u16::try_from(samples).map_err(|_| code) } else { Err(code) }
    }

    /// One tick to one packet.
    pub(crate) fn encode(
        &mut self,
        left: &[i16; FRAME],
        right: &[i16; FRAME],
    ) -> Result<&[u8], i32> {
        for (pair, (l, r)) in self.interleaved.chunks_exact_mut(2).zip(left.iter().zip(right)) {
            pair[0] = *l;
            pair[1] = *r;
        }
        // SAFETY: `interleaved` holds FRAME samples for each of two channels and `packet` has
        // MAX_PACKET writable bytes.
        let written = unsafe {
            sys::opus_multistream_encode(
                self.raw.as_ptr(),
                self.interleaved.as_ptr(),
                FRAME as i32,
                self.packet.as_mut_ptr(),
                MAX_PACKET as i32,
            )
        };
        match usize::try_from(written) {
            Ok(length) => Ok(&self.packet[..length.min(MAX_PACKET)]),
            Err(_) => Err(written),
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: `raw` came from the matching create and is not used after this.
        unsafe { sys::opus_multistream_encoder_destroy(self.raw.as_ptr()) }
    }
}

/// How the streams of a file map to its channels, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) channels: u8,
    pub(crate) streams: u8,
    pub(crate) coupled: u8,
    pub(crate) mapping: [u8; 2],
}

impl Layout {
    /// Whether libopus would take it: at most two channels, each fed by a stream that exists.
    pub(crate) fn is_sound(&self) -> bool {
        let decoded = u16::from(self.streams) + u16::from(self.coupled);
        matches!(self.channels, 1 | 2)
            && self.streams >= 1
            && self.coupled <= self.streams
            && decoded <= 255
            && self.mapping[..usize::from(self.channels)]
                .iter()
                .all(|&m| m == 255 || u16::from(m) < decoded)
    }
}

/// Decodes packets of a [`Layout`] to interleaved samples.
pub(crate) struct Decoder {
    raw: NonNull<sys::OpusMSDecoder>,
    channels: usize,
    samples: Vec<i16>,
}

impl Decoder {
    /// A decoder of a layout that [is sound](Layout::is_sound).
    pub(crate) fn new(layout: &Layout) -> Result<Self, i32> {
        let mut error = 0;
        // SAFETY: `mapping` has two entries and there are at most two channels; libopus checks the
        // rest of the layout; `error` outlives the call.
        let raw = unsafe {
            sys::opus_multistream_decoder_create(
                48_000,
                i32::from(layout.channels.min(2)),
                i32::from(layout.streams),
                i32::from(layout.coupled),
                layout.mapping.as_ptr(),
                &raw mut error,
            )
        };
        let channels = usize::from(layout.channels.min(2));
        Ok(Self {
            raw: NonNull::new(raw).ok_or(error)?,
            channels,
            samples: vec![0; channels * MAX_DURATION],
        })
    }

    /// One packet to interleaved samples.
    pub(crate) fn decode(&mut self, packet: &[u8]) -> Result<&[i16], i32> {
        let length = i32::try_from(packet.len()).map_err(|_| sys::OPUS_INVALID_PACKET)?;
        // SAFETY: `packet` is readable for `length` bytes, and `samples` is writable for
        // MAX_DURATION samples of each channel.
        let decoded = unsafe {
            sys::opus_multistream_decode(
                self.raw.as_ptr(),
                packet.as_ptr(),
                length,
                self.samples.as_mut_ptr(),
                MAX_DURATION as i32,
                0,
            )
        };
        match usize::try_from(decoded) {
            Ok(samples) => Ok(&self.samples[..(samples * self.channels).min(self.samples.len())]),
            Err(_) => Err(decoded),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: `raw` came from the matching create and is not used after this.
        unsafe { sys::opus_multistream_decoder_destroy(self.raw.as_ptr()) }
    }
}

/// Samples (48 kHz, one channel) that a packet stands for, 0 when it is not an Opus packet.
pub(crate) fn packet_samples(packet: &[u8]) -> u64 {
    let Ok(length) = i32::try_from(packet.len()) else { return 0 };
    if length == 0 {
        return 0;
    }
    // SAFETY: `packet` is readable for `length` ≥ 1 bytes; the call looks at no more than two.
    let samples = unsafe { sys::opus_packet_get_nb_samples(packet.as_ptr(), length, 48_000) };
    u64::try_from(samples).unwrap_or(0)
}
