//! What became of a scenario: its story against what must have happened, its sound against what was
//! spoken, its times against the promises.

mod steps;
mod times;

use super::{RunOptions, Seen};
use crate::judge;
use crate::report::{
    CaseReport, FaultJourney, Journey, LegJourney, PluginJourney, RecordingJourney, VoiceCheck,
};
use crate::scenario::{Expected, Sound};
use anyhow::{Context, ensure};
use siaga_call_flow::Handover;
use siaga_hub_api::HandoverChoice;
use siaga_hub_store::LegRecord;
use siaga_model::{Case, LegId, Timestamp};
use siaga_plugin_host::PluginStats;
use std::path::Path;

pub(super) fn judge_all(
    options: &RunOptions,
    expected: &Expected,
    seen: &Seen,
) -> anyhow::Result<Journey> {
    let at_ms = |at: Timestamp| at.0 - seen.clock.at(seen.dialled_at).0;
    let mut problems: Vec<String> = seen.broke_off.iter().cloned().collect();
    let (recordings, sounds) = recordings(options, expected, seen, &at_ms, &mut problems)?;
    for (who, heard) in &seen.heard {
        write_heard(&options.report.join(format!("heard-{who}.wav")), &heard.timeline())?;
    }
    let steps = steps::of(seen, &at_ms);
    let mut late = Vec::new();
    let timings = times::measure(expected, seen, &mut problems, &mut late);
    let checks = voice_checks(&expected.sounds, seen, &sounds);
    for check in checks.iter().filter(|check| check.found != check.expected) {
        let verb = if check.expected { "is not" } else { "is" };
        problems.push(format!(
            "the voice of {} {verb} in {} ({:.2})",
            check.voice, check.place, check.peak
        ));
    }
    check_story(expected, seen, &mut problems);
    check_case(expected, seen, &mut problems)?;
    for (fact, _) in seen.notes.facts.iter().filter(|(_, holds)| !**holds) {
        problems.push(format!("{fact} is not so"));
    }
    let plugins: Vec<_> = seen.plugins.iter().map(plugin).collect();
    let failed = plugins.iter().any(|plugin| plugin.failures > 0);
    // Those of a desk that is no part of the cast cannot be asked.
    let unasked = plugins.is_empty() && !options.scenario.story().cast().seats.is_empty();
    if unasked || failed != expected.plugins_fail {
        problems.push("a plugin was not asked, or failed, or did not as it should".to_owned());
    }
    let handover = match options.handover {
        Some(HandoverChoice::Music) => Handover::Music,
        Some(HandoverChoice::Together) | None => Handover::Together,
    };
    let faults = seen.notes.faults.iter().map(|fault| FaultJourney {
        at_ms: at_ms(seen.clock.at(fault.at)),
        what: fault.what.clone(),
    });
    Ok(Journey {
        scenario: options.scenario.name().to_owned(),
        ok: problems.is_empty() && late.is_empty(),
        switch: seen.switch.clone(),
        caller_program: caller_program(seen),
        handover: name_of(&handover)?,
        steps,
        faults: faults.collect(),
        facts: seen.notes.facts.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect(),
        timings_ms: timings,
        case: seen.log.case.as_ref().map(case).transpose()?,
        legs: seen.log.legs.iter().map(|record| leg(record, &at_ms)).collect(),
        recordings,
        plugins,
        voices: checks,
        problems,
        late,
    })
}

/// The name that a unit variant has on the wire.
fn name_of(value: &impl serde::Serialize) -> anyhow::Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        serde_json::Value::Object(fields) => fields
            .get("kind")
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
            .context("a tagged value has a kind"),
        other => anyhow::bail!("{other} has no name"),
    }
}

/// The sound of the recordings, left and right, put together.
#[derive(Default)]
struct Recorded {
    left: Vec<i16>,
    right: Vec<i16>,
}

fn recordings(
    options: &RunOptions,
    expected: &Expected,
    seen: &Seen,
    at_ms: &impl Fn(Timestamp) -> i64,
    problems: &mut Vec<String>,
) -> anyhow::Result<(Vec<RecordingJourney>, Recorded)> {
    let records = &seen.log.recordings;
    if records.len() != expected.recordings {
        let (there, wanted) = (records.len(), expected.recordings);
        problems.push(format!("there are {there} recordings instead of {wanted}"));
    }
    let (mut journeys, mut sound, mut cut_off) = (Vec::new(), Recorded::default(), 0);
    for (n, record) in records.iter().enumerate() {
        let file = format!("recording-{}.opus", n + 1);
        let copy = options.report.join(&file);
        std::fs::copy(&record.file, &copy)
            .with_context(|| format!("copying the recording to {}", copy.display()))?;
        let verified = siaga_recording::verify(&copy)?;
        cut_off += usize::from(!verified.complete);
        if verified.sha256 != record.sha256 || verified.channels != 2 {
            problems.push(format!("{file} is not what was sealed"));
        }
        let (left, right) = siaga_recording::decode(&copy)?;
        sound.left.extend(left);
        sound.right.extend(right);
        journeys.push(RecordingJourney {
            file,
            starts_at_ms: at_ms(record.starts_at),
            seconds: record.seconds,
            channels: record.channels,
            sha256: record.sha256.clone(),
        });
    }
    if cut_off > expected.cut_off {
        problems.push(format!("{cut_off} recordings were cut off"));
    }
    Ok((journeys, sound))
}

/// Where each voice belongs and where it does not.
fn voice_checks(expected: &[Sound], seen: &Seen, sounds: &Recorded) -> Vec<VoiceCheck> {
    let mut checks = Vec::new();
    for sound in expected {
        let heard = match sound.place {
            "recording-left" => Some(&sounds.left),
            "recording-right" => Some(&sounds.right),
            place => seen
                .heard
                .iter()
                .find(|(who, _)| place.strip_prefix("heard-") == Some(who))
                .map(|(_, heard)| &heard.samples),
        };
        for (who, voice) in &seen.voices {
            if sound.may_hear.contains(who) {
                continue;
            }
            let samples = heard.map(Vec::as_slice).unwrap_or_default();
            let wanted = sound.hears.contains(who);
            checks.push(judge::look_for(who, voice, sound.place, samples, wanted));
        }
    }
    checks
}

/// What must have happened in the hub's own words, in this order.
fn check_story(expected: &Expected, seen: &Seen, problems: &mut Vec<String>) {
    if seen.broke_off.is_none() && seen.first_hung_up != expected.caller_hangs_up {
        problems.push(if seen.first_hung_up {
            "the caller hung up before the closing".to_owned()
        } else {
            "the caller was hung up on".to_owned()
        });
    }
    let mut events = seen.log.events.iter().map(|(_, event)| event);
    for (what, wanted) in &expected.story {
        if !events.any(wanted) {
            problems.push(format!("{what} is missing or out of its place in the story"));
            break;
        }
    }
    for (what, unwanted) in &expected.never {
        if seen.log.events.iter().any(|(_, event)| unwanted(event)) {
            problems.push(format!("{what} happened"));
        }
    }
    for (what, wanted) in &expected.once {
        if seen.log.count(wanted) > 1 {
            problems.push(format!("{what} happened twice"));
        }
    }
    if seen.log.legs.len() < expected.legs {
        let (there, wanted) = (seen.log.legs.len(), expected.legs);
        problems.push(format!("there are {there} legs instead of {wanted}"));
    }
}

fn check_case(expected: &Expected, seen: &Seen, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let Some(wanted) = &expected.case else { return Ok(()) };
    let Some(case) = &seen.log.case else {
        problems.push("there is no case".to_owned());
        return Ok(());
    };
    if case.status != wanted.status {
        problems.push(format!(
            "the case is {} instead of {}",
            name_of(&case.status)?,
            name_of(&wanted.status)?
        ));
    }
    if wanted.unit.is_some() && case.unit.as_ref().map(siaga_model::UnitId::as_str) != wanted.unit {
        problems.push(format!("the case is not with {}", wanted.unit.unwrap_or_default()));
    }
    Ok(())
}

fn case(case: &Case) -> anyhow::Result<CaseReport> {
    Ok(CaseReport {
        number: case.number.to_string(),
        category: case.form.kind.clone(),
        verdict: name_of(&case.validity)?,
        unit: case.unit.as_ref().map(ToString::to_string),
        disposition: case.disposition.as_ref().map(name_of).transpose()?,
        status: name_of(&case.status)?,
    })
}

fn caller_program(seen: &Seen) -> String {
    let caller = seen.log.legs.iter().find(|record| record.leg.is_caller());
    caller.map_or_else(|| seen.telephone.to_owned(), |record| record.user_agent.clone())
}

fn leg(record: &LegRecord, at_ms: &impl Fn(Timestamp) -> i64) -> LegJourney {
    let caller = LegId::is_caller(record.leg);
    LegJourney {
        who: match &record.seat {
            Some(seat) => seat.to_string(),
            None if caller => "caller".to_owned(),
            None => record.leg.to_string(),
        },
        codec: record.codec.clone(),
        joined_ms: record.joined_at.map(at_ms),
        left_ms: at_ms(record.left_at),
        cause: name_of(&record.cause).unwrap_or_default(),
        packets_received: record.packets_received,
        packets_lost: record.packets_lost,
    }
}

fn plugin(stats: &PluginStats) -> PluginJourney {
    PluginJourney {
        name: stats.name.clone(),
        version: stats.version.clone(),
        sha256: stats.sha256.clone(),
        calls: stats.calls,
        micros_p50: stats.micros_p50 as f64,
        micros_p99: stats.micros_p99 as f64,
        failures: stats.failures,
    }
}

/// 16 kHz mono; an empty file for somebody who never answered.
fn write_heard(path: &Path, samples: &[i16]) -> anyhow::Result<()> {
    let mut decimator = siaga_audio_devices::Decimator::default();
    let mut out = Vec::with_capacity(samples.len() / 3);
    for chunk in samples.chunks_exact(siaga_media::FRAME) {
        let mut frame = [0; siaga_media::FRAME];
        frame.copy_from_slice(chunk);
        out.extend_from_slice(&decimator.run(&frame));
    }
    siaga_testkit::wav::write(path, &out, 16_000)
        .with_context(|| format!("writing {}", path.display()))?;
    ensure!(path.is_file(), "{} was not written", path.display());
    Ok(())
}
