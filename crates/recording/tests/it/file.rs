//! One file: what is in it, and what changes to it are found.

use super::{level, options, tone};
use proptest::prelude::*;
use siaga_recording::{FRAME, Recorder, Seal, SealError, VerifyError, decode, verify};
use std::path::Path;

fn record(path: &Path, ticks: u64) -> Seal {
    let mut recorder = Recorder::create(path, options()).expect("a recorder");
    for n in 0..ticks {
        recorder.write(&tone(300.0, n), &tone(1000.0, n)).expect("written");
    }
    recorder.finish().expect("finished")
}

#[test]
fn a_finished_recording_says_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    let seal = record(&path, 101);
    assert_eq!((seal.seconds, seal.channels), (2.02, 2));
    let verified = seal.check(&path).expect("sound");
    assert_eq!((verified.seconds, verified.channels, verified.complete), (2.02, 2, true));
    assert_eq!(verified.call, Some(options().call));
    assert_eq!(verified.started_at, Some(options().started_at));
}

#[test]
fn left_is_the_caller_and_neither_side_leaks_into_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    record(&path, 150);
    let (left, right) = decode(&path).expect("decodable");
    assert_eq!((left.len(), right.len()), (150 * FRAME, 150 * FRAME));
    assert!(level(&left, 300.0) > 0.2 && level(&right, 1000.0) > 0.2);
    assert!(level(&left, 1000.0) < 0.002, "{}", level(&left, 1000.0));
    assert!(level(&right, 300.0) < 0.002, "{}", level(&right, 300.0));
}

#[test]
fn sound_is_where_it_was_spoken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    let mut recorder = Recorder::create(&path, options()).expect("a recorder");
    for n in 0..100 {
        let left = if n < 50 { [0; FRAME] } else { tone(300.0, n) };
        recorder.write(&left, &[0; FRAME]).expect("written");
    }
    recorder.finish().expect("finished");
    let (left, right) = decode(&path).expect("decodable");
    let onset = left.iter().position(|s| s.abs() > 2000).expect("a tone");
    assert!(onset.abs_diff(50 * FRAME) < 480, "begins at sample {onset}");
    assert!(right.iter().all(|s| s.abs() < 50), "silence stays silent");
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    std::fs::write(&path, "evidence").expect("written");
    assert!(Recorder::create(&path, options()).is_err());
    assert_eq!(std::fs::read(&path).expect("readable"), b"evidence");
}

#[test]
fn any_flipped_byte_breaks_the_seal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    let seal = record(&path, 30);
    let sound = std::fs::read(&path).expect("readable");
    for at in 0..sound.len() {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).expect("written");
        match seal.check(&path) {
            Err(SealError::Changed { .. } | SealError::Verify(_)) => {}
            Ok(_) => panic!("byte {at} was changed and nobody saw it"),
        }
    }
    for changed in [&sound[..sound.len() - 1], &[&sound[..], b"x"].concat()] {
        std::fs::write(&path, changed).expect("written");
        assert!(matches!(seal.check(&path), Err(SealError::Changed { .. })));
        assert!(!verify(&path).expect("readable").complete);
    }
}

#[test]
fn what_is_no_recording_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    assert!(matches!(verify(&path), Err(VerifyError::Read { .. })));
    std::fs::write(&path, "RIFF").expect("written");
    assert!(matches!(verify(&path), Err(VerifyError::NotARecording { .. })));
}

/// A short sound file, made once.
fn sample() -> &'static [u8] {
    static SAMPLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    SAMPLE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.opus");
        record(&path, 60);
        std::fs::read(path).expect("readable")
    })
}

/// Whatever the bytes are, reading them ends and does not panic.
fn read_whatever(bytes: &[u8]) -> Option<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.opus");
    std::fs::write(&path, bytes).expect("written");
    let _ = decode(&path);
    verify(&path).ok().map(|verified| verified.seconds)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read_whatever(&bytes);
    }

    #[test]
    fn damage_never_panics_and_never_makes_a_recording_longer(
        cut in 0_usize..6000,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = sample()[..cut.min(sample().len())].to_vec();
        for (at, value) in flips {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        prop_assert!(read_whatever(&bytes).is_none_or(|seconds| seconds <= 1.2));
    }
}
