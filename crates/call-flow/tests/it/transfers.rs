//! Handing over, and everything that can go wrong on the way.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, FlowEvent, Handover, Input, Intent, Program, Refusal, SeatChange, SwitchCommand,
    SwitchSaw,
};
use siaga_model::{CallId, Disposition, LegCause, ReclaimCause, SeatState};

fn hand_over(room: &mut Room, call: CallId, to: &str, handover: Handover) {
    let intent = Intent::Transfer { unit: unit(to), handover: Some(handover) };
    room.intends("pmj-1", call, intent);
}

/// A call at `pmj-1` on its way to Jakarta Selatan.
fn on_the_way(seats: &[&str], handover: Handover) -> (Room, CallId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    hand_over(&mut room, call, "pmj.jaksel", handover);
    (room, call)
}

fn back(room: &Room, call: CallId) -> Option<ReclaimCause> {
    match room.phase(call) {
        CallPhase::Talking { reclaimed, .. } => reclaimed.map(|reclaim| reclaim.cause),
        other => panic!("{other:?}"),
    }
}

fn play(call: CallId, program: Program) -> SwitchCommand {
    SwitchCommand::Play { call, program }
}

#[test]
fn together_means_both_hear_a_soft_ringback_and_the_operator_stays() {
    let (room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    let ring = SwitchCommand::Ring { leg: room.leg_of("jaksel-1"), seat: seat("jaksel-1") };
    assert_eq!(room.commands(), [play(call, Program::SoftRingback), ring]);
}

#[test]
fn with_music_the_caller_hears_it_before_the_operator_leaves() {
    let (room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    let ring = SwitchCommand::Ring { leg: room.leg_of("jaksel-1"), seat: seat("jaksel-1") };
    let apart = SwitchCommand::Detach(room.leg_of("pmj-1"));
    assert_eq!(room.commands(), [play(call, Program::Music), apart, ring]);
}

#[test]
fn after_music_the_operator_joins_before_the_music_stops() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    let polda = room.leg_of("pmj-1");
    room.loses_leg("jaksel-1", LegCause::Declined);
    assert_eq!(room.commands(), [SwitchCommand::Join(polda), play(call, Program::Quiet)]);
    assert_eq!(back(&room, call), Some(ReclaimCause::Declined));
}

#[test]
fn a_polres_that_answers_and_says_nothing_is_reclaimed_after_three_seconds() {
    for handover in [Handover::Together, Handover::Music] {
        let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], handover);
        room.pass(secs(4));
        room.answers("jaksel-1");
        let leg = room.leg_of("jaksel-1");
        room.pass(secs(3));
        assert_eq!(back(&room, call), Some(ReclaimCause::AnsweredSilent));
        assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({leg})"))));
        assert_eq!(room.state("jaksel-1"), SeatState::NotAnswering);
    }
}

#[test]
fn a_unit_without_anybody_gives_the_caller_back_in_the_same_instant() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.change("jaksel-1", SeatChange::Unregistered);
    hand_over(&mut room, call, "pmj.jaksel", Handover::Music);
    assert_eq!(back(&room, call), Some(ReclaimCause::Unregistered));
    assert!(room.commands().is_empty(), "they never stopped talking");
}

#[test]
fn a_unit_whose_seats_are_all_taken_is_busy_in_the_same_instant() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.change("jaksel-1", SeatChange::Pause);
    hand_over(&mut room, call, "pmj.jaksel", Handover::Together);
    assert_eq!(back(&room, call), Some(ReclaimCause::Busy));
}

#[test]
fn another_seat_of_the_unit_rings_for_what_is_left_of_the_time() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1", "jaksel-2"], Handover::Together);
    room.pass(secs(3));
    room.loses_leg("jaksel-1", LegCause::Busy);
    assert_eq!(room.state("jaksel-2"), SeatState::Ringing);
    room.pass(secs(2));
    assert_eq!(back(&room, call), Some(ReclaimCause::NoAnswer));
    assert_eq!(room.state("jaksel-1"), SeatState::Ready);
    assert_eq!(room.state("jaksel-2"), SeatState::NotAnswering);
}

#[test]
fn a_unit_that_is_lost_after_its_answer_gives_the_caller_back() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    room.answers("jaksel-1");
    room.loses_leg("jaksel-1", LegCause::MediaLost);
    assert_eq!(back(&room, call), Some(ReclaimCause::Lost));
    assert_eq!(room.state("jaksel-1"), SeatState::Paused);
}

#[test]
fn a_transfer_taken_back_spares_the_seat_that_rang() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    let leg = room.leg_of("jaksel-1");
    room.intends("pmj-1", call, Intent::TakeBack);
    assert_eq!(room.commands(), [play(call, Program::Quiet), SwitchCommand::HangUp(leg)]);
    assert_eq!(back(&room, call), Some(ReclaimCause::TakenBack));
    assert_eq!(room.state("jaksel-1"), SeatState::Ready);
}

#[test]
fn a_release_leaves_the_caller_only_with_a_unit_that_has_answered() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    room.intends("pmj-1", call, Intent::Release);
    assert_eq!(room.refusals, [Refusal::NotNow]);
    room.answers("jaksel-1");
    room.intends("pmj-1", call, Intent::Release);
    assert!(
        matches!(room.phase(call), CallPhase::Talking { seat: s, .. } if s == seat("jaksel-1"))
    );
    let released = room
        .events
        .iter()
        .any(|event| matches!(event, FlowEvent::TransferDone { heard: false, .. }));
    assert!(released);
}

#[test]
fn the_call_is_the_units_when_the_giver_is_lost_while_it_rings() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert_eq!(room.commands(), [play(call, Program::Music)]);
    assert_eq!(room.flow.owner(call), None);
    room.intends("pmj-1", call, Intent::TakeBack);
    assert_eq!(room.refusals, [Refusal::NotNow]);
    room.answers("jaksel-1");
    assert_eq!(room.flow.owner(call), Some(&seat("jaksel-1")));
}

#[test]
fn the_caller_goes_to_the_front_of_the_queue_when_giver_and_unit_both_fail() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    let later = room.arrives(2);
    room.loses_leg("pmj-1", LegCause::Failed);
    room.pass(secs(5));
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [call, later]);
    let giver_is_named = room.events.iter().any(|event| {
        matches!(event, FlowEvent::Requeued { lost, cause: LegCause::Failed, .. } if *lost == seat("pmj-1"))
    });
    assert!(giver_is_named);
}

#[test]
fn the_call_is_the_units_when_the_giver_is_lost_after_its_answer() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    room.answers("jaksel-1");
    room.loses_leg("pmj-1", LegCause::HungUp);
    assert_eq!(room.flow.owner(call), Some(&seat("jaksel-1")));
    room.pass(secs(60));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn a_call_may_be_closed_while_it_is_handed_over() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Together);
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(room.commands(), [SwitchCommand::End(call)]);
    assert_eq!(
        (room.state("pmj-1"), room.state("jaksel-1")),
        (SeatState::AfterCall, SeatState::Ready)
    );
}

#[test]
fn a_call_on_hold_is_handed_over_with_the_operator_back_in_it() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    let polda = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    assert_eq!(room.commands(), [play(call, Program::Music), SwitchCommand::Detach(polda)]);
    hand_over(&mut room, call, "pmj.jaksel", Handover::Together);
    assert_eq!(
        room.commands()[..2],
        [SwitchCommand::Join(polda), play(call, Program::SoftRingback)]
    );
}

#[test]
fn a_call_on_hold_is_reclaimed_from_a_busy_unit_into_the_conversation() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let polda = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    hand_over(&mut room, call, "pmj.jaksel", Handover::Music);
    assert_eq!(room.commands(), [SwitchCommand::Join(polda), play(call, Program::Quiet)]);
}

#[test]
fn a_unit_that_nobody_knows_is_refused_and_changes_nothing() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    hand_over(&mut room, call, "atlantis", Handover::Together);
    room.intends("pmj-1", call, Intent::PickUnit(Some(unit("atlantis"))));
    assert_eq!(room.refusals, [Refusal::NoSuchUnit, Refusal::NoSuchUnit]);
    assert!(room.commands().is_empty());
}

#[test]
fn a_polres_may_hand_the_call_on_again() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1", "jaktim-1"], Handover::Together);
    room.answers("jaksel-1");
    room.is_heard("jaksel-1");
    let on = Intent::Transfer { unit: unit("pmj.jaktim"), handover: None };
    room.intends("jaksel-1", call, on);
    room.answers("jaktim-1");
    room.is_heard("jaktim-1");
    assert_eq!(room.flow.owner(call), Some(&seat("jaktim-1")));
}

#[test]
fn music_goes_on_until_something_comes_from_the_unit_that_has_answered() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    room.answers("jaksel-1");
    assert_eq!(room.commands(), [SwitchCommand::Join(room.leg_of("jaksel-1"))]);
    room.sends("jaksel-1");
    assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Quiet }]);
    room.sends("jaksel-1");
    assert!(room.last.is_empty(), "told twice");
}

#[test]
fn a_unit_that_is_dead_from_its_answer_on_costs_the_caller_no_music() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    room.answers("jaksel-1");
    room.pass(secs(2));
    room.loses_leg("jaksel-1", LegCause::MediaLost);
    let quiet = SwitchCommand::Play { call, program: Program::Quiet };
    assert_eq!(room.commands(), [SwitchCommand::Join(room.leg_of("pmj-1")), quiet]);
}

#[test]
fn a_unit_whose_leg_is_replaced_has_to_send_again_before_the_music_ends() {
    let (mut room, call) = on_the_way(&["pmj-1", "jaksel-1"], Handover::Music);
    room.answers("jaksel-1");
    room.sends("jaksel-1");
    room.intends("jaksel-1", call, Intent::Rejoin);
    let new = room.switch.legs(false)[0];
    room.input(Input::Switch(SwitchSaw::Answered(new)));
    let music = SwitchCommand::Play { call, program: Program::Music };
    assert!(room.commands().contains(&music), "{:?}", room.commands());
    room.sends("jaksel-1");
    assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Quiet }]);
}
