//! What the bridge itself sounds like.

use siaga_call_flow::Program;
use siaga_media::Frame;
use siaga_media::tone::{HoldMusic, Ringback};

/// Peak of the waiting music, dBFS: clearly there, easy to talk over when an operator comes back.
const MUSIC_DBFS: f32 = -18.0;
/// Peak of the ringback under a conversation, dBFS: 20 dB below speech.
const SOFT_RINGBACK_DBFS: f32 = -36.0;

/// The sources of all programs and which one is on. A program that comes back starts anew, so that
/// a transfer always begins with an audible ring.
pub(super) struct Player {
    program: Program,
    music: HoldMusic,
    ringback: Ringback,
}

impl Player {
    /// With music, which is what a caller hears on arrival.
    pub(super) fn new() -> Self {
        Self {
            program: Program::Music,
            music: HoldMusic::chords(MUSIC_DBFS),
            ringback: Ringback::new(SOFT_RINGBACK_DBFS),
        }
    }

    /// Which program is on.
    pub(super) fn program(&self) -> Program {
        self.program
    }

    /// Changes the program; the same one again changes nothing.
    pub(super) fn play(&mut self, program: Program) {
        if self.program == program {
            return;
        }
        self.program = program;
        match program {
            Program::Quiet => {}
            Program::Music | Program::Prompt(_) => self.music = HoldMusic::chords(MUSIC_DBFS),
            Program::SoftRingback => self.ringback = Ringback::new(SOFT_RINGBACK_DBFS),
        }
    }

    /// The next 20 ms of it.
    pub(super) fn next_frame(&mut self) -> Frame {
        match self.program {
            Program::Quiet => Frame::silence(),
            Program::Music | Program::Prompt(_) => self.music.next_frame(),
            Program::SoftRingback => self.ringback.next_frame(),
        }
    }
}
