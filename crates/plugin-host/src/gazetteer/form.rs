//! A gazetteer in its compact form: the one that is compiled in, or the file of another Polda.

use super::{Gazetteer, Place};
use sha2::{Digest, Sha256};
use siaga_gazetteer::{Form, FormError, Found};
use siaga_model::{Point, UnitId};
use std::collections::HashMap;
use std::path::Path;

/// Made of `data/` by the build script.
const METRO_JAYA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/metro-jaya.gazetteer"));

/// No file is read beyond this; Jabodetabek takes half a megabyte.
const FILE_BYTES: u64 = 64 << 20;

/// A file that cannot be used as a gazetteer.
#[derive(Debug, thiserror::Error)]
pub enum GazetteerError {
    /// It cannot be read.
    #[error("the gazetteer cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is larger than any gazetteer.
    #[error("the gazetteer has {0} bytes, which are too many")]
    TooLarge(u64),
    /// It is something else, of another version, or damaged.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It names a unit whose id is none.
    #[error("{0:?} in the gazetteer is no id of a unit")]
    Unit(String),
}

/// A gazetteer that was read from its compact form.
pub struct FormGazetteer {
    id: String,
    places: siaga_gazetteer::Gazetteer,
    units: HashMap<String, UnitId>,
}

impl FormGazetteer {
    /// The one of Polda Metro Jaya, which is compiled in. Takes some milliseconds.
    pub fn built_in() -> Self {
        Self::from_bytes("metro-jaya", METRO_JAYA).expect("what the build script made is tested")
    }

    /// Reads the file of another Polda.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: &Path) -> Result<Self, GazetteerError> {
        let size = std::fs::metadata(path)?.len();
        if size > FILE_BYTES {
            return Err(GazetteerError::TooLarge(size));
        }
        let name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        Self::from_bytes(&name, &std::fs::read(path)?)
    }

    /// Reads what such a file holds. `name` becomes a part of its id.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, GazetteerError> {
        let places = siaga_gazetteer::Gazetteer::new(Form::from_bytes(bytes)?);
        let unit = |id: &str| {
            let unit = id.parse().map_err(|_| GazetteerError::Unit(id.to_owned()))?;
            Ok((id.to_owned(), unit))
        };
        let units = places.units().map(unit).collect::<Result<_, GazetteerError>>()?;
        let id = format!("{name}-{}", hex::encode(Sha256::digest(bytes)));
        Ok(Self { id, places, units })
    }

    /// What it holds, in a line for people.
    pub fn summary(&self) -> String {
        self.places.summary()
    }

    fn place(&self, found: &Found<'_>, text: &str) -> Place {
        let point = |(lat, lng)| Point { lat, lng };
        Place {
            name: found.name.to_owned(),
            code: found.code.to_string(),
            kind: found.kind,
            within: found.within.to_owned(),
            unit: self.unit(found.unit),
            polsek: found.polsek.to_owned(),
            at: found.at.map(point),
            words: text[found.span.clone()].to_owned(),
            starts: u32::try_from(found.span.start).unwrap_or(u32::MAX),
            relation: found.relation,
            score: found.score,
            distance_m: found.metres,
        }
    }

    fn unit(&self, id: &str) -> UnitId {
        self.units.get(id).expect("every unit of the gazetteer was read").clone()
    }

    fn places(&self, found: &[Found<'_>], text: &str) -> Vec<Place> {
        found.iter().map(|found| self.place(found, text)).collect()
    }
}

impl Gazetteer for FormGazetteer {
    fn id(&self) -> &str {
        &self.id
    }

    fn by_name(&self, words: &str) -> Vec<Place> {
        self.places(&self.places.by_name(words), words)
    }

    fn by_point(&self, at: Point) -> Vec<Place> {
        self.places(&self.places.by_point(at.lat, at.lng), "")
    }

    fn by_circle(&self, middle: Point, radius_m: u32) -> Vec<Place> {
        self.places(&self.places.by_circle(middle.lat, middle.lng, radius_m), "")
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        self.places.by_code(code).map(|found| self.place(&found, ""))
    }

    fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place> {
        self.places(&self.places.toll(road, km), "")
    }

    fn neighbours(&self, unit: &str, at: Option<Point>) -> Vec<UnitId> {
        let near = self.places.neighbours(unit, at.map(|at| (at.lat, at.lng)));
        near.into_iter().map(|id| self.unit(id)).collect()
    }
}
