//! Voice and keys through two sessions.

use siaga_media::{MediaConfig, MediaEvent, MediaSession};

use crate::party::{connected, likeness};

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_hear_each_other_and_not_themselves() {
    let (mut a, mut b) = connected().await;
    a.hears(100).await;
    b.hears(100).await;
    for (me, other) in [(&a, &b), (&b, &a)] {
        let heard = me.tape.lock().unwrap().heard.clone();
        let theirs = likeness(&other.tape.lock().unwrap().said, &heard);
        let mine = likeness(&me.tape.lock().unwrap().said, &heard);
        // A calm network gives 0.92: Opus at 24 kbit/s does not keep the wave better than that.
        assert!(theirs > 0.88, "the other is heard at {theirs}");
        assert!(mine < theirs - 0.08, "an echo is heard at {mine}");
    }
    let stats = a.session.stats();
    assert!(stats.packets_sent > 60 && stats.packets_received > 60, "{stats:?}");
    assert_eq!((stats.send_dropped, stats.events_dropped, stats.codec), (0, 0, "opus"));
    assert!(stats.last_packet_at.is_some());
    a.end().await;
    b.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_arrive_in_order_and_do_not_disturb_the_voice() {
    let (a, mut b) = connected().await;
    for digit in "110#".chars() {
        a.session.send_dtmf(digit).expect("the peer takes digits");
    }
    for digit in "110#".chars() {
        b.wait(&MediaEvent::Dtmf(digit)).await;
    }
    b.hears(40).await;
    let stats = b.session.stats();
    assert_eq!(stats.packets_lost, 0, "{stats:?}");
    a.end().await;
    b.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_offer_has_every_codec_opus_first_and_names_nothing_twice() {
    let (session, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    assert!(offer.contains("a=rtpmap:111 opus/48000/2\r\n"), "{offer}");
    assert!(offer.contains("useinbandfec=1;stereo=0;sprop-stereo=0\r\n"), "{offer}");
    assert!(offer.contains("a=rtpmap:110 telephone-event/48000\r\n"), "{offer}");
    let media = offer.lines().find(|l| l.starts_with("m=audio")).expect("audio");
    assert!(media.ends_with(" 111 9 8 0 110 101"), "{media}");
    for line in ["9 G722/8000", "8 PCMA/8000", "0 PCMU/8000", "101 telephone-event/8000"] {
        assert!(offer.contains(&format!("a=rtpmap:{line}\r\n")), "{offer}");
    }
    assert_eq!(offer.matches("m=").count(), 1, "{offer}");
    session.close().await;
    session.close().await;
}
