//! `valid-transfer`: a fire is handed to the Polres, which follows up and closes.

use super::acts::{REACH, hand_over_a_fire, is_released};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, POLRES, Scene, Sound, Story, TRANSFER};
use siaga_call_flow::FlowEvent;
use siaga_model::{CaseStatus, Disposition, Redacted};

pub(crate) struct ValidTransfer;

#[async_trait::async_trait]
impl Story for ValidTransfer {
    fn name(&self) -> &'static str {
        "valid-transfer"
    }

    fn cast(&self) -> Cast {
        Cast::fire()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, polres) = (scene.seat("polda"), scene.seat("polres"));
        let unit = hand_over_a_fire(scene, polda, polres).await?;
        tokio::time::sleep(REACH).await;
        polres.answer().await?;
        is_released(polda).await?;
        scene.talk().await;
        polres
            .write(|form| {
                let mut narrative = form.narrative.expose().clone();
                narrative.push_str(" Unit patroli dan damkar menuju TKP.");
                form.narrative = Redacted::new(narrative);
            })
            .await?;
        scene.deed(8, polres, "followed-up");
        polres.close(Disposition::HandledByUnit { unit }, "Patroli Cimanggis dikirim.").await
    }

    fn expects(&self) -> Expected {
        let story = [
            ARRIVED,
            ANSWERED,
            ("the choice of the Polres", |event: &FlowEvent| {
                matches!(event, FlowEvent::UnitPicked { unit: Some(_), .. })
            }),
            TRANSFER,
            ("the answer of the Polres", |event: &FlowEvent| {
                matches!(event, FlowEvent::TransferAnswered { .. })
            }),
            ("the Polres being heard", |event: &FlowEvent| {
                matches!(event, FlowEvent::TransferDone { heard: true, .. })
            }),
            CLOSED,
        ];
        Expected::new(story, 3).case(CaseStatus::Closed, Some(POLRES)).sounds([
            Sound::of("recording-left", &["caller"]),
            Sound::of("recording-right", &["polda", "polres"]),
            Sound::of("heard-caller", &["polda", "polres"]),
            // The handover itself lets a second slip through.
            Sound { place: "heard-polda", hears: &["caller"], may_hear: &["polres"] },
            Sound { place: "heard-polres", hears: &["caller"], may_hear: &["polda"] },
        ])
    }
}
