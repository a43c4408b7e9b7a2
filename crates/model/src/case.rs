//! The case: what stays after the call.

use crate::{CallId, Form, Priority, SeatId, Timestamp, UnitId, Validity};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that is not a case number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a case number (110-CODE-YYMMDD-NNNNNN): {0:?}")]
pub struct CaseNumberError(pub String);

/// The number that is told to the caller, `110-PMJ-261123-000123`: the Polda's code, the local day
/// on which the block was leased, and a running number within that day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct CaseNumber {
    code: String,
    day: u32,
    running: u32,
}

impl CaseNumber {
    /// From a Polda's code (2–8 capitals), a day as `YYMMDD` and a running number up to 999,999.
    pub fn new(code: &str, day: u32, running: u32) -> Result<Self, CaseNumberError> {
        let good_code =
            (2..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
        let (month, date) = (day / 100 % 100, day % 100);
        let good_day = day <= 991_231 && (1..=12).contains(&month) && (1..=31).contains(&date);
        if good_code && good_day && running <= 999_999 {
            Ok(Self { code: code.to_owned(), day, running })
        } else {
            Err(CaseNumberError(format!("110-{code}-{day:06}-{running:06}")))
        }
    }

    /// The Polda's code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The local day, as `YYMMDD`.
    pub const fn day(&self) -> u32 {
        self.day
    }

    /// The running number within the day.
    pub const fn running(&self) -> u32 {
        self.running
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "110-{}-{:06}-{:06}", self.code, self.day, self.running)
    }
}

impl FromStr for CaseNumber {
    type Err = CaseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || CaseNumberError(text.to_owned());
        let digits = |part: &str| {
            (part.len() == 6 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())
                .flatten()
        };
        let mut parts = text.split('-');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("110"), Some(code), Some(day), Some(running), None) => {
                Self::new(code, digits(day).ok_or_else(error)?, digits(running).ok_or_else(error)?)
                    .map_err(|_| error())
            }
            _ => Err(error()),
        }
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = CaseNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CaseNumber> for String {
    fn from(number: CaseNumber) -> Self {
        number.to_string()
    }
}

/// Kinds of calls that are no report. They stay apart in every figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum NotReport {
    /// Nobody speaks ("kosong"); only after the silent-call procedure.
    Silent,
    /// Hung up after a ring ("dering sekali").
    RingOnce,
    /// Misdialled ("salah sambung").
    Misdial,
    /// Prank ("iseng").
    Prank,
    /// A test call ("uji coba").
    Test,
}

/// How a call ended for the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Disposition {
    /// No report; closed where it was answered.
    NotReport {
        /// Which kind.
        reason: NotReport,
    },
    /// A question, answered.
    Information,
    /// The unit's operator took over, followed up and closed.
    HandledByUnit {
        /// The unit.
        unit: UnitId,
    },
    /// The unit could not be reached; it has the form, and the caller was told that it will act.
    ForwardedToUnit {
        /// The unit.
        unit: UnitId,
    },
    /// Handled where it was answered.
    HandledHere,
    /// The caller hung up before anybody closed; on the call-back list.
    Abandoned,
    /// A call back that the citizen did not take; still on the call-back list.
    NotReached,
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CaseStatus {
    /// Being taken.
    Open,
    /// A unit has to act.
    WithUnit,
    /// Somebody has to call back.
    CallBack,
    /// Done.
    Closed,
}

/// What stays after the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Case {
    /// The number told to the caller.
    pub number: CaseNumber,
    /// The call it came from.
    pub call: CallId,
    /// What was typed, as last stored.
    pub form: Form,
    /// The last verdict, overridden or not.
    pub validity: Validity,
    /// The priority that holds.
    pub priority: Priority,
    /// The unit that is responsible.
    pub unit: Option<UnitId>,
    /// How the call ended; `None` while it lives.
    pub disposition: Option<Disposition>,
    /// Where the case stands.
    pub status: CaseStatus,
    /// The seat that opened it.
    pub opened_by: SeatId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the call was closed.
    pub closed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_case_number_survives_its_text(running in 0_u32..1_000_000) {
            let number = CaseNumber::new("PMJ", 261_123, running).expect("in range");
            prop_assert_eq!(number.to_string().parse::<CaseNumber>(), Ok(number));
        }

        #[test]
        fn any_text_is_read_or_refused_but_never_panics(text in ".{0,40}") {
            let _ = text.parse::<CaseNumber>();
        }
    }

    #[test]
    fn a_case_number_reads_as_it_is_printed() {
        let number: CaseNumber = "110-PMJ-261123-000123".parse().expect("a good number");
        assert_eq!(number.running(), 123);
        assert!("110-PMJ-261323-000123".parse::<CaseNumber>().is_err());
        assert!("110-PMJ-261123-123".parse::<CaseNumber>().is_err());
    }
}
