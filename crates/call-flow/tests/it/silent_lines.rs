//! Nobody is closed as silent who was not asked for a sign.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallPhase, FlowEvent, Input, Intent, Program, Prompt, Refusal, SilenceCheck, SwitchCommand,
    SwitchSaw, WaitReason,
};
use siaga_model::{CallId, Disposition, LegCause, LegId, LineSignal, NotReport};

const SILENT: Disposition = Disposition::NotReport { reason: NotReport::Silent };
const RING_ONCE: Disposition = Disposition::NotReport { reason: NotReport::RingOnce };

fn play(call: CallId, program: Program) -> SwitchCommand {
    SwitchCommand::Play { call, program }
}

/// A call at `pmj-1` whose caller is being asked for a sign.
fn asked(seats: &[&str]) -> (Room, CallId) {
    let mut room = Room::with(seats);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::CheckSilence);
    (room, call)
}

fn signs(room: &mut Room, call: CallId, signal: LineSignal) {
    room.input(Input::Switch(SwitchSaw::Signal { leg: LegId::caller(call), signal }));
}

fn silence(room: &Room, call: CallId) -> SilenceCheck {
    room.flow.call(call).expect("a known call").silence
}

#[test]
fn the_caller_is_asked_and_the_line_is_listened_to_for_fifteen_seconds() {
    let (mut room, call) = asked(&["pmj-1"]);
    let until = room.now + secs(15);
    assert_eq!(room.commands(), [play(call, Program::Prompt(Prompt::SilenceCheck))]);
    assert_eq!(silence(&room, call), SilenceCheck::Running { until });
    assert_eq!(room.until, Some((until, WaitReason::SilenceCheck)));
    room.pass(secs(15));
    assert_eq!(room.switch.bridges[&call].program, Program::Quiet);
    assert_eq!(silence(&room, call), SilenceCheck::Silent { at: room.now });
    room.intends("pmj-1", call, Intent::Close(SILENT));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == SILENT)
    );
}

#[test]
fn a_key_or_knocks_while_the_line_is_listened_to_are_a_sign() {
    for signal in [LineSignal::Key, LineSignal::Knocks] {
        let (mut room, call) = asked(&["pmj-1"]);
        room.pass(secs(9));
        signs(&mut room, call, signal);
        assert_eq!(room.commands(), [play(call, Program::Quiet)]);
        assert_eq!(silence(&room, call), SilenceCheck::Signalled { signal, at: room.now });
        let told = FlowEvent::SilenceChecked { call, signal: Some(signal) };
        assert_eq!(room.events.last(), Some(&told));
        room.pass(secs(30));
        for intent in [Intent::Close(SILENT), Intent::Dispose(SILENT)] {
            room.intends("pmj-1", call, intent);
        }
        assert_eq!(room.refusals, [Refusal::CheckSilenceFirst; 2]);
    }
}

#[test]
fn nothing_is_closed_as_silent_before_the_procedure_has_run_to_its_end() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Close(SILENT));
    room.intends("pmj-1", call, Intent::Dispose(SILENT));
    room.intends("pmj-1", call, Intent::CheckSilence);
    room.pass(secs(14));
    room.intends("pmj-1", call, Intent::Close(SILENT));
    assert_eq!(room.refusals, [Refusal::CheckSilenceFirst; 3]);
    assert!(matches!(room.phase(call), CallPhase::Talking { disposing: None, .. }));
    room.pass(secs(1));
    room.intends("pmj-1", call, Intent::Dispose(SILENT));
    room.pass(secs(3));
    assert!(matches!(room.phase(call), CallPhase::Ended { .. }));
}

#[test]
fn another_disposition_needs_no_procedure() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Dispose(RING_ONCE));
    room.pass(secs(3));
    assert!(matches!(room.phase(call), CallPhase::Ended { .. }));
    assert_eq!(silence(&room, call), SilenceCheck::NotRun);
}

#[test]
fn a_sign_that_nobody_asked_for_is_none() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    signs(&mut room, call, LineSignal::Key);
    signs(&mut room, call, LineSignal::Knocks);
    assert!(room.last.is_empty());
    assert_eq!(silence(&room, call), SilenceCheck::NotRun);
}

#[test]
fn a_late_key_is_a_sign_and_a_late_knock_is_a_door() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.pass(secs(20));
    signs(&mut room, call, LineSignal::Knocks);
    assert!(matches!(silence(&room, call), SilenceCheck::Silent { .. }));
    signs(&mut room, call, LineSignal::Key);
    let signal = LineSignal::Key;
    assert_eq!(silence(&room, call), SilenceCheck::Signalled { signal, at: room.now });
    room.intends("pmj-1", call, Intent::Close(SILENT));
    assert_eq!(room.refusals, [Refusal::CheckSilenceFirst]);
}

#[test]
fn a_key_pressed_while_the_call_is_disposed_of_as_silent_keeps_the_line_open() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.pass(secs(15));
    room.intends("pmj-1", call, Intent::Dispose(SILENT));
    room.pass(secs(2));
    signs(&mut room, call, LineSignal::Key);
    room.pass(secs(60));
    assert!(matches!(room.phase(call), CallPhase::Talking { disposing: None, .. }));
    let undone = FlowEvent::DisposalUndone { call };
    assert!(room.events.contains(&undone));
}

#[test]
fn a_sign_undoes_any_disposal_that_runs() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.intends("pmj-1", call, Intent::Dispose(RING_ONCE));
    signs(&mut room, call, LineSignal::Knocks);
    room.pass(secs(60));
    assert!(matches!(room.phase(call), CallPhase::Talking { disposing: None, .. }));
}

#[test]
fn a_procedure_that_runs_does_not_begin_anew_and_one_that_ended_may() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.pass(secs(10));
    room.intends("pmj-1", call, Intent::CheckSilence);
    assert!(room.commands().is_empty() && room.refusals.is_empty());
    room.pass(secs(5));
    assert!(matches!(silence(&room, call), SilenceCheck::Silent { .. }));
    room.intends("pmj-1", call, Intent::CheckSilence);
    assert!(matches!(silence(&room, call), SilenceCheck::Running { .. }));
    room.intends("pmj-1", call, Intent::Close(SILENT));
    assert_eq!(room.refusals, [Refusal::CheckSilenceFirst], "the second one counts too");
}

#[test]
fn somebody_who_gave_a_sign_is_not_asked_again() {
    let (mut room, call) = asked(&["pmj-1"]);
    signs(&mut room, call, LineSignal::Knocks);
    room.intends("pmj-1", call, Intent::CheckSilence);
    assert_eq!(room.refusals, [Refusal::NotNow]);
}

#[test]
fn the_next_human_has_to_ask_anew_when_the_first_was_lost_meanwhile() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.pass(secs(10));
    room.loses_leg("pmj-1", LegCause::MediaLost);
    assert_eq!(silence(&room, call), SilenceCheck::NotRun);
    room.answers("pmj-2");
    room.pass(secs(60));
    room.intends("pmj-2", call, Intent::Close(SILENT));
    assert_eq!(room.refusals, [Refusal::CheckSilenceFirst]);
}

#[test]
fn a_key_is_a_sign_also_after_the_one_who_asked_was_lost() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.loses_leg("pmj-1", LegCause::MediaLost);
    signs(&mut room, call, LineSignal::Key);
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
    assert!(matches!(silence(&room, call), SilenceCheck::Signalled { .. }));
}

#[test]
fn a_finished_procedure_goes_with_the_call_to_the_next_human() {
    let (mut room, call) = asked(&["pmj-1", "pmj-2"]);
    room.pass(secs(15));
    room.loses_leg("pmj-1", LegCause::MediaLost);
    room.answers("pmj-2");
    room.intends("pmj-2", call, Intent::Close(SILENT));
    assert!(room.refusals.is_empty());
    assert_eq!(room.flow.owner(call), None);
}

#[test]
fn hold_and_transfer_end_the_listening_without_a_finding() {
    let to_polres = Intent::Transfer { unit: unit("pmj.jaksel"), handover: None };
    for intent in [Intent::Hold, to_polres] {
        let (mut room, call) = asked(&["pmj-1", "jaksel-1"]);
        room.intends("pmj-1", call, intent);
        assert_eq!(silence(&room, call), SilenceCheck::NotRun);
        room.intends("pmj-1", call, Intent::CheckSilence);
        assert_eq!(room.refusals, [Refusal::NotNow]);
    }
}

#[test]
fn only_the_owner_asks() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-2", call, Intent::CheckSilence);
    assert_eq!(room.refusals, [Refusal::NotYours]);
    assert_eq!(room.flow.owner(call), Some(&seat("pmj-1")));
}

#[test]
fn who_hung_up_in_silence_is_disposed_of_as_ring_once_and_not_as_silent() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    room.intends("pmj-1", call, Intent::Close(SILENT));
    assert_eq!(room.refusals, [Refusal::CheckSilenceFirst]);
    room.intends("pmj-1", call, Intent::Close(RING_ONCE));
    assert!(
        matches!(room.phase(call), CallPhase::Ended { disposition, .. } if disposition == RING_ONCE)
    );
}

#[test]
fn who_hung_up_after_a_silent_procedure_is_disposed_of_as_silent() {
    let (mut room, call) = asked(&["pmj-1"]);
    room.pass(secs(15));
    room.caller_hangs_up(call);
    room.intends("pmj-1", call, Intent::Dispose(SILENT));
    assert!(room.refusals.is_empty());
}
