//! What stays with a call through all its states.

use crate::outside::Outside;
use crate::{Program, SilenceCheck};
use siaga_model::{CallId, LegId, LineSignal, Timestamp, UnitId};

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
    pub(crate) numbers: Numbers,
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
    /// What the silent-call procedure has found, runs that were cut short left out.
    pub(crate) silence: Silence,
    /// What was last told to be played: saying it again would begin a prompt anew. `None`: not known.
    pub(crate) playing: Option<Program>,
    /// Somebody outside: the one who is called or in the conversation, or the last one who was.
    pub(crate) outside: Option<Outside>,
}

/// What is counted of a call, and goes on with it should it go on after its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// How many calls had arrived before.
    pub(crate) arrival: u64,
    /// Number of the last leg that was made.
    pub(crate) last_leg: u16,
}

/// What is known of a silent line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The caller was never asked for a sign.
    #[default]
    NotAsked,
    /// The caller has heard the question, but the line was not listened to until the end.
    Asked,
    /// Listened to until the end, and nothing came.
    Silent { at: Timestamp },
    /// The caller gave a sign.
    Signalled { signal: LineSignal, at: Timestamp },
}

impl From<Silence> for SilenceCheck {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::NotAsked | Silence::Asked => Self::NotRun,
            Silence::Silent { at } => Self::Silent { at },
            Silence::Signalled { signal, at } => Self::Signalled { signal, at },
        }
    }
}

impl Line {
    pub(crate) fn new(id: CallId, arrival: u64, arrived_at: Timestamp) -> Self {
        Self {
            id,
            numbers: Numbers { arrival, last_leg: 0 },
            arrived_at,
            first_unit: None,
            picked: None,
            first_level: 0,
            level: 0,
            requeued: false,
            silence: Silence::NotAsked,
            playing: Some(Program::Quiet),
            outside: None,
        }
    }

    /// The next leg's id. Numbers start at 1; after 65,535 legs they start over, long after the
    /// first ones are gone.
    pub(crate) fn new_leg(&mut self) -> LegId {
        let last = &mut self.numbers.last_leg;
        *last = last.checked_add(1).unwrap_or(1);
        LegId { call: self.id, n: *last }
    }

    /// Whether somebody outside is in the conversation.
    pub(crate) fn is_with_outside(&self) -> bool {
        self.outside.as_ref().is_some_and(Outside::is_up)
    }

    pub(crate) fn place(&self) -> Place {
        Place { not_requeued: !self.requeued, arrival: self.numbers.arrival, call: self.id }
    }
}
