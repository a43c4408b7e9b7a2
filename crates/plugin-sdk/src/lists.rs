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

/// A row of a word list.
#[derive(Clone, Copy, Debug)]
pub struct Row<const CELLS: usize> {
    cells: [&'static str; CELLS],
    /// Of the first cell, see [`pair`].
    pair: u16,
    /// Which letters its first cell has.
    letters: u32,
}

impl<const CELLS: usize> Row<CELLS> {
    /// The cells; the first is the phrase that is sought.
    pub const fn cells(&self) -> &[&'static str; CELLS] {
        &self.cells
    }

    pub(crate) const fn letters(&self) -> u32 {
        self.letters
    }

    /// Whether nothing is to be found inside its words.
    pub(crate) const fn is_exception(&self) -> bool {
        CELLS > 1 && matches!(self.cells[CELLS - 1].as_bytes(), b"-")
    }
}

/// How many kinds of [`pair`] there are.
pub(crate) const PAIRS: usize = 1024;

/// What the first two letters of a word or phrase amount to. Different letters may amount to the
/// same; equal ones always do, and a word of one letter equals one that a blank follows.
///
/// The mark of a root (`~`, `+`) is no letter of it.
pub(crate) const fn pair(words: &str) -> usize {
    let bytes = words.as_bytes();
    let from = if !bytes.is_empty() && matches!(bytes[0], b'~' | b'+') { 1 } else { 0 };
    let first = if bytes.len() <= from { 0 } else { bytes[from] & 31 };
    let second = if bytes.len() < from + 2 { 0 } else { bytes[from + 1] & 31 };
    first as usize * 32 + second as usize
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
    let mut rows = [Row { cells: [""; CELLS], pair: 0, letters: 0 }; ROWS];
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
    Row { cells, pair: pair(cells[0]) as u16, letters: letters(cells[0].as_bytes()) }
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
    /// The first row of each [`pair`].
    first: [u16; PAIRS],
    /// The next row of the same pair.
    next: [u16; ROWS],
}

impl<const CELLS: usize, const ROWS: usize> List<CELLS, ROWS> {
    /// Reads a list. `ROWS` is [`count`] of it.
    ///
    /// # Panics
    /// As [`rows`].
    pub const fn new(csv: &'static str) -> Self {
        let rows: [Row<CELLS>; ROWS] = rows(csv);
        let (mut first, mut next) = ([END; PAIRS], [END; ROWS]);
        let mut row = ROWS;
        while row > 0 {
            row -= 1;
            let pair = rows[row].pair as usize;
            next[row] = first[pair];
            first[pair] = row as u16;
        }
        Self { rows, first, next }
    }

    /// The rows, in the order of the file.
    pub const fn rows(&self) -> &[Row<CELLS>; ROWS] {
        &self.rows
    }

    /// The rows whose phrase begins with a [`pair`].
    pub(crate) fn beginning(&self, pair: usize) -> impl Iterator<Item = usize> {
        let mut at = self.first[pair];
        std::iter::from_fn(move || {
            let row = at;
            at = *self.next.get(usize::from(row))?;
            Some(usize::from(row))
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
    fn a_word_of_one_letter_has_the_pair_of_a_phrase_that_begins_with_it() {
        assert_eq!(pair("a"), pair("a b"));
        assert_ne!(pair("ab"), pair("ac"));
    }

    #[test]
    fn the_index_has_every_row_once_and_in_order() {
        const CSV: &str = "kata\nabu\nzat\nab\n~abad\n";
        static LIST: List<1, { count(CSV) }> = List::new(CSV);
        assert_eq!(LIST.beginning(pair("ab")).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(LIST.beginning(pair("za")).collect::<Vec<_>>(), [1]);
        assert_eq!(LIST.beginning(pair("x")).count(), 0);
    }

    #[test]
    #[should_panic(expected = "too few cells")]
    fn a_row_with_too_few_cells_is_refused() {
        let _: [Row<3>; 1] = rows("a,b,c\nx,y");
    }
}
