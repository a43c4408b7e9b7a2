//! Desks, hubs and switches as processes of their own, so that they can be killed, frozen and started again as
//! the real ones are: what they do for their parent, and what the parent holds of them.

mod desk;
mod hub;
mod process;
mod switch;
mod track;

pub use desk::{DeskProgram, PASSWORD_VARIABLE, desk_program};
pub use hub::{HubProgram, hub_program};
pub use switch::{SwitchProgram, switch_program};

pub(crate) use desk::DeskProcess;
pub(crate) use hub::HubProcess;
pub(crate) use switch::{Recorded, SwitchProcess, seat};
