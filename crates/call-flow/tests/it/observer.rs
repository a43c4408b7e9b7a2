//! The reference: a switch that replays [`SwitchCommand`]s and knows nothing else of the core. From
//! what it holds, anybody can say what a caller hears.

use siaga_call_flow::{Program, SwitchCommand};
use siaga_model::{CallId, LegId, SeatId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(crate) struct SimLeg {
    pub(crate) seat: SeatId,
    pub(crate) up: bool,
    pub(crate) joined: bool,
}

#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) caller_up: bool,
    pub(crate) program: Program,
    pub(crate) legs: BTreeMap<LegId, SimLeg>,
}

impl Bridge {
    /// A caller who is there hears a live human, or something played.
    pub(crate) fn is_served(&self) -> bool {
        !self.caller_up
            || self.program != Program::Quiet
            || self.legs.values().any(|leg| leg.up && leg.joined)
    }
}

#[derive(Debug, Default)]
pub(crate) struct SimSwitch {
    pub(crate) bridges: BTreeMap<CallId, Bridge>,
    /// Every leg there ever was: a number is never used twice.
    pub(crate) used: BTreeSet<LegId>,
    ended: BTreeSet<CallId>,
}

impl SimSwitch {
    pub(crate) fn arrive(&mut self, call: CallId) {
        if !self.ended.contains(&call) {
            self.bridges.entry(call).or_insert_with(|| Bridge {
                caller_up: true,
                program: Program::Music,
                legs: BTreeMap::new(),
            });
        }
    }

    pub(crate) fn leg(&mut self, leg: LegId) -> Option<&mut SimLeg> {
        self.bridges.get_mut(&leg.call)?.legs.get_mut(&leg)
    }

    pub(crate) fn lose(&mut self, leg: LegId) {
        if let Some(bridge) = self.bridges.get_mut(&leg.call) {
            if leg.is_caller() {
                bridge.caller_up = false;
            } else {
                bridge.legs.remove(&leg);
            }
        }
    }

    /// Live legs, ringing (`up` false) or up.
    pub(crate) fn legs(&self, up: bool) -> Vec<LegId> {
        self.bridges
            .values()
            .flat_map(|bridge| &bridge.legs)
            .filter(|(_, leg)| leg.up == up)
            .map(|(id, _)| *id)
            .collect()
    }

    pub(crate) fn legs_of(&self, seat: &SeatId) -> Vec<LegId> {
        self.bridges
            .values()
            .flat_map(|bridge| &bridge.legs)
            .filter(|(_, leg)| leg.seat == *seat)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Obeys, and says what is wrong with the command.
    pub(crate) fn obey(&mut self, command: &SwitchCommand) -> Result<(), String> {
        let call = match command {
            SwitchCommand::Ring { leg, .. }
            | SwitchCommand::Join(leg)
            | SwitchCommand::Detach(leg)
            | SwitchCommand::HangUp(leg) => leg.call,
            SwitchCommand::Play { call, .. }
            | SwitchCommand::Open { call }
            | SwitchCommand::Dial { call, .. }
            | SwitchCommand::End(call) => *call,
        };
        let was_served = self.bridges.get(&call).is_none_or(Bridge::is_served);
        let wrong = |what: &str| Err(format!("{command:?}: {what}"));
        match command {
            SwitchCommand::Ring { leg, seat } => {
                if !self.legs_of(seat).is_empty() {
                    return wrong("the seat has a live leg already");
                }
                if leg.is_caller() || !self.used.insert(*leg) {
                    return wrong("the leg's number is taken");
                }
                let Some(bridge) = self.bridges.get_mut(&call) else {
                    return wrong("there is no such call");
                };
                if bridge.legs.values().any(|leg| !leg.up) {
                    return wrong("the call rings somewhere already");
                }
                bridge.legs.insert(*leg, SimLeg { seat: seat.clone(), up: false, joined: false });
            }
            SwitchCommand::Open { .. } | SwitchCommand::Dial { .. } => {}
            SwitchCommand::Join(leg) => match self.leg(*leg) {
                Some(leg) if leg.up => leg.joined = true,
                Some(_) => return wrong("the leg only rings"),
                None => return wrong("the leg is gone"),
            },
            SwitchCommand::Detach(leg) => match self.leg(*leg) {
                Some(leg) => leg.joined = false,
                None => return wrong("the leg is gone"),
            },
            SwitchCommand::HangUp(leg) => {
                if leg.is_caller() {
                    return wrong("the caller is never hung up");
                }
                self.lose(*leg);
            }
            SwitchCommand::Play { program, .. } => match self.bridges.get_mut(&call) {
                Some(bridge) => bridge.program = *program,
                None => return wrong("there is no such call"),
            },
            SwitchCommand::End(call) => {
                if self.bridges.remove(call).is_none() || !self.ended.insert(*call) {
                    return wrong("the call has ended already");
                }
            }
        }
        let is_served = self.bridges.get(&call).is_none_or(Bridge::is_served);
        if was_served && !is_served { wrong("leaves the caller in silence") } else { Ok(()) }
    }
}
