//! Words as people write them: capitals do not count, some are abbreviated, some are misspelt.

use crate::entry::Entries;
use crate::form::Form;
use rustc_hash::{FxHashMap, FxHashSet};

/// One word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Lower case, written out.
    pub(crate) plain: String,
    /// What it may have been meant to be, when it is no word that is known.
    pub(crate) meant: Option<Meant>,
    /// Where it stands in the text, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What stands before it.
    pub(crate) gap: Gap,
}

/// A word of a name that a misspelt word is near to.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    pub(crate) word: String,
    /// Taken from the score of what is found by it.
    pub(crate) penalty: u8,
}

/// What stands between two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// Blanks, hyphens, the full stop of an abbreviation: a name may run across.
    Loose,
    /// A comma or a bracket: no name runs across.
    Comma,
    /// The end of a sentence: nothing before it says anything about what follows.
    Sentence,
    /// A line break: another field of the form begins.
    Line,
}

/// No shorter word is taken for a misspelling: too many words are near it.
const SHORTEST: usize = 5;
/// From this length on two letters may be wrong.
const TWO_WRONG: usize = 9;
const ONE_LETTER: u8 = 12;
const TWO_LETTERS: u8 = 20;
const NO_VOWELS: u8 = 14;

/// What is known about words.
pub(crate) struct Spelling {
    abbreviations: FxHashMap<String, String>,
    /// Words of names, and words that are never a misspelt name.
    known: FxHashSet<String>,
    /// Words of names by their first letter.
    shelves: [Vec<Listed>; 26],
}

struct Listed {
    word: String,
    letters: u32,
    /// The word without its vowels but the first letter.
    bones: String,
}

impl Spelling {
    pub(crate) fn of(form: &Form, entries: &Entries) -> Self {
        let mut spelling = Self {
            abbreviations: form.abbreviations.iter().cloned().collect(),
            known: form.ordinary.iter().chain(&form.everyday).cloned().collect(),
            shelves: std::array::from_fn(|_| Vec::new()),
        };
        let mut listed = FxHashSet::default();
        for name in &entries.names {
            let words = spelling.words(&name.text);
            let whole: String = words.iter().map(|word| word.plain.as_str()).collect();
            for word in words.into_iter().map(|word| word.plain).chain([whole]) {
                if listed.insert(word.clone()) {
                    spelling.shelve(word);
                }
            }
        }
        spelling.known.extend(listed);
        spelling
    }

    fn shelve(&mut self, word: String) {
        if let Some(shelf) = shelf(&word).filter(|_| word.len() >= SHORTEST && word.is_ascii()) {
            let (letters, bones) = (letters(&word), bones(&word));
            self.shelves[shelf].push(Listed { word, letters, bones });
        }
    }

    /// The words of a text, none corrected.
    pub(crate) fn words(&self, text: &str) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::with_capacity(text.len() / 5 + 1);
        let mut gap = Gap::Loose;
        let mut start: Option<(usize, bool)> = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            // "km19" is two words.
            let kind = c.is_alphanumeric().then(|| c.is_numeric());
            if let Some((from, number)) = start
                && kind != Some(number)
            {
                words.push(self.word(text, from, at, gap));
                gap = Gap::Loose;
                start = None;
            }
            match (kind, start) {
                (Some(number), None) => start = Some((at, number)),
                (Some(_), Some(_)) => {}
                (None, _) => gap = gap.max(gap_of(c, words.last(), &text[at..])),
            }
        }
        words
    }

    fn word(&self, text: &str, start: usize, end: usize, gap: Gap) -> Word {
        let plain = plain(&text[start..end]);
        let plain = self.abbreviations.get(&plain).cloned().unwrap_or(plain);
        Word { plain, meant: None, start, end, gap }
    }

    /// Fills in what words that nobody knows may have been meant to be.
    pub(crate) fn correct(&self, words: &mut [Word]) {
        for word in words {
            if word.plain.len() >= 3
                && word.plain.bytes().all(|b| b.is_ascii_lowercase())
                && !self.known.contains(&word.plain)
            {
                word.meant = self.meant(&word.plain);
            }
        }
    }

    fn meant(&self, word: &str) -> Option<Meant> {
        let shelf = &self.shelves[shelf(word)?];
        if !word.bytes().any(is_vowel) {
            let fits =
                |listed: &&Listed| listed.bones == word && listed.word.len() <= 2 * word.len() + 1;
            let found = shelf.iter().find(fits)?;
            return Some(Meant { word: found.word.clone(), penalty: NO_VOWELS });
        }
        if word.len() < SHORTEST {
            return None;
        }
        let most = if word.len() >= TWO_WRONG { 2 } else { 1 };
        let wanted = letters(word);
        let mut best: Option<(usize, &str)> = None;
        for listed in shelf {
            let limit = best.map_or(most, |(wrong, _)| wrong - 1);
            if limit == 0 {
                break;
            }
            // Each wrong letter changes at most two of the letters that there are.
            if listed.word.len().abs_diff(word.len()) <= limit
                && (listed.letters ^ wanted).count_ones() as usize <= 2 * limit
                && let Some(wrong) = wrong_letters(word.as_bytes(), listed.word.as_bytes(), limit)
            {
                best = Some((wrong, &listed.word));
            }
        }
        best.map(|(wrong, word)| Meant {
            word: word.to_owned(),
            penalty: if wrong == 1 { ONE_LETTER } else { TWO_LETTERS },
        })
    }
}

fn gap_of(c: char, before: Option<&Word>, rest: &str) -> Gap {
    match c {
        '\n' => Gap::Line,
        ',' | ';' | ':' | '(' | ')' | '"' | '“' | '”' | '—' | '=' => Gap::Comma,
        '!' | '?' => Gap::Sentence,
        // "Jl. Jend. Sudirman": short words are abbreviations, and numbers hold a full stop.
        '.' if rest[1..].starts_with(char::is_whitespace) || rest.len() == 1 => {
            let long = before.is_some_and(|word| word.end - word.start > 4);
            if long { Gap::Sentence } else { Gap::Loose }
        }
        _ => Gap::Loose,
    }
}

/// Lower case, with letters that were drawn out taken together ("tebeeeet").
fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut run = ('\0', 0_u8);
    for c in word.chars().flat_map(char::to_lowercase) {
        run = if run.0 == c { (c, run.1.saturating_add(1)) } else { (c, 1) };
        if run.1 == 3 && c.is_alphabetic() {
            plain.pop();
        }
        if run.1 < 3 || !c.is_alphabetic() {
            plain.push(c);
        }
    }
    plain
}

fn shelf(word: &str) -> Option<usize> {
    let first = *word.as_bytes().first()?;
    first.is_ascii_lowercase().then(|| usize::from(first - b'a'))
}

fn is_vowel(b: u8) -> bool {
    matches!(b, b'a' | b'e' | b'i' | b'o' | b'u')
}

fn bones(word: &str) -> String {
    word.char_indices().filter(|(n, c)| *n == 0 || !is_vowel(*c as u8)).map(|(_, c)| c).collect()
}

fn letters(word: &str) -> u32 {
    word.bytes().filter(u8::is_ascii_lowercase).fold(0, |set, b| set | 1 << (b - b'a'))
}

/// Letters that are wrong, missing, too many or swapped with their neighbour; `None` beyond a limit.
fn wrong_letters(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    const LONGEST: usize = 40;
    if b.len() >= LONGEST {
        return None;
    }
    let mut rows = [[0; LONGEST]; 3];
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        let (now, last, before) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        rows[now][0] = i;
        let mut least = i;
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut wrong =
                (rows[last][j - 1] + same).min(rows[last][j] + 1).min(rows[now][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                wrong = wrong.min(rows[before][j - 2] + 1);
            }
            rows[now][j] = wrong;
            least = least.min(wrong);
        }
        if least > limit {
            return None;
        }
    }
    let wrong = rows[a.len() % 3][b.len()];
    (wrong <= limit).then_some(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_wrong_missing_too_many_or_swapped_are_counted() {
        for (a, b, wrong) in [
            ("tebet", "tebet", 0),
            ("tebat", "tebet", 1),
            ("tbet", "tebet", 1),
            ("tebbet", "tebet", 1),
            ("tebte", "tebet", 1),
            ("kebajoren", "kebayoran", 2),
        ] {
            assert_eq!(wrong_letters(a.as_bytes(), b.as_bytes(), 2), Some(wrong), "{a} {b}");
        }
        assert_eq!(wrong_letters(b"kebakaran", b"kebayoran", 1), None);
    }

    #[test]
    fn a_full_stop_after_a_short_word_ends_no_sentence() {
        let spelling = Spelling {
            abbreviations: FxHashMap::default(),
            known: FxHashSet::default(),
            shelves: std::array::from_fn(|_| Vec::new()),
        };
        let words = spelling.words("Jl. Jend. Sudirman. Laka, KM19\nlain");
        let found: Vec<(&str, Gap)> =
            words.iter().map(|word| (word.plain.as_str(), word.gap)).collect();
        assert_eq!(
            found,
            [
                ("jl", Gap::Loose),
                ("jend", Gap::Loose),
                ("sudirman", Gap::Loose),
                ("laka", Gap::Sentence),
                ("km", Gap::Comma),
                ("19", Gap::Loose),
                ("lain", Gap::Line),
            ]
        );
    }
}
