//! What is known about a call: what the line brought, and what the operator typed.

use crate::{Priority, Redacted, Timestamp, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// By which way the report came in. Only the telephone exists now; text channels come later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Channel {
    /// A voice call to 110.
    #[default]
    Telephone,
    /// A typed conversation.
    Text,
}

/// Who dialled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Direction {
    /// The citizen dialled 110.
    #[default]
    Inbound,
    /// We called the citizen back.
    CallBack,
}

/// What is known of the caller's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CallerStatus {
    /// Given by a trunk or an account that we trust (P-Asserted-Identity, RFC 3325).
    Verified,
    /// Given by the calling party alone.
    Claimed,
    /// Not given.
    #[default]
    Withheld,
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Caller {
    /// The number as it came, at most 64 characters; empty when withheld.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub number: Redacted<String>,
    /// How far it can be trusted.
    pub status: CallerStatus,
}

/// A point on the earth, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Point {
    /// Degrees north, −90 to 90.
    pub lat: f64,
    /// Degrees east, −180 to 180.
    pub lng: f64,
}

/// Where the network believes the telephone to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CellLocation {
    /// The middle of the area.
    pub point: Point,
    /// Radius in metres within which the telephone is with 95 % probability.
    pub uncertainty_m: u32,
    /// Who says so, e.g. `operator-cell` or `aml`.
    pub source: String,
}

/// What the line brought, fixed at arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallFacts {
    /// The way the report came in.
    pub channel: Channel,
    /// Who calls.
    pub caller: Caller,
    /// Where the network believes the telephone to be, if it says so.
    pub cell_location: Option<CellLocation>,
    /// When the call reached the switch; of a call back, when it was asked for.
    pub arrived_at: Timestamp,
    /// Who dialled.
    #[serde(default)]
    pub direction: Direction,
}

/// Yes, no, or not known yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Tri {
    /// The caller said yes.
    Yes,
    /// The caller said no.
    No,
    /// Not asked or not known.
    #[default]
    Unknown,
}

/// The four questions that decide whether somebody may die.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Danger {
    /// Somebody cannot get out ("terjebak").
    pub trapped: Tri,
    /// A weapon is there ("senjata").
    pub weapon: Tri,
    /// Somebody is hurt ("luka").
    pub injured: Tri,
    /// It is still going on ("berlanjut").
    pub ongoing: Tri,
}

/// A service beside the police that may be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum OtherService {
    /// 119, ambulance.
    Ambulance,
    /// 113, fire brigade (damkar).
    Fire,
    /// 115, search and rescue (Basarnas).
    Rescue,
    /// 112, the municipal emergency number.
    Municipal,
    /// Jasa Marga, the toll road operator.
    TollRoad,
}

/// What the operator typed. Every field may be empty while it is being typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Form {
    /// Where it happens, in the caller's words ("Kelapa Dua, dekat Brimob"). At most 500 characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub location: Redacted<String>,
    /// The resolved area as a Kemendagri code of a kecamatan (`31.74.07`) or kelurahan
    /// (`31.74.07.1005`); empty when not resolved.
    pub area_code: String,
    /// The place as a point, when somebody marked it.
    pub point: Option<Point>,
    /// What happened, in the operator's words and abbreviations. At most 8,000 characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub narrative: Redacted<String>,
    /// Branch and leaf of the tree of call kinds, e.g. `pelaporan/kebakaran`; empty when not chosen.
    pub kind: String,
    /// The priority that the operator chose; `None` leaves it to the advice.
    pub priority: Option<Priority>,
    /// The four questions of danger.
    pub danger: Danger,
    /// The caller's name, if given.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub reporter_name: Redacted<String>,
    /// The caller's relation to the matter ("cucu korban", "saksi").
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub reporter_relation: Redacted<String>,
    /// The caller asks to stay unnamed.
    pub hide_identity: bool,
    /// Calling back could put the caller in danger.
    pub no_call_back: bool,
    /// Other services that were told already.
    pub services: BTreeSet<OtherService>,
    /// The unit that the operator picked, whose desks then see this form before they ring.
    pub unit: Option<UnitId>,
}

/// Everything that a plugin may know about a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Intake {
    /// What the line brought.
    pub facts: CallFacts,
    /// What the operator typed.
    pub form: Form,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_an_older_desk_still_reads() {
        let form: Form =
            serde_json::from_str(r#"{"location": "Blok M"}"#).expect("missing fields are empty");
        assert_eq!(form.location.expose(), "Blok M");
        assert_eq!(form.danger.trapped, Tri::Unknown);
    }
}
