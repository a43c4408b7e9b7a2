//! What every store must do. Each function takes a fresh, empty store.

pub(crate) use crate::lists::*;
use siaga_hub_store::{
    CallBackRecord, CallEnd, Closing, EventRecord, KeptCall, LegRecord, OpenSession, Operator,
    OperatorName, OverrideRecord, PasswordHash, RecordingRecord, SessionRecord, SettledCallBack,
    Store, StoreError, StoredDraft, TokenHash, Write,
};
use siaga_model::{
    Advice, CallBackFailure, CallFacts, CallId, Caller, CallerStatus, Case, CaseNumber, CaseStatus,
    Disposition, EndedBy, Form, LegCause, LegId, Level, PluginRef, Priority, Redacted, Role, Seat,
    SeatId, Timestamp, Unit, UnitId, Validity, Verdict,
};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) fn call(n: u128) -> CallId {
    CallId::from_parts(1_795_000_000_000, n)
}

fn seat(id: &str) -> SeatId {
    id.parse().unwrap()
}

fn unit(id: &str) -> UnitId {
    id.parse().unwrap()
}

fn arrived(n: u128) -> Write {
    let facts = CallFacts { arrived_at: Timestamp(1_000), ..CallFacts::default() };
    Write::CallArrived { call: call(n), facts }
}

pub(crate) fn event(n: i64) -> Write {
    let body = format!("{{\"event\":\"test\",\"n\":{n}}}");
    Write::Event(EventRecord { at: Timestamp(n), call: Some(call(1)), body })
}

fn case(n: u128, running: u32, opened_at: i64) -> Case {
    Case {
        number: CaseNumber::new("PMJ", 261_123, running).unwrap(),
        call: call(n),
        form: Form::default(),
        validity: Validity::Valid,
        priority: Priority::P2,
        unit: Some(unit("pmj")),
        disposition: None,
        status: CaseStatus::Open,
        opened_by: seat("pmj-1"),
        opened_at: Timestamp(opened_at),
        closed_at: None,
    }
}

fn draft(by: &str, rev: u64, narrative: &str) -> StoredDraft {
    StoredDraft {
        call: call(1),
        seat: seat(by),
        rev,
        form: Form { narrative: narrative.to_owned().into(), ..Form::default() },
        at: Timestamp(2_000),
    }
}

async fn operator() -> Operator {
    Operator {
        name: OperatorName::new("85010101").unwrap(),
        display: "Bripka Ratna".to_owned(),
        seats: vec![seat("pmj-1")],
        role: Role::Supervisor,
        password: PasswordHash::of("kata sandi".to_owned().into()).await.unwrap(),
    }
}

async fn with_units<S: Store>(store: &S) {
    let polda = Unit {
        id: unit("pmj"),
        name: "Polda Metro Jaya".to_owned(),
        code: "PMJ".to_owned(),
        level: Level::Polda,
        parent: None,
    };
    let at = Seat { id: seat("pmj-1"), unit: unit("pmj"), label: "Meja 1".to_owned() };
    store.put_units(std::slice::from_ref(&polda), std::slice::from_ref(&at)).await.unwrap();
    assert_eq!(store.units().await.unwrap(), (vec![polda], vec![at]));
}

pub(crate) async fn an_operator_is_replaced_by_one_of_the_same_name<S: Store>(store: S) {
    let first = operator().await;
    assert_eq!(store.operator(&first.name).await.unwrap(), None);
    store.put_operator(&first).await.unwrap();
    let second = Operator { display: "Aiptu Ratna".to_owned(), ..first.clone() };
    store.put_operator(&second).await.unwrap();
    assert_eq!(store.operator(&first.name).await.unwrap(), Some(second));
}

pub(crate) async fn a_session_ends_once<S: Store>(store: S) {
    with_units(&store).await;
    let operator = operator().await;
    store.put_operator(&operator).await.unwrap();
    let token = TokenHash::of(&Redacted::new("token".to_owned()));
    let session = SessionRecord {
        token: token.clone(),
        operator: operator.name,
        seat: seat("pmj-1"),
        opened_at: Timestamp(1),
    };
    store.open_session(&session).await.unwrap();
    let doubled = store.open_session(&session).await;
    assert!(matches!(doubled, Err(StoreError::Conflict(_))), "{doubled:?}");
    let open = OpenSession {
        session,
        display: operator.display,
        role: Role::Supervisor,
        taken: 0,
        wants_calls: false,
    };
    assert_eq!(store.open_sessions().await.unwrap(), [open]);
    let ended = |at| Write::SessionEnded { token: token.clone(), at: Timestamp(at) };
    store.apply(&[ended(2)]).await.unwrap();
    store.apply(&[ended(3)]).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), []);
}

pub(crate) async fn a_session_knows_what_was_taken_of_its_desk<S: Store>(store: S) {
    with_units(&store).await;
    let operator = operator().await;
    store.put_operator(&operator).await.unwrap();
    let token = TokenHash::of(&Redacted::new("token".to_owned()));
    let opened_at = Timestamp(1);
    let session = SessionRecord {
        token: token.clone(),
        operator: operator.name,
        seat: seat("pmj-1"),
        opened_at,
    };
    store.open_session(&session).await.unwrap();
    let taken = |seq| Write::Taken { token: token.clone(), seq };
    let wants = |calls| Write::Wants { token: token.clone(), calls };
    store.apply(&[taken(3), wants(true), taken(2)]).await.unwrap();
    let open = store.open_sessions().await.unwrap();
    assert_eq!((open[0].taken, open[0].wants_calls), (3, true));
    // A batch that fails takes the number back with it.
    assert!(store.apply(&[taken(4), arrived(1), arrived(1)]).await.is_err());
    store.apply(&[wants(false)]).await.unwrap();
    let open = store.open_sessions().await.unwrap();
    assert_eq!((open[0].taken, open[0].wants_calls), (3, false));
}

fn entry(n: u128, number: Option<&str>, first_at: i64) -> CallBackRecord {
    CallBackRecord {
        id: call(n),
        number: number.map(|number| Redacted::new(number.to_owned())),
        caller: Caller {
            number: number.unwrap_or_default().to_owned().into(),
            status: CallerStatus::Verified,
        },
        unit: unit("pmj"),
        form: Form { narrative: "tolong".to_owned().into(), ..Form::default() },
        cases: vec![CaseNumber::new("PMJ", 261_123, 7).unwrap()],
        last_call: call(n),
        first_at: Timestamp(first_at),
        last_at: Timestamp(first_at),
        calls: 1,
        attempts: 0,
        last_failure: None,
        settled: None,
    }
}

pub(crate) async fn a_number_has_one_open_entry_and_withheld_ones_have_one_a_call<S: Store>(
    store: S,
) {
    let first = entry(1, Some("081200001101"), 20);
    let withheld = [entry(2, None, 10), entry(3, None, 30)];
    let put = |entry: &CallBackRecord| Write::CallBack(entry.clone());
    store.apply(&[put(&first), put(&withheld[0]), put(&withheld[1])]).await.unwrap();
    let doubled = store.apply(&[put(&entry(4, Some("081200001101"), 40))]).await;
    assert!(matches!(doubled, Err(StoreError::Conflict(_))), "{doubled:?}");
    let again = CallBackRecord {
        last_call: call(5),
        last_at: Timestamp(50),
        calls: 2,
        attempts: 1,
        last_failure: Some(CallBackFailure::Unreachable),
        ..first.clone()
    };
    store.apply(&[put(&again)]).await.unwrap();
    let open = store.open_call_backs().await.unwrap();
    assert_eq!(open, [withheld[0].clone(), again.clone(), withheld[1].clone()]);
    let settled = SettledCallBack {
        at: Timestamp(60),
        seat: Some(seat("pmj-1")),
        operator: OperatorName::new("85010101"),
        call: Some(call(6)),
        reason: "sudah ditangani".to_owned().into(),
    };
    let settled = CallBackRecord { settled: Some(settled), ..again };
    store.apply(&[put(&settled), put(&entry(7, Some("081200001101"), 70))]).await.unwrap();
    assert_eq!(store.call_back(call(1)).await.unwrap(), Some(settled));
    assert_eq!(store.call_back(call(4)).await.unwrap(), None);
    let open: Vec<_> =
        store.open_call_backs().await.unwrap().iter().map(|entry| entry.id).collect();
    assert_eq!(open, [call(2), call(3), call(7)]);
}

pub(crate) async fn a_call_back_goes_on_with_the_case_of_the_call_before_it<S: Store>(store: S) {
    let number = case(1, 7, 10).number;
    let typed =
        |n, rev, text| Write::Draft(StoredDraft { call: call(n), ..draft("pmj-1", rev, text) });
    let recorded = RecordingRecord {
        call: call(2),
        number: None,
        file: "kembali.opus".to_owned(),
        starts_at: Timestamp(10),
        seconds: 1.0,
        channels: 2,
        sha256: "ef".repeat(32),
    };
    let batch = [
        arrived(1),
        Write::CaseOpened(case(1, 7, 10)),
        typed(1, 9, "tolong"),
        arrived(2),
        Write::CaseContinued { call: call(2), number: number.clone() },
        typed(2, 2, "tolong, di Tebet"),
        Write::Recording(recorded.clone()),
        Write::Recording(recorded),
    ];
    store.apply(&batch).await.unwrap();
    let continued = store.case_of(call(2)).await.unwrap().unwrap();
    assert_eq!(continued.number, number);
    assert_eq!(continued.form.narrative.expose(), "tolong, di Tebet");
    assert_eq!(store.case_of(call(1)).await.unwrap().unwrap(), continued);
    // What the first call's desk still had is kept, and does not undo what was typed since.
    store.apply(&[typed(1, 10, "tolong!")]).await.unwrap();
    assert_eq!(store.case(&number).await.unwrap().unwrap(), continued);
    assert_eq!(store.draft(call(1)).await.unwrap().unwrap().rev, 10);
    assert_eq!(store.recording_files().await.unwrap(), ["kembali.opus"]);
    let recordings = store.recordings(None, 10).await.unwrap();
    assert_eq!(recordings.len(), 1, "a recording that was found again is the same one");
    assert_eq!(recordings[0].number, Some(number));
}

pub(crate) async fn what_came_late_is_kept_and_changes_no_form<S: Store>(store: S) {
    let typed = |by: &str, rev, text: &str| draft(by, rev, text);
    let batch = [
        arrived(1),
        Write::CaseOpened(case(1, 7, 10)),
        Write::Draft(typed("pmj-1", 3, "kebakaran")),
        Write::LateDraft(typed("pmj-1", 8, "kebakaran di Tebet")),
        Write::LateDraft(typed("pmj-1", 7, "kebakaran di")),
    ];
    store.apply(&batch).await.unwrap();
    let late = store.late_drafts(call(1)).await.unwrap();
    assert_eq!(late, [typed("pmj-1", 8, "kebakaran di Tebet")]);
    assert_eq!(store.draft(call(1)).await.unwrap(), Some(typed("pmj-1", 3, "kebakaran")));
    let stored = store.case_of(call(1)).await.unwrap().unwrap();
    assert_eq!(stored.form.narrative.expose(), "kebakaran");
}

pub(crate) async fn calls_that_were_cut_off_and_the_last_that_ended_are_found_again<S: Store>(
    store: S,
) {
    let end = |n: u128| CallEnd {
        call: call(n),
        by: EndedBy::Caller,
        disposition: Disposition::Abandoned,
        at: Timestamp(2_000 + i64::try_from(n).unwrap()),
    };
    let batch = [
        arrived(1),
        arrived(2),
        arrived(3),
        arrived(4),
        Write::Writer { call: call(2), seat: seat("jaksel-1") },
        Write::CallEnded(end(1)),
        Write::CallEnded(end(3)),
        Write::CallEnded(end(4)),
    ];
    store.apply(&batch).await.unwrap();
    let kept = store.kept_calls(2).await.unwrap();
    let facts = CallFacts { arrived_at: Timestamp(1_000), ..CallFacts::default() };
    let of = |n, writer: Option<&str>, ended| KeptCall {
        call: call(n),
        facts: facts.clone(),
        writer: writer.map(seat),
        ended,
    };
    let wanted =
        [of(2, Some("jaksel-1"), None), of(3, None, Some(end(3))), of(4, None, Some(end(4)))];
    assert_eq!(kept, wanted);
}

async fn open_calls<S: Store>(store: &S) -> Vec<CallId> {
    let kept = store.kept_calls(0).await.unwrap();
    kept.into_iter().map(|kept| kept.call).collect()
}

pub(crate) async fn no_number_is_leased_twice<S: Store>(store: S) {
    let store = Arc::new(store);
    let leases = (0..8).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let by = seat(&format!("pmj-{n}"));
            store.lease_numbers("PMJ", 261_123, &by, 20, Timestamp(1)).await.unwrap()
        })
    });
    let mut numbers = BTreeSet::new();
    for lease in leases.collect::<Vec<_>>() {
        let lease = lease.await.unwrap();
        assert_eq!(lease.last - lease.first + 1, 20);
        numbers.extend(lease.first..=lease.last);
    }
    assert_eq!(numbers, (1..=160).collect());
    let next_day = store.lease_numbers("PMJ", 261_124, &seat("pmj-1"), 20, Timestamp(2)).await;
    assert_eq!(next_day.unwrap().first, 1);
    let other = store.lease_numbers("JBR", 261_123, &seat("pmj-1"), 20, Timestamp(2)).await;
    assert_eq!(other.unwrap().first, 1);
}

pub(crate) async fn a_batch_is_stored_whole_or_not_at_all<S: Store>(store: S) {
    store.apply(&[arrived(1), Write::CaseOpened(case(1, 7, 10))]).await.unwrap();
    let doubled_number = [event(1), arrived(2), Write::CaseOpened(case(2, 7, 20))];
    let refused = store.apply(&doubled_number).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(open_calls(&store).await, [call(1)]);
    assert_eq!(store.events(0, 10).await.unwrap(), []);
}

pub(crate) async fn the_last_draft_wins_and_an_older_one_changes_nothing<S: Store>(store: S) {
    let typed = |rev, text| Write::Draft(draft("pmj-1", rev, text));
    let batch =
        [arrived(1), Write::CaseOpened(case(1, 7, 10)), typed(1, "keba"), typed(3, "kebakaran")];
    store.apply(&batch).await.unwrap();
    store.apply(&[typed(2, "kebak")]).await.unwrap();
    assert_eq!(store.draft(call(1)).await.unwrap(), Some(draft("pmj-1", 3, "kebakaran")));
    let of_polres = Write::Draft(draft("jaksel-1", 4, "kebakaran, unit tiba"));
    store.apply(&[of_polres]).await.unwrap();
    let stored = store.case_of(call(1)).await.unwrap().unwrap();
    assert_eq!(stored.form.narrative.expose(), "kebakaran, unit tiba");
    let unknown = StoredDraft { call: call(99), ..draft("pmj-1", 1, "") };
    assert!(matches!(store.apply(&[Write::Draft(unknown)]).await, Err(StoreError::Conflict(_))));
}

pub(crate) async fn a_case_keeps_its_form_when_its_status_changes<S: Store>(store: S) {
    let typed = Write::Draft(draft("pmj-1", 1, "maling motor"));
    store.apply(&[arrived(1), Write::CaseOpened(case(1, 7, 10)), typed]).await.unwrap();
    let closed = Case {
        status: CaseStatus::WithUnit,
        unit: Some(unit("pmj.jaksel")),
        disposition: Some(Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") }),
        closed_at: Some(Timestamp(50)),
        ..case(1, 7, 10)
    };
    let by = OperatorName::new("85010101").unwrap();
    let closing = Closing {
        call: call(1),
        seat: seat("pmj-1"),
        operator: by,
        disposition: Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") },
        note: "ke Jaksel".to_owned().into(),
        at: Timestamp(50),
    };
    let end = CallEnd {
        call: call(1),
        by: EndedBy::Closing,
        disposition: closing.disposition.clone(),
        at: Timestamp(50),
    };
    let batch =
        [Write::CaseChanged(closed.clone()), Write::Closed(closing.clone()), Write::CallEnded(end)];
    store.apply(&batch).await.unwrap();
    let form = Form { narrative: "maling motor".to_owned().into(), ..Form::default() };
    let expected = Case { form, ..closed };
    assert_eq!(store.case(&expected.number).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(store.cases_to_act_on(10).await.unwrap(), [expected]);
    assert_eq!(store.closings(call(1)).await.unwrap(), [closing]);
    assert_eq!(open_calls(&store).await, []);
}

pub(crate) async fn cases_come_newest_first<S: Store>(store: S) {
    for n in 1..=5_u32 {
        let opened = Write::CaseOpened(case(n.into(), n, i64::from(n) * 10));
        store.apply(&[arrived(n.into()), opened]).await.unwrap();
    }
    let latest: Vec<_> =
        store.cases(3).await.unwrap().iter().map(|case| case.number.running()).collect();
    assert_eq!(latest, [5, 4, 3]);
    assert_eq!(store.cases_to_act_on(3).await.unwrap(), []);
}

pub(crate) async fn what_a_call_produced_is_read_back_as_it_was<S: Store>(store: S) {
    let by = PluginRef {
        name: "validitas-dasar".to_owned(),
        version: "0.1.0".to_owned(),
        sha256: "ab".repeat(32),
        input_sha256: "cd".repeat(32),
        engine: "wasmtime 48".to_owned(),
    };
    let advice = Advice {
        draft_rev: 2,
        verdict: Verdict { by: Some(by), ..Verdict::treat_as_valid() },
        destinations: Vec::new(),
        faults: Vec::new(),
        at: Timestamp(30),
    };
    let leg = LegRecord {
        leg: LegId { call: call(1), n: 1 },
        seat: Some(seat("pmj-1")),
        codec: "opus/48000".to_owned(),
        user_agent: "Siaga".to_owned(),
        joined_at: Some(Timestamp(20)),
        left_at: Timestamp(60),
        cause: LegCause::Released,
        packets_received: 1_234,
        packets_lost: 5,
    };
    let against = OverrideRecord {
        call: call(1),
        seat: seat("pmj-1"),
        operator: OperatorName::new("85010101").unwrap(),
        validity: Validity::NotValid,
        reason: "salah sambung".to_owned().into(),
        at: Timestamp(40),
    };
    let recording = RecordingRecord {
        call: call(1),
        number: None,
        file: "rekaman.opus".to_owned(),
        starts_at: Timestamp(10),
        seconds: 12.5,
        channels: 2,
        sha256: "ef".repeat(32),
    };
    let said = Write::Advice { call: call(1), seat: seat("pmj-1"), advice: advice.clone() };
    let batch = [
        arrived(1),
        Write::CaseOpened(case(1, 7, 10)),
        said,
        Write::Leg(leg.clone()),
        Write::Override(against.clone()),
        Write::Recording(recording.clone()),
    ];
    store.apply(&batch).await.unwrap();
    assert_eq!(store.advice(call(1)).await.unwrap(), [advice]);
    assert_eq!(store.legs(call(1)).await.unwrap(), [leg]);
    assert_eq!(store.overrides(call(1)).await.unwrap(), [against]);
    let facts = store.call(call(1)).await.unwrap().unwrap();
    assert_eq!(facts.arrived_at, Timestamp(1_000));
    let with_number = RecordingRecord { number: Some(case(1, 7, 10).number), ..recording };
    let all = store.recordings(None, 10).await.unwrap();
    assert_eq!(store.recordings(Some(call(1)), 10).await.unwrap(), all);
    assert_eq!(all, [with_number]);
    assert_eq!(store.recordings(Some(call(2)), 10).await.unwrap(), []);
}

pub(crate) async fn a_call_that_is_on_the_line_again_has_not_ended<S: Store>(store: S) {
    let (by, disposition) = (EndedBy::SwitchLost, Disposition::Abandoned);
    let end = CallEnd { call: call(1), by, disposition, at: Timestamp(9_000) };
    store.apply(&[arrived(1), Write::CallEnded(end)]).await.unwrap();
    assert_eq!(store.kept_calls(0).await.unwrap(), []);
    store.apply(&[Write::CallReopened(call(1))]).await.unwrap();
    let live = store.kept_calls(0).await.unwrap();
    assert_eq!(live.iter().map(|kept| kept.call).collect::<Vec<_>>(), [call(1)]);
    assert_eq!(live[0].ended, None);
}

pub(crate) async fn the_log_of_one_call_is_read_in_its_order<S: Store>(store: S) {
    let of = |n: u128, at: i64| {
        let body = format!("{{\"event\":\"test\",\"n\":{at}}}");
        Write::Event(EventRecord { at: Timestamp(at), call: Some(call(n)), body })
    };
    let nobodys = EventRecord { at: Timestamp(4), call: None, body: "{}".to_owned() };
    // Two of one instant, and one whose clock was set back, keep the order in which they were told.
    let log = [of(1, 3), of(2, 3), of(1, 3), Write::Event(nobodys), of(1, 2), of(2, 5)];
    store.apply(&log).await.unwrap();
    let read = store.call_events(call(1)).await.unwrap();
    assert_eq!(read.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 3, 5]);
    assert!(read.iter().all(|event| event.event.call == Some(call(1))));
    assert_eq!(store.call_events(call(3)).await.unwrap(), []);
}

pub(crate) async fn events_keep_their_order_and_their_chain<S: Store>(store: S) {
    for batch in 0..30 {
        let events: Vec<_> = (0..50).map(|n| event(batch * 50 + n)).collect();
        store.apply(&events).await.unwrap();
    }
    let events = store.events(1_000, 100).await.unwrap();
    let order: Vec<_> = events.iter().map(|event| (event.seq, event.event.at.0)).collect();
    assert_eq!(order, (1_001..=1_100).map(|n| (n, n as i64 - 1)).collect::<Vec<_>>());
    assert_eq!(store.verify_chain().await.unwrap(), 1_500);
}
