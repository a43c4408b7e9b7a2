//! What a killed recorder leaves behind is found once and sealed.

use super::{options, tone};
use siaga_model::CallId;
use siaga_recording::{Recorder, RecorderOptions, Recovery, VerifyError, recover};
use std::path::Path;

/// A recording of this many ticks, ended or left as by a kill.
fn record(path: &Path, call: CallId, ticks: u64, ended: bool) {
    let options = RecorderOptions { call, ..options() };
    let mut recorder = Recorder::create(path, options).expect("a recorder");
    for n in 0..ticks {
        recorder.write(&tone(300.0, n), &tone(1000.0, n)).expect("written");
    }
    if ended {
        recorder.finish().expect("ended");
    }
}

fn run(folder: &Path, known: &[&str]) -> Recovery {
    let known: Vec<_> = known.iter().map(|name| folder.join(name)).collect();
    recover(folder, |path| known.iter().any(|one| one == path)).expect("the folder can be read")
}

#[test]
fn what_was_left_unsealed_is_sealed_in_order_and_what_is_known_or_foreign_is_let_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let [first, second] = [1, 2].map(|n| CallId::from_parts(1_795_000_000_000 + n, 110));
    record(&dir.join(format!("{second}.opus")), second, 90, false);
    for name in [format!("{first}.opus"), format!("{first}-2.opus"), format!("{first}-10.opus")] {
        record(&dir.join(name), first, 100, false);
    }
    let known = CallId::from_parts(1_795_000_000_009, 1);
    record(&dir.join(format!("{known}.opus")), known, 10, true);
    record(&dir.join("somebody.opus"), known, 10, true);
    std::fs::write(dir.join("notes.txt"), "ours").expect("written");
    std::fs::create_dir(dir.join(format!("{known}-2.opus"))).expect("made");

    let found = run(dir, &[&format!("{known}.opus")]);
    assert!(found.broken.is_empty(), "{found:?}");
    let names: Vec<_> = found
        .sealed
        .iter()
        .map(|one| one.seal.file.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names,
        [
            format!("{first}.opus"),
            format!("{first}-2.opus"),
            format!("{first}-10.opus"),
            format!("{second}.opus")
        ]
    );
    for one in &found.sealed {
        assert!(!one.complete);
        assert_eq!(one.call, if one.seal.file.ends_with(&names[3]) { second } else { first });
        assert_eq!(one.seal.starts_at, options().started_at);
        let spoken = if one.call == first { 2.0 } else { 1.8 };
        assert!(one.seal.seconds > spoken - 1.0 && one.seal.seconds <= spoken, "{one:?}");
        one.seal.check(&one.seal.file).expect("as it was found");
    }
    let again = run(dir, &[&format!("{known}.opus")]);
    assert_eq!(again.sealed, found.sealed, "nothing was changed");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut all_known = names.clone();
    let known = format!("{known}.opus");
    all_known.push(&known);
    assert!(run(dir, &all_known).sealed.is_empty());
}

#[test]
fn a_torn_file_is_sealed_to_its_last_whole_page_and_an_ended_one_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let call = CallId::from_parts(1_795_000_000_000, 110);
    let (torn, ended) = (format!("{call}.opus"), format!("{call}-2.opus"));
    record(&folder.path().join(&torn), call, 200, false);
    record(&folder.path().join(&ended), call, 200, true);
    let path = folder.path().join(&torn);
    let bytes = std::fs::read(&path).expect("read");
    std::fs::write(&path, &bytes[..bytes.len() - 7]).expect("torn");
    let found = run(folder.path(), &[]);
    let [torn, ended] = &found.sealed[..] else { panic!("{found:?}") };
    assert!(!torn.complete && torn.seal.seconds > 3.0, "{torn:?}");
    assert!(ended.complete && ended.seal.seconds == 4.0, "{ended:?}");
    assert_eq!(std::fs::read(&path).expect("read").len(), bytes.len() - 7, "it is not mended");
}

#[test]
fn what_cannot_be_played_is_named_and_an_absent_folder_holds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let [call, other] = [1, 2].map(|n| CallId::from_parts(1_795_000_000_000 + n, 110));
    let empty = folder.path().join(format!("{call}.opus"));
    std::fs::write(&empty, "").expect("written");
    let strange = folder.path().join(format!("{call}-2.opus"));
    record(&strange, other, 20, true);
    let found = run(folder.path(), &[]);
    assert!(found.sealed.is_empty());
    match &found.broken[..] {
        [(one, VerifyError::NotARecording { .. }), (two, VerifyError::OtherCall { .. })] => {
            assert_eq!((one, two), (&empty, &strange));
        }
        other => panic!("{other:?}"),
    }
    assert!(run(&folder.path().join("absent"), &[]).sealed.is_empty());
}
