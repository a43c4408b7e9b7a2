//! Faults that were found once, each shrunk to its story.

use crate::room::{Room, seat, secs};
use siaga_call_flow::{CallPhase, SeatChange};
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
