//! An operator calls a citizen back.

use crate::room::{Room, call, seat, secs};
use siaga_call_flow::{
    CallPhase, FlowEvent, Input, Intent, OWN_LEG_RING, Program, Refusal, SeatChange, SwitchCommand,
    SwitchSaw, WaitReason,
};
use siaga_model::{
    CallBackFailure, CallId, Disposition, EndedBy, LegCause, LegId, Redacted, SeatState,
};

fn number() -> Redacted<String> {
    "081200001101".to_owned().into()
}

fn calls_back(room: &mut Room, id: &str) -> CallId {
    let call = call(900);
    room.input(Input::CallBack { seat: seat(id), call, number: number() });
    call
}

/// `pmj-1` calls back, and the citizen's telephone rings.
fn rung(seats: &[&str]) -> (Room, CallId) {
    let mut room = Room::with(seats);
    let call = calls_back(&mut room, "pmj-1");
    room.answers("pmj-1");
    (room, call)
}

fn citizen(room: &mut Room, call: CallId, ended: Option<LegCause>) {
    let leg = LegId::caller(call);
    room.input(Input::Switch(match ended {
        None => SwitchSaw::Answered(leg),
        Some(cause) => SwitchSaw::Ended { leg, cause },
    }));
}

fn is_not_reached(room: &Room, call: CallId, why: CallBackFailure) {
    let CallPhase::Ended { by, disposition, .. } = room.phase(call) else {
        panic!("{:?}", room.phase(call))
    };
    assert_eq!((by, disposition), (EndedBy::NotReached, Disposition::NotReached));
    assert!(room.events.contains(&FlowEvent::CallBackFailed { call, why }), "{:?}", room.events);
}

#[test]
fn the_operator_is_in_the_bridge_before_the_citizen_is_rung() {
    let mut room = Room::with(&["pmj-1"]);
    let call = calls_back(&mut room, "pmj-1");
    let leg = LegId { call, n: 1 };
    let ring = SwitchCommand::Ring { leg, seat: seat("pmj-1") };
    assert_eq!(room.commands(), [SwitchCommand::Open { call }, ring]);
    assert!(room.events.contains(&FlowEvent::CallBackStarted { call, seat: seat("pmj-1") }));
    assert_eq!(room.until, Some((room.now + OWN_LEG_RING, WaitReason::CallBackRing)));
    assert!(matches!(room.phase(call), CallPhase::CallingBack { until: None, .. }));
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    room.answers("pmj-1");
    let wanted = [
        SwitchCommand::Join(leg),
        SwitchCommand::Play { call, program: Program::SoftRingback },
        SwitchCommand::Dial { call, number: number() },
    ];
    assert_eq!(room.commands(), wanted);
    assert_eq!(room.until, Some((room.now + secs(30), WaitReason::CallBackRing)));
    assert_eq!(room.state("pmj-1"), SeatState::Talking);
}

#[test]
fn a_citizen_who_answers_is_in_a_call_like_any_other() {
    let (mut room, call) = rung(&["pmj-1"]);
    room.pass(secs(12));
    citizen(&mut room, call, None);
    assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Quiet }]);
    assert_eq!(room.events.last(), Some(&FlowEvent::Answered { call, seat: seat("pmj-1") }));
    room.pass(secs(120));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert!(matches!(room.phase(call), CallPhase::Ended { by: EndedBy::Closing, .. }));
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
}

#[test]
fn a_citizen_who_answered_and_loses_the_operator_is_first_in_the_queue() {
    let (mut room, call) = rung(&["pmj-1"]);
    citizen(&mut room, call, None);
    let other = room.arrives(1);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [call, other]);
}

#[test]
fn a_citizen_who_does_not_answer_for_thirty_seconds_is_not_reached() {
    let (mut room, call) = rung(&["pmj-1"]);
    room.pass(secs(30));
    is_not_reached(&room, call, CallBackFailure::NoAnswer);
    assert!(room.journal.iter().any(|line| line.ends_with(&format!("End({call})"))));
    assert_eq!(room.state("pmj-1"), SeatState::Ready, "nothing is to be written up");
}

#[test]
fn a_citizen_who_declines_or_is_busy_is_not_reached() {
    for (cause, why) in [
        (LegCause::Busy, CallBackFailure::Busy),
        (LegCause::Declined, CallBackFailure::Declined),
        (LegCause::NoAnswer, CallBackFailure::NoAnswer),
        (LegCause::Unregistered, CallBackFailure::Unreachable),
        (LegCause::Failed, CallBackFailure::Failed),
    ] {
        let (mut room, call) = rung(&["pmj-1"]);
        citizen(&mut room, call, Some(cause));
        assert_eq!(room.commands(), [SwitchCommand::End(call)]);
        is_not_reached(&room, call, why);
    }
}

#[test]
fn nobody_is_dialled_when_the_operators_own_leg_does_not_come_up() {
    let mut room = Room::with(&["pmj-1"]);
    let call = calls_back(&mut room, "pmj-1");
    room.pass(OWN_LEG_RING);
    is_not_reached(&room, call, CallBackFailure::Failed);
    assert!(!room.journal.iter().any(|line| line.contains("Dial")));
}

#[test]
fn the_operator_may_give_up_before_the_citizen_has_answered() {
    for intent in [
        Intent::Undo,
        Intent::Close(Disposition::HandledHere),
        Intent::Dispose(Disposition::Information),
    ] {
        let (mut room, call) = rung(&["pmj-1"]);
        room.intends("pmj-1", call, intent);
        is_not_reached(&room, call, CallBackFailure::GivenUp);
        assert_eq!(room.state("pmj-1"), SeatState::Ready);
    }
}

#[test]
fn nothing_else_can_be_done_before_the_citizen_has_answered() {
    let (mut room, call) = rung(&["pmj-1", "pmj-2"]);
    for intent in [Intent::Hold, Intent::CheckSilence, Intent::Rejoin, Intent::PickUnit(None)] {
        room.intends("pmj-1", call, intent);
    }
    room.intends("pmj-2", call, Intent::Undo);
    use Refusal::{NotNow, NotYours};
    assert_eq!(room.refusals, [NotNow, NotNow, NotNow, NotNow, NotYours]);
}

#[test]
fn a_call_back_is_over_when_the_operator_is_lost_before_the_citizen_has_answered() {
    let (mut room, call) = rung(&["pmj-1"]);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    is_not_reached(&room, call, CallBackFailure::Failed);
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
}

#[test]
fn a_lost_desk_ends_a_call_back_that_nobody_has_answered() {
    let (mut room, call) = rung(&["pmj-1"]);
    room.change("pmj-1", SeatChange::LoggedOut);
    room.change("pmj-1", SeatChange::Unregistered);
    room.pass(secs(2));
    is_not_reached(&room, call, CallBackFailure::Failed);
}

#[test]
fn a_seat_that_is_paused_or_writes_up_may_call_back() {
    let mut room = Room::with(&["pmj-1"]);
    let first = room.talks(1, "pmj-1");
    room.intends("pmj-1", first, Intent::Close(Disposition::HandledHere));
    room.change("pmj-1", SeatChange::Pause);
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    let call = calls_back(&mut room, "pmj-1");
    assert!(matches!(room.phase(call), CallPhase::CallingBack { .. }));
    room.intends("pmj-1", call, Intent::Undo);
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
}

#[test]
fn a_seat_that_is_busy_or_away_calls_nobody_back() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    room.talks(1, "pmj-1");
    room.arrives(2);
    assert_eq!(room.state("pmj-2"), SeatState::Ringing);
    for id in ["pmj-1", "pmj-2", "pmj-3"] {
        calls_back(&mut room, id);
        assert!(room.commands().is_empty());
    }
    assert_eq!(room.refusals, [Refusal::NotNow; 3]);
}

#[test]
fn a_call_that_is_known_is_not_begun_again() {
    let (mut room, call) = rung(&["pmj-1", "pmj-2"]);
    calls_back(&mut room, "pmj-2");
    citizen(&mut room, call, Some(LegCause::Busy));
    calls_back(&mut room, "pmj-2");
    assert_eq!(room.refusals, [Refusal::NotNow; 2]);
}

#[test]
fn a_call_back_is_not_offered_to_anybody_and_others_go_on_arriving() {
    let (mut room, call) = rung(&["pmj-1", "pmj-2"]);
    let other = room.arrives(1);
    assert!(matches!(room.phase(other), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [other]);
    assert!(matches!(room.phase(call), CallPhase::CallingBack { .. }));
}

#[test]
fn a_number_is_in_no_journal() {
    let (room, _) = rung(&["pmj-1"]);
    assert!(room.journal.iter().any(|line| line.contains("Dial")));
    assert!(!room.journal.iter().any(|line| line.contains("0812")));
}
