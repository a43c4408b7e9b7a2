//! What a hub finds when it comes back.

use crate::world::{Desk, World, seat, within};
use siaga_hub::recover_recordings;
use siaga_hub_api::{ClientError, ErrorCode, HubClient, HubView, ToDesk, ToHub};
use siaga_hub_store::Store;
use siaga_model::{CaseStatus, Disposition, SeatState};
use siaga_recording::{FRAME, Recorder, RecorderOptions};
use siaga_switch::SwitchEvent;
use std::collections::BTreeSet;

#[tokio::test]
async fn what_was_typed_survives_a_restart_and_the_caller_is_called_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "perampokan bank, tiga orang", None).await;
    world.stop().await;

    let again = World::start(dir.path()).await;
    let lost = again.store.draft(call).await.unwrap().unwrap();
    assert_eq!(lost.form.narrative.expose(), "perampokan bank, tiga orang");
    let old = desk.client.connect().await;
    assert!(matches!(old, Err(ClientError::Refused(_) | ClientError::Unreachable(_))));
    let desk = again.desk("ratna", "pmj-1").await;
    let case = desk.finds(call, CaseStatus::CallBack).await;
    assert_eq!(case.form.narrative.expose(), "perampokan bank, tiga orang");
    assert_eq!(again.store.kept_calls(0).await.unwrap(), []);
    again.stop().await;
}

#[tokio::test]
async fn numbers_stay_unique_over_seats_and_restarts_and_the_log_stays_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut numbers = BTreeSet::new();
    for _ in 0..3 {
        let mut world = World::start(dir.path()).await;
        for (operator, at) in [("ratna", "pmj-1"), ("budi", "pmj-2")] {
            let mut desk = world.ready_desk(operator, at).await;
            for _ in 0..2 {
                let call = world.answered_call(&mut desk).await;
                let disposition = Disposition::Information;
                desk.tell(ToHub::Close { call, disposition, note: String::new() }).await;
                desk.tell(ToHub::Ready).await;
                let case = world.store.case_of(call).await.unwrap().unwrap();
                assert!(numbers.insert(case.number.clone()), "{} was given twice", case.number);
            }
            desk.tell(ToHub::Pause).await;
        }
        world.store.verify_chain().await.unwrap();
        world.stop().await;
    }
    assert_eq!(numbers.len(), 12);
}

#[tokio::test]
async fn a_desk_goes_on_in_its_session_after_an_orderly_stop() {
    let dir = tempfile::tempdir().unwrap();
    let first = World::start(dir.path()).await;
    let mut desk = first.ready_desk("ratna", "pmj-1").await;
    let logged_out = first.desk("budi", "pmj-2").await;
    logged_out.client.logout().await.unwrap();
    first.stop().await;
    while let Some(message) = within("the end", desk.receiver.next()).await.unwrap() {
        assert!(!matches!(message, ToDesk::Bye { .. }), "no reason to forget the session");
    }
    let again = World::start(dir.path()).await;
    // A restarted switch knows no secrets: the desk asks for a new one.
    let token = desk.session.token.clone();
    let (session, client) = HubClient::resume(&again.hub.url(), token).await.unwrap();
    assert_eq!(session.seat.id, seat("pmj-1"));
    assert_eq!(session.operator_name, "Bripka ratna");
    assert_ne!(session.sip.secret, desk.session.sip.secret);
    assert_eq!(session.token, desk.session.token);
    assert_eq!(again.switch.admitted(), [seat("pmj-1")]);
    let mut desk = Desk::connect(session, client).await;
    again.event(SwitchEvent::SeatRegistered(seat("pmj-1"))).await;
    let ready = |view: &HubView| (view.seat.state == SeatState::Ready).then_some(());
    desk.shows("ready, as it was", ready).await;
    let token = logged_out.session.token.clone();
    let ended = HubClient::resume(&again.hub.url(), token).await;
    let Err(ClientError::Refused(error)) = ended else { panic!("not refused") };
    assert_eq!(error.code, ErrorCode::NotLoggedIn);
    again.stop().await;
}

#[tokio::test]
async fn after_kill_9_nothing_is_done_twice_and_what_comes_late_is_kept() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let closed = world.answered_call(&mut desk).await;
    let close = ToHub::Close {
        call: closed,
        disposition: Disposition::Information,
        note: "selesai".to_owned(),
    };
    desk.tell(close.clone()).await;
    let closing_seq = desk.seq;
    desk.tell(ToHub::Ready).await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "perampokan bank", None).await;
    world.killed(grave.path());
    world.stop().await;

    let again = World::start(grave.path()).await;
    let token = desk.session.token.clone();
    let (session, client) = HubClient::resume(&again.hub.url(), token).await.unwrap();
    let mut back = Desk::connect(session, client).await;
    // The acknowledgement was lost with the hub: the desk repeats itself.
    back.seq = closing_seq - 1;
    back.tell(close).await;
    assert_eq!(again.store.closings(closed).await.unwrap().len(), 1);
    // What was typed while there was no hub.
    back.seq = desk.seq;
    let entry = |view: &HubView| view.call_backs.first().cloned();
    let listed = back.shows("whom to call back", entry).await;
    assert_eq!(listed.form.narrative.expose(), "perampokan bank");
    let lost = back.shows("the cut-off call", |view| view.lost.clone()).await;
    assert_eq!((lost.call, lost.over), (call, true));
    back.types(call, 2, "perampokan bank, tiga orang", None).await;
    let typed = |view: &HubView| {
        let form = view.call_backs.first().map(|entry| entry.form.narrative.expose().clone());
        form.filter(|text| text.ends_with("tiga orang")).map(drop)
    };
    back.shows("what was typed late", typed).await;
    let case = again.store.case_of(call).await.unwrap().unwrap();
    assert_eq!(case.form.narrative.expose(), "perampokan bank, tiga orang");
    assert_eq!(case.status, CaseStatus::CallBack);
    // The operator knows more of it than the list does.
    let disposition = Disposition::HandledHere;
    back.tell(ToHub::Close { call, disposition: disposition.clone(), note: String::new() }).await;
    back.shows("an empty list", |view| view.call_backs.is_empty().then_some(())).await;
    let case = again.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.status, case.disposition), (CaseStatus::Closed, Some(disposition)));
    again.store.verify_chain().await.unwrap();
    again.stop().await;
}

#[tokio::test]
async fn what_a_killed_recorder_left_is_stored_with_its_call_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.tell(ToHub::Pause).await;
    let folder = dir.path().join("rekaman");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join(format!("{call}.opus"));
    let options = RecorderOptions { call, started_at: world.now() };
    let mut recorder = Recorder::create(&file, options).unwrap();
    for _ in 0..150 {
        recorder.write(&[1_000; FRAME], &[-1_000; FRAME]).unwrap();
    }
    // Killed: nobody ends the file.
    std::mem::forget(recorder);
    world.stop().await;

    let again = World::start(dir.path()).await;
    let store = &*again.store;
    let found = recover_recordings(store, &folder, again.now()).await.unwrap();
    assert_eq!(found.iter().map(|report| report.call).collect::<Vec<_>>(), [call]);
    assert!(found[0].seconds >= 1.0, "{}", found[0].seconds);
    let stored = again.store.recordings(Some(call), 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].sha256, found[0].sha256);
    assert!(stored[0].number.is_some());
    assert_eq!(recover_recordings(store, &folder, again.now()).await.unwrap(), []);
    let recovered = again.store.events(0, 1_000).await.unwrap();
    let told = recovered.iter().filter(|e| e.event.body.contains("recording-recovered")).count();
    assert_eq!(told, 1);
    again.store.verify_chain().await.unwrap();
    again.stop().await;
}
