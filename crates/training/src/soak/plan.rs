//! Every decision of a soak, drawn from its seed: who calls when and why, what operators do, what
//! breaks. One generator an actor, so that what one of them meets does not shift what another does.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// A generator of this soak for one actor.
pub(super) fn generator(seed: u64, actor: &str, number: u64) -> StdRng {
    // FNV-1a: the same on every machine and with every compiler.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let bytes = actor.bytes().chain(number.to_le_bytes()).chain(seed.to_le_bytes());
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    StdRng::seed_from_u64(hash)
}

/// Something that happens by chance, on average once in `mean`; never sooner than a tenth of it and
/// never later than four times it.
pub(super) fn gap(rng: &mut StdRng, mean: Duration) -> Duration {
    let chance: f64 = rng.random_range(0.0..1.0);
    mean.mul_f64((-(1.0 - chance).ln()).clamp(0.1, 4.0))
}

/// A span of time between two.
pub(super) fn between(rng: &mut StdRng, from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(rng.random_range(from_ms..=to_ms))
}

/// Why somebody calls. It is written into the number, which is how the operator "hears" it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A report for a Polres.
    Report,
    /// A prank.
    Prank,
    /// A question.
    Question,
    /// Says nothing.
    Silent,
}

impl Wish {
    fn digit(self) -> u32 {
        match self {
            Self::Report => 1,
            Self::Prank => 2,
            Self::Question => 3,
            Self::Silent => 4,
        }
    }

    /// What a number wishes; a report when it is none of ours.
    pub(super) fn of_number(number: &str) -> Self {
        match number.as_bytes().get(8) {
            Some(b'2') => Self::Prank,
            Some(b'3') => Self::Question,
            Some(b'4') => Self::Silent,
            Some(_) | None => Self::Report,
        }
    }

    /// As the log says it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Prank => "prank",
            Self::Question => "question",
            Self::Silent => "silent",
        }
    }
}

/// What a silent caller does when asked for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    None,
    /// Presses a key, again and again.
    Key,
    /// Knocks on the telephone, again and again.
    Knocks,
}

/// One caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CallerPlan {
    /// Counts from 0.
    pub(super) n: u64,
    /// From the arrival of the one before.
    pub(super) gap: Duration,
    /// What the telephone shows.
    pub(super) number: String,
    /// Why.
    pub(super) wish: Wish,
    /// Of silent callers only.
    pub(super) sign: Sign,
    /// Hangs up when so much time has passed since the switch answered, whatever goes on then.
    pub(super) hangs_up_after: Option<Duration>,
    /// Whether a call back is answered.
    pub(super) answers_call_back: bool,
}

/// The callers of a soak, without end.
pub(super) struct Callers {
    rng: StdRng,
    mean_gap: Duration,
    n: u64,
    earlier: Vec<String>,
}

/// How many earlier callers may call again.
const REMEMBERED: usize = 12;

impl Callers {
    pub(super) fn new(seed: u64, mean_gap: Duration) -> Self {
        Self { rng: generator(seed, "callers", 0), mean_gap, n: 0, earlier: Vec::new() }
    }

    pub(super) fn next(&mut self) -> CallerPlan {
        let rng = &mut self.rng;
        let wish = match rng.random_range(0..100) {
            0..45 => Wish::Report,
            45..65 => Wish::Prank,
            65..82 => Wish::Question,
            _ => Wish::Silent,
        };
        let sign = match rng.random_range(0..3) {
            0 => Sign::Key,
            1 => Sign::Knocks,
            _ => Sign::None,
        };
        let patience = between(rng, 500, 40_000);
        let hangs_up = rng.random_bool(0.22);
        let again = rng.random_bool(0.12);
        let which = rng.random_range(0..REMEMBERED);
        let answers_call_back = rng.random_bool(0.7);
        let gap = gap(rng, self.mean_gap);
        // Invented: a block of zeros, the wish, and a running number.
        let own = format!("08220000{}{:04}", wish.digit(), self.n % 10_000);
        let number = match self.earlier.get(which) {
            Some(earlier) if again => earlier.clone(),
            Some(_) | None => own,
        };
        if self.earlier.len() == REMEMBERED {
            self.earlier.remove(0);
        }
        self.earlier.push(number.clone());
        let wish = Wish::of_number(&number);
        let plan = CallerPlan {
            n: self.n,
            gap,
            wish,
            sign: if wish == Wish::Silent { sign } else { Sign::None },
            hangs_up_after: hangs_up.then_some(patience),
            answers_call_back,
            number,
        };
        self.n += 1;
        plan
    }
}

/// A desk whose voice is lost needs so long for a new leg: a second until it is sure, three for the leg.
const NEW_LEG: Duration = Duration::from_secs(4);

/// What breaks at one desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Everything of the desk is gone at once, nothing is said; it is started again after a time.
    Killed {
        /// After which time.
        down: Duration,
    },
    /// It stands still with all its connections open.
    Frozen {
        /// For how long.
        span: Duration,
    },
    /// The hub's socket is cut and cannot be opened again for a time.
    HubCut {
        /// For how long.
        span: Duration,
    },
    /// The same with the telephone's socket.
    SipCut {
        /// For how long.
        span: Duration,
    },
    /// Nothing passes through either socket, which stay open.
    SocketsStuck {
        /// For how long.
        span: Duration,
    },
    /// RTP is lost, in both directions.
    RtpLoss {
        /// How much of it.
        percent: u8,
        /// For how long.
        span: Duration,
    },
    /// The desk has another network from now on: the voice of the call that is up is lost for good, a
    /// new one passes.
    VoicePathDead,
    /// The cable is pulled: nothing passes in any way.
    CablePulled {
        /// For how long.
        span: Duration,
    },
}

impl Fault {
    fn draw(rng: &mut StdRng) -> Self {
        let kind = rng.random_range(0..100);
        let span = between(rng, 300, 9_000);
        let percent = rng.random_range(20..=100);
        match kind {
            0..22 => Self::Killed { down: span },
            22..36 => Self::Frozen { span },
            36..50 => Self::HubCut { span },
            50..62 => Self::SipCut { span },
            62..72 => Self::SocketsStuck { span },
            72..82 => Self::RtpLoss { percent, span },
            82..90 => Self::VoicePathDead,
            _ => Self::CablePulled { span },
        }
    }

    /// As the report names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Killed { .. } => "desk-killed",
            Self::Frozen { .. } => "desk-frozen",
            Self::HubCut { .. } => "hub-link-cut",
            Self::SipCut { .. } => "sip-socket-cut",
            Self::SocketsStuck { .. } => "sockets-stuck",
            Self::RtpLoss { .. } => "rtp-loss",
            Self::VoicePathDead => "voice-path-dead",
            Self::CablePulled { .. } => "cable-pulled",
        }
    }

    /// How long it lasts.
    pub(super) fn span(self) -> Duration {
        match self {
            Self::Killed { down: span }
            | Self::Frozen { span }
            | Self::HubCut { span }
            | Self::SipCut { span }
            | Self::SocketsStuck { span }
            | Self::RtpLoss { span, .. }
            | Self::CablePulled { span } => span,
            Self::VoicePathDead => NEW_LEG,
        }
    }
}

/// The faults of one desk, without end.
pub(super) struct Faults {
    rng: StdRng,
    mean: Duration,
}

impl Faults {
    pub(super) fn new(seed: u64, desk: u64, mean: Duration) -> Self {
        Self { rng: generator(seed, "faults", desk), mean }
    }

    /// How long nothing breaks, and then what.
    pub(super) fn next(&mut self) -> (Duration, Fault) {
        (gap(&mut self.rng, self.mean), Fault::draw(&mut self.rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const MINUTE: Duration = Duration::from_secs(60);

    fn callers(seed: u64) -> Vec<CallerPlan> {
        let mut callers = Callers::new(seed, Duration::from_secs(5));
        (0..300).map(|_| callers.next()).collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_night_and_another_seed_another() {
        assert_eq!(callers(7), callers(7));
        assert_ne!(callers(7), callers(8));
        let faults = |seed, desk| {
            let mut faults = Faults::new(seed, desk, MINUTE);
            (0..50).map(|_| faults.next()).collect::<Vec<_>>()
        };
        assert_eq!(faults(7, 1), faults(7, 1));
        assert_ne!(faults(7, 1), faults(7, 2));
        assert_ne!(faults(7, 1), faults(8, 1));
    }

    #[test]
    fn every_wish_and_every_fault_comes_and_some_call_again() {
        let callers = callers(1);
        let wishes: BTreeSet<&str> = callers.iter().map(|plan| plan.wish.name()).collect();
        assert_eq!(wishes.len(), 4, "{wishes:?}");
        let numbers: BTreeSet<&str> = callers.iter().map(|plan| plan.number.as_str()).collect();
        assert!(numbers.len() < callers.len() && numbers.len() > 200);
        assert!(callers.iter().any(|plan| plan.sign == Sign::Knocks));
        assert!(callers.iter().any(|plan| plan.hangs_up_after.is_some()));
        let mut faults = Faults::new(1, 1, MINUTE);
        let kinds: BTreeSet<&str> = (0..200).map(|_| faults.next().1.name()).collect();
        assert_eq!(kinds.len(), 8, "{kinds:?}");
    }

    #[test]
    fn callers_come_as_often_as_asked_on_average() {
        let total: Duration = callers(3).iter().map(|plan| plan.gap).sum();
        let mean = total.as_secs_f64() / 300.0;
        assert!((4.0..6.5).contains(&mean), "{mean}");
    }
}
