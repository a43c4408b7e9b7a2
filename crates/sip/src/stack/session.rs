//! Inside an established dialog: ACKs, re-offers both ways, INFO, and its end.

use super::uac::{contact, phrase};
use super::{Event, FlowId, GIVE_UP, Offered, Purpose, Stack, State, T1, T2, Unacked, Wait};
use crate::message::{Message, Method};
use crate::types::{DialogKey, SipError};
use std::time::Instant;

/// A re-INVITE that keeps meeting one of the other side is given up after this many tries.
const MAX_COLLISIONS: u8 = 5;

impl Stack {
    /// Repeats `response` until its ACK is in.
    pub(super) fn await_ack(&mut self, now: Instant, key: DialogKey, response: Message) {
        let Some(cseq) = response.cseq().map(|(n, _)| n) else { return };
        if let Some(dialog) = self.dialogs.get_mut(&key) {
            dialog.unacked = Some(Unacked { response, cseq, since: now, interval: T1 });
        }
        self.wait(now + T1, Wait::Ack { dialog: key, cseq });
    }

    pub(super) fn on_no_ack(&mut self, now: Instant, key: DialogKey, cseq: u32) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        let Some(unacked) = dialog.unacked.as_mut().filter(|u| u.cseq == cseq) else { return };
        if now.duration_since(unacked.since) >= GIVE_UP {
            dialog.unacked = None;
            let known = self.dialog(key).is_ok();
            self.leave(now, key, None);
            if known {
                self.ended(key, false, Some(408), Some("No ACK".into()));
            }
            return;
        }
        unacked.interval = (unacked.interval * 2).min(T2);
        let (next, response) = (now + unacked.interval, unacked.response.clone());
        if let Some(flow) = dialog.flow {
            self.send(flow, response);
        }
        self.wait(next, Wait::Ack { dialog: key, cseq });
    }

    pub(super) fn on_ack(&mut self, now: Instant, flow: FlowId, ack: &Message) {
        let tag = ack.to().and_then(|t| t.param("tag").map(str::to_owned)).unwrap_or_default();
        let call_id = ack.get("Call-ID").unwrap_or_default().to_owned();
        // That of a failure finds nothing: such a dialog is gone.
        let Some(key) = self.by_tag.get(&(call_id, tag)).copied() else { return };
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        let number = ack.cseq().map(|(n, _)| n);
        if dialog.unacked.as_ref().map(|u| u.cseq) != number {
            return;
        }
        dialog.unacked = None;
        // One that was under way on a connection since replaced does not bring that one back.
        dialog.flow = dialog.flow.max(Some(flow));
        match dialog.state {
            State::Answered => {
                dialog.state = State::Confirmed;
                let sdp = ack.sdp().ok().flatten();
                self.event(Event::Confirmed { dialog: key, sdp });
            }
            // Hung up before the ACK: the BYE had to wait for it (RFC 3261, 15).
            State::Leaving { .. } => self.leave(now, key, None),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Invited { .. }
            | State::Confirmed => {}
        }
        self.retry_reoffer(now, key); // one that had to wait for this ACK
    }

    /// Ends the dialog, whatever its state. The application hears of it at once.
    pub(crate) fn hang_up(
        &mut self,
        now: Instant,
        key: DialogKey,
        reason: Option<&str>,
    ) -> Result<(), SipError> {
        let reason = reason.filter(|r| !r.chars().any(char::is_control));
        let dialog = self.dialog(key)?;
        match &dialog.state {
            State::Invited { .. } => return self.reject(key, 603, "Decline"),
            State::Calling { branch } => {
                let (branch, flow) = (branch.clone(), dialog.flow);
                let ready = self.requests.get(&branch).is_some_and(|t| t.provisional);
                self.dialog(key)?.state = State::Abandoned {
                    branch: branch.clone(),
                    cancelled: ready,
                    reason: reason.map(str::to_owned),
                };
                if let (true, Some(flow)) = (ready, flow) {
                    self.send_cancel(flow, &branch, reason);
                }
                self.wait(now + GIVE_UP, Wait::Forget { dialog: key });
            }
            State::Answered => {
                dialog.state = State::Leaving { bye: None };
                self.wait(now + 2 * GIVE_UP, Wait::Forget { dialog: key });
            }
            State::Confirmed => self.leave(now, key, reason),
            State::Abandoned { .. } | State::Leaving { .. } => return Err(SipError::NoDialog(key)),
        }
        self.fail_offer(key, 487, "Hung Up");
        self.ended(key, false, None, reason.map(str::to_owned));
        Ok(())
    }

    /// Sends BYE, now or on the next connection; forgets the dialog when it is answered, or late.
    pub(super) fn leave(&mut self, now: Instant, key: DialogKey, reason: Option<&str>) {
        self.fail_offer(key, 487, "Call Ended");
        let pending = self.dialogs.get_mut(&key).and_then(|d| Some((d.flow?, d.reoffer.take()?)));
        if let Some((flow, request)) = pending {
            self.respond(flow, &request, 487, "Request Terminated");
        }
        let Some(mut bye) = self.in_dialog(key, Method::Bye) else { return };
        if let Some(reason) = reason {
            bye = bye.with("Reason", reason);
        }
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        match dialog.flow {
            Some(flow) => {
                dialog.state = State::Leaving { bye: None };
                self.send_request(now, flow, bye, Purpose::Bye(key), 0);
            }
            None => dialog.state = State::Leaving { bye: Some(bye) },
        }
        self.wait(now + 2 * GIVE_UP, Wait::Forget { dialog: key });
    }

    /// The other side does not know the dialog any more.
    pub(super) fn lose(&mut self, key: DialogKey, status: u16, reason: &str) {
        let known = self.dialog(key).is_ok();
        self.fail_offer(key, status, reason);
        self.forget(key);
        if known {
            self.ended(key, true, Some(status), Some(reason.to_owned()));
        }
    }

    /// Offers a changed session, as soon as what is being negotiated is through.
    pub(crate) fn reoffer(
        &mut self,
        now: Instant,
        key: DialogKey,
        sdp: &str,
    ) -> Result<(), SipError> {
        let dialog = self.dialog(key)?;
        let flow = dialog.flow.ok_or(SipError::NotConnected)?;
        let established = matches!(dialog.state, State::Confirmed | State::Answered);
        if !established || dialog.offered.is_some() {
            return Err(SipError::WrongState { dialog: key, what: "be re-offered" });
        }
        let free = dialog.reoffer.is_none() && dialog.unacked.is_none();
        let sdp = sdp.to_owned();
        dialog.offered = Some(Offered { sdp: sdp.clone(), collisions: 0, in_flight: free });
        if free {
            self.send_reinvite(now, flow, key, &sdp);
        } else {
            self.postpone_offer(now, key);
        }
        Ok(())
    }

    fn send_reinvite(&mut self, now: Instant, flow: FlowId, key: DialogKey, sdp: &str) {
        if let Some(request) = self.in_dialog(key, Method::Invite) {
            self.send_request(now, flow, request.with_sdp(sdp), Purpose::Reinvite(key), 0);
        }
    }

    pub(super) fn retry_reoffer(&mut self, now: Instant, key: DialogKey) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        let busy = dialog.reoffer.is_some() || dialog.unacked.is_some();
        let Some(offered) = dialog.offered.as_mut().filter(|o| !o.in_flight) else { return };
        match dialog.flow {
            Some(flow) if !busy => {
                offered.in_flight = true;
                let sdp = offered.sdp.clone();
                self.send_reinvite(now, flow, key, &sdp);
            }
            Some(_) | None => self.postpone_offer(now, key),
        }
    }

    /// Tries our re-offer again after a random while, or gives it up after too many.
    fn postpone_offer(&mut self, now: Instant, key: DialogKey) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        // Who chose the Call-ID waits longer, so that the two do not meet again (14.1).
        let range = if dialog.we_called { 2100..4000 } else { 0..2000 };
        let Some(offered) = dialog.offered.as_mut() else { return };
        offered.collisions += 1;
        offered.in_flight = false;
        if offered.collisions > MAX_COLLISIONS {
            return self.fail_offer(key, 491, "Request Pending");
        }
        let delay = self.random_millis(range);
        self.wait(now + delay, Wait::Collision { dialog: key });
    }

    /// Tells whoever waits for the answer to our re-offer that there is none.
    pub(super) fn fail_offer(&mut self, key: DialogKey, status: u16, reason: &str) {
        if self.dialogs.get_mut(&key).and_then(|d| d.offered.take()).is_some() {
            let result = Err((status, reason.to_owned()));
            self.event(Event::Reoffered { dialog: key, result });
        }
    }

    pub(super) fn on_reinvite_final(
        &mut self,
        now: Instant,
        flow: FlowId,
        key: DialogKey,
        status: u16,
        response: &Message,
    ) {
        if (200..300).contains(&status) {
            self.acknowledge(flow, key, response);
            let Some(dialog) = self.dialogs.get_mut(&key) else { return };
            if dialog.offered.take().is_some() {
                let sdp = response.sdp().ok().flatten();
                let result = sdp.ok_or((488, "Answered Without SDP".to_owned()));
                self.event(Event::Reoffered { dialog: key, result });
            }
            return;
        }
        if status == 491 {
            return self.postpone_offer(now, key);
        }
        self.fail_offer(key, status, &phrase(response));
        if status == 481 {
            self.lose(key, status, "Dialog Unknown To The Other Side");
        }
    }

    pub(super) fn on_reoffer(
        &mut self,
        flow: FlowId,
        key: DialogKey,
        method: Method,
        request: &Message,
    ) {
        let Some(dialog) = self.dialogs.get_mut(&key) else { return };
        let in_call = matches!(dialog.state, State::Confirmed | State::Answered);
        if !in_call {
            return self.respond(flow, request, 481, "Call Does Not Exist");
        }
        if dialog.offered.as_ref().is_some_and(|o| o.in_flight) {
            return self.respond(flow, request, 491, "Request Pending");
        }
        if dialog.reoffer.is_some() || dialog.unacked.is_some() {
            let response =
                self.response(request, 500, "Earlier Offer Pending").with("Retry-After", "2");
            return self.send(flow, response);
        }
        if let Some(target) = contact(request) {
            dialog.remote_target = target;
        }
        match request.sdp() {
            Ok(Some(sdp)) => {
                dialog.reoffer = Some(request.clone());
                if method == Method::Invite {
                    let trying = Message::response(request, 100, "Trying");
                    self.send(flow, trying);
                }
                self.event(Event::Reoffer { dialog: key, sdp });
            }
            // An UPDATE without a body only refreshes a session timer.
            Ok(None) if method == Method::Update => {
                let contact = self.identity.contact.clone();
                let response = self.response(request, 200, "OK").with("Contact", contact);
                self.send(flow, response);
            }
            Ok(None) => self.respond(flow, request, 488, "An Offer Is Required"),
            Err(()) => {
                let response =
                    self.response(request, 415, "SDP Expected").with("Accept", "application/sdp");
                self.send(flow, response);
            }
        }
    }

    pub(crate) fn accept_reoffer(
        &mut self,
        now: Instant,
        key: DialogKey,
        sdp: &str,
    ) -> Result<(), SipError> {
        let dialog = self.dialog(key)?;
        let flow = dialog.flow.ok_or(SipError::NotConnected)?;
        let Some(request) = dialog.reoffer.take() else {
            return Err(SipError::WrongState { dialog: key, what: "accept an offer" });
        };
        let contact = self.identity.contact.clone();
        let response = self.response(&request, 200, "OK").with("Contact", contact).with_sdp(sdp);
        self.send(flow, response.clone());
        if request.method() == Some(Method::Invite) {
            self.await_ack(now, key, response);
        }
        Ok(())
    }

    pub(crate) fn reject_reoffer(
        &mut self,
        now: Instant,
        key: DialogKey,
        status: u16,
        reason: &str,
    ) -> Result<(), SipError> {
        if !(300..700).contains(&status) || reason.chars().any(char::is_control) {
            return Err(SipError::BadInput("status or reason of a refusal"));
        }
        let dialog = self.dialog(key)?;
        let flow = dialog.flow.ok_or(SipError::NotConnected)?;
        let Some(request) = dialog.reoffer.take() else {
            return Err(SipError::WrongState { dialog: key, what: "refuse an offer" });
        };
        let response = self.response(&request, status, reason);
        self.send(flow, response.clone());
        if request.method() == Some(Method::Invite) {
            self.await_ack(now, key, response);
        }
        Ok(())
    }

    pub(crate) fn info(
        &mut self,
        now: Instant,
        key: DialogKey,
        content_type: &str,
        body: &str,
    ) -> Result<(), SipError> {
        if content_type.is_empty() || content_type.chars().any(char::is_control) {
            return Err(SipError::BadInput("Content-Type of INFO"));
        }
        let dialog = self.dialog(key)?;
        if !matches!(dialog.state, State::Confirmed) {
            return Err(SipError::WrongState { dialog: key, what: "send INFO" });
        }
        let flow = dialog.flow.ok_or(SipError::NotConnected)?;
        if let Some(request) = self.in_dialog(key, Method::Info) {
            self.send_request(
                now,
                flow,
                request.with_body(content_type, body),
                Purpose::Info(key),
                0,
            );
        }
        Ok(())
    }
}
