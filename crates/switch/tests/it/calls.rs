//! Who hears whom, and what is recorded of it.

use crate::exchange::Exchange;
use crate::phone::is_music;
use siaga_call_flow::{Program, SwitchCommand};
use siaga_media::goertzel::power_dbfs;
use siaga_model::LegCause;
use siaga_switch::SwitchEvent;

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;
const OTHER_CALLER_HZ: f32 = 1_700.0;
const OTHER_SEAT_HZ: f32 = 2_300.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_music_until_a_seat_is_joined_and_both_are_on_their_side_of_the_recording() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    at_caller.hears_music().await;

    let (leg, mut at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    at_caller.does_not_hear(&[SEAT_HZ]).await;
    at_seat.does_not_hear(&[CALLER_HZ]).await;

    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_caller.hears(SEAT_HZ).await;
    at_seat.hears(CALLER_HZ).await;
    at_caller.does_not_hear_music().await;
    at_caller.does_not_hear(&[CALLER_HZ]).await;

    exchange.told(SwitchCommand::Detach(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Music }).await;
    at_caller.hears_music().await;
    at_caller.does_not_hear(&[SEAT_HZ]).await;
    at_seat.does_not_hear(&[CALLER_HZ]).await;

    exchange.told(SwitchCommand::HangUp(leg)).await;
    let report = exchange.ended(leg, LegCause::Released).await;
    assert!(report.joined_at.is_some_and(|joined| joined < report.left_at));
    assert!(report.packets_received > 0 && report.codec.starts_with("opus"), "{report:?}");
    assert_eq!(report.user_agent, "a test");
    seat.is_ended(at_seat.dialog).await;
    at_caller.hears_music().await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped with the seat");

    exchange.told(SwitchCommand::End(call)).await;
    let report = exchange.recorded(call).await;
    caller.is_ended(at_caller.dialog).await;
    let verified = siaga_recording::verify(&report.file).expect("the recording is whole");
    assert!(verified.complete && verified.channels == 2 && verified.sha256 == report.sha256);
    assert_eq!(verified.call, Some(call));
    let (left, right) = siaga_recording::decode(&report.file).expect("the recording plays");
    assert!(loudest(&left, CALLER_HZ) > -30.0, "left is what the caller says");
    assert!(loudest(&left, SEAT_HZ) < -50.0, "the seat is on the caller's side");
    assert!(loudest(&right, SEAT_HZ) > -30.0, "right is what the caller is sent");
    assert!(loudest(&right, CALLER_HZ) < -50.0, "the caller is on our side");
    assert!(right.chunks(19_200).take(5).any(is_music), "music from the arrival on");
    exchange.shut_down().await;
}

/// The level of a tone where it is loudest.
fn loudest(samples: &[i16], hz: f32) -> f32 {
    samples.chunks_exact(19_200).map(|part| power_dbfs(part, hz)).fold(-100.0, f32::max)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_do_not_hear_each_other() {
    let mut exchange = Exchange::start().await;
    let mut first_seat = exchange.seat("pmj-1").await;
    let mut other_seat = exchange.seat("pmj-2").await;
    let (first, _caller, mut at_first) = exchange.caller(CALLER_HZ).await;
    let (other, _other_caller, mut at_other) = exchange.caller(OTHER_CALLER_HZ).await;
    let (leg, mut first_desk) =
        exchange.answered(first, 1, "pmj-1", &mut first_seat, SEAT_HZ).await;
    let (other_leg, mut other_desk) =
        exchange.answered(other, 1, "pmj-2", &mut other_seat, OTHER_SEAT_HZ).await;
    for (call, leg) in [(first, leg), (other, other_leg)] {
        exchange.told(SwitchCommand::Join(leg)).await;
        exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    }
    at_first.hears(SEAT_HZ).await;
    first_desk.hears(CALLER_HZ).await;
    at_other.hears(OTHER_SEAT_HZ).await;
    other_desk.hears(OTHER_CALLER_HZ).await;
    at_first.does_not_hear(&[OTHER_SEAT_HZ, OTHER_CALLER_HZ]).await;
    first_desk.does_not_hear(&[OTHER_SEAT_HZ, OTHER_CALLER_HZ]).await;
    at_other.does_not_hear(&[SEAT_HZ, CALLER_HZ]).await;
    other_desk.does_not_hear(&[SEAT_HZ, CALLER_HZ]).await;
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_every_call_and_seals_every_recording() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let (_, talk) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    let (_, mut other, at_other) = exchange.caller(OTHER_CALLER_HZ).await;
    at_caller.hears_music().await;
    let folder = tempfile::tempdir().expect("a folder");
    // The files must outlive the exchange's folder to be looked at.
    let recordings = std::mem::replace(&mut exchange.dir, folder);
    let rest = exchange.shut_down().await;
    caller.is_ended(at_caller.dialog).await;
    other.is_ended(at_other.dialog).await;
    seat.is_ended(talk.dialog).await;
    let recorded: Vec<_> = rest
        .iter()
        .filter_map(|event| match event {
            SwitchEvent::Recorded(report) => Some(report),
            _ => None,
        })
        .collect();
    assert_eq!(recorded.len(), 2);
    for report in recorded {
        assert!(report.file.starts_with(recordings.path()));
        assert!(siaga_recording::verify(&report.file).expect("it plays").complete);
    }
    let closed = rest.iter().filter(|event| matches!(event, SwitchEvent::LegClosed(_))).count();
    assert_eq!(closed, 3, "two callers and a seat are accounted for");
}
