//! Inputs for tests of rules: an intake of which only the words are given.

use crate::types::{
    CallFacts, Caller, CallerStatus, Channel, Danger, Form, Intake, Timestamp, Tri,
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
