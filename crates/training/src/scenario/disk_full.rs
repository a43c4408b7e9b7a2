//! `disk-full`: the disk of the recordings is full for a while. The room is told, the call goes on,
//! and recording goes on as soon as it can.

use super::acts::{a_fire_is_being_reported, both_go_on_hearing_each_other};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Limit, Measure, Part, Scene, Since, Story};
use crate::operator::Operator;
use crate::voices;
use siaga_desk::DeskState;
use siaga_hub_api::Alert;
use siaga_model::{CaseStatus, Disposition};

pub(crate) struct DiskFull;

#[async_trait::async_trait]
impl Story for DiskFull {
    fn name(&self) -> &'static str {
        "disk-full"
    }

    fn cast(&self) -> Cast {
        let mut cast = Cast::new(voices::CALLER_FIRE, [Part::polda(), Part::second_polda()]);
        cast.small_disk = true;
        cast
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, second) = (scene.seat("polda"), scene.seat("polda2"));
        a_fire_is_being_reported(scene, polda).await?;
        scene.fault("the disk of the recordings is full");
        scene.disk()?.fill()?;
        told(polda, true).await?;
        told(second, true).await?;
        scene.mark("room-told");
        scene.talk().await;
        scene.fault("there is room on the disk again");
        scene.disk()?.free()?;
        told(polda, false).await?;
        told(second, false).await?;
        scene.deed(3, polda, "recording-resumed");
        scene.talk().await;
        scene.mark("end");
        polda.close(Disposition::HandledHere, "").await
    }

    fn expects(&self) -> Expected {
        let mut expected = Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .limit(Limit {
                name: "fault_to_alert",
                what: Measure::Between(Since::Mark("fault"), Since::Mark("room-told")),
                ms: 5_000,
            });
        // One before and one after.
        expected.recordings = 2;
        expected.cut_off = 1;
        both_go_on_hearing_each_other(expected, 500)
    }
}

/// The desk shows that calls are not recorded, or does not any more.
async fn told(operator: &Operator, shown: bool) -> anyhow::Result<()> {
    let alerts = |state: &DeskState| {
        state.view.as_ref().is_some_and(|view| {
            let not_recording = |alert: &Alert| matches!(alert, Alert::NotRecording { .. });
            view.alerts.iter().any(not_recording) == shown
        })
    };
    operator.wait_through("the alert to come or go", alerts).await?;
    Ok(())
}
