//! User agent and server against each other over real sockets on loopback.

#![allow(clippy::unwrap_used)]

mod calls;
mod harness;
mod hostile;
mod reconnect;
mod register;
