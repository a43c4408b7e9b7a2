//! SQLite, in a file or in memory.

mod code;
mod lists;
mod read;
mod search;
mod write;

use crate::{
    CallBackRecord, Closing, KeptCall, LegRecord, NumberLease, OpenSession, Operator, OperatorName,
    OverrideRecord, RecordingRecord, SessionRecord, Store, StoreError, StoredDraft, StoredEvent,
    TransferRecord, Write,
};
use siaga_hub_api::{
    CaseList, CasesQuery, EarlierCall, RecentReport, SearchList, SearchQuery, SimilarReport,
};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, FollowUp, Redacted, Seat, SeatId, ShiftNote,
    Timestamp, Unit, UnitId,
};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Writers wait this long for each other before the database counts as unavailable.
const BUSY: Duration = Duration::from_secs(5);
/// One connection writes at a time, the others read.
const CONNECTIONS: u32 = 4;
/// Statement that begins a transaction which will write: taking the lock at once is what keeps two
/// writers from reading the same state and then both failing.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// The store of one machine.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    /// Whether another connection sees the same database.
    in_file: bool,
}

impl SqliteStore {
    /// Opens or creates a database file and brings its schema up to date.
    ///
    /// Write-ahead log with `synchronous = FULL`: a closing that was acknowledged must survive a
    /// power cut, and with `NORMAL` the last commits may not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be opened, [`StoreError::Schema`] when it is
    /// of a newer program.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        Self::with(options, SqlitePoolOptions::new().max_connections(CONNECTIONS), true).await
    }

    /// A database that ends with the process: for training and tests.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn in_memory() -> Result<Self, StoreError> {
        // Each connection would have a database of its own, so there is one, and it stays.
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        Self::with(SqliteConnectOptions::new().in_memory(true), pool, false).await
    }

    async fn with(
        options: SqliteConnectOptions,
        pool: SqlitePoolOptions,
        in_file: bool,
    ) -> Result<Self, StoreError> {
        let options = options.foreign_keys(true).busy_timeout(BUSY);
        let pool =
            pool.acquire_timeout(BUSY * 2).connect_with(options).await.map_err(code::failed)?;
        MIGRATIONS.run(&pool).await.map_err(|error| StoreError::Schema(error.to_string()))?;
        search::fill(&pool).await?;
        Ok(Self { pool, in_file })
    }

    /// Gives a connection that has written back. One on which a transaction failed for the database's
    /// sake is closed: when a disk is full, SQLite may have rolled back by itself, and the pool would
    /// give the connection to the next writer in the belief that it is still in a transaction.
    fn written<T>(
        &self,
        mut db: PoolConnection<Sqlite>,
        result: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.in_file && result.as_ref().is_err_and(StoreError::may_pass) {
            db.close_on_drop();
        }
        result
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn put_operator(&self, operator: &Operator) -> Result<(), StoreError> {
        write::operator(&self.pool, operator).await
    }

    async fn operator(&self, name: &OperatorName) -> Result<Option<Operator>, StoreError> {
        read::operator(&self.pool, name).await
    }

    async fn put_units(&self, units: &[Unit], seats: &[Seat]) -> Result<(), StoreError> {
        let mut db = self.pool.acquire().await.map_err(code::failed)?;
        let stored = async {
            let mut tx = db.begin_with(BEGIN_WRITE).await.map_err(code::failed)?;
            write::units(&mut tx, units, seats).await?;
            tx.commit().await.map_err(code::failed)
        };
        let stored = stored.await;
        self.written(db, stored)
    }

    async fn units(&self) -> Result<(Vec<Unit>, Vec<Seat>), StoreError> {
        Ok((read::units(&self.pool).await?, read::seats(&self.pool).await?))
    }

    async fn open_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        write::session(&self.pool, session).await
    }

    async fn open_sessions(&self) -> Result<Vec<OpenSession>, StoreError> {
        read::open_sessions(&self.pool).await
    }

    async fn lease_numbers(
        &self,
        code: &str,
        day: u32,
        seat: &SeatId,
        count: u32,
        at: Timestamp,
    ) -> Result<NumberLease, StoreError> {
        let mut db = self.pool.acquire().await.map_err(code::failed)?;
        let leased = async {
            let mut tx = db.begin_with(BEGIN_WRITE).await.map_err(code::failed)?;
            let lease = write::lease(&mut tx, code, day, seat, count, at).await?;
            tx.commit().await.map_err(code::failed)?;
            Ok(lease)
        };
        let leased = leased.await;
        self.written(db, leased)
    }

    async fn apply(&self, batch: &[Write]) -> Result<(), StoreError> {
        let mut db = self.pool.acquire().await.map_err(code::failed)?;
        let stored = async {
            let mut tx = db.begin_with(BEGIN_WRITE).await.map_err(code::failed)?;
            for one in batch {
                write::one(&mut tx, one).await?;
            }
            let changed: BTreeSet<CallId> =
                batch.iter().filter_map(write::changes_words_of).collect();
            for call in changed {
                search::index(&mut tx, call).await?;
            }
            tx.commit().await.map_err(code::failed)
        };
        let stored = stored.await;
        self.written(db, stored)
    }

    async fn call(&self, call: CallId) -> Result<Option<CallFacts>, StoreError> {
        read::facts(&self.pool, call).await
    }

    async fn kept_calls(&self, limit: u32) -> Result<Vec<KeptCall>, StoreError> {
        read::kept_calls(&self.pool, limit).await
    }

    async fn draft(&self, call: CallId) -> Result<Option<StoredDraft>, StoreError> {
        read::draft(&self.pool, call).await
    }

    async fn late_drafts(&self, call: CallId) -> Result<Vec<StoredDraft>, StoreError> {
        read::late_drafts(&self.pool, call).await
    }

    async fn advice(&self, call: CallId) -> Result<Vec<Advice>, StoreError> {
        read::advice(&self.pool, call).await
    }

    async fn overrides(&self, call: CallId) -> Result<Vec<OverrideRecord>, StoreError> {
        read::overrides(&self.pool, call).await
    }

    async fn closings(&self, call: CallId) -> Result<Vec<Closing>, StoreError> {
        read::closings(&self.pool, call).await
    }

    async fn case(&self, number: &CaseNumber) -> Result<Option<Case>, StoreError> {
        read::case(&self.pool, number).await
    }

    async fn case_of(&self, call: CallId) -> Result<Option<Case>, StoreError> {
        read::case_of(&self.pool, call).await
    }

    async fn cases(&self, limit: u32) -> Result<Vec<Case>, StoreError> {
        read::cases(&self.pool, limit).await
    }

    async fn cases_to_act_on(&self, limit: u32) -> Result<Vec<Case>, StoreError> {
        read::cases_to_act_on(&self.pool, limit).await
    }

    async fn open_call_backs(&self) -> Result<Vec<CallBackRecord>, StoreError> {
        read::open_call_backs(&self.pool).await
    }

    async fn call_back(&self, id: CallId) -> Result<Option<CallBackRecord>, StoreError> {
        read::call_back(&self.pool, id).await
    }

    async fn legs(&self, call: CallId) -> Result<Vec<LegRecord>, StoreError> {
        read::legs(&self.pool, call).await
    }

    async fn recordings(
        &self,
        call: Option<CallId>,
        limit: u32,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        read::recordings(&self.pool, call, limit).await
    }

    async fn recording_files(&self) -> Result<Vec<String>, StoreError> {
        read::recording_files(&self.pool).await
    }

    async fn recording(&self, sha256: &str) -> Result<Option<RecordingRecord>, StoreError> {
        read::recording(&self.pool, sha256).await
    }

    async fn case_list(
        &self,
        query: &CasesQuery,
        of: Option<&UnitId>,
        seat: &SeatId,
    ) -> Result<CaseList, StoreError> {
        lists::case_list(&self.pool, query, of, seat).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        of: Option<&UnitId>,
    ) -> Result<SearchList, StoreError> {
        search::search(&self.pool, query, of).await
    }

    async fn calls_of(
        &self,
        number: &Redacted<String>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<EarlierCall>, StoreError> {
        lists::calls_of(&self.pool, number, since, limit).await
    }

    async fn similar(
        &self,
        call: CallId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SimilarReport>, StoreError> {
        lists::similar(&self.pool, call, since, limit).await
    }

    async fn recent(
        &self,
        call: CallId,
        since: Timestamp,
        of: Option<&UnitId>,
        limit: u32,
    ) -> Result<Vec<RecentReport>, StoreError> {
        lists::recent(&self.pool, call, since, of, limit).await
    }

    async fn transfers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        lists::transfers(&self.pool, from, to).await
    }

    async fn calls_of_case(
        &self,
        number: &CaseNumber,
    ) -> Result<Vec<(CallId, CallFacts)>, StoreError> {
        lists::calls_of_case(&self.pool, number).await
    }

    async fn drafts(&self, call: CallId) -> Result<Vec<StoredDraft>, StoreError> {
        lists::drafts(&self.pool, call).await
    }

    async fn follow_ups(&self, number: &CaseNumber) -> Result<Vec<FollowUp>, StoreError> {
        lists::follow_ups(&self.pool, number).await
    }

    async fn shift_notes(&self, from: Timestamp, limit: u32) -> Result<Vec<ShiftNote>, StoreError> {
        lists::shift_notes(&self.pool, from, limit).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        read::events(&self.pool, after, limit).await
    }

    async fn call_events(&self, call: CallId) -> Result<Vec<StoredEvent>, StoreError> {
        read::call_events(&self.pool, call).await
    }
}
