//! The sample cases, by their words alone. What must hold is asserted; the rest is printed.

use crate::{NOW, host, intake, load};
use serde_json::Value;
use siaga_model::Validity;
use siaga_plugin_host::{Advisor, units};

const CASES: &str = include_str!("../data/cases.jsonl");

#[test]
fn no_real_report_among_the_samples_is_not_valid_and_no_non_report_passes_unnoticed() {
    let host = host();
    let advisor = Advisor {
        validity: Some(load(&host, "validitas-dasar")),
        routing: Some(load(&host, "rute-metro-jaya")),
    };
    let (mut priority, mut noticed, mut others) = (0, 0, 0);
    let (mut first, mut three, mut routed, mut count) = (0, 0, 0, 0);
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        count += 1;
        let call = intake(text("lokasi_klaim"), text("narasi"));
        let advice = advisor.advise(&call, &[], 1, NOW);
        assert_eq!(advice.faults, [], "{}", text("id"));
        let verdict = &advice.verdict;
        if ["prank", "ghost", "misdial", "test"].contains(&text("label")) {
            others += 1;
            noticed += u32::from(verdict.validity != Validity::Valid);
        } else {
            assert_ne!(verdict.validity, Validity::NotValid, "{}", text("id"));
        }
        let same = format!("{:?}", verdict.priority) == text("prioritas");
        priority += u32::from(same);
        let wanted = units().iter().find(|unit| unit.name == text("polres"));
        let given: Vec<&str> = advice.destinations.iter().map(|to| to.unit.as_str()).collect();
        if let Some(wanted) = wanted {
            routed += 1;
            first += u32::from(given.first() == Some(&wanted.id.as_str()));
            three += u32::from(given.contains(&wanted.id.as_str()));
        }
        println!(
            "{} {:10} {:?} {:?} (wanted {}) -> {given:?} (wanted {:?})",
            text("id"),
            text("label"),
            verdict.validity,
            verdict.priority,
            text("prioritas"),
            wanted.map(|unit| unit.id.as_str()),
        );
    }
    println!(
        "{count} cases: priority as wanted {priority}, non-reports noticed {noticed}/{others}, \
         Polres first {first}/{routed}, among three {three}/{routed}"
    );
    assert!(noticed * 5 >= others * 4, "{noticed} of {others} non-reports noticed");
}
