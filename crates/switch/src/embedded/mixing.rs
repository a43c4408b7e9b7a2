//! Who hears whom and what in a bridge: pure functions of one tick.

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

/// What each leg hears, in the order of `voices`; `played` is what the program sounds like in this
/// tick.
///
/// The caller hears everybody who is joined, and the program. While music plays for the caller it
/// plays alone: nobody who is joined by mistake talks over it unheard, because they hear it too; a
/// prompt is heard by whoever sits with the caller for the same reason. A leg that is detached hears
/// nothing and is heard by nobody.
pub(super) fn heard(voices: &[Voice], played: &Frame) -> Vec<Frame> {
    let mut frames: Vec<Frame> = voices.iter().map(|voice| voice.frame.clone()).collect();
    let program = frames.len();
    frames.push(played.clone());
    voices
        .iter()
        .enumerate()
        .map(|(listener, to)| {
            if !to.joined {
                return Frame::silence();
            }
            mix_for(&frames, |speaker| {
                let is_heard = speaker == program || speaker != listener && voices[speaker].joined;
                if is_heard { 1.0 } else { 0.0 }
            })
        })
        .collect()
}

/// Everybody in the conversation, as somebody would hear it who is not.
pub(super) fn everybody(voices: &[Voice]) -> Frame {
    let frames: Vec<Frame> = voices.iter().map(|voice| voice.frame.clone()).collect();
    mix_for(&frames, |speaker| if voices[speaker].joined { 1.0 } else { 0.0 })
}

/// Whether there are humans in the conversation beside the caller, and the telephone of every one
/// holds (by SDP); of each it is known whether it does.
pub(super) fn all_hold(mut holding: impl Iterator<Item = bool>) -> bool {
    holding.next().is_some_and(|first| first && holding.all(|holds| holds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::FRAME;

    #[test]
    fn a_conversation_is_held_when_all_its_humans_hold_and_nobody_is_no_human() {
        let held = |holding: &[bool]| all_hold(holding.iter().copied());
        assert!(held(&[true]) && held(&[true, true]));
        assert!(!held(&[true, false]) && !held(&[false, true]) && !held(&[]));
    }

    fn voice(joined: bool, level: i16) -> Voice {
        Voice { joined, frame: Frame([level; FRAME]) }
    }

    #[test]
    fn a_caller_in_the_queue_hears_music_and_nobody_else() {
        let music = Frame([7; FRAME]);
        let voices = [voice(true, 100), voice(false, 20)];
        let heard = heard(&voices, &music);
        assert_eq!(heard[0], music);
        assert_eq!(heard[1], Frame::silence());
    }

    #[test]
    fn caller_and_both_operators_hear_each_other_while_they_are_together() {
        let voices = [voice(true, 100), voice(true, 20), voice(true, 3)];
        let heard = heard(&voices, &Frame::silence());
        assert_eq!([heard[0][0], heard[1][0], heard[2][0]], [23, 103, 120]);
    }

    #[test]
    fn everybody_in_the_conversation_is_heard_by_a_recorder_and_nobody_else() {
        let voices = [voice(true, 100), voice(false, 20), voice(true, 3)];
        assert_eq!(everybody(&voices)[0], 103);
    }

    #[test]
    fn a_soft_ringback_or_a_prompt_lies_under_the_conversation_for_both() {
        let voices = [voice(true, 100), voice(true, 20)];
        let heard = heard(&voices, &Frame([1; FRAME]));
        assert_eq!([heard[0][0], heard[1][0]], [21, 101]);
    }
}
