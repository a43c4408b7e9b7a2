//! The words that everything else speaks.
//!
//! A call arrives ([`CallFacts`]), an operator types what is said ([`Form`]); both together are the
//! [`Intake`] that plugins judge. A plugin answers with a [`Verdict`] and with [`Destination`]s; the
//! operator decides, and what became of it is the [`Case`].
//!
//! Nothing here does IO, reads a clock or draws a random number. Personal data is wrapped in
//! [`Redacted`], so that no log line can show it by accident.

#![forbid(unsafe_code)]

mod case;
mod cause;
mod follow_up;
mod id;
mod intake;
mod outside;
mod redacted;
mod seat;
mod shift_note;
mod time;
mod verdict;

pub use case::{Case, CaseNumber, CaseNumberError, CaseStatus, Disposition, NotReport};
pub use cause::{CallBackFailure, EndedBy, LegCause, LineSignal, ReclaimCause};
pub use follow_up::{FollowUp, FollowUpKind};
pub use id::{CallId, LegId, ParseIdError, SeatId, UnitId};
pub use intake::{
    CallFacts, Caller, CallerStatus, CellLocation, Channel, Danger, Direction, Form, Intake,
    OtherService, Point, Tri,
};
pub use outside::OutsideParty;
pub use redacted::Redacted;
pub use seat::{Level, Role, Seat, SeatState, Unit};
pub use shift_note::ShiftNote;
pub use time::Timestamp;
pub use verdict::{
    Advice, Destination, Finding, FindingLevel, PluginFault, PluginRef, Priority, Validity, Verdict,
};
