//! Session descriptions as text.

/// Longest session description taken, in bytes.
pub const MAX_SDP: usize = 64 * 1024;
