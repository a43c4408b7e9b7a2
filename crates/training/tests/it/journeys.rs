//! Each scenario with voices made by the test: what the journey says of it, and what its files say.
//!
//! The journey judges itself by what was heard. That judgement is not believed here: the files are
//! read back, and each voice is looked for in each of them again.

use crate::parts;
use crate::room::{ONE_AT_A_TIME, RATE, plugins};
use siaga_hub_api::HandoverChoice;
use siaga_testkit::{correlate, voice, wav};
use siaga_training::{Journey, RunOptions, Scenario, run};
use std::path::Path;

/// Seeds of what the caller, the Polda and the Polres say.
const SPOKEN: [(&str, u64); 3] = [("caller", 61), ("polda", 62), ("polres", 63)];

/// A voice that nobody speaks.
const NOBODY: u64 = 64;

/// How long each speaks, in seconds.
const SECONDS: f32 = 4.5;

/// Rate of what was heard, in its files.
const HEARD_RATE: u32 = 16_000;

/// A place, what was heard there and its rate, and whether the voices of caller, Polda and Polres
/// belong there; none where both are right (the second of the handover).
type Place<'a> = (&'a str, &'a [i16], u32, [Option<bool>; 3]);

struct Played {
    journey: Journey,
    report: tempfile::TempDir,
}

/// Plays it; `None` where it cannot be played.
async fn play(test: &str, scenario: Scenario, change: fn(&mut RunOptions)) -> Option<Played> {
    let plugins = plugins(test)?;
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = tempfile::tempdir().expect("a folder for the report");
    let spoken = tempfile::tempdir().expect("a folder for the voices");
    let mut options = RunOptions::new(scenario, report.path().to_owned(), plugins);
    for (who, seed) in SPOKEN {
        let file = spoken.path().join(format!("{who}.wav"));
        wav::write(&file, &voice::speech_like(seed, SECONDS), RATE).expect("a voice is written");
        options.voices.insert(who.to_owned(), file);
    }
    change(&mut options);
    let journey = run(&options).await.expect("the scenario can be played");
    Some(Played { journey, report })
}

impl Played {
    /// The story is whole and in order, and every part of the report has its shape.
    fn told(&self, steps: &[(u8, &str)]) {
        let journey = &self.journey;
        assert_eq!(journey.problems, [] as [String; 0], "{:#?}", journey.steps);
        let mut rest = journey.steps.iter();
        for (step, event) in steps {
            assert!(
                rest.any(|seen| seen.step == *step && seen.event == *event),
                "{event} (step {step}) is missing or out of its place: {:#?}",
                journey.steps
            );
        }
        assert!(journey.steps.is_sorted_by_key(|step| step.at_ms));
        assert!(journey.timings_ms.answer_to_audio.is_some());
        assert!(journey.timings_ms.caller_longest_silence.is_some());
        assert_eq!(journey.ok, journey.late.is_empty(), "only lateness may make it not ok");
        assert!(journey.voices.iter().any(|check| check.expected && check.found));
        assert!(journey.voices.iter().any(|check| !check.expected && !check.found));
        let file = self.report.path().join("journey.json");
        let written = std::fs::read_to_string(file).expect("the journey is written");
        parts::have_their_shape(&serde_json::from_str(&written).expect("it is JSON"));
        assert_eq!(serde_json::from_str::<Journey>(&written).expect("a journey"), *journey);
    }

    /// Looks for every voice in every file. `polres_talks`: whether the Polres had the caller.
    fn heard(&self, polres_talks: bool) {
        let dir = self.report.path();
        let (left, right) =
            siaga_recording::decode(&dir.join("recording-1.opus")).expect("the recording plays");
        let caller = wav_of(&dir.join("heard-caller.wav"));
        let polda = wav_of(&dir.join("heard-polda.wav"));
        let polres = wav_of(&dir.join("heard-polres.wav"));
        let places: [Place<'_>; 5] = [
            ("recording, left", &left, RATE, [Some(true), Some(false), Some(false)]),
            ("recording, right", &right, RATE, [Some(false), Some(true), Some(polres_talks)]),
            ("heard-caller", &caller, HEARD_RATE, [Some(false), Some(true), Some(polres_talks)]),
            (
                "heard-polda",
                &polda,
                HEARD_RATE,
                [Some(true), Some(false), (!polres_talks).then_some(false)],
            ),
            (
                "heard-polres",
                &polres,
                HEARD_RATE,
                [Some(polres_talks), (!polres_talks).then_some(false), Some(false)],
            ),
        ];
        let mut wrong = Vec::new();
        for (place, heard, rate, expected) in places {
            for ((who, seed), expected) in SPOKEN.into_iter().zip(expected) {
                let found = found(seed, heard, rate);
                if expected.is_some_and(|expected| expected != found.is_found()) {
                    wrong.push(format!("{who} in {place}, expected {expected:?}: {found:?}"));
                }
            }
            let nobody = found(NOBODY, heard, rate);
            if nobody.is_found() {
                wrong.push(format!("a voice that nobody spoke in {place}: {nobody:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(polres.is_empty(), !polres_talks, "the Polres hears from its answer on only");
    }

    fn leg(&self, who: &str) -> &siaga_training::LegJourney {
        self.journey.legs.iter().find(|leg| leg.who == who).expect("the leg is in the journey")
    }

    fn case(&self) -> &siaga_training::CaseReport {
        self.journey.case.as_ref().expect("there is a case")
    }
}

fn wav_of(file: &Path) -> Vec<i16> {
    let (samples, rate) = wav::read(file).expect("what was heard can be read");
    assert_eq!(rate, HEARD_RATE, "{}", file.display());
    samples
}

fn found(seed: u64, heard: &[i16], rate: u32) -> correlate::Match {
    let spoken = voice::speech_like(seed, SECONDS);
    let step = (RATE / rate) as usize;
    // A mean of neighbours is low-pass enough for voices that end at 3.6 kHz.
    let spoken: Vec<i16> = spoken
        .chunks_exact(step)
        .map(|part| (part.iter().map(|s| i32::from(*s)).sum::<i32>() / step as i32) as i16)
        .collect();
    correlate::find(&spoken, heard, rate)
}

const ANSWERED: [(u8, &str); 5] =
    [(1, "dialled"), (1, "caller-arrived"), (1, "ringing"), (2, "answered"), (3, "form-written")];

fn after_the_answer(steps: &[(u8, &'static str)]) -> Vec<(u8, &'static str)> {
    ANSWERED.into_iter().chain(steps.iter().copied()).collect()
}

fn valid_transfer_is_told(played: &Played) {
    played.told(&after_the_answer(&[
        (4, "judged-valid"),
        (6, "form-seen"),
        (6, "transfer-started"),
        (6, "transfer-ringing"),
        (7, "transfer-answered"),
        (7, "transfer-done"),
        (8, "followed-up"),
        (9, "closed"),
    ]));
    played.heard(true);
    let case = played.case();
    assert_eq!(
        [case.status.as_str(), case.verdict.as_str(), case.category.as_str()],
        ["closed", "valid", "pelaporan/kebakaran"]
    );
    assert_eq!(case.unit.as_deref(), Some("pmj.depok"));
    assert_eq!(case.disposition.as_deref(), Some("handled-by-unit"));
    assert!(played.leg("depok-1").joined_ms.is_some());
    assert!(
        played.leg("pmj-1").left_ms < played.leg("depok-1").left_ms,
        "the Polda leaves before the Polres closes"
    );
}

const BACK_AT_POLDA: [(u8, &str); 6] = [
    (4, "judged-valid"),
    (6, "form-seen"),
    (6, "transfer-started"),
    (10, "reclaimed"),
    (11, "caller-told"),
    (11, "closed"),
];

fn is_back_at_polda(played: &Played, cause: &str) {
    played.told(&after_the_answer(&BACK_AT_POLDA));
    played.heard(false);
    let case = played.case();
    assert_eq!(case.status, "with-unit");
    assert_eq!(case.disposition.as_deref(), Some("forwarded-to-unit"));
    assert!(played.journey.timings_ms.reclaim.is_some());
    let polres = played.leg("depok-1");
    assert_eq!((polres.joined_ms, polres.cause.as_str()), (None, cause));
    assert_eq!(played.leg("pmj-1").cause, "released", "the Polda's leg stayed to the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_report_is_handed_to_the_polres_and_closed_there() {
    let name = "a_valid_report_is_handed_to_the_polres_and_closed_there";
    let Some(played) = play(name, Scenario::ValidTransfer, |_| {}).await else { return };
    valid_transfer_is_told(&played);
    assert_eq!(played.journey.handover, "together");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handover_with_music_loses_nobody_either() {
    let name = "a_handover_with_music_loses_nobody_either";
    let music = |options: &mut RunOptions| options.handover = Some(HandoverChoice::Music);
    let Some(played) = play(name, Scenario::ValidTransfer, music).await else { return };
    valid_transfer_is_told(&played);
    assert_eq!(played.journey.handover, "music");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_back_with_the_polda_when_the_polres_is_busy() {
    let name = "a_caller_is_back_with_the_polda_when_the_polres_is_busy";
    let Some(played) = play(name, Scenario::PolresBusy, |_| {}).await else { return };
    is_back_at_polda(&played, "busy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_network_changes_neither_the_story_nor_who_is_heard() {
    let name = "a_bad_network_changes_neither_the_story_nor_who_is_heard";
    let bad = |options: &mut RunOptions| {
        options.loss_percent = 5.0;
        options.jitter_ms = 40;
    };
    let Some(played) = play(name, Scenario::PolresBusy, bad).await else { return };
    is_back_at_polda(&played, "busy");
    assert!(played.leg("caller").packets_lost > 0, "the network was not bad at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_back_with_the_polda_when_the_polres_is_silent() {
    let name = "a_caller_is_back_with_the_polda_when_the_polres_is_silent";
    let Some(played) = play(name, Scenario::PolresSilent, |_| {}).await else { return };
    is_back_at_polda(&played, "no-answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prank_is_closed_at_the_polda() {
    let name = "a_prank_is_closed_at_the_polda";
    let Some(played) = play(name, Scenario::NotValid, |_| {}).await else { return };
    played.told(&after_the_answer(&[(4, "judged-not-valid"), (5, "disposed"), (5, "closed")]));
    played.heard(false);
    let case = played.case();
    assert_eq!(case.status, "closed");
    assert_eq!(case.disposition.as_deref(), Some("not-report"));
    assert_ne!(case.verdict, "valid");
    assert_eq!(case.unit.as_deref(), Some("pmj"), "it stays where it was closed");
    assert_eq!(played.journey.timings_ms.reclaim, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_at_the_polda_and_closed() {
    let name = "a_question_is_answered_at_the_polda_and_closed";
    let Some(played) = play(name, Scenario::Information, |_| {}).await else { return };
    played.told(&after_the_answer(&[(4, "judged"), (5, "answered-the-question"), (5, "closed")]));
    played.heard(false);
    let case = played.case();
    assert_eq!(case.disposition.as_deref(), Some("information"));
    assert_eq!(case.category, "informasi/layanan_sim");
}
