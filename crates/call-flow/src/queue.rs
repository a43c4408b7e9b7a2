//! From arrival to the first answer: who is asked about a waiting call, in which order, and what
//! happens when nobody takes it. A caller waits here as long as it takes.

use crate::call::{Call, Ring, State, Talking, Waiting};
use crate::ended::Reopened;
use crate::line::Line;
use crate::party::Rung;
use crate::{CallFlow, FlowEvent, LevelStep, Program, SwitchCommand};
use siaga_model::{CallFacts, CallId, LegCause, SeatId, Timestamp, Unit, UnitId};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a call rests after every ready seat has refused it, before they are asked again. It keeps
/// two telephones that say "busy" by themselves from being rung a thousand times a second.
pub const OFFER_AGAIN: Duration = Duration::from_secs(2);

impl CallFlow {
    /// A caller is on the line: told again of a call that lives it changes nothing. One that was
    /// counted as ended goes on, before those who have had nobody: whoever it was that had lost sight
    /// of its caller (a hub, a link, the switch's own queue), it was not the caller who had gone.
    pub(crate) fn arrive(&mut self, id: CallId, facts: &CallFacts, first_unit: Option<UnitId>) {
        if self.calls.contains_key(&id) {
            return;
        }
        let reopened = self.ended.reopen(id);
        let first_level = self.first_level(first_unit.as_ref());
        let mut line = Line {
            first_unit,
            first_level,
            level: first_level,
            requeued: reopened.is_some(),
            ..Line::new(id, self.arrivals, facts.arrived_at)
        };
        self.arrivals += 1;
        let is_next_hub = reopened.as_ref().is_some_and(|before| before.by_next_hub);
        if let Some(Reopened { writer, numbers, .. }) = reopened {
            line.numbers = numbers;
            if let Some(writer) = writer {
                self.written_up(&writer, id);
            }
        }
        let first_unit = line.first_unit.clone();
        self.event(FlowEvent::CallerArrived { call: id, first_unit });
        if is_next_hub {
            self.event(FlowEvent::TakenOver { call: id, leg: line.numbers.last_leg });
        }
        let state = self.waits(&mut line);
        self.calls.insert(id, Call { line, state });
        self.advance(id, |_, _, state| Some(state));
    }

    /// The caller begins to wait, with music, or with a word if nobody can be asked.
    pub(crate) fn waits(&mut self, line: &mut Line) -> State {
        let mut waiting = Waiting {
            since: self.now,
            level_until: self.level_until(line.level),
            refused: BTreeSet::new(),
            again_at: None,
            announced: false,
            ring: None,
        };
        self.pass_empty_levels(line, &mut waiting);
        let units = self.units_asked(line);
        let is_alone = !line.is_with_outside();
        if is_alone
            && !self.is_settling()
            && self.longest_idle(|_, unit| units.contains(unit)).is_none()
        {
            waiting.announced = true;
        }
        let is_announced = waiting.announced;
        let state = State::Waiting(waiting);
        self.play(line, state.program(line));
        if is_announced {
            self.event(FlowEvent::WaitAnnounced { call: line.id });
        }
        state
    }

    /// A level at which nobody sits is not worth its seconds; the last one is.
    fn pass_empty_levels(&mut self, line: &mut Line, waiting: &mut Waiting) {
        if self.is_settling() {
            return;
        }
        while let Some(step) = self.config.levels.get(line.level)
            && line.level + 1 < self.config.levels.len()
            && !self.is_any_staffed(&self.units_asked_at(line, step))
        {
            self.next_level(line, waiting);
        }
    }

    fn next_level(&mut self, line: &mut Line, waiting: &mut Waiting) {
        line.level += 1;
        self.event(FlowEvent::Escalated { call: line.id, level: line.level });
        waiting.level_until = self.level_until(line.level);
    }

    /// Callers who have just run out of people to ask are told to stay on the line, once; who is rung
    /// for goes on hearing what plays.
    pub(crate) fn announce_waits(&mut self) {
        if self.is_settling() {
            return;
        }
        let queue: Vec<CallId> = self.queue().collect();
        for id in queue {
            // Not a step: no desk shows any of this.
            let Some(Call { line, state }) = self.calls.get_mut(&id) else { continue };
            let State::Waiting(waiting) = &mut *state else { continue };
            if waiting.announced || waiting.ring.is_some() || line.is_with_outside() {
                continue;
            }
            waiting.announced = true;
            let program = state.program(line);
            line.playing = Some(program);
            self.command(SwitchCommand::Play { call: id, program });
            self.event(FlowEvent::WaitAnnounced { call: id });
        }
    }

    pub(crate) fn level_until(&self, level: usize) -> Option<Timestamp> {
        let is_last = level + 1 >= self.config.levels.len();
        let step = self.config.levels.get(level).filter(|_| !is_last)?;
        step.wait.map(|wait| self.now + wait)
    }

    /// Where the escalation of a call begins: at the level of its first unit, or of the nearest unit
    /// above that the configuration has a level for.
    pub(crate) fn first_level(&self, first_unit: Option<&UnitId>) -> usize {
        let Some(first_unit) = first_unit else { return 0 };
        self.line_of_command(first_unit)
            .iter()
            .find_map(|unit| self.config.levels.iter().position(|step| step.level == unit.level))
            .unwrap_or(0)
    }

    /// A unit and those above it.
    fn line_of_command(&self, unit: &UnitId) -> Vec<&Unit> {
        let mut chain: Vec<&Unit> = Vec::new();
        let mut next = self.units.get(unit);
        while let Some(unit) = next {
            // A circle of parents is the configuration's fault, not the caller's.
            if chain.iter().any(|seen| seen.id == unit.id) {
                break;
            }
            chain.push(unit);
            next = unit.parent.as_ref().and_then(|parent| self.units.get(parent));
        }
        chain
    }

    /// The units whose seats may be asked now.
    fn units_asked(&self, line: &Line) -> BTreeSet<UnitId> {
        let steps = self.config.levels.iter().take(line.level + 1).skip(line.first_level);
        steps.flat_map(|step| self.units_asked_at(line, step)).collect()
    }

    /// The units of one level whose seats may be asked. A level at which the first unit has no
    /// superior is open to every unit of that level: a gap in the configuration must leave nobody
    /// waiting for ever.
    fn units_asked_at(&self, line: &Line, step: &LevelStep) -> BTreeSet<UnitId> {
        let chain =
            line.first_unit.as_ref().map_or_else(Vec::new, |first| self.line_of_command(first));
        let named: BTreeSet<_> = chain
            .iter()
            .filter(|unit| unit.level == step.level)
            .map(|unit| unit.id.clone())
            .collect();
        if named.is_empty() {
            let any = self.units.values().filter(|unit| unit.level == step.level);
            any.map(|unit| unit.id.clone()).collect()
        } else {
            named
        }
    }

    /// Lets the longest-idle seats ring for the calls that have waited longest.
    pub(crate) fn offer(&mut self) {
        let queue: Vec<CallId> = self.queue().collect();
        if std::mem::take(&mut self.staffing_changed) {
            for id in &queue {
                self.advance(*id, |flow, line, state| {
                    let State::Waiting(mut waiting) = state else { return Some(state) };
                    flow.pass_empty_levels(line, &mut waiting);
                    Some(State::Waiting(waiting))
                });
            }
        }
        for id in queue {
            if !self.seats.values().any(crate::seats::Seat::is_ready) {
                return;
            }
            let Some(Call { line, state: State::Waiting(waiting) }) = self.calls.get(&id) else {
                continue;
            };
            if waiting.ring.is_some() {
                continue;
            }
            let units = self.units_asked(line);
            let fresh = self
                .longest_idle(|seat, unit| units.contains(unit) && !waiting.refused.contains(seat));
            if let Some(seat) = fresh {
                self.ring(id, seat);
            }
        }
    }

    fn ring(&mut self, id: CallId, seat: SeatId) {
        self.advance(id, |flow, line, state| {
            let State::Waiting(waiting) = state else { return Some(state) };
            let leg = line.new_leg();
            let until = flow.now + flow.config.seat_ring;
            flow.seat_rings(&seat, id);
            flow.command(SwitchCommand::Ring { leg, seat: seat.clone() });
            flow.event(FlowEvent::SeatRinging { call: id, seat: seat.clone() });
            let ring = Some(Ring { rung: Rung { seat, leg }, until });
            Some(State::Waiting(Waiting { ring, ..waiting }))
        });
    }

    pub(crate) fn offer_answered(&mut self, id: CallId) {
        self.advance(id, |flow, line, state| {
            let State::Waiting(Waiting { ring: Some(Ring { rung, .. }), .. }) = state else {
                return Some(state);
            };
            flow.seat_talks(&rung.seat, id);
            flow.command(SwitchCommand::Join(rung.leg));
            flow.play(line, Program::Quiet);
            flow.event(FlowEvent::Answered { call: id, seat: rung.seat.clone() });
            Some(State::Talking(Talking::new(rung.into(), flow.now)))
        });
    }

    /// The leg that rang is gone: the next seat is asked, the caller keeps the place.
    pub(crate) fn offer_missed(&mut self, id: CallId, cause: LegCause) {
        self.advance(id, |flow, _, state| {
            let State::Waiting(mut waiting) = state else { return Some(state) };
            if let Some(Ring { rung, .. }) = waiting.ring.take() {
                flow.seat_missed(&rung.seat, cause);
                flow.event(FlowEvent::SeatMissed { call: id, seat: rung.seat.clone(), cause });
                // One that rang out is out of service by itself; when it says that it is ready
                // again, the caller who has waited longest is the first it gets.
                if cause != LegCause::NoAnswer {
                    waiting.refused.insert(rung.seat);
                }
                // Also after ringing out: others may have refused before.
                waiting.again_at = Some(flow.now + OFFER_AGAIN);
            }
            Some(State::Waiting(waiting))
        });
    }

    pub(crate) fn offer_rang_out(&mut self, id: CallId) {
        let ringing = self.calls.get(&id).and_then(|call| match &call.state {
            State::Waiting(waiting) => waiting.ring.as_ref().map(|ring| ring.rung.leg),
            State::Talking(_)
            | State::Held(_)
            | State::Transferring(_)
            | State::CallingBack(_)
            | State::WithOutside(_)
            | State::Finishing(_) => None,
        });
        if let Some(leg) = ringing {
            self.command(SwitchCommand::HangUp(leg));
            self.offer_missed(id, LegCause::NoAnswer);
        }
    }

    /// The call has rested after its last refusal. While somebody rings who has not refused yet, the
    /// others stay unasked; that seat's refusal, if it comes, starts the rest anew.
    pub(crate) fn offer_again(&mut self, id: CallId) {
        // Not a step: no desk shows any of this.
        if let Some(Call { state: State::Waiting(waiting), .. }) = self.calls.get_mut(&id) {
            waiting.again_at = None;
            if waiting.ring.is_none() {
                waiting.refused.clear();
            }
        }
    }

    pub(crate) fn escalate(&mut self, id: CallId) {
        self.advance(id, |flow, line, state| {
            let State::Waiting(mut waiting) = state else { return Some(state) };
            flow.next_level(line, &mut waiting);
            flow.pass_empty_levels(line, &mut waiting);
            Some(State::Waiting(waiting))
        });
    }

    /// The caller has no human of ours any more: to the front of the queue.
    pub(crate) fn requeue(&mut self, line: &mut Line, lost: SeatId, cause: LegCause) -> State {
        self.give_up_calling(line);
        self.event(FlowEvent::Requeued { call: line.id, lost, cause });
        line.requeued = true;
        self.waits(line)
    }
}
