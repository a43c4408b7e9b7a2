//! One hop: two media sessions that talk to each other, with nothing between or a bad network.

use super::chirp::{Chirps, Delays, LONGEST, Sweep};
use super::{PATIENCE, SETTLING};
use crate::sound::{Ear, Speaker};
use anyhow::Context;
use siaga_media::{FRAME_DURATION, Frame, MediaConfig, MediaSession};
use siaga_testkit::{LinkModel, LossyRelay, reroute};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How far the ticks of the two ends lie apart, in quarters of a frame. A packet waits for the next
/// tick of its receiver, so the delay depends on it; two machines can have any.
const PHASES: [u32; 4] = [0, 1, 2, 3];

/// The delays of all phases and both directions.
pub(super) async fn measure(talk: Duration, link: Option<LinkModel>) -> anyhow::Result<Delays> {
    let pairs = PHASES.map(|phase| tokio::spawn(pair(phase, talk, link)));
    let mut all = Delays::default();
    for task in pairs {
        all.join(task.await.context("a hop broke off")??);
    }
    Ok(all)
}

async fn pair(phase: u32, talk: Duration, link: Option<LinkModel>) -> anyhow::Result<Delays> {
    let (a, offer) = MediaSession::offer(MediaConfig::loopback()).await?;
    let relay = match link {
        Some(model) => Some(LossyRelay::start(model, None, None).await?),
        None => None,
    };
    let offer = match &relay {
        Some(relay) => {
            let (offer, from) = reroute(&offer, relay.facing_b());
            relay.set_a(from.context("the offer has no address")?);
            offer
        }
        None => offer,
    };
    let (b, answer) = MediaSession::answer(MediaConfig::loopback(), &offer).await?;
    let answer = match &relay {
        Some(relay) => {
            let (answer, from) = reroute(&answer, relay.facing_a());
            relay.set_b(from.context("the answer has no address")?);
            answer
        }
        None => answer,
    };
    a.accept_answer(&answer).await?;

    let most = talk + SETTLING + PATIENCE;
    let (up, down) = (Chirps::new(Sweep::Up, most), Chirps::new(Sweep::Down, most));
    let (a, b) = (Arc::new(a), Arc::new(b));
    let (ear_a, ear_b) = (Ear::default(), Ear::default());
    let (stop, stopped) = watch::channel(false);
    let begin = tokio::time::Instant::now() + FRAME_DURATION;
    let ends = [
        (a.clone(), ear_a.clone(), Speaker::new(up.track()), begin),
        (b.clone(), ear_b.clone(), Speaker::new(down.track()), begin + FRAME_DURATION * phase / 4),
    ]
    .map(|(session, ear, speaker, begin)| {
        tokio::spawn(end(session, ear, speaker, begin, stopped.clone()))
    });
    let connected = async {
        while a.stats().packets_received == 0 || b.stats().packets_received == 0 {
            tokio::time::sleep(FRAME_DURATION).await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.context("the two ends do not connect")?;
    tokio::time::sleep(SETTLING).await;
    let from = Instant::now();
    tokio::time::sleep(talk).await;
    let until = Instant::now();
    tokio::time::sleep(LONGEST).await;
    stop.send_replace(true);
    for task in ends {
        task.await.context("an end of the hop broke off")?;
    }
    let (at_a, at_b) = (ear_a.heard(), ear_b.heard());
    let mut delays = Delays::default();
    delays.add(up.find(at_a.since, &at_b, from, until));
    delays.add(down.find(at_b.since, &at_a, from, until));
    a.close().await;
    b.close().await;
    Ok(delays)
}

/// Hears and speaks every 20 ms until told to stop.
async fn end(
    session: Arc<MediaSession>,
    ear: Ear,
    mut speaker: Speaker,
    begin: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval_at(begin, FRAME_DURATION);
    // The sound's time is counted in ticks.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !*stopped.borrow() {
        ticks.tick().await;
        ear.hear(&session.pull(Instant::now()).0);
        session.send(&Frame(speaker.next_frame()));
    }
}
