//! One end of a call: a session with a task that sends and pulls every 20 ms and keeps what it
//! heard.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use siaga_media::tone::{VoiceLike, test_voice};
use siaga_media::{FRAME_DURATION, Frame, MediaConfig, MediaEvent, MediaSession};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Longer than anything takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Party {
    pub(crate) session: Arc<MediaSession>,
    pub(crate) events: mpsc::Receiver<MediaEvent>,
    /// Everything sent and heard since talking began.
    pub(crate) tape: Arc<Mutex<Tape>>,
    ticks: watch::Receiver<usize>,
    talk: JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) said: Vec<i16>,
    pub(crate) heard: Vec<i16>,
}

impl Party {
    pub(crate) fn start(session: MediaSession, seed: u32) -> Self {
        let session = Arc::new(session);
        let events = session.events().expect("taken once");
        let tape = Arc::new(Mutex::new(Tape::default()));
        let (tick, ticks) = watch::channel(0);
        let talk =
            tokio::spawn(talk(Arc::clone(&session), test_voice(seed), Arc::clone(&tape), tick));
        Self { session, events, tape, ticks, talk }
    }

    /// Waits for one event, passing over others.
    pub(crate) async fn wait(&mut self, wanted: &MediaEvent) {
        let seen = async {
            loop {
                let event = self.events.recv().await.expect("the session lives");
                if event == *wanted {
                    return;
                }
            }
        };
        tokio::time::timeout(DEADLINE, seen).await.expect("the event comes");
    }

    /// Lets `frames` frames pass.
    pub(crate) async fn frames(&mut self, frames: usize) {
        let end = *self.ticks.borrow() + frames;
        let passed = self.ticks.wait_for(|ticks| *ticks >= end);
        tokio::time::timeout(DEADLINE, passed).await.expect("time passes").expect("talking");
    }

    /// Waits until voice from the peer has been heard `frames` frames long.
    pub(crate) async fn hears(&mut self, frames: usize) {
        let from = self.tape.lock().unwrap().heard.len();
        let heard = async {
            loop {
                self.frames(5).await;
                let tape = self.tape.lock().unwrap();
                let loud = tape.heard[from..]
                    .chunks(960)
                    .filter(|c| siaga_media::frame::rms_dbfs(c) > -45.0)
                    .count();
                if loud >= frames {
                    return;
                }
            }
        };
        tokio::time::timeout(DEADLINE, heard).await.expect("the peer is heard");
    }

    pub(crate) async fn end(self) {
        self.talk.abort();
        tokio::time::timeout(DEADLINE, self.session.close()).await.expect("closing is bounded");
    }
}

async fn talk(
    session: Arc<MediaSession>,
    mut voice: VoiceLike,
    tape: Arc<Mutex<Tape>>,
    tick: watch::Sender<usize>,
) {
    let mut clock = tokio::time::interval(FRAME_DURATION);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        clock.tick().await;
        let frame: Frame = voice.next_frame();
        session.send(&frame);
        let heard = session.pull(Instant::now());
        {
            let mut tape = tape.lock().unwrap();
            tape.said.extend_from_slice(&frame.0);
            tape.heard.extend_from_slice(&heard.0);
        }
        tick.send_modify(|ticks| *ticks += 1);
    }
}

/// Two parties that are connected and talk.
pub(crate) async fn connected() -> (Party, Party) {
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    let (b, answer) =
        MediaSession::answer(MediaConfig::loopback(), &offer).await.expect("an answer");
    a.accept_answer(&answer).await.expect("the answer is taken");
    let (mut a, mut b) = (Party::start(a, 1), Party::start(b, 2));
    a.wait(&MediaEvent::Connected).await;
    b.wait(&MediaEvent::Connected).await;
    (a, b)
}

/// How well `heard` contains what was `said`: the median over voiced pieces of 100 ms of the best
/// normalised correlation with anything said: a busy machine may tear single pieces.
/// Below 1 kHz, where the codec keeps the wave and not only its sound.
pub(crate) fn likeness(said: &[i16], heard: &[i16]) -> f32 {
    let thin = |pcm: &[i16]| -> Vec<f32> {
        pcm.chunks_exact(24).map(|c| c.iter().map(|s| f32::from(*s)).sum::<f32>()).collect()
    };
    let (said, heard) = (thin(said), thin(heard));
    let length = 200;
    let mut likes = Vec::new();
    for piece in heard.chunks_exact(length) {
        let energy: f32 = piece.iter().map(|s| s * s).sum();
        if (energy / length as f32).sqrt() < 24.0 * 600.0 {
            continue;
        }
        let best = said
            .windows(length)
            .map(|other| {
                let (mut ab, mut bb) = (0.0f32, 1.0f32);
                for (a, b) in piece.iter().zip(other) {
                    ab += a * b;
                    bb += b * b;
                }
                ab / (energy * bb).sqrt()
            })
            .fold(0.0f32, f32::max);
        likes.push(best);
    }
    assert!(likes.len() >= 3, "only {} pieces of voice", likes.len());
    likes.sort_by(f32::total_cmp);
    likes[likes.len() / 2]
}
