//! What a window draws beside the call: lists, searches, a case, settings, what is played.
//!
//! These parts are large and change seldom. Each lies in a [`Slice`], which is the same until it is
//! replaced, so that nobody has to read it to know that it has not changed (see [`crate::Packer`]).

use crate::state::DeskError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siaga_model::{Point, Redacted, Timestamp, UnitId};
use std::ops::Deref;
use std::sync::Arc;

/// A part of the state that is shared until it changes.
#[derive(Debug, Default)]
pub struct Slice<T>(Arc<T>);

impl<T> Slice<T> {
    /// A part that has changed.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Slice<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: PartialEq> PartialEq for Slice<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl<T: Serialize> Serialize for Slice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// Something that was asked for. While it is asked again, and when that fails, what was known stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Looked<Q, T> {
    /// What is asked.
    pub asked: Q,
    /// What was found last, and by which question.
    pub found: Option<(Q, Arc<T>)>,
    /// When it was.
    pub as_of: Option<Timestamp>,
    /// Why there is nothing newer.
    pub failed: Option<DeskError>,
}

impl<Q, T> Looked<Q, T> {
    pub(crate) fn ask(asked: Q) -> Self {
        Self { asked, found: None, as_of: None, failed: None }
    }
}

/// A place that was found, with the unit whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlaceView {
    /// Its name.
    pub name: String,
    /// Kemendagri code; empty for a landmark.
    pub code: String,
    /// What sort of place it is.
    pub kind: PlaceSort,
    /// The kabupaten or kota.
    pub within: String,
    /// The unit that is responsible.
    pub unit: UnitId,
    /// How well it fits, 0 to 100.
    pub score: u8,
}

/// What sort of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PlaceSort {
    /// A kabupaten or kota.
    Region,
    /// A kecamatan.
    Kecamatan,
    /// A kelurahan or desa.
    Kelurahan,
    /// A station, a mall, the airport.
    Landmark,
}

/// Where somebody looks for a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PlaceQuery {
    /// By what the caller says.
    Name {
        /// Words, at most 500 characters.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        words: Redacted<String>,
    },
    /// By a point on the map.
    Point {
        /// It.
        point: Point,
    },
}

/// A recording that is played at this desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Playing {
    /// Which.
    pub sha256: String,
    /// How far, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_ms: u64,
    /// How long it is; 0 while it is fetched.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ms: u64,
}
