//! Sessions over real sockets on loopback. Waits are for events, with a generous deadline.

#![allow(clippy::unwrap_used)]

mod codecs;
mod hold;
mod party;
mod refusals;
mod relay;
mod voice;
