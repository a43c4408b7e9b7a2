//! `silent-line`: nobody says anything. It is not closed as silent before the procedure has run to
//! its end, and nobody answered it.

use super::acts::{answer, heard_prompt};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Part, Scene, Sound, Story};
use crate::operator::Operator;
use crate::sound::Speaker;
use crate::voices;
use siaga_call_flow::{FlowEvent, Prompt};
use siaga_desk::{DeskError, DeskState, Intent};
use siaga_hub_api::{ErrorCode, SilenceView};
use siaga_model::{CaseStatus, Disposition, NotReport, Redacted};
use std::time::Duration;

/// For how long an operator who hears nothing asks who is there.
const LISTENS: Duration = Duration::from_millis(1_500);

/// How a silent line is closed.
const SILENT: Disposition = Disposition::NotReport { reason: NotReport::Silent };

/// The procedure has begun.
pub(super) const CHECK: Happening =
    ("the silent-call procedure", |event| matches!(event, FlowEvent::SilenceCheckStarted { .. }));

pub(crate) struct SilentLine;

#[async_trait::async_trait]
impl Story for SilentLine {
    fn name(&self) -> &'static str {
        "silent-line"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        let caller = scene.dial_as(Speaker::new(Vec::new().into()).on_a_noisy_line()).await?;
        polda.wait_for_ring().await?;
        answer(scene, polda).await?;
        polda.write(|form| form.narrative = Redacted::new("Tidak ada suara.".to_owned())).await?;
        polda.advice().await?;
        polda.want(Intent::Close { disposition: SILENT, note: String::new() }).await?;
        let refused = polda.wait_through("being refused", |state| state.notice.is_some()).await?;
        let why = refused.notice.as_ref().map(|notice| &notice.error);
        let first = matches!(why, Some(DeskError::Hub { code: ErrorCode::CheckSilenceFirst, .. }));
        scene.fact("closed_only_after_the_procedure", first);
        polda.dismiss_notice().await;
        ask_for_a_sign(polda).await?;
        let over = |state: &DeskState| matches!(silence(state), Some(SilenceView::Silent { .. }));
        polda.wait_for("the end of the procedure", over).await?;
        scene.fact("prompt_heard", heard_prompt(Prompt::SilenceCheck, &caller.ear));
        polda.close(SILENT, "").await
    }

    fn expects(&self) -> Expected {
        let nothing: Happening = ("the silence", |event| {
            matches!(event, FlowEvent::SilenceChecked { signal: None, .. })
        });
        Expected::new([ARRIVED, ANSWERED, CHECK, nothing, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .sounds([
                Sound::of("recording-left", &[]),
                Sound::of("heard-caller", &["polda"]),
                Sound::of("heard-polda", &[]),
            ])
    }
}

/// The operator runs the procedure.
pub(super) async fn ask_for_a_sign(polda: &Operator) -> anyhow::Result<()> {
    polda.wait_through("a desk without a notice", |state| state.notice.is_none()).await?;
    tokio::time::sleep(LISTENS).await;
    polda.want(Intent::CheckSilence).await?;
    let runs = |state: &DeskState| !matches!(silence(state), None | Some(SilenceView::NotRun));
    polda.wait_for("the procedure", runs).await?;
    Ok(())
}

/// How far the procedure has come at this desk.
pub(super) fn silence(state: &DeskState) -> Option<SilenceView> {
    Some(state.view.as_ref()?.call.as_ref()?.silence)
}
