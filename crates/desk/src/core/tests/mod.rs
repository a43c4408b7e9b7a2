//! The desk's state machine on virtual time.

mod disposal;
mod fixture;
mod local;
mod looking;
mod outage;
mod rejoining;
mod seats;
mod sounds;
mod storm;

use super::form::MAX_TEXT;
use super::*;
use crate::Intent;
use fixture::*;
use siaga_hub_api::{ApiError, CaseBlock, HubView};
use siaga_model::CaseNumber;
use siaga_sip::DialogKey;
use std::time::Duration;

#[test]
fn an_answer_given_before_the_media_is_ready_is_sent_as_soon_as_it_is() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.ringing(call(1));
    assert_eq!(desk.intent(Intent::Answer), []);
    assert_eq!(desk.shown().phone, PhoneState::Connecting);
    assert_eq!(
        desk.give(Input::MediaMade { dialog, error: None }),
        [Effect::Answer(dialog), Effect::Talk { dialog, muted: false }]
    );
    desk.give(Input::MediaUp(dialog));
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

#[test]
fn a_colleague_is_a_seat_of_the_own_unit_and_asked_together() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let asked = said(&desk.intent(Intent::AskColleague));
    let (unit, handover) = (session().unit, Some(siaga_hub_api::HandoverChoice::Together));
    assert_eq!(asked, [ToHub::Transfer { call: call(1), unit, handover }]);
}

#[test]
fn a_second_press_of_the_answer_key_does_nothing() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::Answer), []);
    assert!(desk.core.state.notice.is_none());
}

#[test]
fn a_second_call_is_told_that_this_seat_is_busy() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(2)) });
    assert_eq!(effects, [Effect::Reject { dialog, status: 486 }]);
    assert_eq!(desk.shown().call, call(1));
}

#[test]
fn what_was_typed_is_shown_sent_and_judged_at_once() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    assert_eq!(effects.len(), 2);
    assert_eq!(draft_rev(&effects[0]), Some(1));
    assert!(matches!(&effects[1], Effect::Advise { rev: 1, .. }));
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn an_old_echo_of_the_hub_never_overwrites_newer_typing() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok")) });
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), Some(seat()), 1, "Blok")))));
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    assert_eq!((desk.shown().rev, desk.shown().saved_rev), (2, 1));
}

#[test]
fn what_the_hub_shows_counts_as_stored_when_it_says_so() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok")) });
    let seq = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Say(said) => Some(said.seq),
            _ => None,
        })
        .expect("a draft was said");
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), Some(seat()), 1, "Blok")))));
    assert_eq!((desk.shown().rev, desk.shown().saved_rev), (1, 0));
    desk.give(Input::Hub(ToDesk::Ack { seq }));
    assert_eq!((desk.shown().rev, desk.shown().saved_rev), (1, 1));
}

#[test]
fn a_form_that_somebody_else_writes_is_shown_and_cannot_be_changed() {
    let mut desk = Fixture::logged_in();
    desk.ringing(call(1));
    let writer = Some("pmj-2".parse().expect("id"));
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), writer, 7, "Senen")))));
    assert_eq!(desk.shown().form.location.expose(), "Senen");
    assert_eq!(desk.intent(Intent::Edit { call: call(1), form: Box::new(form("")) }), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
    assert_eq!(desk.shown().form.location.expose(), "Senen");
}

#[test]
fn a_form_that_was_taken_over_goes_on_from_the_last_revision() {
    let mut desk = Fixture::logged_in();
    desk.ringing(call(1));
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), Some(seat()), 7, "Senen")))));
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Senen 2")) });
    assert_eq!(draft_rev(&effects[0]), Some(8));
}

#[test]
fn a_text_that_is_too_long_is_refused_and_the_form_stays() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    let too_long = form(&"a".repeat(MAX_TEXT + 1));
    assert_eq!(desk.intent(Intent::Edit { call: call(1), form: Box::new(too_long) }), []);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    assert!(desk.complains_of(ErrorCode::OutOfRange));
}

#[test]
fn the_form_stays_on_the_screen_after_the_telephone_has_ended() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.shown().phone, PhoneState::Gone);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn logging_out_is_refused_while_somebody_is_on_the_line() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::Logout), []);
    assert!(desk.core.state.session.is_some());
}

#[test]
fn advice_on_an_older_text_never_replaces_newer_advice() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::Advised { call: call(1), advice: advice(2, Vec::new()) });
    desk.give(Input::Advised { call: call(1), advice: advice(1, Vec::new()) });
    assert_eq!(desk.shown().advice.as_ref().map(|a| a.draft_rev), Some(2));
}
