//! A hub comes back, and calls live on the switch. Two things are known of each: what the switch
//! holds (a *survey*: legs, and whether the caller is there), and what the log of the last hub says
//! ([`Past`]). The switch is right about legs, the log about what they are to each other; and the
//! log may lack its last lines.
//!
//! So the call is put where the switch has it, and the events that lead there from the last line of
//! the log are told: the log goes on as if nobody had been away. No caller is left alone on the way:
//! whoever stays is joined first, then what the caller hears is set, and what has no place any more
//! is hung up last.

use crate::call::{Call, Giver, Held, State, Talking, Target, Transfer, Waiting, WithOutside};
use crate::line::{Line, Numbers};
use crate::outside::Outside;
use crate::party::{Party, Reach};
use crate::past::{Past, Stands};
use crate::{CallFlow, CallPhase, CallView, FlowEvent, Handover, Program, Reclaim, SwitchCommand};
use siaga_model::{
    CallBackFailure, CallId, Disposition, EndedBy, LegCause, LegId, ReclaimCause, SeatId,
    Timestamp, UnitId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long seats are expected back after their hub is: until then an empty level proves nothing,
/// and nobody is told to stay on the line because nobody can ring.
pub const SETTLING: Duration = Duration::from_secs(3);

/// Numbers that are passed over: of legs that rang and of which neither the log nor the switch knows.
const LEGS_UNSEEN: u16 = 256;

/// Why somebody who was with the caller is not: the switch has said it when nobody listened.
const UNHEARD: LegCause = LegCause::Failed;

/// What a hub finds that starts again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The calls that the switch holds.
    pub calls: Vec<FoundCall>,
    /// Calls that have ended, as the log tells them, and whose caller may come back from the switch's
    /// own queue. Those of the last hours are enough.
    pub ended: Vec<(CallId, Past)>,
    /// Seats at which somebody was logged in: they are expected back, and what they do now is told
    /// to the log, whose last word about them is from before.
    pub seats: Vec<SeatId>,
}

/// A call that lives on the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCall {
    /// The call.
    pub call: CallId,
    /// When it reached the switch.
    pub arrived_at: Timestamp,
    /// Whether an operator called the citizen.
    pub is_call_back: bool,
    /// The unit that comes first for it, where the log does not name it (a call back).
    pub first_unit: Option<UnitId>,
    /// Whether the citizen is on the line.
    pub caller_up: bool,
    /// The legs of seats.
    pub legs: Vec<FoundLeg>,
    /// The legs of people outside.
    pub outside: Vec<FoundOutside>,
    /// What the caller hears beside people, if the switch knows.
    pub playing: Option<Program>,
    /// What the log says.
    pub past: Past,
}

/// The leg of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLeg {
    /// The leg.
    pub leg: LegId,
    /// The seat.
    pub seat: SeatId,
    /// It is up, rather than ringing.
    pub answered: bool,
    /// It is in the conversation.
    pub joined: bool,
}

/// The leg of somebody outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundOutside {
    /// The leg.
    pub leg: LegId,
    /// It is up, rather than ringing.
    pub answered: bool,
}

/// A call of the last hub.
enum Before {
    Live(Box<FoundCall>),
    Ended(Box<Past>),
}

/// Who is up in a call, and what is to be hung up.
#[derive(Debug, Default)]
struct People {
    /// One leg a seat: the newest, for the desk has moved over to it.
    up: BTreeMap<SeatId, FoundLeg>,
    /// Seats that had an older one too.
    moved: BTreeSet<SeatId>,
    /// Legs that ring, older legs, legs of seats that are in another call.
    surplus: Vec<LegId>,
}

impl People {
    fn take(&mut self, seat: &SeatId) -> Option<FoundLeg> {
        self.up.remove(seat)
    }

    /// Of those whom the log does not place: the one who came last, before all one who is heard.
    fn take_any(&mut self) -> Option<FoundLeg> {
        let last = self.up.values().max_by_key(|leg| (leg.joined, leg.leg.n))?.seat.clone();
        self.take(&last)
    }
}

impl CallFlow {
    pub(crate) fn found(&mut self, found: Found) {
        if !found.seats.is_empty() {
            self.settling_until = Some(self.now + SETTLING);
        }
        for seat in &found.seats {
            self.seat_found(seat);
        }
        let mut calls: BTreeMap<CallId, Before> = BTreeMap::new();
        calls.extend(
            found.ended.into_iter().map(|(call, past)| (call, Before::Ended(Box::new(past)))),
        );
        let live = found.calls.into_iter().map(|found| (found.call, Before::Live(Box::new(found))));
        calls.extend(live);
        // In the order of arrival, so that everybody keeps the place.
        for (call, before) in calls {
            match before {
                Before::Live(found) => self.take_over(*found),
                Before::Ended(past) => self.keep_of_before(call, &past),
            }
        }
    }

    fn keep_of_before(&mut self, call: CallId, past: &Past) {
        let last_leg = past.legs.saturating_add(LEGS_UNSEEN);
        self.ended.keep_of_before(call, Numbers { arrival: self.arrivals, last_leg });
        self.arrivals += 1;
    }

    pub(crate) fn is_settling(&self) -> bool {
        self.settling_until.is_some_and(|until| until > self.now)
    }

    /// Whoever is not back by now is not expected any more.
    pub(crate) fn settled(&mut self) {
        self.settling_until = None;
        self.staffing_changed = true;
    }

    fn take_over(&mut self, found: FoundCall) {
        let id = found.call;
        if self.calls.contains_key(&id) || self.ended.contains(id) {
            return;
        }
        let FoundCall { arrived_at, caller_up, is_call_back, playing, legs, outside, .. } = found;
        let mut past = found.past;
        let first_unit = past.first_unit.clone().or(found.first_unit);
        match past.stands {
            // Whoever counted it as ended had only lost sight of its caller.
            Stands::Ended { .. } if caller_up && !past.is_over() => {
                let event = FlowEvent::CallerArrived { call: id, first_unit: first_unit.clone() };
                past.read(self.now, event.clone());
                self.event(event);
            }
            // Its end was written down, and not done.
            Stands::Ended { .. } => return self.command(SwitchCommand::End(id)),
            // Nobody was told of it, and nobody is on the line.
            Stands::Unknown if is_call_back && !caller_up => {
                return self.command(SwitchCommand::End(id));
            }
            Stands::Unknown => {
                let first_unit = first_unit.clone();
                self.event(FlowEvent::CallerArrived { call: id, first_unit });
            }
            Stands::Waiting { .. }
            | Stands::CallingBack { .. }
            | Stands::Talking { .. }
            | Stands::Held { .. }
            | Stands::Transferring { .. }
            | Stands::WithOutside { .. } => {}
        }
        let first_level = self.first_level(first_unit.as_ref());
        let last_level = self.config.levels.len().saturating_sub(1);
        let found_legs =
            legs.iter().map(|leg| leg.leg.n).chain(outside.iter().map(|leg| leg.leg.n));
        let last_leg = found_legs.max().unwrap_or(0).max(past.legs);
        let leg = last_leg.saturating_add(LEGS_UNSEEN);
        self.event(FlowEvent::TakenOver { call: id, leg });
        // Had it counted as ended since the hub started, it keeps its place all the same.
        let arrival = self.ended.place_of_before(id).unwrap_or_else(|| {
            self.arrivals += 1;
            self.arrivals - 1
        });
        let mut line = Line {
            first_unit,
            picked: past.picked.clone(),
            first_level,
            level: past.level.clamp(first_level, last_level),
            requeued: past.requeued,
            silence: past.silence,
            playing,
            ..Line::new(id, arrival, arrived_at)
        };
        line.numbers.last_leg = leg;
        if !caller_up {
            return self.left_meanwhile(line, past);
        }
        let mut people = self.people(legs);
        self.outside_found(&mut line, &past, outside, &mut people);
        let state = self.state_found(&mut line, &past, &mut people);
        for party in state.parties() {
            self.seat_found_talking(&party.seat, id);
            if people.moved.contains(&party.seat) {
                self.event(FlowEvent::LegReplaced { call: id, seat: party.seat.clone() });
            }
        }
        let others = people.up.into_values().map(|leg| leg.leg);
        for leg in others.chain(people.surplus) {
            self.command(SwitchCommand::HangUp(leg));
        }
        self.calls.insert(id, Call { line, state });
        self.advance(id, |_, _, state| Some(state));
    }

    /// Whoever outside is up stays in the conversation, if the log knows them; a ringing is given up.
    fn outside_found(
        &mut self,
        line: &mut Line,
        past: &Past,
        mut found: Vec<FoundOutside>,
        people: &mut People,
    ) {
        let call = line.id;
        let last =
            found.iter().filter(|one| one.answered).map(|one| one.leg).max_by_key(|leg| leg.n);
        match (&past.outside, last) {
            (Some((party, answered)), Some(leg)) => {
                found.retain(|one| one.leg != leg);
                line.outside = Some(Outside::found(leg, party.clone(), self.now));
                self.command(SwitchCommand::Join(leg));
                if !answered {
                    self.event(FlowEvent::OutsideAnswered { call });
                }
            }
            (Some((_, answered)), None) => {
                let answered = *answered;
                self.event(FlowEvent::OutsideGone { call, answered, cause: UNHEARD });
            }
            (None, _) => {}
        }
        people.surplus.extend(found.into_iter().map(|one| one.leg));
    }

    /// Sorts the legs of a call.
    fn people(&self, mut legs: Vec<FoundLeg>) -> People {
        let mut people = People::default();
        legs.sort_by_key(|leg| leg.leg.n);
        for leg in legs {
            // A seat has one call.
            if !leg.answered || self.has_a_leg(&leg.seat) {
                people.surplus.push(leg.leg);
                continue;
            }
            let seat = leg.seat.clone();
            if let Some(older) = people.up.insert(seat.clone(), leg) {
                people.surplus.push(older.leg);
                people.moved.insert(seat);
            }
        }
        people
    }

    /// Where the call stands, told from where the log left it; whoever stays is joined, and what the
    /// caller hears is set.
    fn state_found(&mut self, line: &mut Line, past: &Past, people: &mut People) -> State {
        let call = line.id;
        let owner = past.owner().and_then(|seat| people.take(seat));
        match (past.stands.clone(), owner) {
            (Stands::Transferring { from, unit, since, to, answered }, giver) => {
                let target = to.filter(|to| *to != from).and_then(|to| people.take(&to));
                match (giver, target) {
                    (Some(giver), Some(target)) => {
                        self.answered_transfer(line, giver, target, unit, since, answered)
                    }
                    (Some(giver), None) => self.given_back(line, giver, unit),
                    (None, Some(target)) => {
                        self.handed_over(call, &target.seat, answered);
                        self.talks_found(line, target, None)
                    }
                    (None, None) => {
                        let lost = self.both_lost(call, past, from);
                        self.lost_meanwhile(line, lost, people)
                    }
                }
            }
            (Stands::Held { since, .. }, Some(leg)) if !leg.joined => {
                self.play(line, Program::Music);
                State::Held(Held { party: party(leg), since })
            }
            (Stands::Held { .. }, Some(leg)) => {
                self.event(FlowEvent::Resumed { call });
                self.talks_found(line, leg, None)
            }
            (Stands::Talking { since, reclaimed, .. }, Some(leg)) => {
                self.disposal_undone(call, past);
                self.talks_found(line, leg, Some((since, reclaimed)))
            }
            (Stands::CallingBack { seat }, Some(leg)) => {
                self.event(FlowEvent::Answered { call, seat });
                self.talks_found(line, leg, None)
            }
            (Stands::Talking { seat, .. } | Stands::Held { seat, .. }, None) => {
                self.disposal_undone(call, past);
                self.lost_meanwhile(line, seat, people)
            }
            (Stands::CallingBack { seat }, None) => {
                self.event(FlowEvent::Answered { call, seat: seat.clone() });
                self.lost_meanwhile(line, seat, people)
            }
            (Stands::Waiting { since }, _) => {
                self.waits_found(line, people, Some((since, past.announced)))
            }
            (Stands::WithOutside { from, since }, _) if line.is_with_outside() => {
                self.play(line, Program::Quiet);
                State::WithOutside(WithOutside { from, since, said: None })
            }
            (Stands::WithOutside { .. }, _) => {
                line.requeued = true;
                self.waits_found(line, people, None)
            }
            (Stands::Unknown | Stands::Ended { .. }, _) => self.waits_found(line, people, None),
        }
    }

    /// A human is with the caller.
    fn talks_found(
        &mut self,
        line: &mut Line,
        leg: FoundLeg,
        before: Option<(Timestamp, Option<Reclaim>)>,
    ) -> State {
        let (since, reclaimed) = before.unwrap_or((self.now, None));
        self.command(SwitchCommand::Join(leg.leg));
        self.play(line, Program::Quiet);
        State::Talking(Talking { reclaimed, ..Talking::new(party(leg), since) })
    }

    /// The caller had nobody, as far as the log knows. `before`: since when, and whether told so.
    fn waits_found(
        &mut self,
        line: &mut Line,
        people: &mut People,
        before: Option<(Timestamp, bool)>,
    ) -> State {
        if let Some(leg) = people.take_any() {
            let (call, seat) = (line.id, leg.seat.clone());
            self.event(FlowEvent::Answered { call, seat });
            return self.talks_found(line, leg, None);
        }
        let Some((since, announced)) = before else { return self.waits(line) };
        let state = State::Waiting(Waiting {
            since,
            level_until: self.level_until(line.level),
            refused: BTreeSet::new(),
            again_at: None,
            announced,
            ring: None,
        });
        self.play(line, state.program(line));
        state
    }

    /// Whoever had the caller is gone: to the front of the queue, unless somebody else is there.
    fn lost_meanwhile(&mut self, line: &mut Line, lost: SeatId, people: &mut People) -> State {
        let call = line.id;
        line.requeued = true;
        self.event(FlowEvent::Requeued { call, lost, cause: UNHEARD });
        self.waits_found(line, people, None)
    }

    /// The log may not know yet that the unit has answered.
    fn handed_over(&mut self, call: CallId, seat: &SeatId, answered: bool) {
        if !answered {
            self.event(FlowEvent::TransferAnswered { call, seat: seat.clone() });
        }
        self.event(FlowEvent::TransferDone { call, seat: seat.clone(), heard: false });
    }

    /// Neither of the two is there; gives whom the caller has lost.
    fn both_lost(&mut self, call: CallId, past: &Past, from: SeatId) -> SeatId {
        match &past.stands {
            Stands::Transferring { to: Some(to), answered: true, .. } => {
                let to = to.clone();
                self.handed_over(call, &to, true);
                to
            }
            Stands::Transferring { .. }
            | Stands::Unknown
            | Stands::Waiting { .. }
            | Stands::CallingBack { .. }
            | Stands::Talking { .. }
            | Stands::Held { .. }
            | Stands::WithOutside { .. }
            | Stands::Ended { .. } => from,
        }
    }

    /// Both are there: the unit is given its time anew to be heard, and who hands over goes only
    /// then, as ever.
    fn answered_transfer(
        &mut self,
        line: &mut Line,
        giver: FoundLeg,
        target: FoundLeg,
        unit: UnitId,
        since: Timestamp,
        answered: bool,
    ) -> State {
        let (call, seat) = (line.id, target.seat.clone());
        let handover = if giver.joined { Handover::Together } else { Handover::Music };
        self.command(SwitchCommand::Join(target.leg));
        let heard_by = self.now + self.config.heard_within;
        let state = State::Transferring(Transfer {
            giver: Giver::Up(party(giver)),
            unit,
            handover,
            since,
            ring_until: self.now,
            refused: BTreeSet::new(),
            target: Target::Answered { party: party(target), heard_by },
        });
        self.play(line, state.program(line));
        if !answered {
            self.event(FlowEvent::TransferAnswered { call, seat });
        }
        state
    }

    /// The unit is not there, or only rang: its ringing is given up, and who hands over has the
    /// caller.
    fn given_back(&mut self, line: &mut Line, giver: FoundLeg, unit: UnitId) -> State {
        let (call, seat, cause) = (line.id, giver.seat.clone(), ReclaimCause::Lost);
        let reclaimed = Some(Reclaim { cause, unit: unit.clone(), at: self.now });
        let state = self.talks_found(line, giver, Some((self.now, reclaimed)));
        self.event(FlowEvent::Reclaimed { call, seat, unit, cause });
        state
    }

    /// Nobody could undo it meanwhile: the operator says it again, or something else.
    fn disposal_undone(&mut self, call: CallId, past: &Past) {
        if past.disposing.is_some() {
            self.event(FlowEvent::DisposalUndone { call });
        }
    }

    /// The citizen is not on the line any more, or never was.
    fn left_meanwhile(&mut self, line: Line, past: Past) {
        let call = line.id;
        let (by, disposition) = match past.stands {
            Stands::CallingBack { .. } => (EndedBy::NotReached, Disposition::NotReached),
            Stands::Unknown
            | Stands::Waiting { .. }
            | Stands::Talking { .. }
            | Stands::Held { .. }
            | Stands::Transferring { .. }
            | Stands::Ended { .. } => (EndedBy::Caller, Disposition::Abandoned),
            Stands::WithOutside { .. } => (EndedBy::Caller, Disposition::HandledHere),
        };
        self.command(SwitchCommand::End(call));
        if by == EndedBy::NotReached {
            self.event(FlowEvent::CallBackFailed { call, why: CallBackFailure::Failed });
        }
        self.event(FlowEvent::Ended { call, by, disposition: disposition.clone() });
        let writer = match by {
            EndedBy::Caller => past.owner().filter(|seat| !self.has_a_leg(seat)).cloned(),
            EndedBy::Closing | EndedBy::NotReached | EndedBy::SwitchLost => None,
        };
        let view = CallView {
            call,
            phase: CallPhase::Ended { by, disposition, at: self.now },
            picked: line.picked,
            arrived_at: line.arrived_at,
            first_unit: line.first_unit,
            silence: line.silence.into(),
            rejoining: Vec::new(),
            outside: None,
        };
        self.ended.keep(view, writer.clone(), line.numbers);
        if let Some(seat) = writer {
            self.seat_found(&seat);
            self.seat_writes_up(&seat, call);
            // A disposal that ran when the caller hung up was said.
            if let Some(said) = past.disposing
                && self.ended.dispose(call, &seat, &said).is_ok()
            {
                self.event(FlowEvent::Disposed { call, seat, disposition: said });
            }
        }
        self.show_call(call);
    }
}

fn party(leg: FoundLeg) -> Party {
    Party { seat: leg.seat, reach: Reach::Leg(leg.leg), flows: false }
}
