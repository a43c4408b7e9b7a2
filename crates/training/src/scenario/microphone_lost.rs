//! `microphone-lost`: the caller hears an operator no longer, who asks another seat of the Polda. It
//! cannot take the call at first, then does, and goes on with the form as typed.

use super::acts::{REACH, a_fire_is_being_reported, has_the_caller_back, is_released};
use super::{
    ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Limit, Measure, POLRES, Part, REQUEUED,
    Scene, Since, Sound, Story, TRANSFER,
};
use crate::judge::SECOND_POLDA_HZ;
use anyhow::ensure;
use siaga_call_flow::FlowEvent;
use siaga_desk::Intent;
use siaga_model::{CaseStatus, Disposition, Redacted, SeatState, UnitId};
use std::time::Duration;

pub(crate) struct MicrophoneLost;

#[async_trait::async_trait]
impl Story for MicrophoneLost {
    fn name(&self) -> &'static str {
        "microphone-lost"
    }

    fn cast(&self) -> Cast {
        Cast { seats: vec![Part::polda(), Part::second_polda()], ..Cast::fire() }
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, colleague) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        let typed = polda.form()?;
        // All that the line knows of a microphone that is lost: silence comes over it.
        polda.want(Intent::Mute { muted: true }).await?;
        polda.want(Intent::AskColleague).await?;
        colleague.wait_for_ring().await?;
        tokio::time::sleep(REACH).await;
        colleague.decline().await?;
        has_the_caller_back(polda).await?;
        polda.want(Intent::AskColleague).await?;
        colleague.wait_for_ring().await?;
        tokio::time::sleep(REACH).await;
        colleague.answer().await?;
        is_released(polda).await?;
        polda
            .wait_for("being offered no other call", |state| {
                state.view.as_ref().is_some_and(|view| view.seat.state == SeatState::Paused)
            })
            .await?;
        ensure!(colleague.form()? == typed, "the colleague goes on with another form");
        colleague
            .write(|form| {
                let mut narrative = form.narrative.expose().clone();
                narrative.push_str(" Damkar dihubungi.");
                form.narrative = Redacted::new(narrative);
            })
            .await?;
        scene.deed(3, colleague, "form-continued");
        scene.talk().await;
        let unit: UnitId = POLRES.parse()?;
        colleague.close(Disposition::ForwardedToUnit { unit }, "Mohon hubungi pelapor.").await
    }

    fn expects(&self) -> Expected {
        let back: Happening = ("the colleague who cannot take it", |event| {
            matches!(event, FlowEvent::Reclaimed { .. })
        });
        let heard: Happening = ("the colleague being heard", |event| {
            matches!(event, FlowEvent::TransferDone { heard: true, .. })
        });
        let answered = Since::Event(
            |event| matches!(event, FlowEvent::TransferAnswered { .. }),
            Duration::ZERO,
        );
        // Until the colleague speaks the caller is with somebody who hears them and cannot be heard.
        Expected::new([ARRIVED, ANSWERED, TRANSFER, back, TRANSFER, heard, CLOSED], 4)
            .case(CaseStatus::WithUnit, Some(POLRES))
            .never(REQUEUED)
            .silence(5_000)
            .limit(Limit {
                name: "colleague_heard",
                what: Measure::UntilPilot { hz: SECOND_POLDA_HZ, since: answered },
                ms: 1_000,
            })
            .sounds([
                Sound::of("recording-left", &["caller"]),
                Sound::of("recording-right", &["polda", "polda2"]),
                Sound::of("heard-caller", &["polda", "polda2"]),
                // The handover itself lets a second slip through.
                Sound { place: "heard-polda", hears: &["caller"], may_hear: &["polda2"] },
                Sound::of("heard-polda2", &["caller"]),
            ])
    }
}
