//! Siaga desktop.
fn main() {}
