//! What is heard through a bad network, on virtual time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::frame::rms_dbfs;
use crate::opus::{Encoder, EncoderSettings, MAX_PACKET};
use crate::tone::test_voice;

/// A network on virtual time.
#[derive(Debug, Clone, Copy)]
struct Net {
    /// Share of packets lost, 0 to 1.
    loss: f64,
    /// Delay varies evenly from 0 to twice this, in ms.
    jitter_ms: f64,
    /// How much faster the sender's clock runs than ours.
    drift_ppm: f64,
    seed: u64,
}

struct Outcome {
    /// What was said, decoded without any network.
    clean: Vec<i16>,
    heard: Vec<i16>,
    stats: PlayoutStats,
    longest_delay: Duration,
    mean_delay: Duration,
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn run(net: Net, seconds: usize) -> Outcome {
    let mut dice = Dice(net.seed);
    let mut encoder = Encoder::new(EncoderSettings::default()).unwrap();
    let mut reference = Decoder::new(DEEP_PLC_COMPLEXITY).unwrap();
    let (mut voice, mut packet) = (test_voice(net.seed as u32), [0; MAX_PACKET]);
    let mut clean = Vec::new();
    let mut arrivals = Vec::new();
    for i in 0..seconds * 50 {
        let length = encoder.encode(&voice.next_frame(), &mut packet).unwrap();
        reference.decode(&packet[..length], &mut clean).unwrap();
        let sent = i as f64 * 20.0 / (1.0 + net.drift_ppm * 1e-6);
        let arrives = sent + dice.roll() * 2.0 * net.jitter_ms;
        if dice.roll() >= net.loss {
            arrivals.push((arrives, i, Bytes::copy_from_slice(&packet[..length])));
        }
    }
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));

    let start = Instant::now();
    let at = |ms: f64| start + Duration::from_micros((ms * 1000.0) as u64);
    let mut playout = Playout::new().unwrap();
    let mut heard = Vec::new();
    let mut coming = arrivals.into_iter().peekable();
    let (mut longest, mut sum, ticks) = (Duration::ZERO, Duration::ZERO, seconds * 50);
    for tick in 0..ticks {
        let now = tick as f64 * 20.0 + 7.0;
        while let Some((arrives, i, bytes)) = coming.next_if(|(arrives, _, _)| *arrives <= now) {
            let (seq, ts) = ((i as u16).wrapping_add(65_000), (i as u32).wrapping_mul(960));
            playout.insert(at(arrives), seq, ts.wrapping_sub(100_000), bytes);
        }
        heard.extend_from_slice(&playout.pull(at(now)).0);
        let delay = playout.stats().delay;
        longest = longest.max(delay);
        sum += delay;
    }
    Outcome {
        clean,
        heard,
        stats: playout.stats(),
        longest_delay: longest,
        mean_delay: sum / ticks as u32,
    }
}

/// How alike what was heard is to what was said: the mean over all voiced pieces of 100 ms of the
/// best normalised correlation with anything said up to 400 ms before. Time-stretch may move
/// pieces; holes and noise cannot hide.
fn likeness(outcome: &Outcome) -> f64 {
    let thin = |pcm: &[i16]| -> Vec<f32> {
        pcm.chunks_exact(6).map(|c| c.iter().map(|s| f32::from(*s)).sum::<f32>() / 6.0).collect()
    };
    let (clean, heard) = (thin(&outcome.clean), thin(&outcome.heard));
    let (length, reach) = (800, 3_200);
    let (mut sum, mut pieces) = (0.0f64, 0);
    for start in (8_000..heard.len() - length).step_by(length) {
        let said = &outcome.clean[(start - 800) * 6..(start + length - 800) * 6];
        if rms_dbfs(said) < -35.0 {
            continue;
        }
        let piece = &heard[start..start + length];
        let energy: f32 = piece.iter().map(|s| s * s).sum();
        let best = (0..reach.min(start))
            .map(|lag| {
                let other = &clean[start - lag..start - lag + length];
                let (mut ab, mut bb) = (0.0f32, 1.0f32);
                for (a, b) in piece.iter().zip(other) {
                    ab += a * b;
                    bb += b * b;
                }
                ab / (energy.max(1.0) * bb).sqrt()
            })
            .fold(0.0f32, f32::max);
        sum += f64::from(best);
        pieces += 1;
    }
    assert!(pieces > 10, "nothing was said");
    sum / f64::from(pieces)
}

const CALM: Net = Net { loss: 0.0, jitter_ms: 0.0, drift_ppm: 0.0, seed: 4 };

#[test]
fn on_a_calm_network_the_voice_is_as_it_was_and_hardly_late() {
    let outcome = run(CALM, 10);
    let likeness = likeness(&outcome);
    assert!(likeness > 0.99, "{likeness}");
    assert!(outcome.longest_delay < Duration::from_millis(30), "{:?}", outcome.longest_delay);
    assert_eq!(outcome.stats.jitter.lost, 0);
    assert_eq!(outcome.stats.concealed, Duration::ZERO);
}

#[test]
fn at_five_percent_loss_and_forty_ms_jitter_the_voice_still_sounds_right() {
    for seed in 1..4 {
        let outcome = run(Net { loss: 0.05, jitter_ms: 40.0, seed, ..CALM }, 12);
        let likeness = likeness(&outcome);
        assert!(likeness > 0.90, "{likeness}");
        assert!(outcome.longest_delay < Duration::from_millis(200), "{:?}", outcome.longest_delay);
        assert!(outcome.stats.jitter.fec_recovered > 5);
    }
}

#[test]
fn at_five_percent_loss_alone_most_of_it_is_restored_and_the_delay_stays_low() {
    for seed in 1..7 {
        let outcome = run(Net { loss: 0.05, seed, ..CALM }, 12);
        let likeness = likeness(&outcome);
        assert!(likeness > 0.91, "{likeness}");
        let stats = outcome.stats.jitter;
        // The packet with the redundancy must be there when the frame is decoded, not when it is
        // played: a buffer that mistakes one for the other restores nothing on a calm network.
        assert!(stats.fec_recovered * 10 > stats.lost * 5, "seed {seed}: {stats:?}");
        // 43.5 ms and 26.5 ms of frame and look-ahead make the 70 ms promised.
        assert!(outcome.mean_delay < Duration::from_micros(43_500), "{:?}", outcome.mean_delay);
    }
}

#[test]
fn clock_drift_is_absorbed_in_either_direction() {
    for drift_ppm in [-300.0, 300.0] {
        let outcome = run(Net { drift_ppm, ..CALM }, 180);
        // 180 s at 300 ppm are 54 ms: without stretching the delay would leave these bounds.
        assert!(outcome.longest_delay < Duration::from_millis(45), "{:?}", outcome.longest_delay);
        assert_eq!(outcome.stats.jitter.lost, 0);
        assert!(outcome.stats.concealed < Duration::from_millis(100), "{:?}", outcome.stats);
    }
}

#[test]
fn without_packets_a_voice_fades_to_silence_and_comes_back() {
    let mut encoder = Encoder::new(EncoderSettings::default()).unwrap();
    let mut playout = Playout::new().unwrap();
    let (mut voice, mut packet) = (test_voice(9), [0; MAX_PACKET]);
    let start = Instant::now();
    let mut levels = Vec::new();
    for tick in 0..300u32 {
        let now = start + Duration::from_millis(u64::from(tick) * 20);
        let length = encoder.encode(&voice.next_frame(), &mut packet).unwrap();
        if !(100..200).contains(&tick) {
            let payload = Bytes::copy_from_slice(&packet[..length]);
            playout.insert(now, tick as u16, tick * 960, payload);
        }
        levels.push(playout.pull(now + Duration::from_millis(6)).rms_dbfs());
    }
    assert!(levels[112..198].iter().all(|l| *l < -60.0), "{:?}", &levels[100..120]);
    assert!(levels[215..].iter().any(|l| *l > -30.0));
    assert!(playout.stats().delay < Duration::from_millis(150), "{:?}", playout.stats());
}

#[test]
fn before_anything_came_there_is_silence() {
    assert_eq!(Playout::new().unwrap().pull(Instant::now()), Frame::silence());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_delay_never_runs_away(loss in 0.0f64..0.4, jitter_ms in 0.0f64..150.0, drift_ppm in -500.0f64..500.0, seed in any::<u64>()) {
        let outcome = run(Net { loss, jitter_ms, drift_ppm, seed }, 6);
        prop_assert_eq!(outcome.heard.len(), 6 * 48_000);
        prop_assert!(outcome.longest_delay < Duration::from_millis(600), "{:?}", outcome.longest_delay);
        // And it comes to rest near its target.
        prop_assert!(outcome.stats.delay < outcome.stats.target + Duration::from_millis(150));
    }
}
