//! Every limit on a plugin, in one place.

use std::time::Duration;

/// What a plugin may use in one call, and how much it may say.
///
/// Fuel counts WebAssembly instructions, so it stops a guest at the same place on every machine. The
/// deadline is only the backstop for what fuel does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of one call; about one unit an instruction.
    pub fuel: u64,
    /// Wall-clock time of one call, a multiple of [`TICK`].
    pub deadline: Duration,
    /// Linear memory of one instance, bytes.
    pub memory: usize,
    /// Entries of one table of functions.
    pub table_elements: usize,
    /// Calls that may run at the same time. One more is refused, and treated as valid.
    pub concurrent_calls: u32,
    /// Earlier reports that are passed on; later ones in the list are left out.
    pub history: usize,
    /// Findings in a verdict.
    pub findings: usize,
    /// Destinations in an answer.
    pub destinations: usize,
    /// Characters in a title, a reason, an advice or a question.
    pub text: usize,
    /// Lines that a call may write to its log; further ones are counted and dropped.
    pub log_lines: usize,
    /// Characters that are looked up in the gazetteer at once; the rest is not read.
    pub place_words: usize,
}

/// How often the backstop looks.
pub const TICK: Duration = Duration::from_millis(10);

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A shipped plugin uses less than a hundredth of it.
            fuel: 20_000_000,
            deadline: Duration::from_millis(250),
            memory: 32 << 20,
            table_elements: 20_000,
            concurrent_calls: 16,
            history: 50,
            findings: 20,
            destinations: 10,
            text: 300,
            log_lines: 32,
            place_words: 2_000,
        }
    }
}

impl Limits {
    /// The deadline in ticks, at least two: the first may come at once.
    pub(crate) fn ticks(&self) -> u64 {
        let ticks = self.deadline.as_millis() / TICK.as_millis();
        u64::try_from(ticks).unwrap_or(u64::MAX).max(2)
    }
}
