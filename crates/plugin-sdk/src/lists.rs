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

/// A row of a word list.
#[derive(Clone, Copy, Debug)]
pub struct Row<const CELLS: usize> {
    cells: [&'static str; CELLS],
    /// Of the first cell, see [`pair`].
    pair: u16,
}

impl<const CELLS: usize> Row<CELLS> {
    /// The cells; the first is the phrase that is sought.
    pub const fn cells(&self) -> &[&'static str; CELLS] {
        &self.cells
    }

    pub(crate) const fn pair(&self) -> usize {
        self.pair as usize
    }
}

/// How many kinds of [`pair`] there are.
pub(crate) const PAIRS: usize = 1024;

/// What the first two letters of a word or phrase amount to. Different letters may amount to the
/// same; equal ones always do, and a word of one letter equals one that a blank follows.
pub(crate) const fn pair(words: &str) -> usize {
    let bytes = words.as_bytes();
    let first = if bytes.is_empty() { 0 } else { bytes[0] & 31 };
    let second = if bytes.len() < 2 { 0 } else { bytes[1] & 31 };
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
    let mut rows = [Row { cells: [""; CELLS], pair: 0 }; ROWS];
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
    Row { cells, pair: pair(cells[0]) as u16 }
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

/// The same rows, so ordered that those of one [`pair`] stand together.
pub(crate) const fn by_pair<const CELLS: usize, const ROWS: usize>(
    mut rows: [Row<CELLS>; ROWS],
) -> [Row<CELLS>; ROWS] {
    let mut sorted = 1;
    while sorted < ROWS {
        let mut at = sorted;
        while at > 0 && rows[at].pair < rows[at - 1].pair {
            rows.swap(at, at - 1);
            at -= 1;
        }
        sorted += 1;
    }
    rows
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
    fn ordering_keeps_every_row() {
        let sorted = by_pair(ROWS);
        let words: Vec<_> = sorted.iter().map(|row| row.cells()[0]).collect();
        assert_eq!(words, ["ab", "b", "z"]);
    }

    #[test]
    #[should_panic(expected = "too few cells")]
    fn a_row_with_too_few_cells_is_refused() {
        let _: [Row<3>; 1] = rows("a,b,c\nx,y");
    }
}
