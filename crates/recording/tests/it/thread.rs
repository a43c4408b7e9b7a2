//! The recorder on its thread: never blocks, reports, goes on.

use super::{level, options, tone};
use siaga_recording::{FRAME, QUEUE_TICKS, RecordingEvent, RecordingHandle, decode};
use std::sync::mpsc;
use std::time::Duration;

/// For events that certainly come; reached only when the test has failed.
const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn a_recording_on_its_thread_is_sealed_when_it_is_finished() {
    let folder = tempfile::tempdir().expect("a folder");
    let (events, told) = mpsc::channel();
    let mut recording = RecordingHandle::start(folder.path(), options(), move |event| {
        let _ = events.send(event);
    })
    .expect("started");
    for n in 0..100 {
        assert!(recording.write(&tone(300.0, n), &tone(1000.0, n)));
    }
    let seals = recording.finish().expect("finished");
    let [seal] = &seals[..] else { panic!("{seals:?}") };
    assert_eq!(seal.seconds, 2.0);
    seal.check(&seal.file).expect("sound");
    let told: Vec<_> = told.iter().collect();
    assert!(
        matches!(&told[..], [RecordingEvent::Opened { .. }, RecordingEvent::Sealed(s)] if s == seal),
        "{told:?}"
    );
}

#[test]
fn a_full_queue_drops_reports_and_keeps_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (release, released) = mpsc::channel::<()>();
    let (events, told) = mpsc::channel();
    let mut recording = RecordingHandle::start(folder.path(), options(), move |event| {
        // The thread hangs in its first event, as in a disk that does not answer.
        if matches!(event, RecordingEvent::Opened { .. }) {
            let _ = released.recv();
        }
        let _ = events.send(event);
    })
    .expect("started");
    let over = 40;
    let taken = (0..QUEUE_TICKS as u64 + over)
        .filter(|&n| recording.write(&tone(300.0, n), &[0; FRAME]))
        .count();
    assert_eq!(taken, QUEUE_TICKS);
    release.send(()).expect("the thread waits");
    assert!(matches!(
        told.recv_timeout(DEADLINE).expect("an event"),
        RecordingEvent::Opened { .. }
    ));
    match told.recv_timeout(DEADLINE).expect("an event") {
        RecordingEvent::Dropped { ticks } => assert_eq!(ticks, over),
        other => panic!("{other:?}"),
    }
    // A tick that is spoken after the gap is where it was spoken.
    let after = QUEUE_TICKS as u64 + over;
    assert!(recording.write(&tone(300.0, after), &tone(1000.0, after)));
    let seals = recording.finish().expect("finished");
    let (left, right) = decode(&seals[0].file).expect("decodable");
    let gap = &left[(QUEUE_TICKS + 5) * FRAME..(QUEUE_TICKS + 35) * FRAME];
    assert!(level(gap, 300.0) < 0.01, "the gap is silence");
    let at = after as usize * FRAME;
    assert!(level(&right[at + 200..at + FRAME], 1000.0) > 0.1, "the tick after the gap");
}

#[test]
fn a_disk_that_fails_from_the_start_is_reported_and_the_call_is_recorded_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("not-yet-mounted");
    assert!(RecordingHandle::start(&missing, options(), |_| {}).is_err());
    let (events, told) = mpsc::channel();
    let mut recording = RecordingHandle::start_anyway(&missing, options(), move |event| {
        let _ = events.send(event);
    })
    .expect("started");
    assert!(matches!(
        told.recv_timeout(DEADLINE).expect("an event"),
        RecordingEvent::DiskFailed { .. }
    ));
    for n in 0..30 {
        assert!(recording.write(&tone(300.0, n), &[0; FRAME]));
    }
    std::fs::create_dir(&missing).expect("mounted");
    for n in 30..150 {
        assert!(recording.write(&tone(300.0, n), &[0; FRAME]));
    }
    let seals = recording.finish().expect("finished");
    let [seal] = &seals[..] else { panic!("{seals:?}") };
    assert_eq!(seal.starts_at, options().started_at + Duration::from_secs(1));
    seal.check(&seal.file).expect("sound");
    let lost: u64 = told
        .iter()
        .map(|event| if let RecordingEvent::Lost { ticks } = event { ticks } else { 0 })
        .sum();
    assert_eq!(lost, 50);
}
