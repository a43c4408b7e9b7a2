//! Sound cards: cpal and rings, the only real-time code
