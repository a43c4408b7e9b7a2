//! The user agent: what a desk and a simulated caller speak SIP with.

mod run;

use crate::ask::{Asker, EVENTS};
use crate::types::{DialogKey, Headers, Personal, SipError};
use run::Agent;
use siaga_model::Redacted;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use url::Url;

/// How a user agent reaches its server and who it is.
#[derive(Clone, Debug)]
pub struct UserAgentConfig {
    /// `ws://` or `wss://`, with the path if the server wants one (`wss://pbx.example/ws`).
    pub ws_url: Url,
    /// Whom to trust for `wss://`; `None` means the public roots.
    pub tls_roots: Option<Arc<rustls::RootCertStore>>,
    /// User part of the address of record, also the digest user name.
    pub user: String,
    /// Domain of the address of record.
    pub domain: String,
    /// Digest secret. `None`: a challenge cannot be answered, e.g. an unregistered caller.
    pub secret: Option<Redacted<String>>,
    /// Display name put into From.
    pub display_name: Option<Personal>,
    /// Whether to register (and to keep registered).
    pub register: bool,
    /// Registration life-time asked for, 60 s or more; refreshed at half of what is granted.
    pub expires: Duration,
    /// User-Agent header.
    pub user_agent: String,
}

/// What a user agent reports. Every dialog ends with exactly one `Failed` or `Ended`.
#[derive(Debug)]
pub enum UaEvent {
    /// The registration stands (sent again after each refresh).
    Registered {
        /// Life-time granted.
        expires: Duration,
    },
    /// The registrar refused. 401 and 403 mean wrong user or secret; it is tried again with back-off.
    RegistrationFailed {
        /// SIP status; 408 when the registrar did not answer.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// The WebSocket is gone. Established dialogs stay: their media may well be alive.
    ConnectionLost,
    /// The next attempt to connect.
    Reconnecting {
        /// Time until it is made.
        after: Duration,
    },
    /// Somebody calls.
    Incoming(IncomingCall),
    /// The other side rings (18x); `sdp` when it sends early media.
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
    /// The other side confirmed our answer (ACK).
    Confirmed {
        /// Which dialog.
        dialog: DialogKey,
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
    /// The other side changes the session; answer with [`UserAgent::accept_reoffer`].
    Reoffer {
        /// Which dialog.
        dialog: DialogKey,
        /// The new offer.
        sdp: String,
    },
    /// An INFO request, answered 200 already (DTMF: `application/dtmf-relay`).
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
}

/// A call that came in.
#[derive(Debug)]
pub struct IncomingCall {
    /// Names it from now on.
    pub dialog: DialogKey,
    /// User part of From: who says they call. Not verified.
    pub from_user: Personal,
    /// Display name in From.
    pub display_name: Option<Personal>,
    /// SDP offer.
    pub offer: String,
    /// All header fields that SIP itself does not consume (X-…, P-Asserted-Identity, Alert-Info, …).
    pub headers: Headers,
}

/// A handle on a running user agent; clones speak to the same one. When all are dropped without
/// [`UserAgent::close`], the connection is cut without a word, as by a crash.
#[derive(Clone)]
pub struct UserAgent {
    agent: Asker<Agent>,
}

impl fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserAgent")
    }
}

impl UserAgent {
    /// Starts connecting. Gives the handle at once; what becomes of it comes as events.
    ///
    /// # Errors
    /// [`SipError::Config`] when the configuration can never work.
    pub fn start(cfg: UserAgentConfig) -> Result<(Self, mpsc::Receiver<UaEvent>), SipError> {
        let agent = Agent::new(cfg)?;
        let (handle, jobs) = Asker::new();
        let (tx, events) = mpsc::channel(EVENTS);
        tokio::spawn(agent.run(jobs, tx));
        Ok((Self { agent: handle }, events))
    }

    /// Calls `target`: a user of our own domain (`110`) or a whole SIP URI.
    ///
    /// # Errors
    /// [`SipError::NotConnected`], [`SipError::BadInput`], [`SipError::Closed`].
    pub async fn invite(
        &self,
        target: &str,
        offer: &str,
        headers: Headers,
    ) -> Result<DialogKey, SipError> {
        let (target, offer) = (target.to_owned(), offer.to_owned());
        self.agent.ask(move |a| a.invite(&target, &offer, &headers)).await
    }

    /// Says 180 Ringing to an incoming call.
    ///
    /// # Errors
    /// [`SipError::NoDialog`], [`SipError::WrongState`], [`SipError::Closed`].
    pub async fn ring(&self, dialog: DialogKey) -> Result<(), SipError> {
        self.agent.ask(move |a| a.stack().ring(dialog, None)).await
    }

    /// Answers an incoming call with 200 and this SDP.
    ///
    /// # Errors
    /// As [`UserAgent::ring`].
    pub async fn answer(&self, dialog: DialogKey, sdp: &str) -> Result<(), SipError> {
        let sdp = sdp.to_owned();
        self.agent.ask(move |a| a.stack().answer(Instant::now(), dialog, &sdp)).await
    }

    /// Refuses an incoming call: 486 busy, 603 decline, 480, … The dialog then ends.
    ///
    /// # Errors
    /// As [`UserAgent::ring`]; [`SipError::BadInput`] for a status outside 300–699.
    pub async fn reject(
        &self,
        dialog: DialogKey,
        status: u16,
        reason: &str,
    ) -> Result<(), SipError> {
        let reason = reason.to_owned();
        self.agent.ask(move |a| a.stack().reject(dialog, status, &reason)).await
    }

    /// Ends a dialog in whatever state it is: CANCEL, BYE, or 603 to a call not yet answered.
    ///
    /// # Errors
    /// [`SipError::NoDialog`] when it is over already, [`SipError::Closed`].
    pub async fn hang_up(&self, dialog: DialogKey) -> Result<(), SipError> {
        self.agent.ask(move |a| a.stack().hang_up(Instant::now(), dialog, None)).await
    }

    /// Offers a changed session (re-INVITE) and waits for the answer.
    ///
    /// # Errors
    /// [`SipError::Refused`] leaves the session as it was; else as [`UserAgent::ring`].
    pub async fn reoffer(&self, dialog: DialogKey, sdp: &str) -> Result<String, SipError> {
        let sdp = sdp.to_owned();
        let answer = self.agent.ask(move |a| a.reoffer(dialog, &sdp)).await?;
        answer.await.map_err(|_| SipError::Closed)?
    }

    /// Answers a [`UaEvent::Reoffer`].
    ///
    /// # Errors
    /// As [`UserAgent::ring`].
    pub async fn accept_reoffer(&self, dialog: DialogKey, sdp: &str) -> Result<(), SipError> {
        let sdp = sdp.to_owned();
        self.agent.ask(move |a| a.stack().accept_reoffer(Instant::now(), dialog, &sdp)).await
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
        self.agent
            .ask(move |a| a.stack().reject_reoffer(Instant::now(), dialog, status, &reason))
            .await
    }

    /// Sends an INFO request, e.g. DTMF as `application/dtmf-relay`.
    ///
    /// # Errors
    /// As [`UserAgent::ring`].
    pub async fn info(
        &self,
        dialog: DialogKey,
        content_type: &str,
        body: &str,
    ) -> Result<(), SipError> {
        let (kind, body) = (content_type.to_owned(), body.to_owned());
        self.agent.ask(move |a| a.stack().info(Instant::now(), dialog, &kind, &body)).await
    }

    /// Lets go of the connection at once, without waiting for TCP to notice anything, and connects and
    /// registers anew: for whoever knows that the network has changed under it. Attempts are short
    /// (1.5 s each, 150 ms apart) for the next 30 s.
    ///
    /// Established dialogs go on over the new connection, and their requests with them. A call not
    /// answered yet, either way, ends as by any lost connection. Returns as soon as the old
    /// connection is gone; [`UaEvent::ConnectionLost`] (if one was up) and then
    /// [`UaEvent::Registered`] tell how it goes on.
    ///
    /// # Errors
    /// [`SipError::Closed`].
    pub async fn reconnect(&self) -> Result<(), SipError> {
        let reconnect = |a: &mut Agent| {
            a.reconnect();
            Ok(())
        };
        self.agent.ask(reconnect).await
    }

    /// Hangs everything up, unregisters and closes the connection; at most 2 s.
    pub async fn close(&self) {
        let (tx, rx) = oneshot::channel();
        let asked = self.agent.ask(move |a| {
            a.close(tx);
            Ok(())
        });
        if asked.await.is_ok() {
            let _ = rx.await; // its end, by whichever way, is what is waited for
        }
    }
}
