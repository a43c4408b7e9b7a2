//! Other services that may be needed, as advice beside the first destination.

use siaga_plugin_sdk::lists::{Row, count, rows};
use siaga_plugin_sdk::places::{Place, PlaceKind};
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{Form, OtherService, Tri};

const CSV: &str = include_str!("layanan.csv");
static WORDS: [Row<2>; count(CSV)] = rows(CSV);

/// Each service with its name in the list and what the operator is told.
const SERVICES: [(OtherService, &str, &str); 4] = [
    (OtherService::Ambulance, "ambulans", "ambulans 119"),
    (OtherService::Fire, "damkar", "pemadam 113"),
    (OtherService::Rescue, "basarnas", "Basarnas 115"),
    (OtherService::TollRoad, "tol", "PJR dan pengelola tol (Jasa Marga 14080)"),
];

/// The services that the words or the place call for and that are not ticked yet; empty when none.
pub(crate) fn advice(form: &Form, place: &Place) -> String {
    let narrative = Words::of(&form.narrative);
    let mut wanted = [
        form.danger.injured == Tri::Yes,
        false,
        false,
        place.kind == PlaceKind::TollRoad || place.name.starts_with("Gerbang Tol"),
    ];
    for (_, [_, service]) in narrative.find_rows(&WORDS) {
        if let Some(n) = SERVICES.iter().position(|(_, name, _)| name == service) {
            wanted[n] = true;
        }
    }
    let told: Vec<&str> = SERVICES
        .iter()
        .zip(wanted)
        .filter(|((service, ..), wanted)| *wanted && !form.services.contains(service))
        .map(|((_, _, told), _)| *told)
        .collect();
    if told.is_empty() { String::new() } else { format!(". Hubungi juga: {}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_list_names_a_service_that_is_known() {
        for row in &WORDS {
            let [_, service] = row.cells();
            assert!(SERVICES.iter().any(|(_, name, _)| name == service), "{service}");
        }
    }
}
