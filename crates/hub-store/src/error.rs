//! What can go wrong with a store.

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full or is locked for too long. Trying again may help.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// It contradicts what is stored. Trying again does not help.
    #[error("it contradicts what is stored: {0}")]
    Conflict(String),
    /// Something stored does not read as what it should be.
    #[error("{what} in the database is damaged: {why}")]
    Damaged {
        /// The table or column.
        what: &'static str,
        /// What is wrong, without the value.
        why: String,
    },
    /// The schema is newer than this program, or a migration failed.
    #[error("the schema could not be brought up to date: {0}")]
    Schema(String),
    /// The million case numbers of a day are used up.
    #[error("no case numbers are left for this day")]
    NumbersExhausted,
    /// An event is not what it was when it was stored.
    #[error("event {seq} of the log was changed, or one before it was removed")]
    Tampered {
        /// The first event that does not fit.
        seq: u64,
    },
}

impl StoreError {
    /// Whether trying the same again later may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Conflict(_)
            | Self::Damaged { .. }
            | Self::Schema(_)
            | Self::NumbersExhausted
            | Self::Tampered { .. } => false,
        }
    }
}
