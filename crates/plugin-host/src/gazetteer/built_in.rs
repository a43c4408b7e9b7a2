//! The gazetteer of Jabodetabek that is compiled in.

use super::names::{Abbreviations, Word};
use super::tables::{self, COMMON, Entry, KECAMATAN, KELURAHAN, LANDMARKS, REGIONS, entries, rows};
use super::{Gazetteer, Place, PlaceKind};
use sha2::{Digest, Sha256};
use siaga_model::{Point, UnitId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The longest name has this many words ("pelabuhan tanjung priok", "bandara soekarno hatta").
const NAME_WORDS: usize = 4;

/// Beyond this the nearest kecamatan says nothing about a point.
const FAR_KM: f64 = 25.0;

/// Neighbours of a unit that are kept.
const NEIGHBOURS: usize = 6;

/// Candidates that are given.
const CANDIDATES: usize = 12;

/// Words after which a name is the name of a street or leads away: it then says less.
const STREET: [&str; 6] = ["jl", "jln", "jalan", "raya", "tol", "perumahan"];
const TOWARDS: [&str; 5] = ["arah", "menuju", "ke", "jurusan", "dari"];
/// Words that say that a name follows.
const MARKERS: [&str; 6] = ["kel", "kelurahan", "kec", "kecamatan", "desa", "ds"];

/// Kecamatan, kelurahan, regions and a few landmarks of Jabodetabek.
pub struct BuiltInGazetteer {
    id: String,
    entries: Vec<Entry>,
    by_key: HashMap<String, Vec<usize>>,
    common: HashSet<String>,
    abbreviations: Abbreviations,
    neighbours: BTreeMap<UnitId, Vec<UnitId>>,
}

/// A name that was found in a text.
struct Hit {
    from: usize,
    start: usize,
    end: usize,
    entries: Vec<usize>,
}

impl Default for BuiltInGazetteer {
    fn default() -> Self {
        Self::new()
    }
}

impl BuiltInGazetteer {
    /// Reads the tables; takes some milliseconds.
    pub fn new() -> Self {
        let entries = entries().expect("the tables that are compiled in are tested");
        let abbreviations = Abbreviations::new();
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (n, entry) in entries.iter().enumerate() {
            by_key.entry(abbreviations.key(&entry.name)).or_default().push(n);
        }
        let mut hash = Sha256::new();
        for table in [KECAMATAN, KELURAHAN, REGIONS, LANDMARKS, COMMON, tables::ABBREVIATIONS] {
            hash.update(table);
        }
        Self {
            id: format!("jabodetabek-{}", hex::encode(hash.finalize())),
            neighbours: neighbours(&entries),
            common: rows(COMMON).filter_map(|row| row.into_iter().next()).collect(),
            entries,
            by_key,
            abbreviations,
        }
    }

    /// The names in a text, the longest at each place.
    fn hits(&self, words: &[Word]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut from = 0;
        while from < words.len() {
            let found = (1..=NAME_WORDS.min(words.len() - from)).rev().find_map(|count| {
                let key: String =
                    words[from..from + count].iter().map(|word| word.plain.as_str()).collect();
                let entries = self.by_key.get(&key)?;
                let marked = from > 0 && MARKERS.contains(&words[from - 1].plain.as_str());
                let everyday = count == 1 && (key.len() < 4 || self.common.contains(&key));
                (marked || !everyday || self.is_no_plain_name(entries)).then_some((count, entries))
            });
            let Some((count, entries)) = found else {
                from += 1;
                continue;
            };
            hits.push(Hit {
                from,
                start: words[from].start,
                end: words[from + count - 1].end,
                entries: entries.clone(),
            });
            from += count;
        }
        hits
    }

    /// Regions and landmarks are chosen by hand: "bsd" and "gbk" are short and still meant.
    fn is_no_plain_name(&self, entries: &[usize]) -> bool {
        entries
            .iter()
            .any(|&n| matches!(self.entries[n].kind, PlaceKind::Region | PlaceKind::Landmark))
    }

    fn place(&self, entry: &Entry, words: &str, score: u8) -> Place {
        Place {
            name: entry.name.clone(),
            code: entry.code.clone(),
            kind: entry.kind,
            within: entry.within.clone(),
            unit: entry.unit.clone(),
            words: words.to_owned(),
            score,
        }
    }
}

impl Gazetteer for BuiltInGazetteer {
    fn id(&self) -> &str {
        &self.id
    }

    fn by_name(&self, text: &str) -> Vec<Place> {
        let words = self.abbreviations.words(text);
        let hits = self.hits(&words);
        let before = |hit: &Hit, list: &[&str]| {
            words[hit.from.saturating_sub(2)..hit.from]
                .iter()
                .any(|word| list.contains(&word.plain.as_str()))
        };
        // Regions that are named as such decide between places of one name.
        let regions: Vec<&str> = hits
            .iter()
            .filter(|hit| !before(hit, &STREET) && !before(hit, &TOWARDS))
            .flat_map(|hit| &hit.entries)
            .map(|&n| &self.entries[n])
            .filter(|entry| entry.kind == PlaceKind::Region)
            .map(|entry| entry.code.as_str())
            .collect();
        let mut found: BTreeMap<usize, (i32, &Hit)> = BTreeMap::new();
        for (rank, hit) in hits.iter().enumerate() {
            let units: HashSet<&UnitId> =
                hit.entries.iter().map(|&n| &self.entries[n].unit).collect();
            for &n in &hit.entries {
                let entry = &self.entries[n];
                let mut score = match entry.kind {
                    PlaceKind::Landmark => 88,
                    PlaceKind::Kecamatan => 80,
                    PlaceKind::Kelurahan => 74,
                    PlaceKind::Region => 55,
                };
                if units.len() > 1 {
                    score -= 15;
                }
                if !regions.is_empty() && entry.kind != PlaceKind::Region && !entry.code.is_empty()
                {
                    let inside = regions.iter().any(|region| entry.code.starts_with(region));
                    score = if inside { score + 20 } else { score * 2 / 5 };
                }
                if before(hit, &TOWARDS) {
                    score = score * 2 / 5;
                } else if before(hit, &STREET) {
                    score = score * 7 / 10;
                }
                // What is said first is the place more often than not.
                score -= i32::try_from(rank).unwrap_or(0).min(10);
                let best = found.entry(n).or_insert((score, hit));
                if best.0 < score {
                    *best = (score, hit);
                }
            }
        }
        let mut places: Vec<Place> = found
            .into_iter()
            .map(|(n, (score, hit))| {
                let score = u8::try_from(score.clamp(1, 98)).unwrap_or(1);
                self.place(&self.entries[n], &text[hit.start..hit.end], score)
            })
            .collect();
        // Stable: the order of the tables decides among equals, on every machine the same.
        places.sort_by_key(|place| std::cmp::Reverse(place.score));
        places.truncate(CANDIDATES);
        places
    }

    fn by_point(&self, at: Point) -> Vec<Place> {
        let mut near: Vec<(f64, &Entry)> = self
            .entries
            .iter()
            .filter(|entry| entry.kind == PlaceKind::Kecamatan)
            .filter_map(|entry| Some((distance_km(entry.at?, at), entry)))
            .filter(|(km, _)| *km <= FAR_KM)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let nearest = near.first().map_or(0.0, |(km, _)| *km);
        near.into_iter()
            .take(6)
            .map(|(km, entry)| {
                // As sure as the nearest is nearer than the others; never certain without a polygon.
                let share = (nearest + 0.5) / (km + 0.5);
                self.place(entry, "", (80.0 * share * share) as u8)
            })
            .collect()
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        let exact = |code: &str| {
            self.entries.iter().find(|entry| {
                entry.code == code
                    && matches!(entry.kind, PlaceKind::Kecamatan | PlaceKind::Kelurahan)
            })
        };
        // A kelurahan that the tables do not know still lies in its kecamatan.
        let entry = exact(code).or_else(|| exact(code.get(..8)?))?;
        Some(self.place(entry, "", 95))
    }

    fn neighbours(&self, unit: &str) -> Vec<UnitId> {
        self.neighbours
            .iter()
            .find(|(known, _)| known.as_str() == unit)
            .map_or_else(Vec::new, |(_, near)| near.clone())
    }
}

/// For each unit the others, nearest first, by the nearest two points of theirs. Units of the same
/// Polda come before others, because they can be rung.
fn neighbours(entries: &[Entry]) -> BTreeMap<UnitId, Vec<UnitId>> {
    let mut points: BTreeMap<&UnitId, Vec<Point>> = BTreeMap::new();
    for entry in entries {
        // A landmark in the middle of a unit adds nothing; the airport and the port have only those.
        if let Some(at) = entry.at {
            points.entry(&entry.unit).or_default().push(at);
        }
    }
    let region = |unit: &UnitId| unit.as_str().split('.').next().unwrap_or_default().to_owned();
    points
        .iter()
        .map(|(unit, own)| {
            let mut others: Vec<(bool, f64, &UnitId)> = points
                .iter()
                .filter(|(other, _)| *other != unit)
                .map(|(other, theirs)| {
                    let km = own
                        .iter()
                        .flat_map(|a| theirs.iter().map(|b| distance_km(*a, *b)))
                        .fold(f64::INFINITY, f64::min);
                    (region(other) != region(unit), km, *other)
                })
                .collect();
            others.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let near = others.into_iter().take(NEIGHBOURS).map(|(_, _, id)| id.clone()).collect();
            ((*unit).clone(), near)
        })
        .collect()
}

/// On a plane, which is right to a part in a thousand within a city. No trigonometry, whose last
/// digit differs between machines: the cosine of 6.3° south is written out.
fn distance_km(a: Point, b: Point) -> f64 {
    const KM_PER_DEGREE: f64 = 111.195;
    const COSINE: f64 = 0.993_96;
    let north = (a.lat - b.lat) * KM_PER_DEGREE;
    let east = (a.lng - b.lng) * KM_PER_DEGREE * COSINE;
    (north * north + east * east).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(places: &[Place]) -> Vec<&str> {
        let mut units: Vec<&str> = Vec::new();
        for place in places {
            if !units.contains(&place.unit.as_str()) {
                units.push(place.unit.as_str());
            }
        }
        units
    }

    #[test]
    fn every_row_of_the_tables_reads() {
        let entries = entries().expect("all rows read");
        let count = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
        assert_eq!(count(PlaceKind::Kecamatan), 185);
        assert_eq!(count(PlaceKind::Kelurahan), 1508);
    }

    #[test]
    fn a_name_that_several_polres_share_gives_them_all() {
        let gazetteer = BuiltInGazetteer::new();
        let found = gazetteer.by_name("Cipayung");
        let units = units(&found);
        for unit in ["pmj.jaktim", "pmj.depok", "jabar.bogor", "pmj.bekasi", "pmj.tangsel"] {
            assert!(units.contains(&unit), "{unit} in {units:?}");
        }
    }

    #[test]
    fn the_town_beside_it_decides() {
        let gazetteer = BuiltInGazetteer::new();
        assert_eq!(units(&gazetteer.by_name("Cipayung, Depok"))[0], "pmj.depok");
        assert_eq!(units(&gazetteer.by_name("cipayung jaktim"))[0], "pmj.jaktim");
    }

    #[test]
    fn spaces_hyphens_capitals_and_abbreviations_do_not_count() {
        let gazetteer = BuiltInGazetteer::new();
        for (words, unit) in [
            ("gunung putri", "jabar.bogor"),
            ("Gunungputri", "jabar.bogor"),
            ("KBY LAMA", "pmj.jaksel"),
            ("kebayoran-lama", "pmj.jaksel"),
            ("tj priok", "pmj.jakut"),
            ("plbhn tanjung priok", "pmj.priok"),
        ] {
            assert_eq!(units(&gazetteer.by_name(words)).first(), Some(&unit), "{words}");
        }
    }

    #[test]
    fn an_everyday_word_is_no_place_unless_it_is_said_to_be() {
        let gazetteer = BuiltInGazetteer::new();
        assert_eq!(gazetteer.by_name("ada benda jatuh"), []);
        assert!(!gazetteer.by_name("kec benda").is_empty());
    }

    #[test]
    fn the_middle_of_a_kecamatan_belongs_to_it() {
        let gazetteer = BuiltInGazetteer::new();
        for entry in entries().expect("rows read") {
            if let (PlaceKind::Kecamatan, Some(at)) = (entry.kind, entry.at) {
                assert_eq!(gazetteer.by_point(at)[0].code, entry.code);
            }
        }
        assert_eq!(gazetteer.by_point(Point { lat: 3.6, lng: 98.7 }), []);
    }

    #[test]
    fn a_kelurahan_code_is_found_even_if_only_its_kecamatan_is_known() {
        let gazetteer = BuiltInGazetteer::new();
        let unit = |code| gazetteer.by_code(code).map(|place| place.unit.to_string());
        assert_eq!(unit("31.74.01"), Some("pmj.jaksel".to_owned()));
        assert_eq!(unit("31.74.01.9999"), Some("pmj.jaksel".to_owned()));
        assert_eq!(unit("99.99.99"), None);
        assert_eq!(unit("é"), None);
    }

    #[test]
    fn every_polres_of_the_polda_has_neighbours() {
        let gazetteer = BuiltInGazetteer::new();
        for unit in crate::units::units() {
            if unit.parent.as_ref().is_some_and(|parent| parent.as_str() == "pmj") {
                assert_eq!(gazetteer.neighbours(unit.id.as_str()).len(), NEIGHBOURS, "{}", unit.id);
            }
        }
        let near = gazetteer.neighbours("pmj.bandara");
        assert!(near.iter().take(2).any(|unit| unit.as_str() == "pmj.tangerang-kota"), "{near:?}");
    }
}
