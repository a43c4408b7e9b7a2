//! Each scenario in which something is broken while a call is up, with voices made by the test.
//!
//! What is judged here is that the story is whole, who was heard, and what had to be equal; whether it
//! was in time is judged by a journey that has the machine to itself.

use crate::room::{ONE_AT_A_TIME, RATE, plugins, skip};
use siaga_testkit::{voice, wav};
use siaga_training::{Journey, NotAllowed, RunOptions, Scenario, run};

/// Seeds of what everybody says.
const SPOKEN: [(&str, u64); 3] = [("caller", 71), ("polda", 72), ("polda2", 73)];

/// How long each speaks, in seconds: short, so that some repetition is whole on a busy machine, too.
const SECONDS: f32 = 2.5;

/// Plays it; `None` where it cannot be played.
async fn play(test: &str, scenario: Scenario) -> Option<Journey> {
    let plugins = plugins(test)?;
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = tempfile::tempdir().expect("a folder for the report");
    let mut options = RunOptions::new(scenario, report.path().to_owned(), plugins);
    options.program = env!("CARGO_BIN_EXE_siaga-training").into();
    for (who, seed) in SPOKEN {
        let file = report.path().join(format!("voice-{who}.wav"));
        wav::write(&file, &voice::speech_like(seed, SECONDS), RATE).expect("a voice is written");
        options.voices.insert(who.to_owned(), file);
    }
    let journey = match run(&options).await {
        Ok(journey) => journey,
        Err(error) => match error.downcast_ref::<NotAllowed>() {
            Some(why) => {
                skip(test, &why.to_string());
                return None;
            }
            None => panic!("{error:?}"),
        },
    };
    assert_eq!(journey.problems, [] as [String; 0], "{:#?}\n{:#?}", journey.steps, journey.legs);
    assert!(!journey.faults.is_empty(), "nothing was broken");
    assert!(journey.facts.values().all(|holds| *holds), "{:?}", journey.facts);
    Some(journey)
}

/// When it happened first, in the journey's milliseconds.
fn at(journey: &Journey, event: &str) -> i64 {
    let step = journey.steps.iter().find(|step| step.event == event);
    step.unwrap_or_else(|| panic!("no {event}: {:#?}", journey.steps)).at_ms
}

/// The call went from the first operator, who was lost as one of these says, to the second, who found
/// the form.
fn was_saved_by_the_second(journey: &Journey, causes: &[&str]) {
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
    let fault = journey.faults[0].at_ms;
    assert!(fault < at(journey, "requeued") && at(journey, "requeued") < at(journey, "takes-over"));
    assert!(journey.timings_ms.more["fault_to_pilot"].is_some(), "the second was never heard");
    let lost = journey.legs.iter().find(|leg| leg.who == "pmj-1").expect("a leg of the first");
    assert!(causes.contains(&lost.cause.as_str()), "{}", lost.cause);
    let case = journey.case.as_ref().expect("there is a case");
    assert_eq!(case.category, "pelaporan/kebakaran");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_desk_is_killed() {
    let name = "a_colleague_has_the_caller_when_the_desk_is_killed";
    let Some(journey) = play(name, Scenario::OperatorDies).await else { return };
    // Voice and connection end together, and the hub lets the leg go after as long a silence.
    was_saved_by_the_second(&journey, &["media-lost", "released"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_desk_stands_still() {
    let name = "a_colleague_has_the_caller_when_the_desk_stands_still";
    let Some(journey) = play(name, Scenario::DeskFrozen).await else { return };
    was_saved_by_the_second(&journey, &["media-lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_frozen_comes_back_too_late_and_is_told_so() {
    let name = "a_desk_that_was_frozen_comes_back_too_late_and_is_told_so";
    let Some(journey) = play(name, Scenario::DeskReturns).await else { return };
    was_saved_by_the_second(&journey, &["media-lost"]);
    for fact in ["return_told_who_has_the_caller", "late_form_refused", "second_undisturbed"] {
        assert!(journey.facts.contains_key(fact), "{fact} was not looked at");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_cable_is_pulled() {
    let name = "a_colleague_has_the_caller_when_the_cable_is_pulled";
    let Some(journey) = play(name, Scenario::CablePulled).await else { return };
    was_saved_by_the_second(&journey, &["media-lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_hub_both_go_on_and_what_was_typed_is_caught_up_with_once() {
    let name = "without_the_hub_both_go_on_and_what_was_typed_is_caught_up_with_once";
    let Some(journey) = play(name, Scenario::HubLinkLost).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
    let legs: Vec<_> = journey.legs.iter().map(|leg| leg.who.as_str()).collect();
    assert_eq!(legs.len(), 2, "nobody got another leg: {legs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_in_another_network_goes_on_with_a_new_leg_and_without_ghosts() {
    let name = "a_desk_in_another_network_goes_on_with_a_new_leg_and_without_ghosts";
    let Some(journey) = play(name, Scenario::NetworkChanges).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
    let legs: Vec<_> = journey.legs.iter().filter(|leg| leg.who == "pmj-1").collect();
    assert!(legs.len() >= 2, "{legs:?}");
    let closed = at(&journey, "closed");
    let ghosts = legs.iter().filter(|leg| leg.left_ms < closed).count();
    assert_eq!(ghosts, legs.len() - 1, "one leg to the end, and no other: {legs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_switch_loses_neither_what_was_said_nor_what_was_typed() {
    let name = "a_killed_switch_loses_neither_what_was_said_nor_what_was_typed";
    let Some(journey) = play(name, Scenario::SwitchDies).await else { return };
    for fact in ["call_back_once", "draft_equal", "recorded_to_the_end"] {
        assert!(journey.facts.contains_key(fact), "{fact} was not looked at");
    }
    assert_eq!(journey.recordings.len(), 2, "one of each call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_to_the_room_and_the_call_goes_on() {
    let name = "a_full_disk_is_told_to_the_room_and_the_call_goes_on";
    let Some(journey) = play(name, Scenario::DiskFull).await else { return };
    assert_eq!(journey.faults.len(), 2, "full, and free again");
    let resumed = at(&journey, "recording-resumed");
    let last = journey.recordings.last().expect("a recording");
    assert!(last.starts_at_ms <= resumed && last.seconds > 1.0, "{last:?}");
}
