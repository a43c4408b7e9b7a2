//! The desk's state machine on virtual time.

mod disposal;
mod outage;
mod rejoining;
mod seats;
mod storm;

use super::form::MAX_TEXT;
use super::*;
use crate::journal::Left;
use crate::state::{DeskCall, KeptForm};
use siaga_hub_api::{ApiError, CaseBlock, HubView, SeatView, SilenceView};
use siaga_model::{
    CallFacts, CaseNumber, Finding, FindingLevel, Form, Level, Seat, SeatState, Verdict,
};
use std::time::Duration;

fn seat() -> SeatId {
    "pmj-1".parse().expect("a seat id")
}

fn call(n: u128) -> CallId {
    CallId::from_parts(1_700_000_000_000, n)
}

fn session() -> Session {
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    Session {
        token: Redacted::new("token".to_owned()),
        seat: Seat { id: seat(), unit: "pmj".parse().expect("id"), label: "Meja 1".to_owned() },
        unit: "pmj".parse().expect("id"),
        level: Level::Polda,
        operator_name: "Bripda Rina".to_owned(),
        sip: SipAccount {
            ws_url: "ws://127.0.0.1:1/".to_owned(),
            domain: "siaga.invalid".to_owned(),
            user: "pmj-1".to_owned(),
            secret: Redacted::new("secret".to_owned()),
        },
        cases: CaseBlock { first: number(1), last: number(20) },
        units: Vec::new(),
        plugins: Vec::new(),
        now: Timestamp(0),
        transfer_ring_s: 5,
    }
}

/// What the hub shows when this seat talks on `id` and has typed up to `rev`.
fn view(id: CallId, writer: Option<SeatId>, rev: u64, location: &str) -> HubView {
    HubView {
        now: Timestamp(1_000),
        seat: SeatView { seat: seat(), state: SeatState::Talking, since: Timestamp(0) },
        call: Some(CallView {
            call: id,
            facts: CallFacts::default(),
            phase: Phase::Talking {
                seat: seat(),
                since: Timestamp(0),
                reclaimed: None,
                disposing: None,
            },
            draft: Draft { rev, form: form(location) },
            writer,
            number: None,
            advice: None,
            recording: true,
            silence: SilenceView::NotRun,
            rejoining: false,
            call_back: None,
        }),
        announced: Vec::new(),
        queue: 0,
        units: Vec::new(),
        cases: Vec::new(),
        call_backs: Vec::new(),
        alerts: Vec::new(),
        lost: None,
    }
}

fn form(location: &str) -> Form {
    Form { location: Redacted::new(location.to_owned()), ..Form::default() }
}

fn draft_rev(effect: &Effect) -> Option<u64> {
    match effect {
        Effect::Say(said) => match &said.message {
            ToHub::Draft { rev, .. } => Some(*rev),
            _ => None,
        },
        _ => None,
    }
}

fn advice(rev: u64, findings: Vec<Finding>) -> Advice {
    Advice {
        draft_rev: rev,
        verdict: Verdict { findings, ..Verdict::treat_as_valid() },
        destinations: Vec::new(),
        faults: Vec::new(),
        at: Timestamp(0),
    }
}

fn danger(words: &[&str]) -> Finding {
    Finding {
        rule: "bahaya.kata".to_owned(),
        level: FindingLevel::Danger,
        field: "narrative".to_owned(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
        title: "Kata bahaya".to_owned(),
        advice: String::new(),
    }
}

/// What of the effects goes to the hub.
fn said(effects: &[Effect]) -> Vec<ToHub> {
    let message = |effect: &Effect| match effect {
        Effect::Say(said) => Some(said.message.clone()),
        _ => None,
    };
    effects.iter().filter_map(message).collect()
}

fn seqs(effects: &[Effect]) -> Vec<u64> {
    let seq = |effect: &Effect| match effect {
        Effect::Say(said) => Some(said.seq),
        _ => None,
    };
    effects.iter().filter_map(seq).collect()
}

/// The disk, which holds what the desk has put there last.
#[derive(Default)]
struct Shelf {
    session: Option<Saved>,
    reserved: u64,
    waiting: BTreeMap<u64, ToHub>,
    left: BTreeMap<u64, Left>,
    forms: BTreeMap<CallId, Draft>,
    cases: Vec<CaseBlock>,
    kept: Vec<KeptForm>,
}

impl Shelf {
    fn put(&mut self, record: Record) {
        match record {
            Record::Session(saved) => self.session = saved,
            Record::Reserved(last) => self.reserved = last,
            Record::Waiting { seq, message: Some(message) } => {
                self.waiting.insert(seq, *message);
            }
            Record::Waiting { seq, message: None } => {
                self.waiting.remove(&seq);
            }
            Record::Left { n, left: Some(left) } => {
                self.left.insert(n, *left);
            }
            Record::Left { n, left: None } => {
                self.left.remove(&n);
            }
            Record::Form { call, draft: Some(draft) } => {
                self.forms.insert(call, draft);
            }
            Record::Form { call, draft: None } => {
                self.forms.remove(&call);
            }
            Record::Cases(cases) => self.cases = cases,
            Record::Kept(kept) => self.kept = kept,
        }
    }

    fn restored(&self) -> Restored {
        let waiting = self.waiting.iter();
        Restored {
            session: self.session.clone(),
            reserved: self.reserved,
            waiting: waiting
                .map(|(seq, message)| Sequenced { seq: *seq, message: message.clone() })
                .collect(),
            left: self.left.clone().into_iter().collect(),
            forms: self.forms.clone().into_iter().collect(),
            cases: self.cases.clone(),
            kept: self.kept.clone(),
        }
    }
}

struct Fixture {
    core: Core,
    now: Timestamp,
    dialogs: u64,
    shelf: Shelf,
}

impl Fixture {
    fn new() -> Self {
        Self {
            core: Core::new(false),
            now: Timestamp(5_000_000),
            dialogs: 0,
            shelf: Shelf::default(),
        }
    }

    fn logged_in() -> Self {
        let mut this = Self::new();
        this.log_in("rina");
        this
    }

    fn log_in(&mut self, operator: &str) -> Vec<Effect> {
        self.intent(login(operator));
        self.let_in()
    }

    /// The hub lets the desk in, and everything comes up.
    fn let_in(&mut self) -> Vec<Effect> {
        let mut effects = self.give(Input::LoggedIn(Box::new(session())));
        effects.extend(self.give(Input::HubUp));
        effects.extend(self.give(Input::SipUp));
        effects.extend(self.give(Input::Advisor(AdvisorHealth::Ok)));
        effects
    }

    /// The desk is killed, and started again over the same disk.
    fn killed(self) -> (Self, Vec<Effect>) {
        let mut next = Self { core: Core::new(false), ..self };
        let restored = next.shelf.restored();
        let effects = next.give(Input::Restored(Box::new(restored)));
        (next, effects)
    }

    /// What is kept goes to the disk, the rest is given back.
    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.core.handle(self.now, input);
        let mut rest = Vec::new();
        while let Some(effect) = self.core.poll() {
            match effect {
                Effect::Keep(record) => self.shelf.put(record),
                effect => rest.push(effect),
            }
        }
        rest
    }

    fn pass(&mut self, ms: u64) -> Vec<Effect> {
        self.now = self.now + Duration::from_millis(ms);
        self.give(Input::Tick)
    }

    fn dialog(&mut self) -> DialogKey {
        self.dialogs += 1;
        DialogKey::numbered(self.dialogs)
    }

    fn intent(&mut self, intent: Intent) -> Vec<Effect> {
        self.give(Input::Intent(intent))
    }

    fn edit(&mut self, id: CallId, location: &str) -> Vec<Effect> {
        self.intent(Intent::Edit { call: id, form: Box::new(form(location)) })
    }

    fn hub_says(&mut self, message: ToDesk) -> Vec<Effect> {
        self.give(Input::Hub(message))
    }

    fn hub_shows(&mut self, view: HubView) -> Vec<Effect> {
        self.hub_says(ToDesk::View(Box::new(view)))
    }

    fn hub_refuses(&mut self, seq: u64, code: ErrorCode) -> Vec<Effect> {
        self.hub_says(ToDesk::Refused { seq, error: ApiError::new(code, "") })
    }

    fn ringing(&mut self, id: CallId) -> DialogKey {
        let dialog = self.dialog();
        let effects = self.give(Input::Incoming { dialog, call: Some(id) });
        assert_eq!(effects, [Effect::Ring(dialog)]);
        dialog
    }

    fn talking(&mut self, id: CallId) -> DialogKey {
        let dialog = self.ringing(id);
        self.give(Input::MediaMade { dialog, error: None });
        self.intent(Intent::Answer);
        self.give(Input::MediaUp(dialog));
        self.hub_shows(view(id, Some(seat()), 0, ""));
        dialog
    }

    fn shown(&self) -> &DeskCall {
        self.core.state.call.as_ref().expect("a call is shown")
    }

    fn complaint(&self) -> Option<&DeskError> {
        self.core.state.notice.as_ref().map(|notice| &notice.error)
    }

    fn complains_of(&self, wanted: ErrorCode) -> bool {
        matches!(self.complaint(), Some(DeskError::Hub { code, .. }) if *code == wanted)
    }
}

fn login(operator: &str) -> Intent {
    Intent::Login {
        hub: "http://127.0.0.1:1".to_owned(),
        seat: seat(),
        operator: operator.to_owned(),
        password: Redacted::new("a password".to_owned()),
    }
}

/// What a hub shows whose seat has no call.
fn no_call() -> HubView {
    HubView { call: None, ..view(call(0), None, 0, "") }
}

#[test]
fn an_answer_given_before_the_media_is_ready_is_sent_as_soon_as_it_is() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.ringing(call(1));
    assert_eq!(desk.intent(Intent::Answer), []);
    assert_eq!(desk.shown().phone, PhoneState::Connecting);
    assert_eq!(
        desk.give(Input::MediaMade { dialog, error: None }),
        [Effect::Answer(dialog), Effect::Talk { dialog, muted: false }]
    );
    desk.give(Input::MediaUp(dialog));
    assert_eq!(desk.shown().phone, PhoneState::Connected);
}

#[test]
fn a_second_press_of_the_answer_key_does_nothing() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::Answer), []);
    assert!(desk.core.state.notice.is_none());
}

#[test]
fn a_second_call_is_told_that_this_seat_is_busy() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(2)) });
    assert_eq!(effects, [Effect::Reject { dialog, status: 486 }]);
    assert_eq!(desk.shown().call, call(1));
}

#[test]
fn what_was_typed_is_shown_sent_and_judged_at_once() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    assert_eq!(effects.len(), 2);
    assert_eq!(draft_rev(&effects[0]), Some(1));
    assert!(matches!(&effects[1], Effect::Advise { rev: 1, .. }));
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn an_old_echo_of_the_hub_never_overwrites_newer_typing() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok")) });
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), Some(seat()), 1, "Blok")))));
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    assert_eq!((desk.shown().rev, desk.shown().saved_rev), (2, 1));
}

#[test]
fn a_form_that_somebody_else_writes_is_shown_and_cannot_be_changed() {
    let mut desk = Fixture::logged_in();
    desk.ringing(call(1));
    let writer = Some("pmj-2".parse().expect("id"));
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), writer, 7, "Senen")))));
    assert_eq!(desk.shown().form.location.expose(), "Senen");
    assert_eq!(desk.intent(Intent::Edit { call: call(1), form: Box::new(form("")) }), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
    assert_eq!(desk.shown().form.location.expose(), "Senen");
}

#[test]
fn a_form_that_was_taken_over_goes_on_from_the_last_revision() {
    let mut desk = Fixture::logged_in();
    desk.ringing(call(1));
    desk.give(Input::Hub(ToDesk::View(Box::new(view(call(1), Some(seat()), 7, "Senen")))));
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Senen 2")) });
    assert_eq!(draft_rev(&effects[0]), Some(8));
}

#[test]
fn a_text_that_is_too_long_is_refused_and_the_form_stays() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    let too_long = form(&"a".repeat(MAX_TEXT + 1));
    assert_eq!(desk.intent(Intent::Edit { call: call(1), form: Box::new(too_long) }), []);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
    assert!(desk.complains_of(ErrorCode::OutOfRange));
}

#[test]
fn the_form_stays_on_the_screen_after_the_telephone_has_ended() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.shown().phone, PhoneState::Gone);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn logging_out_is_refused_while_somebody_is_on_the_line() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::Logout), []);
    assert!(desk.core.state.session.is_some());
}

#[test]
fn advice_on_an_older_text_never_replaces_newer_advice() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::Advised { call: call(1), advice: advice(2, Vec::new()) });
    desk.give(Input::Advised { call: call(1), advice: advice(1, Vec::new()) });
    assert_eq!(desk.shown().advice.as_ref().map(|a| a.draft_rev), Some(2));
}
