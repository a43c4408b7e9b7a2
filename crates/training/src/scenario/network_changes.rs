//! `network-changes`: the desk gets another network, with another address, in the middle of a call.
//! It has a new leg within 3 s, and nothing is left of the old one.

use super::acts::{a_fire_is_being_reported, both_go_on_hearing_each_other};
use super::{
    ANSWERED, ARRIVED, CLOSED, Cast, DeskPlace, Expected, Happening, Part, REQUEUED, Scene, Story,
};
use crate::voices;
use siaga_call_flow::FlowEvent;
use siaga_desk::{LinkHealth, PhoneState};
use siaga_model::{CaseStatus, Disposition};

pub(crate) struct NetworkChanges;

#[async_trait::async_trait]
impl Story for NetworkChanges {
    fn name(&self) -> &'static str {
        "network-changes"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::BehindCable);
        Cast::new(voices::CALLER_FIRE, [polda])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        a_fire_is_being_reported(scene, polda).await?;
        let typed = polda.form()?;
        scene.fault(format!("the desk {} gets another network", polda.seat));
        scene.network("polda")?.change()?;
        scene.talk().await;
        let back = polda
            .wait_through("being whole again", |state| {
                let talking = state
                    .call
                    .as_ref()
                    .is_some_and(|call| call.phone == PhoneState::Connected && !call.rejoining);
                talking && state.hub == LinkHealth::Up && state.sip == LinkHealth::Up
            })
            .await?;
        let form = back.call.as_ref().map(|call| &call.form);
        scene.fact("draft_equal", form == Some(&typed));
        scene.deed(3, polda, "is-back");
        scene.talk().await;
        scene.mark("end");
        polda.close(Disposition::HandledHere, "").await?;
        // A ghost of the old leg would keep the seat busy.
        polda.be_ready_through().await
    }

    fn expects(&self) -> Expected {
        let replaced: Happening =
            ("the new leg", |event| matches!(event, FlowEvent::LegReplaced { .. }));
        let expected = Expected::new([ARRIVED, ANSWERED, replaced, CLOSED], 3)
            .case(CaseStatus::Closed, None)
            .never(REQUEUED)
            .silence(3_000);
        both_go_on_hearing_each_other(expected, 3_000)
    }
}
