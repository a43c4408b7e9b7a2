//! One call's bridge: its legs' voices are mixed, played to and recorded, once every 20 ms.
//!
//! A bridge is a task of its own, so that one that fails takes no other call with it. It knows
//! nothing of SIP and decides nothing.
//!
//! It outlives its own faults. Each step of a tick ([`conversation`]) is guarded: a panic while one
//! leg's voice is decoded costs that voice 20 ms, and nobody else anything. A part that fails three
//! times within 10 s is left alone for 5 s: a seat's leg is told as lost, so that the call goes to the
//! next seat and its own desk can come back on a new leg; the program becomes music; if it is the
//! mixing itself, everybody in the conversation hears music until it works again. Legs, joined flags,
//! the program and the recording stay as they were; what came to nothing is silence in the recording.

mod conversation;
mod guard;

use super::prompts::Prompts;
use conversation::Conversation;
pub(super) use conversation::Line;
use guard::guarded;
use siaga_call_flow::Program;
use siaga_media::FRAME_DURATION;
use siaga_media::jitter::MAX_DELAY;
use siaga_model::{CallId, LegId};
use siaga_recording::RecordingHandle;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::MissedTickBehavior;

/// Commands that may wait for a bridge. A call has a handful of legs and a command each; when this
/// is full the bridge has died, and the sender finds its receiver gone.
const COMMAND_CAPACITY: usize = 64;

/// Notices that wait for an actor that does not keep up; a call has a few a leg. Beyond it the newest
/// is lost.
const MOST_UNTOLD: usize = 64;

/// How late a bridge may be and still make up for every tick, so that no word is lost when the
/// machine was busy for a moment. Beyond that it goes on with the present: a peer's jitter buffer
/// throws away what is older, and a longer burst would only make the voices late.
const MOST_TO_CATCH_UP: Duration = MAX_DELAY;

/// The most silence that is recorded for time that was not made up for. Whoever's machine slept for
/// longer has no call any more.
const MOST_SILENCE: Duration = Duration::from_secs(60);

/// What a bridge is told.
pub(super) enum BridgeCommand {
    /// This leg has media from now on. The caller's is joined at once, others when told. `is_desk`: one
    /// of our own, which sends without a break.
    Add { leg: LegId, line: Arc<dyn Line>, is_desk: bool },
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BridgeSaw {
    /// The first packet has come on this desk's leg since it was up.
    Flows(LegId),
    /// Somebody spoke on this leg for the first time since it was up.
    Heard(LegId),
    /// Somebody knocked on the citizen's leg while the silent-call procedure ran; once a run.
    Knocks(LegId),
    /// This leg's RTP has stopped, or its media cannot be used.
    MediaLost(LegId),
    /// The recorder does not keep up: what is said now may be in no file.
    RecorderBehind(CallId),
}

pub(super) struct Bridge {
    conversation: Conversation,
    commands: mpsc::Receiver<BridgeCommand>,
    saw: mpsc::Sender<BridgeSaw>,
    /// Seen, and not yet taken by the actor: voices do not wait for it.
    untold: VecDeque<BridgeSaw>,
}

impl Bridge {
    /// A bridge that plays `program` to whoever is in it; it ends when the sender is dropped, and
    /// gives the recording back to be sealed.
    pub(super) fn new(
        call: CallId,
        program: Program,
        prompts: Prompts,
        recording: Option<RecordingHandle>,
        saw: mpsc::Sender<BridgeSaw>,
    ) -> (Self, mpsc::Sender<BridgeCommand>) {
        let (sender, commands) = mpsc::channel(COMMAND_CAPACITY);
        let conversation = Conversation::new(call, program, prompts, recording);
        (Self { conversation, commands, saw, untold: VecDeque::new() }, sender)
    }

    pub(super) async fn run(mut self) -> Option<RecordingHandle> {
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => {
                        let conversation = &mut self.conversation;
                        guarded("a command", || conversation.obey(Instant::now(), command));
                    }
                    None => return self.conversation.into_recording(),
                },
                due = ticks.tick() => {
                    let now = Instant::now();
                    let skipped = to_skip(now.saturating_duration_since(due.into_std()));
                    if skipped > 0 {
                        tracing::warn!(skipped, "a bridge stood still for too long to make up for it");
                        self.conversation.skip(now, skipped.min(frames_in(MOST_SILENCE)));
                        ticks.reset_at(due + FRAME_DURATION * skipped.saturating_add(1));
                    }
                    let noticed = self.conversation.tick(now);
                    self.untold.extend(noticed);
                    self.tell();
                }
            }
        }
    }

    fn tell(&mut self) {
        while let Some(notice) = self.untold.pop_front() {
            match self.saw.try_send(notice) {
                // The actor outlives its bridges; when it is gone the process is going down.
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(notice)) => {
                    self.untold.push_front(notice);
                    self.untold.truncate(MOST_UNTOLD);
                    return;
                }
            }
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
