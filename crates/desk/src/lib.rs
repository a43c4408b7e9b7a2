//! The engine of a seat: everything a desk does, without a window.
//!
//! The window holds no truth. It draws [`DeskState`], which arrives whole on one channel, and sends
//! [`Intent`]s. Reloading the page, or its death, is not heard by the caller.

#![forbid(unsafe_code)]

mod intent;
mod state;

pub use intent::Intent;
pub use state::{
    AdvisorHealth, AudioHealth, DeskCall, DeskError, DeskState, LinkHealth, Notice, PhoneState,
    SessionInfo,
};
