//! Names as people write them: spaces, hyphens and capitals do not count, and some words are
//! abbreviated.

use super::tables::{ABBREVIATIONS, rows};
use std::collections::HashMap;

/// One word of a text.
pub(crate) struct Word {
    /// Lower case, written out.
    pub(crate) plain: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What is written out.
pub(crate) struct Abbreviations(HashMap<String, String>);

impl Abbreviations {
    pub(crate) fn new() -> Self {
        Self(
            rows(ABBREVIATIONS)
                .filter_map(|row| <[String; 2]>::try_from(row).ok())
                .map(|[short, long]| (short, long))
                .collect(),
        )
    }

    /// The words of a text.
    pub(crate) fn words(&self, text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            if c.is_alphanumeric() {
                start.get_or_insert(at);
            } else if let Some(from) = start.take() {
                let plain = text[from..at].to_lowercase();
                let plain = self.0.get(&plain).cloned().unwrap_or(plain);
                words.push(Word { plain, start: from, end: at });
            }
        }
        words
    }

    /// The key under which a name is found: its words without anything between them.
    pub(crate) fn key(&self, name: &str) -> String {
        self.words(name).iter().map(|word| word.plain.as_str()).collect()
    }
}
