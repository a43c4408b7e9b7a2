//! The engine, and components made ready to be called.

use crate::bindings::exports::siaga::plugin::{about, routing, validity};
use crate::bindings::siaga::plugin::types as wit;
use crate::call::{Call, LogLine};
use crate::deadlines::Deadlines;
use crate::gazetteer::{FormGazetteer, Gazetteer};
use crate::limits::Limits;
use crate::stats::{Counters, PluginStats};
use sha2::{Digest, Sha256};
use siaga_model::PluginFault;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};
use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig, Store, Trap};

/// What a component may import. Everything else is refused.
const OFFERED: [&str; 4] = [
    "siaga:plugin/types@0.1.0",
    "siaga:plugin/log@0.1.0",
    "siaga:plugin/gazetteer@0.1.0",
    "siaga:plugin/config@0.1.0",
];

/// Components are small; a file beyond this is not read. Guests in Python reach 20 MB.
const COMPONENT_BYTES: u64 = 64 << 20;

/// Core instances in one component; guests in Python need most of them.
const CORE_INSTANCES: u32 = 64;

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// wasmtime refused; most often the machine allows too little virtual memory.
    #[error("the WebAssembly engine could not be set up: {0}")]
    Engine(String),
    /// The thread that watches deadlines could not be started.
    #[error("the deadline watch could not be started: {0}")]
    Watch(#[from] std::io::Error),
}

/// The engine that all plugins of a process share.
pub struct PluginHost {
    engine: Engine,
    linker: Linker<Call>,
    limits: Arc<Limits>,
    deadlines: Deadlines,
    gazetteer: Arc<dyn Gazetteer>,
}

impl PluginHost {
    /// A host with the built-in gazetteer.
    ///
    /// # Errors
    /// When the engine or the thread that watches deadlines cannot be started.
    pub fn new(limits: Limits) -> Result<Self, HostError> {
        Self::with_gazetteer(limits, Arc::new(FormGazetteer::built_in()))
    }

    /// A host whose plugins ask `gazetteer`.
    ///
    /// # Errors
    /// As for [`PluginHost::new`].
    pub fn with_gazetteer(
        limits: Limits,
        gazetteer: Arc<dyn Gazetteer>,
    ) -> Result<Self, HostError> {
        let engine_error = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
        let engine = Engine::new(&config(&limits)).map_err(engine_error)?;
        let mut linker = Linker::new(&engine);
        crate::bindings::PoldaPlugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |call| call)
            .map_err(engine_error)?;
        let deadlines = Deadlines::watch(engine.weak())?;
        Ok(Self { engine, linker, limits: Arc::new(limits), deadlines, gazetteer })
    }

    /// Loads the component in a file.
    ///
    /// # Errors
    /// [`PluginFault::Unloadable`] when it cannot be read, is no component, is damaged, or imports
    /// what is not offered (which is named); any fault when it cannot say who it is.
    pub fn load(&self, path: &Path) -> Result<Plugin, PluginFault> {
        let label = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let unloadable = |reason: String| PluginFault::Unloadable { plugin: label.clone(), reason };
        let size = std::fs::metadata(path).map_err(|error| unloadable(error.to_string()))?.len();
        if size > COMPONENT_BYTES {
            return Err(unloadable(format!("{size} bytes are too many")));
        }
        let bytes = std::fs::read(path).map_err(|error| unloadable(error.to_string()))?;
        self.load_bytes(&label, &bytes)
    }

    /// Loads a component. `label` names it in faults until it has said its own name.
    ///
    /// # Errors
    /// As for [`PluginHost::load`].
    pub fn load_bytes(&self, label: &str, bytes: &[u8]) -> Result<Plugin, PluginFault> {
        let unloadable =
            |reason: String| PluginFault::Unloadable { plugin: label.to_owned(), reason };
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| unloadable(format!("not a usable component: {error:#}")))?;
        for (import, _) in component.component_type().imports(&self.engine) {
            if !OFFERED.contains(&import) {
                return Err(unloadable(format!(
                    "it imports {import}, which no plugin is given (offered: log, gazetteer, config)"
                )));
            }
        }
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| unloadable(format!("it does not fit the WIT: {error:#}")))?;
        let about = about::GuestIndices::new(&pre)
            .map_err(|error| unloadable(format!("it does not say who it is: {error:#}")))?;
        let validity = validity::GuestIndices::new(&pre).ok();
        let routing = routing::GuestIndices::new(&pre).ok();
        if validity.is_none() && routing.is_none() {
            return Err(unloadable("it neither judges nor routes".to_owned()));
        }
        let mut loaded = Loaded {
            name: label.to_owned(),
            version: String::new(),
            sha256: hex::encode(Sha256::digest(bytes)),
            pre,
            validity,
            routing,
            limits: Arc::clone(&self.limits),
            deadlines: self.deadlines.clone(),
            gazetteer: Arc::clone(&self.gazetteer),
            counters: Counters::default(),
        };
        let identity = loaded
            .call(&Arc::default(), |store, instance| {
                about.load(&mut *store, instance)?.call_describe(store)
            })
            .result?;
        let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=64).contains(&identity.name.len()) || !identity.name.bytes().all(plain) {
            return Err(unloadable("its name is not 1 to 64 of a-z 0-9 -".to_owned()));
        }
        if identity.version.len() > 32 {
            return Err(unloadable("its version is longer than 32 bytes".to_owned()));
        }
        loaded.name = identity.name;
        loaded.version = identity.version;
        // Saying who it is was no call that anybody wants to see in the figures.
        loaded.counters = Counters::default();
        Ok(Plugin { loaded: Arc::new(loaded), config: Arc::default() })
    }
}

fn config(limits: &Limits) -> Config {
    let mut pool = PoolingAllocationConfig::default();
    let calls = limits.concurrent_calls;
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(calls)
        .max_memories_per_component(1)
        .total_tables(calls.saturating_mul(4))
        .max_tables_per_component(4)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory)
        // What a shipped guest touches stays mapped between calls, and where the kernel says which
        // pages were written (Linux 6.7), only those are made anew.
        .linear_memory_keep_resident(1 << 20)
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(16 << 10);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        // The default reserves gigabytes of address space for each instance to save bounds checks;
        // machines with a limit on it, and Windows, would refuse.
        .memory_reservation(limits.memory as u64)
        .memory_guard_size(64 << 10)
        .allocation_strategy(pool);
    config
}

/// A component, ready to be called from any thread.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) config: Arc<BTreeMap<String, String>>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.loaded.name, self.loaded.version)
    }
}

impl Plugin {
    /// Its name, in its own words.
    pub fn name(&self) -> &str {
        &self.loaded.name
    }

    /// Its version, in its own words.
    pub fn version(&self) -> &str {
        &self.loaded.version
    }

    /// SHA-256 of the component, lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.loaded.sha256
    }

    /// Whether it exports `validity`.
    pub fn judges(&self) -> bool {
        self.loaded.validity.is_some()
    }

    /// Whether it exports `routing`.
    pub fn routes(&self) -> bool {
        self.loaded.routing.is_some()
    }

    /// The same plugin with what the Polda has set for it.
    #[must_use]
    pub fn with_config(mut self, config: BTreeMap<String, String>) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// What it cost and how often it failed since it was loaded.
    pub fn stats(&self) -> PluginStats {
        self.loaded.counters.stats(&self.loaded.name, &self.loaded.version, &self.loaded.sha256)
    }
}

/// What a call gave, and what the guest wrote meanwhile.
pub(crate) struct Outcome<T> {
    pub(crate) result: Result<T, PluginFault>,
    pub(crate) log: Vec<LogLine>,
}

pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
    pre: InstancePre<Call>,
    validity: Option<validity::GuestIndices>,
    routing: Option<routing::GuestIndices>,
    pub(crate) limits: Arc<Limits>,
    deadlines: Deadlines,
    pub(crate) gazetteer: Arc<dyn Gazetteer>,
    pub(crate) counters: Counters,
}

impl Loaded {
    pub(crate) fn assess(
        &self,
        config: &Arc<BTreeMap<String, String>>,
        intake: &wit::Intake,
        history: &[wit::PastReport],
    ) -> Outcome<wit::Verdict> {
        let Some(validity) = &self.validity else { return self.cannot("judge") };
        self.call(config, |store, instance| {
            validity.load(&mut *store, instance)?.call_assess(store, intake, history)
        })
    }

    pub(crate) fn route(
        &self,
        config: &Arc<BTreeMap<String, String>>,
        intake: &wit::Intake,
    ) -> Outcome<Vec<wit::Destination>> {
        let Some(routing) = &self.routing else { return self.cannot("route") };
        self.call(config, |store, instance| {
            routing.load(&mut *store, instance)?.call_route(store, intake)
        })
    }

    fn cannot<T>(&self, what: &str) -> Outcome<T> {
        let reason = format!("it does not {what}");
        self.counters.failure();
        Outcome {
            result: Err(PluginFault::Unloadable { plugin: self.name.clone(), reason }),
            log: Vec::new(),
        }
    }

    /// One call on a fresh instance. Dropping the store is all the cleaning up there is.
    fn call<T>(
        &self,
        config: &Arc<BTreeMap<String, String>>,
        run: impl FnOnce(&mut Store<Call>, &Instance) -> wasmtime::Result<T>,
    ) -> Outcome<T> {
        let began = Instant::now();
        let _running = self.deadlines.run();
        let mut store = Store::new(
            self.pre.engine(),
            Call {
                limits: Arc::clone(&self.limits),
                gazetteer: Arc::clone(&self.gazetteer),
                config: Arc::clone(config),
                log: Vec::new(),
                out_of_memory: false,
            },
        );
        store.limiter(|call| call);
        store.set_epoch_deadline(self.limits.ticks());
        let result = store
            .set_fuel(self.limits.fuel)
            .and_then(|()| self.pre.instantiate(&mut store))
            .and_then(|instance| run(&mut store, &instance));
        let call = store.into_data();
        let result = result.map_err(|error| self.fault(&error, call.out_of_memory));
        self.counters.call(began.elapsed());
        if let Err(fault) = &result {
            self.counters.failure();
            tracing::warn!(plugin = %self.name, %fault, "plugin failed, call treated as valid");
        }
        Outcome { result, log: call.log }
    }

    fn fault(&self, error: &wasmtime::Error, out_of_memory: bool) -> PluginFault {
        let plugin = self.name.clone();
        let limit =
            |limit: &str| PluginFault::Limit { plugin: plugin.clone(), limit: limit.to_owned() };
        if out_of_memory {
            return limit("memory");
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => limit("fuel"),
            Some(Trap::Interrupt) => limit("time"),
            Some(trap) => PluginFault::Trapped { plugin, reason: trap.to_string() },
            None => PluginFault::Trapped { plugin, reason: error.root_cause().to_string() },
        }
    }

    /// Counts an answer that made no sense.
    pub(crate) fn nonsense(&self, reason: String) -> PluginFault {
        self.counters.failure();
        let fault = PluginFault::Nonsense { plugin: self.name.clone(), reason };
        tracing::warn!(plugin = %self.name, %fault, "answer of a plugin refused");
        fault
    }
}
