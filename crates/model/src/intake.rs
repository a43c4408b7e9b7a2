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

impl Caller {
    /// By which calls are told to be of one person: the number in its national form, `08…`; `None`
    /// when it is withheld.
    pub fn key(&self) -> Option<Redacted<String>> {
        let number = self.number.expose().trim();
        let withheld = match self.status {
            CallerStatus::Withheld => true,
            CallerStatus::Verified | CallerStatus::Claimed => false,
        };
        if withheld || number.is_empty() {
            return None;
        }
        let is_written =
            |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '.' | '(' | ')');
        if !number.chars().all(is_written) {
            // Not a number of the public network: an account of a PBX, say.
            return Some(Redacted::new(number.to_lowercase()));
        }
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let international = digits.strip_prefix("00").unwrap_or(&digits);
        // Indonesia's own numbers come as 08…, +628…, 628… and 00628…, as the trunk likes.
        let national = match international.strip_prefix("62") {
            Some(rest) if rest.len() >= 7 => format!("0{rest}"),
            Some(_) | None => digits.clone(),
        };
        (!national.is_empty()).then(|| Redacted::new(national))
    }
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

impl Point {
    /// Distance to another point in metres, on a sphere: within 0.6 % of the truth.
    pub fn metres_to(self, other: Self) -> f64 {
        const EARTH_M: f64 = 6_371_000.0;
        let (lat, other_lat) = (self.lat.to_radians(), other.lat.to_radians());
        let half = |radians: f64| (radians / 2.0).sin().powi(2);
        let lng = (other.lng - self.lng).to_radians();
        let a = half(other_lat - lat) + lat.cos() * other_lat.cos() * half(lng);
        2.0 * EARTH_M * a.sqrt().min(1.0).asin()
    }
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
    fn one_number_has_one_key_however_the_trunk_writes_it() {
        let key = |number: &str, status| {
            let caller = Caller { number: number.to_owned().into(), status };
            caller.key().map(Redacted::into_inner)
        };
        for written in [
            "081200001101",
            "+62 812 0000 1101",
            "6281200001101",
            "006281200001101",
            "0812-0000-1101",
        ] {
            assert_eq!(key(written, CallerStatus::Verified).as_deref(), Some("081200001101"));
        }
        // 62 is a country only when a whole number follows.
        assert_eq!(key("62110", CallerStatus::Verified).as_deref(), Some("62110"));
        assert_eq!(key("+6587654321", CallerStatus::Claimed).as_deref(), Some("6587654321"));
        assert_eq!(key("Meja-7", CallerStatus::Claimed).as_deref(), Some("meja-7"));
        assert_eq!(key("", CallerStatus::Verified), None);
        assert_eq!(key("0812", CallerStatus::Withheld), None);
        assert_eq!(key("+", CallerStatus::Claimed), None);
    }

    #[test]
    fn a_degree_of_latitude_is_111_km() {
        let south = Point { lat: -6.0, lng: 106.8 };
        let north = Point { lat: -7.0, lng: 106.8 };
        assert!((south.metres_to(north) - 111_195.0).abs() < 10.0);
        assert!(south.metres_to(south) < 0.001);
    }

    #[test]
    fn a_form_of_an_older_desk_still_reads() {
        let form: Form =
            serde_json::from_str(r#"{"location": "Blok M"}"#).expect("missing fields are empty");
        assert_eq!(form.location.expose(), "Blok M");
        assert_eq!(form.danger.trapped, Tri::Unknown);
    }
}
