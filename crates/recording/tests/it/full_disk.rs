//! A disk that is really full: a file system of a few kilobytes. Where none may be mounted, the test
//! says that it was skipped.

use super::{options, tone};
use siaga_recording::{RecordingEvent, RecordingHandle};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

/// A file system of its own, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, kilobytes: u32) -> Option<Self> {
        std::fs::create_dir(at).expect("made");
        let size = format!("size={kilobytes}k");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_a_file_and_a_further_one_begins_within_a_second_of_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), 128) else {
        let test = "a_full_disk_ends_a_file_and_a_further_one_begins_within_a_second_of_space";
        return siaga_testkit::skip(test, "no file system can be mounted here");
    };
    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![0; 108 * 1024]).expect("most of it is full");
    let (events, told) = mpsc::channel();
    let mut refusals = 0;
    let in_the_way = filler.clone();
    let mut recording = RecordingHandle::start(&disk.0, options(), move |event| {
        if matches!(event, RecordingEvent::DiskFailed { .. }) {
            refusals += 1;
            // The write that failed, the next file at once, and again after a second: then space.
            if refusals == 3 {
                std::fs::remove_file(&in_the_way).expect("removed");
            }
        }
        let _ = events.send(event);
    })
    .expect("started");
    let spoken = 480;
    for n in 0..spoken {
        assert!(recording.write(&tone(300.0, n), &tone(1000.0, n)));
    }
    let seals = recording.finish().expect("finished");
    let told: Vec<_> = told.iter().collect();
    let refused = |e: &&RecordingEvent| matches!(e, RecordingEvent::DiskFailed { .. });
    assert_eq!(told.iter().filter(refused).count(), 3, "{told:?}");
    let opened = |e: &&RecordingEvent| matches!(e, RecordingEvent::Opened { .. });
    assert_eq!(told.iter().filter(opened).count(), 2, "{told:?}");
    let [first, second] = &seals[..] else { panic!("{seals:?}") };
    for seal in [first, second] {
        seal.check(&seal.file).expect("sound");
    }
    let files = std::fs::read_dir(&disk.0).expect("read").count();
    assert_eq!(files, 2, "attempts leave nothing behind");
    // Two refused attempts are a second apart, and the third comes a second after the second.
    let lost: u64 = told
        .iter()
        .map(|event| if let RecordingEvent::Lost { ticks } = event { *ticks } else { 0 })
        .sum();
    assert!((100..=102).contains(&lost), "{lost} ticks");
    let gap = second.starts_at.since(first.starts_at).as_secs_f64() - first.seconds;
    // What was not yet a whole page is lost too.
    assert!((2.0..2.5).contains(&gap), "{gap} s");
    let end = second.starts_at.since(first.starts_at).as_secs_f64() + second.seconds;
    assert!((end - spoken as f64 * 0.02).abs() < 0.001, "{end} s");
}
