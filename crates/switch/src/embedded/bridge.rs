//! One call's bridge: its legs' voices are mixed, played to and recorded, once every 20 ms.
//!
//! A bridge is a task of its own, so that one that fails takes no other call with it. It knows
//! nothing of SIP and decides nothing.

use super::mixing::{Voice, audible, heard};
use super::program::Player;
use siaga_call_flow::Program;
use siaga_media::jitter::MAX_DELAY;
use siaga_media::vad::SpeechDetector;
use siaga_media::{FRAME_DURATION, Frame, MediaSession};
use siaga_model::LegId;
use siaga_recording::RecordingHandle;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// Commands that may wait for a bridge. A call has a handful of legs and a command each; when this
/// is full the bridge has died, and the sender finds its receiver gone.
const COMMAND_CAPACITY: usize = 64;

/// A seat's leg whose RTP has stopped for this long is lost. Our desks send without a break.
const SEAT_RTP_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for a caller, who may be in a tunnel: a backstop against ghosts, never a judgement.
const CALLER_RTP_TIMEOUT: Duration = Duration::from_secs(60);

/// How late a bridge may be and still make up for every tick, so that no word is lost when the
/// machine was busy for a moment. Beyond that it goes on with the present: a peer's jitter buffer
/// throws away what is older, and a longer burst would only make the voices late.
const MOST_TO_CATCH_UP: Duration = MAX_DELAY;

/// The most silence that is recorded for time that was not made up for. Whoever's machine slept for
/// longer has no call any more.
const MOST_SILENCE: Duration = Duration::from_secs(60);

/// What a bridge is told.
pub(super) enum BridgeCommand {
    /// This leg has media from now on. The caller's is joined at once, others when told.
    Add { leg: LegId, session: Arc<MediaSession> },
    /// This leg was answered and its media is up: listen whether somebody speaks.
    Up(LegId),
    /// Into the conversation.
    Join(LegId),
    /// Out of the conversation.
    Detach(LegId),
    /// The leg is over.
    Remove(LegId),
    /// The peer holds us and may stop sending.
    RemoteHold { leg: LegId, held: bool },
    /// What is played.
    Play(Program),
}

/// What a bridge saw.
pub(super) enum BridgeSaw {
    /// Somebody spoke on this leg for the first time since it was up.
    Heard(LegId),
    /// This leg's RTP has stopped.
    MediaLost(LegId),
}

struct BridgeLeg {
    id: LegId,
    session: Arc<MediaSession>,
    joined: bool,
    /// `Some` while nobody has been heard on it.
    listening: Option<SpeechDetector>,
    up_since: Option<Instant>,
    remote_hold: bool,
    lost: bool,
}

impl BridgeLeg {
    fn rtp_timeout(&self) -> Duration {
        if self.id.is_caller() { CALLER_RTP_TIMEOUT } else { SEAT_RTP_TIMEOUT }
    }

    /// Whether its RTP has stopped, told once.
    fn newly_lost(&mut self, now: Instant) -> bool {
        let Some(up_since) = self.up_since else { return false };
        if self.lost || self.remote_hold {
            return false;
        }
        let last = self.session.stats().last_packet_at.map_or(up_since, |at| at.max(up_since));
        self.lost = now.saturating_duration_since(last) > self.rtp_timeout();
        self.lost
    }
}

pub(super) struct Bridge {
    legs: Vec<BridgeLeg>,
    /// What the hub wants played.
    program: Program,
    player: Player,
    recording: Option<RecordingHandle>,
    commands: mpsc::Receiver<BridgeCommand>,
    saw: mpsc::Sender<BridgeSaw>,
}

impl Bridge {
    /// A bridge that plays music to whoever comes first; it ends when the sender is dropped, and
    /// gives the recording back to be sealed.
    pub(super) fn new(
        recording: Option<RecordingHandle>,
        saw: mpsc::Sender<BridgeSaw>,
    ) -> (Self, mpsc::Sender<BridgeCommand>) {
        let (sender, commands) = mpsc::channel(COMMAND_CAPACITY);
        let (program, player) = (Program::Music, Player::new());
        (Self { legs: Vec::new(), program, player, recording, commands, saw }, sender)
    }

    pub(super) async fn run(mut self) -> Option<RecordingHandle> {
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => return self.recording,
                },
                due = ticks.tick() => {
                    let now = Instant::now();
                    let skipped = to_skip(now.saturating_duration_since(due.into_std()));
                    if skipped > 0 {
                        self.skip(skipped);
                        ticks.reset_at(due + FRAME_DURATION * skipped.saturating_add(1));
                    }
                    self.on_tick(now).await;
                }
            }
        }
    }

    /// Nothing was heard or said for so many ticks; the recording keeps its time.
    fn skip(&mut self, ticks: u32) {
        tracing::warn!(ticks, "a bridge stood still for too long to make up for it");
        let Some(recording) = &mut self.recording else { return };
        let silence = Frame::silence();
        for _ in 0..ticks.min(frames_in(MOST_SILENCE)) {
            recording.write(&silence.0, &silence.0);
        }
    }

    fn on_command(&mut self, command: BridgeCommand) {
        match command {
            BridgeCommand::Add { leg, session } => {
                self.legs.retain(|other| other.id != leg);
                self.legs.push(BridgeLeg {
                    id: leg,
                    session,
                    joined: leg.is_caller(),
                    listening: None,
                    // A caller's leg is up from its answer on; a seat's when its media is.
                    up_since: leg.is_caller().then(Instant::now),
                    remote_hold: false,
                    lost: false,
                });
            }
            BridgeCommand::Up(leg) => {
                if let Some(leg) = self.leg(leg) {
                    leg.up_since = Some(Instant::now());
                    leg.listening = (!leg.id.is_caller()).then(SpeechDetector::new);
                }
            }
            BridgeCommand::Join(leg) => {
                if let Some(leg) = self.leg(leg) {
                    leg.joined = true;
                }
            }
            BridgeCommand::Detach(leg) => {
                if let Some(leg) = self.leg(leg) {
                    leg.joined = leg.id.is_caller();
                }
            }
            BridgeCommand::Remove(leg) => self.legs.retain(|other| other.id != leg),
            BridgeCommand::RemoteHold { leg, held } => {
                if let Some(leg) = self.leg(leg) {
                    leg.remote_hold = held;
                    leg.up_since = leg.up_since.map(|_| Instant::now());
                }
            }
            BridgeCommand::Play(program) => self.program = program,
        }
    }

    fn leg(&mut self, id: LegId) -> Option<&mut BridgeLeg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    async fn on_tick(&mut self, now: Instant) {
        let humans = self.legs.iter().filter(|leg| leg.joined && !leg.id.is_caller());
        self.player.play(audible(self.program, humans.map(|leg| leg.remote_hold)));
        let played = self.player.next_frame();
        let voices: Vec<Voice> = self
            .legs
            .iter()
            .map(|leg| Voice { joined: leg.joined, frame: leg.session.pull(now) })
            .collect();
        let heard = heard(&voices, self.player.program(), &played);

        let mut said = Frame::silence();
        let mut sent = Frame::silence();
        let mut notices = Vec::new();
        for ((leg, voice), hears) in self.legs.iter_mut().zip(&voices).zip(&heard) {
            leg.session.send(hears);
            if leg.id.is_caller() {
                said = voice.frame.clone();
                sent = hears.clone();
            }
            if leg.listening.as_mut().is_some_and(|detector| detector.push(&voice.frame)) {
                leg.listening = None;
                notices.push(BridgeSaw::Heard(leg.id));
            }
            if leg.newly_lost(now) {
                notices.push(BridgeSaw::MediaLost(leg.id));
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.write(&said.0, &sent.0);
        }
        for notice in notices {
            // The actor outlives its bridges; when it is gone the process is going down.
            let _ = self.saw.send(notice).await;
        }
    }
}

/// How many ticks a bridge that is `late` leaves out; the next one is due now or was a moment ago.
fn to_skip(late: Duration) -> u32 {
    if late <= MOST_TO_CATCH_UP { 0 } else { frames_in(late) }
}

/// Whole frames in a span of time.
fn frames_in(span: Duration) -> u32 {
    u32::try_from(span.as_millis() / FRAME_DURATION.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_made_up_for_and_a_standstill_is_left_out_to_the_tick() {
        let ms = Duration::from_millis;
        for late in [0, 19, 20, 100, 300] {
            assert_eq!(to_skip(ms(late)), 0, "{late} ms");
        }
        // What is left out and what is still late make up the whole standstill.
        for late in [301, 320, 1_000, 5_007, 8 * 3_600_000] {
            let left = ms(late) - FRAME_DURATION * to_skip(ms(late));
            assert!(left < FRAME_DURATION, "{late} ms leave {left:?}");
        }
    }
}
