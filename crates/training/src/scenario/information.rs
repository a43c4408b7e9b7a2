//! `information`: a question, answered at the Polda and closed.

use super::acts::dial_and_answer;
use super::polres_busy::only_polda_talks;
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Part, Scene, Story};
use crate::voices;
use siaga_model::{CaseStatus, Disposition, Redacted};

pub(crate) struct Information;

#[async_trait::async_trait]
impl Story for Information {
    fn name(&self) -> &'static str {
        "information"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda(), Part::polres()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        dial_and_answer(scene, polda).await?;
        let talk_until = scene.talk_until();
        polda
            .write(|form| {
                form.kind = "informasi/layanan_sim".to_owned();
                form.narrative = Redacted::new("Tanya tempat dan jam perpanjangan SIM.".to_owned());
            })
            .await?;
        scene.deed(3, polda, "form-written");
        polda.advice().await?;
        scene.deed(4, polda, "judged");
        tokio::time::sleep_until(talk_until).await;
        scene.deed(5, polda, "answered-the-question");
        polda.close(Disposition::Information, "").await
    }

    fn expects(&self) -> Expected {
        Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .sounds(only_polda_talks())
    }
}
