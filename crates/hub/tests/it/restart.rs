//! What a hub finds when it comes back.

use crate::world::World;
use siaga_hub_api::{ClientError, ErrorCode, HubView, ToHub};
use siaga_hub_store::Store;
use siaga_model::{CaseStatus, Disposition};
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
    let mut desk = again.desk("ratna", "pmj-1").await;
    let listed = |view: &HubView| view.cases.iter().find(|case| case.call == call).cloned();
    let case = desk.shows("the case to call back", listed).await;
    assert_eq!(case.status, CaseStatus::CallBack);
    assert_eq!(case.form.narrative.expose(), "perampokan bank, tiga orang");
    assert_eq!(again.store.open_calls().await.unwrap(), []);
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
async fn a_session_of_the_last_hub_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let first = World::start(dir.path()).await;
    let (session, _) = first.login("ratna", "pmj-1").await.unwrap();
    first.stop().await;
    let again = World::start(dir.path()).await;
    let (_, other) = again.login("budi", "pmj-2").await.unwrap();
    let forged = other.with_token(session.token);
    let Err(ClientError::Refused(error)) = forged.cases().await else { panic!("not refused") };
    assert_eq!(error.code, ErrorCode::NotLoggedIn);
    again.stop().await;
}
