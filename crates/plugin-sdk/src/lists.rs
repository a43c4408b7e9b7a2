//! Word lists, read while the plugin is compiled.
//!
//! Every call of a plugin runs on a fresh instance, so whatever a rule reads at run time it reads
//! for every call. A list is therefore a constant: `rows` cuts the file into its cells when the
//! plugin is built, and a row with too few cells does not compile.
//!
//! ```
//! use siaga_plugin_sdk::lists::{Row, count, rows};
//!
//! const CSV: &str = "kata,macam\n# a remark\niseng,prank\nsalah sambung,wrong\n";
//! const LIST: [Row<2>; count(CSV)] = rows(CSV);
//! assert_eq!(LIST[1].cells(), &["salah sambung", "wrong"]);
//! ```
//!
//! # How a phrase is written
//! In the first cell of a list that is looked for in a text stand plain words with single spaces
//! (see [`text`](crate::text)), and:
//!
//! | written | finds |
//! |---|---|
//! | `darah*` | every word that begins so |
//! | `~bacok` | the root, alone or with prefixes and endings: dibacok, pembacokan |
//! | `+pukul` | the root with a prefix only: dipukuli, but not "pukul 10" |
//! | `maling & di dalam` | both in one sentence, in either order |
//!
//! A row whose last cell is `-` is an exception: nothing is found inside its words.

use crate::text::letters;

/// How a phrase is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// `api besar`, `darah*`.
    Words,
    /// `~bacok`.
    Root,
    /// `+pukul`.
    DerivedRoot,
    /// `maling & di dalam`.
    Together,
}

/// A phrase, with what is known of it before it is compared with anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phrase<'p> {
    pub(crate) text: &'p str,
    pub(crate) start: Start,
    pub(crate) written: Written,
}

impl<'p> Phrase<'p> {
    pub(crate) const fn of(text: &'p str) -> Self {
        Self { text, start: Start::of(text), written: written(text.as_bytes()) }
    }
}

const fn written(phrase: &[u8]) -> Written {
    let mut at = 0;
    while at < phrase.len() {
        if phrase[at] == b'&' {
            return Written::Together;
        }
        at += 1;
    }
    match phrase {
        [b'~', ..] => Written::Root,
        [b'+', ..] => Written::DerivedRoot,
        _ => Written::Words,
    }
}

/// A row of a word list.
#[derive(Clone, Copy, Debug)]
pub struct Row<const CELLS: usize> {
    cells: [&'static str; CELLS],
    /// Of the first cell, as what follows.
    start: Start,
    written: Written,
    /// Which letters it has.
    letters: u32,
}

impl<const CELLS: usize> Row<CELLS> {
    /// The cells; the first is the phrase that is sought.
    pub const fn cells(&self) -> &[&'static str; CELLS] {
        &self.cells
    }

    /// Its first cell, as it is sought.
    pub(crate) const fn phrase(&self) -> Phrase<'static> {
        Phrase { text: self.cells[0], start: self.start, written: self.written }
    }

    pub(crate) const fn letters(&self) -> u32 {
        self.letters
    }

    /// Whether nothing is to be found inside its words.
    pub(crate) const fn is_exception(&self) -> bool {
        CELLS > 1 && matches!(self.cells[CELLS - 1].as_bytes(), b"-")
    }
}

/// What a word or phrase begins with: its first three letters, five bits each. Different letters may
/// amount to the same, equal ones always do. A word that ends sooner equals a phrase whose word ends
/// there.
///
/// The mark of a root (`~`, `+`) is no letter of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start(u16);

impl Start {
    /// How many pairs of first letters there are.
    pub(crate) const PAIRS: usize = 1 << 10;

    /// A third letter that may be any.
    const ANY: u16 = 31;

    pub(crate) const fn of(words: &str) -> Self {
        let bytes = words.as_bytes();
        let from = if !bytes.is_empty() && matches!(bytes[0], b'~' | b'+') { 1 } else { 0 };
        let (mut start, mut at, mut ended) = (0, from, false);
        while at < from + 3 {
            let letter = if at < bytes.len() { bytes[at] } else { b' ' };
            ended = ended || letter == b' ';
            start = start << 5
                | match letter {
                    _ if ended => 0,
                    b'*' => Self::ANY,
                    letter => letter as u16 & 31,
                };
            at += 1;
        }
        Self(start)
    }

    /// The first two letters.
    pub(crate) const fn pair(self) -> usize {
        self.0 as usize >> 5
    }

    /// Whether a word that begins so may begin a phrase of this start.
    pub(crate) const fn admits(self, word: Self) -> bool {
        self.0 == word.0 || self.0 & 31 == Self::ANY && self.pair() == word.pair()
    }
}

/// How many rows a list has: its first line is a heading, `#` begins a remark.
pub const fn count(csv: &str) -> usize {
    let (mut at, mut rows) = (line_end(csv, 0) + 1, 0);
    while at < csv.len() {
        let end = line_end(csv, at);
        if is_row(csv, at, end) {
            rows += 1;
        }
        at = end + 1;
    }
    rows
}

/// The rows of a list. `ROWS` is [`count`] of it.
///
/// # Panics
/// When a row has too few cells, and while compiling, if used for a constant. A comma in the last
/// cell belongs to it.
pub const fn rows<const CELLS: usize, const ROWS: usize>(csv: &'static str) -> [Row<CELLS>; ROWS] {
    let empty = Row { cells: [""; CELLS], start: Start(0), written: Written::Words, letters: 0 };
    let mut rows = [empty; ROWS];
    let (mut at, mut row) = (line_end(csv, 0) + 1, 0);
    while at < csv.len() {
        let end = line_end(csv, at);
        if is_row(csv, at, end) {
            rows[row] = read(csv, at, end);
            row += 1;
        }
        at = end + 1;
    }
    rows
}

const fn read<const CELLS: usize>(csv: &'static str, from: usize, end: usize) -> Row<CELLS> {
    let bytes = csv.as_bytes();
    // A checkout on Windows may have made two characters of each line's end.
    let end = if bytes[end - 1] == b'\r' { end - 1 } else { end };
    let mut cells = [""; CELLS];
    let (mut at, mut cell) = (from, 0);
    while cell < CELLS {
        assert!(at <= end, "a row of a word list has too few cells");
        let mut stop = at;
        while stop < end && (bytes[stop] != b',' || cell + 1 == CELLS) {
            stop += 1;
        }
        cells[cell] = csv.split_at(stop).0.split_at(at).1;
        at = stop + 1;
        cell += 1;
    }
    let Phrase { text, start, written } = Phrase::of(cells[0]);
    Row { cells, start, written, letters: letters(text.as_bytes()) }
}

const fn line_end(csv: &str, from: usize) -> usize {
    let bytes = csv.as_bytes();
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    at
}

const fn is_row(csv: &str, from: usize, end: usize) -> bool {
    let bytes = csv.as_bytes();
    from < end && bytes[from] != b'#' && bytes[from] != b'\r'
}

/// No further row.
const END: u16 = u16::MAX;

/// A list with an index of what its phrases begin with, made when the plugin is built.
#[derive(Debug)]
pub struct List<const CELLS: usize, const ROWS: usize> {
    rows: [Row<CELLS>; ROWS],
    /// The first row of each pair of letters.
    first: [u16; Start::PAIRS],
    /// What each row begins with, and the next row of the same pair.
    next: [(Start, u16); ROWS],
}

impl<const CELLS: usize, const ROWS: usize> List<CELLS, ROWS> {
    /// Reads a list. `ROWS` is [`count`] of it.
    ///
    /// # Panics
    /// As [`rows`].
    pub const fn new(csv: &'static str) -> Self {
        let rows: [Row<CELLS>; ROWS] = rows(csv);
        let (mut first, mut next) = ([END; Start::PAIRS], [(Start(0), END); ROWS]);
        let mut row = ROWS;
        while row > 0 {
            row -= 1;
            let start = rows[row].start;
            next[row] = (start, first[start.pair()]);
            first[start.pair()] = row as u16;
        }
        Self { rows, first, next }
    }

    /// The rows, in the order of the file.
    pub const fn rows(&self) -> &[Row<CELLS>; ROWS] {
        &self.rows
    }

    /// The cells of the row `row`, as [`Words::matches`](crate::text::Words::matches) gives it.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn cells(&self, row: usize) -> &[&'static str; CELLS] {
        self.rows[row].cells()
    }

    /// The cells of the first row that begins with exactly `cell`.
    pub fn get(&self, cell: &str) -> Option<&[&'static str; CELLS]> {
        self.beginning(Start::of(cell)).map(|row| self.cells(row)).find(|cells| cells[0] == cell)
    }

    /// The rows that a word which begins so may begin.
    pub(crate) fn beginning(&self, word: Start) -> impl Iterator<Item = usize> {
        self.alike(word).filter(move |&(start, _)| start.admits(word)).map(|(_, row)| row)
    }

    /// The rows whose first two letters are those of a word.
    pub(crate) fn alike(&self, word: Start) -> impl Iterator<Item = (Start, usize)> {
        let mut at = self.first[word.pair()];
        std::iter::from_fn(move || {
            let row = at;
            let &(start, next) = self.next.get(usize::from(row))?;
            at = next;
            Some((start, usize::from(row)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "kata,arti\r\n# remark, with a comma\r\nb,c, d\r\n\r\nab,x\nz,y";
    const ROWS: [Row<2>; count(CSV)] = rows(CSV);

    #[test]
    fn headings_remarks_empty_lines_and_line_ends_are_no_part_of_any_row() {
        let cells: Vec<_> = ROWS.iter().map(|row| *row.cells()).collect();
        assert_eq!(cells, [["b", "c, d"], ["ab", "x"], ["z", "y"]]);
    }

    #[test]
    fn a_word_may_begin_what_begins_with_its_letters_and_nothing_else() {
        for (phrase, word) in
            [("a b", "a"), ("ab c", "ab"), ("abad", "abadi"), ("ab*", "abu"), ("~aba", "abad")]
        {
            let (phrase, word) = (Start::of(phrase), Start::of(word));
            assert!(phrase.admits(word), "{phrase:?} {word:?}");
        }
        for (phrase, word) in [("abad", "abu"), ("ab c", "abc"), ("ac*", "abc"), ("ab", "a")] {
            assert!(!Start::of(phrase).admits(Start::of(word)), "{phrase} {word}");
        }
    }

    #[test]
    fn the_index_has_every_row_once_and_in_order() {
        const CSV: &str = "kata\nabu\nzat\nabu janda\n~abad\nab*\n";
        static LIST: List<1, { count(CSV) }> = List::new(CSV);
        assert_eq!(LIST.beginning(Start::of("abu")).collect::<Vec<_>>(), [0, 2, 4]);
        assert_eq!(LIST.beginning(Start::of("za")).count(), 0);
        assert_eq!(LIST.alike(Start::of("ab")).count(), 4);
        assert_eq!(LIST.alike(Start::of("x")).count(), 0);
    }

    #[test]
    fn a_row_is_found_by_its_first_cell() {
        static LIST: List<2, { count(CSV) }> = List::new(CSV);
        assert_eq!(LIST.get("ab"), Some(&["ab", "x"]));
        assert_eq!(LIST.get("a"), None);
        assert_eq!(LIST.get(""), None);
    }

    #[test]
    #[should_panic(expected = "too few cells")]
    fn a_row_with_too_few_cells_is_refused() {
        let _: [Row<3>; 1] = rows("a,b,c\nx,y");
    }
}
