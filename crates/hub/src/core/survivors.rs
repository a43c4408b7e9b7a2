//! Calls that outlived a hub on their switch: they are taken over as they are. What they are to each
//! other is decided by `siaga-call-flow`, from what the switch holds and what the log says; here they
//! get back what the hub knows of them beside that.

use super::HubCore;
use siaga_call_flow::{Found, FoundCall, FoundLeg, FoundOutside, Input, Past};
use siaga_model::{CallId, Direction, SeatId, Timestamp, UnitId};
use siaga_switch::LiveCall;
use std::collections::BTreeSet;

/// A call that lives on the switch.
#[derive(Debug)]
pub(crate) struct Survivor {
    /// As the switch holds it.
    pub(crate) call: LiveCall,
    /// As the log tells it.
    pub(crate) past: Past,
}

/// The seats that have answered a call which lives.
pub(super) fn seats_with_a_leg(survivors: &[Survivor]) -> BTreeSet<SeatId> {
    let legs = survivors.iter().flat_map(|survivor| &survivor.call.legs);
    legs.filter(|leg| leg.answered).filter_map(|leg| leg.seat.clone()).collect()
}

impl HubCore {
    /// The switch could not be asked at the start, and now says what it has held all the time. Calls
    /// that counted as cut off since then go on.
    pub(super) fn outlived(&mut self, now: Timestamp, live: Vec<LiveCall>) {
        let Some(mut pasts) = self.unsurveyed.take() else { return };
        let survivors = live.into_iter().map(|call| {
            let past = pasts.remove(&call.call).unwrap_or_default();
            Survivor { past: past.cut_off(now, call.call), call }
        });
        let survivors = survivors.collect();
        self.take_over(now, survivors, Vec::new(), Vec::new());
    }

    /// Goes on with the calls that live, and remembers those that do not. `seats`: where somebody is
    /// expected back. After the sessions, before anything that the switch says of these calls.
    pub(super) fn take_over(
        &mut self,
        now: Timestamp,
        survivors: Vec<Survivor>,
        ended: Vec<(CallId, Past)>,
        seats: Vec<SeatId>,
    ) {
        if survivors.is_empty() && seats.is_empty() && ended.is_empty() {
            return;
        }
        let calls: Vec<CallId> = survivors.iter().map(|survivor| survivor.call.call).collect();
        for survivor in &survivors {
            self.know_survivor(survivor);
        }
        let calls_found = survivors.into_iter().map(|survivor| self.found_call(survivor)).collect();
        self.tell_flow(now, Input::Found(Found { calls: calls_found, ended, seats }));
        for call in calls {
            self.number_survivor(now, call);
        }
    }

    /// What the store does not know of: it arrived, or was on the line again, in the last moment of the
    /// last hub.
    fn know_survivor(&mut self, survivor: &Survivor) {
        let (call, facts) = (survivor.call.call, &survivor.call.facts);
        if survivor.call.caller_up && !survivor.past.is_over() {
            self.caller_arrived(call, facts);
        }
        let entry =
            self.records.get(&call).filter(|record| record.ended.is_none()).and_then(|record| {
                match record.facts.direction {
                    Direction::CallBack => {
                        self.call_backs.taken_up(call, &record.facts.caller, record.writer.as_ref())
                    }
                    Direction::Inbound => None,
                }
            });
        if let (Some(entry), Some(record)) = (entry, self.records.get_mut(&call)) {
            record.call_back = Some(entry);
        }
    }

    fn found_call(&self, Survivor { call: live, past }: Survivor) -> FoundCall {
        let record = self.records.get(&live.call);
        let direction = record.map_or(live.facts.direction, |record| record.facts.direction);
        let is_call_back = direction == Direction::CallBack;
        // Colleagues of whoever called back come first, should that operator be lost.
        let writer = record.and_then(|record| record.writer.as_ref());
        let unit = writer.and_then(|seat| self.seats.get(seat)).map(|seat| seat.unit.clone());
        let first_unit: Option<UnitId> = unit.filter(|_| is_call_back);
        // Somebody on the public network has no seat.
        let outside = live.legs.iter().filter(|leg| leg.seat.is_none());
        let outside =
            outside.map(|leg| FoundOutside { leg: leg.leg, answered: leg.answered }).collect();
        let legs = live.legs.into_iter().filter_map(|leg| {
            let seat = leg.seat?;
            Some(FoundLeg { leg: leg.leg, seat, answered: leg.answered, joined: leg.joined })
        });
        FoundCall {
            call: live.call,
            arrived_at: record.map_or(live.facts.arrived_at, |record| record.facts.arrived_at),
            is_call_back,
            first_unit,
            caller_up: live.caller_up,
            legs: legs.collect(),
            outside,
            playing: Some(live.playing),
            past,
        }
    }

    /// A call that was answered when its seat had no number left, and whose lease was never seen.
    fn number_survivor(&mut self, now: Timestamp, call: CallId) {
        let Some(owner) = self.flow.owner(call).cloned() else { return };
        let waits = self.unnumbered.iter().any(|(_, waiting)| *waiting == call);
        let is_back = self.records.get(&call).is_some_and(|record| record.call_back.is_some());
        let has_case = self.records.get(&call).is_none_or(|record| record.case.is_some());
        if !waits && !has_case && !is_back {
            self.open_case(now, call, &owner);
        }
    }
}
