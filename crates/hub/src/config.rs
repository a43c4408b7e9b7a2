//! What a hub is told at its start.

use crate::DialPlan;
use siaga_call_flow::FlowConfig;
use siaga_model::{CaseNumber, Level, Seat, SeatId, Timestamp, Unit, UnitId};
use siaga_switch::Clock;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything about one hub. `listen` may have port 0; see [`crate::HubHandle::local_addr`].
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// The units that reports can go to. Replaces those in the store with the same ids.
    pub units: Vec<Unit>,
    /// Their seats.
    pub seats: Vec<Seat>,
    /// The life of a call.
    pub flow: FlowConfig,
    /// Where to listen. Plain HTTP: in a Polda's network a TLS terminator stands before it.
    pub listen: SocketAddr,
    /// The Polda's code in case numbers, e.g. `PMJ`.
    pub polda_code: String,
    /// The local time of the Polda in minutes east of UTC: 420 (WIB), 480 (WITA), 540 (WIT). It
    /// decides to which day a case number belongs.
    pub utc_offset_min: i32,
    /// The plugins that desks are to run: a name and the component's file.
    pub plugins: Vec<(String, PathBuf)>,
    /// The file of places that plugins and forms ask; `None`: that of Polda Metro Jaya, which every
    /// desk has.
    pub gazetteer: Option<PathBuf>,
    /// Whom operators may call outside; [`DialPlan::default`]: nobody.
    pub dial: DialPlan,
    /// The clock; give the same one to an embedded switch.
    pub clock: Clock,
}

/// A configuration with which no hub can work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// The code cannot stand in a case number.
    #[error("{0:?} is no code for case numbers: 2 to 8 capitals")]
    Code(String),
    /// No local time is that far from UTC.
    #[error("{0} minutes is no distance from UTC")]
    Offset(i32),
    /// Two seats or two units have the same id.
    #[error("the id {0} is there twice")]
    Twice(String),
    /// A seat belongs to a unit that is not there.
    #[error("seat {seat} belongs to {unit}, which is no unit")]
    NoSuchUnit {
        /// The seat.
        seat: SeatId,
        /// The missing unit.
        unit: UnitId,
    },
    /// A line of a table of units or seats does not read.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The life of a call is configured wrongly.
    #[error(transparent)]
    Flow(#[from] siaga_call_flow::ConfigError),
}

impl HubConfig {
    /// Checks what one part says about another.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), ConfigFault> {
        CaseNumber::new(&self.polda_code, 260_101, 1)
            .map_err(|_| ConfigFault::Code(self.polda_code.clone()))?;
        local_day(Timestamp(0), self.utc_offset_min)
            .ok_or(ConfigFault::Offset(self.utc_offset_min))?;
        let mut units = BTreeSet::new();
        for unit in &self.units {
            if !units.insert(&unit.id) {
                return Err(ConfigFault::Twice(unit.id.to_string()));
            }
        }
        let mut seats = BTreeSet::new();
        for seat in &self.seats {
            if !seats.insert(&seat.id) {
                return Err(ConfigFault::Twice(seat.id.to_string()));
            }
            if !units.contains(&seat.unit) {
                let (seat, unit) = (seat.id.clone(), seat.unit.clone());
                return Err(ConfigFault::NoSuchUnit { seat, unit });
            }
        }
        Ok(self.flow.check()?)
    }
}

/// The local day as `YYMMDD`; `None` when the time or the offset is out of all range.
pub(crate) fn local_day(at: Timestamp, utc_offset_min: i32) -> Option<u32> {
    let offset = jiff::tz::Offset::from_seconds(utc_offset_min.checked_mul(60)?).ok()?;
    let local = offset.to_datetime(jiff::Timestamp::from_millisecond(at.0).ok()?);
    let year = u32::try_from(local.year().rem_euclid(100)).ok()?;
    let (month, day) = (u32::try_from(local.month()).ok()?, u32::try_from(local.day()).ok()?);
    Some(year * 10_000 + month * 100 + day)
}

/// Reads units from CSV with the header `id,name,code,level,parent`. Fields hold no commas.
///
/// # Errors
/// [`ConfigFault::Line`] with the first line that does not read.
pub fn units_from_csv(text: &str) -> Result<Vec<Unit>, ConfigFault> {
    rows(text, "id,name,code,level,parent", |[id, name, code, level, parent]| {
        Ok(Unit {
            id: id.parse().map_err(|error| format!("{error}"))?,
            name: name.to_owned(),
            code: code.to_owned(),
            level: match level {
                "polsek" => Level::Polsek,
                "polres" => Level::Polres,
                "polda" => Level::Polda,
                "mabes" => Level::Mabes,
                other => return Err(format!("{other:?} is no level")),
            },
            parent: match parent {
                "" => None,
                parent => Some(parent.parse().map_err(|error| format!("{error}"))?),
            },
        })
    })
}

/// Reads seats from CSV with the header `id,unit,label`. Fields hold no commas.
///
/// # Errors
/// [`ConfigFault::Line`] with the first line that does not read.
pub fn seats_from_csv(text: &str) -> Result<Vec<Seat>, ConfigFault> {
    rows(text, "id,unit,label", |[id, unit, label]| {
        Ok(Seat {
            id: id.parse().map_err(|error| format!("{error}"))?,
            unit: unit.parse().map_err(|error| format!("{error}"))?,
            label: label.to_owned(),
        })
    })
}

fn rows<const N: usize, T>(
    text: &str,
    header: &str,
    read: impl Fn([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, ConfigFault> {
    let fault = |line, why: String| ConfigFault::Line { line, why };
    let mut lines = text.lines().map(str::trim).enumerate().map(|(n, line)| (n + 1, line));
    match lines.next() {
        Some((_, first)) if first.trim_start_matches('\u{feff}') == header => {}
        Some(_) | None => return Err(fault(1, format!("the header must be {header}"))),
    }
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(n, line)| {
            let fields: Vec<_> = line.split(',').map(str::trim).collect();
            let count = fields.len();
            let fields = <[&str; N]>::try_from(fields)
                .map_err(|_| fault(n, format!("{count} fields instead of {N}")))?;
            read(fields).map_err(|why| fault(n, why))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_day_changes_at_midnight_in_jakarta() {
        // 2026-11-23 16:59:59.999 UTC is the last millisecond of that day in WIB.
        let last = Timestamp(1_795_453_199_999);
        assert_eq!(local_day(last, 420), Some(261_123));
        assert_eq!(local_day(Timestamp(last.0 + 1), 420), Some(261_124));
        assert_eq!(local_day(last, 540), Some(261_124));
        assert_eq!(local_day(last, 60 * 60), None);
    }

    #[test]
    fn a_table_of_units_is_read_or_the_faulty_line_is_named() {
        let good = "id,name,code,level,parent\npmj,Polda Metro Jaya,PMJ,polda,\n\
                    pmj.jaksel,Polres Metro Jakarta Selatan,JAKSEL,polres,pmj\n";
        let units = units_from_csv(good).unwrap();
        assert_eq!(units.len(), 2);
        assert_eq!(units[1].parent, Some("pmj".parse().unwrap()));
        for (bad, line) in [
            ("", 1),
            ("id,name\n", 1),
            ("id,name,code,level,parent\npmj,Polda\n", 2),
            ("id,name,code,level,parent\n\npmj,Polda,PMJ,kecamatan,\n", 3),
            ("id,name,code,level,parent\nP M J,Polda,PMJ,polda,\n", 2),
        ] {
            let fault = units_from_csv(bad);
            assert!(
                matches!(fault, Err(ConfigFault::Line { line: n, .. }) if n == line),
                "{bad:?}"
            );
        }
    }
}
