//! Reading what operators type: words in their plain form, each with the words it came from.
//!
//! The plain form is lower case without punctuation, with letters that were drawn out taken together
//! ("tolooong"), common abbreviations written out (`singkatan.csv`) and words left out that carry
//! nothing (`kata_isi.csv`). Phrases are compared with plain forms; what is shown to the operator
//! are the words as typed. How a phrase is written stands at
//! [`lists`](crate::lists).

mod negation;
mod plain;
mod typos;

pub use negation::Stance;
pub(crate) use typos::letters;

use crate::lists::{List, Phrase, Row, Start, Written};
use plain::{MORPHEMES, Morphemes, is_filler, plain, written_out};
use std::ops::Range;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its plain form.
    pub plain: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// Counted from 0; a full stop, a question or exclamation mark or a new line begins another.
    pub sentence: u16,
    /// Counted from 0 over the whole text; a comma begins another, too.
    pub clause: u16,
    /// What its plain form begins with, and what it begins with without its prefixes.
    starts: Morphemes,
}

/// A text, cut into words.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a str,
    words: Vec<Word>,
    /// Whether any word begins with a pair of letters; rules out most phrases without comparing.
    beginnings: [bool; Start::PAIRS],
}

/// Where a row of a list stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The row.
    pub row: usize,
    /// Its first word.
    pub from: usize,
    /// The word after its last one.
    pub to: usize,
    /// Whether the text says that it is so.
    pub stance: Stance,
}

impl<'a> Words<'a> {
    /// Cuts `text` into words.
    pub fn of(text: &'a str) -> Self {
        let words = Vec::with_capacity(text.len() / 4);
        let mut this = Self { text, words, beginnings: [false; Start::PAIRS] };
        let (mut start, mut sentence, mut clause) = (None, 0_u16, 0_u16);
        for (at, c) in text.char_indices() {
            if c.is_alphanumeric() {
                start.get_or_insert(at);
                continue;
            }
            if let Some(from) = start.take() {
                this.push(from..at, sentence, clause);
            }
            if matches!(c, '.' | ';' | '!' | '?' | '\n') {
                sentence = sentence.saturating_add(1);
            }
            if matches!(c, '.' | ';' | '!' | '?' | '\n' | ',') {
                clause = clause.saturating_add(1);
            }
        }
        if let Some(from) = start {
            this.push(from..text.len(), sentence, clause);
        }
        for word in &this.words {
            for (_, start) in word.starts.iter() {
                this.beginnings[start.pair()] = true;
            }
        }
        this
    }

    fn push(&mut self, span: Range<usize>, sentence: u16, clause: u16) {
        let form = plain(&self.text[span.clone()]);
        if is_filler(&form) {
            return;
        }
        let mut add = |plain: String| {
            let starts = Morphemes::of(&plain);
            self.words.push(Word { plain, span: span.clone(), sentence, clause, starts });
        };
        match written_out(&form) {
            None => add(form),
            Some(long) => long.split(' ').for_each(|word| add(word.to_owned())),
        }
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &Word> {
        self.words.iter()
    }

    /// The word `at`, counted from 0.
    pub fn get(&self, at: usize) -> Option<&Word> {
        self.words.get(at)
    }

    /// The words as typed, from the first of a match to its last.
    pub fn typed(&self, from: usize, to: usize) -> &'a str {
        match (self.words.get(from), self.words.get(to.saturating_sub(1))) {
            (Some(first), Some(last)) => &self.text[first.span.start..last.span.end],
            _ => "",
        }
    }

    /// Where `phrase` first stands and is not denied: the words as typed.
    pub fn find(&self, phrase: &str) -> Option<&'a str> {
        self.find_phrase(Phrase::of(phrase))
    }

    fn find_phrase(&self, phrase: Phrase<'_>) -> Option<&'a str> {
        if !self.beginnings[phrase.start.pair()] {
            return None;
        }
        (0..self.words.len()).find_map(|at| {
            let to = self.match_at(at, phrase)?;
            (self.stance(at, to) == Stance::Said).then(|| self.typed(at, to))
        })
    }

    /// Rows of a list whose first cell stands here as [`find`](Self::find) finds it, each with the
    /// words as typed, in the order of the list.
    pub fn find_rows<'r, const CELLS: usize>(
        &self,
        list: &'r [Row<CELLS>],
    ) -> impl Iterator<Item = (&'a str, &'r [&'static str; CELLS])> {
        list.iter().filter_map(|row| Some((self.find_phrase(row.phrase())?, row.cells())))
    }

    /// Everything of a list that stands here, denied or not, in the order of the list. Where two
    /// rows begin at the same word, only the longest counts: "kereta api" is no "api", and
    /// "tolong ditegur" no cry for help.
    pub fn matches<const CELLS: usize, const ROWS: usize>(
        &self,
        list: &List<CELLS, ROWS>,
    ) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        for at in 0..self.words.len() {
            let first = found.len();
            for (_, start) in self.words[at].starts.iter() {
                for row in list.beginning(start) {
                    if let Some(to) = self.match_at(at, list.rows()[row].phrase()) {
                        found.push(Match { row, from: at, to, stance: Stance::Said });
                    }
                }
            }
            let longest = found[first..].iter().map(|found| found.to).max();
            let mut kept = first;
            for next in first..found.len() {
                if Some(found[next].to) == longest {
                    found.swap(kept, next);
                    kept += 1;
                }
            }
            found.truncate(kept);
        }
        // "kereta api" also covers the "api" in it.
        let covered: Vec<bool> = found
            .iter()
            .map(|inner| {
                found.iter().any(|outer| {
                    outer.from < inner.from
                        && inner.to <= outer.to
                        && list.rows()[outer.row].is_exception()
                })
            })
            .collect();
        let mut covered = covered.into_iter();
        found.retain(|_| !covered.next().unwrap_or(false));
        for found in &mut found {
            found.stance = self.stance(found.from, found.to);
        }
        found.sort_by_key(|found| (found.row, found.from));
        found
    }

    /// Where a phrase that begins at a word ends.
    fn match_at(&self, at: usize, phrase: Phrase<'_>) -> Option<usize> {
        match phrase.written {
            Written::Words => self.reads(at, phrase.text),
            Written::Root | Written::DerivedRoot => {
                let word = self.words.get(at)?;
                let root = &phrase.text[1..];
                let fits = word.starts.iter().any(|(from, start)| {
                    phrase.start.admits(start)
                        && (from > 0 || phrase.written == Written::Root)
                        && is_root(&word.plain[from..], root)
                });
                fits.then_some(at + 1)
            }
            Written::Together => {
                let mut parts = phrase.text.split('&').map(|part| Phrase::of(part.trim()));
                let to = self.match_at(at, parts.next()?)?;
                let sentence = self.words[at].sentence;
                let all = parts.all(|part| {
                    self.beginnings[part.start.pair()]
                        && (0..self.words.len()).any(|from| {
                            self.words[from].sentence == sentence
                                && self
                                    .match_at(from, part)
                                    .is_some_and(|to| self.stance(from, to) != Stance::Denied)
                        })
                });
                all.then_some(to)
            }
        }
    }

    /// Where plain words end that begin at a word. Letters are compared one by one: most phrases
    /// differ in one of the next few.
    fn reads(&self, mut at: usize, mut wanted: &str) -> Option<usize> {
        loop {
            let word = self.words.get(at)?.plain.as_bytes();
            let same = word.iter().zip(wanted.as_bytes()).take_while(|(a, b)| a == b).count();
            at += 1;
            let end = match wanted.as_bytes().get(same) {
                Some(b'*') => same + 1,
                Some(b' ') | None if same == word.len() => same,
                _ => return None,
            };
            if end == wanted.len() {
                return Some(at);
            }
            wanted = &wanted[end + 1..];
        }
    }
}

/// Whether `word` is `root` with nothing but usual endings.
fn is_root(word: &str, root: &str) -> bool {
    word.strip_prefix(root).is_some_and(|ending| MORPHEMES.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{count, rows};

    #[test]
    fn abbreviations_capitals_and_drawn_out_letters_do_not_hide_a_word() {
        let words = Words::of("TOLOOOONG pak, krbn tdk sadarr!");
        assert_eq!(words.find("tolong"), Some("TOLOOOONG"));
        assert_eq!(words.find("korban tidak sadar"), Some("krbn tdk sadarr"));
    }

    #[test]
    fn words_that_carry_nothing_stand_between_no_phrase() {
        let words = Words::of("darahnya sih pak banyak banget");
        assert_eq!(words.find("darah* banyak"), Some("darahnya sih pak banyak"));
    }

    #[test]
    fn an_abbreviation_of_two_words_is_two_words() {
        let words = Words::of("Krbn MD di tkp");
        assert_eq!(words.find("meninggal dunia"), Some("MD"));
        assert_eq!(words.find("korban meninggal"), Some("Krbn MD"));
    }

    #[test]
    fn rows_are_found_in_the_order_of_the_list_with_the_words_as_typed() {
        const CSV: &str = "kata,arti\nluka,x\napi besar,y\ntolong,z\n";
        const LIST: [Row<2>; count(CSV)] = rows(CSV);
        let words = Words::of("Tolong! API besar, tidak ada luka");
        let found: Vec<_> = words.find_rows(&LIST).map(|(typed, row)| (typed, row[1])).collect();
        assert_eq!(found, [("API besar", "y"), ("Tolong", "z")]);
    }

    #[test]
    fn the_longest_row_counts_and_covers_what_is_inside_it() {
        const CSV: &str = "kata,arti\napi,a\nkereta api,-\ntolong,b\ntolong ditegur,c\n";
        static LIST: List<2, { count(CSV) }> = List::new(CSV);
        let read = |text: &str| -> Vec<&str> {
            let words = Words::of(text);
            words.matches(&LIST).iter().map(|found| LIST.rows()[found.row].cells()[1]).collect()
        };
        assert_eq!(read("kereta api mogok"), ["-"]);
        assert_eq!(read("ada api di kereta api"), ["a", "-"]);
        assert_eq!(read("tolong ditegur"), ["c"]);
        assert_eq!(read("tolong"), ["b"]);
    }

    #[test]
    fn a_root_is_found_under_its_prefixes_and_endings() {
        for typed in
            ["bacok", "dibacok", "dibacokin", "kebacok", "membacok", "pembacokan", "bacok2an"]
        {
            assert!(Words::of(typed).find("~bacok").is_some(), "{typed}");
        }
        assert!(Words::of("tembakau").find("~tembak").is_none());
        assert!(Words::of("pukul 10").find("+pukul").is_none());
        assert!(Words::of("dipukulin").find("+pukul").is_some());
    }

    #[test]
    fn two_things_of_one_sentence_are_found_in_either_order() {
        assert!(Words::of("ada maling, masih di dalam").find("maling & di dalam").is_some());
        assert!(Words::of("di dalam ada maling").find("maling & di dalam").is_some());
        assert!(Words::of("ada maling. Saya di dalam.").find("maling & di dalam").is_none());
    }

    #[test]
    fn a_star_stands_for_any_ending() {
        assert_eq!(Words::of("darahnya banyak").find("darah*"), Some("darahnya"));
        assert_eq!(Words::of("dara").find("darah*"), None);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in ["", "   ", "é", "½ 日本 🔥🔥", "a", "..", "\u{0130}", "dié", "mé2", "ßß2"]
        {
            assert_eq!(Words::of(text).find("api"), None);
            assert_eq!(Words::of(text).find("~api"), None);
        }
    }
}
