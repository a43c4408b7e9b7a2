//! What a desk does, without doing it: inputs in, [`Effect`]s out, one [`DeskState`] to draw.
//!
//! Sans-IO, so that a night of calls, lost hubs and wrong keys is tested in milliseconds. The shell
//! ([`crate::shell`]) owns sockets, sound and files.

use crate::Intent;
use crate::state::{
    AdvisorHealth, AudioHealth, DeskCall, DeskError, DeskState, LinkHealth, Notice, PhoneState,
    SessionInfo,
};
use siaga_hub_api::{LoginRequest, Session, ToDesk, ToHub};
use siaga_model::{Advice, CallId, Disposition, Form, Intake, NotReport, Timestamp};
use siaga_plugin_host::PastReport;
use siaga_sip::DialogKey;
use std::collections::VecDeque;

/// Longest narrative that is taken from the window, in characters (see [`Form::narrative`]).
const MAX_NARRATIVE: usize = 8_000;
/// Longest other text of the form, in characters.
const MAX_TEXT: usize = 500;

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// Somebody wants something.
    Intent(Intent),
    /// The hub let us in.
    LoggedIn(Box<Session>),
    /// The hub did not, or cannot be reached.
    LoginFailed(DeskError),
    /// The hub's socket stands.
    HubUp,
    /// The hub's socket is gone and is being retried.
    HubDown,
    /// The hub said something.
    Hub(ToDesk),
    /// The telephone is registered.
    SipUp,
    /// It is not, and tries again.
    SipDown,
    /// The switch rings us.
    Incoming {
        /// The dialog.
        dialog: DialogKey,
        /// The call that the switch named; a call without a name is not one of ours.
        call: Option<CallId>,
    },
    /// The media of a ringing leg is ready to answer with, or cannot be made.
    MediaMade {
        /// The dialog.
        dialog: DialogKey,
        /// For IT, when it cannot be made.
        error: Option<String>,
    },
    /// Two-way audio.
    MediaUp(DialogKey),
    /// The dialog is over.
    PhoneEnded(DialogKey),
    /// The sound devices changed.
    Audio(AudioHealth),
    /// The plugins changed.
    Advisor(AdvisorHealth),
    /// The plugins have spoken.
    Advised {
        /// On which call.
        call: CallId,
        /// What.
        advice: Advice,
    },
    /// Levels of the last 100 ms in dBFS.
    Levels {
        /// What is heard.
        heard: f32,
        /// What is sent.
        sent: f32,
    },
    /// Time has passed.
    Tick,
}

/// What the shell must do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Log in at this hub.
    LogIn {
        /// Its address.
        hub: String,
        /// Who and where.
        request: Box<LoginRequest>,
    },
    /// End the session.
    LogOut,
    /// Tell the hub, surely and in order.
    ToHub(Box<ToHub>),
    /// Say 180 and make media for this offer meanwhile, so that answering takes no time.
    Ring(DialogKey),
    /// Say 200 with the media made.
    Answer(DialogKey),
    /// Say this SIP status.
    Reject {
        /// The dialog.
        dialog: DialogKey,
        /// 486, 480, …
        status: u16,
    },
    /// Send silence (or the microphone again).
    Mute(bool),
    /// Send a key.
    Dtmf(char),
    /// Ask the plugins.
    Advise {
        /// The call.
        call: CallId,
        /// The revision of the form.
        rev: u64,
        /// What to judge.
        intake: Box<Intake>,
        /// Earlier reports that this desk knows of.
        history: Vec<PastReport>,
    },
}

/// This desk's telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phone {
    Idle,
    Ringing { dialog: DialogKey, call: CallId, made: bool, answered: bool },
    Connecting { dialog: DialogKey, call: CallId },
    Connected { dialog: DialogKey, call: CallId },
}

impl Phone {
    fn dialog(self) -> Option<DialogKey> {
        match self {
            Self::Idle => None,
            Self::Ringing { dialog, .. }
            | Self::Connecting { dialog, .. }
            | Self::Connected { dialog, .. } => Some(dialog),
        }
    }

    fn call(self) -> Option<CallId> {
        match self {
            Self::Idle => None,
            Self::Ringing { call, .. }
            | Self::Connecting { call, .. }
            | Self::Connected { call, .. } => Some(call),
        }
    }

    fn shown(self) -> PhoneState {
        match self {
            Self::Idle => PhoneState::Gone,
            Self::Ringing { answered: false, .. } => PhoneState::Ringing,
            Self::Ringing { answered: true, .. } | Self::Connecting { .. } => {
                PhoneState::Connecting
            }
            Self::Connected { .. } => PhoneState::Connected,
        }
    }
}

/// The desk's state machine.
pub(crate) struct Core {
    state: DeskState,
    phone: Phone,
    effects: VecDeque<Effect>,
    /// The hub's clock at the moment of its last view, and ours then.
    hub_clock: Option<(Timestamp, Timestamp)>,
    /// The revision of the form that was last sent to the plugins.
    advised: Option<(CallId, u64)>,
    dirty: bool,
}

impl Core {
    pub(crate) fn new(training: bool) -> Self {
        Self {
            state: DeskState { training, ..DeskState::default() },
            phone: Phone::Idle,
            effects: VecDeque::new(),
            hub_clock: None,
            advised: None,
            dirty: true,
        }
    }

    /// Takes one input; drain [`Core::poll`] afterwards.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input) {
        self.state.now = match self.hub_clock {
            Some((hub, ours)) => hub + now.since(ours),
            None => now,
        };
        self.dirty = true;
        match input {
            Input::Intent(intent) => self.on_intent(intent),
            Input::LoggedIn(session) => self.on_logged_in(*session),
            Input::LoginFailed(error) => {
                self.state.hub = LinkHealth::Off;
                self.complain(error);
            }
            Input::HubUp => self.state.hub = LinkHealth::Up,
            Input::HubDown => {
                if !matches!(self.state.hub, LinkHealth::Down { .. }) {
                    self.state.hub = LinkHealth::Down { since: self.state.now };
                }
            }
            Input::Hub(message) => self.on_hub(now, message),
            Input::SipUp => self.state.sip = LinkHealth::Up,
            Input::SipDown => {
                if !matches!(self.state.sip, LinkHealth::Down { .. }) {
                    self.state.sip = LinkHealth::Down { since: self.state.now };
                }
            }
            Input::Incoming { dialog, call } => self.on_incoming(dialog, call),
            Input::MediaMade { dialog, error } => self.on_media_made(dialog, error),
            Input::MediaUp(up) => {
                if let Phone::Connecting { dialog, call } = self.phone
                    && dialog == up
                {
                    self.phone = Phone::Connected { dialog, call };
                    self.refresh_call();
                }
            }
            Input::PhoneEnded(ended) => {
                if self.phone.dialog() == Some(ended) {
                    self.phone = Phone::Idle;
                    self.refresh_call();
                }
            }
            Input::Audio(health) => self.state.audio = health,
            Input::Advisor(health) => {
                self.state.advisor = health;
                self.advise_again();
            }
            Input::Advised { call, advice } => self.on_advised(call, advice),
            Input::Levels { heard, sent } => match &mut self.state.call {
                Some(call) => (call.heard_dbfs, call.sent_dbfs) = (heard, sent),
                None => self.dirty = false,
            },
            Input::Tick => {}
        }
    }

    /// The next thing to do.
    pub(crate) fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The state to draw, if it has changed since the last time.
    pub(crate) fn changed(&mut self) -> Option<DeskState> {
        std::mem::take(&mut self.dirty).then(|| {
            self.state.rev += 1;
            self.state.clone()
        })
    }

    fn complain(&mut self, error: DeskError) {
        self.state.notice = Some(Notice { error, at: self.state.now });
    }

    // ---- people

    fn on_intent(&mut self, intent: Intent) {
        match intent {
            Intent::Login { hub, seat, operator, password } => {
                if self.state.session.is_some() || self.state.hub == LinkHealth::Connecting {
                    return self.complain(DeskError::NotNow);
                }
                self.state.hub = LinkHealth::Connecting;
                self.state.notice = None;
                let request = Box::new(LoginRequest { operator, password, seat });
                self.effects.push_back(Effect::LogIn { hub, request });
            }
            Intent::Logout => {
                if self.phone != Phone::Idle {
                    return self.complain(DeskError::NotNow);
                }
                self.effects.push_back(Effect::LogOut);
                self.forget_session();
            }
            Intent::Ready => self.effects.push_back(Effect::ToHub(Box::new(ToHub::Ready))),
            Intent::Pause => self.effects.push_back(Effect::ToHub(Box::new(ToHub::Pause))),
            Intent::Answer => self.answer(),
            Intent::Decline => match self.phone {
                Phone::Ringing { dialog, answered: false, .. } => {
                    self.effects.push_back(Effect::Reject { dialog, status: 486 });
                }
                Phone::Idle
                | Phone::Ringing { answered: true, .. }
                | Phone::Connecting { .. }
                | Phone::Connected { .. } => self.complain(DeskError::NotNow),
            },
            Intent::Mute { muted } => match &mut self.state.call {
                Some(call) => {
                    call.muted = muted;
                    self.effects.push_back(Effect::Mute(muted));
                }
                None => self.complain(DeskError::NotNow),
            },
            Intent::Edit { call, form } => self.edit(call, *form),
            Intent::Hold => self.about_call(|call| ToHub::Hold { call }),
            Intent::Resume => self.about_call(|call| ToHub::Resume { call }),
            Intent::Transfer { unit, handover } => {
                self.about_call(|call| ToHub::Transfer { call, unit, handover });
            }
            Intent::TakeBack => self.about_call(|call| ToHub::TakeBack { call }),
            Intent::Release => self.about_call(|call| ToHub::Release { call }),
            Intent::Override { validity, reason } => {
                self.about_call(|call| ToHub::Override { call, validity, reason });
            }
            Intent::CheckSilence => self.about_call(|call| ToHub::CheckSilence { call }),
            Intent::Dispose { disposition, note, sure: _ } => {
                self.about_call(|call| ToHub::Dispose { call, disposition, note });
            }
            Intent::Undo => self.about_call(|call| ToHub::Undo { call }),
            Intent::CallBack { entry } => {
                self.effects.push_back(Effect::ToHub(Box::new(ToHub::CallBack { entry })));
            }
            Intent::SettleCallBack { entry, reason } => {
                let message = ToHub::SettleCallBack { entry, reason };
                self.effects.push_back(Effect::ToHub(Box::new(message)));
            }
            Intent::Close { disposition, note } => {
                self.about_call(|call| ToHub::Close { call, disposition, note });
            }
            Intent::Dtmf { digit } => match self.phone {
                Phone::Connected { .. } => self.effects.push_back(Effect::Dtmf(digit)),
                Phone::Idle | Phone::Ringing { .. } | Phone::Connecting { .. } => {
                    self.complain(DeskError::NotNow);
                }
            },
            Intent::DismissNotice => self.state.notice = None,
        }
    }

    fn about_call(&mut self, message: impl FnOnce(CallId) -> ToHub) {
        match &self.state.call {
            Some(call) => {
                let message = message(call.call);
                self.effects.push_back(Effect::ToHub(Box::new(message)));
            }
            None => self.complain(DeskError::NotNow),
        }
    }

    fn answer(&mut self) {
        match &mut self.phone {
            Phone::Ringing { answered, made, dialog, call } if !*answered => {
                *answered = true;
                if *made {
                    let (dialog, call) = (*dialog, *call);
                    self.effects.push_back(Effect::Answer(dialog));
                    self.phone = Phone::Connecting { dialog, call };
                }
                self.refresh_call();
            }
            // F9 does nothing while talking (ui.md): no complaint either.
            Phone::Ringing { .. } | Phone::Connecting { .. } | Phone::Connected { .. } => {}
            Phone::Idle => self.complain(DeskError::NotNow),
        }
    }

    /// Takes the form as it stands in the window. What is too long is refused whole and stays in
    /// the window; nothing is cut silently.
    fn edit(&mut self, id: CallId, form: Form) {
        if let Err(detail) = check_lengths(&form) {
            let code = siaga_hub_api::ErrorCode::OutOfRange;
            return self.complain(DeskError::Hub { code, detail: detail.to_owned() });
        }
        let Some(call) = self.state.call.as_mut().filter(|call| call.call == id && call.writable)
        else {
            return self.complain(DeskError::NotNow);
        };
        if call.form == form {
            return;
        }
        call.rev += 1;
        call.form = form;
        let draft = ToHub::Draft { call: id, rev: call.rev, form: call.form.clone() };
        self.effects.push_back(Effect::ToHub(Box::new(draft)));
        self.advise_again();
    }

    // ---- the hub

    fn on_logged_in(&mut self, session: Session) {
        self.state.session = Some(SessionInfo {
            seat: session.seat,
            unit: session.unit,
            level: session.level,
            operator_name: session.operator_name,
            units: session.units,
            transfer_ring_s: session.transfer_ring_s,
        });
        self.state.sip = LinkHealth::Connecting;
        self.state.notice = None;
    }

    /// Forgets who sits here; a call that is up keeps its place on the screen with all that was
    /// typed, though nobody writes it any more.
    fn forget_session(&mut self) {
        let old = std::mem::take(&mut self.state);
        let call = old.call.filter(|_| self.phone != Phone::Idle).map(|mut call| {
            call.writable = false;
            call
        });
        self.state = DeskState {
            training: old.training,
            rev: old.rev,
            now: old.now,
            audio: old.audio,
            call,
            ..DeskState::default()
        };
        self.hub_clock = None;
        self.advised = None;
    }

    fn on_hub(&mut self, now: Timestamp, message: ToDesk) {
        match message {
            ToDesk::View(view) => {
                self.hub_clock = Some((view.now, now));
                self.state.now = view.now;
                self.state.view = Some(*view);
                self.refresh_call();
            }
            // The outbox has seen these already.
            ToDesk::Ack { .. } | ToDesk::Cases(_) => {}
            ToDesk::Refused { error, .. } => {
                self.complain(DeskError::Hub { code: error.code, detail: error.detail });
            }
            ToDesk::Bye { error } => {
                self.forget_session();
                self.refresh_call();
                self.complain(DeskError::Hub { code: error.code, detail: error.detail });
            }
        }
    }

    /// Brings the call that is shown in line with the telephone and the hub's view.
    fn refresh_call(&mut self) {
        let seen = self.state.view.as_ref().and_then(|view| view.call.as_ref());
        let Some(id) = self.phone.call().or_else(|| seen.map(|call| call.call)) else {
            self.state.call = None;
            return;
        };
        let seen = seen.filter(|call| call.call == id);
        let mut call =
            self.state.call.take().filter(|call| call.call == id).unwrap_or_else(|| DeskCall {
                call: id,
                phone: PhoneState::Ringing,
                muted: false,
                form: Form::default(),
                rev: 0,
                saved_rev: 0,
                writable: false,
                advice: None,
                heard_dbfs: -100.0,
                sent_dbfs: -100.0,
                rejoining: false,
            });
        call.phone = self.phone.shown();
        if let Some(seen) = seen {
            let me = self.state.session.as_ref().map(|session| &session.seat.id);
            call.writable = seen.writer.is_some() && seen.writer.as_ref() == me;
            // While this desk writes, its own form is the newest there is, and what the hub shows is
            // an echo, unless somebody else wrote on. An older revision never comes back: what was
            // typed here and not yet journalled would be lost.
            if seen.draft.rev > call.rev || (!call.writable && seen.draft.rev == call.rev) {
                call.form = seen.draft.form.clone();
                call.rev = seen.draft.rev;
            }
            call.saved_rev = seen.draft.rev.min(call.rev);
            if call.advice.is_none() {
                call.advice.clone_from(&seen.advice);
            }
        }
        self.state.call = Some(call);
        self.advise_again();
    }

    // ---- the telephone

    fn on_incoming(&mut self, dialog: DialogKey, call: Option<CallId>) {
        match (self.phone, call) {
            (Phone::Idle, Some(call)) => {
                self.phone = Phone::Ringing { dialog, call, made: false, answered: false };
                self.effects.push_back(Effect::Ring(dialog));
                self.refresh_call();
            }
            (Phone::Idle, None) => {
                self.effects.push_back(Effect::Reject { dialog, status: 480 });
            }
            (Phone::Ringing { .. } | Phone::Connecting { .. } | Phone::Connected { .. }, _) => {
                self.effects.push_back(Effect::Reject { dialog, status: 486 });
            }
        }
    }

    fn on_media_made(&mut self, dialog: DialogKey, error: Option<String>) {
        let Phone::Ringing { dialog: ringing, call, answered, .. } = self.phone else { return };
        if ringing != dialog {
            return;
        }
        if let Some(detail) = error {
            self.effects.push_back(Effect::Reject { dialog, status: 488 });
            return self.complain(DeskError::Phone { detail });
        }
        if answered {
            self.effects.push_back(Effect::Answer(dialog));
            self.phone = Phone::Connecting { dialog, call };
        } else {
            self.phone = Phone::Ringing { dialog, call, made: true, answered };
        }
        self.refresh_call();
    }

    // ---- the plugins

    /// Asks the plugins about the newest revision, once, and only where somebody can act on it.
    fn advise_again(&mut self) {
        let Some(call) = self.state.call.as_ref().filter(|call| call.writable) else { return };
        let asked = (call.call, call.rev);
        if self.advised == Some(asked) || self.state.advisor == AdvisorHealth::Off {
            return;
        }
        let seen = self.state.view.as_ref().and_then(|view| view.call.as_ref());
        let Some(seen) = seen.filter(|seen| seen.call == call.call) else { return };
        let intake = Intake { facts: seen.facts.clone(), form: call.form.clone() };
        self.advised = Some(asked);
        self.effects.push_back(Effect::Advise {
            call: asked.0,
            rev: asked.1,
            intake: Box::new(intake),
            history: self.history(asked.0),
        });
    }

    /// The open cases that this unit has, as plugins see them.
    fn history(&self, call: CallId) -> Vec<PastReport> {
        let cases = self.state.view.as_ref().map(|view| view.cases.as_slice()).unwrap_or_default();
        cases
            .iter()
            .filter(|case| case.call != call)
            .map(|case| PastReport {
                at: case.opened_at,
                // The hub's view shows no numbers of other calls.
                same_number: false,
                location: case.form.location.clone(),
                area_code: case.form.area_code.clone(),
                kind: case.form.kind.clone(),
                disposition: case.disposition.as_ref().map_or("", disposition_name).to_owned(),
                narrative: case.form.narrative.clone(),
                case_number: case.number.to_string(),
            })
            .collect()
    }

    fn on_advised(&mut self, id: CallId, advice: Advice) {
        let failed = !advice.faults.is_empty();
        self.state.advisor = if failed { AdvisorHealth::Trouble } else { AdvisorHealth::Ok };
        let Some(call) = self.state.call.as_mut().filter(|call| call.call == id) else { return };
        let newest = call.advice.as_ref().map_or(0, |known| known.draft_rev);
        if advice.draft_rev < newest {
            return;
        }
        if call.writable {
            let message = ToHub::Advice { call: id, advice: advice.clone() };
            self.effects.push_back(Effect::ToHub(Box::new(message)));
        }
        call.advice = Some(advice);
    }
}

/// The word of [`PastReport::disposition`].
fn disposition_name(disposition: &Disposition) -> &'static str {
    match disposition {
        Disposition::NotReport { reason } => match reason {
            NotReport::Silent => "silent",
            NotReport::RingOnce => "ring-once",
            NotReport::Misdial => "misdial",
            NotReport::Prank => "prank",
            NotReport::Test => "test",
        },
        Disposition::Information => "information",
        Disposition::HandledByUnit { .. }
        | Disposition::ForwardedToUnit { .. }
        | Disposition::HandledHere => "report",
        Disposition::Abandoned | Disposition::NotReached => "",
    }
}

/// The ranges that [`Form`] documents.
fn check_lengths(form: &Form) -> Result<(), &'static str> {
    let long = |text: &str, most: usize| text.chars().count() > most;
    if long(form.narrative.expose(), MAX_NARRATIVE) {
        return Err("narrative");
    }
    for (text, field) in [
        (form.location.expose().as_str(), "location"),
        (form.reporter_name.expose(), "reporter_name"),
        (form.reporter_relation.expose(), "reporter_relation"),
        (&form.area_code, "area_code"),
        (&form.kind, "kind"),
    ] {
        if long(text, MAX_TEXT) {
            return Err(field);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
