//! What happened, by the words, and whether they are said of now, of the past, or as "if".

use crate::tables::{CODES, DANGER, Kind, NO_SLIP, NOT_REPORT, QUESTIONS, TIMES, priority};
use siaga_plugin_sdk::text::{Match, Stance, Words};
use siaga_plugin_sdk::types::Priority;

/// Of when it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Now, or nothing says otherwise.
    Now,
    /// "Kemarin", and nothing in the whole text is of now.
    Past,
    /// "Kalau ada", an exercise, a film.
    Supposed,
}

/// Something that asks for the police.
#[derive(Clone, Copy)]
pub(crate) struct Matter<'a> {
    /// The words as typed.
    pub(crate) words: &'a str,
    /// What they mean, in Indonesian.
    pub(crate) situation: &'static str,
    /// Of which kind it is, where the words say so.
    pub(crate) kind: Option<Kind>,
    /// How urgent that is, in the light of `when`.
    pub(crate) priority: Priority,
    /// Of when it is said.
    pub(crate) when: When,
    /// The word is mistyped, so what it means is a guess.
    pub(crate) guessed: bool,
}

/// Kinds that do not lose their urgency when they began yesterday.
const LASTING: [&str; 5] = ["bunuh-diri", "culik", "hilang", "bayi", "mayat"];

/// What the words ask for, the most urgent first, in an order that the order of words does not
/// change.
pub(crate) fn matters<'a>(text: &Words<'a>) -> Vec<Matter<'a>> {
    let mut found = text.matches(&DANGER);
    found.retain(|found| found.stance != Stance::Denied);
    let slips = text.slips(&DANGER, |at, word| {
        found.iter().any(|found| (found.from..found.to).contains(&at))
            || NO_SLIP.get(word).is_some()
    });
    let guessed = found.len();
    found.extend(slips);
    if found.is_empty() {
        return Vec::new();
    }
    let times = Times::of(text);
    let mut matters: Vec<(usize, Matter<'a>)> = Vec::with_capacity(found.len());
    for (n, found) in found.iter().enumerate() {
        let [_, situation, kind, level] = DANGER.cells(found.row);
        let Some(said) = priority(level) else { continue };
        // A guess is worth it only where a life may hang on it.
        if n >= guessed && !matches!(said, Priority::P1 | Priority::P2) {
            continue;
        }
        if matters.iter().any(|(_, known)| known.situation == *situation && known.when == When::Now)
        {
            continue;
        }
        let when = times.when(text, found);
        let kind = Kind::named(kind);
        let lasting = kind.is_some_and(|kind| LASTING.contains(&kind.name()));
        let priority = match (when, found.stance) {
            (When::Supposed, _) => Priority::P4,
            (When::Past, _) if !lasting => later(said, Priority::P3),
            (_, Stance::Nearly) => later(said, Priority::P2),
            _ => said,
        };
        let words = text.typed(found.from, found.to);
        let guessed = n >= guessed;
        matters.push((found.row, Matter { words, situation, kind, priority, when, guessed }));
    }
    matters
        .sort_by_key(|(row, matter)| (matter.when == When::Supposed, matter.priority as u8, *row));
    matters.into_iter().map(|(_, matter)| matter).collect()
}

/// The less urgent of the two.
pub(crate) fn later(a: Priority, b: Priority) -> Priority {
    if a as u8 > b as u8 { a } else { b }
}

/// What the text says of time.
struct Times {
    /// Sentences in which something is past.
    past: Vec<u16>,
    /// Sentences in which something is only supposed.
    supposed: Vec<u16>,
    /// Sentences in which something is of now.
    now: Vec<u16>,
}

impl Times {
    fn of(text: &Words<'_>) -> Self {
        let mut this = Self { past: Vec::new(), supposed: Vec::new(), now: Vec::new() };
        for found in text.matches(&TIMES) {
            let Some(word) = text.get(found.from) else { continue };
            match TIMES.cells(found.row)[1] {
                _ if found.stance == Stance::Denied => {}
                "lampau" => this.past.push(word.sentence),
                "andai" => this.supposed.push(word.sentence),
                _ => this.now.push(word.sentence),
            }
        }
        this
    }

    fn when(&self, text: &Words<'_>, found: &Match) -> When {
        let Some(sentence) = text.get(found.from).map(|word| word.sentence) else {
            return When::Now;
        };
        if self.supposed.contains(&sentence) && !self.now.contains(&sentence) {
            When::Supposed
        } else if self.past.contains(&sentence) && self.now.is_empty() {
            When::Past
        } else {
            When::Now
        }
    }
}

/// Somebody who speaks in code: the words as typed and what they pretend.
pub(crate) fn code<'a>(text: &Words<'a>) -> Option<(&'a str, &'static str)> {
    first(text, text.matches(&CODES)).map(|(words, row)| (words, CODES.cells(row)[1]))
}

/// A sign that nobody reports anything: the words as typed and the sort of call.
pub(crate) fn not_report<'a>(text: &Words<'a>) -> Option<(&'a str, &'static str)> {
    first(text, text.matches(&NOT_REPORT)).map(|(words, row)| (words, NOT_REPORT.cells(row)[1]))
}

/// Words of somebody who only wants to know something, and the sort of question; asking after a
/// report counts before other questions, and those before mere nouns.
pub(crate) fn question<'a>(text: &Words<'a>) -> Option<(&'a str, &'static str)> {
    let found = text.matches(&QUESTIONS);
    ["status", "informasi", "lembut"].into_iter().find_map(|sort| {
        let of_sort = found.iter().find(|found| {
            found.stance != Stance::Denied && QUESTIONS.cells(found.row)[1] == sort
        })?;
        Some((text.typed(of_sort.from, of_sort.to), sort))
    })
}

fn first<'a>(text: &Words<'a>, found: Vec<Match>) -> Option<(&'a str, usize)> {
    found
        .into_iter()
        .find(|found| found.stance != Stance::Denied)
        .map(|found| (text.typed(found.from, found.to), found.row))
}
