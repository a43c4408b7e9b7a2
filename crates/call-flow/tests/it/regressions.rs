//! Faults that were found once, each shrunk to its story.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{CallPhase, Intent, SeatChange};
use siaga_model::LegCause;

/// A seat that had rung out for the first caller counted as having refused that caller, and so took
/// the second one when it was ready again.
#[test]
fn a_seat_that_is_ready_again_after_ringing_out_gets_the_caller_who_waits_longest() {
    let mut room = Room::with(&["pmj-1"]);
    let (first, second) = (room.arrives(1), room.arrives(2));
    room.pass(secs(8));
    room.change("pmj-1", SeatChange::Ready);
    assert!(matches!(room.phase(first), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-1")));
    assert!(matches!(room.phase(second), CallPhase::Queued { .. }));
}

/// The rest after a refusal ended while another seat rang; that seat rang out, and nobody thought of
/// the first one again: a ready seat and a waiting caller, for ever.
#[test]
fn a_seat_that_refused_is_asked_again_after_another_one_has_rung_out() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.arrives(1);
    room.loses_leg("pmj-1", LegCause::Busy);
    room.pass(secs(8));
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
    room.pass(secs(2));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-1")));
}

/// Handing over within the own unit: the one who handed over was lost, came back, and was the next
/// seat of that unit; the eye took its one leg for two.
#[test]
fn an_operator_who_was_lost_while_handing_over_may_be_rung_for_the_same_caller() {
    let mut room = Room::with(&["pmj-1"]);
    let polda = "pmj-1";
    let call = room.talks(1, polda);
    room.sits_down("pmj-2");
    room.intends(polda, call, Intent::Transfer { unit: unit("pmj"), handover: None });
    room.loses_leg(polda, LegCause::HungUp);
    room.change(polda, SeatChange::Ready);
    room.loses_leg("pmj-2", LegCause::Declined);
    assert_eq!(room.flow.owner(call), None);
    room.answers(polda);
    assert_eq!(room.flow.owner(call), Some(&seat(polda)));
}
