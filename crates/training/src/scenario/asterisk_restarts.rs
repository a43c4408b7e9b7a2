//! `asterisk-restarts`: the PBX is killed in the middle of a call and started again; its hub lives. The
//! desk sees it, is registered again within 5 s, and takes the next call; the citizen who was cut off
//! is on the call-back list.

use super::acts::{a_fire_is_being_reported, call_of};
use super::switch_dies::{cut_off_and_called_again, takes_the_next_call, was_recorded_until};
use super::{Cast, Expected, Limit, Measure, Part, Scene, Since, Story};
use crate::run::SwitchKind;
use crate::voices;
use anyhow::Context;
use siaga_desk::LinkHealth;
use std::time::Instant;

pub(crate) struct AsteriskRestarts;

#[async_trait::async_trait]
impl Story for AsteriskRestarts {
    fn name(&self) -> &'static str {
        "asterisk-restarts"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_FIRE, [Part::polda()])
    }

    fn refuses(&self, switch: SwitchKind) -> Option<&'static str> {
        (switch == SwitchKind::Embedded).then_some("there is no PBX that could be started again")
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        a_fire_is_being_reported(scene, polda).await?;
        let (call, typed) = (call_of(polda)?, polda.form()?);
        let killed = Instant::now();
        scene.fault("kill -9 of Asterisk");
        scene.house.kill_switch().await?;
        let callers = scene.callers();
        // The line is dead; nobody tells the citizen so.
        callers.first().context("somebody has dialled")?.hang_up().await;
        polda
            .wait_through("seeing that the telephone is gone", |state| state.sip != LinkHealth::Up)
            .await?;
        scene.house.start_switch_again().await?;
        scene.fault("Asterisk is started again");
        scene.mark("switch-back");
        polda.wait_through("being registered again", |state| state.sip == LinkHealth::Up).await?;
        scene.mark("desk-back");
        let back = polda
            .wait_through("the citizen on the call-back list", |state| {
                state.view.as_ref().is_some_and(|view| !view.call_backs.is_empty())
            })
            .await?;
        let list = back.view.as_ref().map(|view| view.call_backs.clone()).unwrap_or_default();
        let listed = list.first().is_some_and(|entry| entry.id.0 == call && entry.form == typed);
        scene.fact("call_back_once", list.len() == 1 && listed);
        was_recorded_until(scene, call, killed).await?;
        takes_the_next_call(scene, polda).await
    }

    fn expects(&self) -> Expected {
        let mut expected = cut_off_and_called_again();
        expected.limits.push(Limit {
            name: "switch_to_registered",
            what: Measure::Between(Since::Mark("switch-back"), Since::Mark("desk-back")),
            ms: 5_000,
        });
        expected
    }
}
