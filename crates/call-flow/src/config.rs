//! What a Polda may configure about the life of a call.

use serde::{Deserialize, Serialize};
use siaga_model::Level;
use std::time::Duration;

/// What the caller and the Polda operator hear while a Polres rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handover {
    /// Both stay together with a soft ringback until the Polres has been heard.
    #[default]
    Together,
    /// The caller hears music; the Polda operator's leg stays, detached.
    Music,
}

/// One level at which an arriving call may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelStep {
    /// The level.
    pub level: Level,
    /// How long the call waits at this level before it also goes to the next one; `None` for ever.
    pub wait: Option<Duration>,
}

/// Everything configurable. Presets: [`FlowConfig::polda_first`], [`FlowConfig::levels_2026`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowConfig {
    /// The levels that an arriving call goes through, first to last. Not empty; the last one waits
    /// for ever, whatever its `wait` says. One at which nobody sits is passed at once.
    pub levels: Vec<LevelStep>,
    /// How long a seat may ring for an arriving call before it becomes `tak menjawab` (default 8 s).
    pub seat_ring: Duration,
    /// How long a Polres may ring in a transfer: 3–10 s, default 5.
    pub transfer_ring: Duration,
    /// How long a Polres that answered may say nothing before it counts as silent (default 3 s).
    pub heard_within: Duration,
    /// What is heard during a transfer unless the operator chooses otherwise.
    pub handover: Handover,
    /// How long a seat stays in the after-call state unless the operator is ready earlier.
    pub after_call: Duration,
    /// How long a disposal waits, with the line open, before it ends the call: 1–10 s, default 3.
    pub disposal: Duration,
    /// How long a silent line is listened to from the beginning of the prompt: 8–60 s, default 15
    /// (the prompt itself takes about 7 s).
    pub silence_check: Duration,
    /// How long a citizen who is called back is rung: 10–120 s, default 30.
    pub call_back_ring: Duration,
    /// How long somebody outside is rung: 10–120 s, default 30.
    #[serde(default = "outside_ring")]
    pub outside_ring: Duration,
    /// How long a desk that asked for a new leg may take to answer it, counted from its asking:
    /// 1–10 s, default 3. The caller hears music if the old leg dies meanwhile.
    pub rejoin: Duration,
}

const fn outside_ring() -> Duration {
    Duration::from_secs(30)
}

/// A configuration that would break a promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No level at which a call could be answered.
    #[error("at least one level is needed")]
    NoLevel,
    /// The founding description allows a Polres 3 to 10 s.
    #[error("a Polres may ring 3 to 10 s, not {0:?}")]
    TransferRing(Duration),
    /// A span that must be at least a second is shorter.
    #[error("{0} must be at least one second")]
    TooShort(&'static str),
    /// A span is outside what its promise allows.
    #[error("{span} must be {least} to {most} s")]
    OutOfRange {
        /// The field.
        span: &'static str,
        /// Seconds.
        least: u64,
        /// Seconds.
        most: u64,
    },
}

impl FlowConfig {
    /// The founding description: Polda answers first, the Polres may ring 5 s. Who has waited for
    /// 30 s at Polda, or finds nobody there, is offered to Mabes too.
    pub fn polda_first() -> Self {
        Self {
            levels: vec![
                LevelStep { level: Level::Polda, wait: Some(Duration::from_secs(30)) },
                LevelStep { level: Level::Mabes, wait: None },
            ],
            seat_ring: Duration::from_secs(8),
            transfer_ring: Duration::from_secs(5),
            heard_within: Duration::from_secs(3),
            handover: Handover::Together,
            after_call: Duration::from_secs(30),
            disposal: Duration::from_secs(3),
            silence_check: Duration::from_secs(15),
            call_back_ring: Duration::from_secs(30),
            outside_ring: outside_ring(),
            rejoin: Duration::from_secs(3),
        }
    }

    /// The rule of 2026: Polsek, Polres, Polda, Mabes, 10 s each.
    pub fn levels_2026() -> Self {
        let step = |level| LevelStep { level, wait: Some(Duration::from_secs(10)) };
        Self {
            levels: vec![
                step(Level::Polsek),
                step(Level::Polres),
                step(Level::Polda),
                LevelStep { level: Level::Mabes, wait: None },
            ],
            ..Self::polda_first()
        }
    }

    /// Checks the ranges given at each field.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        const SECOND: Duration = Duration::from_secs(1);
        if self.levels.is_empty() {
            return Err(ConfigError::NoLevel);
        }
        if !(Duration::from_secs(3)..=Duration::from_secs(10)).contains(&self.transfer_ring) {
            return Err(ConfigError::TransferRing(self.transfer_ring));
        }
        if self.seat_ring < SECOND {
            return Err(ConfigError::TooShort("seat_ring"));
        }
        if self.heard_within < SECOND {
            return Err(ConfigError::TooShort("heard_within"));
        }
        for (name, span, least, most) in [
            ("disposal", self.disposal, 1, 10),
            ("silence_check", self.silence_check, 8, 60),
            ("rejoin", self.rejoin, 1, 10),
            ("call_back_ring", self.call_back_ring, 10, 120),
            ("outside_ring", self.outside_ring, 10, 120),
        ] {
            if !(Duration::from_secs(least)..=Duration::from_secs(most)).contains(&span) {
                return Err(ConfigError::OutOfRange { span: name, least, most });
            }
        }
        Ok(())
    }
}
