//! `hub-down`: a citizen dials while there is no hub. The PBX's own queue rings the desks; the operator
//! takes the call with a local form, and the hub has all of it when it is back.

use super::acts::{sees_that_the_hub_is_gone, takes_a_call_until_the_hub_is_back};
use super::{Cast, Expected, Limit, Measure, Part, Scene, Since, Sound, Story};
use crate::judge::POLDA_HZ;
use siaga_model::CaseStatus;

/// A human answers a citizen whom no hub knows of within this.
const HUMAN_WITHIN_MS: i64 = 15_000;

pub(crate) struct HubDown;

#[async_trait::async_trait]
impl Story for HubDown {
    fn name(&self) -> &'static str {
        "hub-down"
    }

    fn cast(&self) -> Cast {
        Cast::without_hub([Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        scene.fault("kill -9 of the hub");
        scene.house.kill_hub().await?;
        sees_that_the_hub_is_gone(polda).await?;
        scene.mark("waits");
        scene.dial().await?;
        takes_a_call_until_the_hub_is_back(scene, polda).await
    }

    fn expects(&self) -> Expected {
        // The hub saw nothing of this call: it is no event of the flow.
        taken_without_a_hub(Expected::new([], 0))
    }
}

/// What must come of a call that was taken without a hub. `waits` marks from when on the caller had
/// nobody.
pub(super) fn taken_without_a_hub(mut expected: Expected) -> Expected {
    let since = Since::Mark("waits");
    expected.limits = vec![
        Limit {
            name: "waiting_to_human",
            what: Measure::UntilPilot { hz: POLDA_HZ, since },
            ms: HUMAN_WITHIN_MS,
        },
        Limit { name: "line_longest_silence", what: Measure::LineSilence { since }, ms: 500 },
    ];
    expected.case(CaseStatus::Closed, None).sounds([
        Sound::of("recording-left", &["caller"]),
        Sound::of("recording-right", &["polda"]),
        Sound::of("heard-caller", &["polda"]),
        Sound::of("heard-polda", &["caller"]),
    ])
}
