//! DTMF as RTP events (RFC 4733).

/// Digits waiting to be sent; more are refused.
pub const DIGIT_CAPACITY: usize = 32;
