//! The server: what the embedded switch speaks SIP with. Registrar, and user agent to every caller
//! and seat; it proxies nothing.

use crate::Ha1s;
use accept::Acceptor;
use run::{Actor, Sources};
use std::fmt;
mod accept;
mod limits;
mod registrar;
mod run;

pub(crate) use limits::{Allowance, ByteAllowance};
pub use limits::{Limits, Rate};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use run::fuzzed::{Deed, FuzzedServer};

use crate::ask::{Asker, EVENTS};
use crate::types::{DialogKey, Headers, Personal, SipError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// New connections and messages of all sockets that wait for the server; when full, sockets are not read.
const ARRIVALS: usize = 1024;

/// How the server listens and what it bears.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen; port 0 lets the system choose.
    pub bind: SocketAddr,
    /// Digest realm, also the domain of our addresses.
    pub realm: String,
    /// Server and User-Agent header.
    pub user_agent: String,
    /// `Some` for wss, `None` for plain ws (loopback, or TLS in front).
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The number that is served for everybody, registered or not.
    pub emergency_user: String,
    /// What is refused, and from where on.
    pub limits: Limits,
}

/// What the server reports. Every dialog ends with exactly one `Failed` or `Ended`.
#[derive(Debug)]
pub enum ServerEvent {
    /// An account has its first contact (not sent again for refreshes).
    Registered {
        /// The account.
        user: String,
        /// Contact URI.
        contact: String,
        /// User-Agent header of the client.
        user_agent: Option<String>,
    },
    /// An account has lost its last contact. Its established dialogs stay up.
    Unregistered {
        /// The account.
        user: String,
        /// Why.
        why: UnregisteredBy,
    },
    /// Somebody calls.
    Incoming(IncomingLeg),
    /// The other side rings (18x).
    Ringing {
        /// Which dialog.
        dialog: DialogKey,
        /// Early answer.
        sdp: Option<String>,
    },
    /// Our INVITE was answered and the ACK is sent.
    Answered {
        /// Which dialog.
        dialog: DialogKey,
        /// The answer to our offer.
        sdp: String,
    },
    /// The other side confirmed our answer (ACK); `sdp` is its answer if its INVITE had no offer.
    Confirmed {
        /// Which dialog.
        dialog: DialogKey,
        /// The answer to the offer that our 200 made.
        sdp: Option<String>,
    },
    /// Our INVITE came to nothing. The dialog is gone.
    Failed {
        /// Which dialog.
        dialog: DialogKey,
        /// SIP status 300–699; 408 no response, 503 connection lost.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// The other side changes the session; answer with [`SipServer::accept_reoffer`].
    Reoffer {
        /// Which dialog.
        dialog: DialogKey,
        /// The new offer.
        sdp: String,
    },
    /// An INFO request, answered 200 already.
    Info {
        /// Which dialog.
        dialog: DialogKey,
        /// Content-Type, empty if there was none.
        content_type: String,
        /// Its body.
        body: Personal,
    },
    /// The dialog is over.
    Ended {
        /// Which dialog.
        dialog: DialogKey,
        /// Whether the other side ended it.
        by_remote: bool,
        /// SIP status that ended it, or the `cause` of its Reason header.
        status: Option<u16>,
        /// Text of the Reason header or our own explanation.
        reason: Option<String>,
    },
    /// A message or a connection was refused. For log and statistics; holds nothing of its content.
    /// Of one address, at most 20 at once and 2 a second are told; the next one says how many there
    /// were besides.
    Rejected {
        /// From where.
        remote: SocketAddr,
        /// What was wrong with it.
        what: String,
    },
}

/// Why an account is no longer registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnregisteredBy {
    /// It was not refreshed in time.
    Expired,
    /// The client took it back, or [`SipServer::remove_account`] did.
    Removed,
    /// Its connection is gone.
    ConnectionLost,
}

/// A call that came in.
#[derive(Debug)]
pub struct IncomingLeg {
    /// Names it from now on.
    pub dialog: DialogKey,
    /// User part of From: who says they call. Not verified.
    pub from_user: Personal,
    /// Display name in From.
    pub display_name: Option<Personal>,
    /// The account registered on the connection that the call came over.
    pub authenticated: Option<String>,
    /// Who is dialled: user part of the request URI, e.g. `110`.
    pub request_user: String,
    /// SDP offer; `None`: the 200 must make one and [`ServerEvent::Confirmed`] has the answer.
    pub offer: Option<String>,
    /// All header fields that SIP itself does not consume (X-…, P-Asserted-Identity, …).
    pub headers: Headers,
    /// Where the connection comes from.
    pub remote: SocketAddr,
}

/// A handle on a running server; clones speak to the same one. When all are dropped without
/// [`SipServer::close`], the connections are cut without a word, as by a crash.
#[derive(Clone)]
pub struct SipServer {
    actor: Asker<Actor>,
    local: SocketAddr,
}

impl fmt::Debug for SipServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipServer").field("local", &self.local).finish_non_exhaustive()
    }
}

impl SipServer {
    /// Listens and serves until [`SipServer::close`].
    ///
    /// # Errors
    /// [`SipError::Bind`].
    pub async fn bind(cfg: ServerConfig) -> Result<(Self, mpsc::Receiver<ServerEvent>), SipError> {
        let failed = |source| SipError::Bind { address: cfg.bind, source };
        let listener = TcpListener::bind(cfg.bind).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let plain = |text: &str| {
            !text.is_empty() && !text.chars().any(|c| c.is_control() || " <>\"@;".contains(c))
        };
        if !plain(&cfg.realm) || !plain(&cfg.emergency_user) {
            return Err(SipError::Config("realm and emergency_user must fit into a SIP URI"));
        }
        if cfg.user_agent.chars().any(char::is_control) {
            return Err(SipError::Config("user_agent must be one line"));
        }
        let (handle, jobs) = Asker::new();
        let (arrivals_in, arrivals) = mpsc::channel(ARRIVALS);
        let (tx, events) = mpsc::channel(EVENTS);
        let stop = CancellationToken::new();
        let acceptor = Acceptor {
            listener,
            tls: cfg.tls.clone(),
            limits: cfg.limits,
            arrivals: arrivals_in,
            stop: stop.clone(),
        };
        tokio::spawn(acceptor.run());
        let actor = Actor::new(cfg, local, rand::make_rng());
        tokio::spawn(actor.run(Sources { jobs, arrivals }, tx, stop));
        Ok((Self { actor: handle, local }, events))
    }

    /// The address listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Lets `user` register with these secrets from now on; replaces earlier ones without
    /// touching a registration that stands.
    ///
    /// `user` is the user part of a SIP URI, compared byte by byte: 1 to 64 ASCII letters, digits
    /// and `+-._~*`. So a seat (`metro-1`) and a telephone number (`+628120001`, `08120001`) can both be
    /// one; `+62812…` and `0812…` are two.
    ///
    /// # Errors
    /// [`SipError::BadInput`] for another name, [`SipError::Closed`].
    pub async fn set_account(&self, user: &str, secrets: Ha1s) -> Result<(), SipError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+-._~*".contains(c);
        if !(1..=64).contains(&user.len()) || !user.chars().all(fits) {
            return Err(SipError::BadInput("an account's name"));
        }
        let user = user.to_owned();
        let set = move |a: &mut Actor| {
            a.set_account(user, secrets);
            Ok(())
        };
        self.actor.ask(set).await
    }

    /// Forgets the account and its registration. Its dialogs stay up.
    ///
    /// # Errors
    /// [`SipError::Closed`].
    pub async fn remove_account(&self, user: &str) -> Result<(), SipError> {
        let user = user.to_owned();
        let remove = move |a: &mut Actor| {
            a.remove_account(user);
            Ok(())
        };
        self.actor.ask(remove).await
    }

    /// Whether `user` can be called right now.
    pub async fn is_registered(&self, user: &str) -> bool {
        let user = user.to_owned();
        self.actor.ask(move |a| Ok(a.is_registered(&user))).await.unwrap_or(false)
    }

    /// Calls the newest contact of `user`.
    ///
    /// # Errors
    /// [`SipError::NotRegistered`], [`SipError::BadInput`], [`SipError::Closed`].
    pub async fn invite(
        &self,
        user: &str,
        offer: &str,
        headers: Headers,
    ) -> Result<DialogKey, SipError> {
        let (user, offer) = (user.to_owned(), offer.to_owned());
        self.actor.ask(move |a| a.invite(&user, &offer, &headers)).await
    }

    /// Says 180 Ringing to an incoming call.
    ///
    /// # Errors
    /// [`SipError::NoDialog`], [`SipError::WrongState`], [`SipError::Closed`].
    pub async fn ring(&self, dialog: DialogKey) -> Result<(), SipError> {
        self.actor.ask(move |a| a.stack().ring(dialog, None)).await
    }

    /// Says 183 Session Progress with early media.
    ///
    /// # Errors
    /// As [`SipServer::ring`].
    pub async fn progress(&self, dialog: DialogKey, sdp: &str) -> Result<(), SipError> {
        let sdp = sdp.to_owned();
        self.actor.ask(move |a| a.stack().ring(dialog, Some(&sdp))).await
    }

    /// Answers an incoming call with 200 and this SDP.
    ///
    /// # Errors
    /// As [`SipServer::ring`].
    pub async fn answer(&self, dialog: DialogKey, sdp: &str) -> Result<(), SipError> {
        let sdp = sdp.to_owned();
        self.actor.ask(move |a| a.stack().answer(Instant::now(), dialog, &sdp)).await
    }

    /// Refuses an incoming call. The dialog then ends.
    ///
    /// # Errors
    /// As [`SipServer::ring`]; [`SipError::BadInput`] for a status outside 300–699.
    pub async fn reject(
        &self,
        dialog: DialogKey,
        status: u16,
        reason: &str,
    ) -> Result<(), SipError> {
        let reason = reason.to_owned();
        self.actor.ask(move |a| a.stack().reject(dialog, status, &reason)).await
    }

    /// Ends a dialog in whatever state it is: CANCEL, BYE, or 603 to a call not yet answered.
    /// `reason` is the value of a Reason header (RFC 3326), e.g.
    /// `SIP;cause=200;text="Call completed elsewhere"`.
    ///
    /// # Errors
    /// [`SipError::NoDialog`] when it is over already, [`SipError::Closed`].
    pub async fn hang_up(&self, dialog: DialogKey, reason: Option<&str>) -> Result<(), SipError> {
        let reason = reason.map(str::to_owned);
        self.actor.ask(move |a| a.stack().hang_up(Instant::now(), dialog, reason.as_deref())).await
    }

    /// Offers a changed session (re-INVITE) and waits for the answer.
    ///
    /// # Errors
    /// [`SipError::Refused`] leaves the session as it was; else as [`SipServer::ring`].
    pub async fn reoffer(&self, dialog: DialogKey, sdp: &str) -> Result<String, SipError> {
        let sdp = sdp.to_owned();
        let answer = self.actor.ask(move |a| a.reoffer(dialog, &sdp)).await?;
        answer.await.map_err(|_| SipError::Closed)?
    }

    /// Answers a [`ServerEvent::Reoffer`].
    ///
    /// # Errors
    /// As [`SipServer::ring`].
    pub async fn accept_reoffer(&self, dialog: DialogKey, sdp: &str) -> Result<(), SipError> {
        let sdp = sdp.to_owned();
        self.actor.ask(move |a| a.stack().accept_reoffer(Instant::now(), dialog, &sdp)).await
    }

    /// Refuses a re-offer; the session goes on as it was.
    ///
    /// # Errors
    /// As [`Self::accept_reoffer`]; [`SipError::BadInput`] for a status outside 300–699.
    pub async fn reject_reoffer(
        &self,
        dialog: DialogKey,
        status: u16,
        reason: &str,
    ) -> Result<(), SipError> {
        let reason = reason.to_owned();
        self.actor
            .ask(move |a| a.stack().reject_reoffer(Instant::now(), dialog, status, &reason))
            .await
    }

    /// Hangs everything up and stops listening; at most 2 s.
    pub async fn close(&self) {
        let (tx, rx) = oneshot::channel();
        let asked = self.actor.ask(move |a| {
            a.close(tx);
            Ok(())
        });
        if asked.await.is_ok() {
            let _ = rx.await; // its end, by whichever way, is what is waited for
        }
    }
}
