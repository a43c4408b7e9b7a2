//! What one voice costs, as a share of real time, and how late it is through one hop.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use siaga_media::mixer::{Gains, mix};
use siaga_media::opus::{DEEP_PLC_COMPLEXITY, Decoder, Encoder, EncoderSettings, MAX_PACKET};
use siaga_media::playout::Playout;
use siaga_media::tone::test_voice;
use siaga_media::{FRAME, FRAME_DURATION, Frame, MediaConfig, MediaSession};

/// One second of voice, encoded.
fn packets() -> Vec<Bytes> {
    let mut encoder = Encoder::new(EncoderSettings::default()).expect("an encoder");
    let (mut voice, mut packet) = (test_voice(1), [0; MAX_PACKET]);
    let mut encode = || {
        let length = encoder.encode(&voice.next_frame(), &mut packet).expect("encodes");
        Bytes::copy_from_slice(&packet[..length])
    };
    (0..50).map(|_| encode()).collect()
}

/// Runs `step` for each of 500 frames and prints its mean cost as a share of the 20 ms it has.
fn share(name: &str, mut step: impl FnMut(usize)) {
    let start = Instant::now();
    for i in 0..500 {
        step(i);
    }
    let each = start.elapsed() / 500;
    let share = each.as_secs_f64() / FRAME_DURATION.as_secs_f64() * 100.0;
    println!("share of real time: {name:<32} {share:6.2} % of a core ({each:?} a frame)");
}

fn cost(c: &mut Criterion) {
    let packets = packets();
    let voices: Vec<Frame> = (1..5).map(|seed| test_voice(seed).next_frame()).collect();
    let gains = Gains::conference(voices.len());

    let mut encoder = Encoder::new(EncoderSettings::default()).expect("an encoder");
    let (mut voice, mut packet) = (test_voice(1), [0; MAX_PACKET]);
    share("encode, 24 kbit/s with FEC", |_| {
        let _ = black_box(encoder.encode(&voice.next_frame(), &mut packet));
    });
    let mut decoder = Decoder::new(DEEP_PLC_COMPLEXITY).expect("a decoder");
    let mut pcm = Vec::with_capacity(FRAME);
    share("decode", |i| {
        pcm.clear();
        let _ = black_box(decoder.decode(&packets[i % 50], &mut pcm));
    });
    share("decode, every tenth frame concealed", |i| {
        pcm.clear();
        let _ = match i % 10 {
            0 => black_box(decoder.conceal(FRAME, &mut pcm)),
            _ => black_box(decoder.decode(&packets[i % 50], &mut pcm)),
        };
    });
    let mut playout = Playout::new().expect("a playout");
    let start = Instant::now();
    share("jitter buffer and decode", |i| {
        let now = start + FRAME_DURATION * i as u32;
        playout.insert(now, i as u16, i as u32 * FRAME as u32, packets[i % 50].clone());
        black_box(playout.pull(now + Duration::from_millis(6)));
    });
    share("mix of four parties", |_| {
        black_box(mix(&voices, &gains));
    });

    c.bench_function("encode one frame", |b| {
        let frame = voices[0].clone();
        b.iter(|| encoder.encode(black_box(&frame), &mut packet));
    });
    c.bench_function("mix four parties", |b| b.iter(|| mix(black_box(&voices), &gains)));
}

/// Delay from mouth to ear through one hop, without devices and network: where in the heard sound
/// the said one is found, and the 20 ms of the frame that must be full before it is sent.
fn delay(_: &mut Criterion) {
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (said, heard) = runtime.block_on(async {
        let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
        let (b, answer) =
            MediaSession::answer(MediaConfig::loopback(), &offer).await.expect("an answer");
        a.accept_answer(&answer).await.expect("taken");
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        let mut voice = test_voice(3);
        let mut clock = tokio::time::interval(FRAME_DURATION);
        for _ in 0..300 {
            clock.tick().await;
            let frame = voice.next_frame();
            heard.extend_from_slice(&b.pull(Instant::now()).0);
            a.send(&frame);
            said.extend_from_slice(&frame.0);
        }
        println!("jitter buffer: {:?}", b.stats());
        a.close().await;
        b.close().await;
        (said, heard)
    });
    let piece = &heard[4 * 48_000..5 * 48_000];
    let lag = (0..24_000usize)
        .step_by(4)
        .max_by_key(|lag| {
            let from = 4 * 48_000 - lag;
            let other = &said[from..from + piece.len()];
            piece
                .iter()
                .zip(other)
                .step_by(3)
                .map(|(a, b)| i64::from(*a) * i64::from(*b))
                .sum::<i64>()
        })
        .unwrap_or(0);
    println!("one-way delay through one hop: {:.1} ms", lag as f64 / 48.0 + 20.0);
}

criterion_group!(media, cost, delay);
criterion_main!(media);
