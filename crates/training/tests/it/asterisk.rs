//! The same scenarios on a real Asterisk, with a caller's telephone that we did not write (baresip) on its
//! trunk. Where there is no Asterisk they are skipped by name.
//!
//! What is judged is that the story is whole and who was heard where; whether it was in time is judged
//! by a journey that has the machine to itself.

use crate::room::{ONE_AT_A_TIME, plugins, skip};
use siaga_training::{Journey, NotAllowed, RunOptions, Scenario, SwitchKind, run};

/// Plays it; `None` where it cannot be played.
async fn play(test: &str, scenario: Scenario) -> Option<Journey> {
    let plugins = plugins(test)?;
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = tempfile::tempdir().expect("a folder for the report");
    let mut options = RunOptions::new(scenario, report.path().to_owned(), plugins);
    options.switch = SwitchKind::Asterisk;
    options.program = env!("CARGO_BIN_EXE_siaga-training").into();
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
    assert_eq!(journey.switch, "asterisk");
    assert!(journey.caller_program.starts_with("baresip"), "{}", journey.caller_program);
    Some(journey)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prank_is_closed_at_the_polda_on_asterisk() {
    let name = "a_prank_is_closed_at_the_polda_on_asterisk";
    let Some(journey) = play(name, Scenario::NotValid).await else { return };
    assert_eq!(journey.recordings.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_back_with_the_polda_when_the_polres_is_busy_on_asterisk() {
    let name = "a_caller_is_back_with_the_polda_when_the_polres_is_busy_on_asterisk";
    let Some(journey) = play(name, Scenario::PolresBusy).await else { return };
    let caller = journey.legs.iter().find(|leg| leg.who == "caller").expect("the caller's leg");
    assert!(caller.codec.eq_ignore_ascii_case("opus"), "the telephone speaks {}", caller.codec);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_desk_is_killed_on_asterisk() {
    let name = "a_colleague_has_the_caller_when_the_desk_is_killed_on_asterisk";
    let Some(journey) = play(name, Scenario::OperatorDies).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_go_on_talking_while_a_desk_has_lost_its_hub_on_asterisk() {
    let name = "both_go_on_talking_while_a_desk_has_lost_its_hub_on_asterisk";
    let Some(journey) = play(name, Scenario::HubLinkLost).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}
