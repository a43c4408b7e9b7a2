//! Points: which kelurahan they lie in, and whose land is near.

use crate::Code;
use crate::form::{Form, UnitNo};
use crate::geometry::{Lies, Spot, lies, lies_in, metres_to_ring};
use rstar::{AABB, RTree, RTreeObject};
use rustc_hash::FxHashMap;

/// How far another unit's land is named beside a point.
const NEAR_METRES: f64 = 250.0;
/// How far the nearest land is named for a point on none: a bank, a gap between two borders.
const SHORE_METRES: f64 = 1500.0;
/// The same for a point at sea among islands.
const SEA_METRES: f64 = 12_000.0;
/// Millionths of a degree north in a metre, a little too many.
const MICRO_PER_METRE: f64 = 9.1;

/// An area with the box that holds it.
struct Land {
    code: Code,
    unit: UnitNo,
    rings: Vec<Vec<Spot>>,
    low: [i32; 2],
    high: [i32; 2],
}

/// A box in the tree, and whose.
struct Boxed {
    land: usize,
    low: [i32; 2],
    high: [i32; 2],
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[i32; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.low, self.high)
    }
}

/// Land at or near a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    /// A zone, by its number in the form.
    Zone { zone: usize, unit: UnitNo },
    /// A kelurahan, and how far it is.
    Land { code: Code, unit: UnitNo, metres: f64 },
}

/// All land.
pub(crate) struct Lands {
    lands: Vec<Land>,
    tree: RTree<Boxed>,
    zones: Vec<(UnitNo, Vec<Spot>)>,
}

impl Lands {
    pub(crate) fn of(form: &Form) -> Self {
        let units: FxHashMap<Code, UnitNo> =
            form.kecamatan.iter().map(|row| (row.code, row.unit)).collect();
        let mut lands = Vec::new();
        for (code, rings) in form.borders.unfold() {
            let Some(&unit) = units.get(&code.at_level(3)) else { continue };
            let spots = || rings.iter().flatten();
            let (Some(x0), Some(x1), Some(y0), Some(y1)) = (
                spots().map(|spot| spot.x).min(),
                spots().map(|spot| spot.x).max(),
                spots().map(|spot| spot.y).min(),
                spots().map(|spot| spot.y).max(),
            ) else {
                continue;
            };
            lands.push(Land { code, unit, low: [x0, y0], high: [x1, y1], rings });
        }
        let boxes = lands
            .iter()
            .enumerate()
            .map(|(n, land)| Boxed { land: n, low: land.low, high: land.high })
            .collect();
        let zones = form.zones.iter().map(|zone| (zone.unit, zone.ring.clone())).collect();
        Self { tree: RTree::bulk_load(boxes), lands, zones }
    }

    /// What lies at a point, nearest first: a zone, its kelurahan, and the nearest land of each other
    /// unit near by. Far from all land it is empty.
    pub(crate) fn at(&self, at: Spot) -> Vec<At> {
        let mut found: Vec<At> = self.zones_at(at).collect();
        let mut lands = self.within(at, NEAR_METRES);
        if lands.is_empty() {
            lands = self.within(at, SHORE_METRES);
        }
        if lands.is_empty() {
            lands = self.within(at, SEA_METRES);
        }
        let mut units: Vec<UnitNo> = Vec::new();
        for (metres, land) in lands {
            let land = &self.lands[land];
            if !units.contains(&land.unit) {
                units.push(land.unit);
                found.push(At::Land { code: land.code, unit: land.unit, metres });
            }
        }
        found
    }

    /// Whose a point is, if it lies on land or in a zone.
    pub(crate) fn owner(&self, at: Spot) -> Option<(UnitNo, Option<Code>)> {
        if let Some(At::Zone { unit, .. }) = self.zones_at(at).next() {
            return Some((unit, None));
        }
        self.boxes(at, 0)
            .filter(|land| lies_in(at, &land.rings) != Lies::Outside)
            .map(|land| (land.unit, Some(land.code)))
            .min_by_key(|(_, code)| *code)
    }

    /// Units by the distance of their nearest land, as far as boxes tell.
    pub(crate) fn units_near(&self, at: Spot, most: usize) -> Vec<UnitNo> {
        let mut units: Vec<(f64, UnitNo)> = Vec::new();
        for land in &self.lands {
            let near = Spot {
                x: at.x.clamp(land.low[0], land.high[0]),
                y: at.y.clamp(land.low[1], land.high[1]),
            };
            let metres = at.metres_to(near);
            match units.iter_mut().find(|(_, unit)| *unit == land.unit) {
                Some(known) => known.0 = known.0.min(metres),
                None => units.push((metres, land.unit)),
            }
        }
        units.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        units.into_iter().take(most).map(|(_, unit)| unit).collect()
    }

    fn zones_at(&self, at: Spot) -> impl Iterator<Item = At> {
        self.zones
            .iter()
            .enumerate()
            .filter(move |(_, (_, ring))| lies(at, ring) != Lies::Outside)
            .map(|(zone, (unit, _))| At::Zone { zone, unit: *unit })
    }

    fn boxes(&self, at: Spot, margin: i32) -> impl Iterator<Item = &Land> {
        let low = [at.x.saturating_sub(margin), at.y.saturating_sub(margin)];
        let high = [at.x.saturating_add(margin), at.y.saturating_add(margin)];
        self.tree
            .locate_in_envelope_intersecting(AABB::from_corners(low, high))
            .map(|boxed| &self.lands[boxed.land])
    }

    /// Land within some metres, nearest first; among equals by code.
    fn within(&self, at: Spot, metres: f64) -> Vec<(f64, usize)> {
        let margin = (metres * MICRO_PER_METRE) as i32;
        let low = [at.x.saturating_sub(margin), at.y.saturating_sub(margin)];
        let high = [at.x.saturating_add(margin), at.y.saturating_add(margin)];
        let mut found: Vec<(f64, usize)> = self
            .tree
            .locate_in_envelope_intersecting(AABB::from_corners(low, high))
            .filter_map(|boxed| {
                let land = &self.lands[boxed.land];
                let away = match lies_in(at, &land.rings) {
                    Lies::Outside => land
                        .rings
                        .iter()
                        .map(|ring| metres_to_ring(at, ring))
                        .fold(f64::INFINITY, f64::min),
                    Lies::Inside | Lies::OnBorder => 0.0,
                };
                (away <= metres).then_some((away, boxed.land))
            })
            .collect();
        found.sort_by(|a, b| {
            a.0.total_cmp(&b.0).then(self.lands[a.1].code.cmp(&self.lands[b.1].code))
        });
        found
    }
}
