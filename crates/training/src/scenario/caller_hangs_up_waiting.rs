//! `caller-hangs-up-waiting`: somebody gives up before anybody answers, twice. The number is on the
//! call-back list once, and is called back with one action.

use super::acts::{call_back, listed};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, Part, Scene, Story};
use crate::voices;
use siaga_call_flow::FlowEvent;
use siaga_model::{Disposition, EndedBy};
use std::time::Duration;

/// Whoever hears it ring waits so long.
pub(super) const GIVES_UP: Duration = Duration::from_secs(2);

/// A caller has hung up.
pub(super) const GAVE_UP: Happening = ("the hanging up", |event| {
    matches!(
        event,
        FlowEvent::Ended { by: EndedBy::Caller, disposition: Disposition::Abandoned, .. }
    )
});

/// We call.
pub(super) const CALL_BACK: Happening =
    ("the call back", |event| matches!(event, FlowEvent::CallBackStarted { .. }));

pub(crate) struct CallerHangsUpWaiting;

#[async_trait::async_trait]
impl Story for CallerHangsUpWaiting {
    fn name(&self) -> &'static str {
        "caller-hangs-up-waiting"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        for _ in 0..2 {
            let caller = scene.dial_again().await?;
            polda.wait_for_ring().await?;
            tokio::time::sleep(GIVES_UP).await;
            caller.hang_up().await;
            polda.wait_for("the end of the ring", |state| state.call.is_none()).await?;
        }
        let entry = listed(polda, |entry| entry.calls == 2).await?;
        let entries = polda.state().view.as_ref().map_or(0, |view| view.call_backs.len());
        scene.fact("listed_once", entries == 1);
        call_back(scene, polda, &entry, Disposition::Information).await
    }

    fn expects(&self) -> Expected {
        let story = [ARRIVED, GAVE_UP, ARRIVED, GAVE_UP, CALL_BACK, ANSWERED, CLOSED];
        let mut expected = Expected::new(story, 6);
        // Of three calls the first, which nobody answered, says nothing of sound.
        expected.limits = Vec::new();
        expected.recordings = 3;
        expected.caller_hangs_up = true;
        expected
    }
}
