//! The journeys of the headless scenarios, as the core journals them.

use crate::room::{Room, secs, unit};
use siaga_call_flow::{Handover, Intent};
use siaga_model::{CallId, Disposition, LegCause, NotReport};

fn begins() -> (Room, CallId) {
    let mut room = Room::with(&["pmj-1", "pmj-2", "jaksel-1"]);
    let call = room.arrives(1);
    room.pass(secs(2));
    room.answers("pmj-1");
    room.pass(secs(20));
    (room, call)
}

fn goes_to_polres(room: &mut Room, call: CallId, handover: Option<Handover>) {
    room.intends("pmj-1", call, Intent::PickUnit(Some(unit("pmj.jaksel"))));
    room.pass(secs(3));
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("pmj.jaksel"), handover });
}

fn is_told_and_closed(room: &mut Room, call: CallId) {
    room.pass(secs(10));
    let disposition = Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") };
    room.intends("pmj-1", call, Intent::Close(disposition));
    room.pass(secs(60));
}

fn valid_transfer(handover: Handover) -> Room {
    let (mut room, call) = begins();
    goes_to_polres(&mut room, call, Some(handover));
    room.pass(secs(2));
    room.answers("jaksel-1");
    room.sends("jaksel-1");
    room.pass(secs(1));
    room.is_heard("jaksel-1");
    room.pass(secs(40));
    let disposition = Disposition::HandledByUnit { unit: unit("pmj.jaksel") };
    room.intends("jaksel-1", call, Intent::Close(disposition));
    room.pass(secs(60));
    room
}

#[test]
fn valid_transfer_together() {
    insta::assert_snapshot!(valid_transfer(Handover::Together).journal.join("\n"));
}

#[test]
fn valid_transfer_with_music() {
    insta::assert_snapshot!(valid_transfer(Handover::Music).journal.join("\n"));
}

#[test]
fn polres_busy() {
    let (mut room, call) = begins();
    goes_to_polres(&mut room, call, None);
    room.loses_leg("jaksel-1", LegCause::Busy);
    is_told_and_closed(&mut room, call);
    insta::assert_snapshot!(room.journal.join("\n"));
}

#[test]
fn polres_silent() {
    let (mut room, call) = begins();
    goes_to_polres(&mut room, call, Some(Handover::Music));
    room.pass(secs(5));
    is_told_and_closed(&mut room, call);
    insta::assert_snapshot!(room.journal.join("\n"));
}

#[test]
fn not_valid() {
    let (mut room, call) = begins();
    let disposition = Disposition::NotReport { reason: NotReport::Prank };
    room.intends("pmj-1", call, Intent::Close(disposition));
    room.pass(secs(60));
    insta::assert_snapshot!(room.journal.join("\n"));
}

#[test]
fn information() {
    let (mut room, call) = begins();
    room.intends("pmj-1", call, Intent::Close(Disposition::Information));
    room.pass(secs(60));
    insta::assert_snapshot!(room.journal.join("\n"));
}
