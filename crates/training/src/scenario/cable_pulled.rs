//! `cable-pulled`: the desk is alone from one moment to the next, and nobody is told by any socket; a
//! colleague goes on.

use super::acts::{
    a_fire_is_being_reported, call_of, is_told_of_its_lost_call, saved_by_the_second,
    the_second_closes, the_second_takes_over,
};
use super::{Cast, DeskPlace, Expected, Part, Scene, Story};
use crate::voices;

pub(crate) struct CablePulled;

#[async_trait::async_trait]
impl Story for CablePulled {
    fn name(&self) -> &'static str {
        "cable-pulled"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::BehindCable);
        Cast::new(voices::CALLER_FIRE, [polda, Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        let (call, typed) = (call_of(polda)?, polda.form()?);
        scene.fault(format!("the cable of the desk {} is pulled", polda.seat));
        scene.network("polda")?.pull(true)?;
        the_second_takes_over(scene, second, &typed).await?;
        scene.fault(format!("the cable of the desk {} is back", polda.seat));
        scene.network("polda")?.pull(false)?;
        is_told_of_its_lost_call(polda, call).await?;
        the_second_closes(second).await
    }

    fn expects(&self) -> Expected {
        saved_by_the_second()
    }
}
