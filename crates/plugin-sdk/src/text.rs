//! Reading what operators type: words in their plain form, each with the words it came from.
//!
//! The plain form is lower case without punctuation, with letters that were drawn out taken together
//! ("tolooong") and with common abbreviations written out (`singkatan.csv`). Phrases are compared
//! with plain forms; what is shown to the operator are the words as typed.

use std::ops::Range;

/// `abbreviation,plain form`, reviewed by people who do not program.
const ABBREVIATIONS: &str = include_str!("singkatan.csv");

/// Words before a phrase that turn it round, looked for up to two words ahead of it.
const NEGATIONS: [&str; 5] = ["tidak", "bukan", "belum", "tanpa", "hampir"];

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its plain form.
    pub plain: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// Whether a sentence ends after it.
    ends_sentence: bool,
}

/// A text, cut into words.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a str,
    words: Vec<Word>,
    /// Whether any word begins with a pair of letters; rules out most phrases without comparing.
    beginnings: [bool; 1024],
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
                words.push(Word {
                    plain: plain(&text[from..at]),
                    span: from..at,
                    ends_sentence: false,
                });
            }
            if matches!(c, '.' | ';' | '!' | '?' | '\n' | ',')
                && let Some(last) = words.last_mut()
            {
                last.ends_sentence = true;
            }
        }
        if let Some(from) = start {
            words.push(Word {
                plain: plain(&text[from..]),
                span: from..text.len(),
                ends_sentence: true,
            });
        }
        let mut beginnings = [false; 1024];
        for word in &words {
            beginnings[pair(&word.plain)] = true;
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
        let first = phrase.split(' ').next().unwrap_or_default();
        if !self.beginnings[pair(first)] {
            return None;
        }
        (0..self.words.len()).find_map(|at| {
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

fn pair(word: &str) -> usize {
    let bytes = word.as_bytes();
    let five = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0) & 31);
    five(0) * 32 + five(1)
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
    if plain.len() > 10 {
        return plain;
    }
    for line in ABBREVIATIONS.lines() {
        if let Some((short, long)) = line.split_once(',')
            && short == plain
        {
            return long.to_owned();
        }
    }
    plain
}

/// The rows of a word list that was compiled in: its first line is a heading, `#` begins a remark.
pub fn rows<const N: usize>(csv: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    csv.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#')).filter_map(
        |line| {
            let mut columns = line.splitn(N, ',');
            let mut row = [""; N];
            for cell in &mut row {
                *cell = columns.next()?;
            }
            Some(row)
        },
    )
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
