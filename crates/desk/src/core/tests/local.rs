//! A call that the PBX brings here without a hub.

use super::*;
use siaga_hub_api::SeatView;
use siaga_model::{
    CallFacts, CallerStatus, Case, CaseNumber, CaseStatus, Disposition, NotReport, Redacted,
    SeatState,
};

const LINE: &str = "1795729456.7";

/// Without a hub, and a telephone that rings by the PBX's own queue.
fn rings(desk: &mut Fixture) -> DialogKey {
    desk.hub_shows(no_call());
    desk.give(Input::HubDown);
    rung(desk)
}

fn rung(desk: &mut Fixture) -> DialogKey {
    let dialog = desk.dialog();
    let caller = Redacted::new("081200001101".to_owned());
    let ring = Input::LocalRing { dialog, call: call(9), caller, line: LINE.to_owned() };
    assert_eq!(desk.give(ring), [Effect::Ring(dialog)]);
    dialog
}

/// The operator talks to the citizen.
fn talks(desk: &mut Fixture, dialog: DialogKey) {
    desk.give(Input::MediaMade { dialog, error: None });
    desk.intent(Intent::Answer);
    desk.give(Input::MediaUp(dialog));
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

fn close(disposition: Disposition) -> Intent {
    Intent::Close { disposition, note: "tanpa hub".to_owned() }
}

/// The one case that was said.
fn taken(said: &[ToHub]) -> (Case, CallFacts, Option<String>) {
    let cases = said.iter().filter_map(|message| match message {
        ToHub::OfflineCase { case, facts, line, .. } => {
            Some(((**case).clone(), (**facts).clone(), line.clone()))
        }
        _ => None,
    });
    let cases: Vec<_> = cases.collect();
    assert_eq!(cases.len(), 1, "{said:?}");
    cases.into_iter().next().expect("one")
}

#[test]
fn a_call_without_a_hub_has_a_form_a_number_and_advice_and_is_said_whole_when_the_hub_is_back() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    assert_eq!(desk.core.state.local.as_ref().map(|local| local.number.clone()), Some(None));
    talks(&mut desk, dialog);
    let number = desk.core.state.local.as_ref().and_then(|local| local.number.clone());
    let number = number.expect("a number to tell");
    assert!(!desk.shelf.cases.iter().any(|block| block.last >= number), "never given again");
    let effects = desk.edit(call(9), "Blok M");
    assert!(matches!(&effects[..], [Effect::Advise { intake, .. }]
        if intake.facts.caller.status == CallerStatus::Claimed));
    assert_eq!((desk.shown().rev, desk.shown().saved_rev), (1, 1));
    desk.pass(30_000);
    assert_eq!(desk.intent(close(Disposition::HandledHere)), [Effect::HangUp(dialog)]);
    assert_eq!(desk.core.state.local, None);
    let (case, facts, line) = taken(&said(&desk.give(Input::HubUp)));
    assert_eq!(case.number, number);
    assert_eq!(case.form.location.expose(), "Blok M");
    assert_eq!(case.disposition, Some(Disposition::HandledHere));
    assert_eq!(case.closed_at.map(|at| at.since(case.opened_at)), Some(Duration::from_secs(30)));
    assert_eq!(
        (facts.caller.number.expose().as_str(), line.as_deref()),
        ("081200001101", Some(LINE))
    );
    assert!(case.status == CaseStatus::Open && case.opened_by == seat());
}

#[test]
fn who_hangs_up_is_written_up_and_called_back_when_nobody_says_otherwise() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    talks(&mut desk, dialog);
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert!(desk.core.state.local.as_ref().is_some_and(|local| local.over_at.is_some()));
    desk.edit(call(9), "Blok M");
    // The next one rings.
    rung(&mut desk);
    let (case, ..) = taken(&said(&desk.give(Input::HubUp)));
    assert_eq!(case.disposition, Some(Disposition::Abandoned));
    assert_eq!(case.form.location.expose(), "Blok M");
}

#[test]
fn what_was_not_answered_never_was() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.core.state.local, None);
    let dialog = rung(&mut desk);
    assert_eq!(desk.intent(Intent::Decline), [Effect::Reject { dialog, status: 486 }]);
    assert_eq!(desk.core.state.local, None);
    assert_eq!(said(&desk.give(Input::HubUp)), []);
}

#[test]
fn a_desk_that_is_killed_in_a_local_call_loses_nothing_of_it() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    talks(&mut desk, dialog);
    desk.edit(call(9), "Blok M");
    let (mut desk, _) = desk.killed();
    assert!(desk.core.state.local.as_ref().is_some_and(|local| local.over_at.is_some()));
    desk.let_in();
    desk.hub_shows(no_call());
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    let (case, ..) = taken(&said(&desk.intent(close(Disposition::Information))));
    assert_eq!(case.form.location.expose(), "Blok M");
    assert_eq!(case.disposition, Some(Disposition::Information));
}

#[test]
fn what_only_a_hub_can_do_is_refused_in_a_local_call() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    talks(&mut desk, dialog);
    for intent in [Intent::Hold, Intent::CheckSilence, Intent::Release] {
        desk.intent(Intent::DismissNotice);
        assert_eq!(desk.intent(intent), []);
        assert!(matches!(desk.complaint(), Some(DeskError::Unreachable { .. })));
    }
    desk.intent(close(Disposition::NotReport { reason: NotReport::Silent }));
    assert!(desk.complains_of(ErrorCode::CheckSilenceFirst), "nobody has asked the line");
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

#[test]
fn a_hub_that_is_back_rings_somebody_else_while_a_local_call_is_up() {
    let mut desk = Fixture::logged_in();
    let ready =
        HubView { seat: SeatView { state: SeatState::Ready, ..no_call().seat }, ..no_call() };
    desk.hub_shows(ready);
    desk.give(Input::HubDown);
    let dialog = rung(&mut desk);
    talks(&mut desk, dialog);
    assert_eq!(said(&desk.give(Input::HubUp)), [ToHub::Pause]);
    let said = said(&desk.intent(close(Disposition::HandledHere)));
    assert!(matches!(&said[..], [ToHub::OfflineCase { .. }, ToHub::Ready]), "{said:?}");
}

#[test]
fn a_case_that_the_hub_refuses_stays_on_the_screen() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    talks(&mut desk, dialog);
    desk.edit(call(9), "Blok M");
    desk.intent(close(Disposition::HandledHere));
    let seq = seqs(&desk.give(Input::HubUp))[0];
    desk.hub_refuses(seq, ErrorCode::OutOfRange);
    let kept: Vec<_> =
        desk.core.state.kept.iter().map(|kept| kept.form.location.expose()).collect();
    assert_eq!(kept, ["Blok M"]);
}

#[test]
fn numbers_that_were_given_without_a_hub_are_of_this_seat() {
    let mut desk = Fixture::logged_in();
    let dialog = rings(&mut desk);
    talks(&mut desk, dialog);
    let given = desk.core.state.local.as_ref().and_then(|local| local.number.clone());
    let first = session().cases.first;
    assert!(given.is_some_and(|given: CaseNumber| given >= first && given <= session().cases.last));
}
