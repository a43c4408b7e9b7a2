//! A live call: what it is at any time, with the data of each state inside its variant. What moves it
//! from one state to the next is in [`crate::queue`], [`crate::talk`], [`crate::transfer`],
//! [`crate::rejoin`], [`crate::call_back`] and [`crate::outside`].

use crate::line::Line;
use crate::outside::Outside;
use crate::party::{Party, Rung};
use crate::{Disposing, Handover, OutsideStage, Program, Prompt, Reclaim, WaitReason};
use siaga_model::{Disposition, LegCause, LegId, Redacted, SeatId, Timestamp, UnitId};
use std::collections::BTreeSet;

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
    /// An operator calls a citizen back, who has not answered.
    CallingBack(CallBack),
    /// Its owner has left the caller with somebody outside.
    WithOutside(WithOutside),
    /// The caller has left; its owner and somebody outside finish.
    Finishing(Finishing),
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
    /// Whether the caller was told to stay on the line since `since`.
    pub(crate) announced: bool,
    /// The seat that rings.
    pub(crate) ring: Option<Ring>,
}

#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) rung: Rung,
    /// When it has rung long enough.
    pub(crate) until: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) party: Party,
    pub(crate) since: Timestamp,
    pub(crate) reclaimed: Option<Reclaim>,
    /// A disposal that can still be undone; only while the owner's leg is up.
    pub(crate) disposing: Option<Disposing>,
    /// Until when a silent line is listened to; only while the owner's leg is up.
    pub(crate) listening: Option<Timestamp>,
}

impl Talking {
    pub(crate) fn new(party: Party, since: Timestamp) -> Self {
        Self { party, since, reclaimed: None, disposing: None, listening: None }
    }
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
    /// It owns the call.
    Up(Party),
    /// Its leg is gone; nobody owns the call until the unit answers.
    Lost { seat: SeatId, cause: LegCause },
}

/// The seat that is to take over.
#[derive(Debug)]
pub(crate) enum Target {
    Ringing(Rung),
    /// Answered, but not heard.
    Answered {
        party: Party,
        heard_by: Timestamp,
    },
}

#[derive(Debug)]
pub(crate) struct CallBack {
    pub(crate) rung: Rung,
    pub(crate) since: Timestamp,
    pub(crate) stage: Stage,
}

/// How far a call back has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The operator's own leg comes up.
    Seat { number: Redacted<String>, until: Timestamp },
    /// It is up, and the citizen is rung.
    Citizen { until: Timestamp },
}

#[derive(Debug)]
pub(crate) struct WithOutside {
    /// Who left.
    pub(crate) from: SeatId,
    pub(crate) since: Timestamp,
    /// How that operator wants the call to be disposed of.
    pub(crate) said: Option<Disposition>,
}

#[derive(Debug)]
pub(crate) struct Finishing {
    pub(crate) party: Party,
    pub(crate) since: Timestamp,
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
    /// Rings to take the place of one of the three above that have answered.
    Next,
    /// The operator's who calls back.
    CallingBack,
    /// The citizen's who is called back.
    CalledBack,
    /// Somebody's outside, called or in the conversation.
    Outside,
    /// None that counts: hung up, lost, never made, or a caller's who is there.
    Stray,
}

impl Call {
    pub(crate) fn role(&self, leg: LegId) -> Role {
        let outside = self.line.outside.as_ref().and_then(Outside::leg);
        if outside == Some(leg) { Role::Outside } else { self.state.role(leg) }
    }

    /// The earliest thing that will happen by itself.
    pub(crate) fn deadline(&self) -> Option<(Timestamp, WaitReason)> {
        let outside = self.line.outside.as_ref().and_then(Outside::called_until);
        let outside = outside.map(|until| (until, WaitReason::OutsideRing));
        self.state.deadline().into_iter().chain(outside).min_by_key(|(until, _)| *until)
    }
}

impl Giver {
    pub(crate) fn seat(&self) -> &SeatId {
        match self {
            Self::Up(Party { seat, .. }) | Self::Lost { seat, .. } => seat,
        }
    }

    pub(crate) fn party(&self) -> Option<&Party> {
        match self {
            Self::Up(party) => Some(party),
            Self::Lost { .. } => None,
        }
    }
}

impl Target {
    pub(crate) fn seat(&self) -> &SeatId {
        match self {
            Self::Ringing(Rung { seat, .. }) | Self::Answered { party: Party { seat, .. }, .. } => {
                seat
            }
        }
    }

    pub(crate) fn party(&self) -> Option<&Party> {
        match self {
            Self::Ringing(_) => None,
            Self::Answered { party, .. } => Some(party),
        }
    }

    /// All its legs.
    pub(crate) fn legs(&self) -> Vec<LegId> {
        match self {
            Self::Ringing(rung) => vec![rung.leg],
            Self::Answered { party, .. } => party.legs().collect(),
        }
    }
}

impl Transfer {
    /// Whether the one who hands over is set aside.
    pub(crate) fn giver_is_apart(&self) -> bool {
        self.handover == Handover::Music
    }

    fn program(&self, with_outside: bool) -> Program {
        let is_live = |party: Option<&Party>| party.and_then(Party::live).is_some();
        let giver_is_there = is_live(self.giver.party()) && !self.giver_is_apart();
        match (&self.target, giver_is_there || with_outside) {
            (Target::Ringing(_), true) => Program::SoftRingback,
            (Target::Answered { .. }, true) => Program::Quiet,
            // An answer alone is no voice.
            (Target::Answered { party, .. }, false) if is_live(Some(party)) && party.flows => {
                Program::Quiet
            }
            (Target::Ringing(_) | Target::Answered { .. }, false) => Program::Music,
        }
    }
}

impl State {
    /// What the caller has to hear beside people.
    pub(crate) fn program(&self, line: &Line) -> Program {
        let outside = line.outside.as_ref().map(|outside| &outside.stage);
        let is_called = matches!(outside, Some(OutsideStage::Called { .. }));
        let with_outside = line.is_with_outside();
        match self {
            Self::Waiting(_) if with_outside => Program::Quiet,
            Self::Waiting(Waiting { announced: true, .. }) => Program::Prompt(Prompt::PleaseWait),
            Self::Waiting(_) | Self::Held(_) => Program::Music,
            Self::Talking(Talking { party, listening, .. }) => match (party.live(), listening) {
                (None, _) if with_outside => Program::Quiet,
                (None, _) => Program::Music,
                (Some(_), Some(_)) => Program::Prompt(Prompt::SilenceCheck),
                (Some(_), None) if is_called => Program::SoftRingback,
                (Some(_), None) => Program::Quiet,
            },
            Self::Transferring(transfer) => transfer.program(with_outside),
            Self::WithOutside(_) | Self::Finishing(_) => Program::Quiet,
            Self::CallingBack(CallBack { stage: Stage::Seat { .. }, .. }) => Program::Quiet,
            Self::CallingBack(CallBack { stage: Stage::Citizen { .. }, .. }) => {
                Program::SoftRingback
            }
        }
    }

    /// With its owner, who hears the line.
    pub(crate) fn talking(&self) -> Option<&Talking> {
        match self {
            Self::Talking(talking) => Some(talking),
            Self::Waiting(_)
            | Self::Held(_)
            | Self::Transferring(_)
            | Self::CallingBack(_)
            | Self::WithOutside(_)
            | Self::Finishing(_) => None,
        }
    }

    /// The owner of a caller who is with nobody else of ours, on hold or not.
    pub(crate) fn sole_owner(&self) -> Option<&Party> {
        match self {
            Self::Talking(Talking { party, .. }) | Self::Held(Held { party, .. }) => Some(party),
            Self::Waiting(_)
            | Self::Transferring(_)
            | Self::CallingBack(_)
            | Self::WithOutside(_)
            | Self::Finishing(_) => None,
        }
    }

    /// Those who have answered, the owner first.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &Party> {
        let (first, second) = match self {
            Self::Waiting(_) | Self::CallingBack(_) | Self::WithOutside(_) => (None, None),
            Self::Talking(Talking { party, .. })
            | Self::Held(Held { party, .. })
            | Self::Finishing(Finishing { party, .. }) => (Some(party), None),
            Self::Transferring(transfer) => (transfer.giver.party(), transfer.target.party()),
        };
        first.into_iter().chain(second)
    }

    /// The same, to be changed.
    pub(crate) fn parties_mut(&mut self) -> impl Iterator<Item = &mut Party> {
        let (first, second) = match self {
            Self::Waiting(_) | Self::CallingBack(_) | Self::WithOutside(_) => (None, None),
            Self::Talking(Talking { party, .. })
            | Self::Held(Held { party, .. })
            | Self::Finishing(Finishing { party, .. }) => (Some(party), None),
            Self::Transferring(Transfer { giver, target, .. }) => (
                match giver {
                    Giver::Up(party) => Some(party),
                    Giver::Lost { .. } => None,
                },
                match target {
                    Target::Answered { party, .. } => Some(party),
                    Target::Ringing(_) => None,
                },
            ),
        };
        first.into_iter().chain(second)
    }

    fn role(&self, leg: LegId) -> Role {
        let rings = |rung: &Rung, role| if rung.leg == leg { role } else { Role::Stray };
        let is = |party: &Party, role| match leg {
            leg if party.live() == Some(leg) => role,
            leg if party.next() == Some(leg) => Role::Next,
            _ => Role::Stray,
        };
        match self {
            Self::Waiting(Waiting { ring, .. }) => {
                ring.as_ref().map_or(Role::Stray, |ring| rings(&ring.rung, Role::Offer))
            }
            Self::Talking(Talking { party, .. })
            | Self::Held(Held { party, .. })
            | Self::Finishing(Finishing { party, .. }) => is(party, Role::Owner),
            Self::WithOutside(_) => Role::Stray,
            Self::Transferring(transfer) => {
                let giver = transfer.giver.party().map_or(Role::Stray, |at| is(at, Role::Giver));
                match (giver, &transfer.target) {
                    (Role::Stray, Target::Ringing(rung)) => rings(rung, Role::TargetRinging),
                    (Role::Stray, Target::Answered { party, .. }) => {
                        is(party, Role::TargetAnswered)
                    }
                    (found, _) => found,
                }
            }
            Self::CallingBack(_) if leg.is_caller() => Role::CalledBack,
            Self::CallingBack(back) => rings(&back.rung, Role::CallingBack),
        }
    }

    /// The leg over which this seat is rung, or is reached.
    pub(crate) fn leg_of(&self, seat: &SeatId) -> Option<LegId> {
        let rung = match self {
            Self::Waiting(Waiting { ring, .. }) => ring.as_ref().map(|ring| &ring.rung),
            Self::Transferring(Transfer { target: Target::Ringing(rung), .. }) => Some(rung),
            Self::CallingBack(back) => Some(&back.rung),
            Self::Talking(_)
            | Self::Held(_)
            | Self::Transferring(Transfer { target: Target::Answered { .. }, .. })
            | Self::WithOutside(_)
            | Self::Finishing(_) => None,
        };
        rung.filter(|rung| rung.seat == *seat)
            .map(|rung| rung.leg)
            .or_else(|| self.parties().find(|party| party.seat == *seat).and_then(Party::live))
    }

    /// The seat whose intents are followed.
    pub(crate) fn owner(&self) -> Option<&SeatId> {
        match self {
            Self::Waiting(_) | Self::WithOutside(_) => None,
            Self::Talking(Talking { party, .. })
            | Self::Held(Held { party, .. })
            | Self::Finishing(Finishing { party, .. }) => Some(&party.seat),
            Self::Transferring(transfer) => transfer.giver.party().map(|party| &party.seat),
            Self::CallingBack(back) => Some(&back.rung.seat),
        }
    }

    /// The earliest thing that will happen by itself, somebody outside left out.
    fn deadline(&self) -> Option<(Timestamp, WaitReason)> {
        let own = match self {
            Self::Waiting(waiting) => [
                waiting.ring.as_ref().map(|ring| (ring.until, WaitReason::SeatRing)),
                waiting.level_until.map(|until| (until, WaitReason::Level)),
                waiting.again_at.map(|until| (until, WaitReason::OfferAgain)),
            ],
            Self::Talking(Talking { disposing, listening, .. }) => [
                disposing.as_ref().map(|disposing| (disposing.until, WaitReason::Disposal)),
                listening.map(|until| (until, WaitReason::SilenceCheck)),
                None,
            ],
            Self::Held(_) | Self::WithOutside(_) | Self::Finishing(_) => [None; 3],
            Self::Transferring(transfer) => {
                let due = match &transfer.target {
                    Target::Ringing(_) => (transfer.ring_until, WaitReason::TransferRing),
                    Target::Answered { heard_by, .. } => (*heard_by, WaitReason::Heard),
                };
                [Some(due), None, None]
            }
            Self::CallingBack(CallBack { stage, .. }) => match stage {
                Stage::Seat { until, .. } | Stage::Citizen { until } => {
                    [Some((*until, WaitReason::CallBackRing)), None, None]
                }
            },
        };
        let rejoins = self.parties().filter_map(Party::next_until);
        let rejoins = rejoins.map(|until| (until, WaitReason::Rejoin));
        own.into_iter().flatten().chain(rejoins).min_by_key(|(until, _)| *until)
    }
}
