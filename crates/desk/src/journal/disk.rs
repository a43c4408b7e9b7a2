//! The journal's file: one table of rows by kind and name.

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row as _};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const FILE: &str = "desk.sqlite";
/// The layout of the file; a newer one is left alone.
const VERSION: i64 = 1;
/// How long the desk before this one may need to let go of the file.
const BUSY: Duration = Duration::from_secs(2);
/// A disk that does not even open a file is not waited for: somebody wants to sit down.
const OPEN_WITHIN: Duration = Duration::from_secs(4);

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// The folder or the file cannot be made.
    #[error("the desk's folder cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    /// SQLite's own words; they name no content.
    #[error("the desk's journal cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    /// The disk hangs.
    #[error("the desk's journal did not open in time")]
    Hangs,
    /// Of a newer program.
    #[error("the desk's journal has layout {0}, which this program does not know")]
    Newer(i64),
}

/// Names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

pub(super) struct Disk {
    connection: SqliteConnection,
}

impl Disk {
    pub(super) async fn open(folder: &Path) -> Result<Self, JournalError> {
        let opened = tokio::time::timeout(OPEN_WITHIN, Self::open_slowly(folder));
        opened.await.map_err(|_| JournalError::Hangs)?
    }

    async fn open_slowly(folder: &Path) -> Result<Self, JournalError> {
        tokio::fs::create_dir_all(folder).await?;
        let file = folder.join(FILE);
        make_private(&file).await?;
        // FULL: what was typed must survive a power cut, and a thread that nobody waits for may
        // take its time. EXCLUSIVE: one desk a folder.
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .locking_mode(SqliteLockingMode::Exclusive)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        let version: i64 =
            sqlx::query("PRAGMA user_version").fetch_one(&mut connection).await?.try_get(0)?;
        if version > VERSION {
            return Err(JournalError::Newer(version));
        }
        let table = "CREATE TABLE IF NOT EXISTS rows (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID";
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(table).execute(&mut *tx).await?;
        sqlx::query("PRAGMA user_version = 1").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Self { connection })
    }

    /// Every row: kind, name, body.
    pub(super) async fn read(&mut self) -> Result<Vec<(String, String, String)>, JournalError> {
        let rows = sqlx::query("SELECT kind, name, body FROM rows")
            .fetch_all(&mut self.connection)
            .await?;
        let read =
            |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(JournalError::from)
    }

    /// All of it or nothing.
    pub(super) async fn write(
        &mut self,
        rows: &BTreeMap<Row, Option<String>>,
    ) -> Result<(), JournalError> {
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        for (row, body) in rows {
            let query = match body {
                Some(_) => sqlx::query(
                    "INSERT INTO rows (kind, name, body) VALUES (?, ?, ?)
                     ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
                ),
                None => sqlx::query("DELETE FROM rows WHERE kind = ? AND name = ?"),
            };
            let query = query.bind(row.kind).bind(&row.name);
            let query = match body {
                Some(body) => query.bind(body),
                None => query,
            };
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the journal was not closed properly");
        }
    }
}

#[cfg(test)]
impl Disk {
    pub(super) async fn set_version(&mut self, version: i64) {
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
        sqlx::query(pragma).execute(&mut self.connection).await.expect("a pragma");
    }

    /// As a full or read-only disk does.
    pub(super) async fn forbid_writing(&mut self, forbid: bool) {
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA query_only = {forbid}"));
        sqlx::query(pragma).execute(&mut self.connection).await.expect("a pragma");
    }
}

/// The token in it opens the operator's session. SQLite gives its other files the same mode. On
/// Windows the folder lies in the operator's profile, which others cannot read.
#[cfg(unix)]
async fn make_private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    const OWNER_ONLY: u32 = 0o600;
    let mut options = tokio::fs::OpenOptions::new();
    drop(options.create(true).append(true).mode(OWNER_ONLY).open(file).await?);
    tokio::fs::set_permissions(file, std::fs::Permissions::from_mode(OWNER_ONLY)).await
}

#[cfg(not(unix))]
async fn make_private(_file: &Path) -> std::io::Result<()> {
    Ok(())
}
