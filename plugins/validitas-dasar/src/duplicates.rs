//! The earlier report of the same event, and reports that only look like one.
//!
//! Time, place and kind must agree. What speaks against it (the other direction of a road, another
//! vehicle, another house, another town or Polres) is named to the operator, and nothing is joined.

use crate::matters::matters;
use crate::questions::{Weight, weight};
use crate::tables::{Kind, VEHICLES};
use siaga_plugin_sdk::Places;
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{Form, PastReport, Point};
use std::collections::BTreeSet;

/// Earlier reports that are read word by word; the latest of those whose place or number fits.
const READ: usize = 8;

/// Evidence that is enough: place and kind, or place, time and a similar kind.
const ENOUGH: u32 = 5;

/// Evidence of a place that is enough.
const PLACE: u32 = 2;

const QUARTER_MS: i64 = 15 * 60_000;
const HOUR_MS: i64 = 60 * 60_000;

/// Two points of one event are this near, in metres; beyond `FAR_M` they are of two.
const NEAR_M: f64 = 400.0;
const FAR_M: f64 = 3_000.0;

/// What looks like the same event.
pub(crate) struct Duplicate<'h> {
    /// The earlier report.
    pub(crate) past: &'h PastReport,
    /// What agrees, in Indonesian.
    pub(crate) same: String,
    /// What speaks against it, in Indonesian; empty when nothing does.
    pub(crate) other: String,
    score: u32,
    /// Whether a detail agrees: vehicle, direction, number plate, house.
    detail: bool,
}

/// The present report, as far as it is compared.
pub(crate) struct Present<'a> {
    pub(crate) form: &'a Form,
    /// The narrative of the form.
    pub(crate) narrative: &'a Words<'a>,
    pub(crate) now: i64,
    pub(crate) kind: Option<Kind>,
    /// Somebody asks after a report that was made.
    pub(crate) asks_after: bool,
}

/// The best match, and whether it may be offered for joining (`other` is empty) or only asked about.
pub(crate) fn find<'h>(
    present: &Present<'_>,
    history: &'h [PastReport],
    places: &impl Places,
) -> Option<Duplicate<'h>> {
    let kind = present.kind?;
    let location = Words::of(&present.form.location);
    let here = Scene::of(&location, present.narrative);
    let found: Vec<Duplicate<'h>> = history
        .iter()
        .filter(|past| may_be(present, kind, past))
        .map(|past| (past, Words::of(&past.location)))
        .filter(|(past, location)| here.may_meet(present.form, past, location))
        .take(READ)
        .filter_map(|(past, location)| compare(present, kind, &here, past, &location, places))
        .collect();
    let doubted = found.iter().any(|found| !found.other.is_empty());
    // Where two events are at one place, only a detail says which of them is meant.
    let sure = found.iter().filter(|found| found.other.is_empty() && (!doubted || found.detail));
    let best = sure.clone().map(|found| found.score).max();
    let chosen = match best {
        // Of equals the first report: the others were joined to it.
        Some(best) => {
            sure.filter(|found| found.score + 1 >= best).min_by_key(|found| found.past.at)
        }
        None => found.iter().max_by_key(|found| found.score),
    }?;
    let chosen = (chosen.past.at, chosen.score);
    found.into_iter().find(|found| (found.past.at, found.score) == chosen)
}

/// Whether time and disposition allow it.
fn may_be(present: &Present<'_>, kind: Kind, past: &PastReport) -> bool {
    let age = present.now.saturating_sub(past.at);
    let window =
        if present.asks_after { kind.window_ms().max(24 * HOUR_MS) } else { kind.window_ms() };
    (0..=window).contains(&age) && matches!(past.disposition.as_str(), "" | "report")
}

fn compare<'h>(
    present: &Present<'_>,
    kind: Kind,
    here: &Scene<'_>,
    past: &'h PastReport,
    location: &Words<'_>,
    places: &impl Places,
) -> Option<Duplicate<'h>> {
    let narrative = Words::of(&past.narrative);
    let theirs = Kind::of_form(&past.kind)
        .or_else(|| matters(&narrative).iter().find_map(|matter| matter.kind))?;
    if !kind.is_like(theirs) {
        return None;
    }
    let there = Scene::of(location, &narrative);
    let form = present.form;
    let mut same: Vec<String> = Vec::new();
    let mut other: Vec<String> = Vec::new();

    let names = here.shared(&there);
    let mut place = 2 * u32::try_from(names.len().min(2)).unwrap_or(0);
    if let Some(name) = names.first() {
        same.push(format!("tempat \u{201c}{name}\u{201d}"));
    }
    match (form.point, past.point) {
        (Some(a), Some(b)) if metres(a, b) <= NEAR_M => {
            place += 3;
            same.push("titik di peta".to_owned());
        }
        (Some(a), Some(b)) if metres(a, b) >= FAR_M => {
            other.push("titik di peta berjauhan".to_owned())
        }
        _ => {}
    }
    let (code, code_there) = (form.area_code.as_str(), past.area_code.as_str());
    if !code.is_empty() && !code_there.is_empty() {
        if code == code_there {
            place += if code.len() > 8 { 2 } else { 1 };
        } else if code.get(..8) != code_there.get(..8) {
            let unit = |code| places.by_code(code).map(|place| place.unit);
            if unit(code) != unit(code_there) {
                other.push("wilayah Polres lain".to_owned());
            }
        }
    } else if place > 0 && !present.asks_after && differ(&here.towns, &there.towns) {
        other.push("kota lain".to_owned());
    }

    if past.same_number {
        place += PLACE;
        same.push("nomor penelepon".to_owned());
    }
    if place < PLACE {
        return None;
    }
    let age = present.now.saturating_sub(past.at);
    let time = match age {
        ..=QUARTER_MS => 2,
        ..=HOUR_MS => 1,
        _ => 0,
    };
    let asked = if present.asks_after { 2 } else { 0 };
    let alike = if kind.name() == theirs.name() { 2 } else { 1 };
    let mut detail = false;
    if matches!(kind.name(), "laka" | "lalin") {
        judge("arah", &here.directions, &there.directions, &mut other, &mut detail);
    }
    if matches!(kind.name(), "laka" | "lalin" | "curanmor") {
        judge("kendaraan", &here.vehicles, &there.vehicles, &mut other, &mut detail);
    }
    judge("nomor polisi", &here.plates, &there.plates, &mut other, &mut detail);
    for (label, title) in LABELS {
        judge(title, &here.labelled(label), &there.labelled(label), &mut other, &mut detail);
    }
    same.push(theirs.title().to_lowercase());
    let score = place + time + asked + alike + u32::from(detail);
    (score >= ENOUGH).then(|| Duplicate {
        past,
        same: same.join(", "),
        other: other.join(", "),
        score,
        detail,
    })
}

/// Numbers that tell houses, kilometres and gates apart.
const LABELS: [(&str, &str); 8] = [
    ("km", "kilometer"),
    ("rt", "RT"),
    ("rw", "RW"),
    ("blok", "blok"),
    ("no", "nomor rumah"),
    ("nomor", "nomor rumah"),
    ("gang", "gang"),
    ("pos", "pos"),
];

fn judge<T: Ord>(
    what: &str,
    here: &BTreeSet<T>,
    there: &BTreeSet<T>,
    other: &mut Vec<String>,
    detail: &mut bool,
) {
    if differ(here, there) {
        other.push(format!("{what} lain"));
    } else if !here.is_empty() && !there.is_empty() {
        *detail = true;
    }
}

/// Both say something, and nothing of it is the same.
fn differ<T: Ord>(here: &BTreeSet<T>, there: &BTreeSet<T>) -> bool {
    !here.is_empty() && !there.is_empty() && here.is_disjoint(there)
}

/// What the words of a report say of its place and its vehicles.
struct Scene<'w> {
    location: &'w Words<'w>,
    narrative: &'w Words<'w>,
    /// Names in the field of the place.
    names: Vec<&'w str>,
    towns: BTreeSet<&'w str>,
    directions: BTreeSet<&'w str>,
    vehicles: BTreeSet<&'static str>,
    plates: BTreeSet<[&'w str; 3]>,
    /// `km` and `19`, `blok` and `c`.
    labels: BTreeSet<(&'static str, &'w str)>,
}

impl<'w> Scene<'w> {
    fn of(location: &'w Words<'w>, narrative: &'w Words<'w>) -> Self {
        let mut this = Self {
            location,
            narrative,
            names: Vec::new(),
            towns: BTreeSet::new(),
            directions: BTreeSet::new(),
            vehicles: BTreeSet::new(),
            plates: BTreeSet::new(),
            labels: BTreeSet::new(),
        };
        for word in location.iter() {
            match weight(&word.plain) {
                Weight::Name => this.names.push(&word.plain),
                Weight::Town => {
                    this.towns.insert(&word.plain);
                }
                Weight::None => {}
            }
        }
        this.read(location);
        this.read(narrative);
        this
    }

    fn read(&mut self, text: &'w Words<'w>) {
        for (at, word) in text.iter().enumerate() {
            let clause = |next: usize| {
                let other = text.get(at + next).filter(|other| other.clause == word.clause);
                other.map(|other| other.plain.as_str())
            };
            let plain = word.plain.as_str();
            if matches!(plain, "arah" | "menuju" | "jurusan") {
                let towards = (1..=2).filter_map(clause);
                self.directions
                    .extend(towards.filter(|word| !matches!(*word, "ke" | "bundaran" | "jalan")));
            }
            if let Some((label, _)) = LABELS.iter().find(|(label, _)| *label == plain)
                && let Some(value) = clause(1).filter(|value| is_value(value))
            {
                self.labels.insert((label, value));
            } else if let Some(value) = plain.strip_prefix("km").filter(|value| is_value(value)) {
                self.labels.insert(("km", value));
            }
            if let (Some(number), Some(letters)) = (clause(1), clause(2))
                && is_plate(plain, number, letters)
            {
                self.plates.insert([plain, number, letters]);
            }
        }
        let classes = text.matches(&VEHICLES).into_iter().map(|found| VEHICLES.cells(found.row)[1]);
        self.vehicles.extend(classes.filter(|class| *class != "-"));
    }

    fn labelled(&self, label: &str) -> BTreeSet<&'w str> {
        self.labels.iter().filter(|(known, _)| *known == label).map(|(_, value)| *value).collect()
    }

    fn says(&self, name: &str) -> bool {
        self.location.iter().chain(self.narrative.iter()).any(|word| word.plain == name)
    }

    /// Names of one place that both reports have.
    fn shared<'s>(&'s self, other: &'s Scene<'_>) -> Vec<&'s str> {
        let mut shared: Vec<&str> =
            self.names.iter().copied().filter(|name| other.says(name)).collect();
        shared.extend(other.names.iter().filter(|name| self.says(name)));
        // The place to name to the operator is the longest one, on every order of words.
        shared.sort_by_key(|name| (std::cmp::Reverse(name.len()), *name));
        shared.dedup();
        shared
    }

    /// A cheap look, so that only few reports are read word by word.
    fn may_meet(&self, form: &Form, past: &PastReport, location: &Words<'_>) -> bool {
        let code = |code: &str| !code.is_empty() && form.area_code.get(..8) == code.get(..8);
        past.same_number
            || code(&past.area_code)
            || (form.point.is_some() && past.point.is_some())
            || self.names.iter().any(|name| {
                holds(&past.location, name.as_bytes()) || holds(&past.narrative, name.as_bytes())
            })
            || location
                .iter()
                .any(|word| self.says(&word.plain) && weight(&word.plain) == Weight::Name)
    }
}

/// Whether a name stands somewhere in a text, in capitals or not.
fn holds(text: &str, name: &[u8]) -> bool {
    text.as_bytes().windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
}

fn is_value(plain: &str) -> bool {
    !plain.is_empty()
        && (plain.bytes().all(|b| b.is_ascii_digit())
            || plain.len() == 1
            || plain.as_bytes()[0].is_ascii_alphabetic()
                && plain[1..].bytes().all(|b| b.is_ascii_digit()))
}

/// `B 1234 ABC`, as Indonesian number plates are.
fn is_plate(area: &str, number: &str, letters: &str) -> bool {
    let alphabetic = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
    };
    alphabetic(area, 2)
        && alphabetic(letters, 3)
        && (3..=4).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Near enough for some kilometres at the latitudes of Indonesia.
fn metres(a: Point, b: Point) -> f64 {
    const DEGREE_M: f64 = 111_195.0;
    let (north, east) = ((a.lat - b.lat) * DEGREE_M, (a.lng - b.lng) * DEGREE_M);
    // cos x by its first terms: no two machines may differ in the last bit, as libm's do.
    let x = a.lat.to_radians();
    let east = east * (1.0 - x * x / 2.0);
    (north * north + east * east).sqrt()
}
