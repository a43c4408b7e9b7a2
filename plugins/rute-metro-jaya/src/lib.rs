//! Finds the Polres that is responsible, its runner-up, and the question that would decide.
//!
//! A point decides before a code, a code before the words of the place, those before the narrative,
//! and the network's own guess comes last. What is not here yet: complaints about police (Propam),
//! the side of a road, toll kilometres.

mod rules;

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
