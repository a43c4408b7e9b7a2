//! Runs the plugins of a Polda.
//!
//! A [`PluginHost`] owns the engine. It loads a component into a [`Plugin`], once: what imports
//! anything that the WIT does not offer is refused by name. An [`Advisor`] asks a plugin that judges
//! and one that routes, each on a fresh instance with its own fuel, deadline and memory, and makes
//! one [`siaga_model::Advice`] of their answers.
//!
//! A plugin advises and can do nothing else. Whatever goes wrong in it becomes a
//! [`siaga_model::PluginFault`] beside an advice that treats the call as valid, with no destinations,
//! upon which the operator sees the full list of units.
//!
//! # What is hashed
//! [`siaga_model::PluginRef::input_sha256`] is over the JSON of `{"wit", "config", "gazetteer",
//! "intake", "now", "history"}` in this order, without spaces: the version of the WIT, the plugin's
//! configuration sorted by key, [`Gazetteer::id`], and the input in the field order of the types.
//! Numbers are in their shortest form. Equal hashes of component and input give equal answers.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![forbid(unsafe_code)]

mod advisor;
mod call;
mod check;
mod convert;
mod deadlines;
mod gazetteer;
mod history;
mod host;
mod limits;
mod stats;
mod units;

pub use advisor::Advisor;
pub use call::LogLine;
pub use gazetteer::{FormGazetteer, Gazetteer, GazetteerError, Place, PlaceKind, Relation};
pub use history::PastReport;
pub use host::{HostError, Plugin, PluginHost};
pub use limits::{Limits, TICK};
pub use stats::PluginStats;
pub use units::units;

/// Generated from the WIT, with the same types for a guest in any of its worlds.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/since-0.1.0",
        world: "polda-plugin",
    });
}
