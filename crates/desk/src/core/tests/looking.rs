//! Lists, searches and what is known around a call, on virtual time.

use super::super::*;
use super::fixture::*;
use crate::Intent;
use crate::shelf::PlaceQuery;
use crate::{DeviceView, Levels, Packer, Slice, TrainingView, TrainingWish};
use siaga_hub_api::{
    AboutCall, CallBackView, CaseList, CasesQuery, EarlierCall, HubView, RecentReport, SearchList,
    SearchQuery, UnitOdds,
};
use siaga_model::{CaseNumber, FollowUpKind, Redacted};
use siaga_sip::DialogKey;
use std::sync::Arc;
use std::time::Duration;

fn cases(from: u32) -> CasesQuery {
    CasesQuery { from, count: 50, ..CasesQuery::default() }
}

fn list(total: u32) -> Found {
    Found::Cases(CaseList { total, ..CaseList::default() })
}

fn search(text: &str) -> Intent {
    let text = Redacted::new(text.to_owned());
    Intent::Search { query: SearchQuery { text, from: 0, count: 20 } }
}

/// The answer to any question about lists of cases.
fn answered(total: u32) -> impl Fn(&Question) -> Option<Result<Found, DeskError>> {
    move |question| matches!(question, Question::Cases(_)).then(|| Ok(list(total)))
}

fn down() -> DeskError {
    DeskError::Unreachable { detail: "gone".to_owned() }
}

#[test]
fn a_list_stays_on_the_screen_while_the_next_page_is_fetched_and_when_that_fails() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::ShowCases { query: cases(0) });
    desk.found(answered(70));
    desk.intent(Intent::ShowCases { query: cases(50) });
    let shown = desk.core.state.cases.as_ref().expect("a list");
    let (of, page) = shown.found.as_ref().expect("the first page");
    assert_eq!((of.from, page.total, shown.asked.from), (0, 70, 50));
    desk.found(|question| matches!(question, Question::Cases(_)).then(|| Err(down())));
    let shown = desk.core.state.cases.as_ref().expect("a list");
    assert_eq!(shown.failed, Some(down()));
    assert!(shown.found.is_some(), "the last known rows stay");
    assert!(desk.core.state.notice.is_none(), "and nothing covers the page");
}

#[test]
fn of_many_keys_in_a_search_the_last_one_is_asked_after_the_one_under_way() {
    let mut desk = Fixture::logged_in();
    for text in ["k", "ke", "keb", "keba"] {
        desk.intent(search(text));
    }
    let searches = |desk: &Fixture| {
        let texts = desk.asked.iter().filter_map(|question| match question {
            Question::Search(query) => Some(query.text.expose().clone()),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    assert_eq!(searches(&desk), ["k"]);
    let found = |question: &Question| {
        matches!(question, Question::Search(_)).then(|| Ok(Found::Search(SearchList::default())))
    };
    desk.found(found);
    assert_eq!(searches(&desk), ["keba"]);
    desk.found(found);
    let shown = desk.core.state.search.as_ref().expect("a search");
    assert_eq!(shown.found.as_ref().map(|(of, _)| of.text.expose().as_str()), Some("keba"));
    desk.intent(search("  "));
    assert!(desk.core.state.search.is_none());
}

#[test]
fn a_list_is_asked_again_when_the_hub_says_that_cases_have_changed() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::ShowCases { query: cases(0) });
    desk.found(answered(1));
    desk.asked.clear();
    desk.pass(500);
    assert!(!desk.asked.iter().any(|question| matches!(question, Question::Cases(_))));
    for rev in 1..=5 {
        desk.hub_shows(HubView { cases_rev: rev, ..no_call() });
    }
    desk.pass(500);
    let again = desk.asked.iter().filter(|question| matches!(question, Question::Cases(_)));
    assert_eq!(again.count(), 1, "however often they change");
}

/// Each letter that somebody types changes a case.
#[test]
fn while_a_call_is_here_a_list_is_asked_again_every_few_seconds_only() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::ShowCases { query: cases(0) });
    desk.found(answered(1));
    desk.talking(call(1));
    let mut again = 0;
    for rev in 1..=12 {
        let view = desk.core.state.view.as_ref().expect("a view").clone();
        let now = view.now + Duration::from_millis(500);
        desk.hub_shows(HubView { cases_rev: rev, now, ..view });
        desk.pass(500);
        if desk.asked.iter().any(|question| matches!(question, Question::Cases(_))) {
            desk.found(answered(1));
            again += 1;
        }
    }
    assert!((1..=3).contains(&again), "{again} times in six seconds");
}

#[test]
fn a_packet_holds_what_has_changed_and_nothing_else() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let (mut packer, mut window) = (Packer::default(), serde_json::Value::Null);
    let before = desk.core.changed().expect("a state");
    packer.pack(Arc::new(before.clone())).expect("JSON").lay_over(&mut window);
    let read: DeskState = serde_json::from_value(window.clone()).expect("a state");
    assert_eq!(read, before);

    desk.edit(call(1), "Blok M");
    let after = desk.core.changed().expect("another state");
    let packet = packer.pack(Arc::new(after.clone())).expect("JSON");
    let changed = ["/call/form/location", "/call/rev"];
    assert_eq!(packet.changed(), changed, "neither the rest of the call nor a list");
    packet.lay_over(&mut window);
    assert_eq!(window, serde_json::to_value(&after).expect("JSON"));

    let levels = Levels { heard_dbfs: -20.0, sent_dbfs: -60.0 };
    desk.give(Input::Levels(levels));
    let louder = desk.core.changed().expect("louder");
    let packet = packer.pack(Arc::new(louder.clone())).expect("JSON");
    let meters = ["/levels/heard_dbfs", "/levels/sent_dbfs"];
    assert_eq!(packet.changed(), meters, "a meter moves nothing else");
    packet.lay_over(&mut window);
    assert_eq!(window, serde_json::to_value(&louder).expect("JSON"));
}

#[test]
fn a_list_whose_rows_all_move_is_told_whole_and_a_row_that_changes_is_not() {
    let rows = |rev: u64, rows: std::ops::Range<u64>| {
        let device = |n: u64| DeviceView {
            name: format!("Headset {n}"),
            id: n.to_string(),
            input: true,
            output: true,
            default: false,
        };
        let devices = Slice::new(rows.map(device).collect());
        Arc::new(DeskState { rev, devices, ..DeskState::default() })
    };
    let (mut packer, mut window) = (Packer::default(), serde_json::Value::Null);
    packer.pack(rows(1, 0..60)).expect("JSON").lay_over(&mut window);
    let packet = packer.pack(rows(2, 1..60)).expect("JSON");
    assert_eq!(packet.changed(), ["/devices"]);
    packet.lay_over(&mut window);
    let packet = packer.pack(rows(3, 1..59)).expect("JSON");
    assert_eq!(packet.changed(), ["/devices/58"]);
    packet.lay_over(&mut window);
    assert_eq!(window, serde_json::to_value(rows(3, 1..59)).expect("JSON"));
}

#[test]
fn plugins_are_told_of_reports_that_others_have_and_of_this_number_s_first() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    let report = |n: u32, same_number, text: &str| RecentReport {
        number: number(n),
        at: Timestamp(i64::from(n)),
        unit: Some("pmj.depok".parse().expect("id")),
        same_number,
        location: Redacted::default(),
        area_code: String::new(),
        point: None,
        kind: String::new(),
        narrative: Redacted::new(text.to_owned()),
        disposition: None,
    };
    let earlier = |n| EarlierCall {
        call: call(90 + u128::from(n)),
        at: Timestamp(i64::from(n)),
        number: Some(number(n)),
        kind: String::new(),
        place: Redacted::default(),
        disposition: None,
    };
    let known = AboutCall {
        recent: vec![report(12, false, "tabrakan"), report(11, true, "asap")],
        earlier: vec![earlier(11), earlier(10)],
        ..AboutCall::default()
    };
    let about = |question: &Question| matches!(question, Question::About(_));
    let effects = desk.found(|question| about(question).then(|| Ok(Found::About(known.clone()))));
    let told = effects.iter().find_map(|effect| match effect {
        Effect::Advise { history, .. } => Some(history),
        _ => None,
    });
    let told: Vec<_> = told
        .expect("advice")
        .iter()
        .map(|past| (past.at.0, past.same_number, past.narrative.expose().as_str()))
        .collect();
    assert_eq!(told, [(11, true, "asap"), (10, true, ""), (12, false, "tabrakan")]);
}

#[test]
fn the_past_of_a_number_is_asked_once_a_call_and_told_to_the_plugins() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let about = |question: &Question| matches!(question, Question::About(_));
    assert_eq!(desk.asked.iter().filter(|question| about(question)).count(), 1);
    let earlier = EarlierCall {
        call: call(9),
        at: Timestamp(1),
        number: None,
        kind: String::new(),
        place: Redacted::default(),
        disposition: None,
    };
    let known = AboutCall { earlier: vec![earlier], ..AboutCall::default() };
    let effects = desk.found(|question| about(question).then(|| Ok(Found::About(known.clone()))));
    let told = effects.iter().find_map(|effect| match effect {
        Effect::Advise { history, .. } => Some(history.iter().filter(|past| past.same_number)),
        _ => None,
    });
    assert_eq!(told.map(Iterator::count), Some(1));
    desk.edit(call(1), "Blok M");
    assert!(!desk.asked.iter().any(about), "words alone change nothing near by");
    let resolved = siaga_model::Form { area_code: "31.74.07".to_owned(), ..form("Blok M") };
    desk.intent(Intent::Edit { call: call(1), form: Box::new(resolved) });
    desk.pass(500);
    assert!(desk.asked.iter().any(about), "another area does");
    // The call is over: so is what was known around it.
    desk.hub_shows(no_call());
    desk.give(Input::PhoneEnded { dialog: DialogKey::numbered(1), lost: false });
    assert!(desk.core.state.about.is_none());
}

#[test]
fn odds_are_asked_at_the_start_and_every_ten_minutes() {
    let mut desk = Fixture::logged_in();
    let odds = |question: &Question| matches!(question, Question::Odds(_));
    assert_eq!(desk.asked.iter().filter(|question| odds(question)).count(), 1);
    let unit = "pmj.depok".parse().expect("id");
    let known = UnitOdds { unit, samples: 30, percent: Some(86), usual_s: Some(3) };
    desk.found(|question| odds(question).then(|| Ok(Found::Odds(vec![known.clone()]))));
    desk.pass(599_000);
    assert!(!desk.asked.iter().any(odds));
    desk.pass(1_000);
    assert!(desk.asked.iter().any(odds));
    let shown = desk.core.state.odds.as_ref().and_then(|odds| odds.found.as_ref());
    assert_eq!(shown.map(|(_, odds)| odds.len()), Some(1), "the last ones stay");
}

#[test]
fn places_are_found_without_a_hub_and_lists_of_others_go_with_the_session() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::ShowCases { query: cases(0) });
    desk.found(answered(3));
    desk.give(Input::HubDown);
    let words = Redacted::new("kelapa dua".to_owned());
    desk.intent(Intent::FindPlaces { query: Some(PlaceQuery::Name { words }) });
    assert!(desk.asked.iter().any(|question| matches!(question, Question::Places(_))));
    desk.intent(Intent::Logout);
    assert!(desk.core.state.cases.is_none() && desk.core.state.places.is_none());
    // An answer that comes after the logout is nobody's.
    desk.found(|question| {
        matches!(question, Question::Places(_)).then(|| Ok(Found::Places(Vec::new())))
    });
    assert!(desk.core.state.places.is_none());
}

#[test]
fn a_note_to_the_next_watch_waits_for_the_hub() {
    let mut desk = Fixture::logged_in();
    desk.give(Input::HubDown);
    let text = Redacted::new("headset meja 2 rusak".to_owned());
    desk.intent(Intent::LeaveNote { text: text.clone() });
    assert_eq!(desk.complaint(), None);
    assert_eq!(said(&desk.give(Input::HubUp)), [ToHub::ShiftNote { text }]);
}

#[test]
fn a_follow_up_waits_for_the_hub_and_outlives_the_desk() {
    let mut desk = Fixture::logged_in();
    desk.give(Input::HubDown);
    let number: CaseNumber = "110-PMJ-261123-000123".parse().expect("a number");
    let text = Redacted::new("pelaku diamankan".to_owned());
    desk.intent(Intent::FollowUp { number, kind: FollowUpKind::Closed, text });
    let (mut desk, _) = desk.killed();
    let effects = desk.let_in();
    assert!(said(&effects).iter().any(|message| matches!(message, ToHub::FollowUp { .. })));
}

#[test]
fn a_number_that_another_program_names_is_looked_up_and_never_dialled() {
    let mut desk = Fixture::logged_in();
    let waiting: CallBackView = serde_json::from_value(serde_json::json!({
        "id": "01JDK000000000000000000000",
        "caller": {"number": "0822-0000-1202", "status": "claimed"},
        "first_at": 0, "last_at": 0, "calls": 1, "attempts": 0,
        "form": {}, "number": null, "calling": null,
    }))
    .expect("an entry");
    let entry = waiting.id;
    desk.hub_shows(HubView { call_backs: vec![waiting], ..no_call() });
    let asked = |number: &str| Intent::AskNumber { number: Some(number.to_owned().into()) };

    let effects = desk.intent(asked("+6282200001202"));
    assert_eq!(said(&effects), Vec::<ToHub>::new(), "nothing is dialled");
    let shown = desk.core.state.number_asked.clone().expect("it is shown");
    assert_eq!(shown.call_back, Some(entry), "it waits to be called back, however it is written");
    let search = desk.core.state.search.as_ref().map(|search| search.asked.text.clone());
    assert_eq!(search, Some("+6282200001202".to_owned().into()));

    desk.intent(asked("082200009999"));
    assert_eq!(desk.core.state.number_asked.clone().expect("shown").call_back, None);
    desk.intent(Intent::AskNumber { number: None });
    assert_eq!(desk.core.state.number_asked, None);

    desk.intent(asked("082200009999"));
    desk.intent(Intent::Logout);
    assert_eq!(desk.core.state.number_asked, None, "it goes with whoever sat here");
}

#[test]
fn what_a_trainee_wants_goes_to_the_exercise_and_its_view_outlives_a_logout() {
    let mut desk = Fixture::logged_in();
    let wish = TrainingWish::Begin { lesson: "iseng".to_owned() };
    let effects = desk.intent(Intent::Training { wish: wish.clone() });
    assert_eq!(effects, [Effect::Train(wish)]);
    desk.give(Input::Training(TrainingView::default()));
    desk.intent(Intent::Logout);
    assert_eq!(*desk.core.state.exercise, Some(TrainingView::default()));
}
