//! One leg as the switch's actor sees it, and what SIP says in the words of the model.

use siaga_media::MediaSession;
use siaga_model::{LegCause, LegId, Redacted, SeatId, Timestamp};
use siaga_sip::DialogKey;
use std::sync::Arc;

/// How far a leg has come. What only one phase has lives in it.
pub(super) enum LegPhase {
    /// Its media is being gathered; there is no dialog yet.
    Preparing,
    /// Our INVITE is out.
    Calling { dialog: DialogKey },
    /// Answered; ICE and DTLS are on their way.
    Connecting { dialog: DialogKey },
    /// Two-way media.
    Up { dialog: DialogKey, joined_at: Timestamp },
    /// We are ending it for this cause and wait for the dialog to say so.
    Ending { dialog: DialogKey, cause: LegCause, joined_at: Option<Timestamp> },
}

impl LegPhase {
    pub(super) fn dialog(&self) -> Option<DialogKey> {
        match self {
            Self::Preparing => None,
            Self::Calling { dialog }
            | Self::Connecting { dialog }
            | Self::Up { dialog, .. }
            | Self::Ending { dialog, .. } => Some(*dialog),
        }
    }

    pub(super) fn joined_at(&self) -> Option<Timestamp> {
        match self {
            Self::Preparing | Self::Calling { .. } | Self::Connecting { .. } => None,
            Self::Up { joined_at, .. } => Some(*joined_at),
            Self::Ending { joined_at, .. } => *joined_at,
        }
    }
}

/// Who is at the other end.
#[derive(Clone)]
pub(super) enum Party {
    /// A citizen who dialled 110.
    Caller,
    /// A citizen whom we dial: the number, which is also the account of a registered telephone.
    Dialled(Redacted<String>),
    /// Somebody whom an operator has called: the number, as above.
    Outside(Redacted<String>),
    /// One of our seats.
    Seat(SeatId),
}

impl Party {
    /// The account that an INVITE of ours goes to.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Caller => None,
            Self::Dialled(number) | Self::Outside(number) => Some(number.expose()),
            Self::Seat(seat) => Some(seat.as_str()),
        }
    }

    /// Whether we called and so somebody wants to know that it was answered.
    pub(super) fn was_called(&self) -> bool {
        self.account().is_some()
    }

    pub(super) fn seat(self) -> Option<SeatId> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Caller | Self::Dialled(_) | Self::Outside(_) => None,
        }
    }
}

pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) party: Party,
    pub(super) phase: LegPhase,
    pub(super) session: Option<Arc<MediaSession>>,
    pub(super) user_agent: String,
}

/// What a final SIP status says about a call that we made (RFC 3261 section 21).
pub(super) fn cause_of_failure(status: u16) -> LegCause {
    match status {
        486 | 600 => LegCause::Busy,
        403 | 603 => LegCause::Declined,
        408 | 487 => LegCause::NoAnswer,
        404 | 410 | 430 | 480 | 503 => LegCause::Unregistered,
        _ => LegCause::Failed,
    }
}

/// What the end of an established dialog says.
pub(super) fn cause_of_end(by_remote: bool, status: Option<u16>) -> LegCause {
    match (by_remote, status) {
        // Whichever side noticed it: a machine was lost, nobody put a receiver down.
        (_, Some(408 | 481 | 503)) => LegCause::MediaLost,
        (true, _) => LegCause::HungUp,
        (false, _) => LegCause::Released,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_hangs_up_and_a_forgotten_dialog_is_lost_media() {
        assert_eq!(cause_of_end(true, None), LegCause::HungUp);
        assert_eq!(cause_of_end(true, Some(487)), LegCause::HungUp);
        assert_eq!(cause_of_end(true, Some(481)), LegCause::MediaLost);
        assert_eq!(cause_of_end(false, Some(408)), LegCause::MediaLost);
        assert_eq!(cause_of_end(false, None), LegCause::Released);
    }

    #[test]
    fn every_refusal_of_a_seat_has_its_own_cause() {
        for (status, cause) in [
            (486, LegCause::Busy),
            (600, LegCause::Busy),
            (603, LegCause::Declined),
            (480, LegCause::Unregistered),
            (503, LegCause::Unregistered),
            (408, LegCause::NoAnswer),
            (488, LegCause::Failed),
            (500, LegCause::Failed),
        ] {
            assert_eq!(cause_of_failure(status), cause, "{status}");
        }
    }
}
