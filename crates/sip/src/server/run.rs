//! The task that owns the server: flows, registrar and stack.

use super::accept::Arrival;
use super::limits::{Ledger, RETRY_AFTER_SECONDS};
use super::registrar::{Change, Registrar, Verdict};
use super::{IncomingLeg, ServerConfig, ServerEvent, UnregisteredBy};
use crate::ask::{BACKLOG, Job};
use crate::digest::{Ha1s, Nonces, challenges};
use crate::message::{Message, Method, Start, uri_user};
use crate::stack::{Event, FlowId, Identity, Invitation, Output, Owner, Stack};
use crate::types::{DialogKey, Headers, SipError};
use crate::ws::{FLOODING, Inbound, TOO_LARGE};
use rand::rngs::StdRng;
use siaga_model::Redacted;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// Refusals that wait for their delay; beyond it, the offender's connection is closed instead.
const DELAYED: usize = 1024;
/// How long closing waits for goodbyes to be answered.
const GOODBYE: Duration = Duration::from_secs(2);

struct Flow {
    remote: SocketAddr,
    outbound: mpsc::Sender<Vec<u8>>,
    nonces: Nonces,
    malformed: u32,
}

pub(crate) struct Actor {
    cfg: ServerConfig,
    stack: Stack,
    registrar: Registrar,
    flows: HashMap<FlowId, Flow>,
    ledger: Ledger,
    /// Calls of people without a registration, and where they came from.
    strangers: HashMap<DialogKey, IpAddr>,
    delayed: BTreeMap<(Instant, u64), (FlowId, Message)>,
    next_delayed: u64,
    events: VecDeque<ServerEvent>,
    waiting: HashMap<DialogKey, oneshot::Sender<Result<String, SipError>>>,
    closing: Option<Closing>,
}

struct Closing {
    until: Instant,
    done: Vec<oneshot::Sender<()>>,
}

/// What the actor reads from.
pub(super) struct Sources {
    pub(super) jobs: mpsc::Receiver<Job<Actor>>,
    pub(super) arrivals: mpsc::Receiver<Arrival>,
}

impl Actor {
    pub(super) fn new(cfg: ServerConfig, local: SocketAddr, rng: StdRng) -> Self {
        let transport = if cfg.tls.is_some() { "WSS" } else { "WS" };
        let identity = Identity {
            sent_by: local.to_string(),
            transport,
            contact: format!("<sip:siaga@{local};transport=ws>"),
            user_agent: cfg.user_agent.clone(),
            credentials: None,
        };
        Self {
            stack: Stack::new(identity, rng),
            registrar: Registrar::default(),
            flows: HashMap::new(),
            ledger: Ledger::default(),
            strangers: HashMap::new(),
            delayed: BTreeMap::new(),
            next_delayed: 0,
            events: VecDeque::new(),
            waiting: HashMap::new(),
            closing: None,
            cfg,
        }
    }

    /// Runs until closed, or until every handle or the event receiver is dropped. `stop` then ends
    /// the acceptor and all connections.
    pub(super) async fn run(
        mut self,
        mut from: Sources,
        events: mpsc::Sender<ServerEvent>,
        stop: CancellationToken,
    ) {
        let _stop = stop.drop_guard();
        loop {
            self.flush(Instant::now());
            if self
                .closing
                .as_ref()
                .is_some_and(|c| self.stack.is_idle() || Instant::now() >= c.until)
            {
                return;
            }
            let deadline = self.deadline();
            let reading = self.events.len() < BACKLOG;
            tokio::select! {
                permit = events.reserve(), if !self.events.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.events.pop_front() {
                            permit.send(event);
                        }
                    }
                    Err(_) => return,
                },
                job = from.jobs.recv() => match job {
                    Some(job) => job(&mut self),
                    None => return,
                },
                Some(arrival) = from.arrivals.recv(), if reading => {
                    self.on_arrival(Instant::now(), arrival);
                }
                () = sleep_until(deadline.into()) => self.on_time(Instant::now()),
            }
        }
    }

    fn deadline(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let delayed = self.delayed.keys().next().map(|(at, _)| *at);
        let closing = self.closing.as_ref().map(|c| c.until);
        [self.stack.poll_timeout(), self.registrar.next_expiry(), delayed, closing]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(far)
    }

    pub(crate) fn on_time(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        for user in self.registrar.expire(now) {
            self.events.push_back(ServerEvent::Unregistered { user, why: UnregisteredBy::Expired });
        }
        while let Some((&(at, n), _)) = self.delayed.first_key_value() {
            if at > now {
                return;
            }
            if let Some((flow, message)) = self.delayed.remove(&(at, n)) {
                self.stack.send(flow, message);
            }
        }
    }

    fn on_arrival(&mut self, now: Instant, arrival: Arrival) {
        match arrival {
            Arrival::Up { flow, remote, outbound } => {
                let nonces = Nonces::default();
                self.flows.insert(flow, Flow { remote, outbound, nonces, malformed: 0 });
            }
            Arrival::Refused { remote, what } => self.reject_note(now, remote, what),
            Arrival::Reported(Inbound::Frame(flow, data)) => self.on_frame(now, flow, &data),
            Arrival::Reported(Inbound::Down(flow, why)) => self.on_down(now, flow, why),
        }
    }

    pub(crate) fn on_down(&mut self, now: Instant, flow: FlowId, why: &'static str) {
        let Some(gone) = self.flows.remove(&flow) else { return };
        if matches!(why, TOO_LARGE | FLOODING) {
            self.reject_note(now, gone.remote, why);
        }
        self.stack.flow_down(now, flow);
        self.flush(now); // so that what failed by it is told before it
        for user in self.registrar.flow_down(flow) {
            let why = UnregisteredBy::ConnectionLost;
            self.events.push_back(ServerEvent::Unregistered { user, why });
        }
    }

    fn reject_note(&mut self, now: Instant, remote: SocketAddr, what: impl Into<String>) {
        if let Some(what) = self.ledger.note(now, remote.ip(), what.into()) {
            self.events.push_back(ServerEvent::Rejected { remote, what });
        }
    }

    pub(crate) fn on_frame(&mut self, now: Instant, flow: FlowId, data: &[u8]) {
        // Frames of a connection that was cut here may still be in the queue.
        let Some(from) = self.flows.get_mut(&flow) else { return };
        let remote = from.remote;
        match Message::parse(data) {
            Ok(message) => self.on_message(now, flow, remote, message),
            Err(malformed) => {
                from.malformed += 1;
                let too_many = from.malformed >= self.cfg.limits.malformed_per_connection;
                self.reject_note(now, remote, malformed.what);
                if let Some(reply) = malformed.reply {
                    self.stack.send(flow, reply.with("Server", self.cfg.user_agent.clone()));
                }
                if too_many {
                    self.flush(now);
                    self.on_down(now, flow, "Too Many Malformed Messages");
                }
            }
        }
    }

    fn on_message(&mut self, now: Instant, flow: FlowId, remote: SocketAddr, message: Message) {
        let outside = message.to().is_some_and(|t| t.param("tag").is_none());
        match &message.start {
            Start::Request { method: Method::Register, .. } => {
                self.on_register(now, flow, remote, &message);
            }
            Start::Request { method: Method::Invite, uri } if outside => {
                let emergency = uri_user(uri) == self.cfg.emergency_user;
                let registered = self.registrar.on_flow(flow).is_some();
                if self.closing.is_some() {
                    self.stack.respond(flow, &message, 503, "Closing");
                } else if registered
                    || emergency && self.ledger.may_call(now, remote.ip(), &self.cfg.limits)
                {
                    self.stack.receive(now, flow, message);
                } else if emergency {
                    let reason = "Too Many Calls From One Address";
                    let response = self
                        .stack
                        .response(&message, 503, reason)
                        .with("Retry-After", RETRY_AFTER_SECONDS.to_string());
                    self.stack.send(flow, response);
                    self.reject_note(now, remote, reason);
                } else {
                    let reason = format!("Only {} Without Registration", self.cfg.emergency_user);
                    self.stack.respond(flow, &message, 403, &reason);
                    self.reject_note(now, remote, reason);
                }
            }
            Start::Request { .. } | Start::Response { .. } => {
                self.stack.receive(now, flow, message);
            }
        }
    }

    fn on_register(&mut self, now: Instant, flow: FlowId, remote: SocketAddr, request: &Message) {
        let Some(from) = self.flows.get_mut(&flow) else { return };
        let realm = &self.cfg.realm;
        let verdict =
            self.registrar.register(now, request, flow, &mut from.nonces, realm, remote.ip());
        match verdict {
            Verdict::Challenge { stale } => {
                let nonce = self.stack.random_token();
                let mut response = self.stack.response(request, 401, "Unauthorized");
                for challenge in challenges(&self.cfg.realm, &nonce, stale) {
                    response = response.with("WWW-Authenticate", challenge);
                }
                from.nonces.give(now, nonce);
                self.stack.send(flow, response);
            }
            Verdict::Later { after } => {
                let reason = "Too Many Wrong Secrets";
                let response = self
                    .stack
                    .response(request, 503, reason)
                    .with("Retry-After", after.as_millis().div_ceil(1000).to_string());
                self.stack.send(flow, response);
                self.reject_note(now, remote, reason);
            }
            Verdict::Refused { status, reason, delay } => {
                let response = self.stack.response(request, status, reason);
                self.reject_note(now, remote, reason);
                if delay.is_zero() {
                    self.stack.send(flow, response);
                } else if self.delayed.len() < DELAYED {
                    self.next_delayed += 1;
                    self.delayed.insert((now + delay, self.next_delayed), (flow, response));
                } else {
                    self.on_down(now, flow, "Too Many Refusals");
                }
            }
            Verdict::TooBrief { least } => {
                let response = self
                    .stack
                    .response(request, 423, "Interval Too Brief")
                    .with("Min-Expires", least.to_string());
                self.stack.send(flow, response);
            }
            Verdict::Done { owner, contacts, change, outbound } => {
                let mut response = self.stack.response(request, 200, "OK");
                for contact in contacts {
                    response = response.with("Contact", contact);
                }
                response = response.with("Supported", "outbound");
                if outbound {
                    response = response.with("Require", "outbound");
                }
                self.stack.send(flow, response);
                self.on_registered(now, flow, request, owner, change);
            }
        }
    }

    fn on_registered(
        &mut self,
        now: Instant,
        flow: FlowId,
        request: &Message,
        owner: Owner,
        change: Change,
    ) {
        if self.registrar.on_flow(flow).is_some() {
            self.stack.adopt(&owner, flow);
            self.stack.rebind(now, &owner, flow);
        }
        let user = owner.user;
        match change {
            Change::None => {}
            Change::Came { uri } => {
                let user_agent = request.get("User-Agent").map(str::to_owned);
                self.events.push_back(ServerEvent::Registered { user, contact: uri, user_agent });
            }
            Change::Went => {
                self.events
                    .push_back(ServerEvent::Unregistered { user, why: UnregisteredBy::Removed });
            }
        }
    }

    fn flush(&mut self, now: Instant) {
        while let Some(output) = self.stack.poll_output() {
            match output {
                Output::Send(flow, message) => self.transmit(now, flow, &message),
                Output::Event(event) => self.on_event(now, event),
            }
        }
    }

    fn transmit(&mut self, now: Instant, flow: FlowId, message: &Message) {
        let Some(to) = self.flows.get(&flow) else { return };
        if to.outbound.try_send(message.to_bytes()).is_err() {
            self.on_down(now, flow, "Stuck"); // dropping its queue ends the connection
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        if let Event::Failed { dialog, .. } | Event::Ended { dialog, .. } = &event
            && let Some(address) = self.strangers.remove(dialog)
        {
            self.ledger.call_ended(address);
        }
        let event = match event {
            Event::Incoming { dialog, flow, from, request_uri, offer, headers } => {
                let Some(remote) = self.flows.get(&flow).map(|f| f.remote) else { return };
                let owner = self.registrar.on_flow(flow);
                match &owner {
                    Some(owner) => self.stack.adopt(owner, flow),
                    None => {
                        self.strangers.insert(dialog, remote.ip());
                        self.ledger.call_began(now, remote.ip());
                    }
                }
                ServerEvent::Incoming(IncomingLeg {
                    dialog,
                    from_user: Redacted::new(from.user()),
                    display_name: from.display.map(Redacted::new),
                    authenticated: owner.map(|o| o.user),
                    request_user: uri_user(&request_uri),
                    offer,
                    headers,
                    remote,
                })
            }
            Event::Ringing { dialog, sdp } => ServerEvent::Ringing { dialog, sdp },
            Event::Answered { dialog, sdp } => ServerEvent::Answered { dialog, sdp },
            Event::Confirmed { dialog, sdp } => ServerEvent::Confirmed { dialog, sdp },
            Event::Failed { dialog, status, reason } => {
                ServerEvent::Failed { dialog, status, reason }
            }
            Event::Reoffer { dialog, sdp } => ServerEvent::Reoffer { dialog, sdp },
            Event::Info { dialog, content_type, body } => {
                ServerEvent::Info { dialog, content_type, body: Redacted::new(body) }
            }
            Event::Ended { dialog, by_remote, status, reason } => {
                ServerEvent::Ended { dialog, by_remote, status, reason }
            }
            Event::Reoffered { dialog, result } => {
                if let Some(waiting) = self.waiting.remove(&dialog) {
                    let result =
                        result.map_err(|(status, reason)| SipError::Refused { status, reason });
                    let _ = waiting.send(result); // gone when the asking future was dropped
                }
                return;
            }
            Event::Registrar(_) => return, // the server registers nowhere
        };
        self.events.push_back(event);
    }

    pub(crate) fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    pub(crate) fn set_account(&mut self, user: String, secrets: Ha1s) {
        self.registrar.set_account(user, secrets);
    }

    pub(super) fn remove_account(&mut self, user: String) {
        if self.registrar.remove_account(&user) {
            let why = UnregisteredBy::Removed;
            self.events.push_back(ServerEvent::Unregistered { user, why });
        }
    }

    pub(crate) fn is_registered(&self, user: &str) -> bool {
        self.registrar.newest(user).is_some()
    }

    pub(crate) fn invite(
        &mut self,
        user: &str,
        offer: &str,
        headers: &Headers,
    ) -> Result<DialogKey, SipError> {
        let Some((target, flow, owner)) = self.registrar.newest(user) else {
            return Err(SipError::NotRegistered { user: user.to_owned() });
        };
        let call = Invitation {
            flow,
            owner: Some(owner),
            target: &target,
            to: &format!("sip:{user}@{}", self.cfg.realm),
            from: &format!("sip:{}@{}", self.cfg.emergency_user, self.cfg.realm),
            display_name: None,
            offer,
            headers,
        };
        self.stack.invite(Instant::now(), &call)
    }

    /// Starts a re-offer; its answer goes to the receiver given back.
    pub(crate) fn reoffer(
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
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzed;
