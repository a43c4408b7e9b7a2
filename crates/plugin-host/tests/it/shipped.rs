//! The two shipped plugins.

use crate::{NOW, host, intake, load};
use siaga_model::{FindingLevel, PluginFault, Priority, Validity};
use siaga_plugin_host::{Advisor, PastReport};
use std::collections::BTreeMap;

fn shipped() -> Advisor {
    let host = host();
    Advisor {
        validity: Some(load(&host, "validitas-dasar")),
        routing: Some(load(&host, "rute-metro-jaya")),
    }
}

#[test]
fn they_say_who_they_are_and_what_they_can() {
    let advisor = shipped();
    let (validity, routing) = (advisor.validity.unwrap(), advisor.routing.unwrap());
    assert_eq!(
        (validity.name(), validity.judges(), validity.routes()),
        ("validitas-dasar", true, false)
    );
    assert_eq!(
        (routing.name(), routing.judges(), routing.routes()),
        ("rute-metro-jaya", false, true)
    );
    assert_eq!(validity.version(), "0.1.0");
    assert_eq!(validity.sha256().len(), 64);
}

#[test]
fn a_fire_with_somebody_inside_is_p1_and_goes_to_its_polres() {
    let call = intake("Tebet Timur", "Kebakaran rmh, ada lansia terjebak di lt 2");
    let advice = shipped().advise(&call, &[], 3, NOW);
    assert_eq!(advice.faults, []);
    assert_eq!((advice.verdict.validity, advice.verdict.priority), (Validity::Valid, Priority::P1));
    assert_eq!(advice.verdict.findings[0].words, ["terjebak"]);
    assert_eq!(advice.destinations[0].unit.as_str(), "pmj.jaksel");
    let now = advice.verdict.findings.iter().filter(|f| f.level == FindingLevel::AskNow);
    assert_eq!(now.count(), 1);
}

#[test]
fn equal_input_gives_equal_hashes_and_any_other_input_another() {
    let advisor = shipped();
    let call = intake("Tebet", "laka");
    let hash = |advisor: &Advisor, call: &siaga_model::Intake, history: &[PastReport], now| {
        advisor.advise(call, history, 1, now).verdict.by.expect("a plugin spoke").input_sha256
    };
    let first = hash(&advisor, &call, &[], NOW);
    assert_eq!(hash(&advisor, &call, &[], NOW), first);
    assert_ne!(hash(&advisor, &intake("Tebet", "laka."), &[], NOW), first);
    assert_ne!(hash(&advisor, &call, &[PastReport::default()], NOW), first);
    assert_ne!(hash(&advisor, &call, &[], siaga_model::Timestamp(NOW.0 + 1)), first);
    let set = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let configured = Advisor {
        validity: advisor.validity.clone().map(|plugin| plugin.with_config(set)),
        routing: None,
    };
    assert_ne!(hash(&configured, &call, &[], NOW), first);
}

#[test]
fn a_verdict_names_the_engine_that_is_linked() {
    let by = shipped().advise(&intake("", ""), &[], 1, NOW).verdict.by.expect("a plugin spoke");
    assert!(by.engine.starts_with("wasmtime 48."), "{}", by.engine);
}

#[test]
fn a_plugin_in_the_wrong_place_is_a_fault_and_the_call_stays_valid() {
    let host = host();
    let advisor = Advisor { validity: Some(load(&host, "rute-metro-jaya")), routing: None };
    let advice = advisor.advise(&intake("", "laka"), &[], 1, NOW);
    assert_eq!(advice.verdict.validity, Validity::Valid);
    assert!(matches!(advice.faults[..], [PluginFault::Unloadable { .. }]));
}

#[test]
fn what_everybody_types_at_once_is_judged_for_everybody() {
    let advisor = shipped();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let advice = advisor.advise(&intake("Tebet", "dibacok"), &[], 1, NOW);
                    assert_eq!((advice.verdict.priority, advice.faults.len()), (Priority::P1, 0));
                }
            });
        }
    });
    assert_eq!(advisor.validity.unwrap().stats().calls, 400);
}
