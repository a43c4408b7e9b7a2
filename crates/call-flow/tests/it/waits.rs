//! What a caller hears who waits, and how levels without anybody are passed.

use crate::room::{Room, call, secs};
use siaga_call_flow::{
    CallPhase, FlowConfig, FlowEvent, Intent, Program, Prompt, SeatChange, SwitchCommand,
};
use siaga_model::{CallId, Disposition, LegCause};

fn told(room: &Room) -> usize {
    room.events.iter().filter(|event| matches!(event, FlowEvent::WaitAnnounced { .. })).count()
}

fn please_wait(call: CallId) -> SwitchCommand {
    SwitchCommand::Play { call, program: Program::Prompt(Prompt::PleaseWait) }
}

fn level(room: &Room, call: CallId) -> usize {
    match room.phase(call) {
        CallPhase::Queued { level, .. } => level,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_caller_for_whom_nobody_can_ring_is_told_to_stay_on_the_line() {
    let mut room = Room::with(&["pmj-1"]);
    room.talks(1, "pmj-1");
    let waits = room.arrives(2);
    assert_eq!(room.commands(), [please_wait(waits)]);
    assert_eq!(told(&room), 1);
}

#[test]
fn a_caller_is_told_once_while_waiting_however_many_seats_ring() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.arrives(1);
    assert_eq!(told(&room), 0);
    room.pass(secs(8));
    assert_eq!(told(&room), 0, "the second seat rings, and the music goes on");
    room.pass(secs(8));
    assert_eq!(told(&room), 1);
    room.change("pmj-1", SeatChange::Ready);
    assert!(!room.commands().iter().any(|c| matches!(c, SwitchCommand::Play { .. })));
    room.pass(secs(8));
    assert_eq!(told(&room), 1);
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
}

#[test]
fn a_caller_who_lost_a_human_is_told_anew() {
    let mut room = Room::with(&["pmj-1"]);
    room.change("pmj-1", SeatChange::Pause);
    let call = room.arrives(1);
    room.change("pmj-1", SeatChange::Ready);
    room.answers("pmj-1");
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert_eq!(room.commands(), [please_wait(call)]);
    assert_eq!(told(&room), 2);
}

#[test]
fn when_polda_is_busy_for_thirty_seconds_mabes_is_asked_too() {
    let mut room = Room::with(&["pmj-1", "mabes-1"]);
    let first = room.talks(1, "pmj-1");
    let second = room.arrives(2);
    assert_eq!(level(&room, second), 0);
    room.pass(secs(29));
    assert_eq!(level(&room, second), 0);
    room.pass(secs(1));
    assert!(
        matches!(room.phase(second), CallPhase::Ringing { seat, .. } if seat.as_str() == "mabes-1")
    );
    room.loses_leg("mabes-1", LegCause::Declined);
    room.intends("pmj-1", first, Intent::Close(Disposition::HandledHere));
    room.change("pmj-1", SeatChange::Ready);
    assert!(
        matches!(room.phase(second), CallPhase::Ringing { seat, .. } if seat.as_str() == "pmj-1"),
        "Polda is asked on"
    );
}

#[test]
fn a_level_at_which_nobody_sits_costs_no_seconds() {
    let mut room = Room::with_config(FlowConfig::levels_2026(), &["pmj-1"]);
    let call = room.arrives(1);
    assert!(
        matches!(room.phase(call), CallPhase::Ringing { .. }),
        "past Polsek and Polres at once"
    );
    let passed: Vec<_> = room
        .events
        .iter()
        .filter_map(|event| match event {
            FlowEvent::Escalated { level, .. } => Some(*level),
            _ => None,
        })
        .collect();
    assert_eq!(passed, [1, 2]);
}

#[test]
fn a_level_with_somebody_who_is_busy_keeps_its_seconds() {
    let mut room = Room::with_config(FlowConfig::levels_2026(), &["tebet-1", "mabes-1"]);
    room.talks(1, "tebet-1");
    let call = room.arrives(2);
    assert_eq!(level(&room, call), 0);
    room.pass(secs(10));
    assert!(
        matches!(room.phase(call), CallPhase::Ringing { seat, .. } if seat.as_str() == "mabes-1"),
        "and those above without anybody have none"
    );
}

#[test]
fn the_call_goes_on_at_once_when_the_last_seat_of_its_level_leaves() {
    let mut room = Room::with_config(FlowConfig::levels_2026(), &["tebet-1", "pmj-1"]);
    room.change("tebet-1", SeatChange::Pause);
    let call = room.arrives(1);
    assert_eq!(level(&room, call), 0);
    room.change("tebet-1", SeatChange::LoggedOut);
    assert!(
        matches!(room.phase(call), CallPhase::Ringing { seat, .. } if seat.as_str() == "pmj-1")
    );
}

#[test]
fn where_nobody_sits_at_all_the_last_level_waits_for_whoever_comes_first() {
    for comes in ["tebet-1", "pmj-1", "mabes-1"] {
        let mut room = Room::with_config(FlowConfig::levels_2026(), &[]);
        let waits = room.arrives(1);
        assert_eq!(level(&room, waits), 3);
        room.pass(secs(3_600));
        assert_eq!((level(&room, waits), told(&room)), (3, 1));
        room.sits_down(comes);
        assert!(matches!(room.phase(call(1)), CallPhase::Ringing { .. }), "{comes}");
    }
}
