//! Whom somebody has to call back, and how that is done.

use crate::world::{Desk, World, seat, unit, within};
use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_hub_api::{CallBackId, CallBackView, ErrorCode, HubView, Phase, ToHub};
use siaga_hub_store::Store;
use siaga_model::{
    CallBackFailure, CallId, CaseStatus, Direction, Disposition, Form, LegCause, LegId, NotReport,
    SeatState,
};

fn listed(view: &HubView, call: CallId) -> Option<CallBackView> {
    view.call_backs.iter().find(|entry| entry.id == CallBackId(call)).cloned()
}

async fn nobody_to_call(desk: &mut Desk) {
    desk.shows("an empty list", |view| view.call_backs.is_empty().then_some(())).await;
}

/// The seat's own leg is answered, as its desk does by itself; then the citizen is dialled.
async fn dials(world: &World, desk: &mut Desk, entry: CallId) -> CallId {
    desk.tell(ToHub::CallBack { entry: CallBackId(entry) }).await;
    let call = world.switch.opened().await;
    let leg = world.switch.rung(call, desk.session.seat.id.as_str()).await;
    world.saw(SwitchSaw::Answered(leg)).await;
    let number = "081200001101".to_owned().into();
    world.switch.told(SwitchCommand::Dial { call, number }).await;
    call
}

#[tokio::test]
async fn whoever_hangs_up_before_an_answer_is_listed_once_a_number_and_has_no_case() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let mut polres = world.desk("budi", "jaksel-1").await;
    let mut first = Vec::new();
    for number in ["081200001101", "", "+6281200001101", ""] {
        let call = world.caller_from(number).await;
        desk.shows("the queue", |view| (view.queue == 1).then_some(())).await;
        world.caller_hangs_up(call).await;
        desk.shows("nobody waiting", |view| (view.queue == 0).then_some(())).await;
        first.push(call);
    }
    let list = desk
        .shows("three entries", |view| {
            (view.call_backs.len() == 3).then(|| view.call_backs.clone())
        })
        .await;
    let ids: Vec<_> = list.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [first[0], first[1], first[3]], "the longest waiting first");
    assert_eq!(list.iter().map(|entry| entry.calls).collect::<Vec<_>>(), [2, 1, 1]);
    assert!(list[0].last_at >= list[0].first_at && list[0].number.is_none());
    assert_eq!(world.store.cases(10).await.unwrap(), []);
    polres.tell(ToHub::Pause).await;
    let theirs = polres.shows("a view", |view| Some(view.call_backs.clone())).await;
    assert_eq!(theirs, [], "the Polda's callers are the Polda's");
    // A withheld number cannot be called.
    let say = ToHub::CallBack { entry: CallBackId(first[1]) };
    let seq = desk.say(say).await;
    assert_eq!(desk.refused(seq).await, ErrorCode::OutOfRange);
    world.stop().await;
}

#[tokio::test]
async fn a_call_back_goes_on_with_the_form_and_the_case_and_settles_the_entry_when_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let first = world.answered_call(&mut desk).await;
    desk.types(first, 1, "ada maling, tolong", None).await;
    world.caller_hangs_up(first).await;
    let entry = desk.shows("the entry", |view| listed(view, first)).await;
    assert_eq!(entry.form.narrative.expose(), "ada maling, tolong");
    let number = entry.number.expect("it was answered");

    let call = dials(&world, &mut desk, first).await;
    let shown =
        desk.shows("the call back", |view| view.call.clone().filter(|c| c.call == call)).await;
    assert_eq!(shown.facts.direction, Direction::CallBack);
    assert_eq!(shown.call_back, Some(CallBackId(first)));
    assert_eq!(shown.draft.form.narrative.expose(), "ada maling, tolong");
    assert_eq!(shown.writer, Some(seat("pmj-1")));
    assert_eq!(listed(desk.view.as_ref().unwrap(), first).unwrap().calling, Some(seat("pmj-1")));
    world.saw(SwitchSaw::Answered(LegId::caller(call))).await;
    let talking = |view: &HubView| {
        let shown = view.call.clone().filter(|c| c.call == call)?;
        matches!(shown.phase, Phase::Talking { .. }).then_some(shown)
    };
    let shown = desk.shows("the citizen", talking).await;
    assert_eq!(shown.number, Some(number.clone()), "one case, not two");
    let open = world.store.case(&number).await.unwrap().unwrap();
    desk.types(call, 2, "ada maling, tolong. sudah pergi", None).await;
    let disposition = Disposition::HandledHere;
    desk.tell(ToHub::Close { call, disposition: disposition.clone(), note: String::new() }).await;
    nobody_to_call(&mut desk).await;

    let case = world.store.case(&number).await.unwrap().unwrap();
    assert_eq!((open.call, case.call), (first, first));
    assert_eq!((case.status, case.disposition), (CaseStatus::Closed, Some(disposition)));
    assert_eq!(case.form.narrative.expose(), "ada maling, tolong. sudah pergi");
    assert_eq!(world.store.cases(10).await.unwrap().len(), 1);
    let settled = world.store.call_back(first).await.unwrap().unwrap().settled.unwrap();
    assert_eq!((settled.call, settled.seat), (Some(call), Some(seat("pmj-1"))));
    assert_eq!(settled.operator.unwrap().as_str(), "ratna");
    assert_eq!(world.store.closings(call).await.unwrap().len(), 1);
    world.store.verify_chain().await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_citizen_who_is_not_reached_stays_on_the_list_and_the_next_try_is_the_same_entry() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let mut other = world.desk("budi", "pmj-2").await;
    let first = world.caller().await;
    world.caller_hangs_up(first).await;
    desk.shows("the entry", |view| listed(view, first)).await;
    let tries =
        [(LegCause::Busy, CallBackFailure::Busy), (LegCause::NoAnswer, CallBackFailure::NoAnswer)];
    for (attempts, (cause, why)) in (1..).zip(tries) {
        let call = dials(&world, &mut desk, first).await;
        let taken = other.say(ToHub::CallBack { entry: CallBackId(first) }).await;
        assert_eq!(other.refused(taken).await, ErrorCode::NotNow, "one calls, not two");
        let leg = LegId::caller(call);
        world.saw(SwitchSaw::Ended { leg, cause }).await;
        let tried = |view: &HubView| {
            listed(view, first)
                .filter(|entry| entry.attempts == attempts && entry.calling.is_none())
        };
        let entry = desk.shows("the attempt", tried).await;
        assert_eq!((entry.calls, entry.last_failure), (1, Some(why)));
        desk.shows("no call", |view| view.call.is_none().then_some(())).await;
    }
    // The operator does not wait any longer; once more is once too often, and no harm.
    let call = dials(&world, &mut desk, first).await;
    for _ in 0..2 {
        let disposition = Disposition::NotReached;
        desk.tell(ToHub::Close { call, disposition, note: String::new() }).await;
    }
    world.switch.told(SwitchCommand::End(call)).await;
    let given_up = |view: &HubView| {
        let entry = listed(view, first)?;
        (entry.last_failure == Some(CallBackFailure::GivenUp)).then_some(entry.attempts)
    };
    assert_eq!(desk.shows("who was given up", given_up).await, 3);
    assert_eq!(world.store.cases(10).await.unwrap(), []);
    assert_eq!(world.store.closings(call).await.unwrap(), []);
    // A hub shows before it has stored.
    let stored = async {
        while world.store.open_call_backs().await.unwrap()[0].attempts < 3 {
            tokio::task::yield_now().await;
        }
    };
    within("the last attempt in the store", stored).await;
    // Who has answered is not given up by a key that was pressed too late.
    let call = dials(&world, &mut desk, first).await;
    world.saw(SwitchSaw::Answered(LegId::caller(call))).await;
    let disposition = Disposition::NotReached;
    let late = desk.say(ToHub::Close { call, disposition, note: String::new() }).await;
    assert_eq!(desk.refused(late).await, ErrorCode::NotNow);
    let talks = |view: &HubView| {
        let call = view.call.as_ref().filter(|shown| shown.call == call)?;
        matches!(call.phase, Phase::Talking { .. }).then_some(())
    };
    desk.shows("the citizen", talks).await;
    world.stop().await;
}

#[tokio::test]
async fn nobody_is_called_whom_a_call_could_endanger_and_nobody_of_another_unit() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let mut polres = world.desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut desk).await;
    let form = Form {
        narrative: "suami di sebelahnya".to_owned().into(),
        no_call_back: true,
        ..Form::default()
    };
    desk.tell(ToHub::Draft { call, rev: 1, form }).await;
    world.caller_hangs_up(call).await;
    let entry = desk.shows("the entry", |view| listed(view, call)).await;
    assert!(entry.form.no_call_back);
    let seq = desk.say(ToHub::CallBack { entry: entry.id }).await;
    assert_eq!(desk.refused(seq).await, ErrorCode::NotAllowed);
    let seq = polres.say(ToHub::CallBack { entry: entry.id }).await;
    assert_eq!(polres.refused(seq).await, ErrorCode::NotYours);
    let reason = "diteruskan ke unit PPA".to_owned();
    let seq = polres.say(ToHub::SettleCallBack { entry: entry.id, reason }).await;
    assert_eq!(polres.refused(seq).await, ErrorCode::NotYours);
    let unknown = CallBackId(CallId::from_parts(1, 1));
    let seq = desk.say(ToHub::CallBack { entry: unknown }).await;
    assert_eq!(desk.refused(seq).await, ErrorCode::NotFound);
    world.stop().await;
}

#[tokio::test]
async fn an_entry_is_settled_with_a_reason_and_its_case_waits_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    world.caller_hangs_up(call).await;
    let entry = desk.shows("the entry", |view| listed(view, call)).await;
    let settle =
        |reason: &str| ToHub::SettleCallBack { entry: entry.id, reason: reason.to_owned() };
    let seq = desk.say(settle(" x ")).await;
    assert_eq!(desk.refused(seq).await, ErrorCode::OutOfRange);
    desk.tell(settle("sudah datang ke kantor")).await;
    desk.shows("nobody to call back", |view| view.call_backs.is_empty().then_some(())).await;
    let case = world.store.case(&entry.number.unwrap()).await.unwrap().unwrap();
    assert_eq!((case.status, case.disposition), (CaseStatus::Closed, Some(Disposition::Abandoned)));
    let settled = world.store.call_back(call).await.unwrap().unwrap().settled.unwrap();
    assert_eq!(settled.reason.expose(), "sudah datang ke kantor");
    let events = world.store.events(0, 1_000).await.unwrap();
    let audited = events.iter().filter(|e| e.event.body.contains("call-back-settled")).count();
    assert_eq!(audited, 1);
    assert!(events.iter().all(|e| !e.event.body.contains("datang")), "reasons may be personal");
    world.stop().await;
}

#[tokio::test]
async fn the_owners_later_word_settles_what_the_call_put_on_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let unanswered = {
        desk.tell(ToHub::Pause).await;
        let call = world.caller().await;
        world.caller_hangs_up(call).await;
        desk.tell(ToHub::Ready).await;
        call
    };
    let call = world.answered_call(&mut desk).await;
    world.caller_hangs_up(call).await;
    let twice = |view: &HubView| listed(view, unanswered).filter(|entry| entry.calls == 2);
    desk.shows("the entry", twice).await;
    let prank = Disposition::NotReport { reason: NotReport::Prank };
    desk.tell(ToHub::Close { call, disposition: prank, note: String::new() }).await;
    nobody_to_call(&mut desk).await;
    assert_eq!(world.store.open_call_backs().await.unwrap(), []);
    world.stop().await;
}

#[tokio::test]
async fn whoever_calls_again_and_is_helped_is_called_by_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let first = world.caller().await;
    world.caller_hangs_up(first).await;
    desk.shows("the entry", |view| listed(view, first)).await;
    let again = world.caller().await;
    let seq = desk.say(ToHub::CallBack { entry: CallBackId(first) }).await;
    assert_eq!(desk.refused(seq).await, ErrorCode::NotNow, "they are on the line");
    desk.tell(ToHub::Ready).await;
    world.answer(again, &mut desk).await;
    let disposition = Disposition::Information;
    desk.tell(ToHub::Close { call: again, disposition, note: String::new() }).await;
    nobody_to_call(&mut desk).await;
    world.stop().await;
}

#[tokio::test]
async fn whoever_hangs_up_during_a_transfer_is_listed_with_what_was_typed() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut polres = world.ready_desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut polda).await;
    polda.types(call, 1, "begal di Tebet", Some("pmj.jaksel")).await;
    polda.tell(ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None }).await;
    world.switch.rung(call, "jaksel-1").await;
    world.caller_hangs_up(call).await;
    let entry = polda.shows("the entry", |view| listed(view, call)).await;
    assert_eq!(entry.form.narrative.expose(), "begal di Tebet");
    assert!(entry.number.is_some());
    let idle =
        |view: &HubView| (view.seat.state == SeatState::Ready).then_some(view.call_backs.len());
    assert_eq!(polres.shows("the Polres at rest", idle).await, 0, "it had not answered");
    world.stop().await;
}
