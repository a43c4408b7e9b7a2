//! Codes of Kemendagri: province, kabupaten or kota, kecamatan, kelurahan.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A code such as `31`, `31.74`, `31.74.01` or `31.74.01.1001`.
///
/// The digits of the levels that it does not have are zero, so what lies within what is a comparison
/// of numbers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Code(u64);

/// What each level counts in.
const STEPS: [u64; 4] = [100_000_000, 1_000_000, 10_000, 1];

impl Code {
    /// The code of nothing.
    pub const NONE: Self = Self(0);

    /// 1 a province, 2 a kabupaten or kota, 3 a kecamatan, 4 a kelurahan; 0 for [`Code::NONE`].
    pub fn level(self) -> usize {
        match self.0 {
            0 => 0,
            digits if digits.is_multiple_of(STEPS[0]) => 1,
            digits if digits.is_multiple_of(STEPS[1]) => 2,
            digits if digits.is_multiple_of(STEPS[2]) => 3,
            _ => 4,
        }
    }

    /// What it lies in at a level; itself at its own.
    #[must_use]
    pub fn at_level(self, level: usize) -> Self {
        match level {
            0 => Self::NONE,
            4.. => self,
            _ => Self(self.0 - self.0 % STEPS[level - 1]),
        }
    }

    /// Whether `other` is this place or lies within it.
    pub fn contains(self, other: Self) -> bool {
        let level = self.level();
        level > 0 && other.at_level(level) == self
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |step: u64, size: u64| self.0 / step % size;
        let level = self.level();
        if level >= 1 {
            write!(f, "{:02}", part(STEPS[0], 100))?;
        }
        if level >= 2 {
            write!(f, ".{:02}", part(STEPS[1], 100))?;
        }
        if level >= 3 {
            write!(f, ".{:02}", part(STEPS[2], 100))?;
        }
        if level >= 4 {
            write!(f, ".{:04}", part(STEPS[3], 10_000))?;
        }
        Ok(())
    }
}

/// A text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no code of Kemendagri: it is written 31, 31.74, 31.74.01 or 31.74.01.1001")]
pub struct NoCode;

impl FromStr for Code {
    type Err = NoCode;

    fn from_str(text: &str) -> Result<Self, NoCode> {
        if text.split('.').count() > STEPS.len() {
            return Err(NoCode);
        }
        let mut digits = 0;
        for (part, step) in text.split('.').zip(STEPS) {
            let wanted = if step == 1 { 4 } else { 2 };
            if part.len() != wanted || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(NoCode);
            }
            let value: u64 = part.parse().map_err(|_| NoCode)?;
            if value == 0 {
                return Err(NoCode);
            }
            digits += value * step;
        }
        Ok(Self(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> Code {
        text.parse().expect(text)
    }

    #[test]
    fn a_place_contains_what_its_code_begins() {
        let kelurahan = code("31.74.01.1001");
        for (text, inside) in [
            ("31", true),
            ("31.74", true),
            ("31.74.01", true),
            ("31.75", false),
            ("31.74.02", false),
        ] {
            assert_eq!(code(text).contains(kelurahan), inside, "{text}");
        }
        assert!(kelurahan.contains(kelurahan) && !kelurahan.contains(code("31.74.01")));
        assert!(!Code::NONE.contains(kelurahan));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in
            ["", "3", "31.", "31.7", "31.74.01.1", "31.74.01.1001.1", "31.00", "é1", "-1.74"]
        {
            assert_eq!(text.parse::<Code>(), Err(NoCode), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_survives_its_text(
            a in 1_u64..100, b in 1_u64..100, c in 1_u64..100, d in 1_u64..10_000, level in 1_usize..=4,
        ) {
            let full = format!("{a:02}.{b:02}.{c:02}.{d:04}");
            let text = &full[..[2, 5, 8, 13][level - 1]];
            prop_assert_eq!(code(text).to_string(), text);
            prop_assert_eq!(code(text).level(), level);
        }
    }
}
