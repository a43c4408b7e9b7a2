//! What the core is told: what the switch saw, what seats are doing, what people decided.

use crate::{Found, Handover};
use siaga_model::{
    CallFacts, CallId, Disposition, LegCause, LegId, LineSignal, OutsideParty, Redacted, SeatId,
    Unit, UnitId,
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The switch saw something.
    Switch(SwitchSaw),
    /// Something about a seat changed.
    Seat {
        /// The seat.
        seat: SeatId,
        /// What changed.
        change: SeatChange,
    },
    /// An operator decided something about a call.
    Operator {
        /// Who decided.
        seat: SeatId,
        /// About which call.
        call: CallId,
        /// What.
        intent: Intent,
    },
    /// An operator calls a citizen back. Refused unless the seat is free and could talk. The seat is
    /// rung first (its desk, which asked for this, answers by itself), then the citizen is dialled.
    CallBack {
        /// Who calls.
        seat: SeatId,
        /// The id of the new call; its citizen's leg is number 0, as ever.
        call: CallId,
        /// The number to dial.
        number: Redacted<String>,
    },
    /// The units of this hub, given once at the start and after each change.
    Units(Vec<Unit>),
    /// What a hub that starts again finds: given after the units and the sessions that stand, before
    /// anything that the switch says. Given once more with the calls when the switch could not be asked
    /// then: they have counted as cut off since.
    Found(Found),
    /// Time has passed; nothing else happened.
    Tick,
}

/// What the switch saw. Any of these may be late, doubled or about a leg that is gone already.
#[derive(Clone, Debug, PartialEq)]
pub enum SwitchSaw {
    /// A citizen is on the line, in a bridge of their own, being recorded, hearing music. Of a call that
    /// has ended: it has not.
    CallerArrived {
        /// The call; its caller's leg is number 0.
        call: CallId,
        /// What the line brought.
        facts: CallFacts,
        /// The unit whose level comes first, by trunk, area code or cell; `None`: by configuration.
        first_unit: Option<UnitId>,
    },
    /// A seat's telephone rings (180).
    Ringing(LegId),
    /// A leg is up: answered, with two-way media.
    Answered(LegId),
    /// The first packet of voice, be it silence, has come from this seat's leg since its answer.
    Flows(LegId),
    /// A person was heard speaking on this leg for the first time since its answer.
    Heard(LegId),
    /// Somebody pressed a key or knocked on the citizen's leg. Told at any time; both count while the
    /// silent-call procedure runs, a key also afterwards.
    Signal {
        /// The citizen's leg.
        leg: LegId,
        /// What was noticed.
        signal: LineSignal,
    },
    /// A leg is gone or never came up. For the caller's leg this ends the call.
    Ended {
        /// The leg.
        leg: LegId,
        /// Why.
        cause: LegCause,
    },
    /// The switch is lost with every bridge and leg on it. A connection to it that may come back is
    /// not this.
    Lost,
}

/// What changed about a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatChange {
    /// Somebody is logged in here; the unit says which calls it may take. A seat starts paused; one
    /// that was logged in before wants what it wanted then, so that a short loss of the network
    /// takes no seat out of service.
    LoggedIn(UnitId),
    /// Nobody is logged in any more. A leg that is up stays up. The end of a shift is `Pause`, then
    /// this.
    LoggedOut,
    /// Its telephone registered at the switch.
    Registered,
    /// Its telephone's registration is gone. A leg that is up stays up.
    Unregistered,
    /// The operator wants calls.
    Ready,
    /// The operator wants none.
    Pause,
}

/// What an operator decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// This unit is the likely target: show it the form. `None` takes that back.
    PickUnit(Option<UnitId>),
    /// Hand the caller over to this unit; the own one: to a colleague.
    Transfer {
        /// The unit.
        unit: UnitId,
        /// What is heard meanwhile; `None`: as configured. A colleague is always asked together.
        handover: Option<Handover>,
    },
    /// Take a transfer back before the unit was heard.
    TakeBack,
    /// Leave the caller with the unit that has answered, without waiting until it was heard; or with
    /// somebody outside who has answered.
    Release,
    /// Have somebody outside called into the conversation.
    CallOutside(OutsideParty),
    /// Hang up whoever outside is called or in the conversation.
    DropOutside,
    /// The caller hears music until `Resume`.
    Hold,
    /// Back to the caller.
    Resume,
    /// End the call with this disposition, now (a chord at the desk). Takes a running disposal over.
    /// A call back that nobody has answered is given up, whatever the disposition.
    Close(Disposition),
    /// End the call with this disposition when [`crate::FlowConfig::disposal`] is over, unless it is
    /// undone before: the line stays open meanwhile.
    Dispose(Disposition),
    /// The disposal was a mistake: the call goes on. Before a citizen who is called back has answered:
    /// give up.
    Undo,
    /// Run the silent-call procedure: the citizen hears "press any key, or knock twice", and the
    /// line is listened to for [`crate::FlowConfig::silence_check`].
    CheckSilence,
    /// This seat's leg is dead though its desk lives (another network, a restarted desk): ring it
    /// again, and put the new leg in the place of the old one.
    Rejoin,
}
