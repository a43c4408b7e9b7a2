//! Judged against `ffmpeg` 5.1 (which did not learn from us): `tests/reference/sweep.*` is what it made of
//! [`sweep`], and what it decoded that to.

use super::*;
use crate::frame::rms_dbfs;
use crate::tone::{collect, test_voice};

/// A quarter of a second of a triangle that rises from 200 Hz to 3 kHz, in whole numbers so that it is
/// the same everywhere.
fn sweep(rate: i64) -> Vec<i16> {
    let count = rate / 4;
    let mut phase = 0u32;
    (0..count)
        .map(|i| {
            let hz = 200 + 2_800 * i / count;
            phase = phase.wrapping_add(((hz << 32) / rate) as u32);
            let triangle = (i64::from(phase >> 16) - 32_768).abs() * 2 - 32_768;
            (triangle * 3).div_euclid(8) as i16
        })
        .collect()
}

fn decoded(codec: Waveform, packets: &[u8]) -> Vec<i16> {
    let mut decoder = Decoder::new(codec);
    let mut pcm = vec![0; packets.len() * codec.sample_rate() as usize / 8_000];
    decoder.coder.decode_into(packets, &mut pcm).unwrap();
    pcm
}

/// Signal to noise in dB, `delay` samples later.
fn snr(signal: &[i16], noisy: &[i16], delay: usize) -> f64 {
    let (mut power, mut noise) = (0.0, 0.0);
    for (s, n) in signal.iter().zip(&noisy[delay..]) {
        power += f64::from(*s).powi(2);
        noise += (f64::from(*s) - f64::from(*n)).powi(2);
    }
    10.0 * (power / noise.max(1.0)).log10()
}

#[test]
fn our_bytes_are_those_of_an_encoder_we_did_not_write() {
    for (codec, reference) in [
        (Waveform::Pcma, &include_bytes!("../../../tests/reference/sweep.alaw")[..]),
        (Waveform::Pcmu, include_bytes!("../../../tests/reference/sweep.mulaw")),
    ] {
        let mut ours = vec![0; reference.len()];
        Encoder::new(codec).coder.encode_into(&sweep(8_000), &mut ours).unwrap();
        // Between two steps of the scale a tie may be rounded either way.
        let (ours, theirs) = (decoded(codec, &ours), decoded(codec, reference));
        let nearest = snr(&sweep(8_000), &theirs, 0);
        assert!((snr(&sweep(8_000), &ours, 0) - nearest).abs() < 0.5, "{codec:?}");
        assert!(nearest > 35.0, "{codec:?}: {nearest} dB");
    }
    let reference = include_bytes!("../../../tests/reference/sweep.g722");
    let mut ours = vec![0; reference.len()];
    Encoder::new(Waveform::G722).coder.encode_into(&sweep(16_000), &mut ours).unwrap();
    let same = ours.iter().zip(reference).filter(|(a, b)| a == b).count();
    assert!(same * 100 > reference.len() * 99, "{same} of {} bytes", reference.len());
}

#[test]
fn g722_of_another_maker_is_decoded_as_that_maker_decodes_it() {
    let ours = decoded(Waveform::G722, include_bytes!("../../../tests/reference/sweep.g722"));
    let theirs: Vec<i16> = include_bytes!("../../../tests/reference/sweep.g722.decoded")
        .chunks_exact(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]))
        .collect();
    // The two put their half-band filters a fraction of a sample apart, which nobody hears.
    let like = snr(&theirs, &ours, 0);
    assert!(like > 28.0, "{like} dB");
}

/// Voice below 3.4 kHz, as a telephone has it, before and after the codec at 48 kHz.
fn round_trip(codec: Waveform, losses: impl Fn(usize) -> bool) -> (Vec<i16>, Vec<i16>) {
    let mut voice = test_voice(5);
    let mut narrow =
        (super::super::resample::Downsampler::new(6), super::super::resample::Upsampler::new(6));
    let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    for i in 0..150 {
        let mut low = Vec::new();
        narrow.0.run(voice.next_frame().as_slice(), &mut low);
        let before = said.len();
        narrow.1.run(&low, &mut said);
        let packet = encoder.encode(&Frame::from_samples(&said[before..]));
        if losses(i) {
            decoder.conceal(crate::FRAME, &mut heard);
        } else {
            assert!(decoder.decode(&packet, &mut heard));
        }
        assert_eq!(heard.len(), said.len());
    }
    (said, heard)
}

/// The delay at which both are most alike, and how much.
fn aligned(said: &[i16], heard: &[i16]) -> (usize, f64) {
    let said = &said[..said.len() - 1_000];
    (0..1_000)
        .map(|delay| (delay, snr(said, heard, delay)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap()
}

#[test]
fn a_voice_comes_back_with_the_quality_its_codec_promises_and_little_later() {
    for (codec, least, most_delay) in
        [(Waveform::Pcma, 30.0, 200), (Waveform::Pcmu, 30.0, 200), (Waveform::G722, 18.0, 180)]
    {
        let (said, heard) = round_trip(codec, |_| false);
        let (delay, snr) = aligned(&said, &heard);
        println!("{codec:?}: {snr:.1} dB, {delay} samples later");
        assert!(snr > least, "{codec:?}: {snr} dB");
        assert!(delay <= most_delay, "{codec:?}: {delay} samples");
    }
}

#[test]
fn a_lost_packet_is_made_up_as_loud_as_the_voice_and_begins_like_it() {
    for codec in [Waveform::Pcma, Waveform::G722] {
        let lost = |i: usize| i % 10 == 9;
        let (said, whole) = round_trip(codec, |_| false);
        let (_, heard) = round_trip(codec, lost);
        let (delay, _) = aligned(&said, &whole);
        let (mut real, mut made_up, mut beginning, mut error) = (0.0, 0.0, 0.0, 0.0);
        let power = |sound: &[i16]| sound.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        for from in (0..145).filter(|i| lost(*i)).map(|i| i * crate::FRAME + delay) {
            let first = from..from + 240;
            beginning += power(&whole[first.clone()]);
            error += whole[first.clone()]
                .iter()
                .zip(&heard[first])
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                .sum::<f64>();
            let frame = from..from + crate::FRAME;
            real += power(&whole[frame.clone()]);
            made_up += power(&heard[frame]);
        }
        let louder = 10.0 * (made_up / real).log10();
        let like = 10.0 * (beginning / error).log10();
        println!("{codec:?}: {louder:.1} dB louder, the beginning {like:.1} dB like the voice");
        assert!(louder.abs() < 3.0, "{codec:?}: {louder} dB");
        assert!(like > 3.0, "{codec:?}: {like} dB");
    }
}

#[test]
fn a_long_loss_fades_and_the_voice_returns_without_a_click() {
    let (_, heard) = round_trip(Waveform::Pcma, |i| (60..70).contains(&i));
    let level = |frame: usize| rms_dbfs(&heard[frame * crate::FRAME..(frame + 1) * crate::FRAME]);
    assert!(level(64) < -60.0 && level(69) < -60.0, "{} {}", level(64), level(69));
    assert!((72..76).map(level).fold(f32::MIN, f32::max) > -45.0);
    let steps = |from: usize, to: usize| {
        let sound = &heard[from * crate::FRAME..to * crate::FRAME];
        sound.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap()
    };
    assert!(steps(58, 74) <= steps(0, 58) * 5 / 4, "{} {}", steps(58, 74), steps(0, 58));
}

#[test]
fn a_tone_goes_on_through_a_loss() {
    let mut sine = crate::tone::Sine::new(350.0, -12.0);
    let (mut encoder, mut decoder) = (Encoder::new(Waveform::Pcmu), Decoder::new(Waveform::Pcmu));
    let mut heard = Vec::new();
    for i in 0..20 {
        let packet = encoder.encode(&sine.next_frame());
        if i == 12 {
            decoder.conceal(crate::FRAME, &mut heard);
        } else {
            decoder.decode(&packet, &mut heard);
        }
    }
    let hole = &heard[12 * crate::FRAME + 480..13 * crate::FRAME];
    let level = crate::goertzel::power_dbfs(hole, 350.0);
    assert!(level > -15.5, "{level} dBFS");
}

#[test]
fn what_is_no_packet_is_not_decoded() {
    let mut decoder = Decoder::new(Waveform::G722);
    let mut pcm = Vec::new();
    assert!(!decoder.decode(&[], &mut pcm) && !decoder.decode(&[0; 5_000], &mut pcm));
    assert!(pcm.is_empty());
    let silence = collect(1, Frame::silence);
    assert_eq!(silence.len(), crate::FRAME);
}
