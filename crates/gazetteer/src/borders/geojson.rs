//! Making [`Borders`] of the GeoJSON that a mapping office gives.
//!
//! Nothing moves between two units: wherever another unit is near, a border is kept to the last digit.
//! A border between two areas of the same unit, or a coast with no other unit near, is thinned to a
//! tolerance, because it decides only which kelurahan is named.

use super::{Area, Borders};
use crate::Code;
use crate::geometry::{Lies, Spot, lies_in};
use serde::Deserialize;
use std::collections::HashMap;

/// A layer as it was read: each area with its rings, open (the last corner is not the first again).
pub type Layer = Vec<(Code, Vec<Vec<Spot>>)>;

/// Why a layer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// No GeoJSON of the expected shape.
    #[error("no feature collection of polygons with a property \"kode\": {0}")]
    Json(#[from] serde_json::Error),
    /// A feature has no usable code.
    #[error("feature {feature}: {kode:?} is no code of Kemendagri")]
    Code {
        /// Its place in the file, from 0.
        feature: usize,
        /// What stands there.
        kode: String,
    },
    /// A corner lies on no map.
    #[error("{code}: a corner lies on no map")]
    Corner {
        /// Whose corner.
        code: Code,
    },
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Properties {
    kode: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<(f64, f64)>>),
    MultiPolygon(Vec<Vec<Vec<(f64, f64)>>>),
}

/// Reads a feature collection of polygons, each with its code as the property `kode`.
///
/// # Errors
/// See [`LayerError`].
pub fn read(json: &str) -> Result<Layer, LayerError> {
    let collection: Collection = serde_json::from_str(json)?;
    let mut layer = Layer::with_capacity(collection.features.len());
    for (n, feature) in collection.features.into_iter().enumerate() {
        let kode = feature.properties.kode;
        let code: Code =
            kode.parse().map_err(|_| LayerError::Code { feature: n, kode: kode.clone() })?;
        let rings = match feature.geometry {
            Geometry::Polygon(rings) => rings,
            Geometry::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
        };
        let mut read = Vec::with_capacity(rings.len());
        for ring in rings {
            let mut spots = Vec::with_capacity(ring.len());
            for (lng, lat) in ring {
                spots.push(Spot::of_degrees(lat, lng).ok_or(LayerError::Corner { code })?);
            }
            spots.dedup();
            if spots.first() == spots.last() {
                spots.pop();
            }
            if spots.len() >= 3 {
                read.push(spots);
            }
        }
        layer.push((code, read));
    }
    Ok(layer)
}

/// Borders as a layer again.
pub fn unfold(borders: &Borders) -> Layer {
    borders.unfold()
}

/// The areas of a layer in which a point lies; on a border, of both sides.
pub fn areas_of(layer: &Layer, at: Spot) -> impl Iterator<Item = Code> {
    layer
        .iter()
        .filter(move |(_, rings)| lies_in(at, rings) != Lies::Outside)
        .map(|(code, _)| *code)
}

/// The first area of a layer in which a point lies.
pub fn area_of(layer: &Layer, at: Spot) -> Option<Code> {
    areas_of(layer, at).next()
}

type Edge = (Spot, Spot);

fn edge(a: Spot, b: Spot) -> Edge {
    if a <= b { (a, b) } else { (b, a) }
}

/// Folds a layer into arcs. Borders with no other `unit` near are thinned to within `tolerance`
/// metres; all others are kept.
pub fn fold<U: PartialEq>(layer: &Layer, unit: impl Fn(Code) -> U, tolerance: f64) -> Borders {
    let owners = owners(layer);
    let corners = corners(&owners);
    let cells = Cells::of(layer);
    let mut borders = Borders::default();
    let mut known: HashMap<Vec<Spot>, (i32, bool)> = HashMap::new();
    let mut last = Spot::default();
    for (code, rings) in layer {
        let mut area = Area { code: *code, rings: Vec::with_capacity(rings.len()) };
        for ring in rings {
            let mut arcs = Vec::new();
            for arc in cut(ring, &corners) {
                let backwards: Vec<Spot> = arc.iter().rev().copied().collect();
                let (key, turned) =
                    if backwards < arc { (backwards, true) } else { (arc.clone(), false) };
                let (n, stored_turned) = *known.entry(key).or_insert_with(|| {
                    let whose = owners.get(&edge(arc[0], arc[1])).map_or(&[][..], Vec::as_slice);
                    let within = match whose {
                        [a, ..] => cells.hold_only(&arc, |n| unit(layer[n].0) == unit(layer[*a].0)),
                        [] => false,
                    };
                    let kept = if within { thin(&arc, tolerance) } else { arc.clone() };
                    // As it was met: it mostly begins where the last one ended.
                    borders.arcs.push(steps(&kept, &mut last));
                    let n = i32::try_from(borders.arcs.len() - 1);
                    (n.expect("far fewer arcs than 2^31"), turned)
                });
                arcs.push(if turned == stored_turned { n } else { !n });
            }
            area.rings.push(arcs);
        }
        borders.areas.push(area);
    }
    borders
}

/// Which areas have borders in each cell of a grid.
struct Cells(HashMap<(i32, i32), Vec<usize>>);

impl Cells {
    /// About 55 m, in micro-degrees; more than any tolerance.
    const SIZE: i32 = 500;

    fn of(layer: &Layer) -> Self {
        let mut cells: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
        for (n, (_, rings)) in layer.iter().enumerate() {
            for ring in rings {
                for (i, from) in ring.iter().enumerate() {
                    for spot in Self::along(*from, ring[(i + 1) % ring.len()]) {
                        let cell = cells.entry(Self::cell(spot)).or_default();
                        if cell.last() != Some(&n) {
                            cell.push(n);
                        }
                    }
                }
            }
        }
        Self(cells)
    }

    fn cell(spot: Spot) -> (i32, i32) {
        (spot.x.div_euclid(Self::SIZE), spot.y.div_euclid(Self::SIZE))
    }

    /// Points along a line, at least one in each cell that it crosses for long.
    fn along(from: Spot, to: Spot) -> impl Iterator<Item = Spot> {
        let (dx, dy) = (i64::from(to.x - from.x), i64::from(to.y - from.y));
        let steps = dx.abs().max(dy.abs()) / i64::from(Self::SIZE) + 1;
        let part = move |whole: i64, n: i64| i32::try_from(whole * n / steps).unwrap_or(0);
        (0..=steps).map(move |n| Spot { x: from.x + part(dx, n), y: from.y + part(dy, n) })
    }

    /// Whether all areas with borders near an arc are of one sort.
    fn hold_only(&self, arc: &[Spot], same: impl Fn(usize) -> bool) -> bool {
        arc.windows(2).flat_map(|pair| Self::along(pair[0], pair[1])).all(|spot| {
            let (x, y) = Self::cell(spot);
            (-1..=1).all(|dx| {
                (-1..=1).all(|dy| {
                    self.0.get(&(x + dx, y + dy)).is_none_or(|areas| areas.iter().all(|n| same(*n)))
                })
            })
        })
    }
}

/// The areas on both sides of each edge.
fn owners(layer: &Layer) -> HashMap<Edge, Vec<usize>> {
    let mut owners: HashMap<Edge, Vec<usize>> = HashMap::new();
    for (n, (_, rings)) in layer.iter().enumerate() {
        for ring in rings {
            for (i, &from) in ring.iter().enumerate() {
                owners.entry(edge(from, ring[(i + 1) % ring.len()])).or_default().push(n);
            }
        }
    }
    owners
}

/// Points where arcs end: where not exactly two edges meet, or two that part different areas.
fn corners(owners: &HashMap<Edge, Vec<usize>>) -> HashMap<Spot, bool> {
    let mut meeting: HashMap<Spot, Vec<&[usize]>> = HashMap::new();
    for ((from, to), areas) in owners {
        meeting.entry(*from).or_default().push(areas);
        meeting.entry(*to).or_default().push(areas);
    }
    meeting
        .into_iter()
        .map(|(spot, edges)| (spot, !matches!(edges[..], [a, b] if a == b)))
        .collect()
}

/// The arcs of a ring, each with both of its ends.
fn cut(ring: &[Spot], corners: &HashMap<Spot, bool>) -> Vec<Vec<Spot>> {
    let is_corner = |spot: &Spot| corners.get(spot).copied().unwrap_or(true);
    // A ring without a corner is cut at its least point, so that both of its sides cut it alike.
    let first = ring.iter().position(is_corner).unwrap_or_else(|| {
        ring.iter().enumerate().min_by_key(|(_, spot)| **spot).map_or(0, |(at, _)| at)
    });
    let mut arcs = Vec::new();
    let mut arc = vec![ring[first]];
    for i in 1..=ring.len() {
        let spot = ring[(first + i) % ring.len()];
        arc.push(spot);
        if i == ring.len() || is_corner(&spot) {
            arcs.push(std::mem::replace(&mut arc, vec![spot]));
        }
    }
    arcs
}

/// Ramer, Douglas and Peucker: leaves out what is within the tolerance of what stays.
fn thin(arc: &[Spot], tolerance: f64) -> Vec<Spot> {
    let last = arc.len() - 1;
    // Of a closed arc at least three corners must stay.
    if arc.len() <= 2 || arc[0] == arc[last] {
        return arc.to_vec();
    }
    let mut keep = vec![false; arc.len()];
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let line = [arc[from], arc[to]];
        let far = (from + 1..to)
            .map(|n| (crate::geometry::metres_to_line(arc[n], line[0], line[1]), n))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((metres, n)) = far
            && metres > tolerance
        {
            keep[n] = true;
            open.extend([(from, n), (n, to)]);
        }
    }
    arc.iter().zip(keep).filter(|(_, keep)| *keep).map(|(spot, _)| *spot).collect()
}

/// The steps along an arc, the first from the end of the last one.
fn steps(arc: &[Spot], last: &mut Spot) -> Vec<(i32, i32)> {
    arc.iter()
        .map(|spot| {
            let step = (spot.x - last.x, spot.y - last.y);
            *last = *spot;
            step
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two squares side by side with a shared border that wavers by half a metre, and an island.
    const LAYER: &str = r#"{"type": "FeatureCollection", "features": [
        {"properties": {"kode": "31.74.01.1001"}, "geometry": {"type": "Polygon", "coordinates":
            [[[106.0,-6.0],[106.01,-6.0],[106.010004,-6.003],[106.009996,-6.006],[106.01,-6.01],[106.0,-6.01],[106.0,-6.0]]]}},
        {"properties": {"kode": "31.74.01.1002"}, "geometry": {"type": "MultiPolygon", "coordinates":
            [[[[106.01,-6.0],[106.02,-6.0],[106.02,-6.01],[106.01,-6.01],[106.009996,-6.006],[106.010004,-6.003],[106.01,-6.0]]],
             [[[106.05,-6.05],[106.06,-6.05],[106.06,-6.06],[106.05,-6.05]]]]}}]}"#;

    #[test]
    fn what_was_folded_unfolds_to_the_same_rings() {
        let layer = read(LAYER).expect("it reads");
        let borders = fold(&layer, |code| code, 5.0);
        let unfolded = Borders::from_bytes(&borders.to_bytes()).expect("it reads").unfold();
        for ((code, rings), (other, back)) in layer.iter().zip(&unfolded) {
            assert_eq!((code, rings.len()), (other, back.len()));
            for (ring, back) in rings.iter().zip(back) {
                let at = back.iter().position(|spot| *spot == ring[0]).expect("it starts there");
                let turned: Vec<Spot> = back[at..].iter().chain(&back[..at]).copied().collect();
                assert_eq!(*ring, turned);
            }
        }
    }

    #[test]
    fn only_a_border_within_one_unit_is_thinned() {
        let layer = read(LAYER).expect("it reads");
        let whole = fold(&layer, |code| code, 5.0).corners();
        let thinned = fold(&layer, |_| "one unit", 5.0).corners();
        assert_eq!(whole - thinned, 2);
    }

    #[test]
    fn a_layer_that_cannot_be_used_says_why() {
        let bad_code = LAYER.replace("31.74.01.1002", "31.74.1");
        assert!(matches!(read(&bad_code), Err(LayerError::Code { feature: 1, .. })));
        assert!(matches!(read("{}"), Err(LayerError::Json(_))));
        let nowhere = LAYER.replace("106.05,", "306.05,");
        assert!(matches!(read(&nowhere), Err(LayerError::Corner { .. })));
    }
}
