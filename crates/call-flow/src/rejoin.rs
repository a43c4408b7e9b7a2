//! A desk that lives, but whose leg does not: its next leg takes the place of the old one. The caller
//! stays this seat's, with music when nobody else is there; only when the next leg does not come in
//! time is the seat lost, for the reason for which the old leg was.

use crate::call::{Giver, Held, State, Talking, Transfer};
use crate::party::{Party, Reach};
use crate::{CallFlow, FlowEvent, Refusal, SwitchCommand};
use siaga_model::{CallId, LegCause, LegId, SeatId};

impl State {
    /// Whether this party's leg is up but set aside.
    fn is_apart(&self, seat: &SeatId) -> bool {
        match self {
            Self::Held(Held { party, .. }) => party.seat == *seat,
            Self::Transferring(Transfer { giver: Giver::Up(party), handover, .. }) => {
                party.seat == *seat && *handover == crate::Handover::Music
            }
            Self::Transferring(Transfer { giver: Giver::Lost { .. }, .. })
            | Self::Waiting(_)
            | Self::Talking(_)
            | Self::WithOutside(_)
            | Self::Finishing(_)
            | Self::CallingBack(_) => false,
        }
    }
}

impl CallFlow {
    /// Rings the seat with its next leg. Asked again, the leg before is given up; the time begins
    /// anew only while the old leg lives, for a caller without a human does not wait longer.
    pub(crate) fn rejoin(&mut self, call: CallId, seat: &SeatId) -> Result<(), Refusal> {
        let Some(live) = self.calls.get(&call) else { return Err(Refusal::NoSuchCall) };
        if !live.state.parties().any(|party| party.seat == *seat) {
            return Err(match live.state.owner() {
                Some(owner) if owner != seat => Refusal::NotYours,
                Some(_) | None => Refusal::NotNow,
            });
        }
        self.advance(call, |flow, line, mut state| {
            let until = flow.now + flow.config.rejoin;
            if let Some(party) = state.parties_mut().find(|party| party.seat == *seat) {
                let new = line.new_leg();
                if let Some(before) = party.next() {
                    flow.command(SwitchCommand::HangUp(before));
                }
                party.reach = match party.reach {
                    Reach::Leg(old) | Reach::Replacing { old, .. } => {
                        Reach::Replacing { old, new, until }
                    }
                    Reach::Coming { until, cause, .. } => Reach::Coming { new, until, cause },
                };
                flow.command(SwitchCommand::Ring { leg: new, seat: seat.clone() });
            }
            Some(state)
        });
        Ok(())
    }

    /// The next leg is up: it takes the place of the old one, which goes last.
    pub(crate) fn next_leg_answered(&mut self, new: LegId) {
        let call = new.call;
        self.advance(call, |flow, line, mut state| {
            let joining = state.parties_mut().find(|party| party.next() == Some(new));
            let Some(party) = joining else { return Some(state) };
            let (seat, old) = (party.seat.clone(), party.live());
            party.reach = Reach::Leg(new);
            party.flows = false;
            if !state.is_apart(&seat) {
                flow.command(SwitchCommand::Join(new));
            }
            flow.play(line, state.program(line));
            if let Some(old) = old {
                flow.command(SwitchCommand::HangUp(old));
            }
            flow.event(FlowEvent::LegReplaced { call, seat });
            Some(state)
        });
    }

    /// The leg of a seat that has answered is gone. One that gets another leg keeps its place.
    pub(crate) fn party_gone(&mut self, leg: LegId, cause: LegCause) {
        let reach = self.calls.get(&leg.call).and_then(|call| {
            let party = call.state.parties().find(|party| party.live() == Some(leg))?;
            Some(party.reach)
        });
        match reach {
            Some(Reach::Replacing { old, new, until }) => {
                self.is_coming(old, Reach::Coming { new, until, cause });
            }
            Some(Reach::Leg(_) | Reach::Coming { .. }) => self.party_lost(leg, cause),
            None => {}
        }
    }

    /// A seat that has answered is lost, whose leg this is or was to be.
    fn party_lost(&mut self, leg: LegId, cause: LegCause) {
        let call = leg.call;
        match self.calls.get(&call).map(|call| &call.state) {
            Some(State::Talking(_) | State::Held(_) | State::Finishing(_)) => {
                self.owner_lost(call, cause);
            }
            Some(State::Transferring(transfer)) => {
                let giver = transfer.giver.party();
                if giver.is_some_and(|party| party.legs().any(|at| at == leg)) {
                    self.giver_lost(call, cause);
                } else {
                    self.target_lost(call, cause);
                }
            }
            Some(State::Waiting(_) | State::CallingBack(_) | State::WithOutside(_)) | None => {}
        }
    }

    fn is_coming(&mut self, old: LegId, coming: Reach) {
        let call = old.call;
        self.advance(call, |flow, line, mut state| {
            if let Some(party) = state.parties_mut().find(|party| party.live() == Some(old)) {
                party.reach = coming;
            }
            // Nobody ends a call, or listens for a sign, who cannot hear the line.
            if let State::Talking(talking) = state {
                flow.not_disposed(call, talking.disposing.as_ref());
                state = State::Talking(Talking { disposing: None, listening: None, ..talking });
            }
            flow.play(line, state.program(line));
            Some(state)
        });
    }

    /// The next leg did not come up: the old one goes on, or the seat is lost.
    pub(crate) fn next_leg_failed(&mut self, new: LegId) {
        let party = self.calls.get(&new.call).and_then(|call| {
            call.state.parties().find(|party| party.next() == Some(new)).map(|party| party.reach)
        });
        match party {
            Some(Reach::Replacing { old, .. }) => {
                self.advance(new.call, |_, _, mut state| {
                    if let Some(party) = state.parties_mut().find(|at| at.next() == Some(new)) {
                        party.reach = Reach::Leg(old);
                    }
                    Some(state)
                });
            }
            Some(Reach::Coming { cause, .. }) => self.party_lost(new, cause),
            Some(Reach::Leg(_)) | None => {}
        }
    }

    /// A next leg has rung long enough.
    pub(crate) fn rejoin_due(&mut self, call: CallId) {
        let now = self.now;
        let due = self.calls.get(&call).and_then(|call| {
            let is_due = |party: &&Party| party.next_until().is_some_and(|until| until <= now);
            call.state.parties().find(is_due).and_then(Party::next)
        });
        if let Some(new) = due {
            // Lost first, then hung up: what the caller hears instead comes before.
            self.next_leg_failed(new);
            self.command(SwitchCommand::HangUp(new));
        }
    }

    /// A desk is gone, with every leg that it has in this call.
    pub(crate) fn desk_gone(&mut self, call: CallId, seat: &SeatId, cause: LegCause) {
        let Some(live) = self.calls.get(&call) else { return };
        let party = live.state.parties().find(|party| party.seat == *seat);
        let next = party.and_then(Party::next);
        if let Some(next) = next {
            self.next_leg_failed(next);
            self.command(SwitchCommand::HangUp(next));
        }
        let leg = self.calls.get(&call).and_then(|call| call.state.leg_of(seat));
        if let Some(leg) = leg {
            // Music, or somebody else, first; the dead leg afterwards.
            self.leg_gone(leg, cause);
            self.command(SwitchCommand::HangUp(leg));
        }
    }
}
