//! The vocabulary that user agent and server share: dialog keys, header lists, errors.

use siaga_model::Redacted;
use std::fmt;

/// Names one INVITE dialog (or the attempt at one) of the [`UserAgent`](crate::UserAgent) or
/// [`SipServer`](crate::SipServer) that gave it. Never reused by it; means nothing to another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogKey(pub(crate) u64);

impl DialogKey {
    /// A key with this number, for tests of state machines that are told of dialogs. Neither a user
    /// agent nor a server knows it.
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for DialogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}

impl fmt::Debug for DialogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Header fields that travel beside an offer, in order. Names compare without case.
///
/// `Debug` shows the names only: P-Asserted-Identity and its like are personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    /// No header fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The first value of the field `name`, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Appends one field and gives the list back.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }
}

impl From<Vec<(String, String)>> for Headers {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl From<Headers> for Vec<(String, String)> {
    fn from(headers: Headers) -> Self {
        headers.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(n, _)| n)).finish()
    }
}

/// What a display name or a calling number is wrapped in.
pub type Personal = Redacted<String>;

/// Why something asked of a user agent or server was not done. Nothing else changed then.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// The user agent or server has been closed.
    #[error("the SIP endpoint is closed")]
    Closed,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// What was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The configuration cannot work; the text says which field and why.
    #[error("bad SIP configuration: {0}")]
    Config(&'static str),
    /// The target is no SIP URI and no user name, or a header field would break the message.
    #[error("cannot be put into a SIP message: {0}")]
    BadInput(&'static str),
    /// No connection to the server at the moment; it is being re-established.
    #[error("not connected to the SIP server")]
    NotConnected,
    /// The account has no registration at the moment (or there is no such account).
    #[error("{user} is not registered")]
    NotRegistered {
        /// The account asked for.
        user: String,
    },
    /// There is no such dialog (any more).
    #[error("no dialog {0}")]
    NoDialog(DialogKey),
    /// The dialog is not in a state in which this can be done, e.g. answered twice.
    #[error("dialog {dialog} cannot {what} now")]
    WrongState {
        /// Which dialog.
        dialog: DialogKey,
        /// What was asked, as a verb phrase.
        what: &'static str,
    },
    /// The other side refused a re-offer; the session goes on as it was.
    #[error("the other side refused: {status} {reason}")]
    Refused {
        /// SIP status, 300–699; 408 when no answer came in 32 s.
        status: u16,
        /// The reason phrase of the other side.
        reason: String,
    },
}
