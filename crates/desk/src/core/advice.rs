//! The plugins: asked about every revision, heard only when they speak of the newest.

use super::{AdvisorHealth, Core, Effect};
use siaga_hub_api::ToHub;
use siaga_model::{Advice, CallId, Disposition, Intake, NotReport};
use siaga_plugin_host::PastReport;

impl Core {
    /// Asks the plugins about the newest revision, once, and only where somebody can act on it.
    pub(super) fn advise_again(&mut self) {
        let Some(call) = self.state.call.as_ref().filter(|call| call.writable) else { return };
        let asked = (call.call, call.rev);
        if self.advised == Some(asked) || self.state.advisor == AdvisorHealth::Off {
            return;
        }
        let local = self.local.as_ref().filter(|local| local.call == call.call);
        let seen = self.seen_call().filter(|seen| seen.call == call.call);
        let facts = local.map(|local| &local.facts).or(seen.map(|seen| &seen.facts));
        let Some(facts) = facts.cloned() else { return };
        let intake = Intake { facts, form: call.form.clone() };
        let history = self.history(asked.0);
        self.advised = Some(asked);
        self.give(Effect::Advise {
            call: asked.0,
            rev: asked.1,
            intake: Box::new(intake),
            history,
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
                point: case.form.point,
                kind: case.form.kind.clone(),
                disposition: case.disposition.as_ref().map_or("", disposition_name).to_owned(),
                narrative: case.form.narrative.clone(),
                case_number: case.number.to_string(),
            })
            .chain(self.earlier_calls(call))
            .collect()
    }

    /// What this number called about before, as far as the hub has told.
    fn earlier_calls(&self, call: CallId) -> impl Iterator<Item = PastReport> + '_ {
        let about = self.state.about.as_ref().filter(|about| about.asked == call);
        let found = about.and_then(|about| about.found.as_ref());
        found.into_iter().flat_map(|(_, about)| &about.earlier).map(|earlier| PastReport {
            at: earlier.at,
            same_number: true,
            location: earlier.place.clone(),
            area_code: String::new(),
            point: None,
            kind: earlier.kind.clone(),
            disposition: earlier.disposition.as_ref().map_or("", disposition_name).to_owned(),
            narrative: Default::default(),
            case_number: earlier.number.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    }

    pub(super) fn on_advised(&mut self, id: CallId, advice: Advice) {
        let failed = !advice.faults.is_empty();
        self.state.advisor = if failed { AdvisorHealth::Trouble } else { AdvisorHealth::Ok };
        let Some(call) = self.state.call.as_mut().filter(|call| call.call == id) else { return };
        let newest = call.advice.as_ref().map_or(0, |known| known.draft_rev);
        if advice.draft_rev < newest {
            return;
        }
        let writable = call.writable;
        call.advice = Some(advice.clone());
        if writable && !self.is_local(id) {
            self.tell_hub(ToHub::Advice { call: id, advice });
        }
        self.settle_question();
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
