//! What the core wants done, in order.

use serde::{Deserialize, Serialize};
use siaga_model::{
    CallBackFailure, CallId, Disposition, EndedBy, LegCause, LegId, LineSignal, OutsideParty,
    ReclaimCause, Redacted, SeatId, SeatState, Timestamp, UnitId,
};

/// One thing to do, or until when nothing is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The switch must do this.
    Switch(SwitchCommand),
    /// This happened: append it to the event log, from which every figure is derived.
    Event {
        /// When.
        at: Timestamp,
        /// What.
        event: FlowEvent,
    },
    /// What desks show of this call has changed: see [`crate::CallFlow::call`].
    CallChanged(CallId),
    /// What desks show of this seat has changed: see [`crate::CallFlow::seat`].
    SeatChanged(SeatId),
    /// An intent could not be followed; nothing has changed.
    Refused {
        /// Who asked.
        seat: SeatId,
        /// About which call.
        call: CallId,
        /// Why not.
        why: Refusal,
    },
    /// Nothing to do; call [`crate::CallFlow::handle`] with `Tick` at `until` or with what happens
    /// before. `None`: nothing is due.
    Wait {
        /// The earliest deadline, and why it exists.
        until: Option<(Timestamp, WaitReason)>,
    },
}

/// Why something is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// A seat rings for an arriving call.
    SeatRing,
    /// An arriving call waits at a level.
    Level,
    /// A unit rings in a transfer.
    TransferRing,
    /// A unit that answered has not been heard.
    Heard,
    /// An operator writes up the last call.
    AfterCall,
    /// A seat with a leg that is up has neither hub nor registration: two seconds, then it is lost.
    SeatLost,
    /// A seat has refused this call; seats that did are asked again after a rest.
    OfferAgain,
    /// The silent-call procedure runs.
    SilenceCheck,
    /// A disposal can still be undone.
    Disposal,
    /// A desk that lives gets a new leg.
    Rejoin,
    /// The operator who calls back is rung, and then the citizen.
    CallBackRing,
    /// Somebody outside is rung.
    OutsideRing,
    /// The hub has just come back, and its seats are expected to.
    Settling,
}

/// What the switch must do. Every command is idempotent: a leg that is gone or already so is fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchCommand {
    /// Ring this seat with a new leg of the call. Answered by `Ringing`, `Answered` or `Ended`.
    Ring {
        /// The new leg.
        leg: LegId,
        /// The seat.
        seat: SeatId,
    },
    /// Open a bridge and its recording for a call that has no citizen's leg yet, because the citizen
    /// is to be called back. Nothing is played in it. Answered by nothing, or by `Ended` of the
    /// citizen's leg when it cannot be.
    Open {
        /// The new call.
        call: CallId,
    },
    /// Call a citizen into a bridge that is open: the citizen's leg is number 0 and in the bridge as
    /// soon as it is up. Answered by `Ringing`, `Answered` or `Ended` of that leg.
    Dial {
        /// The call.
        call: CallId,
        /// The number.
        number: Redacted<String>,
    },
    /// Call somebody outside into a call, over the trunk. Answered by `Ringing`, `Answered` or `Ended`
    /// of that leg, which stays out of the conversation until `Join`.
    DialOut {
        /// The new leg.
        leg: LegId,
        /// The number.
        number: Redacted<String>,
    },
    /// Put an answered leg into the conversation with the caller (and whoever else is in it).
    Join(LegId),
    /// Take a leg out of the conversation without ending it.
    Detach(LegId),
    /// End a leg: CANCEL while it rings, BYE afterwards. Never the caller's.
    HangUp(LegId),
    /// What the caller (and joined legs) hear beside people, from now on.
    Play {
        /// The call.
        call: CallId,
        /// What.
        program: Program,
    },
    /// Hang up everybody, seal the recording, remove the bridge.
    End(CallId),
}

/// What is played into a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// Nothing; people talk.
    Quiet,
    /// Waiting music.
    Music,
    /// Ringback, soft enough to talk over (together).
    SoftRingback,
    /// A spoken prompt; see there what follows it.
    Prompt(Prompt),
}

/// What is spoken to the caller by a machine, in Indonesian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prompt {
    /// Every operator is busy, please stay on the line. Then music; spoken again every 20 s.
    PleaseWait,
    /// If you cannot speak, press any key or knock twice. Then quiet, so that the line can be heard;
    /// spoken once.
    SilenceCheck,
}

/// Why an intent was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such call, or it has ended.
    #[error("no such call, or it has ended")]
    NoSuchCall,
    /// Another seat has the call.
    #[error("another seat has this call")]
    NotYours,
    /// It makes no sense in the state that the call is in.
    #[error("not possible in the state of the call")]
    NotNow,
    /// There is no such unit.
    #[error("no such unit")]
    NoSuchUnit,
    /// Nothing is closed as silent before the silent-call procedure has run and nobody answered it.
    #[error("the silent-call procedure has to run first")]
    CheckSilenceFirst,
}

/// What happened, for the log. Everything that a figure needs is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum FlowEvent {
    /// A citizen is on the line; after the end of that call: on the line again.
    CallerArrived {
        /// The call.
        call: CallId,
        /// The unit that comes first for it, by trunk, area code or cell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_unit: Option<UnitId>,
    },
    /// A call went on to the next level.
    Escalated {
        /// The call.
        call: CallId,
        /// Index into the configured levels.
        level: usize,
    },
    /// A seat began to be rung for an arriving call.
    SeatRinging {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// A seat was not able or willing to take the arriving call, which keeps its place.
    SeatMissed {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
        /// Why.
        cause: LegCause,
    },
    /// A human is with the caller.
    Answered {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// The form is shown to a unit's desks.
    UnitPicked {
        /// The call.
        call: CallId,
        /// The unit; `None`: no longer.
        unit: Option<UnitId>,
    },
    /// A transfer began.
    TransferStarted {
        /// The call.
        call: CallId,
        /// Who hands over.
        from: SeatId,
        /// To whom.
        unit: UnitId,
    },
    /// A seat of the unit rings.
    TransferRinging {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// A seat of the unit has answered, but not been heard.
    TransferAnswered {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// The unit has the caller.
    TransferDone {
        /// The call.
        call: CallId,
        /// The seat that has the caller now.
        seat: SeatId,
        /// Whether it was heard (or the operator released before that).
        heard: bool,
    },
    /// The operator who handed over has the caller back.
    Reclaimed {
        /// The call.
        call: CallId,
        /// That operator's seat.
        seat: SeatId,
        /// The unit that did not take it.
        unit: UnitId,
        /// Why.
        cause: ReclaimCause,
    },
    /// The caller hears music by an operator's wish.
    Held {
        /// The call.
        call: CallId,
    },
    /// The operator is back.
    Resumed {
        /// The call.
        call: CallId,
    },
    /// Nobody could ring: the caller was told to stay on the line.
    WaitAnnounced {
        /// The call.
        call: CallId,
    },
    /// The silent-call procedure began.
    SilenceCheckStarted {
        /// The call.
        call: CallId,
        /// By whom.
        seat: SeatId,
    },
    /// The silent-call procedure is over.
    SilenceChecked {
        /// The call.
        call: CallId,
        /// What the caller did; `None`: nothing, the line is silent.
        signal: Option<LineSignal>,
    },
    /// A disposal began; it can be undone.
    Disposing {
        /// The call.
        call: CallId,
        /// By whom.
        seat: SeatId,
        /// How the call will end.
        disposition: Disposition,
    },
    /// The disposal was undone, or overtaken by the loss of the seat.
    DisposalUndone {
        /// The call.
        call: CallId,
    },
    /// A seat has a new leg in the place of its old one.
    LegReplaced {
        /// The call.
        call: CallId,
        /// The seat.
        seat: SeatId,
    },
    /// An operator calls a citizen back.
    CallBackStarted {
        /// The call.
        call: CallId,
        /// Who.
        seat: SeatId,
    },
    /// It came to nothing; the call ends with this.
    CallBackFailed {
        /// The call.
        call: CallId,
        /// Why.
        why: CallBackFailure,
    },
    /// Somebody outside is called into the conversation.
    OutsideCalled {
        /// The call.
        call: CallId,
        /// By whom.
        seat: SeatId,
        /// Whom.
        party: OutsideParty,
    },
    /// They are in the conversation.
    OutsideAnswered {
        /// The call.
        call: CallId,
    },
    /// They are not called any more, or have left. A caller who had nobody else waits at the front of
    /// the queue.
    OutsideGone {
        /// The call.
        call: CallId,
        /// Whether they had answered.
        answered: bool,
        /// Why.
        cause: LegCause,
    },
    /// The operator has left the caller with them.
    LeftWithOutside {
        /// The call.
        call: CallId,
        /// Who left.
        seat: SeatId,
    },
    /// The caller has hung up, and the operator and somebody outside go on.
    CallerLeft {
        /// The call.
        call: CallId,
    },
    /// A hub has come back and goes on with the call.
    TakenOver {
        /// The call.
        call: CallId,
        /// Further legs have higher numbers than this.
        leg: u16,
    },
    /// The last human left without closing; the caller waits at the front of the queue.
    Requeued {
        /// The call.
        call: CallId,
        /// The seat that was lost.
        lost: SeatId,
        /// Why.
        cause: LegCause,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallId,
        /// Who ended it.
        by: EndedBy,
        /// How it was disposed of.
        disposition: Disposition,
    },
    /// The operator who was with a caller that hung up has said how the call is disposed of: this
    /// replaces the disposition in `Ended`. At most once a call.
    Disposed {
        /// The call, which has ended.
        call: CallId,
        /// Who said so.
        seat: SeatId,
        /// How.
        disposition: Disposition,
    },
    /// Somebody else is logged in at a seat, or for another unit: what is done here counts for this
    /// unit from now on.
    SeatUnit {
        /// The seat.
        seat: SeatId,
        /// The unit.
        unit: UnitId,
    },
    /// A seat's state changed.
    SeatState {
        /// The seat.
        seat: SeatId,
        /// What it does now.
        state: SeatState,
    },
}

impl FlowEvent {
    /// The call that it is about, if it is about one.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::CallerArrived { call, .. }
            | Self::Escalated { call, .. }
            | Self::SeatRinging { call, .. }
            | Self::SeatMissed { call, .. }
            | Self::Answered { call, .. }
            | Self::UnitPicked { call, .. }
            | Self::TransferStarted { call, .. }
            | Self::TransferRinging { call, .. }
            | Self::TransferAnswered { call, .. }
            | Self::TransferDone { call, .. }
            | Self::Reclaimed { call, .. }
            | Self::Held { call }
            | Self::Resumed { call }
            | Self::Requeued { call, .. }
            | Self::WaitAnnounced { call }
            | Self::SilenceCheckStarted { call, .. }
            | Self::SilenceChecked { call, .. }
            | Self::Disposing { call, .. }
            | Self::DisposalUndone { call }
            | Self::LegReplaced { call, .. }
            | Self::CallBackStarted { call, .. }
            | Self::CallBackFailed { call, .. }
            | Self::OutsideCalled { call, .. }
            | Self::OutsideAnswered { call }
            | Self::OutsideGone { call, .. }
            | Self::LeftWithOutside { call, .. }
            | Self::CallerLeft { call }
            | Self::TakenOver { call, .. }
            | Self::Ended { call, .. }
            | Self::Disposed { call, .. } => Some(*call),
            Self::SeatUnit { .. } | Self::SeatState { .. } => None,
        }
    }
}
