//! Whether a text says that something is so, that it is not, or that it nearly was.

use super::Words;
use crate::lists::{List, count};

/// `kata,peran`.
const ROLES_CSV: &str = include_str!("kata_ingkar.csv");
static ROLES: List<2, { count(ROLES_CSV) }> = List::new(ROLES_CSV);

/// Words between a denial and what it denies.
const REACH: usize = 4;

/// What a text says of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It is so.
    Said,
    /// It is not: "tidak ada luka", "bukan kebakaran", "senjata tidak ada".
    Denied,
    /// It nearly was: "hampir ditabrak".
    Nearly,
}

impl Words<'_> {
    /// A denial reaches over words that only lead to the thing denied ("tidak ada yang terluka") and
    /// over no others: "tidak tahu dibacok siapa" denies nothing. In doubt a danger counts.
    pub(super) fn stance(&self, from: usize, to: usize) -> Stance {
        let clause = self.words[from].clause;
        let before = self.words[..from].iter().rev().take(REACH);
        for word in before.take_while(|word| word.clause == clause) {
            match role(&word.plain) {
                "ingkar" => return Stance::Denied,
                "nyaris" => return Stance::Nearly,
                "tembus" => {}
                _ => break,
            }
        }
        if self.denied_behind(to, self.words[from].sentence) {
            Stance::Denied
        } else {
            Stance::Said
        }
    }

    /// "Senjata tidak ada.", "apakah ada senjata, dijawab tidak": only when nothing else follows in
    /// the sentence, because "kebakaran, tidak ada damkar" denies no fire.
    fn denied_behind(&self, to: usize, sentence: u16) -> bool {
        let mut rest = self.words[to.min(self.words.len())..]
            .iter()
            .take_while(|word| word.sentence == sentence)
            .map(|word| word.plain.as_str())
            .filter(|word| !matches!(role(word), "jawab" | "tembus"));
        matches!((rest.next(), rest.next()), (Some("tidak" | "nihil"), None))
    }
}

fn role(plain: &str) -> &'static str {
    ROLES.get(plain).map_or("", |[_, role]| role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles_has_no_word_twice_and_no_unknown_role() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROLES.rows() {
            let [word, role] = row.cells();
            assert!(["ingkar", "nyaris", "tembus", "jawab"].contains(role), "{word},{role}");
            assert!(seen.insert(*word), "{word} twice");
        }
    }

    #[test]
    fn what_is_denied_is_not_found_and_what_is_said_beside_it_is() {
        for (text, phrase, found) in [
            ("tidak ada luka", "luka", false),
            ("tidak ada yang terluka", "terluka", false),
            ("bukan kebakaran pak", "kebakaran", false),
            ("krbn jiwa tdk ada", "korban", false),
            ("apakah ada senjata, dijawab tidak", "senjata", false),
            ("hampir ditabrak", "ditabrak", false),
            ("tidak ada senjata, satu luka", "luka", true),
            ("tidak tahu dibacok siapa", "dibacok", true),
            ("gak berani keluar ada maling", "maling", true),
            ("kebakaran tidak ada damkar", "kebakaran", true),
            ("tidak hanya luka", "luka", true),
            ("apakah ada bahaya: iya", "bahaya", true),
        ] {
            assert_eq!(Words::of(text).find(phrase).is_some(), found, "{text}");
        }
    }
}
