//! Desks, telephones and networks die; callers stay.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, Input, Intent, Program, Prompt, SEAT_LOST, SeatChange, SwitchCommand, SwitchSaw,
    WaitReason,
};
use siaga_model::{EndedBy, LegCause, SeatState};
use std::time::Duration;

#[test]
fn a_caller_whose_operator_is_lost_is_first_in_the_queue_and_is_told_to_wait() {
    for (cause, state) in [
        (LegCause::HungUp, SeatState::NotAnswering),
        (LegCause::MediaLost, SeatState::Paused),
        (LegCause::Unregistered, SeatState::NotAnswering),
    ] {
        let mut room = Room::with(&["pmj-1", "pmj-2"]);
        let lost = room.talks(1, "pmj-1");
        let other = room.talks(2, "pmj-2");
        let waiting = room.arrives(3);
        room.loses_leg("pmj-1", cause);
        let program = Program::Prompt(Prompt::PleaseWait);
        assert_eq!(room.commands(), [SwitchCommand::Play { call: lost, program }]);
        assert_eq!(room.flow.queue().collect::<Vec<_>>(), [lost, waiting]);
        assert_eq!(room.state("pmj-1"), state);
        room.intends("pmj-2", other, Intent::Close(siaga_model::Disposition::HandledHere));
        room.change("pmj-2", SeatChange::Ready);
        assert!(
            matches!(room.phase(lost), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2"))
        );
    }
}

#[test]
fn a_caller_on_hold_is_requeued_too_when_the_operator_is_lost() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    room.loses_leg("pmj-1", LegCause::Failed);
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
}

#[test]
fn one_lost_socket_changes_nothing_about_a_call_that_is_up() {
    for change in [SeatChange::LoggedOut, SeatChange::Unregistered] {
        let mut room = Room::with(&["pmj-1"]);
        let call = room.talks(1, "pmj-1");
        room.change("pmj-1", change);
        room.pass(secs(600));
        assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
    }
}

#[test]
fn two_lost_sockets_for_two_seconds_are_a_lost_desk() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    let dead = room.leg_of("pmj-1");
    room.change("pmj-1", SeatChange::LoggedOut);
    room.pass(secs(1));
    room.change("pmj-1", SeatChange::Unregistered);
    assert_eq!(room.until, Some((room.now + SEAT_LOST, WaitReason::SeatLost)));
    room.pass(Duration::from_millis(1_999));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
    room.pass(Duration::from_millis(1));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
    assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({dead})"))));
    assert_eq!(room.state("pmj-1"), SeatState::Offline);
}

#[test]
fn a_desk_that_is_back_within_two_seconds_keeps_its_caller() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.change("pmj-1", SeatChange::LoggedOut);
    room.change("pmj-1", SeatChange::Unregistered);
    room.pass(Duration::from_millis(1_900));
    room.change("pmj-1", SeatChange::LoggedIn(unit("pmj")));
    room.pass(secs(60));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn what_is_told_twice_or_about_nobody_changes_nothing() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let leg = room.leg_of("pmj-1");
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
    assert!(room.last.is_empty());
    room.input(Input::Switch(SwitchSaw::Heard(leg)));
    assert!(room.last.is_empty());
    room.arrives(1);
    assert!(room.last.is_empty());
    let unknown = siaga_model::LegId { call, n: 77 };
    room.input(Input::Switch(SwitchSaw::Ended { leg: unknown, cause: LegCause::Failed }));
    assert!(room.last.is_empty());
    room.caller_hangs_up(crate::room::call(99));
    assert!(room.last.is_empty());
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn a_lost_switch_ends_every_call_once_and_puts_them_on_the_call_back_list() {
    let mut room = Room::with(&["pmj-1"]);
    let talking = room.talks(1, "pmj-1");
    let queued = room.arrives(2);
    room.input(Input::Switch(SwitchSaw::Lost));
    for call in [talking, queued] {
        assert!(matches!(room.phase(call), CallPhase::Ended { by: EndedBy::SwitchLost, .. }));
    }
    room.input(Input::Switch(SwitchSaw::Lost));
    assert!(room.last.is_empty());
}
