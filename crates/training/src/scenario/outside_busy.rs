//! `outside-busy`: the fire brigade is busy, which the operator is told while the citizen is never alone.
//! It is called again, answers, and leaves first; operator and citizen go on.

use super::acts::{
    a_fire_is_being_reported, calls_outside, outside_heard, sees_outside, sounds_of_three,
    three_talk,
};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, OUTSIDE_ANSWERED, Scene, Story};
use siaga_call_flow::FlowEvent;
use siaga_hub_api::OutsideStage;
use siaga_model::{CaseStatus, Disposition, LegCause};

pub(crate) struct OutsideBusy;

#[async_trait::async_trait]
impl Story for OutsideBusy {
    fn name(&self) -> &'static str {
        "outside-busy"
    }

    fn cast(&self) -> Cast {
        Cast::with_outside()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        let (mut telephone, speaker) = scene.outside().await?;
        a_fire_is_being_reported(scene, polda).await?;
        let (called, busy) = tokio::join!(calls_outside(polda), telephone.is_busy());
        called.and(busy)?;
        let is_busy = |stage: &OutsideStage| {
            matches!(stage, OutsideStage::Gone { answered: false, cause: LegCause::Busy, .. })
        };
        sees_outside(polda, "being told that it is busy", is_busy).await?;
        scene.deed(8, polda, "outside-busy");
        calls_outside(polda).await?;
        let damkar = three_talk(scene, polda, telephone, speaker).await?;
        scene.fact("outside_heard_caller", outside_heard(scene, &damkar, "caller"));
        damkar.hang_up().await;
        let has_left = |stage: &OutsideStage| {
            matches!(stage, OutsideStage::Gone { answered: true, cause: LegCause::HungUp, .. })
        };
        sees_outside(polda, "the fire brigade's leaving", has_left).await?;
        scene.talk().await;
        polda.close(Disposition::HandledHere, "Damkar menuju TKP.").await
    }

    fn expects(&self) -> Expected {
        let story = [
            ARRIVED,
            ANSWERED,
            ("the busy fire brigade", |event: &FlowEvent| {
                let busy = LegCause::Busy;
                matches!(event, FlowEvent::OutsideGone { answered: false, cause, .. } if *cause == busy)
            }),
            OUTSIDE_ANSWERED,
            ("the fire brigade's leaving", |event: &FlowEvent| {
                matches!(event, FlowEvent::OutsideGone { answered: true, .. })
            }),
            CLOSED,
        ];
        Expected::new(story, 4).case(CaseStatus::Closed, None).sounds(sounds_of_three())
    }
}
