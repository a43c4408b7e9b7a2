//! Units beside a unit, for when its seat is busy.

use crate::entry::{Entries, PlaceKind};
use crate::form::{Form, UnitNo};
use crate::geometry::Spot;

/// Neighbours that are kept for each unit.
const MOST: usize = 6;

/// For each unit that has land or landmarks the others, nearest first; those of its own Polda come
/// before others, because they can be rung.
pub(crate) fn of_each(form: &Form, entries: &Entries) -> Vec<Vec<UnitNo>> {
    let mut spots: Vec<Vec<Spot>> = vec![Vec::new(); form.units.len()];
    for entry in &entries.list {
        let fixed = matches!(entry.kind, PlaceKind::Kecamatan | PlaceKind::Kelurahan);
        if let Some(at) = entry.at.filter(|_| fixed) {
            spots[usize::from(entry.unit)].push(at);
        }
    }
    for zone in &form.zones {
        spots[usize::from(zone.unit)].extend(&zone.ring);
    }
    let count = form.units.len();
    let mut nearest = vec![vec![f64::INFINITY; count]; count];
    for a in 0..count {
        for b in 0..a {
            let metres = spots[a]
                .iter()
                .flat_map(|one| spots[b].iter().map(|other| one.metres_to(*other)))
                .fold(f64::INFINITY, f64::min);
            nearest[a][b] = metres;
            nearest[b][a] = metres;
        }
    }
    (0..count)
        .map(|unit| {
            let others = (0..count).filter(|other| nearest[unit][*other].is_finite());
            let mut others: Vec<usize> = others.filter(|other| *other != unit).collect();
            others.sort_by(|a, b| {
                let foreign = |other: &usize| !same_polda(form, unit, *other);
                foreign(a)
                    .cmp(&foreign(b))
                    .then(nearest[unit][*a].total_cmp(&nearest[unit][*b]))
                    .then(a.cmp(b))
            });
            others.into_iter().take(MOST).filter_map(|other| UnitNo::try_from(other).ok()).collect()
        })
        .collect()
}

/// Whether two units stand under one Polda: ids are `polda.polres`.
pub(crate) fn same_polda(form: &Form, a: usize, b: usize) -> bool {
    let polda = |unit: usize| form.units[unit].id.split('.').next().unwrap_or_default();
    polda(a) == polda(b)
}
