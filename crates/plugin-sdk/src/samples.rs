//! Inputs for tests of rules: an intake of which only the words are given, and a host that knows no
//! place.

use crate::places::{Place, Places};
use crate::types::{
    CallFacts, Caller, CallerStatus, Channel, Danger, Form, Intake, Point, Timestamp, Tri,
};

/// 14 March 2026, 07:12 in Jakarta.
pub const MORNING: Timestamp = 1_773_447_120_000;

/// A telephone call from a withheld number, of which only place and narrative are known.
pub fn intake(location: &str, narrative: &str) -> Intake {
    Intake {
        facts: CallFacts {
            channel: Channel::Telephone,
            caller: Caller { number: String::new(), status: CallerStatus::Withheld },
            cell_location: None,
            arrived_at: MORNING,
        },
        form: Form {
            location: location.to_owned(),
            area_code: String::new(),
            point: None,
            narrative: narrative.to_owned(),
            kind: String::new(),
            priority: None,
            danger: Danger {
                trapped: Tri::Unknown,
                weapon: Tri::Unknown,
                injured: Tri::Unknown,
                ongoing: Tri::Unknown,
            },
            reporter_name: String::new(),
            reporter_relation: String::new(),
            hide_identity: false,
            no_call_back: false,
            services: Vec::new(),
            unit: None,
        },
        now: MORNING + 30_000,
    }
}

/// No place is known.
pub struct Nowhere;

impl Places for Nowhere {
    fn by_name(&self, _words: &str) -> Vec<Place> {
        Vec::new()
    }

    fn by_point(&self, _at: Point) -> Vec<Place> {
        Vec::new()
    }

    fn by_circle(&self, _middle: Point, _radius_m: u32) -> Vec<Place> {
        Vec::new()
    }

    fn toll_kilometre(&self, _road: &str, _km: f64) -> Vec<Place> {
        Vec::new()
    }

    fn by_code(&self, _code: &str) -> Option<Place> {
        None
    }

    fn neighbours(&self, _unit: &str, _at: Option<Point>) -> Vec<String> {
        Vec::new()
    }
}
