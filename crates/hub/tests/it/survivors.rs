//! Calls that outlive their hub on the switch, and the hub that comes back to them.

use crate::world::{Desk, World, seat, unit};
use siaga_call_flow::{FlowEvent, Program, SwitchCommand, SwitchSaw};
use siaga_hub_api::{HubClient, HubView, OutsideTarget, Phase, ToHub};
use siaga_hub_store::Store;
use siaga_model::{CallFacts, CallId, CaseStatus, Disposition, EndedBy, LegCause, LegId};
use siaga_switch::{LiveCall, LiveLeg, SwitchEvent};
use std::path::Path;

/// A call as the switch holds it; `legs`: the seat, and whether it has answered.
fn live(call: CallId, legs: &[(LegId, &str, bool)]) -> LiveCall {
    let legs = legs.iter().map(|(leg, at, up)| LiveLeg {
        leg: *leg,
        seat: Some(seat(at)),
        answered: *up,
        joined: *up,
    });
    LiveCall {
        call,
        facts: CallFacts::default(),
        caller_up: true,
        legs: legs.collect(),
        playing: Program::Quiet,
    }
}

/// The flow's own events of a call.
async fn log(world: &World, call: CallId) -> Vec<FlowEvent> {
    let stored = world.store.call_events(call).await.unwrap();
    stored.iter().filter_map(|stored| serde_json::from_str(&stored.event.body).ok()).collect()
}

async fn dies(world: World, grave: &Path) {
    world.killed(grave);
    world.stop().await;
}

/// The same desk, which never noticed more than a lost socket.
async fn resumes(world: &World, desk: &Desk) -> Desk {
    let token = desk.session.token.clone();
    let (session, client) = HubClient::resume(&world.hub.url(), token).await.unwrap();
    let mut back = Desk::connect(session, client).await;
    back.seq = desk.seq;
    world.event(SwitchEvent::SeatRegistered(back.session.seat.id.clone())).await;
    back
}

#[tokio::test]
async fn two_who_talk_go_on_and_their_call_is_handed_over_and_closed_as_one_case() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let leg = world.switch.rung(call, "pmj-1").await;
    desk.types(call, 1, "perampokan bank", None).await;
    let number = world.store.case_of(call).await.unwrap().unwrap().number;
    dies(world, grave.path()).await;

    let again = World::finds(grave.path(), vec![live(call, &[(leg, "pmj-1", true)])]).await;
    let mut desk = resumes(&again, &desk).await;
    let mine = |view: &HubView| {
        let call = view.call.clone()?;
        matches!(&call.phase, Phase::Talking { seat: at, .. } if *at == seat("pmj-1"))
            .then_some(call)
    };
    let shown = desk.shows("the call that went on", mine).await;
    assert_eq!((shown.call, shown.number.as_ref()), (call, Some(&number)));
    assert_eq!(shown.draft.form.narrative.expose(), "perampokan bank");
    assert!(shown.recording && shown.writer == Some(seat("pmj-1")));
    // What was typed meanwhile arrives once.
    desk.types(call, 2, "perampokan bank, tiga orang", None).await;
    let mut polres = again.ready_desk("budi", "jaksel-1").await;
    let to = ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None };
    desk.tell(to).await;
    let next = again.switch.rung(call, "jaksel-1").await;
    assert!(next.n > leg.n, "no leg has the number of another");
    again.saw(SwitchSaw::Answered(next)).await;
    again.saw(SwitchSaw::Heard(next)).await;
    again.switch.told(SwitchCommand::HangUp(leg)).await;
    let theirs = |view: &HubView| {
        let call = view.call.clone()?;
        matches!(&call.phase, Phase::Talking { seat: at, .. } if *at == seat("jaksel-1"))
            .then_some(())
    };
    polres.shows("the call", theirs).await;
    let disposition = Disposition::HandledByUnit { unit: unit("pmj.jaksel") };
    polres.tell(ToHub::Close { call, disposition, note: String::new() }).await;
    again.switch.told(SwitchCommand::End(call)).await;
    let case = again.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.number, case.status), (number, CaseStatus::Closed));
    assert_eq!(case.form.narrative.expose(), "perampokan bank, tiga orang");
    assert_eq!(again.store.cases(10).await.unwrap().len(), 1);
    let log = log(&again, call).await;
    let times = |wanted: fn(&FlowEvent) -> bool| log.iter().filter(|event| wanted(event)).count();
    assert_eq!(times(|event| matches!(event, FlowEvent::CallerArrived { .. })), 1);
    assert_eq!(times(|event| matches!(event, FlowEvent::Answered { .. })), 1);
    assert_eq!(times(|event| matches!(event, FlowEvent::TransferDone { .. })), 1);
    assert_eq!(times(|event| matches!(event, FlowEvent::Requeued { .. })), 0);
    assert!(matches!(log.last(), Some(FlowEvent::Ended { by: EndedBy::Closing, .. })));
    again.store.verify_chain().await.unwrap();
    again.stop().await;
}

#[tokio::test]
async fn who_waited_and_who_was_being_rung_keep_their_places() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let desk = world.ready_desk("ratna", "pmj-1").await;
    let first = world.caller().await;
    let rings = world.switch.rung(first, "pmj-1").await;
    let second = world.caller_from("081200001102").await;
    let stored = async |call| world.store.call(call).await.unwrap().is_some();
    while !(stored(first).await && stored(second).await) {
        tokio::task::yield_now().await;
    }
    dies(world, grave.path()).await;

    // The survey is in no order, and the telephone rings on.
    let found = vec![live(second, &[]), live(first, &[(rings, "pmj-1", false)])];
    let again = World::finds(grave.path(), found).await;
    again.switch.told(SwitchCommand::HangUp(rings)).await;
    let mut desk = resumes(&again, &desk).await;
    let anew = again.switch.rung(first, "pmj-1").await;
    assert_ne!(anew, rings);
    again.saw(SwitchSaw::Answered(anew)).await;
    let answered = |view: &HubView| {
        let call = view.call.as_ref().filter(|call| call.call == first)?;
        matches!(call.phase, Phase::Talking { .. }).then_some(())
    };
    desk.shows("the first who came", answered).await;
    let disposition = Disposition::Information;
    desk.tell(ToHub::Close { call: first, disposition, note: String::new() }).await;
    desk.tell(ToHub::Ready).await;
    again.switch.rung(second, "pmj-1").await;
    again.stop().await;
}

#[tokio::test]
async fn a_closing_that_was_not_carried_out_is_and_who_left_meanwhile_is_called_back() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let closed = world.answered_call(&mut desk).await;
    let old = world.switch.rung(closed, "pmj-1").await;
    let disposition = Disposition::Information;
    desk.tell(ToHub::Close { call: closed, disposition, note: String::new() }).await;
    desk.tell(ToHub::Ready).await;
    let left = world.answered_call(&mut desk).await;
    let leg = world.switch.rung(left, "pmj-1").await;
    desk.types(left, 1, "rumah terbakar", None).await;
    dies(world, grave.path()).await;

    let gone = LiveCall { caller_up: false, ..live(left, &[(leg, "pmj-1", true)]) };
    let again = World::finds(grave.path(), vec![live(closed, &[(old, "pmj-1", true)]), gone]).await;
    for call in [closed, left] {
        again.switch.told(SwitchCommand::End(call)).await;
    }
    let mut desk = resumes(&again, &desk).await;
    let entry = desk.shows("whom to call back", |view| view.call_backs.first().cloned()).await;
    assert_eq!(entry.form.narrative.expose(), "rumah terbakar");
    assert_eq!(entry.id.0, left);
    let ends = log(&again, closed).await;
    let ends = ends.iter().filter(|event| matches!(event, FlowEvent::Ended { .. })).count();
    assert_eq!(ends, 1, "it had ended already");
    // The operator who was with the caller may say more of it.
    let disposition = Disposition::HandledHere;
    desk.tell(ToHub::Close { call: left, disposition, note: String::new() }).await;
    desk.shows("an empty list", |view| view.call_backs.is_empty().then_some(())).await;
    again.stop().await;
}

#[tokio::test]
async fn a_caller_who_was_left_with_somebody_outside_is_found_with_them() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let to = OutsideTarget::Service { name: "Damkar".to_owned() };
    desk.tell(ToHub::CallOutside { call, to }).await;
    let outside = LegId { call, n: 2 };
    world.saw(SwitchSaw::Answered(outside)).await;
    world.switch.told(SwitchCommand::Join(outside)).await;
    desk.tell(ToHub::Release { call }).await;
    dies(world, grave.path()).await;

    let leg = LiveLeg { leg: outside, seat: None, answered: true, joined: true };
    let found = LiveCall { legs: vec![leg], ..live(call, &[]) };
    let again = World::finds(grave.path(), vec![found]).await;
    again.switch.told(SwitchCommand::Join(outside)).await;
    // They hang up: the caller is back with a human.
    let mut desk = again.ready_desk("budi", "pmj-2").await;
    again.saw(SwitchSaw::Ended { leg: outside, cause: LegCause::HungUp }).await;
    again.answer(call, &mut desk).await;
    // Acknowledged means stored, and so is what came before.
    desk.types(call, 1, "masih terbakar", None).await;
    let events = log(&again, call).await;
    let gone = |event: &FlowEvent| matches!(event, FlowEvent::OutsideGone { answered: true, .. });
    assert!(events.iter().any(gone), "{events:?}");
    again.stop().await;
}

/// The switch is back after the hub: what it held all the time is told late.
#[tokio::test]
async fn calls_of_a_switch_that_could_not_be_asked_go_on_when_it_can() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let talks = world.answered_call(&mut desk).await;
    let leg = world.switch.rung(talks, "pmj-1").await;
    desk.types(talks, 1, "perampokan bank", None).await;
    let number = world.store.case_of(talks).await.unwrap().unwrap().number;
    let first = world.caller_from("081200001102").await;
    let second = world.caller_from("081200001103").await;
    let stored = async |call| world.store.call(call).await.unwrap().is_some();
    while !(stored(first).await && stored(second).await) {
        tokio::task::yield_now().await;
    }
    dies(world, grave.path()).await;

    let again = World::finds_no_switch(grave.path()).await;
    let mut desk = resumes(&again, &desk).await;
    desk.shows("three to call back", |view| (view.call_backs.len() == 3).then_some(())).await;
    // One of them has hung up meanwhile; one came when there was no hub.
    let unknown = CallId::from_parts(u64::try_from(again.now().0).unwrap(), 77);
    let found = vec![live(unknown, &[]), live(second, &[]), live(talks, &[(leg, "pmj-1", true)])];
    again.event(SwitchEvent::Outlived(found)).await;

    let mine = |view: &HubView| {
        let call = view.call.clone().filter(|call| call.call == talks)?;
        matches!(&call.phase, Phase::Talking { seat: at, .. } if *at == seat("pmj-1"))
            .then_some(call)
    };
    let shown = desk.shows("the call that went on", mine).await;
    assert_eq!((shown.number.as_ref(), shown.recording), (Some(&number), true));
    assert_eq!(shown.draft.form.narrative.expose(), "perampokan bank");
    // Whoever waited is rung for in the old order, as soon as somebody is there.
    let mut colleague = again.desk("budi", "pmj-2").await;
    colleague.tell(ToHub::Ready).await;
    again.answer(second, &mut colleague).await;
    let disposition = Disposition::Information;
    for (desk, call) in [(&mut colleague, second), (&mut desk, talks)] {
        let disposition = disposition.clone();
        desk.tell(ToHub::Close { call, disposition, note: String::new() }).await;
        again.switch.told(SwitchCommand::End(call)).await;
    }
    colleague.tell(ToHub::Ready).await;
    again.answer(unknown, &mut colleague).await;
    let left = |view: &HubView| {
        let [entry] = &view.call_backs[..] else { return None };
        Some(entry.id.0)
    };
    assert_eq!(desk.shows("one to call back", left).await, first);

    let log = log(&again, talks).await;
    let times = |wanted: fn(&FlowEvent) -> bool| log.iter().filter(|event| wanted(event)).count();
    assert_eq!(times(|event| matches!(event, FlowEvent::CallerArrived { .. })), 2);
    assert_eq!(times(|event| matches!(event, FlowEvent::Ended { .. })), 2);
    assert!(matches!(log.last(), Some(FlowEvent::Ended { by: EndedBy::Closing, .. })));
    let case = again.store.case_of(talks).await.unwrap().unwrap();
    assert_eq!((case.number, case.status), (number, CaseStatus::Closed));
    again.store.verify_chain().await.unwrap();
    again.stop().await;
}

/// Told twice it would bring back callers who have gone in the meantime.
#[tokio::test]
async fn a_hub_that_was_told_what_lives_passes_over_what_is_told_late() {
    let (dir, grave) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut world = World::start(dir.path()).await;
    let call = world.caller().await;
    while world.store.call(call).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    dies(world, grave.path()).await;

    let mut again = World::finds(grave.path(), vec![live(call, &[])]).await;
    again.caller_hangs_up(call).await;
    again.event(SwitchEvent::Outlived(vec![live(call, &[])])).await;
    let next = again.caller_from("081200001102").await;
    let mut desk = again.desk("ratna", "pmj-1").await;
    desk.tell(ToHub::Ready).await;
    again.answer(next, &mut desk).await;
    let gone = |view: &HubView| (view.call_backs.first()?.id.0 == call).then_some(());
    desk.shows("whom to call back", gone).await;
    again.stop().await;
}
