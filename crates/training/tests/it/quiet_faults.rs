//! Each scenario in which nothing is broken, but somebody does not do what was expected: a seat that
//! lets it ring, a caller who gives up or says nothing, a plugin that fails.
//!
//! What is judged here is that the story is whole and what was found on the way; milliseconds are
//! judged by a journey that has the machine to itself.

use crate::room::{ONE_AT_A_TIME, RATE, plugins};
use siaga_testkit::{voice, wav};
use siaga_training::{Journey, RunOptions, Scenario, run};

/// Seeds of what everybody says.
const SPOKEN: [(&str, u64); 5] =
    [("caller", 81), ("polda", 82), ("polda2", 83), ("polres", 84), ("mabes", 85)];

/// How long the first of them speaks, in seconds, and how much longer each of the others: voices that
/// begin together do not hide each other every time.
const SECONDS: f32 = 3.0;
const LONGER: f32 = 0.3;

/// The second leg of the colleague's was answered, and that of whoever asked stayed until then.
pub(crate) fn a_colleague_took_it(journey: &Journey) {
    let of = |who| journey.legs.iter().filter(move |leg| leg.who == who);
    let joined = of("pmj-2").find_map(|leg| leg.joined_ms).expect("the colleague has answered");
    assert_eq!(of("pmj-2").count(), 2, "asked twice");
    let asker = of("pmj-1").next().expect("a leg there");
    assert!(asker.left_ms > joined, "{asker:?}, joined at {joined}");
}

/// Plays it, and looks whether these facts were found; `None` where it cannot be played.
async fn play(test: &str, scenario: Scenario, facts: &[&str]) -> Option<Journey> {
    let plugins = plugins(test)?;
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = tempfile::tempdir().expect("a folder for the report");
    let mut options = RunOptions::new(scenario, report.path().to_owned(), plugins);
    options.program = env!("CARGO_BIN_EXE_siaga-training").into();
    for (at, (who, seed)) in SPOKEN.into_iter().enumerate() {
        let file = report.path().join(format!("voice-{who}.wav"));
        let seconds = SECONDS + LONGER * at as f32;
        wav::write(&file, &voice::speech_like(seed, seconds), RATE).expect("a voice is written");
        options.voices.insert(who.to_owned(), file);
    }
    let journey = run(&options).await.expect("the scenario can be played");
    assert_eq!(journey.problems, [] as [String; 0], "{:#?}\n{:#?}", journey.steps, journey.legs);
    for fact in facts {
        assert_eq!(journey.facts.get(*fact), Some(&true), "{fact}: {:?}", journey.facts);
    }
    Some(journey)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_lets_it_ring_is_marked_and_the_next_one_answers_in_its_place() {
    let name = "a_seat_that_lets_it_ring_is_marked_and_the_next_one_answers_in_its_place";
    let facts = ["place_kept", "seat_not_answering"];
    let Some(journey) = play(name, Scenario::SeatSilent, &facts).await else { return };
    let first = journey.legs.iter().find(|leg| leg.who == "pmj-1").expect("it rang there");
    assert_eq!((first.joined_ms, first.cause.as_str()), (None, "no-answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_takes_the_caller_and_the_form_of_an_operator_without_a_microphone() {
    let name = "a_colleague_takes_the_caller_and_the_form_of_an_operator_without_a_microphone";
    let Some(journey) = play(name, Scenario::MicrophoneLost, &[]).await else { return };
    a_colleague_took_it(&journey);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_every_seat_busy_is_told_to_wait_and_taken_by_the_next_level() {
    let name = "whoever_finds_every_seat_busy_is_told_to_wait_and_taken_by_the_next_level";
    let facts = ["announced_wait_heard", "next_level_heard"];
    let Some(journey) = play(name, Scenario::AllBusy, &facts).await else { return };
    let mabes = journey.legs.iter().find(|leg| leg.who == "mabes-1").expect("a leg there");
    assert!(mabes.joined_ms.is_some(), "{mabes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_up_twice_is_listed_once_and_called_back_with_one_action() {
    let name = "whoever_gives_up_twice_is_listed_once_and_called_back_with_one_action";
    let facts = ["listed_once", "form_of_the_entry", "called_back_heard", "entry_settled"];
    let Some(journey) = play(name, Scenario::CallerHangsUpWaiting, &facts).await else { return };
    assert_eq!(journey.recordings.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_during_a_transfer_is_called_back_with_what_was_typed() {
    let name = "whoever_hangs_up_during_a_transfer_is_called_back_with_what_was_typed";
    let facts = ["draft_listed", "form_of_the_entry", "called_back_heard", "entry_settled"];
    play(name, Scenario::CallerHangsUpTransfer, &facts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hear_each_other_and_two_go_on_when_the_caller_leaves() {
    let name = "three_hear_each_other_and_two_go_on_when_the_caller_leaves";
    play(name, Scenario::ThreeWay, &["outside_heard_caller", "outside_heard_polda"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_outside_who_is_busy_is_called_again_while_the_caller_is_never_alone() {
    let name = "somebody_outside_who_is_busy_is_called_again_while_the_caller_is_never_alone";
    play(name, Scenario::OutsideBusy, &["outside_heard_caller"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_left_with_somebody_outside_who_hangs_up_is_back_with_a_human() {
    let name = "a_caller_left_with_somebody_outside_who_hangs_up_is_back_with_a_human";
    play(name, Scenario::TransferToNumber, &["outside_heard_caller"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_line_is_closed_only_after_it_was_asked_for_a_sign() {
    let name = "a_silent_line_is_closed_only_after_it_was_asked_for_a_sign";
    let facts = ["closed_only_after_the_procedure", "prompt_heard"];
    play(name, Scenario::SilentLine, &facts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn knocks_on_a_silent_line_put_it_first() {
    let name = "knocks_on_a_silent_line_put_it_first";
    play(name, Scenario::SilentLineKnock, &["prompt_heard", "raised_to_p1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_never_comes_back_changes_nothing_but_the_advice() {
    let name = "a_plugin_that_never_comes_back_changes_nothing_but_the_advice";
    play(name, Scenario::PluginLoops, &["treated_as_valid", "fault_shown", "judged_again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_breaks_down_changes_nothing_but_the_advice() {
    let name = "a_plugin_that_breaks_down_changes_nothing_but_the_advice";
    play(name, Scenario::PluginTraps, &["treated_as_valid", "fault_shown", "judged_again"]).await;
}
