//! The one question that would decide between candidates.

use crate::candidates::{Candidate, Source};
use siaga_plugin_sdk::places::{Place, PlaceKind};

/// Options that an operator can read out in one breath.
const OPTIONS: usize = 5;

/// The question between candidates of about the same weight; empty when there is only one.
pub(crate) fn between(rivals: &[Candidate]) -> String {
    let [first, second, ..] = rivals else { return String::new() };
    let one_road =
        |kind| rivals.iter().all(|c| c.place.kind == kind && c.place.name == first.place.name);
    if one_road(PlaceKind::TollRoad) {
        return format!("{}: KM berapa dan arah mana?", first.place.name);
    }
    if first.source == Source::Point && first.place.code.is_empty() {
        return format!("Di dalam atau di luar pagar {}?", first.place.name);
    }
    if first.source == Source::Point {
        return format!(
            "Di sisi {} atau {}?",
            with_region(&first.place),
            with_region(&second.place)
        );
    }
    let options = options(rivals);
    if one_road(PlaceKind::Street) {
        return format!("{} di bagian mana: {options}?", first.place.name);
    }
    format!("{options}?")
}

fn options(rivals: &[Candidate]) -> String {
    let mut options: Vec<String> = Vec::new();
    let one_name = rivals.iter().all(|c| c.place.name == rivals[0].place.name);
    for candidate in rivals.iter().take(OPTIONS) {
        let place = &candidate.place;
        let street = one_name && place.kind == PlaceKind::Street;
        let option = if street { region(place) } else { with_region(place) };
        if !options.contains(&option) {
            options.push(option);
        }
    }
    let last = options.pop().unwrap_or_default();
    if options.is_empty() { last } else { format!("{} atau {last}", options.join(", ")) }
}

/// "Cipayung Jakarta Timur": as it is said on the telephone.
pub(crate) fn with_region(place: &Place) -> String {
    let region = region(place);
    let named =
        place.kind == PlaceKind::Region || region.is_empty() || place.name.contains(&region);
    if named { short(&place.name) } else { format!("{} {region}", place.name) }
}

fn region(place: &Place) -> String {
    short(&place.within)
}

/// A region as people call it.
fn short(name: &str) -> String {
    for (long, short) in
        [("Kota Administrasi ", ""), ("Kabupaten Administrasi ", ""), ("Kabupaten ", "Kab. ")]
    {
        if let Some(rest) = name.strip_prefix(long) {
            return format!("{short}{rest}");
        }
    }
    match name.strip_prefix("Kota ") {
        // "Kota Bekasi" beside "Kabupaten Bekasi" needs its first word, "Kota Depok" does not.
        Some(rest) if !["Bekasi", "Bogor", "Tangerang"].contains(&rest) => rest.to_owned(),
        _ => name.to_owned(),
    }
}
