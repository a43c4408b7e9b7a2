//! What Asterisk plays: the same music and sentences as the embedded switch, as files at 8 and 16 kHz.

use super::File;
use super::plan::Plan;
use crate::names::{MUSIC, PLEASE_WAIT, RINGBACK};
use siaga_call_flow::Prompt;
use siaga_media::SAMPLE_RATE;
use siaga_media::tone::{HoldMusic, Ringback};
use siaga_switch::embedded::prompt_sound;
use std::f64::consts::PI;
use std::path::Path;
use std::sync::LazyLock;

/// Peak of the music, dBFS, as the embedded switch has it.
const MUSIC_DBFS: f32 = -18.0;
/// Peak of the ringback under a conversation, dBFS.
const RINGBACK_DBFS: f32 = -36.0;
/// What is left of the music under a sentence.
const UNDER_SPEECH: f32 = 0.25;
/// "Please wait" is said again after this, in frames: 19.2 s, twice all chords, so that it ends softly.
const SAID_AGAIN: usize = 2 * MUSIC_FRAMES;
/// All four chords of the music, in frames of 20 ms: after 9.6 s it begins anew.
const MUSIC_FRAMES: usize = 480;
/// One ring and the pause after it, in frames: 5 s.
const RING_FRAMES: usize = 250;

/// A sound's place below the folder of data, without its ending, and its samples at 48 kHz.
type Sound = (String, Vec<i16>);

/// Rendered and decoded once: they are the same for every plan.
static SOUNDS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for (place, samples) in sounds() {
        files.push((format!("{place}.wav"), wav(&samples, 8_000)));
        files.push((format!("{place}.wav16"), wav(&samples, 16_000)));
    }
    files
});

/// The files of music and prompts.
pub(super) fn files(plan: &Plan) -> Vec<File> {
    let file = |(place, contents): &(String, Vec<u8>)| File {
        path: plan.paths.data.join(place),
        contents: contents.clone(),
    };
    SOUNDS.iter().map(file).collect()
}

fn sounds() -> Vec<Sound> {
    let music = || {
        let mut music = HoldMusic::chords(MUSIC_DBFS);
        move || music.next_frame().0
    };
    let mut ringback = Ringback::new(RINGBACK_DBFS);
    let please_wait = prompt_sound(Prompt::PleaseWait);
    let speech = |name: &str| format!("sounds/id/siaga/{name}");
    let class = |class: &str| format!("siaga/{class}/{class}");
    let shipped = |file: &'static [u8], name: &str| {
        let (sound, _) = siaga_recording::decode_from(file, Path::new(name))
            .expect("a test decodes what is shipped");
        (speech(name), sound)
    };
    let mut frames = music();
    let waiting: Vec<i16> = (0..SAID_AGAIN)
        .flat_map(|_| frames())
        .enumerate()
        .map(|(at, music)| match please_wait.get(at) {
            Some(word) => {
                let under = (f32::from(music) * UNDER_SPEECH) as i16;
                word.saturating_add(under)
            }
            None => music,
        })
        .collect();
    vec![
        (
            class(MUSIC),
            (0..MUSIC_FRAMES)
                .flat_map({
                    let mut frames = music();
                    move |_| frames()
                })
                .collect(),
        ),
        (class(RINGBACK), (0..RING_FRAMES).flat_map(|_| ringback.next_frame().0).collect()),
        (class(PLEASE_WAIT), waiting),
        (speech("please-wait"), please_wait.to_vec()),
        (speech("silence-check"), prompt_sound(Prompt::SilenceCheck).to_vec()),
        shipped(include_bytes!("../../assets/recording-notice.opus"), "recording-notice"),
        shipped(include_bytes!("../../assets/menu.opus"), "menu"),
    ]
}

/// A mono WAV file of 16 bits. `rate` divides 48 kHz.
fn wav(samples: &[i16], rate: u32) -> Vec<u8> {
    let samples = decimate(samples, (SAMPLE_RATE / rate) as usize);
    let bytes = (samples.len() * 2) as u32;
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// Every `factor`th sample behind a windowed-sinc low-pass that ends below the new half rate.
fn decimate(samples: &[i16], factor: usize) -> Vec<i16> {
    let half = 16 * factor as isize;
    let cutoff = 0.45 / factor as f64;
    let taps: Vec<f64> = (-half..=half)
        .map(|n| {
            let x = n as f64;
            let sinc = if n == 0 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
            sinc * (0.5 + 0.5 * (PI * x / (half + 1) as f64).cos())
        })
        .collect();
    (0..samples.len().div_ceil(factor))
        .map(|n| {
            let first = (n * factor) as isize - half;
            let sum: f64 = taps
                .iter()
                .enumerate()
                .filter_map(|(k, tap)| {
                    let at = usize::try_from(first + k as isize).ok()?;
                    Some(tap * f64::from(*samples.get(at)?))
                })
                .sum();
            sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::frame::rms_dbfs;
    use siaga_media::tone::Sine;

    #[test]
    fn what_a_low_rate_can_carry_stays_and_what_it_cannot_is_gone() {
        let tone = |hz| {
            let mut sine = Sine::new(hz, -6.0);
            (0..50).flat_map(|_| sine.next_frame().0).collect::<Vec<_>>()
        };
        let (low, high) = (decimate(&tone(1_000.0), 6), decimate(&tone(6_000.0), 6));
        assert_eq!(low.len(), 8_000);
        assert!((rms_dbfs(&low) + 9.0).abs() < 0.3, "{}", rms_dbfs(&low));
        assert!(rms_dbfs(&high[200..7_800]) < -60.0, "{}", rms_dbfs(&high));
    }

    #[test]
    fn every_sentence_can_be_heard_and_the_music_ends_where_it_begins() {
        for (place, samples) in sounds() {
            let level = rms_dbfs(&samples);
            let ringback = place.contains(RINGBACK);
            assert!(ringback || (-34.0..-14.0).contains(&level), "{place}: {level} dBFS");
            assert!(samples[0].abs() < 300 && samples[samples.len() - 1].abs() < 300, "{place}");
        }
    }
}
