//! What the bridge itself sounds like, 20 ms at a time.

use super::prompts::Prompts;
use siaga_call_flow::{Program, Prompt};
use siaga_media::tone::{HoldMusic, Ringback};
use siaga_media::{FRAME, Frame};

/// Peak of the waiting music, dBFS: clearly there, easy to talk over when an operator comes back.
const MUSIC_DBFS: f32 = -18.0;
/// Peak of the ringback under a conversation, dBFS: 20 dB below speech.
const SOFT_RINGBACK_DBFS: f32 = -36.0;
/// What is left of the music while somebody is asked to wait, 12 dB less: it fills the pauses between
/// the sentences, so that nobody thinks the line is dead, and every word is understood.
const UNDER_SPEECH: f32 = 0.25;
/// Ticks from one "please wait" to the beginning of the next: 20 s.
const SAID_AGAIN: usize = 1_000;
/// Ticks of music there are between them at least, however long a Polda's own sentence is: 5 s.
const MUSIC_BETWEEN: usize = 250;

/// The sources of all programs and which one is on. A program that comes back starts anew, so that
/// a transfer always begins with an audible ring; only the music goes on through a "please wait".
pub(super) struct Player {
    program: Program,
    prompts: Prompts,
    music: HoldMusic,
    ringback: Ringback,
    /// Ticks since the prompt began.
    spoken: usize,
    /// Music stands in for silence: every human in the conversation holds.
    filling: bool,
}

impl Player {
    /// With this program, which has just begun.
    pub(super) fn new(program: Program, prompts: Prompts) -> Self {
        Self {
            program,
            prompts,
            music: HoldMusic::chords(MUSIC_DBFS),
            ringback: Ringback::new(SOFT_RINGBACK_DBFS),
            spoken: 0,
            filling: false,
        }
    }

    /// Changes the program; the same one again changes nothing.
    pub(super) fn play(&mut self, program: Program) {
        if self.program == program {
            return;
        }
        let music_was_on = has_music(self.program);
        self.program = program;
        self.spoken = 0;
        self.filling = false;
        match program {
            Program::Quiet | Program::Prompt(Prompt::SilenceCheck) => {}
            Program::Music | Program::Prompt(Prompt::PleaseWait) => {
                if !music_was_on {
                    self.music = HoldMusic::chords(MUSIC_DBFS);
                }
            }
            Program::SoftRingback => self.ringback = Ringback::new(SOFT_RINGBACK_DBFS),
        }
    }

    /// The next 20 ms of it. `all_hold`: there are humans beside the caller in the conversation, and
    /// every one's telephone holds by SDP. Our own desks hold at the hub; telephones of another make
    /// hold by themselves, and most of them send nothing then. No caller is left alone in silence, so
    /// music stands in, but never for a prompt that is being spoken.
    pub(super) fn next_frame(&mut self, all_hold: bool) -> Frame {
        match self.program {
            Program::Quiet => self.silence_or_music(all_hold),
            Program::Music => self.music.next_frame(),
            Program::SoftRingback if all_hold => self.silence_or_music(true),
            Program::SoftRingback => {
                self.filling = false;
                self.ringback.next_frame()
            }
            Program::Prompt(Prompt::PleaseWait) => self.please_wait(),
            Program::Prompt(Prompt::SilenceCheck) => match self.word(Prompt::SilenceCheck) {
                Some(word) => {
                    self.spoken += 1;
                    word
                }
                None => self.silence_or_music(all_hold),
            },
        }
    }

    fn silence_or_music(&mut self, all_hold: bool) -> Frame {
        if all_hold && !self.filling {
            self.music = HoldMusic::chords(MUSIC_DBFS);
        }
        self.filling = all_hold;
        if all_hold { self.music.next_frame() } else { Frame::silence() }
    }

    fn please_wait(&mut self) -> Frame {
        let mut frame = self.music.next_frame();
        if let Some(word) = self.word(Prompt::PleaseWait) {
            frame.scale(UNDER_SPEECH);
            frame.mix(&word);
        }
        let length = self.prompts.of(Prompt::PleaseWait).len() / FRAME;
        self.spoken = (self.spoken + 1) % SAID_AGAIN.max(length + MUSIC_BETWEEN);
        frame
    }

    /// What is spoken in this tick; `None` when everything is said.
    fn word(&self, prompt: Prompt) -> Option<Frame> {
        self.prompts.of(prompt).chunks(FRAME).nth(self.spoken).map(Frame::from_samples)
    }
}

/// Whether music is heard in it all the time.
fn has_music(program: Program) -> bool {
    match program {
        Program::Music | Program::Prompt(Prompt::PleaseWait) => true,
        Program::Quiet | Program::SoftRingback | Program::Prompt(Prompt::SilenceCheck) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::prompts::prompt_sound;
    use siaga_media::frame::SILENCE_DBFS;

    fn player(program: Program) -> Player {
        Player::new(program, Prompts::built_in())
    }

    fn listen(player: &mut Player, ticks: usize, all_hold: bool) -> Vec<i16> {
        (0..ticks).flat_map(|_| player.next_frame(all_hold).0).collect()
    }

    /// How alike two sounds are, 0 to 1.
    fn likeness(a: &[i16], b: &[i16]) -> f64 {
        let dot = |a: &[i16], b: &[i16]| -> f64 {
            a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1.0)
    }

    fn is_silent(sound: &[i16]) -> bool {
        sound.iter().all(|sample| *sample == 0)
    }

    #[test]
    fn a_caller_is_asked_to_wait_at_once_and_again_every_twenty_seconds_and_hears_music_between() {
        let said = prompt_sound(Prompt::PleaseWait);
        let length = said.len() / FRAME;
        let mut player = player(Program::Prompt(Prompt::PleaseWait));
        for round in 0..3 {
            let spoken = listen(&mut player, length, false);
            assert!(likeness(&spoken, &said) > 0.95, "round {round}");
            let between = listen(&mut player, SAID_AGAIN - length, false);
            let mut music = HoldMusic::chords(MUSIC_DBFS);
            for _ in 0..round * SAID_AGAIN + length {
                music.next_frame();
            }
            let music: Vec<i16> =
                (0..SAID_AGAIN - length).flat_map(|_| music.next_frame().0).collect();
            assert_eq!(between, music, "round {round}: it goes on where it was");
        }
    }

    #[test]
    fn while_a_caller_is_asked_to_wait_there_is_never_half_a_second_of_silence() {
        let mut player = player(Program::Prompt(Prompt::PleaseWait));
        let (mut quiet, mut longest) = (0, 0);
        for _ in 0..2 * SAID_AGAIN {
            quiet = if player.next_frame(false).rms_dbfs() < -50.0 { quiet + 1 } else { 0 };
            longest = longest.max(quiet);
        }
        assert!(longest < 25, "{longest} ticks");
    }

    #[test]
    fn music_goes_on_when_it_becomes_an_announced_wait() {
        let mut player = player(Program::Music);
        listen(&mut player, 30, false);
        let mut undisturbed = player.music.clone();
        player.play(Program::Prompt(Prompt::PleaseWait));
        listen(&mut player, 10, false);
        player.play(Program::Music);
        for _ in 0..10 {
            undisturbed.next_frame();
        }
        assert_eq!(player.next_frame(false), undisturbed.next_frame());
    }

    #[test]
    fn the_silence_check_is_spoken_once_and_then_it_is_quiet() {
        let said = prompt_sound(Prompt::SilenceCheck);
        let mut player = player(Program::Music);
        player.play(Program::Prompt(Prompt::SilenceCheck));
        let length = said.len() / FRAME;
        assert_eq!(listen(&mut player, length, false), &said[..]);
        // Told again what is on already.
        player.play(Program::Prompt(Prompt::SilenceCheck));
        assert!(is_silent(&listen(&mut player, 3_000, false)));
        // Another run.
        player.play(Program::Quiet);
        player.play(Program::Prompt(Prompt::SilenceCheck));
        assert_eq!(listen(&mut player, length, false), &said[..]);
    }

    #[test]
    fn a_caller_whose_humans_all_hold_hears_music_after_the_prompt_and_instead_of_silence() {
        let mut player = player(Program::Quiet);
        assert_eq!(player.next_frame(false).rms_dbfs(), SILENCE_DBFS);
        let music = listen(&mut player, 120, true);
        assert!(!is_silent(&music));
        assert!(is_silent(&listen(&mut player, 10, false)));
        assert_eq!(listen(&mut player, 120, true), music, "it begins anew");

        player.play(Program::SoftRingback);
        let ring = listen(&mut player, 5, false);
        assert_ne!(ring, listen(&mut player, 5, true));

        player.play(Program::Prompt(Prompt::SilenceCheck));
        let said = prompt_sound(Prompt::SilenceCheck);
        assert_eq!(listen(&mut player, said.len() / FRAME, true), &said[..]);
        assert_eq!(listen(&mut player, 120, true), music);
    }
}
