//! A real hub on loopback and SQLite, with a switch that the test plays.

#![allow(clippy::unwrap_used)]

mod access;
mod bad_input;
mod binary;
mod calls;
mod restart;
mod world;
