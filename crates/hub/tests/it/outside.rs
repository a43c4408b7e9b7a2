//! Somebody outside, from the desk's wish to the case's time line.

use crate::world::{Desk, World};
use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_hub_api::{ErrorCode, Happening, HubView, OutsideStage, OutsideTarget, Phase, ToHub};
use siaga_hub_store::Store;
use siaga_model::{CallId, CaseStatus, Disposition, LegCause, LegId};

fn damkar() -> OutsideTarget {
    OutsideTarget::Service { name: "Damkar".to_owned() }
}

/// The desk has a call and has somebody outside called; gives their leg.
async fn calls_out(world: &mut World, desk: &mut Desk) -> (CallId, LegId) {
    let call = world.answered_call(desk).await;
    desk.types(call, 1, "kebakaran di Tebet", None).await;
    desk.tell(ToHub::CallOutside { call, to: damkar() }).await;
    let leg = LegId { call, n: 2 };
    world.switch.told(SwitchCommand::DialOut { leg, number: "113".to_owned().into() }).await;
    (call, leg)
}

fn stage(view: &HubView) -> Option<OutsideStage> {
    view.call.as_ref()?.outside.as_ref().map(|outside| outside.stage)
}

#[tokio::test]
async fn whom_the_dial_plan_does_not_name_nobody_calls_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    assert_eq!(desk.session.dial.services[0].name, "Damkar");
    assert!(desk.session.dial.patterns.is_empty(), "they are for supervisors");
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "kebakaran di Tebet", None).await;
    for to in [
        OutsideTarget::Service { name: "Basarnas".to_owned() },
        OutsideTarget::Number { number: "0215701130".to_owned().into() },
        OutsideTarget::Number { number: "113".to_owned().into() },
    ] {
        let seq = desk.say(ToHub::CallOutside { call, to }).await;
        assert_eq!(desk.refused(seq).await, ErrorCode::MayNotCall);
    }
    let draft = world.store.draft(call).await.unwrap().unwrap();
    assert_eq!(draft.form.narrative.expose(), "kebakaran di Tebet");
    let events = world.store.call_events(call).await.unwrap();
    assert!(!events.iter().any(|stored| stored.event.body.contains("outside-called")));
    world.stop().await;
}

#[tokio::test]
async fn somebody_outside_is_shown_to_the_desk_and_told_in_the_case() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let (call, leg) = calls_out(&mut world, &mut desk).await;
    desk.shows("a ringing", |view| {
        matches!(stage(view), Some(OutsideStage::Called { .. })).then_some(())
    })
    .await;
    world.saw(SwitchSaw::Answered(leg)).await;
    world.switch.told(SwitchCommand::Join(leg)).await;
    desk.shows("an answer", |view| {
        matches!(stage(view), Some(OutsideStage::Up { .. })).then_some(())
    })
    .await;
    world.saw(SwitchSaw::Ended { leg, cause: LegCause::HungUp }).await;
    let gone = |view: &HubView| match stage(view) {
        Some(OutsideStage::Gone { answered, cause, .. }) => Some((answered, cause)),
        _ => None,
    };
    assert_eq!(desk.shows("the leaving", gone).await, (true, LegCause::HungUp));
    let number = world.store.case_of(call).await.unwrap().unwrap().number;
    let file = desk.client.case_file(&number).await.unwrap();
    let told: Vec<_> = file.timeline.iter().map(|item| &item.happening).collect();
    let called = told.iter().any(|happening| {
        matches!(happening, Happening::OutsideCalled { party, .. }
            if party.service.as_deref() == Some("Damkar"))
    });
    assert!(called && told.contains(&&Happening::OutsideAnswered), "{told:?}");
    let left = Happening::OutsideGone { answered: true, cause: LegCause::HungUp };
    assert!(told.contains(&&left), "{told:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_call_that_was_left_with_somebody_outside_is_closed_as_its_operator_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let (call, leg) = calls_out(&mut world, &mut desk).await;
    world.saw(SwitchSaw::Answered(leg)).await;
    world.switch.told(SwitchCommand::Join(leg)).await;
    desk.tell(ToHub::Release { call }).await;
    desk.shows("having left", |view| {
        matches!(view.call.as_ref()?.phase, Phase::WithOutside { .. }).then_some(())
    })
    .await;
    let disposition = Disposition::Information;
    desk.tell(ToHub::Close { call, disposition: disposition.clone(), note: String::new() }).await;
    desk.shows("no call", |view| view.call.is_none().then_some(())).await;
    world.caller_hangs_up(call).await;
    world.switch.told(SwitchCommand::End(call)).await;
    let mut other = world.ready_desk("budi", "pmj-2").await;
    let listed = |view: &HubView| Some(view.call_backs.len());
    assert_eq!(other.shows("the call-back list", listed).await, 0, "a human has helped");
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.status, case.disposition), (CaseStatus::Closed, Some(disposition)));
    world.stop().await;
}
