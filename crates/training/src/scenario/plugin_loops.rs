//! `plugin-loops`: a plugin that never comes back is stopped; the report is treated as valid, the
//! fault is shown, and the operator goes on.

use super::acts::dial_and_answer;
use super::polres_busy::only_polda_talks;
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Part, Scene, Story};
use crate::voices;
use siaga_desk::AdvisorHealth;
use siaga_model::{CaseStatus, Disposition, Redacted, Validity};

pub(crate) struct PluginLoops;

#[async_trait::async_trait]
impl Story for PluginLoops {
    fn name(&self) -> &'static str {
        "plugin-loops"
    }

    fn cast(&self) -> Cast {
        with_a_bad_plugin()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        plugin_fails_on(scene, "loop").await
    }

    fn expects(&self) -> Expected {
        goes_on_without_the_plugin()
    }
}

/// A Polda whose validity rules do what the narrative says.
pub(super) fn with_a_bad_plugin() -> Cast {
    Cast { hostile_plugin: true, ..Cast::new(voices::CALLER_FIRE, [Part::polda(), Part::polres()]) }
}

/// The operator types what the plugin fails on, sees it treated as valid, and types on.
pub(super) async fn plugin_fails_on(scene: &Scene, word: &str) -> anyhow::Result<()> {
    let polda = scene.seat("polda");
    dial_and_answer(scene, polda).await?;
    let talk_until = scene.talk_until();
    polda.write(|form| form.narrative = Redacted::new(word.to_owned())).await?;
    let advice = polda.advice().await?;
    scene.fact("treated_as_valid", advice.verdict.validity == Validity::Valid);
    scene.fact("fault_shown", !advice.faults.is_empty());
    let trouble = polda.state().advisor == AdvisorHealth::Trouble;
    scene.fact("trouble_shown", trouble);
    // Nothing that a plugin does keeps an operator from typing.
    let text = "Plp lapor rumah neneknya kebakaran.";
    polda.write(|form| form.narrative = Redacted::new(text.to_owned())).await?;
    let next = polda.advice().await?;
    scene.fact("judged_again", next.faults.is_empty());
    tokio::time::sleep_until(talk_until).await;
    polda.close(Disposition::HandledHere, "").await
}

/// A call as any other, with a plugin that failed.
pub(super) fn goes_on_without_the_plugin() -> Expected {
    let mut expected = Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
        .case(CaseStatus::Closed, None)
        .sounds(only_polda_talks());
    expected.plugins_fail = true;
    expected
}
