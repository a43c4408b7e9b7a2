//! The shape of `journey.json` as it was promised, field by field and type by type. Others read it,
//! so a field that is renamed by accident must be found here.

use serde_json::Value;

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    /// Text that may be empty: nobody chose a kind of call for a prank.
    AnyText,
    /// Text or null.
    MaybeText,
    Yes,
    Whole,
    /// A whole number or null.
    MaybeWhole,
    Number,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::AnyText => value.is_string(),
            Self::MaybeText => value.is_null() || Self::Text.fits(value),
            Self::Yes => value.is_boolean(),
            Self::Whole => value.is_i64() || value.is_u64(),
            Self::MaybeWhole => value.is_null() || Self::Whole.fits(value),
            Self::Number => value.is_number(),
        }
    }
}

use Kind::{AnyText, MaybeText, MaybeWhole, Number, Text, Whole, Yes};

const TOP: &[(&str, Kind)] = &[("scenario", Text), ("ok", Yes), ("switch", Text)];
const STEP: &[(&str, Kind)] = &[("step", Whole), ("at_ms", Whole), ("by", Text), ("event", Text)];
const TIMINGS: &[(&str, Kind)] = &[
    ("ring_to_answer", Whole),
    ("answer_to_audio", Whole),
    ("reclaim", MaybeWhole),
    ("caller_longest_silence", Whole),
];
const CASE: &[(&str, Kind)] = &[
    ("number", Text),
    ("category", AnyText),
    ("verdict", Text),
    ("unit", MaybeText),
    ("disposition", Text),
    ("status", Text),
];
const LEG: &[(&str, Kind)] = &[
    ("who", Text),
    ("codec", Text),
    ("joined_ms", MaybeWhole),
    ("left_ms", Whole),
    ("cause", Text),
    ("packets_received", Whole),
    ("packets_lost", Whole),
];
const RECORDING: &[(&str, Kind)] = &[
    ("file", Text),
    ("starts_at_ms", Whole),
    ("seconds", Number),
    ("channels", Whole),
    ("sha256", Text),
];
const PLUGIN: &[(&str, Kind)] = &[
    ("name", Text),
    ("version", Text),
    ("sha256", Text),
    ("calls", Whole),
    ("micros_p50", Number),
    ("micros_p99", Number),
    ("failures", Whole),
];

/// Checks all of a journey.
pub(crate) fn have_their_shape(journey: &Value) {
    let mut wrong = Vec::new();
    check("", journey, TOP, &mut wrong);
    check("timings_ms", &journey["timings_ms"], TIMINGS, &mut wrong);
    check("case", &journey["case"], CASE, &mut wrong);
    for (name, fields) in
        [("steps", STEP), ("legs", LEG), ("recordings", RECORDING), ("plugins", PLUGIN)]
    {
        match journey[name].as_array() {
            Some(items) if !items.is_empty() => {
                for item in items {
                    check(name, item, fields, &mut wrong);
                }
            }
            Some(_) | None => wrong.push(format!("{name} holds nothing")),
        }
    }
    let unjoined = |leg: &Value| leg["joined_ms"].is_null();
    for leg in journey["legs"].as_array().into_iter().flatten().filter(|leg| !unjoined(leg)) {
        if leg["packets_received"].as_u64() == Some(0) {
            wrong.push(format!("{leg} was up and silent"));
        }
    }
    for hashed in ["recordings", "plugins"] {
        for item in journey[hashed].as_array().into_iter().flatten() {
            let hash = item["sha256"].as_str().unwrap_or_default();
            if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                wrong.push(format!("{hashed}: {hash} is no SHA-256"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn check(place: &str, value: &Value, fields: &[(&str, Kind)], wrong: &mut Vec<String>) {
    for (name, kind) in fields {
        match value.get(name) {
            Some(value) if kind.fits(value) => {}
            other => wrong.push(format!("{place}.{name} must be {kind:?}, is {other:?}")),
        }
    }
}
