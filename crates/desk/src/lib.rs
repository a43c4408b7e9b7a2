//! The engine of a seat, no UI
