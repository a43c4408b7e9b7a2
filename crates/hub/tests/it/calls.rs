//! Calls, from the answer to what is in the store afterwards.

use crate::world::{World, seat, unit};
use siaga_call_flow::{FlowEvent, SwitchCommand, SwitchSaw};
use siaga_hub::HubNews;
use siaga_hub_api::{HubView, Phase, ToDesk, ToHub};
use siaga_hub_store::Store;
use siaga_model::{
    Advice, CallId, CaseStatus, Disposition, EndedBy, LegCause, LegId, NotReport, Priority,
    ReclaimCause, SeatState, Validity, Verdict,
};
use siaga_switch::{LegReport, RecordingReport, SwitchEvent};
use std::collections::BTreeSet;

fn close(call: CallId, disposition: Disposition) -> ToHub {
    ToHub::Close { call, disposition, note: "catatan".to_owned() }
}

#[tokio::test]
async fn a_question_is_answered_closed_and_in_the_store_when_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "tanya SIM", None).await;
    desk.tell(close(call, Disposition::Information)).await;
    // Acknowledged means stored: nothing is waited for here.
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!(case.status, CaseStatus::Closed);
    assert_eq!(case.disposition, Some(Disposition::Information));
    assert_eq!(case.form.narrative.expose(), "tanya SIM");
    let closings = world.store.closings(call).await.unwrap();
    assert_eq!(closings.len(), 1);
    assert_eq!((closings[0].seat.as_str(), closings[0].operator.as_str()), ("pmj-1", "ratna"));
    assert_eq!(closings[0].note.expose(), "catatan");
    world.switch.told(SwitchCommand::End(call)).await;
    assert_eq!(desk.client.case(&case.number).await.unwrap(), case);
    desk.shows("no call", |view| view.call.is_none().then_some(())).await;
    world.stop().await;
}

#[tokio::test]
async fn the_polres_sees_the_form_as_soon_as_it_is_picked_and_before_it_rings() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut jaksel = world.ready_desk("budi", "jaksel-1").await;
    let mut depok = world.ready_desk("joko", "depok-1").await;
    let call = world.answered_call(&mut polda).await;
    polda.types(call, 1, "kebakaran di", None).await;
    polda.types(call, 2, "kebakaran di Tebet", Some("pmj.jaksel")).await;
    let announced =
        |view: &HubView| view.announced.iter().find(|shown| shown.call == call).cloned();
    let shown = jaksel.shows("the announced form", announced).await;
    assert_eq!(shown.draft.form.narrative.expose(), "kebakaran di Tebet");
    assert!(matches!(shown.phase, Phase::Talking { .. }), "{:?}", shown.phase);
    // Typing goes on and is seen there.
    polda.types(call, 3, "kebakaran di Tebet, ada korban", Some("pmj.jaksel")).await;
    jaksel.shows("what is typed on", |view| announced(view).filter(|c| c.draft.rev == 3)).await;
    // The operator thinks again: the other Polres sees it, the first one no longer.
    polda.types(call, 4, "kebakaran di Depok", Some("pmj.depok")).await;
    depok.shows("the announced form", announced).await;
    jaksel.shows("nothing", |view| view.announced.is_empty().then_some(())).await;
    let rang = jaksel.view.as_ref().unwrap().call.is_some();
    assert!(!rang, "it must not have rung");
    world.stop().await;
}

#[tokio::test]
async fn the_polres_that_takes_the_caller_writes_and_closes_the_same_case() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut polres = world.ready_desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut polda).await;
    polda.types(call, 1, "begal di Tebet", Some("pmj.jaksel")).await;
    let number = world.store.case_of(call).await.unwrap().unwrap().number;
    let transfer = ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None };
    polda.tell(transfer).await;
    let leg = world.switch.rung(call, "jaksel-1").await;
    let ringing = |view: &HubView| view.call.clone().filter(|shown| shown.call == call);
    let shown = polres.shows("the ringing call", ringing).await;
    assert_eq!(shown.draft.form.narrative.expose(), "begal di Tebet");
    assert_eq!(shown.writer, Some(seat("pmj-1")));
    world.saw(SwitchSaw::Answered(leg)).await;
    world.saw(SwitchSaw::Heard(leg)).await;
    let mine = |view: &HubView| ringing(view).filter(|c| c.writer == Some(seat("jaksel-1")));
    let shown = polres.shows("the caller here", mine).await;
    assert_eq!(shown.number, Some(number.clone()));
    polres.types(call, 2, "begal di Tebet, unit meluncur", Some("pmj.jaksel")).await;
    polres.tell(close(call, Disposition::HandledByUnit { unit: unit("pmj.jaksel") })).await;
    let case = world.store.case(&number).await.unwrap().unwrap();
    assert_eq!(case.unit, Some(unit("pmj.jaksel")));
    assert_eq!(case.status, CaseStatus::Closed);
    assert_eq!(case.opened_by, seat("pmj-1"));
    assert_eq!(case.form.narrative.expose(), "begal di Tebet, unit meluncur");
    world.stop().await;
}

#[tokio::test]
async fn a_colleague_who_is_asked_goes_on_writing_the_same_case_of_the_same_unit() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut asker = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut asker).await;
    asker.types(call, 1, "begal di Tebet", Some("pmj.jaksel")).await;
    let ask = ToHub::Transfer { call, unit: unit("pmj"), handover: None };

    // Nobody else sits there: nothing has changed but that the operator is told why.
    asker.tell(ask.clone()).await;
    let cause = |view: &HubView| match &view.call.as_ref()?.phase {
        Phase::Talking { reclaimed, .. } => reclaimed.clone(),
        _ => None,
    };
    let back = asker.shows("that nobody is there", cause).await;
    assert_eq!((back.cause, back.unit), (ReclaimCause::Unregistered, unit("pmj")));

    let mut colleague = world.ready_desk("sari", "pmj-2").await;
    asker.tell(ask).await;
    let leg = world.switch.rung(call, "pmj-2").await;
    let here = |view: &HubView| view.call.clone().filter(|shown| shown.call == call);
    let shown = colleague.shows("the ringing call", here).await;
    assert_eq!(shown.draft.form.narrative.expose(), "begal di Tebet");
    assert_eq!(shown.writer, Some(seat("pmj-1")));
    world.saw(SwitchSaw::Answered(leg)).await;
    world.saw(SwitchSaw::Heard(leg)).await;
    let mine = |view: &HubView| here(view).filter(|call| call.writer == Some(seat("pmj-2")));
    colleague.shows("the caller here", mine).await;
    let paused = |view: &HubView| {
        (view.call.is_none() && view.seat.state == SeatState::Paused).then_some(())
    };
    asker.shows("no call, and no other one", paused).await;

    colleague.types(call, 2, "begal di Tebet, dua motor", Some("pmj.jaksel")).await;
    colleague.tell(close(call, Disposition::HandledHere)).await;
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.unit, case.status), (Some(unit("pmj")), CaseStatus::Closed));
    assert_eq!(case.opened_by, seat("pmj-1"));
    assert_eq!(case.form.narrative.expose(), "begal di Tebet, dua motor");
    assert_eq!(case.form.unit, Some(unit("pmj.jaksel")));
    let closings = world.store.closings(call).await.unwrap();
    assert_eq!((closings[0].seat.as_str(), closings[0].operator.as_str()), ("pmj-2", "sari"));
    world.stop().await;
}

#[tokio::test]
async fn caller_is_back_with_polda_when_polres_is_busy_and_the_polres_gets_the_case() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let polres = world.ready_desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut polda).await;
    polda.types(call, 1, "begal", Some("pmj.jaksel")).await;
    let transfer = ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None };
    polda.tell(transfer).await;
    let leg = world.switch.rung(call, "jaksel-1").await;
    world.saw(SwitchSaw::Ended { leg, cause: LegCause::Busy }).await;
    let cause = polda
        .shows("the reclaim", |view| match &view.call.as_ref()?.phase {
            Phase::Talking { reclaimed, .. } => reclaimed.as_ref().map(|back| back.cause),
            _ => None,
        })
        .await;
    assert_eq!(cause, ReclaimCause::Busy);
    let forwarded = Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") };
    polda.tell(close(call, forwarded.clone())).await;
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!(case.status, CaseStatus::WithUnit);
    assert_eq!(case.disposition, Some(forwarded));
    assert_eq!(polres.client.cases().await.unwrap(), [case]);
    world.stop().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_on_the_call_back_list_until_the_operator_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    world.caller_hangs_up(call).await;
    desk.finds(call, CaseStatus::CallBack).await;
    let ended = |view: &HubView| match &view.call.as_ref()?.phase {
        Phase::Ended { by: EndedBy::Caller, .. } => Some(()),
        _ => None,
    };
    desk.shows("the call to dispose of", ended).await;
    desk.tell(close(call, Disposition::NotReport { reason: NotReport::Prank })).await;
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!(case.status, CaseStatus::Closed);
    desk.shows("no call", |view| view.call.is_none().then_some(())).await;
    world.stop().await;
}

#[tokio::test]
async fn a_verdict_an_override_and_the_operators_priority_decide_what_the_case_says() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "halo halo", None).await;
    let verdict = Verdict {
        validity: Validity::NotValid,
        priority: Priority::P4,
        ..Verdict::treat_as_valid()
    };
    let advice = Advice {
        draft_rev: 1,
        verdict,
        destinations: Vec::new(),
        faults: Vec::new(),
        at: world.now(),
    };
    desk.tell(ToHub::Advice { call, advice: advice.clone() }).await;
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.validity, case.priority), (Validity::NotValid, Priority::P4));
    assert_eq!(world.store.advice(call).await.unwrap(), [advice]);
    let reason = "suara minta tolong di latar".to_owned();
    desk.tell(ToHub::Override { call, validity: Validity::Valid, reason }).await;
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!((case.validity, case.priority), (Validity::Valid, Priority::P4));
    assert_eq!(world.store.overrides(call).await.unwrap().len(), 1);
    // Its desk says so, and not what the plugin had said.
    let decided = |view: &HubView| view.call.as_ref()?.overridden;
    assert_eq!(desk.shows("the operator's word", decided).await, Validity::Valid);
    world.stop().await;
}

#[tokio::test]
async fn a_late_draft_of_an_older_revision_is_acknowledged_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 5, "lima", None).await;
    desk.types(call, 4, "empat", None).await;
    let kept = world.store.draft(call).await.unwrap().unwrap();
    assert_eq!((kept.rev, kept.form.narrative.expose().as_str()), (5, "lima"));
    world.stop().await;
}

#[tokio::test]
async fn a_seat_that_has_used_up_its_numbers_gets_more_and_none_is_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut first = world.ready_desk("ratna", "pmj-1").await;
    let mut second = world.ready_desk("budi", "pmj-2").await;
    let mut numbers = BTreeSet::new();
    for _ in 0..25 {
        // The longest idle seat rings, so the two take turns; the first one uses up its block.
        for desk in [&mut first, &mut second] {
            let call = world.answered_call(desk).await;
            desk.tell(close(call, Disposition::Information)).await;
            desk.tell(ToHub::Ready).await;
            let case = world.store.case_of(call).await.unwrap().unwrap();
            assert!(numbers.insert(case.number.clone()), "{} was given twice", case.number);
        }
    }
    assert_eq!(numbers.len(), 50);
    let more = |message: &ToDesk| matches!(message, ToDesk::Cases(_));
    assert!(first.received.iter().any(more) && second.received.iter().any(more));
    let asked = first.say(ToHub::LeaseCases).await;
    first.acked(asked).await;
    world.stop().await;
}

#[tokio::test]
async fn legs_recordings_and_the_event_log_are_complete_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut news = world.hub.events();
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.tell(close(call, Disposition::HandledHere)).await;
    let leg = LegReport {
        leg: LegId::caller(call),
        seat: None,
        codec: "opus/48000".to_owned(),
        user_agent: "Telepon".to_owned(),
        joined_at: Some(world.now()),
        left_at: world.now(),
        cause: LegCause::Released,
        packets_received: 500,
        packets_lost: 3,
    };
    let recording = RecordingReport {
        call,
        file: dir.path().join("rekaman.opus"),
        starts_at: world.now(),
        seconds: 10.0,
        channels: 2,
        sha256: "ab".repeat(32),
    };
    world.event(SwitchEvent::LegClosed(leg)).await;
    world.event(SwitchEvent::Recorded(recording.clone())).await;
    let mut flow = Vec::new();
    loop {
        match crate::world::within("news", news.recv()).await.unwrap() {
            HubNews::Flow { event, .. } => flow.push(event),
            HubNews::Recording(report) => {
                assert_eq!(report, recording);
                break;
            }
            HubNews::CaseOpened { .. }
            | HubNews::Leg(_)
            | HubNews::RecordingTrouble { .. }
            | HubNews::Dtmf { .. } => {}
        }
    }
    // Everything before an acknowledgement is stored.
    desk.tell(ToHub::Pause).await;
    let listed = desk.client.recordings().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].sha256, recording.sha256);
    assert_eq!(listed[0].file, "rekaman.opus");
    assert!(listed[0].number.is_some());
    assert_eq!(world.store.legs(call).await.unwrap().len(), 1);

    let events = world.store.events(0, 1_000).await.unwrap();
    let stored: Vec<FlowEvent> =
        events.iter().filter_map(|event| serde_json::from_str(&event.event.body).ok()).collect();
    assert_eq!(stored[..flow.len()], flow[..], "the log tells what the news told");
    let of_call: Vec<_> = events
        .iter()
        .filter(|event| event.event.call == Some(call))
        .map(|event| {
            let body: serde_json::Value = serde_json::from_str(&event.event.body).unwrap();
            body["event"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        of_call,
        ["caller-arrived", "seat-ringing", "answered", "case-opened", "ended", "recording-sealed"]
    );
    assert!(events.iter().all(|event| !event.event.body.contains("0812")), "no personal data");
    assert_eq!(world.store.verify_chain().await.unwrap(), events.len() as u64);
    world.stop().await;
}

#[tokio::test]
async fn a_lost_switch_ends_its_calls_on_the_call_back_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    world.saw(SwitchSaw::Lost).await;
    desk.finds(call, CaseStatus::CallBack).await;
    world.stop().await;
}
