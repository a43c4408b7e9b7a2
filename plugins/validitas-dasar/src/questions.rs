//! What is still unknown for this kind of report, and the next best question.

use crate::tables::{FILLS, GAPS, Kind, PLACE_WORDS};
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{Finding, FindingLevel, Form, Tri};

/// Further questions that are shown beside the one to ask now.
const SHOWN_LATER: usize = 2;

/// The question about a gap, at a level.
pub(crate) fn ask(gap: &str, level: FindingLevel) -> Option<Finding> {
    let [_, rule, field, title, question] = GAPS.get(gap)?.map(str::to_owned);
    Some(Finding { rule, level, field, words: Vec::new(), title, advice: question })
}

/// The question that brings help forward most, and a few that can wait.
pub(crate) fn open(form: &Form, narrative: &Words<'_>, kind: Option<Kind>) -> Vec<Finding> {
    let filled: Vec<&str> =
        narrative.matches(&FILLS).iter().map(|found| FILLS.cells(found.row)[1]).collect();
    let known = |gap: &str| match gap {
        "tempat" => is_placed(form),
        "korban" => form.danger.injured != Tri::Unknown || filled.contains(&gap),
        "senjata" => form.danger.weapon != Tri::Unknown || filled.contains(&gap),
        "terjebak" | "terjepit" => form.danger.trapped != Tri::Unknown || filled.contains(&gap),
        "berlangsung" => form.danger.ongoing != Tri::Unknown || filled.contains(&gap),
        "arah" => filled.contains(&gap) || Words::of(&form.location).find("arah").is_some(),
        _ => filled.contains(&gap),
    };
    // Without a place nobody can be sent, and the line may break at any moment; then what kills.
    const ANY: &str = "tempat korban berlangsung senjata terjebak";
    let general = ANY.split(' ');
    let mut gaps: Vec<&str> = match kind {
        Some(kind) => kind.gaps().filter(|gap| !known(gap)).collect(),
        None => general.filter(|gap| !known(gap)).collect(),
    };
    for gap in &mut gaps {
        if *gap == "tempat" && !form.location.trim().is_empty() {
            *gap = "patokan";
        }
    }
    if form.reporter_name.is_empty() && !form.hide_identity {
        gaps.push("nama");
    }
    if gaps.is_empty() {
        gaps.push("perubahan");
    }
    gaps.iter()
        .enumerate()
        .take(1 + SHOWN_LATER)
        .filter_map(|(n, gap)| {
            ask(gap, if n == 0 { FindingLevel::AskNow } else { FindingLevel::Ask })
        })
        .collect()
}

/// Whether the form names a place, not only "dekat lampu merah".
fn is_placed(form: &Form) -> bool {
    let location = Words::of(&form.location);
    !form.area_code.is_empty()
        || form.point.is_some()
        || location.iter().any(|word| weight(&word.plain) != Weight::None)
}

/// What a word of a location is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It names no place.
    None,
    /// It names a town.
    Town,
    /// It may name a place.
    Name,
}

/// What a word of a location is worth.
pub(crate) fn weight(plain: &str) -> Weight {
    match PLACE_WORDS.get(plain) {
        Some([_, "kota"]) => Weight::Town,
        Some(_) => Weight::None,
        None if plain.len() >= 3 && !plain.bytes().all(|b| b.is_ascii_digit()) => Weight::Name,
        None => Weight::None,
    }
}
