//! Calls that a hub finds when it comes back, told by examples.

use crate::outage::Meanwhile;
use crate::room::{Room, call, secs, unit};
use siaga_call_flow::{
    CallPhase, FlowEvent, Handover, Input, Intent, Program, Prompt, SEAT_BACK, SETTLING,
    SwitchCommand, SwitchSaw, WaitReason,
};
use siaga_model::{CallId, Disposition, EndedBy, NotReport, ReclaimCause, SeatState};

const EVERYBODY: u8 = u8::MAX;

/// The hub is away for ten seconds, in which this happens; `back`: a bit for each desk.
fn outage(room: &mut Room, meanwhile: &[Meanwhile], back: u8) {
    let outage = room.dies(None, 0);
    for what in meanwhile {
        room.meanwhile(what);
    }
    room.now = room.now + secs(10);
    room.comes_back(outage, back);
}

fn transfers(room: &mut Room, call: CallId, handover: Handover) {
    let unit = unit("pmj.jaksel");
    room.intends("pmj-1", call, Intent::Transfer { unit, handover: Some(handover) });
}

fn times(room: &Room, wanted: fn(&FlowEvent) -> bool) -> usize {
    room.events.iter().filter(|event| wanted(event)).count()
}

fn owner(room: &Room, call: CallId) -> String {
    room.flow.owner(call).expect("somebody has the call").to_string()
}

#[test]
fn two_who_talk_go_on_talking_and_no_event_says_otherwise() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let before = room.events.len();
    outage(&mut room, &[], EVERYBODY);
    assert_eq!(owner(&room, call), "pmj-1");
    let since: Vec<_> =
        room.events[before..].iter().filter(|event| event.call().is_some()).collect();
    assert!(matches!(since[..], [FlowEvent::TakenOver { .. }]), "nothing has happened to it");
    transfers(&mut room, call, Handover::Together);
    assert!(matches!(room.phase(call), CallPhase::Talking { reclaimed: Some(_), .. }));
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    assert_eq!(times(&room, |event| matches!(event, FlowEvent::CallerArrived { .. })), 1);
}

#[test]
fn a_caller_whose_human_left_meanwhile_is_first_in_the_queue() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let lost = room.talks(1, "pmj-1");
    let other = room.talks(2, "pmj-2");
    let waiting = room.arrives(3);
    // The first of the legs that are up is that of the first call.
    outage(&mut room, &[Meanwhile::Loses(0)], 0b10);
    assert_eq!(owner(&room, other), "pmj-2");
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [lost, waiting]);
    assert_eq!(times(&room, |event| matches!(event, FlowEvent::Requeued { .. })), 1);
}

#[test]
fn a_telephone_that_only_rang_is_hung_up_and_its_caller_is_offered_anew() {
    let mut room = Room::with(&["pmj-1"]);
    let first = room.arrives(1);
    let second = room.arrives(2);
    let rings = room.leg_of("pmj-1");
    outage(&mut room, &[], EVERYBODY);
    assert!(room.journal.iter().any(|line| line.ends_with(&format!("HangUp({rings})"))));
    assert!(matches!(room.phase(first), CallPhase::Ringing { .. }), "it came first");
    assert!(matches!(room.phase(second), CallPhase::Queued { .. }));
    assert!(room.leg_of("pmj-1").n > rings.n, "under another number");
}

#[test]
fn whoever_answered_when_there_was_no_hub_has_the_caller() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives(1);
    outage(&mut room, &[Meanwhile::Answers(0)], EVERYBODY);
    assert_eq!(owner(&room, call), "pmj-1");
    assert_eq!(times(&room, |event| matches!(event, FlowEvent::Answered { .. })), 1);
}

#[test]
fn a_caller_on_hold_stays_on_hold_and_is_taken_back() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::Hold);
    outage(&mut room, &[], EVERYBODY);
    assert!(matches!(room.phase(call), CallPhase::Held { .. }));
    room.intends("pmj-1", call, Intent::Resume);
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}

#[test]
fn a_unit_that_rang_is_given_up_and_the_operator_has_the_caller() {
    for handover in [Handover::Together, Handover::Music] {
        let mut room = Room::with(&["pmj-1", "jaksel-1"]);
        let call = room.talks(1, "pmj-1");
        transfers(&mut room, call, handover);
        outage(&mut room, &[], EVERYBODY);
        let phase = room.phase(call);
        let CallPhase::Talking { seat, reclaimed: Some(back), .. } = phase else {
            panic!("{phase:?}");
        };
        assert_eq!((seat.as_str(), back.cause), ("pmj-1", ReclaimCause::Lost));
    }
}

#[test]
fn a_unit_that_answered_is_given_its_time_anew_to_be_heard() {
    for handover in [Handover::Together, Handover::Music] {
        let mut room = Room::with(&["pmj-1", "jaksel-1"]);
        let call = room.talks(1, "pmj-1");
        transfers(&mut room, call, handover);
        outage(&mut room, &[Meanwhile::Answers(0)], EVERYBODY);
        assert!(matches!(room.phase(call), CallPhase::Transferring { answered: true, .. }));
        assert_eq!(owner(&room, call), "pmj-1");
        room.is_heard("jaksel-1");
        assert_eq!(owner(&room, call), "jaksel-1");
        assert_eq!(times(&room, |event| matches!(event, FlowEvent::TransferDone { .. })), 1);
    }
}

#[test]
fn the_unit_has_the_caller_when_the_operator_is_gone() {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let call = room.talks(1, "pmj-1");
    transfers(&mut room, call, Handover::Together);
    room.answers("jaksel-1");
    outage(&mut room, &[Meanwhile::Loses(0)], EVERYBODY);
    assert_eq!(owner(&room, call), "jaksel-1");
}

#[test]
fn who_hung_up_meanwhile_is_abandoned_and_the_operator_may_say_more() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    outage(&mut room, &[Meanwhile::HangsUp(0)], EVERYBODY);
    let ended = |room: &Room, wanted: &Disposition| match room.phase(call) {
        CallPhase::Ended { by: EndedBy::Caller, disposition, .. } => disposition == *wanted,
        _ => false,
    };
    assert!(ended(&room, &Disposition::Abandoned));
    assert!(room.switch.bridges.is_empty(), "what was left of it is cleared away");
    let said = Disposition::HandledHere;
    room.intends("pmj-1", call, Intent::Close(said.clone()));
    assert!(ended(&room, &said));
}

/// The switch's own queue asks every hub again for whom it has taken over from the last one.
#[test]
fn a_caller_who_comes_back_to_the_next_hub_is_first_and_no_leg_has_an_old_number() {
    let mut room = Room::with(&["pmj-1"]);
    let moved = room.talks(1, "pmj-1");
    let old = room.leg_of("pmj-1").n;
    let outage = room.dies(None, 0);
    room.switch.bridges.remove(&moved);
    room.now = room.now + secs(10);
    room.comes_back(outage, 0);
    assert!(matches!(room.phase(moved), CallPhase::Ended { by: EndedBy::SwitchLost, .. }));

    let other = room.arrives(2);
    assert_eq!(room.arrives(1), moved);
    room.sits_down("pmj-2");
    room.answers("pmj-2");
    assert_eq!(owner(&room, moved), "pmj-2", "before whoever has had nobody");
    assert!(matches!(room.phase(other), CallPhase::Queued { .. }));
    let leg = room.leg_of("pmj-2").n;
    assert!(leg > old + 100, "leg {leg} after {old}");
}

/// What a hub does that starts again, when the switch holds a caller whose call has ended by the log.
fn takes_over_ended(by: EndedBy, disposition: Disposition) -> Vec<siaga_call_flow::Output> {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let at = room.now;
    room.log.push((at, FlowEvent::Ended { call, by, disposition }));
    let past = siaga_call_flow::Past::of(call, room.log.iter().cloned());
    let found = siaga_call_flow::FoundCall {
        call,
        arrived_at: at,
        is_call_back: false,
        first_unit: None,
        caller_up: true,
        legs: Vec::new(),
        outside: Vec::new(),
        playing: Some(Program::Quiet),
        past,
    };
    let config = siaga_call_flow::FlowConfig::polda_first();
    let mut flow = siaga_call_flow::CallFlow::new(config).expect("a good configuration");
    let found = siaga_call_flow::Found { calls: vec![found], ..Default::default() };
    flow.handle(at, Input::Found(found));
    std::iter::from_fn(|| match flow.poll() {
        siaga_call_flow::Output::Wait { .. } => None,
        output => Some(output),
    })
    .collect()
}

#[test]
fn a_closing_that_was_written_down_is_carried_out() {
    let outputs = takes_over_ended(EndedBy::Closing, Disposition::HandledHere);
    assert_eq!(outputs, [siaga_call_flow::Output::Switch(SwitchCommand::End(call(1)))]);
}

#[test]
fn a_caller_who_is_there_was_neither_cut_off_nor_gone_whatever_the_log_says() {
    for by in [EndedBy::SwitchLost, EndedBy::Caller] {
        let outputs = takes_over_ended(by, Disposition::Abandoned);
        let told = |wanted: fn(&FlowEvent) -> bool| {
            outputs.iter().any(
                |output| matches!(output, siaga_call_flow::Output::Event { event, .. } if wanted(event)),
            )
        };
        assert!(told(|event| matches!(event, FlowEvent::CallerArrived { .. })), "{outputs:?}");
        let (call, program) = (call(1), Program::Music);
        let music = siaga_call_flow::Output::Switch(SwitchCommand::Play { call, program });
        assert!(outputs.contains(&music), "{outputs:?}");
        let end = siaga_call_flow::Output::Switch(SwitchCommand::End(call));
        assert!(!outputs.contains(&end), "{outputs:?}");
    }
}

#[test]
fn a_disposal_that_ran_is_undone_for_nobody_could_undo_it() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    let misdial = Disposition::NotReport { reason: NotReport::Misdial };
    room.intends("pmj-1", call, Intent::Dispose(misdial));
    outage(&mut room, &[], EVERYBODY);
    assert!(matches!(room.phase(call), CallPhase::Talking { disposing: None, .. }));
    assert_eq!(times(&room, |event| matches!(event, FlowEvent::DisposalUndone { .. })), 1);
}

#[test]
fn a_sign_that_was_given_is_not_forgotten() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.intends("pmj-1", call, Intent::CheckSilence);
    let leg = siaga_model::LegId::caller(call);
    let signal = siaga_model::LineSignal::Key;
    room.input(Input::Switch(SwitchSaw::Signal { leg, signal }));
    outage(&mut room, &[], EVERYBODY);
    let silent = Disposition::NotReport { reason: NotReport::Silent };
    room.intends("pmj-1", call, Intent::Dispose(silent));
    assert_eq!(room.refusals.last(), Some(&siaga_call_flow::Refusal::CheckSilenceFirst));
}

#[test]
fn nobody_is_escalated_or_told_to_wait_while_seats_are_expected_back() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    outage(&mut room, &[Meanwhile::Loses(0)], 0);
    assert!(matches!(room.phase(call), CallPhase::Queued { level: 0, .. }));
    assert_eq!(room.until, Some((room.now + SETTLING, WaitReason::Settling)));
    let music = Program::Music;
    assert_eq!(room.switch.bridges[&call].program, music);
    room.pass(SETTLING);
    assert!(matches!(room.phase(call), CallPhase::Queued { level: 1, .. }));
    assert_eq!(room.switch.bridges[&call].program, Program::Prompt(Prompt::PleaseWait));
}

#[test]
fn a_desk_that_does_not_come_back_to_its_call_is_lost_after_ten_seconds() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    outage(&mut room, &[], 0);
    room.pass(SEAT_BACK - std::time::Duration::from_millis(1));
    assert_eq!(owner(&room, call), "pmj-1");
    room.pass(std::time::Duration::from_millis(1));
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
    assert_eq!(room.state("pmj-1"), SeatState::Offline);
}

#[test]
fn a_citizen_who_is_rung_for_nobody_is_not_rung_on() {
    let mut room = Room::with(&["pmj-1"]);
    let call = crate::room::call(7);
    let (seat, number) = (crate::room::seat("pmj-1"), "081200001101".to_owned().into());
    room.input(Input::CallBack { seat, call, number });
    room.answers("pmj-1");
    outage(&mut room, &[], EVERYBODY);
    assert!(matches!(room.phase(call), CallPhase::Ended { by: EndedBy::NotReached, .. }));
    assert!(room.switch.bridges.is_empty());
}

#[test]
fn a_citizen_who_answered_meanwhile_is_with_the_operator_who_called() {
    let mut room = Room::with(&["pmj-1"]);
    let call = crate::room::call(7);
    let (seat, number) = (crate::room::seat("pmj-1"), "081200001101".to_owned().into());
    room.input(Input::CallBack { seat, call, number });
    room.answers("pmj-1");
    outage(&mut room, &[Meanwhile::CitizenAnswers(0)], EVERYBODY);
    assert_eq!(owner(&room, call), "pmj-1");
    assert!(matches!(room.phase(call), CallPhase::Talking { .. }));
}
