//! Guests that misbehave: each ends in its fault, and the next call is judged again.

use crate::{NOW, host, intake, load, plugins};
use siaga_model::{PluginFault, Validity, Verdict};
use siaga_plugin_host::{Advisor, Limits, PluginHost};
use std::time::Duration;

fn limit_of(fault: &PluginFault) -> &str {
    match fault {
        PluginFault::Limit { limit, .. } => limit,
        PluginFault::Unloadable { .. } => "unloadable",
        PluginFault::Trapped { .. } => "trapped",
        PluginFault::Nonsense { .. } => "nonsense",
    }
}

#[test]
fn a_call_goes_on_as_valid_whatever_its_plugin_does_and_the_next_is_judged_again() {
    let plugin = load(&host(), "tests-hostile");
    let advisor = Advisor { validity: Some(plugin.clone()), routing: None };
    for (misdeed, fault) in [
        ("loop", "fuel"),
        ("memory", "memory"),
        ("trap", "trapped"),
        ("stack", "trapped"),
        ("many findings", "nonsense"),
        ("long text", "nonsense"),
        ("foreign words", "nonsense"),
        ("unknown field", "nonsense"),
        ("many words", "nonsense"),
        ("unknown case", "nonsense"),
        ("sparse memory", "memory"),
    ] {
        let advice = advisor.advise(&intake("", misdeed), &[], 1, NOW);
        assert_eq!(advice.verdict, Verdict::treat_as_valid(), "{misdeed}");
        let faults: Vec<&str> = advice.faults.iter().map(limit_of).collect();
        assert_eq!(faults, [fault], "{misdeed}");

        let next = advisor.advise(&intake("", "nothing bad"), &[], 2, NOW);
        assert_eq!((next.verdict.validity, next.faults), (Validity::NotValid, vec![]), "{misdeed}");
    }
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.failures), (22, 11));
}

#[test]
fn the_deadline_ends_what_fuel_does_not() {
    let limits =
        Limits { fuel: u64::MAX / 2, deadline: Duration::from_millis(20), ..Limits::default() };
    let host = PluginHost::new(limits).expect("the engine starts");
    let advisor = Advisor { validity: Some(load(&host, "tests-hostile")), routing: None };
    let advice = advisor.advise(&intake("", "loop"), &[], 1, NOW);
    assert_eq!(limit_of(&advice.faults[0]), "time");
}

#[test]
fn an_unknown_unit_is_left_out_and_said_and_the_others_stay() {
    let advisor = Advisor { validity: None, routing: Some(load(&host(), "tests-hostile")) };
    let advice = advisor.advise(&intake("", "unknown unit"), &[], 1, NOW);
    assert_eq!(limit_of(&advice.faults[0]), "nonsense");
    let units: Vec<&str> = advice.destinations.iter().map(|to| to.unit.as_str()).collect();
    assert_eq!(units, ["pmj.jakpus"]);
}

#[test]
fn a_flood_of_log_lines_is_cut_off() {
    let advisor = Advisor { validity: Some(load(&host(), "tests-hostile")), routing: None };
    let (advice, log) = advisor.advise_with_log(&intake("", "log flood"), &[], 1, NOW);
    assert_eq!((advice.faults.len(), log.len()), (0, Limits::default().log_lines));
}

/// The head of a component (Component Model, Binary.md): all of an empty one.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn reason_of(fault: PluginFault) -> String {
    match fault {
        PluginFault::Unloadable { reason, .. } => reason,
        PluginFault::Limit { .. } | PluginFault::Trapped { .. } | PluginFault::Nonsense { .. } => {
            panic!("not refused at loading: {fault}")
        }
    }
}

#[test]
fn a_component_that_imports_the_clock_is_refused_by_name() {
    let name = b"wasi:clocks/wall-clock@0.2.0";
    let length = u8::try_from(name.len()).expect("a short name");
    let mut bytes = EMPTY.to_vec();
    // The type section with one empty instance type, the import section with one instance of it.
    bytes.extend([0x07, 3, 1, 0x42, 0, 0x0a, length + 5, 1, 0x00, length]);
    bytes.extend(name);
    bytes.extend([0x05, 0]);
    let fault = host().load_bytes("clock", &bytes).expect_err("refused");
    let reason = reason_of(fault);
    assert!(reason.contains("it imports wasi:clocks/wall-clock@0.2.0"), "{reason}");
}

#[test]
fn a_component_that_exports_nothing_of_ours_is_refused() {
    let reason = reason_of(host().load_bytes("empty", EMPTY).expect_err("refused"));
    assert!(reason.starts_with("it does not say who it is"), "{reason}");
}

#[test]
fn a_missing_a_truncated_or_a_damaged_file_is_unloadable_and_never_a_panic() {
    let host = host();
    reason_of(host.load(&plugins().join("no-such.wasm")).expect_err("missing"));
    let good = std::fs::read(plugins().join("tests-hostile.wasm")).expect("it is built");
    for keep in [0, 4, 8, 100, good.len() / 2, good.len() - 1] {
        reason_of(host.load_bytes("cut", &good[..keep]).expect_err("truncated"));
    }
    for at in [0, 5, 9, good.len() / 3, good.len() / 2] {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        // A flipped bit may still be a component, e.g. in a text; it must then still not bring the
        // host down when it is called.
        if let Ok(plugin) = host.load_bytes("flipped", &bad) {
            let advisor = Advisor { validity: Some(plugin), routing: None };
            let advice = advisor.advise(&intake("", ""), &[], 7, NOW);
            assert_eq!(advice.draft_rev, 7);
        }
    }
}
