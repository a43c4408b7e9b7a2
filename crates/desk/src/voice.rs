//! The voice of a call, 20 ms at a time: from the microphone to the wire, from the wire to the
//! loudspeaker.
//!
//! One task for the life of the desk. It ticks only while a call is up, and then always sends: mute
//! and a missing microphone are silence, never nothing, because a desk that stops sending is taken
//! for dead (design: when is a desk lost).

use crate::state::Levels;
use siaga_audio_devices::{AudioIn, AudioOut};
use siaga_media::{FRAME_DURATION, Frame, MediaSession};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// Commands that may wait; a person makes one now and then.
const COMMANDS: usize = 32;

/// Ticks between two reports of levels: 240 ms. Each one wakes the page, the desktop's compositor and
/// whoever watches; a meter that moves four times a second still shows whether somebody speaks.
const TICKS_PER_LEVEL: u32 = 12;

/// Level that is reported when nothing at all is heard, dBFS.
const NOTHING_DBFS: f32 = -100.0;

/// The tone of a test, in Hz, and its peak: soft, about −26 dBFS.
const TEST_HZ: f32 = 440.0;
const TEST_PEAK: f32 = 1_600.0;

/// How much may be made up for after the machine stood still. What is older is skipped: the peer's
/// jitter buffer would throw it away, and a longer burst would only make the voice late.
const MOST_TO_CATCH_UP: Duration = siaga_media::jitter::MAX_DELAY;

pub(crate) enum VoiceCommand {
    /// These are the microphone and the loudspeaker from now on.
    Audio(Box<dyn AudioIn>, Box<dyn AudioOut>),
    /// Talk on this session, in place of any other, or send silence on it.
    Talk { session: Arc<MediaSession>, muted: bool },
    /// Send silence, or the microphone again.
    Mute(bool),
    /// The call is over.
    Stop,
    /// Play these samples from this one on, while no call is up.
    Play { samples: Arc<[i16]>, from: usize },
    /// Play no more.
    StopPlaying,
    /// Begin or end the test: a soft tone is heard, and the microphone is measured.
    Test(bool),
}

/// What the voice task tells beside the levels of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum VoiceNews {
    /// Level of the microphone in a test, dBFS.
    Tested(f32),
    /// How many samples were played, of how many.
    Played { at: usize, of: usize },
}

/// Starts the task; it ends when the sender is dropped.
pub(crate) fn start(
    levels: mpsc::Sender<Levels>,
    news: mpsc::Sender<VoiceNews>,
) -> mpsc::Sender<VoiceCommand> {
    let (sender, commands) = mpsc::channel(COMMANDS);
    let voice = Voice {
        commands,
        levels,
        news,
        idle: Idle::Nothing,
        audio: None,
        session: None,
        muted: false,
        meter: Meter::default(),
    };
    tokio::spawn(voice.run());
    sender
}

/// What the headset is used for while no call is up.
enum Idle {
    Nothing,
    Playing { samples: Arc<[i16]>, at: usize },
    Testing { phase: f32 },
}

struct Voice {
    commands: mpsc::Receiver<VoiceCommand>,
    levels: mpsc::Sender<Levels>,
    news: mpsc::Sender<VoiceNews>,
    idle: Idle,
    audio: Option<(Box<dyn AudioIn>, Box<dyn AudioOut>)>,
    session: Option<Arc<MediaSession>>,
    muted: bool,
    meter: Meter,
}

impl Voice {
    async fn run(mut self) {
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => {
                        let begins = matches!(
                            command,
                            VoiceCommand::Talk { .. }
                                | VoiceCommand::Play { .. }
                                | VoiceCommand::Test(true)
                        );
                        if begins {
                            ticks.reset_immediately();
                        }
                        self.on_command(command);
                    }
                    None => return,
                },
                due = ticks.tick(), if self.session.is_some() || self.is_used() => {
                    let now = Instant::now();
                    if now.saturating_duration_since(due.into_std()) > MOST_TO_CATCH_UP {
                        ticks.reset_immediately();
                    }
                    self.on_tick(now);
                }
            }
        }
    }

    fn on_command(&mut self, command: VoiceCommand) {
        match command {
            VoiceCommand::Audio(input, output) => self.audio = Some((input, output)),
            VoiceCommand::Talk { session, muted } => {
                self.muted = muted;
                self.meter = Meter::default();
                self.idle = Idle::Nothing;
                self.session = Some(session);
            }
            VoiceCommand::Mute(muted) => self.muted = muted,
            VoiceCommand::Stop => self.session = None,
            VoiceCommand::Play { samples, from } => {
                let at = from.min(samples.len());
                self.idle = Idle::Playing { samples, at };
            }
            VoiceCommand::StopPlaying | VoiceCommand::Test(false) => self.idle = Idle::Nothing,
            VoiceCommand::Test(true) => {
                self.meter = Meter::default();
                self.idle = Idle::Testing { phase: 0.0 };
            }
        }
    }

    fn on_tick(&mut self, now: Instant) {
        let Some(session) = &self.session else { return self.on_idle_tick() };
        let heard = session.pull(now);
        // The microphone is read even while it is muted, so that what was said then is not sent
        // afterwards.
        let spoken = match &mut self.audio {
            Some((input, output)) => {
                output.push(&heard.0);
                Frame(input.pull())
            }
            None => Frame::silence(),
        };
        let sent = if self.muted { Frame::silence() } else { spoken };
        session.send(&sent);
        if let Some(levels) = self.meter.add(&heard, &sent) {
            // A meter that nobody reads in time is of no use later.
            let _ = self.levels.try_send(levels);
        }
    }
}

impl Voice {
    fn is_used(&self) -> bool {
        match self.idle {
            Idle::Nothing => false,
            Idle::Playing { .. } | Idle::Testing { .. } => true,
        }
    }

    /// 20 ms without a call.
    fn on_idle_tick(&mut self) {
        let mut heard = Frame::silence();
        match &mut self.idle {
            Idle::Nothing => return,
            Idle::Playing { samples, at } => {
                let end = (*at + heard.0.len()).min(samples.len());
                heard.0[..end - *at].copy_from_slice(&samples[*at..end]);
                *at = end;
            }
            Idle::Testing { phase } => {
                for sample in &mut heard.0 {
                    *phase = (*phase + TEST_HZ / siaga_audio_devices::SAMPLE_RATE as f32).fract();
                    *sample = ((*phase * std::f32::consts::TAU).sin() * TEST_PEAK) as i16;
                }
            }
        }
        let spoken = match &mut self.audio {
            Some((input, output)) => {
                output.push(&heard.0);
                Frame(input.pull())
            }
            None => Frame::silence(),
        };
        let measured = self.meter.add(&heard, &spoken);
        match &self.idle {
            Idle::Nothing => {}
            Idle::Playing { samples, at } => {
                let over = *at == samples.len();
                let news = VoiceNews::Played { at: *at, of: samples.len() };
                // The end is told until it is heard; of the rest only the newest is of use.
                let told = (over || measured.is_some()) && self.news.try_send(news).is_ok();
                if over && told {
                    self.idle = Idle::Nothing;
                }
            }
            Idle::Testing { .. } => {
                if let Some(levels) = measured {
                    let _ = self.news.try_send(VoiceNews::Tested(levels.sent_dbfs));
                }
            }
        }
    }
}

/// Root mean square over [`TICKS_PER_LEVEL`], in whole decibels: a meter shows no finer ones.
#[derive(Default)]
struct Meter {
    heard: f64,
    sent: f64,
    ticks: u32,
}

impl Meter {
    fn add(&mut self, heard: &Frame, sent: &Frame) -> Option<Levels> {
        self.heard += power(heard);
        self.sent += power(sent);
        self.ticks += 1;
        if self.ticks < TICKS_PER_LEVEL {
            return None;
        }
        let level = |sum: f64| {
            let mean = sum / f64::from(TICKS_PER_LEVEL);
            if mean <= 0.0 {
                NOTHING_DBFS
            } else {
                ((10.0 * mean.log10()) as f32).round().max(NOTHING_DBFS)
            }
        };
        let levels = Levels { heard_dbfs: level(self.heard), sent_dbfs: level(self.sent) };
        *self = Self::default();
        Some(levels)
    }
}

/// Mean power of a frame relative to full scale.
fn power(frame: &Frame) -> f64 {
    10f64.powf(f64::from(frame.rms_dbfs()) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_reports_four_times_a_second_and_knows_silence_from_sound() {
        let mut meter = Meter::default();
        let loud = Frame([16_384; siaga_media::FRAME]);
        for _ in 1..TICKS_PER_LEVEL {
            assert!(meter.add(&loud, &Frame::silence()).is_none());
        }
        let levels = meter.add(&loud, &Frame::silence()).expect("the time is over");
        assert_eq!(levels.heard_dbfs, -6.0);
        assert!(levels.sent_dbfs <= -99.0);
    }
}
