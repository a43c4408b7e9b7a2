//! What was typed where, what the hub said it had kept, and what the next operator was shown.

use super::{Rule, Violation};
use siaga_model::{CallId, Form, SeatId, Timestamp};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A form without what is in it.
type Print = u64;

#[derive(Debug, Default)]
struct Paper {
    typed: BTreeMap<u64, Vec<Print>>,
    /// Revisions that the hub said it had kept, each higher than the one before it, and when that
    /// was seen.
    kept: Vec<(Timestamp, u64)>,
    /// When the hub last gave the call to each seat.
    given: BTreeMap<SeatId, Timestamp>,
    /// The revision that the first writer found: a call back goes on with an earlier form.
    found: Option<u64>,
    writers: Vec<SeatId>,
}

/// The forms of all calls.
#[derive(Debug, Default)]
pub struct Forms {
    papers: BTreeMap<CallId, Paper>,
    /// How many forms were handed over and compared.
    pub compared: u64,
    /// What did not agree.
    pub violations: Vec<Violation>,
}

impl Forms {
    /// A desk shows this revision of the form that its operator writes.
    pub fn typed(&mut self, call: CallId, rev: u64, form: &Form) {
        let prints = self.papers.entry(call).or_default().typed.entry(rev).or_default();
        let print = print_of(form);
        if !prints.contains(&print) {
            prints.push(print);
        }
    }

    /// The hub has acknowledged everything up to this revision.
    pub fn kept(&mut self, at: Timestamp, call: CallId, rev: u64) {
        let kept = &mut self.papers.entry(call).or_default().kept;
        if kept.last().is_none_or(|(_, known)| *known < rev) {
            kept.push((at, rev));
        }
    }

    /// The hub has given this call, and its form, to a seat.
    pub fn given(&mut self, at: Timestamp, call: CallId, seat: &SeatId) {
        self.papers.entry(call).or_default().given.insert(seat.clone(), at);
    }

    /// A desk has become the writer of this call's form and shows it as it found it. It must show what
    /// had been kept when the hub gave it the call: one that was frozen since then has heard of nothing
    /// later, and is told at once that the call is another's.
    pub fn taken(&mut self, at: Timestamp, call: CallId, seat: &SeatId, rev: u64, form: &Form) {
        let paper = self.papers.entry(call).or_default();
        paper.found.get_or_insert(rev);
        if paper.writers.last() == Some(seat) {
            return;
        }
        paper.writers.push(seat.clone());
        if paper.writers.len() == 1 {
            return;
        }
        self.compared += 1;
        let mut blame = |what: String| {
            self.violations.push(Violation { rule: Rule::FormKept, call: Some(call), at, what });
        };
        let given = paper.given.get(seat);
        let then = paper.kept.iter().rev().find(|(at, _)| given.is_none_or(|given| at <= given));
        if let Some(&(_, kept)) = then
            && kept > rev
        {
            blame(format!("{seat} was shown revision {rev}, {kept} had been kept"));
        } else if rev > 0 && !paper.typed.get(&rev).is_some_and(|p| p.contains(&print_of(form))) {
            blame(format!("{seat} was shown a revision {rev} that nobody typed"));
        }
    }

    /// What lies in the store at the end.
    pub fn stored(&mut self, at: Timestamp, call: CallId, stored: Option<(u64, &Form)>) {
        let Some(paper) = self.papers.get(&call) else { return };
        let found = paper.found.unwrap_or(0);
        let Some(&(_, kept)) = paper.kept.last().filter(|(_, rev)| *rev > found) else { return };
        let wrong = match stored {
            None => Some(format!("revision {kept} had been kept and is not stored")),
            Some((rev, _)) if rev < kept => {
                Some(format!("revision {kept} had been kept, {rev} is stored"))
            }
            Some((rev, form)) => {
                let known = paper.typed.get(&rev).is_some_and(|p| p.contains(&print_of(form)));
                (!known).then(|| format!("a revision {rev} is stored that nobody typed"))
            }
        };
        if let Some(what) = wrong {
            self.violations.push(Violation { rule: Rule::FormKept, call: Some(call), at, what });
        }
    }
}

fn print_of(form: &Form) -> Print {
    let mut hasher = DefaultHasher::new();
    // A form is plain data: it can always be written as JSON.
    serde_json::to_string(form).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
