//! The host's gazetteer for the rules of a plugin without a component in between.

use siaga_model::Point;
use siaga_plugin_host::{FormGazetteer, Gazetteer, PlaceKind, Relation};
use siaga_plugin_sdk::places::{self, Place, Places};
use siaga_plugin_sdk::types;

/// The gazetteer, as rules ask it.
pub(crate) struct Native(pub(crate) FormGazetteer);

fn native(place: siaga_plugin_host::Place) -> Place {
    Place {
        name: place.name,
        code: place.code,
        kind: match place.kind {
            PlaceKind::Province => places::PlaceKind::Province,
            PlaceKind::Region => places::PlaceKind::Region,
            PlaceKind::Kecamatan => places::PlaceKind::Kecamatan,
            PlaceKind::Kelurahan => places::PlaceKind::Kelurahan,
            PlaceKind::Quarter => places::PlaceKind::Quarter,
            PlaceKind::Landmark => places::PlaceKind::Landmark,
            PlaceKind::Street => places::PlaceKind::Street,
            PlaceKind::TollRoad => places::PlaceKind::TollRoad,
        },
        within: place.within,
        unit: place.unit.into(),
        polsek: place.polsek,
        at: place.at.map(|at| types::Point { lat: at.lat, lng: at.lng }),
        words: place.words,
        starts: place.starts,
        relation: match place.relation {
            Relation::Here => places::Relation::Here,
            Relation::Beside => places::Relation::Beside,
            Relation::Opposite => places::Relation::Opposite,
            Relation::Origin => places::Relation::Origin,
            Relation::Towards => places::Relation::Towards,
            Relation::Elsewhere => places::Relation::Elsewhere,
        },
        score: place.score,
        distance_m: place.distance_m,
    }
}

fn point(at: types::Point) -> Point {
    Point { lat: at.lat, lng: at.lng }
}

impl Places for Native {
    fn by_name(&self, words: &str) -> Vec<Place> {
        self.0.by_name(words).into_iter().map(native).collect()
    }

    fn by_point(&self, at: types::Point) -> Vec<Place> {
        self.0.by_point(point(at)).into_iter().map(native).collect()
    }

    fn by_circle(&self, middle: types::Point, radius_m: u32) -> Vec<Place> {
        self.0.by_circle(point(middle), radius_m).into_iter().map(native).collect()
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        self.0.by_code(code).map(native)
    }

    fn toll_kilometre(&self, road: &str, km: f64) -> Vec<Place> {
        self.0.toll_kilometre(road, km).into_iter().map(native).collect()
    }

    fn neighbours(&self, unit: &str, at: Option<types::Point>) -> Vec<String> {
        self.0.neighbours(unit, at.map(point)).into_iter().map(String::from).collect()
    }
}
