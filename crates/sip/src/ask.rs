//! How a handle reaches its actor: closures through a bounded queue, answered once.

use crate::types::SipError;
use tokio::sync::{mpsc, oneshot};

/// Requests waiting for an actor; when full, callers wait, as each waits for its answer anyway.
pub(crate) const JOBS: usize = 64;
/// Events waiting in the channel to the application.
pub(crate) const EVENTS: usize = 256;
/// Events waiting inside the actor. When the application leaves more unread, sockets are not read
/// until it has caught up; its own commands are still served, so it cannot lock itself out.
pub(crate) const BACKLOG: usize = 1024;

pub(crate) type Job<A> = Box<dyn FnOnce(&mut A) + Send>;

/// The sending side of an actor's job queue.
pub(crate) struct Asker<A>(mpsc::Sender<Job<A>>);

impl<A> Clone for Asker<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: 'static> Asker<A> {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job<A>>) {
        let (tx, rx) = mpsc::channel(JOBS);
        (Self(tx), rx)
    }

    /// Lets the actor run `job` and gives what it returns.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut A) -> Result<R, SipError> + Send + 'static,
    ) -> Result<R, SipError> {
        let (tx, rx) = oneshot::channel();
        let job: Job<A> = Box::new(move |actor| {
            // Nobody listens when the asking future was dropped; what was asked is done all the same.
            let _ = tx.send(job(actor));
        });
        self.0.send(job).await.map_err(|_| SipError::Closed)?;
        rx.await.map_err(|_| SipError::Closed)?
    }
}
