//! Finds the Polres that is responsible, the others that come into question, and the question that
//! would decide between them.
//!
//! A point is trusted before a code, a code before words, and the network's own guess comes last; what
//! contradicts the more trusted is said and asked about, never swallowed. A complaint about police goes
//! to Propam and to no unit that it is about. Which places words mean is the host's to say (the
//! `gazetteer` interface); what follows from it is here, and word lists are CSV files next to the code.
//!
//! What it is not: it judges no report and names no priority.

mod candidates;
mod complaint;
mod question;
mod rules;
mod services;

pub use rules::route;

#[cfg(target_arch = "wasm32")]
mod component {
    use exports::siaga::plugin::{about, routing};
    use siaga_plugin_sdk::places::HostPlaces;
    use siaga_plugin_sdk::types::{Destination, Intake};

    siaga_plugin_sdk::plugin_world!("routing-plugin", "../../wit/since-0.1.0");

    struct Plugin;

    impl about::Guest for Plugin {
        fn describe() -> about::Identity {
            about::Identity {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            }
        }
    }

    impl routing::Guest for Plugin {
        fn route(intake: Intake) -> Vec<Destination> {
            crate::route(&intake, &HostPlaces)
        }
    }

    export!(Plugin);
}
