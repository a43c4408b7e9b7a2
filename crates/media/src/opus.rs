//! A safe wrapper of libopus.

use thiserror::Error;

/// The Opus library refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("opus: error {code}")]
pub struct OpusError {
    /// libopus' code, negative.
    pub code: i32,
}
