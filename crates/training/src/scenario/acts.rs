//! What people do in more than one scenario.

use super::{
    ANSWERED, ARRIVED, CLOSED, Expected, Happening, Limit, Measure, OUTSIDE, OUTSIDE_SERVICE,
    POLRES, REQUEUED, Since, Sound,
};
use crate::judge::{POLDA_HZ, SECOND_POLDA_HZ};
use crate::operator::{Operator, PATIENCE};
use crate::scene::Scene;
use crate::sound::{Ear, RATE, Speaker};
use crate::telephone::{AnsweredCall, Telephone};
use anyhow::{Context, ensure};
use siaga_call_flow::Prompt;
use siaga_desk::{DeskState, Intent, LinkHealth, PhoneState};
use siaga_hub_api::{CallBackView, HubView, OutsideStage, OutsideTarget, Phase};
use siaga_hub_store::RecordingRecord;
use siaga_model::{
    CallId, CaseNumber, CaseStatus, Danger, Disposition, Form, OtherService, Redacted, Tri, UnitId,
    Validity,
};
use siaga_switch::embedded::prompt_sound;
use siaga_testkit::{correlate, pilot};
use std::time::Duration;

/// From the ring to the operator's hand.
pub(super) const REACH: Duration = Duration::from_millis(400);
/// Between two fields.
const TYPING: Duration = Duration::from_millis(250);

/// A citizen dials, it rings at this operator, who answers.
pub(super) async fn dial_and_answer(scene: &Scene, operator: &Operator) -> anyhow::Result<()> {
    scene.dial().await?;
    operator.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    answer(scene, operator).await
}

/// Answers what rings; two-way audio stands.
pub(super) async fn answer(scene: &Scene, operator: &Operator) -> anyhow::Result<()> {
    let pressed = operator.answer().await?;
    scene.mark_at("answer-pressed", pressed);
    Ok(())
}

/// The operator writes down a fire, field by field.
pub(super) async fn report_a_fire(scene: &Scene, polda: &Operator) -> anyhow::Result<()> {
    polda
        .write(|form| {
            form.location = Redacted::new(
                "Kelapa Dua dekat Mako Brimob, Kel. Tugu, Cimanggis, Depok".to_owned(),
            );
        })
        .await?;
    scene.deed(3, polda, "form-begun");
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.narrative = Redacted::new(
                "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2."
                    .to_owned(),
            );
            form.kind = "pelaporan/kebakaran".to_owned();
        })
        .await?;
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.danger = Danger { trapped: Tri::Yes, ongoing: Tri::Yes, ..Danger::default() };
            form.reporter_relation = Redacted::new("cucu korban".to_owned());
            form.services.insert(OtherService::Fire);
        })
        .await?;
    scene.deed(3, polda, "form-written");
    Ok(())
}

/// A fire is reported, judged valid, shown to its Polres, and handed over there: rings when this
/// returns. Gives the Polres.
pub(super) async fn hand_over_a_fire(
    scene: &Scene,
    polda: &Operator,
    polres: &Operator,
) -> anyhow::Result<UnitId> {
    dial_and_answer(scene, polda).await?;
    let talk_until = scene.talk_until();
    report_a_fire(scene, polda).await?;
    let advice = polda.advice().await?;
    ensure!(
        advice.verdict.validity == Validity::Valid,
        "a fire with somebody trapped is judged {:?}",
        advice.verdict.validity
    );
    scene.deed(4, polda, "judged-valid");
    let best = advice.destinations.first().context("no destination is proposed")?;
    ensure!(best.unit.as_str() == POLRES, "the report is sent to {} first", best.unit);
    let unit = best.unit.clone();
    polda.write(|form| form.unit = Some(unit.clone())).await?;
    polres.wait_for("the form, before it rings", sees_a_form).await?;
    scene.deed(6, polres, "form-seen");
    tokio::time::sleep_until(talk_until).await;
    polda.transfer(unit.clone(), scene.handover()).await?;
    polres.wait_for_ring().await?;
    Ok(unit)
}

fn sees_a_form(state: &DeskState) -> bool {
    let written = state.view.as_ref().is_some_and(|view| {
        view.announced.iter().any(|call| !call.draft.form.narrative.expose().is_empty())
    });
    written && state.call.is_none()
}

/// The caller is back from a transfer.
pub(super) async fn has_the_caller_back(polda: &Operator) -> anyhow::Result<()> {
    polda
        .wait_for("the caller to be back", |state| {
            state.view.as_ref().and_then(|view| view.call.as_ref()).is_some_and(|call| {
                matches!(&call.phase, Phase::Talking { reclaimed: Some(_), .. })
            })
        })
        .await?;
    Ok(())
}

/// This operator's telephone has nothing to do with the call any more.
pub(super) async fn is_released(operator: &Operator) -> anyhow::Result<()> {
    operator
        .wait_for("being released", |state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await?;
    Ok(())
}

/// A citizen reports a fire at this operator's desk; the form is journalled, and everybody has said
/// what they have to say.
pub(super) async fn a_fire_is_being_reported(
    scene: &Scene,
    polda: &Operator,
) -> anyhow::Result<()> {
    dial_and_answer(scene, polda).await?;
    let talk_until = scene.talk_until();
    report_a_fire(scene, polda).await?;
    tokio::time::sleep_until(talk_until).await;
    Ok(())
}

/// A call rings here.
pub(super) fn rings(state: &DeskState) -> bool {
    state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Ringing)
}

/// The call at this desk.
pub(super) fn call_of(operator: &Operator) -> anyhow::Result<CallId> {
    Ok(operator.state().call.as_ref().context("a call is here")?.call)
}

/// The recording of a call whose recorder was killed: a PBX's is sealed after its hub is back.
pub(super) async fn recording_of(scene: &Scene, call: CallId) -> anyhow::Result<RecordingRecord> {
    let sealed = async {
        loop {
            let found = scene.house.store().recordings(Some(call), 1).await?;
            if let Some(first) = found.into_iter().next() {
                return anyhow::Ok(first);
            }
            tokio::time::sleep(TYPING).await;
        }
    };
    tokio::time::timeout(PATIENCE, sealed).await.context("the recording is not sealed")?
}

/// This desk shows that its hub is gone.
pub(super) async fn sees_that_the_hub_is_gone(operator: &Operator) -> anyhow::Result<()> {
    let gone = |state: &DeskState| matches!(state.hub, LinkHealth::Down { .. });
    operator.wait_through("seeing that the hub is gone", gone).await?;
    Ok(())
}

/// This desk has its hub again, and has said everything that waited.
pub(super) async fn sees_the_hub_again(operator: &Operator) -> anyhow::Result<()> {
    operator.wait_through("the hub to be back", |state| state.hub == LinkHealth::Up).await?;
    operator.dismiss_notice().await;
    Ok(())
}

/// The operator types on without a hub; gives the form as it then stands.
pub(super) async fn types_on(
    scene: &Scene,
    operator: &Operator,
    narrative: &str,
) -> anyhow::Result<Form> {
    let typed =
        operator.type_on(|form| form.narrative = Redacted::new(narrative.to_owned())).await?;
    operator
        .wait_through("what was typed", |state| {
            state.call.as_ref().is_some_and(|call| call.form == typed)
        })
        .await?;
    scene.deed(3, operator, "typed-without-a-hub");
    Ok(typed)
}

/// The PBX's own queue rings this operator, who takes the call with a local form.
pub(super) async fn answers_without_a_hub(
    scene: &Scene,
    operator: &Operator,
) -> anyhow::Result<()> {
    let local = |state: &DeskState| state.local.is_some() && rings(state);
    operator.wait_through("the ring of the PBX's own queue", local).await?;
    // Time enough for music to be told from noise.
    tokio::time::sleep(3 * REACH).await;
    scene.mark("answer-pressed");
    operator.answer_through().await?;
    operator.dismiss_notice().await;
    operator.wait_through("a desk without a notice", |state| state.notice.is_none()).await?;
    scene.deed(2, operator, "answered-without-a-hub");
    Ok(())
}

/// What an operator has taken without a hub.
pub(super) struct Taken {
    number: CaseNumber,
    form: Form,
}

/// The operator closes what was taken without a hub, under the number that was told to the caller.
pub(super) async fn closes_without_a_hub(
    scene: &Scene,
    operator: &Operator,
) -> anyhow::Result<Taken> {
    let state = operator.state();
    let local = state.local.as_ref().context("a local call is here")?;
    let number = local.number.clone().context("the seat has no number to give")?;
    let form = operator.form()?;
    operator.close(Disposition::HandledHere, "Diterima tanpa hub.").await?;
    scene.deed(5, operator, "closed-without-a-hub");
    Ok(Taken { number, form })
}

/// An operator answers and serves a citizen without a hub; the hub that is started then has all of it.
pub(super) async fn takes_a_call_until_the_hub_is_back(
    scene: &Scene,
    operator: &Operator,
) -> anyhow::Result<()> {
    answers_without_a_hub(scene, operator).await?;
    let talk_until = scene.talk_until();
    report_a_fire(scene, operator).await?;
    operator.advice().await?;
    tokio::time::sleep_until(talk_until).await;
    let taken = closes_without_a_hub(scene, operator).await?;
    scene.fault("the hub is started again");
    scene.house.start_hub_again().await?;
    sees_the_hub_again(operator).await?;
    has_what_was_taken(scene, &taken).await
}

/// The hub has what was taken without it: whole, under its number, and once.
pub(super) async fn has_what_was_taken(scene: &Scene, taken: &Taken) -> anyhow::Result<()> {
    let store = scene.house.store();
    let told = async {
        loop {
            if let Some(case) = store.case(&taken.number).await? {
                return anyhow::Ok(case);
            }
            tokio::time::sleep(TYPING).await;
        }
    };
    let case = tokio::time::timeout(PATIENCE, told).await.context("the case is not told")??;
    scene.fact("case_is_whole", case.form == taken.form);
    scene.fact("one_case", store.cases(10).await?.len() == 1);
    scene.fact("log_is_whole", store.verify_chain().await.is_ok());
    Ok(())
}

/// The caller of the desk that was lost rings at this one: the operator takes the call, sees the
/// form as it was last journalled, and talks. `typed` is what the first had typed.
pub(super) async fn the_second_takes_over(
    scene: &Scene,
    second: &Operator,
    typed: &Form,
) -> anyhow::Result<()> {
    second.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    second.answer().await?;
    let state = second
        .wait_for("the form to go on with", |state| {
            state.call.as_ref().is_some_and(|call| call.writable)
        })
        .await?;
    let call = state.call.as_ref().context("a call is here")?;
    let journalled = scene.house.store().draft(call.call).await?;
    let last = journalled.context("nothing was journalled")?.form;
    scene.fact("draft_equal", call.form == last && last == *typed);
    scene.deed(2, second, "takes-over");
    scene.talk().await;
    Ok(())
}

/// A desk that is back sees what became of its call.
pub(super) async fn is_told_of_its_lost_call(
    operator: &Operator,
    call: CallId,
) -> anyhow::Result<()> {
    operator
        .wait_through("being told what became of the call", |state| {
            let lost = state.view.as_ref().and_then(|view| view.lost.as_ref());
            lost.is_some_and(|lost| lost.call == call)
        })
        .await?;
    Ok(())
}

/// The second operator ends what the first began.
pub(super) async fn the_second_closes(second: &Operator) -> anyhow::Result<()> {
    second.close(Disposition::HandledHere, "Diteruskan dari meja sebelah.").await
}

/// What must come of a call whose desk is lost in the middle: the second operator has the caller
/// within 5 s, who was alone for no longer than it takes to be sure (2 s), and then heard music.
pub(super) fn saved_by_the_second() -> Expected {
    let answered_again: Happening = ("the answer of the second operator", ANSWERED.1);
    let fault = Since::Mark("fault");
    Expected::new([ARRIVED, ANSWERED, REQUEUED, answered_again, CLOSED], 3)
        .case(CaseStatus::Closed, None)
        .silence(2_500)
        .limit(Limit {
            name: "fault_to_pilot",
            what: Measure::UntilPilot { hz: SECOND_POLDA_HZ, since: fault },
            ms: 5_000,
        })
        .sounds([
            Sound::of("recording-left", &["caller"]),
            Sound::of("recording-right", &["polda", "polda2"]),
            Sound::of("heard-caller", &["polda", "polda2"]),
            Sound::of("heard-polda", &["caller"]),
            Sound::of("heard-polda2", &["caller"]),
        ])
}

/// Citizen and operator hear each other from the fault to the end as if nothing had happened, but
/// for at most so many milliseconds.
pub(super) fn both_go_on_hearing_each_other(expected: Expected, ms: i64) -> Expected {
    let since = Since::Mark("fault");
    expected
        .limit(Limit {
            name: "caller_without_operator",
            what: Measure::WithoutPilot { hz: POLDA_HZ, since, until: Some(Since::Mark("end")) },
            ms,
        })
        .limit(Limit {
            name: "operator_without_caller",
            what: Measure::OperatorSilence { who: "polda", since, until: Some(Since::Mark("end")) },
            ms,
        })
        .sounds([
            Sound::of("recording-left", &["caller"]),
            Sound::of("recording-right", &["polda"]),
            Sound::of("heard-caller", &["polda"]),
            Sound::of("heard-polda", &["caller"]),
        ])
}

/// Whether this ear heard the switch say this.
pub(super) fn heard_prompt(prompt: Prompt, ear: &Ear) -> bool {
    correlate::find(&prompt_sound(prompt), &ear.heard().samples, RATE).is_found()
}

/// Whether this ear heard this pilot for a second at least.
pub(super) fn heard_pilot(hz: f32, ear: &Ear) -> bool {
    let spans = pilot::spans(&ear.heard().samples, f64::from(hz), RATE);
    spans.iter().map(|(from, to)| to - from).sum::<u64>() >= 1_000
}

/// The operator has the fire brigade called into the conversation.
pub(super) async fn calls_outside(operator: &Operator) -> anyhow::Result<()> {
    let to = OutsideTarget::Service { name: OUTSIDE_SERVICE.to_owned() };
    operator.want(Intent::CallOutside { to }).await
}

/// This operator sees that somebody outside has come so far.
pub(super) async fn sees_outside(
    operator: &Operator,
    what: &str,
    wanted: impl Fn(&OutsideStage) -> bool,
) -> anyhow::Result<()> {
    operator
        .wait_for(what, |state| {
            let call = state.view.as_ref().and_then(|view| view.call.as_ref());
            let outside = call.and_then(|call| call.outside.as_ref());
            outside.is_some_and(|outside| wanted(&outside.stage))
        })
        .await?;
    Ok(())
}

/// Somebody outside who was called has answered, and all three have said what they have to say: whoever
/// is outside has understood the citizen, or it was said in vain.
pub(super) async fn three_talk(
    scene: &Scene,
    operator: &Operator,
    telephone: Telephone,
    speaker: Speaker,
) -> anyhow::Result<AnsweredCall> {
    let answered = telephone.answer(speaker).await?;
    let is_up = |stage: &OutsideStage| matches!(stage, OutsideStage::Up { .. });
    sees_outside(operator, "the fire brigade", is_up).await?;
    scene.deed(8, operator, "outside-answered");
    scene.talk_until_heard(|| outside_heard(scene, &answered, "caller")).await;
    Ok(answered)
}

/// Whether whoever answered this telephone has heard this voice of the cast.
pub(super) fn outside_heard(scene: &Scene, answered: &AnsweredCall, who: &str) -> bool {
    correlate::find(&scene.voices[who], &answered.ear.heard().samples, RATE).is_found()
}

/// What is heard and recorded where citizen, operator and somebody outside have spoken with each other.
pub(super) fn sounds_of_three() -> [Sound; 4] {
    [
        Sound::of("recording-left", &["caller"]),
        Sound::of("recording-right", &["polda", OUTSIDE]),
        Sound::of("heard-caller", &["polda", OUTSIDE]),
        Sound::of("heard-polda", &["caller", OUTSIDE]),
    ]
}

/// An entry of the call-back list that this operator sees.
pub(super) async fn listed(
    operator: &Operator,
    wanted: impl Fn(&CallBackView) -> bool,
) -> anyhow::Result<CallBackView> {
    let entries = |state: &DeskState| {
        state.view.as_ref().map(|view| view.call_backs.clone()).unwrap_or_default()
    };
    let state = operator
        .wait_for("an entry of the call-back list", |state| entries(state).iter().any(&wanted))
        .await?;
    entries(&state).into_iter().find(|entry| wanted(entry)).context("it was just there")
}

/// The operator calls back with one action; the first caller's telephone is answered, both talk, the
/// operator closes, and the entry is settled.
pub(super) async fn call_back(
    scene: &Scene,
    operator: &Operator,
    entry: &CallBackView,
    disposition: Disposition,
) -> anyhow::Result<()> {
    let telephone = scene.telephone().await?;
    operator.want(Intent::CallBack { entry: entry.id }).await?;
    let speaker = Speaker::new(scene.voices["caller"].clone()).on_a_noisy_line();
    let answered = telephone.answer(speaker).await?;
    operator
        .wait_for("the citizen", |state| {
            let talking =
                state.view.as_ref().and_then(|view| view.call.as_ref()).is_some_and(|call| {
                    call.call_back == Some(entry.id) && matches!(call.phase, Phase::Talking { .. })
                });
            talking && state.call.as_ref().is_some_and(|call| call.writable)
        })
        .await?;
    let form = operator.form()?;
    scene.fact("form_of_the_entry", form == entry.form);
    scene.deed(2, operator, "calls-back");
    operator
        .write(|form| {
            let mut narrative = form.narrative.expose().clone();
            narrative.push_str(" Ditelepon balik.");
            form.narrative = Redacted::new(narrative);
        })
        .await?;
    operator.advice().await?;
    let heard = || outside_heard(scene, &answered, scene.who(operator));
    scene.talk_until_heard(heard).await;
    operator.close(disposition, "").await?;
    answered.ends().await?;
    scene.fact("called_back_heard", heard());
    let settled = operator
        .wait_for("the entry to be settled", |state| {
            let gone = |view: &HubView| view.call_backs.iter().all(|one| one.id != entry.id);
            state.view.as_ref().is_some_and(gone)
        })
        .await;
    scene.fact("entry_settled", settled.is_ok());
    Ok(())
}
