//! A desk's core with a hub, a telephone and a disk that do as the test says.

use super::super::*;
use crate::Intent;
use crate::journal::{Left, Restored};
use crate::state::{DeskCall, KeptForm};
use siaga_hub_api::{
    ApiError, CaseBlock, DialBook, HubView, SeatView, Sequenced, Session, SilenceView, SipAccount,
};
use siaga_model::{
    Advice, CallFacts, CaseNumber, Finding, FindingLevel, Form, Level, Redacted, Seat, SeatState,
    Verdict,
};
use siaga_sip::DialogKey;
use std::time::Duration;

pub(super) fn seat() -> SeatId {
    "pmj-1".parse().expect("a seat id")
}

pub(super) fn call(n: u128) -> CallId {
    CallId::from_parts(1_700_000_000_000, n)
}

pub(super) fn session() -> Session {
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    Session {
        token: Redacted::new("token".to_owned()),
        seat: Seat { id: seat(), unit: "pmj".parse().expect("id"), label: "Meja 1".to_owned() },
        unit: "pmj".parse().expect("id"),
        level: Level::Polda,
        operator_name: "Bripda Rina".to_owned(),
        role: siaga_model::Role::Operator,
        sip: SipAccount {
            ws_url: "ws://127.0.0.1:1/".to_owned(),
            domain: "siaga.invalid".to_owned(),
            user: "pmj-1".to_owned(),
            secret: Redacted::new("secret".to_owned()),
        },
        cases: CaseBlock { first: number(1), last: number(20) },
        units: Vec::new(),
        plugins: Vec::new(),
        gazetteer: None,
        now: Timestamp(0),
        transfer_ring_s: 5,
        dial: DialBook::default(),
    }
}

/// What the hub shows when this seat talks on `id` and has typed up to `rev`.
pub(super) fn view(id: CallId, writer: Option<SeatId>, rev: u64, location: &str) -> HubView {
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
            transfer: None,
            outside: None,
            overridden: None,
        }),
        announced: Vec::new(),
        queue: 0,
        units: Vec::new(),
        call_backs: Vec::new(),
        alerts: Vec::new(),
        lost: None,
        waiting_since: None,
        notes: Vec::new(),
        cases_rev: 0,
        board: None,
    }
}

pub(super) fn form(location: &str) -> Form {
    Form { location: Redacted::new(location.to_owned()), ..Form::default() }
}

pub(super) fn draft_rev(effect: &Effect) -> Option<u64> {
    match effect {
        Effect::Say(said) => match &said.message {
            ToHub::Draft { rev, .. } => Some(*rev),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn advice(rev: u64, findings: Vec<Finding>) -> Advice {
    Advice {
        draft_rev: rev,
        verdict: Verdict { findings, ..Verdict::treat_as_valid() },
        destinations: Vec::new(),
        faults: Vec::new(),
        at: Timestamp(0),
    }
}

pub(super) fn danger(words: &[&str]) -> Finding {
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
pub(super) fn said(effects: &[Effect]) -> Vec<ToHub> {
    let message = |effect: &Effect| match effect {
        Effect::Say(said) => Some(said.message.clone()),
        _ => None,
    };
    effects.iter().filter_map(message).collect()
}

pub(super) fn seqs(effects: &[Effect]) -> Vec<u64> {
    let seq = |effect: &Effect| match effect {
        Effect::Say(said) => Some(said.seq),
        _ => None,
    };
    effects.iter().filter_map(seq).collect()
}

/// The disk, which holds what the desk has put there last.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) session: Option<Saved>,
    pub(super) reserved: u64,
    pub(super) waiting: BTreeMap<u64, ToHub>,
    pub(super) left: BTreeMap<u64, Left>,
    pub(super) forms: BTreeMap<CallId, Draft>,
    pub(super) cases: Vec<CaseBlock>,
    pub(super) kept: Vec<KeptForm>,
    pub(super) settings: Option<crate::Settings>,
    pub(super) local: Option<Local>,
}

impl Shelf {
    pub(super) fn put(&mut self, record: Record) {
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
            Record::Settings(settings) => self.settings = Some(*settings),
            Record::Local(local) => self.local = local.map(|local| *local),
        }
    }

    pub(super) fn restored(&self) -> Restored {
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
            settings: self.settings.clone().map(|settings| (settings, Vec::new())),
            local: self.local.clone(),
        }
    }
}

pub(super) struct Fixture {
    pub(super) core: Core,
    pub(super) now: Timestamp,
    pub(super) dialogs: u64,
    pub(super) shelf: Shelf,
    /// What was asked and waits for an answer.
    pub(super) asked: Vec<Question>,
    /// How it rings just now.
    pub(super) ring: Option<Ring>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self {
            core: Core::new(false),
            now: Timestamp(5_000_000),
            dialogs: 0,
            shelf: Shelf::default(),
            asked: Vec::new(),
            ring: None,
        }
    }

    pub(super) fn logged_in() -> Self {
        let mut this = Self::new();
        this.log_in("rina");
        this
    }

    pub(super) fn log_in(&mut self, operator: &str) -> Vec<Effect> {
        self.intent(login(operator));
        self.let_in()
    }

    /// The hub lets the desk in, and everything comes up.
    pub(super) fn let_in(&mut self) -> Vec<Effect> {
        let mut effects = self.give(Input::LoggedIn(Box::new(session())));
        effects.extend(self.give(Input::HubUp));
        effects.extend(self.give(Input::SipUp));
        effects.extend(self.give(Input::Advisor(AdvisorHealth::Ok)));
        effects
    }

    /// The desk is killed, and started again over the same disk.
    pub(super) fn killed(self) -> (Self, Vec<Effect>) {
        let mut next = Self { core: Core::new(false), ..self };
        let restored = next.shelf.restored();
        let effects = next.give(Input::Restored(Box::new(restored)));
        (next, effects)
    }

    /// What is kept goes to the disk, the rest is given back.
    pub(super) fn give(&mut self, input: Input) -> Vec<Effect> {
        self.core.handle(self.now, input);
        let mut rest = Vec::new();
        while let Some(effect) = self.core.poll() {
            match effect {
                Effect::Keep(record) => self.shelf.put(record),
                Effect::Ask(question) => self.asked.push(question),
                Effect::RingTone(ring) => self.ring = ring,
                effect => rest.push(effect),
            }
        }
        rest
    }

    /// The hub answers what is asked of this kind, with the newest question of it.
    pub(super) fn found(
        &mut self,
        answer: impl Fn(&Question) -> Option<Result<Found, DeskError>>,
    ) -> Vec<Effect> {
        let at = self.asked.iter().position(|question| answer(question).is_some());
        let question = self.asked.remove(at.expect("it was asked"));
        let result = answer(&question).expect("as found before");
        self.give(Input::Found { question, result })
    }

    pub(super) fn pass(&mut self, ms: u64) -> Vec<Effect> {
        self.now = self.now + Duration::from_millis(ms);
        self.give(Input::Tick)
    }

    pub(super) fn dialog(&mut self) -> DialogKey {
        self.dialogs += 1;
        DialogKey::numbered(self.dialogs)
    }

    pub(super) fn intent(&mut self, intent: Intent) -> Vec<Effect> {
        self.give(Input::Intent(intent))
    }

    pub(super) fn edit(&mut self, id: CallId, location: &str) -> Vec<Effect> {
        self.intent(Intent::Edit { call: id, form: Box::new(form(location)) })
    }

    pub(super) fn hub_says(&mut self, message: ToDesk) -> Vec<Effect> {
        self.give(Input::Hub(message))
    }

    pub(super) fn hub_shows(&mut self, view: HubView) -> Vec<Effect> {
        self.hub_says(ToDesk::View(Box::new(view)))
    }

    pub(super) fn hub_refuses(&mut self, seq: u64, code: ErrorCode) -> Vec<Effect> {
        self.hub_says(ToDesk::Refused { seq, error: ApiError::new(code, "") })
    }

    pub(super) fn ringing(&mut self, id: CallId) -> DialogKey {
        let dialog = self.dialog();
        let effects = self.give(Input::Incoming { dialog, call: Some(id) });
        assert_eq!(effects, [Effect::Ring(dialog)]);
        dialog
    }

    pub(super) fn talking(&mut self, id: CallId) -> DialogKey {
        let dialog = self.ringing(id);
        self.give(Input::MediaMade { dialog, error: None });
        self.intent(Intent::Answer);
        self.give(Input::MediaUp(dialog));
        self.hub_shows(view(id, Some(seat()), 0, ""));
        dialog
    }

    pub(super) fn shown(&self) -> &DeskCall {
        self.core.state.call.as_ref().expect("a call is shown")
    }

    pub(super) fn complaint(&self) -> Option<&DeskError> {
        self.core.state.notice.as_ref().map(|notice| &notice.error)
    }

    pub(super) fn complains_of(&self, wanted: ErrorCode) -> bool {
        matches!(self.complaint(), Some(DeskError::Hub { code, .. }) if *code == wanted)
    }
}

pub(super) fn login(operator: &str) -> Intent {
    Intent::Login {
        hub: "http://127.0.0.1:1".to_owned(),
        seat: seat(),
        operator: operator.to_owned(),
        password: Redacted::new("a password".to_owned()),
    }
}

/// What a hub shows whose seat has no call.
pub(super) fn no_call() -> HubView {
    HubView { call: None, ..view(call(0), None, 0, "") }
}
