//! The embedded switch by itself, over real sockets and with real sound: telephones dial in and are
//! rung, a test commands in place of the hub.

mod calls;
mod endings;
mod exchange;
mod killed;
mod phone;
