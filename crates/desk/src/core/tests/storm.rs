//! Everything in any order: what must always hold.

use super::*;
use proptest::prelude::*;
use siaga_hub_api::{CallBackId, Sequenced};

#[derive(Clone, Debug)]
enum Step {
    Ring(u8),
    MediaMade { newest: bool, ok: bool },
    MediaUp(bool),
    Stalled,
    Flows,
    Ended { newest: bool, lost: bool },
    Answer,
    Decline,
    Edit(u8),
    View { call: u8, mine: bool, back: bool },
    NoCall,
    HubUp,
    HubDown,
    SipUp,
    SipDown,
    SipRefused,
    Ack,
    Refuse,
    Bye,
    LetIn,
    NotLetIn(bool),
    LogIn,
    LogOut,
    CallBack,
    Killed,
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..3).prop_map(Step::Ring),
        4 => any::<(bool, bool)>().prop_map(|(newest, ok)| Step::MediaMade { newest, ok }),
        3 => any::<bool>().prop_map(Step::MediaUp),
        3 => Just(Step::Stalled),
        1 => Just(Step::Flows),
        2 => any::<(bool, bool)>().prop_map(|(newest, lost)| Step::Ended { newest, lost }),
        3 => Just(Step::Answer),
        1 => Just(Step::Decline),
        8 => any::<u8>().prop_map(Step::Edit),
        6 => (0_u8..3, any::<bool>(), any::<bool>())
            .prop_map(|(call, mine, back)| Step::View { call, mine, back }),
        1 => Just(Step::NoCall),
        3 => Just(Step::HubUp),
        2 => Just(Step::HubDown),
        3 => Just(Step::SipUp),
        1 => Just(Step::SipDown),
        1 => Just(Step::SipRefused),
        3 => Just(Step::Ack),
        1 => Just(Step::Refuse),
        1 => Just(Step::Bye),
        3 => Just(Step::LetIn),
        1 => any::<bool>().prop_map(Step::NotLetIn),
        2 => Just(Step::LogIn),
        1 => Just(Step::LogOut),
        1 => Just(Step::CallBack),
        1 => Just(Step::Killed),
        2 => (0_u16..4_000).prop_map(Step::Pass),
    ]
}

/// The world around a desk, and what it knows of it.
struct World {
    desk: Fixture,
    /// The newest dialogs, oldest first, and their calls.
    dialogs: Vec<(DialogKey, CallId)>,
    answered: Vec<DialogKey>,
    /// Dialogs for which F9 was pressed.
    pressed: Vec<DialogKey>,
    /// Calls for which this desk has asked the hub for a leg, since its last telephone.
    asked: Vec<CallId>,
    /// Calls that the hub showed as a call back of this seat.
    called_back: Vec<CallId>,
    call_back_asked: bool,
    /// What each call's form was last typed to, and whether the hub has it or has refused it.
    typed: BTreeMap<CallId, Draft>,
    /// What the hub has of each call.
    hub: BTreeMap<CallId, Draft>,
    /// Numbers that this session's hub has taken.
    taken: u64,
    /// What went out on the present connection and was not acknowledged.
    in_flight: Vec<Sequenced<ToHub>>,
    connected: bool,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            desk: Fixture::new(),
            dialogs: Vec::new(),
            answered: Vec::new(),
            pressed: Vec::new(),
            asked: Vec::new(),
            called_back: Vec::new(),
            call_back_asked: false,
            typed: BTreeMap::new(),
            hub: BTreeMap::new(),
            taken: 0,
            in_flight: Vec::new(),
            connected: false,
        };
        for step in [Step::LogIn, Step::LetIn, Step::HubUp, Step::SipUp] {
            world.take(&step).expect("a beginning");
        }
        world
    }

    fn dialog(&self, newest: bool) -> Option<DialogKey> {
        let dialog = if newest { self.dialogs.last() } else { self.dialogs.first() };
        dialog.map(|(dialog, _)| *dialog)
    }

    /// Gives an input, and looks at what comes of it.
    fn give(&mut self, input: Input) -> Result<(), TestCaseError> {
        let before = self.desk.core.state.call.clone();
        let effects = self.desk.give(input);
        for effect in effects {
            match effect {
                Effect::Answer(dialog) => {
                    prop_assert!(!self.answered.contains(&dialog), "answered twice");
                    self.answered.push(dialog);
                    let found = self.dialogs.iter().find(|(d, _)| *d == dialog);
                    let Some((_, call)) = found else {
                        return Err(TestCaseError::fail("answered what never rang"));
                    };
                    prop_assert!(
                        self.pressed.contains(&dialog)
                            || self.asked.contains(call)
                            || (self.call_back_asked && self.called_back.contains(call)),
                        "answered by itself, unasked"
                    );
                }
                Effect::Reject { dialog, .. } | Effect::HangUp(dialog) => {
                    self.dialogs.retain(|(d, _)| *d != dialog);
                }
                Effect::StartPhone(_) => self.dialogs.clear(),
                Effect::Leave | Effect::LogOut => {
                    self.dialogs.clear();
                    self.connected = false;
                    self.in_flight.clear();
                }
                Effect::ReconnectHub | Effect::OpenLink => {
                    self.connected = false;
                    self.in_flight.clear();
                }
                Effect::Say(said) => {
                    if let ToHub::Rejoin { call } = &said.message {
                        self.asked.push(*call);
                    }
                    if self.connected {
                        self.in_flight.push(*said);
                    }
                }
                Effect::LogIn { .. }
                | Effect::Resume { .. }
                | Effect::FetchPlugins { .. }
                | Effect::ReconnectPhone
                | Effect::Keep(_)
                | Effect::Ring(_)
                | Effect::Talk { .. }
                | Effect::Mute(_)
                | Effect::Dtmf(_)
                | Effect::Ask(_)
                | Effect::RingTone(_)
                | Effect::OpenAudio { .. }
                | Effect::ListDevices
                | Effect::TestSound(_)
                | Effect::Play { .. }
                | Effect::StopPlaying
                | Effect::Train(_)
                | Effect::Advise { .. } => {}
            }
        }
        if let (Some(before), Some(after)) = (before, &self.desk.core.state.call)
            && before.call == after.call
        {
            prop_assert!(after.rev >= before.rev, "an older form came back");
            prop_assert!(after.saved_rev <= after.rev);
        }
        self.nothing_typed_is_lost()
    }

    /// What was typed last is on the screen, with the hub, on the disk on its way there, or shown as
    /// refused.
    fn nothing_typed_is_lost(&self) -> Result<(), TestCaseError> {
        let shelf = &self.desk.shelf;
        for (call, typed) in &self.typed {
            let same = |message: &ToHub| {
                matches!(message, ToHub::Draft { call: c, rev, form }
                    if c == call && *rev >= typed.rev && (*rev > typed.rev || *form == typed.form))
            };
            let with_hub = self.hub.get(call).is_some_and(|draft| draft.rev >= typed.rev);
            let waits = shelf.waiting.values().any(same);
            let left = shelf.left.values().any(|left| same(&left.message));
            let kept = shelf.kept.iter().any(|kept| kept.call == *call && kept.form == typed.form);
            prop_assert!(with_hub || waits || left || kept, "lost: {:?}", typed.rev);
        }
        Ok(())
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Ring(n) => {
                let (dialog, id) = (self.desk.dialog(), call((*n).into()));
                self.dialogs.push((dialog, id));
                self.give(Input::Incoming { dialog, call: Some(id) })
            }
            Step::MediaMade { newest, ok } => match self.dialog(*newest) {
                Some(dialog) if !self.answered.contains(&dialog) => {
                    let error = (!ok).then(|| "no address".to_owned());
                    self.give(Input::MediaMade { dialog, error })
                }
                Some(_) | None => Ok(()),
            },
            Step::MediaUp(newest) => match self.dialog(*newest) {
                Some(dialog) => self.give(Input::MediaUp(dialog)),
                None => Ok(()),
            },
            Step::Stalled => match self.dialog(false) {
                Some(dialog) => self.give(Input::MediaStalled(dialog)),
                None => Ok(()),
            },
            Step::Flows => match self.dialog(false) {
                Some(dialog) => self.give(Input::MediaFlows(dialog)),
                None => Ok(()),
            },
            Step::Ended { newest, lost } => match self.dialog(*newest) {
                Some(dialog) => {
                    self.dialogs.retain(|(d, _)| *d != dialog);
                    self.give(Input::PhoneEnded { dialog, lost: *lost })
                }
                None => Ok(()),
            },
            Step::Answer => {
                if let Phone::Ringing { dialog, .. } = self.desk.core.phone {
                    self.pressed.push(dialog);
                }
                self.give(Input::Intent(Intent::Answer))
            }
            Step::Decline => self.give(Input::Intent(Intent::Decline)),
            Step::Edit(n) => self.edit(*n),
            Step::View { call: n, mine, back } => self.view(call((*n).into()), *mine, *back),
            Step::NoCall => self.give(Input::Hub(ToDesk::View(Box::new(no_call())))),
            Step::HubUp => {
                self.connected = self.desk.core.state.session.is_some();
                self.in_flight.clear();
                if self.connected { self.give(Input::HubUp) } else { Ok(()) }
            }
            Step::HubDown => {
                self.connected = false;
                self.in_flight.clear();
                self.give(Input::HubDown)
            }
            Step::SipUp => self.give(Input::SipUp),
            Step::SipDown => self.give(Input::SipDown),
            Step::SipRefused => self.give(Input::SipRefused),
            Step::Ack => self.hub_takes(false),
            Step::Refuse => self.hub_takes(true),
            Step::Bye => {
                if !self.connected {
                    return Ok(());
                }
                self.connected = false;
                self.in_flight.clear();
                let error = ApiError::new(ErrorCode::NotLoggedIn, "");
                self.give(Input::Hub(ToDesk::Bye { error }))
            }
            Step::LetIn => {
                if matches!(self.desk.core.seating, Seating::LoggingIn(_)) {
                    self.taken = 0;
                }
                self.give(Input::LoggedIn(Box::new(session())))
            }
            Step::NotLetIn(ended) => {
                let error = if *ended {
                    DeskError::Hub { code: ErrorCode::NotLoggedIn, detail: String::new() }
                } else {
                    DeskError::Unreachable { detail: String::new() }
                };
                self.give(Input::LoginFailed(error))
            }
            Step::LogIn => self.give(Input::Intent(login("rina"))),
            Step::LogOut => self.give(Input::Intent(Intent::Logout)),
            Step::CallBack => {
                let before = self.desk.core.state.notice.take();
                self.give(Input::Intent(Intent::CallBack { entry: CallBackId(call(9)) }))?;
                self.call_back_asked |= self.desk.core.state.notice.is_none();
                self.desk.core.state.notice = self.desk.core.state.notice.take().or(before);
                Ok(())
            }
            Step::Killed => {
                self.desk.core = Core::new(false);
                self.asked.clear();
                self.call_back_asked = false;
                self.dialogs.clear();
                self.connected = false;
                self.in_flight.clear();
                let restored = self.desk.shelf.restored();
                self.give(Input::Restored(Box::new(restored)))
            }
            Step::Pass(ms) => {
                self.desk.now = self.desk.now + Duration::from_millis((*ms).into());
                self.give(Input::Tick)
            }
        }
    }

    fn edit(&mut self, n: u8) -> Result<(), TestCaseError> {
        let Some(shown) = self.desk.core.state.call.clone() else { return Ok(()) };
        let text = form(&format!("ketikan {n}"));
        let takes = shown.writable && shown.form != text;
        if takes {
            let draft = Draft { rev: shown.rev + 1, form: text.clone() };
            self.typed.insert(shown.call, draft);
        }
        self.give(Input::Intent(Intent::Edit { call: shown.call, form: Box::new(text) }))
    }

    /// A view of this hub: its own draft, whoever writes.
    fn view(&mut self, id: CallId, mine: bool, back: bool) -> Result<(), TestCaseError> {
        let draft = self.hub.get(&id).cloned().unwrap_or_default();
        let mut seen = view(id, mine.then_some(seat()), draft.rev, draft.form.location.expose());
        if let (Some(call), true) = (&mut seen.call, back) {
            call.phase = Phase::CallingBack { seat: seat(), since: Timestamp(0), until: None };
            call.call_back = Some(CallBackId(super::call(9)));
            self.called_back.push(id);
        }
        self.give(Input::Hub(ToDesk::View(Box::new(seen))))
    }

    /// The hub gets the next message of this connection, takes each number once, and answers.
    fn hub_takes(&mut self, refuse: bool) -> Result<(), TestCaseError> {
        if self.in_flight.is_empty() || !self.connected {
            return Ok(());
        }
        let said = self.in_flight.remove(0);
        let new = said.seq > self.taken;
        self.taken = self.taken.max(said.seq);
        if new && refuse {
            let error = ApiError::new(ErrorCode::NotYours, "");
            return self.give(Input::Hub(ToDesk::Refused { seq: said.seq, error }));
        }
        if new && let ToHub::Draft { call, rev, form } = &said.message {
            let known = self.hub.entry(*call).or_default();
            if *rev > known.rev {
                *known = Draft { rev: *rev, form: form.clone() };
            }
        }
        self.give(Input::Hub(ToDesk::Ack { seq: said.seq }))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order, also to a desk that is killed and started again: what was
    /// typed is never lost and never goes backwards, no dialog is answered twice, and none that was
    /// neither answered by hand nor asked for.
    #[test]
    fn nothing_typed_is_lost_and_nothing_is_answered_unasked(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(&step)?;
        }
    }
}
