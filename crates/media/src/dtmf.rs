//! DTMF as RTP events (RFC 4733), out and in. In-band tones are not looked for.

use std::collections::VecDeque;

/// Digits waiting to be sent; more are refused.
pub const DIGIT_CAPACITY: usize = 32;

/// Ticks of 20 ms that a digit sounds: 100 ms, what every exchange recognises.
const TONE_TICKS: u16 = 5;
/// Ticks in which the end is said again, against loss (RFC 4733 section 2.5.1.4).
const END_REPEATS: u16 = 2;
/// Ticks of silence before the next digit: 80 ms.
const PAUSE_TICKS: u16 = 4;
/// Power level −10 dBm0, what telephones send.
const VOLUME: u8 = 10;

const DIGITS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// The RFC 4733 event code of a digit.
#[must_use]
pub fn event_of(digit: char) -> Option<u8> {
    let digit = digit.to_ascii_uppercase();
    DIGITS.iter().position(|d| *d == digit).and_then(|i| u8::try_from(i).ok())
}

/// The digit of an RFC 4733 event code; `None` for codes that are not keys.
#[must_use]
pub fn digit_of(event: u8) -> Option<char> {
    DIGITS.get(usize::from(event)).copied()
}

/// One telephone-event packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPacket {
    /// RTP timestamp: that of the digit's start, in all its packets.
    pub timestamp: u32,
    /// RTP marker: set on the first packet of a digit.
    pub marker: bool,
    /// Event, flags and volume, duration.
    pub payload: [u8; 4],
}

/// Why a digit was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not one of `0`–`9`, `*`, `#`, `A`–`D`.
    NotADigit,
    /// [`DIGIT_CAPACITY`] digits are waiting.
    Full,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    event: u8,
    timestamp: u32,
    ticks: u16,
}

/// Sends digits one after the other, one step a tick of 20 ms.
#[derive(Debug, Default)]
pub struct DtmfSender {
    waiting: VecDeque<u8>,
    sounding: Option<Sounding>,
}

impl DtmfSender {
    /// Takes a digit to be sent.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn press(&mut self, digit: char) -> Result<(), Refusal> {
        let event = event_of(digit).ok_or(Refusal::NotADigit)?;
        if self.waiting.len() >= DIGIT_CAPACITY {
            return Err(Refusal::Full);
        }
        self.waiting.push_back(event);
        Ok(())
    }

    /// The packet for this tick, if there is one; `timestamp` is that of the voice in it, `clock_rate`
    /// that of the events in Hz, at most 48 000.
    pub fn tick(&mut self, timestamp: u32, clock_rate: u32) -> Option<EventPacket> {
        let mut sounding = match self.sounding {
            Some(sounding) => sounding,
            None => Sounding { event: self.waiting.pop_front()?, timestamp, ticks: 0 },
        };
        sounding.ticks += 1;
        let ticks = sounding.ticks;
        let over = ticks >= TONE_TICKS + END_REPEATS + PAUSE_TICKS;
        self.sounding = if over { None } else { Some(sounding) };
        if ticks > TONE_TICKS + END_REPEATS {
            return None;
        }
        let end = if ticks >= TONE_TICKS { 0x80 } else { 0 };
        let duration = u32::from(ticks.min(TONE_TICKS)) * (clock_rate / 50);
        let [high, low] = u16::try_from(duration).unwrap_or(u16::MAX).to_be_bytes();
        Some(EventPacket {
            timestamp: sounding.timestamp,
            marker: ticks == 1,
            payload: [sounding.event, end | VOLUME, high, low],
        })
    }
}

/// Makes one digit of the several packets it comes in.
#[derive(Debug, Default)]
pub struct DtmfReceiver {
    last: Option<u32>,
}

impl DtmfReceiver {
    /// Takes a telephone-event payload and its RTP timestamp. Says the digit on the first packet
    /// seen of it, whichever of them that is, and nothing on the rest.
    pub fn packet(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let [event, _, _, _, ..] = *payload else { return None };
        if let Some(last) = self.last
            && (timestamp.wrapping_sub(last) as i32) <= 0
        {
            return None;
        }
        let digit = digit_of(event)?;
        self.last = Some(timestamp);
        Some(digit)
    }

    /// Forgets the timestamps: the stream began anew.
    pub fn restart(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(digits: &str, start: u32) -> Vec<EventPacket> {
        let mut sender = DtmfSender::default();
        for digit in digits.chars() {
            sender.press(digit).unwrap();
        }
        (0..200u32).filter_map(|i| sender.tick(start.wrapping_add(i * 960), 48_000)).collect()
    }

    #[test]
    fn every_digit_arrives_once_and_in_order() {
        let mut receiver = DtmfReceiver::default();
        let heard: String = run("110*#5599d", u32::MAX - 5000)
            .iter()
            .filter_map(|p| receiver.packet(p.timestamp, &p.payload))
            .collect();
        assert_eq!(heard, "110*#5599D");
    }

    #[test]
    fn a_digit_survives_the_loss_of_any_six_of_its_seven_packets() {
        let packets = run("7", 1000);
        assert_eq!(packets.len(), 7);
        for kept in &packets {
            let mut receiver = DtmfReceiver::default();
            assert_eq!(receiver.packet(kept.timestamp, &kept.payload), Some('7'));
        }
    }

    #[test]
    fn only_the_first_packet_is_marked_and_the_last_three_say_the_end() {
        let packets = run("5", 77);
        assert_eq!(packets.iter().map(|p| p.marker).filter(|m| *m).count(), 1);
        let ends: Vec<bool> = packets.iter().map(|p| p.payload[1] & 0x80 != 0).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        assert!(packets.iter().all(|p| p.timestamp == 77));
    }

    #[test]
    fn a_digit_lasts_100_ms_by_the_clock_of_its_codec() {
        for (clock, duration) in [(48_000, 4_800u16), (8_000, 800)] {
            let mut sender = DtmfSender::default();
            sender.press('9').unwrap();
            let last = (0..20).filter_map(|i| sender.tick(i * clock / 50, clock)).last().unwrap();
            assert_eq!(last.payload[2..], duration.to_be_bytes());
        }
    }

    #[test]
    fn what_is_not_a_digit_or_comes_in_heaps_is_refused() {
        let mut sender = DtmfSender::default();
        assert_eq!(sender.press('x'), Err(Refusal::NotADigit));
        for _ in 0..DIGIT_CAPACITY {
            assert_eq!(sender.press('1'), Ok(()));
        }
        assert_eq!(sender.press('1'), Err(Refusal::Full));
        let mut receiver = DtmfReceiver::default();
        assert_eq!(receiver.packet(1, &[1, 2]), None);
        assert_eq!(receiver.packet(1, &[200, 0, 0, 0]), None);
    }
}
