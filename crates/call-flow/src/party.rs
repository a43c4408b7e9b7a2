//! Seats in a call, and how each is reached: over one leg, or over the next one of its desk.

use siaga_model::{LegCause, LegId, SeatId, Timestamp};

/// A seat that is rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) seat: SeatId,
    pub(crate) leg: LegId,
}

/// A seat that has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) seat: SeatId,
    pub(crate) reach: Reach,
    /// Whether anything comes over its leg, as far as it matters: of whoever is to take over.
    pub(crate) flows: bool,
}

/// How a seat that has answered is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Over a leg that is up.
    Leg(LegId),
    /// Over `old`, until `new` is answered and takes its place.
    Replacing { old: LegId, new: LegId, until: Timestamp },
    /// Not at all until `new` is answered: the old leg is gone, for `cause`.
    Coming { new: LegId, until: Timestamp, cause: LegCause },
}

impl From<Rung> for Party {
    /// It has answered.
    fn from(Rung { seat, leg }: Rung) -> Self {
        Self { seat, reach: Reach::Leg(leg), flows: false }
    }
}

impl Party {
    /// The leg that is up.
    pub(crate) fn live(&self) -> Option<LegId> {
        match self.reach {
            Reach::Leg(leg) | Reach::Replacing { old: leg, .. } => Some(leg),
            Reach::Coming { .. } => None,
        }
    }

    /// The leg that rings to take the place of another.
    pub(crate) fn next(&self) -> Option<LegId> {
        match self.reach {
            Reach::Leg(_) => None,
            Reach::Replacing { new, .. } | Reach::Coming { new, .. } => Some(new),
        }
    }

    /// Until when that leg may ring.
    pub(crate) fn next_until(&self) -> Option<Timestamp> {
        match self.reach {
            Reach::Leg(_) => None,
            Reach::Replacing { until, .. } | Reach::Coming { until, .. } => Some(until),
        }
    }

    /// All its legs: what has to be hung up to be rid of it.
    pub(crate) fn legs(&self) -> impl Iterator<Item = LegId> {
        self.live().into_iter().chain(self.next())
    }
}
