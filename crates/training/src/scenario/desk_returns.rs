//! `desk-returns`: a frozen desk comes back when a colleague has its caller. What its operator typed
//! meanwhile is refused, and it is told what happened.

use super::acts::{
    a_fire_is_being_reported, call_of, saved_by_the_second, the_second_closes,
    the_second_takes_over,
};
use super::{Cast, DeskPlace, Expected, Part, Scene, Story};
use crate::voices;
use siaga_desk::PhoneState;
use siaga_model::Redacted;

pub(crate) struct DeskReturns;

#[async_trait::async_trait]
impl Story for DeskReturns {
    fn name(&self) -> &'static str {
        "desk-returns"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::Apart);
        Cast::new(voices::CALLER_FIRE, [polda, Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        let (call, typed) = (call_of(polda)?, polda.form()?);
        scene.fault(format!("SIGSTOP of the desk {}", polda.seat));
        polda.freeze(true).await?;
        // Keys that were pressed while nothing moved.
        polda.type_on(|form| form.narrative = Redacted::new("Terlambat.".to_owned())).await?;
        the_second_takes_over(scene, second, &typed).await?;
        scene.fault(format!("SIGCONT of the desk {}", polda.seat));
        polda.freeze(false).await?;
        let told = polda
            .wait_through("being told what became of the call", |state| {
                let lost = state.view.as_ref().and_then(|view| view.lost.as_ref());
                let gone = state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone);
                gone && lost.is_some_and(|lost| lost.call == call)
            })
            .await?;
        let lost = told.view.as_ref().and_then(|view| view.lost.clone());
        let (with, seat) = (lost.and_then(|lost| lost.with), &second.seat);
        scene.fact("return_told_who_has_the_caller", with.as_ref() == Some(seat));
        // Whatever it sent late has been answered by the time at which it is shown this.
        scene.talk().await;
        let journalled = scene.house.store().draft(call).await?.map(|draft| draft.form);
        scene.fact("late_form_refused", journalled.as_ref() == Some(&typed));
        scene.fact("second_undisturbed", second.form()? == typed);
        the_second_closes(second).await
    }

    fn expects(&self) -> Expected {
        saved_by_the_second()
    }
}
