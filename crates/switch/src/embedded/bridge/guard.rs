//! What keeps a fault in one part of a bridge from ending the call: a step that panics costs its own
//! result in one tick, and a part that does so again and again is left alone for a while.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A part that failed so often [`WITHIN`] this time is out.
const STRIKES: usize = 3;
const WITHIN: Duration = Duration::from_secs(10);
/// How long a part that is out is left alone before it is tried again.
const REST: Duration = Duration::from_secs(5);

/// Does one step; a panic in it is logged and gives `None`. What the step touches must be as good
/// half done as done: plain values, or something that its owner replaces.
pub(super) fn guarded<T>(part: &'static str, step: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => Some(done),
        Err(panic) => {
            tracing::error!(part, reason = reason(&*panic), "a part of a bridge has panicked");
            None
        }
    }
}

fn reason(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}

/// Counts the failures of one part.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    at: VecDeque<Instant>,
    rests_until: Option<Instant>,
}

impl Strikes {
    /// One more failure; whether the part is out with it: three within 10 s.
    pub(super) fn strike(&mut self, now: Instant) -> bool {
        self.at.retain(|at| now.saturating_duration_since(*at) < WITHIN);
        self.at.push_back(now);
        let out = self.at.len() >= STRIKES;
        if out {
            self.at.clear();
            self.rests_until = Some(now + REST);
        }
        out
    }

    /// Whether the part is to be left alone: for 5 s after it was out.
    pub(super) fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_within_ten_seconds_is_one_too_many() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut strikes = Strikes::default();
        assert!(!strikes.strike(at(0)) && !strikes.strike(at(9)) && !strikes.strike(at(11)));
        assert!(!strikes.rests(at(11)));
        assert!(strikes.strike(at(12)));
        assert!(strikes.rests(at(16)) && !strikes.rests(at(17)));
        assert!(!strikes.strike(at(17)), "it begins anew");
    }

    #[test]
    fn a_panic_is_caught_and_a_result_is_passed_on() {
        assert_eq!(guarded("a test", || 110), Some(110));
        assert_eq!(guarded::<()>("a test", || panic!("as planned")), None);
    }
}
