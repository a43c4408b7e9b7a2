//! The embedded switch by itself, over real sockets and with real sound: telephones dial in and are
//! rung, a test commands in place of the hub.

mod call_back;
mod calls;
mod disk;
mod endings;
mod exchange;
mod killed;
mod line;
mod lost;
mod neighbours;
mod phone;
