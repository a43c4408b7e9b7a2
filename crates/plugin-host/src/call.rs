//! What one call of a plugin holds on the host's side, and what the plugin can reach from there.

use crate::bindings::siaga::plugin::{config, gazetteer, log, types};
use crate::gazetteer::{Gazetteer, PlaceKind, Relation};
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
        let words = self.first_words(&words);
        self.gazetteer.by_name(words).into_iter().map(place).collect()
    }

    fn by_point(&mut self, at: types::Point) -> Vec<gazetteer::Place> {
        let at = Point { lat: at.lat, lng: at.lng };
        self.gazetteer.by_point(at).into_iter().map(place).collect()
    }

    fn by_circle(&mut self, middle: types::Point, radius_m: u32) -> Vec<gazetteer::Place> {
        let middle = Point { lat: middle.lat, lng: middle.lng };
        self.gazetteer.by_circle(middle, radius_m).into_iter().map(place).collect()
    }

    fn by_code(&mut self, code: String) -> Option<gazetteer::Place> {
        self.gazetteer.by_code(&code).map(place)
    }

    fn toll_kilometre(&mut self, road: String, km: f64) -> Vec<gazetteer::Place> {
        let road = self.first_words(&road).to_owned();
        self.gazetteer.toll_kilometre(&road, km).into_iter().map(place).collect()
    }

    fn neighbours(&mut self, unit: String, at: Option<types::Point>) -> Vec<String> {
        let at = at.map(|at| Point { lat: at.lat, lng: at.lng });
        self.gazetteer.neighbours(&unit, at).into_iter().map(String::from).collect()
    }
}

impl Call {
    /// What is looked up of a text.
    fn first_words<'a>(&self, words: &'a str) -> &'a str {
        let end =
            words.char_indices().nth(self.limits.place_words).map_or(words.len(), |(at, _)| at);
        &words[..end]
    }
}

fn place(place: crate::Place) -> gazetteer::Place {
    gazetteer::Place {
        name: place.name,
        code: place.code,
        kind: match place.kind {
            PlaceKind::Province => gazetteer::PlaceKind::Province,
            PlaceKind::Region => gazetteer::PlaceKind::Region,
            PlaceKind::Kecamatan => gazetteer::PlaceKind::Kecamatan,
            PlaceKind::Kelurahan => gazetteer::PlaceKind::Kelurahan,
            PlaceKind::Quarter => gazetteer::PlaceKind::Quarter,
            PlaceKind::Landmark => gazetteer::PlaceKind::Landmark,
            PlaceKind::Street => gazetteer::PlaceKind::Street,
            PlaceKind::TollRoad => gazetteer::PlaceKind::TollRoad,
        },
        within: place.within,
        unit: place.unit.into(),
        polsek: place.polsek,
        at: place.at.map(|at| types::Point { lat: at.lat, lng: at.lng }),
        words: place.words,
        starts: place.starts,
        relation: match place.relation {
            Relation::Here => gazetteer::Relation::Here,
            Relation::Beside => gazetteer::Relation::Beside,
            Relation::Opposite => gazetteer::Relation::Opposite,
            Relation::Origin => gazetteer::Relation::Origin,
            Relation::Towards => gazetteer::Relation::Towards,
            Relation::Elsewhere => gazetteer::Relation::Elsewhere,
        },
        score: place.score,
        distance_m: place.distance_m,
    }
}
