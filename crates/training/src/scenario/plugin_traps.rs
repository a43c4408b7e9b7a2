//! `plugin-traps`: as `plugin-loops`, with a plugin that breaks down.

use super::plugin_loops::{goes_on_without_the_plugin, plugin_fails_on, with_a_bad_plugin};
use super::{Cast, Expected, Scene, Story};

pub(crate) struct PluginTraps;

#[async_trait::async_trait]
impl Story for PluginTraps {
    fn name(&self) -> &'static str {
        "plugin-traps"
    }

    fn cast(&self) -> Cast {
        with_a_bad_plugin()
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        plugin_fails_on(scene, "trap").await
    }

    fn expects(&self) -> Expected {
        goes_on_without_the_plugin()
    }
}
