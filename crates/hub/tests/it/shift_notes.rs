//! What one watch leaves to the next.

use crate::world::{Desk, World, seat, unit};
use siaga_hub_api::{ErrorCode, HubView, ToHub};
use siaga_hub_store::{Store, Write};
use siaga_model::{Redacted, ShiftNote, Timestamp};

fn note(text: &str) -> ToHub {
    ToHub::ShiftNote { text: Redacted::new(text.to_owned()) }
}

fn texts(view: &HubView) -> Vec<&str> {
    view.notes.iter().map(|note| note.text.expose().as_str()).collect()
}

async fn reads(desk: &mut Desk, wanted: &[&str]) {
    desk.shows("the notes", |view| (texts(view) == wanted).then_some(())).await;
}

#[tokio::test]
async fn a_note_is_read_by_its_unit_newest_first_and_by_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut leaving = world.desk("ratna", "pmj-1").await;
    let mut coming = world.desk("budi", "pmj-2").await;
    let mut polres = world.desk("joko", "depok-1").await;
    leaving.tell(note("  headset meja 2 rusak ")).await;
    leaving.tell(note("Margonda ditutup")).await;
    polres.tell(note("mobil 3 di bengkel")).await;
    reads(&mut coming, &["Margonda ditutup", "headset meja 2 rusak"]).await;
    reads(&mut polres, &["mobil 3 di bengkel"]).await;
    let first = coming.view.as_ref().unwrap().notes[1].clone();
    assert_eq!((first.seat, first.operator.as_str()), (seat("pmj-1"), "Bripka ratna"));
    let events = world.store.events(0, 1_000).await.unwrap();
    assert!(events.iter().any(|e| e.event.body.contains("shift-note-left")));
    assert!(events.iter().all(|e| !e.event.body.contains("Margonda")), "words may be personal");
    world.stop().await;
}

#[tokio::test]
async fn a_note_needs_words_and_only_the_last_five_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    for bad in [" ab ", &"x".repeat(501)] {
        let seq = desk.say(note(bad)).await;
        assert_eq!(desk.refused(seq).await, ErrorCode::OutOfRange);
    }
    for n in 1..=6 {
        desk.tell(note(&format!("catatan {n}"))).await;
    }
    let newest = ["catatan 6", "catatan 5", "catatan 4", "catatan 3", "catatan 2"];
    reads(&mut desk, &newest).await;
    assert_eq!(world.store.shift_notes(Timestamp(0), 10).await.unwrap().len(), 6, "all are kept");
    world.stop().await;
}

#[tokio::test]
async fn notes_of_the_last_day_outlive_the_hub_and_older_ones_are_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let day_before = ShiftNote {
        at: Timestamp(world.now().0 - 25 * 3_600_000),
        seat: seat("pmj-1"),
        unit: unit("pmj"),
        operator: "Bripka ratna".to_owned(),
        text: Redacted::new("kemarin".to_owned()),
    };
    world.store.apply(&[Write::ShiftNote(day_before)]).await.unwrap();
    let mut desk = world.desk("ratna", "pmj-1").await;
    desk.tell(note("hari ini")).await;
    desk.tell(note("baru saja")).await;
    world.stop().await;
    let again = World::start(dir.path()).await;
    let mut desk = again.desk("budi", "pmj-2").await;
    reads(&mut desk, &["baru saja", "hari ini"]).await;
    again.stop().await;
}
