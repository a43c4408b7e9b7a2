//! The rules, with a table of places instead of the host's gazetteer.

use super::*;
use siaga_plugin_sdk::samples::intake;
use siaga_plugin_sdk::types::{CellLocation, OtherService, Point};

/// Cipayung is in two places; everything else is Tebet.
struct Table;

fn place(name: &str, within: &str, unit: &str, score: u8) -> Place {
    Place {
        name: name.to_owned(),
        code: "31".to_owned(),
        kind: PlaceKind::Kecamatan,
        within: within.to_owned(),
        unit: unit.to_owned(),
        polsek: String::new(),
        at: None,
        words: name.to_owned(),
        starts: 0,
        relation: Relation::Here,
        score,
        distance_m: 0,
    }
}

const DEPOK: &str = "Kota Depok";
const EAST: &str = "Kota Administrasi Jakarta Timur";
const SOUTH: &str = "Kota Administrasi Jakarta Selatan";
const NORTH: &str = "Kota Administrasi Jakarta Utara";

impl Places for Table {
    fn by_name(&self, words: &str) -> Vec<Place> {
        match words.lines().next().unwrap_or_default() {
            "Cipayung" => vec![
                place("Cipayung", DEPOK, "pmj.depok", 60),
                place("Cipayung", EAST, "pmj.jaktim", 60),
            ],
            "Tebet" => vec![place("Tebet", SOUTH, "pmj.jaksel", 80)],
            "Tol" => ["pmj.jaktim", "pmj.bekasi"]
                .map(|unit| Place {
                    kind: PlaceKind::TollRoad,
                    ..place("Tol Japek", EAST, unit, 50)
                })
                .into(),
            "Karawang" => vec![place("Karawang", "Jawa Barat", "jabar", 48)],
            _ => Vec::new(),
        }
    }

    fn by_point(&self, at: Point) -> Vec<Place> {
        let mut other = place("Tebet", SOUTH, "pmj.jaksel", 60);
        other.distance_m = if at.lng > 106.95 { 10 } else { 200 };
        vec![place("Koja", NORTH, "pmj.jakut", 90), other]
    }

    fn by_circle(&self, _middle: Point, _radius_m: u32) -> Vec<Place> {
        vec![place("Koja", NORTH, "pmj.jakut", 70), place("Cakung", EAST, "pmj.jaktim", 30)]
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        (code == "31.74.01").then(|| place("Tebet", SOUTH, "pmj.jaksel", 95))
    }

    fn toll_kilometre(&self, _road: &str, _km: f64) -> Vec<Place> {
        Vec::new()
    }

    fn neighbours(&self, unit: &str, _at: Option<Point>) -> Vec<String> {
        match unit {
            "pmj.jaksel" => vec!["pmj.jakpus".to_owned(), "pmj.depok".to_owned()],
            _ => Vec::new(),
        }
    }
}

fn units(destinations: &[Destination]) -> Vec<&str> {
    destinations.iter().map(|destination| destination.unit.as_str()).collect()
}

fn cell() -> Option<CellLocation> {
    Some(CellLocation {
        middle: Point { lat: -6.1, lng: 106.9 },
        uncertainty_m: 900,
        source: "operator-cell".to_owned(),
    })
}

#[test]
fn a_name_that_two_polres_share_gives_both_and_the_question() {
    let found = route(&intake("Cipayung", ""), &Table);
    assert_eq!(units(&found), ["pmj.depok", "pmj.jaktim"]);
    assert_eq!(found[0].question, "Cipayung Depok atau Cipayung Jakarta Timur?");
}

#[test]
fn neighbours_stand_behind_a_clear_answer() {
    let found = route(&intake("Tebet", ""), &Table);
    assert_eq!(units(&found), ["pmj.jaksel", "pmj.jakpus", "pmj.depok"]);
    assert!(found[0].question.is_empty());
}

#[test]
fn a_point_decides_over_a_code_and_a_code_over_words() {
    let mut call = intake("Cipayung", "");
    call.form.area_code = "31.74.01".to_owned();
    assert_eq!(units(&route(&call, &Table))[0], "pmj.jaksel");
    call.form.point = Some(Point { lat: -6.1, lng: 106.9 });
    assert_eq!(units(&route(&call, &Table))[0], "pmj.jakut");
}

#[test]
fn words_that_contradict_the_point_are_asked_about() {
    struct Far;
    impl Places for Far {
        fn by_name(&self, words: &str) -> Vec<Place> {
            Table.by_name(words)
        }
        fn by_point(&self, _at: Point) -> Vec<Place> {
            vec![place("Koja", NORTH, "pmj.jakut", 90)]
        }
        fn by_circle(&self, middle: Point, radius_m: u32) -> Vec<Place> {
            Table.by_circle(middle, radius_m)
        }
        fn by_code(&self, code: &str) -> Option<Place> {
            Table.by_code(code)
        }
        fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place> {
            Table.toll_kilometre(road, km)
        }
        fn neighbours(&self, unit: &str, at: Option<Point>) -> Vec<String> {
            Table.neighbours(unit, at)
        }
    }
    let mut call = intake("Tebet", "");
    call.form.point = Some(Point { lat: -6.1, lng: 106.9 });
    let found = route(&call, &Far);
    assert_eq!(units(&found)[..2], ["pmj.jakut", "pmj.jaksel"]);
    assert_eq!(
        found[0].question,
        "Titik di peta menunjuk Koja Jakarta Utara, tetapi yang disebut Tebet Jakarta Selatan: mana \
         yang benar?"
    );
    assert!(found[0].confidence <= SURE);
}

#[test]
fn a_point_on_a_border_names_both_sides_and_asks() {
    let mut call = intake("", "");
    call.form.point = Some(Point { lat: -6.1, lng: 107.0 });
    let found = route(&call, &Table);
    assert_eq!(units(&found), ["pmj.jakut", "pmj.jaksel"]);
    assert_eq!(found[0].question, "Di sisi Koja Jakarta Utara atau Tebet Jakarta Selatan?");
}

#[test]
fn the_guess_of_the_network_is_the_last_resort_and_never_sure() {
    let mut call = intake("dekat lampu merah", "dibegal");
    assert_eq!(route(&call, &Table), []);
    call.facts.cell_location = cell();
    let found = route(&call, &Table);
    assert_eq!(units(&found), ["pmj.jakut", "pmj.jaktim"]);
    assert_eq!(found[0].confidence, CELL_AT_MOST);
}

#[test]
fn the_guess_of_the_network_decides_what_words_leave_open_and_not_what_they_say() {
    let mut call = intake("Cipayung", "");
    call.facts.cell_location = cell();
    assert_eq!(units(&route(&call, &Table))[0], "pmj.jaktim");
    let mut call = intake("Tebet", "");
    call.facts.cell_location = cell();
    assert_eq!(units(&route(&call, &Table))[0], "pmj.jaksel");
}

#[test]
fn a_toll_road_without_a_kilometre_is_asked_for_it_and_its_operator_is_advised() {
    let found = route(&intake("Tol", ""), &Table);
    assert_eq!(found[0].question, "Tol Japek: KM berapa dan arah mana?");
    assert!(found[0].reason.contains("PJR"), "{}", found[0].reason);
}

#[test]
fn a_place_beyond_the_polda_says_so() {
    let found = route(&intake("Karawang", ""), &Table);
    assert_eq!(units(&found), ["jabar"]);
    assert!(found[0].reason.contains("di luar Polda Metro Jaya"));
}

#[test]
fn other_services_are_advised_until_they_are_ticked() {
    let mut call = intake("Tebet", "kebakaran, satu orang luka");
    let reason = route(&call, &Table)[0].reason.clone();
    assert!(reason.contains("ambulans 119, pemadam 113"), "{reason}");
    call.form.services = vec![OtherService::Fire];
    let reason = route(&call, &Table)[0].reason.clone();
    assert!(reason.contains("ambulans 119") && !reason.contains("113"), "{reason}");
}

#[test]
fn a_complaint_about_police_goes_to_propam_alone() {
    let found = route(&intake("Tebet", "dipukul polisi polsek tebet"), &Table);
    assert_eq!(units(&found), ["pmj.propam"]);
}
