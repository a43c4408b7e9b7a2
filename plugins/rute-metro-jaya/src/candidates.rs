//! Places that come into question, one for each unit.

use siaga_plugin_sdk::places::Place;

/// From where a place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Point,
    Code,
    Words,
    Cell,
}

impl Source {
    /// How the operator is told.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Point => "titik di peta",
            Self::Code => "wilayah yang dipilih",
            Self::Words => "kata-kata",
            Self::Cell => "perkiraan jaringan seluler",
        }
    }
}

/// A place of a unit.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) place: Place,
    pub(crate) source: Source,
    pub(crate) score: u8,
}

/// One candidate for each unit, best first; among equals as they came.
pub(crate) fn best_per_unit(places: Vec<Place>, source: Source) -> Vec<Candidate> {
    let mut best: Vec<Candidate> = Vec::new();
    for place in places {
        match best.iter_mut().find(|known| known.place.unit == place.unit) {
            Some(known) if known.score < place.score => {
                known.score = place.score;
                known.place = place;
            }
            Some(_) => {}
            None => best.push(Candidate { score: place.score, place, source }),
        }
    }
    best.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    best
}
