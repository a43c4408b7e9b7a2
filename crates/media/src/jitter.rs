//! The jitter buffer: which packet is to be played next, and whether its delay is what it should
//! be. Sans-IO; knows packets and times, and nothing of their sound (that is
//! [`playout`](crate::playout)).
//!
//! **Delay.** For each packet, arrival minus RTP time is kept over a sliding window. The least of
//! them is the base: the fastest the network was. The target is what 96.5 % of the packets needed
//! beyond the base, and 20 ms more while the stream loses packets and carries FEC, so that the
//! packet with the redundancy is there when it is needed. Time-stretch moves the delay towards
//! the target; clock drift shows as a slow wandering of the base and goes the same way.
//!
//! **Time without packets.** When the buffer runs dry, sound is made up and remembered as
//! `starved`. If the packet was lost, the next one finds its gap already filled and the delay does
//! not grow; if it was late, it is played late and the delay has grown by as much.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::codec::Codec;
use crate::frame::FRAME;

/// Most packets kept: 1 s of 20 ms. When it is full the oldest is dropped (and counted as
/// discarded): an owner that does not pull must not fill the memory.
pub const PACKET_CAPACITY: usize = 50;

/// Most sound kept before the buffer jumps forward to its target.
pub const MAX_DELAY: Duration = Duration::from_millis(300);

/// Highest delay the buffer aims at.
pub const MAX_TARGET: Duration = Duration::from_millis(240);

/// Packets in the sliding window: 10 s.
const WINDOW: usize = 500;
/// Share of packets that shall arrive in time, in thousandths.
const QUANTILE: usize = 965;
/// Kept beyond the quantile, for the unevenness of our own 20 ms tick.
const MARGIN_US: i64 = 5_000;
/// Kept beyond that while FEC is of use.
const FEC_US: i64 = 20_000;
/// Share of lost packets (exponential mean) at which the FEC margin comes, and goes.
const LOSS_ON: f32 = 0.008;
const LOSS_OFF: f32 = 0.003;
const LOSS_WEIGHT: f32 = 0.005;
/// A transit time this far from all others means that the sender's clock was set anew.
const CLOCK_STEP_US: i64 = 500_000;
/// A sequence number this far away is a new stream, if the next packet confirms it.
const SEQUENCE_JUMP: i64 = 1_000;
/// An RTP time this far from the expected one is a new time line.
const TIME_JUMP: i64 = 48_000;
/// Starved for this long, the buffer fills up to its target before it plays again: 100 ms.
const REFILL_AFTER: i64 = 4_800;
/// Samples of one RTP tick made up when starved.
const TICK: i64 = FRAME as i64;

/// What became of a packet handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It waits for its turn.
    Queued,
    /// Its turn is over.
    Late,
    /// It was here already.
    Duplicate,
    /// It is no packet of the codec.
    Invalid,
    /// It does not belong to the stream; a second one like it starts a new stream.
    Suspect,
    /// It began a new stream; everything queued is gone.
    Restarted,
}

/// What is to be played next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// This packet.
    Voice(Bytes),
    /// The one before `next` is missing: `samples` of it are in the redundancy of `next`, which
    /// stays queued.
    Fec {
        /// The packet that carries the redundancy.
        next: Bytes,
        /// How much to restore.
        samples: usize,
    },
    /// A packet is missing for good: make up `samples`.
    Conceal {
        /// How much to make up.
        samples: usize,
    },
    /// Nothing is there: make up one frame.
    Starved {
        /// For how long it has been so, this frame included, in samples.
        samples: u64,
    },
    /// Nothing ever came, or the first packets are still gathering: silence.
    Idle,
}

/// Counters since the beginning, and the present delay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JitterStats {
    /// Packets taken in, duplicates and strangers not counted.
    pub received: u64,
    /// Packets whose turn came without them.
    pub lost: u64,
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets dropped to keep the delay bounded.
    pub discarded: u64,
    /// Lost packets restored from redundancy.
    pub fec_recovered: u64,
    /// Interarrival jitter after RFC 3550 section 6.4.1.
    pub jitter: Duration,
}

#[derive(Debug, Clone)]
enum Slot {
    Voice {
        time: i64,
        samples: i64,
        payload: Bytes,
    },
    /// A packet that carries no sound (telephone-event): its sequence number is accounted for.
    Event,
}

impl Slot {
    fn samples(&self) -> i64 {
        match self {
            Slot::Voice { samples, .. } => *samples,
            Slot::Event => 0,
        }
    }
}

/// Packets in, in any order; one decision at a time out.
#[derive(Debug)]
pub struct JitterBuffer {
    codec: Codec,
    packets: BTreeMap<i64, Slot>,
    /// Highest sequence number and newest RTP time seen, unwrapped, in steps of the codec's clock.
    newest: Option<(i64, i64)>,
    /// A sequence number that would begin a new stream.
    suspect: Option<u16>,
    /// Next sequence number and RTP time to play, unwrapped; `None` before the first.
    next: Option<(i64, i64)>,
    /// Samples made up since `next` ran dry.
    starved: i64,
    refilling: bool,
    epoch: Option<Instant>,
    /// Arrival minus RTP time of the last packets, in µs, and scratch to sort in.
    transits: VecDeque<i64>,
    scratch: Vec<i64>,
    base: i64,
    spread: i64,
    last_transit: Option<i64>,
    jitter_us: f32,
    loss: f32,
    lossy: bool,
    fec_seen: bool,
    stats: JitterStats,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl JitterBuffer {
    /// An empty buffer, for Opus until [`Self::restart_as`] says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self {
            codec: Codec::Opus,
            packets: BTreeMap::new(),
            newest: None,
            suspect: None,
            next: None,
            starved: 0,
            refilling: false,
            epoch: None,
            transits: VecDeque::with_capacity(WINDOW),
            scratch: Vec::with_capacity(WINDOW),
            base: 0,
            spread: 0,
            last_transit: None,
            jitter_us: 0.0,
            loss: 0.0,
            lossy: false,
            fec_seen: false,
            stats: JitterStats::default(),
        }
    }

    /// Takes a voice packet that arrived `now`.
    pub fn insert(&mut self, now: Instant, seq: u16, rtp_ts: u32, payload: Bytes) -> Inserted {
        let Some(samples) = self.codec.packet_samples(&payload) else { return Inserted::Invalid };
        let (seq, time, restarted) = match self.unwrap(seq, Some(rtp_ts)) {
            Ok(unwrapped) => unwrapped,
            Err(suspect) => return suspect,
        };
        if self.packets.contains_key(&seq) {
            return Inserted::Duplicate;
        }
        self.stats.received += 1;
        self.measure(now, time);
        let samples = samples as i64;
        if let Some((next_seq, next_time)) = self.next {
            let over = time + samples <= next_time && next_time - time < TIME_JUMP;
            if seq < next_seq || over {
                self.stats.late += 1;
                return Inserted::Late;
            }
        }
        self.fec_seen |= self.codec.has_fec(&payload);
        self.keep(seq, Slot::Voice { time, samples, payload });
        if restarted { Inserted::Restarted } else { Inserted::Queued }
    }

    /// Takes note of a packet without sound (telephone-event), so that it is not missed.
    pub fn insert_event(&mut self, seq: u16) -> Inserted {
        let (seq, _, _) = match self.unwrap(seq, None) {
            Ok(unwrapped) => unwrapped,
            Err(suspect) => return suspect,
        };
        if self.packets.contains_key(&seq) {
            return Inserted::Duplicate;
        }
        self.stats.received += 1;
        match self.next {
            Some((next, _)) if seq < next => Inserted::Late,
            _ => {
                self.keep(seq, Slot::Event);
                Inserted::Queued
            }
        }
    }

    /// Forgets the stream, not the counters: the sender began anew (another SSRC).
    pub fn restart(&mut self) {
        self.packets.clear();
        self.newest = None;
        self.suspect = None;
        self.next = None;
        self.starved = 0;
        self.refilling = false;
        self.forget_transits();
    }

    /// As [`Self::restart`], and what comes now is of another codec (another payload type): its clock
    /// may be another one, so that its times say nothing about those before.
    pub fn restart_as(&mut self, codec: Codec) {
        self.restart();
        self.codec = codec;
        self.fec_seen = false;
    }

    /// The codec whose packets are taken.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Decides what is played next, when `ahead` samples are decoded and not yet played (they
    /// count towards [`MAX_DELAY`]).
    pub fn pull(&mut self, now: Instant, ahead: usize) -> Pulled {
        self.bound(ahead);
        if !self.started(now) {
            return Pulled::Idle;
        }
        loop {
            let Some((next_seq, next_time)) = self.next else { return Pulled::Idle };
            let Some((&seq, slot)) = self.packets.first_key_value() else { return self.starve() };
            let (time, samples) = match slot {
                Slot::Event => {
                    self.packets.pop_first();
                    self.count_lost(seq - next_seq);
                    self.next = Some((seq + 1, next_time));
                    continue;
                }
                Slot::Voice { time, samples, .. } => (*time, *samples),
            };
            if (time - next_time).abs() > TIME_JUMP {
                self.next = Some((next_seq, time));
                self.starved = 0;
                continue;
            }
            if self.refilling {
                if self.delay_us(now, 0, time) < self.target_us() {
                    return self.starve();
                }
                self.refilling = false;
            }
            if time + samples / 2 < next_time {
                // What it has to say was made up already.
                self.packets.pop_first();
                self.stats.late += 1;
                self.next = Some((seq + 1, next_time));
                continue;
            }
            let missing = time - next_time - self.starved;
            if missing < samples / 2 {
                return self.play(seq, next_seq, time + samples);
            }
            return self.fill(seq, (next_seq, next_time), missing, samples);
        }
    }

    /// Whether the very next packet is here, so that it can be decoded ahead of its time.
    #[must_use]
    pub fn next_is_here(&self) -> bool {
        let (Some((seq, time)), Some((first, Slot::Voice { time: first_time, .. }))) =
            (self.next, self.packets.first_key_value())
        else {
            return false;
        };
        self.starved == 0 && *first == seq && (first_time - time).abs() < TICK / 2
    }

    /// Delay of the next sample to be decoded beyond the fastest transit, and the delay aimed
    /// at, both in µs; `None` before the first packet is played and while starved.
    #[must_use]
    pub fn delay(&self, now: Instant, ahead: usize) -> Option<(i64, i64)> {
        let (_, time) = self.next?;
        (self.starved == 0).then(|| (self.delay_us(now, ahead, time), self.target_us()))
    }

    /// The delay aimed at beyond the fastest transit.
    #[must_use]
    pub fn target(&self) -> Duration {
        Duration::from_micros(self.target_us().unsigned_abs())
    }

    /// Packets waiting.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.packets.len()
    }

    /// Sound waiting in packets.
    #[must_use]
    pub fn span(&self) -> Duration {
        Duration::from_micros((self.span_samples() * 1_000 / 48).unsigned_abs())
    }

    /// Counters since the beginning.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        let jitter = Duration::from_micros(self.jitter_us.max(0.0) as u64);
        JitterStats { jitter, ..self.stats.clone() }
    }

    /// Sequence number without its wrap, RTP time likewise and in samples, and whether a new stream
    /// begins.
    fn unwrap(&mut self, seq: u16, ts: Option<u32>) -> Result<(i64, i64, bool), Inserted> {
        let (seq, ticks, restarted) = self.unwrap_ticks(seq, ts)?;
        Ok((seq, ticks * i64::from(self.codec.samples_per_tick()), restarted))
    }

    fn unwrap_ticks(&mut self, seq: u16, ts: Option<u32>) -> Result<(i64, i64, bool), Inserted> {
        // Far from zero, so that packets before the first one have a number too.
        const START: i64 = 1 << 32;
        if let Some((newest_seq, newest_time)) = self.newest {
            let step = i64::from(seq.wrapping_sub(newest_seq as u16) as i16);
            if step.abs() <= SEQUENCE_JUMP {
                let time = ts.map_or(newest_time, |ts| {
                    newest_time + i64::from(ts.wrapping_sub(newest_time as u32) as i32)
                });
                self.suspect = None;
                if step > 0 {
                    self.newest = Some((newest_seq + step, time));
                }
                return Ok((newest_seq + step, time, false));
            }
            // RFC 3550 appendix A.1: two in a row make a new stream, one alone is a stray.
            if self.suspect != Some(seq) {
                self.suspect = Some(seq.wrapping_add(1));
                return Err(Inserted::Suspect);
            }
            self.restart();
            let time = START + i64::from(ts.unwrap_or(0));
            self.newest = Some((START + i64::from(seq), time));
            return Ok((START + i64::from(seq), time, true));
        }
        let time = START + i64::from(ts.unwrap_or(0));
        if ts.is_some() {
            self.newest = Some((START + i64::from(seq), time));
        }
        Ok((START + i64::from(seq), time, false))
    }

    fn keep(&mut self, seq: i64, slot: Slot) {
        if self.packets.len() >= PACKET_CAPACITY {
            self.packets.pop_first();
            self.stats.discarded += 1;
        }
        self.packets.insert(seq, slot);
    }

    /// Keeps transit times, and from them base and spread.
    fn measure(&mut self, now: Instant, time: i64) {
        let transit = self.micros(now) - time * 1_000 / 48;
        if let Some(last) = self.last_transit {
            let change = (transit - last).abs();
            if change < CLOCK_STEP_US {
                self.jitter_us += (change as f32 - self.jitter_us) / 16.0;
            }
        }
        self.last_transit = Some(transit);
        if !self.transits.is_empty() && (transit - self.base).abs() > CLOCK_STEP_US {
            self.forget_transits();
        }
        if self.transits.len() == WINDOW {
            self.transits.pop_front();
        }
        self.transits.push_back(transit);
        self.scratch.clear();
        self.scratch.extend(&self.transits);
        let at = (self.scratch.len() * QUANTILE).div_ceil(1000).saturating_sub(1);
        let (below, quantile, _) = self.scratch.select_nth_unstable(at);
        let quantile = *quantile;
        self.base = below.iter().copied().min().unwrap_or(quantile);
        self.spread = quantile - self.base;
    }

    fn forget_transits(&mut self) {
        self.transits.clear();
        self.last_transit = None;
    }

    fn micros(&mut self, now: Instant) -> i64 {
        let epoch = *self.epoch.get_or_insert(now);
        i64::try_from(now.saturating_duration_since(epoch).as_micros()).unwrap_or(i64::MAX / 2)
    }

    fn delay_us(&self, now: Instant, ahead: usize, time: i64) -> i64 {
        let Some(epoch) = self.epoch else { return 0 };
        let now =
            i64::try_from(now.saturating_duration_since(epoch).as_micros()).unwrap_or(i64::MAX / 2);
        now + ahead as i64 * 1_000 / 48 - time * 1_000 / 48 - self.base
    }

    fn target_us(&self) -> i64 {
        let fec = if self.lossy && self.fec_seen { FEC_US } else { 0 };
        (self.spread + MARGIN_US + fec).clamp(MARGIN_US, MAX_TARGET.as_micros() as i64)
    }

    /// Begins to play once the first packet has waited for the target.
    fn started(&mut self, now: Instant) -> bool {
        if self.next.is_some() {
            return true;
        }
        let first = self.packets.iter().find_map(|(seq, slot)| match slot {
            Slot::Voice { time, .. } => Some((*seq, *time)),
            Slot::Event => None,
        });
        let Some((seq, time)) = first else { return false };
        if self.delay_us(now, 0, time) < self.target_us() {
            return false;
        }
        self.packets = self.packets.split_off(&seq);
        self.next = Some((seq, time));
        true
    }

    fn starve(&mut self) -> Pulled {
        self.starved += TICK;
        if self.starved >= REFILL_AFTER {
            self.refilling = true;
        }
        Pulled::Starved { samples: self.starved.unsigned_abs() }
    }

    fn play(&mut self, seq: i64, next_seq: i64, end: i64) -> Pulled {
        self.count_lost(seq - next_seq);
        self.loss *= 1.0 - LOSS_WEIGHT;
        if self.loss < LOSS_OFF {
            self.lossy = false;
        }
        self.next = Some((seq + 1, end));
        self.starved = 0;
        match self.packets.pop_first() {
            Some((_, Slot::Voice { payload, .. })) => Pulled::Voice(payload),
            Some((_, Slot::Event)) | None => self.starve(),
        }
    }

    /// Fills a gap of `missing` samples before packet `seq`, one packet's length at a time.
    fn fill(&mut self, seq: i64, next: (i64, i64), missing: i64, length: i64) -> Pulled {
        // libopus makes up multiples of 2.5 ms.
        let samples = (missing.min(length) / 120 * 120).max(120);
        let lost = i64::from(next.0 < seq);
        self.count_lost(lost);
        self.next = Some((next.0 + lost, next.1 + self.starved + samples));
        self.starved = 0;
        let samples = samples.unsigned_abs() as usize;
        if missing <= length
            && lost == 1
            && let Some(Slot::Voice { payload, .. }) = self.packets.get(&seq)
            && self.codec.has_fec(payload)
        {
            self.stats.fec_recovered += 1;
            return Pulled::Fec { next: payload.clone(), samples };
        }
        Pulled::Conceal { samples }
    }

    fn count_lost(&mut self, packets: i64) {
        let packets = packets.clamp(0, SEQUENCE_JUMP).unsigned_abs();
        self.stats.lost += packets;
        for _ in 0..packets {
            self.loss += (1.0 - self.loss) * LOSS_WEIGHT;
        }
        if self.loss > LOSS_ON {
            self.lossy = true;
        }
    }

    /// Sound in the packets themselves: gaps between them are not waiting, they are missing.
    fn span_samples(&self) -> i64 {
        self.packets.values().map(Slot::samples).sum()
    }

    /// Jumps forward when too much is kept: the owner slept, or a stall was followed by a flood.
    fn bound(&mut self, ahead: usize) {
        let ahead = ahead as i64;
        let limit = MAX_DELAY.as_micros() as i64 * 48 / 1_000;
        let mut kept = self.span_samples() + ahead;
        if kept <= limit {
            return;
        }
        let goal = (self.target_us() * 48 / 1_000 + TICK).min(limit);
        while kept > goal {
            let Some((seq, slot)) = self.packets.pop_first() else { break };
            self.stats.discarded += 1;
            kept -= slot.samples();
            if let Some((_, next_time)) = self.next {
                let time = match slot {
                    Slot::Voice { time, samples, .. } => time + samples,
                    Slot::Event => next_time,
                };
                self.next = Some((seq + 1, time));
                self.starved = 0;
                self.refilling = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
