//! What set-up tasks, media, bridges and recorders report to the actor, and what it makes of it.

use super::{Actor, Call, RecordingHealth, Setup, report};
use crate::embedded::bridge::{Bridge, BridgeCommand, BridgeSaw};
use crate::embedded::leg::{Leg, LegPhase, Party};
use crate::{LegReport, RecordingReport, SwitchEvent};
use siaga_call_flow::{Program, SwitchSaw};
use siaga_media::{MediaError, MediaEvent, MediaSession};
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, LegCause, LegId, LineSignal, Redacted, Timestamp,
};
use siaga_recording::{RecorderOptions, RecordingEvent, RecordingHandle, Seal};
use siaga_sip::{Headers, IncomingLeg};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Longest calling number that is taken over (E.164 has 15 digits; names are longer).
const MAX_NUMBER: usize = 64;

impl Actor {
    pub(super) async fn on_setup(&mut self, setup: Setup) {
        match setup {
            Setup::CallerMedia { leg, incoming, made } => {
                self.on_caller_media(leg, *incoming, made).await;
            }
            Setup::Offer { leg, made } => self.on_offer(leg, made).await,
            Setup::AnswerTaken { leg, taken } => self.on_answer_taken(leg, taken).await,
            Setup::Media { leg, event } => self.on_media(leg, event).await,
            Setup::ConnectDeadline(id) => {
                let leg = self.calls.get_mut(&id.call).and_then(|call| call.leg(id));
                if leg.is_some_and(|leg| matches!(leg.phase, LegPhase::Connecting { .. })) {
                    self.hang_up(id, LegCause::Failed).await;
                }
            }
            Setup::Recording { call, event } => self.on_recording(call, event).await,
            Setup::Sealed { call, seals } => self.on_sealed(call, seals).await,
        }
    }

    async fn on_caller_media(
        &mut self,
        id: LegId,
        incoming: IncomingLeg,
        made: Result<(MediaSession, String), MediaError>,
    ) {
        let dialog = incoming.dialog;
        if !self.dialogs.contains_key(&dialog) {
            self.rang_once(id, &incoming, made.ok().map(|(session, _)| session)).await;
            return;
        }
        if self.shutting_down.is_some() {
            // A call that came up now would be ended by nobody.
            self.dialogs.remove(&dialog);
            let peer = incoming.remote.to_string();
            self.refuse(dialog, peer, 503, "No capacity, try another route").await;
            if let Ok((session, _)) = made {
                tokio::spawn(async move { session.close().await });
            }
            return;
        }
        let (session, answer) = match made {
            Ok(made) => made,
            Err(error) => {
                self.dialogs.remove(&dialog);
                let peer = incoming.remote.to_string();
                self.refuse(dialog, peer, 488, &error.to_string()).await;
                return;
            }
        };
        if self.sip.answer(dialog, &answer).await.is_err() {
            self.dialogs.remove(&dialog);
            self.rang_once(id, &incoming, Some(session)).await;
            return;
        }
        let session = Arc::new(session);
        self.forward_media(id, &session);
        let arrived_at = self.clock.now();
        let bridge = self.open_bridge(id.call, arrived_at, Program::Music);
        let _ = bridge
            .send(BridgeCommand::Add { leg: id, line: session.clone(), is_desk: false })
            .await;
        let mut call = Call::new(bridge);
        call.legs.push(Leg {
            id,
            party: Party::Caller,
            phase: LegPhase::Connecting { dialog },
            session: Some(session),
            user_agent: incoming.headers.get("User-Agent").unwrap_or_default().to_owned(),
        });
        self.calls.insert(id.call, call);
        let facts = CallFacts { caller: caller_of(&incoming), arrived_at, ..CallFacts::default() };
        self.saw(SwitchSaw::CallerArrived { call: id.call, facts, first_unit: None }).await;
    }

    /// A caller who hung up before there was media. Nobody waits any more, but somebody may have to
    /// call back, so the hub is told of the call all the same.
    async fn rang_once(
        &mut self,
        id: LegId,
        incoming: &IncomingLeg,
        session: Option<MediaSession>,
    ) {
        if let Some(session) = session {
            tokio::spawn(async move { session.close().await });
        }
        let left_at = self.clock.now();
        let facts =
            CallFacts { caller: caller_of(incoming), arrived_at: left_at, ..CallFacts::default() };
        let cause = LegCause::HungUp;
        self.saw(SwitchSaw::CallerArrived { call: id.call, facts, first_unit: None }).await;
        self.saw(SwitchSaw::Ended { leg: id, cause }).await;
        self.tell(SwitchEvent::LegClosed(LegReport {
            leg: id,
            seat: None,
            codec: String::new(),
            user_agent: incoming.headers.get("User-Agent").unwrap_or_default().to_owned(),
            joined_at: None,
            left_at,
            cause,
            packets_received: 0,
            packets_lost: 0,
        }))
        .await;
    }

    /// Starts the bridge and the recorder of a call. A recorder that cannot start is told and the
    /// call goes on without it: a caller is worth more than a file.
    pub(super) fn open_bridge(
        &self,
        call: CallId,
        started_at: Timestamp,
        program: Program,
    ) -> mpsc::Sender<BridgeCommand> {
        let setup = self.setup.clone();
        let on_event = {
            let setup = setup.clone();
            move |event| {
                // Called on the recorder's thread, which must not wait for us. A report that finds
                // the queue full is repeated by the next failure.
                let _ = setup.try_send(Setup::Recording { call, event });
            }
        };
        let options = RecorderOptions { call, started_at };
        let recording =
            match RecordingHandle::start_anyway(self.recordings.clone(), options, on_event) {
                Ok(handle) => Some(handle),
                Err(error) => {
                    tracing::error!(%call, %error, "no recorder: the call goes on unrecorded");
                    let event = RecordingEvent::DiskFailed { error };
                    let _ = setup.try_send(Setup::Recording { call, event });
                    None
                }
            };
        let (prompts, saw) = (self.prompts.clone(), self.bridge_saw.clone());
        let (bridge, commands) = Bridge::new(call, program, prompts, recording, saw);
        tokio::spawn(async move {
            let recording = bridge.run().await;
            let seals =
                tokio::task::spawn_blocking(move || match recording.map(RecordingHandle::finish) {
                    Some(Ok(seals)) => seals,
                    Some(Err(error)) => {
                        tracing::error!(%call, %error, "a recording could not be finished");
                        Vec::new()
                    }
                    None => Vec::new(),
                })
                .await
                .unwrap_or_default();
            report(&setup, Setup::Sealed { call, seals }).await;
        });
        commands
    }

    fn forward_media(&self, leg: LegId, session: &MediaSession) {
        let Some(mut events) = session.events() else { return };
        let setup = self.setup.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                report(&setup, Setup::Media { leg, event }).await;
            }
        });
    }

    async fn on_offer(&mut self, id: LegId, made: Result<(MediaSession, String), MediaError>) {
        let leg = self.calls.get_mut(&id.call).and_then(|call| call.leg(id));
        let Some(leg) = leg else {
            // Taken back while the offer was made.
            if let Ok((session, _)) = made {
                tokio::spawn(async move { session.close().await });
            }
            return;
        };
        let Some(account) = leg.party.account().map(str::to_owned) else { return };
        let (session, offer) = match made {
            Ok(made) => made,
            Err(error) => {
                tracing::error!(leg = %id, %error, "no media for a leg");
                self.leg_over(id, LegCause::Failed).await;
                return;
            }
        };
        let session = Arc::new(session);
        leg.session = Some(session.clone());
        let headers = Headers::new().with("X-Siaga-Call", id.call.to_string());
        match self.sip.invite(&account, &offer, headers).await {
            Ok(dialog) => {
                self.dialogs.insert(dialog, id);
                self.forward_media(id, &session);
                if let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.leg(id)) {
                    leg.phase = LegPhase::Calling { dialog };
                }
            }
            Err(error) => {
                // A telephone's account is a number, so it is not named.
                tracing::info!(leg = %id, %error, "a seat or a telephone could not be rung");
                self.leg_over(id, LegCause::Unregistered).await;
            }
        }
    }

    async fn on_answer_taken(&mut self, id: LegId, taken: Result<(), MediaError>) {
        let Err(error) = taken else { return };
        let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.leg(id)) else { return };
        if matches!(leg.phase, LegPhase::Connecting { .. }) {
            tracing::warn!(leg = %id, %error, "an answer cannot be used");
            self.hang_up(id, LegCause::Failed).await;
        }
    }

    async fn on_media(&mut self, id: LegId, event: MediaEvent) {
        let now = self.clock.now();
        let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.leg(id)) else { return };
        match event {
            MediaEvent::Connected => {
                let LegPhase::Connecting { dialog } = leg.phase else { return };
                leg.phase = LegPhase::Up { dialog, joined_at: now };
                let was_called = leg.party.was_called();
                self.to_bridge(id.call, BridgeCommand::Up(id)).await;
                if was_called {
                    self.saw(SwitchSaw::Answered(id)).await;
                }
            }
            // RTP decides when a leg is lost (2 s), not ICE's own idea of it.
            MediaEvent::Disconnected => {}
            MediaEvent::Failed { reason } => {
                tracing::info!(leg = %id, %reason, "media failed");
                // A caller's telephone may be in a tunnel: for it the bridge's long timeout decides.
                if !id.is_caller() {
                    self.hang_up(id, LegCause::MediaLost).await;
                }
            }
            MediaEvent::Dtmf(digit) => {
                self.tell(SwitchEvent::Dtmf { leg: id, digit }).await;
                if id.is_caller() {
                    self.saw(SwitchSaw::Signal { leg: id, signal: LineSignal::Key }).await;
                }
            }
            MediaEvent::RemoteHold(held) => {
                self.to_bridge(id.call, BridgeCommand::RemoteHold { leg: id, held }).await;
            }
        }
    }

    pub(super) async fn on_bridge(&mut self, saw: BridgeSaw) {
        match saw {
            BridgeSaw::Flows(leg) => self.saw(SwitchSaw::Flows(leg)).await,
            BridgeSaw::Heard(leg) => self.saw(SwitchSaw::Heard(leg)).await,
            BridgeSaw::Knocks(leg) => {
                self.saw(SwitchSaw::Signal { leg, signal: LineSignal::Knocks }).await;
            }
            BridgeSaw::MediaLost(leg) => self.hang_up(leg, LegCause::MediaLost).await,
            BridgeSaw::RecorderBehind(call) => {
                let reason = "the disk hangs, and the queue before it is full".to_owned();
                self.recording_is(call, |health| health.behind = true, reason).await;
            }
        }
    }

    async fn on_recording(&mut self, call: CallId, event: RecordingEvent) {
        match event {
            RecordingEvent::Opened { .. } => {
                self.recording_is(call, |health| health.disk_failed = false, String::new()).await;
            }
            // The seals come with the end of the bridge.
            RecordingEvent::Sealed(_) => {}
            RecordingEvent::DiskFailed { error } => {
                let reason = with_sources(&error);
                self.recording_is(call, |health| health.disk_failed = true, reason).await;
            }
            RecordingEvent::Lost { ticks } => {
                tracing::warn!(%call, ms = ticks * 20, "a part of a call is in no file");
            }
            RecordingEvent::Dropped { ticks } => {
                // Told when the disk has taken something again: trouble that is over.
                let reason = format!("the disk hung, {} ms became silence", ticks * 20);
                self.recording_is(call, |health| health.behind = true, reason).await;
                self.recording_is(call, |health| health.behind = false, String::new()).await;
            }
        }
    }

    /// Notes how a call's recording is now, and tells when that has become trouble or is so no more:
    /// a disk that refuses every second is told once.
    async fn recording_is(
        &mut self,
        id: CallId,
        change: impl FnOnce(&mut RecordingHealth),
        reason: String,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = call.recording.is_troubled();
        change(&mut call.recording);
        let now = call.recording.is_troubled();
        if now && !before {
            tracing::error!(call = %id, reason, "recording has stopped");
            self.tell(SwitchEvent::RecordingTrouble { call: id, reason }).await;
        } else if before && !now {
            tracing::info!(call = %id, "recording goes on");
            self.tell(SwitchEvent::RecordingResumed { call: id }).await;
        }
    }

    async fn on_sealed(&mut self, call: CallId, seals: Vec<Seal>) {
        for seal in seals {
            self.tell(SwitchEvent::Recorded(RecordingReport::of(call, seal))).await;
        }
        if let Some(call) = self.calls.get_mut(&call) {
            call.sealed = true;
        }
        self.forget_if_over(call);
    }
}

/// An error and what caused it, in one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Who calls: the account of a registered telephone is a number we vouch for; what an unregistered
/// one says of itself is only a claim.
fn caller_of(incoming: &IncomingLeg) -> Caller {
    let shorten = |number: &str| number.chars().take(MAX_NUMBER).collect::<String>();
    match &incoming.authenticated {
        Some(account) => {
            Caller { number: Redacted::new(shorten(account)), status: CallerStatus::Verified }
        }
        None => {
            let claimed = shorten(incoming.from_user.expose());
            if claimed.is_empty() || claimed.eq_ignore_ascii_case("anonymous") {
                Caller::default()
            } else {
                Caller { number: Redacted::new(claimed), status: CallerStatus::Claimed }
            }
        }
    }
}
