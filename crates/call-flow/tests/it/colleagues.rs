//! An operator who cannot go on asks another seat of the own unit to take the call.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, Figures, FlowEvent, Handover, Intent, Program, SeatChange, SwitchCommand,
};
use siaga_model::{CallId, LegCause, ReclaimCause, SeatState};

/// A call at `pmj-1`, whose operator has chosen Jakarta Selatan and asks a colleague.
fn asked(seats: &[&str]) -> (Room, CallId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::PickUnit(Some(unit("pmj.jaksel"))));
    asks(&mut room, call);
    (room, call)
}

fn asks(room: &mut Room, call: CallId) {
    let music = Some(Handover::Music);
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("pmj"), handover: music });
}

/// Why `pmj-1` has its caller back.
fn back(room: &Room, call: CallId) -> ReclaimCause {
    match room.phase(call) {
        CallPhase::Talking { seat: at, reclaimed: Some(reclaimed), .. } if at == seat("pmj-1") => {
            assert_eq!(reclaimed.unit, unit("pmj"));
            reclaimed.cause
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_longest_idle_colleague_rings_and_the_operator_stays_with_the_caller() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    for id in ["pmj-3", "pmj-2"] {
        room.sits_down(id);
        room.pass(secs(1));
    }
    asks(&mut room, call);
    let ring = SwitchCommand::Ring { leg: room.leg_of("pmj-3"), seat: seat("pmj-3") };
    let soft = SwitchCommand::Play { call, program: Program::SoftRingback };
    assert_eq!(room.commands(), [soft, ring], "nobody is set aside, whatever was asked for");
    assert_eq!(room.state("pmj-2"), SeatState::Ready);
}

#[test]
fn a_colleague_who_is_heard_owns_the_call_and_the_chosen_unit_stays_chosen() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.pass(secs(2));
    room.answers("pmj-2");
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")), "until the colleague is heard");
    room.is_heard("pmj-2");
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-2")));
    let view = room.flow.call(call).expect("it lives");
    assert_eq!(view.picked, Some(unit("pmj.jaksel")));
    room.intends("pmj-2", call, Intent::Transfer { unit: unit("pmj.jaksel"), handover: None });
    assert!(matches!(room.phase(call), CallPhase::Talking { reclaimed: Some(_), .. }));
}

#[test]
fn whoever_gave_the_caller_to_a_colleague_is_rung_again_only_when_they_say_so() {
    let (mut room, _) = asked(&["pmj-1", "pmj-2"]);
    room.answers("pmj-2");
    room.is_heard("pmj-2");
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
    let next = room.arrives(2);
    room.pass(secs(60));
    assert_eq!(room.state("pmj-1"), SeatState::Paused, "no writing up that runs out");
    room.change("pmj-1", SeatChange::Ready);
    assert!(matches!(room.phase(next), CallPhase::Ringing { seat: at, .. } if at == seat("pmj-1")));
}

#[test]
fn the_operator_has_the_caller_as_before_when_no_colleague_takes_it() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.loses_leg("pmj-2", LegCause::Declined);
    assert_eq!(back(&room, call), ReclaimCause::Declined);

    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.pass(secs(5));
    assert_eq!(back(&room, call), ReclaimCause::NoAnswer);
    assert_eq!(room.state("pmj-2"), SeatState::NotAnswering);

    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.answers("pmj-2");
    room.pass(secs(3));
    assert_eq!(back(&room, call), ReclaimCause::AnsweredSilent);
}

#[test]
fn without_another_ready_seat_the_caller_is_back_in_the_same_instant() {
    let (room, call) = asked(&["pmj-1"]);
    assert_eq!(back(&room, call), ReclaimCause::Unregistered);

    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    room.change("pmj-2", SeatChange::Pause);
    asks(&mut room, call);
    assert_eq!(back(&room, call), ReclaimCause::Busy);
    assert!(room.commands().is_empty(), "they never stopped talking");
}

#[test]
fn a_colleague_has_the_caller_when_the_leg_of_whoever_asked_is_lost_meanwhile() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    room.answers("pmj-2");
    assert!(matches!(room.phase(call), CallPhase::Talking { seat: at, .. } if at == seat("pmj-2")));
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
}

#[test]
fn a_colleague_who_was_asked_is_no_transfer_in_the_figures() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.loses_leg("pmj-2", LegCause::Busy);
    asks(&mut room, call);
    room.answers("pmj-2");
    room.is_heard("pmj-2");
    let figures = Figures::of(room.log.iter().cloned());
    assert_eq!((figures.transfers, figures.transferred), (0, 0));
    assert!(figures.reclaimed.is_empty());
    assert_eq!(figures.colleagues_asked, 2);
    assert_eq!(figures.seats[&seat("pmj-2")].taken_over, 1);
    let done = |(_, event): &(_, FlowEvent)| matches!(event, FlowEvent::TransferDone { .. });
    assert!(room.log.iter().any(done));
}
