//! The task that owns a user agent: its connection, its registration and its stack.

use super::{IncomingCall, UaEvent, UserAgentConfig};
use crate::ask::{BACKLOG, Job};
use crate::message::{Message, NameAddr, Start, split_list, uri_user};
use crate::stack::{Event, FlowId, Identity, Invitation, Output, Stack};
use crate::types::{DialogKey, Headers, SipError};
use crate::ws::{self, ClientSocket, DialError, HANDSHAKE, Inbound, OUTBOUND};
use rand::RngExt as _;
use siaga_model::Redacted;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::sleep_until;
use tokio_util::task::AbortOnDropHandle;

/// Largest message taken from the server, in bytes.
const MESSAGE_BYTES: usize = 256 * 1024;
/// Frames waiting for the stack; when full, the socket is not read.
const INBOUND: usize = 64;
/// Back-off of reconnecting: from, to. A desk must be back within 5 s of a resume.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));
/// How long one attempt may take when the user agent was told to reconnect: somebody is waiting in
/// a call, and the first SYN may have left by a network that has just gone.
const URGENT_ATTEMPT: Duration = Duration::from_millis(1500);
/// Pause between such attempts.
const URGENT_PAUSE: Duration = Duration::from_millis(150);
/// For how long attempts are urgent; then the ordinary back-off takes over.
const URGENT_FOR: Duration = Duration::from_secs(30);
/// Back-off after a refused registration: from, to.
const REGISTER_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long `Agent::close` waits for goodbyes to be answered.
const GOODBYE: Duration = Duration::from_secs(2);

pub(super) struct Agent {
    cfg: UserAgentConfig,
    tls: Arc<rustls::ClientConfig>,
    stack: Stack,
    link: Link,
    next_flow: u64,
    inbound: (mpsc::Sender<Inbound>, mpsc::Receiver<Inbound>),
    /// Failed attempts to connect since the last success.
    failures: u32,
    /// Set by `reconnect`, until it has worked or this has passed.
    urgent_until: Option<Instant>,
    registration: Registration,
    events: VecDeque<UaEvent>,
    waiting: HashMap<DialogKey, oneshot::Sender<Result<String, SipError>>>,
    closing: Option<Closing>,
}

type DialResult = Result<Box<ClientSocket>, DialError>;

enum Link {
    /// Dropping the attempt ends it.
    Dialling(AbortOnDropHandle<DialResult>),
    Up {
        flow: FlowId,
        outbound: mpsc::Sender<Vec<u8>>,
        /// Ends the connection without the goodbye that dropping `outbound` leaves time for.
        cut: AbortHandle,
    },
    /// Waits before the next attempt.
    Down { until: Instant },
}

impl Link {
    /// What became of the attempt to connect; pending when there is none.
    async fn dialled(&mut self) -> DialResult {
        match self {
            Self::Dialling(attempt) => attempt.await.unwrap_or(Err(DialError::GivenUp)),
            Self::Up { .. } | Self::Down { .. } => std::future::pending().await,
        }
    }
}

struct Registration {
    call_id: String,
    contact_uri: String,
    instance: String,
    expires: Duration,
    /// When to send the next REGISTER on the connection that is up.
    due: Option<Instant>,
    refusals: u32,
    stands: bool,
}

struct Closing {
    until: Instant,
    done: Vec<oneshot::Sender<()>>,
}

impl Agent {
    pub(super) fn new(cfg: UserAgentConfig) -> Result<Self, SipError> {
        let secure = match cfg.ws_url.scheme() {
            "ws" => false,
            "wss" => true,
            _ => return Err(SipError::Config("ws_url must be ws:// or wss://")),
        };
        let plain = |text: &str| {
            !text.is_empty() && !text.chars().any(|c| c.is_control() || " <>\"@;".contains(c))
        };
        if !plain(&cfg.user) || !plain(&cfg.domain) {
            return Err(SipError::Config("user and domain must fit into a SIP URI"));
        }
        if cfg.user_agent.chars().any(char::is_control) {
            return Err(SipError::Config("user_agent must be one line"));
        }
        let tls = ws::tls_client(cfg.tls_roots.as_ref())
            .map_err(|_| SipError::Config("TLS cannot be set up"))?;
        let mut rng = rand::rng();
        let word = |rng: &mut rand::rngs::ThreadRng| format!("{:012x}", rng.random::<u64>() >> 16);
        let sent_by = format!("{}.invalid", word(&mut rng));
        let contact_uri = format!("sip:{}@{sent_by};transport=ws", word(&mut rng));
        let id: u128 = rng.random();
        // Version 4, variant 1 (RFC 4122), in the hyphenated form that +sip.instance wants.
        let id = (id & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{id:032x}");
        let instance = format!(
            "urn:uuid:{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        );
        let identity = Identity {
            sent_by,
            transport: if secure { "WSS" } else { "WS" },
            contact: format!("<{contact_uri};ob>"),
            user_agent: cfg.user_agent.clone(),
            credentials: cfg.secret.clone().map(|s| (cfg.user.clone(), s)),
        };
        let registration = Registration {
            call_id: word(&mut rng) + &word(&mut rng),
            contact_uri,
            instance,
            expires: cfg.expires.max(Duration::from_secs(60)),
            due: None,
            refusals: 0,
            stands: false,
        };
        Ok(Self {
            tls,
            stack: Stack::new(identity, rand::make_rng()),
            link: Link::Down { until: Instant::now() },
            next_flow: 1,
            inbound: mpsc::channel(INBOUND),
            failures: 0,
            urgent_until: None,
            registration,
            events: VecDeque::new(),
            waiting: HashMap::new(),
            closing: None,
            cfg,
        })
    }

    /// Runs until closed, or until every handle or the event receiver is dropped, which cuts the
    /// connection without a word.
    pub(super) async fn run(
        mut self,
        mut jobs: mpsc::Receiver<Job<Self>>,
        events: mpsc::Sender<UaEvent>,
    ) {
        loop {
            self.flush();
            if self.closing.as_ref().is_some_and(|c| self.is_quiet() || Instant::now() >= c.until) {
                return;
            }
            let deadline = self.deadline();
            tokio::select! {
                permit = events.reserve(), if !self.events.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.events.pop_front() {
                            permit.send(event);
                        }
                    }
                    Err(_) => return,
                },
                job = jobs.recv() => match job {
                    Some(job) => job(&mut self),
                    None => return,
                },
                Some(inbound) = self.inbound.1.recv(), if self.events.len() < BACKLOG => match inbound {
                    Inbound::Frame(flow, data) => self.on_frame(flow, &data),
                    Inbound::Down(flow, why) => self.on_down(flow, why),
                },
                result = self.link.dialled() => self.on_dialled(result),
                () = sleep_until(deadline.into()) => self.on_time(Instant::now()),
            }
        }
    }

    fn deadline(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let link = match &self.link {
            Link::Down { until } => Some(*until),
            Link::Up { .. } => self.registration.due,
            Link::Dialling(_) => None,
        };
        let closing = self.closing.as_ref().map(|c| c.until);
        [self.stack.poll_timeout(), link, closing].into_iter().flatten().min().unwrap_or(far)
    }

    fn is_quiet(&self) -> bool {
        !matches!(self.link, Link::Up { .. }) || self.stack.is_idle()
    }

    fn on_time(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        match &self.link {
            Link::Down { until } if *until <= now && self.closing.is_none() => {
                self.start_dialling();
            }
            Link::Up { flow, .. } if self.registration.due.is_some_and(|d| d <= now) => {
                let flow = *flow;
                self.register(now, flow, self.registration.expires);
            }
            Link::Down { .. } | Link::Up { .. } | Link::Dialling(_) => {}
        }
    }

    fn start_dialling(&mut self) {
        let (url, tls) = (self.cfg.ws_url.clone(), self.tls.clone());
        let patience = if self.is_urgent(Instant::now()) { URGENT_ATTEMPT } else { HANDSHAKE };
        let attempt = tokio::spawn(async move {
            ws::dial(&url, tls, MESSAGE_BYTES, patience).await.map(Box::new)
        });
        self.link = Link::Dialling(AbortOnDropHandle::new(attempt));
    }

    fn is_urgent(&self, now: Instant) -> bool {
        self.urgent_until.is_some_and(|until| now < until)
    }

    /// Lets go of the connection, or of the attempt to make one, and dials at once.
    pub(super) fn reconnect(&mut self) {
        if self.closing.is_some() {
            return;
        }
        let now = Instant::now();
        self.urgent_until = Some(now + URGENT_FOR);
        self.failures = 0;
        if let Link::Up { flow, cut, .. } = &self.link {
            cut.abort();
            let flow = *flow;
            self.lose(now, flow);
        }
        self.start_dialling();
    }

    fn on_dialled(&mut self, result: DialResult) {
        let now = Instant::now();
        match result {
            Ok(socket) if self.closing.is_none() => {
                self.failures = 0;
                self.urgent_until = None;
                let flow = FlowId(self.next_flow);
                self.next_flow += 1;
                let (outbound, queue) = mpsc::channel(OUTBOUND);
                let carrier = ws::carry(*socket, flow, self.inbound.0.clone(), queue, None);
                let cut = tokio::spawn(carrier).abort_handle();
                self.link = Link::Up { flow, outbound, cut };
                if self.cfg.register {
                    self.register(now, flow, self.registration.expires);
                }
                self.stack.rebind_all(now, flow);
            }
            Ok(_) => self.link = Link::Down { until: now }, // closing: it is not needed any more
            Err(error) => {
                tracing::debug!(%error, "cannot reach the SIP server");
                self.back_off(now);
            }
        }
    }

    fn on_down(&mut self, flow: FlowId, why: &'static str) {
        if !matches!(&self.link, Link::Up { flow: up, .. } if *up == flow) {
            return;
        }
        tracing::debug!(why, "SIP connection lost");
        let now = Instant::now();
        self.lose(now, flow);
        self.back_off(now);
    }

    /// Takes note that the connection is gone; what comes next is the caller's.
    fn lose(&mut self, now: Instant, flow: FlowId) {
        self.link = Link::Down { until: now };
        self.registration.due = None;
        self.registration.stands = false;
        self.stack.flow_down(now, flow);
        self.flush(); // so that what failed by it is told before it
        self.events.push_back(UaEvent::ConnectionLost);
    }

    fn back_off(&mut self, now: Instant) {
        let growing = RECONNECT.0.saturating_mul(1 << self.failures.min(8)).min(RECONNECT.1);
        let full = if self.is_urgent(now) { URGENT_PAUSE } else { growing };
        self.failures += 1;
        // Jitter, so that a hundred desks do not return in one instant.
        let after = full.mul_f64(rand::random_range(0.5..1.0));
        self.link = Link::Down { until: now + after };
        self.events.push_back(UaEvent::Reconnecting { after });
    }

    fn register(&mut self, now: Instant, flow: FlowId, expires: Duration) {
        self.registration.due = None;
        let Registration { call_id, contact_uri, instance, .. } = &self.registration;
        let contact = format!(
            "<{contact_uri}>;+sip.instance=\"<{instance}>\";reg-id=1;expires={}",
            expires.as_secs()
        );
        let registrar = format!("sip:{}", self.cfg.domain);
        let aor = format!("sip:{}@{}", self.cfg.user, self.cfg.domain);
        self.stack.register(now, flow, call_id, &aor, &registrar, &contact);
    }

    fn on_registrar(&mut self, response: &Message) {
        let now = Instant::now();
        let Start::Response { status, reason } = &response.start else { return };
        if self.closing.is_some() {
            return;
        }
        if (200..300).contains(status) {
            let expires = self.granted(response);
            self.registration.refusals = 0;
            self.registration.stands = true;
            self.registration.due = Some(now + expires / 2);
            self.events.push_back(UaEvent::Registered { expires });
            return;
        }
        let asked = response.get("Min-Expires").and_then(|m| m.trim().parse().ok());
        if let (423, Some(seconds)) = (*status, asked) {
            self.registration.expires =
                Duration::from_secs(seconds).min(Duration::from_secs(86_400));
        }
        self.registration.stands = false;
        let n = self.registration.refusals;
        self.registration.refusals = n.saturating_add(1);
        let after = REGISTER_AGAIN.0.saturating_mul(1 << n.min(8)).min(REGISTER_AGAIN.1);
        self.registration.due = Some(now + after);
        let (status, reason) = (*status, reason.clone());
        self.events.push_back(UaEvent::RegistrationFailed { status, reason });
    }

    /// What the registrar grants for our contact, at least 10 s so that it cannot make us spin.
    fn granted(&self, response: &Message) -> Duration {
        let seconds = response
            .all("Contact")
            .flat_map(split_list)
            .filter_map(NameAddr::parse)
            .find(|c| c.user() == uri_user(&self.registration.contact_uri))
            .and_then(|c| c.param("expires")?.parse().ok())
            .or_else(|| response.get("Expires")?.trim().parse().ok());
        seconds.map_or(self.registration.expires, Duration::from_secs).max(Duration::from_secs(10))
    }

    fn on_frame(&mut self, flow: FlowId, data: &[u8]) {
        // What a connection that was let go still had in the queue must not bind a dialog to it.
        if !matches!(&self.link, Link::Up { flow: up, .. } if *up == flow) {
            return;
        }
        match Message::parse(data) {
            Ok(message) => self.stack.receive(Instant::now(), flow, message),
            Err(malformed) => {
                tracing::debug!(what = malformed.what, "malformed message from the server");
                if let Some(reply) = malformed.reply {
                    self.stack.send(flow, reply);
                }
            }
        }
    }

    /// Sends what the stack wants sent and queues what it reports.
    fn flush(&mut self) {
        while let Some(output) = self.stack.poll_output() {
            match output {
                Output::Send(flow, message) => self.transmit(flow, &message),
                Output::Event(event) => self.on_event(event),
            }
        }
    }

    fn transmit(&mut self, flow: FlowId, message: &Message) {
        let Link::Up { flow: up, outbound, .. } = &self.link else { return };
        if *up != flow {
            return;
        }
        if outbound.try_send(message.to_bytes()).is_err() {
            // A server that lets so much pile up is gone. The connection task ends with its queue.
            self.on_down(flow, "Stuck");
        }
    }

    fn on_event(&mut self, event: Event) {
        let event = match event {
            Event::Incoming { dialog, from, offer, headers, .. } => {
                let Some(offer) = offer else {
                    if let Err(error) = self.stack.reject(dialog, 488, "An Offer Is Required") {
                        tracing::debug!(%error, "offerless INVITE not refused");
                    }
                    // The application never heard of it, so it must not hear of its end.
                    while let Some(output) = self.stack.poll_output() {
                        match output {
                            Output::Send(flow, message) => self.transmit(flow, &message),
                            Output::Event(Event::Ended { dialog: d, .. }) if d == dialog => return,
                            Output::Event(other) => self.on_event(other),
                        }
                    }
                    return;
                };
                let from_user = Redacted::new(from.user());
                let display_name = from.display.map(Redacted::new);
                UaEvent::Incoming(IncomingCall { dialog, from_user, display_name, offer, headers })
            }
            Event::Ringing { dialog, sdp } => UaEvent::Ringing { dialog, sdp },
            Event::Answered { dialog, sdp } => UaEvent::Answered { dialog, sdp },
            Event::Confirmed { dialog, .. } => UaEvent::Confirmed { dialog },
            Event::Failed { dialog, status, reason } => UaEvent::Failed { dialog, status, reason },
            Event::Reoffer { dialog, sdp } => UaEvent::Reoffer { dialog, sdp },
            Event::Info { dialog, content_type, body } => {
                UaEvent::Info { dialog, content_type, body: Redacted::new(body) }
            }
            Event::Ended { dialog, by_remote, status, reason } => {
                UaEvent::Ended { dialog, by_remote, status, reason }
            }
            Event::Reoffered { dialog, result } => {
                if let Some(waiting) = self.waiting.remove(&dialog) {
                    let result =
                        result.map_err(|(status, reason)| SipError::Refused { status, reason });
                    let _ = waiting.send(result); // gone when the asking future was dropped
                }
                return;
            }
            Event::Registrar(response) => return self.on_registrar(&response),
        };
        self.events.push_back(event);
    }

    pub(super) fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    pub(super) fn invite(
        &mut self,
        target: &str,
        offer: &str,
        headers: &Headers,
    ) -> Result<DialogKey, SipError> {
        let Link::Up { flow, .. } = self.link else { return Err(SipError::NotConnected) };
        let whole = ["sip:", "sips:", "tel:"].iter().any(|s| target.starts_with(s));
        let target =
            if whole { target.to_owned() } else { format!("sip:{target}@{}", self.cfg.domain) };
        let from = format!("sip:{}@{}", self.cfg.user, self.cfg.domain);
        let call = Invitation {
            flow,
            owner: None,
            target: &target,
            to: &target,
            from: &from,
            display_name: self.cfg.display_name.as_ref().map(|d| d.expose().as_str()),
            offer,
            headers,
        };
        self.stack.invite(Instant::now(), &call)
    }

    /// Starts a re-offer; its answer goes to the receiver given back.
    pub(super) fn reoffer(
        &mut self,
        dialog: DialogKey,
        sdp: &str,
    ) -> Result<oneshot::Receiver<Result<String, SipError>>, SipError> {
        self.stack.reoffer(Instant::now(), dialog, sdp)?;
        let (tx, rx) = oneshot::channel();
        self.waiting.insert(dialog, tx);
        Ok(rx)
    }

    pub(super) fn close(&mut self, done: oneshot::Sender<()>) {
        let now = Instant::now();
        let closing =
            self.closing.get_or_insert(Closing { until: now + GOODBYE, done: Vec::new() });
        closing.done.push(done);
        for dialog in self.stack.live_dialogs() {
            if let Err(error) = self.stack.hang_up(now, dialog, None) {
                tracing::debug!(%error, "dialog not hung up on closing");
            }
        }
        if let (Link::Up { flow, .. }, true) = (&self.link, self.registration.stands) {
            let flow = *flow;
            self.register(now, flow, Duration::ZERO);
        }
    }
}
