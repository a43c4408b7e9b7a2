//! A switch that is killed: what it had recorded can be played.

use crate::exchange::Exchange;
use crate::phone::is_music;
use siaga_switch::recover_recordings;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Set for the process that is to be killed.
const VICTIM: &str = "SIAGA_TEST_SWITCH_TO_KILL";
/// What it says when there is enough to be found.
const SPOKEN: &str = "spoken in ";

#[test]
fn a_killed_switch_leaves_a_recording_that_plays() {
    if std::env::var_os(VICTIM).is_some() {
        return call_until_killed();
    }
    let name = "killed::a_killed_switch_leaves_a_recording_that_plays";
    let mut victim = Command::new(std::env::current_exe().expect("this test's binary"))
        .args([name, "--exact", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the switch starts");
    let said = BufReader::new(victim.stdout.take().expect("its output"))
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once(SPOKEN).map(|(_, folder)| folder.to_owned()));
    victim.kill().expect("killed");
    victim.wait().expect("dead");
    let folder = said.expect("the switch has recorded");
    let file = std::fs::read_dir(&folder)
        .expect("the folder is left")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|end| end == "opus"))
        .expect("a recording is left");
    let found = recover_recordings(folder.as_ref(), |_| false).expect("the folder can be read");
    let [report] = &found.sealed[..] else { panic!("{found:?}") };
    assert_eq!((&report.file, found.broken.len()), (&file, 0));
    let again = recover_recordings(folder.as_ref(), |_| false).expect("the folder can be read");
    assert_eq!(again.sealed, found.sealed);
    let known = recover_recordings(folder.as_ref(), |path| path == file).expect("it can be read");
    assert!(known.sealed.is_empty());
    let verified = siaga_recording::verify(&file).expect("it is whole pages");
    assert_eq!((verified.sha256.as_str(), verified.call), (&*report.sha256, Some(report.call)));
    let (left, right) = siaga_recording::decode(&file).expect("it plays");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    assert!(!verified.complete, "nobody has ended it");
    // Three seconds were heard; at most one may be missing.
    assert!(verified.seconds >= 2.0, "{} s are left", verified.seconds);
    assert_eq!(left.len(), right.len());
    assert!(right.chunks_exact(19_200).any(is_music), "the music is not in it");
}

#[tokio::main]
async fn call_until_killed() {
    let mut exchange = Exchange::start().await;
    let (_call, _caller, mut at_caller) = exchange.caller(500.0).await;
    at_caller.hears_music().await;
    // Each listens to 1.4 s.
    at_caller.does_not_hear(&[3_000.0]).await;
    at_caller.does_not_hear(&[3_000.0]).await;
    println!("{SPOKEN}{}", exchange.dir.path().display());
    std::future::pending::<()>().await;
}
