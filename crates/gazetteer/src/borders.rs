//! The borders of the kelurahan in a compact form.
//!
//! Neighbours share a border, so it is stored once: an *arc* is a piece of border between two corners
//! where three areas meet, and an area is a list of arcs. Points within an arc are stored as steps
//! from the one before. The 3.2 MB of GeoJSON that Jabodetabek's layer takes become a tenth.

#[cfg(feature = "geojson")]
pub mod geojson;

use crate::Code;
use crate::form::FormError;
use crate::geometry::Spot;
use serde::{Deserialize, Serialize};

/// What a file of borders begins with.
const MAGIC: &[u8; 8] = b"SIAGABT1";

/// Areas with their borders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borders {
    /// Each a chain of steps east and north, the first from the end of the arc before it.
    pub(crate) arcs: Vec<Vec<(i32, i32)>>,
    pub(crate) areas: Vec<Area>,
}

/// One kelurahan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Area {
    pub(crate) code: Code,
    /// Each a list of arcs that lead round: `n` the arc, `!n` the arc backwards. A ring within
    /// another is a hole.
    pub(crate) rings: Vec<Vec<i32>>,
}

impl Borders {
    /// Reads what [`Borders::to_bytes`] wrote.
    ///
    /// # Errors
    /// When it is something else, damaged, or leads to an arc that is not there.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        let body = bytes.strip_prefix(MAGIC).ok_or(FormError::Foreign)?;
        let borders: Self = postcard::from_bytes(body).map_err(|_| FormError::Damaged)?;
        borders.check()?;
        Ok(borders)
    }

    /// The compact form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(postcard::to_allocvec(self).expect("plain lists have a compact form"));
        bytes
    }

    /// The codes of the areas, in their order.
    pub fn codes(&self) -> impl Iterator<Item = Code> {
        self.areas.iter().map(|area| area.code)
    }

    /// How many corners are stored.
    pub fn corners(&self) -> usize {
        self.arcs.iter().map(Vec::len).sum()
    }

    pub(crate) fn check(&self) -> Result<(), FormError> {
        let known = |&arc: &i32| {
            let arc = if arc < 0 { !arc } else { arc };
            usize::try_from(arc).is_ok_and(|arc| arc < self.arcs.len())
        };
        if self.areas.iter().flat_map(|area| &area.rings).flatten().all(known) {
            Ok(())
        } else {
            Err(FormError::Damaged)
        }
    }

    /// The rings of each area, unfolded, in the order of the areas.
    pub(crate) fn unfold(&self) -> Vec<(Code, Vec<Vec<Spot>>)> {
        let mut at = Spot::default();
        let arcs: Vec<Vec<Spot>> = self.arcs.iter().map(|steps| walk(steps, &mut at)).collect();
        let ring = |ring: &Vec<i32>| {
            let mut spots = Vec::new();
            for &arc in ring {
                if arc < 0 {
                    let arc = usize::try_from(!arc).ok().and_then(|n| arcs.get(n));
                    spots.extend(arc.into_iter().flat_map(|arc| arc.iter().rev()).copied());
                } else {
                    let arc = usize::try_from(arc).ok().and_then(|n| arcs.get(n));
                    spots.extend(arc.into_iter().flatten().copied());
                }
                // The next arc begins where this one ends.
                spots.pop();
            }
            spots
        };
        self.areas.iter().map(|area| (area.code, area.rings.iter().map(ring).collect())).collect()
    }
}

fn walk(steps: &[(i32, i32)], at: &mut Spot) -> Vec<Spot> {
    steps
        .iter()
        .map(|(x, y)| {
            // A damaged file must not bring the program down.
            *at = Spot { x: at.x.wrapping_add(*x), y: at.y.wrapping_add(*y) };
            *at
        })
        .collect()
}
