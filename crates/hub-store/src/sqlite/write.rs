//! Everything that changes the database.

use super::code::{damaged, failed, int, json, word};
use crate::chain::{self, Hash};
use crate::{
    CallBackRecord, CallEnd, Closing, EventRecord, LegRecord, NumberLease, Operator,
    OverrideRecord, RecordingRecord, SessionRecord, StoreError, StoredDraft, TokenHash, Write,
};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, FollowUp, Redacted, Seat, SeatId, ShiftNote,
    Timestamp, Unit,
};
use sqlx::sqlite::{SqlitePool, SqliteQueryResult};
use sqlx::{SqliteConnection, query, query_as, query_scalar};

type Done = Result<SqliteQueryResult, sqlx::Error>;

/// The running numbers of a day.
const LAST_NUMBER: u32 = 999_999;
/// Largest block that is leased at once.
const LARGEST_LEASE: u32 = 1_000;

fn done(result: Done) -> Result<(), StoreError> {
    result.map(drop).map_err(failed)
}

pub(super) async fn one(db: &mut SqliteConnection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::CallArrived { call, facts } => call_arrived(db, *call, facts).await,
        Write::CallReopened(call) => call_reopened(db, *call).await,
        Write::CallEnded(end) => call_ended(db, end).await,
        Write::Leg(record) => leg(db, record).await,
        Write::Event(record) => event(db, record).await,
        Write::Draft(typed) => draft(db, typed).await,
        Write::LateDraft(typed) => late_draft(db, typed).await,
        Write::Writer { call, seat } => writer(db, *call, seat).await,
        Write::Advice { call, seat, advice: said } => advice(db, *call, seat, said).await,
        Write::Override(record) => overridden(db, record).await,
        Write::CaseOpened(case) => case_opened(db, case).await,
        Write::CaseContinued { call, number } => case_continued(db, *call, number).await,
        Write::CaseChanged(case) => case_changed(db, case).await,
        Write::Closed(record) => closing(db, record).await,
        Write::FollowedUp { call: _, number, follow_up } => {
            followed_up(db, number, follow_up).await
        }
        Write::ShiftNote(note) => shift_note(db, note).await,
        Write::Recording(record) => recording(db, record).await,
        Write::CallBack(entry) => call_back(db, entry).await,
        Write::Taken { token, seq } => taken(db, token, *seq).await,
        Write::Wants { token, calls } => wants(db, token, *calls).await,
        Write::SessionEnded { token, at } => session_ended(db, token, *at).await,
    }
}

/// The call whose words a write changes.
pub(super) fn changes_words_of(write: &Write) -> Option<CallId> {
    match write {
        Write::CallArrived { call, .. } | Write::CaseContinued { call, .. } => Some(*call),
        Write::Draft(typed) => Some(typed.call),
        Write::CaseOpened(case) => Some(case.call),
        Write::Closed(closing) => Some(closing.call),
        Write::FollowedUp { call, .. } => Some(*call),
        Write::CallReopened(_)
        | Write::CallEnded(_)
        | Write::Leg(_)
        | Write::Event(_)
        | Write::LateDraft(_)
        | Write::Writer { .. }
        | Write::Advice { .. }
        | Write::Override(_)
        | Write::CaseChanged(_)
        | Write::ShiftNote(_)
        | Write::Recording(_)
        | Write::CallBack(_)
        | Write::Taken { .. }
        | Write::Wants { .. }
        | Write::SessionEnded { .. } => None,
    }
}

pub(super) async fn operator(pool: &SqlitePool, operator: &Operator) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO operators (name, display, seats, role, password_phc)
             VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET display = excluded.display, seats = excluded.seats,
             role = excluded.role, password_phc = excluded.password_phc",
        )
        .bind(operator.name.as_str())
        .bind(&operator.display)
        .bind(json("operators.seats", &operator.seats)?)
        .bind(word("operators.role", &operator.role)?)
        .bind(operator.password.phc())
        .execute(pool)
        .await,
    )
}

pub(super) async fn units(
    db: &mut SqliteConnection,
    units: &[Unit],
    seats: &[Seat],
) -> Result<(), StoreError> {
    for unit in units {
        let parent = unit.parent.as_ref().map(ToString::to_string);
        let stored = query(
            "INSERT INTO units (id, name, code, level, parent) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, code = excluded.code,
             level = excluded.level, parent = excluded.parent",
        )
        .bind(unit.id.as_str())
        .bind(&unit.name)
        .bind(&unit.code)
        .bind(word("units.level", &unit.level)?)
        .bind(parent)
        .execute(&mut *db)
        .await;
        done(stored)?;
    }
    for seat in seats {
        let stored = query(
            "INSERT INTO seats (id, unit, label) VALUES (?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, label = excluded.label",
        )
        .bind(seat.id.as_str())
        .bind(seat.unit.as_str())
        .bind(&seat.label)
        .execute(&mut *db)
        .await;
        done(stored)?;
    }
    Ok(())
}

pub(super) async fn session(pool: &SqlitePool, session: &SessionRecord) -> Result<(), StoreError> {
    done(
        query("INSERT INTO sessions (token_sha256, operator, seat, opened_at) VALUES (?, ?, ?, ?)")
            .bind(session.token.as_str())
            .bind(session.operator.as_str())
            .bind(session.seat.as_str())
            .bind(session.opened_at.0)
            .execute(pool)
            .await,
    )
}

async fn session_ended(
    db: &mut SqliteConnection,
    token: &TokenHash,
    at: Timestamp,
) -> Result<(), StoreError> {
    done(
        query("UPDATE sessions SET ended_at = ? WHERE token_sha256 = ? AND ended_at IS NULL")
            .bind(at.0)
            .bind(token.as_str())
            .execute(db)
            .await,
    )
}

async fn taken(db: &mut SqliteConnection, token: &TokenHash, seq: u64) -> Result<(), StoreError> {
    done(
        query("UPDATE sessions SET taken = ?1 WHERE token_sha256 = ?2 AND taken < ?1")
            .bind(int(seq))
            .bind(token.as_str())
            .execute(db)
            .await,
    )
}

async fn wants(
    db: &mut SqliteConnection,
    token: &TokenHash,
    calls: bool,
) -> Result<(), StoreError> {
    done(
        query("UPDATE sessions SET wants_calls = ? WHERE token_sha256 = ?")
            .bind(i64::from(calls))
            .bind(token.as_str())
            .execute(db)
            .await,
    )
}

pub(super) async fn lease(
    db: &mut SqliteConnection,
    code: &str,
    day: u32,
    seat: &SeatId,
    count: u32,
    at: Timestamp,
) -> Result<NumberLease, StoreError> {
    let used: Option<i64> =
        query_scalar("SELECT MAX(last) FROM number_leases WHERE code = ? AND day = ?")
            .bind(code)
            .bind(i64::from(day))
            .fetch_one(&mut *db)
            .await
            .map_err(failed)?;
    let first = u32::try_from(used.unwrap_or(0) + 1)
        .map_err(|_| damaged("number_leases.last", "out of range"))?;
    if first > LAST_NUMBER {
        return Err(StoreError::NumbersExhausted);
    }
    let last = (first + count.clamp(1, LARGEST_LEASE) - 1).min(LAST_NUMBER);
    let stored = query(
        "INSERT INTO number_leases (code, day, first, last, seat, leased_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(code)
    .bind(i64::from(day))
    .bind(i64::from(first))
    .bind(i64::from(last))
    .bind(seat.as_str())
    .bind(at.0)
    .execute(db)
    .await;
    done(stored)?;
    Ok(NumberLease { day, first, last })
}

async fn call_arrived(
    db: &mut SqliteConnection,
    call: CallId,
    facts: &CallFacts,
) -> Result<(), StoreError> {
    done(
        query("INSERT INTO calls (id, facts, arrived_at, caller_key) VALUES (?, ?, ?, ?)")
            .bind(call.to_string())
            .bind(json("calls.facts", facts)?)
            .bind(facts.arrived_at.0)
            .bind(facts.caller.key().map(Redacted::into_inner))
            .execute(db)
            .await,
    )
}

async fn call_reopened(db: &mut SqliteConnection, call: CallId) -> Result<(), StoreError> {
    done(
        query("UPDATE calls SET ended_at = NULL, ended_by = NULL, disposition = NULL WHERE id = ?")
            .bind(call.to_string())
            .execute(db)
            .await,
    )
}

async fn call_ended(db: &mut SqliteConnection, end: &CallEnd) -> Result<(), StoreError> {
    done(
        query("UPDATE calls SET ended_at = ?, ended_by = ?, disposition = ? WHERE id = ?")
            .bind(end.at.0)
            .bind(json("calls.ended_by", &end.by)?)
            .bind(json("calls.disposition", &end.disposition)?)
            .bind(end.call.to_string())
            .execute(db)
            .await,
    )
}

async fn leg(db: &mut SqliteConnection, leg: &LegRecord) -> Result<(), StoreError> {
    // A switch may report a leg twice; the later report is the fuller one.
    done(
        query(
            "INSERT OR REPLACE INTO legs (id, call, seat, codec, user_agent, joined_at, left_at,
             cause, packets_received, packets_lost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(leg.leg.to_string())
        .bind(leg.leg.call.to_string())
        .bind(leg.seat.as_ref().map(ToString::to_string))
        .bind(&leg.codec)
        .bind(&leg.user_agent)
        .bind(leg.joined_at.map(|at| at.0))
        .bind(leg.left_at.0)
        .bind(word("legs.cause", &leg.cause)?)
        .bind(int(leg.packets_received))
        .bind(int(leg.packets_lost))
        .execute(db)
        .await,
    )
}

async fn event(db: &mut SqliteConnection, event: &EventRecord) -> Result<(), StoreError> {
    let last: Option<(i64, Vec<u8>)> =
        query_as("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *db)
            .await
            .map_err(failed)?;
    let (seq, previous): (u64, Hash) = match last {
        None => (1, chain::BEGINNING),
        Some((seq, hash)) => (
            u64::try_from(seq).map_err(|_| damaged("events.seq", "negative"))? + 1,
            hash.try_into().map_err(|_| damaged("events.hash", "not 32 bytes"))?,
        ),
    };
    done(
        query("INSERT INTO events (seq, at, call, body, hash) VALUES (?, ?, ?, ?, ?)")
            .bind(int(seq))
            .bind(event.at.0)
            .bind(event.call.map(|call| call.to_string()))
            .bind(&event.body)
            .bind(chain::hash(&previous, seq, event.at, &event.body).to_vec())
            .execute(db)
            .await,
    )
}

async fn draft(db: &mut SqliteConnection, draft: &StoredDraft) -> Result<(), StoreError> {
    let call = draft.call.to_string();
    let form = json("drafts.form", &draft.form)?;
    let stored = query(
        "INSERT INTO drafts (call, seat, rev, form, at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (call, seat) DO UPDATE SET rev = excluded.rev, form = excluded.form,
         at = excluded.at WHERE excluded.rev > drafts.rev",
    )
    .bind(&call)
    .bind(draft.seat.as_str())
    .bind(int(draft.rev))
    .bind(&form)
    .bind(draft.at.0)
    .execute(&mut *db)
    .await;
    done(stored)?;
    // A case that a call back goes on with has the form that is typed there, whatever comes late.
    done(
        query(
            "UPDATE cases SET form = ?1
             WHERE (number = (SELECT continues FROM calls WHERE id = ?2) OR (call = ?2
             AND NOT EXISTS (SELECT 1 FROM calls WHERE continues = cases.number)))
             AND ?3 >= (SELECT MAX(rev) FROM drafts WHERE call = ?2)",
        )
        .bind(&form)
        .bind(&call)
        .bind(int(draft.rev))
        .execute(db)
        .await,
    )
}

async fn late_draft(db: &mut SqliteConnection, draft: &StoredDraft) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO late_drafts (call, seat, rev, form, at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (call, seat) DO UPDATE SET rev = excluded.rev, form = excluded.form,
             at = excluded.at WHERE excluded.rev > late_drafts.rev",
        )
        .bind(draft.call.to_string())
        .bind(draft.seat.as_str())
        .bind(int(draft.rev))
        .bind(json("late_drafts.form", &draft.form)?)
        .bind(draft.at.0)
        .execute(db)
        .await,
    )
}

async fn writer(db: &mut SqliteConnection, call: CallId, seat: &SeatId) -> Result<(), StoreError> {
    done(
        query("UPDATE calls SET writer = ? WHERE id = ?")
            .bind(seat.as_str())
            .bind(call.to_string())
            .execute(db)
            .await,
    )
}

async fn advice(
    db: &mut SqliteConnection,
    call: CallId,
    seat: &SeatId,
    advice: &Advice,
) -> Result<(), StoreError> {
    let by = advice.verdict.by.as_ref();
    done(
        query(
            "INSERT OR REPLACE INTO advice (call, draft_rev, seat, plugin, version, sha256,
             input_sha256, engine, body, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(call.to_string())
        .bind(int(advice.draft_rev))
        .bind(seat.as_str())
        .bind(by.map(|by| by.name.as_str()))
        .bind(by.map(|by| by.version.as_str()))
        .bind(by.map(|by| by.sha256.as_str()))
        .bind(by.map(|by| by.input_sha256.as_str()))
        .bind(by.map(|by| by.engine.as_str()))
        .bind(json("advice.body", advice)?)
        .bind(advice.at.0)
        .execute(db)
        .await,
    )
}

async fn overridden(db: &mut SqliteConnection, record: &OverrideRecord) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO overrides (call, seat, operator, validity, reason, at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(record.call.to_string())
        .bind(record.seat.as_str())
        .bind(record.operator.as_str())
        .bind(word("overrides.validity", &record.validity)?)
        .bind(record.reason.expose())
        .bind(record.at.0)
        .execute(db)
        .await,
    )
}

async fn case_opened(db: &mut SqliteConnection, case: &Case) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO cases (number, call, form, validity, priority, unit, disposition, status,
             opened_by, opened_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(case.number.to_string())
        .bind(case.call.to_string())
        .bind(json("cases.form", &case.form)?)
        .bind(word("cases.validity", &case.validity)?)
        .bind(word("cases.priority", &case.priority)?)
        .bind(case.unit.as_ref().map(ToString::to_string))
        .bind(disposition(case)?)
        .bind(word("cases.status", &case.status)?)
        .bind(case.opened_by.as_str())
        .bind(case.opened_at.0)
        .bind(case.closed_at.map(|at| at.0))
        .execute(db)
        .await,
    )
}

async fn case_continued(
    db: &mut SqliteConnection,
    call: CallId,
    number: &CaseNumber,
) -> Result<(), StoreError> {
    done(
        query("UPDATE calls SET continues = ? WHERE id = ?")
            .bind(number.to_string())
            .bind(call.to_string())
            .execute(db)
            .await,
    )
}

/// The form is not written here: drafts keep it up to date.
async fn case_changed(db: &mut SqliteConnection, case: &Case) -> Result<(), StoreError> {
    done(
        query(
            "UPDATE cases SET validity = ?, priority = ?, unit = ?, disposition = ?, status = ?,
             closed_at = ? WHERE number = ?",
        )
        .bind(word("cases.validity", &case.validity)?)
        .bind(word("cases.priority", &case.priority)?)
        .bind(case.unit.as_ref().map(ToString::to_string))
        .bind(disposition(case)?)
        .bind(word("cases.status", &case.status)?)
        .bind(case.closed_at.map(|at| at.0))
        .bind(case.number.to_string())
        .execute(db)
        .await,
    )
}

fn disposition(case: &Case) -> Result<Option<String>, StoreError> {
    case.disposition.as_ref().map(|value| json("cases.disposition", value)).transpose()
}

async fn closing(db: &mut SqliteConnection, closing: &Closing) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO closings (call, seat, operator, disposition, note, at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(closing.call.to_string())
        .bind(closing.seat.as_str())
        .bind(closing.operator.as_str())
        .bind(json("closings.disposition", &closing.disposition)?)
        .bind(closing.note.expose())
        .bind(closing.at.0)
        .execute(db)
        .await,
    )
}

async fn followed_up(
    db: &mut SqliteConnection,
    number: &CaseNumber,
    follow_up: &FollowUp,
) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO follow_ups (number, seat, unit, operator, kind, text, at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(number.to_string())
        .bind(follow_up.seat.as_str())
        .bind(follow_up.unit.as_str())
        .bind(&follow_up.operator)
        .bind(word("follow_ups.kind", &follow_up.kind)?)
        .bind(follow_up.text.expose())
        .bind(follow_up.at.0)
        .execute(db)
        .await,
    )
}

async fn shift_note(db: &mut SqliteConnection, note: &ShiftNote) -> Result<(), StoreError> {
    done(
        query("INSERT INTO shift_notes (unit, seat, operator, text, at) VALUES (?, ?, ?, ?, ?)")
            .bind(note.unit.as_str())
            .bind(note.seat.as_str())
            .bind(&note.operator)
            .bind(note.text.expose())
            .bind(note.at.0)
            .execute(db)
            .await,
    )
}

async fn recording(db: &mut SqliteConnection, record: &RecordingRecord) -> Result<(), StoreError> {
    done(
        query(
            "INSERT INTO recordings (file, call, starts_at, seconds, channels, sha256)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (file) DO NOTHING",
        )
        .bind(&record.file)
        .bind(record.call.to_string())
        .bind(record.starts_at.0)
        .bind(record.seconds)
        .bind(i64::from(record.channels))
        .bind(&record.sha256)
        .execute(db)
        .await,
    )
}

async fn call_back(db: &mut SqliteConnection, entry: &CallBackRecord) -> Result<(), StoreError> {
    let settled = entry.settled.as_ref();
    let last_failure = entry.last_failure.as_ref();
    let last_failure = last_failure.map(|why| word("call_backs.last_failure", why)).transpose()?;
    done(
        query(
            "INSERT INTO call_backs (id, number, caller, unit, form, cases, last_call, first_at,
             last_at, calls, attempts, settled_at, settled_seat, settled_by, settled_call,
             settled_reason, last_failure)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET caller = excluded.caller, unit = excluded.unit,
             form = excluded.form, cases = excluded.cases, last_call = excluded.last_call,
             last_at = excluded.last_at, calls = excluded.calls, attempts = excluded.attempts,
             settled_at = excluded.settled_at, settled_seat = excluded.settled_seat,
             settled_by = excluded.settled_by, settled_call = excluded.settled_call,
             settled_reason = excluded.settled_reason, last_failure = excluded.last_failure",
        )
        .bind(entry.id.to_string())
        .bind(entry.number.as_ref().map(|number| number.expose().clone()))
        .bind(json("call_backs.caller", &entry.caller)?)
        .bind(entry.unit.as_str())
        .bind(json("call_backs.form", &entry.form)?)
        .bind(json("call_backs.cases", &entry.cases)?)
        .bind(entry.last_call.to_string())
        .bind(entry.first_at.0)
        .bind(entry.last_at.0)
        .bind(i64::from(entry.calls))
        .bind(i64::from(entry.attempts))
        .bind(settled.map(|settled| settled.at.0))
        .bind(settled.and_then(|settled| settled.seat.as_ref()).map(ToString::to_string))
        .bind(settled.and_then(|settled| settled.operator.as_ref()).map(ToString::to_string))
        .bind(settled.and_then(|settled| settled.call).map(|call| call.to_string()))
        .bind(settled.map(|settled| settled.reason.expose().clone()))
        .bind(last_failure)
        .execute(db)
        .await,
    )
}
