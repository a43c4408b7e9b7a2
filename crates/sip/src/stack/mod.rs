//! Transactions and INVITE dialogs, without IO: what user agent and server have in common.
//!
//! [`Stack`] takes messages, commands and time, each with `now`, and gives [`Output`]s and the next
//! timeout. One owner drives it; so every transaction has exactly one owner, and nothing can be
//! replied to twice or never.
//!
//! Why not the SIP library's own transaction and dialog layers: they tie a dialog to the connection
//! it began on, and a desk that reconnects would never see the BYE; their `receive` loses a message
//! when it is raced with a command such as CANCEL; a dropped handle answers 501 by itself; and they
//! log whole messages with their Authorization. A WebSocket is reliable, so what is left of
//! RFC 3261, section 17 is small: no retransmission but that of a 2xx until its ACK, and timers
//! B and F.

mod session;
#[cfg(test)]
mod tests;
mod uac;
mod uas;

pub(crate) use uac::Invitation;

use crate::message::{Message, Method, NameAddr, Start};
use crate::types::{DialogKey, Headers, SipError};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use siaga_model::Redacted;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// T1 of RFC 3261: first interval of a 2xx retransmission.
const T1: Duration = Duration::from_millis(500);
/// T2: longest interval of it.
const T2: Duration = Duration::from_secs(4);
/// 64 × T1: when a transaction without any response, or a 2xx without its ACK, is given up.
const GIVE_UP: Duration = Duration::from_secs(32);
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";

/// One WebSocket connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowId(pub(crate) u64);

/// Who a dialog belongs to when its connection is replaced: account and RFC 5626 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: String,
    pub(crate) instance: Option<String>,
}

/// Who we are.
pub(crate) struct Identity {
    /// Via sent-by, e.g. `abc.invalid` or `127.0.0.1:5066`.
    pub(crate) sent_by: String,
    /// `WS` or `WSS`.
    pub(crate) transport: &'static str,
    /// Contact header of dialogs.
    pub(crate) contact: String,
    pub(crate) user_agent: String,
    /// Digest user and secret, to answer challenges.
    pub(crate) credentials: Option<(String, Redacted<String>)>,
}

/// What the stack wants done.
pub(crate) enum Output {
    Send(FlowId, Message),
    Event(Event),
}

/// What the stack reports. The shells turn it into their own event types.
pub(crate) enum Event {
    Incoming {
        dialog: DialogKey,
        flow: FlowId,
        from: NameAddr,
        request_uri: String,
        offer: Option<String>,
        headers: Headers,
    },
    Ringing {
        dialog: DialogKey,
        sdp: Option<String>,
    },
    Answered {
        dialog: DialogKey,
        sdp: String,
    },
    Confirmed {
        dialog: DialogKey,
        sdp: Option<String>,
    },
    Failed {
        dialog: DialogKey,
        status: u16,
        reason: String,
    },
    Reoffer {
        dialog: DialogKey,
        sdp: String,
    },
    Reoffered {
        dialog: DialogKey,
        result: Result<String, (u16, String)>,
    },
    Info {
        dialog: DialogKey,
        content_type: String,
        body: String,
    },
    Ended {
        dialog: DialogKey,
        by_remote: bool,
        status: Option<u16>,
        reason: Option<String>,
    },
    /// The final response to a REGISTER of ours.
    Registrar(Message),
}

/// Which request of ours a client transaction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Invite(DialogKey),
    Reinvite(DialogKey),
    Bye(DialogKey),
    Info(DialogKey),
    /// OPTIONS inside a dialog after a reconnect: moves it to the new connection, or finds it gone.
    Probe(DialogKey),
    Register,
}

struct ClientTx {
    request: Message,
    flow: FlowId,
    purpose: Purpose,
    /// Challenges answered so far on behalf of this request.
    proofs: u8,
    /// Whether a provisional response has come, which stops timer B.
    provisional: bool,
}

/// A 2xx of ours that waits for its ACK.
struct Unacked {
    response: Message,
    cseq: u32,
    since: Instant,
    interval: Duration,
}

struct Dialog {
    call_id: String,
    local_tag: String,
    remote_tag: Option<String>,
    /// From or To value of our side, without tag.
    local: String,
    remote: String,
    remote_target: String,
    routes: Vec<String>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    flow: Option<FlowId>,
    owner: Option<Owner>,
    /// Whether the Call-ID is ours.
    we_called: bool,
    state: State,
    unacked: Option<Unacked>,
    /// The ACK sent last, repeated when its 2xx is.
    acked: Option<(u32, Message)>,
    /// The SDP of our re-INVITE that has no answer yet.
    offered: Option<Offered>,
    /// Their re-INVITE or UPDATE that waits for our answer.
    reoffer: Option<Message>,
}

struct Offered {
    sdp: String,
    /// How often it met a re-INVITE of the other side.
    collisions: u8,
    /// False while it waits to be tried again; theirs goes first then.
    in_flight: bool,
}

enum State {
    /// Our INVITE has no final response yet.
    Calling {
        branch: String,
    },
    /// As `Calling`, but hung up: CANCEL goes out with the first provisional response, and a 2xx
    /// that crosses it is acknowledged and ended with BYE.
    Abandoned {
        branch: String,
        cancelled: bool,
        reason: Option<String>,
    },
    /// Their INVITE waits for our final response.
    Invited {
        invite: Message,
        flow: FlowId,
    },
    /// Our 2xx waits for its ACK.
    Answered,
    Confirmed,
    /// Over for the application; a BYE goes out when the ACK is in and a connection is there.
    Leaving {
        bye: Option<Message>,
    },
}

/// Reasons for waiting; each fires once and checks whether it still matters.
#[derive(Clone, Debug)]
enum Wait {
    /// Timers B and F.
    Response { branch: String },
    /// Retransmission of a 2xx.
    Ack { dialog: DialogKey, cseq: u32 },
    /// A collided re-INVITE is tried again (RFC 3261, 14.1).
    Collision { dialog: DialogKey },
    /// An abandoned or left dialog is forgotten.
    Forget { dialog: DialogKey },
}

pub(crate) struct Stack {
    identity: Identity,
    rng: StdRng,
    next_key: u64,
    dialogs: HashMap<DialogKey, Dialog>,
    /// By Call-ID and our own tag.
    by_tag: HashMap<(String, String), DialogKey>,
    requests: HashMap<String, ClientTx>,
    waits: BTreeMap<(Instant, u64), Wait>,
    next_wait: u64,
    register_cseq: u32,
    outputs: VecDeque<Output>,
}

impl Stack {
    pub(crate) fn new(identity: Identity, rng: StdRng) -> Self {
        Self {
            identity,
            rng,
            next_key: 1,
            dialogs: HashMap::new(),
            by_tag: HashMap::new(),
            requests: HashMap::new(),
            waits: BTreeMap::new(),
            next_wait: 0,
            register_cseq: 0,
            outputs: VecDeque::new(),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.waits.keys().next().map(|(at, _)| *at)
    }

    /// Dialogs that the application still knows.
    pub(crate) fn live_dialogs(&self) -> Vec<DialogKey> {
        let live = |d: &Dialog| !matches!(d.state, State::Leaving { .. } | State::Abandoned { .. });
        self.dialogs.iter().filter(|(_, d)| live(d)).map(|(k, _)| *k).collect()
    }

    /// Whether a BYE or CANCEL still waits for its answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.dialogs.is_empty() && self.requests.is_empty()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some((&(at, n), _)) = self.waits.first_key_value() {
            if at > now {
                return;
            }
            let Some(wait) = self.waits.remove(&(at, n)) else { return };
            match wait {
                Wait::Response { branch } => self.on_no_response(now, &branch),
                Wait::Ack { dialog, cseq } => self.on_no_ack(now, dialog, cseq),
                Wait::Collision { dialog } => self.retry_reoffer(now, dialog),
                Wait::Forget { dialog } => {
                    let left =
                        |s: &State| matches!(s, State::Leaving { .. } | State::Abandoned { .. });
                    if self.dialogs.get(&dialog).is_some_and(|d| left(&d.state)) {
                        self.forget(dialog);
                    }
                }
            }
        }
    }

    /// A connection is gone. What was not answered yet fails; established dialogs wait for
    /// [`Stack::rebind`] or for a request on another connection.
    pub(crate) fn flow_down(&mut self, now: Instant, flow: FlowId) {
        let keys: Vec<_> =
            self.dialogs.iter().filter(|(_, d)| d.flow == Some(flow)).map(|(k, _)| *k).collect();
        let lost: Vec<String> =
            self.requests.iter().filter(|(_, t)| t.flow == flow).map(|(b, _)| b.clone()).collect();
        for branch in lost {
            self.on_connection_lost(now, &branch);
        }
        for key in keys {
            let Some(dialog) = self.dialogs.get_mut(&key) else { continue };
            dialog.flow = None;
            dialog.reoffer = None; // its transaction died with the connection
            match dialog.state {
                State::Invited { .. } => {
                    self.forget(key);
                    self.ended(key, true, None, Some("Connection Lost".into()));
                }
                State::Calling { .. }
                | State::Abandoned { .. }
                | State::Answered
                | State::Confirmed
                | State::Leaving { .. } => {}
            }
        }
    }

    /// `owner` is on `flow` from now on: so are its dialogs, and a BYE that waited goes out.
    pub(crate) fn rebind(&mut self, now: Instant, owner: &Owner, flow: FlowId) {
        let keys: Vec<_> = self
            .dialogs
            .iter()
            .filter(|(_, d)| d.owner.as_ref() == Some(owner) && d.flow != Some(flow))
            .map(|(k, _)| *k)
            .collect();
        for key in keys {
            self.move_to(now, key, flow);
        }
    }

    /// Moves every established dialog to `flow` and probes it there, so that the other side learns
    /// the new connection even when we never register.
    pub(crate) fn rebind_all(&mut self, now: Instant, flow: FlowId) {
        let keys: Vec<_> = self.dialogs.keys().copied().collect();
        for key in keys {
            self.move_to(now, key, flow);
            let confirmed =
                self.dialogs.get(&key).is_some_and(|d| matches!(d.state, State::Confirmed));
            if confirmed && let Some(probe) = self.in_dialog(key, Method::Options) {
                self.send_request(now, flow, probe, Purpose::Probe(key), 0);
            }
        }
    }

    fn move_to(&mut self, now: Instant, key: DialogKey, flow: FlowId) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        dialog.flow = Some(flow);
        let bye = match &mut dialog.state {
            State::Leaving { bye } => bye.take(),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Invited { .. }
            | State::Answered
            | State::Confirmed => None,
        };
        if let Some(bye) = bye {
            self.send_request(now, flow, bye, Purpose::Bye(key), 0);
        }
    }

    /// Gives the dialogs of `flow` that have no owner yet to `owner`.
    pub(crate) fn adopt(&mut self, owner: &Owner, flow: FlowId) {
        for dialog in self.dialogs.values_mut().filter(|d| d.flow == Some(flow)) {
            dialog.owner.get_or_insert_with(|| owner.clone());
        }
    }

    pub(crate) fn receive(&mut self, now: Instant, flow: FlowId, message: Message) {
        match message.start {
            Start::Request { method, .. } => self.on_request(now, flow, method, message),
            Start::Response { status, .. } => self.on_response(now, flow, status, message),
        }
    }

    /// Answers a request outside any dialog; adds our tag to To.
    pub(crate) fn respond(&mut self, flow: FlowId, request: &Message, status: u16, reason: &str) {
        let response = self.response(request, status, reason);
        self.send(flow, response);
    }

    /// A response with a To tag and our Server header.
    pub(crate) fn response(&mut self, request: &Message, status: u16, reason: &str) -> Message {
        let mut response = Message::response(request, status, reason);
        if status > 100 && request.to().is_some_and(|t| t.param("tag").is_none()) {
            let tag = self.random_token();
            let to = format!("{};tag={tag}", response.get("To").unwrap_or_default());
            response.set("To", to);
        }
        response.with("Server", self.identity.user_agent.clone())
    }

    pub(crate) fn send(&mut self, flow: FlowId, message: Message) {
        self.outputs.push_back(Output::Send(flow, message));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ended(
        &mut self,
        dialog: DialogKey,
        by_remote: bool,
        status: Option<u16>,
        reason: Option<String>,
    ) {
        self.event(Event::Ended { dialog, by_remote, status, reason });
    }

    fn wait(&mut self, until: Instant, wait: Wait) {
        self.next_wait += 1;
        self.waits.insert((until, self.next_wait), wait);
    }

    /// 128 random bits: tags, branches and nonces must not be guessable.
    pub(crate) fn random_token(&mut self) -> String {
        format!("{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64())
    }

    fn random_millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.rng.random_range(range))
    }

    fn insert(&mut self, dialog: Dialog) -> DialogKey {
        let key = DialogKey(self.next_key);
        self.next_key += 1;
        self.by_tag.insert((dialog.call_id.clone(), dialog.local_tag.clone()), key);
        self.dialogs.insert(key, dialog);
        key
    }

    fn forget(&mut self, key: DialogKey) {
        if let Some(dialog) = self.dialogs.remove(&key) {
            self.by_tag.remove(&(dialog.call_id, dialog.local_tag));
            // An INVITE that rang, was cancelled and never came to an end.
            self.requests.retain(|_, t| t.purpose != Purpose::Invite(key));
        }
    }

    fn dialog(&mut self, key: DialogKey) -> Result<&mut Dialog, SipError> {
        match self.dialogs.get_mut(&key) {
            Some(d) if !matches!(d.state, State::Leaving { .. } | State::Abandoned { .. }) => Ok(d),
            Some(_) | None => Err(SipError::NoDialog(key)),
        }
    }
}

/// `cause` and `text` of a Reason header (RFC 3326); the cause only for protocol SIP.
fn parse_reason(message: &Message) -> (Option<u16>, Option<String>) {
    let Some(value) = message.get("Reason") else { return (None, None) };
    let sip = value.trim_start().get(..3).is_some_and(|p| p.eq_ignore_ascii_case("SIP"));
    let (mut cause, mut text) = (None, None);
    for (name, param) in value.split(';').skip(1).filter_map(|p| p.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "cause" if sip => cause = param.trim().parse().ok(),
            "text" => text = Some(param.trim().trim_matches('"').to_owned()),
            _ => {}
        }
    }
    (cause, text.or_else(|| Some(value.to_owned())))
}
