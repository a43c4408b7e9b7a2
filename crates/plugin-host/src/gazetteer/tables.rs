//! The data files, read once at start. They are compiled in, so a bad row is a fault of ours that a
//! test finds.

use super::PlaceKind;
use crate::units::units;
use siaga_model::{Point, UnitId};

pub(crate) const KECAMATAN: &str = include_str!("../../data/jabodetabek_kecamatan_polres.csv");
pub(crate) const KELURAHAN: &str = include_str!("../../data/kelurahan_jabodetabek.csv");
pub(crate) const REGIONS: &str = include_str!("../../data/wilayah.csv");
pub(crate) const LANDMARKS: &str = include_str!("../../data/tempat_penting.csv");
pub(crate) const COMMON: &str = include_str!("../../data/nama_umum.csv");
pub(crate) const ABBREVIATIONS: &str = include_str!("../../data/singkatan_tempat.csv");

/// One place of the tables.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) kind: PlaceKind,
    pub(crate) within: String,
    pub(crate) unit: UnitId,
    pub(crate) at: Option<Point>,
}

/// All places, the row in words where one cannot be read.
pub(crate) fn entries() -> Result<Vec<Entry>, String> {
    let mut entries = Vec::with_capacity(1800);
    for row in rows(KECAMATAN) {
        let [code, name, _, within, _, _, polres, _, lat, lng, ..] = &row[..] else {
            return Err(format!("kecamatan: {row:?}"));
        };
        let kind = PlaceKind::Kecamatan;
        entries.push(entry(name, code, kind, within, unit_named(polres)?, point(lat, lng)?));
    }
    for row in rows(KELURAHAN) {
        let [code, name, _, _, within, polres] = &row[..] else {
            return Err(format!("kelurahan: {row:?}"));
        };
        entries.push(entry(name, code, PlaceKind::Kelurahan, within, unit_named(polres)?, None));
    }
    for row in rows(REGIONS) {
        let [name, within, unit, code] = &row[..] else { return Err(format!("region: {row:?}")) };
        entries.push(entry(name, code, PlaceKind::Region, within, unit_with(unit)?, None));
    }
    for row in rows(LANDMARKS) {
        let [name, within, unit, lat, lng, _source] = &row[..] else {
            return Err(format!("landmark: {row:?}"));
        };
        let at = point(lat, lng)?;
        entries.push(entry(name, "", PlaceKind::Landmark, within, unit_with(unit)?, at));
    }
    Ok(entries)
}

fn entry(
    name: &str,
    code: &str,
    kind: PlaceKind,
    within: &str,
    unit: UnitId,
    at: Option<Point>,
) -> Entry {
    Entry {
        name: name.to_owned(),
        code: code.to_owned(),
        kind,
        within: within.to_owned(),
        unit,
        at,
    }
}

fn unit_named(name: &str) -> Result<UnitId, String> {
    let known = units().iter().find(|unit| unit.name == name);
    known.map(|unit| unit.id.clone()).ok_or_else(|| format!("no unit is called {name:?}"))
}

fn unit_with(id: &str) -> Result<UnitId, String> {
    let known = units().iter().find(|unit| unit.id.as_str() == id);
    known.map(|unit| unit.id.clone()).ok_or_else(|| format!("no unit has the id {id:?}"))
}

fn point(lat: &str, lng: &str) -> Result<Option<Point>, String> {
    let number = |text: &str| text.parse::<f64>().map_err(|_| format!("no number: {text:?}"));
    if lat.is_empty() {
        return Ok(None);
    }
    Ok(Some(Point { lat: number(lat)?, lng: number(lng)? }))
}

/// The rows of a CSV file but the first. Quoted cells may hold commas (RFC 4180, without line breaks).
pub(crate) fn rows(csv: &str) -> impl Iterator<Item = Vec<String>> + '_ {
    csv.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => {
                    if let Some(cell) = cells.last_mut() {
                        cell.push(c);
                    }
                }
            }
        }
        cells
    })
}
