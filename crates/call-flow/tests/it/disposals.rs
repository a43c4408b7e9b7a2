//! A disposal can be undone while the line is still open, and whatever shows that the call is not
//! over undoes it.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, Disposing, FlowEvent, Intent, Program, Refusal, SwitchCommand, WaitReason,
};
use siaga_model::{CallId, Disposition, EndedBy, LegCause, LegId, NotReport, SeatState};
use std::time::Duration;

const MISDIAL: Disposition = Disposition::NotReport { reason: NotReport::Misdial };
const PRANK: Disposition = Disposition::NotReport { reason: NotReport::Prank };

/// A call at `pmj-1` that is being disposed of as misdialled.
fn disposing(seats: &[&str]) -> (Room, CallId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Dispose(MISDIAL));
    (room, call)
}

fn runs(room: &Room, call: CallId) -> Option<Disposing> {
    match room.phase(call) {
        CallPhase::Talking { disposing, .. } => disposing,
        _ => None,
    }
}

fn undone(room: &Room) -> usize {
    room.events.iter().filter(|event| matches!(event, FlowEvent::DisposalUndone { .. })).count()
}

#[test]
fn a_disposal_ends_the_call_after_three_seconds_and_not_before() {
    let (mut room, call) = disposing(&["pmj-1"]);
    let until = room.now + secs(3);
    assert_eq!(runs(&room, call), Some(Disposing { disposition: MISDIAL, until }));
    assert_eq!(room.until, Some((until, WaitReason::Disposal)));
    assert!(room.commands().is_empty(), "the line stays open");
    room.pass(Duration::from_millis(2_999));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
    room.pass(Duration::from_millis(1));
    let CallPhase::Ended { by, disposition, .. } = room.phase(call) else { panic!("it is over") };
    assert_eq!((by, disposition), (EndedBy::Closing, MISDIAL));
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
}

#[test]
fn an_undone_disposal_ends_nothing() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.pass(Duration::from_millis(2_900));
    room.intends("pmj-1", call, Intent::Undo);
    assert_eq!((runs(&room, call), undone(&room)), (None, 1));
    room.pass(secs(600));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn a_key_that_repeats_itself_neither_shortens_nor_lengthens_a_disposal() {
    let (mut room, call) = disposing(&["pmj-1"]);
    for _ in 0..90 {
        room.pass(Duration::from_millis(30));
        room.intends("pmj-1", call, Intent::Dispose(MISDIAL));
    }
    assert!(runs(&room, call).is_some());
    assert!(room.refusals.is_empty());
    room.pass(Duration::from_millis(300));
    assert!(matches!(room.phase(call), CallPhase::Ended { .. }));
    let told = room.events.iter().filter(|event| matches!(event, FlowEvent::Disposing { .. }));
    assert_eq!(told.count(), 1);
}

#[test]
fn another_disposition_takes_the_place_of_the_first_and_begins_anew() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.pass(secs(2));
    room.intends("pmj-1", call, Intent::Dispose(PRANK));
    room.pass(secs(2));
    assert_eq!(runs(&room, call).map(|runs| runs.disposition), Some(PRANK));
    room.pass(secs(1));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == PRANK)
    );
}

#[test]
fn a_closing_overtakes_a_disposal() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Close(PRANK));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == PRANK)
    );
}

#[test]
fn nobody_else_disposes_or_undoes() {
    let (mut room, call) = disposing(&["pmj-1", "pmj-2"]);
    room.intends("pmj-2", call, Intent::Undo);
    room.intends("pmj-2", call, Intent::Dispose(PRANK));
    assert_eq!(room.refusals, [Refusal::NotYours; 2]);
    assert_eq!(runs(&room, call).map(|runs| runs.disposition), Some(MISDIAL));
}

#[test]
fn there_is_nothing_to_undo_where_nothing_runs() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Undo);
    assert_eq!(room.refusals, [Refusal::NotNow]);
}

#[test]
fn an_operator_who_does_something_else_with_the_call_has_undone_the_disposal() {
    let to_polres = Intent::Transfer { unit: unit("pmj.jaksel"), handover: None };
    for intent in [to_polres, Intent::Hold, Intent::CheckSilence] {
        let (mut room, call) = disposing(&["pmj-1", "jaksel-1"]);
        room.intends("pmj-1", call, intent.clone());
        assert_eq!(undone(&room), 1, "{intent:?}");
        assert!(room.refusals.is_empty());
        room.pass(secs(3));
        assert!(!matches!(room.phase(call), CallPhase::Ended { .. }), "{intent:?}");
    }
}

#[test]
fn a_transfer_to_nobody_is_refused_and_undoes_nothing() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("atlantis"), handover: None });
    assert_eq!(room.refusals, [Refusal::NoSuchUnit]);
    assert!(runs(&room, call).is_some());
}

#[test]
fn the_loss_of_the_operator_undoes_the_disposal_and_the_next_human_gets_the_caller() {
    let (mut room, call) = disposing(&["pmj-1", "pmj-2"]);
    room.pass(secs(2));
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert_eq!(undone(&room), 1);
    room.answers("pmj-2");
    room.pass(secs(60));
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-2")));
    assert_eq!(runs(&room, call), None);
}

#[test]
fn a_call_on_hold_is_disposed_of_with_the_line_open_again() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let leg = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    room.intends("pmj-1", call, Intent::Dispose(MISDIAL));
    let quiet = SwitchCommand::Play { call, program: Program::Quiet };
    assert_eq!(room.commands(), [SwitchCommand::Join(leg), quiet]);
    assert!(runs(&room, call).is_some());
}

#[test]
fn a_call_that_is_handed_over_is_not_disposed_of() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("pmj.jaksel"), handover: None });
    room.intends("pmj-1", call, Intent::Dispose(MISDIAL));
    assert_eq!(room.refusals, [Refusal::NotNow]);
}

#[test]
fn what_was_said_counts_when_the_caller_hangs_up_before_the_disposal_is_over() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.pass(secs(1));
    room.caller_hangs_up(call);
    let CallPhase::Ended { by, disposition, .. } = room.phase(call) else { panic!("it is over") };
    assert_eq!((by, disposition), (EndedBy::Caller, MISDIAL));
    let told = [
        FlowEvent::Ended { call, by: EndedBy::Caller, disposition: Disposition::Abandoned },
        FlowEvent::Disposed { call, seat: seat("pmj-1"), disposition: MISDIAL },
    ];
    assert!(room.events.windows(2).any(|two| two == told));
    room.intends("pmj-1", call, Intent::Close(PRANK));
    assert_eq!(room.refusals, [Refusal::NoSuchCall]);
}

#[test]
fn after_the_end_a_disposal_is_what_a_closing_is() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    room.intends("pmj-1", call, Intent::Dispose(MISDIAL));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == MISDIAL)
    );
    assert!(room.refusals.is_empty());
}

#[test]
fn an_undo_in_the_instant_in_which_the_time_is_over_comes_too_late() {
    let (mut room, call) = disposing(&["pmj-1"]);
    room.now = room.now + secs(3);
    room.intends("pmj-1", call, Intent::Undo);
    assert!(matches!(room.phase(call), CallPhase::Ended { .. }));
    assert_eq!(room.refusals, [Refusal::NoSuchCall]);
}

#[test]
fn a_late_word_of_a_leg_that_is_gone_undoes_nothing() {
    let (mut room, call) = disposing(&["pmj-1"]);
    let gone = LegId { call, n: 77 };
    room.input(siaga_call_flow::Input::Switch(siaga_call_flow::SwitchSaw::Ended {
        leg: gone,
        cause: LegCause::Failed,
    }));
    assert!(runs(&room, call).is_some());
}
