//! What a rule may ask about places: the host's gazetteer in a component, a small table in a test.

pub use crate::gazetteer::{Place, PlaceKind, Relation};
use crate::types::Point;

/// Look-ups of places. See `gazetteer` in the WIT for what each of them promises.
pub trait Places {
    /// All places that the words may mean, best first.
    fn by_name(&self, words: &str) -> Vec<Place>;
    /// The places at a point, best first.
    fn by_point(&self, at: Point) -> Vec<Place>;
    /// One place for each unit whose land a circle touches, with its share as the score.
    fn by_circle(&self, middle: Point, radius_m: u32) -> Vec<Place>;
    /// The place with this Kemendagri code.
    fn by_code(&self, code: &str) -> Option<Place>;
    /// Where a kilometre of a toll road lies.
    fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place>;
    /// The units next to this one, nearest first: from a point in it, if one is given.
    fn neighbours(&self, unit: &str, at: Option<Point>) -> Vec<String>;
}

/// The host's gazetteer. Only a component has a host.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, Copy, Debug, Default)]
pub struct HostPlaces;

#[cfg(target_arch = "wasm32")]
impl Places for HostPlaces {
    fn by_name(&self, words: &str) -> Vec<Place> {
        crate::gazetteer::by_name(words)
    }

    fn by_point(&self, at: Point) -> Vec<Place> {
        crate::gazetteer::by_point(at)
    }

    fn by_circle(&self, middle: Point, radius_m: u32) -> Vec<Place> {
        crate::gazetteer::by_circle(middle, radius_m)
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        crate::gazetteer::by_code(code)
    }

    fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place> {
        crate::gazetteer::toll_kilometre(road, km)
    }

    fn neighbours(&self, unit: &str, at: Option<Point>) -> Vec<String> {
        crate::gazetteer::neighbours(unit, at)
    }
}
