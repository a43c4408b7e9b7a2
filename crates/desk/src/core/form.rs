//! The form of the call: what is typed here is the newest there is, until somebody else writes it.

use super::{CallView, Core, Effect, PhoneState};
use crate::journal::Record;
use crate::state::{DeskCall, DeskError, Levels};
use siaga_hub_api::{Draft, ErrorCode, ToHub};
use siaga_model::{CallId, Form};

/// Longest narrative that is taken from the window, in characters (see [`Form::narrative`]).
const MAX_NARRATIVE: usize = 8_000;
/// Longest other text of the form, in characters.
pub(super) const MAX_TEXT: usize = 500;

impl Core {
    /// Takes the form as it stands in the window. What is too long is refused whole and stays in
    /// the window; nothing is cut silently.
    pub(super) fn edit(&mut self, id: CallId, form: Form) {
        if let Err(detail) = check_lengths(&form) {
            let code = ErrorCode::OutOfRange;
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
        let draft = Draft { rev: call.rev, form: call.form.clone() };
        self.forms.insert(id, draft.clone());
        self.give(Effect::Keep(Record::Form { call: id, draft: Some(draft.clone()) }));
        if self.is_local(id) {
            self.show_form(Some(id));
        } else {
            self.tell_hub(ToHub::Draft { call: id, rev: draft.rev, form: draft.form });
        }
        self.advise_again();
    }

    /// Shows this call's form: ours while we write it, the hub's when somebody else wrote on.
    pub(super) fn show_form(&mut self, id: Option<CallId>) {
        let before = self.state.call.take();
        let Some(id) = id else { return self.forget_forms() };
        let mut call = match before {
            Some(call) if call.call == id => call,
            Some(_) | None => self.new_call(id),
        };
        let seen = self.seen_call().filter(|seen| seen.call == id).cloned();
        if let Some(seen) = &seen {
            self.merge(&mut call, seen);
        }
        if let Some(local) = self.local.as_ref().filter(|local| local.call == id) {
            call.writable = local.answered_at.is_some();
            // On this computer's disk is where it is kept until there is a hub.
            call.saved_rev = call.rev;
        }
        let unsaid = seen.filter(|seen| {
            self.unsaid.take_if(|unsaid| *unsaid == id).is_some()
                && call.writable
                && call.rev > seen.draft.rev
        });
        if unsaid.is_some() {
            self.tell_hub(ToHub::Draft { call: id, rev: call.rev, form: call.form.clone() });
        }
        self.state.call = Some(call);
        self.forget_forms();
    }

    fn new_call(&mut self, id: CallId) -> DeskCall {
        self.state.levels = Levels::default();
        // Typed before this desk was started again; said again unless it waits in the outbox.
        let known = self.forms.get(&id).cloned();
        self.unsaid = known.is_some().then_some(id).filter(|id| !self.post.has_draft(*id));
        let known = known.unwrap_or_default();
        DeskCall {
            call: id,
            phone: PhoneState::Ringing,
            muted: false,
            form: known.form,
            rev: known.rev,
            saved_rev: 0,
            writable: false,
            advice: None,
            rejoining: false,
            closing: self.post.has_closing(id).then_some(self.state.now),
        }
    }

    fn merge(&self, call: &mut DeskCall, seen: &CallView) {
        call.writable = seen.writer.is_some() && seen.writer.as_ref() == self.me();
        // While this desk writes, its own form is the newest there is, and what the hub shows is
        // an echo, unless somebody else wrote on. An older revision never comes back: what was
        // typed here and not yet journalled would be lost.
        if seen.draft.rev > call.rev || (!call.writable && seen.draft.rev == call.rev) {
            call.form = seen.draft.form.clone();
            call.rev = seen.draft.rev;
        }
        // The hub shows what it has heard; it acknowledges what it has stored.
        let unstored = self.post.first_draft(call.call).map(|rev| rev.saturating_sub(1));
        call.saved_rev = seen.draft.rev.min(call.rev).min(unstored.unwrap_or(u64::MAX));
        if call.advice.is_none() {
            call.advice.clone_from(&seen.advice);
        }
    }

    /// Forms that the hub has, or has refused, of calls that are not here any more.
    pub(super) fn forget_forms(&mut self) {
        let shown = self.state.call.as_ref().map(|call| call.call);
        // Before the first view nobody knows which calls are here.
        if self.state.view.is_none() {
            return;
        }
        let gone: Vec<CallId> = self
            .forms
            .keys()
            .filter(|id| Some(**id) != shown && !self.post.has_draft(**id) && !self.is_local(**id))
            .copied()
            .collect();
        for call in gone {
            self.forms.remove(&call);
            self.give(Effect::Keep(Record::Form { call, draft: None }));
        }
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
