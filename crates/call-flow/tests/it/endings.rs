//! How calls end: once, with a disposition, and leaving nobody behind.

use crate::room::{Room, secs, unit};
use siaga_call_flow::figures::{Figures, Place};
use siaga_call_flow::{CallPhase, ENDED_KEPT, FlowEvent, Intent, Refusal, SwitchCommand};
use siaga_model::{Disposition, EndedBy, LegId, NotReport, SeatState};

#[test]
fn a_caller_who_hangs_up_while_it_rings_spares_the_seat() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives(1);
    room.caller_hangs_up(call);
    assert_eq!(room.commands(), [SwitchCommand::End(call)]);
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
    let CallPhase::Ended { by, disposition, .. } = room.phase(call) else { panic!("it is over") };
    assert_eq!((by, disposition), (EndedBy::Caller, Disposition::Abandoned));
}

#[test]
fn the_operator_says_once_how_a_call_is_disposed_of_that_its_caller_ended() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    room.intends("pmj-2", call, Intent::Close(Disposition::Information));
    room.intends("pmj-1", call, Intent::Hold);
    let said = Disposition::NotReport { reason: NotReport::Misdial };
    room.intends("pmj-1", call, Intent::Close(said.clone()));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == said)
    );
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(room.refusals, [Refusal::NotYours, Refusal::NoSuchCall, Refusal::NoSuchCall]);
    let told = room.events.iter().filter(|event| matches!(event, FlowEvent::Disposed { .. }));
    assert_eq!(told.count(), 1);
}

#[test]
fn after_the_write_up_an_abandoned_call_stays_on_the_call_back_list() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    room.pass(secs(30));
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(room.refusals, [Refusal::NoSuchCall]);
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
}

#[test]
fn a_caller_who_hangs_up_during_a_transfer_frees_both_seats() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("pmj.jaksel"), handover: None });
    room.caller_hangs_up(call);
    assert_eq!(
        (room.state("pmj-1"), room.state("jaksel-1")),
        (SeatState::AfterCall, SeatState::Ready)
    );
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert!(room.refusals.is_empty());
}

#[test]
fn a_call_ends_once_however_often_the_switch_says_so() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    room.caller_hangs_up(call);
    assert!(room.last.is_empty());
    room.input(siaga_call_flow::Input::Switch(siaga_call_flow::SwitchSaw::Answered(
        LegId::caller(call),
    )));
    assert!(room.last.is_empty());
}

#[test]
fn ended_calls_are_forgotten_but_never_one_that_is_still_written_up() {
    let mut room = Room::with(&["pmj-1"]);
    let open = room.talks(1, "pmj-1");
    room.caller_hangs_up(open);
    for n in 0..ENDED_KEPT as u128 + 10 {
        let call = room.arrives(100 + n);
        room.caller_hangs_up(call);
    }
    assert!(room.flow.call(crate::room::call(100)).is_none(), "the oldest is forgotten");
    assert!(room.flow.call(crate::room::call(120)).is_some());
    room.intends("pmj-1", open, Intent::Close(Disposition::HandledHere));
    assert!(room.refusals.is_empty());
}

#[test]
fn a_caller_who_was_counted_as_gone_and_is_on_the_line_again_gets_a_human_first() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let other = room.talks(1, "pmj-1");
    let call = room.talks(2, "pmj-2");
    let first_leg = room.leg_of("pmj-2");
    room.caller_hangs_up(call);
    assert_eq!(room.state("pmj-2"), SeatState::AfterCall);
    let waits = room.arrives(3);
    room.arrives(2);
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [call, waits], "before who has had nobody");
    assert_eq!(room.state("pmj-2"), SeatState::Ringing, "it has nothing to write up any more");
    let again = room.leg_of("pmj-2");
    assert!(again.call == call && again.n > first_leg.n, "no leg has the number of another");
    room.answers("pmj-2");
    room.intends("pmj-2", call, Intent::Close(Disposition::HandledHere));
    assert!(room.refusals.is_empty());
    let figures = Figures::of(room.log.clone());
    let counted = &figures.calls[&call];
    assert_eq!(counted.waits.len(), 2);
    let end = counted.end.as_ref().map(|end| (end.by, &end.disposition));
    assert_eq!(end, Some((EndedBy::Closing, &Disposition::HandledHere)));
    assert_eq!((figures.arrived(), figures.abandoned(Place::Talking)), (3, 0));
    assert!(matches!(room.phase(other), CallPhase::Talking { .. }));
}

#[test]
fn a_caller_whose_call_was_closed_and_who_is_there_all_the_same_is_not_ignored() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Close(Disposition::Information));
    room.arrives(1);
    assert!(matches!(room.phase(call), CallPhase::Ringing { .. }), "{:?}", room.phase(call));
    // What arrives twice arrives once.
    room.arrives(1);
    assert!(room.last.is_empty());
}
