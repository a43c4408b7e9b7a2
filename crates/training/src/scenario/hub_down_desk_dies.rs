//! `hub-down-desk-dies`: there is no hub, and the desk that has taken a citizen from the PBX's own queue is
//! killed. The guard finds it, the citizen is at the front of the queue again, and a colleague answers.

use super::acts::{
    answers_without_a_hub, sees_that_the_hub_is_gone, takes_a_call_until_the_hub_is_back,
};
use super::{Cast, DeskPlace, Expected, Limit, Measure, Part, Scene, Since, Sound, Story};
use crate::judge::SECOND_POLDA_HZ;
use siaga_model::CaseStatus;

pub(crate) struct HubDownDeskDies;

#[async_trait::async_trait]
impl Story for HubDownDeskDies {
    fn name(&self) -> &'static str {
        "hub-down-desk-dies"
    }

    fn cast(&self) -> Cast {
        Cast::without_hub([Part::polda().at(DeskPlace::Apart), Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        scene.fault("kill -9 of the hub");
        scene.house.kill_hub().await?;
        sees_that_the_hub_is_gone(polda).await?;
        scene.dial().await?;
        answers_without_a_hub(scene, polda).await?;
        scene.talk().await;
        second.wait_through("the end of its own ring", |state| state.local.is_none()).await?;
        scene.fault(format!("kill -9 of the desk {}", polda.seat));
        scene.mark("desk-dies");
        polda.kill().await?;
        takes_a_call_until_the_hub_is_back(scene, second).await
    }

    fn expects(&self) -> Expected {
        let since = Since::Mark("desk-dies");
        let mut expected = Expected::new([], 0);
        expected.limits = vec![
            Limit {
                name: "fault_to_pilot",
                what: Measure::UntilPilot { hz: SECOND_POLDA_HZ, since },
                ms: 8_000,
            },
            // Two seconds to be sure, one until it is looked.
            Limit { name: "line_longest_silence", what: Measure::LineSilence { since }, ms: 3_500 },
        ];
        expected.case(CaseStatus::Closed, None).sounds([
            Sound::of("recording-left", &["caller"]),
            Sound::of("recording-right", &["polda", "polda2"]),
            Sound::of("heard-caller", &["polda", "polda2"]),
            Sound::of("heard-polda", &["caller"]),
            Sound::of("heard-polda2", &["caller"]),
        ])
    }
}
