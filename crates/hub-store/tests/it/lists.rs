//! What every store must do with lists, searches and follow-ups.

use crate::contract::call;
use siaga_hub_api::{CaseFilter, CaseList, CasesQuery, SearchQuery};
use siaga_hub_store::{
    CallEnd, Closing, EventRecord, OperatorName, RecordingRecord, Store, StoredDraft, TransferEnd,
    Write,
};
use siaga_model::{
    CallFacts, Caller, CallerStatus, Case, CaseNumber, CaseStatus, Disposition, EndedBy, FollowUp,
    FollowUpKind, Form, NotReport, Point, Priority, Redacted, SeatId, ShiftNote, Timestamp, UnitId,
    Validity,
};

fn seat(id: &str) -> SeatId {
    id.parse().unwrap()
}

fn unit(id: &str) -> UnitId {
    id.parse().unwrap()
}

fn number(n: u32) -> CaseNumber {
    CaseNumber::new("PMJ", 261_123, n).unwrap()
}

/// A call of this number that arrives at this second, with a case of this unit and this form.
fn report(n: u32, caller: &str, of: &str, form: Form) -> Vec<Write> {
    let id = call(u128::from(n));
    let facts = CallFacts {
        caller: Caller { number: caller.to_owned().into(), status: CallerStatus::Verified },
        arrived_at: Timestamp(i64::from(n) * 1_000),
        ..CallFacts::default()
    };
    let case = Case {
        number: number(n),
        call: id,
        form: form.clone(),
        validity: Validity::Valid,
        priority: Priority::P2,
        unit: Some(unit(of)),
        disposition: None,
        status: CaseStatus::Open,
        opened_by: seat("pmj-1"),
        opened_at: Timestamp(i64::from(n) * 1_000),
        closed_at: None,
    };
    let draft =
        StoredDraft { call: id, seat: seat("pmj-1"), rev: 1, form, at: Timestamp(i64::from(n)) };
    vec![Write::CallArrived { call: id, facts }, Write::CaseOpened(case), Write::Draft(draft)]
}

fn form(location: &str, narrative: &str, name: &str) -> Form {
    Form {
        location: location.to_owned().into(),
        narrative: narrative.to_owned().into(),
        reporter_name: name.to_owned().into(),
        ..Form::default()
    }
}

async fn disposed<S: Store>(store: &S, n: u32, disposition: Disposition, status: CaseStatus) {
    let mut case = store.case(&number(n)).await.unwrap().unwrap();
    case.disposition = Some(disposition.clone());
    case.status = status;
    let end = CallEnd {
        call: case.call,
        by: EndedBy::Closing,
        disposition,
        at: Timestamp(i64::from(n) * 1_000 + 500),
    };
    store.apply(&[Write::CaseChanged(case), Write::CallEnded(end)]).await.unwrap();
}

async fn found<S: Store>(store: &S, text: &str, of: Option<&str>) -> Vec<u32> {
    let query = SearchQuery { text: text.to_owned().into(), from: 0, count: 50 };
    let of = of.map(unit);
    let hits = store.search(&query, of.as_ref()).await.unwrap().hits;
    let running = |hit: siaga_hub_api::SearchHit| hit.case.map_or(0, |case| case.number.running());
    hits.into_iter().map(running).collect()
}

pub(crate) async fn what_was_typed_is_found_by_word_number_name_and_place<S: Store>(store: S) {
    let fire = form("Jl. Kelapa Dua, dekat Brimob", "Plp lihat rumah terbakar", "Siti Café");
    store.apply(&report(1, "+6281200001101", "pmj.depok", fire)).await.unwrap();
    let theft = form("Blok M", "motor hilang di parkiran", "Budi");
    store.apply(&report(2, "081200001102", "pmj.jaksel", theft)).await.unwrap();
    // Someone who hung up before anybody answered: a call without a case.
    let facts = CallFacts {
        caller: Caller { number: "021-0555-1127".to_owned().into(), status: CallerStatus::Claimed },
        arrived_at: Timestamp(9_000),
        ..CallFacts::default()
    };
    store.apply(&[Write::CallArrived { call: call(9), facts }]).await.unwrap();

    for text in [
        "terbakar",
        "TERBAK",
        "pelapor rumah",
        "jalan kelapa",
        "cafe",
        "1101",
        "000001",
        "0812-0000-1101",
    ] {
        assert_eq!(found(&store, text, None).await, [1], "{text}");
    }
    assert_eq!(found(&store, "08120000", None).await, [2, 1], "the newest first");
    assert_eq!(found(&store, "05551127", None).await, [0], "a call without a case");
    assert!(found(&store, "motor terbakar", None).await.is_empty(), "all words must be there");
    assert!(found(&store, "\" OR *", None).await.is_empty(), "no command to the database");
    // A unit finds its own.
    assert_eq!(found(&store, "08120000", Some("pmj.depok")).await, [1]);
    assert!(found(&store, "05551127", Some("pmj.depok")).await.is_empty());
}

pub(crate) async fn a_word_that_was_taken_out_is_not_found_any_more<S: Store>(store: S) {
    store.apply(&report(1, "0812", "pmj", form("Senen", "tawuran", ""))).await.unwrap();
    assert_eq!(found(&store, "tawuran", None).await, [1]);
    let typed = StoredDraft {
        call: call(1),
        seat: seat("pmj-1"),
        rev: 2,
        form: form("Senen", "unjuk rasa", ""),
        at: Timestamp(5),
    };
    store.apply(&[Write::Draft(typed)]).await.unwrap();
    assert!(found(&store, "tawuran", None).await.is_empty());
    let closing = Closing {
        call: call(1),
        seat: seat("pmj-1"),
        operator: OperatorName::new("rina").unwrap(),
        disposition: Disposition::HandledHere,
        note: "damai".to_owned().into(),
        at: Timestamp(6),
    };
    store.apply(&[Write::Closed(closing)]).await.unwrap();
    assert_eq!(found(&store, "unjuk damai", None).await, [1], "notes are found with the case");
}

pub(crate) async fn a_search_is_read_in_pages<S: Store>(store: S) {
    for n in 1..=5 {
        store.apply(&report(n, "0812", "pmj", form("", "macet", ""))).await.unwrap();
    }
    let page = async |from| {
        let query = SearchQuery { text: "macet".to_owned().into(), from, count: 2 };
        let list = store.search(&query, None).await.unwrap();
        let numbers = list.hits.into_iter().filter_map(|hit| hit.case);
        (numbers.map(|case| case.number.running()).collect::<Vec<_>>(), list.more)
    };
    assert_eq!(page(0).await, (vec![5, 4], true));
    assert_eq!(page(4).await, (vec![1], false));
}

pub(crate) async fn a_list_of_cases_is_counted_and_read_in_pages<S: Store>(store: S) {
    for n in 1..=6 {
        let of = if n == 3 { "pmj.depok" } else { "pmj" };
        store.apply(&report(n, "0812", of, form("Senen", "", ""))).await.unwrap();
    }
    let prank = Disposition::NotReport { reason: NotReport::Prank };
    disposed(&store, 2, prank, CaseStatus::Closed).await;
    disposed(&store, 4, Disposition::HandledHere, CaseStatus::Closed).await;
    let list = async |filter, from, count, of: Option<&str>| -> CaseList {
        let query = CasesQuery { since: Timestamp(2_000), filter, from, count };
        let of = of.map(unit);
        store.case_list(&query, of.as_ref(), &seat("pmj-1")).await.unwrap()
    };
    let rows =
        |list: &CaseList| list.rows.iter().map(|row| row.number.running()).collect::<Vec<_>>();
    let first = list(CaseFilter::Reports, 0, 2, None).await;
    assert_eq!((rows(&first), first.total), (vec![6, 5], 4));
    let counts = first.counts;
    assert_eq!((counts.reports, counts.open, counts.mine, counts.not_reports), (4, 3, 5, 1));
    let rest = list(CaseFilter::Reports, 2, 200, None).await;
    assert_eq!(rows(&rest), [4, 3]);
    assert_eq!(rows(&list(CaseFilter::Open, 0, 200, None).await), [6, 5, 3]);
    assert_eq!(rows(&list(CaseFilter::NotReports, 0, 200, None).await), [2]);
    let of_depok = list(CaseFilter::Reports, 0, 200, Some("pmj.depok")).await;
    assert_eq!((rows(&of_depok), of_depok.total), (vec![3], 1));
    assert_eq!(of_depok.rows[0].place.expose(), "Senen");
}

pub(crate) async fn what_a_unit_does_about_a_case_is_kept_in_order<S: Store>(store: S) {
    store.apply(&report(1, "0812", "pmj.depok", form("", "", ""))).await.unwrap();
    let done = |kind, at, text: &str| FollowUp {
        at: Timestamp(at),
        seat: seat("depok-1"),
        unit: unit("pmj.depok"),
        operator: "Aipda Hendra".to_owned(),
        kind,
        text: Redacted::new(text.to_owned()),
    };
    let steps =
        [done(FollowUpKind::OnTheWay, 10, ""), done(FollowUpKind::Closed, 20, "pelaku diamankan")];
    for follow_up in steps.clone() {
        let write = Write::FollowedUp { call: call(1), number: number(1), follow_up };
        store.apply(&[write]).await.unwrap();
    }
    assert_eq!(store.follow_ups(&number(1)).await.unwrap(), steps);
    assert_eq!(found(&store, "diamankan", None).await, [1]);
    let query = CasesQuery { count: 10, ..CasesQuery::default() };
    let list = store.case_list(&query, None, &seat("pmj-1")).await.unwrap();
    assert_eq!(list.rows[0].follow_up, Some((FollowUpKind::Closed, Timestamp(20))));
}

pub(crate) async fn the_newest_notes_of_the_watches_are_found_in_their_order<S: Store>(store: S) {
    let left = |at, unit_id: &str, text: &str| ShiftNote {
        at: Timestamp(at),
        seat: seat("pmj-1"),
        unit: unit(unit_id),
        operator: "Bripka Ratna".to_owned(),
        text: Redacted::new(text.to_owned()),
    };
    let notes = [
        left(10, "pmj", "jalan Margonda ditutup"),
        left(20, "pmj.depok", "mobil 3 di bengkel"),
        // In one millisecond: as they were left.
        left(30, "pmj", "headset meja 2 rusak"),
        left(30, "pmj", "sudah diganti"),
    ];
    for note in notes.clone() {
        store.apply(&[Write::ShiftNote(note)]).await.unwrap();
    }
    assert_eq!(store.shift_notes(Timestamp(0), 10).await.unwrap(), notes);
    assert_eq!(store.shift_notes(Timestamp(20), 10).await.unwrap(), notes[1..]);
    assert_eq!(store.shift_notes(Timestamp(0), 2).await.unwrap(), notes[2..]);
}

pub(crate) async fn a_number_is_remembered_however_it_is_written<S: Store>(store: S) {
    store.apply(&report(1, "+62812345678", "pmj", form("Senen", "", ""))).await.unwrap();
    store.apply(&report(2, "0899", "pmj", form("", "", ""))).await.unwrap();
    store.apply(&report(3, "0812-345-678", "pmj", form("", "", ""))).await.unwrap();
    disposed(&store, 1, Disposition::Information, CaseStatus::Closed).await;
    let key = Redacted::new("0812345678".to_owned());
    let calls = store.calls_of(&key, Timestamp(0), 10).await.unwrap();
    assert_eq!(calls.iter().map(|earlier| earlier.at.0).collect::<Vec<_>>(), [3_000, 1_000]);
    assert_eq!(calls[1].disposition, Some(Disposition::Information));
    assert_eq!(calls[1].place.expose(), "Senen");
    assert_eq!(store.calls_of(&key, Timestamp(2_000), 10).await.unwrap().len(), 1);
}

pub(crate) async fn reports_near_by_are_told_and_others_are_not<S: Store>(store: S) {
    let at = |lat, kind: &str, area: &str| Form {
        point: Some(Point { lat, lng: 106.8 }),
        kind: kind.to_owned(),
        area_code: area.to_owned(),
        ..Form::default()
    };
    let fire = "pelaporan/kebakaran";
    store.apply(&report(1, "1", "pmj", at(-6.2, fire, ""))).await.unwrap();
    // 1.1 km away, 11 km away, near but a prank, near but of another kind.
    store.apply(&report(2, "2", "pmj", at(-6.21, fire, ""))).await.unwrap();
    store.apply(&report(3, "3", "pmj", at(-6.3, fire, ""))).await.unwrap();
    store.apply(&report(4, "4", "pmj", at(-6.2, fire, ""))).await.unwrap();
    store.apply(&report(5, "5", "pmj", at(-6.2, "pelaporan/tawuran", ""))).await.unwrap();
    let prank = Disposition::NotReport { reason: NotReport::Prank };
    disposed(&store, 4, prank, CaseStatus::Closed).await;
    let near = store.similar(call(1), Timestamp(0), 5).await.unwrap();
    let told: Vec<_> =
        near.iter().map(|report| (report.case.number.running(), report.same_kind)).collect();
    assert_eq!(told, [(2, true), (5, false)]);
    assert!(near[0].metres.is_some_and(|metres| (1_100..1_125).contains(&metres)));
    assert_eq!(store.similar(call(1), Timestamp(5_000), 5).await.unwrap().len(), 1);
}

pub(crate) async fn reports_of_the_day_are_told_to_whoever_takes_a_call<S: Store>(store: S) {
    let typed = |text: &str| Form { narrative: Redacted::new(text.to_owned()), ..Form::default() };
    for (n, number, unit, text) in [
        (1, "0812-0000-1101", "pmj.jaksel", "kemarin"),
        (2, "0812-0000-1102", "pmj.jaksel", "tabrakan"),
        (3, "0812-0000-1103", "pmj.depok", "asap"),
        (4, "0812-0000-1104", "pmj", "iseng"),
        (5, "+6281200001102", "pmj", "tabrakan lagi"),
    ] {
        store.apply(&report(n, number, unit, typed(text))).await.unwrap();
    }
    let prank = Disposition::NotReport { reason: NotReport::Prank };
    disposed(&store, 4, prank, CaseStatus::Closed).await;
    let told = async |of: Option<&UnitId>, limit| {
        let recent = store.recent(call(5), Timestamp(2_000), of, limit).await.unwrap();
        let told = recent.into_iter();
        told.map(|report| (report.number.running(), report.same_number)).collect::<Vec<_>>()
    };
    assert_eq!(told(None, 50).await, [(3, false), (2, true)], "neither old ones nor pranks");
    assert_eq!(told(None, 1).await, [(3, false)]);
    assert_eq!(told(Some(&"pmj.jaksel".parse().unwrap()), 50).await, [(2, true)]);
}

pub(crate) async fn transfers_are_read_from_the_log<S: Store>(store: S) {
    let event = |at, n, body: &str| {
        let (at, call) = (Timestamp(at), Some(call(n)));
        Write::Event(EventRecord { at, call, body: body.to_owned() })
    };
    let started = r#"{"event":"transfer-started","from":"pmj-1","unit":"pmj.depok"}"#;
    store
        .apply(&[
            event(1_000, 1, started),
            event(2_000, 2, started),
            event(3_000, 1, r#"{"event":"transfer-answered","seat":"depok-1"}"#),
            event(3_500, 1, r#"{"event":"seat-ringing","seat":"depok-1"}"#),
            event(4_000, 1, r#"{"event":"transfer-done","seat":"depok-1","heard":true}"#),
            event(
                5_000,
                2,
                r#"{"event":"reclaimed","seat":"pmj-1","unit":"pmj.depok","cause":"no-answer"}"#,
            ),
            event(6_000, 3, started),
            event(
                7_000,
                3,
                r#"{"event":"reclaimed","seat":"pmj-1","unit":"pmj.depok","cause":"taken-back"}"#,
            ),
            event(8_000, 4, started),
        ])
        .await
        .unwrap();
    let transfers = store.transfers(Timestamp(0), Timestamp(10_000)).await.unwrap();
    let told: Vec<_> =
        transfers.iter().map(|t| (t.at.0, t.answered_at.map(|at| at.0), t.end)).collect();
    assert_eq!(
        told,
        [
            (1_000, Some(3_000), TransferEnd::Taken),
            (2_000, None, TransferEnd::NotTaken),
            (6_000, None, TransferEnd::Withdrawn),
        ]
    );
    assert_eq!(transfers[0].unit, unit("pmj.depok"));
    assert_eq!(store.call_events(call(1)).await.unwrap().len(), 4);
}

pub(crate) async fn a_recording_is_found_by_its_hash<S: Store>(store: S) {
    store.apply(&report(1, "1", "pmj", Form::default())).await.unwrap();
    let record = RecordingRecord {
        call: call(1),
        number: None,
        file: "rekaman/1.opus".to_owned(),
        starts_at: Timestamp(1),
        seconds: 3.5,
        channels: 2,
        sha256: "ab".repeat(32),
    };
    store.apply(&[Write::Recording(record.clone())]).await.unwrap();
    let found = store.recording(&record.sha256).await.unwrap();
    assert_eq!(found, Some(RecordingRecord { number: Some(number(1)), ..record }));
    assert_eq!(store.recording("00").await.unwrap(), None);
    let calls = store.calls_of_case(&number(1)).await.unwrap();
    assert_eq!(calls.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [call(1)]);
}
