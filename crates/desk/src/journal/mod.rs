//! What a desk keeps on its own disk, so that its death takes nothing with it (docs/adr/0010).
//!
//! The engine puts [`Record`]s, newest wins; a task writes them, so that no key ever waits for the
//! disk. What could not be written is tried again, together with what came meanwhile. The file holds
//! the session's token and what was typed: it can be read by its owner only, and it is locked, so a
//! second desk in the same folder goes on without one.

mod disk;

use crate::core::Local;
use crate::settings::Settings;
use crate::state::KeptForm;
use disk::{Disk, Row};
use serde::{Deserialize, Serialize};
use siaga_hub_api::{CaseBlock, Draft, Sequenced, ToHub};
use siaga_model::{CallId, Redacted, SeatId};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

pub(crate) use disk::JournalError;

/// How many rows may wait for the disk. The newest of each row counts, and an operator who types
/// makes a few rows a second, so this is an hour of a disk that hangs, of which the operator has long
/// been told (`not_kept`); beyond it, new rows are not kept.
const PENDING: usize = 20_000;
/// A write that takes longer is told as a disk that hangs; it is waited for all the same.
const HANGS: Duration = Duration::from_secs(5);
/// Pause before a write that failed is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(5);
/// How long a desk that ends waits for its last writes.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// Whose words they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The hub's address, as given at login.
    pub(crate) hub: String,
    /// The seat.
    pub(crate) seat: SeatId,
    /// The operator's name at the hub.
    pub(crate) operator: String,
}

/// A session that can be taken up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) hub: String,
    pub(crate) seat: SeatId,
    pub(crate) operator: String,
    pub(crate) token: Redacted<String>,
}

impl Saved {
    pub(crate) fn owner(&self) -> Owner {
        Owner { hub: self.hub.clone(), seat: self.seat.clone(), operator: self.operator.clone() }
    }
}

/// A message of an ended session that the hub has not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) owner: Owner,
    pub(crate) message: ToHub,
}

/// Something to be kept, in place of what was kept of the same kind and name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    /// The session that stands; `None`: nobody sits here.
    Session(Option<Saved>),
    /// Numbers up to this one may have been given in this session.
    Reserved(u64),
    /// A message waits for the hub, or does no more.
    Waiting { seq: u64, message: Option<Box<ToHub>> },
    /// A message of an ended session waits for its operator, or does no more.
    Left { n: u64, left: Option<Box<Left>> },
    /// The newest form of a call, or the call is gone and the hub has its form.
    Form { call: CallId, draft: Option<Draft> },
    /// The case numbers that this seat may give.
    Cases(Vec<CaseBlock>),
    /// Forms that no hub takes.
    Kept(Vec<KeptForm>),
    /// What is set at this computer.
    Settings(Box<Settings>),
    /// The call that is taken without a hub; `None`: there is none, or all of it was said.
    Local(Option<Box<Local>>),
}

/// All that was kept.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Restored {
    pub(crate) session: Option<Saved>,
    pub(crate) reserved: u64,
    pub(crate) waiting: Vec<Sequenced<ToHub>>,
    pub(crate) left: Vec<(u64, Left)>,
    pub(crate) forms: Vec<(CallId, Draft)>,
    pub(crate) cases: Vec<CaseBlock>,
    pub(crate) kept: Vec<KeptForm>,
    /// The settings, and which of them made no sense.
    pub(crate) settings: Option<(Settings, Vec<String>)>,
    pub(crate) local: Option<Local>,
}

/// The kinds of rows.
mod kind {
    pub(super) const SESSION: &str = "session";
    pub(super) const RESERVED: &str = "reserved";
    pub(super) const WAITING: &str = "waiting";
    pub(super) const LEFT: &str = "left";
    pub(super) const FORM: &str = "form";
    pub(super) const CASES: &str = "cases";
    pub(super) const KEPT: &str = "kept";
    pub(super) const SETTINGS: &str = "settings";
    pub(super) const LOCAL: &str = "local";
}

impl Record {
    /// As a row; a row without a body is deleted.
    fn row(&self) -> Result<(Row, Option<String>), serde_json::Error> {
        let json = |kind, name: String, value: Option<String>| (Row { kind, name }, value);
        let one = String::new;
        Ok(match self {
            Self::Session(saved) => json(kind::SESSION, one(), body(saved.as_ref())?),
            Self::Reserved(last) => json(kind::RESERVED, one(), body(Some(last))?),
            Self::Waiting { seq, message } => {
                json(kind::WAITING, seq.to_string(), body(message.as_ref())?)
            }
            Self::Left { n, left } => json(kind::LEFT, n.to_string(), body(left.as_ref())?),
            Self::Form { call, draft } => json(kind::FORM, call.to_string(), body(draft.as_ref())?),
            Self::Cases(blocks) => json(kind::CASES, one(), body(Some(blocks))?),
            Self::Kept(forms) => json(kind::KEPT, one(), body(Some(forms))?),
            Self::Settings(settings) => json(kind::SETTINGS, one(), body(Some(settings))?),
            Self::Local(local) => json(kind::LOCAL, one(), body(local.as_ref())?),
        })
    }
}

fn body<T: Serialize>(value: Option<&T>) -> Result<Option<String>, serde_json::Error> {
    value.map(serde_json::to_string).transpose()
}

impl Restored {
    /// Reads a row; `false` when it makes no sense to this program.
    fn take(&mut self, kind: &str, name: &str, body: &str) -> bool {
        fn read<T: serde::de::DeserializeOwned>(body: &str, into: impl FnOnce(T)) -> bool {
            serde_json::from_str(body).map(into).is_ok()
        }
        let number = name.parse().ok();
        match (kind, number, name.parse().ok()) {
            (kind::SESSION, ..) => read(body, |saved| self.session = Some(saved)),
            (kind::RESERVED, ..) => read(body, |last| self.reserved = last),
            (kind::WAITING, Some(seq), _) => {
                read(body, |message| self.waiting.push(Sequenced { seq, message }))
            }
            (kind::LEFT, Some(n), _) => read(body, |left| self.left.push((n, left))),
            (kind::FORM, _, Some(call)) => read(body, |draft| self.forms.push((call, draft))),
            (kind::CASES, ..) => read(body, |cases| self.cases = cases),
            (kind::KEPT, ..) => read(body, |kept| self.kept = kept),
            (kind::SETTINGS, ..) => {
                self.settings = Some(Settings::read(body));
                true
            }
            (kind::LOCAL, ..) => read(body, |local| self.local = Some(local)),
            _ => false,
        }
    }
}

/// What waits for the disk: the newest of each row.
#[derive(Default)]
struct Pending {
    rows: Mutex<BTreeMap<Row, Option<String>>>,
    news: Notify,
    closing: AtomicBool,
}

impl Pending {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Row, Option<String>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine's end of the journal.
pub(crate) struct Journal {
    pending: Arc<Pending>,
    writer: JoinHandle<()>,
}

impl Journal {
    /// Opens or creates the journal of this folder and reads it. Whether writing works later is told
    /// to `health`: `Some` with a reason when it stops, `None` when it goes on.
    ///
    /// # Errors
    /// When the file cannot be used: no disk, no right, a newer program's, or another desk has it.
    pub(crate) async fn open(
        folder: &Path,
        health: mpsc::Sender<Option<String>>,
    ) -> Result<(Self, Restored), JournalError> {
        let mut disk = Disk::open(folder).await?;
        let mut restored = Restored::default();
        for (kind, name, body) in disk.read().await? {
            if !restored.take(&kind, &name, &body) {
                // Its content may be personal.
                tracing::warn!(kind, name, "a row of the journal is not understood");
            }
        }
        restored.waiting.sort_by_key(|message| message.seq);
        restored.left.sort_by_key(|(n, _)| *n);
        let pending = Arc::new(Pending::default());
        let writer = Writer { disk, pending: Arc::clone(&pending), health, broken: false };
        Ok((Self { pending, writer: tokio::spawn(writer.run()) }, restored))
    }

    /// Hands over something to keep; never waits.
    pub(crate) fn keep(&self, record: &Record) {
        let row = match record.row() {
            Ok(row) => row,
            Err(error) => return tracing::error!(%error, "something cannot be written as JSON"),
        };
        let mut rows = self.pending.rows();
        if rows.len() >= PENDING && !rows.contains_key(&row.0) {
            return;
        }
        rows.insert(row.0, row.1);
        drop(rows);
        self.pending.news.notify_one();
    }

    /// Writes what waits, at most for 2 s, and closes the file.
    pub(crate) async fn close(self) {
        self.pending.closing.store(true, Ordering::Release);
        self.pending.news.notify_one();
        if tokio::time::timeout(LAST_WRITES, self.writer).await.is_err() {
            tracing::warn!("the journal's last writes were not waited for any longer");
        }
    }
}

struct Writer {
    disk: Disk,
    pending: Arc<Pending>,
    health: mpsc::Sender<Option<String>>,
    broken: bool,
}

impl Writer {
    async fn run(mut self) {
        loop {
            let batch = std::mem::take(&mut *self.pending.rows());
            if !batch.is_empty() {
                self.write(batch).await;
                if self.broken {
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                continue;
            }
            if self.pending.closing.load(Ordering::Acquire) {
                return self.disk.close().await;
            }
            self.pending.news.notified().await;
        }
    }

    async fn write(&mut self, batch: BTreeMap<Row, Option<String>>) {
        let written = {
            let mut writing = std::pin::pin!(self.disk.write(&batch));
            match tokio::time::timeout(HANGS, &mut writing).await {
                Ok(written) => written,
                Err(_) => {
                    if !std::mem::replace(&mut self.broken, true) {
                        tell(&self.health, Some("the disk hangs".to_owned())).await;
                    }
                    writing.await
                }
            }
        };
        match written {
            Ok(()) => {
                if std::mem::take(&mut self.broken) {
                    tell(&self.health, None).await;
                }
            }
            Err(error) => {
                {
                    let mut rows = self.pending.rows();
                    for (row, body) in batch {
                        // What came meanwhile is newer.
                        rows.entry(row).or_insert(body);
                    }
                }
                if !std::mem::replace(&mut self.broken, true) {
                    tracing::warn!(%error, "the journal cannot be written");
                    tell(&self.health, Some(error.to_string())).await;
                }
            }
        }
    }
}

/// A desk that has ended needs no news.
async fn tell(health: &mpsc::Sender<Option<String>>, news: Option<String>) {
    let _ = health.send(news).await;
}

#[cfg(test)]
mod tests;
