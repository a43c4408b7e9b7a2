//! Between the hub and the dialplan's own queue.

use super::*;
use crate::provision::WITHOUT_HUB_CONTEXT;

#[test]
fn whoever_is_on_the_line_after_the_call_was_ended_is_hung_up_and_hears_no_music_for_ever() {
    let mut bench = Bench::with_caller();
    bench.command(SwitchCommand::End(call()));
    let outputs = bench.told(started(&["caller", "verified"], caller_channel()));
    assert_eq!(asked(&outputs), [Request::HangUp { leg: leg(0), channel: CALLER.to_owned() }]);
}

#[test]
fn a_caller_beyond_what_can_be_handled_is_left_to_the_dialplan_and_not_dropped() {
    let mut bench = Bench::new();
    let channel = |n: usize| {
        channel(&format!("1795729834.{n}"), "PJSIP/trunk-00000001", "Up", "siaga,caller,claimed")
    };
    for n in 0..MAX_CALLS {
        bench.told(started(&["caller", "claimed"], channel(n)));
    }
    let one_more = channel(MAX_CALLS);
    let outputs = bench.told(started(&["caller", "claimed"], one_more.clone()));
    let call = names::call_of_caller(&one_more.id).unwrap();
    assert_eq!(asked(&outputs), [Request::Leave { call, channel: one_more.id }]);
    assert!(saws(&outputs).is_empty());
}

#[test]
fn a_caller_whom_the_dialplan_has_is_let_go_and_comes_back_as_the_same_call() {
    let mut bench = Bench::with_caller();
    bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
    let mut in_queue = caller_channel();
    in_queue.dialplan.context = WITHOUT_HUB_CONTEXT.to_owned();
    in_queue.dialplan.app_name = "Queue".to_owned();
    let there =
        Snapshot { channels: vec![in_queue, seat_channel(1, "Ringing")], ..snapshot("first") };
    let outputs = bench.told(Input::Connected(there));
    let gone = SwitchSaw::Ended { leg: leg(0), cause: LegCause::Failed };
    assert_eq!(saws(&outputs).first(), Some(&gone));
    let asked = asked(&outputs);
    let seat_is_spared = Request::Drop { call: call(), channel: leg(1).to_string() };
    assert!(asked.contains(&seat_is_spared), "{asked:?}");
    assert!(
        !asked
            .iter()
            .any(|request| matches!(request, Request::HangUp { leg, .. } if leg.is_caller()))
    );
    let sealed = outputs.iter().any(|output| matches!(output, Output::Over(_)));
    assert!(!sealed, "Asterisk still writes its recording");
    let outputs = bench.told(started(&["caller", "verified"], caller_channel()));
    assert!(
        matches!(&saws(&outputs)[..], [SwitchSaw::CallerArrived { call: c, .. }] if *c == call())
    );
}
