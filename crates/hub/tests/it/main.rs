//! A real hub on loopback and SQLite, with a switch that the test plays.

#![allow(clippy::unwrap_used)]

mod access;
mod bad_input;
mod binary;
mod call_backs;
mod calls;
mod figures;
mod lists;
mod neighbours;
mod offline;
mod outside;
mod restart;
mod shift_notes;
mod survivors;
mod trouble;
mod world;
