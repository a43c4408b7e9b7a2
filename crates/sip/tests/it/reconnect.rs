//! Connections that are cut, with and without a call up.

use crate::expect;
use crate::harness::*;
use siaga_sip::{Headers, ServerEvent, UaEvent, UnregisteredBy};

#[tokio::test]
async fn a_seat_comes_back_after_its_connection_was_cut() {
    let mut switch = Switch::start().await;
    let wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    expect!(phone.events, UaEvent::Registered { .. } => ());
    wire.cut();
    expect!(phone.events, UaEvent::ConnectionLost => ());
    let why = expect!(switch.events, ServerEvent::Unregistered { why, .. } => why);
    assert_eq!(why, UnregisteredBy::ConnectionLost);
    expect!(phone.events, UaEvent::Registered { .. } => ());
    let there = switch.server.invite("metro-1", OFFER, Headers::new()).await.unwrap();
    let call = phone.incoming().await;
    phone.ua.answer(call.dialog, ANSWER).await.unwrap();
    expect!(switch.events, ServerEvent::Answered { dialog, .. } if dialog == there => ());
}

#[tokio::test]
async fn an_established_call_outlives_its_connection_and_the_bye_arrives() {
    let mut switch = Switch::start().await;
    let wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    expect!(phone.events, UaEvent::Registered { .. } => ());
    let (here, there) = phone.established(&mut switch).await;
    wire.cut();
    expect!(switch.events, ServerEvent::Unregistered { .. } => ());
    // Hung up while nobody is connected: it must arrive all the same.
    switch.server.hang_up(there, None).await.unwrap();
    expect!(phone.events, UaEvent::ConnectionLost => ());
    let by_remote = expect!(phone.events, UaEvent::Ended { dialog, by_remote, .. } if dialog == here => by_remote);
    assert!(by_remote);
}

#[tokio::test]
async fn a_stranger_who_reconnects_is_found_again_without_registering() {
    let mut switch = Switch::start().await;
    let wire = Wire::to(switch.server.local_addr()).await;
    let mut phone = Phone::stranger(wire.address);
    let (here, there) = phone.established(&mut switch).await;
    wire.cut();
    expect!(phone.events, UaEvent::ConnectionLost => ());
    switch.server.hang_up(there, None).await.unwrap();
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: true, .. } if dialog == here => ());
}

#[tokio::test]
async fn a_seat_learns_that_the_server_forgot_its_call() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::stranger(switch.server.local_addr());
    let (here, _) = phone.established(&mut switch).await;
    let address = switch.server.local_addr();
    drop(switch); // as by a crash: no goodbye
    expect!(phone.events, UaEvent::ConnectionLost => ());
    // The port is free once the old acceptor has ended.
    let _again = soon("the port", async {
        loop {
            match Switch::try_with(|cfg| cfg.bind = address).await {
                Ok(switch) => return switch,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    let status =
        expect!(phone.events, UaEvent::Ended { dialog, status, .. } if dialog == here => status);
    assert_eq!(status, Some(481));
}

#[tokio::test]
async fn a_call_that_rings_at_a_lost_seat_fails_at_once() {
    let mut switch = Switch::start().await;
    let wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    expect!(phone.events, UaEvent::Registered { .. } => ());
    let there = switch.server.invite("metro-1", OFFER, Headers::new()).await.unwrap();
    let call = phone.incoming().await;
    phone.ua.ring(call.dialog).await.unwrap();
    expect!(switch.events, ServerEvent::Ringing { .. } => ());
    wire.cut();
    let status = expect!(switch.events, ServerEvent::Failed { dialog, status, .. } if dialog == there => status);
    assert_eq!(status, 503);
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: true, .. } if dialog == call.dialog => ());
    expect!(phone.events, UaEvent::Registered { .. } => ());
}

#[tokio::test]
async fn a_call_goes_on_over_the_new_connection_when_the_old_one_is_only_silent() {
    let mut switch = Switch::start().await;
    let wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    expect!(phone.events, UaEvent::Registered { .. } => ());
    let (here, there) = phone.established(&mut switch).await;
    for _ in 0..3 {
        wire.freeze();
        phone.ua.reconnect().await.unwrap();
        expect!(phone.events, UaEvent::ConnectionLost => ());
        expect!(phone.events, UaEvent::Registered { .. } => ());
        // Neither end has been told that the old connection is dead; the new one carries both ways.
        let asked = tokio::spawn({
            let (server, hold) = (switch.server.clone(), OFFER);
            async move { server.reoffer(there, hold).await }
        });
        expect!(phone.events, UaEvent::Reoffer { dialog, .. } if dialog == here => ());
        phone.ua.accept_reoffer(here, ANSWER).await.unwrap();
        assert_eq!(soon("the answer", asked).await.unwrap().unwrap(), ANSWER);
        phone.ua.info(here, "application/dtmf-relay", "Signal=1").await.unwrap();
        expect!(switch.events, ServerEvent::Info { dialog, .. } if dialog == there => ());
    }
    // The old ones die at last, with the new one; no dialog and no registration goes with them.
    wire.cut();
    expect!(phone.events, UaEvent::ConnectionLost => ());
    expect!(phone.events, UaEvent::Registered { .. } => ());
    switch.server.hang_up(there, None).await.unwrap();
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: true, .. } if dialog == here => ());
}

#[tokio::test]
async fn reconnecting_does_not_wait_for_an_attempt_that_hangs() {
    let switch = Switch::start().await;
    let mut wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    wire.close(true);
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    soon("the attempt", wire.held.wait_for(|n| *n == 1)).await.unwrap();
    wire.close(false);
    phone.ua.reconnect().await.unwrap();
    // The first event: the hanging attempt has not even failed.
    let first = soon("an event", phone.events.recv()).await.expect("running");
    assert!(matches!(first, UaEvent::Registered { .. }), "{first:?}");
}

#[tokio::test]
async fn an_urgent_attempt_that_hangs_is_soon_made_again() {
    let switch = Switch::start().await;
    let mut wire = Wire::to(switch.server.local_addr()).await;
    switch.account("metro-1", "benar").await;
    let mut phone = Phone::start(config(wire.address, "metro-1", Some("benar")));
    expect!(phone.events, UaEvent::Registered { .. } => ());
    wire.close(true);
    phone.ua.reconnect().await.unwrap();
    soon("the attempt", wire.held.wait_for(|n| *n == 1)).await.unwrap();
    wire.close(false);
    expect!(phone.events, UaEvent::ConnectionLost => ());
    let after = expect!(phone.events, UaEvent::Reconnecting { after } => after);
    assert!(after < std::time::Duration::from_millis(200), "{after:?}");
    expect!(phone.events, UaEvent::Registered { .. } => ());
}
