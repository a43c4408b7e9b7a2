//! From a place to the units that come into question.

use siaga_plugin_sdk::Places;
use siaga_plugin_sdk::places::Place;
use siaga_plugin_sdk::types::{Destination, Intake};

/// The operator sees this many.
const SHOWN: usize = 3;

/// Candidates that are less than this apart are asked about.
const UNDECIDED: u8 = 15;

/// What a neighbour gets that no word speaks for.
const NEIGHBOUR: u8 = 5;

/// The units to which the report belongs, best first.
pub fn route(intake: &Intake, places: &impl Places) -> Vec<Destination> {
    let form = &intake.form;
    let by_point = form.point.map(|point| ("titik di peta", places.by_point(point)));
    let by_code = || {
        let place = places.by_code(&form.area_code)?;
        Some(("wilayah yang dipilih", vec![place]))
    };
    let by_words =
        |label, words: &str| (!words.trim().is_empty()).then(|| (label, places.by_name(words)));
    let by_cell = || {
        let cell = intake.facts.cell_location.as_ref()?;
        let mut found = places.by_point(cell.middle);
        for place in &mut found {
            place.score = place.score.min(40);
        }
        Some(("perkiraan jaringan seluler", found))
    };
    let filled = |found: &(&'static str, Vec<Place>)| !found.1.is_empty();
    let found = by_point
        .filter(filled)
        .or_else(|| by_code().filter(filled))
        .or_else(|| by_words("lokasi", &form.location).filter(filled))
        .or_else(|| by_words("narasi", &form.narrative).filter(filled))
        .or_else(|| by_cell().filter(filled));
    let Some((source, found)) = found else { return Vec::new() };

    let best = best_per_unit(found);
    let question = question(&best);
    let mut destinations: Vec<Destination> = best
        .iter()
        .take(SHOWN)
        .enumerate()
        .map(|(rank, place)| Destination {
            unit: place.unit.clone(),
            reason: reason(place, source),
            confidence: place.score,
            question: if rank == 0 { question.clone() } else { String::new() },
        })
        .collect();
    add_neighbours(&mut destinations, places);
    destinations
}

/// One place for each unit, best first.
fn best_per_unit(found: Vec<Place>) -> Vec<Place> {
    let mut best: Vec<Place> = Vec::new();
    for place in found {
        match best.iter_mut().find(|known| known.unit == place.unit) {
            Some(known) if known.score < place.score => *known = place,
            Some(_) => {}
            None => best.push(place),
        }
    }
    best.sort_by_key(|place| std::cmp::Reverse(place.score));
    best
}

fn reason(place: &Place, source: &str) -> String {
    if place.within.is_empty() || place.within == place.name {
        format!("{} ({source})", place.name)
    } else {
        format!("{}, {} ({source})", place.name, place.within)
    }
}

/// The question that would decide between candidates of about the same weight.
fn question(best: &[Place]) -> String {
    let [first, others @ ..] = best else { return String::new() };
    let rivals: Vec<&Place> = others
        .iter()
        .take_while(|place| first.score.saturating_sub(place.score) < UNDECIDED)
        .take(SHOWN - 1)
        .collect();
    if rivals.is_empty() {
        return String::new();
    }
    let mut options: Vec<String> = Vec::with_capacity(SHOWN);
    for place in std::iter::once(first).chain(rivals) {
        let option = if place.within.is_empty() {
            place.name.clone()
        } else {
            format!("{} di {}", place.name, place.within)
        };
        if !options.contains(&option) {
            options.push(option);
        }
    }
    format!("Yang mana: {}?", options.join(", atau "))
}

fn add_neighbours(destinations: &mut Vec<Destination>, places: &impl Places) {
    let Some(first) = destinations.first().map(|first| first.unit.clone()) else { return };
    if destinations.len() >= SHOWN {
        return;
    }
    for unit in places.neighbours(&first) {
        if destinations.len() >= SHOWN {
            return;
        }
        if destinations.iter().all(|known| known.unit != unit) {
            destinations.push(Destination {
                unit,
                reason: "Wilayah tetangga terdekat".to_owned(),
                confidence: NEIGHBOUR,
                question: String::new(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_plugin_sdk::places::PlaceKind;
    use siaga_plugin_sdk::samples::intake;
    use siaga_plugin_sdk::types::{CellLocation, Point};

    /// Cipayung is in two places; everything else is Tebet.
    struct Table;

    fn place(name: &str, within: &str, unit: &str, score: u8) -> Place {
        Place {
            name: name.to_owned(),
            code: String::new(),
            kind: PlaceKind::Kecamatan,
            within: within.to_owned(),
            unit: unit.to_owned(),
            words: name.to_owned(),
            score,
        }
    }

    impl Places for Table {
        fn by_name(&self, words: &str) -> Vec<Place> {
            match words {
                "Cipayung" => vec![
                    place("Cipayung", "Kota Depok", "pmj.depok", 60),
                    place("Cipayung", "Jakarta Timur", "pmj.jaktim", 60),
                ],
                "Tebet" => vec![place("Tebet", "Jakarta Selatan", "pmj.jaksel", 80)],
                _ => Vec::new(),
            }
        }

        fn by_point(&self, _at: Point) -> Vec<Place> {
            vec![place("Koja", "Jakarta Utara", "pmj.jakut", 90)]
        }

        fn by_code(&self, code: &str) -> Option<Place> {
            (code == "31.74.01").then(|| place("Tebet", "Jakarta Selatan", "pmj.jaksel", 95))
        }

        fn neighbours(&self, unit: &str) -> Vec<String> {
            match unit {
                "pmj.jaksel" => vec!["pmj.jakpus".to_owned(), "pmj.depok".to_owned()],
                _ => Vec::new(),
            }
        }
    }

    fn units(destinations: &[Destination]) -> Vec<&str> {
        destinations.iter().map(|destination| destination.unit.as_str()).collect()
    }

    #[test]
    fn a_name_that_two_polres_share_gives_both_and_the_question() {
        let found = route(&intake("Cipayung", ""), &Table);
        assert_eq!(units(&found), ["pmj.depok", "pmj.jaktim"]);
        assert_eq!(
            found[0].question,
            "Yang mana: Cipayung di Kota Depok, atau Cipayung di Jakarta Timur?"
        );
    }

    #[test]
    fn neighbours_stand_behind_a_clear_answer() {
        let found = route(&intake("Tebet", ""), &Table);
        assert_eq!(units(&found), ["pmj.jaksel", "pmj.jakpus", "pmj.depok"]);
        assert!(found[0].question.is_empty());
    }

    #[test]
    fn a_point_decides_over_words_and_a_code_over_words() {
        let mut call = intake("Cipayung", "");
        call.form.area_code = "31.74.01".to_owned();
        assert_eq!(units(&route(&call, &Table))[0], "pmj.jaksel");
        call.form.point = Some(Point { lat: -6.1, lng: 106.9 });
        assert_eq!(units(&route(&call, &Table))[0], "pmj.jakut");
    }

    #[test]
    fn the_guess_of_the_network_is_the_last_resort_and_not_trusted() {
        let mut call = intake("dekat lampu merah", "dibegal");
        assert_eq!(route(&call, &Table), []);
        call.facts.cell_location = Some(CellLocation {
            middle: Point { lat: -6.1, lng: 106.9 },
            uncertainty_m: 900,
            source: "operator-cell".to_owned(),
        });
        let found = route(&call, &Table);
        assert_eq!((found[0].unit.as_str(), found[0].confidence), ("pmj.jakut", 40));
    }
}
