//! The eleven steps of the founding description, one by one. Step 4, telling valid from not valid, is
//! advice of plugins and a decision of people; the core has no opinion on it.

use crate::room::{Room, secs, unit};
use siaga_call_flow::{CallPhase, FlowEvent, Intent, Program, SwitchCommand};
use siaga_model::{Disposition, LegCause, NotReport, ReclaimCause, SeatState};

fn transfer(to: &str) -> Intent {
    Intent::Transfer { unit: unit(to), handover: None }
}

#[test]
fn step_1_a_caller_hears_music_and_the_longest_idle_seat_rings() {
    let mut room = Room::with(&["pmj-2", "pmj-1"]);
    let call = room.arrives(1);
    let leg = room.leg_of("pmj-2");
    let ring = SwitchCommand::Ring { leg, seat: "pmj-2".parse().expect("a seat") };
    assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Music }, ring]);
    assert_eq!((room.state("pmj-2"), room.state("pmj-1")), (SeatState::Ringing, SeatState::Ready));
}

#[test]
fn step_2_the_operator_is_with_the_caller_before_the_music_stops() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives(1);
    let leg = room.leg_of("pmj-1");
    room.answers("pmj-1");
    let quiet = SwitchCommand::Play { call, program: Program::Quiet };
    assert_eq!(room.commands(), [SwitchCommand::Join(leg), quiet]);
    assert_eq!(room.flow.owner(call).map(ToString::to_string).as_deref(), Some("pmj-1"));
}

#[test]
fn step_3_the_call_is_shown_with_what_the_line_brought() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives_for(1, Some("pmj.jaksel"));
    let view = room.flow.call(call).expect("it lives");
    assert_eq!((view.arrived_at, view.first_unit), (room.now, Some(unit("pmj.jaksel"))));
}

#[test]
fn step_5_a_call_that_is_no_report_is_closed_where_it_was_answered() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let disposition = Disposition::NotReport { reason: NotReport::Prank };
    room.intends("pmj-1", call, Intent::Close(disposition.clone()));
    assert_eq!(room.commands(), [SwitchCommand::End(call)]);
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition: d, .. } if d == disposition)
    );
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    room.pass(secs(30));
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
}

#[test]
fn step_6_the_unit_sees_the_form_before_it_rings() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::PickUnit(Some(unit("pmj.jaksel"))));
    assert_eq!(room.flow.call(call).and_then(|view| view.picked), Some(unit("pmj.jaksel")));
    assert_eq!(room.state("jaksel-1"), SeatState::Ready);
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    assert_eq!(room.state("jaksel-1"), SeatState::Ringing);
}

#[test]
fn step_7_the_polda_operator_stays_until_the_polres_has_been_heard() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    room.answers("jaksel-1");
    assert_eq!(
        (room.state("pmj-1"), room.state("jaksel-1")),
        (SeatState::Talking, SeatState::Talking)
    );
    let polda = room.leg_of("pmj-1");
    room.is_heard("jaksel-1");
    assert_eq!(room.commands(), [SwitchCommand::HangUp(polda)]);
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    assert_eq!(room.flow.owner(call).map(ToString::to_string).as_deref(), Some("jaksel-1"));
}

#[test]
fn steps_8_and_9_the_polres_follows_up_and_closes_with_its_own_disposition() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    room.answers("jaksel-1");
    room.is_heard("jaksel-1");
    room.pass(secs(120));
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(room.refusals, [siaga_call_flow::Refusal::NotYours]);
    let disposition = Disposition::HandledByUnit { unit: unit("pmj.jaksel") };
    room.intends("jaksel-1", call, Intent::Close(disposition.clone()));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition: d, .. } if d == disposition)
    );
}

#[test]
fn step_10_caller_is_back_with_polda_when_polres_is_busy() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    room.loses_leg("jaksel-1", LegCause::Busy);
    assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Quiet }]);
    let CallPhase::Talking { reclaimed: Some(back), .. } = room.phase(call) else {
        panic!("{:?}", room.phase(call))
    };
    assert_eq!((back.cause, back.at), (ReclaimCause::Busy, room.now));
}

#[test]
fn step_10_caller_is_back_with_polda_when_polres_is_silent_for_five_seconds() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    room.pass(std::time::Duration::from_millis(4_999));
    assert!(matches!(room.phase(call), CallPhase::Transferring { .. }));
    room.pass(std::time::Duration::from_millis(1));
    assert!(matches!(room.phase(call), CallPhase::Talking { reclaimed: Some(_), .. }));
    assert_eq!(room.state("jaksel-1"), SeatState::NotAnswering);
}

#[test]
fn step_11_the_polda_operator_closes_a_call_that_came_back() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, transfer("pmj.jaksel"));
    room.loses_leg("jaksel-1", LegCause::Declined);
    let disposition = Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") };
    room.intends("pmj-1", call, Intent::Close(disposition.clone()));
    assert!(room.events.iter().any(
        |event| matches!(event, FlowEvent::Ended { disposition: d, .. } if *d == disposition)
    ));
}
