//! Where places are and whose they are: a capability that the host lends to plugins.
//!
//! [`BuiltInGazetteer`] knows Jabodetabek. A point is given to the kecamatan whose middle is nearest;
//! that is wrong near borders, and says so by its score. Polygons of the kelurahan will replace it.

mod built_in;
mod names;
mod tables;

pub use built_in::BuiltInGazetteer;

use siaga_model::{Point, UnitId};

/// What sort of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// A kabupaten or kota.
    Region,
    /// A kecamatan.
    Kecamatan,
    /// A kelurahan or desa.
    Kelurahan,
    /// A station, a mall, the airport.
    Landmark,
}

/// A place that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Kemendagri code; of a region that of the kabupaten or kota; empty for a landmark.
    pub code: String,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// The kabupaten or kota.
    pub within: String,
    /// The unit that is responsible.
    pub unit: UnitId,
    /// The words that were taken for the name, as given; empty for look-ups by point or code.
    pub words: String,
    /// How well it fits, 0 to 100.
    pub score: u8,
}

/// Look-ups of places. They must give the same answers for the same [`Gazetteer::id`].
pub trait Gazetteer: Send + Sync {
    /// Names the data, e.g. by its hash; becomes part of what is hashed of an input.
    fn id(&self) -> &str;

    /// All places that `words` may mean, best first. A name that several units share gives all of
    /// them: a name alone never decides.
    fn by_name(&self, words: &str) -> Vec<Place>;

    /// The places at a point, best first; empty far away from all that is known.
    fn by_point(&self, at: Point) -> Vec<Place>;

    /// The place with this Kemendagri code.
    fn by_code(&self, code: &str) -> Option<Place>;

    /// The units next to this one, nearest first, at most six.
    fn neighbours(&self, unit: &str) -> Vec<UnitId>;
}
