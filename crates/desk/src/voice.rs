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

/// Ticks between two reports of levels: 480 ms in a call, where each one wakes the page and whatever draws
/// it while somebody types; 240 ms in a test or while a recording is played.
const TICKS_IN_CALL: u32 = 24;
const TICKS_ALONE: u32 = 12;

/// Ticks after which a voice that begins is reported, 60 ms, and how much louder it is by then than what
/// was reported last, dB. A syllable among others is not; the first one is, at once.
const TICKS_PER_ONSET: u32 = 3;
const ONSET_DB: f32 = 10.0;

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
        meter: Meter::every(TICKS_ALONE),
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
                self.meter = Meter::every(TICKS_IN_CALL);
                self.idle = Idle::Nothing;
                self.session = Some(session);
            }
            VoiceCommand::Mute(muted) => self.muted = muted,
            VoiceCommand::Stop => self.session = None,
            VoiceCommand::Play { samples, from } => {
                let at = from.min(samples.len());
                self.meter = Meter::every(TICKS_ALONE);
                self.idle = Idle::Playing { samples, at };
            }
            VoiceCommand::StopPlaying | VoiceCommand::Test(false) => self.idle = Idle::Nothing,
            VoiceCommand::Test(true) => {
                self.meter = Meter::every(TICKS_ALONE);
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

/// Root mean square over some ticks, in whole decibels: a meter shows no finer ones. A voice that begins
/// does not wait for their end.
struct Meter {
    every: u32,
    all: Powers,
    /// Of the last [`TICKS_PER_ONSET`] or fewer.
    newest: Powers,
    told: Option<Levels>,
}

impl Meter {
    fn every(ticks: u32) -> Self {
        Self { every: ticks, all: Powers::default(), newest: Powers::default(), told: None }
    }

    fn add(&mut self, heard: &Frame, sent: &Frame) -> Option<Levels> {
        let powers = Powers { heard: power(heard), sent: power(sent), ticks: 1 };
        self.all.add(&powers);
        self.newest.add(&powers);
        let levels = if self.all.ticks == self.every {
            self.all.levels()
        } else if self.newest.ticks == TICKS_PER_ONSET {
            let newest = std::mem::take(&mut self.newest).levels();
            let told = self.told?;
            let begins = newest.heard_dbfs - told.heard_dbfs >= ONSET_DB
                || newest.sent_dbfs - told.sent_dbfs >= ONSET_DB;
            begins.then_some(newest)?
        } else {
            return None;
        };
        *self = Self { told: Some(levels), ..Self::every(self.every) };
        Some(levels)
    }
}

/// Sums over some ticks.
#[derive(Default)]
struct Powers {
    heard: f64,
    sent: f64,
    ticks: u32,
}

impl Powers {
    fn add(&mut self, more: &Self) {
        self.heard += more.heard;
        self.sent += more.sent;
        self.ticks += more.ticks;
    }

    /// Of at least one tick.
    fn levels(&self) -> Levels {
        let level = |sum: f64| {
            let mean = sum / f64::from(self.ticks);
            if mean <= 0.0 {
                NOTHING_DBFS
            } else {
                ((10.0 * mean.log10()) as f32).round().max(NOTHING_DBFS)
            }
        };
        Levels { heard_dbfs: level(self.heard), sent_dbfs: level(self.sent) }
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
    fn the_meter_reports_twice_a_second_and_knows_silence_from_sound() {
        let mut meter = Meter::every(TICKS_IN_CALL);
        let loud = Frame([16_384; siaga_media::FRAME]);
        for _ in 1..TICKS_IN_CALL {
            assert!(meter.add(&loud, &Frame::silence()).is_none());
        }
        let levels = meter.add(&loud, &Frame::silence()).expect("the time is over");
        assert_eq!(levels.heard_dbfs, -6.0);
        assert!(levels.sent_dbfs <= -99.0);
    }

    #[test]
    fn a_voice_that_begins_is_reported_at_once_and_only_once() {
        let mut meter = Meter::every(TICKS_IN_CALL);
        let (soft, loud) = (Frame([160; siaga_media::FRAME]), Frame([1_600; siaga_media::FRAME]));
        let reports = |meter: &mut Meter, sent: &Frame, ticks: u32| {
            (1..=ticks)
                .filter_map(|n| Some((n, meter.add(&soft, sent)?.sent_dbfs)))
                .collect::<Vec<_>>()
        };
        assert_eq!(reports(&mut meter, &soft, TICKS_IN_CALL), [(TICKS_IN_CALL, -46.0)]);
        assert_eq!(
            reports(&mut meter, &loud, TICKS_PER_ONSET + TICKS_IN_CALL),
            [(TICKS_PER_ONSET, -26.0), (TICKS_PER_ONSET + TICKS_IN_CALL, -26.0)]
        );
        assert_eq!(reports(&mut meter, &soft, TICKS_IN_CALL), [(TICKS_IN_CALL, -46.0)]);
    }
}
