//! Lists of cases, a number's past, reports near by, transfers.

use super::code::{Columns, failed, word};
use super::read::{a_draft, all};
use crate::{StoreError, StoredDraft, TransferEnd, TransferRecord};
use serde::Deserialize;
use siaga_hub_api::{
    CaseCounts, CaseList, CaseRow, CasesQuery, EarlierCall, PAGE_ROWS, RecentReport, SimilarReport,
};
use siaga_model::{
    CallFacts, CallId, CaseNumber, FollowUp, Form, ReclaimCause, Redacted, SeatId, ShiftNote,
    Timestamp, UnitId,
};
use sqlx::query;
use sqlx::sqlite::SqlitePool;
use std::collections::HashMap;

/// How much of a location a row shows, in characters.
const PLACE: usize = 120;
/// How near a report must be, in metres.
const NEAR_M: f64 = 3_000.0;
/// A kecamatan's code: `31.74.07`.
const KECAMATAN: usize = 8;

/// The beginning of a location.
fn place(form: &Form) -> Redacted<String> {
    Redacted::new(form.location.expose().chars().take(PLACE).collect())
}

/// A row with the columns of a case, `facts` of its call, and `f_kind` and `f_at` of the last thing
/// that was done about it.
pub(super) fn case_row(row: &Columns<'_>) -> Result<CaseRow, StoreError> {
    let form: Form = row.json("form")?;
    let facts: CallFacts = row.json("facts")?;
    let follow_up = match row.maybe_number("f_at")? {
        Some(at) => Some((row.word("f_kind")?, Timestamp(at))),
        None => None,
    };
    Ok(CaseRow {
        number: row.id("number")?,
        call: row.id("call")?,
        opened_at: Timestamp(row.number("opened_at")?),
        caller: facts.caller,
        place: place(&form),
        kind: form.kind,
        area_code: form.area_code,
        priority: row.word("priority")?,
        validity: row.word("validity")?,
        status: row.word("status")?,
        unit: row.maybe_id("unit")?,
        disposition: row.maybe_json("disposition")?,
        opened_by: row.id("opened_by")?,
        follow_up,
    })
}

pub(super) async fn case_list(
    pool: &SqlitePool,
    asked: &CasesQuery,
    of: Option<&UnitId>,
    seat: &SeatId,
) -> Result<CaseList, StoreError> {
    let counted = query(
        r#"SELECT
            COUNT(*) FILTER (WHERE disposition IS NULL
                OR disposition NOT LIKE '{"kind":"not-report"%') AS reports,
            COUNT(*) FILTER (WHERE status <> 'closed') AS open,
            COUNT(*) FILTER (WHERE opened_by = ?3) AS mine,
            COUNT(*) FILTER (WHERE disposition LIKE '{"kind":"not-report"%') AS not_reports
        FROM cases WHERE opened_at >= ?1 AND (?2 IS NULL OR unit = ?2)"#,
    )
    .bind(asked.since.0)
    .bind(of.map(UnitId::as_str))
    .bind(seat.as_str())
    .fetch_all(pool)
    .await;
    let counts = all(counted, |row| {
        Ok(CaseCounts {
            reports: row.whole("reports")?,
            open: row.whole("open")?,
            mine: row.whole("mine")?,
            not_reports: row.whole("not_reports")?,
        })
    })?;
    let counts = counts.first().copied().unwrap_or_default();
    let rows = query(
        r#"SELECT cases.*, calls.facts,
            (SELECT kind FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1)
                AS f_kind,
            (SELECT at FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1) AS f_at
        FROM cases JOIN calls ON calls.id = cases.call
        WHERE cases.opened_at >= ?1 AND (?2 IS NULL OR cases.unit = ?2) AND CASE ?4
            WHEN 'reports' THEN cases.disposition IS NULL
                OR cases.disposition NOT LIKE '{"kind":"not-report"%'
            WHEN 'open' THEN cases.status <> 'closed'
            WHEN 'mine' THEN cases.opened_by = ?3
            ELSE cases.disposition LIKE '{"kind":"not-report"%' END
        ORDER BY cases.opened_at DESC, cases.number DESC LIMIT ?5 OFFSET ?6"#,
    )
    .bind(asked.since.0)
    .bind(of.map(UnitId::as_str))
    .bind(seat.as_str())
    .bind(word("filter", &asked.filter)?)
    .bind(i64::from(asked.count.min(PAGE_ROWS)))
    .bind(i64::from(asked.from))
    .fetch_all(pool)
    .await;
    let total = match asked.filter {
        siaga_hub_api::CaseFilter::Reports => counts.reports,
        siaga_hub_api::CaseFilter::Open => counts.open,
        siaga_hub_api::CaseFilter::Mine => counts.mine,
        siaga_hub_api::CaseFilter::NotReports => counts.not_reports,
    };
    Ok(CaseList { total, from: asked.from, rows: all(rows, case_row)?, counts })
}

pub(super) async fn calls_of(
    pool: &SqlitePool,
    number: &Redacted<String>,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<EarlierCall>, StoreError> {
    let rows = query(
        "SELECT calls.id, calls.arrived_at, calls.disposition, cases.number, COALESCE(cases.form,
            (SELECT form FROM drafts WHERE call = calls.id ORDER BY rev DESC LIMIT 1)) AS form
        FROM calls LEFT JOIN cases ON cases.number =
            COALESCE(calls.continues, (SELECT number FROM cases WHERE call = calls.id))
        WHERE calls.caller_key = ?1 AND calls.arrived_at >= ?2
        ORDER BY calls.arrived_at DESC, calls.id DESC LIMIT ?3",
    )
    .bind(number.expose())
    .bind(since.0)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await;
    all(rows, |row| {
        let form: Form = row.maybe_json("form")?.unwrap_or_default();
        Ok(EarlierCall {
            call: row.id("id")?,
            at: Timestamp(row.number("arrived_at")?),
            number: row.maybe_id("number")?,
            place: place(&form),
            kind: form.kind,
            disposition: row.maybe_json("disposition")?,
        })
    })
}

pub(super) async fn similar(
    pool: &SqlitePool,
    call: CallId,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<SimilarReport>, StoreError> {
    let Some(form) = super::read::draft(pool, call).await?.map(|draft| draft.form) else {
        return Ok(Vec::new());
    };
    let rows = query(
        r#"SELECT cases.*, calls.facts,
            (SELECT kind FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1)
                AS f_kind,
            (SELECT at FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1) AS f_at
        FROM cases JOIN calls ON calls.id = cases.call
        WHERE cases.opened_at >= ?1 AND cases.call <> ?2
            AND cases.number IS NOT (SELECT continues FROM calls WHERE id = ?2)
            AND (cases.disposition IS NULL OR cases.disposition NOT LIKE '{"kind":"not-report"%')
        ORDER BY cases.opened_at DESC LIMIT 1000"#,
    )
    .bind(since.0)
    .bind(call.to_string())
    .fetch_all(pool)
    .await;
    let kecamatan = |code: &str| code.get(..KECAMATAN).map(ToOwned::to_owned);
    let here = kecamatan(&form.area_code);
    let mut near: Vec<SimilarReport> = all(rows, |row| {
        let other: Form = row.json("form")?;
        let metres = form.point.zip(other.point).map(|(a, b)| a.metres_to(b));
        let same_area = here.is_some() && kecamatan(&other.area_code) == here;
        let is_near = metres.map_or(same_area, |metres| metres <= NEAR_M);
        is_near
            .then(|| {
                Ok(SimilarReport {
                    case: case_row(row)?,
                    metres: metres.map(|metres| metres as u32),
                    same_kind: !form.kind.is_empty() && form.kind == other.kind,
                })
            })
            .transpose()
    })?
    .into_iter()
    .flatten()
    .collect();
    near.sort_by_key(|report| (!report.same_kind, report.metres.unwrap_or(u32::MAX)));
    near.truncate(limit as usize);
    Ok(near)
}

pub(super) async fn recent(
    pool: &SqlitePool,
    call: CallId,
    since: Timestamp,
    of: Option<&UnitId>,
    limit: u32,
) -> Result<Vec<RecentReport>, StoreError> {
    let rows = query(
        r#"SELECT cases.number, cases.opened_at, cases.unit, cases.disposition, cases.form,
            calls.caller_key IS (SELECT caller_key FROM calls WHERE id = ?2)
                AND calls.caller_key IS NOT NULL AS same_number
        FROM cases JOIN calls ON calls.id = cases.call
        WHERE cases.opened_at >= ?1 AND cases.call <> ?2 AND (?3 IS NULL OR cases.unit = ?3)
            AND cases.number IS NOT (SELECT continues FROM calls WHERE id = ?2)
            AND (cases.disposition IS NULL OR cases.disposition NOT LIKE '{"kind":"not-report"%')
        ORDER BY cases.opened_at DESC, cases.number DESC LIMIT ?4"#,
    )
    .bind(since.0)
    .bind(call.to_string())
    .bind(of.map(UnitId::as_str))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await;
    all(rows, |row| {
        let form: Form = row.json("form")?;
        Ok(RecentReport {
            number: row.id("number")?,
            at: Timestamp(row.number("opened_at")?),
            unit: row.maybe_id("unit")?,
            same_number: row.number("same_number")? != 0,
            location: form.location,
            area_code: form.area_code,
            point: form.point,
            kind: form.kind,
            narrative: form.narrative,
            disposition: row.maybe_json("disposition")?,
        })
    })
}

/// The events that a transfer is read from, as the flow writes them.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Logged {
    TransferStarted { unit: UnitId },
    TransferAnswered {},
    TransferDone {},
    Reclaimed { cause: ReclaimCause },
    Ended {},
    Requeued {},
}

pub(super) async fn transfers(
    pool: &SqlitePool,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<TransferRecord>, StoreError> {
    // The same words as in the partial index, or SQLite reads the whole log.
    let rows = query(
        "SELECT at, call, body FROM events WHERE json_extract(body, '$.event') IN
        ('transfer-started', 'transfer-answered', 'transfer-done', 'reclaimed', 'ended', 'requeued')
        AND at >= ? AND at < ? ORDER BY at, seq",
    )
    .bind(from.0)
    .bind(to.0)
    .fetch_all(pool)
    .await;
    let logged = all(rows, |row| {
        Ok((Timestamp(row.number("at")?), row.text("call")?, row.json::<Logged>("body")?))
    })?;
    let mut open: HashMap<String, TransferRecord> = HashMap::new();
    let mut ended = Vec::new();
    for (at, call, event) in logged {
        let end = match event {
            Logged::TransferStarted { unit } => {
                let end = TransferEnd::Withdrawn;
                open.insert(call, TransferRecord { at, unit, answered_at: None, end });
                continue;
            }
            Logged::TransferAnswered {} => {
                if let Some(transfer) = open.get_mut(&call) {
                    transfer.answered_at.get_or_insert(at);
                }
                continue;
            }
            Logged::TransferDone {} => TransferEnd::Taken,
            Logged::Reclaimed { cause: ReclaimCause::TakenBack } => TransferEnd::Withdrawn,
            Logged::Reclaimed { .. } => TransferEnd::NotTaken,
            Logged::Ended {} | Logged::Requeued {} => TransferEnd::Withdrawn,
        };
        ended.extend(open.remove(&call).map(|transfer| TransferRecord { end, ..transfer }));
    }
    Ok(ended)
}

pub(super) async fn calls_of_case(
    pool: &SqlitePool,
    number: &CaseNumber,
) -> Result<Vec<(CallId, CallFacts)>, StoreError> {
    let rows = query(
        "SELECT id, facts FROM calls WHERE continues = ?1
            OR id = (SELECT call FROM cases WHERE number = ?1) ORDER BY arrived_at, id",
    )
    .bind(number.to_string())
    .fetch_all(pool)
    .await;
    all(rows, |row| Ok((row.id("id")?, row.json("facts")?)))
}

pub(super) async fn drafts(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Vec<StoredDraft>, StoreError> {
    let rows = query("SELECT * FROM drafts WHERE call = ? ORDER BY at, seat")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, a_draft)
}

pub(super) async fn follow_ups(
    pool: &SqlitePool,
    number: &CaseNumber,
) -> Result<Vec<FollowUp>, StoreError> {
    let rows = query("SELECT * FROM follow_ups WHERE number = ? ORDER BY id")
        .bind(number.to_string())
        .fetch_all(pool)
        .await
        .map_err(failed);
    all(Ok(rows?), |row| {
        Ok(FollowUp {
            at: Timestamp(row.number("at")?),
            seat: row.id("seat")?,
            unit: row.id("unit")?,
            operator: row.text("operator")?,
            kind: row.word("kind")?,
            text: Redacted::new(row.text("text")?),
        })
    })
}

pub(super) async fn shift_notes(
    pool: &SqlitePool,
    from: Timestamp,
    limit: u32,
) -> Result<Vec<ShiftNote>, StoreError> {
    let rows = query("SELECT * FROM shift_notes WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?")
        .bind(from.0)
        .bind(limit)
        .fetch_all(pool)
        .await;
    let mut notes = all(rows, |row| {
        Ok(ShiftNote {
            at: Timestamp(row.number("at")?),
            seat: row.id("seat")?,
            unit: row.id("unit")?,
            operator: row.text("operator")?,
            text: Redacted::new(row.text("text")?),
        })
    })?;
    notes.reverse();
    Ok(notes)
}
