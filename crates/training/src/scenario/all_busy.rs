//! `all-busy`: every seat of the Polda is busy. The next caller is told to wait, and is offered to
//! the headquarters when the Polda's time is over.

use super::acts::{answer, dial_and_answer, heard_pilot, heard_prompt};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Part, Scene, Sound, Story};
use crate::judge::SECOND_POLDA_HZ;
use crate::voices;
use siaga_call_flow::{FlowEvent, Prompt};
use siaga_model::{CaseStatus, Disposition, Redacted};
use std::time::Duration;

pub(crate) struct AllBusy;

#[async_trait::async_trait]
impl Story for AllBusy {
    fn name(&self) -> &'static str {
        "all-busy"
    }

    fn cast(&self) -> Cast {
        let mut cast = Cast::new(voices::CALLER_QUESTION, [Part::polda(), Part::mabes()]);
        // Longer than the announcement, shorter than anybody's patience in a test.
        cast.flow.levels[0].wait = Some(Duration::from_secs(12));
        cast
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, mabes) = (scene.seat("polda"), scene.seat("mabes"));
        dial_and_answer(scene, polda).await?;
        let next = scene.dial().await?;
        mabes.wait_for_ring().await?;
        answer(scene, mabes).await?;
        mabes.write(|form| form.narrative = Redacted::new("Tanya SIM.".to_owned())).await?;
        mabes.advice().await?;
        scene.talk().await;
        mabes.close(Disposition::Information, "").await?;
        scene.fact("announced_wait_heard", heard_prompt(Prompt::PleaseWait, &next.ear));
        scene.fact("next_level_heard", heard_pilot(SECOND_POLDA_HZ, &next.ear));
        polda.close(Disposition::Information, "").await
    }

    fn expects(&self) -> Expected {
        let announced: Happening =
            ("the announcement", |event| matches!(event, FlowEvent::WaitAnnounced { .. }));
        let overflow: Happening =
            ("the overflow", |event| matches!(event, FlowEvent::Escalated { level: 1, .. }));
        let story = [ARRIVED, ANSWERED, ARRIVED, announced, overflow, ANSWERED, CLOSED, CLOSED];
        let mut expected = Expected::new(story, 4).case(CaseStatus::Closed, None);
        // Both calls' recordings are judged as one, so only ears tell who was with whom.
        expected.sounds = vec![
            Sound::of("heard-caller", &["polda"]),
            Sound::of("heard-polda", &["caller"]),
            Sound::of("heard-mabes", &["caller"]),
        ];
        expected.recordings = 2;
        expected
    }
}
