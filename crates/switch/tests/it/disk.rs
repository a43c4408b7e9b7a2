//! A disk that is full while a call is up: the call goes on, the room is told once, and the recording
//! goes on when there is space. Where no file system can be mounted, the test says that it was skipped.

use crate::exchange::Exchange;
use siaga_call_flow::{Program, SwitchCommand};
use siaga_switch::SwitchEvent;
use std::path::{Path, PathBuf};
use std::process::Command;

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_once_both_keep_talking_and_recording_resumes() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), 256) else {
        let test = "a_full_disk_is_told_once_both_keep_talking_and_recording_resumes";
        return siaga_testkit::skip(test, "no file system can be mounted here");
    };
    let mut exchange = Exchange::recording_into(|_| disk.0.clone()).await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let (leg, mut at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_caller.hears(SEAT_HZ).await;

    let filler = disk.0.join("filler");
    // Whatever is left of it.
    assert!(std::fs::write(&filler, vec![0; 1024 * 1024]).is_err());
    let mut troubles = 0;
    exchange
        .next("the trouble", |event| match event {
            SwitchEvent::RecordingTrouble { call: told, reason } => {
                troubles += 1;
                (told == call && !reason.is_empty()).then_some(())
            }
            _ => None,
        })
        .await;
    // Several attempts are made meanwhile.
    for _ in 0..3 {
        at_caller.does_not_hear_music().await;
    }
    at_caller.hears(SEAT_HZ).await;
    at_seat.hears(CALLER_HZ).await;
    std::fs::remove_file(&filler).expect("space is made");
    exchange
        .next("the recording to go on", |event| match event {
            SwitchEvent::RecordingResumed { call: told } => (told == call).then_some(()),
            SwitchEvent::RecordingTrouble { reason, .. } => panic!("told again: {reason}"),
            _ => None,
        })
        .await;
    // A second or so of it.
    at_caller.does_not_hear_music().await;
    at_seat.hears(CALLER_HZ).await;
    assert_eq!(troubles, 1);
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.told(SwitchCommand::End(call)).await;
    let first = exchange.recorded(call).await;
    let second = exchange.recorded(call).await;
    assert!(second.starts_at.since(first.starts_at).as_secs_f64() > first.seconds);
    for report in [&first, &second] {
        let verified = siaga_recording::verify(&report.file).expect("it plays");
        assert_eq!(verified.sha256, report.sha256);
        assert!(verified.seconds > 0.5, "{verified:?}");
    }
    exchange.shut_down().await;
}
