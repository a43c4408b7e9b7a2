//! The plain form of a word, and what a word is made of.

use crate::lists::{List, Start, count};

/// `singkatan,kepanjangan`; the second may be several words.
const ABBREVIATIONS_CSV: &str = include_str!("singkatan.csv");
static ABBREVIATIONS: List<2, { count(ABBREVIATIONS_CSV) }> = List::new(ABBREVIATIONS_CSV);

/// Words that carry nothing.
const FILLERS_CSV: &str = include_str!("kata_isi.csv");
static FILLERS: List<1, { count(FILLERS_CSV) }> = List::new(FILLERS_CSV);

/// No abbreviation and no filler is longer, in bytes.
const LONGEST_ABBREVIATION: usize = 11;

/// Prefixes of the written and the spoken language. Roots whose first letter melts into the prefix
/// ("tusuk", "menusuk") stand in the lists twice.
const PREFIXES: [&str; 17] = [
    "di", "ke", "ter", "ber", "meng", "mem", "men", "me", "nge", "ng", "peng", "pem", "pen", "pe",
    "per", "se", "ny",
];

/// Endings of a root, the empty one among them.
pub(super) const MORPHEMES: [&str; 17] = [
    "", "nya", "in", "an", "annya", "kan", "i", "lah", "ku", "mu", "kannya", "innya", "inya",
    "kah", "ian", "ankan", "inlah",
];

/// Where a word may begin: with its first letter, and after each prefix that it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Morphemes {
    starts: [(u8, Start); 3],
    count: u8,
}

impl Morphemes {
    pub(super) fn of(plain: &str) -> Self {
        let mut this = Self { starts: [(0, Start::of(plain)); 3], count: 1 };
        let first = plain.as_bytes().first();
        // Most words begin with no prefix; that is seen by one letter.
        for prefix in PREFIXES.iter().filter(|prefix| prefix.as_bytes().first() == first) {
            let Some(rest) = plain.strip_prefix(prefix).filter(|rest| rest.len() >= 3) else {
                continue;
            };
            if usize::from(this.count) == this.starts.len() {
                break;
            }
            this.starts[usize::from(this.count)] = (prefix.len() as u8, Start::of(rest));
            this.count += 1;
        }
        this
    }

    /// The bytes at which it may begin, and with what.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Start)> {
        self.starts[..usize::from(self.count)]
            .iter()
            .map(|&(from, start)| (usize::from(from), start))
    }
}

/// Lower case, what was drawn out taken together, the 2 of a doubled word left out ("anak2").
pub(super) fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut run = ('\0', 0_u8);
    for c in word.chars().flat_map(char::to_lowercase) {
        run = if run.0 == c { (c, run.1.saturating_add(1)) } else { (c, 1) };
        // The third equal letter shows that the word was drawn out: then one is enough. Digits count.
        if run.1 == 3 && c.is_alphabetic() {
            plain.pop();
        }
        if run.1 < 3 || !c.is_alphabetic() {
            plain.push(c);
        }
    }
    // "anak2", "bacok2an".
    if let Some(at) = plain.find('2').filter(|&at| at >= 3)
        && plain[..at].bytes().all(|b| b.is_ascii_alphabetic())
        && plain[at + 1..].bytes().all(|b| b.is_ascii_alphabetic())
    {
        plain.remove(at);
    }
    // No Indonesian word ends in a doubled letter; some English ones that are used do (call, shopee).
    let bytes = plain.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && a.is_ascii_alphabetic()
        && !matches!(a, b'l' | b'e' | b's')
        && bytes.len() > 3
    {
        plain.pop();
    }
    plain
}

/// What an abbreviation stands for.
pub(super) fn written_out(plain: &str) -> Option<&'static str> {
    if plain.len() > LONGEST_ABBREVIATION {
        return None;
    }
    ABBREVIATIONS.get(plain).map(|[_, long]| *long)
}

/// Whether a word carries nothing.
pub(super) fn is_filler(plain: &str) -> bool {
    plain.len() <= LONGEST_ABBREVIATION && FILLERS.get(plain).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_abbreviation_is_written_out_and_none_is_listed_twice_or_a_filler() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ABBREVIATIONS.rows() {
            let [short, long] = row.cells();
            assert!(short.len() <= LONGEST_ABBREVIATION, "{short}");
            assert_eq!(plain(short), *short, "never typed so");
            assert!(seen.insert(*short), "{short} twice");
            assert_eq!(written_out(short), Some(*long));
            assert!(!is_filler(short), "{short} is left out before it is looked up");
            for word in long.split(' ') {
                assert_eq!(plain(word), word, "{short}");
                assert_eq!(written_out(word), None, "{short} -> {word}, itself an abbreviation");
            }
        }
    }

    #[test]
    fn every_filler_is_in_its_plain_form_and_listed_once() {
        let mut seen = std::collections::BTreeSet::new();
        for row in FILLERS.rows() {
            let [word] = row.cells();
            assert_eq!(plain(word), *word);
            assert!(is_filler(word) && seen.insert(*word), "{word}");
        }
    }

    #[test]
    fn doubled_words_lose_their_number_and_vehicles_keep_theirs() {
        assert_eq!(plain("Anak2"), "anak");
        assert_eq!(plain("R2"), "r2");
        assert_eq!(plain("tolongg"), "tolong");
        assert_eq!(plain("km19"), "km19");
    }
}
