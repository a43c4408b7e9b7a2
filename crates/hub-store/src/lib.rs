//! Where the hub keeps calls, cases, drafts and events.
//!
//! [`Store`] is what the hub needs of a database. SQLite is the implementation of one machine
//! ([`SqliteStore`]); PostgreSQL follows for hubs of several nodes, and both must pass the one
//! contract suite in `tests/`.
//!
//! Everything that a call produces goes through [`Store::apply`], in batches that are stored whole or
//! not at all, so that the hub's one writer keeps their order. The event log is chained by hash
//! ([`chain`]): a change to an old event is found by [`Store::verify_chain`].
//!
//! Not here: any decision about a call, and any cache.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chain;
mod error;
pub mod fold;
mod password;
mod records;
mod sqlite;

pub use error::StoreError;
pub use password::{PasswordError, PasswordHash};
pub use records::{
    CallBackRecord, CallEnd, Closing, EventRecord, KeptCall, LegRecord, NumberLease, OpenSession,
    Operator, OperatorName, OverrideRecord, RecordingRecord, SessionRecord, SettledCallBack,
    StoredDraft, StoredEvent, TokenHash, TransferEnd, TransferRecord, Write,
};
pub use sqlite::SqliteStore;

use siaga_hub_api::{
    CaseList, CasesQuery, EarlierCall, RecentReport, SearchList, SearchQuery, SimilarReport,
};
use siaga_model::{
    Advice, CallFacts, CallId, Case, CaseNumber, FollowUp, Redacted, Seat, SeatId, ShiftNote,
    Timestamp, Unit, UnitId,
};

/// What the hub needs of a database. All methods may be called at the same time from many tasks.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Adds an operator or replaces the one of that name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], as everywhere here.
    async fn put_operator(&self, operator: &Operator) -> Result<(), StoreError>;

    /// The operator of that name.
    async fn operator(&self, name: &OperatorName) -> Result<Option<Operator>, StoreError>;

    /// Adds units and seats or replaces those with the same ids; others stay.
    async fn put_units(&self, units: &[Unit], seats: &[Seat]) -> Result<(), StoreError>;

    /// All units and all seats, by id.
    async fn units(&self) -> Result<(Vec<Unit>, Vec<Seat>), StoreError>;

    /// Notes that a session began.
    async fn open_session(&self, session: &SessionRecord) -> Result<(), StoreError>;

    /// The sessions that have not ended, oldest first.
    async fn open_sessions(&self) -> Result<Vec<OpenSession>, StoreError>;

    /// Leases the next `count` (1 to 1,000) case numbers of a Polda's code and local day to a seat.
    /// No number is ever leased twice.
    ///
    /// # Errors
    /// [`StoreError::NumbersExhausted`] when the day's million is used up.
    async fn lease_numbers(
        &self,
        code: &str,
        day: u32,
        seat: &SeatId,
        count: u32,
        at: Timestamp,
    ) -> Result<NumberLease, StoreError>;

    /// Stores all of a batch, in order, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one of them contradicts what is stored (a case number that
    /// exists, a draft of an unknown call).
    async fn apply(&self, batch: &[Write]) -> Result<(), StoreError>;

    /// What the line brought for a call.
    async fn call(&self, call: CallId) -> Result<Option<CallFacts>, StoreError>;

    /// The calls that have not ended (after a crash, those that were cut off) and at most `limit` of
    /// those that ended last, by arrival.
    async fn kept_calls(&self, limit: u32) -> Result<Vec<KeptCall>, StoreError>;

    /// The form of a call as it was last typed.
    async fn draft(&self, call: CallId) -> Result<Option<StoredDraft>, StoreError>;

    /// What came late from each seat that had lost the call, oldest first.
    async fn late_drafts(&self, call: CallId) -> Result<Vec<StoredDraft>, StoreError>;

    /// All advice on a call, by revision.
    async fn advice(&self, call: CallId) -> Result<Vec<Advice>, StoreError>;

    /// All overrides of a call, oldest first.
    async fn overrides(&self, call: CallId) -> Result<Vec<OverrideRecord>, StoreError>;

    /// All closings of a call, oldest first.
    async fn closings(&self, call: CallId) -> Result<Vec<Closing>, StoreError>;

    /// A case by number.
    async fn case(&self, number: &CaseNumber) -> Result<Option<Case>, StoreError>;

    /// The case of a call: the one that was opened in it, or that it goes on with.
    async fn case_of(&self, call: CallId) -> Result<Option<Case>, StoreError>;

    /// The latest cases, newest first, at most `limit`.
    async fn cases(&self, limit: u32) -> Result<Vec<Case>, StoreError>;

    /// The latest cases that a unit has to act on or somebody has to call back, newest first.
    async fn cases_to_act_on(&self, limit: u32) -> Result<Vec<Case>, StoreError>;

    /// The entries of the call-back list that are not settled, the one that has waited longest first.
    async fn open_call_backs(&self) -> Result<Vec<CallBackRecord>, StoreError>;

    /// An entry of the call-back list by the first call that is in it.
    async fn call_back(&self, id: CallId) -> Result<Option<CallBackRecord>, StoreError>;

    /// The legs of a call, by the time at which they ended.
    async fn legs(&self, call: CallId) -> Result<Vec<LegRecord>, StoreError>;

    /// The latest recordings, newest first; those of one call when it is given.
    async fn recordings(
        &self,
        call: Option<CallId>,
        limit: u32,
    ) -> Result<Vec<RecordingRecord>, StoreError>;

    /// The paths of all recordings that are known, as they were stored.
    async fn recording_files(&self) -> Result<Vec<String>, StoreError>;

    /// The recording with this hash.
    async fn recording(&self, sha256: &str) -> Result<Option<RecordingRecord>, StoreError>;

    /// A page of the cases since a time, newest first; only those of one unit when it is given.
    /// `seat` is whose cases [`siaga_hub_api::CaseFilter::Mine`] means.
    async fn case_list(
        &self,
        query: &CasesQuery,
        of: Option<&UnitId>,
        seat: &SeatId,
    ) -> Result<CaseList, StoreError>;

    /// Calls and cases in which all words and numbers of a text are, newest first; only those whose
    /// case is one unit's when it is given. See [`fold`] for what counts as the same word.
    async fn search(
        &self,
        query: &SearchQuery,
        of: Option<&UnitId>,
    ) -> Result<SearchList, StoreError>;

    /// The calls of a number ([`siaga_model::Caller::key`]) that arrived at or after `since`, newest
    /// first, at most `limit`.
    async fn calls_of(
        &self,
        number: &Redacted<String>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<EarlierCall>, StoreError>;

    /// Reports opened at or after `since` that may be about the same as this call's form: those within
    /// 3 km of its point or in its kecamatan, nearest first, at most `limit`.
    async fn similar(
        &self,
        call: CallId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SimilarReport>, StoreError>;

    /// Reports opened at or after `since`, this call's own excluded, newest first, at most `limit`;
    /// with `of` only those that this unit has.
    async fn recent(
        &self,
        call: CallId,
        since: Timestamp,
        of: Option<&UnitId>,
        limit: u32,
    ) -> Result<Vec<RecentReport>, StoreError>;

    /// The transfers that began in a span, `to` excluded, and have ended; read from the event log.
    async fn transfers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TransferRecord>, StoreError>;

    /// The calls of a case with what the line brought, oldest first.
    async fn calls_of_case(
        &self,
        number: &CaseNumber,
    ) -> Result<Vec<(CallId, CallFacts)>, StoreError>;

    /// The last form of each seat that wrote it, oldest first.
    async fn drafts(&self, call: CallId) -> Result<Vec<StoredDraft>, StoreError>;

    /// What was done about a case, oldest first.
    async fn follow_ups(&self, number: &CaseNumber) -> Result<Vec<FollowUp>, StoreError>;

    /// The notes that watches have left since `from`, oldest first; the newest `limit` of them.
    async fn shift_notes(&self, from: Timestamp, limit: u32) -> Result<Vec<ShiftNote>, StoreError>;

    /// Events with a sequence number above `after`, oldest first, at most `limit`.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events of one call, oldest first.
    async fn call_events(&self, call: CallId) -> Result<Vec<StoredEvent>, StoreError>;

    /// Reads the whole log and computes its hashes again. Gives the number of events.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] with the first event that is not what it was.
    async fn verify_chain(&self) -> Result<u64, StoreError> {
        const PAGE: u32 = 1_000;
        let mut chain = chain::Chain::new();
        loop {
            let page = self.events(chain.length(), PAGE).await?;
            for event in &page {
                chain.check(event)?;
            }
            if page.len() < PAGE as usize {
                return Ok(chain.length());
            }
        }
    }
}
