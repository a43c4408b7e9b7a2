//! `asterisk-restarts`: the PBX is killed in the middle of a call and started again; its hub lives. The
//! desk sees it, is registered again within 5 s, and takes the next call; the citizen who was cut off
//! is on the call-back list.

use super::acts::{REACH, a_fire_is_being_reported, call_of, recording_of, rings};
use super::{
    ANSWERED, ARRIVED, Cast, Expected, Happening, Limit, Measure, Part, Scene, Since, Sound, Story,
};
use crate::run::SwitchKind;
use crate::voices;
use anyhow::Context;
use siaga_call_flow::FlowEvent;
use siaga_desk::LinkHealth;
use siaga_model::{CaseStatus, Disposition, EndedBy, SeatState};
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
        let recording = recording_of(scene, call).await?;
        let said = (scene.clock().at(killed).0 - recording.starts_at.0) as f64 / 1e3;
        let lost_at_most = scene.house.loses_at_most().as_secs_f64();
        scene.fact("recorded_to_the_end", recording.seconds >= said - lost_at_most);

        if polda.state().view.as_ref().is_some_and(|view| view.seat.state != SeatState::Ready) {
            polda.be_ready_through().await?;
        }
        scene.dial().await?;
        polda.wait_through("the next call", rings).await?;
        tokio::time::sleep(REACH).await;
        polda.answer_through().await?;
        scene.talk().await;
        polda.close(Disposition::Information, "").await
    }

    fn expects(&self) -> Expected {
        let cut_off: Happening = ("the end of the call by the switch's", |event| {
            matches!(event, FlowEvent::Ended { by: EndedBy::SwitchLost, .. })
        });
        let next: Happening = ("the next call", ARRIVED.1);
        let mut expected = Expected::new([ARRIVED, ANSWERED, cut_off, next, ANSWERED], 2)
            .case(CaseStatus::CallBack, None)
            .sounds([
                Sound::of("recording-left", &["caller"]),
                Sound::of("recording-right", &["polda"]),
                Sound::of("heard-caller", &["polda"]),
                Sound::of("heard-polda", &["caller"]),
            ]);
        expected.limits = vec![
            Limit::answer_to_audio(),
            Limit {
                name: "switch_to_registered",
                what: Measure::Between(Since::Mark("switch-back"), Since::Mark("desk-back")),
                ms: 5_000,
            },
        ];
        expected.caller_hangs_up = true;
        expected.recordings = 2;
        expected
    }
}
