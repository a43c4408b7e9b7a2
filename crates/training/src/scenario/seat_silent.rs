//! `seat-silent`: the first seat lets it ring, is marked as not answering, and the second one takes
//! the call, which has kept its place.

use super::acts::answer;
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Part, Scene, Sound, Story};
use super::{Limit, Measure};
use crate::judge::SECOND_POLDA_HZ;
use crate::voices;
use anyhow::Context;
use siaga_call_flow::FlowEvent;
use siaga_desk::DeskState;
use siaga_hub_api::Phase;
use siaga_model::{CaseStatus, Disposition, LegCause, Redacted, SeatState, Timestamp};
use std::time::Duration;

/// Far less than a ring.
const SOON: Duration = Duration::from_secs(1);

pub(crate) struct SeatSilent;

#[async_trait::async_trait]
impl Story for SeatSilent {
    fn name(&self) -> &'static str {
        "seat-silent"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda(), Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (first, second) = (scene.seat("polda"), scene.seat("polda2"));
        scene.dial().await?;
        // Whoever has been idle for longest is asked first.
        first.wait_for_ring().await?;
        second.wait_for_ring().await?;
        // The telephone may ring before the hub has shown the call.
        let state = second.wait_for("the call on the desk", |state| waits(state).is_some()).await?;
        let (since, arrived_at) = waits(&state).context("it was just there")?;
        // The switch notes the arrival a moment before the hub does.
        scene.fact("place_kept", since.since(arrived_at) < SOON);
        let marked = first
            .wait_through("being marked as not answering", |state| {
                state.view.as_ref().is_some_and(|v| v.seat.state == SeatState::NotAnswering)
            })
            .await;
        scene.fact("seat_not_answering", marked.is_ok());
        answer(scene, second).await?;
        second
            .write(|form| {
                form.kind = "informasi/layanan_sim".to_owned();
                form.narrative = Redacted::new("Tanya perpanjangan SIM.".to_owned());
            })
            .await?;
        second.advice().await?;
        scene.talk().await;
        second.close(Disposition::Information, "").await
    }

    fn expects(&self) -> Expected {
        let rang_out: Happening = ("the seat that lets it ring", |event| {
            matches!(event, FlowEvent::SeatMissed { cause: LegCause::NoAnswer, .. })
        });
        let mut expected = Expected::new([ARRIVED, rang_out, ANSWERED, CLOSED], 3)
            .case(CaseStatus::Closed, None)
            .sounds([
                Sound::of("recording-left", &["caller"]),
                Sound::of("recording-right", &["polda2"]),
                Sound::of("heard-caller", &["polda2"]),
                Sound::of("heard-polda2", &["caller"]),
            ]);
        expected.limits = vec![
            Limit {
                name: "answer_to_audio",
                what: Measure::AnswerToAudio { who: "polda2", hz: SECOND_POLDA_HZ },
                ms: 500,
            },
            Limit::silence(500),
        ];
        expected
    }
}

/// Since when the call that rings here waits, and when it came.
fn waits(state: &DeskState) -> Option<(Timestamp, Timestamp)> {
    let call = state.view.as_ref()?.call.as_ref()?;
    match &call.phase {
        Phase::Ringing { since, .. } => Some((*since, call.facts.arrived_at)),
        Phase::Queued { .. }
        | Phase::Talking { .. }
        | Phase::Held { .. }
        | Phase::Transferring { .. }
        | Phase::CallingBack { .. }
        | Phase::WithOutside { .. }
        | Phase::Finishing { .. }
        | Phase::Ended { .. } => None,
    }
}
