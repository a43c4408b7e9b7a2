//! Everybody hears everybody else: the N−1 mix of a bridge, as a pure function of frames and a
//! gain matrix, with a soft limiter in place of hard clipping.

use crate::frame::{FRAME, Frame};

/// Most parties in one mix: caller, two operators, supervisor, conference guests, a prompt.
pub const MAX_PARTIES: usize = 16;

/// Level from which the limiter bends the signal: about −3 dBFS. Below it nothing changes.
const KNEE: f32 = 23_000.0;
const CEILING: f32 = 32_767.0;

/// Who hears whom and how loud: `gain(from, to)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gains {
    parties: usize,
    gains: Vec<f32>,
}

impl Gains {
    /// Everybody hears everybody but themselves. At most [`MAX_PARTIES`] are kept.
    #[must_use]
    pub fn conference(parties: usize) -> Self {
        let parties = parties.min(MAX_PARTIES);
        let gains = (0..parties * parties)
            .map(|i| if i / parties == i % parties { 0.0 } else { 1.0 })
            .collect();
        Self { parties, gains }
    }

    /// Nobody hears anybody.
    #[must_use]
    pub fn apart(parties: usize) -> Self {
        let parties = parties.min(MAX_PARTIES);
        Self { parties, gains: vec![0.0; parties * parties] }
    }

    /// Lets `to` hear `from` at `gain` (0.0 not at all, 1.0 as it is). Out of range is ignored.
    pub fn set(&mut self, from: usize, to: usize, gain: f32) {
        if from < self.parties && to < self.parties && gain.is_finite() {
            self.gains[from * self.parties + to] = gain.max(0.0);
        }
    }

    /// How loud `to` hears `from`; 0.0 out of range.
    #[must_use]
    pub fn get(&self, from: usize, to: usize) -> f32 {
        if from < self.parties && to < self.parties {
            self.gains[from * self.parties + to]
        } else {
            0.0
        }
    }

    /// How many parties there are.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties
    }
}

/// What each party hears when each says `voices[i]`. Parties without a frame are silent; gains
/// beyond `voices` are ignored.
#[must_use]
pub fn mix(voices: &[Frame], gains: &Gains) -> Vec<Frame> {
    (0..gains.parties()).map(|to| mix_for(voices, |from| gains.get(from, to))).collect()
}

/// What one listener hears, with `gain(i)` for `voices[i]`.
#[must_use]
pub fn mix_for(voices: &[Frame], gain: impl Fn(usize) -> f32) -> Frame {
    let mut sum = [0.0f32; FRAME];
    let mut heard = 0;
    let mut only = None;
    for (i, voice) in voices.iter().enumerate() {
        let gain = gain(i);
        if gain <= 0.0 {
            continue;
        }
        heard += 1;
        only = (gain == 1.0).then_some(i);
        for (total, sample) in sum.iter_mut().zip(voice.iter()) {
            *total += f32::from(*sample) * gain;
        }
    }
    if let (1, Some(i)) = (heard, only) {
        // One voice at its own level passes bit for bit.
        return voices[i].clone();
    }
    let mut out = Frame::silence();
    for (sample, total) in out.iter_mut().zip(sum) {
        *sample = limit(total);
    }
    out
}

/// Bends what lies above the knee towards full scale, which it only reaches at infinity.
#[must_use]
pub fn limit(value: f32) -> i16 {
    let magnitude = value.abs();
    if magnitude <= KNEE {
        return crate::frame::to_i16(value);
    }
    let room = CEILING - KNEE;
    let over = (magnitude - KNEE) / room;
    crate::frame::to_i16((KNEE + room * over / (1.0 + over)).copysign(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Sine;
    use proptest::prelude::*;

    #[test]
    fn each_hears_the_others_and_not_itself() {
        let voices = [Frame([100; FRAME]), Frame([20; FRAME]), Frame([3; FRAME])];
        let heard = mix(&voices, &Gains::conference(3));
        assert_eq!([heard[0][0], heard[1][0], heard[2][0]], [23, 103, 120]);
    }

    #[test]
    fn a_whisper_reaches_the_operator_and_never_the_caller() {
        let (caller, operator, supervisor) = (0, 1, 2);
        let mut gains = Gains::conference(3);
        gains.set(supervisor, caller, 0.0);
        let voices = [Frame::silence(), Frame::silence(), Sine::new(550.0, -10.0).next_frame()];
        let heard = mix(&voices, &gains);
        assert_eq!(heard[caller], Frame::silence());
        assert_eq!(heard[operator], voices[supervisor]);
    }

    #[test]
    fn two_loud_voices_are_limited_and_not_clipped_flat() {
        let loud: Vec<Frame> = (0..2).map(|_| Sine::new(440.0, 0.0).next_frame()).collect();
        let heard = mix_for(&loud, |_| 1.0);
        let top = heard.iter().filter(|s| **s == i16::MAX).count();
        assert_eq!(top, 0);
        assert!(heard.iter().any(|s| *s > 29_000));
    }

    proptest! {
        #[test]
        fn the_limiter_is_odd_never_turns_back_and_never_overflows(a in -2e6f32..2e6, b in -2e6f32..2e6) {
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(limit(low) <= limit(high));
            prop_assert_eq!(limit(-a), -limit(a));
        }

        #[test]
        fn nobody_hears_themselves(level in 1i16..3000, parties in 1usize..=MAX_PARTIES, who in 0usize..MAX_PARTIES) {
            prop_assume!(who < parties);
            let mut voices = vec![Frame::silence(); parties];
            voices[who] = Frame([level; FRAME]);
            for (i, heard) in mix(&voices, &Gains::conference(parties)).iter().enumerate() {
                prop_assert_eq!(heard[7], if i == who { 0 } else { level });
            }
        }
    }
}
