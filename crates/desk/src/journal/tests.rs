//! The journal on a real disk.

use super::*;
use siaga_model::{CallFacts, CaseNumber, Disposition, Form, Timestamp};

fn call(n: u128) -> CallId {
    CallId::from_parts(1_700_000_000_000, n)
}

fn saved() -> Saved {
    Saved {
        hub: "http://127.0.0.1:1".to_owned(),
        seat: "pmj-1".parse().expect("id"),
        operator: "rina".to_owned(),
        token: Redacted::new("token".to_owned()),
    }
}

fn draft(rev: u64, location: &str) -> Draft {
    let form = Form { location: Redacted::new(location.to_owned()), ..Form::default() };
    Draft { rev, form }
}

async fn open(folder: &Path) -> (Journal, Restored) {
    let (health, _) = mpsc::channel(1);
    Journal::open(folder, health).await.expect("a journal")
}

#[tokio::test]
async fn everything_that_was_kept_is_there_after_the_desk_was_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("made/by/the/desk");
    let (journal, before) = open(&folder).await;
    assert_eq!(before, Restored::default());
    let close = ToHub::Close {
        call: call(1),
        disposition: Disposition::HandledHere,
        note: "dicatat".to_owned(),
    };
    let left = Left { owner: saved().owner(), message: ToHub::Ready };
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    let block = CaseBlock { first: number(1), last: number(20) };
    let settings = Settings { scale: 125, ..Settings::default() };
    let local = Local {
        call: call(3),
        facts: CallFacts::default(),
        line: "1795729456.7".to_owned(),
        number: Some(number(20)),
        answered_at: Some(Timestamp(5)),
        over_at: None,
    };
    for record in [
        Record::Session(Some(saved())),
        Record::Reserved(1_000),
        Record::Waiting { seq: 10, message: Some(Box::new(close.clone())) },
        Record::Waiting { seq: 9, message: Some(Box::new(ToHub::Ready)) },
        Record::Waiting { seq: 8, message: Some(Box::new(ToHub::Ready)) },
        Record::Waiting { seq: 8, message: None },
        Record::Left { n: 3, left: Some(Box::new(left.clone())) },
        Record::Form { call: call(1), draft: Some(draft(1, "Blok")) },
        Record::Form { call: call(1), draft: Some(draft(2, "Blok M")) },
        Record::Form { call: call(2), draft: Some(draft(1, "Senen")) },
        Record::Form { call: call(2), draft: None },
        Record::Cases(vec![block.clone()]),
        Record::Settings(Box::new(settings.clone())),
        Record::Local(Some(Box::new(local.clone()))),
    ] {
        journal.keep(&record);
    }
    journal.close().await;

    let (journal, after) = open(&folder).await;
    assert_eq!(
        after,
        Restored {
            session: Some(saved()),
            reserved: 1_000,
            waiting: vec![
                Sequenced { seq: 9, message: ToHub::Ready },
                Sequenced { seq: 10, message: close },
            ],
            left: vec![(3, left)],
            forms: vec![(call(1), draft(2, "Blok M"))],
            cases: vec![block],
            kept: Vec::new(),
            settings: Some((settings, Vec::new())),
            local: Some(local),
        }
    );
    journal.keep(&Record::Session(None));
    journal.close().await;
    assert_eq!(open(&folder).await.1.session, None);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_journal_not_even_one_that_was_readable_before() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("desk.sqlite");
    std::fs::write(&file, "").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let (journal, _) = open(folder.path()).await;
    journal.keep(&Record::Session(Some(saved())));
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
    journal.close().await;
}

#[tokio::test]
async fn a_second_desk_in_the_same_folder_gets_no_journal_and_harms_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, _) = open(folder.path()).await;
    let (health, _) = mpsc::channel(1);
    assert!(Journal::open(folder.path(), health).await.is_err());
    first.keep(&Record::Session(Some(saved())));
    first.close().await;
    assert_eq!(open(folder.path()).await.1.session, Some(saved()));
}

#[tokio::test]
async fn a_journal_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = open(folder.path()).await;
    journal.close().await;
    let mut disk = Disk::open(folder.path()).await.expect("the file");
    disk.set_version(2).await;
    disk.close().await;
    assert!(matches!(Disk::open(folder.path()).await, Err(JournalError::Newer(2))));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a file");
    std::fs::write(&file, "").expect("a file");
    let (health, _) = mpsc::channel(1);
    let error = Journal::open(&file.join("desk"), health).await.err().expect("an error");
    assert!(matches!(error, JournalError::Folder(_)), "{error}");
}

#[tokio::test]
async fn a_disk_that_fails_is_told_once_and_what_it_did_not_take_is_not_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut disk = Disk::open(folder.path()).await.expect("the file");
    disk.forbid_writing(true).await;
    let (health, mut told) = mpsc::channel(4);
    let pending = Arc::new(Pending::default());
    let mut writer = Writer { disk, pending: Arc::clone(&pending), health, broken: false };
    let batch = |record: &Record| BTreeMap::from([record.row().expect("JSON")]);

    writer.write(batch(&Record::Reserved(1))).await;
    assert!(told.try_recv().expect("the disk fails").is_some());
    pending.rows().extend(batch(&Record::Reserved(2)));
    writer.write(batch(&Record::Reserved(1))).await;
    assert!(told.try_recv().is_err(), "told twice");

    writer.disk.forbid_writing(false).await;
    let newest = std::mem::take(&mut *pending.rows());
    assert_eq!(newest, batch(&Record::Reserved(2)));
    writer.write(newest).await;
    assert_eq!(told.try_recv().expect("the disk works again"), None);
    writer.disk.close().await;
    assert_eq!(open(folder.path()).await.1.reserved, 2);
}
