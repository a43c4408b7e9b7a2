//! The tables: data files beside the code, each with a heading that explains its columns.

use siaga_plugin_sdk::lists::{List, count};
use siaga_plugin_sdk::types::Priority;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $cells:literal = $file:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) static $name: List<$cells, { count(include_str!($file)) }> =
            List::new(include_str!($file));
    )*};
}

tables! {
    /// Phrase, situation, kind, priority.
    DANGER: 4 = "kata_bahaya.csv";
    /// Phrase, meaning.
    CODES: 2 = "sandi.csv";
    /// Phrase, sort of call.
    NOT_REPORT: 2 = "bukan_laporan.csv";
    /// Phrase, sort of question.
    QUESTIONS: 2 = "pertanyaan.csv";
    /// Phrase, what it says of the time.
    TIMES: 2 = "waktu.csv";
    /// Kind, name, leaves of the form's tree, similar kinds, hours, gaps, priority.
    KINDS: 7 = "jenis.csv";
    /// Gap, rule, field, title, question.
    GAPS: 5 = "tanya.csv";
    /// Phrase, gap that it fills.
    FILLS: 2 = "isian.csv";
    /// Word of a location, weight.
    PLACE_WORDS: 2 = "kata_tempat.csv";
    /// Phrase, class of vehicle.
    VEHICLES: 2 = "kendaraan.csv";
    /// Words that are no slip of a finger.
    NO_SLIP: 1 = "bukan_salah_ketik.csv";
}

/// The priority that a cell names; `None` for an exception.
pub(crate) fn priority(cell: &str) -> Option<Priority> {
    match cell {
        "P1" => Some(Priority::P1),
        "P2" => Some(Priority::P2),
        "P3" => Some(Priority::P3),
        "P4" => Some(Priority::P4),
        _ => None,
    }
}

/// A kind of event.
#[derive(Clone, Copy)]
pub(crate) struct Kind(&'static [&'static str; 7]);

impl Kind {
    /// By its short name in the tables.
    pub(crate) fn named(name: &str) -> Option<Self> {
        KINDS.get(name).map(Self)
    }

    /// By branch and leaf of the form's tree.
    pub(crate) fn of_form(kind: &str) -> Option<Self> {
        let leaf = kind.rsplit('/').next().filter(|leaf| !leaf.is_empty())?;
        let mut kinds = KINDS.rows().iter().map(|row| Self(row.cells()));
        kinds.find(|kind| kind.0[2].split(' ').any(|of| of == leaf))
    }

    pub(crate) fn name(self) -> &'static str {
        self.0[0]
    }

    pub(crate) fn title(self) -> &'static str {
        self.0[1]
    }

    /// Whether reports of the two may be of one event.
    pub(crate) fn is_like(self, other: Self) -> bool {
        let lists = |a: Self, b: Self| a.0[3].split(' ').any(|kind| kind == b.name());
        self.name() == other.name() || lists(self, other) || lists(other, self)
    }

    /// For how long another report may be of the same event, in milliseconds.
    pub(crate) fn window_ms(self) -> i64 {
        self.0[4].parse::<i64>().unwrap_or(0) * 3_600_000
    }

    /// What has to be known, the most important first.
    pub(crate) fn gaps(self) -> impl Iterator<Item = &'static str> {
        self.0[5].split(' ')
    }

    pub(crate) fn priority(self) -> Priority {
        priority(self.0[6]).unwrap_or(Priority::P3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_plugin_sdk::text::Words;
    use std::collections::BTreeMap;

    /// A row that the code cannot read would be passed over in silence.
    fn check<const CELLS: usize, const ROWS: usize>(name: &str, list: &List<CELLS, ROWS>) {
        let mut seen = BTreeMap::new();
        for row in list.rows() {
            let phrase = row.cells()[0];
            let said = &row.cells()[1..];
            // A word may fill several gaps; anything else said twice would be a contradiction.
            let key =
                if name == "isian" { format!("{phrase} {said:?}") } else { phrase.to_owned() };
            assert_eq!(seen.insert(key, said), None, "{name}: {phrase} stands there twice");
            for part in phrase.split(" & ") {
                let typed = match part.strip_prefix('+') {
                    Some(root) => format!("di{root}"),
                    None => part.replace(['*', '~'], ""),
                };
                let found = Words::of(&typed).find(part);
                assert!(found.is_some(), "{name}: {part} is never found, not even in {typed:?}");
            }
        }
    }

    #[test]
    fn no_row_stands_twice_and_every_row_is_found_in_its_own_words() {
        check("kata_bahaya", &DANGER);
        check("sandi", &CODES);
        check("bukan_laporan", &NOT_REPORT);
        check("pertanyaan", &QUESTIONS);
        check("waktu", &TIMES);
        check("isian", &FILLS);
        check("kendaraan", &VEHICLES);
        check("bukan_salah_ketik", &NO_SLIP);
    }

    #[test]
    fn every_cell_names_something_that_is_there() {
        for row in DANGER.rows() {
            let [phrase, situation, kind, level] = row.cells();
            assert!(priority(level).is_some() || *level == "-", "{phrase}: {level}");
            assert!(kind.is_empty() || Kind::named(kind).is_some(), "{phrase}: {kind}");
            assert!(!situation.is_empty(), "{phrase}");
        }
        let gap = |name: &str| GAPS.get(name).is_some();
        for row in KINDS.rows() {
            let kind = Kind(row.cells());
            let [name, _, _, similar, hours, gaps, level] = row.cells();
            assert!(priority(level).is_some() && hours.parse::<u8>().is_ok(), "{name}");
            for other in similar.split(' ').filter(|other| !other.is_empty()) {
                assert!(Kind::named(other).is_some(), "{name}: {other}");
            }
            assert!(gaps.split(' ').all(gap), "{name}: {gaps}");
            assert_eq!(Kind::named(kind.name()).map(Kind::name), Some(*name));
        }
        assert!(FILLS.rows().iter().all(|row| gap(row.cells()[1])));
        let all = |cells: &str, known: &[&str]| known.contains(&cells);
        for row in NOT_REPORT.rows() {
            let kinds =
                ["uji-coba", "salah-sambung", "dering-sekali", "iseng", "melantur", "kosong"];
            assert!(all(row.cells()[1], &kinds), "{:?}", row.cells());
        }
        for row in TIMES.rows() {
            assert!(all(row.cells()[1], &["lampau", "sekarang", "andai"]), "{:?}", row.cells());
        }
        for row in QUESTIONS.rows() {
            assert!(all(row.cells()[1], &["informasi", "status", "lembut"]), "{:?}", row.cells());
        }
        for row in PLACE_WORDS.rows() {
            assert!(all(row.cells()[1], &["umum", "kota"]), "{:?}", row.cells());
        }
    }

    #[test]
    fn nothing_is_a_danger_and_a_sign_of_no_report_at_once() {
        for row in NOT_REPORT.rows() {
            let phrase = row.cells()[0];
            let danger = DANGER.rows().iter().find(|row| row.cells()[0] == phrase);
            assert!(danger.is_none_or(|row| row.cells()[3] == "-"), "{phrase}");
        }
    }
}
