//! The word lists: data files beside the code, so that people who do not program can review them.

use siaga_plugin_sdk::lists::{Row, count, rows};
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::Priority;

const DANGER_CSV: &str = include_str!("kata_bahaya.csv");
const NOT_REPORT_CSV: &str = include_str!("bukan_laporan.csv");
const QUESTION_CSV: &str = include_str!("pertanyaan.csv");

static DANGER: [Row<3>; count(DANGER_CSV)] = rows(DANGER_CSV);
static NOT_REPORT: [Row<2>; count(NOT_REPORT_CSV)] = rows(NOT_REPORT_CSV);
static QUESTION: [Row<1>; count(QUESTION_CSV)] = rows(QUESTION_CSV);

/// Something that asks for the police.
pub(crate) struct Matter<'a> {
    /// The words as typed.
    pub(crate) words: &'a str,
    /// What they mean, in Indonesian.
    pub(crate) situation: &'static str,
    /// How urgent that is.
    pub(crate) priority: Priority,
}

/// What asks for the police, most urgent first.
pub(crate) fn matters<'a>(text: &Words<'a>) -> Vec<Matter<'a>> {
    let mut found: Vec<Matter<'a>> = text
        .find_rows(&DANGER)
        .filter_map(|(words, [_, situation, priority])| {
            Some(Matter { words, situation, priority: priority_of(priority)? })
        })
        .collect();
    found.sort_by_key(|matter| matter.priority as u8);
    found
}

/// A sign that nobody reports anything: the words as typed and the kind of call.
pub(crate) fn not_report<'a>(text: &Words<'a>) -> Option<(&'a str, &'static str)> {
    text.find_rows(&NOT_REPORT).next().map(|(words, [_, kind])| (words, *kind))
}

/// Words of somebody who only wants to know something.
pub(crate) fn question<'a>(text: &Words<'a>) -> Option<&'a str> {
    text.find_rows(&QUESTION).next().map(|(words, _)| words)
}

fn priority_of(text: &str) -> Option<Priority> {
    match text {
        "P1" => Some(Priority::P1),
        "P2" => Some(Priority::P2),
        "P3" => Some(Priority::P3),
        "P4" => Some(Priority::P4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that the code cannot read would be passed over in silence.
    #[test]
    fn every_row_of_every_list_is_found_in_its_own_words() {
        let phrases = DANGER
            .iter()
            .map(|row| row.cells()[0])
            .chain(NOT_REPORT.iter().map(|row| row.cells()[0]))
            .chain(QUESTION.iter().map(|row| row.cells()[0]));
        for phrase in phrases {
            let typed = phrase.replace('*', "");
            // "tidak sadar" negates nothing: the negation belongs to the phrase.
            assert!(Words::of(&typed).find(phrase).is_some(), "not in plain form: {phrase}");
        }
        for row in &DANGER {
            let [phrase, situation, priority] = row.cells();
            assert!(priority_of(priority).is_some(), "{phrase},{situation},{priority}");
        }
    }
}
