//! Registration: digests, wrong secrets, expiry, replacement.

use crate::expect;
use crate::harness::*;
use siaga_model::Redacted;
use siaga_sip::{Ha1s, ServerEvent, UaEvent, UnregisteredBy};

#[tokio::test]
async fn a_seat_registers_and_takes_it_back_on_closing() {
    let mut switch = Switch::start().await;
    let phone = Phone::registered(&switch, "metro-1").await;
    let (user, agent) = expect!(switch.events, ServerEvent::Registered { user, user_agent, .. } => (user, user_agent));
    assert_eq!((user.as_str(), agent.as_deref()), ("metro-1", Some("Phone")));
    assert!(switch.server.is_registered("metro-1").await);
    soon("closing", phone.ua.close()).await;
    let why =
        expect!(switch.events, ServerEvent::Unregistered { user, why } if user == "metro-1" => why);
    assert_eq!(why, UnregisteredBy::Removed);
    assert!(!switch.server.is_registered("metro-1").await);
}

/// A client that speaks MD5 only picks the second challenge; ours always picks SHA-256, so the
/// wire is driven by hand here.
#[tokio::test]
async fn both_algorithms_are_offered_and_md5_is_taken() {
    let switch = Switch::start().await;
    switch.account("asing", "kunci").await;
    let mut raw = Raw::connect(switch.server.local_addr()).await;
    let register = |cseq: u32, authorization: &str| {
        format!(
            "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK{cseq}\r\n\
             From: <sip:asing@{REALM}>;tag=a\r\nTo: <sip:asing@{REALM}>\r\nCall-ID: r1\r\n\
             CSeq: {cseq} REGISTER\r\nContact: <sip:q@x.invalid;transport=ws>;expires=120\r\n\
             {authorization}Content-Length: 0\r\n\r\n"
        )
    };
    assert!(raw.send(register(1, "")).await);
    let challenge = raw.receive().await.expect("401");
    let values: Vec<&str> =
        challenge.lines().filter(|l| l.starts_with("WWW-Authenticate:")).collect();
    assert!(values[0].contains("algorithm=SHA-256") && values[1].contains("algorithm=MD5"));
    let nonce =
        values[1].split("nonce=\"").nth(1).and_then(|r| r.split('"').next()).expect("nonce");
    let md5 = |text: String| {
        use md5::Digest as _;
        hex::encode(md5::Md5::digest(text))
    };
    let (ha1, ha2) = (md5(format!("asing:{REALM}:kunci")), md5(format!("REGISTER:sip:{REALM}")));
    let response = md5(format!("{ha1}:{nonce}:00000001:cc:auth:{ha2}"));
    let proof = format!(
        "Authorization: Digest algorithm=MD5, username=\"asing\", realm=\"{REALM}\", \
         nonce=\"{nonce}\", uri=\"sip:{REALM}\", response=\"{response}\", qop=auth, \
         cnonce=\"cc\", nc=00000001\r\n"
    );
    assert!(raw.send(register(2, &proof)).await);
    let reply = raw.receive().await.expect("200");
    assert!(reply.starts_with("SIP/2.0 200 "), "{reply}");
    assert!(reply.contains("Contact: <sip:q@x.invalid;transport=ws>;expires=120"), "{reply}");
    // The same proof again is a replay.
    assert!(raw.send(register(3, &proof)).await);
    let reply = raw.receive().await.expect("401");
    assert!(reply.starts_with("SIP/2.0 401 ") && reply.contains("stale=true"), "{reply}");
    // A strict account takes no MD5.
    let strict = Ha1s::of("asing", REALM, &Redacted::new("kunci".to_owned())).sha256_only();
    switch.server.set_account("asing", strict).await.unwrap();
    let proof = proof.replace("nc=00000001", "nc=00000002");
    assert!(raw.send(register(4, &proof)).await);
    assert_eq!(raw.status().await, "SIP/2.0 403 Wrong User Or Secret");
}

#[tokio::test]
async fn a_wrong_secret_is_refused_clearly_and_the_right_one_works_later() {
    let mut switch = Switch::start().await;
    switch.account("metro-1", "benar").await;
    let server = switch.server.local_addr();
    let mut wrong = Phone::start(config(server, "metro-1", Some("salah")));
    let refusal =
        expect!(wrong.events, UaEvent::RegistrationFailed { status, reason } => (status, reason));
    assert_eq!(refusal, (403, "Wrong User Or Secret".to_owned()));
    let what = expect!(switch.events, ServerEvent::Rejected { what, .. } => what);
    assert_eq!(what, "Wrong User Or Secret");
    assert!(!switch.server.is_registered("metro-1").await);
    let mut unknown = Phone::start(config(server, "nobody", Some("salah")));
    let refusal = expect!(unknown.events, UaEvent::RegistrationFailed { status, .. } => status);
    assert_eq!(refusal, 403);
    let mut right = Phone::start(config(server, "metro-1", Some("benar")));
    expect!(right.events, UaEvent::Registered { .. } => ());
    // Given the secret that the first one has, it gets in by trying again.
    switch.account("metro-1", "salah").await;
    expect!(wrong.events, UaEvent::Registered { .. } => ());
}

#[tokio::test]
async fn a_seat_registers_over_tls_of_a_private_authority() {
    let (tls, roots) = private_tls();
    let mut switch = Switch::with(|cfg| cfg.tls = Some(tls)).await;
    switch.account("metro-1", "benar").await;
    let server = switch.server.local_addr();
    let mut cfg = config(server, "metro-1", Some("benar"));
    cfg.ws_url = format!("wss://localhost:{}/", server.port()).parse().unwrap();
    let mut distrustful = Phone::start(cfg.clone());
    expect!(distrustful.events, UaEvent::Reconnecting { .. } => ());
    cfg.tls_roots = Some(roots);
    let mut phone = Phone::start(cfg);
    expect!(phone.events, UaEvent::Registered { .. } => ());
    let here = phone.established(&mut switch).await.0;
    phone.ua.hang_up(here).await.unwrap();
    expect!(switch.events, ServerEvent::Ended { by_remote: true, .. } => ());
}

#[tokio::test]
async fn a_removed_account_is_called_no_more() {
    let mut switch = Switch::start().await;
    let _phone = Phone::registered(&switch, "metro-1").await;
    switch.server.remove_account("metro-1").await.unwrap();
    expect!(switch.events, ServerEvent::Unregistered { why: UnregisteredBy::Removed, .. } => ());
    let error = switch.server.invite("metro-1", OFFER, Default::default()).await.unwrap_err();
    assert!(matches!(error, siaga_sip::SipError::NotRegistered { user } if user == "metro-1"));
}

/// The training telephones that are called back.
#[tokio::test]
async fn a_telephone_registers_under_its_number_and_is_rung() {
    let mut switch = Switch::start().await;
    let (mut abroad, mut home) = (
        Phone::registered(&switch, "+6281200010002").await,
        Phone::registered(&switch, "081200010002").await,
    );
    for (user, phone) in [("+6281200010002", &mut abroad), ("081200010002", &mut home)] {
        let there = switch.server.invite(user, OFFER, Default::default()).await.unwrap();
        let call = phone.incoming().await;
        assert_eq!(call.from_user.expose(), "110");
        phone.ua.answer(call.dialog, ANSWER).await.unwrap();
        expect!(switch.events, ServerEvent::Answered { dialog, .. } if dialog == there => ());
    }
    // And calls 110 with its number, which the switch then knows to be its own.
    abroad.dial("110").await;
    let leg = switch.incoming().await;
    assert_eq!(leg.authenticated.as_deref(), Some("+6281200010002"));
    assert_eq!(leg.from_user.expose(), "+6281200010002");
}

#[tokio::test]
async fn an_account_name_that_fits_into_no_uri_is_refused() {
    let switch = Switch::start().await;
    let secrets = || Ha1s::of("x", REALM, &Redacted::new("x".to_owned()));
    for name in ["", "a b", "a@b", "a:b", "a;b", "<a>", "a\r\nb", "é", &"9".repeat(65)] {
        let refused = switch.server.set_account(name, secrets()).await;
        assert!(matches!(refused, Err(siaga_sip::SipError::BadInput(_))), "{name:?}");
    }
}
