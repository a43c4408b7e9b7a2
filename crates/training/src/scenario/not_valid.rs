//! `not-valid`: a prank, closed at the Polda.

use super::acts::dial_and_answer;
use super::polres_busy::only_polda_talks;
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Part, Scene, Story};
use crate::voices;
use anyhow::ensure;
use siaga_model::{CaseStatus, Disposition, NotReport, Redacted, Validity};

pub(crate) struct NotValid;

#[async_trait::async_trait]
impl Story for NotValid {
    fn name(&self) -> &'static str {
        "not-valid"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_PRANK, [Part::polda(), Part::polres()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        dial_and_answer(scene, polda).await?;
        let talk_until = scene.talk_until();
        polda
            .write(|form| {
                form.narrative = Redacted::new(
                    "Plp tertawa-tawa, bilang iseng saja, lalu minta maaf.".to_owned(),
                );
            })
            .await?;
        scene.deed(3, polda, "form-written");
        let advice = polda.advice().await?;
        ensure!(advice.verdict.validity != Validity::Valid, "a confessed prank is judged valid");
        scene.deed(4, polda, "judged-not-valid");
        tokio::time::sleep_until(talk_until).await;
        scene.deed(5, polda, "disposed");
        polda.close(Disposition::NotReport { reason: NotReport::Prank }, "").await
    }

    fn expects(&self) -> Expected {
        Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .sounds(only_polda_talks())
    }
}
