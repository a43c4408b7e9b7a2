//! Whether an answer makes sense. What does not is refused here, before an operator sees it.

use crate::PastReport;
use crate::bindings::siaga::plugin::types as wit;
use crate::limits::Limits;
use crate::units::units;
use siaga_model::{Destination, Form, Unit};

/// The fields beside which a finding can stand.
const FIELDS: [&str; 9] = [
    "location",
    "area-code",
    "point",
    "narrative",
    "kind",
    "priority",
    "danger",
    "reporter-name",
    "reporter-relation",
];

/// The first thing in a verdict that makes no sense.
pub(crate) fn verdict(
    verdict: &wit::Verdict,
    form: &Form,
    history: &[PastReport],
    limits: &Limits,
) -> Result<(), String> {
    text("reason", &verdict.reason, limits)?;
    if verdict.findings.len() > limits.findings {
        return Err(format!("{} findings", verdict.findings.len()));
    }
    for finding in &verdict.findings {
        text("rule", &finding.rule, limits)?;
        text("title", &finding.title, limits)?;
        text("advice", &finding.advice, limits)?;
        if finding.words.len() > limits.findings {
            return Err(format!("{} words in a finding", finding.words.len()));
        }
        if !finding.field.is_empty() && !FIELDS.contains(&finding.field.as_str()) {
            return Err("a finding beside a field that the form does not have".to_owned());
        }
        let typed = match finding.field.as_str() {
            "location" => form.location.expose(),
            "narrative" => form.narrative.expose(),
            "kind" => &form.kind,
            "area-code" => &form.area_code,
            "reporter-name" => form.reporter_name.expose(),
            "reporter-relation" => form.reporter_relation.expose(),
            _ => "",
        };
        // The words themselves are not named: they could be personal data.
        if finding.words.iter().any(|words| !typed.contains(words.as_str())) {
            return Err(format!("words that do not stand in the field {:?}", finding.field));
        }
    }
    if let Some(number) = &verdict.duplicate_of
        && (number.is_empty() || history.iter().all(|past| past.case_number != *number))
    {
        return Err("a duplicate of a case that it was not told of".to_owned());
    }
    Ok(())
}

/// The destinations that make sense, and the first thing that does not.
pub(crate) fn destinations(
    given: Vec<wit::Destination>,
    limits: &Limits,
) -> (Vec<Destination>, Option<String>) {
    let mut kept: Vec<Destination> = Vec::with_capacity(given.len().min(limits.destinations));
    let mut wrong = None;
    for destination in given {
        match one(destination, &kept, limits) {
            Ok(destination) => kept.push(destination),
            Err(why) => {
                wrong.get_or_insert(why);
            }
        }
    }
    (kept, wrong)
}

fn one(
    given: wit::Destination,
    kept: &[Destination],
    limits: &Limits,
) -> Result<Destination, String> {
    if kept.len() >= limits.destinations {
        return Err("too many destinations".to_owned());
    }
    text("reason", &given.reason, limits)?;
    text("question", &given.question, limits)?;
    let unit = known_unit(&given.unit)?;
    if kept.iter().any(|other| other.unit == unit.id) {
        return Err(format!("the unit {} twice", unit.id));
    }
    if given.confidence > 100 {
        return Err(format!("a confidence of {}", given.confidence));
    }
    Ok(Destination {
        unit: unit.id.clone(),
        reason: given.reason,
        confidence: given.confidence,
        question: given.question,
    })
}

fn known_unit(id: &str) -> Result<&'static Unit, String> {
    units().iter().find(|unit| unit.id.as_str() == id).ok_or_else(|| {
        let shown: String = id.chars().take(64).collect();
        format!("the unknown unit {shown:?}")
    })
}

fn text(what: &str, text: &str, limits: &Limits) -> Result<(), String> {
    // Four bytes are the longest character: what is shorter need not be counted.
    if text.len() > limits.text && text.chars().count() > limits.text {
        return Err(format!("a {what} of {} bytes", text.len()));
    }
    Ok(())
}
