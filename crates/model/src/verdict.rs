//! What plugins say.

use crate::{Timestamp, UnitId};
use serde::{Deserialize, Serialize};

/// How urgent a report is. `P1` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Priority {
    /// A life is in danger, or the offender is there.
    P1,
    /// Urgent.
    P2,
    /// Needs a unit, but not at once.
    P3,
    /// Needs no unit.
    P4,
}

/// Whether a call is a report that the police must act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Validity {
    /// It is a report.
    Valid,
    /// It is not a report; a rule said so, never the silence of the rules.
    NotValid,
    /// Not known yet: ask.
    Ask,
}

/// How a finding wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum FindingLevel {
    /// Danger to life.
    Danger,
    /// The one question to ask next.
    AskNow,
    /// A question that can wait.
    Ask,
    /// Something settled.
    Settled,
    /// Something worth knowing.
    Note,
}

/// One thing that a rule noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// The rule's id, stable across versions, e.g. `bahaya.kata`.
    pub rule: String,
    /// How to show it.
    pub level: FindingLevel,
    /// The field of [`crate::Form`] beside which it belongs, e.g. `narrative`; empty for the whole form.
    pub field: String,
    /// The words of that field which decided, exactly as typed.
    pub words: Vec<String>,
    /// What was found, in Indonesian, one line.
    pub title: String,
    /// What to do or to ask, in Indonesian; may be empty.
    pub advice: String,
}

/// Which plugin spoke. Equal hashes of plugin, configuration and input give equal answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PluginRef {
    /// The plugin's name, e.g. `validitas-dasar`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub sha256: String,
    /// SHA-256 of the input it was given, lower-case hex.
    pub input_sha256: String,
    /// The engine that ran it, e.g. `wasmtime 48.0.8`.
    pub engine: String,
}

/// What a validity plugin says about an intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verdict {
    /// The judgement.
    pub validity: Validity,
    /// The suggested priority.
    pub priority: Priority,
    /// Why this priority, in Indonesian, one line.
    pub reason: String,
    /// What the rules noticed, most important first.
    pub findings: Vec<Finding>,
    /// The case number of the earlier report that this call is about. The operator joins the two,
    /// or does not; nothing is ever joined by itself.
    #[serde(default)]
    pub duplicate_of: Option<String>,
    /// Who said it; `None` when the plugin failed and the call is treated as valid.
    pub by: Option<PluginRef>,
}

/// A unit to which a routing plugin would send the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Destination {
    /// The unit.
    pub unit: UnitId,
    /// Why, in Indonesian, one line.
    pub reason: String,
    /// How sure the plugin is, 0 to 100.
    pub confidence: u8,
    /// The question that would decide, in Indonesian; empty when nothing is open.
    pub question: String,
}

/// Why a plugin's answer could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PluginFault {
    /// There is no usable component.
    #[error("plugin {plugin} could not be loaded: {reason}")]
    Unloadable {
        /// The plugin.
        plugin: String,
        /// The loader's words, for IT.
        reason: String,
    },
    /// It used up its fuel, its time or its memory.
    #[error("plugin {plugin} exceeded its {limit} limit")]
    Limit {
        /// The plugin.
        plugin: String,
        /// `fuel`, `time` or `memory`.
        limit: String,
    },
    /// It trapped.
    #[error("plugin {plugin} trapped: {reason}")]
    Trapped {
        /// The plugin.
        plugin: String,
        /// The trap, for IT.
        reason: String,
    },
    /// It answered with something that makes no sense, such as an unknown unit.
    #[error("plugin {plugin} answered nonsense: {reason}")]
    Nonsense {
        /// The plugin.
        plugin: String,
        /// What was wrong, for IT.
        reason: String,
    },
}

/// All advice on one state of the form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Advice {
    /// The revision of the draft that was judged.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub draft_rev: u64,
    /// The verdict; "treat as valid" when the plugin failed.
    pub verdict: Verdict,
    /// Where to send it, best first.
    pub destinations: Vec<Destination>,
    /// What failed on the way, empty when all went well.
    pub faults: Vec<PluginFault>,
    /// When it was made.
    pub at: Timestamp,
}

impl Verdict {
    /// What holds when no plugin can be asked: a report, urgent, for a human to judge.
    pub fn treat_as_valid() -> Self {
        Self {
            validity: Validity::Valid,
            priority: Priority::P2,
            reason: String::new(),
            findings: Vec::new(),
            duplicate_of: None,
            by: None,
        }
    }
}
