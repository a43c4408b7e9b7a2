//! The desk's state machine on virtual time.

use super::*;
use proptest::prelude::*;
use siaga_hub_api::{
    ApiError, CallView, CaseBlock, Draft, ErrorCode, HubView, Phase, SeatView, SilenceView,
    SipAccount,
};
use siaga_model::{CallFacts, CaseNumber, Level, Redacted, Seat, SeatId, SeatState, Verdict};

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
        Effect::ToHub(message) => match &**message {
            ToHub::Draft { rev, .. } => Some(*rev),
            _ => None,
        },
        _ => None,
    }
}

struct Fixture {
    core: Core,
    now: Timestamp,
    dialogs: u64,
}

impl Fixture {
    fn logged_in() -> Self {
        let mut this = Self { core: Core::new(false), now: Timestamp(5_000_000), dialogs: 0 };
        this.give(Input::LoggedIn(Box::new(session())));
        this.give(Input::HubUp);
        this.give(Input::SipUp);
        this.give(Input::Advisor(AdvisorHealth::Ok));
        this
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.core.handle(self.now, input);
        std::iter::from_fn(|| self.core.poll()).collect()
    }

    fn dialog(&mut self) -> DialogKey {
        self.dialogs += 1;
        DialogKey::numbered(self.dialogs)
    }

    fn intent(&mut self, intent: Intent) -> Vec<Effect> {
        self.give(Input::Intent(intent))
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
        self.give(Input::Hub(ToDesk::View(Box::new(view(id, Some(seat()), 0, "")))));
        dialog
    }

    fn shown(&self) -> &DeskCall {
        self.core.state.call.as_ref().expect("a call is shown")
    }
}

#[test]
fn an_answer_given_before_the_media_is_ready_is_sent_as_soon_as_it_is() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.ringing(call(1));
    assert_eq!(desk.intent(Intent::Answer), []);
    assert_eq!(desk.shown().phone, PhoneState::Connecting);
    assert_eq!(desk.give(Input::MediaMade { dialog, error: None }), [Effect::Answer(dialog)]);
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
    assert_eq!(desk.core.state.notice.as_ref().map(|n| &n.error), Some(&DeskError::NotNow));
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
    assert!(matches!(
        desk.core.state.notice.as_ref().map(|n| &n.error),
        Some(DeskError::Hub { code: ErrorCode::OutOfRange, .. })
    ));
}

#[test]
fn the_form_stays_on_the_screen_after_the_telephone_has_ended() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    desk.give(Input::PhoneEnded(dialog));
    assert_eq!(desk.shown().phone, PhoneState::Gone);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn a_lost_hub_takes_nothing_from_the_screen_and_not_the_call() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::HubDown);
    let effects = desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    assert!(!effects.is_empty());
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert!(matches!(desk.core.state.hub, LinkHealth::Down { .. }));
}

#[test]
fn logging_out_is_refused_while_somebody_is_on_the_line() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    assert_eq!(desk.intent(Intent::Logout), []);
    assert!(desk.core.state.session.is_some());
}

#[test]
fn a_refused_login_says_why_and_can_be_tried_again() {
    let mut core = Core::new(false);
    let login = || Intent::Login {
        hub: "http://127.0.0.1:1".to_owned(),
        seat: seat(),
        operator: "rina".to_owned(),
        password: Redacted::new("wrong".to_owned()),
    };
    core.handle(Timestamp(0), Input::Intent(login()));
    assert!(matches!(core.poll(), Some(Effect::LogIn { .. })));
    let error = DeskError::Hub { code: ErrorCode::WrongPassword, detail: String::new() };
    core.handle(Timestamp(1), Input::LoginFailed(error.clone()));
    assert_eq!(core.state.notice.as_ref().map(|n| &n.error), Some(&error));
    core.handle(Timestamp(2), Input::Intent(login()));
    assert!(matches!(core.poll(), Some(Effect::LogIn { .. })));
}

#[test]
fn a_session_that_the_hub_has_ended_leaves_the_call_and_what_was_typed() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let error = ApiError::new(ErrorCode::NotLoggedIn, "");
    desk.intent(Intent::Edit { call: call(1), form: Box::new(form("Blok M")) });
    assert_eq!(desk.give(Input::Hub(ToDesk::Bye { error })), []);
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn advice_on_an_older_text_never_replaces_newer_advice() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let advice = |rev| Advice {
        draft_rev: rev,
        verdict: Verdict::treat_as_valid(),
        destinations: Vec::new(),
        faults: Vec::new(),
        at: Timestamp(0),
    };
    desk.give(Input::Advised { call: call(1), advice: advice(2) });
    desk.give(Input::Advised { call: call(1), advice: advice(1) });
    assert_eq!(desk.shown().advice.as_ref().map(|a| a.draft_rev), Some(2));
}

#[derive(Clone, Debug)]
enum Step {
    Ring(u8),
    MediaMade(bool),
    MediaUp,
    Ended,
    Answer,
    Decline,
    Edit(u8),
    View { call: u8, mine: bool, rev: u8 },
    NoCall,
    HubDown,
    Bye,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u8..3).prop_map(Step::Ring),
        any::<bool>().prop_map(Step::MediaMade),
        Just(Step::MediaUp),
        Just(Step::Ended),
        Just(Step::Answer),
        Just(Step::Decline),
        any::<u8>().prop_map(Step::Edit),
        (0_u8..3, any::<bool>(), 0_u8..6).prop_map(|(call, mine, rev)| Step::View {
            call,
            mine,
            rev
        }),
        Just(Step::NoCall),
        Just(Step::HubDown),
        Just(Step::Bye),
    ]
}

proptest! {
    /// Whatever comes in whatever order: one dialog at most is alive, every other one is refused,
    /// no dialog is answered twice, and what was typed is never replaced by something older.
    #[test]
    fn a_desk_has_one_telephone_and_never_loses_what_was_typed(
        steps in proptest::collection::vec(step(), 1..80)
    ) {
        let mut desk = Fixture::logged_in();
        let mut current: Option<DialogKey> = None;
        let mut answered = Vec::new();
        for step in steps {
            let before = desk.core.state.call.clone();
            let effects = match step {
                Step::Ring(n) => {
                    let dialog = desk.dialog();
                    let effects =
                        desk.give(Input::Incoming { dialog, call: Some(call(n.into())) });
                    if effects == [Effect::Ring(dialog)] {
                        current = Some(dialog);
                    } else {
                        prop_assert_eq!(&effects, &[Effect::Reject { dialog, status: 486 }]);
                    }
                    effects
                }
                Step::MediaMade(ok) => match current {
                    Some(dialog) => {
                        let error = (!ok).then(|| "no address".to_owned());
                        desk.give(Input::MediaMade { dialog, error })
                    }
                    None => Vec::new(),
                },
                Step::MediaUp => match current {
                    Some(dialog) => desk.give(Input::MediaUp(dialog)),
                    None => Vec::new(),
                },
                Step::Ended => match current.take() {
                    Some(dialog) => desk.give(Input::PhoneEnded(dialog)),
                    None => Vec::new(),
                },
                Step::Answer => desk.intent(Intent::Answer),
                Step::Decline => desk.intent(Intent::Decline),
                Step::Edit(n) => match desk.core.state.call.as_ref().map(|c| c.call) {
                    Some(id) => desk.intent(Intent::Edit {
                        call: id,
                        form: Box::new(form(&n.to_string())),
                    }),
                    None => Vec::new(),
                },
                Step::View { call: n, mine, rev } => {
                    let writer = mine.then(seat);
                    let seen = view(call(n.into()), writer, rev.into(), "from the hub");
                    desk.give(Input::Hub(ToDesk::View(Box::new(seen))))
                }
                Step::NoCall => {
                    let mut seen = view(call(0), None, 0, "");
                    seen.call = None;
                    desk.give(Input::Hub(ToDesk::View(Box::new(seen))))
                }
                Step::HubDown => desk.give(Input::HubDown),
                Step::Bye => desk.give(Input::Hub(ToDesk::Bye {
                    error: ApiError::new(ErrorCode::NotLoggedIn, ""),
                })),
            };
            for effect in &effects {
                if let Effect::Answer(dialog) = effect {
                    prop_assert!(!answered.contains(dialog), "answered twice");
                    prop_assert_eq!(Some(*dialog), current);
                    answered.push(*dialog);
                }
            }
            if let (Some(before), Some(after)) = (before, &desk.core.state.call)
                && before.call == after.call
            {
                prop_assert!(after.rev >= before.rev, "an older form came back");
                prop_assert!(after.saved_rev <= after.rev);
            }
        }
    }
}
