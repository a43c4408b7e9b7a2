//! The hub dies and the switch lives on: what happens in between, and the new core that is started
//! from what the switch holds and what the log says.

use crate::observer::{Citizen, SimLeg};
use crate::room::{Room, SEATS, seat, unit, units};
use crate::tally::Before;
use siaga_call_flow::{
    CallFlow, CallPhase, FlowEvent, Found, FoundCall, FoundLeg, FoundOutside, Input, Output, Past,
    SeatChange, SeatView, SwitchSaw,
};
use siaga_model::{CallId, Disposition, EndedBy, LegId, SeatState};
use std::collections::BTreeSet;

/// What was the last to be seen of a hub.
pub(crate) struct Outage {
    before: Before,
    /// What the log says last of each seat.
    seats: Vec<SeatView>,
}

/// Something that happens on a switch without a hub. Numbers choose among what is there.
#[derive(Clone, Debug)]
pub(crate) enum Meanwhile {
    /// A telephone that rings is answered; nobody joins its leg.
    Answers(u8),
    /// A leg is gone.
    Loses(u8),
    /// The citizen hangs up; what was in the bridge stays.
    HangsUp(u8),
    CitizenAnswers(u8),
}

/// Whether a seat wanted calls, as its session is stored.
fn wants(view: &SeatView) -> bool {
    match view.state {
        SeatState::Ready | SeatState::Ringing | SeatState::Talking | SeatState::AfterCall => true,
        SeatState::Offline | SeatState::Paused | SeatState::NotAnswering => false,
    }
}

impl Room {
    /// The hub dies. `last` is what it was told last: of the commands that this caused the switch has
    /// heard only the first `executed`, and nothing of it was written down.
    pub(crate) fn dies(&mut self, last: Option<Input>, executed: usize) -> Outage {
        let mut tally = std::mem::take(&mut self.tally);
        let before = tally.before(self);
        self.tally = tally;
        let seats = self.flow.seats().collect();
        let known = self.eye.known().filter_map(|call| self.flow.call(call));
        let over = known.filter(|view| matches!(view.phase, CallPhase::Ended { .. }));
        let over: Vec<_> = over.map(|view| (view.call, view.phase)).collect();
        self.over.extend(over);
        self.journal.push("the hub dies".to_owned());
        if let Some(input) = last {
            let rejoins = match &input {
                Input::Operator { seat, intent: siaga_call_flow::Intent::Rejoin, .. } => {
                    Some(seat.clone())
                }
                _ => None,
            };
            self.happens(&input);
            self.flow.handle(self.now, input);
            let mut left = executed;
            loop {
                match self.flow.poll() {
                    Output::Wait { .. } => break,
                    Output::Switch(command) if left > 0 => {
                        left -= 1;
                        self.journal.push(format!("unheard of: {command:?}"));
                        if let Err(wrong) = self.switch.obey(&command, rejoins.as_ref()) {
                            panic!("{wrong} in the last moment");
                        }
                    }
                    Output::Switch(_)
                    | Output::Event { .. }
                    | Output::CallChanged(_)
                    | Output::SeatChanged(_)
                    | Output::Refused { .. } => {}
                }
            }
        }
        Outage { before, seats }
    }

    /// What an input means for the switch, which has seen it, though no hub has told of it.
    fn happens(&mut self, input: &Input) {
        self.eye.input(input);
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, .. }) => self.switch.arrive(*call),
            Input::Switch(SwitchSaw::Answered(leg)) => {
                self.switch.answers(*leg);
            }
            Input::Switch(SwitchSaw::Flows(leg)) => self.switch.flows(*leg),
            Input::Switch(SwitchSaw::Ended { leg, .. }) => self.switch.lose(*leg),
            Input::Switch(_)
            | Input::CallBack { .. }
            | Input::Seat { .. }
            | Input::Operator { .. }
            | Input::Units(_)
            | Input::Found(_)
            | Input::Tick => {}
        }
    }

    pub(crate) fn meanwhile(&mut self, what: &Meanwhile) {
        let pick =
            |from: &[LegId], n: u8| (!from.is_empty()).then(|| from[usize::from(n) % from.len()]);
        let citizens = |room: &Self, at: Citizen| -> Vec<LegId> {
            let at = room.switch.bridges.iter().filter(|(_, bridge)| bridge.citizen == at);
            at.map(|(call, _)| LegId::caller(*call)).collect()
        };
        match what {
            Meanwhile::Answers(n) => {
                if let Some(leg) = pick(&self.switch.legs(false), *n) {
                    self.switch.answers(leg);
                }
            }
            Meanwhile::Loses(n) => {
                if let Some(leg) = pick(&self.switch.legs(true), *n) {
                    self.switch.lose(leg);
                }
            }
            Meanwhile::HangsUp(n) => {
                if let Some(leg) = pick(&citizens(self, Citizen::There), *n) {
                    self.switch.lose(leg);
                }
            }
            Meanwhile::CitizenAnswers(n) => {
                if let Some(leg) = pick(&citizens(self, Citizen::Dialled), *n) {
                    self.switch.answers(leg);
                }
            }
        }
    }

    /// Everything that the switch holds, as a survey tells it, with what the log says of it.
    fn survey(&self) -> Vec<FoundCall> {
        let leg = |(leg, at): (&LegId, &SimLeg)| {
            let seat = at.seat.clone()?;
            Some(FoundLeg { leg: *leg, seat, answered: at.up, joined: at.joined })
        };
        let outside = |(leg, at): (&LegId, &SimLeg)| {
            let is_outside = at.seat.is_none();
            is_outside.then_some(FoundOutside { leg: *leg, answered: at.up })
        };
        let found = self.switch.bridges.iter().map(|(call, bridge)| {
            let past = Past::of(*call, self.log.iter().cloned());
            FoundCall {
                call: *call,
                arrived_at: self.arrived_at(*call),
                is_call_back: self.eye.is_call_back(*call),
                first_unit: self.eye.first_unit(*call),
                caller_up: bridge.citizen == Citizen::There,
                legs: bridge.legs.iter().filter_map(leg).collect(),
                outside: bridge.legs.iter().filter_map(outside).collect(),
                playing: Some(bridge.program),
                past,
            }
        });
        found.collect()
    }

    /// What the log has of calls that the switch does not hold.
    fn ended_in_the_log(&self) -> Vec<(CallId, Past)> {
        let told: BTreeSet<CallId> =
            self.log.iter().filter_map(|(_, event)| event.call()).collect();
        let gone = told.into_iter().filter(|call| !self.switch.bridges.contains_key(call));
        gone.map(|call| (call, Past::of(call, self.log.iter().cloned()))).collect()
    }

    fn arrived_at(&self, call: CallId) -> siaga_model::Timestamp {
        let arrival = self.log.iter().find(|(_, event)| {
            event.call() == Some(call)
                && matches!(
                    event,
                    FlowEvent::CallerArrived { .. } | FlowEvent::CallBackStarted { .. }
                )
        });
        arrival.map_or(self.now, |(at, _)| *at)
    }

    /// Another hub starts. `back`: one bit a seat, whose desk comes back at once.
    pub(crate) fn comes_back(&mut self, outage: Outage, back: u8) {
        self.journal.push("the hub is back".to_owned());
        self.tally.outage(self.now, &outage.seats);
        self.flow = CallFlow::new(self.eye.config.clone()).expect("a good configuration");
        self.until = None;
        self.unfinished_ends();
        // Whether anything comes from a leg is told anew.
        self.switch.forget_flows();
        for (call, bridge) in &self.switch.bridges {
            if bridge.citizen == Citizen::There && self.eye.knows(*call) {
                self.eye.is_reached(*call);
            }
        }
        let sat: Vec<_> = outage.seats.iter().map(|view| view.seat.clone()).collect();
        let found = Found { calls: self.survey(), ended: self.ended_in_the_log(), seats: sat };
        let known = self.eye.seats_present();
        self.eye.hub_is_back(self.now);
        self.tally_before = Some(outage.before);
        self.before_anything(&Input::Units(units()));
        for view in &outage.seats {
            let seat = &view.seat;
            let tell = |change| Input::Seat { seat: seat.clone(), change };
            if let Some(at) = &view.unit {
                // As the session is stored; nobody has come back to it yet.
                self.before_anything(&tell(SeatChange::LoggedIn(at.clone())));
                let wish = if wants(view) { SeatChange::Ready } else { SeatChange::Pause };
                self.before_anything(&tell(wish));
                self.before_anything(&tell(SeatChange::LoggedOut));
            }
        }
        self.input(Input::Found(found));
        for (n, (id, at)) in SEATS.iter().enumerate() {
            let (logged_in, registered) = known.get(&seat(id)).copied().unwrap_or_default();
            if back & (1 << n) == 0 {
                self.eye.is_gone(&seat(id));
                continue;
            }
            if registered {
                self.change(id, SeatChange::Registered);
            }
            if logged_in {
                self.change(id, SeatChange::LoggedIn(unit(at)));
            }
        }
    }

    /// What a hub tells its core before it is told what lives: nothing is to be done for it.
    fn before_anything(&mut self, input: &Input) {
        self.flow.handle(self.now, input.clone());
        loop {
            match self.flow.poll() {
                Output::Wait { .. } => return,
                Output::Event { at, event } => {
                    self.journal.push(format!("{event:?}"));
                    self.eye.event(at, &event, input);
                    self.events.push(event.clone());
                    self.log.push((at, event));
                }
                Output::SeatChanged(_) => {}
                other @ (Output::Switch(_) | Output::CallChanged(_) | Output::Refused { .. }) => {
                    panic!("{other:?} before anything was found")
                }
            }
        }
    }

    /// Calls that the log has open and the switch has no more: the hub writes that they are over.
    fn unfinished_ends(&mut self) {
        let gone: Vec<CallId> =
            self.eye.alive().filter(|c| !self.switch.bridges.contains_key(c)).collect();
        for call in gone {
            let (by, disposition) = (EndedBy::SwitchLost, Disposition::Abandoned);
            let at = self.now;
            self.over.insert(call, CallPhase::Ended { by, disposition: disposition.clone(), at });
            let event = FlowEvent::Ended { call, by, disposition };
            self.eye.event(self.now, &event, &Input::Switch(SwitchSaw::Lost));
            self.log.push((self.now, event.clone()));
            self.events.push(event);
        }
    }
}
