//! `operator-dies`: the desk is killed while its operator talks (`kill -9`), and a colleague goes on.

use super::acts::{
    a_fire_is_being_reported, call_of, is_told_of_its_lost_call, saved_by_the_second,
    the_second_closes, the_second_takes_over,
};
use super::{Cast, DeskPlace, Expected, Part, Scene, Story};
use crate::voices;

pub(crate) struct OperatorDies;

#[async_trait::async_trait]
impl Story for OperatorDies {
    fn name(&self) -> &'static str {
        "operator-dies"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::Apart);
        Cast::new(voices::CALLER_FIRE, [polda, Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        let (call, typed) = (call_of(polda)?, polda.form()?);
        scene.fault(format!("kill -9 of the desk {}", polda.seat));
        polda.kill().await?;
        the_second_takes_over(scene, second, &typed).await?;
        // Started again, it finds its seat, and what became of its call.
        scene.fault(format!("the desk {} is started again", polda.seat));
        polda.start_again().await?;
        is_told_of_its_lost_call(polda, call).await?;
        the_second_closes(second).await
    }

    fn expects(&self) -> Expected {
        saved_by_the_second()
    }
}
