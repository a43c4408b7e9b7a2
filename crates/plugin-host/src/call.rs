//! What one call of a plugin holds on the host's side, and what the plugin can reach from there.

use crate::bindings::siaga::plugin::{config, gazetteer, log, types};
use crate::gazetteer::{Gazetteer, PlaceKind};
use crate::limits::Limits;
use siaga_model::{Point, Redacted};
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::ResourceLimiter;

/// A line that a plugin wrote, for its author. It can hold what the caller said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The text, cut at [`Limits::text`] characters.
    pub text: Redacted<String>,
}

/// The state of one store.
pub(crate) struct Call {
    pub(crate) limits: Arc<Limits>,
    pub(crate) gazetteer: Arc<dyn Gazetteer>,
    pub(crate) config: Arc<BTreeMap<String, String>>,
    pub(crate) log: Vec<LogLine>,
    /// Set when memory was refused: the error that follows says so only in words.
    pub(crate) out_of_memory: bool,
}

impl ResourceLimiter for Call {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired <= self.limits.memory {
            return Ok(true);
        }
        self.out_of_memory = true;
        Err(wasmtime::Error::msg("memory limit"))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired <= self.limits.table_elements {
            return Ok(true);
        }
        self.out_of_memory = true;
        Err(wasmtime::Error::msg("table limit"))
    }
}

impl types::Host for Call {}

impl log::Host for Call {
    fn write(&mut self, level: log::Level, text: String) {
        if self.log.len() < self.limits.log_lines {
            let level = match level {
                log::Level::Debug => "debug",
                log::Level::Info => "info",
                log::Level::Warn => "warn",
                log::Level::Error => "error",
            };
            let text: String = text.chars().take(self.limits.text).collect();
            self.log.push(LogLine { level, text: text.into() });
        }
    }
}

impl config::Host for Call {
    fn get(&mut self, key: String) -> Option<String> {
        self.config.get(&key).cloned()
    }
}

impl gazetteer::Host for Call {
    fn by_name(&mut self, words: String) -> Vec<gazetteer::Place> {
        let end =
            words.char_indices().nth(self.limits.place_words).map_or(words.len(), |(at, _)| at);
        self.gazetteer.by_name(&words[..end]).into_iter().map(place).collect()
    }

    fn by_point(&mut self, at: types::Point) -> Vec<gazetteer::Place> {
        let at = Point { lat: at.lat, lng: at.lng };
        self.gazetteer.by_point(at).into_iter().map(place).collect()
    }

    fn by_code(&mut self, code: String) -> Option<gazetteer::Place> {
        self.gazetteer.by_code(&code).map(place)
    }

    fn neighbours(&mut self, unit: String) -> Vec<String> {
        self.gazetteer.neighbours(&unit).into_iter().map(String::from).collect()
    }
}

fn place(place: crate::Place) -> gazetteer::Place {
    gazetteer::Place {
        name: place.name,
        code: place.code,
        kind: match place.kind {
            PlaceKind::Region => gazetteer::PlaceKind::Region,
            PlaceKind::Kecamatan => gazetteer::PlaceKind::Kecamatan,
            PlaceKind::Kelurahan => gazetteer::PlaceKind::Kelurahan,
            PlaceKind::Landmark => gazetteer::PlaceKind::Landmark,
        },
        within: place.within,
        unit: place.unit.into(),
        words: place.words,
        score: place.score,
    }
}
