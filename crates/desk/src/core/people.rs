//! What the operator wants.
//!
//! While the hub is away, what is typed and what is decided waits for it: drafts, overrides,
//! closings. What is a wish of the moment is refused instead, with a notice: a transfer, a hold or a
//! disposal that happened minutes later would surprise everybody, the caller first.

use super::{CallBackAsked, Core, Effect, LinkHealth, Phone, hub_needed};
use crate::Intent;
use crate::state::{Asking, DeskError};
use siaga_hub_api::{CallBackId, HandoverChoice, LoginRequest, Phase, ToHub};
use siaga_model::{CallId, Disposition, FindingLevel};

/// A disposal that no view shows yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Disposal {
    /// Said under this number.
    Said { call: CallId, seq: u64 },
    /// Taken by the hub.
    Taken { call: CallId },
}

impl Core {
    pub(super) fn on_intent(&mut self, intent: Intent) {
        match intent {
            Intent::Login { hub, seat, operator, password } => {
                self.log_in(&hub, Box::new(LoginRequest { operator, password, seat }));
            }
            Intent::Logout => self.log_out(),
            Intent::Ready => self.wish(ToHub::Ready),
            Intent::Pause => self.wish(ToHub::Pause),
            Intent::Answer => self.answer(),
            Intent::TryAgain => self.try_again(),
            Intent::Decline => self.decline(),
            Intent::Mute { muted } => match &mut self.state.call {
                Some(call) => {
                    call.muted = muted;
                    self.give(Effect::Mute(muted));
                }
                None => self.complain(DeskError::NotNow),
            },
            Intent::Edit { call, form } => self.edit(call, *form),
            Intent::Hold => self.at_once("holding", |call| ToHub::Hold { call }),
            Intent::Resume => self.at_once("resuming", |call| ToHub::Resume { call }),
            Intent::Transfer { unit, handover } => {
                self.at_once("a transfer", |call| ToHub::Transfer { call, unit, handover });
            }
            Intent::AskColleague => self.ask_colleague(),
            Intent::CallOutside { to } => {
                self.at_once("a call outside", |call| ToHub::CallOutside { call, to });
            }
            Intent::DropOutside => {
                self.at_once("hanging up outside", |call| ToHub::DropOutside { call });
            }
            Intent::TakeBack => self.at_once("taking back", |call| ToHub::TakeBack { call }),
            Intent::Release => self.at_once("releasing", |call| ToHub::Release { call }),
            Intent::CheckSilence => {
                self.at_once("the silent-call procedure", |call| ToHub::CheckSilence { call });
            }
            Intent::Override { validity, reason } => match self.shown_call() {
                Some(call) if self.is_local(call) => {
                    self.complain(hub_needed("an override"));
                }
                Some(call) => {
                    self.overridden = Some(call);
                    self.tell_hub(ToHub::Override { call, validity, reason });
                }
                None => self.complain(DeskError::NotNow),
            },
            Intent::Dispose { disposition, note, sure } => self.dispose(disposition, note, sure),
            Intent::Undo => self.undo(),
            Intent::CallBack { entry } => self.ask_call_back(entry),
            Intent::SettleCallBack { entry, reason } => {
                self.wish(ToHub::SettleCallBack { entry, reason });
            }
            Intent::Close { disposition, note } => self.close(disposition, note),
            Intent::Dtmf { digit } => match self.phone {
                Phone::Connected { .. } => self.give(Effect::Dtmf(digit)),
                Phone::Idle | Phone::Ringing { .. } | Phone::Connecting { .. } => {
                    self.complain(DeskError::NotNow);
                }
            },
            Intent::DropKept { call } => self.drop_kept(call),
            Intent::DismissNotice => self.state.notice = None,
            Intent::ShowCases { query } => self.show_cases(query),
            Intent::Search { query } => self.show_search(query),
            Intent::ShowCase { number } => self.show_file(number),
            Intent::ShowFigures { from } => self.show_figures(from),
            Intent::ShowPeaks { sha256 } => self.show_peaks(sha256),
            Intent::FindPlaces { query } => self.show_places(query),
            Intent::FollowUp { number, kind, text } => {
                self.wish(ToHub::FollowUp { number, kind, text });
            }
            Intent::LeaveNote { text } => self.wish(ToHub::ShiftNote { text }),
            Intent::Play { sha256, from_ms } => self.play(sha256, from_ms),
            Intent::StopPlaying => self.stop_playing(),
            Intent::ChangeSettings { settings } => self.change_settings(*settings),
            Intent::ListDevices => self.give(Effect::ListDevices),
            Intent::TestSound { on } => self.test_sound(on),
            Intent::AskNumber { number } => self.ask_number(number),
            Intent::Training { wish } => self.give(Effect::Train(wish)),
        }
    }

    /// The call that is shown, while somebody sits here who can decide about it.
    fn shown_call(&self) -> Option<CallId> {
        let call = self.state.call.as_ref().map(|call| call.call);
        call.filter(|_| self.state.session.is_some())
    }

    /// Says something that is not about a call, if somebody sits here.
    fn wish(&mut self, message: ToHub) {
        if self.state.session.is_some() {
            self.tell_hub(message);
        } else {
            self.complain(DeskError::NotNow);
        }
    }

    /// Says something about the call that makes sense only now.
    fn at_once(&mut self, what: &str, message: impl FnOnce(CallId) -> ToHub) {
        if self.local_refuses(what) {
            return;
        }
        match self.shown_call() {
            Some(_) if self.state.hub != LinkHealth::Up => self.complain(hub_needed(what)),
            Some(call) => {
                self.tell_hub(message(call));
            }
            None => self.complain(DeskError::NotNow),
        }
    }

    fn ask_colleague(&mut self) {
        let Some(unit) = self.state.session.as_ref().map(|session| session.unit.clone()) else {
            return self.complain(DeskError::NotNow);
        };
        let handover = Some(HandoverChoice::Together);
        self.at_once("asking a colleague", |call| ToHub::Transfer { call, unit, handover });
    }

    // ---- ending a call

    /// Ends the call in 3 s, unless it is undone. Held keys change nothing.
    fn dispose(&mut self, disposition: Disposition, note: String, sure: bool) {
        let Some(call) = self.shown_call() else { return self.complain(DeskError::NotNow) };
        if self.is_disposing(call) || self.is_closing() {
            return;
        }
        if !sure && self.asks_first(call, &disposition, &note) {
            return;
        }
        self.forget_question();
        if self.is_local(call) {
            return self.close_local(disposition, note);
        }
        if self.state.hub != LinkHealth::Up {
            return self.complain(hub_needed("a disposal"));
        }
        let message = ToHub::Dispose { call, disposition, note };
        self.disposal = self.tell_hub(message).map(|seq| Disposal::Said { call, seq });
    }

    /// Ends the call now, or, without a hub, as soon as it is back. A chord that would cut off a
    /// call with danger words gets the question instead, and its answer leaves the line open for
    /// 3 s; unless the verdict was overridden with a reason, or nobody is on the line any more.
    fn close(&mut self, disposition: Disposition, note: String) {
        let Some(call) = self.shown_call() else { return self.complain(DeskError::NotNow) };
        if self.is_closing() {
            return;
        }
        let over = self
            .seen_call()
            .is_some_and(|seen| seen.call == call && matches!(seen.phase, Phase::Ended { .. }));
        let meant = over || self.overridden == Some(call);
        if !meant && self.asks_first(call, &disposition, &note) {
            return;
        }
        self.forget_question();
        if self.is_local(call) {
            return self.close_local(disposition, note);
        }
        if self.tell_hub(ToHub::Close { call, disposition, note }).is_some() {
            let now = self.state.now;
            if let Some(call) = &mut self.state.call {
                call.closing = Some(now);
            }
        }
    }

    fn is_closing(&self) -> bool {
        self.state.call.as_ref().is_some_and(|call| call.closing.is_some())
    }

    /// The innermost thing that can be undone: a question, else a disposal.
    fn undo(&mut self) {
        if self.state.asking.is_some() {
            return self.forget_question();
        }
        match self.shown_call().filter(|call| self.is_disposing(*call)) {
            Some(call) => {
                self.tell_hub(ToHub::Undo { call });
            }
            None => self.complain(DeskError::NotNow),
        }
    }

    fn is_disposing(&self, id: CallId) -> bool {
        let said = match self.disposal {
            Some(Disposal::Said { call, .. } | Disposal::Taken { call }) => call == id,
            None => false,
        };
        let shown = |phase: &Phase| match phase {
            Phase::Talking { disposing, .. } => disposing.is_some(),
            Phase::Queued { .. }
            | Phase::Ringing { .. }
            | Phase::Held { .. }
            | Phase::Transferring { .. }
            | Phase::CallingBack { .. }
            | Phase::WithOutside { .. }
            | Phase::Finishing { .. }
            | Phase::Ended { .. } => false,
        };
        said || self.seen_call().is_some_and(|seen| seen.call == id && shown(&seen.phase))
    }

    pub(super) fn disposal_was_taken(&mut self, acked: u64) {
        if let Some(Disposal::Said { call, seq }) = self.disposal
            && seq <= acked
        {
            self.disposal = Some(Disposal::Taken { call });
        }
    }

    pub(super) fn disposal_was_refused(&mut self, refused: u64) {
        if matches!(self.disposal, Some(Disposal::Said { seq, .. }) if seq == refused) {
            self.disposal = None;
        }
    }

    /// A view has come: it shows what the hub has taken.
    pub(super) fn settle_disposal(&mut self) {
        if matches!(self.disposal, Some(Disposal::Taken { .. })) {
            self.disposal = None;
        }
    }

    // ---- the question about danger words

    /// Whether the operator is asked, instead of the call being ended.
    fn asks_first(&mut self, call: CallId, disposition: &Disposition, note: &str) -> bool {
        let words = self.danger_words();
        if words.is_empty() || !sends_nobody(disposition) {
            return false;
        }
        let (disposition, note) = (disposition.clone(), note.to_owned());
        self.state.asking = Some(Asking::DangerWords { disposition, note, words });
        self.asked_about = Some(call);
        true
    }

    /// The words of the newest advice that speak of danger to life, each once; the titles of
    /// findings that name none.
    fn danger_words(&self) -> Vec<String> {
        let advice = self.state.call.as_ref().and_then(|call| call.advice.as_ref());
        let findings = advice.map(|advice| advice.verdict.findings.as_slice()).unwrap_or_default();
        let mut words: Vec<String> = Vec::new();
        for finding in findings.iter().filter(|finding| finding.level == FindingLevel::Danger) {
            let title = std::slice::from_ref(&finding.title);
            let said = if finding.words.is_empty() { title } else { finding.words.as_slice() };
            for word in said {
                if !words.contains(word) {
                    words.push(word.clone());
                }
            }
        }
        words
    }

    fn forget_question(&mut self) {
        self.state.asking = None;
        self.asked_about = None;
    }

    /// A question ends with its call, and when nothing speaks of danger any more.
    pub(super) fn settle_question(&mut self) {
        let same_call = self.asked_about.is_some() && self.asked_about == self.shown_call();
        if self.state.asking.is_some() && (!same_call || self.danger_words().is_empty()) {
            self.forget_question();
        }
    }

    // ---- calling back

    /// Calls a citizen of the call-back list. Not while the telephone is in use: the leg of the call
    /// back would be refused as busy.
    fn ask_call_back(&mut self, entry: CallBackId) {
        if self.state.session.is_none() || self.phone != Phone::Idle || self.rejoin.is_some() {
            return self.complain(DeskError::NotNow);
        }
        if self.state.hub != LinkHealth::Up {
            return self.complain(hub_needed("a call back"));
        }
        self.call_back =
            self.tell_hub(ToHub::CallBack { entry }).map(|seq| CallBackAsked { entry, seq });
    }
}

/// Dispositions after which nobody goes to the caller.
fn sends_nobody(disposition: &Disposition) -> bool {
    match disposition {
        Disposition::NotReport { .. } | Disposition::Information => true,
        Disposition::HandledByUnit { .. }
        | Disposition::ForwardedToUnit { .. }
        | Disposition::HandledHere
        | Disposition::Abandoned
        | Disposition::NotReached => false,
    }
}
