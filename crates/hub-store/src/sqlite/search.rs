//! Full text: what is indexed of a call, and how it is found.

use super::code::{Columns, failed};
use super::lists::case_row;
use super::read::all;
use crate::{StoreError, fold};
use siaga_hub_api::{PAGE_ROWS, SearchHit, SearchList, SearchQuery};
use siaga_model::{CallFacts, CallId, Form, Redacted, Timestamp, UnitId};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, query, query_scalar};

/// How long an excerpt is at most, in characters.
const EXCERPT: usize = 160;
/// How many calls of an older program are taken into the index at once.
const BATCH: i64 = 500;

/// Brings the index in line with what is stored of a call. Once a batch, however often it was typed.
pub(super) async fn index(db: &mut SqliteConnection, call: CallId) -> Result<(), StoreError> {
    let id = call.to_string();
    let row = query(
        "SELECT calls.facts, cases.number, COALESCE(cases.form,
            (SELECT form FROM drafts WHERE call = calls.id ORDER BY rev DESC LIMIT 1)) AS form,
            (SELECT group_concat(note, ' ') FROM closings WHERE call = calls.id) AS notes,
            (SELECT group_concat(text, ' ') FROM follow_ups WHERE number = cases.number) AS done
        FROM calls LEFT JOIN cases ON cases.number =
            COALESCE(calls.continues, (SELECT number FROM cases WHERE call = calls.id))
        WHERE calls.id = ?",
    )
    .bind(&id)
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    // A draft or a closing of an unknown call was refused where it was stored.
    let Some(row) = row else { return Ok(()) };
    let row = Columns(&row);
    let facts: CallFacts = row.json("facts")?;
    let form: Form = row.maybe_json("form")?.unwrap_or_default();
    let caller = facts.caller.key().map(Redacted::into_inner).unwrap_or_default();
    let case = row.maybe_text("number")?.unwrap_or_default();
    let running = case.rsplit('-').next().unwrap_or_default().trim_start_matches('0');
    let numbers = format!(
        "{} {} {running} {}",
        fold::number(&caller),
        fold::words(&case).join(" "),
        fold::words(&caller).join(" ")
    );
    let names = format!("{} {}", form.reporter_name.expose(), form.reporter_relation.expose());
    let places = format!("{} {}", form.location.expose(), form.area_code);
    let words = format!(
        "{} {} {} {}",
        form.narrative.expose(),
        form.kind,
        row.maybe_text("notes")?.unwrap_or_default(),
        row.maybe_text("done")?.unwrap_or_default()
    );
    let known: i64 = query_scalar(
        "INSERT INTO search_rows (call) VALUES (?) ON CONFLICT (call) DO UPDATE SET call = call
        RETURNING id",
    )
    .bind(&id)
    .fetch_one(&mut *db)
    .await
    .map_err(failed)?;
    query("INSERT OR REPLACE INTO search (rowid, numbers, names, places, words) VALUES (?, ?, ?, ?, ?)")
        .bind(known)
        .bind(numbers)
        .bind(fold::index(&names))
        .bind(fold::index(&places))
        .bind(fold::index(&words))
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Takes in what a program before this index has stored, oldest first.
pub(super) async fn fill(pool: &SqlitePool) -> Result<(), StoreError> {
    loop {
        let rows = query(
            "SELECT id, facts FROM calls WHERE id NOT IN (SELECT call FROM search_rows)
            ORDER BY arrived_at, id LIMIT ?",
        )
        .bind(BATCH)
        .fetch_all(pool)
        .await;
        let missing =
            all(rows, |row| Ok((row.id::<CallId>("id")?, row.json::<CallFacts>("facts")?)))?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut tx = pool.begin().await.map_err(failed)?;
        for (call, facts) in missing {
            query("UPDATE calls SET caller_key = ? WHERE id = ?")
                .bind(facts.caller.key().map(Redacted::into_inner))
                .bind(call.to_string())
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
            index(&mut tx, call).await?;
        }
        tx.commit().await.map_err(failed)?;
    }
}

pub(super) async fn search(
    pool: &SqlitePool,
    asked: &SearchQuery,
    of: Option<&UnitId>,
) -> Result<SearchList, StoreError> {
    let Some(expression) = fold::expression(asked.text.expose()) else {
        return Ok(SearchList::default());
    };
    let count = asked.count.min(PAGE_ROWS);
    let rows = query(
        "SELECT cases.*, calls.id AS found, calls.facts AS found_facts,
            COALESCE((SELECT facts FROM calls WHERE id = cases.call), calls.facts) AS facts,
            calls.arrived_at,
            (SELECT form FROM drafts WHERE call = calls.id ORDER BY rev DESC LIMIT 1) AS draft,
            (SELECT kind FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1)
                AS f_kind,
            (SELECT at FROM follow_ups WHERE number = cases.number ORDER BY id DESC LIMIT 1) AS f_at
        FROM search JOIN search_rows ON search_rows.id = search.rowid
            JOIN calls ON calls.id = search_rows.call
            LEFT JOIN cases ON cases.number =
                COALESCE(calls.continues, (SELECT number FROM cases WHERE call = calls.id))
        WHERE search MATCH ?1 AND (?2 IS NULL OR cases.unit = ?2)
        ORDER BY search.rowid DESC LIMIT ?3 OFFSET ?4",
    )
    .bind(expression)
    .bind(of.map(UnitId::as_str))
    // One more than wanted tells whether there are more.
    .bind(i64::from(count) + 1)
    .bind(i64::from(asked.from))
    .fetch_all(pool)
    .await;
    let mut hits = all(rows, |row| a_hit(row, asked.text.expose()))?;
    let more = hits.len() > count as usize;
    hits.truncate(count as usize);
    Ok(SearchList { hits, more })
}

fn a_hit(row: &Columns<'_>, searched: &str) -> Result<SearchHit, StoreError> {
    let case = match row.maybe_text("number")? {
        Some(_) => Some(case_row(row)?),
        None => None,
    };
    let form: Form = match row.maybe_json("form")? {
        Some(form) => form,
        None => row.maybe_json("draft")?.unwrap_or_default(),
    };
    let texts = [form.narrative.expose(), form.location.expose(), form.reporter_name.expose()];
    let mut excerpts = texts.iter().map(|text| fold::excerpt(text, searched, EXCERPT));
    let excerpt = excerpts.find(|excerpt| !excerpt.is_empty()).unwrap_or_default();
    let facts: CallFacts = row.json("found_facts")?;
    Ok(SearchHit {
        call: row.id("found")?,
        arrived_at: Timestamp(row.number("arrived_at")?),
        caller: facts.caller,
        case,
        excerpt: Redacted::new(excerpt),
    })
}
