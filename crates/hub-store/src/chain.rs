//! The hash chain of the event log: each event's hash covers its predecessor's.

use crate::{StoreError, StoredEvent};
use sha2::{Digest, Sha256};
use siaga_model::Timestamp;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash before the first event.
pub const BEGINNING: Hash = [0; 32];

/// The hash of an event: SHA-256 of the previous hash, `seq` and `at` as 8 bytes big-endian each,
/// and the body.
pub fn hash(previous: &Hash, seq: u64, at: Timestamp, body: &str) -> Hash {
    let mut sha = Sha256::new();
    sha.update(previous);
    sha.update(seq.to_be_bytes());
    sha.update(at.0.to_be_bytes());
    sha.update(body.as_bytes());
    sha.finalize().into()
}

/// Checks events one after the other from the first.
#[derive(Debug)]
pub struct Chain {
    length: u64,
    head: Hash,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Before the first event.
    pub const fn new() -> Self {
        Self { length: 0, head: BEGINNING }
    }

    /// How many events were found good.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The hash of the last good event. Noted outside the database, it also shows a log that was cut
    /// short or written anew.
    pub const fn head(&self) -> &Hash {
        &self.head
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when it does not follow.
    pub fn check(&mut self, event: &StoredEvent) -> Result<(), StoreError> {
        let seq = self.length + 1;
        let wanted = hash(&self.head, seq, event.event.at, &event.event.body);
        if event.seq != seq || event.hash != wanted {
            return Err(StoreError::Tampered { seq });
        }
        self.length = seq;
        self.head = wanted;
        Ok(())
    }
}
