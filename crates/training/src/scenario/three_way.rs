//! `three-way`: the fire brigade is called into the conversation, and all three hear each other. The
//! citizen hangs up first; the other two finish, and the operator closes.

use super::acts::{
    a_fire_is_being_reported, calls_outside, outside_heard, sounds_of_three, three_talk,
};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, OUTSIDE_ANSWERED, Scene, Story};
use siaga_call_flow::FlowEvent;
use siaga_desk::DeskState;
use siaga_hub_api::Phase;
use siaga_model::{CaseStatus, Disposition};

pub(crate) struct ThreeWay;

fn is_finishing(state: &DeskState) -> bool {
    let call = state.view.as_ref().and_then(|view| view.call.as_ref());
    call.is_some_and(|call| matches!(call.phase, Phase::Finishing { .. }))
}

#[async_trait::async_trait]
impl Story for ThreeWay {
    fn name(&self) -> &'static str {
        "three-way"
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
        scene.fact("outside_heard_caller", outside_heard(scene, &damkar, "caller"));
        if let Some(caller) = scene.callers().first() {
            caller.hang_up().await;
        }
        polda.wait_for("the citizen's leaving", is_finishing).await?;
        scene.deed(8, polda, "caller-left");
        let heard = || outside_heard(scene, &damkar, "polda");
        scene.talk_until_heard(heard).await;
        scene.fact("outside_heard_polda", heard());
        polda.close(Disposition::HandledHere, "Damkar menuju TKP.").await?;
        damkar.ends().await
    }

    fn expects(&self) -> Expected {
        let story = [
            ARRIVED,
            ANSWERED,
            ("the call outside", |event: &FlowEvent| {
                matches!(event, FlowEvent::OutsideCalled { .. })
            }),
            OUTSIDE_ANSWERED,
            ("the citizen's leaving", |event: &FlowEvent| {
                matches!(event, FlowEvent::CallerLeft { .. })
            }),
            CLOSED,
        ];
        let mut expected =
            Expected::new(story, 3).case(CaseStatus::Closed, None).sounds(sounds_of_three());
        expected.caller_hangs_up = true;
        expected
    }
}
