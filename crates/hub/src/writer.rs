//! The one task that writes. It keeps the order in which things happened, and no call ever waits for
//! the disk: the actor hands over and goes on.
//!
//! Jobs are stored in batches, because with `synchronous = FULL` the disk is asked once a batch. When
//! the database does not answer, the batch is tried again for a few seconds; then each job on its
//! own, so that one that contradicts the database takes no other with it. What could not be stored
//! is told: a desk's message is refused as `not-stored`, and the desk keeps and repeats it.

use crate::core::Ticket;
use siaga_hub_store::{Store, StoreError, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many jobs may wait: some minutes of a busy hub without a disk. When it is full, a desk's
/// message is refused as `not-stored` and an event is lost, which is logged; calls go on.
pub(crate) const JOBS_WAITING: usize = 8_192;
/// How many jobs are stored at once.
const BATCH: usize = 256;
/// Pauses before a batch is tried again while the database does not answer.
const AGAIN_AFTER: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What one input to the hub caused: stored whole or not at all.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) writes: Vec<Write>,
    pub(crate) ticket: Option<Ticket>,
}

/// What became of a ticket.
pub(crate) type Stored = (Ticket, Result<(), StoreError>);

pub(crate) struct Writer {
    store: Arc<dyn Store>,
    jobs: mpsc::Receiver<Job>,
    stored: mpsc::Sender<Stored>,
}

impl Writer {
    pub(crate) fn new(store: Arc<dyn Store>) -> (Self, mpsc::Sender<Job>, mpsc::Receiver<Stored>) {
        let (jobs_in, jobs) = mpsc::channel(JOBS_WAITING);
        let (stored, stored_out) = mpsc::channel(JOBS_WAITING);
        (Self { store, jobs, stored }, jobs_in, stored_out)
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
            match self.batch(&writes).await {
                Ok(()) => {
                    for ticket in parts.into_iter().filter_map(|(_, ticket)| ticket) {
                        self.tell(ticket, Ok(())).await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, jobs = parts.len(), "a batch could not be stored");
                    self.one_by_one(&writes, parts).await;
                }
            }
        }
    }

    async fn batch(&self, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        for pause in AGAIN_AFTER {
            match self.store.apply(writes).await {
                Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
                result => return result,
            }
        }
        self.store.apply(writes).await
    }

    async fn one_by_one(&self, writes: &[Write], parts: Vec<(Range<usize>, Option<Ticket>)>) {
        for (part, ticket) in parts {
            let result = if part.is_empty() {
                Ok(())
            } else {
                self.store.apply(&writes[part.clone()]).await
            };
            if let Err(error) = &result {
                tracing::error!(%error, writes = part.len(), "a job could not be stored");
            }
            if let Some(ticket) = ticket {
                self.tell(ticket, result).await;
            }
        }
    }

    async fn tell(&self, ticket: Ticket, result: Result<(), StoreError>) {
        // Nobody listens only when the hub is stopping; what was to be stored is stored.
        let _ = self.stored.send((ticket, result)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::SessionId;
    use siaga_hub_store::{EventRecord, SqliteStore};
    use siaga_model::{CallFacts, CallId, Timestamp};

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
        while let Some((ticket, result)) = stored.recv().await {
            results.push((ticket.seq, result.is_ok()));
        }
        assert_eq!(results, [(0, true), (1, false), (2, true)]);
        let kept: Vec<_> =
            store.events(0, 10).await.unwrap().iter().map(|event| event.event.at.0).collect();
        assert_eq!(kept, [1, 3]);
        assert_eq!(store.verify_chain().await.unwrap(), 2);
    }
}
