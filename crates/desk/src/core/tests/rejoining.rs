//! A voice path that dies, and the leg that takes its place.

use super::*;
use siaga_hub_api::CallBackId;
use siaga_model::Disposition;

/// Stalled: both sockets are opened anew, and nothing is asked before they stand.
fn stalled(desk: &mut Fixture, dialog: DialogKey) {
    let effects = desk.give(Input::MediaStalled(dialog));
    assert_eq!(effects, [Effect::ReconnectHub, Effect::ReconnectPhone]);
    assert!(desk.shown().rejoining);
}

/// Both sockets stand again: the new leg is asked for. Gives the number of the message.
fn asks(desk: &mut Fixture) -> u64 {
    assert_eq!(desk.give(Input::HubUp), []);
    let effects = desk.give(Input::SipUp);
    assert_eq!(said(&effects), [ToHub::Rejoin { call: call(1) }]);
    seqs(&effects)[0]
}

fn answers_by_itself(desk: &mut Fixture) -> DialogKey {
    let dialog = desk.ringing(call(1));
    assert_eq!(desk.give(Input::MediaMade { dialog, error: None }), [Effect::Answer(dialog)]);
    dialog
}

#[test]
fn a_voice_path_that_died_is_replaced_and_the_operator_need_do_nothing() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    desk.intent(Intent::Mute { muted: true });
    desk.edit(call(1), "Blok M");
    stalled(&mut desk, old);
    assert!(!desk.edit(call(1), "Blok M 2").is_empty(), "typing goes on");
    desk.give(Input::HubUp);
    let effects = desk.give(Input::SipUp);
    assert_eq!(said(&effects), [ToHub::Rejoin { call: call(1) }]);
    let new = answers_by_itself(&mut desk);
    assert_eq!(
        desk.give(Input::MediaUp(new)),
        [Effect::Talk { dialog: new, muted: true }, Effect::HangUp(old)]
    );
    assert!(!desk.shown().rejoining);
    assert!(desk.shown().muted);
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert_eq!(desk.shown().form.location.expose(), "Blok M 2");
    // The switch ends the old leg as well: nothing more comes of it.
    assert_eq!(desk.give(Input::PhoneEnded { dialog: old, lost: false }), []);
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

#[test]
fn a_short_hole_in_the_network_asks_for_nothing() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    desk.give(Input::MediaFlows(dialog));
    assert!(!desk.shown().rejoining);
    desk.give(Input::HubUp);
    assert_eq!(said(&desk.give(Input::SipUp)), []);
}

#[test]
fn nothing_is_asked_for_before_both_sockets_stand() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    assert_eq!(desk.give(Input::SipUp), []);
    assert_eq!(desk.pass(10_000), []);
    assert_eq!(said(&desk.give(Input::HubUp)), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn it_asks_again_after_a_second_and_a_half_and_not_before() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    let seq = asks(&mut desk);
    desk.hub_says(ToDesk::Ack { seq });
    assert_eq!(desk.pass(1_000), []);
    assert_eq!(said(&desk.pass(500)), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn a_hub_that_does_not_hear_the_asking_gets_another_socket() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    asks(&mut desk);
    assert_eq!(desk.pass(1_500), [Effect::ReconnectHub]);
    // What was said and not heard is said again.
    assert_eq!(said(&desk.give(Input::HubUp)), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn a_telephone_that_never_rings_gets_another_socket() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    let seq = asks(&mut desk);
    desk.hub_says(ToDesk::Ack { seq });
    let seq = seqs(&desk.pass(1_500))[0];
    desk.hub_says(ToDesk::Ack { seq });
    assert_eq!(desk.pass(1_500), [Effect::ReconnectPhone]);
    assert_eq!(said(&desk.give(Input::SipUp)), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn a_call_that_another_seat_has_by_now_is_let_go() {
    for code in [ErrorCode::NotYours, ErrorCode::NoSuchCall] {
        let mut desk = Fixture::logged_in();
        let dialog = desk.talking(call(1));
        stalled(&mut desk, dialog);
        let seq = asks(&mut desk);
        assert_eq!(desk.hub_refuses(seq, code), [Effect::HangUp(dialog)]);
        assert_eq!(desk.complaint(), None, "the view says what became of the call");
        assert_eq!(desk.core.phone, Phone::Idle);
        desk.hub_shows(no_call());
        assert!(desk.core.state.call.is_none());
        assert_eq!(desk.pass(10_000), []);
    }
}

#[test]
fn a_view_without_the_call_ends_the_asking() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    stalled(&mut desk, dialog);
    asks(&mut desk);
    assert_eq!(desk.hub_shows(no_call()), [Effect::HangUp(dialog)]);
    assert_eq!(desk.pass(10_000), []);
}

#[test]
fn a_dead_leg_of_a_call_that_another_seat_has_does_not_keep_the_telephone_busy() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    // This desk was frozen; the switch's goodbye was lost.
    desk.hub_shows(no_call());
    assert_eq!(desk.give(Input::MediaStalled(dialog)), [Effect::HangUp(dialog)]);
    desk.ringing(call(2));
}

#[test]
fn a_voice_path_that_dies_before_the_hub_could_show_the_answer_is_replaced_as_well() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.ringing(call(1));
    let mut ringing = view(call(1), None, 0, "");
    if let Some(call) = &mut ringing.call {
        let (since, until) = (Timestamp(0), Timestamp(8_000));
        call.phase = Phase::Ringing { seat: seat(), since, until };
    }
    desk.hub_shows(ringing);
    desk.give(Input::MediaMade { dialog, error: None });
    desk.intent(Intent::Answer);
    desk.give(Input::MediaUp(dialog));
    stalled(&mut desk, dialog);
}

#[test]
fn a_ring_of_the_call_that_was_not_asked_for_waits_for_the_operator() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    stalled(&mut desk, old);
    // The hub has given the seat up and rings it as the next one of the queue.
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(1)) });
    assert_eq!(effects, [Effect::HangUp(old), Effect::Ring(dialog)]);
    assert_eq!(desk.give(Input::MediaMade { dialog, error: None }), []);
    assert_eq!(desk.shown().phone, PhoneState::Ringing);
}

#[test]
fn another_call_is_never_answered_while_a_leg_is_awaited() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    stalled(&mut desk, old);
    asks(&mut desk);
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(2)) });
    assert_eq!(effects, [Effect::Reject { dialog, status: 486 }]);
}

#[test]
fn a_new_leg_that_fails_is_asked_for_again() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    stalled(&mut desk, old);
    let seq = asks(&mut desk);
    desk.hub_says(ToDesk::Ack { seq });
    let new = answers_by_itself(&mut desk);
    assert_eq!(desk.give(Input::PhoneEnded { dialog: new, lost: false }), []);
    assert_eq!(said(&desk.pass(1_500)), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn a_new_leg_whose_media_does_not_come_up_is_given_up() {
    let mut desk = Fixture::logged_in();
    let old = desk.talking(call(1));
    stalled(&mut desk, old);
    let seq = asks(&mut desk);
    desk.hub_says(ToDesk::Ack { seq });
    let new = answers_by_itself(&mut desk);
    let effects = desk.pass(3_000);
    assert_eq!(effects[0], Effect::HangUp(new));
    assert_eq!(said(&effects), [ToHub::Rejoin { call: call(1) }]);
}

#[test]
fn a_dialog_that_was_lost_is_replaced_and_one_that_the_switch_ended_is_not() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    let effects = desk.give(Input::PhoneEnded { dialog, lost: true });
    assert_eq!(effects, [Effect::ReconnectHub, Effect::ReconnectPhone]);
    assert_eq!(desk.shown().phone, PhoneState::Connecting);

    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    assert_eq!(desk.give(Input::PhoneEnded { dialog, lost: false }), []);
    assert_eq!(desk.shown().phone, PhoneState::Gone);
}

#[test]
fn a_desk_that_was_killed_in_a_call_finds_its_seat_its_form_and_its_voice_again() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.edit(call(1), "Blok M");
    let (mut desk, effects) = desk.killed();
    assert!(matches!(&effects[..], [Effect::Resume { .. }]));
    let effects = desk.let_in();
    assert_eq!(effects.iter().filter_map(draft_rev).collect::<Vec<_>>(), [1]);
    let effects = desk.hub_shows(view(call(1), Some(seat()), 0, ""));
    assert!(said(&effects).contains(&ToHub::Rejoin { call: call(1) }));
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    let new = answers_by_itself(&mut desk);
    assert_eq!(desk.give(Input::MediaUp(new)), [Effect::Talk { dialog: new, muted: false }]);
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

// ---- calling back

fn calling_back(id: CallId) -> HubView {
    let mut view = view(id, Some(seat()), 0, "");
    if let Some(call) = &mut view.call {
        call.phase = Phase::CallingBack { seat: seat(), since: Timestamp(0), until: None };
        call.call_back = Some(entry());
    }
    view
}

fn entry() -> CallBackId {
    CallBackId(call(9))
}

#[test]
fn the_own_leg_of_a_call_back_is_answered_whether_the_view_or_the_ring_comes_first() {
    for view_first in [true, false] {
        let mut desk = Fixture::logged_in();
        let told = said(&desk.intent(Intent::CallBack { entry: entry() }));
        assert_eq!(told, [ToHub::CallBack { entry: entry() }]);
        if view_first {
            desk.hub_shows(calling_back(call(1)));
        }
        let dialog = desk.ringing(call(1));
        if !view_first {
            desk.hub_shows(calling_back(call(1)));
        }
        let effects = desk.give(Input::MediaMade { dialog, error: None });
        assert_eq!(effects[0], Effect::Answer(dialog), "view first: {view_first}");
    }
}

#[test]
fn another_caller_who_rings_right_after_a_call_back_was_asked_for_is_not_answered() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::CallBack { entry: entry() });
    let dialog = desk.ringing(call(2));
    let mut ringing = view(call(2), None, 0, "");
    if let Some(call) = &mut ringing.call {
        let (since, until) = (Timestamp(0), Timestamp(8_000));
        call.phase = Phase::Ringing { seat: seat(), since, until };
    }
    desk.hub_shows(ringing);
    assert_eq!(desk.give(Input::MediaMade { dialog, error: None }), []);
    assert_eq!(desk.shown().phone, PhoneState::Ringing);
}

#[test]
fn a_call_back_is_refused_while_the_telephone_is_in_use_and_while_the_hub_is_away() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::CallBack { entry: entry() }), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));

    let mut desk = Fixture::logged_in();
    desk.give(Input::HubDown);
    assert_eq!(desk.intent(Intent::CallBack { entry: entry() }), []);
    assert!(matches!(desk.complaint(), Some(DeskError::Unreachable { .. })));
    assert_eq!(said(&desk.give(Input::HubUp)), []);
}

#[test]
fn a_call_back_that_the_hub_refused_answers_nothing() {
    let mut desk = Fixture::logged_in();
    let seq = seqs(&desk.intent(Intent::CallBack { entry: entry() }))[0];
    desk.hub_refuses(seq, ErrorCode::NotNow);
    let dialog = desk.ringing(call(1));
    desk.hub_shows(calling_back(call(1)));
    assert_eq!(desk.give(Input::MediaMade { dialog, error: None }), []);
}

#[test]
fn a_call_back_that_nobody_took_leaves_an_idle_telephone() {
    let mut desk = Fixture::logged_in();
    desk.intent(Intent::CallBack { entry: entry() });
    let dialog = desk.ringing(call(1));
    desk.hub_shows(calling_back(call(1)));
    desk.give(Input::MediaMade { dialog, error: None });
    let mut ended = calling_back(call(1));
    if let Some(call) = &mut ended.call {
        call.phase = Phase::Ended {
            by: siaga_model::EndedBy::NotReached,
            disposition: Disposition::NotReached,
            at: Timestamp(0),
        };
    }
    desk.hub_shows(ended);
    assert_eq!(desk.give(Input::PhoneEnded { dialog, lost: false }), []);
    assert_eq!(desk.core.phone, Phone::Idle);
    assert_eq!(said(&desk.intent(Intent::CallBack { entry: entry() })).len(), 1);
}
