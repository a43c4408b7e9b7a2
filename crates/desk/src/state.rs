//! What a window draws: all of it, in one message.

use serde::{Deserialize, Serialize};
use siaga_hub_api::{ErrorCode, HubView, UnitInfo};
use siaga_model::{Advice, CallId, Disposition, Form, Level, Seat, Timestamp, UnitId};

/// Whether a connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "link")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LinkHealth {
    /// Not wanted yet.
    #[default]
    Off,
    /// On its way.
    Connecting,
    /// Stands.
    Up,
    /// Lost; being retried.
    Down {
        /// Since when.
        since: Timestamp,
    },
}

/// Whether there is a microphone and a loudspeaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "audio")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AudioHealth {
    /// Not opened yet.
    #[default]
    Off,
    /// Open.
    Ok {
        /// Name of the microphone or file.
        input: String,
        /// Name of the loudspeaker or file.
        output: String,
    },
    /// Something is missing; calls are still taken and can be handed over.
    Trouble {
        /// The device error's code, e.g. `no-input`.
        code: String,
    },
}

/// Whether the plugins answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AdvisorHealth {
    /// Not loaded yet.
    #[default]
    Off,
    /// They answer.
    Ok,
    /// At least one failed: reports are treated as valid.
    Trouble,
}

/// What a meter shows when nothing at all is heard, dBFS.
pub(crate) const NOT_HEARD_DBFS: f32 = -100.0;

/// What this desk's telephone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PhoneState {
    /// Rings.
    Ringing,
    /// Answered, media on its way.
    Connecting,
    /// Two-way audio.
    Connected,
    /// The leg is over (released, lost, or the caller is gone).
    Gone,
}

/// The call at this desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeskCall {
    /// The call.
    pub call: CallId,
    /// What the telephone does.
    pub phone: PhoneState,
    /// Whether the microphone is off.
    pub muted: bool,
    /// The form as this desk has it (newer than the hub's while typing).
    pub form: Form,
    /// Its revision.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rev: u64,
    /// The last revision that the hub has journalled.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub saved_rev: u64,
    /// Whether this desk writes the form.
    pub writable: bool,
    /// Advice on the newest revision that was judged.
    pub advice: Option<Advice>,
    /// Level of what is heard, dBFS RMS of the last 100 ms, −100 to 0.
    pub heard_dbfs: f32,
    /// Level of what is sent.
    pub sent_dbfs: f32,
    /// The voice path is being replaced: another network, or the switch is not heard any more.
    pub rejoining: bool,
    /// Since when the operator's closing waits for the hub to take it. While the hub is away the
    /// line stays open, and the closing is done when it is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub closing: Option<Timestamp>,
}

/// A form that was typed here and that the hub does not take any more: its call has another writer,
/// or is over. Shown until somebody has used it elsewhere and puts it away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct KeptForm {
    /// Its call.
    pub call: CallId,
    /// Its revision.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rev: u64,
    /// What was typed.
    pub form: Form,
    /// When the hub refused it.
    pub at: Timestamp,
}

/// Who sits here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionInfo {
    /// The seat.
    pub seat: Seat,
    /// Its unit.
    pub unit: UnitId,
    /// That unit's level.
    pub level: Level,
    /// The operator's name as shown.
    pub operator_name: String,
    /// All units that reports can go to.
    pub units: Vec<UnitInfo>,
    /// Seconds for which a unit may ring in a transfer.
    pub transfer_ring_s: u32,
}

/// What went wrong, for the window's message catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "error")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum DeskError {
    /// The hub refused.
    Hub {
        /// Its code.
        code: ErrorCode,
        /// For IT.
        detail: String,
    },
    /// The hub cannot be reached.
    Unreachable {
        /// For IT.
        detail: String,
    },
    /// The address of the hub makes no sense.
    BadAddress,
    /// Not possible now (nothing rings, no call is up, …).
    NotNow,
    /// The telephone call could not be set up.
    Phone {
        /// For IT.
        detail: String,
    },
}

/// Something the operator should know, shown until dismissed or overtaken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Notice {
    /// What.
    pub error: DeskError,
    /// When.
    pub at: Timestamp,
}

/// A question before something final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "asking")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Asking {
    /// This call is being disposed of as no report, but its findings hold danger.
    DangerWords {
        /// How it would be disposed of.
        disposition: Disposition,
        /// The note that goes with it.
        note: String,
        /// The words that speak against it, as typed; titles of findings that have none.
        words: Vec<String>,
    },
}

/// All that a window draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeskState {
    /// Counts up with every change.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rev: u64,
    /// The hub's clock as this desk reckons it.
    pub now: Timestamp,
    /// Whether this runs as training.
    pub training: bool,
    /// Who sits here; `None` before login.
    pub session: Option<SessionInfo>,
    /// The connection to the hub.
    pub hub: LinkHealth,
    /// The registration at the switch.
    pub sip: LinkHealth,
    /// The sound devices.
    pub audio: AudioHealth,
    /// The plugins.
    pub advisor: AdvisorHealth,
    /// The last view of the hub.
    pub view: Option<HubView>,
    /// The call at this desk.
    pub call: Option<DeskCall>,
    /// What the operator should know.
    pub notice: Option<Notice>,
    /// What the operator is asked before something final; answered by the same intent with `sure`,
    /// or by `Undo`.
    pub asking: Option<Asking>,
    /// What was typed and never reached the hub, at most 20 forms, oldest first.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<KeptForm>>"))]
    pub kept: Vec<KeptForm>,
    /// Why this computer's own disk keeps nothing (for IT, in English), while it does not: what is
    /// typed still reaches the hub, but would not survive both the hub's and the desk's death.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub not_kept: Option<String>,
}
