//! The engine's ends of the rings: reframing, rates, drift.

use crate::resample::{Rate, to_i16};
use crate::{AudioIn, AudioOut, FRAME, Frame};
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// A ring holds 200 ms. A callback that finds it full drops the newest samples; the engine's next
/// pull then slips back to the target.
pub(crate) const RING_MS: u32 = 200;

/// What lies ready beyond the frame being pulled or pushed: covers a callback that is 10 ms late.
const TARGET_MS: u32 = 20;

/// Beyond this the clocks have drifted, or something stuttered: back to the target.
const LIMIT_MS: u32 = 60;

/// Samples over which a slip is faded.
const FADE: usize = 240;

/// What the two clocks did to each other so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingStats {
    /// Frames that were heard or played.
    pub frames: u64,
    /// Times that the ring had too little, so that silence went in.
    pub underruns: u64,
    /// Times that the ring had too much, so that some of it was left out.
    pub slips: u64,
}

/// As long as one of these lives, the supervisor keeps the devices open.
pub(crate) type Alive = Arc<SyncSender<()>>;

/// The samples of a device that is open, and how fast they come or go.
pub(crate) struct Feed<R> {
    pub(crate) ring: R,
    pub(crate) rate: u32,
}

/// The microphone, at the engine's end. Dropping this and the [`Playback`] closes the devices.
pub struct Capture {
    source: Option<Source>,
    fresh: Receiver<Feed<Consumer<i16>>>,
    stats: RingStats,
    _alive: Option<Alive>,
}

struct Source {
    ring: Consumer<i16>,
    rate: Option<Rate>,
    target: usize,
    limit: usize,
    flowing: bool,
    /// As many samples as one frame needs at the device's rate, and the fade before them.
    scratch: Vec<i16>,
    faded: [i16; FADE],
}

impl Source {
    fn new(feed: Feed<Consumer<i16>>) -> Self {
        let per_ms = feed.rate as usize / 1000;
        Self {
            ring: feed.ring,
            rate: Rate::to_frames(feed.rate),
            target: TARGET_MS as usize * per_ms,
            limit: LIMIT_MS as usize * per_ms,
            flowing: false,
            scratch: Vec::with_capacity(FRAME * 9),
            faded: [0; FADE],
        }
    }

    fn needs(&self) -> usize {
        self.rate.as_ref().map_or(FRAME, Rate::needs)
    }

    fn pull(&mut self, frame: &mut Frame, stats: &mut RingStats) -> bool {
        let needs = self.needs();
        let ready = self.ring.slots();
        if ready < needs || (!self.flowing && ready < needs + self.target) {
            stats.underruns += u64::from(self.flowing);
            self.flowing = false;
            frame.fill(0);
            return false;
        }
        let too_much = if !self.flowing || ready > needs + self.limit {
            ready - needs - self.target
        } else {
            0
        };
        let fade = if self.flowing { FADE.min(too_much).min(needs) } else { 0 };
        for n in 0..too_much {
            let sample = self.ring.pop().unwrap_or(0);
            if n < fade {
                self.faded[n] = sample;
            }
        }
        stats.slips += u64::from(self.flowing && too_much > 0);
        self.flowing = true;
        self.scratch.clear();
        self.scratch.resize(needs, 0);
        let _ = self.ring.pop_partial_slice(&mut self.scratch);
        cross_fade(&self.faded[..fade], &mut self.scratch);
        match &mut self.rate {
            None => frame.copy_from_slice(&self.scratch),
            Some(rate) => {
                let made = rate.run(&self.scratch);
                for (n, slot) in frame.iter_mut().enumerate() {
                    *slot = made.get(n).copied().map_or(0, to_i16);
                }
            }
        }
        stats.frames += 1;
        true
    }
}

/// Begins `kept` with what would have followed, fading into what does.
fn cross_fade(left_out: &[i16], kept: &mut [i16]) {
    let length = left_out.len() as i32;
    for (n, (old, new)) in left_out.iter().zip(kept).enumerate() {
        let n = n as i32;
        let mixed = i32::from(*old) * (length - n) + i32::from(*new) * n;
        *new = (mixed / length.max(1)) as i16;
    }
}

impl Capture {
    pub(crate) fn new(fresh: Receiver<Feed<Consumer<i16>>>, alive: Option<Alive>) -> Self {
        Self { source: None, fresh, stats: RingStats::default(), _alive: alive }
    }

    /// The next 20 ms into `frame`. False, and silence, when the device had not enough, or is gone.
    /// Never blocks.
    pub fn pull(&mut self, frame: &mut Frame) -> bool {
        while let Ok(feed) = self.fresh.try_recv() {
            self.source = Some(Source::new(feed));
        }
        match &mut self.source {
            Some(source) => source.pull(frame, &mut self.stats),
            None => {
                frame.fill(0);
                false
            }
        }
    }

    /// Counts since this was opened, over all devices.
    pub fn stats(&self) -> RingStats {
        self.stats
    }
}

impl AudioIn for Capture {
    fn pull(&mut self) -> Frame {
        let mut frame = [0; FRAME];
        Capture::pull(self, &mut frame);
        frame
    }
}

/// The loudspeaker, at the engine's end.
pub struct Playback {
    sink: Option<Sink>,
    fresh: Receiver<Feed<Producer<i16>>>,
    stats: RingStats,
    _alive: Option<Alive>,
}

struct Sink {
    ring: Producer<i16>,
    capacity: usize,
    rate: Option<Rate>,
    target: usize,
    limit: usize,
    flowing: bool,
    /// The beginning of a frame that was left out, until the next one is faded into it.
    left_out: Option<[i16; FADE]>,
}

impl Sink {
    fn new(feed: Feed<Producer<i16>>) -> Self {
        let per_ms = feed.rate as usize / 1000;
        Self {
            capacity: feed.ring.slots(),
            ring: feed.ring,
            rate: Rate::from_frames(feed.rate),
            target: TARGET_MS as usize * per_ms,
            limit: LIMIT_MS as usize * per_ms,
            flowing: false,
            left_out: None,
        }
    }

    fn push(&mut self, frame: &Frame, stats: &mut RingStats) {
        let waiting = self.capacity - self.ring.slots();
        if waiting > self.limit {
            stats.slips += 1;
            if self.left_out.is_none() {
                let mut begin = [0; FADE];
                begin.copy_from_slice(&frame[..FADE]);
                self.left_out = Some(begin);
            }
            return;
        }
        if waiting == 0 {
            stats.underruns += u64::from(self.flowing);
            for _ in 0..self.target {
                let _ = self.ring.push(0);
            }
        }
        self.flowing = true;
        let mut frame = *frame;
        if let Some(begin) = self.left_out.take() {
            cross_fade(&begin, &mut frame);
        }
        // A ring has room for `limit` and a frame: nothing is refused here.
        match &mut self.rate {
            None => {
                let _ = self.ring.push_partial_slice(&frame);
            }
            Some(rate) => rate.run(&frame).iter().for_each(|&sample| {
                let _ = self.ring.push(to_i16(sample));
            }),
        }
        stats.frames += 1;
    }
}

impl Playback {
    pub(crate) fn new(fresh: Receiver<Feed<Producer<i16>>>, alive: Option<Alive>) -> Self {
        Self { sink: None, fresh, stats: RingStats::default(), _alive: alive }
    }

    /// Plays 20 ms; dropped when there is no device. Never blocks.
    pub fn push(&mut self, frame: &Frame) {
        while let Ok(feed) = self.fresh.try_recv() {
            self.sink = Some(Sink::new(feed));
        }
        if let Some(sink) = &mut self.sink {
            sink.push(frame, &mut self.stats);
        }
    }

    /// Counts since this was opened, over all devices.
    pub fn stats(&self) -> RingStats {
        self.stats
    }
}

impl AudioOut for Playback {
    fn push(&mut self, frame: &Frame) {
        Playback::push(self, frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtrb::RingBuffer;
    use std::sync::mpsc;

    fn tone(n: u64, rate: u32) -> i16 {
        (8000.0 * (n as f64 * 300.0 / f64::from(rate) * std::f64::consts::TAU).sin()) as i16
    }

    fn capture(rate: u32) -> (Producer<i16>, Capture) {
        let (producer, ring) = RingBuffer::new((rate * RING_MS / 1000) as usize);
        let (fresh, receiver) = mpsc::sync_channel(1);
        fresh.send(Feed { ring, rate }).expect("room");
        (producer, Capture::new(receiver, None))
    }

    /// The largest step between neighbours: a 300 Hz tone of 8000 steps by 314 at 48 kHz.
    fn largest_step(samples: &[i16]) -> i32 {
        samples.windows(2).map(|p| (i32::from(p[1]) - i32::from(p[0])).abs()).max().unwrap_or(0)
    }

    /// Callbacks of `chunk` samples at `rate` for a minute against pulls at 48 kHz.
    fn minute(rate: u32, nominal: u32, chunk: usize) -> (Vec<i16>, RingStats) {
        let (mut producer, mut capture) = capture(nominal);
        let (mut made, mut heard) = (0_u64, Vec::new());
        for pull in 0..3000_u64 {
            let due = (pull + 1) * u64::from(rate) / 50;
            while made + chunk as u64 <= due {
                for _ in 0..chunk {
                    let _ = producer.push(tone(made, nominal));
                    made += 1;
                }
            }
            let mut frame = [0; FRAME];
            if capture.pull(&mut frame) {
                heard.extend(frame);
            }
        }
        (heard, capture.stats())
    }

    #[test]
    fn any_callback_size_is_heard_without_a_gap() {
        for chunk in [24, 441, 480, 1000] {
            let (heard, stats) = minute(48_000, 48_000, chunk);
            assert_eq!((stats.underruns, stats.slips), (0, 0), "{chunk}");
            assert!(heard.len() > 2990 * FRAME && largest_step(&heard) < 330, "{chunk}");
        }
    }

    #[test]
    fn a_microphone_that_runs_fast_slips_a_little_and_never_clicks() {
        let (heard, stats) = minute(48_048, 48_000, 480);
        // 0.1 % of a minute is 60 ms, and a slip takes at least 40 ms away.
        assert!((1..=2).contains(&stats.slips), "{stats:?}");
        assert_eq!(stats.underruns, 0);
        assert!(largest_step(&heard) < 400, "{}", largest_step(&heard));
    }

    #[test]
    fn a_microphone_that_runs_slow_pauses_seldom() {
        let (_, stats) = minute(47_952, 48_000, 480);
        assert!((1..=3).contains(&stats.underruns), "{stats:?}");
    }

    #[test]
    fn a_device_of_another_rate_sounds_the_same() {
        for rate in [16_000, 44_100] {
            let (heard, stats) = minute(rate, rate, rate as usize / 100);
            assert_eq!((stats.underruns, stats.slips), (0, 0), "{rate}");
            assert!(largest_step(&heard[FRAME..]) < 340, "{rate}: {}", largest_step(&heard));
            let crossings =
                heard[FRAME..].windows(2).filter(|p| p[0] < 0 && p[1] >= 0).count() as f64;
            let hz = crossings / ((heard.len() - FRAME) as f64 / 48_000.0);
            assert!((hz - 300.0).abs() < 1.0, "{rate}: {hz}");
        }
    }

    #[test]
    fn a_loudspeaker_that_stalls_and_comes_back_has_no_growing_delay() {
        let (ring, mut consumer) = RingBuffer::new(9600);
        let (fresh, receiver) = mpsc::sync_channel(1);
        fresh.send(Feed { ring, rate: 48_000 }).expect("room");
        let mut playback = Playback::new(receiver, None);
        for n in 0..100_u64 {
            let frame = std::array::from_fn(|i| tone(n * FRAME as u64 + i as u64, 48_000));
            playback.push(&frame);
            // Nothing is played for 400 ms.
            if !(20..40).contains(&n) {
                for _ in 0..FRAME {
                    let _ = consumer.pop();
                }
            }
        }
        let stats = playback.stats();
        assert!((15..=20).contains(&stats.slips), "{stats:?}");
        assert!(consumer.slots() <= 60 * 48 + FRAME, "{} samples wait", consumer.slots());
    }

    #[test]
    fn without_a_device_there_is_silence_and_no_wait() {
        let (gone, receiver) = mpsc::sync_channel(1);
        drop(gone);
        let mut capture = Capture::new(receiver, None);
        let mut frame = [1; FRAME];
        assert!(!capture.pull(&mut frame));
        assert_eq!(frame, [0; FRAME]);
    }
}
