//! `polres-busy`: the Polres cannot take the call, and the Polda operator has the caller back.

use super::acts::{REACH, hand_over_a_fire, has_the_caller_back};
use super::{
    ANSWERED, CLOSED, Cast, Expected, Happening, Limit, POLRES, PolresPart, Scene, Since, Sound,
    Story, TRANSFER,
};
use siaga_call_flow::FlowEvent;
use siaga_model::{CaseStatus, Disposition, ReclaimCause};

pub(crate) struct PolresBusy;

#[async_trait::async_trait]
impl Story for PolresBusy {
    fn name(&self) -> &'static str {
        "polres-busy"
    }

    fn cast(&self) -> Cast {
        Cast::fire()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, polres) = (scene.seat("polda"), scene.seat("polres"));
        let unit = hand_over_a_fire(scene, polda, polres).await?;
        tokio::time::sleep(REACH).await;
        scene.mark_at("declined", polres.decline().await?);
        has_the_caller_back(polda).await?;
        // The sentence with the number, and the caller's thanks.
        scene.talk().await;
        scene.deed(11, polda, "caller-told");
        polda.close(Disposition::ForwardedToUnit { unit }, "Mohon hubungi pelapor.").await
    }

    fn expects(&self) -> Expected {
        let reclaimed: Happening = ("the reclaim from a busy Polres", |event| {
            matches!(
                event,
                FlowEvent::Reclaimed { cause: ReclaimCause::Busy | ReclaimCause::Declined, .. }
            )
        });
        Expected::new([ANSWERED, TRANSFER, reclaimed, CLOSED], 3)
            .case(CaseStatus::WithUnit, Some(POLRES))
            .sounds(only_polda_talks())
            .limit(Limit::reclaim(Since::Mark("declined"), 1_000))
    }

    fn trained_polres(&self) -> PolresPart {
        PolresPart::Declines
    }
}

/// Where voices belong when the Polres never answers.
pub(super) fn only_polda_talks() -> [Sound; 5] {
    [
        Sound::of("recording-left", &["caller"]),
        Sound::of("recording-right", &["polda"]),
        Sound::of("heard-caller", &["polda"]),
        Sound::of("heard-polda", &["caller"]),
        Sound::of("heard-polres", &[]),
    ]
}
