//! A recorder that is killed loses less than a second.

use super::{options, tone};
use siaga_recording::{Recorder, decode, seal, verify};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Tells the child where to record.
const FILE: &str = "SIAGA_RECORDING_TEST_FILE";

/// Not a test of its own: the process that the test below kills. Without a file it has no work.
#[test]
fn records_until_it_is_killed() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let mut recorder = Recorder::create(path, options()).expect("a recorder");
    let mut out = std::io::stdout().lock();
    for n in 0.. {
        recorder.write(&tone(300.0, n), &tone(1000.0, n)).expect("written");
        writeln!(out, "written {}", n + 1).expect("the parent listens");
        out.flush().expect("the parent listens");
    }
}

#[test]
fn a_recorder_that_is_killed_leaves_all_but_the_last_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("killed.opus");
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "crash::records_until_it_is_killed", "--nocapture"])
        .env(FILE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut written = 0;
    let mut killed = false;
    for line in lines.map_while(Result::ok) {
        let Some(count) = line.strip_prefix("written ").and_then(|n| n.parse::<u64>().ok()) else {
            continue;
        };
        written = count;
        if written >= 450 && !killed {
            child.kill().expect("SIGKILL");
            killed = true;
        }
    }
    child.wait().expect("the child is gone");
    assert!(killed, "the child recorded only {written} ticks");

    let verified = verify(&path).expect("readable");
    let spoken = written as f64 * 0.02;
    assert!(!verified.complete);
    assert!(verified.seconds <= spoken + 0.1, "{} of {spoken} s", verified.seconds);
    assert!(verified.seconds > spoken - 1.0, "{} of {spoken} s", verified.seconds);
    let (left, right) = decode(&path).expect("decodable");
    assert_eq!(left.len(), right.len());
    assert_eq!(left.len() as u64, (verified.seconds * 48_000.0).round() as u64);
    assert!(super::level(&left[4800..], 300.0) > 0.2, "the end is sound, not noise");

    let seal = seal(&path).expect("what is left can be sealed");
    assert_eq!(seal.starts_at, options().started_at);
    seal.check(&path).expect("unchanged since");
}
