//! A live call: what it is at any time, with the data of each state inside its variant. What moves it
//! from one state to the next is in [`crate::queue`], [`crate::talk`] and [`crate::transfer`].

use crate::{CallPhase, CallView, Handover, Reclaim, WaitReason};
use siaga_model::{CallId, LegCause, LegId, SeatId, Timestamp, UnitId};
use std::collections::BTreeSet;

/// A call's place in the queue: those that lost their human first, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    not_requeued: bool,
    arrival: u64,
    pub(crate) call: CallId,
}

/// What stays with a call through all its states.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: CallId,
    /// How many calls had arrived before.
    pub(crate) arrival: u64,
    /// When it reached the switch, by the switch's word.
    pub(crate) arrived_at: Timestamp,
    pub(crate) first_unit: Option<UnitId>,
    pub(crate) picked: Option<UnitId>,
    /// The level at which its escalation began; index into the configured levels.
    pub(crate) first_level: usize,
    /// The highest level that is asked; index into the configured levels.
    pub(crate) level: usize,
    /// Whether it has lost a human, and so goes before those that have had none.
    pub(crate) requeued: bool,
    /// Number of the last leg that was made.
    pub(crate) last_leg: u16,
}

impl Line {
    /// The next leg's id. Numbers start at 1; after 65,535 legs they start over, long after the
    /// first ones are gone.
    pub(crate) fn new_leg(&mut self) -> LegId {
        self.last_leg = self.last_leg.checked_add(1).unwrap_or(1);
        LegId { call: self.id, n: self.last_leg }
    }

    pub(crate) fn place(&self) -> Place {
        Place { not_requeued: !self.requeued, arrival: self.arrival, call: self.id }
    }
}

/// A seat with its leg of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) seat: SeatId,
    pub(crate) leg: LegId,
}

/// A live call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) line: Line,
    pub(crate) state: State,
}

/// Where a live call stands.
#[derive(Debug)]
pub(crate) enum State {
    /// In the queue, perhaps ringing somewhere.
    Waiting(Waiting),
    /// With its owner.
    Talking(Talking),
    /// Its owner has put it on hold.
    Held(Held),
    /// Between its owner and a unit.
    Transferring(Transfer),
}

#[derive(Debug)]
pub(crate) struct Waiting {
    /// Since when the caller waits.
    pub(crate) since: Timestamp,
    /// When the next level is asked too; `None` at the last one.
    pub(crate) level_until: Option<Timestamp>,
    /// Seats that refused this call and are not asked again yet.
    pub(crate) refused: BTreeSet<SeatId>,
    /// When `refused` is forgotten, unless a seat rings then; set by each refusal and each ringing out.
    pub(crate) again_at: Option<Timestamp>,
    /// The seat that rings.
    pub(crate) ring: Option<Ring>,
}

#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) party: Party,
    /// When it has rung long enough.
    pub(crate) until: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) party: Party,
    pub(crate) since: Timestamp,
    pub(crate) reclaimed: Option<Reclaim>,
}

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) party: Party,
    pub(crate) since: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) giver: Giver,
    pub(crate) unit: UnitId,
    pub(crate) handover: Handover,
    pub(crate) since: Timestamp,
    /// When the unit has rung long enough, over all its seats.
    pub(crate) ring_until: Timestamp,
    /// Seats of the unit that have refused.
    pub(crate) refused: BTreeSet<SeatId>,
    pub(crate) target: Target,
}

/// Who hands over.
#[derive(Debug)]
pub(crate) enum Giver {
    /// Its leg is up; it owns the call.
    Up(Party),
    /// Its leg is gone; nobody owns the call until the unit answers.
    Lost { seat: SeatId, cause: LegCause },
}

/// The seat that is to take over.
#[derive(Debug)]
pub(crate) enum Target {
    Ringing(Party),
    /// Answered, but not heard.
    Answered {
        party: Party,
        heard_by: Timestamp,
    },
}

/// What a leg is to its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Rings for an arriving call.
    Offer,
    /// The owner's, talking or on hold.
    Owner,
    /// The one that hands over.
    Giver,
    /// A unit's, ringing.
    TargetRinging,
    /// A unit's, answered.
    TargetAnswered,
    /// None that counts: hung up, lost, never made, or the caller's.
    Stray,
}

impl Target {
    pub(crate) fn party(&self) -> &Party {
        match self {
            Self::Ringing(party) | Self::Answered { party, .. } => party,
        }
    }
}

impl State {
    pub(crate) fn role(&self, leg: LegId) -> Role {
        let role = |party: &Party, role| if party.leg == leg { role } else { Role::Stray };
        match self {
            Self::Waiting(waiting) => {
                waiting.ring.as_ref().map_or(Role::Stray, |ring| role(&ring.party, Role::Offer))
            }
            Self::Talking(Talking { party, .. }) | Self::Held(Held { party, .. }) => {
                role(party, Role::Owner)
            }
            Self::Transferring(transfer) => {
                if let Giver::Up(party) = &transfer.giver
                    && party.leg == leg
                {
                    return Role::Giver;
                }
                match &transfer.target {
                    Target::Ringing(party) => role(party, Role::TargetRinging),
                    Target::Answered { party, .. } => role(party, Role::TargetAnswered),
                }
            }
        }
    }

    /// The leg that a seat has in this call.
    pub(crate) fn leg_of(&self, seat: &SeatId) -> Option<LegId> {
        let leg = |party: &Party| (party.seat == *seat).then_some(party.leg);
        match self {
            Self::Waiting(waiting) => waiting.ring.as_ref().and_then(|ring| leg(&ring.party)),
            Self::Talking(Talking { party, .. }) | Self::Held(Held { party, .. }) => leg(party),
            Self::Transferring(transfer) => match &transfer.giver {
                Giver::Up(party) => leg(party).or_else(|| leg(transfer.target.party())),
                Giver::Lost { .. } => leg(transfer.target.party()),
            },
        }
    }

    /// The seat whose intents are followed.
    pub(crate) fn owner(&self) -> Option<&SeatId> {
        match self {
            Self::Waiting(_) => None,
            Self::Talking(Talking { party, .. }) | Self::Held(Held { party, .. }) => {
                Some(&party.seat)
            }
            Self::Transferring(transfer) => match &transfer.giver {
                Giver::Up(party) => Some(&party.seat),
                Giver::Lost { .. } => None,
            },
        }
    }

    /// The earliest thing that will happen by itself.
    pub(crate) fn deadline(&self) -> Option<(Timestamp, WaitReason)> {
        match self {
            Self::Waiting(waiting) => [
                waiting.ring.as_ref().map(|ring| (ring.until, WaitReason::SeatRing)),
                waiting.level_until.map(|until| (until, WaitReason::Level)),
                waiting.again_at.map(|until| (until, WaitReason::OfferAgain)),
            ]
            .into_iter()
            .flatten()
            .min_by_key(|(until, _)| *until),
            Self::Talking(_) | Self::Held(_) => None,
            Self::Transferring(transfer) => Some(match &transfer.target {
                Target::Ringing(_) => (transfer.ring_until, WaitReason::TransferRing),
                Target::Answered { heard_by, .. } => (*heard_by, WaitReason::Heard),
            }),
        }
    }
}

impl Call {
    pub(crate) fn view(&self) -> CallView {
        let phase = match &self.state {
            State::Waiting(Waiting { since, ring: None, .. }) => {
                CallPhase::Queued { since: *since, level: self.line.level }
            }
            State::Waiting(Waiting { since, ring: Some(ring), .. }) => CallPhase::Ringing {
                seat: ring.party.seat.clone(),
                since: *since,
                until: ring.until,
            },
            State::Talking(talking) => CallPhase::Talking {
                seat: talking.party.seat.clone(),
                since: talking.since,
                reclaimed: talking.reclaimed.clone(),
                disposing: None,
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
                    from: match &transfer.giver {
                        Giver::Up(party) => party.seat.clone(),
                        Giver::Lost { seat, .. } => seat.clone(),
                    },
                    unit: transfer.unit.clone(),
                    to: transfer.target.party().seat.clone(),
                    answered,
                    until,
                    since: transfer.since,
                }
            }
        };
        CallView {
            call: self.line.id,
            phase,
            picked: self.line.picked.clone(),
            arrived_at: self.line.arrived_at,
            first_unit: self.line.first_unit.clone(),
            silence: crate::SilenceCheck::NotRun,
            rejoining: Vec::new(),
        }
    }
}
