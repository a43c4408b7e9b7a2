//! `polres-silent`: nobody answers at the Polres, and the Polda operator has the caller back.

use super::acts::{hand_over_a_fire, has_the_caller_back};
use super::polres_busy::only_polda_talks;
use super::{
    ANSWERED, CLOSED, Cast, Expected, Happening, Limit, POLRES, PolresPart, Scene, Since, Story,
    TRANSFER,
};
use siaga_call_flow::FlowEvent;
use siaga_model::{CaseStatus, Disposition, ReclaimCause};

pub(crate) struct PolresSilent;

#[async_trait::async_trait]
impl Story for PolresSilent {
    fn name(&self) -> &'static str {
        "polres-silent"
    }

    fn cast(&self) -> Cast {
        Cast::fire()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, polres) = (scene.seat("polda"), scene.seat("polres"));
        let unit = hand_over_a_fire(scene, polda, polres).await?;
        has_the_caller_back(polda).await?;
        // The sentence with the number, and the caller's thanks.
        scene.talk().await;
        scene.deed(11, polda, "caller-told");
        polda.close(Disposition::ForwardedToUnit { unit }, "Mohon hubungi pelapor.").await
    }

    fn expects(&self) -> Expected {
        let reclaimed: Happening = ("the reclaim from a silent Polres", |event| {
            matches!(event, FlowEvent::Reclaimed { cause: ReclaimCause::NoAnswer, .. })
        });
        let end_of_ring = Since::Event(TRANSFER.1, self.cast().flow.transfer_ring);
        Expected::new([ANSWERED, TRANSFER, reclaimed, CLOSED], 3)
            .case(CaseStatus::WithUnit, Some(POLRES))
            .sounds(only_polda_talks())
            .limit(Limit::reclaim(end_of_ring, 500))
    }

    fn trained_polres(&self) -> PolresPart {
        PolresPart::IsSilent
    }
}
