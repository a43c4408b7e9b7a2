//! The guest side of a plugin.
