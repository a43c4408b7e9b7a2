//! The plugins: asked about every revision, heard only when they speak of the newest.

use super::{AdvisorHealth, Core, Effect};
use siaga_hub_api::{EarlierCall, RecentReport, ToHub};
use siaga_model::{Advice, CallId, CaseNumber, Disposition, Intake, NotReport};
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

    /// What came in before, as far as the hub has told: first what this number called about, which a
    /// busy hour must not crowd out, then the reports of the last day.
    fn history(&self, call: CallId) -> Vec<PastReport> {
        let about = self.state.about.as_ref().filter(|about| about.asked == call);
        let Some((_, about)) = about.and_then(|about| about.found.as_ref()) else {
            return Vec::new();
        };
        let (own, others): (Vec<_>, Vec<_>) =
            about.recent.iter().partition(|report| report.same_number);
        let is_told =
            |number: Option<&CaseNumber>| own.iter().any(|own| Some(&own.number) == number);
        let earlier = about.earlier.iter().filter(|earlier| !is_told(earlier.number.as_ref()));
        let whole = |report: &&RecentReport| PastReport {
            at: report.at,
            same_number: report.same_number,
            location: report.location.clone(),
            area_code: report.area_code.clone(),
            point: report.point,
            kind: report.kind.clone(),
            disposition: report.disposition.as_ref().map_or("", disposition_name).to_owned(),
            narrative: report.narrative.clone(),
            case_number: report.number.to_string(),
        };
        own.iter()
            .map(whole)
            .chain(earlier.map(earlier_call))
            .chain(others.iter().map(whole))
            .collect()
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

/// Of a call long ago, or of one that was no report, less is told.
fn earlier_call(earlier: &EarlierCall) -> PastReport {
    PastReport {
        at: earlier.at,
        same_number: true,
        location: earlier.place.clone(),
        area_code: String::new(),
        point: None,
        kind: earlier.kind.clone(),
        disposition: earlier.disposition.as_ref().map_or("", disposition_name).to_owned(),
        narrative: Default::default(),
        case_number: earlier.number.as_ref().map(ToString::to_string).unwrap_or_default(),
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
