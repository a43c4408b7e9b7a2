//! User agent and server against each other over real sockets on loopback.

#![allow(clippy::unwrap_used)]
#![allow(clippy::result_large_err, reason = "an event not waited for is handed back whole")]

mod calls;
mod floods;
mod harness;
mod hostile;
mod reconnect;
mod register;
mod torture;
