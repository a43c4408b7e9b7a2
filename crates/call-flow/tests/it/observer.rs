//! The reference: a switch that replays [`SwitchCommand`]s and knows nothing else of the core. From
//! what it holds, anybody can say what a caller hears.

use siaga_call_flow::{Program, Prompt, SwitchCommand};
use siaga_model::{CallId, LegId, SeatId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(crate) struct SimLeg {
    /// `None`: somebody outside.
    pub(crate) seat: Option<SeatId>,
    pub(crate) up: bool,
    pub(crate) joined: bool,
    /// Something comes from it.
    pub(crate) flows: bool,
    /// It rings, or has rung, to take the place of another leg of its seat.
    pub(crate) next: bool,
}

/// Where the citizen of a bridge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Citizen {
    /// The bridge was opened to call somebody back.
    NotDialled,
    Dialled,
    There,
    Gone,
}

#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) citizen: Citizen,
    pub(crate) program: Program,
    pub(crate) legs: BTreeMap<LegId, SimLeg>,
}

impl Bridge {
    /// A caller who is there hears a live human, or something played.
    pub(crate) fn is_served(&self) -> bool {
        let is_played = match self.program {
            // The prompt of the silent-call procedure is followed by silence.
            Program::Quiet | Program::Prompt(Prompt::SilenceCheck) => false,
            Program::Music | Program::SoftRingback | Program::Prompt(Prompt::PleaseWait) => true,
        };
        self.citizen != Citizen::There || is_played || self.has_human()
    }

    /// A live leg is in the conversation.
    pub(crate) fn has_human(&self) -> bool {
        self.legs.values().any(|leg| leg.up && leg.joined)
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
        self.ended.remove(&call);
        self.bridges.entry(call).or_insert_with(|| Bridge {
            citizen: Citizen::There,
            program: Program::Music,
            legs: BTreeMap::new(),
        });
    }

    pub(crate) fn leg(&mut self, leg: LegId) -> Option<&mut SimLeg> {
        self.bridges.get_mut(&leg.call)?.legs.get_mut(&leg)
    }

    pub(crate) fn lose(&mut self, leg: LegId) {
        if let Some(bridge) = self.bridges.get_mut(&leg.call) {
            if leg.is_caller() {
                bridge.citizen = Citizen::Gone;
            } else {
                bridge.legs.remove(&leg);
            }
        }
    }

    /// A leg is answered; says whether it is a citizen's who was called back.
    pub(crate) fn answers(&mut self, leg: LegId) -> bool {
        if let Some(bridge) = self.bridges.get_mut(&leg.call)
            && leg.is_caller()
            && bridge.citizen == Citizen::Dialled
        {
            bridge.citizen = Citizen::There;
            return true;
        }
        if let Some(leg) = self.leg(leg) {
            leg.up = true;
        }
        false
    }

    pub(crate) fn forget_flows(&mut self) {
        for bridge in self.bridges.values_mut() {
            bridge.legs.values_mut().for_each(|leg| leg.flows = false);
        }
    }

    /// Something comes from a leg that is up.
    pub(crate) fn flows(&mut self, leg: LegId) {
        if let Some(leg) = self.leg(leg) {
            leg.flows |= leg.up;
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

    /// Legs of people outside that ring.
    pub(crate) fn outside_rung(&self) -> Vec<LegId> {
        let legs = self.bridges.values().flat_map(|bridge| &bridge.legs);
        legs.filter(|(_, leg)| leg.seat.is_none() && !leg.up).map(|(id, _)| *id).collect()
    }

    /// Calls whose citizen is rung.
    pub(crate) fn dialled(&self) -> Vec<CallId> {
        let dialled = self.bridges.iter().filter(|(_, at)| at.citizen == Citizen::Dialled);
        dialled.map(|(call, _)| *call).collect()
    }

    pub(crate) fn legs_of(&self, seat: &SeatId) -> Vec<LegId> {
        self.bridges
            .values()
            .flat_map(|bridge| &bridge.legs)
            .filter(|(_, leg)| leg.seat.as_ref() == Some(seat))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Obeys, and says what is wrong with the command. `rejoins`: the seat that asked for a new leg.
    pub(crate) fn obey(
        &mut self,
        command: &SwitchCommand,
        rejoins: Option<&SeatId>,
    ) -> Result<(), String> {
        let call = match command {
            SwitchCommand::Ring { leg, .. }
            | SwitchCommand::DialOut { leg, .. }
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
                let next = rejoins == Some(seat);
                let others = self.legs_of(seat);
                let is_up = |leg: &LegId| leg.call == call && self.bridges[&call].legs[leg].up;
                if others.len() > usize::from(next) || !others.iter().all(is_up) {
                    return wrong("the seat has a live leg already");
                }
                if leg.is_caller() || !self.used.insert(*leg) {
                    return wrong("the leg's number is taken");
                }
                let Some(bridge) = self.bridges.get_mut(&call) else {
                    return wrong("there is no such call");
                };
                if !next && bridge.legs.values().any(|leg| !leg.up && !leg.next) {
                    return wrong("the call rings somewhere already");
                }
                let seat = Some(seat.clone());
                bridge
                    .legs
                    .insert(*leg, SimLeg { seat, up: false, joined: false, flows: false, next });
            }
            SwitchCommand::Open { call } => {
                if self.ended.contains(call) || self.bridges.contains_key(call) {
                    return wrong("there is such a call");
                }
                let (citizen, legs) = (Citizen::NotDialled, BTreeMap::new());
                self.bridges.insert(*call, Bridge { citizen, program: Program::Quiet, legs });
            }
            SwitchCommand::Dial { .. } => match self.bridges.get_mut(&call) {
                Some(bridge) if bridge.citizen == Citizen::NotDialled => {
                    if !bridge.has_human() || bridge.program != Program::SoftRingback {
                        return wrong("the citizen would answer into silence");
                    }
                    bridge.citizen = Citizen::Dialled;
                }
                Some(_) => return wrong("the citizen is dialled already"),
                None => return wrong("there is no such call"),
            },
            SwitchCommand::DialOut { leg, .. } => {
                if leg.is_caller() || !self.used.insert(*leg) {
                    return wrong("the leg's number is taken");
                }
                let Some(bridge) = self.bridges.get_mut(&call) else {
                    return wrong("there is no such call");
                };
                if bridge.citizen != Citizen::There || !bridge.has_human() {
                    return wrong("somebody outside would answer to nobody of ours");
                }
                if bridge.legs.values().any(|leg| leg.seat.is_none() || !leg.up && !leg.next) {
                    return wrong("the call rings somewhere already, or somebody outside is there");
                }
                let leg_made =
                    SimLeg { seat: None, up: false, joined: false, flows: false, next: false };
                bridge.legs.insert(*leg, leg_made);
            }
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
