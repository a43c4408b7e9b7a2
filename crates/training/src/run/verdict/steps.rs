//! What happened, in order, in the words of the journey.

use super::super::Seen;
use crate::report::Step;
use siaga_call_flow::FlowEvent;
use siaga_model::{Disposition, Timestamp};

/// What people did and what the hub logged, from the dialling on.
pub(super) fn of(seen: &Seen, at_ms: &impl Fn(Timestamp) -> i64) -> Vec<Step> {
    let mut steps =
        vec![Step { step: 1, at_ms: 0, by: "caller".to_owned(), event: "dialled".to_owned() }];
    for (at, deed) in &seen.notes.deeds {
        steps.push(Step { at_ms: at_ms(seen.clock.at(*at)), ..deed.clone() });
    }
    let mut back = false;
    for (at, event) in &seen.log.events {
        back |= matches!(event, FlowEvent::Reclaimed { .. });
        steps.extend(step_of(event, at_ms(*at), back));
    }
    steps.retain(|step| step.at_ms >= 0);
    steps.sort_by_key(|step| step.at_ms);
    steps
}

/// How the journey tells an event, if it does; `back`: a transfer came back before.
fn step_of(event: &FlowEvent, at_ms: i64, back: bool) -> Option<Step> {
    let logged = serde_json::to_value(event).ok()?;
    let name = logged.get("event")?.as_str()?;
    let (step, by, what) = match name {
        "caller-arrived" => (1, "switch", name),
        "seat-ringing" => (1, "seat", "ringing"),
        "seat-missed" => (1, "seat", "missed"),
        "answered" => (2, "seat", name),
        "transfer-started" => (6, "from", name),
        "unit-picked" => (6, "hub", name),
        "transfer-ringing" => (6, "seat", name),
        "transfer-answered" | "transfer-done" => (7, "seat", name),
        "reclaimed" => (10, "seat", name),
        "ended" => (closing_step(event, back), "hub", "closed"),
        // Seats come and go; what belongs to a call has the call in it.
        _ if logged.get("call").is_none() => return None,
        _ if logged.get("seat").is_some() => (1, "seat", name),
        _ => (1, "hub", name),
    };
    let by = logged.get(by).and_then(|seat| seat.as_str()).unwrap_or(by).to_owned();
    Some(Step { step, at_ms, by, event: what.to_owned() })
}

fn closing_step(event: &FlowEvent, back: bool) -> u8 {
    match event {
        FlowEvent::Ended { disposition: Disposition::HandledByUnit { .. }, .. } => 9,
        FlowEvent::Ended { disposition: Disposition::ForwardedToUnit { .. }, .. } if back => 11,
        _ => 5,
    }
}
