//! Ending a call: by mistake, with danger words, with held keys.

use super::*;
use crate::state::Asking;
use siaga_hub_api::DisposingView;
use siaga_model::{Disposition, NotReport, Validity};

fn prank() -> Disposition {
    Disposition::NotReport { reason: NotReport::Prank }
}

fn dispose(sure: bool) -> Intent {
    Intent::Dispose { disposition: prank(), note: "tertawa".to_owned(), sure }
}

fn close(disposition: Disposition) -> Intent {
    Intent::Close { disposition, note: String::new() }
}

/// In a call whose plugins have found danger words.
fn in_danger() -> Fixture {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let findings = vec![danger(&["terjebak"]), danger(&[]), danger(&["terjebak", "api"])];
    desk.give(Input::Advised { call: call(1), advice: advice(1, findings) });
    desk
}

fn disposing_view() -> HubView {
    let mut view = view(call(1), Some(seat()), 0, "");
    if let Some(call) = &mut view.call {
        call.phase = Phase::Talking {
            seat: seat(),
            since: Timestamp(0),
            reclaimed: None,
            disposing: Some(DisposingView { disposition: prank(), until: Timestamp(4_000) }),
        };
    }
    view
}

fn words(desk: &Fixture) -> Vec<String> {
    match &desk.core.state.asking {
        Some(Asking::DangerWords { words, .. }) => words.clone(),
        None => Vec::new(),
    }
}

#[test]
fn a_call_without_danger_words_is_disposed_of_with_one_key() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let told = said(&desk.intent(dispose(false)));
    assert!(matches!(&told[..], [ToHub::Dispose { disposition, .. }] if *disposition == prank()));
}

#[test]
fn a_call_with_danger_words_is_asked_about_and_nothing_is_sent() {
    let mut desk = in_danger();
    assert_eq!(desk.intent(dispose(false)), []);
    assert_eq!(words(&desk), ["terjebak", "Kata bahaya", "api"]);
    let told = said(&desk.intent(dispose(true)));
    assert!(matches!(&told[..], [ToHub::Dispose { .. }]));
    assert_eq!(desk.core.state.asking, None);
}

#[test]
fn a_disposition_that_sends_somebody_is_not_asked_about() {
    let mut desk = in_danger();
    let told = said(&desk.intent(Intent::Dispose {
        disposition: Disposition::HandledHere,
        note: String::new(),
        sure: false,
    }));
    assert_eq!(told.len(), 1);
}

#[test]
fn undo_takes_back_the_question_first_and_says_nothing_to_the_hub() {
    let mut desk = in_danger();
    desk.intent(dispose(false));
    assert_eq!(desk.intent(Intent::Undo), []);
    assert_eq!(desk.core.state.asking, None);
    assert_eq!(desk.complaint(), None);
    assert_eq!(desk.intent(Intent::Undo), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
}

#[test]
fn a_held_key_disposes_once_and_undo_is_understood_at_once() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let seq = seqs(&desk.intent(dispose(false)))[0];
    assert_eq!(desk.intent(dispose(false)), []);
    desk.hub_says(ToDesk::Ack { seq });
    assert_eq!(desk.intent(dispose(false)), [], "taken, and no view shows it yet");
    desk.hub_shows(disposing_view());
    assert_eq!(desk.intent(dispose(true)), []);
    assert!(matches!(&said(&desk.intent(Intent::Undo))[..], [ToHub::Undo { .. }]));
    // Taken back: it can be disposed of again.
    desk.hub_shows(view(call(1), Some(seat()), 0, ""));
    assert_eq!(said(&desk.intent(dispose(false))).len(), 1);
}

#[test]
fn a_disposal_that_the_hub_refused_can_be_tried_again_and_not_undone() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let seq = seqs(&desk.intent(dispose(false)))[0];
    desk.hub_refuses(seq, ErrorCode::CheckSilenceFirst);
    assert!(desk.complains_of(ErrorCode::CheckSilenceFirst));
    assert_eq!(desk.intent(Intent::Undo), []);
    assert_eq!(said(&desk.intent(dispose(false))).len(), 1);
}

#[test]
fn a_question_goes_with_its_call() {
    let mut desk = in_danger();
    desk.intent(dispose(false));
    desk.hub_shows(no_call());
    let dialog = desk.core.phone.dialog().expect("a leg");
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.core.state.asking, None);
}

#[test]
fn a_question_goes_when_nothing_speaks_of_danger_any_more() {
    let mut desk = in_danger();
    desk.intent(dispose(false));
    desk.give(Input::Advised { call: call(1), advice: advice(2, Vec::new()) });
    assert_eq!(desk.core.state.asking, None);
}

#[test]
fn the_closing_chord_asks_as_well_and_its_answer_leaves_the_line_open() {
    let mut desk = in_danger();
    assert_eq!(desk.intent(close(prank())), []);
    assert_eq!(words(&desk).len(), 3);
    assert_eq!(desk.intent(close(prank())), [], "the chord is no answer");
    assert!(matches!(&said(&desk.intent(dispose(true)))[..], [ToHub::Dispose { .. }]));
}

#[test]
fn the_closing_chord_does_not_ask_who_has_overridden_the_verdict() {
    let mut desk = in_danger();
    desk.intent(Intent::Override { validity: Validity::NotValid, reason: "latihan".to_owned() });
    assert!(matches!(&said(&desk.intent(close(prank())))[..], [ToHub::Close { .. }]));
}

#[test]
fn the_closing_chord_does_not_ask_when_the_caller_has_gone() {
    let mut desk = in_danger();
    let mut gone = view(call(1), Some(seat()), 0, "");
    if let Some(call) = &mut gone.call {
        call.phase = Phase::Ended {
            by: siaga_model::EndedBy::Caller,
            disposition: Disposition::Abandoned,
            at: Timestamp(0),
        };
    }
    desk.hub_shows(gone);
    assert!(matches!(&said(&desk.intent(close(prank())))[..], [ToHub::Close { .. }]));
}

#[test]
fn a_held_closing_chord_closes_once_and_again_after_a_refusal() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let seq = seqs(&desk.intent(close(prank())))[0];
    assert_eq!(desk.intent(close(prank())), []);
    assert_eq!(desk.intent(dispose(false)), []);
    desk.hub_refuses(seq, ErrorCode::CheckSilenceFirst);
    assert_eq!(desk.shown().closing, None);
    assert_eq!(said(&desk.intent(close(prank()))).len(), 1);
}
