//! Voice and keys in the codecs of the telephone network, as a PBX asks for them.

use siaga_media::{MediaConfig, MediaEvent, MediaSession};

use crate::party::{Party, connected, likeness};

/// The offer of a PBX whose caller has this codec: its payload types alone, in its order.
fn offering(offer: &str, formats: &str) -> String {
    let all = "RTP/SAVPF 111 9 8 0 110 101";
    assert!(offer.contains(all), "{offer}");
    offer.replace(all, &format!("RTP/SAVPF {formats}"))
}

async fn connected_by(formats: &str) -> (Party, Party, String) {
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    let (b, answer) = MediaSession::answer(MediaConfig::loopback(), &offering(&offer, formats))
        .await
        .expect("an answer");
    a.accept_answer(&answer).await.expect("the answer is taken");
    let (mut a, mut b) = (Party::start(a, 1), Party::start(b, 2));
    a.wait(&MediaEvent::Connected).await;
    b.wait(&MediaEvent::Connected).await;
    (a, b, answer)
}

/// How well the two of a call hear each other by the worse ear, and how well one hears itself.
struct Likeness {
    theirs: f32,
    mine: f32,
}

/// A call in these formats, with a key and two seconds of voice both ways.
async fn call_in(formats: &str, chosen: &str, name: &str) -> Likeness {
    let (mut a, mut b, answer) = connected_by(formats).await;
    assert!(answer.contains(&format!("RTP/SAVPF {chosen}\r\n")), "{answer}");
    a.session.send_dtmf('5').expect("the peer takes digits");
    b.wait(&MediaEvent::Dtmf('5')).await;
    a.hears(100).await;
    b.hears(100).await;
    let mut found = Likeness { theirs: 1.0, mine: 0.0 };
    for (me, other) in [(&a, &b), (&b, &a)] {
        let heard = me.tape.lock().unwrap().heard.clone();
        found.theirs = found.theirs.min(likeness(&other.tape.lock().unwrap().said, &heard));
        found.mine = found.mine.max(likeness(&me.tape.lock().unwrap().said, &heard));
        assert_eq!(me.session.stats().codec, name);
    }
    a.end().await;
    b.end().await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_codec_of_the_telephone_network_carries_voice_and_keys_both_ways() {
    // G.722 hears the same each time, 0.859: its noise is in the voice's own bands.
    for (formats, chosen, name, least) in [
        ("8 111 0 9 101 110", "8 101", "PCMA", 0.88),
        ("0 101", "0 101", "PCMU", 0.88),
        ("9 8 101", "9 101", "G722", 0.85),
    ] {
        let mut found = call_in(formats, chosen, name).await;
        // Should a busy machine have torn it, it is said again.
        for _ in 0..2 {
            if found.theirs <= least {
                found = call_in(formats, chosen, name).await;
            }
        }
        let Likeness { theirs, mine } = found;
        println!("{name}: the other {theirs:.3}, itself {mine:.3}");
        assert!(theirs > least, "{name}: the other is heard at {theirs}");
        assert!(mine < theirs - 0.08, "{name}: an echo is heard at {mine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pbx_may_change_the_codec_in_the_middle_of_a_call() {
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    let (b, answer) = MediaSession::answer(MediaConfig::loopback(), &offering(&offer, "8 101"))
        .await
        .expect("an answer");
    a.accept_answer(&answer).await.expect("the answer is taken");
    let (mut a, mut b) = (Party::start(a, 1), Party::start(b, 2));
    a.hears(20).await;
    assert_eq!(a.session.stats().codec, "PCMA");
    for (formats, chosen, name) in [("9 101", "9 101", "G722"), ("111 110", "111 110", "opus")] {
        let answer = b.session.reoffer_in(&offering(&offer, formats)).await.expect("an answer");
        assert!(answer.contains(&format!("RTP/SAVPF {chosen}\r\n")), "{answer}");
        b.frames(10).await;
        a.hears(40).await;
        // The other end has not been asked to change, and is heard still.
        b.hears(20).await;
        assert_eq!((a.session.stats().codec, b.session.stats().codec), (name, "PCMA"));
    }
    a.end().await;
    b.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_ourselves_it_stays_opus() {
    let (mut a, b) = connected().await;
    a.hears(10).await;
    assert_eq!((a.session.stats().codec, b.session.stats().codec), ("opus", "opus"));
    a.end().await;
    b.end().await;
}
