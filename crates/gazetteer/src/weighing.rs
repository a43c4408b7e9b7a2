//! Which of the places that a text may mean it means.
//!
//! Each mention has a weight of its own: what sort of place it is, how well the words fit, what is said
//! about it. Within a mention the candidates are weighed against each other by what the other mentions
//! are: a kelurahan within a kecamatan that is named as well, a street near by. So "Cipayung, Depok" is
//! in Depok, and "Cipayung" alone is in five Polres with none ahead.

use crate::entry::{Entries, Entry, PlaceKind};
use crate::reading::{Mention, Relation};

/// What a name is worth that several units share.
const SHARED: i32 = 15;
/// A candidate with this much more support than those of other units is no longer in doubt.
const DECIDED: i32 = 9;

/// A candidate with its score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed {
    pub(crate) entry: u16,
    pub(crate) mention: usize,
    pub(crate) score: i32,
}

/// All candidates of all mentions, each place once, best first.
pub(crate) fn weigh(mentions: &[Mention], entries: &Entries) -> Vec<Weighed> {
    let entry = |n: u16| &entries.list[usize::from(n)];
    // Regions that are named as the place itself, not as where somebody was going.
    let regions: Vec<&Entry> = mentions
        .iter()
        .filter(|m| m.relation <= Relation::Opposite && !m.street)
        .flat_map(|m| &m.meanings)
        .map(|m| entry(m.entry))
        .filter(|e| matches!(e.kind, PlaceKind::Region | PlaceKind::Province))
        .collect();
    let local = mentions.iter().any(|m| {
        m.relation <= Relation::Opposite
            && m.meanings
                .iter()
                .any(|m| !entry(m.entry).outside && entry(m.entry).kind != PlaceKind::Province)
    });

    let mut found: Vec<Weighed> = Vec::new();
    for (rank, mention) in mentions.iter().enumerate() {
        let support: Vec<i32> = mention
            .meanings
            .iter()
            .map(|m| support(entry(m.entry), rank, mentions, entries))
            .collect();
        let most = support.iter().copied().max().unwrap_or(0);
        let doubtful = is_doubtful(mention, &support, most, entries);
        let has_street = mention.meanings.iter().any(|m| entry(m.entry).kind == PlaceKind::Street);
        for (meaning, support) in mention.meanings.iter().zip(&support) {
            let place = entry(meaning.entry);
            if outside_kilometre(place, mention) {
                continue;
            }
            let mut score = worth(place, mention, has_street) - i32::from(meaning.penalty);
            score -= (most - support).min(40);
            if doubtful {
                score -= SHARED;
            }
            if place.outside && local {
                score -= 20;
            }
            let narrow = !matches!(place.kind, PlaceKind::Region | PlaceKind::Province);
            if narrow && !regions.is_empty() && !within_one(place, &regions) {
                score = score * 45 / 100;
            }
            score = score * share(mention.relation) / 100;
            // What is said first is the place more often than not, and the field for the place comes
            // before the narrative.
            score -=
                i32::try_from(2 * rank).unwrap_or(0).min(8) + if mention.line > 0 { 8 } else { 0 };
            let weighed = Weighed { entry: meaning.entry, mention: rank, score };
            match found.iter_mut().find(|known| known.entry == meaning.entry) {
                Some(known) if known.score < score => *known = weighed,
                Some(_) => {}
                None => found.push(weighed),
            }
        }
    }
    // Stable: the order in the text and in the tables decides among equals, on every machine the same.
    found.sort_by_key(|weighed| std::cmp::Reverse(weighed.score));
    found
}

/// Whether units other than the best supported one remain in question for a mention.
fn is_doubtful(mention: &Mention, support: &[i32], most: i32, entries: &Entries) -> bool {
    let mut leading = mention.meanings.iter().zip(support).filter(|(m, s)| {
        m.penalty < 20
            && most - **s < DECIDED
            && !outside_kilometre(&entries.list[usize::from(m.entry)], mention)
    });
    let unit = |n: u16| entries.list[usize::from(n)].unit;
    let Some((first, _)) = leading.next() else { return false };
    leading.any(|(m, _)| unit(m.entry) != unit(first.entry))
}

/// A stretch of toll road on which the kilometre that was said does not lie.
fn outside_kilometre(place: &Entry, mention: &Mention) -> bool {
    let (from, to) = place.km;
    place.kind == PlaceKind::TollRoad
        && from < to
        && mention.km.is_some_and(|km| !(from..=to).contains(&km))
}

/// What a candidate is worth by itself.
fn worth(place: &Entry, mention: &Mention, has_street: bool) -> i32 {
    let mut worth = match place.kind {
        PlaceKind::Landmark => 88,
        PlaceKind::TollRoad if mention.km.is_some() && place.km.0 < place.km.1 => 92,
        PlaceKind::Kecamatan => 82,
        PlaceKind::Quarter => 80,
        PlaceKind::Kelurahan => 78,
        PlaceKind::Street => 70,
        PlaceKind::TollRoad => 66,
        PlaceKind::Region if place.outside => 48,
        PlaceKind::Region => 52,
        PlaceKind::Province => 20,
    };
    match mention.level {
        Some(level) if level == place.kind => worth += 8,
        Some(_) => worth -= 14,
        None => {}
    }
    if mention.street {
        match place.kind {
            PlaceKind::Street => worth += 8,
            // A station is no street, whatever stands before it.
            PlaceKind::Landmark | PlaceKind::TollRoad => {}
            _ if has_street => worth -= 30,
            _ => worth = worth * 72 / 100,
        }
    } else if place.kind == PlaceKind::Street
        && mention.meanings.len() > 1
        && mention.relation == Relation::Here
    {
        worth -= 4;
    }
    worth
}

/// What is left of the worth of a place by what was said about it, in hundredths.
fn share(relation: Relation) -> i32 {
    match relation {
        Relation::Here => 100,
        Relation::Beside => 95,
        Relation::Opposite => 85,
        Relation::Origin => 55,
        Relation::Towards => 45,
        Relation::Elsewhere => 35,
    }
}

fn within_one(place: &Entry, regions: &[&Entry]) -> bool {
    if place.code == crate::Code::NONE {
        return regions.iter().any(|region| region.unit == place.unit);
    }
    // "Jakarta" is said of all around it.
    regions
        .iter()
        .any(|region| region.code.contains(place.code) || region.kind == PlaceKind::Province)
}

/// How well the other mentions go with a candidate: by the best candidate of each, the best of all
/// counting whole and the others a little.
fn support(place: &Entry, rank: usize, mentions: &[Mention], entries: &Entries) -> i32 {
    let own = mentions[rank].meanings.first().map(|m| m.entry);
    let (mut best, mut more) = (0, 0);
    for (other_rank, other) in mentions.iter().enumerate() {
        // A name that is said twice does not speak for itself.
        if other_rank == rank || other.meanings.first().map(|m| m.entry) == own {
            continue;
        }
        let fit = other
            .meanings
            .iter()
            .map(|m| fit(place, &entries.list[usize::from(m.entry)]) - i32::from(m.penalty) / 3)
            .max()
            .unwrap_or(0);
        let fit = fit.max(0) * share(other.relation) / 100;
        more += fit / 6;
        best = best.max(fit);
    }
    best + more.min(8)
}

/// How well two places go together.
fn fit(place: &Entry, other: &Entry) -> i32 {
    let related = |a: &Entry, b: &Entry| a.code != b.code && a.code.contains(b.code);
    if related(other, place) || related(place, other) {
        return match (place.kind, other.kind) {
            (PlaceKind::Province, _) | (_, PlaceKind::Province) => 6,
            _ => 26,
        };
    }
    if place.code != crate::Code::NONE && place.code == other.code {
        // The kelurahan of a landmark, or a kelurahan of the same name as its kecamatan.
        return if place.name == other.name { 0 } else { 24 };
    }
    let metres = match (place.at, other.at) {
        (Some(a), Some(b)) => a.metres_to(b),
        _ => f64::INFINITY,
    };
    let near = if metres < 2500.0 {
        18
    } else if metres < 5000.0 {
        12
    } else {
        0
    };
    let region = |e: &Entry| e.code.at_level(2);
    let same = place.unit == other.unit && !matches!(other.kind, PlaceKind::Province);
    let together = if same && region(place) == region(other) {
        10
    } else if same {
        7
    } else {
        0
    };
    near.max(together) + if near > 0 && together > 0 { 3 } else { 0 }
}
