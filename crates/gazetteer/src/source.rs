//! The tables of a Polda, as people edit them, and their checker.
//!
//! A folder holds the tables named in [`TABLES`] and the borders in [`BORDERS`]. Every fault is found
//! in one go and names its file and line, so that whoever keeps the tables can mend them without a
//! programmer.

use crate::form::{
    Form, Kecamatan, Kelurahan, Landmark, LandmarkKind, Province, Region, RegionName, Stretch,
    UnitNo, UnitRow, Zone,
};
use crate::geometry::Spot;
use crate::table::{Row, rows};
use crate::{Borders, Code};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// The tables of a folder, in the order in which they are read.
pub const TABLES: [&str; 13] = [
    "units.csv",
    "provinsi.csv",
    "kabupaten_kota.csv",
    "wilayah.csv",
    "kecamatan.csv",
    "kelurahan.csv",
    "tempat_penting.csv",
    "jalan.csv",
    "jalan_tol.csv",
    "kawasan_khusus.csv",
    "singkatan_tempat.csv",
    "nama_umum.csv",
    "kata_biasa.csv",
];

/// The borders of the kelurahan, see [`crate::geojson`].
pub const BORDERS: &str = "kelurahan.batas";

/// Something in a folder that must be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Reads a folder of tables and checks it.
///
/// # Errors
/// Every fault in it.
pub fn read(folder: &Path) -> Result<Form, Vec<Fault>> {
    let mut reader = Reader::default();
    let tables: Vec<String> = TABLES.map(|name| reader.text(folder, name)).into();
    let [
        units,
        provinces,
        regions,
        names,
        kecamatan,
        kelurahan,
        landmarks,
        streets,
        tolls,
        zones,
        abbreviations,
        everyday,
        ordinary,
    ] = &tables[..]
    else {
        unreachable!("as many as there are tables");
    };
    reader.units(units);
    reader.provinces(provinces);
    reader.regions(regions);
    reader.region_names(names);
    reader.kecamatan(kecamatan);
    reader.kelurahan(kelurahan);
    reader.landmarks("tempat_penting.csv", landmarks);
    reader.landmarks("jalan.csv", streets);
    reader.tolls(tolls);
    reader.zones(zones);
    reader.each("singkatan_tempat.csv", abbreviations, |reader, [short, long]: [String; 2]| {
        reader.form.abbreviations.push((short, long));
        Ok(())
    });
    reader.each("nama_umum.csv", everyday, |reader, [word]: [String; 1]| {
        reader.form.everyday.push(word);
        Ok(())
    });
    reader.each("kata_biasa.csv", ordinary, |reader, [word]: [String; 1]| {
        reader.form.ordinary.push(word);
        Ok(())
    });
    reader.borders(folder);
    if reader.faults.is_empty() { Ok(reader.form) } else { Err(reader.faults) }
}

#[derive(Default)]
struct Reader {
    form: Form,
    faults: Vec<Fault>,
    units: BTreeMap<String, UnitNo>,
    /// Codes of kecamatan and kelurahan, with the unit.
    codes: BTreeMap<Code, UnitNo>,
    regions: BTreeSet<Code>,
}

impl Reader {
    fn fault(&mut self, file: &str, line: usize, what: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), line, what: what.into() });
    }

    fn text(&mut self, folder: &Path, file: &str) -> String {
        match std::fs::read_to_string(folder.join(file)) {
            Ok(text) => text,
            Err(error) => {
                self.fault(file, 0, format!("it cannot be read: {error}"));
                String::new()
            }
        }
    }

    /// Hands every row with the right number of cells on; what is wrong with it becomes a fault.
    fn each<const CELLS: usize>(
        &mut self,
        file: &str,
        text: &str,
        mut take: impl FnMut(&mut Self, [String; CELLS]) -> Result<(), String>,
    ) {
        for Row { line, cells } in rows(text) {
            let count = cells.len();
            let taken = match <[String; CELLS]>::try_from(cells) {
                Ok(cells) => take(self, cells),
                Err(_) => Err(format!("{count} cells, not {CELLS}")),
            };
            if let Err(what) = taken {
                self.fault(file, line, what);
            }
        }
    }

    fn units(&mut self, text: &str) {
        self.each("units.csv", text, |reader, [id, name, _, _, parent]: [String; 5]| {
            if !parent.is_empty() && !reader.units.contains_key(&parent) {
                return Err(format!("its parent {parent:?} does not stand above it"));
            }
            let no = UnitNo::try_from(reader.form.units.len()).map_err(|_| "too many units")?;
            if reader.units.insert(id.clone(), no).is_some() {
                return Err(format!("the unit {id:?} twice"));
            }
            reader.form.units.push(UnitRow { id, name: filled("name", name)? });
            Ok(())
        });
    }

    fn provinces(&mut self, text: &str) {
        self.each("provinsi.csv", text, |reader, [code, name, unit, aliases]: [String; 4]| {
            let province = Province {
                code: reader.fresh(&code, 1)?,
                name: filled("name", name)?,
                unit: reader.unit(&unit)?,
                aliases: list(&aliases),
            };
            reader.form.provinces.push(province);
            Ok(())
        });
    }

    fn regions(&mut self, text: &str) {
        self.each("kabupaten_kota.csv", text, |reader, [code, name]: [String; 2]| {
            let code = reader.fresh(&code, 2)?;
            if !reader.regions.contains(&code.at_level(1)) {
                return Err("its province is not in provinsi.csv".to_owned());
            }
            reader.form.regions.push(Region { code, name: filled("name", name)? });
            Ok(())
        });
    }

    fn region_names(&mut self, text: &str) {
        self.each("wilayah.csv", text, |reader, [name, unit, code]: [String; 3]| {
            let code: Code = code.parse().map_err(|error| format!("{code:?}: {error}"))?;
            if !reader.regions.contains(&code) {
                return Err(format!("{code} is not in kabupaten_kota.csv"));
            }
            let unit = reader.unit(&unit)?;
            reader.form.region_names.push(RegionName { name: filled("name", name)?, unit, code });
            Ok(())
        });
    }

    fn kecamatan(&mut self, text: &str) {
        self.each(
            "kecamatan.csv",
            text,
            |reader, [code, name, unit, polsek, lat, lng, basis]: [String; 7]| {
                filled("evidence", basis)?;
                let code = reader.fresh(&code, 3)?;
                if !reader.regions.contains(&code.at_level(2)) {
                    return Err("its kabupaten or kota is not in kabupaten_kota.csv".to_owned());
                }
                let unit = reader.unit(&unit)?;
                let at = spot(&lat, &lng)?.ok_or("no point")?;
                reader.codes.insert(code, unit);
                let name = filled("name", name)?;
                reader.form.kecamatan.push(Kecamatan { code, name, unit, polsek, at });
                Ok(())
            },
        );
    }

    fn kelurahan(&mut self, text: &str) {
        self.each("kelurahan.csv", text, |reader, [code, name]: [String; 2]| {
            let code = reader.fresh(&code, 4)?;
            let unit = *reader
                .codes
                .get(&code.at_level(3))
                .ok_or("its kecamatan is not in kecamatan.csv")?;
            reader.codes.insert(code, unit);
            reader.form.kelurahan.push(Kelurahan { code, name: filled("name", name)? });
            Ok(())
        });
    }

    fn landmarks(&mut self, file: &str, text: &str) {
        self.each(
            file,
            text,
            |reader, [name, aliases, kind, code, unit, lat, lng, source]: [String; 8]| {
                filled("source", source)?;
                let kind = match kind.as_str() {
                    "kawasan" => LandmarkKind::Quarter,
                    "jalan" => LandmarkKind::Street,
                    "" => return Err("no kind".to_owned()),
                    _ => LandmarkKind::Landmark,
                };
                let at = spot(&lat, &lng)?;
                let (code, unit) = reader.placed(&code, &unit)?;
                if code == Code::NONE && at.is_none() {
                    return Err("neither a code nor a point".to_owned());
                }
                let aliases = list(&aliases);
                let name = filled("name", name)?;
                reader.form.landmarks.push(Landmark { name, aliases, kind, code, unit, at });
                Ok(())
            },
        );
    }

    fn tolls(&mut self, text: &str) {
        self.each(
            "jalan_tol.csv",
            text,
            |reader, [road, aliases, from, to, code, unit, source]: [String; 7]| {
                filled("source", source)?;
                let (from, to) = match (kilometre(&from)?, kilometre(&to)?) {
                    (Some(from), Some(to)) if from < to => (from, to),
                    (None, None) => (0, 0),
                    _ => return Err("the kilometres do not run from less to more".to_owned()),
                };
                let (code, unit) = reader.placed(&code, &unit)?;
                let (road, aliases) = (filled("name", road)?, list(&aliases));
                reader.form.tolls.push(Stretch { road, aliases, from, to, code, unit });
                Ok(())
            },
        );
    }

    fn zones(&mut self, text: &str) {
        self.each("kawasan_khusus.csv", text, |reader, [name, unit, ring, source]: [String; 4]| {
            filled("source", source)?;
            let mut corners = Vec::new();
            for corner in ring.split(';').map(str::trim) {
                let (lat, lng) = corner.split_once(' ').ok_or_else(|| {
                    format!("the corner {corner:?} is not written latitude, blank, longitude")
                })?;
                corners.push(spot(lat, lng)?.ok_or("an empty corner")?);
            }
            if corners.len() < 3 {
                return Err("fewer than three corners".to_owned());
            }
            let unit = reader.unit(&unit)?;
            reader.form.zones.push(Zone { name: filled("name", name)?, unit, ring: corners });
            Ok(())
        });
    }

    fn borders(&mut self, folder: &Path) {
        let read = std::fs::read(folder.join(BORDERS)).map_err(|error| error.to_string());
        match read.and_then(|bytes| Borders::from_bytes(&bytes).map_err(|e| e.to_string())) {
            Err(what) => self.fault(BORDERS, 0, what),
            Ok(borders) => {
                let drawn: BTreeSet<Code> = borders.codes().collect();
                let listed: BTreeSet<Code> =
                    self.form.kelurahan.iter().map(|kelurahan| kelurahan.code).collect();
                for code in drawn.difference(&listed) {
                    self.fault(BORDERS, 0, format!("{code} has borders and no row"));
                }
                for code in listed.difference(&drawn) {
                    self.fault(BORDERS, 0, format!("{code} has a row and no borders"));
                }
                self.form.borders = borders;
            }
        }
    }

    /// A code that no row above has.
    fn fresh(&mut self, text: &str, level: usize) -> Result<Code, String> {
        let code: Code = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
        if code.level() != level {
            return Err(format!("{code} is a code of another level"));
        }
        let known =
            if level <= 2 { !self.regions.insert(code) } else { self.codes.contains_key(&code) };
        if known { Err(format!("{code} twice")) } else { Ok(code) }
    }

    fn unit(&self, id: &str) -> Result<UnitNo, String> {
        self.units.get(id).copied().ok_or_else(|| format!("the unit {id:?} is not in units.csv"))
    }

    /// Where a landmark lies and whose it is. A unit that has kelurahan of its own must be the one of
    /// the code; the airport and the port have none.
    fn placed(&self, code: &str, unit: &str) -> Result<(Code, UnitNo), String> {
        let unit = self.unit(unit)?;
        if code.is_empty() {
            return Ok((Code::NONE, unit));
        }
        let code: Code = code.parse().map_err(|error| format!("{code:?}: {error}"))?;
        let owner = *self
            .codes
            .get(&code)
            .ok_or_else(|| format!("{code} is neither in kecamatan.csv nor in kelurahan.csv"))?;
        let has_land = self.codes.values().any(|other| *other == unit);
        if owner != unit && has_land {
            let owner = &self.form.units[usize::from(owner)].id;
            return Err(format!("{code} belongs to {owner}"));
        }
        Ok((code, unit))
    }
}

fn filled(what: &str, cell: String) -> Result<String, String> {
    if cell.is_empty() { Err(format!("no {what}")) } else { Ok(cell) }
}

fn list(cell: &str) -> Vec<String> {
    cell.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn spot(lat: &str, lng: &str) -> Result<Option<Spot>, String> {
    if lat.is_empty() && lng.is_empty() {
        return Ok(None);
    }
    let number = |text: &str| text.parse::<f64>().map_err(|_| format!("{text:?} is no number"));
    Spot::of_degrees(number(lat)?, number(lng)?)
        .map(Some)
        .ok_or_else(|| format!("{lat} {lng} is on no map"))
}

/// Hundredths of a kilometre.
fn kilometre(cell: &str) -> Result<Option<u32>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(km) if (0.0..10_000.0).contains(&km) => Ok(Some((km * 100.0).round() as u32)),
        _ => Err(format!("{cell:?} is no kilometre")),
    }
}

#[cfg(test)]
mod tests;
