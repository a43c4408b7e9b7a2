//! Calls both ways: set-up, refusal, CANCEL, re-INVITE, BYE.

use crate::expect;
use crate::harness::*;
use siaga_sip::{Headers, ServerEvent, SipError, UaEvent};

#[tokio::test]
async fn a_stranger_reaches_110_and_speaks_and_hangs_up() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::stranger(switch.server.local_addr());
    let here = phone.dial("110").await;
    let leg = switch.incoming().await;
    assert_eq!(leg.authenticated, None);
    assert_eq!((leg.request_user.as_str(), leg.from_user.expose().as_str()), ("110", "08120001"));
    assert_eq!(leg.display_name.as_ref().map(|n| n.expose().as_str()), Some("Name of 08120001"));
    assert_eq!((leg.offer.as_deref(), leg.headers.get("x-siaga")), (Some(OFFER), Some("uji")));
    assert!(!format!("{leg:?}").contains("08120001"), "a number in a log");
    switch.server.ring(leg.dialog).await.unwrap();
    expect!(phone.events, UaEvent::Ringing { dialog, sdp: None } if dialog == here => ());
    switch.server.progress(leg.dialog, ANSWER).await.unwrap();
    expect!(phone.events, UaEvent::Ringing { sdp: Some(sdp), .. } => assert_eq!(sdp, ANSWER));
    switch.server.answer(leg.dialog, ANSWER).await.unwrap();
    expect!(phone.events, UaEvent::Answered { dialog, sdp } if dialog == here => assert_eq!(sdp, ANSWER));
    expect!(switch.events, ServerEvent::Confirmed { dialog, .. } if dialog == leg.dialog => ());
    let again = switch.server.answer(leg.dialog, ANSWER).await;
    assert!(matches!(again, Err(SipError::WrongState { .. })));
    phone.ua.info(here, "application/dtmf-relay", "Signal=5\r\n").await.unwrap();
    expect!(switch.events, ServerEvent::Info { content_type, body, .. } => {
        assert_eq!((content_type.as_str(), body.expose().as_str()), ("application/dtmf-relay", "Signal=5\r\n"));
    });
    phone.ua.hang_up(here).await.unwrap();
    expect!(switch.events, ServerEvent::Ended { dialog, by_remote: true, .. } if dialog == leg.dialog => ());
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: false, .. } if dialog == here => ());
    assert!(matches!(phone.ua.hang_up(here).await, Err(SipError::NoDialog(_))));
}

#[tokio::test]
async fn a_stranger_reaches_nothing_but_110() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::stranger(switch.server.local_addr());
    let here = phone.dial("metro-1").await;
    let refusal = expect!(phone.events, UaEvent::Failed { dialog, status, reason } if dialog == here => (status, reason));
    assert_eq!(refusal, (403, "Only 110 Without Registration".to_owned()));
    expect!(switch.events, ServerEvent::Rejected { .. } => ());
    // And is still served.
    phone.established(&mut switch).await;
}

#[tokio::test]
async fn a_registered_seat_may_dial_anybody_and_the_switch_decides() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let here = phone.dial("999").await;
    let leg = switch.incoming().await;
    assert_eq!((leg.request_user.as_str(), leg.authenticated.as_deref()), ("999", Some("metro-1")));
    switch.server.reject(leg.dialog, 404, "No Such Number").await.unwrap();
    let refusal = expect!(phone.events, UaEvent::Failed { dialog, status, reason } if dialog == here => (status, reason));
    assert_eq!(refusal, (404, "No Such Number".to_owned()));
    expect!(switch.events, ServerEvent::Ended { dialog, by_remote: false, .. } if dialog == leg.dialog => ());
}

#[tokio::test]
async fn the_switch_calls_a_seat_and_ends_the_call() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let headers = Headers::new().with("X-Siaga-Call", "01ABC");
    let there = switch.server.invite("metro-1", OFFER, headers).await.unwrap();
    let call = phone.incoming().await;
    assert_eq!((call.offer.as_str(), call.headers.get("X-Siaga-Call")), (OFFER, Some("01ABC")));
    phone.ua.ring(call.dialog).await.unwrap();
    expect!(switch.events, ServerEvent::Ringing { dialog, .. } if dialog == there => ());
    phone.ua.answer(call.dialog, ANSWER).await.unwrap();
    expect!(switch.events, ServerEvent::Answered { dialog, sdp } if dialog == there => assert_eq!(sdp, ANSWER));
    expect!(phone.events, UaEvent::Confirmed { dialog } if dialog == call.dialog => ());
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    switch.server.hang_up(there, Some(reason)).await.unwrap();
    let told = expect!(phone.events, UaEvent::Ended { by_remote: true, status, reason, .. } => (status, reason));
    assert_eq!(told, (Some(200), Some("Call completed elsewhere".to_owned())));
}

#[tokio::test]
async fn a_ringing_seat_is_told_that_the_call_was_taken_elsewhere() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let there = switch.server.invite("metro-1", OFFER, Headers::new()).await.unwrap();
    let call = phone.incoming().await;
    phone.ua.ring(call.dialog).await.unwrap();
    expect!(switch.events, ServerEvent::Ringing { .. } => ());
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    switch.server.hang_up(there, Some(reason)).await.unwrap();
    let told = expect!(phone.events, UaEvent::Ended { dialog, status, reason, .. } if dialog == call.dialog => (status, reason));
    assert_eq!(told, (Some(200), Some("Call completed elsewhere".to_owned())));
    expect!(switch.events, ServerEvent::Ended { dialog, by_remote: false, .. } if dialog == there => ());
    assert!(matches!(phone.ua.answer(call.dialog, ANSWER).await, Err(SipError::NoDialog(_))));
}

#[tokio::test]
async fn a_caller_who_gives_up_cancels() {
    let mut switch = Switch::start().await;
    let phone = Phone::stranger(switch.server.local_addr());
    let here = phone.dial("110").await;
    let leg = switch.incoming().await;
    phone.ua.hang_up(here).await.unwrap();
    let status = expect!(switch.events, ServerEvent::Ended { dialog, by_remote: true, status, .. } if dialog == leg.dialog => status);
    assert_eq!(status, Some(487));
}

#[tokio::test]
async fn busy_and_decline_arrive_as_such() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    for (status, reason) in [(486, "Busy Here"), (603, "Decline")] {
        let there = switch.server.invite("metro-1", OFFER, Headers::new()).await.unwrap();
        let call = phone.incoming().await;
        phone.ua.reject(call.dialog, status, reason).await.unwrap();
        let told = expect!(switch.events, ServerEvent::Failed { dialog, status, reason } if dialog == there => (status, reason));
        assert_eq!(told, (status, reason.to_owned()));
    }
    let there = switch.server.invite("metro-1", OFFER, Headers::new()).await.unwrap();
    let call = phone.incoming().await;
    assert!(matches!(phone.ua.reject(call.dialog, 200, "OK").await, Err(SipError::BadInput(_))));
    phone.ua.hang_up(call.dialog).await.unwrap();
    let status = expect!(switch.events, ServerEvent::Failed { dialog, status, .. } if dialog == there => status);
    assert_eq!(status, 603);
}

#[tokio::test]
async fn the_session_is_changed_from_either_side() {
    let mut switch = Switch::start().await;
    let mut phone = Phone::registered(&switch, "metro-1").await;
    let (here, there) = phone.established(&mut switch).await;
    for round in 0..3 {
        let (hold, held) =
            (format!("v=0\r\ns=hold{round}\r\n"), format!("v=0\r\ns=held{round}\r\n"));
        let asked = tokio::spawn({
            let (ua, hold) = (phone.ua.clone(), hold.clone());
            async move { ua.reoffer(here, &hold).await }
        });
        expect!(switch.events, ServerEvent::Reoffer { dialog, sdp } if dialog == there => assert_eq!(sdp, hold));
        switch.server.accept_reoffer(there, &held).await.unwrap();
        assert_eq!(soon("the answer", asked).await.unwrap().unwrap(), held);
        let asked = tokio::spawn({
            let (server, hold) = (switch.server.clone(), hold.clone());
            async move { server.reoffer(there, &hold).await }
        });
        expect!(phone.events, UaEvent::Reoffer { dialog, sdp } if dialog == here => assert_eq!(sdp, hold));
        phone.ua.accept_reoffer(here, &held).await.unwrap();
        assert_eq!(soon("the answer", asked).await.unwrap().unwrap(), held);
    }
    // One whose call ends meanwhile gets a clear error.
    let asked = tokio::spawn({
        let ua = phone.ua.clone();
        async move { ua.reoffer(here, OFFER).await }
    });
    expect!(switch.events, ServerEvent::Reoffer { .. } => ());
    switch.server.hang_up(there, None).await.unwrap();
    assert!(soon("the error", asked).await.unwrap().is_err());
    expect!(phone.events, UaEvent::Ended { dialog, by_remote: true, .. } if dialog == here => ());
}
