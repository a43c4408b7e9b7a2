//! Who sits here: logging in, taking a session up again, and what is left when it ends.

use super::{
    Core, DeskError, DeskState, Effect, ErrorCode, LinkHealth, Numbers, Phone, Post, Rejoin,
    ends_session, hub_error,
};
use crate::journal::{Owner, Record, Restored, Saved};
use crate::state::SessionInfo;
use siaga_hub_api::{ApiError, LoginRequest, Session};
use siaga_model::Timestamp;
use std::time::Duration;

/// After a power cut the hub may take a dead desk for alive until its socket has been silent for
/// long enough: for so long a seat that is taken is asked for again.
const SEAT_TAKEN: Duration = Duration::from_secs(10);
/// Pause between two attempts to sit down.
const SIT_AGAIN: Duration = Duration::from_secs(1);
/// A telephone that stays refused asks for another account this often.
const NEW_ACCOUNT: Duration = Duration::from_secs(5);

/// A login, as asked for.
#[derive(Debug)]
pub(super) struct Login {
    hub: String,
    request: Box<LoginRequest>,
    /// Set by the first `seat-taken`: how long it is tried again.
    give_up_at: Option<Timestamp>,
    /// When it is tried again; `None` while it is under way.
    again_at: Option<Timestamp>,
}

impl Login {
    fn owner(&self) -> Owner {
        Owner {
            hub: self.hub.clone(),
            seat: self.request.seat.clone(),
            operator: self.request.operator.clone(),
        }
    }
}

/// Why a session is taken up again.
#[derive(Debug)]
pub(super) enum Why {
    /// This desk was started again.
    Started,
    /// The switch does not know the telephone any more.
    NoAccount,
    /// The hub said goodbye, with these words.
    Bye(ApiError),
}

#[derive(Debug)]
pub(super) enum Seating {
    /// Nobody has asked.
    Nobody,
    /// A login is under way, or waits for the seat to be free.
    LoggingIn(Login),
    /// A session is being taken up again.
    Resuming {
        why: Why,
        /// When it is tried again; `None` while it is under way.
        again_at: Option<Timestamp>,
        /// What is done instead when the session does not stand any more.
        login: Option<Login>,
    },
    /// Somebody sits here.
    Seated {
        /// When the telephone's account was last replaced.
        account_at: Option<Timestamp>,
    },
}

impl Core {
    pub(super) fn on_restored(&mut self, restored: Restored) {
        let Restored { session, reserved, waiting, left, forms, cases, kept, settings, local } =
            restored;
        if let Some((settings, mended)) = settings {
            self.restore_settings(settings, mended);
        }
        self.post = Post::restore(reserved, waiting, left);
        self.forms = forms.into_iter().collect();
        self.numbers = Numbers::restore(cases);
        self.state.kept = kept;
        self.restore_local(local);
        self.saved = session;
        if self.saved.is_some() {
            self.keep_post();
            self.state.hub = LinkHealth::Connecting;
            self.resume(Why::Started, None);
        }
    }

    pub(super) fn log_in(&mut self, hub: &str, request: Box<LoginRequest>) {
        // One hub has one name: what waits for it is found by it.
        let hub = hub.trim().trim_end_matches('/').to_owned();
        let login = Login { hub, request, give_up_at: None, again_at: None };
        let owner = login.owner();
        match &mut self.seating {
            Seating::Nobody => {}
            // Somebody who waits for a seat may choose another one.
            Seating::LoggingIn(waiting) if waiting.give_up_at.is_some() => {}
            Seating::LoggingIn(_) => return self.complain(DeskError::NotNow),
            Seating::Resuming { why: Why::Started, login: then, .. } => {
                let saved = self.saved.as_ref().map(Saved::owner);
                if saved.as_ref() == Some(&owner) {
                    *then = Some(login);
                    return;
                }
                // Somebody else sits down here.
                self.end_session();
            }
            Seating::Resuming { why: Why::NoAccount | Why::Bye(_), .. }
            | Seating::Seated { .. } => {
                // Who sits here already need not be told that it is too late to sit down.
                if self.saved.as_ref().map(Saved::owner) != Some(owner) {
                    self.complain(DeskError::NotNow);
                }
                return;
            }
        }
        self.try_login(login);
    }

    fn try_login(&mut self, mut login: Login) {
        self.state.hub = LinkHealth::Connecting;
        if login.give_up_at.is_none() {
            self.state.notice = None;
        }
        login.again_at = None;
        self.give(Effect::LogIn { hub: login.hub.clone(), request: login.request.clone() });
        self.seating = Seating::LoggingIn(login);
    }

    fn resume(&mut self, why: Why, login: Option<Login>) {
        let Some(saved) = &self.saved else { return };
        let (hub, token) = (saved.hub.clone(), saved.token.clone());
        self.give(Effect::Resume { hub, token });
        self.seating = Seating::Resuming { why, again_at: None, login };
    }

    /// Time has passed: what waits for its turn is tried again.
    pub(super) fn try_again_to_sit_down(&mut self) {
        let due = |at: &Option<Timestamp>| at.is_some_and(|at| at <= self.clock);
        match std::mem::replace(&mut self.seating, Seating::Nobody) {
            Seating::LoggingIn(login) if due(&login.again_at) => self.try_login(login),
            Seating::Resuming { why, again_at, login } if due(&again_at) => {
                self.resume(why, login);
            }
            other => self.seating = other,
        }
    }

    pub(super) fn on_logged_in(&mut self, session: Session) {
        match std::mem::replace(&mut self.seating, Seating::Nobody) {
            Seating::LoggingIn(login) => self.begin_session(&login, session),
            Seating::Resuming { why, .. } => self.take_up_session(&why, session),
            // The shell forgets attempts that were given up.
            other @ (Seating::Nobody | Seating::Seated { .. }) => self.seating = other,
        }
    }

    fn begin_session(&mut self, login: &Login, session: Session) {
        let owner = login.owner();
        let saved = Saved {
            hub: owner.hub.clone(),
            seat: owner.seat.clone(),
            operator: owner.operator.clone(),
            token: session.token.clone(),
        };
        self.saved = Some(saved.clone());
        self.give(Effect::Keep(Record::Session(Some(saved))));
        self.numbers.begin(session.cases.clone());
        self.keep_numbers();
        self.seating = Seating::Seated { account_at: None };
        self.begin_post(&owner);
        self.open(session);
    }

    fn take_up_session(&mut self, why: &Why, session: Session) {
        let Some(saved) = &mut self.saved else { return };
        let same_token = saved.token == session.token;
        if !same_token {
            saved.token = session.token.clone();
            let saved = saved.clone();
            self.give(Effect::Keep(Record::Session(Some(saved))));
        }
        self.numbers.leased(session.cases.clone());
        self.keep_numbers();
        self.seating = Seating::Seated { account_at: Some(self.clock) };
        match why {
            Why::Started | Why::Bye(_) => self.open(session),
            Why::NoAccount => {
                self.lose_phone();
                self.state.sip = LinkHealth::Connecting;
                self.give(Effect::StartPhone(Box::new(session.sip)));
                if !same_token {
                    self.give(Effect::OpenLink);
                }
            }
        }
    }

    /// Sits down: hub, telephone, plugins.
    fn open(&mut self, session: Session) {
        // A telephone of an earlier session, if any; a call that is still ours is found again.
        self.drop_legs();
        self.refresh_call();
        self.state.session = Some(SessionInfo {
            seat: session.seat,
            unit: session.unit,
            level: session.level,
            operator_name: session.operator_name,
            role: session.role,
            units: session.units,
            transfer_ring_s: session.transfer_ring_s,
            dial: session.dial,
        });
        self.state.sip = LinkHealth::Connecting;
        self.state.notice = None;
        self.look_for_call = true;
        self.give(Effect::StartPhone(Box::new(session.sip)));
        self.give(Effect::OpenLink);
        self.give(Effect::FetchPlugins { plugins: session.plugins, gazetteer: session.gazetteer });
    }

    /// The telephone is replaced by another one: its legs are gone without a word.
    fn lose_phone(&mut self) {
        let call = self.phone.call();
        self.drop_legs();
        if let Some(call) = call.filter(|call| self.own_call() == Some(*call)) {
            self.rejoin = Some(Rejoin::new(call, self.clock));
        }
        self.refresh_call();
    }

    pub(super) fn on_login_failed(&mut self, error: DeskError) {
        match std::mem::replace(&mut self.seating, Seating::Nobody) {
            Seating::LoggingIn(login) => self.on_login_refused(login, error),
            Seating::Resuming { why, login, .. } => self.on_resume_failed(why, login, error),
            other @ (Seating::Nobody | Seating::Seated { .. }) => self.seating = other,
        }
    }

    fn on_login_refused(&mut self, mut login: Login, error: DeskError) {
        let taken = matches!(error, DeskError::Hub { code: ErrorCode::SeatTaken, .. });
        self.complain(error);
        let give_up_at = *login.give_up_at.get_or_insert(self.clock + SEAT_TAKEN);
        if taken && self.clock < give_up_at {
            login.again_at = Some(self.clock + SIT_AGAIN);
            self.seating = Seating::LoggingIn(login);
        } else {
            self.state.hub = LinkHealth::Off;
        }
    }

    fn on_resume_failed(&mut self, why: Why, login: Option<Login>, error: DeskError) {
        if let Some(login) = login {
            // The password is at hand: no need to find out whether the session still stands.
            self.end_session();
            return self.try_login(login);
        }
        if !matches!(error, DeskError::Hub { code, .. } if ends_session(code)) {
            if matches!(why, Why::Started | Why::Bye(_)) {
                if self.state.notice.is_none() {
                    self.complain(error);
                }
                self.hub_is_away();
            }
            let again_at = Some(self.clock + SIT_AGAIN);
            self.seating = Seating::Resuming { why, again_at, login };
            return;
        }
        let error = match why {
            Why::Bye(error) => hub_error(error),
            Why::Started | Why::NoAccount => error,
        };
        self.end_session();
        self.complain(error);
    }

    /// The hub has ended this session, or itself: the second is found out by asking.
    pub(super) fn on_bye(&mut self, error: ApiError) {
        self.hub_is_away();
        match (&mut self.seating, error.code) {
            (Seating::Resuming { why, .. }, ErrorCode::NotLoggedIn) => *why = Why::Bye(error),
            (Seating::Seated { .. }, ErrorCode::NotLoggedIn) => {
                self.resume(Why::Bye(error), None);
            }
            (
                Seating::Nobody
                | Seating::LoggingIn(_)
                | Seating::Resuming { .. }
                | Seating::Seated { .. },
                _,
            ) => {
                self.end_session();
                self.complain(hub_error(error));
            }
        }
    }

    /// The switch was started again and has no accounts, or this one was replaced.
    pub(super) fn on_sip_refused(&mut self) {
        self.phone_is_away();
        if let Seating::Seated { account_at } = &self.seating
            && account_at.is_none_or(|at| self.clock.since(at) >= NEW_ACCOUNT)
        {
            self.resume(Why::NoAccount, None);
        }
    }

    pub(super) fn log_out(&mut self) {
        if self.phone.dialog().is_some() || self.rejoin.is_some() {
            return self.complain(DeskError::NotNow);
        }
        self.give(Effect::LogOut);
        self.forget_session();
    }

    pub(super) fn shut_down(&mut self) {
        self.phone = Phone::Idle;
        self.rejoin = None;
        self.give(Effect::LogOut);
        self.forget_session();
    }

    /// The session is over without our doing. A call that is up goes on.
    fn end_session(&mut self) {
        self.forget_session();
        self.leave_without_session();
    }

    /// A telephone that belongs to nobody is put away as soon as it is silent.
    pub(super) fn leave_without_session(&mut self) {
        let nobody = matches!(self.seating, Seating::Nobody) && self.state.session.is_none();
        if nobody && self.phone.dialog().is_none() {
            self.give(Effect::Leave);
        }
    }

    /// Forgets who sits here. What was typed stays: on the screen while its call is up, on the disk
    /// until the hub has it.
    fn forget_session(&mut self) {
        // Under the name of whoever has taken it.
        self.finish_local();
        self.paused_for_local = false;
        if let Some(saved) = self.saved.take() {
            self.leave_post(&saved.owner());
            self.give(Effect::Keep(Record::Session(None)));
        }
        self.seating = Seating::Nobody;
        self.rejoin = None;
        self.look_for_call = false;
        self.disposal = None;
        self.asked_about = None;
        self.call_back = None;
        self.hub_clock = None;
        self.advised = None;
        self.forget_lookups();
        self.stop_playing();
        let old = std::mem::take(&mut self.state);
        let call = old.call.filter(|_| self.phone.dialog().is_some()).map(|mut call| {
            call.writable = false;
            call.rejoining = false;
            call
        });
        self.state = DeskState {
            training: old.training,
            rev: old.rev,
            now: old.now,
            audio: old.audio,
            kept: old.kept,
            not_kept: old.not_kept,
            settings: old.settings,
            settings_mended: old.settings_mended,
            sound_test: old.sound_test,
            sound_tested_at: old.sound_tested_at,
            devices: old.devices,
            exercise: old.exercise,
            call,
            ..DeskState::default()
        };
    }
}
