//! Words that are one slip of a finger away from a word of a list.

use super::{Match, Stance, Words};
use crate::lists::{List, Start};

/// A shorter word is too near to others: "luka" and "lupa".
const SHORTEST: usize = 7;

impl Words<'_> {
    /// Single words of a list that a word here is one slip away from: a letter too many, too few,
    /// another, or two that changed places. `taken` says of a word that it means something already.
    pub fn slips<const CELLS: usize, const ROWS: usize>(
        &self,
        list: &List<CELLS, ROWS>,
        taken: impl Fn(usize, &str) -> bool,
    ) -> Vec<Match> {
        let mut found = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let typed = word.plain.as_bytes();
            if typed.len() < SHORTEST - 1 || !word.plain.is_ascii() || taken(at, &word.plain) {
                continue;
            }
            // The first two letters are trusted: that keeps the search to a few rows.
            let has = letters(typed);
            let mut alike = list.alike(Start::of(&word.plain)).map(|(_, row)| row);
            let slip = alike.find(|&row| {
                let row = &list.rows()[row];
                let wanted = row.cells()[0].as_bytes();
                wanted.len() >= SHORTEST
                    && wanted.len().abs_diff(typed.len()) <= 1
                    && (row.letters() ^ has).count_ones() <= 2
                    && is_word(wanted)
                    && one_slip(wanted, typed)
            });
            if let Some(row) = slip {
                let stance = self.stance(at, at + 1);
                if stance != Stance::Denied {
                    found.push(Match { row, from: at, to: at + 1, stance });
                }
            }
        }
        found
    }
}

/// Which letters a word has, one bit each.
pub(crate) const fn letters(word: &[u8]) -> u32 {
    let (mut at, mut set) = (0, 0);
    while at < word.len() {
        set |= 1 << (word[at] & 31);
        at += 1;
    }
    set
}

fn is_word(phrase: &[u8]) -> bool {
    phrase.iter().all(u8::is_ascii_alphabetic)
}

/// Whether exactly one slip lies between the two (Damerau and Levenshtein's distance of 1).
fn one_slip(a: &[u8], b: &[u8]) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let same = long.iter().zip(short).take_while(|(a, b)| a == b).count();
    let (long, short) = (&long[same..], &short[same..]);
    match (long, short) {
        ([], []) => false,
        _ if long.len() > short.len() => long[1..] == *short,
        ([_, rest @ ..], [_, others @ ..]) if rest == others => true,
        ([a, b, rest @ ..], [c, d, others @ ..]) => a == d && b == c && rest == others,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::count;

    const CSV: &str = "kata\nkecelakaan\nkebakaran\nluka\nbunuh diri\n";
    static LIST: List<1, { count(CSV) }> = List::new(CSV);

    fn slips(text: &str) -> Vec<&'static str> {
        let words = Words::of(text);
        let found = words.slips(&LIST, |_, word| word == "kecelakaan" || word == "kebakaran");
        found.iter().map(|found| LIST.rows()[found.row].cells()[0]).collect()
    }

    #[test]
    fn one_slip_is_forgiven_and_two_are_not() {
        for typed in ["kecelakan", "kecelakaaan", "kecealkaan", "kecelakasn", "keceelakaan"] {
            assert_eq!(slips(typed), ["kecelakaan"], "{typed}");
        }
        assert_eq!(slips("keclakan"), [] as [&str; 0]);
        assert_eq!(slips("lupa kebakaran kelakar"), [] as [&str; 0]);
    }

    #[test]
    fn a_denied_slip_is_denied() {
        assert_eq!(slips("bukan kebakarn"), [] as [&str; 0]);
    }
}
