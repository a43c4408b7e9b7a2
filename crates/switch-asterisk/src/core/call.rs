//! A call as the core sees it.

use super::lost::Packets;
use crate::ari::{Channel, RtpStatistics};
use crate::names;
use siaga_call_flow::Program;
use siaga_model::{CallFacts, Caller, CallerStatus, LegCause, LegId, Redacted, SeatId, Timestamp};
use siaga_switch::LegReport;
use std::collections::BTreeMap;

/// Longest number that is kept, in characters.
const MAX_NUMBER: usize = 64;

/// How far a leg has come. What only one phase has lives in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being rung.
    Calling {
        /// Whether its ringing was told.
        rings: bool,
    },
    /// Answered.
    Up { joined_at: Timestamp },
    /// We are ending it for this cause and wait for Asterisk to say so.
    Ending { cause: LegCause, joined_at: Option<Timestamp> },
}

impl Phase {
    pub(super) fn joined_at(self) -> Option<Timestamp> {
        match self {
            Self::Calling { .. } => None,
            Self::Up { joined_at } => Some(joined_at),
            Self::Ending { joined_at, .. } => joined_at,
        }
    }
}

/// A leg.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// The id of its channel.
    pub(super) channel: String,
    /// `None` for the citizen and for whoever else is on the public network.
    pub(super) seat: Option<SeatId>,
    pub(super) phase: Phase,
    /// Whether the hub wants it in the conversation.
    pub(super) joined: bool,
    /// Whether its telephone holds by SDP (RFC 6337 section 5.3).
    pub(super) holds: bool,
    pub(super) codec: String,
    pub(super) user_agent: String,
    pub(super) figures: RtpStatistics,
    /// What was counted last, while it is up.
    pub(super) packets: Option<Packets>,
}

impl Leg {
    pub(super) fn new(channel: String, seat: Option<SeatId>, phase: Phase) -> Self {
        Self {
            channel,
            seat,
            phase,
            joined: false,
            holds: false,
            codec: String::new(),
            user_agent: String::new(),
            figures: RtpStatistics::default(),
            packets: None,
        }
    }

    pub(super) fn report(self, leg: LegId, left_at: Timestamp, cause: LegCause) -> LegReport {
        LegReport {
            leg,
            seat: self.seat,
            codec: self.codec,
            user_agent: self.user_agent,
            joined_at: self.phase.joined_at(),
            left_at,
            cause,
            packets_received: self.figures.rxcount,
            packets_lost: self.figures.rxploss,
        }
    }
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) facts: CallFacts,
    /// By number; the citizen's is 0.
    pub(super) legs: BTreeMap<u16, Leg>,
    /// What the hub wants played.
    pub(super) program: Program,
    /// What Asterisk was asked to play.
    pub(super) sounds: Program,
    /// Whether the hub has ended it, or its citizen is gone.
    pub(super) ending: bool,
}

impl Call {
    pub(super) fn new(facts: CallFacts, program: Program) -> Self {
        Self { facts, legs: BTreeMap::new(), program, sounds: program, ending: false }
    }

    /// The citizen's channel, once there is one.
    pub(super) fn caller(&self) -> Option<&String> {
        self.legs.get(&0).map(|leg| &leg.channel)
    }

    /// Whether somebody on the public network beside the citizen is up.
    pub(super) fn has_outside(&self) -> bool {
        let is_up = |leg: &Leg| leg.seat.is_none() && matches!(leg.phase, Phase::Up { .. });
        self.legs.iter().any(|(n, leg)| *n != 0 && is_up(leg))
    }
}

/// What the line brought. `trust` is the dialplan's word on the number.
pub(super) fn facts_of(channel: &Channel, trust: Option<&str>, arrived_at: Timestamp) -> CallFacts {
    let number: String = channel.caller.number.expose().chars().take(MAX_NUMBER).collect();
    let withheld = number.is_empty() || number.eq_ignore_ascii_case("anonymous");
    let caller = match trust {
        _ if withheld => Caller::default(),
        Some(names::VERIFIED) => {
            Caller { number: Redacted::new(number), status: CallerStatus::Verified }
        }
        Some(_) | None => Caller { number: Redacted::new(number), status: CallerStatus::Claimed },
    };
    CallFacts { caller, arrived_at, ..CallFacts::default() }
}

/// Why a leg that was never answered is gone, by its SIP status where Asterisk knows it (RFC 3261
/// section 21), else by ITU-T Q.850.
pub(super) fn cause_of_failure(status: Option<u16>, q850: u16) -> LegCause {
    match (status, q850) {
        (Some(486 | 600), _) | (None, 17) => LegCause::Busy,
        (Some(403 | 603), _) | (None, 21) => LegCause::Declined,
        (Some(408 | 487), _) | (None, 16 | 18 | 19) => LegCause::NoAnswer,
        (Some(404 | 410 | 430 | 480 | 503), _) | (None, 1 | 3 | 20 | 22) => LegCause::Unregistered,
        (Some(_) | None, _) => LegCause::Failed,
    }
}

/// Why a leg that was up is gone. Asterisk ends one whose RTP has stopped with cause 44, and one that
/// does not answer to SIP any more with 18, 27, 38, 41 or 102.
pub(super) fn cause_of_end(q850: u16) -> LegCause {
    match q850 {
        18 | 27 | 38 | 41 | 44 | 102 => LegCause::MediaLost,
        58 | 88 => LegCause::Failed,
        _ => LegCause::HungUp,
    }
}
