//! Judges whether a call is a report, and how urgent it is.
//!
//! Words of danger always outrank signs of a prank. Only a rule makes a call "not valid"; where no
//! rule speaks, the answer is "ask". What is not here yet: duplicates, and completeness by kind.

mod questions;
mod rules;
mod words;

pub use rules::assess;

#[cfg(target_arch = "wasm32")]
mod component {
    use exports::siaga::plugin::{about, validity};
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
            crate::assess(&intake, &history)
        }
    }

    export!(Plugin);
}
