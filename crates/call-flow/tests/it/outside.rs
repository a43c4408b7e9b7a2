//! An operator brings somebody outside into a call, or leaves the caller with them.

use crate::room::{Room, call, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, FlowConfig, FlowEvent, Handover, Input, Intent, OutsideStage, Program, Refusal,
    SwitchCommand, SwitchSaw, WaitReason,
};
use siaga_model::{CallId, Disposition, EndedBy, LegCause, LegId, OutsideParty, SeatState};

fn damkar() -> OutsideParty {
    let service = Some("Damkar DKI".to_owned());
    OutsideParty { service, number: "0215701130".to_owned().into() }
}

/// `pmj-1` talks, and somebody outside is rung over leg 2.
fn rung(seats: &[&str]) -> (Room, CallId, LegId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::CallOutside(damkar()));
    (room, call, LegId { call, n: 2 })
}

/// All three talk.
fn three(seats: &[&str]) -> (Room, CallId, LegId) {
    let (mut room, call, leg) = rung(seats);
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
    (room, call, leg)
}

fn goes(room: &mut Room, leg: LegId, cause: LegCause) {
    room.input(Input::Switch(SwitchSaw::Ended { leg, cause }));
}

fn stage(room: &Room, call: CallId) -> OutsideStage {
    room.flow.call(call).and_then(|view| view.outside).expect("somebody was called").stage
}

#[test]
fn somebody_outside_is_rung_under_the_conversation_and_joins_it_when_they_answer() {
    let (mut room, call, leg) = rung(&["pmj-1"]);
    let wanted = [
        SwitchCommand::Play { call, program: Program::SoftRingback },
        SwitchCommand::DialOut { leg, number: damkar().number },
    ];
    assert_eq!(room.commands(), wanted);
    assert_eq!(room.until, Some((room.now + secs(30), WaitReason::OutsideRing)));
    room.pass(secs(12));
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
    let wanted = [SwitchCommand::Join(leg), SwitchCommand::Play { call, program: Program::Quiet }];
    assert_eq!(room.commands(), wanted);
    assert_eq!(stage(&room, call), OutsideStage::Up { since: room.now });
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn whoever_outside_does_not_come_is_told_why_and_may_be_called_again() {
    for cause in [LegCause::Busy, LegCause::Declined, LegCause::Failed, LegCause::Unregistered] {
        let (mut room, call, leg) = rung(&["pmj-1"]);
        goes(&mut room, leg, cause);
        assert_eq!(room.commands(), [SwitchCommand::Play { call, program: Program::Quiet }]);
        let gone = OutsideStage::Gone { answered: false, cause, at: room.now };
        assert_eq!(stage(&room, call), gone);
        assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
        room.intends("pmj-1", call, Intent::CallOutside(damkar()));
        assert!(matches!(stage(&room, call), OutsideStage::Called { .. }));
        assert!(room.refusals.is_empty());
    }
}

#[test]
fn whoever_outside_lets_it_ring_is_given_up_after_thirty_seconds() {
    let (mut room, call, leg) = rung(&["pmj-1"]);
    room.pass(secs(30));
    let answered = false;
    let gone = OutsideStage::Gone { answered, cause: LegCause::NoAnswer, at: room.now };
    assert_eq!(stage(&room, call), gone);
    // An answer that crosses is hung up again.
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
    assert_eq!(room.commands(), [SwitchCommand::HangUp(leg)]);
}

#[test]
fn when_somebody_outside_leaves_the_operator_still_has_the_caller() {
    let (mut room, call, leg) = three(&["pmj-1"]);
    goes(&mut room, leg, LegCause::HungUp);
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
    room.pass(secs(600));
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn the_operator_may_hang_up_whoever_is_outside() {
    let (mut room, call, leg) = three(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::DropOutside);
    assert_eq!(room.commands(), [SwitchCommand::HangUp(leg)]);
    room.intends("pmj-1", call, Intent::DropOutside);
    assert_eq!(room.refusals, [Refusal::NotNow]);
}

#[test]
fn an_operator_who_leaves_writes_up_while_the_caller_talks_on() {
    let (mut room, call, _) = three(&["pmj-1"]);
    let own = room.leg_of("pmj-1");
    room.intends("pmj-1", call, Intent::Release);
    assert_eq!(room.commands(), [SwitchCommand::HangUp(own)]);
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    assert_eq!(room.flow.owner(call), None);
    room.pass(secs(300));
    assert!(matches!(room.phase(call), CallPhase::WithOutside { .. }));
    room.caller_hangs_up(call);
    let CallPhase::Ended { by, disposition, .. } = room.phase(call) else { panic!("it is over") };
    assert_eq!((by, disposition), (EndedBy::Caller, Disposition::HandledHere));
}

#[test]
fn an_operator_leaves_only_when_somebody_outside_has_answered() {
    let (mut room, call, leg) = rung(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Release);
    goes(&mut room, leg, LegCause::Busy);
    room.intends("pmj-1", call, Intent::Release);
    assert_eq!(room.refusals, [Refusal::NotNow, Refusal::NotNow]);
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn a_caller_left_with_somebody_outside_who_hangs_up_is_first_in_the_queue() {
    let (mut room, call, leg) = three(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Release);
    let other = room.arrives(7);
    goes(&mut room, leg, LegCause::HungUp);
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [call, other]);
    // Who left, and still writes up about this call, is asked again at once.
    assert!(matches!(room.phase(call), CallPhase::Ringing { .. }));
    room.answers("pmj-1");
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn what_the_operator_who_left_has_said_holds_when_the_caller_hangs_up() {
    let (mut room, call, _) = three(&["pmj-1", "pmj-2"]);
    room.intends("pmj-1", call, Intent::Release);
    room.intends("pmj-2", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(room.refusals, [Refusal::NotYours]);
    room.intends("pmj-1", call, Intent::Close(Disposition::Information));
    assert!(matches!(room.phase(call), CallPhase::WithOutside { .. }), "nobody is hung up");
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
    room.caller_hangs_up(call);
    let CallPhase::Ended { disposition, .. } = room.phase(call) else { panic!("it is over") };
    assert_eq!(disposition, Disposition::Information);
}

#[test]
fn when_the_caller_leaves_first_the_other_two_finish_and_the_call_is_written_up() {
    let (mut room, call, leg) = three(&["pmj-1"]);
    room.caller_hangs_up(call);
    assert!(matches!(room.phase(call), CallPhase::Finishing { .. }));
    assert!(room.commands().is_empty(), "nobody is hung up");
    room.pass(secs(60));
    goes(&mut room, leg, LegCause::HungUp);
    assert!(matches!(room.phase(call), CallPhase::Ended { by: EndedBy::Caller, .. }));
    assert_eq!(room.state("pmj-1"), SeatState::AfterCall);
    room.intends("pmj-1", call, Intent::Dispose(Disposition::Information));
    assert!(room.refusals.is_empty());
}

#[test]
fn a_caller_who_loses_the_operator_keeps_whoever_is_outside_until_the_next_one_answers() {
    let (mut room, call, leg) = three(&["pmj-1"]);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
    room.sits_down("pmj-2");
    room.answers("pmj-2");
    assert!(matches!(stage(&room, call), OutsideStage::Up { .. }), "all three talk again");
    room.loses_leg("pmj-2", LegCause::MediaLost);
    goes(&mut room, leg, LegCause::HungUp);
    let program = Program::Prompt(siaga_call_flow::Prompt::PleaseWait);
    assert_eq!(room.commands().last(), Some(&SwitchCommand::Play { call, program }));
}

#[test]
fn an_operator_who_is_lost_takes_back_a_call_outside_that_nobody_answered() {
    let (mut room, call, leg) = rung(&["pmj-1"]);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert!(room.commands().contains(&SwitchCommand::HangUp(leg)));
    let cause = LegCause::Released;
    assert!(room.events.contains(&FlowEvent::OutsideGone { call, answered: false, cause }));
}

#[test]
fn a_hand_over_to_a_unit_takes_somebody_outside_along_and_is_never_with_music() {
    let music = FlowConfig { handover: Handover::Music, ..FlowConfig::polda_first() };
    let mut room = Room::with_config(music, &["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::CallOutside(damkar()));
    room.input(Input::Switch(SwitchSaw::Answered(LegId { call, n: 2 })));
    room.intends("pmj-1", call, Intent::Transfer { unit: unit("pmj.jaksel"), handover: None });
    let program = Program::SoftRingback;
    assert!(room.commands().contains(&SwitchCommand::Play { call, program }));
    room.answers("jaksel-1");
    room.is_heard("jaksel-1");
    assert_eq!(room.flow.owner(call), Some(&seat("jaksel-1")));
    assert!(matches!(stage(&room, call), OutsideStage::Up { .. }));
}

#[test]
fn nobody_is_held_or_asked_for_a_sign_while_somebody_outside_is_there() {
    let (mut room, call, _) = three(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Hold);
    room.intends("pmj-1", call, Intent::CheckSilence);
    room.intends("pmj-1", call, Intent::CallOutside(damkar()));
    assert_eq!(room.refusals, [Refusal::NotNow; 3]);
}

#[test]
fn whoever_outside_is_called_is_in_the_log_and_no_number_is_in_its_debug_output() {
    let (room, _, _) = rung(&["pmj-1"]);
    let called = room.journal.iter().find(|line| line.contains("OutsideCalled"));
    let called = called.expect("it is written down");
    assert!(called.contains("Damkar DKI") && !called.contains("0215701130"), "{called}");
    assert_eq!(call(1), room.flow.calls().next().expect("a call").call);
}
