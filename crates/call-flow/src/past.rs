//! What the event log says of one call up to its last line: where it stood when the hub that wrote
//! the log was gone. A pure reader, as [`crate::figures`] is; what is made of it is decided in
//! [`crate::takeover`].

use crate::line::Silence;
use crate::{FlowEvent, Reclaim};
use siaga_model::{CallId, Disposition, EndedBy, OutsideParty, SeatId, Timestamp, UnitId};

/// One call as the log tells it. [`Past::default`] is a call of which the log says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    pub(crate) stands: Stands,
    pub(crate) first_unit: Option<UnitId>,
    pub(crate) picked: Option<UnitId>,
    /// The highest level that was asked, unless it was the first.
    pub(crate) level: usize,
    pub(crate) requeued: bool,
    /// Whether the caller was told to stay on the line since beginning to wait.
    pub(crate) announced: bool,
    pub(crate) silence: Silence,
    /// Whoever outside is called, or has answered (`true`).
    pub(crate) outside: Option<(OutsideParty, bool)>,
    /// A disposal that ran.
    pub(crate) disposing: Option<Disposition>,
    /// No leg that the log knows has a higher number.
    pub(crate) legs: u16,
}

/// Where the call stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stands {
    /// The log does not know the call.
    #[default]
    Unknown,
    Waiting {
        since: Timestamp,
    },
    CallingBack {
        seat: SeatId,
    },
    Talking {
        seat: SeatId,
        since: Timestamp,
        reclaimed: Option<Reclaim>,
    },
    Held {
        seat: SeatId,
        since: Timestamp,
    },
    Transferring {
        from: SeatId,
        unit: UnitId,
        since: Timestamp,
        /// The seat of the unit that was rung last.
        to: Option<SeatId>,
        /// Whether it had answered.
        answered: bool,
    },
    WithOutside {
        from: SeatId,
        since: Timestamp,
    },
    Ended {
        by: EndedBy,
    },
}

impl Past {
    /// Reads a log; lines that are not about this call are passed over.
    pub fn of(call: CallId, log: impl IntoIterator<Item = (Timestamp, FlowEvent)>) -> Self {
        let mut past = Self::default();
        for (at, event) in log {
            if event.call() == Some(call) {
                past.read(at, event);
            }
        }
        past
    }

    /// Whether the log tells an end that stands: one that somebody of ours has brought about. A caller
    /// who is there has neither hung up nor been cut off, whatever the log says.
    pub fn is_over(&self) -> bool {
        match self.stands {
            Stands::Ended { by } => match by {
                EndedBy::Closing | EndedBy::NotReached => true,
                EndedBy::Caller | EndedBy::SwitchLost => false,
            },
            Stands::Unknown
            | Stands::Waiting { .. }
            | Stands::CallingBack { .. }
            | Stands::Talking { .. }
            | Stands::Held { .. }
            | Stands::Transferring { .. }
            | Stands::WithOutside { .. } => false,
        }
    }

    /// As [`Self::of`] would read it, had the hub then taken a call that was live for cut off.
    #[must_use]
    pub fn cut_off(mut self, at: Timestamp, call: CallId) -> Self {
        match self.stands {
            // The log does not know it, so nobody has said that it ended.
            Stands::Unknown | Stands::Ended { .. } => {}
            Stands::Waiting { .. }
            | Stands::CallingBack { .. }
            | Stands::Talking { .. }
            | Stands::Held { .. }
            | Stands::Transferring { .. }
            | Stands::WithOutside { .. } => {
                let (by, disposition) = (EndedBy::SwitchLost, Disposition::Abandoned);
                self.read(at, FlowEvent::Ended { call, by, disposition });
            }
        }
        self
    }

    /// Who owned the call last.
    pub(crate) fn owner(&self) -> Option<&SeatId> {
        match &self.stands {
            Stands::CallingBack { seat }
            | Stands::Talking { seat, .. }
            | Stands::Held { seat, .. }
            | Stands::Transferring { from: seat, .. } => Some(seat),
            Stands::Unknown
            | Stands::Waiting { .. }
            | Stands::WithOutside { .. }
            | Stands::Ended { .. } => None,
        }
    }

    fn talks(&mut self, seat: SeatId, since: Timestamp, reclaimed: Option<Reclaim>) {
        self.announced = false;
        self.stands = Stands::Talking { seat, since, reclaimed };
    }

    pub(crate) fn read(&mut self, at: Timestamp, event: FlowEvent) {
        match event {
            FlowEvent::CallerArrived { first_unit, .. } => {
                // Counted as ended before, perhaps: what was then is over, but for the numbers of legs.
                let legs = self.legs;
                let requeued = matches!(self.stands, Stands::Ended { .. });
                let stands = Stands::Waiting { since: at };
                *self = Self { stands, first_unit, requeued, legs, ..Self::default() };
            }
            FlowEvent::CallBackStarted { seat, .. } => {
                self.legs = 1;
                self.stands = Stands::CallingBack { seat };
            }
            FlowEvent::Escalated { level, .. } => self.level = level,
            FlowEvent::SeatRinging { .. } | FlowEvent::LegReplaced { .. } => {
                self.legs = self.legs.saturating_add(1);
            }
            FlowEvent::Answered { seat, .. } | FlowEvent::TransferDone { seat, .. } => {
                self.talks(seat, at, None);
            }
            FlowEvent::Reclaimed { seat, unit, cause, .. } => {
                self.talks(seat, at, Some(Reclaim { cause, unit, at }));
            }
            FlowEvent::UnitPicked { unit, .. } => self.picked = unit,
            FlowEvent::TransferStarted { from, unit, .. } => {
                let (to, answered) = (None, false);
                self.stands = Stands::Transferring { from, unit, since: at, to, answered };
            }
            FlowEvent::TransferRinging { seat, .. } => {
                self.legs = self.legs.saturating_add(1);
                self.rings_or_answered(seat, false);
            }
            FlowEvent::TransferAnswered { seat, .. } => self.rings_or_answered(seat, true),
            FlowEvent::Held { .. } => {
                if let Stands::Talking { seat, .. } = &self.stands {
                    self.stands = Stands::Held { seat: seat.clone(), since: at };
                }
            }
            FlowEvent::Resumed { .. } => {
                if let Stands::Held { seat, .. } = &self.stands {
                    self.talks(seat.clone(), at, None);
                }
            }
            FlowEvent::WaitAnnounced { .. } => self.announced = true,
            FlowEvent::SilenceCheckStarted { .. } => {
                if self.silence == Silence::NotAsked {
                    self.silence = Silence::Asked;
                }
            }
            FlowEvent::SilenceChecked { signal, .. } => {
                self.silence = match signal {
                    Some(signal) => Silence::Signalled { signal, at },
                    None => Silence::Silent { at },
                };
            }
            FlowEvent::Disposing { disposition, .. } => self.disposing = Some(disposition),
            FlowEvent::DisposalUndone { .. } => self.disposing = None,
            FlowEvent::Requeued { .. } => {
                self.requeued = true;
                self.announced = false;
                self.stands = Stands::Waiting { since: at };
            }
            FlowEvent::OutsideCalled { party, .. } => {
                self.legs = self.legs.saturating_add(1);
                self.outside = Some((party, false));
            }
            FlowEvent::OutsideAnswered { .. } => {
                if let Some((_, answered)) = &mut self.outside {
                    *answered = true;
                }
            }
            FlowEvent::LeftWithOutside { seat, .. } => {
                self.stands = Stands::WithOutside { from: seat, since: at };
            }
            FlowEvent::OutsideGone { .. } => {
                self.outside = None;
                if let Stands::WithOutside { .. } = self.stands {
                    self.requeued = true;
                    self.announced = false;
                    self.stands = Stands::Waiting { since: at };
                }
            }
            FlowEvent::TakenOver { leg, .. } => self.legs = self.legs.max(leg),
            FlowEvent::Ended { by, .. } => self.stands = Stands::Ended { by },
            FlowEvent::SeatMissed { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::Disposed { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => {}
        }
    }

    fn rings_or_answered(&mut self, seat: SeatId, has_answered: bool) {
        if let Stands::Transferring { to, answered, .. } = &mut self.stands {
            *to = Some(seat);
            *answered = has_answered;
        }
    }
}
