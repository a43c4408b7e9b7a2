//! Lists, searches, a case whole, what is known around a call, and a supervisor's board.

use crate::world::{Desk, World, seat, unit};
use siaga_call_flow::SwitchSaw;
use siaga_hub_api::{
    CaseFilter, CasesQuery, ClientError, ErrorCode, Happening, HubView, SearchQuery, Step, ToHub,
};
use siaga_hub_store::{RecordingRecord, Store, Write};
use siaga_model::{CallId, CaseNumber, CaseStatus, Disposition, FollowUpKind, Timestamp};
use siaga_recording::{FRAME, Recorder, RecorderOptions};

fn refused<T>(result: Result<T, ClientError>) -> ErrorCode {
    match result {
        Err(ClientError::Refused(error)) => error.code,
        Err(other) => panic!("not a refusal: {other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// A call that Jakarta Selatan took over and closed, and the case's number.
async fn handled_by_jaksel(
    world: &mut World,
    polda: &mut Desk,
    jaksel: &mut Desk,
) -> (CallId, CaseNumber) {
    let call = world.answered_call(polda).await;
    polda.types(call, 1, "begal di Tebet", Some("pmj.jaksel")).await;
    let number = world.store.case_of(call).await.unwrap().unwrap().number;
    polda.tell(ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None }).await;
    let leg = world.switch.rung(call, "jaksel-1").await;
    world.saw(SwitchSaw::Answered(leg)).await;
    world.saw(SwitchSaw::Heard(leg)).await;
    let mine = |view: &HubView| {
        view.call.clone().filter(|c| c.call == call && c.writer == Some(seat("jaksel-1")))
    };
    let shown = jaksel.shows("the caller here", mine).await;
    let transfer = shown.transfer.expect("the steps of the transfer");
    let steps: Vec<_> = transfer.steps.iter().map(|step| step.step.clone()).collect();
    let at = || seat("jaksel-1");
    assert_eq!(
        steps,
        [
            Step::Started,
            Step::Ringing { seat: at() },
            Step::Answered { seat: at() },
            Step::Done { seat: at() }
        ]
    );
    assert!(transfer.steps.is_sorted_by_key(|step| step.at));
    let disposition = Disposition::HandledByUnit { unit: unit("pmj.jaksel") };
    jaksel.tell(ToHub::Close { call, disposition, note: "unit meluncur".to_owned() }).await;
    (call, number)
}

async fn finds(desk: &Desk, text: &str) -> usize {
    let query = SearchQuery { text: text.to_owned().into(), from: 0, count: 50 };
    desk.client.search(&query).await.unwrap().hits.len()
}

#[tokio::test]
async fn a_unit_lists_finds_and_opens_its_own_cases_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut jaksel = world.ready_desk("budi", "jaksel-1").await;
    let depok = world.desk("joko", "depok-1").await;
    let before = polda.view.as_ref().unwrap().cases_rev;
    let (_, number) = handled_by_jaksel(&mut world, &mut polda, &mut jaksel).await;
    polda.shows("that cases have changed", |view| (view.cases_rev > before).then_some(())).await;
    let query = CasesQuery { count: 50, ..CasesQuery::default() };
    for (desk, sees) in [(&polda, 1), (&jaksel, 1), (&depok, 0)] {
        assert_eq!(desk.client.case_list(&query).await.unwrap().rows.len(), sees);
        assert_eq!(finds(desk, "begal teb").await, sees);
        assert_eq!(finds(desk, "meluncur").await, sees, "the note of the closing");
    }
    let mine = CasesQuery { filter: CaseFilter::Mine, count: 50, ..CasesQuery::default() };
    assert_eq!(polda.client.case_list(&mine).await.unwrap().total, 1);
    assert_eq!(jaksel.client.case_list(&mine).await.unwrap().total, 0);
    assert_eq!(refused(depok.client.case_file(&number).await), ErrorCode::NotAllowed);
    let long = SearchQuery { text: "a".repeat(201).into(), from: 0, count: 1 };
    assert_eq!(refused(polda.client.search(&long).await), ErrorCode::OutOfRange);
    world.stop().await;
}

#[tokio::test]
async fn a_case_tells_everything_that_happened_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut jaksel = world.ready_desk("budi", "jaksel-1").await;
    let (call, number) = handled_by_jaksel(&mut world, &mut polda, &mut jaksel).await;
    let file = jaksel.client.case_file(&number).await.unwrap();
    assert_eq!(file.case.number, number);
    assert_eq!(file.calls.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [call]);
    assert!(file.timeline.is_sorted_by_key(|item| item.at));
    let place = |what: fn(&Happening) -> bool| {
        file.timeline.iter().position(|item| what(&item.happening)).expect("it happened")
    };
    let order = [
        place(|h| matches!(h, Happening::Arrived)),
        place(|h| matches!(h, Happening::Answered { .. })),
        place(|h| matches!(h, Happening::TransferStarted { .. })),
        place(|h| matches!(h, Happening::TransferDone { heard: true, .. })),
        place(|h| matches!(h, Happening::Ended { .. })),
    ];
    assert!(order.is_sorted(), "{:?}", file.timeline);
    let closed = file.timeline.iter().find_map(|item| match &item.happening {
        Happening::Closed { note, .. } => Some(note.expose().as_str()),
        _ => None,
    });
    assert_eq!(closed, Some("unit meluncur"));
    place(|h| matches!(h, Happening::Edited { .. }));
    world.stop().await;
}

#[tokio::test]
async fn a_unit_follows_a_case_up_until_it_is_closed_and_others_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut jaksel = world.ready_desk("budi", "jaksel-1").await;
    let mut depok = world.desk("joko", "depok-1").await;
    let (_, number) = handled_by_jaksel(&mut world, &mut polda, &mut jaksel).await;
    let says = |kind, text: &str| ToHub::FollowUp {
        number: number.clone(),
        kind,
        text: text.to_owned().into(),
    };
    let of_another = depok.say(says(FollowUpKind::OnTheWay, "")).await;
    assert_eq!(depok.refused(of_another).await, ErrorCode::NotYours);
    let wordless = jaksel.say(says(FollowUpKind::Closed, " ")).await;
    assert_eq!(jaksel.refused(wordless).await, ErrorCode::OutOfRange);

    jaksel.tell(says(FollowUpKind::OnTheWay, "")).await;
    let listed = jaksel.client.cases().await.unwrap();
    assert!(listed.iter().any(|case| case.number == number), "the case to act on");
    assert_eq!(world.store.case(&number).await.unwrap().unwrap().status, CaseStatus::WithUnit);
    jaksel.tell(says(FollowUpKind::Closed, "pelaku diamankan")).await;
    assert_eq!(world.store.case(&number).await.unwrap().unwrap().status, CaseStatus::Closed);
    let file = polda.client.case_file(&number).await.unwrap();
    let done: Vec<_> = file
        .timeline
        .iter()
        .filter_map(|item| match &item.happening {
            Happening::FollowedUp { kind, operator, .. } => Some((*kind, operator.as_str())),
            _ => None,
        })
        .collect();
    let by = "Bripka budi";
    assert_eq!(done, [(FollowUpKind::OnTheWay, by), (FollowUpKind::Closed, by)]);
    world.stop().await;
}

#[tokio::test]
async fn a_recording_is_heard_by_those_who_may_and_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut jaksel = world.ready_desk("budi", "jaksel-1").await;
    let depok = world.desk("joko", "depok-1").await;
    let (call, number) = handled_by_jaksel(&mut world, &mut polda, &mut jaksel).await;
    let path = dir.path().join("rekaman.opus");
    let options = RecorderOptions { call, started_at: Timestamp(1_000) };
    let mut recorder = Recorder::create(&path, options).unwrap();
    for n in 0..50_usize {
        let loud = [if n < 25 { 12_000 } else { 0 }; FRAME];
        recorder.write(&loud, &[0; FRAME]).unwrap();
    }
    let seal = recorder.finish().unwrap();
    let record = RecordingRecord {
        call,
        number: None,
        file: path.to_string_lossy().into_owned(),
        starts_at: seal.starts_at,
        seconds: seal.seconds,
        channels: seal.channels,
        sha256: seal.sha256.clone(),
    };
    world.store.apply(&[Write::Recording(record)]).await.unwrap();

    assert_eq!(refused(depok.client.audio(&seal.sha256).await), ErrorCode::NotAllowed);
    assert_eq!(refused(depok.client.peaks(&seal.sha256).await), ErrorCode::NotAllowed);
    assert_eq!(refused(polda.client.audio("00").await), ErrorCode::NotFound);
    assert_eq!(jaksel.client.audio(&seal.sha256).await.unwrap(), std::fs::read(&path).unwrap());
    let peaks = jaksel.client.peaks(&seal.sha256).await.unwrap();
    assert_eq!(peaks.caller.len(), peaks.operator.len());
    let (first, last) = peaks.caller.split_at(peaks.caller.len() / 2);
    assert!(first.iter().max() > Some(&20) && last[2..].iter().all(|bar| *bar < 20), "{peaks:?}");

    // Written down with who heard it; a refusal leaves no trace as a listening.
    jaksel.tell(ToHub::Pause).await;
    let file = polda.client.case_file(&number).await.unwrap();
    assert_eq!(file.recordings.len(), 1);
    let heard: Vec<_> = file
        .timeline
        .iter()
        .filter_map(|item| match &item.happening {
            Happening::Heard { seat, .. } => Some(seat.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(heard, ["jaksel-1"]);
    world.stop().await;
}

#[tokio::test]
async fn a_desk_is_told_of_the_earlier_calls_of_the_number_that_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let depok = world.desk("joko", "depok-1").await;
    let first = world.caller_from("0812-0000-1101").await;
    world.answer(first, &mut polda).await;
    polda.types(first, 1, "banjir", None).await;
    let close =
        |call| ToHub::Close { call, disposition: Disposition::HandledHere, note: String::new() };
    polda.tell(close(first)).await;
    polda.tell(ToHub::Ready).await;
    let second = world.caller_from("+6281200001101").await;
    world.answer(second, &mut polda).await;
    // Acknowledged: everything before it is stored, the call too.
    polda.types(second, 1, "masih banjir", None).await;
    let about = polda.client.about(second).await.unwrap();
    assert_eq!(about.earlier.iter().map(|call| call.call).collect::<Vec<_>>(), [first]);
    assert_eq!((about.reputation.calls, about.reputation.reports), (1, 1));
    let [recent] = &about.recent[..] else { panic!("{:?}", about.recent) };
    assert!(recent.same_number && recent.disposition == Some(Disposition::HandledHere));
    assert_eq!(recent.narrative.expose(), "banjir");
    assert_eq!((about.days.len(), about.days.iter().sum::<u32>()), (14, 2), "this one counts");
    assert_eq!(refused(depok.client.about(second).await), ErrorCode::NotAllowed);
    assert!(polda.client.odds().await.unwrap().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_supervisor_sees_the_room_and_an_operator_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let mut supervisor = world.desk("sari", "pmj-2").await;
    let call = world.answered_call(&mut polda).await;
    polda.types(call, 1, "kebakaran", None).await;
    let waiting = world.caller().await;
    let board = supervisor
        .shows("the call and who waits", |view| {
            let board = view.board.clone()?;
            let typed = board.seats.iter().any(|seat| {
                seat.call.as_ref().is_some_and(|call| call.narrative.expose() == "kebakaran")
            });
            (typed && board.waiting.len() == 1).then_some(board)
        })
        .await;
    assert_eq!(board.waiting[0].call, waiting);
    let at = |id: &str| board.seats.iter().find(|at| at.seat == seat(id)).unwrap();
    assert_eq!(at("pmj-1").operator.as_deref(), Some("Bripka ratna"));
    assert!(at("pmj-1").call.as_ref().unwrap().answered_at.is_some());
    assert!(at("depok-1").call.is_none(), "the seats of units below are there");
    assert!(polda.view.as_ref().unwrap().board.is_none());
    let since = polda.shows("that somebody waits", |view| view.waiting_since).await;
    assert_eq!(since, board.waiting[0].since);
    world.stop().await;
}
