//! Whole calls.

use crate::room::{BUFFER, Room, Rung, leg};
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_media::frame::rms_dbfs;
use siaga_model::{CallerStatus, LegCause, LegId};
use siaga_switch::{Switch, SwitchEvent};
use siaga_testkit::{correlate, voice};
use std::time::Duration;

/// What the citizen says, 16 kHz.
fn citizen() -> Vec<i16> {
    voice::speech_like(110, 8.0).into_iter().step_by(3).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_answered_by_a_seat_heard_recorded_and_ended() {
    let test = "a_caller_is_answered_by_a_seat_heard_recorded_and_ended";
    let Some(mut room) = Room::open(test).await else { return };
    let Rung { mut phone, caller, call, facts } = room.rung(&citizen()).await;
    assert_eq!(facts.caller.number.expose(), "082200001109");
    assert_eq!(facts.caller.status, CallerStatus::Claimed, "it asserted nothing");
    let talk = phone.answer().await;
    room.saw(SwitchSaw::Answered(leg(call, 1))).await;
    room.saw(SwitchSaw::Flows(leg(call, 1))).await;
    talk.speak(3);
    room.saw(SwitchSaw::Heard(leg(call, 1))).await;
    room.does(SwitchCommand::Join(leg(call, 1))).await;
    room.does(SwitchCommand::Play { call, program: Program::Quiet }).await;
    talk.hears("the citizen at the seat", &citizen()).await;

    room.does(SwitchCommand::End(call)).await;
    let mut reports = Vec::new();
    let recorded = room
        .next("a recording", |event| match event {
            SwitchEvent::LegClosed(report) => {
                reports.push(report);
                None
            }
            SwitchEvent::Recorded(report) => Some(report),
            _ => None,
        })
        .await;
    phone.is_ended().await;
    drop(caller);
    assert_eq!(reports.len(), 2, "{reports:?}");
    for report in &reports {
        assert_eq!(report.cause, LegCause::Released);
        assert!(report.packets_received > 100, "{report:?}");
        assert_eq!(report.codec, "alaw", "{report:?}");
    }
    let mut programs: Vec<_> = reports.iter().map(|one| one.user_agent.as_str()).collect();
    programs.sort_unstable();
    assert!(programs[0] == "a test" && programs[1].starts_with("baresip"), "{programs:?}");
    assert_eq!(recorded.call, call);
    let (left, right) = siaga_recording::decode(&recorded.file).unwrap();
    let at_16k = |side: &[i16]| side.iter().step_by(3).copied().collect::<Vec<_>>();
    let found = correlate::find(&citizen(), &at_16k(&left), 16_000);
    assert!(found.is_found(), "the citizen is not on the left: {found:?}");
    let crossed = correlate::find(&citizen(), &at_16k(&right), 16_000);
    assert!(!crossed.is_found(), "the citizen is on the right: {crossed:?}");
    assert!(rms_dbfs(&right) > -40.0, "the music and the seat are on the right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_declines_or_is_not_there_is_told_and_the_caller_stays() {
    let test = "a_seat_that_declines_or_is_not_there_is_told_and_the_caller_stays";
    let Some(mut room) = Room::open(test).await else { return };
    let Rung { mut phone, caller: _caller, call, .. } = room.rung(&citizen()).await;
    let (dialog, _) = phone.rings().await;
    phone.ua.reject(dialog, 603, "Decline").await.unwrap();
    room.saw(SwitchSaw::Ended { leg: leg(call, 1), cause: LegCause::Declined }).await;
    let seat = "pmj-2".parse().unwrap();
    room.does(SwitchCommand::Ring { leg: leg(call, 2), seat }).await;
    room.saw(SwitchSaw::Ended { leg: leg(call, 2), cause: LegCause::Unregistered }).await;
    assert!(room.switch.survey().await.unwrap()[0].caller_up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_whose_packets_stop_is_lost_and_the_caller_stays() {
    let test = "a_seat_whose_packets_stop_is_lost_and_the_caller_stays";
    let Some(mut room) = Room::open(test).await else { return };
    let Rung { mut phone, caller: _caller, call, .. } = room.rung(&citizen()).await;
    let talk = phone.answer().await;
    talk.speak(4);
    room.saw(SwitchSaw::Heard(leg(call, 1))).await;
    talk.dies();
    room.saw(SwitchSaw::Ended { leg: leg(call, 1), cause: LegCause::MediaLost }).await;
    assert!(room.switch.survey().await.unwrap()[0].caller_up);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_keep_talking_without_a_hub_and_the_next_one_finds_and_ends_them() {
    let test = "two_people_keep_talking_without_a_hub_and_the_next_one_finds_and_ends_them";
    let Some(mut room) = Room::open(test).await else { return };
    let Rung { mut phone, caller: _caller, call, .. } = room.rung(&citizen()).await;
    let talk = phone.answer().await;
    room.saw(SwitchSaw::Answered(leg(call, 1))).await;
    room.does(SwitchCommand::Join(leg(call, 1))).await;
    room.does(SwitchCommand::Play { call, program: Program::Quiet }).await;
    talk.hears("the citizen at the seat", &citizen()).await;

    room.switch.shut_down().await;
    room.another_hub().await;
    let found = room.switch.survey().await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].call, found[0].caller_up), (call, true));
    assert_eq!(found[0].playing, Program::Quiet);
    let live = &found[0].legs[0];
    assert!(live.answered && live.joined, "{live:?}");
    room.does(SwitchCommand::End(call)).await;
    let recorded = room.next("one recording of both hubs' time", |event| match event {
        SwitchEvent::Recorded(report) => Some(report),
        _ => None,
    });
    assert_eq!(recorded.await.call, call);
    phone.is_ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_started_without_its_switch_is_told_late_who_waits_there() {
    let test = "a_hub_that_started_without_its_switch_is_told_late_who_waits_there";
    let Some(mut room) = Room::open(test).await else { return };
    let mut phone = room.seat("pmj-1").await;
    // Longer than any of this takes: the telephone hangs up after it.
    let _caller = room.caller(&voice::speech_like(110, 60.0));
    let (call, _) = room.arrival().await;
    room.does(SwitchCommand::Play { call, program: Program::Music }).await;

    room.switch.shut_down().await;
    room.link.cut();
    room.another_hub().await;
    // Whoever asks gives up.
    let a_moment = Duration::from_millis(100);
    assert!(tokio::time::timeout(a_moment, room.switch.survey()).await.is_err());
    room.link.mend();
    let found = room.next("who waits", |event| match event {
        SwitchEvent::Outlived(found) => Some(found),
        _ => None,
    });
    let found = found.await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].call, found[0].caller_up), (call, true));
    assert_eq!(found, room.switch.survey().await.unwrap());
    // From here on it is a call like any other.
    let seat = "pmj-1".parse().unwrap();
    room.does(SwitchCommand::Ring { leg: leg(call, 100), seat }).await;
    phone.rings().await;
    room.does(SwitchCommand::End(call)).await;
    room.saw(SwitchSaw::Ended { leg: LegId::caller(call), cause: LegCause::Released }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_start_of_asterisk_loses_its_calls_and_keeps_their_recordings() {
    let test = "another_start_of_asterisk_loses_its_calls_and_keeps_their_recordings";
    let Some(mut room) = Room::open(test).await else { return };
    let phone = room.seat("pmj-1").await;
    let mut caller = room.caller(&citizen());
    let (call, facts) = room.arrival().await;
    room.recorded_on_disk(2 * BUFFER).await;
    room.asterisk.start_again().await.unwrap();
    let _ = caller.start_kill();
    room.saw(SwitchSaw::Lost).await;
    let (mut recorded, mut registered) = (None, false);
    room.next("the recording and the seat", |event| {
        match event {
            SwitchEvent::Recorded(report) => recorded = Some(report),
            // With the secret that Asterisk was given again.
            SwitchEvent::SeatRegistered(_) => registered = true,
            _ => {}
        }
        (recorded.is_some() && registered).then_some(())
    })
    .await;
    drop(phone);
    let recorded = recorded.unwrap();
    assert_eq!(recorded.call, call);
    let heard = recorded.starts_at.since(facts.arrived_at).as_secs_f64() + recorded.seconds;
    assert!(heard > 1.9, "what was on the disk is there: {heard} s of 2");
}
