//! The guest side of a plugin.
//!
//! A plugin makes the bindings of its world with [`plugin_world!`] under
//! `#[cfg(target_arch = "wasm32")]`, implements `about` and what the world asks for, and names its
//! type with `export!`. Rules take what the host offers through [`Places`], so that they are tested
//! natively, without any WebAssembly.
//!
//! [`text`] knows how operators type: abbreviations, slang, no punctuation. [`lists`] are word
//! lists that cost nothing at run time.

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod offered {
    wit_bindgen::generate!({
        path: "../../wit/since-0.1.0",
        world: "offered",
        generate_all,
        additional_derives: [PartialEq],
    });
}

pub mod lists;
pub mod places;
pub mod samples;
pub mod text;

pub use offered::siaga::plugin::{config, gazetteer, log, types};
pub use places::Places;
#[doc(hidden)]
pub use wit_bindgen;

/// Makes the bindings of a world, with the types of this crate:
/// `plugin_world!("validity-plugin", "../../wit/since-0.1.0")`. The worlds are `validity-plugin`,
/// `routing-plugin` and `polda-plugin`; the path is relative to the manifest of the plugin.
#[macro_export]
macro_rules! plugin_world {
    ($world:tt, $path:tt) => {
        $crate::wit_bindgen::generate!({
            path: $path,
            world: $world,
            runtime_path: "siaga_plugin_sdk::wit_bindgen::rt",
            with: {
                "siaga:plugin/types@0.1.0": siaga_plugin_sdk::types,
                "siaga:plugin/log@0.1.0": siaga_plugin_sdk::log,
                "siaga:plugin/gazetteer@0.1.0": siaga_plugin_sdk::gazetteer,
                "siaga:plugin/config@0.1.0": siaga_plugin_sdk::config,
            },
        });
    };
}
