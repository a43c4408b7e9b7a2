//! A second count of a night, from inputs, commands and what desks are shown, without a look at the
//! events: what figures from the log have to be equal to.

use crate::observer::Citizen;
use crate::room::{Room, SEATS};
use siaga_call_flow::figures::Place;
use siaga_call_flow::{
    CallPhase, Found, Input, Intent, Output, SeatView, SwitchCommand, SwitchSaw,
};
use siaga_model::{
    CallId, Disposition, EndedBy, LegCause, LegId, ReclaimCause, SeatId, SeatState, Timestamp,
    UnitId,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    seen_at: Timestamp,
    pub(crate) arrived: BTreeMap<CallId, Timestamp>,
    /// From arrival to the first human.
    pub(crate) waited: BTreeMap<CallId, Duration>,
    hung_up: Vec<(CallId, Place)>,
    pub(crate) rang_out: u64,
    pub(crate) transfers: u64,
    pub(crate) transferred: u64,
    pub(crate) reclaimed: HashMap<ReclaimCause, u64>,
    pub(crate) requeued: u64,
    pub(crate) undone: u64,
    pub(crate) called_back: usize,
    pub(crate) reached: usize,
    pub(crate) talk: BTreeMap<SeatId, Duration>,
    pub(crate) after_call: BTreeMap<SeatId, Duration>,
    pub(crate) unit_talk: BTreeMap<UnitId, Duration>,
}

/// How things stood before an input.
pub(crate) struct Before {
    phases: BTreeMap<CallId, CallPhase>,
    dialled: Vec<CallId>,
    /// The legs that ring for arriving calls.
    offers: BTreeMap<CallId, LegId>,
}

fn phases(room: &Room) -> BTreeMap<CallId, CallPhase> {
    room.flow.calls().map(|view| (view.call, view.phase)).collect()
}

/// Whether the caller is with somebody who had nothing to do with the call before.
fn is_with_another(was: &CallPhase, is: &CallPhase) -> bool {
    let CallPhase::Talking { seat: now, .. } = is else { return false };
    match was {
        CallPhase::Talking { seat, .. }
        | CallPhase::Held { seat, .. }
        | CallPhase::CallingBack { seat, .. } => seat != now,
        CallPhase::Transferring { from, to, .. } => from != now && to != now,
        CallPhase::Queued { .. }
        | CallPhase::Ringing { .. }
        | CallPhase::WithOutside { .. }
        | CallPhase::Finishing { .. }
        | CallPhase::Ended { .. } => false,
    }
}

/// Whether this unit is that of whoever hands over, so that a colleague is asked.
fn is_within(from: &SeatId, unit: &UnitId) -> bool {
    SEATS.contains(&(from.as_str(), unit.as_str()))
}

/// Where a live call stands, as figures name it.
fn place(phase: &CallPhase) -> Place {
    match phase {
        CallPhase::Queued { .. } | CallPhase::Ringing { .. } => Place::Waiting,
        CallPhase::Talking { .. } | CallPhase::Held { .. } | CallPhase::Finishing { .. } => {
            Place::Talking
        }
        CallPhase::WithOutside { .. } => Place::WithOutside,
        CallPhase::Transferring { .. } => Place::Transferring,
        CallPhase::CallingBack { .. } => Place::CallingBack,
        CallPhase::Ended { .. } => panic!("an ended call is listed"),
    }
}

impl Tally {
    /// Time has passed until now as everything stood.
    pub(crate) fn before(&mut self, room: &Room) -> Before {
        let seats: Vec<SeatView> = room.flow.seats().collect();
        self.outage(room.now, &seats);
        let phases = phases(room);
        let offers = phases.iter().filter_map(|(call, phase)| {
            let CallPhase::Ringing { seat, .. } = phase else { return None };
            Some((*call, room.leg_of(seat.as_str())))
        });
        Before { offers: offers.collect(), dialled: room.switch.dialled(), phases }
    }

    /// The same, while nobody but the log knows how the seats stood.
    pub(crate) fn outage(&mut self, now: Timestamp, seats: &[SeatView]) {
        let span = now.since(self.seen_at);
        self.seen_at = now;
        for view in seats {
            if view.state == SeatState::Talking {
                *self.talk.entry(view.seat.clone()).or_default() += span;
                let unit = view.unit.clone().expect("somebody has logged in");
                *self.unit_talk.entry(unit).or_default() += span;
            }
            if view.state == SeatState::AfterCall {
                *self.after_call.entry(view.seat.clone()).or_default() += span;
            }
        }
    }

    pub(crate) fn after(&mut self, before: &Before, room: &Room, input: &Input) {
        let refused = room.last.iter().any(|output| matches!(output, Output::Refused { .. }));
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, .. }) => {
                if !before.phases.contains_key(call) && room.switch.bridges.contains_key(call) {
                    self.arrived.entry(*call).or_insert(room.now);
                    self.hung_up.retain(|(gone, _)| gone != call);
                }
            }
            Input::Switch(SwitchSaw::Answered(leg)) if leg.is_caller() => {
                self.reached += usize::from(before.dialled.contains(&leg.call));
            }
            Input::Switch(SwitchSaw::Ended { leg, .. }) if leg.is_caller() => {
                let Some(phase) = before.phases.get(&leg.call) else { return };
                // Once: who has left cannot hang up again.
                if !matches!(phase, CallPhase::Finishing { .. }) {
                    self.hung_up.push((leg.call, place(phase)));
                }
            }
            Input::Found(found) => self.found(before, room, found),
            Input::CallBack { .. } => self.called_back += usize::from(!refused),
            Input::Operator { seat, intent: Intent::Transfer { unit, .. }, .. } => {
                self.transfers += u64::from(!refused && !is_within(seat, unit));
            }
            Input::Switch(_)
            | Input::Operator { .. }
            | Input::Seat { .. }
            | Input::Units(_)
            | Input::Tick => {}
        }
        for output in &room.last {
            if let Output::Switch(SwitchCommand::Join(leg)) = output
                && let Some(arrived) = self.arrived.get(&leg.call)
                && !self.waited.contains_key(&leg.call)
            {
                assert_eq!(room.switch.bridges[&leg.call].citizen, Citizen::There);
                self.waited.insert(leg.call, room.now.since(*arrived));
            }
        }
        let after = phases(room);
        for (call, was) in &before.phases {
            if let Some(is) = after.get(call) {
                self.step(*call, was, is, before, room, input, refused);
            }
        }
    }

    /// What became of everybody while there was no hub.
    fn found(&mut self, before: &Before, room: &Room, found: &Found) {
        for call in &found.calls {
            if let Some(CallPhase::Finishing { .. }) = before.phases.get(&call.call) {
                continue;
            }
            match before.phases.get(&call.call).map(place) {
                None if room.flow.call(call.call).is_some() => {
                    self.arrived.insert(call.call, room.now);
                    if !call.caller_up {
                        self.hung_up.push((call.call, Place::Waiting));
                    }
                }
                None => {}
                Some(Place::CallingBack) => self.reached += usize::from(call.caller_up),
                Some(
                    Place::Waiting | Place::Talking | Place::Transferring | Place::WithOutside,
                ) if call.caller_up => {}
                Some(
                    place @ (Place::Waiting
                    | Place::Talking
                    | Place::Transferring
                    | Place::WithOutside),
                ) => {
                    self.hung_up.push((call.call, place));
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "it compares two moments")]
    fn step(
        &mut self,
        call: CallId,
        was: &CallPhase,
        is: &CallPhase,
        before: &Before,
        room: &Room,
        input: &Input,
        refused: bool,
    ) {
        let found = matches!(input, Input::Found(_));
        let within = match (was, input) {
            (CallPhase::Transferring { from, unit, .. }, _)
            | (_, Input::Operator { seat: from, intent: Intent::Transfer { unit, .. }, .. }) => {
                is_within(from, unit)
            }
            _ => false,
        };
        let transferred = u64::from(!within);
        // A citizen who answered when there was no hub, and whose operator is gone.
        let with_human = match place(was) {
            // Who was with somebody outside only has lost no human of ours.
            Place::Waiting | Place::WithOutside => false,
            Place::Talking | Place::Transferring => true,
            Place::CallingBack => found,
        };
        if with_human && matches!(is, CallPhase::Queued { .. } | CallPhase::Ringing { .. }) {
            self.requeued += 1;
            // Both were lost in one instant: the one who handed over first, so the unit had it.
            if let CallPhase::Transferring { answered: true, .. } = was {
                self.transferred += transferred;
            }
        }
        // Lost when there was no hub, and somebody else was there before the next one.
        if found && is_with_another(was, is) {
            self.requeued += 1;
            if let CallPhase::Transferring { answered: true, .. } = was {
                self.transferred += transferred;
            }
            self.undone += u64::from(matches!(was, CallPhase::Talking { disposing: Some(_), .. }));
            return;
        }
        if let CallPhase::Talking { disposing: Some(_), .. } = was
            && !matches!(is, CallPhase::Talking { disposing: Some(_), .. })
        {
            self.undone += 1;
        }
        let transfers = matches!(
            input,
            Input::Operator { call: about, intent: Intent::Transfer { .. }, .. }
                if *about == call && !refused
        );
        if let CallPhase::Talking { reclaimed, .. } = is
            && (transfers || matches!(was, CallPhase::Transferring { .. }))
        {
            match reclaimed {
                Some(back) if !within => *self.reclaimed.entry(back.cause).or_default() += 1,
                Some(_) => {}
                None => self.transferred += transferred,
            }
        }
        if let CallPhase::Ringing { seat, until, .. } = was
            && !matches!(is, CallPhase::Ringing { seat: s, until: u, .. } if (s, u) == (seat, until))
        {
            let offer = before.offers[&call];
            let no_answer = matches!(
                input,
                Input::Switch(SwitchSaw::Ended { leg, cause: LegCause::NoAnswer })
                    if *leg == offer
            );
            // Taken back by the hub that came back.
            self.rang_out += u64::from(!found && (no_answer || room.now >= *until));
        }
    }

    /// Those who hung up there and whom nobody has disposed of.
    pub(crate) fn abandoned(&self, room: &Room, place: Place) -> usize {
        let is_open = |call: CallId| {
            let phase = room.phase(call);
            // A hub that died may not have written down that the caller had.
            matches!(
                phase,
                CallPhase::Ended { by: EndedBy::Caller, disposition: Disposition::Abandoned, .. }
            )
        };
        self.hung_up.iter().filter(|(call, at)| *at == place && is_open(*call)).count()
    }
}
