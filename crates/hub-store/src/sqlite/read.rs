//! Everything that only reads.

use super::code::{Columns, damaged, failed, int};
use crate::{
    CallBackRecord, CallEnd, Closing, EventRecord, KeptCall, LegRecord, OpenSession, Operator,
    OperatorName, OverrideRecord, PasswordHash, RecordingRecord, SessionRecord, SettledCallBack,
    StoreError, StoredDraft, StoredEvent, TokenHash,
};
use siaga_model::{Advice, CallFacts, CallId, Case, CaseNumber, Redacted, Seat, Timestamp, Unit};
use sqlx::query;
use sqlx::sqlite::{SqlitePool, SqliteRow};

pub(super) type Rows = Result<Vec<SqliteRow>, sqlx::Error>;

pub(super) fn all<T>(
    rows: Rows,
    read: impl Fn(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.map_err(failed)?.iter().map(|row| read(&Columns(row))).collect()
}

fn maybe<T>(
    row: Result<Option<SqliteRow>, sqlx::Error>,
    read: impl Fn(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    row.map_err(failed)?.map(|row| read(&Columns(&row))).transpose()
}

fn operator_name(row: &Columns<'_>, column: &'static str) -> Result<OperatorName, StoreError> {
    OperatorName::new(&row.text(column)?).ok_or_else(|| damaged(column, "not an operator's name"))
}

pub(super) async fn operator(
    pool: &SqlitePool,
    name: &OperatorName,
) -> Result<Option<Operator>, StoreError> {
    let row = query("SELECT * FROM operators WHERE name = ?")
        .bind(name.as_str())
        .fetch_optional(pool)
        .await;
    maybe(row, |row| {
        Ok(Operator {
            name: operator_name(row, "name")?,
            display: row.text("display")?,
            seats: row.json("seats")?,
            role: row.word("role")?,
            password: PasswordHash::from_phc(row.text("password_phc")?)
                .map_err(|error| damaged("operators.password_phc", &error.to_string()))?,
        })
    })
}

pub(super) async fn units(pool: &SqlitePool) -> Result<Vec<Unit>, StoreError> {
    all(query("SELECT * FROM units ORDER BY id").fetch_all(pool).await, |row| {
        Ok(Unit {
            id: row.id("id")?,
            name: row.text("name")?,
            code: row.text("code")?,
            level: row.word("level")?,
            parent: row.maybe_id("parent")?,
        })
    })
}

pub(super) async fn seats(pool: &SqlitePool) -> Result<Vec<Seat>, StoreError> {
    all(query("SELECT * FROM seats ORDER BY id").fetch_all(pool).await, |row| {
        Ok(Seat { id: row.id("id")?, unit: row.id("unit")?, label: row.text("label")? })
    })
}

pub(super) async fn facts(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Option<CallFacts>, StoreError> {
    let row = query("SELECT facts FROM calls WHERE id = ?")
        .bind(call.to_string())
        .fetch_optional(pool)
        .await;
    maybe(row, |row| row.json("facts"))
}

pub(super) async fn open_sessions(pool: &SqlitePool) -> Result<Vec<OpenSession>, StoreError> {
    let rows = query(
        "SELECT sessions.*, operators.display, operators.role FROM sessions
         JOIN operators ON operators.name = sessions.operator
         WHERE ended_at IS NULL ORDER BY opened_at, token_sha256",
    );
    all(rows.fetch_all(pool).await, |row| {
        Ok(OpenSession {
            session: SessionRecord {
                token: TokenHash::from_hex(row.text("token_sha256")?),
                operator: operator_name(row, "operator")?,
                seat: row.id("seat")?,
                opened_at: Timestamp(row.number("opened_at")?),
            },
            display: row.text("display")?,
            role: row.word("role")?,
            taken: row.whole("taken")?,
            wants_calls: row.number("wants_calls")? != 0,
        })
    })
}

pub(super) async fn kept_calls(pool: &SqlitePool, limit: u32) -> Result<Vec<KeptCall>, StoreError> {
    let rows = query(
        "SELECT * FROM calls WHERE ended_at IS NULL OR id IN
         (SELECT id FROM calls WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?)
         ORDER BY arrived_at, id",
    )
    .bind(i64::from(limit));
    all(rows.fetch_all(pool).await, |row| {
        let call = row.id("id")?;
        let ended = match row.maybe_number("ended_at")? {
            None => None,
            Some(at) => Some(CallEnd {
                call,
                by: row.json("ended_by")?,
                disposition: row.json("disposition")?,
                at: Timestamp(at),
            }),
        };
        Ok(KeptCall { call, facts: row.json("facts")?, writer: row.maybe_id("writer")?, ended })
    })
}

pub(super) async fn draft(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Option<StoredDraft>, StoreError> {
    let row = query("SELECT * FROM drafts WHERE call = ? ORDER BY rev DESC, at DESC LIMIT 1")
        .bind(call.to_string())
        .fetch_optional(pool)
        .await;
    maybe(row, a_draft)
}

pub(super) async fn late_drafts(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Vec<StoredDraft>, StoreError> {
    let rows = query("SELECT * FROM late_drafts WHERE call = ? ORDER BY at, seat")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, a_draft)
}

pub(super) fn a_draft(row: &Columns<'_>) -> Result<StoredDraft, StoreError> {
    Ok(StoredDraft {
        call: row.id("call")?,
        seat: row.id("seat")?,
        rev: row.whole("rev")?,
        form: row.json("form")?,
        at: Timestamp(row.number("at")?),
    })
}

pub(super) async fn advice(pool: &SqlitePool, call: CallId) -> Result<Vec<Advice>, StoreError> {
    let rows = query("SELECT body FROM advice WHERE call = ? ORDER BY draft_rev")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, |row| row.json("body"))
}

pub(super) async fn overrides(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Vec<OverrideRecord>, StoreError> {
    let rows = query("SELECT * FROM overrides WHERE call = ? ORDER BY id")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, |row| {
        Ok(OverrideRecord {
            call: row.id("call")?,
            seat: row.id("seat")?,
            operator: operator_name(row, "operator")?,
            validity: row.word("validity")?,
            reason: Redacted::new(row.text("reason")?),
            at: Timestamp(row.number("at")?),
        })
    })
}

pub(super) async fn closings(pool: &SqlitePool, call: CallId) -> Result<Vec<Closing>, StoreError> {
    let rows = query("SELECT * FROM closings WHERE call = ? ORDER BY id")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, |row| {
        Ok(Closing {
            call: row.id("call")?,
            seat: row.id("seat")?,
            operator: operator_name(row, "operator")?,
            disposition: row.json("disposition")?,
            note: Redacted::new(row.text("note")?),
            at: Timestamp(row.number("at")?),
        })
    })
}

fn a_case(row: &Columns<'_>) -> Result<Case, StoreError> {
    Ok(Case {
        number: row.id("number")?,
        call: row.id("call")?,
        form: row.json("form")?,
        validity: row.word("validity")?,
        priority: row.word("priority")?,
        unit: row.maybe_id("unit")?,
        disposition: row.maybe_json("disposition")?,
        status: row.word("status")?,
        opened_by: row.id("opened_by")?,
        opened_at: Timestamp(row.number("opened_at")?),
        closed_at: row.maybe_number("closed_at")?.map(Timestamp),
    })
}

pub(super) async fn case(
    pool: &SqlitePool,
    number: &CaseNumber,
) -> Result<Option<Case>, StoreError> {
    let row = query("SELECT * FROM cases WHERE number = ?")
        .bind(number.to_string())
        .fetch_optional(pool)
        .await;
    maybe(row, a_case)
}

pub(super) async fn case_of(pool: &SqlitePool, call: CallId) -> Result<Option<Case>, StoreError> {
    let row = query(
        "SELECT * FROM cases WHERE call = ?1
         OR number = (SELECT continues FROM calls WHERE id = ?1) LIMIT 1",
    )
    .bind(call.to_string())
    .fetch_optional(pool)
    .await;
    maybe(row, a_case)
}

pub(super) async fn cases(pool: &SqlitePool, limit: u32) -> Result<Vec<Case>, StoreError> {
    let rows = query("SELECT * FROM cases ORDER BY opened_at DESC, number DESC LIMIT ?")
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await;
    all(rows, a_case)
}

pub(super) async fn cases_to_act_on(
    pool: &SqlitePool,
    limit: u32,
) -> Result<Vec<Case>, StoreError> {
    let rows = query(
        "SELECT * FROM cases WHERE status IN ('with-unit', 'call-back')
         ORDER BY opened_at DESC, number DESC LIMIT ?",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await;
    all(rows, a_case)
}

fn an_entry(row: &Columns<'_>) -> Result<CallBackRecord, StoreError> {
    let settled = match row.maybe_number("settled_at")? {
        None => None,
        Some(at) => Some(SettledCallBack {
            at: Timestamp(at),
            seat: row.maybe_id("settled_seat")?,
            operator: match row.maybe_text("settled_by")? {
                None => None,
                Some(_) => Some(operator_name(row, "settled_by")?),
            },
            call: row.maybe_id("settled_call")?,
            reason: Redacted::new(row.maybe_text("settled_reason")?.unwrap_or_default()),
        }),
    };
    Ok(CallBackRecord {
        id: row.id("id")?,
        number: row.maybe_text("number")?.map(Redacted::new),
        caller: row.json("caller")?,
        unit: row.id("unit")?,
        form: row.json("form")?,
        cases: row.json("cases")?,
        last_call: row.id("last_call")?,
        first_at: Timestamp(row.number("first_at")?),
        last_at: Timestamp(row.number("last_at")?),
        calls: row.whole("calls")?,
        attempts: row.whole("attempts")?,
        last_failure: row.maybe_word("last_failure")?,
        settled,
    })
}

pub(super) async fn open_call_backs(pool: &SqlitePool) -> Result<Vec<CallBackRecord>, StoreError> {
    let rows = query("SELECT * FROM call_backs WHERE settled_at IS NULL ORDER BY first_at, id");
    all(rows.fetch_all(pool).await, an_entry)
}

pub(super) async fn call_back(
    pool: &SqlitePool,
    id: CallId,
) -> Result<Option<CallBackRecord>, StoreError> {
    let row = query("SELECT * FROM call_backs WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await;
    maybe(row, an_entry)
}

pub(super) async fn legs(pool: &SqlitePool, call: CallId) -> Result<Vec<LegRecord>, StoreError> {
    let rows = query("SELECT * FROM legs WHERE call = ? ORDER BY left_at, id")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, |row| {
        Ok(LegRecord {
            leg: row.id("id")?,
            seat: row.maybe_id("seat")?,
            codec: row.text("codec")?,
            user_agent: row.text("user_agent")?,
            joined_at: row.maybe_number("joined_at")?.map(Timestamp),
            left_at: Timestamp(row.number("left_at")?),
            cause: row.word("cause")?,
            packets_received: row.whole("packets_received")?,
            packets_lost: row.whole("packets_lost")?,
        })
    })
}

pub(super) async fn recordings(
    pool: &SqlitePool,
    call: Option<CallId>,
    limit: u32,
) -> Result<Vec<RecordingRecord>, StoreError> {
    let rows = query(
        "SELECT recordings.*, cases.number FROM recordings
         LEFT JOIN calls ON calls.id = recordings.call
         LEFT JOIN cases ON cases.call = recordings.call OR cases.number = calls.continues
         WHERE ?1 IS NULL OR recordings.call = ?1
         ORDER BY recordings.starts_at DESC, recordings.file LIMIT ?2",
    )
    .bind(call.map(|call| call.to_string()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await;
    all(rows, a_recording)
}

fn a_recording(row: &Columns<'_>) -> Result<RecordingRecord, StoreError> {
    Ok(RecordingRecord {
        call: row.id("call")?,
        number: row.maybe_id("number")?,
        file: row.text("file")?,
        starts_at: Timestamp(row.number("starts_at")?),
        seconds: row.real("seconds")?,
        channels: row.whole("channels")?,
        sha256: row.text("sha256")?,
    })
}

pub(super) async fn recording(
    pool: &SqlitePool,
    sha256: &str,
) -> Result<Option<RecordingRecord>, StoreError> {
    let row = query(
        "SELECT recordings.*, cases.number FROM recordings
         LEFT JOIN calls ON calls.id = recordings.call
         LEFT JOIN cases ON cases.call = recordings.call OR cases.number = calls.continues
         WHERE recordings.sha256 = ? LIMIT 1",
    )
    .bind(sha256)
    .fetch_optional(pool)
    .await;
    maybe(row, a_recording)
}

pub(super) async fn recording_files(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    all(query("SELECT file FROM recordings").fetch_all(pool).await, |row| row.text("file"))
}

pub(super) async fn events(
    pool: &SqlitePool,
    after: u64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = query("SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?")
        .bind(int(after))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await;
    all(rows, an_event)
}

pub(super) async fn call_events(
    pool: &SqlitePool,
    call: CallId,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = query("SELECT * FROM events WHERE call = ? ORDER BY seq")
        .bind(call.to_string())
        .fetch_all(pool)
        .await;
    all(rows, an_event)
}

fn an_event(row: &Columns<'_>) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        seq: row.whole("seq")?,
        event: EventRecord {
            at: Timestamp(row.number("at")?),
            call: row.maybe_id("call")?,
            body: row.text("body")?,
        },
        hash: row.bytes("hash")?.try_into().map_err(|_| damaged("events.hash", "not 32 bytes"))?,
    })
}
