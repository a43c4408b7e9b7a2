//! A gazetteer, ready to be asked.

use crate::area::{At, Lands};
use crate::entry::{Entries, Entry, PlaceKind};
use crate::form::{Form, FormError, UnitNo};
use crate::geometry::Spot;
use crate::names::Names;
use crate::neighbours;
use crate::reading::{Relation, mentions};
use crate::spelling::Spelling;
use crate::weighing::weigh;
use crate::{Code, toll};
use rustc_hash::FxHashMap;

/// Places that are given for a text. The best of every unit is among them before a unit's second.
const MOST: usize = 16;
/// What scores less is not worth showing.
const LEAST: i32 = 8;
/// Points that are tried along the radius of a circle.
const RINGS: i32 = 5;

/// A place that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its own code, or of a landmark that of the kelurahan or kecamatan it lies in.
    pub code: Code,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// The kabupaten or kota; of a far region its province.
    pub within: &'a str,
    /// The id of the unit that is responsible.
    pub unit: &'a str,
    /// The Polsek, empty where it is not known.
    pub polsek: &'a str,
    /// Where it is, latitude and longitude.
    pub at: Option<(f64, f64)>,
    /// Where in the text the words stand that were taken for it, in bytes; empty but for words.
    pub span: std::ops::Range<usize>,
    /// What the words before it say.
    pub relation: Relation,
    /// How well it fits, 0 to 100.
    pub score: u8,
    /// From the point that was asked for to it, in metres.
    pub metres: u32,
}

/// A gazetteer, ready to be asked from any thread.
pub struct Gazetteer {
    form: Form,
    entries: Entries,
    spelling: Spelling,
    names: Names,
    lands: Lands,
    neighbours: Vec<Vec<UnitNo>>,
    by_code: FxHashMap<Code, u16>,
    zones: Vec<Entry>,
}

impl Gazetteer {
    /// Makes the indexes; takes some milliseconds.
    pub fn new(form: Form) -> Self {
        let entries = Entries::of(&form);
        let spelling = Spelling::of(&form, &entries);
        let names = Names::of(&form, &entries, &spelling);
        let lands = Lands::of(&form);
        let neighbours = neighbours::of_each(&form, &entries);
        let mut by_code = FxHashMap::default();
        for (n, entry) in entries.list.iter().enumerate() {
            let own = matches!(
                entry.kind,
                PlaceKind::Province
                    | PlaceKind::Region
                    | PlaceKind::Kecamatan
                    | PlaceKind::Kelurahan
            );
            // A region that is divided has several entries; none of them is the place of its code.
            if own && let Ok(n) = u16::try_from(n) {
                by_code.entry(entry.code).or_insert(n);
            }
        }
        let zone = |zone: &crate::form::Zone| Entry {
            name: zone.name.clone(),
            code: Code::NONE,
            kind: PlaceKind::Landmark,
            within: zone.name.clone(),
            unit: zone.unit,
            polsek: String::new(),
            at: zone.ring.first().copied(),
            outside: false,
            km: (0, 0),
        };
        let zones = form.zones.iter().map(zone).collect();
        Self { entries, spelling, names, lands, neighbours, by_code, zones, form }
    }

    /// Reads a compact form and makes it ready.
    ///
    /// # Errors
    /// When the form cannot be used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        Form::from_bytes(bytes).map(Self::new)
    }

    /// What it holds, in a line for people.
    pub fn summary(&self) -> String {
        self.form.summary()
    }

    /// The ids of the units that it names.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.form.units.iter().map(|unit| unit.id.as_str())
    }

    /// All places that a text may mean, best first. The first line is the field for the place, further
    /// lines say more and weigh less. A name that several units share gives all of them.
    pub fn by_name(&self, text: &str) -> Vec<Found<'_>> {
        let mut words = self.spelling.words(text);
        self.spelling.correct(&mut words);
        let mentions = mentions(&words, &self.names, &self.entries);
        let mut weighed = weigh(&mentions, &self.entries);
        weighed.retain(|place| place.score >= LEAST);
        if weighed.len() > MOST {
            let unit = |n: u16| self.entry(n).unit;
            let mut units: Vec<UnitNo> = Vec::new();
            let (firsts, others): (Vec<_>, Vec<_>) = weighed.into_iter().partition(|place| {
                let new = !units.contains(&unit(place.entry));
                if new {
                    units.push(unit(place.entry));
                }
                new
            });
            weighed = firsts.into_iter().chain(others).take(MOST).collect();
            weighed.sort_by_key(|place| std::cmp::Reverse(place.score));
        }
        weighed
            .into_iter()
            .map(|place| {
                let mention = &mentions[place.mention];
                Found {
                    span: mention.start..mention.end,
                    relation: mention.relation,
                    ..self.found(self.entry(place.entry), place.score)
                }
            })
            .collect()
    }

    /// The places at a point, best first: the zone and the kelurahan it lies in, and the nearest land
    /// of every other unit near by with its distance.
    pub fn by_point(&self, lat: f64, lng: f64) -> Vec<Found<'_>> {
        let Some(at) = Spot::of_degrees(lat, lng) else { return Vec::new() };
        let near = self.lands.at(at);
        let in_zone = matches!(near.first(), Some(At::Zone { .. }));
        // How far the second unit is says how sure the first one is.
        let second = near.iter().skip(1).find_map(|other| match other {
            At::Land { metres, .. } => Some(*metres),
            At::Zone { .. } => None,
        });
        near.into_iter()
            .enumerate()
            .filter_map(|(rank, place)| match place {
                At::Zone { zone, .. } => Some(self.found(&self.zones[zone], 90)),
                At::Land { code, metres, .. } => {
                    let entry = self.entry(*self.by_code.get(&code)?);
                    let score = if rank == 0 && metres == 0.0 {
                        70.0 + second.map_or(27.0, |away| (away / 9.0).min(26.0))
                    } else if in_zone && metres == 0.0 {
                        70.0
                    } else if rank == 0 {
                        (80.0 - metres / 20.0).max(35.0)
                    } else {
                        (65.0 - metres / 5.0).max(10.0)
                    };
                    let metres = metres.round() as u32;
                    Some(Found { metres, ..self.found(entry, score as i32) })
                }
            })
            .collect()
    }

    /// The units whose land a circle touches, best first: for each a place, and as its score the share
    /// of the circle that is theirs.
    pub fn by_circle(&self, lat: f64, lng: f64, radius: u32) -> Vec<Found<'_>> {
        let Some(middle) = Spot::of_degrees(lat, lng) else { return Vec::new() };
        let step = f64::from(radius.clamp(1, 50_000)) / f64::from(RINGS);
        let mut shares: Vec<(i32, UnitNo, f64, Option<Code>)> = Vec::new();
        let mut tried = 0;
        for i in -RINGS..=RINGS {
            for j in -RINGS..=RINGS {
                if i * i + j * j > RINGS * RINGS {
                    continue;
                }
                tried += 1;
                let at = middle.moved(f64::from(i) * step, f64::from(j) * step);
                let Some((unit, code)) = self.lands.owner(at) else { continue };
                let away = middle.metres_to(at);
                match shares.iter_mut().find(|(_, known, ..)| *known == unit) {
                    Some((count, _, nearest, place)) => {
                        *count += 1;
                        if away < *nearest {
                            (*nearest, *place) = (away, code);
                        }
                    }
                    None => shares.push((1, unit, away, code)),
                }
            }
        }
        if shares.is_empty() {
            return self.by_point(lat, lng);
        }
        shares.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.total_cmp(&b.2)).then(a.1.cmp(&b.1)));
        shares
            .into_iter()
            .filter_map(|(count, unit, away, code)| {
                let entry = match code {
                    Some(code) => self.entry(*self.by_code.get(&code)?),
                    None => self.zones.iter().find(|zone| zone.unit == unit)?,
                };
                let metres = away.round() as u32;
                Some(Found { metres, ..self.found(entry, count * 100 / tried) })
            })
            .collect()
    }

    /// The place with this code. A kelurahan that the tables do not know still lies in its kecamatan.
    pub fn by_code(&self, code: &str) -> Option<Found<'_>> {
        let code: Code = code.parse().ok()?;
        let known = |code: Code| self.by_code.get(&code);
        let n = known(code).or_else(|| known(code.at_level(3)).filter(|_| code.level() == 4))?;
        Some(self.found(self.entry(*n), 95))
    }

    /// Where a kilometre of a toll road lies; without the kilometre, all units along it.
    pub fn toll(&self, road: &str, km: f64) -> Vec<Found<'_>> {
        let Some(km) = toll::hundredths(km) else { return Vec::new() };
        let road = self.by_name(road);
        let name =
            road.iter().find(|found| found.kind == PlaceKind::TollRoad).map(|found| found.name);
        let on = |entry: &&Entry| {
            entry.kind == PlaceKind::TollRoad
                && Some(entry.name.as_str()) == name
                && entry.km.0 < entry.km.1
                && (entry.km.0..=entry.km.1).contains(&km)
        };
        self.entries.list.iter().filter(on).map(|entry| self.found(entry, 92)).collect()
    }

    /// The units next to this one, nearest first, at most six; from a point in it, if one is given.
    pub fn neighbours(&self, unit: &str, at: Option<(f64, f64)>) -> Vec<&str> {
        let Some(own) = self.form.units.iter().position(|row| row.id == unit) else {
            return Vec::new();
        };
        let near = self.neighbours[own].clone();
        let spot = at.and_then(|(lat, lng)| Spot::of_degrees(lat, lng));
        let mut near = match spot {
            None => near,
            Some(at) => {
                let ours =
                    |other: &UnitNo| neighbours::same_polda(&self.form, own, usize::from(*other));
                let by_distance = self.lands.units_near(at, near.len() + 1);
                let (mut sorted, foreign): (Vec<UnitNo>, Vec<UnitNo>) =
                    by_distance.into_iter().partition(ours);
                sorted.extend(foreign);
                sorted.retain(|other| usize::from(*other) != own);
                sorted.extend(
                    near.iter().filter(|other| !sorted.contains(other)).collect::<Vec<_>>(),
                );
                sorted.truncate(near.len());
                sorted
            }
        };
        near.dedup();
        near.into_iter().map(|other| self.form.units[usize::from(other)].id.as_str()).collect()
    }

    fn entry(&self, n: u16) -> &Entry {
        &self.entries.list[usize::from(n)]
    }

    fn found<'a>(&'a self, entry: &'a Entry, score: i32) -> Found<'a> {
        Found {
            name: &entry.name,
            code: entry.code,
            kind: entry.kind,
            within: &entry.within,
            unit: &self.form.units[usize::from(entry.unit)].id,
            polsek: &entry.polsek,
            at: entry.at.map(Spot::degrees),
            span: 0..0,
            relation: Relation::Here,
            score: u8::try_from(score.clamp(1, 98)).unwrap_or(1),
            metres: 0,
        }
    }
}
