//! Cases as they stand in a file: one JSON object a line, with Indonesian field names.
//!
//! What a plugin may see ([`Case`]) and what is expected of it ([`Expected`]) are read into two
//! types, so that nothing expected can reach a plugin by mistake.

use serde_json::Value;
use siaga_model::{Point, Timestamp};

/// What an operator knew when the call came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Case {
    /// Its name in the file.
    pub(crate) id: String,
    /// When the call came in.
    pub(crate) at: Timestamp,
    /// Ringing and talking, milliseconds.
    pub(crate) lasted_ms: i64,
    /// The number in E.164 where it is known, else as it came; empty when withheld.
    pub(crate) number: String,
    /// The place in the caller's words.
    pub(crate) location: String,
    /// What happened, in the operator's words.
    pub(crate) narrative: String,
    /// Kemendagri code of the resolved place; hidden by `--from-words`.
    pub(crate) area_code: String,
    /// The resolved place as a point; hidden by `--from-words`.
    pub(crate) point: Option<Point>,
}

/// What is right, for comparison and for the history of later cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The final truth: `valid`, `duplicate`, `incomplete`, `prank`, `ghost`, …; empty when not given.
    pub(crate) label: String,
    /// What intake recorded at the time.
    pub(crate) recorded: String,
    /// Branch and leaf of the tree of kinds.
    pub(crate) kind: String,
    /// `P1` to `P4`, empty when not given.
    pub(crate) priority: String,
    /// The name of the Polres, empty when there is none.
    pub(crate) polres: String,
    /// The case of which it is a duplicate, empty when it is none.
    pub(crate) duplicate_of: String,
}

/// A line that is no case.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CaseError {
    #[error("line {line}: not a JSON object: {reason}")]
    Json { line: usize, reason: String },
    #[error("line {line}: field {field:?}: {reason}")]
    Field { line: usize, field: &'static str, reason: String },
    #[error("line {line}: field \"id\": {id} stands in line {first} already")]
    Twice { line: usize, first: usize, id: String },
    #[error("there is no case in it")]
    Empty,
}

/// Reads a file; empty lines are passed over. Errors name the line, counted from 1, and the field.
pub(crate) fn read(text: &str) -> Result<Vec<(Case, Expected)>, CaseError> {
    let mut cases: Vec<(usize, (Case, Expected))> = Vec::new();
    for (n, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let line = Line { number: n + 1, value: object(n + 1, text)? };
        let read = line.read()?;
        if let Some((first, (case, _))) = cases.iter().find(|(_, (case, _))| case.id == read.0.id) {
            return Err(CaseError::Twice { line: n + 1, first: *first, id: case.id.clone() });
        }
        cases.push((n + 1, read));
    }
    if cases.is_empty() {
        return Err(CaseError::Empty);
    }
    Ok(cases.into_iter().map(|(_, case)| case).collect())
}

fn object(line: usize, text: &str) -> Result<Value, CaseError> {
    let reason = match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => return Ok(value),
        Ok(_) => "it is something else".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(CaseError::Json { line, reason })
}

struct Line {
    number: usize,
    value: Value,
}

impl Line {
    fn read(&self) -> Result<(Case, Expected), CaseError> {
        let id = self.text("id", "id")?;
        if id.is_empty() {
            return Err(self.wrong("id", "it is missing"));
        }
        let at = self.text("waktu", "waktu")?;
        let at: jiff::Timestamp = at.parse().map_err(|error: jiff::Error| {
            self.wrong("waktu", &format!("no time such as 2026-03-14T07:12:05+07:00: {error}"))
        })?;
        if self.value.get("narasi").is_none() {
            return Err(self.wrong("narasi", "it is missing"));
        }
        let seconds = self.seconds("dering_detik")?.saturating_add(self.seconds("durasi_detik")?);
        let e164 = self.text("penelepon.e164", "/penelepon/e164")?;
        let raw = self.text("penelepon.mentah", "/penelepon/mentah")?;
        let case = Case {
            id,
            at: Timestamp(at.as_millisecond()),
            lasted_ms: seconds.saturating_mul(1000),
            number: if e164.is_empty() { raw } else { e164 },
            location: self.text("lokasi_klaim", "lokasi_klaim")?,
            narrative: self.text("narasi", "narasi")?,
            area_code: self.text("lokasi.kode_kec", "/lokasi/kode_kec")?,
            point: self.point(),
        };
        let label = self.text("label", "label")?;
        let recorded = self.text("label_awal", "label_awal")?;
        let (branch, leaf) = (self.text("jenis", "jenis")?, self.text("kategori", "kategori")?);
        let priority = self.text("prioritas", "prioritas")?;
        if !["", "P1", "P2", "P3", "P4"].contains(&priority.as_str()) {
            return Err(self.wrong("prioritas", "it is none of P1, P2, P3, P4"));
        }
        let expected = Expected {
            recorded: if recorded.is_empty() { label.clone() } else { recorded },
            label,
            kind: if leaf.is_empty() { branch } else { format!("{branch}/{leaf}") },
            priority,
            polres: self.text("polres", "polres")?,
            duplicate_of: self.text("duplikat_dari", "duplikat_dari")?,
        };
        Ok((case, expected))
    }

    fn at(&self, path: &str) -> Option<&Value> {
        if path.starts_with('/') { self.value.pointer(path) } else { self.value.get(path) }
    }

    /// A text; empty when it is missing or null.
    fn text(&self, field: &'static str, path: &str) -> Result<String, CaseError> {
        match self.at(path) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(self.wrong(field, "it is no text")),
        }
    }

    fn seconds(&self, field: &'static str) -> Result<i64, CaseError> {
        match self.value.get(field) {
            None | Some(Value::Null) => Ok(0),
            Some(value) => value
                .as_f64()
                .filter(|seconds| (0.0..=86_400.0).contains(seconds))
                .map(|seconds| seconds as i64)
                .ok_or_else(|| self.wrong(field, "it is no number of seconds up to a day")),
        }
    }

    fn point(&self) -> Option<Point> {
        let degrees = |name: &str| self.at(name)?.as_f64();
        Some(Point { lat: degrees("/lokasi/lat")?, lng: degrees("/lokasi/lng")? })
    }

    fn wrong(&self, field: &'static str, reason: &str) -> CaseError {
        CaseError::Field { line: self.number, field, reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"id": "A", "waktu": "2026-03-14T07:12:05+07:00", "narasi": "laka", "label": "valid"}"#;

    #[test]
    fn a_case_needs_a_name_a_time_and_words_and_nothing_else() {
        let (case, expected) = &read(GOOD).expect("it reads")[0];
        assert_eq!((case.at.0, case.narrative.as_str()), (1_773_447_125_000, "laka"));
        assert_eq!((expected.recorded.as_str(), expected.priority.as_str()), ("valid", ""));
    }

    #[test]
    fn a_bad_line_is_named_with_its_number_and_field() {
        for (line, message) in [
            ("{", "line 2: not a JSON object"),
            ("[]", "line 2: not a JSON object"),
            (r#"{"waktu": "2026-03-14T07:12:05+07:00", "narasi": ""}"#, "line 2: field \"id\""),
            (r#"{"id": "B", "waktu": "kemarin", "narasi": ""}"#, "line 2: field \"waktu\""),
            (r#"{"id": "B", "waktu": "2026-03-14T07:12:05+07:00"}"#, "line 2: field \"narasi\""),
            (
                r#"{"id": "B", "waktu": "2026-03-14T07:12:05Z", "narasi": 7}"#,
                "line 2: field \"narasi\"",
            ),
            (
                r#"{"id": "B", "waktu": "2026-03-14T07:12:05Z", "narasi": "", "durasi_detik": -1}"#,
                "line 2: field \"durasi_detik\"",
            ),
            (GOOD, "line 2: field \"id\": A stands in line 1 already"),
        ] {
            let error = read(&format!("{GOOD}\n{line}")).expect_err("refused").to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert_eq!(read("\n \n"), Err(CaseError::Empty));
    }
}
