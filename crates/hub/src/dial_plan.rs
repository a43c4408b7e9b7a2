//! Whom operators may call out: named services, and patterns for numbers that are typed. What is not
//! in the plan cannot be called. Read from a TOML file:
//!
//! ```toml
//! [[service]]
//! name = "Damkar DKI"
//! number = "113"
//! kind = "fire"                # optional: the service of the form that it is
//!
//! [[number]]
//! pattern = "021XXXXXXX."      # X: any digit; a last dot: one or more further digits
//! roles = ["supervisor"]       # without it: everybody
//! ```

use serde::Deserialize;
use siaga_hub_api::{DialBook, DialEntry, OutsideTarget};
use siaga_model::{OtherService, OutsideParty, Redacted, Role};
use std::collections::BTreeSet;

/// Longest number, in digits (ITU-T E.164 allows 15; prefixes come on top).
const MOST_DIGITS: usize = 24;
/// Longest name of a service, in characters.
const MOST_LETTERS: usize = 60;
/// What is said instead of a sign that means nothing in a number.
const SEPARATORS: [char; 6] = [' ', '-', '.', '(', ')', '/'];
/// Our own: whoever dials it calls this hub.
const OWN_NUMBER: &str = "110";

/// A plan. [`DialPlan::default`] lets nobody call anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    #[serde(default, rename = "service")]
    services: Vec<Named>,
    #[serde(default, rename = "number")]
    numbers: Vec<Numbers>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    number: String,
    kind: Option<OtherService>,
    #[serde(default = "everybody")]
    roles: Vec<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    pattern: String,
    #[serde(default = "everybody")]
    roles: Vec<Role>,
}

fn everybody() -> Vec<Role> {
    vec![Role::Operator, Role::Supervisor]
}

/// Why a plan cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialPlanFault {
    /// It does not read.
    #[error("{0}")]
    Syntax(String),
    /// A service has no name, or a very long one.
    #[error("the name {0:?} has not 1 to {MOST_LETTERS} characters")]
    Name(String),
    /// Two services have the same name.
    #[error("the service {0:?} is there twice")]
    Twice(String),
    /// A number cannot be dialled.
    #[error("{0:?} is no number: 1 to {MOST_DIGITS} digits, a plus before them or none")]
    Number(String),
    /// A pattern says nothing.
    #[error("{0:?} is no pattern: digits, X for any digit, and a dot at the end or none")]
    Pattern(String),
    /// It would let operators call their own hub.
    #[error("{0:?} is or may be 110 itself")]
    Own(String),
    /// It is for nobody.
    #[error("{0:?} is for no role")]
    Nobody(String),
}

impl DialPlan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// The first fault.
    pub fn from_toml(text: &str) -> Result<Self, DialPlanFault> {
        let plan: Self =
            toml::from_str(text).map_err(|error| DialPlanFault::Syntax(error.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<(), DialPlanFault> {
        let mut names = BTreeSet::new();
        for Named { name, number, roles, .. } in &self.services {
            if name.trim().is_empty() || name.chars().count() > MOST_LETTERS {
                return Err(DialPlanFault::Name(name.clone()));
            }
            if !names.insert(name) {
                return Err(DialPlanFault::Twice(name.clone()));
            }
            if typed(number).as_deref() != Some(number) {
                return Err(DialPlanFault::Number(number.clone()));
            }
            if number == OWN_NUMBER {
                return Err(DialPlanFault::Own(number.clone()));
            }
            if roles.is_empty() {
                return Err(DialPlanFault::Nobody(name.clone()));
            }
        }
        for Numbers { pattern, roles } in &self.numbers {
            let digits = pattern.strip_prefix('+').unwrap_or(pattern);
            let digits = digits.strip_suffix('.').unwrap_or(digits);
            let reads = digits.bytes().all(|sign| sign.is_ascii_digit() || sign == b'X');
            if digits.is_empty() || digits.len() > MOST_DIGITS || !reads {
                return Err(DialPlanFault::Pattern(pattern.clone()));
            }
            if fits(pattern, OWN_NUMBER) {
                return Err(DialPlanFault::Own(pattern.clone()));
            }
            if roles.is_empty() {
                return Err(DialPlanFault::Nobody(pattern.clone()));
            }
        }
        Ok(())
    }

    /// What somebody of this role may call, as desks are told.
    pub fn book(&self, role: Role) -> DialBook {
        let services = self.services.iter().filter(|service| service.roles.contains(&role));
        let numbers = self.numbers.iter().filter(|numbers| numbers.roles.contains(&role));
        DialBook {
            services: services
                .map(|service| DialEntry {
                    name: service.name.clone(),
                    number: service.number.clone(),
                    kind: service.kind,
                })
                .collect(),
            patterns: numbers.map(|numbers| numbers.pattern.clone()).collect(),
        }
    }

    /// Whom somebody of this role calls; `None`: nobody whom they may call.
    pub fn party(&self, role: Role, to: &OutsideTarget) -> Option<OutsideParty> {
        match to {
            OutsideTarget::Service { name } => {
                let service = self
                    .services
                    .iter()
                    .find(|service| service.name == *name && service.roles.contains(&role))?;
                let number = Redacted::new(service.number.clone());
                Some(OutsideParty { service: Some(name.clone()), number })
            }
            OutsideTarget::Number { number } => {
                let number = typed(number.expose())?;
                let may = self.numbers.iter().any(|numbers| {
                    numbers.roles.contains(&role) && fits(&numbers.pattern, &number)
                });
                may.then(|| OutsideParty { service: None, number: Redacted::new(number) })
            }
        }
    }
}

/// A number as it is dialled, from one as people write it.
fn typed(number: &str) -> Option<String> {
    let number: String = number.chars().filter(|sign| !SEPARATORS.contains(sign)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let dialable =
        (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    dialable.then_some(number)
}

/// Whether a number is one that the pattern means.
fn fits(pattern: &str, number: &str) -> bool {
    let (fixed, open) = match pattern.strip_suffix('.') {
        Some(fixed) => (fixed, true),
        None => (pattern, false),
    };
    let long_enough = if open { number.len() > fixed.len() } else { number.len() == fixed.len() };
    let one = |(sign, digit): (u8, u8)| sign == digit || sign == b'X' && digit.is_ascii_digit();
    long_enough && fixed.bytes().zip(number.bytes()).all(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"
        [[service]]
        name = "Damkar DKI"
        number = "113"
        kind = "fire"

        [[service]]
        name = "Basarnas"
        number = "115"
        roles = ["supervisor"]

        [[number]]
        pattern = "021XXXXXXX."

        [[number]]
        pattern = "+62."
        roles = ["supervisor"]
    "#;

    fn number(typed: &str) -> OutsideTarget {
        OutsideTarget::Number { number: typed.to_owned().into() }
    }

    #[test]
    fn without_a_plan_nobody_calls_anybody() {
        let plan = DialPlan::default();
        let service = OutsideTarget::Service { name: "Damkar DKI".to_owned() };
        assert_eq!(plan.party(Role::Supervisor, &service), None);
        assert_eq!(plan.party(Role::Supervisor, &number("02157011301")), None);
        assert_eq!(plan.book(Role::Supervisor), DialBook::default());
    }

    #[test]
    fn a_role_is_shown_and_may_call_what_is_in_the_plan_for_it_and_nothing_else() {
        let plan = DialPlan::from_toml(PLAN).unwrap();
        let book = plan.book(Role::Operator);
        assert_eq!(book.services.len(), 1);
        assert_eq!(book.services[0].kind, Some(OtherService::Fire));
        assert_eq!(book.patterns, ["021XXXXXXX."]);
        assert_eq!(plan.book(Role::Supervisor).services.len(), 2);
        let basarnas = OutsideTarget::Service { name: "Basarnas".to_owned() };
        assert_eq!(plan.party(Role::Operator, &basarnas), None);
        let party = plan.party(Role::Supervisor, &basarnas).unwrap();
        assert_eq!(party.number.expose(), "115");
        for (role, typed, may) in [
            (Role::Operator, "(021) 570-11301", Some("02157011301")),
            (Role::Operator, "0215701130", None),
            (Role::Operator, "+62 812 0000 1101", None),
            (Role::Supervisor, "+62 812 0000 1101", Some("+6281200001101")),
            (Role::Supervisor, "110", None),
            (Role::Supervisor, "113", None),
            (Role::Supervisor, "", None),
            (Role::Supervisor, "+62812#", None),
            (Role::Supervisor, "021570113012345678901234567890", None),
        ] {
            let party = plan.party(role, &number(typed));
            let dialled = party.as_ref().map(|party| party.number.expose().as_str());
            assert_eq!(dialled, may, "{typed}");
        }
    }

    #[test]
    fn a_faulty_plan_is_refused_with_what_is_wrong() {
        let fault = |text: &str| DialPlan::from_toml(text).unwrap_err();
        let service = |name: &str, number: &str| {
            format!("[[service]]\nname = {name:?}\nnumber = {number:?}\n")
        };
        assert!(matches!(fault("service = 3"), DialPlanFault::Syntax(_)));
        assert!(matches!(fault("[[numbers]]\npattern = \"0.\""), DialPlanFault::Syntax(_)));
        assert!(matches!(fault(&service(" ", "113")), DialPlanFault::Name(_)));
        let twice = format!("{}{}", service("A", "113"), service("A", "119"));
        assert!(matches!(fault(&twice), DialPlanFault::Twice(_)));
        assert!(matches!(fault(&service("A", "11 3")), DialPlanFault::Number(_)));
        assert!(matches!(fault(&service("A", "110")), DialPlanFault::Own(_)));
        let nobody = format!("{}roles = []", service("A", "113"));
        assert!(matches!(fault(&nobody), DialPlanFault::Nobody(_)));
        for (pattern, own) in
            [("", false), (".", false), ("08a", false), ("0.1", false), ("XXX", true), ("1.", true)]
        {
            let found = fault(&format!("[[number]]\npattern = {pattern:?}"));
            assert_eq!(matches!(found, DialPlanFault::Own(_)), own, "{pattern}: {found}");
            assert_eq!(matches!(found, DialPlanFault::Pattern(_)), !own, "{pattern}: {found}");
        }
    }

    #[test]
    fn the_plan_that_is_shipped_as_an_example_is_one() {
        let shipped = include_str!("../../../deploy/asterisk/dial-plan.toml");
        let plan = DialPlan::from_toml(shipped).unwrap();
        assert!(!plan.book(Role::Operator).services.is_empty());
    }
}
