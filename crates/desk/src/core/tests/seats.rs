//! Sitting down, coming back, leaving.

use super::*;
use siaga_model::Disposition;

fn refused(code: ErrorCode) -> Input {
    Input::LoginFailed(DeskError::Hub { code, detail: String::new() })
}

fn unreachable() -> Input {
    Input::LoginFailed(DeskError::Unreachable { detail: String::new() })
}

fn bye() -> ToDesk {
    ToDesk::Bye { error: ApiError::new(ErrorCode::NotLoggedIn, "") }
}

fn is_login(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::LogIn { .. }])
}

fn is_resume(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Resume { .. }])
}

#[test]
fn a_refused_login_says_why_and_can_be_tried_again() {
    let mut desk = Fixture::new();
    assert!(is_login(&desk.intent(login("rina"))));
    assert_eq!(desk.intent(login("rina")), [], "one at a time");
    desk.give(refused(ErrorCode::WrongPassword));
    assert!(desk.complains_of(ErrorCode::WrongPassword));
    assert_eq!(desk.pass(60_000), []);
    assert!(is_login(&desk.intent(login("rina"))));
}

#[test]
fn a_seat_that_is_taken_is_asked_for_again_for_ten_seconds() {
    let mut desk = Fixture::new();
    desk.intent(login("rina"));
    let mut attempts = 1;
    for _ in 0..30 {
        desk.give(refused(ErrorCode::SeatTaken));
        assert!(desk.complains_of(ErrorCode::SeatTaken));
        if desk.core.state.hub == LinkHealth::Off {
            break;
        }
        assert_eq!(desk.core.state.hub, LinkHealth::Connecting, "it shows that it waits");
        assert_eq!(desk.pass(500), []);
        assert!(is_login(&desk.pass(500)));
        attempts += 1;
    }
    assert_eq!(attempts, 11);
    assert_eq!(desk.pass(60_000), []);
}

#[test]
fn a_seat_that_becomes_free_is_taken() {
    let mut desk = Fixture::new();
    desk.intent(login("rina"));
    desk.give(refused(ErrorCode::SeatTaken));
    desk.pass(1_000);
    desk.let_in();
    assert!(desk.core.state.session.is_some());
    assert_eq!(desk.complaint(), None);
}

#[test]
fn somebody_who_waits_for_a_seat_may_choose_another_one() {
    let mut desk = Fixture::new();
    desk.intent(login("rina"));
    desk.give(refused(ErrorCode::SeatTaken));
    assert!(is_login(&desk.intent(login("budi"))));
}

#[test]
fn a_login_of_who_sits_here_already_is_no_mistake_and_another_one_is() {
    let mut desk = Fixture::logged_in();
    assert_eq!(desk.intent(login("rina")), []);
    assert_eq!(desk.complaint(), None);
    assert_eq!(desk.intent(login("budi")), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
}

#[test]
fn a_desk_that_was_started_again_waits_for_its_hub() {
    let (mut desk, effects) = Fixture::logged_in().killed();
    assert!(is_resume(&effects));
    desk.give(unreachable());
    assert!(matches!(desk.core.state.hub, LinkHealth::Down { .. }));
    assert!(is_resume(&desk.pass(1_000)));
    let effects = desk.give(Input::LoggedIn(Box::new(session())));
    assert!(matches!(
        &effects[..],
        [Effect::StartPhone(_), Effect::OpenLink, Effect::FetchPlugins { .. }]
    ));
    assert!(desk.core.state.session.is_some());
}

#[test]
fn a_session_that_has_ended_meanwhile_leads_to_the_login_page() {
    let (mut desk, _) = Fixture::logged_in().killed();
    assert_eq!(desk.give(refused(ErrorCode::NotLoggedIn)), [Effect::Leave]);
    assert!(desk.complains_of(ErrorCode::NotLoggedIn));
    assert_eq!(desk.shelf.session, None);
    assert_eq!(desk.pass(60_000), []);
}

#[test]
fn a_hub_with_a_fault_does_not_end_the_session() {
    let (mut desk, _) = Fixture::logged_in().killed();
    desk.give(refused(ErrorCode::Internal));
    assert!(is_resume(&desk.pass(1_000)));
}

#[test]
fn a_login_during_the_taking_up_waits_for_it_and_steps_in_when_it_fails() {
    let (mut desk, _) = Fixture::logged_in().killed();
    assert_eq!(desk.intent(login("rina")), []);
    let effects = desk.give(refused(ErrorCode::NotLoggedIn));
    assert!(matches!(&effects[..], [Effect::Leave, Effect::LogIn { .. }]));

    let (mut desk, _) = Fixture::logged_in().killed();
    desk.intent(login("rina"));
    desk.let_in();
    assert!(desk.core.state.session.is_some());
    assert_eq!(desk.complaint(), None);
}

#[test]
fn somebody_else_may_sit_down_instead_of_the_one_before() {
    let (mut desk, _) = Fixture::logged_in().killed();
    let effects = desk.intent(login("budi"));
    assert!(matches!(&effects[..], [Effect::Leave, Effect::LogIn { .. }]));
}

#[test]
fn what_was_typed_in_an_ended_session_goes_out_under_the_next_login_of_the_same_operator() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::HubDown);
    desk.edit(call(1), "Blok M");
    desk.intent(Intent::Close { disposition: Disposition::HandledHere, note: String::new() });
    let (mut desk, _) = desk.killed();
    desk.give(refused(ErrorCode::NotLoggedIn));
    assert_eq!(desk.shelf.left.len(), 2);
    // Nobody else's name goes under it.
    assert_eq!(said(&desk.log_in("budi")), []);
    desk.intent(Intent::Logout);
    let (mut desk, _) = desk.killed();
    let effects = desk.log_in("rina");
    assert!(matches!(&said(&effects)[..], [ToHub::Draft { .. }, ToHub::Close { .. }]));
    assert_eq!(seqs(&effects), [1, 2], "a new session counts from 1");
    assert!(desk.shelf.left.is_empty());
    assert_eq!(desk.shelf.waiting.len(), 2, "and the disk has them until the hub has");
}

#[test]
fn logging_out_forgets_the_session_and_not_what_waits() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    desk.give(Input::HubDown);
    desk.edit(call(1), "Blok M");
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.intent(Intent::Logout), [Effect::LogOut]);
    assert_eq!(desk.shelf.session, None);
    assert_eq!(desk.shelf.left.len(), 1);
}

#[test]
fn shutting_down_forgets_the_session_and_not_what_waits() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::HubDown);
    desk.edit(call(1), "Blok M");
    assert_eq!(desk.give(Input::ShutDown), [Effect::LogOut]);
    assert_eq!(desk.shelf.session, None);
    assert_eq!(desk.shelf.left.len(), 1);
}

#[test]
fn a_goodbye_of_the_hub_is_asked_about_before_it_is_believed() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.edit(call(1), "Blok M");
    assert!(is_resume(&desk.hub_says(bye())));
    assert!(desk.core.state.session.is_some(), "a hub that restarts keeps its sessions");
    desk.give(unreachable());
    assert!(is_resume(&desk.pass(1_000)));
    assert_eq!(desk.give(refused(ErrorCode::NotLoggedIn)), [], "the call goes on");
    assert!(desk.complains_of(ErrorCode::NotLoggedIn));
    assert!(desk.core.state.session.is_none());
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    let dialog = desk.core.phone.dialog().expect("a leg");
    assert_eq!(desk.give(Input::PhoneEnded { dialog, lost: false }), [Effect::Leave]);
}

#[test]
fn a_hub_that_was_started_again_has_its_desk_back_with_the_call() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    desk.hub_says(bye());
    let effects = desk.let_in();
    assert!(effects.contains(&Effect::HangUp(old)) && effects.contains(&Effect::OpenLink));
    let effects = desk.hub_shows(view(call(1), Some(seat()), 0, ""));
    assert!(said(&effects).contains(&ToHub::Rejoin { call: call(1) }));
}

#[test]
fn a_switch_that_has_forgotten_the_telephone_gives_it_a_new_account() {
    let mut desk = Fixture::logged_in();
    assert!(is_resume(&desk.give(Input::SipRefused)));
    assert_eq!(desk.give(Input::SipRefused), [], "once at a time");
    let effects = desk.give(Input::LoggedIn(Box::new(session())));
    assert!(matches!(&effects[..], [Effect::StartPhone(_)]), "{effects:?}");
    assert_eq!(desk.give(Input::SipRefused), [], "not at once again");
    desk.pass(5_000);
    assert!(is_resume(&desk.give(Input::SipRefused)));
}

#[test]
fn a_call_that_outlives_the_telephones_account_gets_a_new_leg() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    desk.give(Input::SipRefused);
    let effects = desk.give(Input::LoggedIn(Box::new(session())));
    assert_eq!(effects[0], Effect::HangUp(old));
    assert_eq!(said(&desk.give(Input::SipUp)), [ToHub::Rejoin { call: call(1) }]);
}
