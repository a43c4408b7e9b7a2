//! Ears: what a leg says comes to us, so that the detectors that the embedded switch has are the same
//! here. Asterisk's own talk detection takes any steady sound for speech and knows no knocks.
//!
//! An ear is a snoop channel at Asterisk that the dialplan connects to us by AudioSocket: TCP, a UUID
//! first, then 20 ms of 8 kHz linear samples each. It is there from a leg's answer to its first word,
//! and on the citizen's leg while the silent-call procedure runs. A lost ear costs nobody a call.

use crate::core::ListenFor;
use siaga_media::knock::KnockDetector;
use siaga_media::vad::SpeechDetector;
use siaga_media::{FRAME, Frame};
use siaga_model::LegId;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Ears at once; each leg has one for a second or two. Beyond it a connection is closed.
const MOST_EARS: usize = 512;
/// How long a connection may take to say whose ear it is.
const NAMED_WITHIN: Duration = Duration::from_secs(3);
/// Asterisk sends every 20 ms: an ear that has heard nothing for so long is dead.
const SAYS_WITHIN: Duration = Duration::from_secs(60);
/// Samples in a message of 20 ms at 8 kHz, and how many of ours each becomes.
const RAW_FRAME: usize = 160;
const STRETCH: usize = FRAME / RAW_FRAME;

/// Kinds of AudioSocket messages.
const KIND_UUID: u8 = 0x01;
const KIND_AUDIO: u8 = 0x10;
const KIND_HANG_UP: u8 = 0x00;
const KIND_ERROR: u8 = 0xff;

/// An ear's name: 16 random bytes, so that nobody else is taken for one.
type Name = [u8; 16];

#[derive(Debug)]
struct Expected {
    leg: LegId,
    what: ListenFor,
    over: CancellationToken,
}

/// What an ear heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) leg: LegId,
    pub(crate) what: ListenFor,
}

/// The ears of a switch.
#[derive(Clone, Debug)]
pub(crate) struct Ears {
    address: SocketAddr,
    expected: Arc<Mutex<HashMap<Name, Expected>>>,
}

impl Ears {
    /// Listens; runs until `stopping`.
    pub(crate) async fn listen(
        bind: SocketAddr,
        heard: mpsc::Sender<Heard>,
        stopping: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(bind).await?;
        let ears = Self { address: listener.local_addr()?, expected: Arc::default() };
        let door = ears.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = door.accept(listener, heard) => {}
            }
        });
        Ok(ears)
    }

    /// Where Asterisk connects to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A name for a new ear.
    pub(crate) fn expect(&self, leg: LegId, what: ListenFor) -> String {
        let name: Name = rand::random();
        let over = CancellationToken::new();
        self.with(|expected| expected.insert(name, Expected { leg, what, over }));
        uuid(&name)
    }

    /// Nobody wants to know any more what is heard.
    pub(crate) fn forget(&self, leg: LegId, what: ListenFor) {
        self.with(|expected| {
            expected.retain(|_, one| {
                let wanted = one.leg != leg || one.what != what;
                if !wanted {
                    one.over.cancel();
                }
                wanted
            });
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<Name, Expected>) -> T) -> T {
        change(&mut self.expected.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn accept(self, listener: TcpListener, heard: mpsc::Sender<Heard>) {
        let room = Arc::new(Semaphore::new(MOST_EARS));
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "an ear could not be connected");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                tracing::warn!("more ears than {MOST_EARS}: one is closed");
                continue;
            };
            let (ears, heard) = (self.clone(), heard.clone());
            tokio::spawn(async move {
                if let Err(error) = ears.serve(stream, heard).await {
                    tracing::debug!(%error, "an ear broke");
                }
                drop(place);
            });
        }
    }

    async fn serve(&self, stream: TcpStream, heard: mpsc::Sender<Heard>) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut payload = Vec::new();
        let first = tokio::time::timeout(NAMED_WITHIN, message(&mut stream, &mut payload));
        let kind = first.await.map_err(|_| io::Error::other("an ear did not say its name"))??;
        let name = Name::try_from(payload.as_slice()).ok().filter(|_| kind == KIND_UUID);
        let expected = name.and_then(|name| {
            self.with(|all| all.get(&name).map(|one| (one.leg, one.what, one.over.clone())))
        });
        let (Some(name), Some((leg, what, over))) = (name, expected) else {
            return Err(io::Error::other("an ear that nobody expects"));
        };
        let listened = tokio::select! {
            () = over.cancelled() => Ok(false),
            listened = listen(&mut stream, what) => listened,
        };
        self.with(|all| all.remove(&name));
        if listened? && !over.is_cancelled() {
            // The switch outlives its ears.
            let _ = heard.send(Heard { leg, what }).await;
        }
        Ok(())
    }
}

/// Listens until what is wanted was heard (true) or the leg is gone.
async fn listen(stream: &mut BufReader<TcpStream>, what: ListenFor) -> io::Result<bool> {
    let mut detector = Detector::new(what);
    let mut payload = Vec::new();
    let mut last = 0;
    loop {
        let next = tokio::time::timeout(SAYS_WITHIN, message(stream, &mut payload));
        let kind =
            next.await.map_err(|_| io::Error::other("an ear heard nothing for a minute"))??;
        match kind {
            KIND_AUDIO => {
                for frame in payload.chunks_exact(RAW_FRAME * 2) {
                    if detector.push(&stretched(frame, &mut last)) {
                        return Ok(true);
                    }
                }
            }
            KIND_HANG_UP | KIND_ERROR => return Ok(false),
            _ => {}
        }
    }
}

enum Detector {
    Speech(Box<SpeechDetector>),
    Knocks(Box<KnockDetector>),
}

impl Detector {
    fn new(what: ListenFor) -> Self {
        match what {
            ListenFor::Speech => Self::Speech(Box::new(SpeechDetector::new())),
            ListenFor::Knocks => Self::Knocks(Box::new(KnockDetector::new())),
        }
    }

    fn push(&mut self, frame: &Frame) -> bool {
        match self {
            Self::Speech(detector) => detector.push(frame),
            Self::Knocks(detector) => detector.push(frame),
        }
    }
}

/// To 48 kHz in straight lines: the detectors look at levels, and what is above 4 kHz is none of
/// theirs.
fn stretched(bytes: &[u8], last: &mut i16) -> Frame {
    let mut frame = Frame::silence();
    for (pair, out) in bytes.chunks_exact(2).zip(frame.0.chunks_exact_mut(STRETCH)) {
        let next = i16::from_le_bytes([pair[0], pair[1]]);
        let (from, to) = (i32::from(*last), i32::from(next));
        for (k, sample) in out.iter_mut().enumerate() {
            *sample = (from + (to - from) * (k as i32 + 1) / STRETCH as i32) as i16;
        }
        *last = next;
    }
    frame
}

/// Reads one message into `payload`; its kind.
async fn message(stream: &mut BufReader<TcpStream>, payload: &mut Vec<u8>) -> io::Result<u8> {
    let kind = stream.read_u8().await?;
    let length = stream.read_u16().await?;
    payload.resize(usize::from(length), 0);
    stream.read_exact(payload).await?;
    Ok(kind)
}

fn uuid(name: &Name) -> String {
    let text = hex::encode(name);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::tone::test_voice;
    use siaga_model::CallId;
    use tokio::io::AsyncWriteExt;

    const LEG: LegId = LegId { call: CallId::from_parts(1_795_000_000_000, 110), n: 1 };

    async fn ears() -> (Ears, mpsc::Receiver<Heard>) {
        let (sender, heard) = mpsc::channel(8);
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        (Ears::listen(bind, sender, CancellationToken::new()).await.unwrap(), heard)
    }

    fn name_of(uuid: &str) -> Vec<u8> {
        hex::decode(uuid.replace('-', "")).unwrap()
    }

    async fn say(stream: &mut TcpStream, kind: u8, payload: &[u8]) {
        stream.write_u8(kind).await.unwrap();
        stream.write_u16(payload.len() as u16).await.unwrap();
        stream.write_all(payload).await.unwrap();
    }

    /// 20 ms of a voice at 8 kHz.
    fn spoken(frame: &Frame) -> Vec<u8> {
        frame.0.iter().step_by(STRETCH).flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[tokio::test]
    async fn a_voice_is_heard_and_the_ear_is_closed() {
        let (ears, mut heard) = ears().await;
        let name = ears.expect(LEG, ListenFor::Speech);
        let mut stream = TcpStream::connect(ears.address()).await.unwrap();
        say(&mut stream, KIND_UUID, &name_of(&name)).await;
        let mut voice = test_voice(3);
        for _ in 0..60 {
            say(&mut stream, KIND_AUDIO, &spoken(&voice.next_frame())).await;
        }
        let expected = Heard { leg: LEG, what: ListenFor::Speech };
        let noticed = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await;
        assert_eq!(noticed.unwrap(), Some(expected));
        assert!(ears.with(|expected| expected.is_empty()));
    }

    #[tokio::test]
    async fn an_ear_that_nobody_expects_is_closed_and_hears_nothing() {
        let (ears, mut heard) = ears().await;
        for payload in [&[7; 16][..], &[1, 2], &[]] {
            let mut stream = TcpStream::connect(ears.address()).await.unwrap();
            say(&mut stream, KIND_UUID, payload).await;
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "closed");
        }
        let name = ears.expect(LEG, ListenFor::Knocks);
        ears.forget(LEG, ListenFor::Knocks);
        let mut stream = TcpStream::connect(ears.address()).await.unwrap();
        say(&mut stream, KIND_UUID, &name_of(&name)).await;
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "forgotten before it came");
        assert!(heard.try_recv().is_err());
    }
}
