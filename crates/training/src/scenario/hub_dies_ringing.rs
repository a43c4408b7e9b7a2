//! `hub-dies-ringing`: the hub is killed while it rings at a desk, whose operator answers in that very
//! moment and hears nothing. The guard sends the citizen to the PBX's own queue, which rings again; the
//! hub comes back while they talk.

use super::acts::{
    REACH, answers_without_a_hub, closes_without_a_hub, has_what_was_taken, report_a_fire,
    sees_the_hub_again,
};
use super::hub_dies_waiting::{CUT_OFF, DISPOSED, WAITED};
use super::hub_down::taken_without_a_hub;
use super::{ARRIVED, Cast, Expected, Part, Scene, Story};
use siaga_desk::Intent;

pub(crate) struct HubDiesRinging;

#[async_trait::async_trait]
impl Story for HubDiesRinging {
    fn name(&self) -> &'static str {
        "hub-dies-ringing"
    }

    fn cast(&self) -> Cast {
        Cast::without_hub([Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        scene.dial().await?;
        polda.wait_for_ring().await?;
        tokio::time::sleep(WAITED).await;
        scene.fault("kill -9 of the hub");
        scene.mark("waits");
        scene.house.kill_hub().await?;
        tokio::time::sleep(REACH).await;
        polda.want(Intent::Answer).await?;
        answers_without_a_hub(scene, polda).await?;
        let talk_until = scene.talk_until();
        report_a_fire(scene, polda).await?;
        polda.advice().await?;
        scene.fault("the hub is started again");
        scene.house.start_hub_again().await?;
        sees_the_hub_again(polda).await?;
        tokio::time::sleep_until(talk_until).await;
        let taken = closes_without_a_hub(scene, polda).await?;
        has_what_was_taken(scene, &taken).await
    }

    fn expects(&self) -> Expected {
        taken_without_a_hub(Expected::new([ARRIVED, CUT_OFF, DISPOSED], 0))
    }
}
