//! The telephone and the media of its legs.

use super::{Engine, Report, tell};
use crate::core::Input;
use crate::voice::VoiceCommand;
use siaga_hub_api::SipAccount;
use siaga_media::{MediaError, MediaEvent, MediaSession};
use siaga_model::{CallId, Redacted};
use siaga_sip::{DialogKey, IncomingCall, UaEvent, UserAgent, UserAgentConfig};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Life-time asked for a registration.
const REGISTRATION: Duration = Duration::from_secs(120);

/// The header by which the switch names the call.
const CALL_HEADER: &str = "X-Siaga-Call";

/// The header with which the PBX's own queue rings: what it calls the caller's line.
const WITHOUT_HUB_HEADER: &str = "X-Siaga-Tanpa-Hub";

/// A line's name is some digits and a name of the machine.
const LONGEST_LINE: usize = 128;

/// Longest number of a caller, in characters (see `Caller::number`).
const LONGEST_NUMBER: usize = 64;

/// The switch always sends: a leg over which nothing comes for this long is dead
/// (docs/adr/0009).
const STALLED: Duration = Duration::from_secs(1);

/// A desk that stood still itself (suspended, frozen) for longer than this reads what has waited
/// for it before it calls a leg dead.
const STOOD_STILL: Duration = Duration::from_millis(500);

/// A leg that rings or is up here.
pub(super) struct Leg {
    /// Its offer, until media is being made for it.
    offer: String,
    media: Option<(Arc<MediaSession>, String)>,
    /// Since when its media is up.
    up_since: Option<Instant>,
    stalled: bool,
}

impl Engine {
    pub(super) fn start_phone(&mut self, account: &SipAccount) {
        let Ok(ws_url) = account.ws_url.parse() else {
            tracing::error!("the hub gave an address of the switch that is none");
            return;
        };
        let started = UserAgent::start(UserAgentConfig {
            ws_url,
            tls_roots: None,
            user: account.user.clone(),
            domain: account.domain.clone(),
            secret: Some(account.secret.clone()),
            display_name: None,
            register: true,
            expires: REGISTRATION,
            user_agent: concat!("Siaga/", env!("CARGO_PKG_VERSION")).to_owned(),
        });
        // The legs of another telephone have no dialogs any more, and its names are given again.
        self.forget_legs();
        self.phones += 1;
        match started {
            Ok((phone, events)) => {
                self.phone = Some(phone);
                self.phone_events = Some(events);
            }
            Err(error) => tracing::error!(%error, "the telephone cannot be started"),
        }
    }

    pub(super) async fn reconnect_phone(&mut self) {
        if let Some(phone) = &self.phone
            && let Err(error) = phone.reconnect().await
        {
            tracing::warn!(%error, "the telephone cannot reconnect");
        }
    }

    pub(super) async fn on_phone(&mut self, event: UaEvent) {
        match event {
            UaEvent::Registered { .. } => self.give(Input::SipUp).await,
            UaEvent::RegistrationFailed { status, reason } => {
                tracing::warn!(status, %reason, "the switch refuses the registration");
                // An Asterisk that was started again says 500 to a seat whose account it does not have.
                let unknown = matches!(status, 401 | 403 | 404 | 500);
                self.give(if unknown { Input::SipRefused } else { Input::SipDown }).await;
            }
            UaEvent::ConnectionLost | UaEvent::Reconnecting { .. } => {
                self.give(Input::SipDown).await;
            }
            UaEvent::Incoming(IncomingCall { dialog, offer, headers, from_user, .. }) => {
                let call = headers.get(CALL_HEADER).and_then(|id| id.trim().parse().ok());
                let line = headers.get(WITHOUT_HUB_HEADER).map(|line| line.trim().to_owned());
                let leg = Leg { offer, media: None, up_since: None, stalled: false };
                self.legs.insert(dialog, leg);
                let input = match line.filter(|line| line.len() <= LONGEST_LINE) {
                    Some(line) => {
                        let caller = from_user.into_inner();
                        let caller = Redacted::new(caller.chars().take(LONGEST_NUMBER).collect());
                        Input::LocalRing { dialog, call: some_call(), caller, line }
                    }
                    None => Input::Incoming { dialog, call },
                };
                self.give(input).await;
            }
            UaEvent::Reoffer { dialog, sdp } => self.on_reoffer(dialog, sdp),
            UaEvent::Failed { dialog, status, .. } => {
                self.on_dialog_ended(dialog, is_lost(false, Some(status))).await;
            }
            UaEvent::Ended { dialog, by_remote, status, .. } => {
                self.on_dialog_ended(dialog, is_lost(by_remote, status)).await;
            }
            // A desk makes no calls of its own: the switch rings it.
            UaEvent::Ringing { .. }
            | UaEvent::Answered { .. }
            | UaEvent::Confirmed { .. }
            | UaEvent::Info { .. } => {}
        }
    }

    /// Says that it rings, and makes the media meanwhile: answering then costs no time.
    pub(super) async fn ring(&mut self, dialog: DialogKey) {
        if let Some(phone) = &self.phone {
            // A dialog that has ended meanwhile tells so itself.
            let _ = phone.ring(dialog).await;
        }
        let Some(leg) = self.legs.get_mut(&dialog) else { return };
        let offer = std::mem::take(&mut leg.offer);
        let (media, report, phone) = (self.media.clone(), self.report.clone(), self.phones);
        tokio::spawn(async move {
            let made = MediaSession::answer(media, &offer).await;
            tell(&report, Report::MediaMade { phone, dialog, made }).await;
        });
    }

    pub(super) async fn on_media_made(
        &mut self,
        phone: u64,
        dialog: DialogKey,
        made: Result<(MediaSession, String), MediaError>,
    ) {
        let leg = self.legs.get_mut(&dialog).filter(|_| phone == self.phones);
        let Some(leg) = leg else {
            // The caller gave up or another seat answered while it rang here.
            if let Ok((session, _)) = made {
                session.close().await;
            }
            return;
        };
        let error = match made {
            Ok((session, answer)) => {
                let session = Arc::new(session);
                leg.media = Some((Arc::clone(&session), answer));
                self.forward_media(dialog, &session);
                None
            }
            Err(error) => {
                leg.media = None;
                Some(error.to_string())
            }
        };
        self.give(Input::MediaMade { dialog, error }).await;
    }

    fn forward_media(&self, dialog: DialogKey, session: &MediaSession) {
        let Some(mut events) = session.events() else { return };
        let (report, phone) = (self.report.clone(), self.phones);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                tell(&report, Report::Media { phone, dialog, event }).await;
            }
        });
    }

    pub(super) async fn on_media(&mut self, phone: u64, dialog: DialogKey, event: MediaEvent) {
        let leg = self.legs.get_mut(&dialog).filter(|_| phone == self.phones);
        let Some(leg) = leg else { return };
        match event {
            MediaEvent::Connected => {
                leg.up_since.get_or_insert_with(Instant::now);
                self.give(Input::MediaUp(dialog)).await;
            }
            MediaEvent::Failed { reason } => {
                tracing::warn!(%reason, "media failed");
                leg.stalled = true;
                self.give(Input::MediaStalled(dialog)).await;
            }
            MediaEvent::Disconnected | MediaEvent::Dtmf(_) | MediaEvent::RemoteHold(_) => {}
        }
    }

    /// Looks whether something comes over each leg. `due` is when it should have been looked.
    pub(super) async fn listen(&mut self, due: Instant, now: Instant) {
        if now.saturating_duration_since(due) > STOOD_STILL {
            return;
        }
        let mut changes = Vec::new();
        for (dialog, leg) in &mut self.legs {
            let (Some((session, _)), Some(up_since)) = (&leg.media, leg.up_since) else { continue };
            let heard_at = session.stats().last_packet_at.unwrap_or(up_since).max(up_since);
            let stalled = now.saturating_duration_since(heard_at) >= STALLED;
            if std::mem::replace(&mut leg.stalled, stalled) != stalled {
                changes.push((*dialog, stalled));
            }
        }
        for (dialog, stalled) in changes {
            let input =
                if stalled { Input::MediaStalled(dialog) } else { Input::MediaFlows(dialog) };
            self.give(input).await;
        }
    }

    pub(super) async fn answer(&mut self, dialog: DialogKey) {
        let (Some(phone), Some(leg)) = (&self.phone, self.legs.get(&dialog)) else { return };
        let Some((_, answer)) = &leg.media else { return };
        if let Err(error) = phone.answer(dialog, answer).await {
            tracing::warn!(%error, "the call could not be answered");
            // The dialog ended between the key and the answer; its end comes as an event of its own.
            self.drop_leg(dialog);
        }
    }

    /// From now on something is sent over this leg all the time.
    pub(super) async fn talk(&mut self, dialog: DialogKey, muted: bool) {
        if let Some((session, _)) = self.legs.get(&dialog).and_then(|leg| leg.media.clone()) {
            self.tell_voice(VoiceCommand::Talk { session, muted }).await;
        }
    }

    pub(super) fn press(&self, digit: char) {
        // A leg that is being replaced may still stand beside its successor.
        let up = self.legs.values().filter(|leg| leg.up_since.is_some());
        let newest = up.max_by_key(|leg| leg.up_since).and_then(|leg| leg.media.as_ref());
        if let Some((session, _)) = newest
            && let Err(error) = session.send_dtmf(digit)
        {
            tracing::info!(%error, "a key could not be sent");
        }
    }

    pub(super) async fn reject(&mut self, dialog: DialogKey, status: u16) {
        self.drop_leg(dialog);
        if let Some(phone) = &self.phone {
            // A dialog that has ended meanwhile needs no refusal.
            let _ = phone.reject(dialog, status, "").await;
        }
    }

    pub(super) async fn hang_up(&mut self, dialog: DialogKey) {
        self.drop_leg(dialog);
        if let Some(phone) = &self.phone {
            // As with a refusal.
            let _ = phone.hang_up(dialog).await;
        }
        self.hush().await;
    }

    fn on_reoffer(&self, dialog: DialogKey, sdp: String) {
        let session = self.legs.get(&dialog).and_then(|leg| leg.media.clone());
        let (Some((session, _)), Some(phone)) = (session, self.phone.clone()) else { return };
        tokio::spawn(async move {
            match session.reoffer_in(&sdp).await {
                Ok(answer) => {
                    if let Err(error) = phone.accept_reoffer(dialog, &answer).await {
                        tracing::debug!(%error, "a re-offer could not be answered");
                    }
                }
                Err(error) => tracing::warn!(%error, "a re-offer cannot be used"),
            }
        });
    }

    /// Forgets a leg and closes the media that was made for it, answered or not.
    fn drop_leg(&mut self, dialog: DialogKey) {
        if let Some((session, _)) = self.legs.remove(&dialog).and_then(|leg| leg.media) {
            tokio::spawn(async move { session.close().await });
        }
    }

    fn forget_legs(&mut self) {
        let dialogs: Vec<DialogKey> = self.legs.keys().copied().collect();
        dialogs.into_iter().for_each(|dialog| self.drop_leg(dialog));
    }

    async fn on_dialog_ended(&mut self, dialog: DialogKey, lost: bool) {
        self.drop_leg(dialog);
        self.hush().await;
        self.give(Input::PhoneEnded { dialog, lost }).await;
    }

    /// Nobody talks when there is no leg to talk on.
    async fn hush(&self) {
        if !self.legs.values().any(|leg| leg.media.is_some()) {
            self.tell_voice(VoiceCommand::Stop).await;
        }
    }

    pub(super) async fn leave_phone(&mut self) {
        self.tell_voice(VoiceCommand::Stop).await;
        for (_, leg) in self.legs.drain() {
            if let Some((session, _)) = leg.media {
                session.close().await;
            }
        }
        self.phone_events = None;
        if let Some(phone) = self.phone.take() {
            phone.close().await;
        }
    }
}

/// A name for a call that nobody has named.
fn some_call() -> CallId {
    let draw = || u128::from(RandomState::new().hash_one(Instant::now()));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = now.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
    CallId::from_parts(millis, (draw() << 64) | draw())
}

/// Whether a dialog was lost rather than ended: nobody answers (408), the switch does not know it
/// any more (481), or its connection is gone (503).
fn is_lost(by_remote: bool, status: Option<u16>) -> bool {
    !by_remote && matches!(status, Some(408 | 481 | 503))
}
