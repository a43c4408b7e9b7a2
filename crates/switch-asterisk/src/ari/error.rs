//! Why Asterisk did not do something.

/// Why Asterisk could not be asked, or what it said. `doing` names what was wanted, e.g. "ring a leg".
#[derive(Clone, Debug, thiserror::Error)]
pub enum AriError {
    /// Not the address of an ARI, `http://host:port/ari`.
    #[error("not the address of an ARI: {0}")]
    BadAddress(String),
    /// No connection, or it broke.
    #[error("Asterisk cannot be reached to {doing}: {why}")]
    Unreachable {
        /// What was wanted.
        doing: &'static str,
        /// The system's words.
        why: String,
    },
    /// Asterisk took too long.
    #[error("Asterisk did not {doing} within {ms} ms")]
    TooSlow {
        /// What was wanted.
        doing: &'static str,
        /// How long was waited.
        ms: u128,
    },
    /// Asterisk refused.
    #[error("Asterisk refused to {doing}: {status} {message}")]
    Refused {
        /// What was wanted.
        doing: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// Something answered that does not speak as ARI does.
    #[error("the answer when asked to {doing} is not understood: {why}")]
    Malformed {
        /// What was wanted.
        doing: &'static str,
        /// Why.
        why: String,
    },
}

impl AriError {
    /// Whether what was to be changed is not there, or no longer in a state in which it could be: of a
    /// leg that is going that is no error.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 409 | 412 | 422, .. })
    }

    /// Whether it may work when tried again: the connection broke, or Asterisk was busy.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TooSlow { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::BadAddress(_) | Self::Malformed { .. } => false,
        }
    }
}
