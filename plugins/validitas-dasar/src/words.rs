//! The word lists: data files beside the code, so that people who do not program can review them.

use siaga_plugin_sdk::text::{Words, rows};
use siaga_plugin_sdk::types::Priority;

const DANGER: &str = include_str!("kata_bahaya.csv");
const NOT_REPORT: &str = include_str!("bukan_laporan.csv");
const QUESTION: &str = include_str!("pertanyaan.csv");

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
    let mut found: Vec<Matter<'a>> = rows::<3>(DANGER)
        .filter_map(|[phrase, situation, priority]| {
            let words = text.find(phrase)?;
            Some(Matter { words, situation, priority: priority_of(priority)? })
        })
        .collect();
    found.sort_by_key(|matter| matter.priority as u8);
    found
}

/// A sign that nobody reports anything: the words as typed and the kind of call.
pub(crate) fn not_report<'a>(text: &Words<'a>) -> Option<(&'a str, &'static str)> {
    rows::<2>(NOT_REPORT).find_map(|[phrase, kind]| Some((text.find(phrase)?, kind)))
}

/// Words of somebody who only wants to know something.
pub(crate) fn question<'a>(text: &Words<'a>) -> Option<&'a str> {
    rows::<1>(QUESTION).find_map(|[phrase]| text.find(phrase))
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
        let data = |csv: &'static str| {
            csv.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'))
        };
        for line in data(DANGER) {
            let columns: Vec<&str> = line.split(',').collect();
            assert_eq!(columns.len(), 3, "{line}");
            assert!(priority_of(columns[2]).is_some(), "{line}");
        }
        for csv in [DANGER, NOT_REPORT, QUESTION] {
            for line in data(csv) {
                let phrase = line.split(',').next().unwrap_or_default();
                let typed = phrase.replace('*', "");
                // "tidak sadar" negates nothing: the negation belongs to the phrase.
                assert!(Words::of(&typed).find(phrase).is_some(), "not in plain form: {line}");
            }
        }
    }
}
