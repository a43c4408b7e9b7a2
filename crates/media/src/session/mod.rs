//! One voice connection with one peer: ICE, DTLS-SRTP and the codecs over the `webrtc` stack, whose
//! defects are worked around here and nowhere else.
//!
//! One side calls [`MediaSession::offer`] and later [`MediaSession::accept_answer`], the other
//! [`MediaSession::answer`]. Descriptions carry all their candidates (no trickle). From then on
//! the owner, every 20 ms, [`send`](MediaSession::send)s a frame (silence included: a desk that
//! sends nothing counts as lost) and [`pull`](MediaSession::pull)s one. What happens beside the
//! voice comes as [`MediaEvent`]s.

mod feedback;
mod peer;
mod types;
mod voice;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::peer_connection::RTCSessionDescription;

use self::feedback::RemoteLoss;
use self::peer::{Callbacks, Peer, Side, setup};
use self::voice::{Inbound, Outbound, lock};
use crate::codec::Codec;
use crate::frame::Frame;
use crate::sdp::{self, Audio, Direction, Formats};

pub use types::{EVENT_CAPACITY, MediaConfig, MediaError, MediaEvent, MediaStats, SEND_CAPACITY};

/// How long [`MediaSession::close`] waits for the stack.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// One voice connection with one peer. Dropping it ends it as [`MediaSession::close`] does, without
/// waiting.
pub struct MediaSession {
    peer: Peer,
    config: MediaConfig,
    inbound: Arc<Mutex<Inbound>>,
    outbound: Arc<Mutex<Outbound>>,
    events: Mutex<Option<mpsc::Receiver<MediaEvent>>>,
    tasks: Arc<Mutex<Vec<AbortHandle>>>,
    /// The peer's ICE user name fragment, and the lock that lets one negotiation run at a time.
    negotiation: tokio::sync::Mutex<Option<String>>,
}

impl std::fmt::Debug for MediaSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaSession").finish_non_exhaustive()
    }
}

impl MediaSession {
    /// Makes a session and its offer. Waits for local candidates, at most
    /// [`MediaConfig::gather_timeout`].
    ///
    /// # Errors
    /// [`MediaError::Setup`], [`MediaError::Gathering`], [`MediaError::Opus`].
    pub async fn offer(config: MediaConfig) -> Result<(Self, String), MediaError> {
        let mut session = Self::new(config, Side::Offerer, Codec::Opus).await?;
        session.peer.add_track().await?;
        session.peer.set_formats(&Formats::ours()).await?;
        let offer = session.peer.connection.create_offer(None).await.map_err(setup)?;
        let sdp = session.apply_local(offer, &Formats::ours()).await?;
        Ok((session, sdp))
    }

    /// Makes a session from a peer's offer, and the answer to it: the peer's first codec that we know.
    ///
    /// # Errors
    /// What [`sdp::check`] finds wrong; [`MediaError::Refused`]; and as [`MediaSession::offer`].
    pub async fn answer(config: MediaConfig, offer: &str) -> Result<(Self, String), MediaError> {
        let remote = sdp::check(offer)?;
        let mut session = Self::new(config, Side::Answerer, remote.codec).await?;
        session.apply_remote(offer, true).await?;
        session.peer.add_track().await?;
        session.peer.set_formats(&remote.formats).await?;
        session.peer.set_direction(remote.direction.reversed()).await?;
        let answer = session.peer.connection.create_answer(None).await.map_err(refused)?;
        let answer = session.apply_local(answer, &remote.formats.answer()).await?;
        *session.negotiation.lock().await = Some(remote.ice_ufrag.clone());
        session.settle(&remote);
        Ok((session, answer))
    }

    /// Takes the peer's answer to our offer.
    ///
    /// # Errors
    /// What [`sdp::check`] finds wrong; [`MediaError::Refused`], also when no answer is due.
    pub async fn accept_answer(&self, answer: &str) -> Result<(), MediaError> {
        let remote = sdp::check(answer)?;
        let mut ufrag = self.negotiation.lock().await;
        self.apply_remote(answer, false).await?;
        self.peer.set_formats(&remote.formats).await?;
        *ufrag = Some(remote.ice_ufrag.clone());
        self.settle(&remote);
        Ok(())
    }

    /// Takes a peer's offer on a running session (hold, resume, ICE restart) and makes the answer.
    /// A wrong offer changes nothing.
    ///
    /// # Errors
    /// What [`sdp::check`] finds wrong; [`MediaError::Refused`], also while our own offer is
    /// open; [`MediaError::Gathering`] at an ICE restart.
    pub async fn reoffer_in(&self, offer: &str) -> Result<String, MediaError> {
        let remote = sdp::check(offer)?;
        let mut ufrag = self.negotiation.lock().await;
        let restart = ufrag.as_ref().is_some_and(|known| *known != remote.ice_ufrag);
        // A packet that meets a closed direction is lost to the peer, so we stop before the stack
        // does.
        let (allowed, _) = permissions(remote.direction);
        let before = lock(&self.outbound).pause_unless(allowed);
        let answer = self.answer_again(offer, &remote, restart).await;
        match &answer {
            Ok(_) => {
                *ufrag = Some(remote.ice_ufrag.clone());
                self.settle(&remote);
            }
            Err(_) => lock(&self.outbound).resume_if(before),
        }
        answer
    }

    /// The events of this session: the receiver the first time, `None` afterwards. Its capacity is
    /// [`EVENT_CAPACITY`].
    pub fn events(&self) -> Option<mpsc::Receiver<MediaEvent>> {
        lock(&self.events).take()
    }

    /// Sends one frame; never waits. Call it every 20 ms, with silence when there is nothing to
    /// say. Before the connection is up and while the peer holds, nothing goes out. A ticker that
    /// missed ticks should skip them (`MissedTickBehavior::Skip`): frames sent in a burst make the
    /// peer's jitter buffer deeper, not the voice more whole.
    pub fn send(&self, frame: &Frame) {
        lock(&self.outbound).send(Instant::now(), frame);
    }

    /// The frame to be heard `now`; never waits. Call it every 20 ms. Silence before anything
    /// came.
    pub fn pull(&self, now: Instant) -> Frame {
        lock(&self.inbound).pull(now)
    }

    /// Queues a key to be sent with the next frames (RFC 4733): `0`–`9`, `*`, `#`, `A`–`D`.
    ///
    /// # Errors
    /// [`MediaError::NotADigit`], [`MediaError::TooManyDigits`], [`MediaError::NoTelephoneEvent`].
    pub fn send_dtmf(&self, digit: char) -> Result<(), MediaError> {
        lock(&self.outbound).press(digit)
    }

    /// Figures so far.
    pub fn stats(&self) -> MediaStats {
        let mut stats = MediaStats::default();
        lock(&self.outbound).fill(&mut stats);
        lock(&self.inbound).fill(&mut stats);
        stats
    }

    /// Ends the session, within 2 s whatever the network does. Can be called again.
    pub async fn close(&self) {
        lock(&self.outbound).set_connected(false);
        let closed = tokio::time::timeout(CLOSE_TIMEOUT, self.peer.connection.close()).await;
        match closed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a media session closed with an error"),
            Err(_) => tracing::warn!("a media session did not close in time and is abandoned"),
        }
        self.stop_tasks();
    }

    async fn new(config: MediaConfig, side: Side, codec: Codec) -> Result<Self, MediaError> {
        let ssrc = rand::random();
        let (queue, mut packets) = mpsc::channel(SEND_CAPACITY);
        let loss = RemoteLoss::default();
        let outbound = Arc::new(Mutex::new(Outbound::new(&config, ssrc, queue, loss.clone())?));
        let (inbound, events) = Inbound::new()?;
        let inbound = Arc::new(Mutex::new(inbound));
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let callbacks = Callbacks {
            inbound: Arc::clone(&inbound),
            outbound: Arc::clone(&outbound),
            readers: Arc::clone(&tasks),
            gathered: watch::Sender::new(0),
        };
        let peer = Peer::new(&config, side, codec, ssrc, loss, callbacks).await?;
        let track = Arc::clone(&peer.track);
        let writer = tokio::spawn(async move {
            while let Some(packet) = packets.recv().await {
                if let Err(error) = track.write_rtp(packet).await {
                    tracing::debug!(%error, "a voice packet was not sent");
                }
            }
        });
        lock(&tasks).push(writer.abort_handle());
        Ok(Self {
            peer,
            config,
            inbound,
            outbound,
            events: Mutex::new(Some(events)),
            tasks,
            negotiation: tokio::sync::Mutex::new(None),
        })
    }

    async fn answer_again(
        &self,
        offer: &str,
        remote: &Audio,
        restart: bool,
    ) -> Result<String, MediaError> {
        let gathered = *self.peer.gathering.borrow();
        self.apply_remote(offer, true).await?;
        self.peer.set_formats(&remote.formats).await?;
        self.peer.set_direction(remote.direction.reversed()).await?;
        let answer = self.peer.connection.create_answer(None).await.map_err(refused)?;
        self.peer.connection.set_local_description(answer).await.map_err(refused)?;
        if restart {
            self.wait_gathered(gathered).await?;
        }
        self.local_sdp(&remote.formats.answer()).await
    }

    async fn apply_remote(&self, text: &str, offer: bool) -> Result<(), MediaError> {
        let text = sdp::incoming(text);
        let description = if offer {
            RTCSessionDescription::offer(text)
        } else {
            RTCSessionDescription::answer(text)
        };
        let description = description.map_err(refused)?;
        self.peer.connection.set_remote_description(description).await.map_err(refused)
    }

    async fn apply_local(
        &mut self,
        description: RTCSessionDescription,
        formats: &Formats,
    ) -> Result<String, MediaError> {
        let gathered = *self.peer.gathering.borrow();
        self.peer.connection.set_local_description(description).await.map_err(setup)?;
        self.wait_gathered(gathered).await?;
        self.local_sdp(formats).await
    }

    async fn wait_gathered(&self, before: u64) -> Result<(), MediaError> {
        let mut gathering = self.peer.gathering.clone();
        let done = gathering.wait_for(|times| *times > before);
        match tokio::time::timeout(self.config.gather_timeout, done).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(MediaError::Gathering),
        }
    }

    /// Our present description as it is handed out, with these formats, which are noted.
    async fn local_sdp(&self, formats: &Formats) -> Result<String, MediaError> {
        let local = self.peer.connection.local_description().await.ok_or(MediaError::Closed)?;
        let text = sdp::outgoing(&local.sdp, formats);
        if sdp::candidates(&text).is_empty() {
            return Err(MediaError::Gathering);
        }
        lock(&self.inbound).promised(formats.clone());
        Ok(text)
    }

    /// Takes over what was agreed, once both descriptions are in place.
    fn settle(&self, remote: &Audio) {
        let (allowed, held) = permissions(remote.direction);
        lock(&self.outbound).negotiated(remote, allowed);
        lock(&self.inbound).set_held(held);
    }

    fn stop_tasks(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

impl Drop for MediaSession {
    fn drop(&mut self) {
        self.stop_tasks();
        // The stack's own task holds its socket until it is told: a refused offer would leave both.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let connection = Arc::clone(&self.peer.connection);
        runtime.spawn(async move {
            match tokio::time::timeout(CLOSE_TIMEOUT, connection.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a dropped media session did not close"),
                Err(_) => tracing::warn!("a dropped media session did not close in time"),
            }
        });
    }
}

/// Whether we may send, and whether the peer holds, when it says `direction` of itself.
fn permissions(direction: Direction) -> (bool, bool) {
    match direction {
        Direction::SendRecv | Direction::RecvOnly => (true, false),
        Direction::SendOnly | Direction::Inactive => (false, true),
    }
}

/// The stack's words about a description.
fn refused(error: impl std::fmt::Display) -> MediaError {
    MediaError::Refused { reason: error.to_string() }
}
