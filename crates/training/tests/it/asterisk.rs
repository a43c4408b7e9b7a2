//! The same scenarios on a real Asterisk, with callers' telephones that we did not write on its trunk:
//! baresip (Opus, G.722) and sipp (G.711). Where there is no Asterisk they are skipped by name.
//!
//! What is judged is that the story is whole and who was heard where; whether it was in time is judged
//! by a journey that has the machine to itself.

use crate::quiet_faults::a_colleague_took_it;
use crate::room::{ONE_AT_A_TIME, plugins, skip};
use siaga_media::{Codec, Waveform};
use siaga_training::{Journey, NotAllowed, RunOptions, Scenario, SwitchKind, TrunkProgram, run};

/// Plays it with baresip; `None` where it cannot be played.
async fn play(test: &str, scenario: Scenario) -> Option<Journey> {
    play_with(test, scenario, TrunkProgram::Baresip, Codec::Opus).await
}

/// Plays it with callers who have this telephone and speak nothing else.
async fn play_with(
    test: &str,
    scenario: Scenario,
    telephone: TrunkProgram,
    codec: Codec,
) -> Option<Journey> {
    let plugins = plugins(test)?;
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = tempfile::tempdir().expect("a folder for the report");
    let mut options = RunOptions::new(scenario, report.path().to_owned(), plugins);
    options.switch = SwitchKind::Asterisk;
    options.program = env!("CARGO_BIN_EXE_siaga-training").into();
    options.telephone = telephone;
    options.codec = Some(codec);
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
    assert!(journey.facts.values().all(|holds| *holds), "{:?}", journey.facts);
    assert_eq!(journey.switch, "asterisk");
    assert!(journey.caller_program.starts_with(telephone.name()), "{}", journey.caller_program);
    Some(journey)
}

/// As [`play`], a scenario in which something is broken.
async fn play_fault(test: &str, scenario: Scenario) -> Option<Journey> {
    let journey = play(test, scenario).await?;
    assert!(!journey.faults.is_empty(), "nothing was broken");
    Some(journey)
}

/// A prank, whose caller and operator hear each other in this codec and are recorded.
async fn a_prank_in(test: &str, telephone: TrunkProgram, codec: Codec, name: &str) {
    let Some(journey) = play_with(test, Scenario::NotValid, telephone, codec).await else { return };
    assert_eq!(journey.recordings.len(), 1);
    for leg in &journey.legs {
        assert_eq!(leg.codec, name, "{leg:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prank_is_closed_at_the_polda_on_asterisk() {
    let name = "a_prank_is_closed_at_the_polda_on_asterisk";
    a_prank_in(name, TrunkProgram::Baresip, Codec::Opus, "opus").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_on_a_g722_trunk_is_heard_both_ways_and_recorded() {
    let name = "a_caller_on_a_g722_trunk_is_heard_both_ways_and_recorded";
    a_prank_in(name, TrunkProgram::Baresip, Codec::Waveform(Waveform::G722), "g722").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_on_a_pcma_trunk_is_heard_both_ways_and_recorded() {
    let name = "a_caller_on_a_pcma_trunk_is_heard_both_ways_and_recorded";
    a_prank_in(name, TrunkProgram::Sipp, Codec::Waveform(Waveform::Pcma), "alaw").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_on_a_pcmu_trunk_is_heard_both_ways_and_recorded() {
    let name = "a_caller_on_a_pcmu_trunk_is_heard_both_ways_and_recorded";
    a_prank_in(name, TrunkProgram::Sipp, Codec::Waveform(Waveform::Pcmu), "ulaw").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_back_with_the_polda_when_the_polres_is_busy_on_asterisk() {
    let name = "a_caller_is_back_with_the_polda_when_the_polres_is_busy_on_asterisk";
    let Some(journey) = play(name, Scenario::PolresBusy).await else { return };
    let caller = journey.legs.iter().find(|leg| leg.who == "caller").expect("the caller's leg");
    assert!(caller.codec.eq_ignore_ascii_case("opus"), "the telephone speaks {}", caller.codec);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_takes_the_caller_of_an_operator_without_a_microphone_on_asterisk() {
    let name = "a_colleague_takes_the_caller_of_an_operator_without_a_microphone_on_asterisk";
    let Some(journey) = play(name, Scenario::MicrophoneLost).await else { return };
    a_colleague_took_it(&journey);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gave_up_is_called_back_over_the_trunk() {
    let name = "who_gave_up_is_called_back_over_the_trunk";
    let Some(journey) = play(name, Scenario::CallBack).await else { return };
    assert_eq!(journey.recordings.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fire_brigade_joins_over_the_trunk_and_the_caller_may_leave_first() {
    let name = "the_fire_brigade_joins_over_the_trunk_and_the_caller_may_leave_first";
    play(name, Scenario::ThreeWay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_brigade_that_is_busy_on_the_trunk_is_called_again() {
    let name = "a_fire_brigade_that_is_busy_on_the_trunk_is_called_again";
    play(name, Scenario::OutsideBusy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whom_the_fire_brigade_leaves_is_back_with_a_human_on_asterisk() {
    let name = "a_caller_whom_the_fire_brigade_leaves_is_back_with_a_human_on_asterisk";
    play(name, Scenario::TransferToNumber).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_desk_is_killed_on_asterisk() {
    let name = "a_colleague_has_the_caller_when_the_desk_is_killed_on_asterisk";
    let Some(journey) = play_fault(name, Scenario::OperatorDies).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_the_desk_s_cable_is_pulled_on_asterisk() {
    let name = "a_colleague_has_the_caller_when_the_desk_s_cable_is_pulled_on_asterisk";
    let Some(journey) = play_fault(name, Scenario::CablePulled).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_go_on_talking_while_a_desk_has_lost_its_hub_on_asterisk() {
    let name = "both_go_on_talking_while_a_desk_has_lost_its_hub_on_asterisk";
    let Some(journey) = play_fault(name, Scenario::HubLinkLost).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_and_the_room_is_told_while_the_disk_of_asterisk_is_full() {
    let name = "a_call_goes_on_and_the_room_is_told_while_the_disk_of_asterisk_is_full";
    play_fault(name, Scenario::DiskFull).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_a_recording_survive_the_death_of_hub_and_asterisk() {
    let name = "a_form_and_a_recording_survive_the_death_of_hub_and_asterisk";
    let Some(journey) = play_fault(name, Scenario::SwitchDies).await else { return };
    assert_eq!(journey.facts.get("draft_equal"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_on_without_a_hub_and_the_next_one_hands_the_call_over() {
    let name = "two_people_talk_on_without_a_hub_and_the_next_one_hands_the_call_over";
    let Some(journey) = play_fault(name, Scenario::HubDies).await else { return };
    assert_eq!(journey.recordings.len(), 1);
    assert_eq!(journey.facts.get("log_is_whole"), Some(&true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_waits_is_answered_without_the_hub() {
    let name = "a_caller_who_waits_is_answered_without_the_hub";
    play_fault(name, Scenario::HubDiesWaiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_desk_rings_is_answered_without_the_hub() {
    let name = "a_caller_whose_desk_rings_is_answered_without_the_hub";
    play_fault(name, Scenario::HubDiesRinging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_caller_is_answered_without_a_hub() {
    let name = "a_new_caller_is_answered_without_a_hub";
    play_fault(name, Scenario::HubDown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_has_the_caller_when_a_desk_is_killed_without_a_hub() {
    let name = "a_colleague_has_the_caller_when_a_desk_is_killed_without_a_hub";
    play_fault(name, Scenario::HubDownDeskDies).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn desks_are_back_when_asterisk_was_started_again() {
    let name = "desks_are_back_when_asterisk_was_started_again";
    play_fault(name, Scenario::AsteriskRestarts).await;
}
