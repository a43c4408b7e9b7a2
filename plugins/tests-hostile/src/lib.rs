//! A guest that misbehaves on demand, for the tests of the host: the narrative says how. With a
//! narrative that it does not know it answers well. It is never shipped.

#[cfg(target_arch = "wasm32")]
mod component {
    use exports::siaga::plugin::{about, routing, validity};
    use siaga_plugin_sdk::log;
    use siaga_plugin_sdk::types::{
        Destination, Finding, FindingLevel, Intake, PastReport, Priority, Validity, Verdict,
    };
    use std::hint::black_box;

    siaga_plugin_sdk::plugin_world!("polda-plugin", "../../wit/since-0.1.0");

    struct Plugin;

    impl about::Guest for Plugin {
        fn describe() -> about::Identity {
            about::Identity { name: "tests-hostile".to_owned(), version: "0.1.0".to_owned() }
        }
    }

    fn finding(title: String, field: &str, words: Vec<String>) -> Finding {
        Finding {
            rule: "uji".to_owned(),
            level: FindingLevel::Note,
            field: field.to_owned(),
            words,
            title,
            advice: String::new(),
        }
    }

    fn recurse(depth: u64) -> u64 {
        // Something after the call, or it would become a loop.
        if black_box(depth) == u64::MAX { 0 } else { 1 + recurse(black_box(depth + 1)) }
    }

    impl validity::Guest for Plugin {
        fn assess(intake: Intake, _history: Vec<PastReport>) -> Verdict {
            let mut findings = Vec::new();
            let mut duplicate_of = None;
            match intake.form.narrative.as_str() {
                "loop" => loop {
                    black_box(0);
                },
                "memory" => {
                    let mut held: Vec<Vec<u8>> = Vec::new();
                    loop {
                        // Not filled: that would use up the fuel first.
                        held.push(Vec::with_capacity(1 << 20));
                        black_box(&held);
                    }
                }
                "trap" => panic!("on purpose"),
                "stack" => {
                    black_box(recurse(0));
                }
                "log flood" => {
                    for _ in 0..5_000 {
                        log::write(log::Level::Info, "x");
                    }
                }
                "many findings" => {
                    findings = vec![finding("a".to_owned(), "", Vec::new()); 1000];
                }
                "long text" => findings.push(finding("a".repeat(1 << 20), "", Vec::new())),
                "foreign words" => {
                    findings.push(finding("a".to_owned(), "narrative", vec!["nowhere".to_owned()]));
                }
                "unknown field" => findings.push(finding("a".to_owned(), "secret", Vec::new())),
                "many words" => {
                    findings.push(finding(
                        "a".to_owned(),
                        "narrative",
                        vec![String::new(); 100_000],
                    ));
                }
                "unknown case" => duplicate_of = Some("110-PMJ-260314-000404".to_owned()),
                "sparse memory" => {
                    // Asks for all of it at once and touches only the ends.
                    let mut held: Vec<u8> = Vec::with_capacity(1 << 30);
                    held.resize(1, 0);
                    black_box(&held);
                }
                _ => {}
            }
            Verdict {
                validity: Validity::NotValid,
                priority: Priority::P4,
                reason: "uji".to_owned(),
                findings,
                duplicate_of,
            }
        }
    }

    impl routing::Guest for Plugin {
        fn route(intake: Intake) -> Vec<Destination> {
            let unit = match intake.form.narrative.as_str() {
                "unknown unit" => "pmj.atlantis",
                _ => "pmj.jaksel",
            };
            vec![
                Destination {
                    unit: unit.to_owned(),
                    reason: "uji".to_owned(),
                    confidence: 50,
                    question: String::new(),
                },
                Destination {
                    unit: "pmj.jakpus".to_owned(),
                    reason: "uji".to_owned(),
                    confidence: 40,
                    question: String::new(),
                },
            ]
        }
    }

    export!(Plugin);
}
