//! Bad input and missing parts: a clear message for whoever caused it, and the caller is served.

use crate::room::{
    BareDesk, NUMBER, ONE_AT_A_TIME, Room, a_fire, both_are_heard, close, depok, ended, plugins,
    polda_seat,
};
use anyhow::{Context, ensure};
use siaga_audio_devices::Selection;
use siaga_call_flow::FlowEvent;
use siaga_desk::{
    AdvisorHealth, AudioChoice, AudioHealth, DeskError, DeskState, Intent, LinkHealth, PhoneState,
};
use siaga_hub_api::{DESK_SOCKET_PATH, ErrorCode, HubClient, LoginRequest};
use siaga_media::{MediaConfig, MediaSession};
use siaga_model::{Disposition, PluginFault, Redacted, SeatState, Validity};
use siaga_sip::{Headers, SipError, UaEvent, UserAgent, UserAgentConfig};
use siaga_testkit::scripted::{Answer, Peer};
use siaga_training::{CallerState, Ear, OPERATOR, PATIENCE, Speaker, Stage, seat_of};
use std::path::PathBuf;
use std::time::Duration;

/// How many answers of a stranger's are read before the awaited one must have come.
const MOST_ANSWERS: usize = 20;

/// Runs a test's body where the plugins are, and fails with its whole error.
macro_rules! whole_calls {
    ($($name:ident => $body:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let Some(plugins) = plugins(stringify!($name)) else { return };
            // Voices are real time: they want the machine for themselves.
            let _alone = ONE_AT_A_TIME.lock().await;
            if let Err(error) = $body(plugins).await {
                panic!("{error:?}");
            }
        })*
    };
}

whole_calls! {
    a_wrong_password_is_named_and_the_right_one_then_answers_the_caller => wrong_password;
    a_second_login_on_a_seat_is_told_who_sits_there_and_the_call_goes_on => second_login;
    an_unregistered_caller_is_served_at_110_and_nowhere_else => unregistered_caller;
    malformed_sip_and_sdp_are_refused_and_a_call_goes_on => malformed_sip;
    malformed_messages_to_the_hub_are_refused_and_a_call_goes_on => malformed_hub_messages;
    a_desk_without_sound_answers_and_hands_over => missing_device;
    a_corrupt_plugin_is_named_and_the_call_is_treated_as_valid => corrupt_plugin;
    a_hub_that_cannot_be_reached_is_named_and_the_next_one_works => unreachable_hub;
}

fn login(hub: String, password: Redacted<String>, seat: u32) -> Intent {
    Intent::Login { hub, seat: polda_seat(seat), operator: OPERATOR.to_owned(), password }
}

fn right_login(stage: &Stage, seat: u32) -> Intent {
    login(stage.hub.url(), stage.password().clone(), seat)
}

fn complaint(state: &DeskState) -> Option<&DeskError> {
    state.notice.as_ref().map(|notice| &notice.error)
}

fn hub_says(state: &DeskState, wanted: ErrorCode) -> bool {
    matches!(complaint(state), Some(DeskError::Hub { code, .. }) if *code == wanted)
}

fn phone_is(state: &DeskState, wanted: PhoneState) -> bool {
    state.call.as_ref().is_some_and(|call| call.phone == wanted)
}

/// Logs a desk in, takes the next call and serves its caller.
async fn takes_a_call(room: &Room, desk: &BareDesk, ear: &Ear) -> anyhow::Result<()> {
    desk.want(right_login(&room.stage, 1)).await;
    desk.until("being registered", |s| s.session.is_some() && s.sip == LinkHealth::Up).await?;
    desk.want(Intent::Ready).await;
    desk.until("being ready", is_ready).await?;
    let caller = room.caller().await?;
    desk.until("a ring", |state| phone_is(state, PhoneState::Ringing)).await?;
    desk.want(Intent::Answer).await;
    desk.until("two-way audio", |state| phone_is(state, PhoneState::Connected)).await?;
    both_are_heard(&caller, ear).await
}

fn is_ready(state: &DeskState) -> bool {
    state.view.as_ref().is_some_and(|view| view.seat.state == SeatState::Ready)
}

async fn wrong_password(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let (desk, ear) = BareDesk::with_voice(room.stage.desk_dir(&polda_seat(1)));
    let wrong = Redacted::new("bukan ini".to_owned());
    desk.want(login(room.stage.hub.url(), wrong, 1)).await;
    let state =
        desk.until("the refusal", |state| hub_says(state, ErrorCode::WrongPassword)).await?;
    ensure!(state.session.is_none() && state.sip == LinkHealth::Off, "it sat down all the same");
    takes_a_call(&room, &desk, &ear).await?;
    desk.desk.shut_down().await;
    room.stage.close().await;
    Ok(())
}

async fn second_login(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let mut operator = room.operator().await?;
    let mut caller = room.call(&mut operator).await?;
    let (second, _) = BareDesk::with_voice(room.dir.path().join("second"));
    second.want(right_login(&room.stage, 1)).await;
    let state = second.until("the refusal", |state| hub_says(state, ErrorCode::SeatTaken)).await?;
    let Some(DeskError::Hub { detail, .. }) = complaint(&state) else { unreachable!() };
    ensure!(detail.contains("Operator latihan"), "who sits there is not told: {detail}");
    ensure!(detail.chars().any(|c| c.is_ascii_digit()), "since when is not told: {detail}");
    both_are_heard(&caller, &operator.ear).await?;
    close(&mut operator, &mut caller).await?;
    second.desk.shut_down().await;
    operator.leave().await;
    room.stage.close().await;
    Ok(())
}

/// A telephone that says whom it calls, and the status with which it was refused.
async fn dial(stage: &Stage, number: &str, offer: &str) -> anyhow::Result<(u16, String)> {
    let endpoint = stage.endpoint();
    let (phone, mut events) = UserAgent::start(UserAgentConfig {
        ws_url: endpoint.ws_url.parse()?,
        tls_roots: None,
        user: NUMBER.to_owned(),
        domain: endpoint.domain,
        secret: None,
        display_name: None,
        register: false,
        expires: Duration::from_secs(120),
        user_agent: "a stranger".to_owned(),
    })?;
    let refused = async {
        let mut dialled = false;
        let mut retry = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                _ = retry.tick(), if !dialled => match phone.invite(number, offer, Headers::new()).await {
                    Ok(_) => dialled = true,
                    // The telephone connects by itself.
                    Err(SipError::NotConnected) => {}
                    Err(error) => return Err(error.into()),
                },
                event = events.recv() => match event.context("the telephone is gone")? {
                    UaEvent::Failed { status, reason, .. } => return Ok((status, reason)),
                    UaEvent::Answered { .. } => anyhow::bail!("{number} was answered"),
                    _ => {}
                },
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.context("no answer at all")?;
    phone.close().await;
    refused
}

async fn unregistered_caller(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let mut operator = room.operator().await?;
    // Every caller of these tests is unregistered; that 110 serves it is seen below.
    let mut caller = room.call(&mut operator).await?;
    let (session, offer) = MediaSession::offer(MediaConfig::loopback()).await?;
    for other in ["112", "pmj-1", "082200001112"] {
        let (status, reason) = dial(&room.stage, other, &offer).await?;
        ensure!(matches!(status, 403 | 404), "{other}: {status} {reason}");
        ensure!(!reason.is_empty(), "{other} was refused without a word");
    }
    session.close().await;
    both_are_heard(&caller, &operator.ear).await?;
    close(&mut operator, &mut caller).await?;
    operator.leave().await;
    room.stage.close().await;
    Ok(())
}

async fn malformed_sip(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let mut operator = room.operator().await?;
    let mut caller = room.call(&mut operator).await?;
    let endpoint = room.stage.endpoint();
    let mut stranger =
        Peer::connect(&endpoint.ws_url, &[("Sec-WebSocket-Protocol", "sip")]).await?;
    stranger.send_text("INVITE sip:110").await?;
    stranger.send_bytes([0, 0xff, 0xfe, 13, 10]).await?;
    let sdp = "v=0\r\nm=audio nonsense\r\n";
    stranger
        .send_text(format!(
            "INVITE sip:110@{domain} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKx\r\n\
             Max-Forwards: 70\r\nFrom: <sip:x@x.invalid>;tag=x\r\nTo: <sip:110@{domain}>\r\n\
             Call-ID: x1\r\nCSeq: 1 INVITE\r\nContact: <sip:x@x.invalid;transport=ws>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len(),
            domain = endpoint.domain,
        ))
        .await?;
    let refusal = said(&mut stranger, "SIP/2.0 488").await?;
    let line = refusal.lines().next().unwrap_or_default();
    ensure!(line.len() > "SIP/2.0 488 ".len(), "488 without its reason: {line}");
    // The same through an honest telephone whose media is broken.
    let (status, reason) = dial(&room.stage, "110", "v=0\r\nthis is no session").await?;
    ensure!(status == 488 && !reason.is_empty(), "{status} {reason}");
    both_are_heard(&caller, &operator.ear).await?;
    close(&mut operator, &mut caller).await?;
    operator.leave().await;
    room.stage.close().await;
    Ok(())
}

/// The next answer that has this in it.
async fn said(peer: &mut Peer, wanted: &str) -> anyhow::Result<String> {
    let mut others = Vec::new();
    for _ in 0..MOST_ANSWERS {
        let text = match peer.answer_within(PATIENCE).await {
            Answer::Text(text) => text,
            Answer::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            other => anyhow::bail!("{other:?} instead of {wanted:?}, after {others:?}"),
        };
        if text.contains(wanted) {
            return Ok(text);
        }
        others.push(text);
    }
    anyhow::bail!("no {wanted:?} in {others:?}")
}

async fn malformed_hub_messages(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let mut operator = room.operator().await?;
    let mut caller = room.call(&mut operator).await?;
    let request = LoginRequest {
        operator: OPERATOR.to_owned(),
        password: room.stage.password().clone(),
        seat: polda_seat(2),
    };
    let (session, _client) = HubClient::login(&room.stage.hub.url(), request).await?;
    let url = format!("{}{DESK_SOCKET_PATH}", room.stage.hub.url().replacen("http", "ws", 1));
    let bearer = format!("Bearer {}", session.token.expose());
    let mut rude = Peer::connect(&url, &[("Authorization", &bearer)]).await?;
    for nonsense in ["bukan json", "[1,2,3]", r#"{"seq": 7, "type": "terbang"}"#] {
        rude.send_text(nonsense).await?;
        said(&mut rude, "malformed").await.with_context(|| nonsense.to_owned())?;
    }
    operator.write(a_fire).await.context("the other desk's form")?;
    both_are_heard(&caller, &operator.ear).await?;
    close(&mut operator, &mut caller).await?;
    operator.leave().await;
    room.stage.close().await;
    Ok(())
}

async fn missing_device(plugins: PathBuf) -> anyhow::Result<()> {
    let mut room = Room::open(&plugins).await?;
    let nowhere = Selection { host: Some("nonexistent".to_owned()), ..Selection::default() };
    let desk = BareDesk::start(AudioChoice::Devices(nowhere), room.stage.desk_dir(&polda_seat(1)));
    let voice = siaga_testkit::voice::speech_like(52, 4.0);
    let polres = room.stage.seat(&seat_of(&depok(), 1), Speaker::new(voice.into())).await?;
    polres.be_ready().await?;
    desk.want(right_login(&room.stage, 1)).await;
    let state = desk
        .until("the trouble", |state| {
            state.sip == LinkHealth::Up && matches!(state.audio, AudioHealth::Trouble { .. })
        })
        .await?;
    let AudioHealth::Trouble { code } = &state.audio else { unreachable!() };
    ensure!(!code.is_empty(), "the trouble has no code");
    desk.want(Intent::Ready).await;
    desk.until("being ready", is_ready).await?;
    let mut caller = room.caller().await?;
    desk.until("a ring", |state| phone_is(state, PhoneState::Ringing)).await?;
    desk.want(Intent::Answer).await;
    let state = desk.until("the leg", |state| phone_is(state, PhoneState::Connected)).await?;
    // Silence is sent and never nothing: the leg outlives the switch's two seconds.
    caller_waits(&caller).await?;
    ensure!(phone_is(&desk.state.borrow(), PhoneState::Connected), "the leg was lost");
    let call = state.call.as_ref().context("a call")?;
    let mut form = call.form.clone();
    a_fire(&mut form);
    desk.want(Intent::Edit { call: call.call, form: Box::new(form) }).await;
    desk.want(Intent::Transfer { unit: depok(), handover: None }).await;
    polres.wait_for_ring().await?;
    polres.answer().await?;
    room.flow("the handover", |event| matches!(event, FlowEvent::TransferDone { heard: true, .. }))
        .await?;
    both_are_heard(&caller, &polres.ear).await?;
    polres.close(Disposition::HandledByUnit { unit: depok() }, "Patroli.").await?;
    ended(&mut caller).await?;
    desk.desk.shut_down().await;
    polres.leave().await;
    room.stage.close().await;
    Ok(())
}

/// Long enough for the switch to lose a leg that sends nothing; the caller is still there.
async fn caller_waits(caller: &siaga_training::Caller) -> anyhow::Result<()> {
    crate::room::from_now_on(&caller.ear).await?;
    ensure!(*caller.state.borrow() == CallerState::Answered, "the caller was dropped");
    Ok(())
}

async fn corrupt_plugin(plugins: PathBuf) -> anyhow::Result<()> {
    let corrupt = tempfile::tempdir()?;
    let [judge, router] = ["validitas-dasar.wasm", "rute-metro-jaya.wasm"];
    std::fs::write(corrupt.path().join(judge), b"\0asm, but not for long")?;
    std::fs::copy(plugins.join(router), corrupt.path().join(router))?;
    let room = Room::open(corrupt.path()).await?;
    let (desk, ear) = BareDesk::with_voice(room.stage.desk_dir(&polda_seat(1)));
    takes_a_call(&room, &desk, &ear).await?;
    let state = desk.until("the trouble", |state| state.advisor == AdvisorHealth::Trouble).await?;
    let call = state.call.as_ref().context("a call")?;
    let mut form = call.form.clone();
    a_fire(&mut form);
    desk.want(Intent::Edit { call: call.call, form: Box::new(form) }).await;
    let state = desk
        .until("advice", |state| {
            state.call.as_ref().is_some_and(|call| {
                call.rev > 0 && call.advice.as_ref().is_some_and(|a| a.draft_rev >= call.rev)
            })
        })
        .await?;
    let advice = state.call.as_ref().and_then(|call| call.advice.as_ref()).context("advice")?;
    ensure!(
        advice.verdict.validity == Validity::Valid && advice.verdict.by.is_none(),
        "{:?}",
        advice.verdict
    );
    ensure!(
        advice.faults.iter().any(|fault| matches!(
            fault,
            PluginFault::Unloadable { plugin, reason }
                if plugin == "validitas-dasar" && !reason.is_empty()
        )),
        "the fault is not named: {:?}",
        advice.faults
    );
    ensure!(
        advice.destinations.first().is_some_and(|destination| destination.unit == depok()),
        "the whole plugin is not asked: {:?}",
        advice.destinations
    );
    desk.want(Intent::Close { disposition: Disposition::HandledHere, note: String::new() }).await;
    desk.until("the closing", |state| {
        state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
    })
    .await?;
    desk.desk.shut_down().await;
    room.stage.close().await;
    Ok(())
}

async fn unreachable_hub(plugins: PathBuf) -> anyhow::Result<()> {
    let room = Room::open(&plugins).await?;
    let (desk, ear) = BareDesk::with_voice(room.stage.desk_dir(&polda_seat(1)));
    // A port where nobody listens: taken, and given back.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let password = room.stage.password().clone();
    desk.want(login(format!("http://{nobody}"), password.clone(), 1)).await;
    desk.until("the complaint", |state| {
        matches!(complaint(state), Some(DeskError::Unreachable { detail }) if !detail.is_empty())
    })
    .await?;
    desk.want(login("bukan alamat".to_owned(), password, 1)).await;
    desk.until("the complaint", |state| complaint(state) == Some(&DeskError::BadAddress)).await?;
    takes_a_call(&room, &desk, &ear).await?;
    desk.desk.shut_down().await;
    room.stage.close().await;
    Ok(())
}
