//! `hub-dies`: the hub is killed in the middle of a call. Both people go on talking and the operator goes
//! on typing; the hub that comes back has the call, hands it over and closes it.

use super::acts::{
    REACH, a_fire_is_being_reported, both_go_on_hearing_each_other, call_of, is_released,
    sees_that_the_hub_is_gone, types_on,
};
use super::{
    ANSWERED, ARRIVED, CLOSED, Cast, Expected, Happening, POLRES, Part, Scene, Sound, Story,
    TRANSFER,
};
use siaga_call_flow::FlowEvent;
use siaga_desk::{DeskState, LinkHealth};
use siaga_hub_api::Phase;
use siaga_model::{CaseStatus, Disposition, UnitId};

/// The next hub has found the call.
const TAKEN_OVER: Happening =
    ("the taking over", |event| matches!(event, FlowEvent::TakenOver { .. }));

pub(crate) struct HubDies;

#[async_trait::async_trait]
impl Story for HubDies {
    fn name(&self) -> &'static str {
        "hub-dies"
    }

    fn cast(&self) -> Cast {
        Cast::without_hub([Part::polda(), Part::polres()])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let (polda, polres) = (scene.seat("polda"), scene.seat("polres"));
        let unit: UnitId = POLRES.parse()?;
        a_fire_is_being_reported(scene, polda).await?;
        polda.advice().await?;
        let call = call_of(polda)?;
        scene.fault("kill -9 of the hub");
        scene.house.kill_hub().await?;
        sees_that_the_hub_is_gone(polda).await?;
        let talk_until = scene.talk_until();
        let narrative =
            "Plp lapor rumah neneknya kebakaran. Nenek terjebak di lt 2. Warga membantu.";
        let typed = types_on(scene, polda, narrative).await?;
        tokio::time::sleep_until(talk_until).await;
        scene.fault("the hub is started again");
        scene.house.start_hub_again().await?;
        polda.wait_through("the call at the hub that is back", is_talking_at_the_hub).await?;
        polres.wait_through("the hub that is back", |state| state.hub == LinkHealth::Up).await?;
        scene.mark("end");
        let journalled = scene.house.store().draft(call).await?.map(|draft| draft.form);
        scene.fact("draft_equal", journalled.as_ref() == Some(&typed));

        for operator in [polda, polres] {
            operator.dismiss_notice().await;
        }
        polda.write(|form| form.unit = Some(unit.clone())).await?;
        polda.transfer(unit.clone(), scene.handover()).await?;
        polres.wait_for_ring().await?;
        tokio::time::sleep(REACH).await;
        polres.answer().await?;
        is_released(polda).await?;
        scene.talk().await;
        polres.close(Disposition::HandledByUnit { unit }, "").await?;
        scene.fact("log_is_whole", scene.house.store().verify_chain().await.is_ok());
        Ok(())
    }

    fn expects(&self) -> Expected {
        let done: Happening =
            ("the handing over", |event| matches!(event, FlowEvent::TransferDone { .. }));
        let story = [ARRIVED, ANSWERED, TAKEN_OVER, TRANSFER, done, CLOSED];
        let expected = Expected::new(story, 2)
            .case(CaseStatus::Closed, Some(POLRES))
            .once([ARRIVED, ANSWERED, TAKEN_OVER, CLOSED]);
        let mut expected = both_go_on_hearing_each_other(expected, 200);
        expected.sounds = vec![
            Sound::of("recording-left", &["caller"]),
            Sound::of("recording-right", &["polda", "polres"]),
            Sound::of("heard-caller", &["polda", "polres"]),
            Sound { place: "heard-polda", hears: &["caller"], may_hear: &["polres"] },
            Sound { place: "heard-polres", hears: &["caller"], may_hear: &["polda"] },
        ];
        expected
    }
}

/// The hub is there, has this desk's call as one that goes on, and everything that was typed.
fn is_talking_at_the_hub(state: &DeskState) -> bool {
    let talks = state
        .view
        .as_ref()
        .and_then(|view| view.call.as_ref())
        .is_some_and(|call| matches!(call.phase, Phase::Talking { .. }));
    let saved = state.call.as_ref().is_some_and(|call| call.saved_rev >= call.rev);
    state.hub == LinkHealth::Up && talks && saved
}
