//! Where places are and whose they are.
//!
//! A Polda keeps its places as a folder of tables that people can read and correct: kecamatan and
//! kelurahan with their Polres, landmarks, streets, toll roads, abbreviations. [`source::read`] checks
//! the folder, names every faulty row, and makes one compact [`Form`] of it. [`Form::to_bytes`] is what
//! is compiled into a program or laid beside it as a file; [`Gazetteer::new`] makes it ready to be
//! asked, which takes some milliseconds.
//!
//! Points are looked up in the polygons of the kelurahan ([`Borders`]), words by an index of names
//! that knows how operators write. A name alone never decides: whatever several units share is given
//! with all of them, and what the other words say only weighs them.
//!
//! Every look-up is a pure function of the form and the question. It uses no floating-point function
//! whose last digit differs between machines, so equal forms give equal answers everywhere.
//!
//! What it is not: it knows nothing of calls, plugins or verdicts, and reads no file but the tables.
#![cfg_attr(test, allow(clippy::unwrap_used))]
// A build script that only makes the form unfolds no border.
#![cfg_attr(not(any(feature = "look-up", feature = "geojson")), allow(dead_code))]
#![forbid(unsafe_code)]

mod borders;
mod code;
mod form;
mod geometry;
pub mod source;
mod table;

#[cfg(feature = "look-up")]
mod area;
#[cfg(feature = "look-up")]
mod entry;
#[cfg(feature = "look-up")]
mod gazetteer;
#[cfg(feature = "look-up")]
mod names;
#[cfg(feature = "look-up")]
mod neighbours;
#[cfg(feature = "look-up")]
mod reading;
#[cfg(feature = "look-up")]
mod spelling;
#[cfg(feature = "look-up")]
mod toll;
#[cfg(feature = "look-up")]
mod weighing;

pub use borders::Borders;
#[cfg(feature = "geojson")]
pub use borders::geojson;
pub use code::Code;
#[cfg(feature = "look-up")]
pub use entry::PlaceKind;
pub use form::{Form, FormError};
#[cfg(feature = "look-up")]
pub use gazetteer::{Found, Gazetteer};
pub use geometry::Spot;
#[cfg(feature = "look-up")]
pub use reading::Relation;
