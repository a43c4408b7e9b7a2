//! A case whole, and what was recorded of it.

use super::{Shared, error::Failure, resources};
use crate::actor::Inbox;
use crate::core::Visitor;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use siaga_call_flow::FlowEvent;
use siaga_hub_api::{CaseFile, ErrorCode, Happening, Peaks, TimelineItem};
use siaga_hub_store::{RecordingRecord, Store, StoreError, StoredEvent};
use siaga_model::{CallId, CaseNumber, Level, Priority, SeatId};
use std::path::PathBuf;

/// How many recordings of a case are told.
const RECORDINGS: u32 = 100;
/// Bars of a recording's picture.
const BARS: usize = 600;

pub(super) async fn file(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<CaseFile>, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let number: CaseNumber =
        number.parse().map_err(|_| Failure::new(ErrorCode::Malformed, "not a case number"))?;
    let store = &*shared.0.store;
    let case = store.case(&number).await?;
    let case = case.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such case"))?;
    if visitor.sees_only().is_some_and(|unit| case.unit.as_ref() != Some(unit)) {
        return Err(Failure::new(ErrorCode::NotAllowed, "another unit's case"));
    }
    let calls = store.calls_of_case(&number).await?;
    let (mut timeline, mut recordings) = (Vec::new(), Vec::new());
    for (call, _) in &calls {
        timeline.extend(happenings(store, *call).await?);
        recordings.extend(store.recordings(Some(*call), RECORDINGS).await?);
    }
    timeline.extend(store.follow_ups(&number).await?.into_iter().map(|done| TimelineItem {
        at: done.at,
        call: case.call,
        happening: Happening::FollowedUp {
            seat: done.seat,
            operator: done.operator,
            kind: done.kind,
            text: done.text,
        },
    }));
    // Stable: what happened at the same millisecond stays in the order of the log.
    timeline.sort_by_key(|item| item.at);
    recordings.sort_by_key(|recording| recording.starts_at);
    let recordings = recordings.into_iter().map(resources::info).collect();
    Ok(Json(CaseFile { case, calls, timeline, recordings }))
}

/// Everything that is known of a call, in no order.
async fn happenings(store: &dyn Store, call: CallId) -> Result<Vec<TimelineItem>, StoreError> {
    let mut items: Vec<TimelineItem> =
        store.call_events(call).await?.iter().filter_map(|event| of_event(call, event)).collect();
    let item = |at, happening| TimelineItem { at, call, happening };
    for draft in store.drafts(call).await? {
        items.push(item(draft.at, Happening::Edited { seat: draft.seat, rev: draft.rev }));
    }
    let mut before = None;
    for advice in store.advice(call).await? {
        let verdict = advice.verdict;
        let judged = (verdict.validity, verdict.priority);
        if before.replace(judged) != Some(judged) {
            let (validity, priority) = judged;
            let plugin = verdict.by.map(|by| format!("{} {}", by.name, by.version));
            items.push(item(
                advice.at,
                Happening::Judged {
                    validity,
                    priority,
                    plugin: plugin.unwrap_or_default(),
                    reason: verdict.reason,
                    findings: u32::try_from(verdict.findings.len()).unwrap_or(u32::MAX),
                },
            ));
        }
    }
    for over in store.overrides(call).await? {
        let (seat, validity, reason) = (over.seat, over.validity, over.reason);
        items.push(item(over.at, Happening::Overridden { seat, validity, reason }));
    }
    for closing in store.closings(call).await? {
        let (seat, disposition, note) = (closing.seat, closing.disposition, closing.note);
        items.push(item(closing.at, Happening::Closed { seat, disposition, note }));
    }
    for leg in store.legs(call).await? {
        // Of somebody outside it is told already how they left, and a leg without a seat is the caller's.
        if leg.seat.is_none() && !leg.leg.is_caller() {
            continue;
        }
        let lost_packets = u32::try_from(leg.packets_lost).unwrap_or(u32::MAX);
        let ended = Happening::LegEnded { seat: leg.seat, cause: leg.cause, lost_packets };
        items.push(item(leg.left_at, ended));
    }
    Ok(items)
}

/// Events of the hub itself that belong into a time line; overrides and follow-ups are read with
/// their words elsewhere.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
enum Audited {
    CaseOpened { seat: SeatId },
    RecordingSealed { sha256: String },
    RecordingRecovered { sha256: String },
    RecordingTrouble {},
    RecordingHeard { seat: SeatId, sha256: String },
    PriorityRaised { priority: Priority },
}

fn of_event(call: CallId, event: &StoredEvent) -> Option<TimelineItem> {
    let body = &event.event.body;
    let happening = if let Ok(event) = serde_json::from_str::<FlowEvent>(body) {
        of_flow(event)
    } else {
        Some(match serde_json::from_str::<Audited>(body).ok()? {
            Audited::CaseOpened { seat } => Happening::Opened { seat },
            Audited::RecordingSealed { sha256 } | Audited::RecordingRecovered { sha256 } => {
                Happening::Recorded { sha256 }
            }
            Audited::RecordingTrouble {} => Happening::RecordingTrouble,
            Audited::RecordingHeard { seat, sha256 } => Happening::Heard { seat, sha256 },
            Audited::PriorityRaised { priority } => Happening::PriorityRaised { priority },
        })
    };
    happening.map(|happening| TimelineItem { at: event.event.at, call, happening })
}

fn of_flow(event: FlowEvent) -> Option<Happening> {
    Some(match event {
        FlowEvent::CallerArrived { .. } => Happening::Arrived,
        FlowEvent::Escalated { level, .. } => {
            Happening::Escalated { level: u32::try_from(level).unwrap_or(u32::MAX) }
        }
        FlowEvent::SeatRinging { seat, .. } => Happening::Ringing { seat },
        FlowEvent::SeatMissed { seat, cause, .. } => Happening::Missed { seat, cause },
        FlowEvent::Answered { seat, .. } => Happening::Answered { seat },
        FlowEvent::UnitPicked { unit, .. } => Happening::UnitPicked { unit },
        FlowEvent::TransferStarted { from, unit, .. } => Happening::TransferStarted { from, unit },
        FlowEvent::TransferRinging { seat, .. } => Happening::TransferRinging { seat },
        FlowEvent::TransferAnswered { seat, .. } => Happening::TransferAnswered { seat },
        FlowEvent::TransferDone { seat, heard, .. } => Happening::TransferDone { seat, heard },
        FlowEvent::Reclaimed { seat, unit, cause, .. } => {
            Happening::Reclaimed { seat, unit, cause }
        }
        FlowEvent::Held { .. } => Happening::Held,
        FlowEvent::Resumed { .. } => Happening::Resumed,
        FlowEvent::WaitAnnounced { .. } => Happening::WaitAnnounced,
        FlowEvent::SilenceCheckStarted { seat, .. } => Happening::SilenceCheckStarted { seat },
        FlowEvent::SilenceChecked { signal, .. } => Happening::SilenceChecked { signal },
        FlowEvent::Disposing { seat, disposition, .. } => {
            Happening::Disposing { seat, disposition }
        }
        FlowEvent::DisposalUndone { .. } => Happening::DisposalUndone,
        FlowEvent::LegReplaced { seat, .. } => Happening::LegReplaced { seat },
        FlowEvent::CallBackStarted { seat, .. } => Happening::CallBackStarted { seat },
        FlowEvent::CallBackFailed { why, .. } => Happening::CallBackFailed { why },
        FlowEvent::Requeued { lost, cause, .. } => Happening::Requeued { lost, cause },
        FlowEvent::OutsideCalled { seat, party, .. } => Happening::OutsideCalled { seat, party },
        FlowEvent::OutsideAnswered { .. } => Happening::OutsideAnswered,
        FlowEvent::OutsideGone { answered, cause, .. } => {
            Happening::OutsideGone { answered, cause }
        }
        FlowEvent::LeftWithOutside { seat, .. } => Happening::LeftWithOutside { seat },
        FlowEvent::CallerLeft { .. } => Happening::CallerLeft,
        FlowEvent::Ended { by, disposition, .. } => Happening::Ended { by, disposition },
        FlowEvent::Disposed { seat, disposition, .. } => Happening::Disposed { seat, disposition },
        // That a hub came back is nothing that happened to the caller.
        FlowEvent::TakenOver { .. } | FlowEvent::SeatUnit { .. } | FlowEvent::SeatState { .. } => {
            return None;
        }
    })
}

/// A recording that this visitor may hear: of a case of the own unit; a Polda hears all.
async fn hearable(
    shared: &Shared,
    visitor: &Visitor,
    sha256: &str,
) -> Result<RecordingRecord, Failure> {
    let store = &shared.0.store;
    let missing = || Failure::new(ErrorCode::NotFound, "no such recording");
    let recording = store.recording(sha256).await?.ok_or_else(missing)?;
    if visitor.level < Level::Polda {
        let case = store.case_of(recording.call).await?;
        if case.and_then(|case| case.unit).as_ref() != Some(&visitor.unit) {
            return Err(Failure::new(ErrorCode::NotAllowed, "another unit's recording"));
        }
    }
    Ok(recording)
}

/// The bytes, and who asked for them goes into the event log before they leave.
pub(super) async fn audio(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let recording = hearable(&shared, &visitor, &sha256).await?;
    let bytes = tokio::fs::read(&recording.file).await.map_err(|error| gone(&recording, &error))?;
    let heard = Inbox::Heard { seat: visitor.seat, call: recording.call, sha256 };
    shared.0.hub.send(heard).await.map_err(|_| Failure::Stopping)?;
    Ok(([(CONTENT_TYPE, "audio/ogg"), (CACHE_CONTROL, "private, no-store")], bytes).into_response())
}

pub(super) async fn peaks(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Peaks>, Failure> {
    let visitor = shared.visitor(&headers).await?;
    let recording = hearable(&shared, &visitor, &sha256).await?;
    let _turn = shared.0.decoders.acquire().await;
    let file = PathBuf::from(&recording.file);
    let found = tokio::task::spawn_blocking(move || siaga_recording::peaks(&file, BARS)).await;
    let found = found.map_err(|error| gone(&recording, &error))?;
    let found = found.map_err(|error| gone(&recording, &error))?;
    Ok(Json(Peaks { ms: found.ms, caller: found.left, operator: found.right }))
}

fn gone(recording: &RecordingRecord, error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(call = %recording.call, %error, "a recording cannot be read");
    Failure::new(ErrorCode::NotFound, "the recording cannot be read")
}
