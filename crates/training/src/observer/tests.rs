//! The observer notices what it must, and nothing else.

use super::*;
use siaga_call_flow::FlowEvent;
use siaga_model::{Disposition, Form, LegCause, Redacted, SeatState};

fn call(n: u128) -> CallId {
    CallId::from_parts(1, n)
}

fn seat(name: &str) -> SeatId {
    name.parse().expect("a seat's name")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn replayed(events: Vec<(i64, FlowEvent)>) -> Replay {
    let mut replay = Replay::default();
    for (second, event) in events {
        replay.read(at(second), &event);
    }
    replay
}

fn arrived(n: u128) -> FlowEvent {
    FlowEvent::CallerArrived { call: call(n), first_unit: None }
}

fn ringing(n: u128, name: &str) -> FlowEvent {
    FlowEvent::SeatRinging { call: call(n), seat: seat(name) }
}

fn answered(n: u128, name: &str) -> FlowEvent {
    FlowEvent::Answered { call: call(n), seat: seat(name) }
}

fn requeued(n: u128, name: &str) -> FlowEvent {
    FlowEvent::Requeued { call: call(n), lost: seat(name), cause: LegCause::MediaLost }
}

fn ended(n: u128, by: EndedBy) -> FlowEvent {
    FlowEvent::Ended { call: call(n), by, disposition: Disposition::Information }
}

fn rules(violations: &[Violation]) -> Vec<Rule> {
    violations.iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_good_call_is_replayed_without_blame_and_says_who_was_there() {
    let replay = replayed(vec![
        (0, arrived(1)),
        (1, ringing(1, "pmj-1")),
        (2, answered(1, "pmj-1")),
        (9, requeued(1, "pmj-1")),
        (10, ringing(1, "pmj-2")),
        (12, answered(1, "pmj-2")),
        (20, ended(1, EndedBy::Closing)),
    ]);
    assert_eq!(replay.violations, []);
    let story = &replay.calls[&call(1)];
    assert_eq!(story.requeued, 1);
    let with = |from, to| -> Vec<&str> {
        story.with_between(at(from), at(to)).map(SeatId::as_str).collect()
    };
    assert_eq!(with(0, 1), [""; 0]);
    assert_eq!(with(3, 4), ["pmj-1"]);
    assert_eq!(with(10, 11), [""; 0]);
    assert_eq!(with(8, 13), ["pmj-1", "pmj-2"]);
}

#[test]
fn a_second_end_a_second_owner_and_a_second_call_at_a_seat_are_blamed() {
    let twice =
        vec![(0, arrived(1)), (1, ended(1, EndedBy::Caller)), (2, ended(1, EndedBy::Caller))];
    assert_eq!(rules(&replayed(twice).violations), [Rule::EndsOnce]);
    let owners = vec![(0, arrived(1)), (1, answered(1, "pmj-1")), (2, answered(1, "pmj-2"))];
    assert_eq!(rules(&replayed(owners).violations), [Rule::OneOwner]);
    let two =
        vec![(0, arrived(1)), (0, arrived(2)), (1, answered(1, "pmj-1")), (2, ringing(2, "pmj-1"))];
    assert_eq!(rules(&replayed(two).violations), [Rule::OneCallASeat]);
    let freed = FlowEvent::SeatState { seat: seat("pmj-1"), state: SeatState::Ready };
    let one = vec![
        (0, arrived(1)),
        (0, arrived(2)),
        (1, ringing(1, "pmj-1")),
        (2, freed),
        (2, ringing(2, "pmj-1")),
    ];
    assert_eq!(replayed(one).violations, []);
    assert_eq!(rules(&replayed(vec![(0, answered(3, "pmj-1"))]).violations), [Rule::EndsOnce]);
}

fn line() -> LineStory {
    LineStory {
        began_at: at(0),
        answered_at: Some(at(0)),
        ended_at: at(20),
        ..LineStory::default()
    }
}

fn one_call() -> CallStory {
    replayed(vec![(0, arrived(1)), (2, answered(1, "pmj-1")), (20, ended(1, EndedBy::Closing))])
        .calls
        .remove(&call(1))
        .expect("the call")
}

fn judged(line: &LineStory, faults: &[FaultSpan], late: u64) -> Vec<Rule> {
    rules(&judge_line(line, call(1), &one_call(), faults, &|_, _| late))
}

#[test]
fn a_caller_alone_for_too_long_is_blamed_unless_a_desk_broke_or_the_machine_stood_still() {
    let silent = |ms: i64| LineStory { silences: vec![(at(10), Timestamp(10_000 + ms))], ..line() };
    let fault = |name, from| FaultSpan { seat: seat(name), from: at(from), until: at(from + 1) };
    assert_eq!(judged(&silent(500), &[], 0), []);
    assert_eq!(judged(&silent(501), &[], 0), [Rule::NeverAlone]);
    assert_eq!(judged(&silent(2_500), &[fault("pmj-1", 9)], 0), []);
    assert_eq!(judged(&silent(2_501), &[fault("pmj-1", 9)], 0), [Rule::NeverAlone]);
    // Somebody else's fault, or one long ago, explains nothing.
    assert_eq!(judged(&silent(2_000), &[fault("pmj-2", 9)], 0), [Rule::NeverAlone]);
    assert_eq!(judged(&silent(2_000), &[fault("pmj-1", 3)], 0), [Rule::NeverAlone]);
    assert_eq!(judged(&silent(2_000), &[], 500), []);
    assert_eq!(judged(&silent(2_001), &[], 500), [Rule::NeverAlone]);
}

#[test]
fn a_stranger_in_the_line_and_a_hang_up_by_the_switch_are_blamed() {
    let hears =
        |name, from| LineStory { pilots: vec![(seat(name), at(from), at(from + 2))], ..line() };
    assert_eq!(judged(&hears("pmj-1", 5), &[], 0), []);
    assert_eq!(judged(&hears("pmj-2", 5), &[], 0), [Rule::NoCrosstalk]);
    let mut call = one_call();
    call.end = Some(End { at: at(20), by: EndedBy::Caller, disposition: Disposition::Abandoned });
    let judge = |by_me| {
        let line = LineStory { by_me, ..line() };
        rules(&judge_line(&line, self::call(1), &call, &[], &|_, _| 0))
    };
    assert_eq!(judge(true), []);
    assert_eq!(judge(false), [Rule::NeverDropped]);
    call.end = None;
    assert_eq!(rules(&judge_line(&line(), self::call(1), &call, &[], &|_, _| 0)), [Rule::EndsOnce]);
}

fn form(text: &str) -> Form {
    Form { narrative: Redacted::new(text.to_owned()), ..Form::default() }
}

#[test]
fn a_form_that_is_older_or_other_than_what_was_kept_is_blamed() {
    let handed_over = |rev, shown: &Form| {
        let mut forms = Forms::default();
        forms.taken(at(1), call(1), &seat("pmj-1"), 0, &Form::default());
        forms.typed(call(1), 1, &form("a"));
        forms.typed(call(1), 2, &form("ab"));
        forms.kept(at(2), call(1), 1);
        forms.taken(at(3), call(1), &seat("pmj-2"), rev, shown);
        assert_eq!(forms.compared, 1);
        rules(&forms.violations)
    };
    assert_eq!(handed_over(1, &form("a")), []);
    assert_eq!(handed_over(2, &form("ab")), []);
    assert_eq!(handed_over(0, &Form::default()), [Rule::FormKept]);
    assert_eq!(handed_over(1, &form("b")), [Rule::FormKept]);
    // Frozen as soon as it had the call, thawed when another had typed: it was given an empty form.
    let thawed = |given| {
        let mut forms = Forms::default();
        forms.taken(at(2), call(1), &seat("pmj-2"), 0, &Form::default());
        forms.typed(call(1), 1, &form("a"));
        forms.kept(at(3), call(1), 1);
        forms.given(at(given), call(1), &seat("pmj-1"));
        forms.taken(at(5), call(1), &seat("pmj-1"), 0, &Form::default());
        rules(&forms.violations)
    };
    assert_eq!(thawed(1), []);
    assert_eq!(thawed(4), [Rule::FormKept]);
    let mut forms = Forms::default();
    forms.typed(call(1), 1, &form("a"));
    forms.kept(at(2), call(1), 1);
    forms.stored(at(3), call(1), Some((1, &form("a"))));
    assert_eq!(forms.violations, []);
    forms.stored(at(3), call(1), None);
    forms.stored(at(3), call(1), Some((1, &form("b"))));
    assert_eq!(rules(&forms.violations), [Rule::FormKept, Rule::FormKept]);
    // What a call back goes on with lies with the earlier call.
    let mut forms = Forms::default();
    forms.taken(at(1), call(1), &seat("pmj-1"), 1, &form("a"));
    forms.typed(call(1), 1, &form("a"));
    forms.kept(at(1), call(1), 1);
    forms.stored(at(3), call(1), None);
    assert_eq!(forms.violations, []);
}
