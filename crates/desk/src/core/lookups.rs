//! What somebody looks at: lists, a search, a case, a number's past, places.
//!
//! Of each kind one question is under way and the newest one waits; what was found stays on the screen
//! while it is asked again. A list that is shown is asked again when the hub says that cases have
//! changed: at most twice a second, and more seldom while a call is here, for every letter of it
//! changes a case and the operator looks at the form.

use super::{Core, Effect};
use crate::shelf::{Looked, PlaceQuery, PlaceView, Slice};
use crate::state::{DeskError, LinkHealth, NumberAsked};
use siaga_hub_api::{
    AboutCall, CaseFile, CaseList, CasesQuery, FiguresInfo, PAGE_ROWS, Peaks, SearchList,
    SearchQuery, UnitOdds,
};
use siaga_model::{CallId, Caller, CallerStatus, CaseNumber, Form, Point, Redacted, Timestamp};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// How long a list is good while a call is here.
const LIST_IN_CALL_FOR: Duration = Duration::from_secs(3);
/// How long odds are good.
const ODDS_FOR: Duration = Duration::from_secs(600);
/// How long figures are good.
const FIGURES_FOR: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    /// A page of cases.
    Cases(CasesQuery),
    /// A search.
    Search(SearchQuery),
    /// A case whole.
    File(CaseNumber),
    /// What a recording looks like.
    Peaks(String),
    /// What is known around a call.
    About(CallId),
    /// How likely units take transfers, asked at this time.
    Odds(Timestamp),
    /// Figures from one time to another.
    Figures(Timestamp, Timestamp),
    /// Places.
    Places(PlaceQuery),
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    Cases(CaseList),
    Search(SearchList),
    File(Box<CaseFile>),
    Peaks(Peaks),
    About(AboutCall),
    Odds(Vec<UnitOdds>),
    Figures(Box<FiguresInfo>),
    Places(Vec<PlaceView>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Cases,
    Search,
    File,
    Peaks,
    About,
    Odds,
    Figures,
    Places,
}

impl Question {
    fn kind(&self) -> Kind {
        match self {
            Self::Cases(_) => Kind::Cases,
            Self::Search(_) => Kind::Search,
            Self::File(_) => Kind::File,
            Self::Peaks(_) => Kind::Peaks,
            Self::About(_) => Kind::About,
            Self::Odds(_) => Kind::Odds,
            Self::Figures(..) => Kind::Figures,
            Self::Places(_) => Kind::Places,
        }
    }
}

/// What of a form decides which reports are near.
type Whereabouts = (String, Option<Point>, String);

fn whereabouts(form: &Form) -> Whereabouts {
    (form.area_code.clone(), form.point, form.kind.clone())
}

/// The questions that are under way.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    running: BTreeMap<Kind, Question>,
    waiting: BTreeMap<Kind, Question>,
    /// Cases have changed since the lists were asked.
    stale: bool,
    /// When the lists were asked last because they were.
    asked_again: Option<Timestamp>,
    cases_rev: u64,
    /// What was known of a call's place when it was asked about.
    about: Option<(CallId, Whereabouts)>,
}

impl Core {
    /// Asks now, or as soon as what is under way has been answered.
    fn look(&mut self, question: Question) {
        let kind = question.kind();
        match self.lookups.running.entry(kind) {
            Entry::Occupied(_) => {
                self.lookups.waiting.insert(kind, question);
            }
            Entry::Vacant(free) => {
                free.insert(question.clone());
                self.give(Effect::Ask(question));
            }
        }
    }

    /// Shows a page of cases from now on.
    pub(super) fn show_cases(&mut self, query: CasesQuery) {
        self.state.cases = asked(&self.state.cases, query.clone());
        self.look(Question::Cases(query));
    }

    pub(super) fn show_search(&mut self, query: SearchQuery) {
        if query.text.expose().trim().is_empty() {
            self.state.search = Slice::default();
            self.lookups.waiting.remove(&Kind::Search);
            return;
        }
        self.state.search = asked(&self.state.search, query.clone());
        self.look(Question::Search(query));
    }

    /// Another program has named a number: shows what is known of it, and whether it waits to be
    /// called back. Nothing is dialled by itself.
    pub(super) fn ask_number(&mut self, number: Option<Redacted<String>>) {
        if let Some(number) = &number {
            self.show_search(SearchQuery { text: number.clone(), from: 0, count: PAGE_ROWS });
        }
        self.state.number_asked = number.map(|number| {
            let key = key(number.expose());
            let waits = self.state.view.iter().flat_map(|view| &view.call_backs);
            let entry = waits.filter(|_| key.is_some()).find(|entry| entry.caller.key() == key);
            NumberAsked { number, call_back: entry.map(|entry| entry.id) }
        });
    }

    /// Shows a case, or none any more.
    pub(super) fn show_file(&mut self, number: Option<CaseNumber>) {
        match number {
            Some(number) => {
                let other = self.state.file.as_ref().is_none_or(|file| file.asked != number);
                if other {
                    // Another case's time line must not stand under this one's number.
                    self.state.file = Slice::new(Some(Looked::ask(number.clone())));
                    self.state.peaks = Slice::default();
                }
                self.look(Question::File(number));
            }
            None => {
                self.state.file = Slice::default();
                self.state.peaks = Slice::default();
            }
        }
    }

    pub(super) fn show_peaks(&mut self, sha256: String) {
        self.state.peaks = Slice::new(Some(Looked::ask(sha256.clone())));
        self.look(Question::Peaks(sha256));
    }

    pub(super) fn show_figures(&mut self, from: Timestamp) {
        self.state.figures = asked(&self.state.figures, from);
        self.look(Question::Figures(from, self.state.now));
    }

    /// Looks for places, or for none any more. Needs no hub: the gazetteer is here.
    pub(super) fn show_places(&mut self, query: Option<PlaceQuery>) {
        match query {
            Some(query) => {
                self.state.places = asked(&self.state.places, query.clone());
                self.look(Question::Places(query));
            }
            None => self.state.places = Slice::default(),
        }
    }

    pub(super) fn on_found(&mut self, question: Question, result: Result<Found, DeskError>) {
        let kind = question.kind();
        self.lookups.running.remove(&kind);
        let next = self.lookups.waiting.remove(&kind);
        let now = self.state.now;
        match (question, result) {
            (Question::Cases(query), Ok(Found::Cases(list))) => {
                settle(&mut self.state.cases, query, Ok(list), now);
            }
            (Question::Search(query), Ok(Found::Search(list))) => {
                settle(&mut self.state.search, query, Ok(list), now);
            }
            (Question::File(number), Ok(Found::File(file))) => {
                settle(&mut self.state.file, number, Ok(*file), now);
            }
            (Question::Peaks(sha256), Ok(Found::Peaks(peaks))) => {
                settle(&mut self.state.peaks, sha256, Ok(peaks), now);
            }
            (Question::About(call), Ok(Found::About(about))) => {
                settle(&mut self.state.about, call, Ok(about), now);
                // The plugins are told of this number's past.
                self.advised = None;
                self.advise_again();
            }
            (Question::Odds(at), Ok(Found::Odds(odds))) => {
                settle(&mut self.state.odds, at, Ok(odds), now);
            }
            (Question::Figures(from, _), Ok(Found::Figures(figures))) => {
                settle(&mut self.state.figures, from, Ok(*figures), now);
            }
            (Question::Places(query), Ok(Found::Places(places))) => {
                settle(&mut self.state.places, query, Ok(places), now);
            }
            (question, Err(error)) => self.not_found(question, error),
            (question, Ok(_)) => {
                let detail = "an answer to another question".to_owned();
                self.not_found(question, DeskError::Unreachable { detail });
            }
        }
        if let Some(next) = next {
            self.look(next);
        }
    }

    fn not_found(&mut self, question: Question, error: DeskError) {
        let now = self.state.now;
        match question {
            Question::Cases(query) => settle(&mut self.state.cases, query, Err(error), now),
            Question::Search(query) => settle(&mut self.state.search, query, Err(error), now),
            Question::File(number) => settle(&mut self.state.file, number, Err(error), now),
            Question::Peaks(sha256) => settle(&mut self.state.peaks, sha256, Err(error), now),
            Question::About(call) => settle(&mut self.state.about, call, Err(error), now),
            Question::Odds(at) => settle(&mut self.state.odds, at, Err(error), now),
            Question::Figures(from, _) => settle(&mut self.state.figures, from, Err(error), now),
            Question::Places(query) => settle(&mut self.state.places, query, Err(error), now),
        }
    }

    /// A view has come: whether cases have changed.
    pub(super) fn cases_may_have_changed(&mut self, cases_rev: u64) {
        if self.lookups.cases_rev != cases_rev {
            self.lookups.cases_rev = cases_rev;
            self.lookups.stale = true;
        }
    }

    /// The hub is back: what is shown may be old.
    pub(super) fn everything_is_stale(&mut self) {
        self.lookups.stale = true;
        self.lookups.asked_again = None;
        self.lookups.about = None;
        self.look_again();
    }

    /// Time has passed: what is shown is brought up to date.
    pub(super) fn look_again(&mut self) {
        if self.state.session.is_none() || self.state.hub != LinkHealth::Up {
            return;
        }
        let now = self.state.now;
        // The hub's clock may have been set back meanwhile.
        let lately = |at| at <= now && now.since(at) < LIST_IN_CALL_FOR;
        let waits = self.state.call.is_some() && self.lookups.asked_again.is_some_and(lately);
        if !waits && std::mem::take(&mut self.lookups.stale) {
            self.lookups.asked_again = Some(now);
            if let Some(query) = self.state.cases.as_ref().map(|cases| cases.asked.clone()) {
                self.look(Question::Cases(query));
            }
            if let Some(number) = self.state.file.as_ref().map(|file| file.asked.clone()) {
                self.look(Question::File(number));
            }
            // The plugins compare this call with what has come in since.
            self.lookups.about = None;
        }
        if self.state.odds.as_ref().is_none_or(|odds| now.since(odds.asked) >= ODDS_FOR) {
            self.state.odds = asked(&self.state.odds, now);
            self.look(Question::Odds(now));
        }
        let figures = self.state.figures.as_ref().map(|figures| (figures.asked, figures.as_of));
        if let Some((from, as_of)) = figures
            && as_of.is_none_or(|at| now.since(at) >= FIGURES_FOR)
        {
            self.look(Question::Figures(from, now));
        }
        self.look_around();
    }

    /// Asks about the call that is shown, once, and again when its place becomes another one.
    pub(super) fn look_around(&mut self) {
        let shown = self.state.call.as_ref().map(|call| (call.call, whereabouts(&call.form)));
        if shown.is_none() && self.state.about.is_some() {
            self.state.about = Slice::default();
        }
        if self.lookups.about == shown || self.state.hub != LinkHealth::Up {
            return;
        }
        // The hub tells only a desk that is shown the call.
        let Some((call, _)) =
            shown.as_ref().filter(|(id, _)| self.seen_call().is_some_and(|seen| seen.call == *id))
        else {
            return;
        };
        let call = *call;
        self.lookups.about = shown;
        if self.state.about.as_ref().is_none_or(|about| about.asked != call) {
            self.state.about = Slice::new(Some(Looked::ask(call)));
        }
        self.look(Question::About(call));
    }

    pub(super) fn forget_lookups(&mut self) {
        self.lookups = Lookups::default();
    }
}

/// What tells a written number from others.
fn key(number: &str) -> Option<Redacted<String>> {
    Caller { number: Redacted::new(number.to_owned()), status: CallerStatus::Claimed }.key()
}

/// The same place on the screen with another question: what was found stays.
fn asked<Q: Clone, T>(
    before: &Slice<Option<Looked<Q, T>>>,
    question: Q,
) -> Slice<Option<Looked<Q, T>>> {
    let looked = before.as_ref().map_or_else(
        || Looked::ask(question.clone()),
        |before| Looked {
            asked: question.clone(),
            found: before.found.clone(),
            as_of: before.as_of,
            failed: before.failed.clone(),
        },
    );
    Slice::new(Some(looked))
}

/// An answer has come. What nobody looks at any more is dropped.
fn settle<Q: Clone + PartialEq, T>(
    slice: &mut Slice<Option<Looked<Q, T>>>,
    question: Q,
    result: Result<T, DeskError>,
    now: Timestamp,
) {
    let Some(before) = slice.as_ref() else { return };
    let asked = before.asked.clone();
    let looked = match result {
        Ok(found) => {
            let found = Some((question, std::sync::Arc::new(found)));
            Looked { asked, found, as_of: Some(now), failed: None }
        }
        Err(error) if asked == question => {
            Looked { asked, found: before.found.clone(), as_of: before.as_of, failed: Some(error) }
        }
        // A newer question is under way.
        Err(_) => return,
    };
    *slice = Slice::new(Some(looked));
}
