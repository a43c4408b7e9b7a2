//! Bad descriptions: a clear error, and no other call notices.

use siaga_media::{MediaConfig, MediaError, MediaSession};

use crate::party::connected;

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_description_is_refused_and_running_calls_go_on() {
    let (mut a, mut b) = connected().await;

    let garbage = MediaSession::answer(MediaConfig::loopback(), "INVITE me").await;
    assert!(matches!(garbage, Err(MediaError::Malformed { line: 1, .. })), "{garbage:?}");
    let (waiting, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    let plain = offer.replace("a=fingerprint:", "a=x-fingerprint:");
    let plain = MediaSession::answer(MediaConfig::loopback(), &plain).await;
    assert!(matches!(plain, Err(MediaError::NoFingerprint)), "{plain:?}");
    let foreign = offer.replace("111 9 8 0 110 101", "18 110 101");
    let foreign = MediaSession::answer(MediaConfig::loopback(), &foreign).await;
    assert!(matches!(foreign, Err(MediaError::NoCommonCodec)), "{foreign:?}");
    let nonsense = offer.replace("sha-256 ", "sha-256 zz:");
    if let Ok((session, _)) = MediaSession::answer(MediaConfig::loopback(), &nonsense).await {
        // The fingerprint is compared when DTLS runs, so this one fails there, never here.
        session.close().await;
    }

    // On the running session itself a wrong re-offer changes nothing either.
    let wrong = b.session.reoffer_in("v=0\r\ns=-\r\n").await;
    assert!(matches!(wrong, Err(MediaError::NoAudio)), "{wrong:?}");
    let unasked = b.session.accept_answer(&offer).await;
    assert!(matches!(unasked, Err(MediaError::Refused { .. })), "{unasked:?}");

    a.hears(30).await;
    b.hears(30).await;
    waiting.close().await;
    a.end().await;
    b.end().await;
}

/// An offer without `a=mid` is refused only after the WebRTC stack has been made for it, and that
/// stack has a task and a socket of its own.
#[tokio::test]
async fn refused_offers_leave_no_task_and_no_socket_behind() {
    let (peer, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    peer.close().await;
    let without_mid: String =
        offer.split_inclusive('\n').filter(|line| !line.starts_with("a=mid")).collect();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    settles(|| tasks() == 0).await;
    for _ in 0..20 {
        let refused = MediaSession::answer(MediaConfig::loopback(), &without_mid).await;
        assert!(refused.is_err(), "an offer without a=mid was taken");
    }
    settles(|| tasks() == 0).await;
}

async fn settles(is_so: impl Fn() -> bool) {
    let settled = async {
        while !is_so() {
            tokio::time::sleep(siaga_media::FRAME_DURATION).await;
        }
    };
    let within = std::time::Duration::from_secs(30);
    tokio::time::timeout(within, settled).await.expect("what was refused is given back");
}
