//! A relay between two sessions keeps itself in the path: it forwards from the very address it gave
//! the other side, so ICE never learns a shorter way. What it drops is therefore really lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use siaga_media::sdp::{candidates, with_candidate};
use siaga_media::{MediaConfig, MediaEvent, MediaSession};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::party::{Party, likeness};

/// First byte of RTP and RTCP (RFC 7983): 128 to 191; RTCP payload types are 192 to 223.
fn is_rtp(packet: &[u8]) -> bool {
    packet.len() > 12 && (128..192).contains(&packet[0]) && !(192..224).contains(&packet[1])
}

/// Forwards between two sockets, losing every `lose_every`th RTP packet (0: none).
struct Relay {
    /// Address that stands for the answerer, given to the offerer; and the other way round.
    for_offerer: SocketAddr,
    for_answerer: SocketAddr,
    passed: Arc<[AtomicU64; 2]>,
    lost: Arc<[AtomicU64; 2]>,
    tasks: Vec<JoinHandle<()>>,
}

impl Relay {
    async fn between(
        offerer: SocketAddr,
        answerer: Arc<std::sync::OnceLock<SocketAddr>>,
        lose_every: u64,
    ) -> Self {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port"));
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port"));
        let passed: Arc<[AtomicU64; 2]> = Arc::default();
        let lost: Arc<[AtomicU64; 2]> = Arc::default();
        let (for_offerer, for_answerer) =
            (near.local_addr().expect("bound"), far.local_addr().expect("bound"));
        let known = Arc::new(std::sync::OnceLock::from(offerer));
        let tasks = [(0, near.clone(), far.clone(), answerer), (1, far, near, known)]
            .map(|(way, from, to, target)| {
                let (passed, lost) = (Arc::clone(&passed), Arc::clone(&lost));
                tokio::spawn(async move {
                    let mut buffer = [0; 2048];
                    while let Ok((length, _)) = from.recv_from(&mut buffer).await {
                        let packet = &buffer[..length];
                        if is_rtp(packet) {
                            let count = passed[way].fetch_add(1, Ordering::Relaxed);
                            if lose_every > 0 && count % lose_every == lose_every - 1 {
                                lost[way].fetch_add(1, Ordering::Relaxed);
                                continue;
                            }
                        }
                        if let Some(target) = target.get() {
                            let _ = to.send_to(packet, target).await;
                        }
                    }
                })
            })
            .into();
        Self { for_offerer, for_answerer, passed, lost, tasks }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_media_passes_a_relay_between_the_candidates_and_its_loss_is_real() {
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("an offer");
    let answerer = Arc::new(std::sync::OnceLock::new());
    let relay = Relay::between(candidates(&offer)[0], Arc::clone(&answerer), 20).await;
    let (b, answer) =
        MediaSession::answer(MediaConfig::loopback(), &with_candidate(&offer, relay.for_answerer))
            .await
            .expect("an answer");
    answerer.set(candidates(&answer)[0]).expect("set once");
    a.accept_answer(&with_candidate(&answer, relay.for_offerer)).await.expect("taken");
    let (mut a, mut b) = (Party::start(a, 5), Party::start(b, 6));
    a.wait(&MediaEvent::Connected).await;
    b.wait(&MediaEvent::Connected).await;
    a.hears(120).await;
    b.hears(120).await;

    let said = a.tape.lock().unwrap().said.clone();
    let heard = b.tape.lock().unwrap().heard.clone();
    let close = likeness(&said, &heard);
    assert!(close > 0.85, "{close} at 5 % loss");
    let (sent_a, sent_b) = (a.session.clone(), b.session.clone());
    a.end().await;
    b.end().await;
    // Everything that was received came through the relay, and what it dropped never came.
    for (way, receiver, sender) in [(0, &sent_b, &sent_a), (1, &sent_a, &sent_b)] {
        let (received, sent) = (receiver.stats(), sender.stats());
        let passed = relay.passed[way].load(Ordering::Relaxed);
        let lost = relay.lost[way].load(Ordering::Relaxed);
        assert!(lost > 5 && passed <= sent.packets_sent, "{passed} {lost} {sent:?}");
        assert!(received.packets_received <= passed - lost, "a way around the relay was found");
        assert!(received.packets_received + 60 > passed - lost, "{received:?} of {passed}");
        assert!(received.packets_lost >= lost.saturating_sub(3), "{received:?} {lost}");
        assert!(received.fec_recovered > 0, "{received:?}");
    }
    for task in relay.tasks {
        task.abort();
    }
}
