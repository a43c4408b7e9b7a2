//! `desk-frozen`: the desk stops where it is (`SIGSTOP`), all its sockets open, and a colleague goes
//! on.

use super::acts::{
    a_fire_is_being_reported, saved_by_the_second, the_second_closes, the_second_takes_over,
};
use super::{Cast, DeskPlace, Expected, Part, Scene, Story};
use crate::voices;

pub(crate) struct DeskFrozen;

#[async_trait::async_trait]
impl Story for DeskFrozen {
    fn name(&self) -> &'static str {
        "desk-frozen"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::Apart);
        Cast::new(voices::CALLER_FIRE, [polda, Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        let typed = polda.form()?;
        scene.fault(format!("SIGSTOP of the desk {}", polda.seat));
        polda.freeze(true).await?;
        the_second_takes_over(scene, second, &typed).await?;
        the_second_closes(second).await
    }

    fn expects(&self) -> Expected {
        saved_by_the_second()
    }
}
