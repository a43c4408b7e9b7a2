//! What happens in a bridge in one tick, without a clock, a task or a network: who hears what, what
//! is recorded, and what is noticed on the way.

use super::guard::{Strikes, guarded};
use super::{BridgeCommand, BridgeSaw};
use crate::embedded::mixing::{Voice, all_hold, everybody, heard};
use crate::embedded::program::Player;
use crate::embedded::prompts::Prompts;
use siaga_call_flow::{Program, Prompt};
use siaga_media::knock::KnockDetector;
use siaga_media::vad::SpeechDetector;
use siaga_media::{Frame, MediaSession};
use siaga_model::{CallId, LegId};
use siaga_recording::RecordingHandle;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A seat's leg whose RTP has stopped for this long is lost. Our desks send without a break.
const SEAT_RTP_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for a telephone of the public network, which may be in a tunnel: a backstop against ghosts, never a judgement.
const TELEPHONE_RTP_TIMEOUT: Duration = Duration::from_secs(60);

/// The two ends of a leg's voice, and a sign of life.
pub(in crate::embedded) trait Line: Send + Sync {
    /// What the peer says now.
    fn pull(&self, now: Instant) -> Frame;
    /// What the peer hears.
    fn send(&self, frame: &Frame);
    /// When its last packet came.
    fn last_packet_at(&self) -> Option<Instant>;
}

impl Line for MediaSession {
    fn pull(&self, now: Instant) -> Frame {
        Self::pull(self, now)
    }

    fn send(&self, frame: &Frame) {
        Self::send(self, frame);
    }

    fn last_packet_at(&self) -> Option<Instant> {
        self.stats().last_packet_at
    }
}

struct BridgeLeg {
    id: LegId,
    line: Arc<dyn Line>,
    /// One of our desks, rather than a telephone on the public network.
    is_desk: bool,
    joined: bool,
    /// `Some` while nobody has been heard on it.
    listening: Option<SpeechDetector>,
    up_since: Option<Instant>,
    /// A packet has come since then.
    flows: bool,
    remote_hold: bool,
    lost: bool,
    strikes: Strikes,
}

impl BridgeLeg {
    /// What it says. A voice that cannot be decoded is silence.
    fn pull(&mut self, now: Instant) -> Frame {
        if self.strikes.rests(now) {
            return Frame::silence();
        }
        let frame = guarded("a leg's voice", || self.line.pull(now));
        frame.unwrap_or_else(|| self.struck(now))
    }

    fn send(&mut self, now: Instant, frame: &Frame) {
        if guarded("a leg's ear", || self.line.send(frame)).is_none() {
            self.struck(now);
        }
    }

    /// Its media has failed once more. A seat for which that happens again and again gets a new leg;
    /// a caller has only this one.
    fn struck(&mut self, now: Instant) -> Frame {
        self.strikes.strike(now);
        Frame::silence()
    }

    fn rtp_timeout(&self) -> Duration {
        if self.is_desk { SEAT_RTP_TIMEOUT } else { TELEPHONE_RTP_TIMEOUT }
    }

    /// Whether a desk that is up has begun to send, told once.
    fn newly_flows(&mut self) -> bool {
        let flows = self.is_desk && self.up_since.is_some() && self.line.last_packet_at().is_some();
        flows && !std::mem::replace(&mut self.flows, flows)
    }

    /// Whether its media has stopped, told once.
    fn newly_lost(&mut self, now: Instant) -> bool {
        if self.lost {
            return false;
        }
        let broken = self.strikes.rests(now) && !self.id.is_caller();
        self.lost = broken || self.is_silent(now);
        self.lost
    }

    fn is_silent(&self, now: Instant) -> bool {
        let Some(up_since) = self.up_since else { return false };
        if self.remote_hold {
            return false;
        }
        let last = self.line.last_packet_at().map_or(up_since, |at| at.max(up_since));
        now.saturating_duration_since(last) > self.rtp_timeout()
    }
}

/// The legs of one call and everything that is between them.
pub(super) struct Conversation {
    call: CallId,
    legs: Vec<BridgeLeg>,
    prompts: Prompts,
    /// What the hub wants played.
    wanted: Program,
    player: Player,
    player_strikes: Strikes,
    /// Whether anything that is sent reaches the caller.
    caller_is_up: bool,
    /// `Some` while the silent-call procedure listens and has heard nothing.
    knocks: Option<KnockDetector>,
    recording: Option<RecordingHandle>,
    /// The recorder's queue is full, which was told.
    recorder_behind: bool,
    strikes: Strikes,
    #[cfg(test)]
    panics: u32,
}

impl Conversation {
    pub(super) fn new(
        call: CallId,
        program: Program,
        prompts: Prompts,
        recording: Option<RecordingHandle>,
    ) -> Self {
        Self {
            call,
            legs: Vec::new(),
            wanted: program,
            player: Player::new(program, prompts.clone()),
            prompts,
            player_strikes: Strikes::default(),
            caller_is_up: false,
            knocks: None,
            recording,
            recorder_behind: false,
            strikes: Strikes::default(),
            #[cfg(test)]
            panics: 0,
        }
    }

    pub(super) fn into_recording(self) -> Option<RecordingHandle> {
        self.recording
    }

    pub(super) fn obey(&mut self, now: Instant, command: BridgeCommand) {
        match command {
            BridgeCommand::Add { leg, line, is_desk } => {
                self.legs.retain(|other| other.id != leg);
                self.legs.push(BridgeLeg {
                    id: leg,
                    line,
                    is_desk,
                    joined: leg.is_caller(),
                    listening: None,
                    // A caller's leg is up from its answer on; a seat's when its media is.
                    up_since: leg.is_caller().then_some(now),
                    flows: false,
                    remote_hold: false,
                    lost: false,
                    strikes: Strikes::default(),
                });
            }
            BridgeCommand::Up(leg) => {
                self.caller_is_up |= leg.is_caller();
                if let Some(leg) = self.leg(leg) {
                    leg.up_since = Some(now);
                    leg.listening = leg.is_desk.then(SpeechDetector::new);
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
                    leg.up_since = leg.up_since.map(|_| now);
                }
            }
            BridgeCommand::Play(program) => {
                if program != self.wanted {
                    let checks = program == Program::Prompt(Prompt::SilenceCheck);
                    self.knocks = checks.then(KnockDetector::new);
                }
                self.wanted = program;
            }
        }
    }

    fn leg(&mut self, id: LegId) -> Option<&mut BridgeLeg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    /// One tick, whatever becomes of its parts: a tick that fails as a whole costs 20 ms, and when
    /// that happens again and again there is music for everybody in the conversation until the rest
    /// works again.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<BridgeSaw> {
        let recorded = self.recording.as_ref().map_or(0, RecordingHandle::ticks);
        let noticed = if self.strikes.rests(now) {
            None
        } else {
            let noticed = guarded("a tick", || self.mix(now));
            if noticed.is_none() {
                self.strikes.strike(now);
            }
            noticed
        };
        noticed.unwrap_or_else(|| {
            self.play_only(now);
            self.skip_recording(recorded);
            Vec::new()
        })
    }

    fn mix(&mut self, now: Instant) -> Vec<BridgeSaw> {
        #[cfg(test)]
        if self.panics > 0 {
            self.panics -= 1;
            panic!("as the test wants it");
        }
        let humans = self.legs.iter().filter(|leg| leg.joined && !leg.id.is_caller());
        let all_hold = all_hold(humans.map(|leg| leg.remote_hold));
        let played = self.next_of_program(now, all_hold);
        let voices: Vec<Voice> = self
            .legs
            .iter_mut()
            .map(|leg| Voice { joined: leg.joined, frame: leg.pull(now) })
            .collect();
        let heard = heard(&voices, &played);

        let mut said = Frame::silence();
        let mut sent = Frame::silence();
        let mut noticed = Vec::new();
        for ((leg, voice), hears) in self.legs.iter_mut().zip(&voices).zip(&heard) {
            leg.send(now, hears);
            if leg.id.is_caller() {
                said = voice.frame.clone();
                sent = hears.clone();
            }
            if leg.newly_flows() {
                noticed.push(BridgeSaw::Flows(leg.id));
            }
            if leg.listening.as_mut().is_some_and(|detector| detector.push(&voice.frame)) {
                leg.listening = None;
                noticed.push(BridgeSaw::Heard(leg.id));
            }
            if leg.newly_lost(now) {
                noticed.push(BridgeSaw::MediaLost(leg.id));
            }
        }
        // The citizen has left: what the others still say belongs to the call.
        if self.caller_is_up && !self.legs.iter().any(|leg| leg.id.is_caller()) {
            sent = everybody(&voices);
        }
        if self.knocks.as_mut().is_some_and(|detector| detector.push(&said)) {
            self.knocks = None;
            noticed.push(BridgeSaw::Knocks(LegId::caller(self.call)));
        }
        noticed.extend(self.record(&said, &sent));
        noticed
    }

    /// What is played in this tick. A player that fails is made anew; while one that does so again and
    /// again rests, there is music, which needs nothing.
    fn next_of_program(&mut self, now: Instant, all_hold: bool) -> Frame {
        let bare = self.strikes.rests(now) || self.player_strikes.rests(now);
        let program = match self.wanted {
            // Nobody would hear its beginning: it is spoken when the caller's media is up.
            Program::Prompt(_) if !self.caller_is_up => Program::Music,
            _ if bare => Program::Music,
            wanted => wanted,
        };
        self.player.play(program);
        let frame = guarded("what is played", || self.player.next_frame(all_hold));
        frame.unwrap_or_else(|| {
            self.player_strikes.strike(now);
            self.player = Player::new(program, self.prompts.clone());
            Frame::silence()
        })
    }

    /// The least that whoever is in the conversation gets: what is played.
    fn play_only(&mut self, now: Instant) {
        let played = self.next_of_program(now, false);
        for leg in &mut self.legs {
            leg.send(now, if leg.joined { &played } else { &Frame::SILENCE });
        }
    }

    fn record(&mut self, said: &Frame, sent: &Frame) -> Option<BridgeSaw> {
        let taken = self.recording.as_mut()?.write(&said.0, &sent.0);
        let newly_behind = !taken && !self.recorder_behind;
        self.recorder_behind = !taken;
        newly_behind.then_some(BridgeSaw::RecorderBehind(self.call))
    }

    /// A tick that came to nothing is silence in the recording, so that what follows keeps its time.
    fn skip_recording(&mut self, ticks_before: u64) {
        if let Some(recording) = &mut self.recording
            && recording.ticks() == ticks_before
        {
            recording.write(&Frame::SILENCE.0, &Frame::SILENCE.0);
        }
    }

    /// Nothing was heard or said for so many ticks: the recording keeps its time, and nobody is silent
    /// for it. What came meanwhile still waits in the sockets.
    pub(super) fn skip(&mut self, now: Instant, ticks: u32) {
        for leg in &mut self.legs {
            leg.up_since = leg.up_since.map(|_| now);
        }
        let Some(recording) = &mut self.recording else { return };
        for _ in 0..ticks {
            recording.write(&Frame::SILENCE.0, &Frame::SILENCE.0);
        }
    }
}

#[cfg(test)]
mod tests;
