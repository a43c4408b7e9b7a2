//! Telephones that we did not write: Chromium's WebRTC with JsSIP, as a citizen's telephone and as the
//! telephone of a Polres. They know SIP, SDP, ICE and DTLS from the standards, nothing from us; what
//! works with them is interoperation, what works only between our own two ends may be a shared
//! mistake. Every voice is judged by ear: found where it must be, and not where it must not.

#[path = "foreign/room.rs"]
mod room;
#[path = "foreign/telephone.rs"]
mod telephone;

use room::{
    Judge, ONE_AT_A_TIME, RATE, REACH, Voices, equipment, flow_until, legs, loudness, news_until,
    polda_seat, polres, polres_seat, recording, sounds_whole, spoken, stage, take_the_report, talk,
};
use serde_json::json;
use siaga_call_flow::FlowEvent;
use siaga_desk::PhoneState;
use siaga_hub::HubNews;
use siaga_hub_api::{HubClient, LoginRequest, Sequenced, ToHub};
use siaga_model::{Disposition, EndedBy, SeatState};
use siaga_testkit::pilot;
use siaga_training::{NotAllowed, OPERATOR, POLDA_HZ, POLRES_HZ, Speaker, SwitchKind};
use std::path::PathBuf;
use std::time::Duration;
use telephone::{Line, Programs, Telephone};

/// The number that the foreign telephone shows. Invented (a block of zeros).
const NUMBER: &str = "082200001109";

/// How long the Polres holds its caller.
const HELD: Duration = Duration::from_secs(5);

/// How long the Polda talks to a caller who is back.
const LAST_WORDS: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_we_did_not_write_is_transferred_heard_and_closed() {
    let name = "a_caller_we_did_not_write_is_transferred_heard_and_closed";
    let Some((programs, plugins)) = equipment(name) else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    a_foreign_call(&programs, plugins).await.expect("the call goes through");
}

async fn a_foreign_call(programs: &Programs, plugins: PathBuf) -> anyhow::Result<()> {
    let voices = Voices::made_up();
    let (stage, dir) = stage(SwitchKind::Embedded, plugins).await?;
    let mut news = stage.hub.events();
    let polda_speaker = Speaker::new(voices.polda.clone()).humming(POLDA_HZ);
    let mut polda = stage.seat(&polda_seat(), polda_speaker).await?;
    let polres_speaker = Speaker::new(voices.polres.clone()).humming(POLRES_HZ);
    let depok = stage.seat(&polres_seat(), polres_speaker).await?;
    polda.be_ready().await?;
    depok.be_ready().await?;

    let mut caller = Telephone::open(programs, &spoken(&dir, &voices.caller)?, dir.path()).await?;
    let endpoint = stage.endpoint();
    caller
        .start(&Line {
            ws_url: &endpoint.ws_url,
            uri: format!("sip:{NUMBER}@{}", endpoint.domain),
            password: None,
            hides_addresses: true,
        })
        .await?;
    caller.order(json!({ "do": "dial", "target": format!("sip:110@{}", endpoint.domain) })).await?;
    let offer = caller.wait_for("sdp", |sdp| sdp["originator"] == "local").await?;
    caller.wait("confirmed").await?;
    caller.wait_for("connection", |event| event["state"] == "connected").await?;

    polda.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    polda.answer().await?;
    take_the_report(&mut polda).await?;
    talk(&mut caller, &voices.caller, &polda.ear, &voices.polda).await?;
    caller.order(json!({ "do": "press", "key": "5" })).await?;
    news_until(
        &mut news,
        "the caller's key",
        |item| matches!(item, HubNews::Dtmf { leg, digit: '5' } if leg.is_caller()),
    )
    .await?;

    polda.transfer(polres(), None).await?;
    depok.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    depok.answer().await?;
    flow_until(&mut news, "the Polres being heard", |event| {
        matches!(event, FlowEvent::TransferDone { heard: true, .. })
    })
    .await?;
    polda
        .wait_for("being released", |state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await?;
    talk(&mut caller, &voices.caller, &depok.ear, &voices.polres).await?;
    depok.close(Disposition::HandledByUnit { unit: polres() }, "Patroli dikirim.").await?;
    let ended = caller.wait("ended").await?;
    let (mut recorded, mut over) = (false, 0);
    let end = news_until(&mut news, "the end of the call", |item| {
        recorded |= matches!(item, HubNews::Recording(_));
        over += u32::from(matches!(item, HubNews::Leg(_)));
        recorded && over >= 2
    })
    .await?;

    let heard = caller.heard().await?;
    let (left, right) = recording(&end)?;
    let mut judge = Judge::default();
    judge.check(offer["hidden"] == true, format!("the browser hid no address: {offer}"));
    judge.check(ended["originator"] == "remote", format!("the caller's line: {ended}"));
    judge.check(
        end.iter().any(|item| {
            matches!(
                item,
                HubNews::Flow { event: FlowEvent::Ended { by: EndedBy::Closing, .. }, .. }
            )
        }),
        "the call was not ended by its closing",
    );
    let leg = legs(&end).find(|leg| leg.seat.is_none());
    judge.check(
        leg.is_some_and(|leg| leg.user_agent.starts_with("JsSIP") && sounds_whole(leg)),
        format!("the caller's leg: {leg:?}"),
    );
    for (place, sound) in [
        ("what the Polda heard", &polda.ear.heard().samples),
        ("what the Polres heard", &depok.ear.heard().samples),
        ("the recording's left side", &left),
    ] {
        judge.voice("the caller", &voices.caller, place, sound, true);
    }
    for (place, sound) in
        [("what the browser heard", &heard), ("the recording's right side", &right)]
    {
        judge.voice("the caller", &voices.caller, place, sound, false);
        judge.voice("the Polda", &voices.polda, place, sound, true);
        judge.voice("the Polres", &voices.polres, place, sound, true);
    }
    judge.voice("the Polda", &voices.polda, "the recording's left side", &left, false);
    for (who, hz) in [("the Polda", POLDA_HZ), ("the Polres", POLRES_HZ)] {
        let spans = pilot::spans(&heard, f64::from(hz), RATE);
        eprintln!("{who} hums in what the browser heard: {spans:?}");
        let ms: u64 = spans.iter().map(|(from, to)| to - from).sum();
        judge.check(ms >= 4_000, format!("{who} was heard humming for {ms} ms"));
    }
    judge.done();

    caller.close().await?;
    polda.leave().await;
    depok.leave().await;
    stage.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polres_telephone_we_did_not_write_registers_answers_holds_and_drops_nobody() {
    let name = "a_polres_telephone_we_did_not_write_registers_answers_holds_and_drops_nobody";
    let Some((programs, plugins)) = equipment(name) else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let played = a_foreign_polres(&programs, SwitchKind::Embedded, plugins).await;
    played.expect("the call goes through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polres_telephone_we_did_not_write_holds_and_drops_nobody_on_asterisk() {
    let name = "a_polres_telephone_we_did_not_write_holds_and_drops_nobody_on_asterisk";
    let Some((programs, plugins)) = equipment(name) else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    match a_foreign_polres(&programs, SwitchKind::Asterisk, plugins).await {
        Ok(()) => {}
        Err(error) => match error.downcast_ref::<NotAllowed>() {
            Some(why) => siaga_testkit::skip(name, &why.to_string()),
            None => panic!("{error:?}"),
        },
    }
}

async fn a_foreign_polres(
    programs: &Programs,
    switch: SwitchKind,
    plugins: PathBuf,
) -> anyhow::Result<()> {
    let voices = Voices::made_up();
    let (stage, dir) = stage(switch, plugins).await?;
    let mut news = stage.hub.events();
    let polda_speaker = Speaker::new(voices.polda.clone()).humming(POLDA_HZ);
    let mut polda = stage.seat(&polda_seat(), polda_speaker).await?;
    polda.be_ready().await?;

    // The seat's place at the hub, and on the desk a telephone of somebody else's make.
    let (session, hub) = HubClient::login(
        &stage.hub.url(),
        LoginRequest {
            operator: OPERATOR.to_owned(),
            password: stage.password().clone(),
            seat: polres_seat(),
        },
    )
    .await?;
    let mut depok = Telephone::open(programs, &spoken(&dir, &voices.polres)?, dir.path()).await?;
    depok
        .start(&Line {
            ws_url: &session.sip.ws_url,
            uri: format!("sip:{}@{}", session.sip.user, session.sip.domain),
            password: Some(session.sip.secret.expose()),
            hides_addresses: false,
        })
        .await?;
    let (mut to_hub, mut from_hub) = hub.connect().await?;
    to_hub.send(&Sequenced { seq: 1, message: ToHub::Ready }).await?;
    let desk = tokio::spawn(async move { while let Ok(Some(_)) = from_hub.next().await {} });
    flow_until(&mut news, "the Polres being ready", |event| {
        matches!(event, FlowEvent::SeatState { seat, state: SeatState::Ready } if *seat == polres_seat())
    })
    .await?;

    let speaker = Speaker::new(voices.caller.clone()).on_a_noisy_line();
    let caller = stage.dial(NUMBER, speaker).await?;
    polda.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    polda.answer().await?;
    take_the_report(&mut polda).await?;
    polda.transfer(polres(), None).await?;
    depok.wait("rung").await?;
    tokio::time::sleep(REACH).await;
    depok.order(json!({ "do": "answer" })).await?;
    let answer = depok.wait_for("sdp", |sdp| sdp["originator"] == "local").await?;
    anyhow::ensure!(answer["hidden"] == false, "the browser hid its address: {answer}");
    depok.wait("confirmed").await?;
    flow_until(&mut news, "the Polres being heard", |event| {
        matches!(event, FlowEvent::TransferDone { heard: true, .. })
    })
    .await?;
    let (_, talk_there, talk_here) =
        talk(&mut depok, &voices.polres, &caller.ear, &voices.caller).await?;

    depok.order(json!({ "do": "hold" })).await?;
    depok
        .wait_for("sdp", |sdp| sdp["originator"] == "local" && sdp["direction"] == "sendonly")
        .await?;
    let answer = depok.wait_for("sdp", |sdp| sdp["originator"] == "remote").await?;
    depok.wait("held").await?;
    // A leg whose media stops is lost after two seconds; one that is held is not.
    tokio::time::sleep(HELD).await;
    let mut judge = Judge::default();
    judge.check(answer["direction"] == "recvonly", format!("the hold is answered {answer}"));
    let (held_there, held_here) = (depok.heard().await?, caller.ear.heard().samples);
    let held_for = RATE as usize * (HELD.as_millis() as usize - 1_000) / 1_000;
    let held = &held_here[held_here.len() - held_for..];
    judge.voice("the Polres", &voices.polres, "what the caller heard while held", held, false);
    judge.check(loudness(held) > -40.0, format!("held in silence: {:.0} dBFS", loudness(held)));

    depok.order(json!({ "do": "resume" })).await?;
    let answer = depok.wait_for("sdp", |sdp| sdp["originator"] == "remote").await?;
    depok.wait("resumed").await?;
    judge.check(answer["direction"] == "sendrecv", format!("the resumption is answered {answer}"));
    let (heard, resumed_there, resumed_here) =
        talk(&mut depok, &voices.polres, &caller.ear, &voices.caller).await?;
    let heard_by_caller = caller.ear.heard().samples;
    for (when, sound) in [
        ("before the hold", &held_here[talk_here..]),
        ("after the hold", &heard_by_caller[resumed_here..]),
    ] {
        let place = format!("what the caller heard {when}");
        judge.voice("the Polres", &voices.polres, &place, sound, true);
    }
    for (when, sound) in [
        ("before the hold", &held_there[talk_there..]),
        ("after the hold", &heard[resumed_there..]),
    ] {
        let place = format!("what the Polres heard {when}");
        judge.voice("the caller", &voices.caller, &place, sound, true);
        judge.voice("the Polres", &voices.polres, &place, sound, false);
    }

    // It hangs up on the caller, who is with the Polda again; that one closes.
    polda.be_ready().await?;
    depok.order(json!({ "do": "hangUp" })).await?;
    depok.wait_for("ended", |end| end["originator"] == "local").await?;
    polda.wait_for_ring().await?;
    polda.answer().await?;
    let back_at = caller.ear.heard().samples.len();
    // A sentence and the caller's thanks.
    tokio::time::sleep(LAST_WORDS).await;
    let after = caller.ear.heard().samples;
    let after = &after[back_at..];
    judge.voice("the Polda", &voices.polda, "what the caller heard in the end", after, true);
    judge.voice("the Polres", &voices.polres, "what the caller heard in the end", after, false);
    polda
        .close(Disposition::ForwardedToUnit { unit: polres() }, "Telepon Polres terputus.")
        .await?;
    let end = news_until(&mut news, "the recording", |item| matches!(item, HubNews::Recording(_)))
        .await?;
    let leg = legs(&end).find(|leg| leg.seat == Some(polres_seat()));
    judge.check(leg.is_some_and(sounds_whole), format!("the leg of the Polres: {leg:?}"));
    let (_, right) = recording(&end)?;
    judge.voice("the Polres", &voices.polres, "the recording's right side", &right, true);

    // It registers no longer, and the hub offers that seat nothing.
    depok.order(json!({ "do": "unregister" })).await?;
    depok.wait("unregistered").await?;
    flow_until(&mut news, "the Polres' telephone being gone", |event| {
        matches!(event, FlowEvent::SeatState { seat, state: SeatState::Offline } if *seat == polres_seat())
    })
    .await?;
    judge.done();

    desk.abort();
    to_hub.close().await;
    depok.close().await?;
    polda.leave().await;
    stage.close().await;
    Ok(())
}
