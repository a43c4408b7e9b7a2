//! Lists, searches, what is known around a call, and how likely a unit takes a transfer.

use super::{Shared, error::Failure, token};
use crate::actor::Inbox;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use siaga_hub_api::{
    AboutCall, CaseList, CasesQuery, EarlierCall, ErrorCode, HISTORY_DAYS, Reputation, SEARCH_TEXT,
    SearchList, SearchQuery, UnitOdds,
};
use siaga_hub_store::{TransferEnd, TransferRecord};
use siaga_model::{CallId, Disposition, Level, NotReport, Timestamp, UnitId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Earlier calls of a number that are told.
const EARLIER: u32 = 50;
/// Calls of a number that are counted.
const COUNTED: u32 = 1_000;
/// How far back reports may be about the same.
const SIMILAR_WITHIN: Duration = Duration::from_secs(2 * 3_600);
/// How many of them are told.
const SIMILAR: u32 = 5;
/// How far back plugins look for the same event.
const RECENT_WITHIN: Duration = Duration::from_secs(86_400);
/// Reports that they are given; a host passes no more on.
const RECENT: u32 = 50;
/// How far back transfers say something about a unit.
const ODDS_WITHIN: Duration = Duration::from_secs(30 * 86_400);
/// Fewer than this say nothing.
const SAMPLES: usize = 20;

fn asked<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Failure> {
    let body = body.map_err(|_| Failure::new(ErrorCode::TooLarge, "the body of a question"))?;
    // Not serde's own text: it may quote what is searched for.
    serde_json::from_slice(&body).map_err(|error| {
        let place = format!("{:?} error at column {}", error.classify(), error.column());
        Failure::new(ErrorCode::Malformed, place)
    })
}

pub(super) async fn case_list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CaseList>, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let query: CasesQuery = asked(body)?;
    let store = &shared.0.store;
    Ok(Json(store.case_list(&query, visitor.sees_only(), &visitor.seat).await?))
}

pub(super) async fn search(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SearchList>, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let query: SearchQuery = asked(body)?;
    if query.text.expose().chars().count() > SEARCH_TEXT {
        return Err(Failure::new(ErrorCode::OutOfRange, "text"));
    }
    Ok(Json(shared.0.store.search(&query, visitor.sees_only()).await?))
}

pub(super) async fn about(
    State(shared): State<Shared>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Result<Json<AboutCall>, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let call: CallId =
        call.parse().map_err(|_| Failure::new(ErrorCode::Malformed, "not a call"))?;
    let token = token(&headers)?;
    let may = visitor.level >= Level::Polda
        || shared.ask(|reply| Inbox::IsShown { token, call, reply }).await?;
    if !may {
        return Err(Failure::new(ErrorCode::NotAllowed, "another unit's call"));
    }
    let store = &shared.0.store;
    let live = shared.ask(|reply| Inbox::Facts { call, reply }).await?;
    let facts = match live {
        Some(facts) => Some(facts),
        None => store.call(call).await?,
    };
    let facts = facts.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such call"))?;
    let now = shared.0.clock.now();
    let today = local_day(now, shared.0.utc_offset_min);
    let first_day = today - HISTORY_DAYS as i64 + 1;
    let since = Timestamp(first_day * DAY_MS - i64::from(shared.0.utc_offset_min) * 60_000);
    let mut earlier = match facts.caller.key() {
        Some(number) => store.calls_of(&number, since, COUNTED).await?,
        None => Vec::new(),
    };
    let mut days = vec![0; HISTORY_DAYS];
    for made in &earlier {
        let day = local_day(made.at, shared.0.utc_offset_min) - first_day;
        if let Some(count) = usize::try_from(day).ok().and_then(|day| days.get_mut(day)) {
            *count += 1;
        }
    }
    earlier.retain(|made| made.call != call);
    let reputation = reputation(&earlier);
    earlier.truncate(EARLIER as usize);
    let two_hours_ago = before(now, SIMILAR_WITHIN);
    let mut similar = store.similar(call, two_hours_ago, SIMILAR).await?;
    if let Some(unit) = visitor.sees_only() {
        similar.retain(|report| report.case.unit.as_ref() == Some(unit));
    }
    let recent =
        store.recent(call, before(now, RECENT_WITHIN), visitor.sees_only(), RECENT).await?;
    Ok(Json(AboutCall { earlier, days, reputation, similar, recent }))
}

const DAY_MS: i64 = 86_400_000;

/// Days since the epoch where the hub stands.
fn local_day(at: Timestamp, utc_offset_min: i32) -> i64 {
    (at.0 + i64::from(utc_offset_min) * 60_000).div_euclid(DAY_MS)
}

fn local_hour(at: Timestamp, utc_offset_min: i32) -> i64 {
    (at.0 + i64::from(utc_offset_min) * 60_000).rem_euclid(DAY_MS) / 3_600_000
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// What earlier calls say of a number.
fn reputation(earlier: &[EarlierCall]) -> Reputation {
    let mut told = Reputation { calls: earlier.len() as u32, ..Reputation::default() };
    for call in earlier {
        match &call.disposition {
            Some(Disposition::NotReport { reason: NotReport::Prank }) => told.pranks += 1,
            Some(Disposition::NotReport { reason: NotReport::Silent | NotReport::RingOnce }) => {
                told.empty += 1;
            }
            Some(
                Disposition::HandledByUnit { .. }
                | Disposition::ForwardedToUnit { .. }
                | Disposition::HandledHere,
            ) => told.reports += 1,
            Some(
                Disposition::NotReport { reason: NotReport::Misdial | NotReport::Test }
                | Disposition::Information
                | Disposition::Abandoned
                | Disposition::NotReached,
            )
            | None => {}
        }
    }
    told.often_prank = told.pranks >= 3 && told.pranks > told.reports;
    told
}

pub(super) async fn odds(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Vec<UnitOdds>>, Failure> {
    shared.visitor(&headers).await?;
    let now = shared.0.clock.now();
    let transfers = shared.0.store.transfers(before(now, ODDS_WITHIN), now).await?;
    Ok(Json(odds_at(now, shared.0.utc_offset_min, transfers)))
}

/// How units took transfers at this hour of the day.
fn odds_at(now: Timestamp, utc_offset_min: i32, transfers: Vec<TransferRecord>) -> Vec<UnitOdds> {
    let hour = local_hour(now, utc_offset_min);
    let mut units: BTreeMap<UnitId, (usize, usize, Vec<u64>)> = BTreeMap::new();
    for transfer in transfers {
        if local_hour(transfer.at, utc_offset_min) != hour {
            continue;
        }
        let (samples, taken, answers) = units.entry(transfer.unit).or_default();
        match transfer.end {
            TransferEnd::Withdrawn => continue,
            TransferEnd::Taken => *taken += 1,
            TransferEnd::NotTaken => {}
        }
        *samples += 1;
        answers.extend(transfer.answered_at.map(|at| at.since(transfer.at).as_secs()));
    }
    let odds = units.into_iter().map(|(unit, (samples, taken, mut answers))| {
        answers.sort_unstable();
        let enough = samples >= SAMPLES;
        let usual = answers.get(answers.len() / 2).filter(|_| enough);
        UnitOdds {
            unit,
            samples: u32::try_from(samples).unwrap_or(u32::MAX),
            percent: enough.then(|| u8::try_from(taken * 100 / samples).unwrap_or(100)),
            usual_s: usual.map(|seconds| u32::try_from(*seconds).unwrap_or(u32::MAX)),
        }
    });
    odds.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(disposition: Option<Disposition>) -> EarlierCall {
        EarlierCall {
            call: CallId::from_parts(1, 1),
            at: Timestamp(1),
            number: None,
            kind: String::new(),
            place: Default::default(),
            disposition,
        }
    }

    #[test]
    fn a_number_is_said_to_be_a_prank_only_by_several_and_more_than_its_reports() {
        let prank = || call(Some(Disposition::NotReport { reason: NotReport::Prank }));
        let report = || call(Some(Disposition::HandledHere));
        assert!(!reputation(&[prank(), prank()]).often_prank);
        assert!(reputation(&[prank(), prank(), prank(), report()]).often_prank);
        assert!(
            !reputation(&[prank(), prank(), prank(), report(), report(), report()]).often_prank
        );
        let quiet = reputation(&[call(None), call(Some(Disposition::Information))]);
        assert_eq!((quiet.calls, quiet.empty, quiet.reports), (2, 0, 0));
    }

    #[test]
    fn odds_need_twenty_samples_of_this_hour_that_say_something() {
        let unit: UnitId = "pmj.depok".parse().unwrap();
        let hour = 3_600_000;
        // 03.00 in Jakarta is 20.00 UTC of the day before.
        let now = Timestamp(20 * hour + 30 * DAY_MS);
        let transfer = |day: i64, end| TransferRecord {
            at: Timestamp(20 * hour + day * DAY_MS + 60_000),
            unit: unit.clone(),
            answered_at: (end == TransferEnd::Taken)
                .then_some(Timestamp(20 * hour + day * DAY_MS + 63_000)),
            end,
        };
        let mut transfers: Vec<_> = (0..15).map(|day| transfer(day, TransferEnd::Taken)).collect();
        transfers.extend((15..19).map(|day| transfer(day, TransferEnd::NotTaken)));
        transfers.push(transfer(20, TransferEnd::Withdrawn));
        let other_hour = TransferRecord { at: Timestamp(5 * hour), ..transfers[0].clone() };
        transfers.push(other_hour);
        let told = odds_at(now, 420, transfers.clone());
        assert_eq!((told[0].samples, told[0].percent, told[0].usual_s), (19, None, None));
        transfers.push(transfer(21, TransferEnd::NotTaken));
        let told = odds_at(now, 420, transfers);
        assert_eq!((told[0].samples, told[0].percent, told[0].usual_s), (20, Some(75), Some(3)));
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_hub_stands() {
        assert_eq!(local_day(Timestamp(17 * 3_600_000 - 1), 420), 0);
        assert_eq!(local_day(Timestamp(17 * 3_600_000), 420), 1);
        assert_eq!(local_hour(Timestamp(17 * 3_600_000), 420), 0);
    }
}
