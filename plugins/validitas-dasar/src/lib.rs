//! Judges whether a call is a report, how urgent it is, what to ask next, and which earlier report
//! it repeats.
//!
//! Words and situations of danger always outrank signs of a prank. Only a rule makes a call "not
//! valid"; where no rule speaks, the answer is "ask". What the rules know stands in the CSV files
//! next to this one ([`tables`]), reviewed by people who do not program; the code only says how the
//! tables play together:
//!
//! - [`matters`]: what happened, how urgent, and whether it is said of now, of the past or as "if".
//! - [`questions`]: what is still unknown for this kind of report.
//! - [`duplicates`]: the earlier report of the same event, and reports that only look like one.
//! - [`rules`]: the verdict of all of these.

mod duplicates;
mod matters;
mod questions;
mod rules;
mod tables;

pub use rules::assess;

#[cfg(target_arch = "wasm32")]
mod component {
    use exports::siaga::plugin::{about, validity};
    use siaga_plugin_sdk::places::HostPlaces;
    use siaga_plugin_sdk::types::{Intake, PastReport, Verdict};

    siaga_plugin_sdk::plugin_world!("validity-plugin", "../../wit/since-0.1.0");

    struct Plugin;

    impl about::Guest for Plugin {
        fn describe() -> about::Identity {
            about::Identity {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            }
        }
    }

    impl validity::Guest for Plugin {
        fn assess(intake: Intake, history: Vec<PastReport>) -> Verdict {
            crate::assess(&intake, &history, &HostPlaces)
        }
    }

    export!(Plugin);
}
