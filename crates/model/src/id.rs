//! Identities. Each is a type of its own, so that a seat can never be passed for a unit.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// A text that is not an identity of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {text:?}")]
pub struct ParseIdError {
    /// What was expected: "call id", "seat id", …
    pub kind: &'static str,
    /// What was given.
    pub text: String,
}

/// One 110 call, from its arrival to its end. A ULID: unique across hubs and sorted by arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct CallId(Ulid);

impl CallId {
    /// From the millisecond of arrival and 80 random bits that the caller of this function draws.
    pub const fn from_parts(unix_ms: u64, random: u128) -> Self {
        Self(Ulid::from_parts(unix_ms, random))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CallId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ulid::from_string(text)
            .map(Self)
            .map_err(|_| ParseIdError { kind: "call id", text: text.to_owned() })
    }
}

impl TryFrom<String> for CallId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.to_string()
    }
}

/// One leg of a call: the caller's is number 0, every further leg counts up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct LegId {
    /// The call that the leg belongs to.
    pub call: CallId,
    /// Its number within the call.
    pub n: u16,
}

impl LegId {
    /// The leg on which the citizen is.
    pub const fn caller(call: CallId) -> Self {
        Self { call, n: 0 }
    }

    /// Whether this is the citizen's own leg.
    pub const fn is_caller(self) -> bool {
        self.n == 0
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.call, self.n)
    }
}

impl fmt::Debug for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LegId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseIdError { kind: "leg id", text: text.to_owned() };
        let (call, n) = text.split_once('-').ok_or_else(error)?;
        Ok(Self { call: call.parse()?, n: n.parse().map_err(|_| error())? })
    }
}

impl TryFrom<String> for LegId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LegId> for String {
    fn from(id: LegId) -> Self {
        id.to_string()
    }
}

/// Ids that people choose: 1–64 characters of `a-z 0-9 . -`, so that they are safe in a SIP URI,
/// a file name and a log.
fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
}

macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if is_plain(&text) {
                    Ok(Self(text))
                } else {
                    Err(ParseIdError { kind: $kind, text })
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

plain_id!(
    /// A seat: a place with a headset where an operator sits, e.g. `pmj-1` or `jaksel-1`. It is also
    /// the user part of the seat's SIP address.
    SeatId,
    "seat id"
);

plain_id!(
    /// An organisation that takes calls: `pmj` (Polda Metro Jaya), `pmj.jaksel` (a Polres under it).
    UnitId,
    "unit id"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_leg_id_survives_its_text(ms in 0_u64..1 << 48, random in 0_u128..1 << 80, n: u16) {
            let leg = LegId { call: CallId::from_parts(ms, random), n };
            prop_assert_eq!(leg.to_string().parse::<LegId>(), Ok(leg));
        }
    }

    #[test]
    fn an_id_that_could_break_a_uri_or_a_path_is_refused() {
        for bad in ["", "a b", "../etc", "sip:x@y", "PMJ", "a\r\nb"] {
            assert!(bad.parse::<SeatId>().is_err(), "{bad:?}");
        }
        assert!("pmj-1".parse::<SeatId>().is_ok());
    }
}
