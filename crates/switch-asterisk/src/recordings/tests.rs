//! Many calls at once, with files as MixMonitor leaves them.

use super::*;

/// The channels of so many calls, each with a second in its raw files.
fn record(folder: &Path, calls: u32) -> Vec<CallId> {
    let raw = folder.join(crate::names::RAW);
    std::fs::create_dir_all(&raw).unwrap();
    let record = |n| {
        let channel = format!("1795729834.{n}");
        for side in ["rx", "tx"] {
            let name = format!("{channel}_1795729834415.{side}.sln16");
            std::fs::write(raw.join(name), [0; 32_000]).unwrap();
        }
        crate::names::call_of_caller(&channel).unwrap()
    };
    (1..=calls).map(record).collect()
}

/// Everything that was told until the task has ended.
async fn told(folder: &Path, notices: impl IntoIterator<Item = Notice>) -> Vec<SwitchEvent> {
    let (notices_in, notices_out) = mpsc::channel(NOTICES);
    let (events_in, mut events) = mpsc::channel(NOTICES);
    for notice in notices {
        notices_in.send(notice).await.unwrap();
    }
    let task = Recordings::new(folder.to_owned(), notices_out, events_in).run();
    let ears = async {
        let mut told = Vec::new();
        while let Some(event) = events.recv().await {
            told.push(event);
        }
        told
    };
    drop(notices_in);
    tokio::join!(task, ears).1
}

#[tokio::test(start_paused = true)]
async fn many_calls_that_end_at_once_are_all_sealed_and_none_is_told_to_be_unrecorded() {
    let folder = tempfile::tempdir().unwrap();
    // One after the other they would take longer than a file may stand still.
    let calls = record(folder.path(), 40);
    assert!(SETTLES_WITHIN * 40 > GROWS_WITHIN);
    let up = calls.iter().map(|call| Notice::Up(*call));
    let over = calls.iter().map(|call| Notice::Over(*call));
    let started = Instant::now();
    let told = told(folder.path(), up.chain(over)).await;
    let sealed: BTreeSet<_> = told
        .iter()
        .map(|event| match event {
            SwitchEvent::Recorded(report) => report.call,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sealed, calls.into_iter().collect());
    assert!(started.elapsed() < GROWS_WITHIN, "they wait for each other");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_recorded_by_two_asterisks_keeps_both_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let call = record(folder.path(), 1)[0];
    let raw = folder.path().join(crate::names::RAW);
    std::fs::write(raw.join("1795729834.1_1795729900000.rx.sln16"), [0; 32_000]).unwrap();
    // Told twice while it is being sealed.
    let told = told(folder.path(), [Notice::Over(call), Notice::Over(call)]).await;
    let files: BTreeSet<_> = told
        .iter()
        .map(|event| match event {
            SwitchEvent::Recorded(report) => report.file.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((told.len(), files.len()), (2, 2), "{told:?}");
    assert!(files.iter().all(|file| file.exists()));
}
