//! A room to play in: a core, a simulated switch, a clock, and an eye on what must always hold. It
//! tracks what it needs from inputs, commands and events alone.

use crate::eye::Eye;
use crate::observer::SimSwitch;
use crate::tally::{Before, Tally};
use siaga_call_flow::{
    CallFlow, CallPhase, FlowConfig, FlowEvent, Input, Intent, Output, Refusal, SeatChange,
    SwitchCommand, SwitchSaw, WaitReason,
};
use siaga_model::{
    CallFacts, CallId, LegCause, LegId, Level, SeatId, SeatState, Timestamp, Unit, UnitId,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const START: Timestamp = Timestamp(1_764_000_000_000);

pub(crate) fn seat(id: &str) -> SeatId {
    id.parse().expect("a seat id")
}

pub(crate) fn unit(id: &str) -> UnitId {
    id.parse().expect("a unit id")
}

pub(crate) fn call(n: u128) -> CallId {
    CallId::from_parts(1_764_000_000_000, n)
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Mabes, a Polda, two Polres, one Polsek.
pub(crate) fn units() -> Vec<Unit> {
    [
        ("mabes", Level::Mabes, None),
        ("pmj", Level::Polda, Some("mabes")),
        ("pmj.jaksel", Level::Polres, Some("pmj")),
        ("pmj.jaktim", Level::Polres, Some("pmj")),
        ("pmj.jaksel.tebet", Level::Polsek, Some("pmj.jaksel")),
    ]
    .into_iter()
    .map(|(id, level, parent)| Unit {
        id: unit(id),
        name: id.to_owned(),
        code: "PMJ".to_owned(),
        level,
        parent: parent.map(unit),
    })
    .collect()
}

/// Seat and unit of everybody.
pub(crate) const SEATS: [(&str, &str); 8] = [
    ("pmj-1", "pmj"),
    ("pmj-2", "pmj"),
    ("pmj-3", "pmj"),
    ("jaksel-1", "pmj.jaksel"),
    ("jaksel-2", "pmj.jaksel"),
    ("jaktim-1", "pmj.jaktim"),
    ("mabes-1", "mabes"),
    ("tebet-1", "pmj.jaksel.tebet"),
];

pub(crate) struct Room {
    pub(crate) flow: CallFlow,
    pub(crate) now: Timestamp,
    pub(crate) switch: SimSwitch,
    pub(crate) events: Vec<FlowEvent>,
    /// The same, as they are stored.
    pub(crate) log: Vec<(Timestamp, FlowEvent)>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) until: Option<(Timestamp, WaitReason)>,
    /// Outputs of the last input.
    pub(crate) last: Vec<Output>,
    /// Everything, one line each.
    pub(crate) journal: Vec<String>,
    pub(crate) eye: Eye,
    pub(crate) tally: Tally,
    /// How things stood when the hub died, until another one has found them.
    pub(crate) tally_before: Option<Before>,
    /// How calls ended of which the present hub knows nothing.
    pub(crate) over: BTreeMap<CallId, CallPhase>,
}

impl Room {
    pub(crate) fn new(config: FlowConfig) -> Self {
        let flow = CallFlow::new(config.clone()).expect("a good configuration");
        let mut room = Self {
            flow,
            now: START,
            switch: SimSwitch::default(),
            events: Vec::new(),
            log: Vec::new(),
            refusals: Vec::new(),
            until: None,
            last: Vec::new(),
            journal: Vec::new(),
            eye: Eye::new(config),
            tally: Tally::default(),
            tally_before: None,
            over: BTreeMap::new(),
        };
        room.input(Input::Units(units()));
        room
    }

    /// A Polda-first room in which these seats are ready.
    pub(crate) fn with(ready: &[&str]) -> Self {
        Self::with_config(FlowConfig::polda_first(), ready)
    }

    pub(crate) fn with_config(config: FlowConfig, ready: &[&str]) -> Self {
        let mut room = Self::new(config);
        for id in ready {
            room.sits_down(id);
            room.pass(secs(1));
        }
        room.journal.clear();
        room
    }

    pub(crate) fn sits_down(&mut self, id: &str) {
        let (_, at) = SEATS.iter().find(|(seat, _)| *seat == id).expect("a known seat");
        self.change(id, SeatChange::Registered);
        self.change(id, SeatChange::LoggedIn(unit(at)));
        self.change(id, SeatChange::Ready);
    }

    pub(crate) fn change(&mut self, id: &str, change: SeatChange) {
        self.input(Input::Seat { seat: seat(id), change });
    }

    pub(crate) fn arrives(&mut self, n: u128) -> CallId {
        self.arrives_for(n, None)
    }

    pub(crate) fn arrives_for(&mut self, n: u128, first_unit: Option<&str>) -> CallId {
        let arrival = self.arrival(n, first_unit);
        self.input(arrival);
        call(n)
    }

    pub(crate) fn arrival(&self, n: u128, first_unit: Option<&str>) -> Input {
        let facts = CallFacts { arrived_at: self.now, ..CallFacts::default() };
        let first_unit = first_unit.map(unit);
        Input::Switch(SwitchSaw::CallerArrived { call: call(n), facts, first_unit })
    }

    /// The one leg that this seat has.
    pub(crate) fn leg_of(&self, id: &str) -> LegId {
        let legs = self.switch.legs_of(&seat(id));
        assert_eq!(legs.len(), 1, "{id} has {legs:?}");
        legs[0]
    }

    pub(crate) fn answers(&mut self, id: &str) {
        let leg = self.leg_of(id);
        self.input(Input::Switch(SwitchSaw::Answered(leg)));
    }

    /// The first packet comes from this seat.
    pub(crate) fn sends(&mut self, id: &str) {
        let leg = self.leg_of(id);
        self.input(Input::Switch(SwitchSaw::Flows(leg)));
    }

    pub(crate) fn is_heard(&mut self, id: &str) {
        let leg = self.leg_of(id);
        self.input(Input::Switch(SwitchSaw::Heard(leg)));
    }

    pub(crate) fn loses_leg(&mut self, id: &str, cause: LegCause) {
        let leg = self.leg_of(id);
        self.input(Input::Switch(SwitchSaw::Ended { leg, cause }));
    }

    pub(crate) fn caller_hangs_up(&mut self, call: CallId) {
        let leg = LegId::caller(call);
        self.input(Input::Switch(SwitchSaw::Ended { leg, cause: LegCause::HungUp }));
    }

    pub(crate) fn intends(&mut self, id: &str, call: CallId, intent: Intent) {
        self.input(Input::Operator { seat: seat(id), call, intent });
    }

    /// A call with this seat, answered.
    pub(crate) fn talks(&mut self, n: u128, id: &str) -> CallId {
        let call = self.arrives(n);
        self.answers(id);
        assert!(matches!(self.phase(call), CallPhase::Talking { .. }));
        call
    }

    pub(crate) fn phase(&self, call: CallId) -> CallPhase {
        self.phase_if_known(call).expect("a known call")
    }

    /// Of a call that this hub has, or that an earlier one has told the end of.
    pub(crate) fn phase_if_known(&self, call: CallId) -> Option<CallPhase> {
        let known = self.flow.call(call).map(|view| view.phase);
        known.or_else(|| self.over.get(&call).cloned())
    }

    pub(crate) fn state(&self, id: &str) -> SeatState {
        self.flow.seat(&seat(id)).expect("a known seat").state
    }

    pub(crate) fn commands(&self) -> Vec<SwitchCommand> {
        let commands = self.last.iter().filter_map(|output| match output {
            Output::Switch(command) => Some(command.clone()),
            _ => None,
        });
        commands.collect()
    }

    /// Time passes, and every deadline on the way is kept to the millisecond.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some((until, _)) = self.until
            && until <= end
        {
            self.now = until;
            self.input(Input::Tick);
        }
        self.now = end;
        self.input(Input::Tick);
    }

    /// Time passes while nobody looks at the clock.
    pub(crate) fn jump(&mut self, span: Duration) {
        self.eye.jumped = true;
        self.now = self.now + span;
        self.input(Input::Tick);
    }

    pub(crate) fn input(&mut self, told: Input) {
        let input = told.clone();
        let mut tally = std::mem::take(&mut self.tally);
        let before = self.tally_before.take().unwrap_or_else(|| tally.before(self));
        self.note(&input);
        self.flow.handle(self.now, told);
        self.last.clear();
        loop {
            let output = self.flow.poll();
            match &output {
                Output::Wait { until } => {
                    self.until = *until;
                    break;
                }
                Output::Switch(command) => {
                    if let SwitchCommand::Ring { seat, .. } = command {
                        self.eye.rings(seat, self.now, &input);
                    }
                    let rejoins = match &input {
                        Input::Operator { seat, intent: Intent::Rejoin, .. } => Some(seat),
                        _ => None,
                    };
                    if let Err(wrong) = self.switch.obey(command, rejoins) {
                        panic!("{wrong}\nafter {input:?}");
                    }
                    self.journal.push(format!("{} {command:?}", self.clock()));
                }
                Output::Event { at, event } => {
                    assert_eq!(*at, self.now);
                    self.journal.push(format!("{} {event:?}", self.clock()));
                    self.eye.event(self.now, event, &input);
                    self.events.push(event.clone());
                    self.log.push((*at, event.clone()));
                }
                Output::Refused { why, .. } => {
                    self.journal.push(format!("{} Refused({why:?})", self.clock()));
                    self.refusals.push(*why);
                }
                Output::CallChanged(_) | Output::SeatChanged(_) => {}
            }
            self.last.push(output);
        }
        tally.after(&before, self, &input);
        self.tally = tally;
        self.watch();
    }

    fn clock(&self) -> String {
        let ms = self.now.since(START).as_millis();
        format!("{:>3}.{:03}", ms / 1000, ms % 1000)
    }

    /// What an input means for the switch and for who is there.
    fn note(&mut self, input: &Input) {
        self.eye.input(input);
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, .. }) => self.switch.arrive(*call),
            Input::Switch(SwitchSaw::Answered(leg)) => {
                if self.switch.answers(*leg) {
                    self.eye.is_reached(leg.call);
                }
            }
            Input::Switch(SwitchSaw::Flows(leg)) => self.switch.flows(*leg),
            Input::Switch(SwitchSaw::Ended { leg, .. }) => self.switch.lose(*leg),
            Input::Switch(
                SwitchSaw::Ringing(_)
                | SwitchSaw::Heard(_)
                | SwitchSaw::Signal { .. }
                | SwitchSaw::Lost,
            )
            | Input::CallBack { .. }
            | Input::Seat { .. }
            | Input::Operator { .. }
            | Input::Units(_)
            | Input::Found(_)
            | Input::Tick => {}
        }
    }
}
