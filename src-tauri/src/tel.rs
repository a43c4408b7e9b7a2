//! Links to telephone numbers (`tel:`, RFC 3966) that another program opens with this one.
//!
//! A link dials nothing: whoever can put one on a page could otherwise have an emergency desk call
//! anybody. The desk shows what is known of the number.

use siaga_model::Redacted;
use std::str::FromStr;

/// Longest number that is taken, in digits: E.164 has 15.
const DIGITS: usize = 15;

/// A number out of a link, written as it is dialled: digits, with a `+` before a global one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TelLink(Redacted<String>);

impl TelLink {
    /// The number.
    pub(crate) fn number(&self) -> &Redacted<String> {
        &self.0
    }

    /// The first link among a program's arguments.
    pub(crate) fn among(arguments: &[String]) -> Option<Self> {
        arguments.iter().find_map(|argument| argument.parse().ok())
    }
}

/// Not a link to a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoTelLink;

impl std::fmt::Display for NoTelLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a link to a telephone number (tel:…)")
    }
}

impl std::error::Error for NoTelLink {}

impl FromStr for TelLink {
    type Err = NoTelLink;

    fn from_str(text: &str) -> Result<Self, NoTelLink> {
        let (scheme, rest) = text.split_once(':').ok_or(NoTelLink)?;
        if !scheme.eq_ignore_ascii_case("tel") {
            return Err(NoTelLink);
        }
        // Parameters (`;ext=`, `;phone-context=`) are not part of the number. Some programs write
        // `tel://`, and some escape spaces.
        let written = rest.trim_start_matches('/').split([';', '?']).next().unwrap_or_default();
        let written = written.replace("%20", " ").replace("%2B", "+").replace("%2b", "+");
        let mut number = String::new();
        for c in written.trim().chars() {
            match c {
                '0'..='9' => number.push(c),
                '+' if number.is_empty() => number.push(c),
                // RFC 3966 §3, visual-separator; and the space that people write.
                '-' | '.' | '(' | ')' | ' ' => {}
                _ => return Err(NoTelLink),
            }
        }
        let digits = number.trim_start_matches('+').len();
        if (1..=DIGITS).contains(&digits) {
            Ok(Self(Redacted::new(number)))
        } else {
            Err(NoTelLink)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(link: &str) -> Option<String> {
        link.parse::<TelLink>().ok().map(|link| link.0.into_inner())
    }

    #[test]
    fn a_link_is_read_as_people_and_programs_write_it() {
        for link in [
            "tel:+62-822-0000-1202",
            "TEL:+6282200001202",
            "tel://+6282200001202",
            "tel:%2B62%20822%200000%201202",
            "tel:+62(822)0000.1202;ext=7",
        ] {
            assert_eq!(number(link).as_deref(), Some("+6282200001202"), "{link}");
        }
        assert_eq!(number("tel:110").as_deref(), Some("110"));
    }

    #[test]
    fn what_is_no_number_is_no_link() {
        for link in
            ["tel:", "tel:+", "tel:08+22", "tel:0822x", "tel:1234567890123456", "sip:110", "110"]
        {
            assert_eq!(number(link), None, "{link}");
        }
    }

    #[test]
    fn the_link_is_found_among_other_arguments_and_never_printed() {
        let arguments = ["siaga-desktop", "--desk", "pmj-1", "tel:0822"].map(str::to_owned);
        let link = TelLink::among(&arguments).expect("there is one");
        assert!(!format!("{link:?}").contains("0822"));
        assert_eq!(TelLink::among(&arguments[..3]), None);
    }
}
