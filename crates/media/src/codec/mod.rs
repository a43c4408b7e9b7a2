//! The codecs of a voice: Opus between us and browsers, and the waveform codecs of the telephone
//! network, so that a PBX can pass a caller through without transcoding.
//!
//! Whatever the codec, the rest of this crate sees 48 kHz frames: [`waveform`] brings the 8 kHz and
//! 16 kHz codecs there and back, and makes up what was lost, as libopus does it for Opus. Absent on
//! purpose: G.729 and everything else that neither our trunks nor browsers speak.

mod conceal;
mod resample;
pub mod waveform;

use crate::frame::SAMPLE_RATE;
use crate::opus;

/// How a voice is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Opus (RFC 6716, RFC 7587).
    Opus,
    /// One of the codecs of the telephone network.
    Waveform(Waveform),
}

/// A codec of the telephone network: one byte of each is 125 µs of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Waveform {
    /// G.722 at 64 kbit/s: 16 kHz.
    G722,
    /// G.711 A-law: 8 kHz, the trunks of Indonesia and Europe.
    Pcma,
    /// G.711 µ-law: 8 kHz.
    Pcmu,
}

/// Longest packet of a waveform codec that is taken, in bytes: 120 ms, as Opus allows.
const MAX_WAVEFORM: usize = 960;

/// Shortest: 2.5 ms.
const MIN_WAVEFORM: usize = 20;

impl Codec {
    /// In the order in which we offer them: the best sounding first.
    pub const ALL: [Self; 4] = [
        Self::Opus,
        Self::Waveform(Waveform::G722),
        Self::Waveform(Waveform::Pcma),
        Self::Waveform(Waveform::Pcmu),
    ];

    /// Its name in a session description.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Waveform(Waveform::G722) => "G722",
            Self::Waveform(Waveform::Pcma) => "PCMA",
            Self::Waveform(Waveform::Pcmu) => "PCMU",
        }
    }

    /// The codec of an `a=rtpmap` value such as `opus/48000/2`; `None` for any other.
    #[must_use]
    pub fn of_rtpmap(value: &str) -> Option<Self> {
        let mut parts = value.trim().split('/');
        let (name, clock) = (parts.next()?, parts.next()?);
        let channels = parts.next().unwrap_or("1");
        Self::ALL.into_iter().find(|codec| {
            let expected = if *codec == Self::Opus { "2" } else { "1" };
            codec.name().eq_ignore_ascii_case(name)
                && clock.parse() == Ok(codec.clock_rate())
                // Opus is always said as two channels (RFC 7587 section 7); some leave them out.
                && (channels == expected || channels == "1")
        })
    }

    /// The codec of a payload type that needs no `a=rtpmap` (RFC 3551 section 6).
    #[must_use]
    pub fn of_static(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.static_payload_type() == Some(payload_type))
    }

    /// The payload type that RFC 3551 gives it.
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Opus => None,
            Self::Waveform(Waveform::G722) => Some(9),
            Self::Waveform(Waveform::Pcma) => Some(8),
            Self::Waveform(Waveform::Pcmu) => Some(0),
        }
    }

    /// RTP clock in Hz. That of G.722 is 8 000 though it samples at 16 000: an error of RFC 1890
    /// that RFC 3551 section 4.5.2 keeps.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => SAMPLE_RATE,
            Self::Waveform(_) => 8_000,
        }
    }

    /// Samples at 48 kHz in one step of the RTP clock.
    #[must_use]
    pub fn samples_per_tick(self) -> u32 {
        SAMPLE_RATE / self.clock_rate()
    }

    /// Samples at 48 kHz that a packet decodes to; `None` when it is no packet of this codec.
    #[must_use]
    pub fn packet_samples(self, packet: &[u8]) -> Option<usize> {
        match self {
            Self::Opus => opus::packet_samples(packet).ok(),
            Self::Waveform(_) => (MIN_WAVEFORM..=MAX_WAVEFORM)
                .contains(&packet.len())
                .then(|| packet.len() * self.samples_per_tick() as usize),
        }
    }

    /// Whether a packet carries redundancy for the one before it.
    #[must_use]
    pub fn has_fec(self, packet: &[u8]) -> bool {
        match self {
            Self::Opus => opus::has_fec(packet),
            Self::Waveform(_) => false,
        }
    }
}

impl Waveform {
    /// Samples a second of its sound.
    #[must_use]
    pub fn sample_rate(self) -> u32 {
        match self {
            Self::G722 => 16_000,
            Self::Pcma | Self::Pcmu => 8_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_known_by_name_clock_and_channels() {
        assert_eq!(Codec::of_rtpmap("opus/48000/2"), Some(Codec::Opus));
        assert_eq!(Codec::of_rtpmap("pcma/8000/1"), Some(Codec::Waveform(Waveform::Pcma)));
        assert_eq!(Codec::of_rtpmap("G722/8000"), Some(Codec::Waveform(Waveform::G722)));
        for other in ["opus/16000", "PCMA/16000", "G722/16000", "PCMU/8000/2", "PCMU", "L16/8000"] {
            assert_eq!(Codec::of_rtpmap(other), None, "{other}");
        }
        assert_eq!(
            [0, 8, 9].map(|p| Codec::of_static(p).map(Codec::name)),
            [Some("PCMU"), Some("PCMA"), Some("G722")]
        );
        assert_eq!(Codec::of_static(111), None);
    }

    #[test]
    fn a_packet_of_the_telephone_network_is_as_long_as_its_bytes() {
        for codec in Codec::ALL.into_iter().skip(1) {
            for ms in [10, 20, 30, 60] {
                assert_eq!(codec.packet_samples(&vec![0; 8 * ms]), Some(48 * ms), "{codec:?}");
            }
            assert_eq!(codec.packet_samples(&[]), None);
            assert_eq!(codec.packet_samples(&[0; 1_000]), None);
        }
    }
}
