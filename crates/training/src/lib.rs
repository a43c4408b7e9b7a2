//! Simulated callers and operators, scenarios, their voices
