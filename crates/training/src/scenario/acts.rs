//! What people do in more than one scenario.

use super::POLRES;
use crate::operator::Operator;
use crate::scene::Scene;
use anyhow::{Context, ensure};
use siaga_desk::{DeskState, PhoneState};
use siaga_hub_api::Phase;
use siaga_model::{Danger, OtherService, Redacted, Tri, UnitId, Validity};
use std::time::Duration;

/// From the ring to the operator's hand.
pub(super) const REACH: Duration = Duration::from_millis(400);
/// Between two fields.
const TYPING: Duration = Duration::from_millis(250);

/// A citizen dials, it rings at this operator, who answers.
pub(super) async fn dial_and_answer(scene: &Scene, operator: &Operator) -> anyhow::Result<()> {
    scene.dial().await?;
    operator.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    answer(scene, operator).await
}

/// Answers what rings; two-way audio stands.
pub(super) async fn answer(scene: &Scene, operator: &Operator) -> anyhow::Result<()> {
    let pressed = operator.answer().await?;
    scene.mark_at("answer-pressed", pressed);
    Ok(())
}

/// The operator writes down a fire, field by field.
pub(super) async fn report_a_fire(scene: &Scene, polda: &Operator) -> anyhow::Result<()> {
    polda
        .write(|form| {
            form.location = Redacted::new(
                "Kelapa Dua dekat Mako Brimob, Kel. Tugu, Cimanggis, Depok".to_owned(),
            );
        })
        .await?;
    scene.deed(3, polda, "form-begun");
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.narrative = Redacted::new(
                "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2."
                    .to_owned(),
            );
            form.kind = "pelaporan/kebakaran".to_owned();
        })
        .await?;
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.danger = Danger { trapped: Tri::Yes, ongoing: Tri::Yes, ..Danger::default() };
            form.reporter_relation = Redacted::new("cucu korban".to_owned());
            form.services.insert(OtherService::Fire);
        })
        .await?;
    scene.deed(3, polda, "form-written");
    Ok(())
}

/// A fire is reported, judged valid, shown to its Polres, and handed over there: rings when this
/// returns. Gives the Polres.
pub(super) async fn hand_over_a_fire(
    scene: &Scene,
    polda: &Operator,
    polres: &Operator,
) -> anyhow::Result<UnitId> {
    dial_and_answer(scene, polda).await?;
    let talk_until = scene.talk_until();
    report_a_fire(scene, polda).await?;
    let advice = polda.advice().await?;
    ensure!(
        advice.verdict.validity == Validity::Valid,
        "a fire with somebody trapped is judged {:?}",
        advice.verdict.validity
    );
    scene.deed(4, polda, "judged-valid");
    let best = advice.destinations.first().context("no destination is proposed")?;
    ensure!(best.unit.as_str() == POLRES, "the report is sent to {} first", best.unit);
    let unit = best.unit.clone();
    polda.write(|form| form.unit = Some(unit.clone())).await?;
    polres.wait_for("the form, before it rings", sees_a_form).await?;
    scene.deed(6, polres, "form-seen");
    tokio::time::sleep_until(talk_until).await;
    polda.transfer(unit.clone(), scene.handover()).await?;
    polres.wait_for_ring().await?;
    Ok(unit)
}

fn sees_a_form(state: &DeskState) -> bool {
    let written = state.view.as_ref().is_some_and(|view| {
        view.announced.iter().any(|call| !call.draft.form.narrative.expose().is_empty())
    });
    written && state.call.is_none()
}

/// The caller is back from a transfer.
pub(super) async fn has_the_caller_back(polda: &Operator) -> anyhow::Result<()> {
    polda
        .wait_for("the caller to be back", |state| {
            state.view.as_ref().and_then(|view| view.call.as_ref()).is_some_and(|call| {
                matches!(&call.phase, Phase::Talking { reclaimed: Some(_), .. })
            })
        })
        .await?;
    Ok(())
}

/// This operator's telephone has nothing to do with the call any more.
pub(super) async fn is_released(operator: &Operator) -> anyhow::Result<()> {
    operator
        .wait_for("being released", |state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await?;
    Ok(())
}
