//! Case numbers that seats may give. No IO: the caller leases blocks and hands them in.

use siaga_hub_store::NumberLease;
use siaga_model::SeatId;
use std::collections::{BTreeMap, VecDeque};

/// How many numbers a seat gets at once.
pub(crate) const BLOCK: u32 = 20;
/// A seat that has this many unused numbers gets no more: more is a fault of the desk.
pub(crate) const ENOUGH: u32 = 100;

/// The blocks of all seats.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    blocks: BTreeMap<SeatId, VecDeque<NumberLease>>,
}

impl Numbers {
    /// A seat got a block.
    pub(crate) fn leased(&mut self, seat: SeatId, lease: NumberLease) {
        self.blocks.entry(seat).or_default().push_back(lease);
    }

    /// The next running number of a seat for this day. Blocks of other days are given up: a number
    /// names the day on which the case was opened.
    pub(crate) fn take(&mut self, seat: &SeatId, day: u32) -> Option<u32> {
        let blocks = self.blocks.get_mut(seat)?;
        blocks.retain(|block| block.day == day && block.first <= block.last);
        let block = blocks.front_mut()?;
        let number = block.first;
        block.first += 1;
        Some(number)
    }

    /// A seat has given this number itself, when it had no hub.
    pub(crate) fn given(&mut self, seat: &SeatId, day: u32, number: u32) {
        let blocks = self.blocks.entry(seat.clone()).or_default();
        let holds =
            |block: &NumberLease| block.day == day && (block.first..=block.last).contains(&number);
        let Some(at) = blocks.iter().position(holds) else { return };
        let Some(block) = blocks.remove(at) else { return };
        // What is left of the block, on both sides.
        let parts = [
            NumberLease { first: number + 1, ..block },
            NumberLease { last: number.saturating_sub(1), ..block },
        ];
        for part in parts.into_iter().filter(|part| part.first <= part.last) {
            blocks.insert(at, part);
        }
    }

    /// How many unused numbers a seat has for this day.
    pub(crate) fn left(&self, seat: &SeatId, day: u32) -> u32 {
        let of_day = |block: &&NumberLease| block.day == day && block.first <= block.last;
        let blocks = self.blocks.get(seat).into_iter().flatten().filter(of_day);
        blocks.map(|block| block.last - block.first + 1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_in_order_and_never_of_another_day() {
        let seat: SeatId = "pmj-1".parse().unwrap();
        let mut numbers = Numbers::default();
        assert_eq!(numbers.take(&seat, 261_123), None);
        numbers.leased(seat.clone(), NumberLease { day: 261_123, first: 21, last: 22 });
        numbers.leased(seat.clone(), NumberLease { day: 261_123, first: 41, last: 41 });
        assert_eq!(numbers.left(&seat, 261_123), 3);
        let given: Vec<_> = std::iter::from_fn(|| numbers.take(&seat, 261_123)).collect();
        assert_eq!(given, [21, 22, 41]);
        numbers.leased(seat.clone(), NumberLease { day: 261_123, first: 61, last: 80 });
        assert_eq!(numbers.take(&seat, 261_124), None);
        assert_eq!(numbers.take(&seat, 261_123), None, "the old day's block is given up");
    }

    #[test]
    fn a_number_that_its_seat_has_given_is_not_given_again() {
        let seat: SeatId = "pmj-1".parse().unwrap();
        let mut numbers = Numbers::default();
        numbers.leased(seat.clone(), NumberLease { day: 261_123, first: 1, last: 4 });
        numbers.given(&seat, 261_123, 4);
        numbers.given(&seat, 261_123, 2);
        numbers.given(&seat, 261_124, 1);
        assert_eq!(numbers.left(&seat, 261_123), 2);
        let given: Vec<_> = std::iter::from_fn(|| numbers.take(&seat, 261_123)).collect();
        assert_eq!(given, [1, 3]);
    }
}
