//! The formats of an audio section: which codec has which payload type, what of a peer's list is
//! used, and how a list is written.

use crate::codec::Codec;

/// Payload types that we give to what has none of its own (RFC 3551), when we are free to.
const OPUS: u8 = 111;
const EVENTS_48: u8 = 110;
const EVENTS_8: u8 = 101;
/// Where a free payload type is looked for.
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

/// Telephone events (RFC 4733) and the clock in which their duration is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// Their payload type.
    pub payload_type: u8,
    /// Their clock in Hz, 8 000 or 48 000.
    pub clock_rate: u32,
}

/// What an audio section offers of what we know, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    /// Codecs and their payload types, each codec once.
    pub voice: Vec<(Codec, u8)>,
    /// Telephone events, each clock once.
    pub events: Vec<Events>,
}

impl Formats {
    /// What we offer: everything, the best sounding first.
    #[must_use]
    pub fn ours() -> Self {
        let voice = Codec::ALL.map(|codec| (codec, codec.static_payload_type().unwrap_or(OPUS)));
        let events = [(EVENTS_48, 48_000), (EVENTS_8, 8_000)];
        let events = events.map(|(payload_type, clock_rate)| Events { payload_type, clock_rate });
        Self { voice: voice.to_vec(), events: events.to_vec() }
    }

    /// Reads the lines of an audio section, the first of which is its `m=`.
    pub(super) fn read(audio: &[&str]) -> Self {
        let mut formats = Self { voice: Vec::new(), events: Vec::new() };
        let Some(media) = audio.first() else { return formats };
        for word in media.split_ascii_whitespace().skip(3) {
            // RFC 3551 section 3: seven bits.
            let Some(payload_type) = word.parse().ok().filter(|p| *p < 128u8) else { continue };
            let mapped = audio.iter().find_map(|line| {
                let (payload, value) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
                (payload == word).then_some(value)
            });
            let codec = match mapped {
                Some(value) => Codec::of_rtpmap(value),
                None => Codec::of_static(payload_type),
            };
            if let Some(codec) = codec {
                if formats.payload_type(codec).is_none() {
                    formats.voice.push((codec, payload_type));
                }
            } else if let Some(clock_rate) = mapped.and_then(events_clock)
                && formats.events.iter().all(|events| events.clock_rate != clock_rate)
            {
                formats.events.push(Events { payload_type, clock_rate });
            }
        }
        formats
    }

    /// The codec that is used, and its payload type: the first that we know.
    #[must_use]
    pub fn chosen(&self) -> Option<(Codec, u8)> {
        self.voice.first().copied()
    }

    /// The telephone events that go with a codec: those of its clock (RFC 4733 section 2.1), or what
    /// there is.
    #[must_use]
    pub fn events_for(&self, codec: Codec) -> Option<Events> {
        let matching = self.events.iter().find(|events| events.clock_rate == codec.clock_rate());
        matching.or(self.events.first()).copied()
    }

    /// The answer to this offer: its first codec that we know and the events that go with it, so that
    /// a PBX between two telephones need not transcode, and nobody has to guess what will be sent.
    #[must_use]
    pub fn answer(&self) -> Self {
        let voice: Vec<_> = self.chosen().into_iter().collect();
        let events = voice.first().and_then(|(codec, _)| self.events_for(*codec));
        Self { voice, events: events.into_iter().collect() }
    }

    /// The payload type of a codec, if it is here.
    #[must_use]
    pub fn payload_type(&self, codec: Codec) -> Option<u8> {
        self.voice.iter().find(|(known, _)| *known == codec).map(|(_, payload_type)| *payload_type)
    }

    /// These and whatever else we know, each with a payload type that is free here.
    #[must_use]
    pub fn completed(&self) -> Self {
        let mut all = self.clone();
        for (codec, wanted) in Self::ours().voice {
            if all.payload_type(codec).is_none() {
                let payload_type = all.free(wanted);
                all.voice.push((codec, payload_type));
            }
        }
        if all.events.is_empty() {
            let payload_type = all.free(EVENTS_48);
            all.events.push(Events { payload_type, clock_rate: 48_000 });
        }
        all
    }

    fn free(&self, wanted: u8) -> u8 {
        let taken = |payload_type: &u8| {
            self.voice.iter().any(|(_, taken)| taken == payload_type)
                || self.events.iter().any(|events| events.payload_type == *payload_type)
        };
        // There are more of them than formats that we know.
        std::iter::once(wanted).chain(DYNAMIC).find(|p| !taken(p)).unwrap_or(wanted)
    }

    /// All payload types in their order, as they stand in the `m=` line.
    pub(crate) fn payload_types(&self) -> impl Iterator<Item = u8> {
        let voice = self.voice.iter().map(|(_, payload_type)| *payload_type);
        voice.chain(self.events.iter().map(|events| events.payload_type))
    }

    /// The `a=rtpmap` and `a=fmtp` lines. Opus is mono with FEC: a stereo bridge doubles the pitch of
    /// some PBXs' whisper.
    pub(super) fn write(&self, opus_parameters: &str, out: &mut String) {
        use std::fmt::Write as _;
        for (codec, payload) in &self.voice {
            // Writing to a string does not fail.
            let _ = match codec {
                Codec::Opus => write!(
                    out,
                    "a=rtpmap:{payload} opus/48000/2\r\na=fmtp:{payload} {opus_parameters}\r\n"
                ),
                Codec::Waveform(_) => {
                    write!(out, "a=rtpmap:{payload} {}/{}\r\n", codec.name(), codec.clock_rate())
                }
            };
        }
        for Events { payload_type, clock_rate } in &self.events {
            let _ = write!(
                out,
                "a=rtpmap:{payload_type} telephone-event/{clock_rate}\r\na=fmtp:{payload_type} 0-15\r\n"
            );
        }
    }
}

/// The clock of an `a=rtpmap` value that names telephone events, if it is one that we count in.
fn events_clock(value: &str) -> Option<u32> {
    let mut parts = value.trim().split('/');
    let is_events = parts.next()?.eq_ignore_ascii_case("telephone-event");
    let clock = parts.next()?.parse().ok()?;
    (is_events && (clock == 8_000 || clock == 48_000)).then_some(clock)
}
