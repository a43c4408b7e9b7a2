//! The contract that every store keeps, run against each of them.

#![allow(clippy::unwrap_used)]

mod contract;
mod lists;
mod sqlite;
