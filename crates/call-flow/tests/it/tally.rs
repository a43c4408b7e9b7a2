//! A second count of a night, from inputs, commands and what desks are shown, without a look at the
//! events: what figures from the log have to be equal to.

use crate::observer::Citizen;
use crate::room::Room;
use siaga_call_flow::figures::Place;
use siaga_call_flow::{CallPhase, Input, Intent, Output, SwitchCommand, SwitchSaw};
use siaga_model::{
    CallId, Disposition, LegCause, LegId, ReclaimCause, SeatId, SeatState, Timestamp, UnitId,
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

impl Tally {
    /// Time has passed until now as everything stood.
    pub(crate) fn before(&mut self, room: &Room) -> Before {
        let span = room.now.since(self.seen_at);
        self.seen_at = room.now;
        for view in room.flow.seats() {
            if view.state == SeatState::Talking {
                *self.talk.entry(view.seat.clone()).or_default() += span;
                let unit = view.unit.clone().expect("somebody has logged in");
                *self.unit_talk.entry(unit).or_default() += span;
            }
            if view.state == SeatState::AfterCall {
                *self.after_call.entry(view.seat).or_default() += span;
            }
        }
        let phases = phases(room);
        let offers = phases.iter().filter_map(|(call, phase)| {
            let CallPhase::Ringing { seat, .. } = phase else { return None };
            Some((*call, room.leg_of(seat.as_str())))
        });
        Before { offers: offers.collect(), dialled: room.switch.dialled(), phases }
    }

    pub(crate) fn after(&mut self, before: &Before, room: &Room, input: &Input) {
        let refused = room.last.iter().any(|output| matches!(output, Output::Refused { .. }));
        match input {
            Input::Switch(SwitchSaw::CallerArrived { call, .. }) => {
                if !before.phases.contains_key(call) && room.switch.bridges.contains_key(call) {
                    self.arrived.insert(*call, room.now);
                }
            }
            Input::Switch(SwitchSaw::Answered(leg)) if leg.is_caller() => {
                self.reached += usize::from(before.dialled.contains(&leg.call));
            }
            Input::Switch(SwitchSaw::Ended { leg, .. }) if leg.is_caller() => {
                let place = match before.phases.get(&leg.call) {
                    Some(CallPhase::Queued { .. } | CallPhase::Ringing { .. }) => Place::Waiting,
                    Some(CallPhase::Talking { .. } | CallPhase::Held { .. }) => Place::Talking,
                    Some(CallPhase::Transferring { .. }) => Place::Transferring,
                    Some(CallPhase::CallingBack { .. }) => Place::CallingBack,
                    Some(CallPhase::Ended { .. }) | None => return,
                };
                self.hung_up.push((leg.call, place));
            }
            Input::CallBack { .. } => self.called_back += usize::from(!refused),
            Input::Operator { intent: Intent::Transfer { .. }, .. } => {
                self.transfers += u64::from(!refused);
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
        let with_human = matches!(
            was,
            CallPhase::Talking { .. } | CallPhase::Held { .. } | CallPhase::Transferring { .. }
        );
        if with_human && matches!(is, CallPhase::Queued { .. } | CallPhase::Ringing { .. }) {
            self.requeued += 1;
            // Both were lost in one instant: the one who handed over first, so the unit had it.
            if let CallPhase::Transferring { answered: true, .. } = was {
                self.transferred += 1;
            }
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
                Some(back) => *self.reclaimed.entry(back.cause).or_default() += 1,
                None => self.transferred += 1,
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
            self.rang_out += u64::from(no_answer || room.now >= *until);
        }
    }

    /// Those who hung up there and whom nobody has disposed of.
    pub(crate) fn abandoned(&self, room: &Room, place: Place) -> usize {
        let is_open = |call: CallId| {
            let phase = room.phase(call);
            matches!(phase, CallPhase::Ended { disposition: Disposition::Abandoned, .. })
        };
        self.hung_up.iter().filter(|(call, at)| *at == place && is_open(*call)).count()
    }
}
