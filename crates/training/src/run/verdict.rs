//! What became of a scenario: its story against what must have happened, its sound against what was
//! spoken, its times against the promises.

use super::{POLRES, RunOptions, Seen, Voices};
use crate::judge::{self, HeardByCaller};
use crate::report::{
    CaseReport, Journey, LegJourney, PluginJourney, RecordingJourney, Step, Timings, VoiceCheck,
};
use crate::script::Scenario;
use anyhow::{Context, ensure};
use siaga_call_flow::{FlowConfig, FlowEvent, Handover};
use siaga_hub::HubNews;
use siaga_hub_api::HandoverChoice;
use siaga_model::{Case, CaseStatus, Disposition, EndedBy, LegId, ReclaimCause, Timestamp};
use siaga_plugin_host::PluginStats;
use siaga_switch::{LegReport, RecordingReport};
use std::path::Path;
use std::time::Instant;

/// Limits of the promises, in milliseconds (design: levels of service).
mod limits {
    /// Longest span with neither a human nor music nor a prompt.
    pub(super) const SILENCE: i64 = 500;
    /// From the operator's key to two-way audio.
    pub(super) const ANSWER_TO_AUDIO: i64 = 500;
    /// From busy or declined to the Polda operator's voice.
    pub(super) const RECLAIM_BUSY: i64 = 1_000;
    /// From the end of the ring time to the Polda operator's voice.
    pub(super) const RECLAIM_SILENT: i64 = 500;
}

pub(super) fn judge_all(
    options: &RunOptions,
    voices: &Voices,
    switch: String,
    seen: &Seen,
) -> anyhow::Result<Journey> {
    let at_ms = |at: Timestamp| at.0 - seen.clock.at(seen.dialled_at).0;
    let mut problems = Vec::new();
    let (recordings, sounds) = recordings(options, &seen.news, &at_ms, &mut problems)?;
    for (who, heard) in [
        ("caller", &seen.caller_heard),
        ("polda", &seen.polda_heard),
        ("polres", &seen.polres_heard),
    ] {
        write_heard(&options.report.join(format!("heard-{who}.wav")), &heard.samples)?;
    }
    let steps = steps(seen, &at_ms);
    let mut late = Vec::new();
    let timings = timings(options, seen, &mut problems, &mut late);
    let checks = voice_checks(options.scenario, voices, seen, &sounds);
    for check in checks.iter().filter(|check| check.found != check.expected) {
        let verb = if check.expected { "is not" } else { "is" };
        problems.push(format!(
            "the voice of {} {verb} in {} ({:.2})",
            check.voice, check.place, check.peak
        ));
    }
    check_story(options.scenario, seen, &mut problems);
    let plugins: Vec<_> = seen.plugins.iter().map(plugin).collect();
    if plugins.is_empty() || plugins.iter().any(|plugin| plugin.calls == 0 || plugin.failures > 0) {
        problems.push("a plugin was not asked or failed".to_owned());
    }
    let legs = seen.news.iter().filter_map(leg_of).map(|report| leg(report, &at_ms)).collect();
    let handover = match options.handover {
        Some(HandoverChoice::Music) => Handover::Music,
        Some(HandoverChoice::Together) | None => Handover::Together,
    };
    Ok(Journey {
        scenario: options.scenario.name().to_owned(),
        ok: problems.is_empty() && late.is_empty(),
        switch,
        handover: name_of(&handover)?,
        steps,
        timings_ms: timings,
        case: seen.case.as_ref().map(case).transpose()?,
        legs,
        recordings,
        plugins,
        voices: checks,
        problems,
        late,
    })
}

fn leg_of(news: &HubNews) -> Option<&LegReport> {
    match news {
        HubNews::Leg(leg) => Some(leg),
        HubNews::Flow { .. }
        | HubNews::CaseOpened { .. }
        | HubNews::Recording(_)
        | HubNews::RecordingTrouble { .. }
        | HubNews::Dtmf { .. } => None,
    }
}

fn flow(news: &[HubNews]) -> impl Iterator<Item = (Timestamp, &FlowEvent)> {
    news.iter().filter_map(|item| match item {
        HubNews::Flow { at, event } => Some((*at, event)),
        HubNews::CaseOpened { .. }
        | HubNews::Leg(_)
        | HubNews::Recording(_)
        | HubNews::RecordingTrouble { .. }
        | HubNews::Dtmf { .. } => None,
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

fn steps(seen: &Seen, at_ms: &impl Fn(Timestamp) -> i64) -> Vec<Step> {
    let mut steps =
        vec![Step { step: 1, at_ms: 0, by: "caller".to_owned(), event: "dialled".to_owned() }];
    for deed in &seen.deeds.deeds {
        steps.push(Step {
            step: deed.step,
            at_ms: at_ms(seen.clock.at(deed.at)),
            by: deed.by.clone(),
            event: deed.event.to_owned(),
        });
    }
    let mut back = false;
    for (at, event) in flow(&seen.news) {
        let (step, by, what) = match event {
            FlowEvent::CallerArrived { .. } => (1, "switch".to_owned(), "caller-arrived"),
            FlowEvent::SeatRinging { seat, .. } => (1, seat.to_string(), "ringing"),
            FlowEvent::SeatMissed { seat, .. } => (1, seat.to_string(), "missed"),
            FlowEvent::Answered { seat, .. } => (2, seat.to_string(), "answered"),
            FlowEvent::UnitPicked { .. } => (6, "hub".to_owned(), "unit-picked"),
            FlowEvent::TransferStarted { from, .. } => (6, from.to_string(), "transfer-started"),
            FlowEvent::TransferRinging { seat, .. } => (6, seat.to_string(), "transfer-ringing"),
            FlowEvent::TransferAnswered { seat, .. } => (7, seat.to_string(), "transfer-answered"),
            FlowEvent::TransferDone { seat, .. } => (7, seat.to_string(), "transfer-done"),
            FlowEvent::Reclaimed { seat, .. } => {
                back = true;
                (10, seat.to_string(), "reclaimed")
            }
            FlowEvent::Ended { disposition, .. } => {
                let step = match disposition {
                    Disposition::HandledByUnit { .. } => 9,
                    Disposition::ForwardedToUnit { .. } if back => 11,
                    Disposition::ForwardedToUnit { .. }
                    | Disposition::NotReport { .. }
                    | Disposition::Information
                    | Disposition::HandledHere
                    | Disposition::Abandoned
                    | Disposition::NotReached => 5,
                };
                (step, "hub".to_owned(), "closed")
            }
            FlowEvent::Requeued { .. } => (1, "hub".to_owned(), "requeued"),
            FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::CallBackStarted { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::Disposed { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => continue,
        };
        steps.push(Step { step, at_ms: at_ms(at), by, event: what.to_owned() });
    }
    steps.retain(|step| step.at_ms >= 0);
    steps.sort_by_key(|step| step.at_ms);
    steps
}

fn timings(
    options: &RunOptions,
    seen: &Seen,
    problems: &mut Vec<String>,
    late: &mut Vec<String>,
) -> Timings {
    let mut within = |name: &str, value: Option<i64>, limit: i64| match value {
        Some(ms) if ms <= limit => {}
        Some(ms) => late.push(format!("{name} is {ms} ms, above {limit} ms")),
        // Nobody was heard at all, however long one waits.
        None => problems.push(format!("{name} could not be measured")),
    };
    let find = |wanted: fn(&FlowEvent) -> bool| {
        flow(&seen.news).find(|(_, event)| wanted(event)).map(|(at, _)| at)
    };
    let ringing = find(|event| matches!(event, FlowEvent::SeatRinging { .. }));
    let answered = find(|event| matches!(event, FlowEvent::Answered { .. }));
    let mut timings = Timings::default();
    if let (Some(ringing), Some(answered)) = (ringing, answered) {
        timings.ring_to_answer = Some(answered.0 - ringing.0);
    }
    let heard = HeardByCaller::listen(&seen.caller_heard.samples);
    let Some(ear_since) = seen.caller_heard.since else {
        within("caller_longest_silence", None, limits::SILENCE);
        return timings;
    };
    let ear_ms = |at: Instant| at.saturating_duration_since(ear_since).as_millis() as u64;
    let ear_ms_of = |at: Timestamp| u64::try_from(at.0 - seen.clock.at(ear_since).0).unwrap_or(0);

    if let Some(pressed) = seen.deeds.answer_pressed {
        let at_caller = heard.until_polda(ear_ms(pressed)).map(|ms| ms as i64);
        let at_operator = seen.polda_heard.since.and_then(|since| {
            let offset = since.saturating_duration_since(pressed).as_millis() as i64;
            judge::first_sound(&seen.polda_heard.samples, 0).map(|ms| offset + ms as i64)
        });
        timings.answer_to_audio = at_caller.zip(at_operator).map(|(a, b)| a.max(b));
        within("answer_to_audio", timings.answer_to_audio, limits::ANSWER_TO_AUDIO);
    }
    if let Some(answered) = answered {
        let silence = heard.longest_silence(ear_ms_of(answered));
        timings.caller_longest_silence = Some(silence as i64);
        within("caller_longest_silence", timings.caller_longest_silence, limits::SILENCE);
    }
    let cause = match options.scenario {
        Scenario::PolresBusy => seen.deeds.declined.map(|at| (ear_ms(at), limits::RECLAIM_BUSY)),
        Scenario::PolresSilent => find(|event| matches!(event, FlowEvent::TransferStarted { .. }))
            .map(|started| {
                let ring = FlowConfig::polda_first().transfer_ring;
                (ear_ms_of(started + ring), limits::RECLAIM_SILENT)
            }),
        Scenario::ValidTransfer | Scenario::NotValid | Scenario::Information => None,
    };
    if let Some((from, limit)) = cause {
        timings.reclaim = heard.until_polda(from).map(|ms| ms as i64);
        within("reclaim", timings.reclaim, limit);
    }
    timings
}

/// The sound of the recordings, left and right, put together.
#[derive(Default)]
struct Recorded {
    left: Vec<i16>,
    right: Vec<i16>,
}

fn recordings(
    options: &RunOptions,
    news: &[HubNews],
    at_ms: &impl Fn(Timestamp) -> i64,
    problems: &mut Vec<String>,
) -> anyhow::Result<(Vec<RecordingJourney>, Recorded)> {
    let reports: Vec<&RecordingReport> = news
        .iter()
        .filter_map(|item| match item {
            HubNews::Recording(report) => Some(report),
            HubNews::Flow { .. }
            | HubNews::CaseOpened { .. }
            | HubNews::Leg(_)
            | HubNews::RecordingTrouble { .. }
            | HubNews::Dtmf { .. } => None,
        })
        .collect();
    if reports.len() != 1 {
        problems.push(format!("there are {} recordings instead of one", reports.len()));
    }
    let (mut journeys, mut sound) = (Vec::new(), Recorded::default());
    for (n, report) in reports.iter().enumerate() {
        let file = format!("recording-{}.opus", n + 1);
        let copy = options.report.join(&file);
        std::fs::copy(&report.file, &copy)
            .with_context(|| format!("copying the recording to {}", copy.display()))?;
        let verified = siaga_recording::verify(&copy)?;
        if verified.sha256 != report.sha256 || !verified.complete || verified.channels != 2 {
            problems.push(format!("{file} is not what was sealed"));
        }
        let (left, right) = siaga_recording::decode(&copy)?;
        sound.left.extend(left);
        sound.right.extend(right);
        journeys.push(RecordingJourney {
            file,
            starts_at_ms: at_ms(report.starts_at),
            seconds: report.seconds,
            channels: report.channels,
            sha256: report.sha256.clone(),
        });
    }
    Ok((journeys, sound))
}

/// A place, what was heard there, and whether the voices of caller, Polda and Polres belong there;
/// none where both are right.
type Place<'a> = (&'a str, &'a [i16], [Option<bool>; 3]);

/// Where each voice belongs and where it does not.
fn voice_checks(
    scenario: Scenario,
    voices: &Voices,
    seen: &Seen,
    sounds: &Recorded,
) -> Vec<VoiceCheck> {
    let polres_talks = scenario.polres_answers();
    let places: [Place<'_>; 5] = [
        // Caller, Polda, Polres; none where the handover itself lets a second slip through.
        ("recording-left", &sounds.left, [Some(true), Some(false), Some(false)]),
        ("recording-right", &sounds.right, [Some(false), Some(true), Some(polres_talks)]),
        ("heard-caller", &seen.caller_heard.samples, [Some(false), Some(true), Some(polres_talks)]),
        (
            "heard-polda",
            &seen.polda_heard.samples,
            [Some(true), Some(false), (!polres_talks).then_some(false)],
        ),
        (
            "heard-polres",
            &seen.polres_heard.samples,
            [Some(polres_talks), (!polres_talks).then_some(false), Some(false)],
        ),
    ];
    let spoken = [("caller", &voices.caller), ("polda", &voices.polda), ("polres", &voices.polres)];
    let mut checks = Vec::new();
    for (place, heard, expected) in places {
        for ((who, voice), expected) in spoken.iter().zip(expected) {
            if let Some(expected) = expected {
                checks.push(judge::look_for(who, voice, place, heard, expected));
            }
        }
    }
    checks
}

/// What must have happened in the hub's own words, in this order.
fn check_story(scenario: Scenario, seen: &Seen, problems: &mut Vec<String>) {
    if seen.caller_hung_up {
        problems.push("the caller hung up before the closing".to_owned());
    }
    let wanted: &[fn(&FlowEvent) -> bool] = match scenario {
        Scenario::ValidTransfer => &[
            |e| matches!(e, FlowEvent::CallerArrived { .. }),
            |e| matches!(e, FlowEvent::Answered { .. }),
            |e| matches!(e, FlowEvent::UnitPicked { unit: Some(_), .. }),
            |e| matches!(e, FlowEvent::TransferStarted { .. }),
            |e| matches!(e, FlowEvent::TransferAnswered { .. }),
            |e| matches!(e, FlowEvent::TransferDone { heard: true, .. }),
            |e| is_closed(e),
        ],
        Scenario::PolresBusy => &[
            |e| matches!(e, FlowEvent::Answered { .. }),
            |e| matches!(e, FlowEvent::TransferStarted { .. }),
            |e| matches!(e, FlowEvent::Reclaimed { cause: ReclaimCause::Busy, .. }),
            |e| is_closed(e),
        ],
        Scenario::PolresSilent => &[
            |e| matches!(e, FlowEvent::Answered { .. }),
            |e| matches!(e, FlowEvent::TransferStarted { .. }),
            |e| matches!(e, FlowEvent::Reclaimed { cause: ReclaimCause::NoAnswer, .. }),
            |e| is_closed(e),
        ],
        Scenario::NotValid | Scenario::Information => &[
            |e| matches!(e, FlowEvent::CallerArrived { .. }),
            |e| matches!(e, FlowEvent::Answered { .. }),
            |e| is_closed(e),
        ],
    };
    let mut events = flow(&seen.news).map(|(_, event)| event);
    for (n, wanted) in wanted.iter().enumerate() {
        if !events.any(wanted) {
            problems.push(format!("event {} of the story is missing or out of its place", n + 1));
            break;
        }
    }
    let status = match scenario {
        Scenario::ValidTransfer | Scenario::NotValid | Scenario::Information => CaseStatus::Closed,
        Scenario::PolresBusy | Scenario::PolresSilent => CaseStatus::WithUnit,
    };
    match &seen.case {
        None => problems.push("there is no case".to_owned()),
        Some(case) => {
            if case.status != status {
                problems.push(format!("the case is {:?} instead of {status:?}", case.status));
            }
            if scenario.has_transfer() && case.unit.as_ref().is_none_or(|u| u.as_str() != POLRES) {
                problems.push("the case is not with its Polres".to_owned());
            }
        }
    }
}

fn is_closed(event: &FlowEvent) -> bool {
    matches!(event, FlowEvent::Ended { by: EndedBy::Closing, .. })
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

fn leg(report: &LegReport, at_ms: &impl Fn(Timestamp) -> i64) -> LegJourney {
    let caller = LegId::is_caller(report.leg);
    LegJourney {
        who: match &report.seat {
            Some(seat) => seat.to_string(),
            None if caller => "caller".to_owned(),
            None => report.leg.to_string(),
        },
        codec: report.codec.clone(),
        joined_ms: report.joined_at.map(at_ms),
        left_ms: at_ms(report.left_at),
        cause: name_of(&report.cause).unwrap_or_default(),
        packets_received: report.packets_received,
        packets_lost: report.packets_lost,
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
