//! Figures of a span, from the event log alone.

use super::{Shared, error::Failure};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use siaga_call_flow::figures::{Place, Quarter, Spread, Work};
use siaga_call_flow::{Figures, FlowEvent};
use siaga_hub_api::{
    ANSWER_WITHIN, AbandonedInfo, ErrorCode, FiguresInfo, QuarterInfo, SpreadInfo, WorkInfo,
};
use siaga_hub_store::{Store, StoreError};
use siaga_model::{CallId, Level, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest span: it is held in memory while it is read.
const LONGEST: Duration = Duration::from_secs(8 * 86_400);
/// How many events are read at once.
const PAGE: u32 = 1_000;

/// Half open: `from` belongs to it, `to` does not.
#[derive(Debug, Deserialize)]
pub(super) struct Span {
    from: Timestamp,
    to: Timestamp,
}

pub(super) async fn figures(
    State(shared): State<Shared>,
    headers: HeaderMap,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<FiguresInfo>, Failure> {
    let (_, level) = shared.authorized(&headers).await?;
    if level < Level::Polda {
        return Err(Failure::new(ErrorCode::NotAllowed, "for seats of a Polda and above"));
    }
    let Query(span) = span.map_err(|_| Failure::new(ErrorCode::Malformed, "from and to"))?;
    if span.to <= span.from || span.to.since(span.from) > LONGEST {
        return Err(Failure::new(ErrorCode::OutOfRange, "to"));
    }
    let store = &*shared.0.store;
    // Who belongs where when the span begins: the log says it only when it changes.
    let units = shared.0.seats.iter().map(|seat| {
        let (unit, seat) = (seat.unit.clone(), seat.id.clone());
        (span.from, FlowEvent::SeatUnit { seat, unit })
    });
    let events: Vec<_> = units.chain(events_of(store, &span).await?).collect();
    let counted = tokio::task::spawn_blocking(move || Figures::of(events)).await;
    let figures = counted.map_err(|error| {
        tracing::error!(%error, "figures could not be counted");
        Failure::new(ErrorCode::Internal, "figures could not be counted")
    })?;
    Ok(Json(info(&span, &figures)))
}

/// What happened in the span about calls that began in it, and to seats.
async fn events_of(
    store: &dyn Store,
    span: &Span,
) -> Result<Vec<(Timestamp, FlowEvent)>, StoreError> {
    let mut after = last_before(store, span.from).await?;
    let mut events = Vec::new();
    let mut begun: BTreeSet<CallId> = BTreeSet::new();
    loop {
        let page = store.events(after, PAGE).await?;
        for stored in &page {
            after = stored.seq;
            let at = stored.event.at;
            if at < span.from || at >= span.to {
                continue;
            }
            // Events of the hub itself do not read as events of the flow.
            let Ok(event) = serde_json::from_str::<FlowEvent>(&stored.event.body) else { continue };
            if let FlowEvent::CallerArrived { call, .. } | FlowEvent::CallBackStarted { call, .. } =
                &event
            {
                begun.insert(*call);
            }
            if stored.event.call.is_none_or(|call| begun.contains(&call)) {
                events.push((at, event));
            }
        }
        let is_last = page.len() < PAGE as usize;
        // The clock may be set back between two hubs, by seconds: those behind are read too.
        let is_over = page.last().is_some_and(|last| last.event.at > span.to + SET_BACK);
        if is_last || is_over {
            return Ok(events);
        }
    }
}

/// How far the clock of a hub may be set back when it starts again.
const SET_BACK: Duration = Duration::from_secs(3_600);

/// The sequence number after which the span begins: the log is in order of time.
async fn last_before(store: &dyn Store, from: Timestamp) -> Result<u64, StoreError> {
    let from = Timestamp(from.0.saturating_sub(i64::try_from(SET_BACK.as_millis()).unwrap_or(0)));
    let is_before = async |after: u64| -> Result<bool, StoreError> {
        let next = store.events(after, 1).await?;
        Ok(next.first().is_some_and(|event| event.event.at < from))
    };
    // Doubling finds an upper bound, halving the place: about 50 reads in a log of any size.
    let mut high = 1;
    while is_before(high).await? {
        high *= 2;
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle).await? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn info(span: &Span, figures: &Figures) -> FiguresInfo {
    let (called_back, reached) = figures.called_back();
    FiguresInfo {
        from: span.from,
        to: span.to,
        arrived: figures.arrived(),
        answered: figures.answered(),
        in_time: figures.answered_within(ANSWER_WITHIN),
        abandoned: AbandonedInfo {
            waiting: figures.abandoned(Place::Waiting),
            talking: figures.abandoned(Place::Talking),
            transferring: figures.abandoned(Place::Transferring),
        },
        cut_off: figures.cut_off(),
        called_back,
        reached,
        waiting: figures.waiting().map(spread),
        waiting_again: figures.waiting_again().map(spread),
        rang_out: figures.rang_out,
        refused: figures.refused,
        transfers: figures.transfers,
        transferred: figures.transferred,
        reclaimed: figures.reclaimed.clone(),
        requeued: figures.requeued.clone(),
        silence_checks: figures.silence_checks,
        signs: figures.signs,
        seats: figures.seats.iter().map(|(seat, work)| (seat.clone(), done(work))).collect(),
        units: figures.units.iter().map(|(unit, work)| (unit.clone(), done(work))).collect(),
        quarters: figures.quarters(span.from, span.to).into_iter().map(quarter).collect(),
    }
}

fn quarter(quarter: Quarter) -> QuarterInfo {
    let Quarter { from, reports, not_reports, unanswered, open } = quarter;
    QuarterInfo { from, reports, not_reports, unanswered, open }
}

fn spread(spread: Spread) -> SpreadInfo {
    SpreadInfo {
        count: spread.count,
        p50_ms: millis(spread.p50),
        p90_ms: millis(spread.p90),
        max_ms: millis(spread.max),
    }
}

fn done(work: &Work) -> WorkInfo {
    WorkInfo {
        answered: work.answered,
        taken_over: work.taken_over,
        rang_out: work.rang_out,
        talk_ms: millis(work.talk),
        after_call_ms: millis(work.after_call),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
