//! Every place that can be found, in one list.

use crate::Code;
use crate::form::{Form, LandmarkKind, UnitNo};
use crate::geometry::{Spot, middle};
use std::collections::HashMap;

/// What sort of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// A province.
    Province,
    /// A kabupaten or kota.
    Region,
    /// A kecamatan.
    Kecamatan,
    /// A kelurahan or desa.
    Kelurahan,
    /// A quarter that is neither: SCBD, BSD.
    Quarter,
    /// A station, a mall, the airport.
    Landmark,
    /// A street.
    Street,
    /// A toll road, or a kilometre of one.
    TollRoad,
}

/// One place.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) code: Code,
    pub(crate) kind: PlaceKind,
    /// The kabupaten or kota, or the province.
    pub(crate) within: String,
    pub(crate) unit: UnitNo,
    pub(crate) polsek: String,
    pub(crate) at: Option<Spot>,
    /// A region or province beyond the land of this Polda's tables.
    pub(crate) outside: bool,
    /// Of a toll road: from and to in hundredths of a kilometre, equal when not known.
    pub(crate) km: (u32, u32),
}

/// A name under which an entry is found.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) entry: u16,
}

/// The list, and the names.
pub(crate) struct Entries {
    pub(crate) list: Vec<Entry>,
    pub(crate) names: Vec<Name>,
}

impl Entries {
    pub(crate) fn of(form: &Form) -> Self {
        let mut entries = Self { list: Vec::new(), names: Vec::new() };
        let middles = middles(form);
        let within: HashMap<Code, &str> =
            form.regions.iter().map(|row| (row.code, row.name.as_str())).collect();
        let region = |code: Code| within.get(&code.at_level(2)).map_or("", |name| *name).to_owned();
        let unit_of: HashMap<Code, (UnitNo, &str)> =
            form.kecamatan.iter().map(|k| (k.code, (k.unit, k.polsek.as_str()))).collect();
        let land = |code: Code| unit_of.get(&code.at_level(3)).copied();
        let middle_of = |code: Code| middles.get(&code).copied();

        let plain = |name: &str, code: Code, kind, unit| Entry {
            name: name.to_owned(),
            code,
            kind,
            within: region(code),
            unit,
            polsek: land(code).map_or("", |(_, polsek)| polsek).to_owned(),
            at: middle_of(code),
            outside: false,
            km: (0, 0),
        };
        for row in &form.kecamatan {
            let entry = Entry {
                at: Some(row.at),
                ..plain(&row.name, row.code, PlaceKind::Kecamatan, row.unit)
            };
            entries.add(entry, &[]);
        }
        for row in &form.kelurahan {
            let Some((unit, _)) = land(row.code) else { continue };
            entries.add(plain(&row.name, row.code, PlaceKind::Kelurahan, unit), &[]);
        }
        for row in &form.landmarks {
            let kind = match row.kind {
                LandmarkKind::Landmark => PlaceKind::Landmark,
                LandmarkKind::Quarter => PlaceKind::Quarter,
                LandmarkKind::Street => PlaceKind::Street,
            };
            let mut entry = plain(&row.name, row.code, kind, row.unit);
            entry.at = row.at.or(entry.at);
            entries.add(entry, &row.aliases);
        }
        for row in &form.tolls {
            let mut entry = plain(&row.road, row.code, PlaceKind::TollRoad, row.unit);
            entry.km = (row.from, row.to);
            entries.add(entry, &row.aliases);
        }
        let mut ours: Vec<Code> = form.region_names.iter().map(|row| row.code).collect();
        ours.sort_unstable();
        for row in &form.region_names {
            let entry = Entry {
                name: region(row.code),
                ..plain("", row.code, PlaceKind::Region, row.unit)
            };
            entries.add_as(entry, std::slice::from_ref(&row.name));
        }
        for row in &form.regions {
            if ours.binary_search(&row.code).is_err() {
                let province = form.provinces.iter().find(|p| p.code == row.code.at_level(1));
                let Some(province) = province else { continue };
                let entry = Entry {
                    within: province.name.clone(),
                    outside: true,
                    ..plain(&row.name, row.code, PlaceKind::Region, province.unit)
                };
                let short = row.name.strip_prefix("Kabupaten ").or(row.name.strip_prefix("Kota "));
                entries.add(entry, short.map(str::to_owned).as_slice());
            }
        }
        for row in &form.provinces {
            let outside = !ours.iter().any(|code| row.code.contains(*code));
            let entry = Entry {
                within: row.name.clone(),
                outside,
                ..plain(&row.name, row.code, PlaceKind::Province, row.unit)
            };
            entries.add(entry, &row.aliases);
        }
        entries
    }

    fn add(&mut self, entry: Entry, aliases: &[String]) {
        let mut names = vec![entry.name.clone()];
        names.extend_from_slice(aliases);
        self.add_as(entry, &names);
    }

    fn add_as(&mut self, entry: Entry, names: &[String]) {
        // Far fewer than 65,536 places are in one form; what is beyond is not found.
        let Ok(n) = u16::try_from(self.list.len()) else { return };
        self.list.push(entry);
        self.names.extend(names.iter().map(|text| Name { text: text.clone(), entry: n }));
    }
}

/// The middle of each kelurahan (of its largest part), kecamatan and region.
fn middles(form: &Form) -> HashMap<Code, Spot> {
    let mut middles = HashMap::new();
    let mut sums: HashMap<Code, (i64, i64, i64)> = HashMap::new();
    for (code, rings) in form.borders.unfold() {
        let largest = rings.iter().map(|ring| middle(ring)).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((at, _)) = largest else { continue };
        middles.insert(code, at);
        for level in [2, 3] {
            let sum = sums.entry(code.at_level(level)).or_default();
            *sum = (sum.0 + i64::from(at.x), sum.1 + i64::from(at.y), sum.2 + 1);
        }
    }
    for (code, (x, y, count)) in sums {
        let mean = |sum: i64| i32::try_from(sum / count).unwrap_or_default();
        middles.insert(code, Spot { x: mean(x), y: mean(y) });
    }
    for row in &form.kecamatan {
        middles.insert(row.code, row.at);
    }
    middles
}
