//! A telephone: a user agent, media, a steady tone for a mouth, and an ear that forgets nothing.

use crate::exchange::soon;
use siaga_media::goertzel::power_dbfs;
use siaga_media::tone::{CHORDS, Sine};
use siaga_media::{FRAME, FRAME_DURATION, Frame, MediaConfig, MediaSession, SAMPLE_RATE};
use siaga_model::Redacted;
use siaga_sip::{DialogKey, Headers, IncomingCall, SipError, UaEvent, UserAgent, UserAgentConfig};
use siaga_switch::SipEndpoint;
use siaga_testkit::correlate::find;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Level of what telephones say, peak dBFS.
const MOUTH_DBFS: f32 = -20.0;
/// A tone from here on is heard.
const HEARD_DBFS: f32 = -32.0;
/// Below this it is not: what codecs make of another tone stays under it.
const UNHEARD_DBFS: f32 = -50.0;
/// What is listened to at once: 400 ms, in samples.
const LISTEN: usize = 19_200;
/// What a change may take until all of [`LISTEN`] is after it: buffers on the way, in samples.
const SETTLE: usize = 48_000;

/// Who has a telephone.
pub(crate) struct Phone {
    pub(crate) ua: UserAgent,
    pub(crate) events: mpsc::Receiver<UaEvent>,
}

impl Phone {
    fn start(endpoint: &SipEndpoint, user: &str, secret: Option<&str>) -> Self {
        let (ua, events) = UserAgent::start(UserAgentConfig {
            ws_url: endpoint.ws_url.parse().expect("an address"),
            tls_roots: None,
            user: user.to_owned(),
            domain: endpoint.domain.clone(),
            secret: secret.map(|secret| Redacted::new(secret.to_owned())),
            display_name: None,
            register: secret.is_some(),
            expires: Duration::from_secs(120),
            user_agent: "a test".to_owned(),
        })
        .expect("a telephone");
        Self { ua, events }
    }

    /// A citizen's, without an account.
    pub(crate) fn stranger(endpoint: &SipEndpoint) -> Self {
        Self::start(endpoint, "082200001113", None)
    }

    /// A seat's that registers.
    pub(crate) fn of_seat(endpoint: &SipEndpoint, seat: &str, secret: &str) -> Self {
        Self::start(endpoint, seat, Some(secret))
    }

    /// The next event that `pick` takes; others are passed over.
    pub(crate) async fn next<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(UaEvent) -> Option<T>,
    ) -> T {
        soon(what, async {
            loop {
                let event = self.events.recv().await.expect("the telephone lives");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
    }

    /// Waits until the switch knows it.
    pub(crate) async fn is_registered(&mut self) {
        self.next("a registration", |event| match event {
            UaEvent::Registered { .. } => Some(()),
            _ => None,
        })
        .await;
    }

    /// Sends the INVITE, as soon as there is a connection.
    pub(crate) async fn invite(&self, offer: &str) -> DialogKey {
        soon("a connection", async {
            let mut retry = tokio::time::interval(Duration::from_millis(5));
            loop {
                retry.tick().await;
                match self.ua.invite("110", offer, Headers::new()).await {
                    Ok(dialog) => return dialog,
                    Err(SipError::NotConnected) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await
    }

    /// Dials 110, is answered, and says a tone of `hz` from then on.
    pub(crate) async fn dial(&mut self, hz: f32) -> Talk {
        let (session, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("media");
        let dialog = self.invite(&offer).await;
        let sdp = self
            .next("an answer", |event| match event {
                UaEvent::Answered { sdp, .. } => Some(sdp),
                UaEvent::Failed { status, reason, .. } => panic!("refused: {status} {reason}"),
                _ => None,
            })
            .await;
        session.accept_answer(&sdp).await.expect("the answer can be used");
        Talk::start(dialog, session, hz)
    }

    pub(crate) async fn incoming(&mut self) -> IncomingCall {
        self.next("a ring", |event| match event {
            UaEvent::Incoming(call) => Some(call),
            _ => None,
        })
        .await
    }

    /// Answers a call and says a tone of `hz` from then on.
    pub(crate) async fn answer(&mut self, call: &IncomingCall, hz: f32) -> Talk {
        let (session, sdp) =
            MediaSession::answer(MediaConfig::loopback(), &call.offer).await.expect("media");
        self.ua.answer(call.dialog, &sdp).await.expect("answered");
        Talk::start(call.dialog, session, hz)
    }

    /// Waits until the switch has ended this call.
    pub(crate) async fn is_ended(&mut self, dialog: DialogKey) {
        self.next("the end of the call", |event| match event {
            UaEvent::Ended { dialog: ended, .. } if ended == dialog => Some(()),
            _ => None,
        })
        .await;
    }

    /// Whether the switch has ended anything so far.
    pub(crate) fn heard_of_an_end(&mut self) -> bool {
        std::iter::from_fn(|| self.events.try_recv().ok())
            .any(|event| matches!(event, UaEvent::Ended { .. } | UaEvent::Failed { .. }))
    }
}

/// What somebody says and presses: a steady tone, unless something else is to be said.
struct Mouth {
    tone: Option<Sine>,
    says: VecDeque<Frame>,
    keys: VecDeque<char>,
}

/// A call that is up at a telephone.
pub(crate) struct Talk {
    pub(crate) dialog: DialogKey,
    mouth: Arc<Mutex<Mouth>>,
    heard: Arc<Mutex<Vec<i16>>>,
    length: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Talk {
    fn start(dialog: DialogKey, session: MediaSession, hz: f32) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (grows, length) = watch::channel(0);
        let tone = Some(Sine::new(hz, MOUTH_DBFS));
        let mouth = Mouth { tone, says: VecDeque::new(), keys: VecDeque::new() };
        let mouth = Arc::new(Mutex::new(mouth));
        let task = tokio::spawn(talk(session, mouth.clone(), heard.clone(), grows));
        Self { dialog, mouth, heard, length, task }
    }

    /// Says nothing more from now on, but what follows.
    pub(crate) fn falls_silent(&self) {
        self.mouth.lock().expect("unpoisoned").tone = None;
    }

    /// Says this once (48 kHz).
    pub(crate) fn says(&self, sound: &[i16]) {
        let frames = sound.chunks(FRAME).map(Frame::from_samples);
        self.mouth.lock().expect("unpoisoned").says.extend(frames);
    }

    /// Presses a key.
    pub(crate) fn presses(&self, key: char) {
        self.mouth.lock().expect("unpoisoned").keys.push_back(key);
    }

    /// Waits until this was heard, in whole (48 kHz).
    pub(crate) async fn hears_sound(&mut self, sound: &[i16]) {
        soon("a sound to be heard", async {
            while !find(sound, &self.heard_so_far(), SAMPLE_RATE).is_found() {
                self.listen(SETTLE).await;
            }
        })
        .await;
    }

    fn heard_so_far(&self) -> Vec<i16> {
        self.heard.lock().expect("unpoisoned").clone()
    }

    /// Is silent from now on as a dead machine is: no RTP, and no word of SIP.
    pub(crate) fn dies(&self) {
        self.task.abort();
    }

    /// The next samples.
    async fn listen(&mut self, samples: usize) -> Vec<i16> {
        let from = *self.length.borrow();
        soon("time to pass", self.length.wait_for(|length| *length >= from + samples))
            .await
            .expect("the telephone listens");
        self.heard.lock().expect("unpoisoned")[from..from + samples].to_vec()
    }

    /// Waits until this tone is heard.
    pub(crate) async fn hears(&mut self, hz: f32) {
        soon(&format!("{hz} Hz to be heard"), async {
            while power_dbfs(&self.listen(LISTEN).await, hz) < HEARD_DBFS {}
        })
        .await;
    }

    /// Waits until music is heard.
    pub(crate) async fn hears_music(&mut self) {
        soon("music", async { while !is_music(&self.listen(LISTEN).await) {} }).await;
    }

    /// None of these tones is heard, once what is on its way has arrived.
    pub(crate) async fn does_not_hear(&mut self, tones: &[f32]) {
        self.listen(SETTLE).await;
        let heard = self.listen(LISTEN).await;
        for hz in tones {
            let power = power_dbfs(&heard, *hz);
            assert!(power < UNHEARD_DBFS, "{hz} Hz is heard: {power} dBFS");
        }
    }

    /// Music is over.
    pub(crate) async fn does_not_hear_music(&mut self) {
        self.listen(SETTLE).await;
        assert!(!is_music(&self.listen(LISTEN).await), "music is heard");
    }
}

pub(crate) fn is_music(samples: &[i16]) -> bool {
    CHORDS.iter().any(|chord| chord.iter().all(|hz| power_dbfs(samples, *hz) > -40.0))
}

async fn talk(
    session: MediaSession,
    mouth: Arc<Mutex<Mouth>>,
    heard: Arc<Mutex<Vec<i16>>>,
    grows: watch::Sender<usize>,
) {
    let mut ticks = tokio::time::interval(FRAME_DURATION);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        ticks.tick().await;
        let frame: Frame = session.pull(Instant::now());
        {
            let mut mouth = mouth.lock().expect("unpoisoned");
            if let Some(key) = mouth.keys.pop_front() {
                session.send_dtmf(key).expect("the switch takes keys");
            }
            let tone = mouth.tone.as_mut().map(Sine::next_frame);
            let said = mouth.says.pop_front().or(tone).unwrap_or_default();
            session.send(&said);
        }
        let mut heard = heard.lock().expect("unpoisoned");
        heard.extend_from_slice(&frame.0);
        grows.send_replace(heard.len());
    }
}
