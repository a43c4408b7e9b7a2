//! Runs plugins of the Poldas: wasmtime, limits, capabilities
