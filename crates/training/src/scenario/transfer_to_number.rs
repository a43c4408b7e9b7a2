//! `transfer-to-number`: the operator leaves the citizen with the fire brigade, which hangs up before
//! the citizen does. The citizen is at the front of the queue, and the operator, who still writes up,
//! takes the call again.

use super::acts::{
    a_fire_is_being_reported, answer, calls_outside, outside_heard, sounds_of_three, three_talk,
};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, OUTSIDE_ANSWERED, Scene, Story};
use siaga_call_flow::FlowEvent;
use siaga_desk::{DeskState, Intent};
use siaga_hub_api::Phase;
use siaga_model::{CaseStatus, Disposition};

pub(crate) struct TransferToNumber;

fn has_left(state: &DeskState) -> bool {
    let call = state.view.as_ref().and_then(|view| view.call.as_ref());
    call.is_some_and(|call| matches!(call.phase, Phase::WithOutside { .. }))
}

#[async_trait::async_trait]
impl Story for TransferToNumber {
    fn name(&self) -> &'static str {
        "transfer-to-number"
    }

    fn cast(&self) -> Cast {
        Cast::with_outside()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        let (telephone, speaker) = scene.outside().await?;
        a_fire_is_being_reported(scene, polda).await?;
        calls_outside(polda).await?;
        let damkar = three_talk(scene, polda, telephone, speaker).await?;
        polda.want(Intent::Release).await?;
        polda.wait_for("having left", has_left).await?;
        scene.deed(8, polda, "left-with-outside");
        scene.talk().await;
        scene.fact("outside_heard_caller", outside_heard(scene, &damkar, "caller"));
        damkar.hang_up().await;
        polda.wait_for_ring().await?;
        answer(scene, polda).await?;
        scene.talk().await;
        polda.close(Disposition::HandledHere, "Damkar menuju TKP.").await
    }

    fn expects(&self) -> Expected {
        let story = [
            ARRIVED,
            ANSWERED,
            OUTSIDE_ANSWERED,
            ("the operator's leaving", |event: &FlowEvent| {
                matches!(event, FlowEvent::LeftWithOutside { .. })
            }),
            ("the fire brigade's leaving", |event: &FlowEvent| {
                matches!(event, FlowEvent::OutsideGone { answered: true, .. })
            }),
            ("the second answer", ANSWERED.1),
            CLOSED,
        ];
        Expected::new(story, 4).case(CaseStatus::Closed, None).sounds(sounds_of_three())
    }
}
