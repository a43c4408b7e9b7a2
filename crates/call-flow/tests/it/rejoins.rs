//! A desk that lives gets its next leg, and the caller stays its own meanwhile.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, FlowEvent, Handover, Input, Intent, Program, Refusal, SeatChange, SilenceCheck,
    SwitchCommand, SwitchSaw, WaitReason,
};
use siaga_model::{CallId, Disposition, LegCause, LegId, ReclaimCause, SeatState};
use std::time::Duration;

fn play(call: CallId, program: Program) -> SwitchCommand {
    SwitchCommand::Play { call, program }
}

fn rings(leg: LegId, id: &str) -> SwitchCommand {
    SwitchCommand::Ring { leg, seat: seat(id) }
}

/// A call at `pmj-1`, whose desk has asked for a new leg; and its old and new leg.
fn rejoining(seats: &[&str]) -> (Room, CallId, LegId, LegId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Rejoin);
    (room, call, old, LegId { call, n: old.n + 1 })
}

fn answered(room: &mut Room, leg: LegId) {
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
}

fn gone(room: &mut Room, leg: LegId, cause: LegCause) {
    room.input(Input::Switch(SwitchSaw::Ended { leg, cause }));
}

fn is_rejoining(room: &Room, call: CallId) -> bool {
    !room.flow.call(call).expect("a known call").rejoining.is_empty()
}

#[test]
fn the_new_leg_joins_before_the_old_one_is_hung_up() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    assert_eq!(room.commands(), [rings(new, "pmj-1")]);
    assert_eq!(room.flow.call(call).map(|view| view.rejoining), Some(vec![seat("pmj-1")]));
    assert_eq!(room.until, Some((room.now + secs(3), WaitReason::Rejoin)));
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), SwitchCommand::HangUp(old)]);
    let told = FlowEvent::LegReplaced { call, seat: seat("pmj-1") };
    assert_eq!(room.events.last(), Some(&told));
    assert!(!is_rejoining(&room, call));
    gone(&mut room, old, LegCause::MediaLost);
    assert!(room.last.is_empty(), "the old leg is nobody's any more");
}

#[test]
fn the_caller_hears_music_and_stays_the_seats_when_the_old_leg_dies_first() {
    let (mut room, call, old, new) = rejoining(&["pmj-1", "pmj-2"]);
    room.pass(secs(1));
    gone(&mut room, old, LegCause::MediaLost);
    assert_eq!(room.commands(), [play(call, Program::Music)]);
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    assert_eq!(room.state("pmj-1"), SeatState::Talking);
    room.pass(secs(1));
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), play(call, Program::Quiet)]);
    room.pass(secs(60));
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    assert!(!room.events.iter().any(|event| matches!(event, FlowEvent::Requeued { .. })));
}

#[test]
fn the_seat_is_lost_three_seconds_after_its_asking_for_the_reason_of_the_old_leg() {
    let (mut room, call, old, new) = rejoining(&["pmj-1", "pmj-2"]);
    room.pass(secs(2));
    gone(&mut room, old, LegCause::MediaLost);
    room.pass(Duration::from_millis(999));
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    room.pass(Duration::from_millis(1));
    let (lost, cause) = (seat("pmj-1"), LegCause::MediaLost);
    assert!(room.events.contains(&FlowEvent::Requeued { call, lost, cause }));
    assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({new})"))));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
    assert_eq!(room.state("pmj-1"), SeatState::Paused, "its audio is broken");
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::HangUp(new)], "too late");
}

#[test]
fn the_seat_is_lost_at_once_when_both_legs_have_failed() {
    let (mut room, call, old, new) = rejoining(&["pmj-1", "pmj-2"]);
    gone(&mut room, old, LegCause::MediaLost);
    gone(&mut room, new, LegCause::Unregistered);
    let (lost, cause) = (seat("pmj-1"), LegCause::MediaLost);
    assert!(room.events.contains(&FlowEvent::Requeued { call, lost, cause }));
}

#[test]
fn nothing_is_lost_when_the_new_leg_fails_and_the_old_one_is_up() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    gone(&mut room, new, LegCause::Failed);
    assert!(room.commands().is_empty() && !is_rejoining(&room, call));
    assert_eq!((room.leg_of("pmj-1"), room.until), (old, None));
}

#[test]
fn nothing_is_lost_when_the_new_leg_rings_too_long_and_the_old_one_is_up() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    room.pass(secs(3));
    assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({new})"))));
    assert!(!is_rejoining(&room, call));
    assert_eq!(room.leg_of("pmj-1"), old);
}

#[test]
fn asking_again_gives_up_the_leg_before_and_begins_anew() {
    let (mut room, call, old, first) = rejoining(&["pmj-1"]);
    room.pass(secs(2));
    room.intends("pmj-1", call, Intent::Rejoin);
    let second = LegId { call, n: first.n + 1 };
    assert_eq!(room.commands(), [SwitchCommand::HangUp(first), rings(second, "pmj-1")]);
    answered(&mut room, first);
    assert_eq!(room.commands(), [SwitchCommand::HangUp(first)]);
    room.pass(secs(2));
    answered(&mut room, second);
    assert_eq!(room.commands(), [SwitchCommand::Join(second), SwitchCommand::HangUp(old)]);
}

#[test]
fn asking_again_lets_no_caller_wait_longer_for_a_dead_leg() {
    let (mut room, call, old, _) = rejoining(&["pmj-1", "pmj-2"]);
    gone(&mut room, old, LegCause::Failed);
    room.pass(secs(2));
    room.intends("pmj-1", call, Intent::Rejoin);
    room.pass(secs(1));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
}

#[test]
fn a_seat_on_hold_is_replaced_and_stays_apart() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    room.intends("pmj-1", call, Intent::Rejoin);
    let new = LegId { call, n: old.n + 1 };
    gone(&mut room, old, LegCause::MediaLost);
    assert!(room.commands().is_empty(), "the music plays already");
    room.intends("pmj-1", call, Intent::Resume);
    assert_eq!(room.refusals, [Refusal::NotNow], "with which leg?");
    answered(&mut room, new);
    assert!(room.commands().is_empty());
    room.intends("pmj-1", call, Intent::Resume);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), play(call, Program::Quiet)]);
}

fn on_the_way(handover: Handover) -> (Room, CallId) {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    let unit = unit("pmj.jaksel");
    room.intends("pmj-1", call, Intent::Transfer { unit, handover: Some(handover) });
    (room, call)
}

#[test]
fn the_one_who_hands_over_is_back_under_the_soft_ringback() {
    let (mut room, call) = on_the_way(Handover::Together);
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Rejoin);
    gone(&mut room, old, LegCause::Failed);
    assert_eq!(room.commands(), [play(call, Program::Music)]);
    let new = LegId { call, n: 3 };
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), play(call, Program::SoftRingback)]);
    assert!(matches!(room.phase(call), CallPhase::Transferring { .. }));
}

#[test]
fn the_one_who_hands_over_with_music_is_replaced_without_being_heard() {
    let (mut room, call) = on_the_way(Handover::Music);
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Rejoin);
    answered(&mut room, LegId { call, n: 3 });
    assert_eq!(room.commands(), [SwitchCommand::HangUp(old)]);
}

#[test]
fn a_busy_unit_gives_the_caller_back_to_a_seat_whose_next_leg_is_on_its_way() {
    let (mut room, call) = on_the_way(Handover::Together);
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Rejoin);
    gone(&mut room, old, LegCause::Failed);
    room.loses_leg("jaksel-1", LegCause::Busy);
    assert!(room.commands().is_empty(), "the music goes on");
    let CallPhase::Talking { reclaimed: Some(back), .. } = room.phase(call) else {
        panic!("{:?}", room.phase(call))
    };
    assert_eq!(back.cause, ReclaimCause::Busy);
    let new = LegId { call, n: 3 };
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), play(call, Program::Quiet)]);
}

#[test]
fn the_call_is_the_units_when_the_next_leg_of_the_one_who_hands_over_does_not_come() {
    let (mut room, call) = on_the_way(Handover::Together);
    let old = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Rejoin);
    gone(&mut room, old, LegCause::MediaLost);
    room.answers("jaksel-1");
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    gone(&mut room, LegId { call, n: 3 }, LegCause::Failed);
    assert_eq!(room.flow.owner(call), Some(&seat("jaksel-1")));
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
}

#[test]
fn a_unit_that_has_answered_gets_its_next_leg_and_is_heard_on_it() {
    let (mut room, call) = on_the_way(Handover::Music);
    room.answers("jaksel-1");
    room.sends("jaksel-1");
    let old = room.leg_of("jaksel-1");
    room.intends("jaksel-1", call, Intent::Rejoin);
    gone(&mut room, old, LegCause::MediaLost);
    assert_eq!(room.commands(), [play(call, Program::Music)], "nobody is with the caller");
    room.intends("pmj-1", call, Intent::Release);
    assert_eq!(room.refusals, [Refusal::NotNow], "with whom?");
    let new = LegId { call, n: 3 };
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new)]);
    room.sends("jaksel-1");
    assert_eq!(room.commands(), [play(call, Program::Quiet)]);
    room.input(Input::Switch(SwitchSaw::Heard(new)));
    assert_eq!(room.flow.owner(call), Some(&seat("jaksel-1")));
}

#[test]
fn a_seat_that_is_neither_in_the_call_nor_answered_gets_no_leg() {
    let (mut room, call) = on_the_way(Handover::Together);
    room.intends("jaksel-1", call, Intent::Rejoin);
    room.intends("pmj-3", call, Intent::Rejoin);
    assert_eq!(room.refusals, [Refusal::NotYours; 2]);
    assert!(room.commands().is_empty());
}

#[test]
fn a_desk_that_comes_back_too_late_is_told_that_the_caller_waits_for_somebody_else() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.loses_leg("pmj-1", LegCause::MediaLost);
    room.intends("pmj-1", call, Intent::Rejoin);
    assert_eq!(room.refusals, [Refusal::NotNow]);
    room.sits_down("pmj-2");
    room.answers("pmj-2");
    room.intends("pmj-1", call, Intent::Rejoin);
    assert_eq!(room.refusals, [Refusal::NotNow, Refusal::NotYours]);
}

#[test]
fn two_lost_sockets_end_the_waiting_for_a_next_leg() {
    let (mut room, call, old, new) = rejoining(&["pmj-1", "pmj-2"]);
    room.change("pmj-1", SeatChange::LoggedOut);
    room.change("pmj-1", SeatChange::Unregistered);
    room.pass(secs(2));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
    for leg in [old, new] {
        assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({leg})"))));
    }
}

#[test]
fn nobody_disposes_of_a_caller_whom_nobody_hears() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Dispose(Disposition::Information));
    gone(&mut room, old, LegCause::MediaLost);
    assert!(room.events.contains(&FlowEvent::DisposalUndone { call }));
    room.intends("pmj-1", call, Intent::Dispose(Disposition::Information));
    room.intends("pmj-1", call, Intent::CheckSilence);
    room.intends("pmj-1", call, Intent::Hold);
    let to_polres = Intent::Transfer { unit: unit("pmj.jaksel"), handover: None };
    room.intends("pmj-1", call, to_polres);
    assert_eq!(room.refusals, [Refusal::NotNow; 4]);
    answered(&mut room, new);
    room.pass(secs(60));
    assert!(matches!(room.phase(call), CallPhase::Talking { disposing: None, .. }));
}

#[test]
fn a_disposal_runs_on_while_the_old_leg_is_still_up() {
    let (mut room, call, _, new) = rejoining(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Dispose(Disposition::Information));
    answered(&mut room, new);
    room.pass(secs(3));
    assert!(matches!(room.phase(call), CallPhase::Ended { .. }));
}

#[test]
fn a_line_is_not_listened_to_while_music_plays_into_it() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::CheckSilence);
    gone(&mut room, old, LegCause::MediaLost);
    assert_eq!(room.commands(), [play(call, Program::Music)]);
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::Join(new), play(call, Program::Quiet)]);
    room.pass(secs(60));
    assert_eq!(room.flow.call(call).map(|view| view.silence), Some(SilenceCheck::NotRun));
}

#[test]
fn a_caller_who_hangs_up_meanwhile_ends_the_call_and_the_waiting() {
    let (mut room, call, old, new) = rejoining(&["pmj-1"]);
    gone(&mut room, old, LegCause::MediaLost);
    room.caller_hangs_up(call);
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    assert!(!is_rejoining(&room, call));
    answered(&mut room, new);
    assert_eq!(room.commands(), [SwitchCommand::HangUp(new)]);
}
