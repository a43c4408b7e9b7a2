//! Figures are read from the event log, for those who answer for them.

use crate::world::{World, asks, seat, unit};
use siaga_call_flow::SwitchSaw;
use siaga_hub_api::{FIGURES_PATH, FiguresInfo, HubView, ToHub};
use siaga_model::{Disposition, LegCause, ReclaimCause};

#[tokio::test]
async fn figures_of_a_span_are_what_happened_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let polres = world.ready_desk("budi", "jaksel-1").await;
    let before = world.now();
    let from = siaga_model::Timestamp(before.0 + 1);
    // Answered, handed over in vain, closed.
    let call = loop {
        // The first call has to arrive in the span.
        if world.now() >= from {
            break world.answered_call(&mut polda).await;
        }
        tokio::task::yield_now().await;
    };
    polda.tell(ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None }).await;
    let leg = world.switch.rung(call, "jaksel-1").await;
    world.saw(SwitchSaw::Ended { leg, cause: LegCause::Busy }).await;
    let reclaimed = |view: &HubView| {
        view.call.as_ref().filter(|shown| format!("{:?}", shown.phase).contains("Busy")).map(drop)
    };
    polda.shows("the reclaim", reclaimed).await;
    let forwarded = Disposition::ForwardedToUnit { unit: unit("pmj.jaksel") };
    polda.tell(ToHub::Close { call, disposition: forwarded, note: String::new() }).await;
    // Hung up before anybody answered.
    polda.tell(ToHub::Pause).await;
    let abandoned = world.caller_from("081200001102").await;
    world.caller_hangs_up(abandoned).await;
    polda.shows("the entry", |view| (view.call_backs.len() == 1).then_some(())).await;
    polda.tell(ToHub::LeaseCases).await;

    let to = world.now().0 + 1;
    let mut stream = tokio::net::TcpStream::connect(world.hub.local_addr()).await.unwrap();
    let path = |from: i64, to: i64| format!("{FIGURES_PATH}?from={from}&to={to}");
    let token = polda.session.token.expose().clone();
    let (status, body) = asks(&mut stream, &path(from.0, to), &token).await.unwrap();
    assert_eq!(status, 200, "{body}");
    let figures: FiguresInfo = serde_json::from_str(&body).unwrap();
    assert_eq!((figures.arrived, figures.answered, figures.in_time), (2, 1, 1));
    // Both came within a moment, which may be on both sides of a quarter.
    let counts = figures.quarters.iter().fold([0; 4], |sum, quarter| {
        let own = [quarter.reports, quarter.not_reports, quarter.unanswered, quarter.open];
        std::array::from_fn(|kind| sum[kind] + own[kind])
    });
    assert_eq!(counts, [1, 0, 1, 0]);
    assert_eq!((figures.abandoned.waiting, figures.abandoned.talking), (1, 0));
    assert_eq!((figures.transfers, figures.transferred), (1, 0));
    assert_eq!(figures.reclaimed.get(&ReclaimCause::Busy), Some(&1));
    assert_eq!(figures.waiting.map(|spread| spread.count), Some(1));
    assert_eq!(figures.seats[&seat("pmj-1")].answered, 1);
    assert_eq!(figures.units[&unit("pmj")].answered, 1);
    // Nothing happened afterwards, and not everything can be asked, nor by everybody.
    let (_, body) = asks(&mut stream, &path(to, to + 1_000), &token).await.unwrap();
    let later: FiguresInfo = serde_json::from_str(&body).unwrap();
    assert_eq!((later.arrived, later.transfers), (0, 0));
    for (path, status) in
        [(path(to, from.0), 422), (path(0, to), 422), (format!("{FIGURES_PATH}?from=kemarin"), 400)]
    {
        assert_eq!(asks(&mut stream, &path, &token).await.unwrap().0, status, "{path}");
    }
    let theirs = polres.session.token.expose().clone();
    assert_eq!(asks(&mut stream, &path(from.0, to), &theirs).await.unwrap().0, 403);
    world.stop().await;
}
