//! The compact form of a gazetteer: what is compiled in, or laid beside the program as a file.
//!
//! Eight bytes that say what it is, eight of a checksum, then the tables in postcard's encoding. The
//! indexes for looking things up are made when it is loaded, because making them is quicker than
//! reading them.

use crate::geometry::Spot;
use crate::{Borders, Code};
use serde::{Deserialize, Serialize};

/// What a form begins with. The last character is the version: another one is refused.
const MAGIC: &[u8; 8] = b"SIAGAGZ1";

/// A form that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is something else, or of another version.
    #[error("no gazetteer of this version")]
    Foreign,
    /// It is cut short, or something in it was changed.
    #[error("the gazetteer is damaged")]
    Damaged,
}

/// All tables of a Polda, checked. Only [`crate::source::read`] makes one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Form {
    pub(crate) units: Vec<UnitRow>,
    pub(crate) provinces: Vec<Province>,
    pub(crate) regions: Vec<Region>,
    pub(crate) region_names: Vec<RegionName>,
    pub(crate) kecamatan: Vec<Kecamatan>,
    pub(crate) kelurahan: Vec<Kelurahan>,
    pub(crate) landmarks: Vec<Landmark>,
    pub(crate) tolls: Vec<Stretch>,
    pub(crate) zones: Vec<Zone>,
    pub(crate) abbreviations: Vec<(String, String)>,
    /// Names of places that are everyday words.
    pub(crate) everyday: Vec<String>,
    /// Words that are never taken for a misspelt name.
    pub(crate) ordinary: Vec<String>,
    pub(crate) borders: Borders,
}

/// A number of a row in [`Form::units`].
pub(crate) type UnitNo = u16;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitRow {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Province {
    pub(crate) code: Code,
    pub(crate) name: String,
    pub(crate) unit: UnitNo,
    pub(crate) aliases: Vec<String>,
}

/// A kabupaten or kota, of the whole country.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Region {
    pub(crate) code: Code,
    pub(crate) name: String,
}

/// How people call a region of this Polda, with a unit that it may mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RegionName {
    pub(crate) name: String,
    pub(crate) unit: UnitNo,
    pub(crate) code: Code,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kecamatan {
    pub(crate) code: Code,
    pub(crate) name: String,
    pub(crate) unit: UnitNo,
    pub(crate) polsek: String,
    pub(crate) at: Spot,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kelurahan {
    pub(crate) code: Code,
    pub(crate) name: String,
}

/// What sort of thing a row of `tempat_penting.csv` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LandmarkKind {
    /// A building or square: a station, a mall.
    Landmark,
    /// A quarter that is no kelurahan: SCBD, BSD.
    Quarter,
    /// A street.
    Street,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Landmark {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) kind: LandmarkKind,
    pub(crate) code: Code,
    pub(crate) unit: UnitNo,
    pub(crate) at: Option<Spot>,
}

/// A stretch of a toll road that lies in one kecamatan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) road: String,
    pub(crate) aliases: Vec<String>,
    /// From and to, in hundredths of a kilometre; equal where the kilometres are not known.
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) code: Code,
    pub(crate) unit: UnitNo,
}

/// An area that a unit without kelurahan of its own is responsible for: the airport, the port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) unit: UnitNo,
    pub(crate) ring: Vec<Spot>,
}

impl Form {
    /// Reads what [`Form::to_bytes`] wrote.
    ///
    /// # Errors
    /// When it is something else, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FormError::Foreign)?;
        let (sum, body) = rest.split_first_chunk::<8>().ok_or(FormError::Damaged)?;
        if u64::from_le_bytes(*sum) != checksum(body) {
            return Err(FormError::Damaged);
        }
        let form: Self = postcard::from_bytes(body).map_err(|_| FormError::Damaged)?;
        form.borders.check()?;
        if form.numbers().all(|unit| usize::from(unit) < form.units.len()) {
            Ok(form)
        } else {
            Err(FormError::Damaged)
        }
    }

    /// The compact form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_allocvec(self).expect("plain lists have a compact form");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(checksum(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// Every number of a unit in it.
    fn numbers(&self) -> impl Iterator<Item = UnitNo> {
        let provinces = self.provinces.iter().map(|row| row.unit);
        let names = self.region_names.iter().map(|row| row.unit);
        let kecamatan = self.kecamatan.iter().map(|row| row.unit);
        let landmarks = self.landmarks.iter().map(|row| row.unit);
        let tolls = self.tolls.iter().map(|row| row.unit);
        let zones = self.zones.iter().map(|row| row.unit);
        provinces.chain(names).chain(kecamatan).chain(landmarks).chain(tolls).chain(zones)
    }

    /// What it holds, in a line for people.
    pub fn summary(&self) -> String {
        format!(
            "{} units, {} kecamatan, {} kelurahan ({} with borders), {} landmarks and streets, {} \
             stretches of toll road",
            self.units.len(),
            self.kecamatan.len(),
            self.kelurahan.len(),
            self.borders.areas.len(),
            self.landmarks.len(),
            self.tolls.len(),
        )
    }
}

/// FNV-1a: finds what a disk or a line does to a file. Whether it is genuine is not its question.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_was_cut_or_changed_is_refused() {
        let form = Form {
            units: vec![UnitRow { id: "pmj".to_owned(), name: "Polda".to_owned() }],
            everyday: vec!["benda".to_owned()],
            ..Form::default()
        };
        let bytes = form.to_bytes();
        assert_eq!(Form::from_bytes(&bytes), Ok(form));
        for cut in 0..bytes.len() {
            assert!(Form::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
            let mut changed = bytes.clone();
            changed[cut] ^= 4;
            assert!(Form::from_bytes(&changed).is_err(), "changed at {cut}");
        }
    }

    #[test]
    fn a_form_whose_rows_name_a_unit_that_is_not_there_is_refused() {
        let zone = Zone { name: "bandara".to_owned(), unit: 3, ring: Vec::new() };
        let form = Form { zones: vec![zone], ..Form::default() };
        assert_eq!(Form::from_bytes(&form.to_bytes()), Err(FormError::Damaged));
    }
}
