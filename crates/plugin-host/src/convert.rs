//! Between the vocabulary of the model and that of the WIT.

use crate::PastReport;
use crate::bindings::siaga::plugin::types as wit;
use siaga_model::{
    CallerStatus, Channel, Finding, FindingLevel, Form, Intake, OtherService, Point, Priority,
    Timestamp, Tri, Validity,
};

pub(crate) fn intake(intake: &Intake, now: Timestamp) -> wit::Intake {
    let facts = &intake.facts;
    wit::Intake {
        facts: wit::CallFacts {
            channel: match facts.channel {
                Channel::Telephone => wit::Channel::Telephone,
                Channel::Text => wit::Channel::Text,
            },
            caller: wit::Caller {
                number: facts.caller.number.expose().clone(),
                status: match facts.caller.status {
                    CallerStatus::Verified => wit::CallerStatus::Verified,
                    CallerStatus::Claimed => wit::CallerStatus::Claimed,
                    CallerStatus::Withheld => wit::CallerStatus::Withheld,
                },
            },
            cell_location: facts.cell_location.as_ref().map(|cell| wit::CellLocation {
                middle: point(cell.point),
                uncertainty_m: cell.uncertainty_m,
                source: cell.source.clone(),
            }),
            arrived_at: facts.arrived_at.0,
        },
        form: form(&intake.form),
        now: now.0,
    }
}

fn form(form: &Form) -> wit::Form {
    wit::Form {
        location: form.location.expose().clone(),
        area_code: form.area_code.clone(),
        point: form.point.map(point),
        narrative: form.narrative.expose().clone(),
        kind: form.kind.clone(),
        priority: form.priority.map(|priority| match priority {
            Priority::P1 => wit::Priority::P1,
            Priority::P2 => wit::Priority::P2,
            Priority::P3 => wit::Priority::P3,
            Priority::P4 => wit::Priority::P4,
        }),
        danger: wit::Danger {
            trapped: tri(form.danger.trapped),
            weapon: tri(form.danger.weapon),
            injured: tri(form.danger.injured),
            ongoing: tri(form.danger.ongoing),
        },
        reporter_name: form.reporter_name.expose().clone(),
        reporter_relation: form.reporter_relation.expose().clone(),
        hide_identity: form.hide_identity,
        no_call_back: form.no_call_back,
        services: form
            .services
            .iter()
            .map(|service| match service {
                OtherService::Ambulance => wit::OtherService::Ambulance,
                OtherService::Fire => wit::OtherService::Fire,
                OtherService::Rescue => wit::OtherService::Rescue,
                OtherService::Municipal => wit::OtherService::Municipal,
                OtherService::TollRoad => wit::OtherService::TollRoad,
            })
            .collect(),
        unit: form.unit.as_ref().map(ToString::to_string),
    }
}

pub(crate) fn past(past: &PastReport) -> wit::PastReport {
    wit::PastReport {
        at: past.at.0,
        same_number: past.same_number,
        location: past.location.expose().clone(),
        area_code: past.area_code.clone(),
        point: past.point.map(point),
        kind: past.kind.clone(),
        disposition: past.disposition.clone(),
        narrative: past.narrative.expose().clone(),
        case_number: past.case_number.clone(),
    }
}

fn point(point: Point) -> wit::Point {
    wit::Point { lat: point.lat, lng: point.lng }
}

fn tri(tri: Tri) -> wit::Tri {
    match tri {
        Tri::Yes => wit::Tri::Yes,
        Tri::No => wit::Tri::No,
        Tri::Unknown => wit::Tri::Unknown,
    }
}

pub(crate) fn validity(validity: wit::Validity) -> Validity {
    match validity {
        wit::Validity::Valid => Validity::Valid,
        wit::Validity::NotValid => Validity::NotValid,
        wit::Validity::Ask => Validity::Ask,
    }
}

pub(crate) fn priority(priority: wit::Priority) -> Priority {
    match priority {
        wit::Priority::P1 => Priority::P1,
        wit::Priority::P2 => Priority::P2,
        wit::Priority::P3 => Priority::P3,
        wit::Priority::P4 => Priority::P4,
    }
}

pub(crate) fn finding(finding: wit::Finding) -> Finding {
    Finding {
        rule: finding.rule,
        level: match finding.level {
            wit::FindingLevel::Danger => FindingLevel::Danger,
            wit::FindingLevel::AskNow => FindingLevel::AskNow,
            wit::FindingLevel::Ask => FindingLevel::Ask,
            wit::FindingLevel::Settled => FindingLevel::Settled,
            wit::FindingLevel::Note => FindingLevel::Note,
        },
        field: finding.field,
        words: finding.words,
        title: finding.title,
        advice: finding.advice,
    }
}
