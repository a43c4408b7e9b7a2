//! Requests of ours and the responses to them.

use super::{ALLOW, ClientTx, Dialog, Event, FlowId, GIVE_UP, Owner, Purpose, Stack, State, Wait};
use crate::digest::Challenge;
use crate::message::{Message, Method, NameAddr, Start, is_token, name_addr, split_list};
use crate::types::{DialogKey, Headers, SipError};
use rsipstack::sip::parse_uri;
use std::time::Instant;

/// Answers to challenges that one request may need: one, and one more for a stale nonce.
const MAX_PROOFS: u8 = 2;

/// A call to make.
pub(crate) struct Invitation<'a> {
    pub(crate) flow: FlowId,
    pub(crate) owner: Option<Owner>,
    /// Request-URI, and the address of record in To.
    pub(crate) target: &'a str,
    pub(crate) to: &'a str,
    /// Our own address of record.
    pub(crate) from: &'a str,
    pub(crate) display_name: Option<&'a str>,
    pub(crate) offer: &'a str,
    pub(crate) headers: &'a Headers,
}

/// Header fields that the stack writes itself; an application that sets them breaks the message.
const RESERVED: [&str; 20] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Route",
    "Record-Route",
    "Content-Length",
    "Content-Type",
    "Authorization",
    "Proxy-Authorization",
    "Require",
    "Proxy-Require",
    "Allow",
    "Supported",
    "User-Agent",
    "Session-Expires",
    "Min-SE",
];

pub(super) fn is_reserved(name: &str) -> bool {
    let long = match name {
        "v" | "f" | "t" | "i" | "m" | "l" | "c" | "k" | "x" => return true,
        long => long,
    };
    RESERVED.iter().any(|r| r.eq_ignore_ascii_case(long))
}

impl Stack {
    pub(crate) fn invite(
        &mut self,
        now: Instant,
        call: &Invitation<'_>,
    ) -> Result<DialogKey, SipError> {
        for uri in [call.target, call.to] {
            let clean =
                !uri.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"".contains(c));
            if !clean || parse_uri(uri).is_err() {
                return Err(SipError::BadInput("the target is no SIP URI"));
            }
        }
        for (name, value) in call.headers.iter() {
            if !is_token(name) || is_reserved(name) || value.chars().any(char::is_control) {
                return Err(SipError::BadInput("a header field that cannot be sent"));
            }
        }
        let (branch, call_id, local_tag) =
            (self.new_branch(), self.random_token(), self.random_token());
        let local = name_addr(call.display_name, call.from);
        let remote = name_addr(None, call.to);
        let mut request = Message::request(Method::Invite, call.target)
            .with("Via", self.via(&branch))
            .with("Max-Forwards", "70")
            .with("From", format!("{local};tag={local_tag}"))
            .with("To", remote.clone())
            .with("Call-ID", call_id.clone())
            .with("CSeq", "1 INVITE")
            .with("Contact", self.identity.contact.clone())
            .with("Allow", ALLOW)
            .with("Supported", "outbound")
            .with("User-Agent", self.identity.user_agent.clone());
        for (name, value) in call.headers.iter() {
            request = request.with(name, value);
        }
        let request = request.with_sdp(call.offer);
        let key = self.insert(Dialog {
            call_id,
            local_tag,
            remote_tag: None,
            local,
            remote,
            remote_target: call.target.to_owned(),
            routes: Vec::new(),
            local_cseq: 1,
            remote_cseq: None,
            flow: Some(call.flow),
            owner: call.owner.clone(),
            we_called: true,
            state: State::Calling { branch: branch.clone() },
            unacked: None,
            acked: None,
            offered: None,
            reoffer: None,
        });
        self.send_built(now, call.flow, branch, request, Purpose::Invite(key), 0);
        Ok(key)
    }

    /// Sends a REGISTER. All of one user agent share `call_id`, so that the registrar sees their order.
    pub(crate) fn register(
        &mut self,
        now: Instant,
        flow: FlowId,
        call_id: &str,
        aor: &str,
        registrar: &str,
        contact: &str,
    ) {
        self.register_cseq += 1;
        let tag = self.random_token();
        let request = Message::request(Method::Register, registrar)
            .with("Max-Forwards", "70")
            .with("From", format!("<{aor}>;tag={tag}"))
            .with("To", format!("<{aor}>"))
            .with("Call-ID", call_id)
            .with("CSeq", format!("{} REGISTER", self.register_cseq))
            .with("Contact", contact)
            .with("Allow", ALLOW)
            .with("Supported", "path, outbound")
            .with("User-Agent", self.identity.user_agent.clone());
        self.send_request(now, flow, request, Purpose::Register, 0);
    }

    pub(super) fn via(&self, branch: &str) -> String {
        format!("SIP/2.0/{} {};branch={branch}", self.identity.transport, self.identity.sent_by)
    }

    pub(super) fn new_branch(&mut self) -> String {
        format!("z9hG4bK{}", self.random_token())
    }

    /// A request inside `key`'s dialog with the next CSeq, still without Via.
    pub(super) fn in_dialog(&mut self, key: DialogKey, method: Method) -> Option<Message> {
        let dialog = self.dialogs.get_mut(&key)?;
        if method != Method::Ack {
            dialog.local_cseq += 1;
        }
        let number = dialog.local_cseq;
        let mut request =
            Message::request(method, dialog.remote_target.clone()).with("Max-Forwards", "70");
        for route in &dialog.routes {
            request = request.with("Route", route.clone());
        }
        let to = match &dialog.remote_tag {
            Some(tag) => format!("{};tag={tag}", dialog.remote),
            None => dialog.remote.clone(),
        };
        request = request
            .with("From", format!("{};tag={}", dialog.local, dialog.local_tag))
            .with("To", to)
            .with("Call-ID", dialog.call_id.clone())
            .with("CSeq", format!("{number} {method}"))
            .with("User-Agent", self.identity.user_agent.clone());
        if matches!(method, Method::Invite | Method::Options) {
            request = request.with("Contact", self.identity.contact.clone()).with("Allow", ALLOW);
        }
        Some(request)
    }

    pub(super) fn send_request(
        &mut self,
        now: Instant,
        flow: FlowId,
        mut request: Message,
        purpose: Purpose,
        proofs: u8,
    ) {
        let branch = self.new_branch();
        request.headers.insert(0, ("Via".into(), self.via(&branch)));
        self.send_built(now, flow, branch, request, purpose, proofs);
    }

    fn send_built(
        &mut self,
        now: Instant,
        flow: FlowId,
        branch: String,
        request: Message,
        purpose: Purpose,
        proofs: u8,
    ) {
        self.send(flow, request.clone());
        self.requests.insert(
            branch.clone(),
            ClientTx { request, flow, purpose, proofs, provisional: false },
        );
        self.wait(now + GIVE_UP, Wait::Response { branch });
    }

    pub(super) fn on_response(
        &mut self,
        now: Instant,
        flow: FlowId,
        status: u16,
        response: Message,
    ) {
        let Some((cseq, method)) = response.cseq() else { return };
        let is_invite = method == "INVITE";
        let branch = response.branch().unwrap_or_default();
        if method == "CANCEL" {
            return; // what became of the INVITE is what counts
        }
        let Some(tx) = self.requests.get_mut(&branch) else {
            if is_invite && (200..300).contains(&status) {
                self.on_repeated_success(flow, cseq, &response);
            }
            return;
        };
        if status < 200 {
            tx.provisional = true;
            if let Purpose::Invite(key) = tx.purpose {
                self.on_provisional(flow, key, status, &response);
            }
            return;
        }
        let Some(tx) = self.requests.remove(&branch) else { return };
        if is_invite && status >= 300 {
            self.ack_failure(flow, &tx.request, &response);
        }
        if matches!(status, 401 | 407) && self.prove(now, flow, &tx, status, &response) {
            return;
        }
        self.finish(now, flow, &tx, status, response);
    }

    /// Tells `purpose` its final response.
    fn finish(
        &mut self,
        now: Instant,
        flow: FlowId,
        tx: &ClientTx,
        status: u16,
        response: Message,
    ) {
        match tx.purpose {
            Purpose::Invite(key) => self.on_invite_final(now, flow, key, status, &response),
            Purpose::Reinvite(key) => self.on_reinvite_final(now, flow, key, status, &response),
            Purpose::Bye(key) => self.forget(key),
            Purpose::Info(key) | Purpose::Probe(key) => {
                if status == 481 {
                    self.lose(key, status, "Dialog Unknown To The Other Side");
                }
            }
            Purpose::Register => self.event(Event::Registrar(response)),
        }
    }

    /// Sends the request again with an answer to its challenge; false when that cannot help.
    fn prove(
        &mut self,
        now: Instant,
        flow: FlowId,
        tx: &ClientTx,
        status: u16,
        response: &Message,
    ) -> bool {
        let Some((user, secret)) = self.identity.credentials.clone() else { return false };
        let (ask, tell) = if status == 401 {
            ("WWW-Authenticate", "Authorization")
        } else {
            ("Proxy-Authenticate", "Proxy-Authorization")
        };
        let Some(challenge) = Challenge::choose(response.all(ask)) else { return false };
        if tx.proofs >= MAX_PROOFS || (tx.proofs > 0 && !challenge.stale) {
            return false;
        }
        let Start::Request { method, uri } = &tx.request.start else { return false };
        // Hung up meanwhile: the challenge was the end of it.
        if let Purpose::Invite(key) = tx.purpose
            && !matches!(self.dialogs.get(&key).map(|d| &d.state), Some(State::Calling { .. }))
        {
            return false;
        }
        let cnonce = self.random_token();
        let proof = challenge.answer(&user, &secret, &method.to_string(), uri, &cnonce);
        let Some((number, _)) = tx.request.cseq() else { return false };
        let mut request = tx.request.clone();
        let branch = self.new_branch();
        let number = match tx.purpose {
            Purpose::Register => {
                self.register_cseq += 1;
                self.register_cseq
            }
            Purpose::Invite(key)
            | Purpose::Reinvite(key)
            | Purpose::Bye(key)
            | Purpose::Info(key)
            | Purpose::Probe(key) => match self.dialogs.get_mut(&key) {
                Some(dialog) => {
                    dialog.local_cseq += 1;
                    if let (State::Calling { branch: b }, Purpose::Invite(_)) =
                        (&mut dialog.state, tx.purpose)
                    {
                        *b = branch.clone();
                    }
                    dialog.local_cseq
                }
                None => number + 1,
            },
        };
        request.set("Via", self.via(&branch));
        request.set("CSeq", format!("{number} {method}"));
        request.set(tell, proof);
        self.send_built(now, flow, branch, request, tx.purpose, tx.proofs + 1);
        true
    }

    fn on_provisional(&mut self, flow: FlowId, key: DialogKey, status: u16, response: &Message) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        match &mut dialog.state {
            State::Calling { .. } if status > 100 => {
                let sdp = response.sdp().ok().flatten();
                self.event(Event::Ringing { dialog: key, sdp });
            }
            State::Abandoned { branch, cancelled, reason } if !*cancelled => {
                *cancelled = true;
                let (branch, reason) = (branch.clone(), reason.clone());
                self.send_cancel(flow, &branch, reason.as_deref());
            }
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Invited { .. }
            | State::Answered
            | State::Confirmed
            | State::Leaving { .. } => {}
        }
    }

    /// CANCEL copies the INVITE's Via, so that the branch matches (RFC 3261, 9.1).
    pub(super) fn send_cancel(&mut self, flow: FlowId, branch: &str, reason: Option<&str>) {
        let Some(tx) = self.requests.get(branch) else { return };
        let Start::Request { uri, .. } = &tx.request.start else { return };
        let mut cancel = Message::request(Method::Cancel, uri.clone());
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID", "Route"] {
            for value in tx.request.all(name) {
                cancel = cancel.with(name, value);
            }
        }
        let number = tx.request.cseq().map_or(1, |(n, _)| n);
        cancel = cancel.with("CSeq", format!("{number} CANCEL"));
        if let Some(reason) = reason {
            cancel = cancel.with("Reason", reason);
        }
        self.send(flow, cancel);
    }

    /// The ACK of a failure belongs to the INVITE's own transaction (RFC 3261, 17.1.1.3).
    fn ack_failure(&mut self, flow: FlowId, invite: &Message, response: &Message) {
        let Start::Request { uri, .. } = &invite.start else { return };
        let mut ack = Message::request(Method::Ack, uri.clone());
        for name in ["Via", "Max-Forwards", "From", "Call-ID", "Route"] {
            for value in invite.all(name) {
                ack = ack.with(name, value);
            }
        }
        let number = invite.cseq().map_or(1, |(n, _)| n);
        let ack = ack
            .with("To", response.get("To").unwrap_or_default())
            .with("CSeq", format!("{number} ACK"));
        self.send(flow, ack);
    }

    fn on_invite_final(
        &mut self,
        now: Instant,
        flow: FlowId,
        key: DialogKey,
        status: u16,
        response: &Message,
    ) {
        let abandoned = match self.dialogs.get(&key).map(|d| &d.state) {
            Some(State::Calling { .. }) => false,
            Some(State::Abandoned { .. }) => true,
            Some(
                State::Invited { .. } | State::Answered | State::Confirmed | State::Leaving { .. },
            )
            | None => return,
        };
        if status >= 300 {
            self.forget(key);
            if !abandoned {
                self.event(Event::Failed { dialog: key, status, reason: phrase(response) });
            }
            return;
        }
        self.take_success(flow, key, response);
        let sdp = response.sdp().ok().flatten();
        match sdp {
            Some(sdp) if !abandoned => {
                if let Some(dialog) = self.dialogs.get_mut(&key) {
                    dialog.state = State::Confirmed;
                }
                self.event(Event::Answered { dialog: key, sdp });
            }
            Some(_) | None => {
                // It crossed our CANCEL, or there is nothing to talk over: end what was just set up.
                self.leave(now, key, None);
                if !abandoned {
                    let reason = "Answered Without SDP".to_owned();
                    self.event(Event::Failed { dialog: key, status: 488, reason });
                }
            }
        }
    }

    /// Completes the dialog from the 2xx and acknowledges it.
    fn take_success(&mut self, flow: FlowId, key: DialogKey, response: &Message) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        dialog.flow = Some(flow);
        dialog.remote_tag = response.to().and_then(|t| t.param("tag").map(str::to_owned));
        if let Some(to) = response.get("To").and_then(NameAddr::parse) {
            dialog.remote = name_addr(to.display.as_deref(), &to.uri);
        }
        dialog.routes = routes(response, true);
        self.acknowledge(flow, key, response);
    }

    pub(super) fn acknowledge(&mut self, flow: FlowId, key: DialogKey, response: &Message) {
        let target = contact(response);
        let Some(number) = response.cseq().map(|(n, _)| n) else { return };
        if let (Some(dialog), Some(target)) = (self.dialogs.get_mut(&key), target) {
            dialog.remote_target = target;
        }
        let Some(mut ack) = self.in_dialog(key, Method::Ack) else { return };
        let branch = self.new_branch();
        ack.set("CSeq", format!("{number} ACK"));
        ack.headers.insert(0, ("Via".into(), self.via(&branch)));
        if let Some(dialog) = self.dialogs.get_mut(&key) {
            dialog.acked = Some((number, ack.clone()));
        }
        self.send(flow, ack);
    }

    /// A 2xx without transaction: a repetition, whose ACK was lost with a connection, or the
    /// answer of another fork, which is acknowledged and ended.
    fn on_repeated_success(&mut self, flow: FlowId, cseq: u32, response: &Message) {
        let (Some(from), Some(to)) = (response.from(), response.to()) else { return };
        let (Some(local_tag), Some(call_id)) = (from.param("tag"), response.get("Call-ID")) else {
            return;
        };
        let key = self.by_tag.get(&(call_id.to_owned(), local_tag.to_owned())).copied();
        let Some((dialog, key)) = key.and_then(|k| Some((self.dialogs.get(&k)?, k))) else {
            return;
        };
        let remote_tag = to.param("tag");
        match (&dialog.acked, &dialog.state) {
            (Some((n, ack)), _) if *n == cseq && dialog.remote_tag.as_deref() == remote_tag => {
                let ack = ack.clone();
                self.send(flow, ack);
            }
            (None, State::Abandoned { .. }) => self.take_and_leave(flow, key, response),
            (_, _) => self.end_fork(flow, cseq, response),
        }
    }

    fn take_and_leave(&mut self, flow: FlowId, key: DialogKey, response: &Message) {
        self.take_success(flow, key, response);
        if let Some(mut bye) = self.in_dialog(key, Method::Bye) {
            let branch = self.new_branch();
            bye.headers.insert(0, ("Via".into(), self.via(&branch)));
            self.send(flow, bye);
        }
        self.forget(key);
    }

    fn end_fork(&mut self, flow: FlowId, cseq: u32, response: &Message) {
        let Some(target) = contact(response) else { return };
        for (method, number) in [(Method::Ack, cseq), (Method::Bye, cseq + 1)] {
            let branch = self.new_branch();
            let mut request = Message::request(method, target.clone())
                .with("Via", self.via(&branch))
                .with("Max-Forwards", "70");
            for route in routes(response, true) {
                request = request.with("Route", route);
            }
            for name in ["From", "To", "Call-ID"] {
                request = request.with(name, response.get(name).unwrap_or_default());
            }
            self.send(flow, request.with("CSeq", format!("{number} {method}")));
        }
    }

    /// Timers B and F: no response in 64 × T1.
    pub(super) fn on_no_response(&mut self, now: Instant, branch: &str) {
        let Some(tx) = self.requests.get(branch) else { return };
        // A telephone may ring for as long as its caller likes; a re-INVITE asks nobody.
        if matches!(tx.purpose, Purpose::Invite(_)) && tx.provisional {
            return;
        }
        self.fail_request(now, branch, 408, "Request Timeout");
    }

    pub(super) fn on_connection_lost(&mut self, now: Instant, branch: &str) {
        self.fail_request(now, branch, 503, "Connection Lost");
    }

    fn fail_request(&mut self, now: Instant, branch: &str, status: u16, reason: &str) {
        let Some(tx) = self.requests.remove(branch) else { return };
        match tx.purpose {
            // A BYE that met a dead connection is sent again on the next one.
            Purpose::Bye(key) if status == 503 => {
                if let Some(dialog) = self.dialogs.get_mut(&key) {
                    let mut bye = tx.request;
                    bye.headers.retain(|(n, _)| n != "Via");
                    dialog.state = State::Leaving { bye: Some(bye) };
                }
            }
            // Should the answer come over another connection, it is acknowledged and ended.
            Purpose::Invite(key) => {
                let Some(dialog) = self.dialogs.get_mut(&key) else { return };
                let known = matches!(dialog.state, State::Calling { .. });
                dialog.state =
                    State::Abandoned { branch: branch.to_owned(), cancelled: true, reason: None };
                self.wait(now + GIVE_UP, Wait::Forget { dialog: key });
                if known {
                    self.event(Event::Failed { dialog: key, status, reason: reason.to_owned() });
                }
            }
            // Lost with the connection: the next one is probed again.
            Purpose::Info(_) | Purpose::Probe(_) => {}
            Purpose::Bye(_) | Purpose::Reinvite(_) | Purpose::Register => {
                let flow = tx.flow;
                let response = Message::response(&tx.request, status, reason);
                self.finish(now, flow, &tx, status, response);
            }
        }
    }
}

pub(super) fn phrase(response: &Message) -> String {
    match &response.start {
        Start::Response { reason, .. } => reason.clone(),
        Start::Request { .. } => String::new(),
    }
}

/// The URI of the first Contact.
pub(super) fn contact(message: &Message) -> Option<String> {
    NameAddr::parse(split_list(message.get("Contact")?).first()?).map(|c| c.uri)
}

/// Record-Route values as a route set, reversed on the calling side (RFC 3261, 12.1).
pub(super) fn routes(message: &Message, reversed: bool) -> Vec<String> {
    let mut routes: Vec<String> =
        message.all("Record-Route").flat_map(split_list).map(str::to_owned).collect();
    if reversed {
        routes.reverse();
    }
    routes
}
