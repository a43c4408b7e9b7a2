//! What foreign clients do to a running session: hold, resume. The peer here is a session of the
//! WebRTC stack driven as a browser would, with descriptions rewritten by hand.

use siaga_media::{MediaConfig, MediaError, MediaEvent, MediaSession};

use crate::party::Party;

/// A peer's re-offer made of its last description: same ICE, same DTLS, another direction.
fn redirected(offer: &str, direction: &str) -> String {
    let bumped = offer
        .lines()
        .map(|line| {
            if ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"].contains(&line) {
                format!("a={direction}")
            } else if line.starts_with("a=setup:") {
                "a=setup:actpass".to_owned()
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>();
    bumped.join("\r\n") + "\r\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_holds_in_both_ways_and_is_answered_properly_and_resumes() -> Result<(), MediaError>
{
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await?;
    let (b, answer) = MediaSession::answer(MediaConfig::loopback(), &offer).await?;
    a.accept_answer(&answer).await?;
    let (mut a, mut b) = (Party::start(a, 3), Party::start(b, 4));
    a.wait(&MediaEvent::Connected).await;
    b.wait(&MediaEvent::Connected).await;
    b.hears(10).await;

    for (hold, answered) in [("sendonly", "a=recvonly"), ("inactive", "a=inactive")] {
        let answer = b.session.reoffer_in(&redirected(&offer, hold)).await?;
        assert!(answer.contains(answered), "{hold} is answered with\n{answer}");
        b.wait(&MediaEvent::RemoteHold(true)).await;
        let sent = b.session.stats().packets_sent;
        b.frames(20).await;
        assert_eq!(b.session.stats().packets_sent, sent, "nothing goes out while held");

        let answer = b.session.reoffer_in(&redirected(&offer, "sendrecv")).await?;
        assert!(answer.contains("a=sendrecv"), "resume is answered with\n{answer}");
        b.wait(&MediaEvent::RemoteHold(false)).await;
        a.hears(10).await;
        b.hears(10).await;
    }
    // 40 frames were held back: had the sequence run on, all of them would count as lost. One or
    // two may be on their way when the direction closes.
    let lost = a.session.stats().packets_lost;
    assert!(lost < 10, "{lost} packets lost: the sequence ran on while held");
    a.end().await;
    b.end().await;
    Ok(())
}
