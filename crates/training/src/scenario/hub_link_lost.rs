//! `hub-link-lost`: desk and hub lose each other in the middle of a call. Both people go on talking,
//! the operator goes on typing, and what was typed is caught up with once.

use super::acts::{a_fire_is_being_reported, both_go_on_hearing_each_other, call_of};
use super::{ANSWERED, ARRIVED, CLOSED, Cast, DeskPlace, Expected, Part, REQUEUED, Scene, Story};
use crate::voices;
use siaga_desk::LinkHealth;
use siaga_model::{CaseStatus, Disposition, Redacted};

/// What is typed without a hub, one after the other.
const TYPED: [&str; 3] = [
    "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2. Listrik sdh mati.",
    "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2. Listrik sdh mati. \
     Tetangga membantu.",
    "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2. Listrik sdh mati. \
     Tetangga membantu. Akses gang sempit.",
];

pub(crate) struct HubLinkLost;

#[async_trait::async_trait]
impl Story for HubLinkLost {
    fn name(&self) -> &'static str {
        "hub-link-lost"
    }

    fn cast(&self) -> Cast {
        let polda = Part::polda().at(DeskPlace::BehindRelay);
        Cast::new(voices::CALLER_FIRE, [polda, Part::second_polda()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let polda = scene.seat("polda");
        a_fire_is_being_reported(scene, polda).await?;
        let call = call_of(polda)?;
        scene.fault(format!("the hub's connection of the desk {} is cut", polda.seat));
        scene.relay("polda")?.cut();
        let shown = |state: &siaga_desk::DeskState| matches!(state.hub, LinkHealth::Down { .. });
        polda.wait_through("seeing that the hub is gone", shown).await?;
        let talk_until = scene.talk_until();
        let mut typed = polda.form()?;
        for text in TYPED {
            typed = polda.type_on(|form| form.narrative = Redacted::new(text.to_owned())).await?;
            polda
                .wait_through("what was typed", |state| {
                    state.call.as_ref().is_some_and(|call| call.form == typed)
                })
                .await?;
        }
        scene.deed(3, polda, "typed-without-a-hub");
        tokio::time::sleep_until(talk_until).await;
        scene.fault(format!("the hub's connection of the desk {} is mended", polda.seat));
        scene.relay("polda")?.mend();
        polda
            .wait_through("catching up", |state| {
                let saved = state.call.as_ref().is_some_and(|call| call.saved_rev >= call.rev);
                state.hub == LinkHealth::Up && saved
            })
            .await?;
        scene.deed(3, polda, "caught-up");
        scene.talk().await;
        let state = polda.state();
        let here = state.call.as_ref().map(|call| (call.rev, call.form.clone()));
        let journalled = scene.house.store().draft(call).await?;
        let there = journalled.map(|draft| (draft.rev, draft.form));
        scene.fact("draft_equal", here == there && there.is_some_and(|(_, form)| form == typed));
        scene.mark("end");
        polda.close(Disposition::HandledHere, "").await
    }

    fn expects(&self) -> Expected {
        let expected = Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .never(REQUEUED)
            .once([ARRIVED, ANSWERED, CLOSED]);
        both_go_on_hearing_each_other(expected, 500)
    }
}
