//! Who hears whom and what in a bridge: pure functions of one tick.

use siaga_call_flow::Program;
use siaga_media::Frame;
use siaga_media::mixer::mix_for;

/// What one leg said in this tick, and how it stands in the bridge.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// In the conversation. The caller always is.
    pub(super) joined: bool,
    /// What it said.
    pub(super) frame: Frame,
}

/// What each leg hears, in the order of `voices`. `played` is what the program sounds like in this
/// tick.
///
/// The caller hears everybody who is joined, and the program. While music plays for the caller it
/// plays alone: nobody who is joined by mistake talks over it unheard, because they hear it too. A
/// leg that is detached hears nothing and is heard by nobody.
pub(super) fn heard(voices: &[Voice], program: Program, played: &Frame) -> Vec<Frame> {
    let mut frames: Vec<Frame> = voices.iter().map(|voice| voice.frame.clone()).collect();
    let program_index = frames.len();
    frames.push(played.clone());
    voices
        .iter()
        .enumerate()
        .map(|(listener, to)| {
            if !to.joined {
                return Frame::silence();
            }
            mix_for(&frames, |speaker| {
                if speaker == program_index {
                    return match program {
                        Program::Quiet => 0.0,
                        Program::Music | Program::SoftRingback | Program::Prompt(_) => 1.0,
                    };
                }
                if speaker != listener && voices[speaker].joined { 1.0 } else { 0.0 }
            })
        })
        .collect()
}

/// What is played when the hub wants `wanted`, and of each human in the conversation beside the
/// caller it is known whether that one's telephone holds (by SDP).
///
/// While all of them hold it is music. Our own desks hold at the hub; telephones of another make hold
/// by themselves and most of them send nothing then, and no caller is left alone in silence.
pub(super) fn audible(wanted: Program, mut holding: impl Iterator<Item = bool>) -> Program {
    match holding.next() {
        Some(true) if holding.all(|holds| holds) => Program::Music,
        Some(_) | None => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::FRAME;

    #[test]
    fn a_caller_whose_humans_all_hold_hears_music_and_any_of_them_ends_it() {
        let program = |holding: &[bool]| audible(Program::Quiet, holding.iter().copied());
        assert_eq!(program(&[true]), Program::Music);
        assert_eq!(program(&[true, true]), Program::Music);
        assert_eq!(program(&[true, false]), Program::Quiet);
        assert_eq!(program(&[false, true]), Program::Quiet);
        assert_eq!(program(&[]), Program::Quiet);
        assert_eq!(audible(Program::SoftRingback, [false].into_iter()), Program::SoftRingback);
    }

    fn voice(joined: bool, level: i16) -> Voice {
        Voice { joined, frame: Frame([level; FRAME]) }
    }

    #[test]
    fn a_caller_in_the_queue_hears_music_and_nobody_else() {
        let music = Frame([7; FRAME]);
        let voices = [voice(true, 100), voice(false, 20)];
        let heard = heard(&voices, Program::Music, &music);
        assert_eq!(heard[0], music);
        assert_eq!(heard[1], Frame::silence());
    }

    #[test]
    fn caller_and_both_operators_hear_each_other_while_they_are_together() {
        let voices = [voice(true, 100), voice(true, 20), voice(true, 3)];
        let heard = heard(&voices, Program::Quiet, &Frame([9; FRAME]));
        assert_eq!([heard[0][0], heard[1][0], heard[2][0]], [23, 103, 120]);
    }

    #[test]
    fn a_soft_ringback_lies_under_the_conversation_for_both() {
        let voices = [voice(true, 100), voice(true, 20)];
        let heard = heard(&voices, Program::SoftRingback, &Frame([1; FRAME]));
        assert_eq!([heard[0][0], heard[1][0]], [21, 101]);
    }
}
