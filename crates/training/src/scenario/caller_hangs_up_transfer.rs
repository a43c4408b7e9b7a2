//! `caller-hangs-up-transfer`: somebody hangs up while the Polres rings. What was typed is on the
//! call-back list, and in the form of the call back.

use super::acts::{call_back, hand_over_a_fire, listed};
use super::caller_hangs_up_waiting::{CALL_BACK, GAVE_UP};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Limit, Scene, Story, TRANSFER};
use siaga_desk::PhoneState;
use siaga_model::Disposition;

pub(crate) struct CallerHangsUpTransfer;

#[async_trait::async_trait]
impl Story for CallerHangsUpTransfer {
    fn name(&self) -> &'static str {
        "caller-hangs-up-transfer"
    }

    fn cast(&self) -> Cast {
        Cast::fire()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, polres) = (scene.seat("polda"), scene.seat("polres"));
        let unit = hand_over_a_fire(scene, polda, polres).await?;
        let typed = polda.form()?;
        let callers = scene.callers();
        if let Some(caller) = callers.first() {
            caller.hang_up().await;
        }
        polda
            .wait_for("the caller's end", |state| {
                state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
            })
            .await?;
        polres.wait_for("the end of the ring", |state| state.call.is_none()).await?;
        let entry = listed(polda, |entry| entry.calls == 1).await?;
        scene.fact("draft_listed", entry.form == typed);
        call_back(scene, polda, &entry, Disposition::ForwardedToUnit { unit }).await
    }

    fn expects(&self) -> Expected {
        let story = [ARRIVED, ANSWERED, TRANSFER, GAVE_UP, CALL_BACK, ANSWERED, CLOSED];
        let mut expected = Expected::new(story, 5);
        expected.limits = vec![Limit::answer_to_audio(), Limit::silence(500)];
        expected.recordings = 2;
        expected.caller_hangs_up = true;
        expected
    }
}
