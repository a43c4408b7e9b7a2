//! Points and rings on a plane, in whole micro-degrees.
//!
//! Whether a point lies in a ring is decided in integers, exactly, on every machine the same.
//! Distances are on a plane, which is right to a part in a thousand within a city; they use no
//! trigonometry, whose last digit differs between machines.

use serde::{Deserialize, Serialize};

/// A point, WGS 84, in millionths of a degree (about 11 cm).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Spot {
    /// Millionths of a degree east.
    pub x: i32,
    /// Millionths of a degree north.
    pub y: i32,
}

const MICRO: f64 = 1e6;
/// Metres in a millionth of a degree north.
const METRES: f64 = 0.111_195;
/// What a degree east is of one north, 6.3° south of the equator: Jabodetabek.
const EAST: f64 = 0.993_96;

impl Spot {
    /// The nearest spot to a point in degrees; `None` when it is on no map.
    pub fn of_degrees(lat: f64, lng: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng)).then(|| Self {
            // In range, so nothing is cut off.
            x: (lng * MICRO).round() as i32,
            y: (lat * MICRO).round() as i32,
        })
    }

    /// Degrees north and east.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.y) / MICRO, f64::from(self.x) / MICRO)
    }

    /// The spot so many metres east and north of it.
    #[cfg(feature = "look-up")]
    pub(crate) fn moved(self, east: f64, north: f64) -> Self {
        let add = |from: i32, by: f64| from.saturating_add(by.round() as i32);
        Self { x: add(self.x, east / (METRES * EAST)), y: add(self.y, north / METRES) }
    }

    /// Metres between two points.
    pub fn metres_to(self, other: Self) -> f64 {
        let (east, north) = self.metres_from(other);
        (east * east + north * north).sqrt()
    }

    /// How far it lies east and north of another, in metres.
    fn metres_from(self, other: Self) -> (f64, f64) {
        // Of the whole globe a difference may exceed an `i32`.
        let east = (f64::from(self.x) - f64::from(other.x)) * METRES * EAST;
        let north = (f64::from(self.y) - f64::from(other.y)) * METRES;
        (east, north)
    }
}

/// Metres from a point to the nearest point of a line between two others.
pub(crate) fn metres_to_line(at: Spot, from: Spot, to: Spot) -> f64 {
    let (x, y) = at.metres_from(from);
    let (dx, dy) = to.metres_from(from);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { ((x * dx + y * dy) / length).clamp(0.0, 1.0) };
    let (x, y) = (x - along * dx, y - along * dy);
    (x * x + y * y).sqrt()
}

/// How a point lies to a ring or an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Within it.
    Inside,
    /// On its very border.
    OnBorder,
    /// Outside.
    Outside,
}

/// How a point lies to a closed ring, the last point of which is not the first again.
pub(crate) fn lies(at: Spot, ring: &[Spot]) -> Lies {
    let mut inside = false;
    let Some(mut from) = ring.last().copied() else { return Lies::Outside };
    for &to in ring {
        // Twice the area of the triangle, exactly: differences fit 33 bits, their product 66, so
        // beyond what a map has they are taken in 128.
        let east = i128::from(to.x) - i128::from(from.x);
        let cross = east * (i128::from(at.y) - i128::from(from.y))
            - (i128::from(to.y) - i128::from(from.y)) * (i128::from(at.x) - i128::from(from.x));
        let spans = (from.y > at.y) != (to.y > at.y);
        if cross == 0 && between(at.x, from.x, to.x) && between(at.y, from.y, to.y) {
            return Lies::OnBorder;
        }
        if spans && (cross > 0) == (to.y > from.y) {
            inside = !inside;
        }
        from = to;
    }
    if inside { Lies::Inside } else { Lies::Outside }
}

/// How a point lies to an area of several rings: a ring within another is a hole.
pub(crate) fn lies_in(at: Spot, rings: &[Vec<Spot>]) -> Lies {
    let mut inside = false;
    for ring in rings {
        match lies(at, ring) {
            Lies::OnBorder => return Lies::OnBorder,
            Lies::Inside => inside = !inside,
            Lies::Outside => {}
        }
    }
    if inside { Lies::Inside } else { Lies::Outside }
}

fn between(value: i32, a: i32, b: i32) -> bool {
    (a.min(b)..=a.max(b)).contains(&value)
}

/// Metres from a point to the nearest point of a ring.
#[cfg(feature = "look-up")]
pub(crate) fn metres_to_ring(at: Spot, ring: &[Spot]) -> f64 {
    let Some(mut from) = ring.last().copied() else { return f64::INFINITY };
    let mut nearest = f64::INFINITY;
    for &to in ring {
        nearest = nearest.min(metres_to_line(at, from, to));
        from = to;
    }
    nearest
}

/// The middle of a ring by its area, and twice that area in square micro-degrees.
#[cfg(feature = "look-up")]
pub(crate) fn middle(ring: &[Spot]) -> (Spot, f64) {
    let Some(&first) = ring.first() else { return (Spot::default(), 0.0) };
    // About the first point, so that little is lost in the sums.
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    let relative = |spot: &Spot| (f64::from(spot.x - first.x), f64::from(spot.y - first.y));
    for pair in ring.windows(2) {
        let ((ax, ay), (bx, by)) = (relative(&pair[0]), relative(&pair[1]));
        let cross = ax * by - bx * ay;
        area += cross;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
    }
    if area == 0.0 {
        return (first, 0.0);
    }
    let add = |from: i32, by: f64| from.saturating_add((by / (3.0 * area)).round() as i32);
    (Spot { x: add(first.x, x), y: add(first.y, y) }, area.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spots(points: &[(i32, i32)]) -> Vec<Spot> {
        points.iter().map(|&(x, y)| Spot { x, y }).collect()
    }

    #[test]
    fn a_point_is_inside_on_the_border_or_outside_of_a_ring_with_a_bay() {
        let ring = spots(&[(0, 0), (10, 0), (10, 10), (5, 4), (0, 10)]);
        for (x, y, wanted) in [
            (5, 2, Lies::Inside),
            (1, 7, Lies::Inside),
            (5, 7, Lies::Outside),
            (5, 4, Lies::OnBorder),
            (0, 0, Lies::OnBorder),
            (10, 3, Lies::OnBorder),
            (11, 0, Lies::Outside),
            (-1, 10, Lies::Outside),
        ] {
            assert_eq!(lies(Spot { x, y }, &ring), wanted, "{x} {y}");
        }
        assert_eq!(lies(Spot::default(), &[]), Lies::Outside);
    }

    #[test]
    fn a_kilometre_north_and_east_is_a_kilometre() {
        let monas = Spot::of_degrees(-6.1754, 106.8272).expect("on the map");
        let north = Spot::of_degrees(-6.1754 + 0.008_993, 106.8272).expect("on the map");
        let east = Spot::of_degrees(-6.1754, 106.8272 + 0.009_045).expect("on the map");
        assert!((monas.metres_to(north) - 1000.0).abs() < 2.0, "{}", monas.metres_to(north));
        assert!((monas.metres_to(east) - 1000.0).abs() < 2.0, "{}", monas.metres_to(east));
    }

    #[test]
    fn what_is_on_no_map_is_no_spot() {
        for (lat, lng) in [(f64::NAN, 0.0), (91.0, 0.0), (0.0, 181.0), (f64::INFINITY, 0.0)] {
            assert_eq!(Spot::of_degrees(lat, lng), None);
        }
    }

    proptest! {
        #[test]
        fn the_middle_of_a_triangle_is_in_it(
            a in (0_i32..1000, 0_i32..1000), b in (2000_i32..3000, 0_i32..1000), c in (0_i32..3000, 5000_i32..9000),
        ) {
            let ring = spots(&[a, b, c]);
            prop_assert_eq!(lies(middle(&ring).0, &ring), Lies::Inside);
        }
    }
}
