//! Whole calls: hub, switch, desks, plugins, callers and operators, over real sockets and with real
//! voices. What is judged is what happened and in which order, and what was heard; milliseconds are
//! the business of `cargo xtask bench` and of a journey that has the machine to itself.

mod asterisk;
mod bad_input;
mod faults;
mod journeys;
mod lessons;
mod parts;
mod quiet_faults;
mod room;
