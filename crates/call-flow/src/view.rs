//! What may be seen of a call from outside: enough for every desk to draw its state from one
//! message, so that a desk which reconnects needs no history.

use crate::call::{Call, CallBack, Stage, State, Target, Waiting};
use serde::{Deserialize, Serialize};
use siaga_model::{
    CallId, Disposition, EndedBy, LegCause, LineSignal, OutsideParty, ReclaimCause, SeatId,
    SeatState, Timestamp, UnitId,
};

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub enum CallPhase {
    /// Waits in the queue, hearing music, or having been told to stay on the line.
    Queued {
        /// Since when.
        since: Timestamp,
        /// Index into the configured levels.
        level: usize,
    },
    /// Rings at a seat.
    Ringing {
        /// The seat.
        seat: SeatId,
        /// Since when the caller waits.
        since: Timestamp,
        /// Until when this seat may let it ring.
        until: Timestamp,
    },
    /// With a human.
    Talking {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
        /// Set when this is so because a transfer came back: why, from which unit, and when.
        reclaimed: Option<Reclaim>,
        /// Set while a disposal can still be undone.
        disposing: Option<Disposing>,
    },
    /// On hold by the operator's wish, hearing music.
    Held {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
    },
    /// Being handed over.
    Transferring {
        /// Who hands over; has the form, unless its leg is lost (then its [`SeatView`] does not
        /// name this call any more).
        from: SeatId,
        /// To which unit.
        unit: UnitId,
        /// The seat that rings or has answered.
        to: SeatId,
        /// Whether it has answered.
        answered: bool,
        /// Until when it must answer, or be heard.
        until: Timestamp,
        /// When the transfer began.
        since: Timestamp,
    },
    /// The operator has left the caller with somebody outside, who has answered; nobody owns the call.
    WithOutside {
        /// Who left.
        from: SeatId,
        /// When.
        since: Timestamp,
    },
    /// The caller has left; the operator and somebody outside go on.
    Finishing {
        /// The seat.
        seat: SeatId,
        /// When the caller left.
        since: Timestamp,
    },
    /// An operator calls a citizen back, who has not answered yet.
    CallingBack {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
        /// Until when the citizen is rung; `None` while the operator's own leg comes up.
        until: Option<Timestamp>,
    },
    /// Over.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// How.
        disposition: Disposition,
        /// When.
        at: Timestamp,
    },
}

/// Why a call is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaim {
    /// The cause.
    pub cause: ReclaimCause,
    /// The unit that did not take it.
    pub unit: UnitId,
    /// When.
    pub at: Timestamp,
}

/// A disposal that can still be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposing {
    /// How the call will end.
    pub disposition: Disposition,
    /// When.
    pub until: Timestamp,
}

/// How far the silent-call procedure has come in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "check")]
pub enum SilenceCheck {
    /// It has not run.
    #[default]
    NotRun,
    /// It runs.
    Running {
        /// Until when the line is listened to.
        until: Timestamp,
    },
    /// It has run to its end, and nothing was heard.
    Silent {
        /// When it ended.
        at: Timestamp,
    },
    /// The caller answered it: a life may be in danger.
    Signalled {
        /// How.
        signal: LineSignal,
        /// When.
        at: Timestamp,
    },
}

/// Somebody outside, in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideView {
    /// Who.
    pub party: OutsideParty,
    /// How far they have come.
    pub stage: OutsideStage,
}

/// How far somebody outside has come into a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum OutsideStage {
    /// Being called.
    Called {
        /// How long they may ring.
        until: Timestamp,
    },
    /// In the conversation.
    Up {
        /// Since when.
        since: Timestamp,
    },
    /// Not any more, or they never came.
    Gone {
        /// Whether they had answered.
        answered: bool,
        /// Why.
        cause: LegCause,
        /// When.
        at: Timestamp,
    },
}

/// A call as it may be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// Where it stands.
    pub phase: CallPhase,
    /// The unit whose desks see the form.
    pub picked: Option<UnitId>,
    /// When it reached the switch.
    pub arrived_at: Timestamp,
    /// The unit that came first for it, by trunk, area code or cell.
    pub first_unit: Option<UnitId>,
    /// How far the silent-call procedure has come.
    pub silence: SilenceCheck,
    /// Seats whose leg is being replaced.
    pub rejoining: Vec<SeatId>,
    /// Whoever outside is called or in the conversation, or was last.
    pub outside: Option<OutsideView>,
}

/// A seat as it may be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// The seat.
    pub seat: SeatId,
    /// What it does.
    pub state: SeatState,
    /// The unit for which somebody is, or last was, logged in here.
    pub unit: Option<UnitId>,
    /// The call that rings here, is held here, or is being written up.
    pub call: Option<CallId>,
    /// Since when `state`, `unit` and `call` are as they are.
    pub since: Timestamp,
}

impl Call {
    /// What may be seen of it now.
    pub(crate) fn view(&self) -> CallView {
        CallView {
            call: self.line.id,
            phase: self.phase(),
            picked: self.line.picked.clone(),
            arrived_at: self.line.arrived_at,
            first_unit: self.line.first_unit.clone(),
            silence: self.silence(),
            rejoining: self
                .state
                .parties()
                .filter(|party| party.next().is_some())
                .map(|party| party.seat.clone())
                .collect(),
            outside: self
                .line
                .outside
                .as_ref()
                .map(|outside| OutsideView { party: outside.party.clone(), stage: outside.stage }),
        }
    }

    /// How far the silent-call procedure has come; one that runs anew counts as not finished.
    pub(crate) fn silence(&self) -> SilenceCheck {
        match &self.state {
            State::Talking(talking) => talking
                .listening
                .map_or_else(|| self.line.silence.into(), |until| SilenceCheck::Running { until }),
            State::Waiting(_)
            | State::Held(_)
            | State::Transferring(_)
            | State::CallingBack(_)
            | State::WithOutside(_)
            | State::Finishing(_) => self.line.silence.into(),
        }
    }

    fn phase(&self) -> CallPhase {
        match &self.state {
            State::Waiting(Waiting { since, ring: None, .. }) => {
                CallPhase::Queued { since: *since, level: self.line.level }
            }
            State::Waiting(Waiting { since, ring: Some(ring), .. }) => CallPhase::Ringing {
                seat: ring.rung.seat.clone(),
                since: *since,
                until: ring.until,
            },
            State::Talking(talking) => CallPhase::Talking {
                seat: talking.party.seat.clone(),
                since: talking.since,
                reclaimed: talking.reclaimed.clone(),
                disposing: talking.disposing.clone(),
            },
            State::Held(held) => {
                CallPhase::Held { seat: held.party.seat.clone(), since: held.since }
            }
            State::Transferring(transfer) => {
                let (answered, until) = match &transfer.target {
                    Target::Ringing(_) => (false, transfer.ring_until),
                    Target::Answered { heard_by, .. } => (true, *heard_by),
                };
                CallPhase::Transferring {
                    from: transfer.giver.seat().clone(),
                    unit: transfer.unit.clone(),
                    to: transfer.target.seat().clone(),
                    answered,
                    until,
                    since: transfer.since,
                }
            }
            State::WithOutside(with) => {
                CallPhase::WithOutside { from: with.from.clone(), since: with.since }
            }
            State::Finishing(finishing) => {
                CallPhase::Finishing { seat: finishing.party.seat.clone(), since: finishing.since }
            }
            State::CallingBack(CallBack { rung, since, stage }) => CallPhase::CallingBack {
                seat: rung.seat.clone(),
                since: *since,
                until: match stage {
                    Stage::Seat { .. } => None,
                    Stage::Citizen { until } => Some(*until),
                },
            },
        }
    }
}
