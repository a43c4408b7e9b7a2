//! G.711 and G.722 between 48 kHz frames and packets. The coding itself is the `audio-codec` crate's;
//! ours are the sample rates and the concealment.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};

use super::conceal::Concealment;
use super::resample::{Downsampler, Upsampler};
use super::{Codec, Waveform};
use crate::frame::{Frame, SAMPLE_RATE};

/// Bytes of one frame: 20 ms at 64 kbit/s, whichever the codec.
pub const PACKET: usize = 160;

/// From frames to packets.
pub struct Encoder {
    codec: Waveform,
    coder: Box<dyn audio_codec::Encoder>,
    down: Downsampler,
    samples: Vec<i16>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("codec", &self.codec).finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder that has heard nothing.
    #[must_use]
    pub fn new(codec: Waveform) -> Self {
        let coder: Box<dyn audio_codec::Encoder> = match codec {
            Waveform::G722 => Box::new(G722Encoder::new()),
            Waveform::Pcma => Box::new(PcmaEncoder::new()),
            Waveform::Pcmu => Box::new(PcmuEncoder::new()),
        };
        let down = Downsampler::new((SAMPLE_RATE / codec.sample_rate()) as usize);
        Self { codec, coder, down, samples: Vec::new() }
    }

    /// Its codec.
    #[must_use]
    pub fn codec(&self) -> Waveform {
        self.codec
    }

    /// Encodes 20 ms.
    pub fn encode(&mut self, frame: &Frame) -> [u8; PACKET] {
        self.samples.clear();
        self.down.run(frame.as_slice(), &mut self.samples);
        let mut packet = [0; PACKET];
        // It fails only on a buffer that is too small, and this one is exact.
        if let Err(error) = self.coder.encode_into(&self.samples, &mut packet) {
            tracing::warn!(?error, "a frame could not be encoded");
        }
        packet
    }
}

/// From packets to 48 kHz sound, with what was lost made up.
pub struct Decoder {
    codec: Waveform,
    coder: Box<dyn audio_codec::Decoder>,
    concealment: Concealment,
    up: Upsampler,
    samples: Vec<i16>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("codec", &self.codec).finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder that has heard nothing.
    #[must_use]
    pub fn new(codec: Waveform) -> Self {
        let coder: Box<dyn audio_codec::Decoder> = match codec {
            Waveform::G722 => Box::new(G722Decoder::new()),
            Waveform::Pcma => Box::new(PcmaDecoder::new()),
            Waveform::Pcmu => Box::new(PcmuDecoder::new()),
        };
        Self {
            codec,
            coder,
            concealment: Concealment::new(codec.sample_rate()),
            up: Upsampler::new((SAMPLE_RATE / codec.sample_rate()) as usize),
            samples: Vec::new(),
        }
    }

    /// Its codec.
    #[must_use]
    pub fn codec(&self) -> Waveform {
        self.codec
    }

    /// Decodes a packet that [`Codec::packet_samples`] accepts and appends its sound to `pcm`; says
    /// whether it did.
    pub fn decode(&mut self, packet: &[u8], pcm: &mut Vec<i16>) -> bool {
        if Codec::Waveform(self.codec).packet_samples(packet).is_none() {
            return false;
        }
        let count = packet.len() * (self.codec.sample_rate() / 8_000) as usize;
        self.samples.clear();
        self.samples.resize(count, 0);
        if self.coder.decode_into(packet, &mut self.samples).is_err() {
            return false;
        }
        self.concealment.heard(&mut self.samples);
        self.up.run(&self.samples, pcm);
        true
    }

    /// Makes up `samples` at 48 kHz, which is rounded down to whole samples of the codec.
    pub fn conceal(&mut self, samples: usize, pcm: &mut Vec<i16>) {
        self.samples.clear();
        let count = samples * self.codec.sample_rate() as usize / SAMPLE_RATE as usize;
        self.concealment.make_up(count, &mut self.samples);
        self.up.run(&self.samples, pcm);
    }
}

#[cfg(test)]
#[path = "waveform/tests.rs"]
mod tests;
