//! Random nights: any interleaving of what callers, operators, telephones and networks do, with
//! doubled, late and senseless inputs in between. The eye looks at every step; at the end of a night
//! everybody does their work and every call must come to its end.

use crate::outage::Meanwhile;
use crate::room::{Room, SEATS, call, seat, secs, unit, units};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use siaga_call_flow::{
    CallPhase, CallView, FlowConfig, Handover, Input, Intent, OutsideStage, SeatChange, SeatView,
    SwitchSaw,
};
use siaga_model::{Disposition, LegCause, LegId, LineSignal, NotReport, OutsideParty, SeatState};
use std::collections::BTreeMap;
use std::time::Duration;

/// One thing that happens. Numbers choose among what is there, modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Pass(u16),
    Jump(u16),
    Arrive(u8),
    Answer(u8),
    Refuse(u8, LegCause),
    Lose(u8, LegCause),
    Heard(u8),
    /// The first packet comes from a leg.
    Flows(u8),
    CallerHangsUp(u8),
    /// A caller whose call was counted as ended is on the line again.
    Return(u8),
    Seat(u8, SeatChange),
    SitDown(u8),
    Owner(u8, Intent),
    Anybody(u8, u8, Intent),
    /// Somebody who writes up says how the call is disposed of.
    Writer(u8, Disposition),
    /// A desk whose leg is up wants another one.
    Rejoin(u8),
    /// A key or a knock on a citizen's line.
    Signal(u8, LineSignal),
    CallBack(u8),
    /// Somebody outside answers.
    OutsideAnswers(u8),
    /// Of three who talk the operator leaves (`true`), or the caller.
    OfThreeLeaves(u8, bool),
    /// The citizen who is called back answers, or does not want to.
    CitizenAnswers(u8),
    CitizenRefuses(u8, LegCause),
    Again,
    Stray(u8, u16, bool),
    Units,
    SwitchLost,
    /// The hub dies and another one takes over.
    HubDies(Box<Death>),
}

/// How a hub dies, and what it finds when it is back.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    /// What it was told last, of which nothing was written down.
    last: Option<Deed>,
    /// How many commands the switch still heard.
    executed: usize,
    meanwhile: Vec<Meanwhile>,
    /// How long it is away, in milliseconds.
    away: u16,
    /// One bit for each desk that is back at once.
    back: u8,
}

const FIRST_UNITS: [Option<&str>; 6] =
    [None, None, Some("pmj"), Some("pmj.jaksel"), Some("pmj.jaktim"), Some("pmj.jaksel.tebet")];

pub(crate) struct Night {
    pub(crate) room: Room,
    arrived: u128,
    last: Input,
}

impl Night {
    pub(crate) fn new(config: FlowConfig) -> Self {
        Self {
            room: Room::with_config(config, &["pmj-1", "pmj-2", "jaksel-1", "jaktim-1"]),
            arrived: 0,
            last: Input::Tick,
        }
    }

    fn input(&mut self, input: Input) {
        self.last = input.clone();
        self.room.input(input);
    }

    fn pick<T: Clone>(from: &[T], n: u8) -> Option<T> {
        (!from.is_empty()).then(|| from[usize::from(n) % from.len()].clone())
    }

    fn live(&self) -> Vec<siaga_model::CallId> {
        self.room.flow.calls().map(|view| view.call).collect()
    }

    pub(crate) fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Pass(ms) => self.room.pass(Duration::from_millis(ms.into())),
            Deed::Jump(ms) => self.room.jump(Duration::from_millis(ms.into())),
            Deed::SitDown(n) => self.room.sits_down(SEATS[usize::from(n) % SEATS.len()].0),
            Deed::HubDies(death) => self.hub_dies(*death),
            deed => {
                if let Some(input) = self.input_of(deed) {
                    self.input(input);
                }
            }
        }
    }

    fn hub_dies(&mut self, death: Death) {
        // A closing that was not carried out looks the same to the next hub.
        let last = death.last.filter(|deed| !matches!(deed, Deed::Return(_)));
        let last = last.and_then(|deed| self.input_of(deed));
        let outage = self.room.dies(last, death.executed);
        for what in &death.meanwhile {
            self.room.meanwhile(what);
        }
        self.room.now = self.room.now + Duration::from_millis(death.away.into());
        self.room.comes_back(outage, death.back);
        self.last = Input::Tick;
    }

    /// What is told to the hub when this is done.
    fn input_of(&mut self, deed: Deed) -> Option<Input> {
        let switch = |saw| Some(Input::Switch(saw));
        match deed {
            // Time and whole outages are no inputs.
            Deed::Pass(_) | Deed::Jump(_) | Deed::SitDown(_) | Deed::HubDies(_) => None,
            Deed::Arrive(first) => {
                self.arrived += 1;
                let first = FIRST_UNITS[usize::from(first) % FIRST_UNITS.len()];
                Some(self.room.arrival(self.arrived, first))
            }
            Deed::Answer(n) => Self::pick(&self.room.switch.legs(false), n)
                .and_then(|leg| switch(SwitchSaw::Answered(leg))),
            Deed::Refuse(n, cause) => Self::pick(&self.room.switch.legs(false), n)
                .and_then(|leg| switch(SwitchSaw::Ended { leg, cause })),
            Deed::Lose(n, cause) => Self::pick(&self.room.switch.legs(true), n)
                .and_then(|leg| switch(SwitchSaw::Ended { leg, cause })),
            Deed::Heard(n) => Self::pick(&self.room.switch.legs(true), n)
                .and_then(|leg| switch(SwitchSaw::Heard(leg))),
            Deed::Flows(n) => Self::pick(&self.room.switch.legs(true), n)
                .and_then(|leg| switch(SwitchSaw::Flows(leg))),
            Deed::CallerHangsUp(n) => Self::pick(&self.live(), n).and_then(|call| {
                let leg = LegId::caller(call);
                switch(SwitchSaw::Ended { leg, cause: LegCause::HungUp })
            }),
            Deed::Return(n) => {
                let counted_as_ended = |n: &u128| {
                    let phase = self.room.phase_if_known(call(*n));
                    matches!(phase, Some(CallPhase::Ended { .. }))
                        && !self.room.eye.is_call_back(call(*n))
                };
                let ended: Vec<_> = (1..=self.arrived).filter(counted_as_ended).collect();
                Self::pick(&ended, n).map(|n| self.room.arrival(n, None))
            }
            Deed::Seat(n, change) => {
                let (id, _) = SEATS[usize::from(n) % SEATS.len()];
                Some(Input::Seat { seat: seat(id), change })
            }
            Deed::Owner(n, intent) => {
                let owned: Vec<_> = self
                    .live()
                    .into_iter()
                    .filter_map(|call| Some((call, self.room.flow.owner(call)?.clone())))
                    .collect();
                Self::pick(&owned, n).map(|(call, seat)| Input::Operator { seat, call, intent })
            }
            Deed::Anybody(n, at, intent) => {
                let call = call(1 + u128::from(n) % (self.arrived + 2));
                let seat = seat(SEATS[usize::from(at) % SEATS.len()].0);
                Some(Input::Operator { seat, call, intent })
            }
            Deed::Writer(n, said) => {
                let writes = |view: &SeatView| view.state == SeatState::AfterCall;
                let writers: Vec<_> = self.room.flow.seats().filter(writes).collect();
                Self::pick(&writers, n).and_then(|view| {
                    let intent = Intent::Dispose(said);
                    Some(Input::Operator { seat: view.seat, call: view.call?, intent })
                })
            }
            Deed::Rejoin(n) => Self::pick(&self.room.switch.legs(true), n).and_then(|leg| {
                let seat = self.room.switch.leg(leg).expect("it lives").seat.clone()?;
                Some(Input::Operator { seat, call: leg.call, intent: Intent::Rejoin })
            }),
            Deed::Signal(n, signal) => Self::pick(&self.live(), n)
                .and_then(|call| switch(SwitchSaw::Signal { leg: LegId::caller(call), signal })),
            Deed::CallBack(n) => {
                self.arrived += 1;
                let seat = seat(SEATS[usize::from(n) % SEATS.len()].0);
                let number = "081200001101".to_owned().into();
                Some(Input::CallBack { seat, call: call(self.arrived), number })
            }
            Deed::OutsideAnswers(n) => Self::pick(&self.room.switch.outside_rung(), n)
                .and_then(|leg| switch(SwitchSaw::Answered(leg))),
            Deed::OfThreeLeaves(n, operator) => {
                let is_up = |view: &CallView| {
                    let stage = view.outside.as_ref().map(|outside| outside.stage);
                    matches!(stage, Some(OutsideStage::Up { .. }))
                };
                let three =
                    self.room.flow.calls().filter(is_up).filter_map(|view| {
                        Some((view.call, self.room.flow.owner(view.call)?.clone()))
                    });
                let (call, seat) = Self::pick(&three.collect::<Vec<_>>(), n)?;
                if operator {
                    return Some(Input::Operator { seat, call, intent: Intent::Release });
                }
                let leg = LegId::caller(call);
                switch(SwitchSaw::Ended { leg, cause: LegCause::HungUp })
            }
            Deed::CitizenAnswers(n) => Self::pick(&self.room.switch.dialled(), n)
                .and_then(|call| switch(SwitchSaw::Answered(LegId::caller(call)))),
            Deed::CitizenRefuses(n, cause) => Self::pick(&self.room.switch.dialled(), n)
                .and_then(|call| switch(SwitchSaw::Ended { leg: LegId::caller(call), cause })),
            Deed::Again => match &self.last {
                // A telephone that was refused and one that rings anew are not the same leg.
                Input::Switch(_) | Input::Operator { .. } | Input::CallBack { .. } => {
                    Some(self.last.clone())
                }
                Input::Seat { .. } | Input::Units(_) | Input::Found(_) | Input::Tick => None,
            },
            Deed::Stray(n, leg, answered) => {
                let call = call(1 + u128::from(n) % (self.arrived + 2));
                let leg = LegId { call, n: leg };
                let is_known = leg.is_caller() || self.room.switch.leg(leg).is_some();
                (!is_known).then_some(Input::Switch(if answered {
                    SwitchSaw::Answered(leg)
                } else {
                    SwitchSaw::Ended { leg, cause: LegCause::Failed }
                }))
            }
            Deed::Units => Some(Input::Units(units())),
            Deed::SwitchLost => switch(SwitchSaw::Lost),
        }
    }

    /// Everybody is there and does their work: the queue must drain.
    pub(crate) fn comes_to_its_end(mut self) -> Room {
        for (id, _) in SEATS {
            self.room.sits_down(id);
        }
        for _ in 0..2_000 {
            if self.live().is_empty() {
                return self.room;
            }
            for leg in self.room.switch.legs(false) {
                if self.room.switch.leg(leg).is_some() {
                    self.input(Input::Switch(SwitchSaw::Answered(leg)));
                }
            }
            for call in self.live() {
                match self.room.phase(call) {
                    CallPhase::Talking { seat, .. }
                    | CallPhase::Held { seat, .. }
                    | CallPhase::CallingBack { seat, .. }
                    | CallPhase::Finishing { seat, .. }
                    | CallPhase::Transferring { from: seat, .. } => {
                        let intent = Intent::Close(Disposition::HandledHere);
                        self.input(Input::Operator { seat, call, intent });
                    }
                    CallPhase::WithOutside { .. } => {
                        let leg = LegId::caller(call);
                        let cause = LegCause::HungUp;
                        self.input(Input::Switch(SwitchSaw::Ended { leg, cause }));
                    }
                    CallPhase::Queued { .. } | CallPhase::Ringing { .. } => {}
                    CallPhase::Ended { .. } => panic!("an ended call is listed"),
                }
            }
            self.room.pass(secs(1));
        }
        panic!("{} calls are left", self.live().len());
    }
}

pub(crate) fn night(config: FlowConfig, deeds: Vec<Deed>) -> Room {
    let mut night = Night::new(config);
    for deed in deeds {
        night.does(deed);
    }
    night.comes_to_its_end()
}

fn cause() -> impl Strategy<Value = LegCause> {
    prop::sample::select(vec![
        LegCause::HungUp,
        LegCause::Released,
        LegCause::Busy,
        LegCause::Declined,
        LegCause::Unregistered,
        LegCause::NoAnswer,
        LegCause::MediaLost,
        LegCause::Failed,
    ])
}

fn change() -> impl Strategy<Value = (u8, SeatChange)> {
    (0..8_u8, 0..6_u8).prop_map(|(n, kind)| {
        let own = SEATS[usize::from(n)].1;
        let change = match kind {
            0 => SeatChange::LoggedIn(unit(own)),
            1 => SeatChange::LoggedOut,
            2 => SeatChange::Registered,
            3 => SeatChange::Unregistered,
            4 => SeatChange::Ready,
            _ => SeatChange::Pause,
        };
        (n, change)
    })
}

fn intent() -> impl Strategy<Value = Intent> {
    let to = prop::sample::select(vec![
        "pmj.jaksel",
        "pmj.jaksel",
        "pmj.jaktim",
        "pmj.jaktim",
        "pmj",
        "mabes",
        "nowhere",
    ]);
    let handover = prop::option::of(prop_oneof![Just(Handover::Together), Just(Handover::Music)]);
    prop_oneof![
        1 => prop::option::of(to.clone()).prop_map(|to| Intent::PickUnit(to.map(unit))),
        12 => (to, handover).prop_map(|(to, handover)| Intent::Transfer { unit: unit(to), handover }),
        1 => Just(Intent::TakeBack),
        2 => Just(Intent::Release),
        8 => prop::option::of(Just("Damkar DKI".to_owned())).prop_map(|service| {
            let number = "0215701130".to_owned().into();
            Intent::CallOutside(OutsideParty { service, number })
        }),
        1 => Just(Intent::DropOutside),
        5 => Just(Intent::Hold),
        9 => Just(Intent::Resume),
        1 => disposition().prop_map(Intent::Close),
        4 => disposition().prop_map(Intent::Dispose),
        3 => Just(Intent::Undo),
        4 => Just(Intent::CheckSilence),
        3 => Just(Intent::Rejoin),
    ]
}

fn disposition() -> impl Strategy<Value = Disposition> {
    prop::sample::select(vec![
        Disposition::Information,
        Disposition::NotReport { reason: NotReport::RingOnce },
        Disposition::NotReport { reason: NotReport::Silent },
    ])
}

fn signal() -> impl Strategy<Value = LineSignal> {
    prop_oneof![Just(LineSignal::Key), Just(LineSignal::Knocks)]
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => prop_oneof![4 => 0..500_u16, 4 => 500..4_000_u16, 1 => 4_000..40_000_u16].prop_map(Deed::Pass),
        5 => any::<u8>().prop_map(Deed::Arrive),
        12 => any::<u8>().prop_map(Deed::Answer),
        3 => (any::<u8>(), cause()).prop_map(|(n, cause)| Deed::Refuse(n, cause)),
        2 => (any::<u8>(), cause()).prop_map(|(n, cause)| Deed::Lose(n, cause)),
        4 => any::<u8>().prop_map(Deed::Heard),
        6 => any::<u8>().prop_map(Deed::Flows),
        2 => any::<u8>().prop_map(Deed::CallerHangsUp),
        1 => any::<u8>().prop_map(Deed::Return),
        5 => change().prop_map(|(n, change)| Deed::Seat(n, change)),
        8 => any::<u8>().prop_map(Deed::SitDown),
        14 => (any::<u8>(), intent()).prop_map(|(n, intent)| Deed::Owner(n, intent)),
        2 => (any::<u8>(), any::<u8>(), intent()).prop_map(|(n, at, i)| Deed::Anybody(n, at, i)),
        2 => (any::<u8>(), disposition()).prop_map(|(n, said)| Deed::Writer(n, said)),
        5 => any::<u8>().prop_map(Deed::Rejoin),
        4 => (any::<u8>(), signal()).prop_map(|(n, signal)| Deed::Signal(n, signal)),
        2 => any::<u8>().prop_map(Deed::CallBack),
        6 => any::<u8>().prop_map(Deed::OutsideAnswers),
        4 => any::<(u8, bool)>().prop_map(|(n, operator)| Deed::OfThreeLeaves(n, operator)),
        3 => any::<u8>().prop_map(Deed::CitizenAnswers),
        1 => (any::<u8>(), cause()).prop_map(|(n, cause)| Deed::CitizenRefuses(n, cause)),
        2 => Just(Deed::Again),
        1 => (any::<u8>(), 0..12_u16, any::<bool>()).prop_map(|(n, leg, up)| Deed::Stray(n, leg, up)),
        1 => Just(Deed::Units),
    ]
}

/// What happens when the hub itself is late or the switch dies: rarer, and without exact moments.
fn rough_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        30 => deed(),
        2 => any::<u16>().prop_map(Deed::Jump),
        1 => Just(Deed::SwitchLost),
    ]
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        3 => any::<u8>().prop_map(Meanwhile::Answers),
        2 => any::<u8>().prop_map(Meanwhile::Loses),
        1 => any::<u8>().prop_map(Meanwhile::HangsUp),
        2 => any::<u8>().prop_map(Meanwhile::CitizenAnswers),
    ]
}

/// A night in which hubs die: at any moment, also in the middle of an input.
pub(crate) fn deed_or_death() -> impl Strategy<Value = Deed> {
    let death = (
        prop::option::of(deed()),
        0..6_usize,
        prop::collection::vec(meanwhile(), 0..4),
        prop_oneof![2 => 0..2_000_u16, 1 => 2_000..60_000_u16],
        prop_oneof![2 => Just(u8::MAX), 1 => any::<u8>()],
    );
    let death = death.prop_map(|(last, executed, meanwhile, away, back)| {
        Deed::HubDies(Box::new(Death { last, executed, meanwhile, away, back }))
    });
    prop_oneof![24 => deed(), 1 => death]
}

/// `PROPTEST_CASES` makes it a longer watch.
pub(crate) fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 120;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_caller_is_ever_dropped_in_a_polda_first_night(
        deeds in prop::collection::vec(deed(), 20..160)
    ) {
        night(FlowConfig::polda_first(), deeds);
    }

    #[test]
    fn no_caller_is_ever_dropped_in_a_night_of_four_levels(
        deeds in prop::collection::vec(deed(), 20..160)
    ) {
        night(FlowConfig::levels_2026(), deeds);
    }

    #[test]
    fn no_caller_is_ever_dropped_when_the_hub_is_late_and_the_switch_dies(
        deeds in prop::collection::vec(rough_deed(), 20..160)
    ) {
        night(FlowConfig { handover: Handover::Music, ..FlowConfig::polda_first() }, deeds);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_caller_is_ever_dropped_when_hubs_die_and_come_back(
        deeds in prop::collection::vec(deed_or_death(), 20..160)
    ) {
        night(FlowConfig::polda_first(), deeds);
    }

    #[test]
    fn no_caller_is_ever_dropped_when_hubs_die_in_a_night_of_four_levels_with_music(
        deeds in prop::collection::vec(deed_or_death(), 20..160)
    ) {
        night(FlowConfig { handover: Handover::Music, ..FlowConfig::levels_2026() }, deeds);
    }
}

/// A night in which nothing happens proves nothing: in these hundred, everything does.
#[test]
fn in_a_hundred_nights_everything_happens() {
    let mut runner = TestRunner::deterministic();
    let deeds = prop::collection::vec(deed(), 20..160);
    let mut happened: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..100 {
        let deeds = deeds.new_tree(&mut runner).expect("a night").current();
        let room = night(FlowConfig::polda_first(), deeds);
        for line in &room.journal {
            // "  3.000 Requeued { … }", "  3.000 Play { …, program: Music }"
            let what = line.split_whitespace().nth(1).expect("a time, then a word");
            let what = what.split('(').next().expect("a word");
            *happened.entry(what.to_owned()).or_default() += 1;
        }
    }
    let wanted = [
        "Open",
        "Dial",
        "DialOut",
        "Ring",
        "Join",
        "Detach",
        "HangUp",
        "Play",
        "End",
        "CallerArrived",
        "Escalated",
        "SeatRinging",
        "SeatMissed",
        "Answered",
        "UnitPicked",
        "TransferStarted",
        "TransferRinging",
        "TransferAnswered",
        "TransferDone",
        "Reclaimed",
        "Held",
        "Resumed",
        "WaitAnnounced",
        "SilenceCheckStarted",
        "SilenceChecked",
        "Disposing",
        "DisposalUndone",
        "LegReplaced",
        "CallBackStarted",
        "OutsideCalled",
        "OutsideAnswered",
        "OutsideGone",
        "LeftWithOutside",
        "CallerLeft",
        "Requeued",
        "Ended",
        "Disposed",
        "SeatUnit",
        "SeatState",
        "Refused",
    ];
    for what in wanted {
        let times = happened.get(what).copied().unwrap_or(0);
        assert!(times >= 5, "{what} has happened {times} times: {happened:?}");
    }
}

#[test]
fn three_thousand_callers_are_all_served_by_five_seats() {
    let mut night = Night::new(FlowConfig::polda_first());
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for id in ["pmj-1", "pmj-2", "pmj-3", "jaksel-1", "jaksel-2"] {
        night.room.sits_down(id);
    }
    for _ in 0..3_000 {
        let n = u8::try_from(draw(200)).expect("small");
        night.does(Deed::Arrive(0));
        night.does(Deed::Answer(n));
        if draw(4) == 0 {
            night.does(Deed::Owner(
                n,
                Intent::Transfer { unit: unit("pmj.jaksel"), handover: None },
            ));
        }
        if draw(3) > 0 {
            night.does(Deed::Owner(n, Intent::Close(Disposition::Information)));
        } else {
            night.does(Deed::CallerHangsUp(n));
        }
        night.does(Deed::Pass(u16::try_from(draw(9_000)).expect("small")));
        for seat in night.room.flow.seats().collect::<Vec<_>>() {
            if matches!(seat.state, SeatState::NotAnswering | SeatState::AfterCall) {
                night.input(Input::Seat { seat: seat.seat, change: SeatChange::Ready });
            }
        }
    }
    night.comes_to_its_end();
}
