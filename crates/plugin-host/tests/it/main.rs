//! Real components in the real host.

#![allow(clippy::unwrap_used)]

mod cases;
mod hostile;
#[path = "../native/mod.rs"]
mod native;
mod routing;
mod shipped;

use siaga_model::{CallFacts, Form, Intake, Timestamp};
use siaga_plugin_host::{Limits, Plugin, PluginHost};
use std::path::PathBuf;

/// 14 March 2026, 07:12 in Jakarta.
const NOW: Timestamp = Timestamp(1_773_447_120_000);

/// The folder that `cargo xtask plugins` fills.
fn plugins() -> PathBuf {
    std::env::var_os("SIAGA_PLUGINS").map(PathBuf::from).unwrap_or_else(|| {
        // The test runs from TARGET/PROFILE/deps.
        let exe = std::env::current_exe().expect("a test knows its file");
        exe.ancestors().nth(3).expect("TARGET/PROFILE/deps").join("plugins")
    })
}

fn host() -> PluginHost {
    PluginHost::new(Limits::default()).expect("the engine starts")
}

fn load(host: &PluginHost, name: &str) -> Plugin {
    let path = plugins().join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing: `cargo xtask plugins` builds it", path.display());
    host.load(&path).expect("it loads")
}

fn intake(location: &str, narrative: &str) -> Intake {
    Intake {
        facts: CallFacts { arrived_at: NOW, ..CallFacts::default() },
        form: Form {
            location: location.to_owned().into(),
            narrative: narrative.to_owned().into(),
            ..Form::default()
        },
    }
}
