//! From what is known about the place to the units, best first.

use crate::candidates::{Candidate, Source, best_per_unit};
use crate::question::{between, with_region};
use crate::{complaint, services};
use siaga_plugin_sdk::Places;
use siaga_plugin_sdk::places::{Place, PlaceKind, Relation};
use siaga_plugin_sdk::types::{Destination, Form, Intake};

/// The operator is shown this many, neighbours for a busy first one among them.
const SHOWN: usize = 3;

/// All units between which a question stands are shown, up to this many.
const SHOWN_IN_DOUBT: usize = 5;

/// Candidates that are less than this apart are asked about.
const UNDECIDED: u8 = 15;

/// Words that are this sure contradict a point or a code.
const SURE: u8 = 60;

/// Words that are less sure than this give way to the network's guess.
const VAGUE: u8 = 40;

/// The network's guess is never surer than this.
const CELL_AT_MOST: u8 = 50;

/// On a border a point is in the land of both (metres).
const BORDER_M: u32 = 40;

/// What a neighbour gets for which no word speaks.
const NEIGHBOUR: u8 = 5;

/// Units of this Polda begin so.
const OURS: &str = "pmj.";

/// The units to which the report belongs, best first; empty when nothing is said about a place.
pub fn route(intake: &Intake, places: &impl Places) -> Vec<Destination> {
    let form = &intake.form;
    if let Some(propam) = complaint::about_police(form) {
        return vec![propam];
    }
    let words = by_words(form, places);
    let (found, rivals, contradiction) = match fixed(form, places) {
        Some((found, rivals)) => {
            let against = contradiction(&found, &words);
            (found, rivals, against)
        }
        None => {
            let found = with_cell(intake, words, places);
            let rivals = doubtful(&found);
            (found, rivals, None)
        }
    };
    answer(form, found, rivals, contradiction, places)
}

/// What the map or the list of areas says, and how many of it are in question.
fn fixed(form: &Form, places: &impl Places) -> Option<(Vec<Candidate>, usize)> {
    if let Some(point) = form.point {
        let found = best_per_unit(places.by_point(point), Source::Point);
        if !found.is_empty() {
            let second = found.get(1).map_or(u32::MAX, |second| second.place.distance_m);
            let zone = found.len() > 1 && found[0].place.code.is_empty();
            let rivals = if second <= BORDER_M || zone { 2 } else { 1 };
            return Some((found, rivals));
        }
    }
    let place = places.by_code(&form.area_code)?;
    // Of a kabupaten that is divided between Polres the words know more than its code.
    if matches!(place.kind, PlaceKind::Province | PlaceKind::Region) {
        return None;
    }
    Some((best_per_unit(vec![place], Source::Code), 1))
}

fn by_words(form: &Form, places: &impl Places) -> Vec<Candidate> {
    let (location, narrative) = (form.location.trim(), form.narrative.trim());
    if location.is_empty() && narrative.is_empty() {
        return Vec::new();
    }
    // The field of the place is the first line, whatever was typed into it.
    let mut text = String::with_capacity(location.len() + narrative.len() + 1);
    text.extend(location.chars().map(|c| if c == '\n' { ' ' } else { c }));
    text.push('\n');
    text.push_str(narrative);
    best_per_unit(places.by_name(&text), Source::Words)
}

/// How many of the best are too near to each other to choose.
fn doubtful(found: &[Candidate]) -> usize {
    let Some(first) = found.first() else { return 0 };
    found.iter().take_while(|c| first.score.saturating_sub(c.score) < UNDECIDED).count()
}

/// The unit that sure words name although the map or the list names others.
fn contradiction(found: &[Candidate], words: &[Candidate]) -> Option<Candidate> {
    let said = words.first()?;
    let sure = said.score >= SURE
        && doubtful(words) == 1
        && matches!(said.place.relation, Relation::Here | Relation::Beside);
    let known = found.iter().any(|candidate| candidate.place.unit == said.place.unit);
    (sure && !known).then(|| said.clone())
}

/// Lets the network's guess decide what words leave open, or speak when they say little.
fn with_cell(intake: &Intake, words: Vec<Candidate>, places: &impl Places) -> Vec<Candidate> {
    let Some(cell) = &intake.facts.cell_location else { return words };
    let mut circle = best_per_unit(places.by_circle(cell.middle, cell.uncertainty_m), Source::Cell);
    for candidate in &mut circle {
        candidate.score = candidate.score.min(CELL_AT_MOST);
    }
    let mut found = words;
    if doubtful(&found) > 1 {
        for candidate in &mut found {
            let share = circle.iter().find(|c| c.place.unit == candidate.place.unit);
            candidate.score += share.map_or(0, |share| share.score / 2);
        }
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    }
    let vague = found.first().is_none_or(|first| first.score < VAGUE);
    for candidate in circle {
        if found.iter().all(|known| known.place.unit != candidate.place.unit) {
            // Words that name a place stand before where the telephone is: the caller may be elsewhere.
            let score = if vague { candidate.score } else { candidate.score / 3 };
            found.push(Candidate { score, ..candidate });
        }
    }
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    found
}

fn answer(
    form: &Form,
    mut found: Vec<Candidate>,
    rivals: usize,
    contradiction: Option<Candidate>,
    places: &impl Places,
) -> Vec<Destination> {
    let Some(first) = found.first().cloned() else { return Vec::new() };
    let question = match &contradiction {
        Some(said) => format!(
            "{} menunjuk {}, tetapi yang disebut {}: mana yang benar?",
            capital(first.source.told()),
            with_region(&first.place),
            with_region(&said.place)
        ),
        None => between(&found[..rivals.min(found.len())]),
    };
    let shown = if rivals > SHOWN { rivals.min(SHOWN_IN_DOUBT) } else { SHOWN };
    if let Some(said) = contradiction {
        found[0].score = found[0].score.min(SURE);
        found.insert(1, Candidate { score: said.score.min(SURE - 1), ..said });
    }
    let mut destinations: Vec<Destination> = found
        .iter()
        .take(shown)
        .map(|candidate| Destination {
            unit: candidate.place.unit.clone(),
            reason: reason(candidate),
            confidence: candidate.score.min(100),
            question: String::new(),
        })
        .collect();
    destinations[0].question = question;
    destinations[0].reason.push_str(&services::advice(form, &first.place));
    add_neighbours(&mut destinations, &first.place, places);
    destinations
}

fn reason(candidate: &Candidate) -> String {
    let place = &candidate.place;
    let what = match place.kind {
        PlaceKind::Kecamatan => "Kec. ",
        PlaceKind::Kelurahan => "Kel. ",
        _ => "",
    };
    let mut reason = format!("{what}{}", place.name);
    if !place.within.is_empty() && place.within != place.name {
        reason.push_str(", ");
        reason.push_str(&place.within);
    }
    if !place.polsek.is_empty() {
        reason.push_str(", ");
        reason.push_str(&place.polsek);
    }
    reason.push_str(" (");
    reason.push_str(candidate.source.told());
    match place.relation {
        Relation::Towards => reason.push_str(", arah tujuan"),
        Relation::Origin => reason.push_str(", arah asal"),
        Relation::Elsewhere => reason.push_str(", posisi pelapor"),
        Relation::Opposite => reason.push_str(", seberang"),
        Relation::Here | Relation::Beside => {}
    }
    reason.push(')');
    if !place.unit.starts_with(OURS) {
        reason.push_str(": di luar Polda Metro Jaya");
    }
    reason
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Neighbours of the place fill the list, for when the first seat is busy.
fn add_neighbours(destinations: &mut Vec<Destination>, first: &Place, places: &impl Places) {
    if destinations.len() >= SHOWN {
        return;
    }
    for unit in places.neighbours(&first.unit, first.at) {
        if destinations.len() >= SHOWN {
            return;
        }
        if destinations.iter().all(|known| known.unit != unit) {
            destinations.push(Destination {
                unit,
                reason: "Wilayah tetangga terdekat, bila yang pertama sibuk".to_owned(),
                confidence: NEIGHBOUR,
                question: String::new(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
