//! Seats: who sits where, what they want, and what they are engaged in. It never decides about a
//! call; a seat that can no longer keep its call is told to the call's own modules as a lost leg.

use crate::{CallFlow, FlowEvent, Output, SeatChange, SeatView, SwitchCommand, WaitReason};
use siaga_model::{CallId, LegCause, SeatId, SeatState, Timestamp, UnitId};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a seat may have neither a hub nor a registration before the leg that it has is given up.
/// Design: a desk is lost when both of its sockets are gone for 2 s, never on one alone.
pub const SEAT_LOST: Duration = Duration::from_secs(2);

/// How long a desk whose leg was found up may take to come back after its hub did, instead of
/// [`SEAT_LOST`]: it cannot know at once that there is a hub again, and a leg without a desk is
/// noticed by the switch, which hears nothing over it.
pub const SEAT_BACK: Duration = Duration::from_secs(10);

/// What a seat wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Paused,
    Ready,
    /// It wanted calls, but let one ring out or lost one: it must say that it is ready again.
    NotAnswering,
}

/// What a seat is engaged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engaged {
    Free,
    Ringing(CallId),
    /// It has a leg that is up.
    InCall(CallId),
    AfterCall {
        call: CallId,
        until: Timestamp,
    },
}

#[derive(Debug)]
pub(crate) struct Seat {
    unit: Option<UnitId>,
    logged_in: bool,
    registered: bool,
    wish: Wish,
    engaged: Engaged,
    /// Since when it has had nothing to do; the earliest is offered the next call.
    idle_since: Timestamp,
    /// Since when it has neither hub nor registration.
    gone_since: Option<Timestamp>,
    /// What desks were told last.
    shown: SeatView,
    /// What the log said last of this seat is another hub's word: it is told anew.
    tell_anew: bool,
}

impl Seat {
    fn new(seat: SeatId, now: Timestamp) -> Self {
        Self {
            unit: None,
            logged_in: false,
            registered: false,
            wish: Wish::Paused,
            engaged: Engaged::Free,
            idle_since: now,
            gone_since: Some(now),
            shown: SeatView { seat, state: SeatState::Offline, unit: None, call: None, since: now },
            tell_anew: false,
        }
    }

    fn state(&self) -> SeatState {
        match self.engaged {
            Engaged::Ringing(_) => SeatState::Ringing,
            Engaged::InCall(_) => SeatState::Talking,
            // Writing up needs no telephone.
            Engaged::AfterCall { .. } if self.logged_in => SeatState::AfterCall,
            Engaged::Free if self.is_staffed() => match self.wish {
                Wish::Paused => SeatState::Paused,
                Wish::Ready => SeatState::Ready,
                Wish::NotAnswering => SeatState::NotAnswering,
            },
            Engaged::AfterCall { .. } | Engaged::Free => SeatState::Offline,
        }
    }

    fn call(&self) -> Option<CallId> {
        match self.engaged {
            Engaged::Free => None,
            Engaged::Ringing(call) | Engaged::InCall(call) | Engaged::AfterCall { call, .. } => {
                Some(call)
            }
        }
    }

    /// Somebody is logged in and the telephone is registered.
    fn is_staffed(&self) -> bool {
        self.logged_in && self.registered
    }

    pub(crate) fn unit(&self) -> Option<&UnitId> {
        self.unit.as_ref()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.state() == SeatState::Ready
    }

    pub(crate) fn view(&self) -> &SeatView {
        &self.shown
    }

    pub(crate) fn deadline(&self) -> Option<(Timestamp, WaitReason)> {
        match self.engaged {
            Engaged::Free | Engaged::Ringing(_) => None,
            Engaged::InCall(_) => {
                self.gone_since.map(|since| (since + SEAT_LOST, WaitReason::SeatLost))
            }
            Engaged::AfterCall { until, .. } => Some((until, WaitReason::AfterCall)),
        }
    }
}

impl CallFlow {
    /// Something about a seat changed.
    pub(crate) fn seat_changed(&mut self, id: &SeatId, change: SeatChange) {
        let now = self.now;
        let seat = self.seats.entry(id.clone()).or_insert_with(|| Seat::new(id.clone(), now));
        let (was_ready, was_staffed) = (seat.is_ready(), seat.is_staffed());
        match change {
            SeatChange::LoggedIn(unit) => {
                seat.logged_in = true;
                if seat.unit.as_ref() != Some(&unit) {
                    seat.unit = Some(unit.clone());
                    self.staffing_changed = true;
                    self.event(FlowEvent::SeatUnit { seat: id.clone(), unit });
                }
            }
            SeatChange::LoggedOut => seat.logged_in = false,
            SeatChange::Registered => seat.registered = true,
            SeatChange::Unregistered => seat.registered = false,
            SeatChange::Ready => {
                seat.wish = Wish::Ready;
                self.after_call_over(id);
            }
            SeatChange::Pause => seat.wish = Wish::Paused,
        }
        let Some(seat) = self.seats.get_mut(id) else { return };
        self.staffing_changed |= seat.is_staffed() != was_staffed;
        if seat.is_ready() && !was_ready {
            seat.idle_since = now;
        }
        if seat.logged_in || seat.registered {
            seat.gone_since = None;
        } else {
            seat.gone_since.get_or_insert(now);
        }
        // A telephone without a registration cannot be answered any more; one whose call is up can
        // still be talked to.
        if let Engaged::Ringing(call) = seat.engaged
            && !seat.registered
            && let Some(leg) = self.calls.get(&call).and_then(|call| call.state.leg_of(id))
        {
            self.command(SwitchCommand::HangUp(leg));
            self.leg_gone(leg, LegCause::Unregistered);
        }
    }

    /// A seat that a hub which has come back knows of: its state is told anew.
    pub(crate) fn seat_found(&mut self, id: &SeatId) {
        let now = self.now;
        let seat = self.seats.entry(id.clone()).or_insert_with(|| Seat::new(id.clone(), now));
        seat.tell_anew = true;
    }

    /// A leg of it was found up, and its desk is given [`SEAT_BACK`] to say that it is there.
    pub(crate) fn seat_found_talking(&mut self, id: &SeatId, call: CallId) {
        self.seat_found(id);
        self.after_call_over(id);
        self.seat_talks(id, call);
        let back_by = self.now + (SEAT_BACK - SEAT_LOST);
        if let Some(since) = self.seats.get_mut(id).and_then(|seat| seat.gone_since.as_mut()) {
            *since = back_by;
        }
    }

    /// Whether it rings or talks.
    pub(crate) fn has_a_leg(&self, id: &SeatId) -> bool {
        self.seats.get(id).is_some_and(|seat| match seat.engaged {
            Engaged::Ringing(_) | Engaged::InCall(_) => true,
            Engaged::Free | Engaged::AfterCall { .. } => false,
        })
    }

    /// The seat's deadline is over.
    pub(crate) fn seat_due(&mut self, id: &SeatId) {
        let Some(seat) = self.seats.get(id) else { return };
        match seat.engaged {
            Engaged::Free | Engaged::Ringing(_) => {}
            Engaged::InCall(call) => self.desk_gone(call, id, LegCause::Unregistered),
            Engaged::AfterCall { .. } => self.after_call_over(id),
        }
    }

    pub(crate) fn after_call_over(&mut self, id: &SeatId) {
        let now = self.now;
        if let Some(seat) = self.seats.get_mut(id)
            && let Engaged::AfterCall { call, .. } = seat.engaged
        {
            seat.engaged = Engaged::Free;
            seat.idle_since = now;
            self.ended.written_up(call, id);
        }
    }

    /// Ends this seat's writing up of this call, if it does that.
    pub(crate) fn written_up(&mut self, id: &SeatId, call: CallId) {
        let writes = self.seats.get(id).is_some_and(
            |seat| matches!(seat.engaged, Engaged::AfterCall { call: of, .. } if of == call),
        );
        if writes {
            self.after_call_over(id);
        }
    }

    fn engage(&mut self, id: &SeatId, engaged: Engaged) {
        if let Some(seat) = self.seats.get_mut(id) {
            seat.engaged = engaged;
        }
    }

    pub(crate) fn seat_rings(&mut self, id: &SeatId, call: CallId) {
        self.engage(id, Engaged::Ringing(call));
    }

    pub(crate) fn seat_talks(&mut self, id: &SeatId, call: CallId) {
        self.engage(id, Engaged::InCall(call));
    }

    pub(crate) fn seat_writes_up(&mut self, id: &SeatId, call: CallId) {
        let until = self.now + self.config.after_call;
        self.engage(id, Engaged::AfterCall { call, until });
    }

    /// A colleague has taken this seat's call: it must say that it is ready before it gets another.
    pub(crate) fn seat_stands_down(&mut self, id: &SeatId) {
        let now = self.now;
        let Some(seat) = self.seats.get_mut(id) else { return };
        seat.engaged = Engaged::Free;
        seat.idle_since = now;
        seat.wish = Wish::Paused;
    }

    /// What rang or was answered here is withdrawn through no fault of the seat, which keeps its turn.
    pub(crate) fn seat_spared(&mut self, id: &SeatId) {
        self.engage(id, Engaged::Free);
    }

    /// What rang here was not taken.
    pub(crate) fn seat_missed(&mut self, id: &SeatId, cause: LegCause) {
        let now = self.now;
        let Some(seat) = self.seats.get_mut(id) else { return };
        seat.engaged = Engaged::Free;
        seat.idle_since = now;
        match cause {
            LegCause::NoAnswer => seat.wish = Wish::NotAnswering,
            LegCause::HungUp
            | LegCause::Released
            | LegCause::Busy
            | LegCause::Declined
            | LegCause::Unregistered
            | LegCause::MediaLost
            | LegCause::Failed => {}
        }
    }

    /// The leg that was up here is gone without a closing, or said nothing.
    pub(crate) fn seat_lost(&mut self, id: &SeatId, cause: LegCause) {
        let now = self.now;
        let Some(seat) = self.seats.get_mut(id) else { return };
        seat.engaged = Engaged::Free;
        seat.idle_since = now;
        seat.wish = match (seat.wish, cause) {
            // Its audio is broken: somebody has to look at it before it asks for a call.
            (Wish::Paused, _) | (_, LegCause::MediaLost | LegCause::Failed) => Wish::Paused,
            (
                Wish::Ready | Wish::NotAnswering,
                LegCause::HungUp
                | LegCause::Released
                | LegCause::Busy
                | LegCause::Declined
                | LegCause::Unregistered
                | LegCause::NoAnswer,
            ) => Wish::NotAnswering,
        };
    }

    /// The ready seat that has been idle longest among those that `fits` lets through.
    pub(crate) fn longest_idle(&self, fits: impl Fn(&SeatId, &UnitId) -> bool) -> Option<SeatId> {
        self.seats
            .iter()
            .filter(|(id, seat)| {
                seat.is_ready() && seat.unit.as_ref().is_some_and(|unit| fits(id, unit))
            })
            .min_by_key(|(_, seat)| seat.idle_since)
            .map(|(id, _)| id.clone())
    }

    /// Whether this seat can talk and has no call.
    pub(crate) fn may_call_back(&self, id: &SeatId) -> bool {
        self.seats.get(id).is_some_and(|seat| {
            seat.is_staffed()
                && match seat.engaged {
                    Engaged::Free | Engaged::AfterCall { .. } => true,
                    Engaged::Ringing(_) | Engaged::InCall(_) => false,
                }
        })
    }

    /// Whether anybody sits at one of these units, busy or not.
    pub(crate) fn is_any_staffed(&self, units: &BTreeSet<UnitId>) -> bool {
        self.seats
            .values()
            .any(|seat| seat.is_staffed() && seat.unit().is_some_and(|unit| units.contains(unit)))
    }

    /// Whether anybody but `except` could take a call at this unit now or soon.
    pub(crate) fn is_staffed(&self, unit: &UnitId, except: &SeatId) -> bool {
        self.seats
            .iter()
            .any(|(id, seat)| id != except && seat.is_staffed() && seat.unit.as_ref() == Some(unit))
    }

    /// Tells what has changed about seats since the last time.
    pub(crate) fn show_seats(&mut self) {
        let now = self.now;
        for (id, seat) in &mut self.seats {
            let (state, call) = (seat.state(), seat.call());
            let anew = std::mem::take(&mut seat.tell_anew);
            let same = state == seat.shown.state
                && call == seat.shown.call
                && seat.unit == seat.shown.unit;
            if same && !anew {
                continue;
            }
            if state != seat.shown.state || anew {
                let event = FlowEvent::SeatState { seat: id.clone(), state };
                self.outputs.push_back(Output::Event { at: now, event });
            }
            seat.shown =
                SeatView { seat: id.clone(), state, unit: seat.unit.clone(), call, since: now };
            self.outputs.push_back(Output::SeatChanged(id.clone()));
        }
    }
}
