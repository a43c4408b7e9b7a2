//! The case numbers that this seat may give while it has no hub.
//!
//! The hub gives them out itself as long as it is there; what it has given is seen in its views.

use siaga_hub_api::CaseBlock;
use siaga_model::CaseNumber;

/// More are asked for when fewer than this remain.
const FEW: u32 = 5;
/// How many blocks are kept; the oldest goes, as a hub leases a new one only when one runs out.
const BLOCKS: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Oldest first.
    blocks: Vec<CaseBlock>,
    /// The highest number that was seen to be given.
    used: Option<CaseNumber>,
    /// Whether the hub was asked and has not sent any yet.
    asked: bool,
}

impl Numbers {
    pub(super) fn restore(blocks: Vec<CaseBlock>) -> Self {
        Self { blocks, used: None, asked: false }
    }

    /// A session begins with this block: those before it belong to the session before.
    pub(super) fn begin(&mut self, block: CaseBlock) {
        self.blocks = vec![block];
        self.asked = false;
    }

    pub(super) fn leased(&mut self, block: CaseBlock) {
        self.asked = false;
        if self.blocks.contains(&block) {
            return;
        }
        if self.blocks.len() >= BLOCKS {
            self.blocks.remove(0);
        }
        self.blocks.push(block);
    }

    pub(super) fn blocks(&self) -> &[CaseBlock] {
        &self.blocks
    }

    /// Gives one itself, because there is no hub: from the end of the newest block, for a hub gives
    /// from the beginning. It is not in the blocks any more.
    pub(super) fn give(&mut self) -> Option<CaseNumber> {
        while let Some(block) = self.blocks.last_mut() {
            let number = block.last.clone();
            let is_used = self.used.as_ref().is_some_and(|used| *used >= number);
            match CaseNumber::new(number.code(), number.day(), number.running().wrapping_sub(1)) {
                Ok(last) if last >= block.first => block.last = last,
                Ok(_) | Err(_) => drop(self.blocks.pop()),
            }
            if !is_used {
                return Some(number);
            }
        }
        None
    }

    /// This number was given to a call of this seat.
    pub(super) fn seen(&mut self, number: Option<&CaseNumber>) {
        if let Some(number) = number
            && self.used.as_ref().is_none_or(|used| used < number)
        {
            self.used = Some(number.clone());
        }
    }

    /// Whether the hub should be asked for more now; says so once.
    pub(super) fn runs_low(&mut self) -> bool {
        let low = !self.blocks.is_empty() && self.remaining() < FEW && !self.asked;
        self.asked |= low;
        low
    }

    fn remaining(&self) -> u32 {
        let of = |block: &CaseBlock| {
            let whole = (block.last.running() + 1).saturating_sub(block.first.running());
            match &self.used {
                Some(used) if *used >= block.last => 0,
                Some(used) if *used >= block.first => block.last.running() - used.running(),
                Some(_) | None => whole,
            }
        };
        self.blocks.iter().map(of).fold(0, u32::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(running: u32) -> CaseNumber {
        CaseNumber::new("PMJ", 261_123, running).expect("in range")
    }

    #[test]
    fn more_numbers_are_asked_for_once_when_fewer_than_five_remain() {
        let mut numbers = Numbers::default();
        assert!(!numbers.runs_low(), "before login nobody asks");
        numbers.begin(CaseBlock { first: number(1), last: number(20) });
        numbers.seen(Some(&number(15)));
        assert!(!numbers.runs_low());
        numbers.seen(Some(&number(16)));
        assert!(numbers.runs_low());
        assert!(!numbers.runs_low(), "once is enough");
        numbers.leased(CaseBlock { first: number(21), last: number(40) });
        assert!(!numbers.runs_low());
    }

    #[test]
    fn a_seat_without_a_hub_gives_numbers_from_the_end_that_nobody_else_gives() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.give(), None);
        numbers.begin(CaseBlock { first: number(1), last: number(3) });
        numbers.seen(Some(&number(1)));
        assert_eq!(numbers.give(), Some(number(3)));
        assert_eq!(numbers.give(), Some(number(2)));
        assert_eq!(numbers.give(), None, "the hub has given the first");
    }

    #[test]
    fn a_block_that_comes_twice_counts_once() {
        let mut numbers = Numbers::default();
        let block = CaseBlock { first: number(1), last: number(4) };
        numbers.begin(block.clone());
        numbers.leased(block);
        assert!(numbers.runs_low());
    }
}
