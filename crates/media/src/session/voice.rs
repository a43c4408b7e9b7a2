//! The two directions of a session's voice, between frames and RTP packets.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc::rtp;
use tokio::sync::mpsc;

use super::feedback::RemoteLoss;
use super::types::{EVENT_CAPACITY, MediaConfig, MediaError, MediaEvent, MediaStats};
use crate::codec::{Codec, waveform};
use crate::dtmf::{DtmfReceiver, DtmfSender, Refusal};
use crate::frame::{FRAME, FRAME_DURATION, Frame};
use crate::opus::{Encoder, EncoderSettings, MAX_PACKET, OpusError};
use crate::playout::Playout;
use crate::sdp::{Audio, Events, Formats};

/// An owner that did not send for this long (the machine slept) has lost time: the RTP clock is set
/// forward by it. Shorter gaps are left to the peer's jitter buffer, since an owner may also catch
/// up with a burst of frames.
const CLOCK_GAP: Duration = Duration::from_secs(1);

/// Frames between two looks at the loss the peer reports: 1 s.
const LOSS_INTERVAL: u32 = 50;

/// A lock whose holder panicked still guards plain values that are safe to use.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From frames to packets.
#[derive(Debug)]
pub(super) struct Outbound {
    opus: Encoder,
    /// The encoder of the codec that is used instead of Opus.
    waveform: Option<waveform::Encoder>,
    queue: mpsc::Sender<rtp::Packet>,
    loss: RemoteLoss,
    configured_loss: u8,
    expected_loss: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    last_sent: Option<Instant>,
    frames: u32,
    marker: bool,
    digits: DtmfSender,
    codec: Codec,
    payload_type: u8,
    events: Option<Events>,
    connected: bool,
    /// The peer takes voice (it has not put us on hold).
    allowed: bool,
    sent: u64,
    dropped: u64,
}

impl Outbound {
    pub(super) fn new(
        config: &MediaConfig,
        ssrc: u32,
        queue: mpsc::Sender<rtp::Packet>,
        loss: RemoteLoss,
    ) -> Result<Self, OpusError> {
        let opus = Encoder::new(EncoderSettings {
            bitrate: config.bitrate,
            complexity: config.complexity,
            expected_loss: config.expected_loss,
        })?;
        Ok(Self {
            opus,
            waveform: None,
            queue,
            loss,
            configured_loss: config.expected_loss,
            expected_loss: config.expected_loss,
            ssrc,
            sequence: rand::random(),
            timestamp: rand::random(),
            last_sent: None,
            frames: 0,
            marker: true,
            digits: DtmfSender::default(),
            codec: Codec::Opus,
            payload_type: 111,
            events: None,
            connected: false,
            allowed: false,
            sent: 0,
            dropped: 0,
        })
    }

    /// Takes over what the peer's description says about what we send.
    pub(super) fn negotiated(&mut self, remote: &Audio, allowed: bool) {
        if self.codec != remote.codec {
            self.codec = remote.codec;
            self.waveform = match remote.codec {
                Codec::Opus => None,
                Codec::Waveform(codec) => Some(waveform::Encoder::new(codec)),
            };
        }
        self.payload_type = remote.payload_type;
        self.events = remote.events;
        self.marker |= allowed && !self.allowed;
        self.allowed = allowed;
    }

    /// Stops sending unless it stays allowed; says whether it was allowed until now.
    pub(super) fn pause_unless(&mut self, allowed: bool) -> bool {
        let before = self.allowed;
        self.allowed &= allowed;
        before
    }

    /// Goes on as before a negotiation that failed.
    pub(super) fn resume_if(&mut self, allowed: bool) {
        self.allowed |= allowed;
    }

    pub(super) fn set_connected(&mut self, connected: bool) {
        self.connected = connected;
    }

    pub(super) fn press(&mut self, digit: char) -> Result<(), MediaError> {
        if self.events.is_none() {
            return Err(MediaError::NoTelephoneEvent);
        }
        self.digits.press(digit).map_err(|refusal| match refusal {
            Refusal::NotADigit => MediaError::NotADigit { digit },
            Refusal::Full => MediaError::TooManyDigits,
        })
    }

    /// Encodes and queues one frame, and the step of a digit that belongs to it.
    pub(super) fn send(&mut self, now: Instant, frame: &Frame) {
        self.advance_clock(now);
        // The stack accepts packets it then refuses to send, which would tear holes into the
        // sequence: while there is no way out, the sequence stands still and the clock runs.
        if !self.connected || !self.allowed {
            return;
        }
        match self.encode(frame) {
            Ok(payload) => {
                let marker = std::mem::take(&mut self.marker);
                self.queue_packet(self.payload_type, self.timestamp, marker, payload);
            }
            Err(error) => tracing::warn!(%error, "a frame could not be encoded"),
        }
        if let Some(Events { payload_type, clock_rate }) = self.events
            && let Some(event) = self.digits.tick(self.timestamp, clock_rate)
        {
            let payload = Bytes::copy_from_slice(&event.payload);
            self.queue_packet(payload_type, event.timestamp, event.marker, payload);
        }
    }

    fn encode(&mut self, frame: &Frame) -> Result<Bytes, OpusError> {
        if let Some(encoder) = &mut self.waveform {
            return Ok(Bytes::copy_from_slice(&encoder.encode(frame)));
        }
        self.follow_loss();
        let mut packet = [0; MAX_PACKET];
        let length = self.opus.encode(frame, &mut packet)?;
        Ok(Bytes::copy_from_slice(&packet[..length]))
    }

    fn advance_clock(&mut self, now: Instant) {
        let mut frames = 1;
        if let Some(last) = self.last_sent {
            let gap = now.saturating_duration_since(last);
            if gap > CLOCK_GAP {
                frames = (gap.as_micros() / FRAME_DURATION.as_micros()).max(1) as u32;
                self.marker = true;
            }
        }
        self.last_sent = Some(now);
        let ticks = FRAME as u32 / self.codec.samples_per_tick();
        self.timestamp = self.timestamp.wrapping_add(frames.wrapping_mul(ticks));
    }

    fn follow_loss(&mut self) {
        self.frames = self.frames.wrapping_add(1);
        if !self.frames.is_multiple_of(LOSS_INTERVAL) {
            return;
        }
        let expected = self.loss.to_expect(self.configured_loss);
        if expected != self.expected_loss && self.opus.set_expected_loss(expected).is_ok() {
            self.expected_loss = expected;
        }
    }

    fn queue_packet(&mut self, payload_type: u8, timestamp: u32, marker: bool, payload: Bytes) {
        let header = rtp::header::Header {
            version: 2,
            payload_type,
            sequence_number: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            marker,
            ..Default::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        match self.queue.try_send(rtp::Packet { header, payload }) {
            Ok(()) => self.sent += 1,
            Err(_) => self.dropped += 1,
        }
    }

    pub(super) fn fill(&self, stats: &mut MediaStats) {
        stats.packets_sent = self.sent;
        stats.send_dropped = self.dropped;
        stats.codec = self.codec.name();
    }
}

/// From packets to frames, and the events on the way.
#[derive(Debug)]
pub(super) struct Inbound {
    playout: Playout,
    digits: DtmfReceiver,
    ssrc: Option<u32>,
    /// What our own description promised to understand.
    formats: Formats,
    last_packet_at: Option<Instant>,
    held: bool,
    events: mpsc::Sender<MediaEvent>,
    events_dropped: u64,
}

impl Inbound {
    pub(super) fn new() -> Result<(Self, mpsc::Receiver<MediaEvent>), OpusError> {
        let (events, receiver) = mpsc::channel(EVENT_CAPACITY);
        let inbound = Self {
            playout: Playout::new()?,
            digits: DtmfReceiver::default(),
            ssrc: None,
            formats: Formats { voice: Vec::new(), events: Vec::new() },
            last_packet_at: None,
            held: false,
            events,
            events_dropped: 0,
        };
        Ok((inbound, receiver))
    }

    /// Takes over what our own description promises to understand. What it promised before is understood
    /// still, unless its number means something else now: the peer may not have changed yet (RFC 3264
    /// section 8.3.1).
    pub(super) fn promised(&mut self, formats: Formats) {
        let before = std::mem::replace(&mut self.formats, formats);
        for (codec, payload_type) in before.voice {
            if self.formats.payload_types().all(|known| known != payload_type) {
                self.formats.voice.push((codec, payload_type));
            }
        }
    }

    /// Notes whether the peer holds; says so when that is new.
    pub(super) fn set_held(&mut self, held: bool) {
        if self.held != held {
            self.held = held;
            self.tell(MediaEvent::RemoteHold(held));
        }
    }

    pub(super) fn packet(&mut self, now: Instant, packet: rtp::Packet) {
        let header = &packet.header;
        if self.ssrc != Some(header.ssrc) {
            if self.ssrc.is_some() {
                self.playout.restart();
                self.digits.restart();
            }
            self.ssrc = Some(header.ssrc);
        }
        self.last_packet_at = Some(now);
        let (sequence, timestamp) = (header.sequence_number, header.timestamp);
        let mut voice = self.formats.voice.iter();
        if let Some((codec, _)) = voice.find(|(_, known)| *known == header.payload_type) {
            if *codec != self.playout.codec() {
                self.playout.restart_as(*codec);
            }
            self.playout.insert(now, sequence, timestamp, packet.payload);
            return;
        }
        // Comfort noise and whatever else was not agreed has no sound for us, but a number.
        self.playout.insert_event(sequence);
        let mut events = self.formats.events.iter();
        if events.any(|events| events.payload_type == header.payload_type)
            && let Some(digit) = self.digits.packet(timestamp, &packet.payload)
        {
            self.tell(MediaEvent::Dtmf(digit));
        }
    }

    pub(super) fn pull(&mut self, now: Instant) -> Frame {
        self.playout.pull(now)
    }

    pub(super) fn tell(&mut self, event: MediaEvent) {
        if self.events.try_send(event).is_err() {
            self.events_dropped += 1;
        }
    }

    pub(super) fn fill(&self, stats: &mut MediaStats) {
        let playout = self.playout.stats();
        stats.packets_received = playout.jitter.received;
        stats.packets_lost = playout.jitter.lost;
        stats.packets_late = playout.jitter.late;
        stats.fec_recovered = playout.jitter.fec_recovered;
        stats.jitter_ms = playout.jitter.jitter.as_secs_f32() * 1_000.0;
        stats.concealed_ms = u64::try_from(playout.concealed.as_millis()).unwrap_or(u64::MAX);
        stats.buffer_ms = playout.delay.as_secs_f32() * 1_000.0;
        stats.target_ms = playout.target.as_secs_f32() * 1_000.0;
        stats.last_packet_at = self.last_packet_at;
        if self.last_packet_at.is_some() {
            stats.codec = self.playout.codec().name();
        }
        stats.events_dropped = self.events_dropped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::Direction;

    fn outbound() -> (Outbound, mpsc::Receiver<rtp::Packet>) {
        let (queue, packets) = mpsc::channel(super::super::SEND_CAPACITY);
        let config = MediaConfig::loopback();
        let outbound = Outbound::new(&config, 1, queue, RemoteLoss::default()).unwrap();
        (outbound, packets)
    }

    fn peer() -> Audio {
        Audio {
            direction: Direction::SendRecv,
            formats: Formats::ours(),
            codec: Codec::Opus,
            payload_type: 111,
            events: Some(Events { payload_type: 110, clock_rate: 48_000 }),
            ice_ufrag: "u".to_owned(),
        }
    }

    #[test]
    fn while_held_the_sequence_stands_still_and_the_clock_runs() {
        let (mut out, mut packets) = outbound();
        out.set_connected(true);
        let start = Instant::now();
        let mut headers = Vec::new();
        for tick in 0..30u64 {
            out.negotiated(&peer(), !(10..20).contains(&tick));
            out.send(start + Duration::from_millis(tick * 20), &Frame::silence());
            headers.extend(std::iter::from_fn(|| packets.try_recv().ok()).map(|p| p.header));
        }
        assert_eq!(headers.len(), 20);
        let steps = |i: usize| {
            (
                headers[i].sequence_number.wrapping_sub(headers[i - 1].sequence_number),
                headers[i].timestamp.wrapping_sub(headers[i - 1].timestamp),
            )
        };
        assert_eq!((steps(9), steps(10), steps(11)), ((1, 960), (1, 11 * 960), (1, 960)));
        assert!(headers[10].marker && !headers[11].marker);
    }

    #[test]
    fn an_owner_that_slept_sets_the_clock_forward_and_not_the_sequence() {
        let (mut out, mut packets) = outbound();
        out.set_connected(true);
        out.negotiated(&peer(), true);
        let start = Instant::now();
        out.send(start, &Frame::silence());
        out.send(start + Duration::from_secs(2), &Frame::silence());
        let (a, b) = (packets.try_recv().unwrap(), packets.try_recv().unwrap());
        assert_eq!(b.header.sequence_number.wrapping_sub(a.header.sequence_number), 1);
        assert_eq!(b.header.timestamp.wrapping_sub(a.header.timestamp), 96_000);
    }

    #[test]
    fn a_wire_that_takes_nothing_costs_frames_and_no_memory() {
        let (mut out, _packets) = outbound();
        out.set_connected(true);
        out.negotiated(&peer(), true);
        let start = Instant::now();
        for tick in 0..100 {
            out.send(start + Duration::from_millis(tick * 20), &Frame::silence());
        }
        let mut stats = MediaStats::default();
        out.fill(&mut stats);
        assert_eq!((stats.packets_sent, stats.send_dropped), (32, 68));
    }

    #[test]
    fn digits_are_refused_when_the_peer_takes_none() {
        let (mut out, _packets) = outbound();
        assert!(matches!(out.press('1'), Err(MediaError::NoTelephoneEvent)));
        out.negotiated(&peer(), true);
        assert!(out.press('1').is_ok());
        assert!(matches!(out.press('x'), Err(MediaError::NotADigit { digit: 'x' })));
    }
}
