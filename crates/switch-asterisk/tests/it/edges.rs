//! Where the hub's word ends: what the dialplan has taken over, who may not be rung any more, and what
//! is none of the outside network's business.

use crate::room::{Room, leg, soon};
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{CallId, LegCause, LegId, Redacted, SeatId};
use siaga_switch::{Switch, SwitchEvent};
use siaga_switch_asterisk::names;
use siaga_switch_asterisk::provision::WITHOUT_HUB_CONTEXT;
use siaga_testkit::voice;
use std::collections::BTreeSet;
use tokio::net::UdpSocket;

/// Where the trunk's provider listens.
const SIP: u16 = 5_060;

/// What the citizen says, 16 kHz: longer than any of this takes, as the telephone hangs up after it.
fn citizen() -> Vec<i16> {
    voice::speech_like(110, 90.0).into_iter().step_by(3).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_comes_back_from_the_dialplan_is_the_same_call_with_one_whole_recording() {
    let test =
        "a_caller_who_comes_back_from_the_dialplan_is_the_same_call_with_one_whole_recording";
    let Some(mut room) = Room::open(test).await else { return };
    let _caller = room.caller(&citizen());
    let (call, facts) = room.arrival().await;
    // The hub is cut off, and the guard sends its caller to the dialplan's own queue.
    room.link.cut();
    let ari = room.ari();
    let channels = ari.channels().await.unwrap();
    let is_theirs = |id: &str| names::leg_of_channel(id) == Some(LegId::caller(call));
    let channel = channels.iter().find(|channel| is_theirs(&channel.id)).unwrap();
    ari.continue_in(&channel.id, WITHOUT_HUB_CONTEXT, "s").await.unwrap();
    room.link.mend();
    room.saw(SwitchSaw::Ended { leg: LegId::caller(call), cause: LegCause::Failed }).await;
    // Nobody rings there, so that after a while the hub is asked again.
    let back = room.next("the caller, whose recording is not over", |event| match event {
        SwitchEvent::Saw(SwitchSaw::CallerArrived { call, .. }) => Some(call),
        SwitchEvent::Recorded(report) => panic!("{report:?}"),
        _ => None,
    });
    assert_eq!(back.await, call);
    let live = &room.switch.survey().await.unwrap()[0];
    assert_eq!((live.call, live.caller_up, live.playing), (call, true, Program::Music));
    room.does(SwitchCommand::End(call)).await;
    let recorded = room.next("a recording", |event| match event {
        SwitchEvent::Recorded(report) => Some(report),
        _ => None,
    });
    let recorded = recorded.await;
    assert_eq!(recorded.call, call);
    assert!(recorded.starts_at <= facts.arrived_at && recorded.seconds > 15.0, "{recorded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_seat_is_not_rung_any_more_though_its_desk_is_still_connected() {
    let test = "a_dismissed_seat_is_not_rung_any_more_though_its_desk_is_still_connected";
    let Some(mut room) = Room::open(test).await else { return };
    let _phone = room.seat("pmj-1").await;
    let seat: SeatId = "pmj-1".parse().unwrap();
    soon("a dismissal", room.switch.dismiss(&seat)).await.unwrap();
    let gone = |event| match event {
        SwitchEvent::SeatUnregistered(told) => Some(told),
        _ => None,
    };
    assert_eq!(room.next("the registration's end", gone).await, seat);
    let _caller = room.caller(&citizen());
    let (call, _) = room.arrival().await;
    room.does(SwitchCommand::Ring { leg: leg(call, 1), seat: seat.clone() }).await;
    room.saw(SwitchSaw::Ended { leg: leg(call, 1), cause: LegCause::Unregistered }).await;
    // One that was never there, or is gone already, can be dismissed too.
    soon("a second dismissal", room.switch.dismiss(&seat)).await.unwrap();
    soon("nobody's dismissal", room.switch.dismiss(&"nobody-1".parse().unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outside_network_is_not_told_which_call_somebody_is_brought_into() {
    let test = "the_outside_network_is_not_told_which_call_somebody_is_brought_into";
    let Some(room) = Room::open(test).await else { return };
    let trunk = UdpSocket::bind((room.asterisk.place().trunk, SIP)).await.unwrap();
    let call = CallId::from_parts(1_795_729_834_000, 1);
    let number = Redacted::new("0215701130".to_owned());
    room.does(SwitchCommand::Open { call }).await;
    room.does(SwitchCommand::DialOut { leg: leg(call, 1), number: number.clone() }).await;
    room.does(SwitchCommand::Dial { call, number }).await;
    let mut dialogs = BTreeSet::new();
    while dialogs.len() < 2 {
        let mut message = vec![0; 8 * 1024];
        let length = soon("an INVITE", trunk.recv(&mut message)).await.unwrap();
        let message = String::from_utf8_lossy(&message[..length]);
        assert!(message.starts_with("INVITE sip:0215701130@"), "{message}");
        let id = call.to_string();
        assert!(!message.contains(&id) && !message.contains("X-Siaga"), "{message}");
        // The same INVITE comes again until it is answered.
        dialogs
            .extend(message.lines().find(|line| line.starts_with("Call-ID:")).map(str::to_owned));
    }
}
