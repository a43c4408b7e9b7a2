//! `switch-dies`: hub and switch are killed in the middle of a call (`kill -9`) and started again at
//! the same place. What was said and typed is there, the citizen is on the call-back list, and the
//! desk comes back by itself and takes the next call.

use super::acts::{REACH, a_fire_is_being_reported, call_of, recording_of, rings};
use super::{ANSWERED, ARRIVED, Cast, Expected, Happening, Limit, Part, Scene, Sound, Story};
use crate::operator::{Operator, PATIENCE};
use crate::voices;
use anyhow::Context;
use siaga_call_flow::FlowEvent;
use siaga_model::{CallId, CaseStatus, Disposition, EndedBy, SeatState};
use std::time::Instant;

pub(crate) struct SwitchDies;

#[async_trait::async_trait]
impl Story for SwitchDies {
    fn name(&self) -> &'static str {
        "switch-dies"
    }

    fn cast(&self) -> Cast {
        let mut cast = Cast::new(voices::CALLER_FIRE, [Part::polda()]);
        cast.house_apart = true;
        cast
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        a_fire_is_being_reported(scene, polda).await?;
        let (call, typed) = (call_of(polda)?, polda.form()?);
        let killed = Instant::now();
        scene.fault("kill -9 of hub and switch");
        scene.house.kill().await?;
        let callers = scene.callers();
        let first = callers.first().context("somebody has dialled")?;
        // The line is dead; nobody tells the citizen so.
        first.hang_up().await;
        scene.fault("hub and switch are started again");
        scene.house.start_again().await?;

        let back = polda
            .wait_through("the desk to come back by itself", |state| {
                let view = state.view.as_ref().filter(|_| is_whole(state));
                view.is_some_and(|view| view.call_backs.iter().any(|entry| entry.calls == 1))
            })
            .await?;
        scene.mark("back");
        let list = back.view.as_ref().map(|view| view.call_backs.clone()).unwrap_or_default();
        let entry = list.first().context("the call-back list is empty")?;
        scene.fact("call_back_once", list.len() == 1 && entry.id.0 == call);
        scene.fact("draft_equal", entry.form == typed);
        was_recorded_until(scene, call, killed).await?;
        takes_the_next_call(scene, polda).await
    }

    fn expects(&self) -> Expected {
        let mut expected = cut_off_and_called_again();
        expected.cut_off = 1;
        expected
    }
}

/// Notes whether the recording of a call that was cut off goes on to that moment, but for what the
/// switch may lose.
pub(super) async fn was_recorded_until(
    scene: &Scene,
    call: CallId,
    cut_off: Instant,
) -> anyhow::Result<()> {
    let recording = recording_of(scene, call).await?;
    let said = (scene.clock().at(cut_off).0 - recording.starts_at.0) as f64 / 1e3;
    let lost_at_most = scene.house.loses_at_most().as_secs_f64();
    scene.fact("recorded_to_the_end", recording.seconds >= said - lost_at_most);
    Ok(())
}

/// Life goes on.
pub(super) async fn takes_the_next_call(scene: &Scene, polda: &Operator) -> anyhow::Result<()> {
    if polda.state().view.as_ref().is_some_and(|view| view.seat.state != SeatState::Ready) {
        polda.be_ready_through().await?;
    }
    scene.dial().await?;
    polda.wait_through("the next call", rings).await?;
    tokio::time::sleep(REACH).await;
    tokio::time::timeout(PATIENCE, polda.answer_through()).await.context("the next call")??;
    scene.talk().await;
    polda.close(Disposition::Information, "").await
}

/// What must come of a call that the switch's death cut off, and of the next one.
pub(super) fn cut_off_and_called_again() -> Expected {
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
    expected.limits = vec![Limit::answer_to_audio()];
    expected.caller_hangs_up = true;
    expected.recordings = 2;
    expected
}

/// Hub, telephone and session stand.
fn is_whole(state: &siaga_desk::DeskState) -> bool {
    use siaga_desk::LinkHealth::Up;
    state.session.is_some() && state.hub == Up && state.sip == Up
}
