//! Reading what operators type: words in their plain form, each with the words it came from.
//!
//! The plain form is lower case without punctuation, with letters that were drawn out taken together
//! ("tolooong") and with common abbreviations written out (`singkatan.csv`). Phrases are compared
//! with plain forms; what is shown to the operator are the words as typed.

use crate::lists::{PAIRS, Row, by_pair, count, pair, rows};
use std::ops::Range;

/// `abbreviation,plain form`, reviewed by people who do not program.
const CSV: &str = include_str!("singkatan.csv");
static ABBREVIATIONS: [Row<2>; count(CSV)] = by_pair(rows(CSV));

/// No abbreviation is longer, in bytes.
const LONGEST_ABBREVIATION: usize = 10;

/// Words before a phrase that turn it round, looked for up to two words ahead of it.
const NEGATIONS: [&str; 5] = ["tidak", "bukan", "belum", "tanpa", "hampir"];

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its plain form.
    pub plain: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// What its plain form begins with.
    pair: usize,
    /// Whether a sentence ends after it.
    ends_sentence: bool,
}

impl Word {
    fn of(text: &str, span: Range<usize>, ends_sentence: bool) -> Self {
        let plain = plain(&text[span.clone()]);
        Self { pair: pair(&plain), plain, span, ends_sentence }
    }
}

/// A text, cut into words.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a str,
    words: Vec<Word>,
    /// Whether any word begins with a pair of letters; rules out most phrases without comparing.
    beginnings: [bool; PAIRS],
}

impl<'a> Words<'a> {
    /// Cuts `text` into words.
    pub fn of(text: &'a str) -> Self {
        let mut words: Vec<Word> = Vec::with_capacity(text.len() / 5);
        let mut start = None;
        for (at, c) in text.char_indices() {
            if c.is_alphanumeric() {
                start.get_or_insert(at);
                continue;
            }
            if let Some(from) = start.take() {
                words.push(Word::of(text, from..at, false));
            }
            if matches!(c, '.' | ';' | '!' | '?' | '\n' | ',')
                && let Some(last) = words.last_mut()
            {
                last.ends_sentence = true;
            }
        }
        if let Some(from) = start {
            words.push(Word::of(text, from..text.len(), true));
        }
        let mut beginnings = [false; PAIRS];
        for word in &words {
            beginnings[word.pair] = true;
        }
        Self { text, words, beginnings }
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Where `phrase` first stands without a negation before it: the words as typed.
    ///
    /// A phrase is one or more plain words separated by single spaces; a word that ends in `*` (after
    /// at least two letters) stands for every word that begins so.
    pub fn find(&self, phrase: &str) -> Option<&'a str> {
        self.first_match(phrase, pair(phrase))
    }

    /// Rows of a list whose first cell stands here as [`find`](Self::find) finds it, each with the
    /// words as typed, in the order of the list.
    pub fn find_rows<'r, const CELLS: usize>(
        &self,
        list: &'r [Row<CELLS>],
    ) -> impl Iterator<Item = (&'a str, &'r [&'static str; CELLS])> {
        list.iter().filter_map(|row| {
            let words = self.first_match(row.cells().first()?, row.pair())?;
            Some((words, row.cells()))
        })
    }

    fn first_match(&self, phrase: &str, begins: usize) -> Option<&'a str> {
        if !self.beginnings[begins] {
            return None;
        }
        (0..self.words.len()).find_map(|at| {
            if self.words[at].pair != begins {
                return None;
            }
            let end = self.match_at(at, phrase)?;
            (!self.is_negated(at))
                .then(|| &self.text[self.words[at].span.start..self.words[end - 1].span.end])
        })
    }

    fn match_at(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut next = at;
        for wanted in phrase.split(' ') {
            let word = self.words.get(next)?;
            let fits = match wanted.strip_suffix('*') {
                Some(beginning) => word.plain.starts_with(beginning),
                None => word.plain == wanted,
            };
            if !fits {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    fn is_negated(&self, at: usize) -> bool {
        self.words[at.saturating_sub(2)..at]
            .iter()
            .rev()
            .take_while(|word| !word.ends_sentence)
            .any(|word| NEGATIONS.contains(&word.plain.as_str()))
    }
}

/// The plain form of one word.
fn plain(word: &str) -> String {
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
    if plain.len() > LONGEST_ABBREVIATION {
        return plain;
    }
    let wanted = pair(&plain);
    let first = ABBREVIATIONS.partition_point(|row| row.pair() < wanted);
    let long = ABBREVIATIONS[first..]
        .iter()
        .take_while(|row| row.pair() == wanted)
        .find(|row| row.cells()[0] == plain)
        .map(|row| row.cells()[1]);
    long.map_or(plain, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_capitals_and_drawn_out_letters_do_not_hide_a_word() {
        let words = Words::of("TOLOOOONG pak, krbn tdk sadar!");
        assert_eq!(words.find("tolong"), Some("TOLOOOONG"));
        assert_eq!(words.find("korban tidak sadar"), Some("krbn tdk sadar"));
    }

    #[test]
    fn every_abbreviation_is_written_out() {
        for row in &ABBREVIATIONS {
            let [short, long] = row.cells();
            assert!(short.len() <= LONGEST_ABBREVIATION, "{short}");
            assert_eq!(plain(short), *long);
        }
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
    fn a_negated_phrase_is_not_found_but_a_later_one_is() {
        assert_eq!(Words::of("tidak ada luka").find("luka"), None);
        assert_eq!(Words::of("tidak ada senjata, satu luka").find("luka"), Some("luka"));
    }

    #[test]
    fn a_star_stands_for_any_ending() {
        assert_eq!(Words::of("darahnya banyak").find("darah*"), Some("darahnya"));
        assert_eq!(Words::of("dara").find("darah*"), None);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in ["", "   ", "é", "½ 日本 🔥🔥", "a", "..", "\u{0130}"] {
            assert_eq!(Words::of(text).find("api"), None);
        }
    }
}
