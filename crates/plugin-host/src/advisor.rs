//! Asks the plugins and makes one advice of their answers.

use crate::call::LogLine;
use crate::host::Plugin;
use crate::{PastReport, check, convert};
use serde::Serialize;
use sha2::{Digest, Sha256};
use siaga_model::{Advice, Destination, Intake, PluginFault, PluginRef, Timestamp, Verdict};
use std::collections::BTreeMap;

/// Written into every verdict.
const ENGINE: &str = concat!("wasmtime ", env!("SIAGA_WASMTIME_VERSION"));

/// The WIT that is spoken, part of what is hashed.
const WIT: &str = "siaga:plugin@0.1.0";

/// The plugins of a Polda. Without one there is no advice of its kind, and that is no fault.
#[derive(Clone, Debug, Default)]
pub struct Advisor {
    /// The plugin that judges.
    pub validity: Option<Plugin>,
    /// The plugin that routes; may be the same one.
    pub routing: Option<Plugin>,
}

/// See the crate's documentation for what this is for.
#[derive(Serialize)]
struct CanonicalInput<'a> {
    wit: &'a str,
    config: &'a BTreeMap<String, String>,
    gazetteer: &'a str,
    intake: &'a Intake,
    now: Timestamp,
    history: &'a [PastReport],
}

impl Advisor {
    /// Judges one state of a form. Never fails: what a plugin gets wrong stands in
    /// [`Advice::faults`], and the call is then treated as valid and stays with a human.
    ///
    /// An unknown unit is left out of the destinations and is a fault; the others stay.
    pub fn advise(
        &self,
        intake: &Intake,
        history: &[PastReport],
        draft_rev: u64,
        now: Timestamp,
    ) -> Advice {
        self.advise_with_log(intake, history, draft_rev, now).0
    }

    /// As [`Advisor::advise`], with what the plugins wrote to their log, for trying a plugin out.
    pub fn advise_with_log(
        &self,
        intake: &Intake,
        history: &[PastReport],
        draft_rev: u64,
        now: Timestamp,
    ) -> (Advice, Vec<LogLine>) {
        let mut faults = Vec::new();
        let mut log = Vec::new();
        let asked = convert::intake(intake, now);
        let verdict = match &self.validity {
            None => Verdict::treat_as_valid(),
            Some(plugin) => {
                let history = &history[..history.len().min(plugin.loaded.limits.history)];
                assess(plugin, intake, &asked, history, now, &mut log).unwrap_or_else(|fault| {
                    faults.push(fault);
                    Verdict::treat_as_valid()
                })
            }
        };
        let destinations = self
            .routing
            .as_ref()
            .map_or_else(Vec::new, |plugin| route(plugin, &asked, &mut faults, &mut log));
        (Advice { draft_rev, verdict, destinations, faults, at: now }, log)
    }
}

fn assess(
    plugin: &Plugin,
    intake: &Intake,
    asked: &crate::bindings::siaga::plugin::types::Intake,
    history: &[PastReport],
    now: Timestamp,
    log: &mut Vec<LogLine>,
) -> Result<Verdict, PluginFault> {
    let past: Vec<_> = history.iter().map(convert::past).collect();
    let outcome = plugin.loaded.assess(&plugin.config, asked, &past);
    log.extend(outcome.log);
    let verdict = outcome.result?;
    check::verdict(&verdict, &intake.form, history, &plugin.loaded.limits)
        .map_err(|why| plugin.loaded.nonsense(why))?;
    let by = reference(plugin, intake, history, now)?;
    Ok(Verdict {
        validity: convert::validity(verdict.validity),
        priority: convert::priority(verdict.priority),
        reason: verdict.reason,
        findings: verdict.findings.into_iter().map(convert::finding).collect(),
        duplicate_of: verdict.duplicate_of,
        by: Some(by),
    })
}

fn route(
    plugin: &Plugin,
    asked: &crate::bindings::siaga::plugin::types::Intake,
    faults: &mut Vec<PluginFault>,
    log: &mut Vec<LogLine>,
) -> Vec<Destination> {
    let outcome = plugin.loaded.route(&plugin.config, asked);
    log.extend(outcome.log);
    match outcome.result {
        Ok(given) => {
            let (destinations, wrong) = check::destinations(given, &plugin.loaded.limits);
            faults.extend(wrong.map(|why| plugin.loaded.nonsense(why)));
            destinations
        }
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    }
}

fn reference(
    plugin: &Plugin,
    intake: &Intake,
    history: &[PastReport],
    now: Timestamp,
) -> Result<PluginRef, PluginFault> {
    let canonical = serde_json::to_vec(&CanonicalInput {
        wit: WIT,
        config: &plugin.config,
        gazetteer: plugin.loaded.gazetteer.id(),
        intake,
        now,
        history,
    })
    .map_err(|error| plugin.loaded.nonsense(format!("its input has no JSON: {error}")))?;
    Ok(PluginRef {
        name: plugin.loaded.name.clone(),
        version: plugin.loaded.version.clone(),
        sha256: plugin.loaded.sha256.clone(),
        input_sha256: hex::encode(Sha256::digest(canonical)),
        engine: ENGINE.to_owned(),
    })
}
