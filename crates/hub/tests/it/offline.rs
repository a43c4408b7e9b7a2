//! Cases that desks took when there was no hub.

use crate::world::{World, seat, unit};
use siaga_hub_api::{ErrorCode, ToHub};
use siaga_hub_store::Store;
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, Case, CaseNumber, CaseStatus, Disposition, EndedBy,
    Form, NotReport, Priority, Validity,
};

fn offline(world: &World, running: u32, number: &str, disposition: Disposition) -> ToHub {
    let now = world.now();
    let before = |ms: i64| siaga_model::Timestamp(now.0 - ms);
    let day = 261_123;
    let caller = Caller { number: number.to_owned().into(), status: CallerStatus::Verified };
    let form = Form { narrative: "rumah terbakar".to_owned().into(), ..Form::default() };
    let case = Case {
        number: CaseNumber::new("PMJ", day, running).unwrap(),
        call: CallId::from_parts(u64::try_from(before(60_000).0).unwrap(), u128::from(running)),
        form,
        validity: Validity::Valid,
        priority: Priority::P1,
        unit: None,
        disposition: Some(disposition),
        status: CaseStatus::Open,
        opened_by: seat("pmj-1"),
        opened_at: before(50_000),
        closed_at: Some(before(10_000)),
    };
    let facts = CallFacts { caller, arrived_at: before(60_000), ..CallFacts::default() };
    ToHub::OfflineCase {
        case: Box::new(case),
        facts: Box::new(facts),
        note: "tanpa hub".to_owned(),
        line: None,
    }
}

fn case_of(message: &ToHub) -> Case {
    let ToHub::OfflineCase { case, .. } = message else { panic!("another message") };
    (**case).clone()
}

#[tokio::test]
async fn a_case_that_was_taken_without_a_hub_is_stored_whole_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let to = Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") };
    let message = offline(&world, 7, "081200001101", to.clone());
    let said = case_of(&message);
    desk.tell(message.clone()).await;
    desk.tell(message).await;
    let stored = world.store.case(&said.number).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.disposition), (CaseStatus::WithUnit, Some(to)));
    assert_eq!(stored.form.narrative.expose(), "rumah terbakar");
    assert_eq!((stored.opened_at, stored.closed_at), (said.opened_at, said.closed_at));
    assert_eq!(stored.unit, Some(unit("pmj.jaksel")));
    assert_eq!(world.store.cases(10).await.unwrap().len(), 1);
    let closings = world.store.closings(said.call).await.unwrap();
    assert_eq!(closings.len(), 1);
    assert_eq!(closings[0].note.expose(), "tanpa hub");
    let facts = world.store.call(said.call).await.unwrap().unwrap();
    assert_eq!(facts.caller.number.expose(), "081200001101");
    // The unit that has to act sees it.
    let polres = world.desk("budi", "jaksel-1").await;
    polres.finds(said.call, CaseStatus::WithUnit).await;
    world.store.verify_chain().await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn who_hung_up_when_there_was_no_hub_is_called_back_and_who_was_helped_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    // Cut off with the hub, and helped by a colleague whom the PBX rang.
    let cut_off = world.answered_call(&mut desk).await;
    world.caller_hangs_up(cut_off).await;
    desk.shows("whom to call back", |view| view.call_backs.first().map(drop)).await;
    desk.tell(offline(&world, 900_001, "+6281200001101", Disposition::HandledHere)).await;
    desk.shows("an empty list", |view| view.call_backs.is_empty().then_some(())).await;
    let lost = offline(&world, 900_002, "081200001102", Disposition::Abandoned);
    let said = case_of(&lost);
    desk.tell(lost).await;
    let entry = desk.shows("the lost caller", |view| view.call_backs.first().cloned()).await;
    assert_eq!((entry.id.0, entry.number), (said.call, Some(said.number)));
    assert_eq!(entry.form.narrative.expose(), "rumah terbakar");
    let kept = world.store.kept_calls(10).await.unwrap();
    let end = kept.iter().find(|kept| kept.call == said.call).and_then(|kept| kept.ended.clone());
    assert_eq!(end.map(|end| end.by), Some(EndedBy::Caller));
    world.stop().await;
}

#[tokio::test]
async fn a_case_that_makes_no_sense_is_refused_and_nothing_of_it_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let nobody = offline(&world, 1, "0812", Disposition::NotReached);
    let nowhere = Disposition::ForwardedToUnit { unit: unit("nowhere") };
    let nowhere = offline(&world, 2, "0812", nowhere);
    let mut elsewhere = offline(&world, 3, "0812", Disposition::Information);
    if let ToHub::OfflineCase { case, .. } = &mut elsewhere {
        case.opened_by = seat("pmj-2");
    }
    let mut foreign = offline(&world, 4, "0812", Disposition::Information);
    if let ToHub::OfflineCase { case, .. } = &mut foreign {
        case.number = CaseNumber::new("BTN", 261_123, 4).unwrap();
    }
    let silent = Disposition::NotReport { reason: NotReport::Silent };
    let silent = offline(&world, 5, "0812", silent);
    for (message, code) in [
        (nobody, ErrorCode::OutOfRange),
        (nowhere, ErrorCode::NoSuchUnit),
        (elsewhere, ErrorCode::OutOfRange),
        (foreign, ErrorCode::OutOfRange),
        (silent, ErrorCode::CheckSilenceFirst),
    ] {
        let seq = desk.say(message).await;
        assert_eq!(desk.refused(seq).await, code);
    }
    assert_eq!(world.store.cases(10).await.unwrap(), []);
    world.stop().await;
}
