//! `journey.json`: what happened in a scenario, in milliseconds from the caller's INVITE.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A scenario's whole story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// The scenario's name.
    pub scenario: String,
    /// Whether everything that must have happened did, and in time; computed, see `problems` and
    /// `late`.
    pub ok: bool,
    /// The switch: `embedded` or `asterisk`.
    pub switch: String,
    /// What the first caller's telephone said that it is (`User-Agent`).
    pub caller_program: String,
    /// How the handover sounded: `together` or `music`.
    pub handover: String,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What was broken, in order.
    pub faults: Vec<FaultJourney>,
    /// What else had to be so, and whether it was, e.g. `draft_equal`.
    #[serde(flatten)]
    pub facts: BTreeMap<String, bool>,
    /// What was measured.
    pub timings_ms: Timings,
    /// The case as the hub has it.
    pub case: Option<CaseReport>,
    /// Every leg of the call.
    pub legs: Vec<LegJourney>,
    /// Every recording.
    pub recordings: Vec<RecordingJourney>,
    /// Every plugin that was asked.
    pub plugins: Vec<PluginJourney>,
    /// Which voice was looked for where, and whether it was there.
    pub voices: Vec<VoiceCheck>,
    /// What went otherwise than it must: the story, the voices, the recordings. None when `ok`.
    pub problems: Vec<String>,
    /// Which promised times were exceeded. None when `ok`; only a journey that had the machine to
    /// itself is judged by them.
    pub late: Vec<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which of the eleven steps of the founding description it belongs to, 1 to 11.
    pub step: u8,
    /// When.
    pub at_ms: i64,
    /// Who: `caller`, `switch`, `hub`, or a seat.
    pub by: String,
    /// What, e.g. `answered`.
    pub event: String,
}

/// Something that was broken, or mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultJourney {
    /// When.
    pub at_ms: i64,
    /// What, e.g. `kill -9 of the desk pmj-1`.
    pub what: String,
}

/// Spans of time in milliseconds; `None` where the scenario has no such span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// From the first ring at the seat to its answer. Part of it is the simulated operator's hand.
    pub ring_to_answer: Option<i64>,
    /// From the operator's key to the operator's pilot at the caller and sound at the operator.
    pub answer_to_audio: Option<i64>,
    /// From the cause (busy, decline, end of the ring time) to the Polda operator's pilot at the
    /// caller; 0 when it never stopped.
    pub reclaim: Option<i64>,
    /// The longest span after the answer in which the caller received neither a pilot nor music nor
    /// a prompt.
    pub caller_longest_silence: Option<i64>,
    /// What only this scenario measures, e.g. `fault_to_pilot`.
    #[serde(flatten)]
    pub more: BTreeMap<String, Option<i64>>,
}

impl Timings {
    /// Writes a measurement into its field.
    pub(crate) fn note(&mut self, name: &str, ms: Option<i64>) {
        match name {
            "answer_to_audio" => self.answer_to_audio = ms,
            "reclaim" => self.reclaim = ms,
            "caller_longest_silence" => self.caller_longest_silence = ms,
            name => {
                self.more.insert(name.to_owned(), ms);
            }
        }
    }
}

/// The case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseReport {
    /// Its number.
    pub number: String,
    /// Branch and leaf of the tree of call kinds.
    pub category: String,
    /// `valid`, `not-valid` or `ask`.
    pub verdict: String,
    /// The responsible unit.
    pub unit: Option<String>,
    /// How the call was disposed of.
    pub disposition: Option<String>,
    /// Where the case stands.
    pub status: String,
}

/// A leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegJourney {
    /// `caller` or the seat.
    pub who: String,
    /// E.g. `opus`.
    pub codec: String,
    /// When it was up; `None` if never.
    pub joined_ms: Option<i64>,
    /// When it ended.
    pub left_ms: i64,
    /// Why.
    pub cause: String,
    /// RTP packets that the switch received from it.
    pub packets_received: u64,
    /// RTP packets that it sent and the switch never got.
    pub packets_lost: u64,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingJourney {
    /// Its file, relative to the report.
    pub file: String,
    /// When its first sample was taken.
    pub starts_at_ms: i64,
    /// Its length.
    pub seconds: f64,
    /// Two.
    pub channels: u8,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginJourney {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component.
    pub sha256: String,
    /// How often it was asked.
    pub calls: u64,
    /// Median of a call, in microseconds.
    pub micros_p50: f64,
    /// 99th percentile.
    pub micros_p99: f64,
    /// How often it failed.
    pub failures: u64,
}

/// A voice that was looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoiceCheck {
    /// Whose voice: `caller`, `polda`, `polres`.
    pub voice: String,
    /// Where: `recording-left`, `recording-right`, `heard-caller`, …
    pub place: String,
    /// Whether it belongs there.
    pub expected: bool,
    /// Whether it was found.
    pub found: bool,
    /// The best correlation, 0 to 1.
    pub peak: f32,
}
