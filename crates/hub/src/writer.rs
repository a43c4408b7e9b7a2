//! The one task that writes. It keeps the order in which things happened, and no call ever waits for
//! the disk: the actor hands over and goes on.
//!
//! Jobs are stored in batches, because with `synchronous = FULL` the disk is asked once a batch. While
//! the database does not answer (its disk is full, say), the batch is tried again until it does, the
//! room is told, and what happens meanwhile waits behind it: nothing is lost and nothing overtakes. A
//! batch that contradicts the database is stored job by job, so that the one which does takes no
//! other with it; a desk's message that could not be stored is refused as `not-stored`, and the desk
//! keeps and repeats it.

use crate::core::Ticket;
use siaga_hub_store::{Store, StoreError, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many jobs may wait: a quarter of an hour of a busy Polda (30 jobs a second) without a disk.
/// When it is full, a desk's message is refused as `not-stored` and an event is lost, which is
/// logged; calls go on.
pub(crate) const JOBS_WAITING: usize = 32_768;
/// How many jobs are stored at once.
const BATCH: usize = 256;
/// Pauses before a batch is tried again while the database does not answer; the last one repeats.
const AGAIN_AFTER: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// After so many failures the room is told: less is a disk that hesitates.
const TOLD_AFTER: usize = 3;
/// A hub that stops tries so often, and then says what is lost.
const TRIES_AT_THE_END: usize = 3;

/// What one input to the hub caused: stored whole or not at all.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) writes: Vec<Write>,
    pub(crate) ticket: Option<Ticket>,
}

/// What the writer tells.
#[derive(Debug)]
pub(crate) enum Stored {
    /// What became of a ticket.
    Ticket(Ticket, Result<(), StoreError>),
    /// Cases are as they were last handed over: whoever asks for a list finds them so.
    Cases,
    /// Nothing can be stored for now; all of it is kept.
    Failing,
    /// Everything that was kept is being stored again.
    Again,
}

pub(crate) struct Writer {
    store: Arc<dyn Store>,
    jobs: mpsc::Receiver<Job>,
    stored: mpsc::Sender<Stored>,
    /// Whether the room was told that nothing can be stored.
    failing: bool,
}

impl Writer {
    pub(crate) fn new(store: Arc<dyn Store>) -> (Self, mpsc::Sender<Job>, mpsc::Receiver<Stored>) {
        let (jobs_in, jobs) = mpsc::channel(JOBS_WAITING);
        let (stored, stored_out) = mpsc::channel(JOBS_WAITING);
        (Self { store, jobs, stored, failing: false }, jobs_in, stored_out)
    }

    /// Runs until nobody can hand over anything any more and everything is stored.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH);
        while self.jobs.recv_many(&mut jobs, BATCH).await > 0 {
            let mut writes = Vec::new();
            let mut parts = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                let from = writes.len();
                writes.extend(job.writes);
                parts.push((from..writes.len(), job.ticket));
            }
            match self.apply(&writes).await {
                Ok(()) => {
                    self.tell_of_cases(&writes).await;
                    for ticket in parts.into_iter().filter_map(|(_, ticket)| ticket) {
                        self.tell(Stored::Ticket(ticket, Ok(()))).await;
                    }
                }
                Err(error) if error.may_pass() => {
                    let lost = parts.len() + self.jobs.len();
                    tracing::error!(%error, lost, "the hub ends, and this could not be stored");
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, jobs = parts.len(), "a batch could not be stored");
                    for (part, ticket) in parts {
                        self.alone(&writes[part], ticket).await;
                    }
                }
            }
        }
    }

    /// Stores it, however long that takes while the hub runs. What comes back contradicts the
    /// database, or is the end of a hub whose disk is still full.
    async fn apply(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let (mut failures, mut at_the_end) = (0, 0);
        loop {
            let error = match self.store.apply(writes).await {
                Err(error) if error.may_pass() => error,
                result => {
                    if std::mem::take(&mut self.failing) {
                        tracing::info!("the store stores again");
                        self.tell(Stored::Again).await;
                    }
                    return result;
                }
            };
            failures += 1;
            if failures >= TOLD_AFTER && !self.failing {
                tracing::error!(%error, "nothing can be stored; it is kept and tried again");
                self.failing = true;
                self.tell(Stored::Failing).await;
            }
            if self.jobs.is_closed() {
                at_the_end += 1;
                if at_the_end >= TRIES_AT_THE_END {
                    return Err(error);
                }
            }
            tokio::time::sleep(AGAIN_AFTER[(failures - 1).min(AGAIN_AFTER.len() - 1)]).await;
        }
    }

    async fn alone(&mut self, writes: &[Write], ticket: Option<Ticket>) {
        let result = self.apply(writes).await;
        match &result {
            Ok(()) => self.tell_of_cases(writes).await,
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "a job could not be stored");
            }
        }
        if let Some(ticket) = ticket {
            self.tell(Stored::Ticket(ticket, result)).await;
        }
    }

    async fn tell_of_cases(&self, stored: &[Write]) {
        let of_case = |write: &Write| matches!(write, Write::CaseOpened(_) | Write::CaseChanged(_));
        if stored.iter().any(of_case) {
            self.tell(Stored::Cases).await;
        }
    }

    async fn tell(&self, stored: Stored) {
        // Nobody listens only when the hub is stopping; what was to be stored is stored.
        let _ = self.stored.send(stored).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::SessionId;
    use siaga_hub_store::{EventRecord, SqliteStore};
    use siaga_model::{
        CallFacts, CallId, Case, CaseNumber, CaseStatus, Form, Priority, Timestamp, Validity,
    };

    fn ticket(seq: u64) -> Option<Ticket> {
        Some(Ticket { session: SessionId(1), seq })
    }

    #[tokio::test]
    async fn a_job_that_contradicts_the_database_takes_no_other_with_it() {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let (writer, jobs, mut stored) = Writer::new(store.clone());
        let call = CallId::from_parts(1, 1);
        let arrived = Write::CallArrived { call, facts: CallFacts::default() };
        let event =
            |n| Write::Event(EventRecord { at: Timestamp(n), call: None, body: "{}".to_owned() });
        for (seq, writes) in
            [vec![arrived.clone(), event(1)], vec![arrived, event(2)], vec![event(3)]]
                .into_iter()
                .enumerate()
        {
            jobs.try_send(Job { writes, ticket: ticket(seq as u64) }).unwrap();
        }
        drop(jobs);
        writer.run().await;
        let mut results = Vec::new();
        while let Some(stored) = stored.recv().await {
            let Stored::Ticket(ticket, result) = stored else { panic!("{stored:?}") };
            results.push((ticket.seq, result.is_ok()));
        }
        assert_eq!(results, [(0, true), (1, false), (2, true)]);
        let kept: Vec<_> =
            store.events(0, 10).await.unwrap().iter().map(|event| event.event.at.0).collect();
        assert_eq!(kept, [1, 3]);
        assert_eq!(store.verify_chain().await.unwrap(), 2);
    }
    #[tokio::test]
    async fn who_shows_lists_is_told_of_a_case_when_it_is_stored_and_of_nothing_else() {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let (writer, jobs, mut stored) = Writer::new(store.clone());
        let writer = tokio::spawn(writer.run());
        let call = CallId::from_parts(1, 1);
        let case = Case {
            number: CaseNumber::new("PMJ", 261_127, 1).unwrap(),
            call,
            form: Form::default(),
            validity: Validity::Ask,
            priority: Priority::P3,
            unit: None,
            disposition: None,
            status: CaseStatus::Open,
            opened_by: "pmj-1".parse().unwrap(),
            opened_at: Timestamp(1),
            closed_at: None,
        };
        let arrived = Write::CallArrived { call, facts: CallFacts::default() };
        // The last one contradicts the database.
        let steps = [vec![arrived.clone()], vec![Write::CaseOpened(case.clone())], vec![arrived]];
        let mut told = Vec::new();
        for (seq, writes) in steps.into_iter().enumerate() {
            jobs.send(Job { writes, ticket: ticket(seq as u64) }).await.unwrap();
            loop {
                match stored.recv().await.unwrap() {
                    Stored::Cases => {
                        assert_eq!(store.case(&case.number).await.unwrap(), Some(case.clone()));
                        told.push("case");
                    }
                    Stored::Ticket(_, result) => {
                        told.push(if result.is_ok() { "stored" } else { "refused" });
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        drop(jobs);
        writer.await.unwrap();
        assert_eq!(told, ["stored", "case", "stored", "refused"]);
    }
}
