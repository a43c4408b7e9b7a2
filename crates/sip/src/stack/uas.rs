//! Requests of the other side, and our responses to them.

use super::uac::{contact, is_reserved, routes};
use super::{ALLOW, Dialog, Event, FlowId, Output, Stack, State, parse_reason};
use crate::message::{Message, Method, NameAddr, Start, name_addr};
use crate::types::{DialogKey, Headers, SipError};
use std::time::Instant;

/// A response that is not worth a function of its own.
type Refusal = (u16, &'static str);

impl Stack {
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        flow: FlowId,
        method: Method,
        request: Message,
    ) {
        match method {
            Method::Cancel => return self.on_cancel(flow, &request),
            Method::Ack => return self.on_ack(now, flow, &request),
            _ => {}
        }
        // Option tags that we do not know are refused before anything else happens (8.2.2.3).
        let required: Vec<&str> =
            request.all("Require").flat_map(|v| v.split(',')).map(str::trim).collect();
        let unknown: Vec<&str> = required
            .into_iter()
            .filter(|t| !t.is_empty() && !t.eq_ignore_ascii_case("outbound"))
            .collect();
        if !unknown.is_empty() {
            let response = self
                .response(&request, 420, "Bad Extension")
                .with("Unsupported", unknown.join(", "));
            return self.send(flow, response);
        }
        let to_tag = request.to().and_then(|t| t.param("tag").map(str::to_owned));
        match (to_tag, method) {
            (Some(tag), _) => match self.find(&request, &tag) {
                Some(key) => self.on_in_dialog(now, flow, key, method, &request),
                None => self.respond(flow, &request, 481, "Call Does Not Exist"),
            },
            (None, Method::Invite) => self.on_invite(flow, request),
            (None, Method::Options) => {
                let response = self
                    .response(&request, 200, "OK")
                    .with("Allow", ALLOW)
                    .with("Accept", "application/sdp")
                    .with("Supported", "outbound");
                self.send(flow, response);
            }
            (None, Method::Bye | Method::Info | Method::Update | Method::PRack) => {
                self.respond(flow, &request, 481, "Call Does Not Exist");
            }
            (None, _) => {
                let response =
                    self.response(&request, 405, "Method Not Allowed").with("Allow", ALLOW);
                self.send(flow, response);
            }
        }
    }

    /// The dialog that a request with our `tag` belongs to; its From tag must be theirs.
    fn find(&self, request: &Message, tag: &str) -> Option<DialogKey> {
        let call_id = request.get("Call-ID")?.to_owned();
        let key = *self.by_tag.get(&(call_id, tag.to_owned()))?;
        let dialog = self.dialogs.get(&key)?;
        let from = request.from()?;
        (dialog.remote_tag.as_deref() == from.param("tag")).then_some(key)
    }

    fn on_invite(&mut self, flow: FlowId, request: Message) {
        let refusal = match self.check_invite(&request) {
            Ok(new) => return self.take_invite(flow, request, new),
            Err(Some(refusal)) => refusal,
            Err(None) => return, // a repetition of what is being handled
        };
        let mut response = self.response(&request, refusal.0, refusal.1);
        if refusal.0 == 415 {
            response = response.with("Accept", "application/sdp");
        }
        self.send(flow, response);
    }

    fn check_invite(&self, request: &Message) -> Result<NewCall, Option<Refusal>> {
        let (Some(from), Some(to)) = (request.from(), request.to()) else {
            return Err(Some((400, "From Or To Unreadable")));
        };
        let twin = self.dialogs.values().find_map(|d| match &d.state {
            State::Invited { invite, .. } => (invite.get("Call-ID") == request.get("Call-ID")
                && d.remote_tag.as_deref() == from.param("tag"))
            .then_some(invite),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Answered
            | State::Confirmed
            | State::Leaving { .. } => None,
        });
        if let Some(twin) = twin {
            let same = twin.branch() == request.branch();
            return Err((!same).then_some((482, "Loop Detected")));
        }
        let target = contact(request).ok_or(Some((400, "Contact Missing Or Unreadable")))?;
        let offer = request.sdp().map_err(|()| Some((415, "SDP Expected")))?;
        Ok(NewCall { from, to, target, offer })
    }

    fn take_invite(&mut self, flow: FlowId, request: Message, new: NewCall) {
        let NewCall { from, to, target, offer } = new;
        let local_tag = self.random_token();
        // The tag goes into every response to come.
        let mut invite = request;
        let tagged = format!("{};tag={local_tag}", invite.get("To").unwrap_or_default());
        let headers: Vec<(String, String)> = invite
            .headers
            .iter()
            .filter(|(n, _)| n == "User-Agent" || !is_reserved(n))
            .cloned()
            .collect();
        let trying = Message::response(&invite, 100, "Trying");
        self.send(flow, trying);
        invite.set("To", tagged);
        let request_uri = match &invite.start {
            Start::Request { uri, .. } => uri.clone(),
            Start::Response { .. } => String::new(),
        };
        let dialog = self.insert(Dialog {
            call_id: invite.get("Call-ID").unwrap_or_default().to_owned(),
            local_tag,
            remote_tag: from.param("tag").map(str::to_owned),
            local: name_addr(to.display.as_deref(), &to.uri),
            remote: name_addr(from.display.as_deref(), &from.uri),
            remote_target: target,
            routes: routes(&invite, false),
            local_cseq: 0,
            remote_cseq: invite.cseq().map(|(n, _)| n),
            flow: Some(flow),
            owner: None,
            we_called: false,
            state: State::Invited { invite, flow },
            unacked: None,
            acked: None,
            offered: None,
            reoffer: None,
        });
        let headers = Headers(headers);
        self.event(Event::Incoming { dialog, flow, from, request_uri, offer, headers });
    }

    fn on_cancel(&mut self, flow: FlowId, cancel: &Message) {
        let found = self.dialogs.iter().find_map(|(key, d)| match &d.state {
            State::Invited { invite, flow: f } => (*f == flow
                && invite.branch() == cancel.branch()
                && invite.get("Call-ID") == cancel.get("Call-ID"))
            .then_some(*key),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Answered
            | State::Confirmed
            | State::Leaving { .. } => None,
        });
        // Also one that crossed our 200: it is confirmed and changes nothing (9.2).
        let crossed = || {
            let call_id = cancel.get("Call-ID");
            let tag = cancel.from().and_then(|f| f.param("tag").map(str::to_owned));
            self.dialogs
                .values()
                .any(|d| Some(d.call_id.as_str()) == call_id && d.remote_tag == tag)
        };
        let Some(key) = found else {
            let (status, reason) =
                if crossed() { (200, "OK") } else { (481, "Call Does Not Exist") };
            return self.respond(flow, cancel, status, reason);
        };
        self.respond(flow, cancel, 200, "OK");
        self.final_response(key, 487, "Request Terminated", None);
        self.forget(key);
        let (cause, text) = parse_reason(cancel);
        self.ended(key, true, cause.or(Some(487)), text);
    }

    /// Sends the response to the INVITE that `key` waits with; the caller sets the state.
    fn final_response(&mut self, key: DialogKey, status: u16, reason: &str, sdp: Option<&str>) {
        let Some(State::Invited { invite, flow }) = self.dialogs.get(&key).map(|d| &d.state) else {
            return;
        };
        let (flow, mut response) = (*flow, Message::response(invite, status, reason));
        let record_route: Vec<String> = invite.all("Record-Route").map(str::to_owned).collect();
        if (101..300).contains(&status) {
            for route in record_route {
                response = response.with("Record-Route", route);
            }
            response = response.with("Contact", self.identity.contact.clone()).with("Allow", ALLOW);
        }
        response = response.with("Server", self.identity.user_agent.clone());
        if let Some(sdp) = sdp {
            response = response.with_sdp(sdp);
        }
        self.send(flow, response);
    }

    /// 180, or 183 with early media.
    pub(crate) fn ring(&mut self, key: DialogKey, sdp: Option<&str>) -> Result<(), SipError> {
        self.expect_invited(key, "ring")?;
        let (status, reason) =
            if sdp.is_some() { (183, "Session Progress") } else { (180, "Ringing") };
        self.final_response(key, status, reason, sdp);
        Ok(())
    }

    pub(crate) fn answer(
        &mut self,
        now: Instant,
        key: DialogKey,
        sdp: &str,
    ) -> Result<(), SipError> {
        self.expect_invited(key, "be answered")?;
        self.final_response(key, 200, "OK", Some(sdp));
        let Some(Output::Send(_, response)) = self.outputs.back() else { return Ok(()) };
        let response = response.clone();
        let dialog = self.dialog(key)?;
        dialog.state = State::Answered;
        self.await_ack(now, key, response);
        Ok(())
    }

    pub(crate) fn reject(
        &mut self,
        key: DialogKey,
        status: u16,
        reason: &str,
    ) -> Result<(), SipError> {
        if !(300..700).contains(&status) || reason.chars().any(char::is_control) {
            return Err(SipError::BadInput("a refusal has a status from 300 to 699 and one line"));
        }
        self.expect_invited(key, "be refused")?;
        self.final_response(key, status, reason, None);
        self.forget(key);
        self.ended(key, false, Some(status), Some(reason.to_owned()));
        Ok(())
    }

    fn expect_invited(&mut self, key: DialogKey, what: &'static str) -> Result<(), SipError> {
        match self.dialog(key)?.state {
            State::Invited { .. } => Ok(()),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Answered
            | State::Confirmed
            | State::Leaving { .. } => Err(SipError::WrongState { dialog: key, what }),
        }
    }

    fn on_in_dialog(
        &mut self,
        now: Instant,
        flow: FlowId,
        key: DialogKey,
        method: Method,
        request: &Message,
    ) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        let number = request.cseq().map(|(n, _)| n);
        if dialog.remote_cseq.is_some_and(|last| number.is_none_or(|n| n <= last)) {
            return self.respond(flow, request, 500, "CSeq Out Of Order");
        }
        dialog.remote_cseq = number;
        // Whoever knows both tags and speaks from elsewhere has reconnected.
        if dialog.flow != Some(flow) {
            self.move_to(now, key, flow);
        }
        match method {
            Method::Bye => self.on_bye(flow, key, request),
            Method::Invite | Method::Update => self.on_reoffer(flow, key, method, request),
            Method::Info => {
                self.respond(flow, request, 200, "OK");
                let content_type = request.get("Content-Type").unwrap_or_default().to_owned();
                let body = String::from_utf8_lossy(&request.body).into_owned();
                if self.dialog(key).is_ok() {
                    self.event(Event::Info { dialog: key, content_type, body });
                }
            }
            Method::Options => {
                let response = self.response(request, 200, "OK").with("Allow", ALLOW);
                self.send(flow, response);
            }
            _ => {
                let response =
                    self.response(request, 405, "Method Not Allowed").with("Allow", ALLOW);
                self.send(flow, response);
            }
        }
    }

    fn on_bye(&mut self, flow: FlowId, key: DialogKey, bye: &Message) {
        self.respond(flow, bye, 200, "OK");
        let known = self.dialog(key).is_ok();
        let reoffer = self.dialogs.get_mut(&key).and_then(|d| d.reoffer.take());
        if let Some(request) = reoffer {
            self.respond(flow, &request, 487, "Request Terminated");
        }
        self.final_response(key, 487, "Request Terminated", None);
        self.fail_offer(key, 481, "Call Ended");
        self.forget(key);
        if known {
            let (cause, text) = parse_reason(bye);
            self.ended(key, true, cause, text);
        }
    }
}

struct NewCall {
    from: NameAddr,
    to: NameAddr,
    target: String,
    offer: Option<String>,
}
