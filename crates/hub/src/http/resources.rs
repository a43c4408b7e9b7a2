//! Plugins, cases, recordings, health.

use super::{Shared, error::Failure};
use crate::actor::Inbox;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use siaga_hub_api::{ErrorCode, PluginRelease, RecordingInfo};
use siaga_hub_store::RecordingRecord;
use siaga_model::{Case, CaseNumber, Level, UnitId};

/// How many cases or recordings a list has.
const LISTED: u32 = 100;

pub(super) async fn plugins(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Vec<PluginRelease>>, Failure> {
    shared.authorized(&headers).await?;
    Ok(Json(shared.0.rules.releases()))
}

pub(super) async fn plugin(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    shared.authorized(&headers).await?;
    let rules = &shared.0.rules;
    let plugin = rules.plugins.iter().map(|plugin| (plugin, "application/wasm"));
    let gazetteer = rules.gazetteer.iter().map(|file| (file, "application/octet-stream"));
    let (asset, sort) = plugin
        .chain(gazetteer)
        .find(|(asset, _)| asset.release.sha256 == sha256)
        .ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such plugin"))?;
    // The address is the hash of the bytes, so they never change.
    let headers = [(CONTENT_TYPE, sort), (CACHE_CONTROL, "private, immutable, max-age=31536000")];
    Ok((headers, asset.bytes.clone()).into_response())
}

pub(super) async fn cases(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Vec<Case>>, Failure> {
    let who = shared.authorized(&headers).await?;
    let mut cases = shared.0.store.cases(LISTED).await?;
    cases.retain(|case| may_see(&who, case));
    Ok(Json(cases))
}

pub(super) async fn case(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Case>, Failure> {
    let who = shared.authorized(&headers).await?;
    let number: CaseNumber =
        number.parse().map_err(|_| Failure::new(ErrorCode::Malformed, "not a case number"))?;
    let case = shared.0.store.case(&number).await?;
    let case = case.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such case"))?;
    if may_see(&who, &case) {
        Ok(Json(case))
    } else {
        Err(Failure::new(ErrorCode::NotAllowed, "another unit's case"))
    }
}

pub(super) async fn recordings(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Vec<RecordingInfo>>, Failure> {
    let (_, level) = shared.authorized(&headers).await?;
    if level < Level::Polda {
        return Err(Failure::new(ErrorCode::NotAllowed, "for seats of a Polda and above"));
    }
    let recordings = shared.0.store.recordings(None, LISTED).await?;
    Ok(Json(recordings.into_iter().map(info).collect()))
}

pub(super) async fn health(
    State(shared): State<Shared>,
) -> Result<Json<serde_json::Value>, Failure> {
    let calls = shared.ask(|reply| Inbox::LiveCalls { reply }).await?;
    shared.0.store.events(0, 1).await?;
    Ok(Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "switch": shared.0.switch.name(),
        "calls": calls,
    })))
}

/// Whether the one task that decides takes its messages. Not whether it can store: callers are better
/// off with a hub that cannot.
pub(super) async fn alive(State(shared): State<Shared>) -> Result<StatusCode, Failure> {
    shared.ask(|reply| Inbox::LiveCalls { reply }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn nothing_here() -> (StatusCode, Failure) {
    (StatusCode::NOT_FOUND, Failure::new(ErrorCode::NotFound, "nothing is here"))
}

/// A Polda sees all of its cases, a unit below it those for which it is responsible.
fn may_see((unit, level): &(UnitId, Level), case: &Case) -> bool {
    *level >= Level::Polda || case.unit.as_ref() == Some(unit)
}

pub(super) fn info(record: RecordingRecord) -> RecordingInfo {
    let name = std::path::Path::new(&record.file).file_name();
    RecordingInfo {
        call: record.call,
        number: record.number,
        file: name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        starts_at: record.starts_at,
        seconds: record.seconds,
        channels: record.channels,
        sha256: record.sha256,
    }
}
