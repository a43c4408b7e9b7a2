//! `hub-dies-waiting`: the hub is killed while a citizen waits for somebody who lets it ring. The guard
//! sends the citizen to the PBX's own queue, where a human answers.

use super::acts::{sees_that_the_hub_is_gone, takes_a_call_until_the_hub_is_back};
use super::hub_down::taken_without_a_hub;
use super::{ARRIVED, Cast, Expected, Happening, Part, Scene, Story};
use siaga_call_flow::FlowEvent;
use siaga_model::{EndedBy, SeatState};
use std::time::Duration;

/// For so long the citizen has waited for nobody, and it has rung, when the hub dies: its log knows it.
pub(super) const WAITED: Duration = Duration::from_secs(1);

/// For the next hub the call was cut off.
pub(super) const CUT_OFF: Happening = ("the end for the hub", |event| {
    matches!(event, FlowEvent::Ended { by: EndedBy::SwitchLost, .. })
});
/// The desk has said what became of it.
pub(super) const DISPOSED: Happening =
    ("the word of the desk", |event| matches!(event, FlowEvent::Disposed { .. }));

pub(crate) struct HubDiesWaiting;

#[async_trait::async_trait]
impl Story for HubDiesWaiting {
    fn name(&self) -> &'static str {
        "hub-dies-waiting"
    }

    fn cast(&self) -> Cast {
        Cast::without_hub([Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        scene.dial().await?;
        polda
            .wait_for("the seat to count as silent", |state| {
                state.call.is_none()
                    && state
                        .view
                        .as_ref()
                        .is_some_and(|view| view.seat.state == SeatState::NotAnswering)
            })
            .await?;
        tokio::time::sleep(WAITED).await;
        scene.fault("kill -9 of the hub");
        scene.mark("waits");
        scene.house.kill_hub().await?;
        sees_that_the_hub_is_gone(polda).await?;
        takes_a_call_until_the_hub_is_back(scene, polda).await
    }

    fn expects(&self) -> Expected {
        let missed: Happening =
            ("the silent seat", |event| matches!(event, FlowEvent::SeatMissed { .. }));
        taken_without_a_hub(Expected::new([ARRIVED, missed, CUT_OFF, DISPOSED], 0))
    }
}
