//! `call-back`: somebody gives up while it rings and is called back at the number that the line brought.
//! Both hear each other, and the call back is recorded as any call.

use super::acts::{call_back, listed};
use super::caller_hangs_up_waiting::{CALL_BACK, GAVE_UP, GIVES_UP};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Part, Scene, Sound, Story};
use crate::voices;
use siaga_model::Disposition;

pub(crate) struct CallBack;

#[async_trait::async_trait]
impl Story for CallBack {
    fn name(&self) -> &'static str {
        "call-back"
    }

    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_QUESTION, [Part::polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        let caller = scene.dial().await?;
        polda.wait_for_ring().await?;
        tokio::time::sleep(GIVES_UP).await;
        caller.hang_up().await;
        polda.wait_for("the end of the ring", |state| state.call.is_none()).await?;
        let entry = listed(polda, |entry| entry.calls == 1).await?;
        call_back(scene, polda, &entry, Disposition::Information).await
    }

    fn expects(&self) -> Expected {
        let mut expected = Expected::new([ARRIVED, GAVE_UP, CALL_BACK, ANSWERED, CLOSED], 4)
            .once([CALL_BACK, ANSWERED, CLOSED])
            .sounds([
                Sound::of("recording-left", &["caller"]),
                Sound::of("recording-right", &["polda"]),
                Sound::of("heard-polda", &["caller"]),
            ]);
        // Of two calls the first, which nobody answered, says nothing of sound.
        expected.limits = Vec::new();
        expected.recordings = 2;
        expected.caller_hangs_up = true;
        expected
    }
}
