//! The switch against a real Asterisk of its own: a caller on the trunk (baresip), seats that register
//! over WebSocket with our user agent and media.

#![allow(clippy::unwrap_used)]

mod calls;
mod edges;
mod room;
