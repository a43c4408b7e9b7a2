//! Between columns and types.

use crate::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::str::FromStr;

/// An error of the database as ours. Its text names tables and constraints, never values.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database)
            if database.is_unique_violation()
                || database.is_foreign_key_violation()
                || database.is_check_violation() =>
        {
            StoreError::Conflict(database.message().to_owned())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// As JSON.
pub(super) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Damaged { what, why: error.to_string() })
}

/// A unit-like enum as its bare word (`with-unit`), readable in SQL.
pub(super) fn word<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) => Err(StoreError::Damaged { what, why: "not a word".to_owned() }),
        Err(error) => Err(StoreError::Damaged { what, why: error.to_string() }),
    }
}

/// SQLite counts in i64; ours never come near.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads columns of a row by name.
pub(super) struct Columns<'a>(pub(super) &'a SqliteRow);

impl Columns<'_> {
    pub(super) fn text(&self, name: &'static str) -> Result<String, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    pub(super) fn maybe_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    pub(super) fn number(&self, name: &'static str) -> Result<i64, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    pub(super) fn maybe_number(&self, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    pub(super) fn real(&self, name: &'static str) -> Result<f64, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    pub(super) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, StoreError> {
        self.0.try_get(name).map_err(failed)
    }

    /// A whole number that must fit `T`.
    pub(super) fn whole<T: TryFrom<i64>>(&self, name: &'static str) -> Result<T, StoreError> {
        T::try_from(self.number(name)?).map_err(|_| damaged(name, "out of range"))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, StoreError> {
        parse_json(name, &self.text(name)?)
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text(name)?.map(|text| parse_json(name, &text)).transpose()
    }

    pub(super) fn word<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, StoreError> {
        serde_json::from_value(serde_json::Value::String(self.text(name)?))
            .map_err(|_| damaged(name, "an unknown word"))
    }

    pub(super) fn maybe_word<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text(name)?.map(|_| self.word(name)).transpose()
    }

    pub(super) fn id<T: FromStr>(&self, name: &'static str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| damaged(name, "not an id"))
    }

    pub(super) fn maybe_id<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, StoreError> {
        self.maybe_text(name)?
            .map(|text| text.parse().map_err(|_| damaged(name, "not an id")))
            .transpose()
    }
}

pub(super) fn damaged(what: &'static str, why: &str) -> StoreError {
    StoreError::Damaged { what, why: why.to_owned() }
}

fn parse_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    // Serde's text may quote the value: only where it is.
    serde_json::from_str(text).map_err(|error| {
        damaged(what, &format!("{:?} error at column {}", error.classify(), error.column()))
    })
}
