//! The jitter buffer on virtual time, and what must always hold of it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// A 20 ms Opus packet without redundancy (a CELT-only silence frame), marked by its last byte.
fn packet(mark: u8) -> Bytes {
    Bytes::from(vec![0xF8, 0xFF, mark])
}

struct Bench {
    buffer: JitterBuffer,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { buffer: JitterBuffer::new(), start: Instant::now() }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn insert(&mut self, ms: u64, seq: u16, mark: u8) -> Inserted {
        let ts = u32::from(seq).wrapping_mul(960);
        self.buffer.insert(self.at(ms), seq, ts, packet(mark))
    }

    fn pull(&mut self, ms: u64) -> Pulled {
        let now = self.at(ms);
        self.buffer.pull(now, 0)
    }
}

#[test]
fn packets_out_of_order_are_played_in_order() {
    let mut b = Bench::new();
    for (ms, seq) in [(0, 10), (1, 12), (2, 11), (3, 13)] {
        b.insert(ms, seq, seq as u8);
    }
    let played: Vec<Pulled> = (0..4).map(|i| b.pull(10 + i * 20)).collect();
    assert_eq!(played, [10, 11, 12, 13].map(|m| Pulled::Voice(packet(m))));
    assert_eq!(b.buffer.stats().lost, 0);
}

#[test]
fn sequence_and_timestamp_wrap_around_unnoticed() {
    let mut b = Bench::new();
    for i in 0..10u16 {
        let seq = 65_530u16.wrapping_add(i);
        let ts = (u32::MAX - 2_000).wrapping_add(u32::from(i) * 960);
        let now = b.at(u64::from(i) * 20);
        assert_eq!(b.buffer.insert(now, seq, ts, packet(i as u8)), Inserted::Queued);
        assert_eq!(b.pull(u64::from(i) * 20 + 6), Pulled::Voice(packet(i as u8)));
    }
    assert_eq!(b.buffer.stats().lost, 0);
}

#[test]
fn a_duplicate_and_a_packet_after_its_turn_are_not_played() {
    let mut b = Bench::new();
    b.insert(0, 1, 1);
    assert_eq!(b.insert(0, 1, 1), Inserted::Duplicate);
    b.insert(20, 3, 3);
    assert_eq!(b.pull(20), Pulled::Voice(packet(1)));
    assert_eq!(b.pull(40), Pulled::Conceal { samples: 960 });
    assert_eq!(b.insert(45, 2, 2), Inserted::Late);
    assert_eq!(b.pull(60), Pulled::Voice(packet(3)));
    let stats = b.buffer.stats();
    assert_eq!((stats.received, stats.lost, stats.late), (3, 1, 1));
}

#[test]
fn a_lost_packet_while_starved_does_not_let_the_delay_grow() {
    let mut b = Bench::new();
    b.insert(0, 1, 1);
    assert_eq!(b.pull(6), Pulled::Voice(packet(1)));
    assert_eq!(b.pull(26), Pulled::Starved { samples: 960 });
    b.insert(40, 3, 3);
    assert_eq!(b.pull(46), Pulled::Voice(packet(3)));
    assert_eq!(b.buffer.queued(), 0);
}

#[test]
fn a_key_press_takes_no_place_in_the_voice() {
    let mut b = Bench::new();
    b.insert(0, 1, 1);
    b.buffer.insert_event(2);
    let now = b.at(20);
    b.buffer.insert(now, 3, 2 * 960, packet(3));
    assert_eq!(b.pull(20), Pulled::Voice(packet(1)));
    assert_eq!(b.pull(40), Pulled::Voice(packet(3)));
    assert_eq!(b.buffer.stats().lost, 0);
}

#[test]
fn one_stray_packet_is_ignored_and_two_begin_a_new_stream() {
    let mut b = Bench::new();
    for i in 0..5 {
        b.insert(u64::from(i) * 20, i, 0);
    }
    assert_eq!(b.insert(100, 30_000, 9), Inserted::Suspect);
    assert_eq!(b.insert(100, 5, 0), Inserted::Queued);
    assert_eq!(b.insert(120, 40_000, 7), Inserted::Suspect);
    assert_eq!(b.insert(140, 40_001, 8), Inserted::Restarted);
    b.insert(160, 40_002, 9);
    let next = (150..400).step_by(20).map(|ms| b.pull(ms)).find(|p| matches!(p, Pulled::Voice(_)));
    assert_eq!(next, Some(Pulled::Voice(packet(8))));
}

#[test]
fn garbage_is_refused() {
    let mut b = Bench::new();
    let now = b.at(0);
    assert_eq!(b.buffer.insert(now, 1, 1, Bytes::new()), Inserted::Invalid);
    assert_eq!(b.pull(0), Pulled::Idle);
}

#[test]
fn an_owner_that_slept_finds_at_most_the_bound_waiting() {
    let mut b = Bench::new();
    b.insert(0, 0, 0);
    assert_eq!(b.pull(6), Pulled::Voice(packet(0)));
    for i in 1..200 {
        b.insert(u64::from(i) * 20, i, 0);
    }
    assert!(b.buffer.queued() <= PACKET_CAPACITY);
    b.pull(4_000);
    assert!(b.buffer.span() <= MAX_DELAY);
}

#[test]
fn the_target_follows_the_jitter_up_and_down() {
    let mut b = Bench::new();
    let feed = |b: &mut Bench, from: u16, to: u16, late: u64| {
        for i in from..to {
            let jitter = if i % 3 == 0 { late } else { 0 };
            b.insert(u64::from(i) * 20 + jitter, i, 0);
            b.pull(u64::from(i) * 20 + 15);
        }
        b.buffer.target()
    };
    assert!(feed(&mut b, 0, 500, 0) < Duration::from_millis(10));
    let high = feed(&mut b, 500, 1000, 60);
    assert!((60..100).contains(&high.as_millis()), "{high:?}");
    assert!(feed(&mut b, 1000, 2000, 0) < Duration::from_millis(40));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever arrives in whatever order: no panic, every answer is bounded, what is kept is
    /// bounded, and no packet is played twice.
    #[test]
    fn any_traffic_is_survived_within_bounds(
        arrivals in prop::collection::vec((0u64..40, any::<u16>(), any::<u32>(), 0u8..12, 0usize..2000), 1..300),
        first in any::<u16>(),
    ) {
        let mut buffer = JitterBuffer::new();
        let start = Instant::now();
        let (mut ms, mut seq, mut ts) = (0, first, u32::MAX - 50_000);
        for (wait, any_seq, any_ts, kind, ahead) in arrivals {
            ms += wait;
            let now = start + Duration::from_millis(ms);
            match kind {
                0 => { buffer.insert(now, any_seq, any_ts, packet(0)); }
                1 => { buffer.insert_event(any_seq); }
                2 => { buffer.insert(now, seq, any_ts, packet(0)); }
                3 => buffer.restart(),
                4 => seq = seq.wrapping_add(any_seq % 50),
                5 => { buffer.insert(now, seq.wrapping_sub(any_seq % 10), ts, packet(0)); }
                _ => {
                    seq = seq.wrapping_add(1);
                    ts = ts.wrapping_add(960);
                    buffer.insert(now, seq, ts, packet(0));
                }
            }
            prop_assert!(buffer.queued() <= PACKET_CAPACITY);
            if ahead % 2 == 0 {
                match buffer.pull(now, ahead) {
                    Pulled::Fec { samples, .. } | Pulled::Conceal { samples } => {
                        prop_assert!((120..=5760).contains(&samples) && samples % 120 == 0);
                    }
                    Pulled::Voice(_) | Pulled::Starved { .. } | Pulled::Idle => {}
                }
                prop_assert!(buffer.span() <= MAX_DELAY);
            }
            prop_assert!(buffer.target() <= MAX_TARGET);
        }
    }

    /// On a network that only delays (no loss), every packet is played once and in order.
    #[test]
    fn nothing_is_lost_where_the_network_loses_nothing_and_is_steady(
        first in any::<u16>(), ts in any::<u32>(), phase in 6u64..19, count in 20u16..400,
    ) {
        let mut buffer = JitterBuffer::new();
        let start = Instant::now();
        let mut played = Vec::new();
        for i in 0..count {
            let at = start + Duration::from_millis(u64::from(i) * 20);
            let time = ts.wrapping_add(u32::from(i) * 960);
            buffer.insert(at, first.wrapping_add(i), time, packet(i as u8));
            if let Pulled::Voice(bytes) = buffer.pull(at + Duration::from_millis(phase), 0) {
                played.push(bytes[2]);
            }
        }
        let expected: Vec<u8> = (0..count).map(|i| i as u8).collect();
        prop_assert_eq!(played, expected);
    }
}
