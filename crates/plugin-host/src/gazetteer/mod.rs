//! Where places are and whose they are: a capability that the host lends to plugins.
//!
//! The look-ups themselves are in `siaga-gazetteer`. [`FormGazetteer`] gives them the types of the
//! model, and an id that becomes part of what is hashed of an input.

mod form;

pub use form::{FormGazetteer, GazetteerError};

use siaga_model::{Point, UnitId};

pub use siaga_gazetteer::{PlaceKind, Relation};

/// A place that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Kemendagri code: its own, or of the kelurahan or kecamatan in which it lies; empty when that is
    /// not known.
    pub code: String,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// The kabupaten or kota; of a region far away its province.
    pub within: String,
    /// The unit that is responsible.
    pub unit: UnitId,
    /// The Polsek; empty where it is not known.
    pub polsek: String,
    /// Where it is, as far as that is known.
    pub at: Option<Point>,
    /// The words that were taken for the name, as given; empty for look-ups by point or code.
    pub words: String,
    /// Where they begin, in bytes.
    pub starts: u32,
    /// What the words before them say.
    pub relation: Relation,
    /// How well it fits, 0 to 100.
    pub score: u8,
    /// Metres from the point that was asked for; 0 within the place, and for words.
    pub distance_m: u32,
}

/// Look-ups of places. They must give the same answers for the same [`Gazetteer::id`].
pub trait Gazetteer: Send + Sync {
    /// Names the data, e.g. by its hash; becomes part of what is hashed of an input.
    fn id(&self) -> &str;

    /// All places that `words` may mean, best first. A name that several units share gives all of
    /// them: a name alone never decides. The first line is the field of the place, further lines say
    /// more and weigh less.
    fn by_name(&self, words: &str) -> Vec<Place>;

    /// The places at a point, best first: what it lies in, and the nearest land of each other unit
    /// near by; empty far away from all that is known.
    fn by_point(&self, at: Point) -> Vec<Place>;

    /// One place for each unit whose land a circle touches; its score is the share of the circle in
    /// hundredths.
    fn by_circle(&self, middle: Point, radius_m: u32) -> Vec<Place>;

    /// The place with this Kemendagri code.
    fn by_code(&self, code: &str) -> Option<Place>;

    /// Where a kilometre of a toll road lies; both sides where it is a border.
    fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place>;

    /// The units next to this one, nearest first, at most six; from a point in it, if one is given.
    fn neighbours(&self, unit: &str, at: Option<Point>) -> Vec<UnitId>;
}
