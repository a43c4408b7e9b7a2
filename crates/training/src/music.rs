//! Tells from when to when the waiting music was audible. It is what our switch plays: slow chords,
//! whose notes are known, so that speech is not taken for music.

use siaga_media::goertzel::power_dbfs;

/// 100 ms: as long as it takes to tell the notes apart.
const WINDOW_MS: u64 = 100;
/// Half of it, so that ends are exact to 50 ms.
const HOP_MS: u64 = 50;
/// Below this nobody hears it.
const AUDIBLE_DBFS: f32 = -45.0;
/// The notes of the chords may lie this much (dB) below all that is heard; speech has at most a
/// harmonic near one of them.
const BELOW_ALL_DB: f32 = 4.0;
/// The notes of a chord are equally loud; a voice has at most one strong harmonic among them.
const APART_DB: f32 = 9.0;
/// The breath between two chords: music that pauses for it goes on.
const BREATH_MS: u64 = 350;

/// The chords of [`siaga_media::tone::HoldMusic::chords`], in Hz.
const CHORDS: [[f32; 3]; 4] = siaga_media::tone::CHORDS;

/// The spans (from, to) in milliseconds in which music was audible in `samples` (48 kHz mono).
pub(crate) fn spans(samples: &[i16]) -> Vec<(u64, u64)> {
    let per_ms = siaga_media::SAMPLE_RATE as usize / 1000;
    let window = WINDOW_MS as usize * per_ms;
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for (n, heard) in samples.windows(window).step_by(HOP_MS as usize * per_ms).enumerate() {
        if !is_music(heard) {
            continue;
        }
        let from = n as u64 * HOP_MS;
        let to = from + WINDOW_MS;
        match spans.last_mut() {
            Some(last) if from <= last.1 + BREATH_MS => last.1 = to,
            Some(_) | None => spans.push((from, to)),
        }
    }
    spans
}

fn is_music(samples: &[i16]) -> bool {
    let all = siaga_media::frame::rms_dbfs(samples);
    if all < AUDIBLE_DBFS {
        return false;
    }
    CHORDS.iter().any(|chord| {
        let notes = chord.map(|hz| power_dbfs(samples, hz));
        let sum: f32 = notes.iter().map(|note| 10f32.powf(note / 10.0)).sum();
        let loudest = notes.iter().copied().fold(f32::MIN, f32::max);
        let balanced = notes.iter().all(|note| *note > loudest - APART_DB);
        // A sine's RMS lies 3 dB below its peak, which is what `power_dbfs` tells.
        balanced && 10.0 * sum.log10() - 3.0 > all - BELOW_ALL_DB
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::tone::{HoldMusic, Sine, test_voice};

    fn seconds(seconds: usize, mut next: impl FnMut() -> siaga_media::Frame) -> Vec<i16> {
        (0..seconds * 50).flat_map(|_| next().0).collect()
    }

    #[test]
    fn music_is_heard_over_all_its_chords() {
        let mut music = HoldMusic::chords(-18.0);
        let spans = spans(&seconds(12, || music.next_frame()));
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert!(spans[0].0 <= 300 && spans[0].1 >= 11_600, "{spans:?}");
    }

    #[test]
    fn neither_speech_nor_a_pilot_nor_silence_is_music() {
        let mut voice = test_voice(5);
        let spoken = spans(&seconds(20, || voice.next_frame()));
        let spoken_ms: u64 = spoken.iter().map(|(from, to)| to - from).sum();
        assert!(spoken_ms < 400, "{spoken:?}");
        let mut pilot = Sine::new(440.0, -35.0);
        assert_eq!(spans(&seconds(3, || pilot.next_frame())), []);
        assert_eq!(spans(&vec![0; 48_000]), []);
    }
}
