//! Legs that end, or never come up: each is told once, with its cause, and the caller stays.

use crate::exchange::Exchange;
use crate::phone::Phone;
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_media::{MediaConfig, MediaSession};
use siaga_model::{CallId, LegCause, LegId};
use siaga_switch::{Switch, SwitchEvent};

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_busy_declines_or_is_not_there_is_told_as_such() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    for (n, status, cause) in
        [(1, 486, LegCause::Busy), (2, 603, LegCause::Declined), (3, 500, LegCause::Failed)]
    {
        let leg = exchange.ring(call, n, "pmj-1").await;
        let incoming = seat.incoming().await;
        seat.ua.reject(incoming.dialog, status, "no").await.expect("refused");
        let report = exchange.ended(leg, cause).await;
        assert_eq!(report.joined_at, None);
    }
    let leg = exchange.ring(call, 4, "pmj-5").await;
    exchange.ended(leg, LegCause::Unregistered).await;
    at_caller.hears_music().await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_unregisters_is_told_and_cannot_be_rung() {
    let mut exchange = Exchange::start().await;
    let seat = exchange.seat("pmj-1").await;
    let (call, _caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    seat.ua.close().await;
    exchange
        .next("the seat's leaving", |event| match event {
            SwitchEvent::SeatUnregistered(seat) => Some(seat),
            _ => None,
        })
        .await;
    let leg = exchange.ring(call, 1, "pmj-1").await;
    exchange.ended(leg, LegCause::Unregistered).await;
    at_caller.hears_music().await;
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_whose_sound_stops_is_lost_and_the_caller_stays() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let (leg, at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_caller.hears(SEAT_HZ).await;
    at_seat.dies();
    let report = exchange.ended(leg, LegCause::MediaLost).await;
    assert!(report.joined_at.is_some());
    exchange.told(SwitchCommand::Play { call, program: Program::Music }).await;
    at_caller.hears_music().await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_is_taken_back_ends_once_whenever_that_is() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    // Before its media is made, or just after: at a seat of its own, which may see it or not.
    let _early = exchange.seat("pmj-2").await;
    let leg = exchange.ring(call, 1, "pmj-2").await;
    exchange.told(SwitchCommand::HangUp(leg)).await;
    exchange.ended(leg, LegCause::NoAnswer).await;
    // While it rings.
    let leg = exchange.ring(call, 2, "pmj-1").await;
    let incoming = seat.incoming().await;
    seat.ua.ring(incoming.dialog).await.expect("rings");
    exchange.saw(SwitchSaw::Ringing(leg)).await;
    exchange.told(SwitchCommand::HangUp(leg)).await;
    exchange.ended(leg, LegCause::NoAnswer).await;
    seat.is_ended(incoming.dialog).await;
    // While it answers: whichever comes first, the telephone is free and the leg over, once.
    let leg = exchange.ring(call, 3, "pmj-1").await;
    let incoming = seat.incoming().await;
    let (_session, sdp) =
        MediaSession::answer(MediaConfig::loopback(), &incoming.offer).await.expect("media");
    let (answered, ()) = tokio::join!(
        seat.ua.answer(incoming.dialog, &sdp),
        exchange.told(SwitchCommand::HangUp(leg))
    );
    // Refused when the CANCEL was faster.
    let _ = answered;
    let ended = exchange
        .next("the end of the leg", |event| match event {
            SwitchEvent::LegClosed(report) if report.leg == leg => Some(report),
            _ => None,
        })
        .await;
    assert!(matches!(ended.cause, LegCause::NoAnswer | LegCause::Released), "{ended:?}");
    seat.is_ended(incoming.dialog).await;
    // The seat can be rung again.
    let (leg, _at_seat) = exchange.answered(call, 4, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    at_caller.hears(SEAT_HZ).await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_while_a_seat_is_being_rung_leaves_nothing() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, at_caller) = exchange.caller(CALLER_HZ).await;
    let leg = exchange.ring(call, 1, "pmj-1").await;
    exchange.told(SwitchCommand::End(call)).await;
    // A ring for a call that is over, sent before its end was known.
    let late = exchange.ring(call, 2, "pmj-1").await;
    let mut ended = Vec::new();
    while ended.len() < 3 {
        ended.push(
            exchange
                .next("the ends", |event| match event {
                    SwitchEvent::Saw(SwitchSaw::Ended { leg, cause }) => Some((leg, cause)),
                    _ => None,
                })
                .await,
        );
    }
    ended.sort_unstable_by_key(|(leg, _)| *leg);
    assert_eq!(
        ended,
        [
            (LegId::caller(call), LegCause::Released),
            (leg, LegCause::NoAnswer),
            (late, LegCause::Failed)
        ]
    );
    caller.is_ended(at_caller.dialog).await;
    // The telephone may have heard of the call that is over: its ring had left when the end came.
    let (next, _caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let leg = exchange.ring(next, 1, "pmj-1").await;
    let [over, next] = [call, next].map(|call| call.to_string());
    let incoming = loop {
        let incoming = seat.incoming().await;
        match incoming.headers.get("X-Siaga-Call") {
            Some(call) if call == next => break incoming,
            told => assert_eq!(told, Some(over.as_str())),
        }
    };
    let _at_seat = seat.answer(&incoming, SEAT_HZ).await;
    exchange.saw(SwitchSaw::Answered(leg)).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    at_caller.hears(SEAT_HZ).await;
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_takes_the_call_along_and_nobody_else() {
    let mut exchange = Exchange::start().await;
    // Before the answer: rings once and is gone.
    let (_session, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("media");
    let ghost = Phone::stranger(&exchange.switch.endpoint());
    let dialog = ghost.invite(&offer).await;
    ghost.ua.hang_up(dialog).await.expect("hung up");
    // Whoever was that quick is told of all the same: somebody may have to call back.
    let missed = exchange.arrival().await;
    exchange.ended(LegId::caller(missed), LegCause::HungUp).await;
    // Two that were answered.
    let mut seat = exchange.seat("pmj-1").await;
    let (staying, _other, mut at_other) = exchange.caller(SEAT_HZ).await;
    let (call, leaver, talk) = exchange.caller(CALLER_HZ).await;
    assert_ne!(staying, call);
    let (leg, at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    leaver.ua.hang_up(talk.dialog).await.expect("hung up");
    exchange.ended(LegId::caller(call), LegCause::HungUp).await;
    exchange.ended(leg, LegCause::Released).await;
    seat.is_ended(at_seat.dialog).await;
    let report = exchange.recorded(call).await;
    assert!(siaga_recording::verify(&report.file).expect("it plays").complete);
    at_other.hears_music().await;
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_about_what_does_not_exist_are_harmless() {
    let mut exchange = Exchange::start().await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let nowhere = CallId::from_parts(1, 2);
    for unknown in [LegId { call: nowhere, n: 1 }, LegId { call, n: 9 }] {
        exchange.told(SwitchCommand::Join(unknown)).await;
        exchange.told(SwitchCommand::Detach(unknown)).await;
        exchange.told(SwitchCommand::HangUp(unknown)).await;
    }
    exchange.told(SwitchCommand::Play { call: nowhere, program: Program::Quiet }).await;
    exchange.told(SwitchCommand::End(nowhere)).await;
    // The caller's leg is never hung up, nor taken out, one by one.
    exchange.told(SwitchCommand::HangUp(LegId::caller(call))).await;
    exchange.told(SwitchCommand::Detach(LegId::caller(call))).await;
    let leg = exchange.ring(nowhere, 1, "pmj-1").await;
    exchange.saw(SwitchSaw::Ended { leg, cause: LegCause::Failed }).await;
    at_caller.hears_music().await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.shut_down().await;
}
