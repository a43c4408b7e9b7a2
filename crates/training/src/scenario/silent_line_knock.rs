//! `silent-line-knock`: somebody who must not speak knocks on the telephone when asked for a sign: a
//! life may be in danger.

use super::acts::{answer, call_of, heard_prompt};
use super::silent_line::{CHECK, ask_for_a_sign, silence};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Part, Scene, Sound, Story};
use crate::sound::{RATE, Speaker};
use crate::voices;
use siaga_call_flow::{FlowEvent, Prompt};
use siaga_desk::DeskState;
use siaga_hub_api::SilenceView;
use siaga_model::{CaseStatus, Disposition, LineSignal, Priority, Redacted};
use std::sync::Arc;
use std::time::Duration;

/// The prompt takes longer than the knocks after it: it is heard to its end all the same.
const PROMPT: Duration = Duration::from_secs(8);

pub(crate) struct SilentLineKnock;

#[async_trait::async_trait]
impl Story for SilentLineKnock {
    fn name(&self) -> &'static str {
        "silent-line-knock"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        let caller = scene.dial_as(Speaker::new(knocks()).on_a_noisy_line()).await?;
        polda.wait_for_ring().await?;
        answer(scene, polda).await?;
        polda.write(|form| form.narrative = Redacted::new("Tidak ada suara.".to_owned())).await?;
        polda.advice().await?;
        let call = call_of(polda)?;
        ask_for_a_sign(polda).await?;
        let knocked = |state: &DeskState| {
            let heard = silence(state);
            matches!(heard, Some(SilenceView::Signalled { signal: LineSignal::Knocks, .. }))
        };
        polda.wait_for("knocks", knocked).await?;
        tokio::time::sleep(PROMPT).await;
        scene.fact("prompt_heard", heard_prompt(Prompt::SilenceCheck, &caller.ear));
        let case = scene.house.store().case_of(call).await?;
        scene.fact("raised_to_p1", case.is_some_and(|case| case.priority == Priority::P1));
        polda.close(Disposition::HandledHere, "Patroli dikirim.").await
    }

    fn expects(&self) -> Expected {
        let knocks: Happening = ("the knocks", |event| {
            let signal = Some(LineSignal::Knocks);
            matches!(event, FlowEvent::SilenceChecked { signal: heard, .. } if *heard == signal)
        });
        Expected::new([ARRIVED, ANSWERED, CHECK, knocks, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .sounds([Sound::of("heard-caller", &["polda"]), Sound::of("heard-polda", &[])])
    }
}

/// Two knocks on a telephone, and a pause.
fn knocks() -> Arc<[i16]> {
    let (rate, mut line) = (RATE as usize, vec![0_i16; RATE as usize * 2]);
    for begin in [0, rate * 35 / 100] {
        for (n, sample) in line[begin..begin + rate / 50].iter_mut().enumerate() {
            let time = n as f32 / rate as f32;
            let body = (std::f32::consts::TAU * 600.0 * time).sin();
            *sample = (body * (-time / 0.006).exp() * 14_000.0) as i16;
        }
    }
    line.into()
}
