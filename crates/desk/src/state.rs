//! What a window draws: all of it, in one message.

use crate::settings::Settings;
use crate::shelf::{Looked, PlaceQuery, PlaceView, Playing, Slice};
use crate::training::TrainingView;
use serde::{Deserialize, Serialize};
use siaga_hub_api::{
    AboutCall, CallBackId, CaseFile, CaseList, CasesQuery, DialBook, ErrorCode, FiguresInfo,
    HubView, Peaks, SearchList, SearchQuery, UnitInfo, UnitOdds,
};
use siaga_model::{
    Advice, CallFacts, CallId, CaseNumber, Disposition, Form, Level, Redacted, Role, Seat,
    Timestamp, UnitId,
};

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

/// How loud the line is, dBFS RMS of the last 240 ms in whole decibels, −100 to 0. It changes four
/// times a second, so it stands apart from the call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Levels {
    /// What is heard.
    pub heard_dbfs: f32,
    /// What is sent.
    pub sent_dbfs: f32,
}

impl Default for Levels {
    fn default() -> Self {
        Self { heard_dbfs: NOT_HEARD_DBFS, sent_dbfs: NOT_HEARD_DBFS }
    }
}

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

/// A call that the PBX's own queue has brought here because there is no hub. Its form is
/// [`DeskState::call`], as ever; closing it hangs up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LocalCall {
    /// Its name, as in [`DeskState::call`].
    pub call: CallId,
    /// What the line brought.
    pub facts: CallFacts,
    /// The number that may be told to the caller, once somebody has answered.
    pub number: Option<CaseNumber>,
    /// Since when the caller is gone and only the writing up is left.
    pub over_at: Option<Timestamp>,
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
    /// What the operator may do beside taking calls.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Role>"))]
    pub role: Role,
    /// All units that reports can go to.
    pub units: Vec<UnitInfo>,
    /// Seconds for which a unit may ring in a transfer.
    pub transfer_ring_s: u32,
    /// Whom the operator may call outside.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<DialBook>"))]
    pub dial: DialBook,
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
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional = false, as = "Option<HubView>"))]
    pub view: Slice<Option<HubView>>,
    /// The call at this desk.
    pub call: Option<DeskCall>,
    /// How loud it is.
    #[serde(default)]
    pub levels: Levels,
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
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<String>>"))]
    pub not_kept: Option<String>,
    /// The call that is taken without a hub.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<LocalCall>>"))]
    pub local: Option<LocalCall>,
    /// The list of cases that is shown.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Looked<CasesQuery, CaseList>>>"))]
    pub cases: Slice<Option<Looked<CasesQuery, CaseList>>>,
    /// The search that is shown.
    #[serde(default)]
    #[cfg_attr(
        feature = "ts",
        ts(optional, as = "Option<Option<Looked<SearchQuery, SearchList>>>")
    )]
    pub search: Slice<Option<Looked<SearchQuery, SearchList>>>,
    /// The case that is shown whole.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Looked<CaseNumber, CaseFile>>>"))]
    pub file: Slice<Option<Looked<CaseNumber, CaseFile>>>,
    /// How loud the recording is that is shown, by its hash.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Looked<String, Peaks>>>"))]
    pub peaks: Slice<Option<Looked<String, Peaks>>>,
    /// What is known around the call at this desk.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Looked<CallId, AboutCall>>>"))]
    pub about: Slice<Option<Looked<CallId, AboutCall>>>,
    /// How likely each unit takes a transfer now.
    #[serde(default)]
    #[cfg_attr(
        feature = "ts",
        ts(optional, as = "Option<Option<Looked<Timestamp, Vec<UnitOdds>>>>")
    )]
    pub odds: Slice<Option<Looked<Timestamp, Vec<UnitOdds>>>>,
    /// Figures since a time, for a supervisor.
    #[serde(default)]
    #[cfg_attr(
        feature = "ts",
        ts(optional, as = "Option<Option<Looked<Timestamp, FiguresInfo>>>")
    )]
    pub figures: Slice<Option<Looked<Timestamp, FiguresInfo>>>,
    /// Places that were looked for.
    #[serde(default)]
    #[cfg_attr(
        feature = "ts",
        ts(optional, as = "Option<Option<Looked<PlaceQuery, Vec<PlaceView>>>>")
    )]
    pub places: Slice<Option<Looked<PlaceQuery, Vec<PlaceView>>>>,
    /// Sound devices that could be chosen; empty until they were listed.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<DeviceView>>"))]
    pub devices: Slice<Vec<DeviceView>>,
    /// What is set at this computer.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Settings>"))]
    pub settings: Settings,
    /// Settings on the disk that made no sense and are their defaults again, by name.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub settings_mended: Vec<String>,
    /// The test of headset and microphone, while it runs.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<SoundTest>>"))]
    pub sound_test: Option<SoundTest>,
    /// When the operator's voice was last heard in such a test.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Timestamp>>"))]
    pub sound_tested_at: Option<Timestamp>,
    /// The recording that is played.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<Playing>>"))]
    pub playing: Option<Playing>,
    /// A number that another program has named, until it is put away.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<NumberAsked>>"))]
    pub number_asked: Option<NumberAsked>,
    /// The exercise behind this desk, if it is one with lessons.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Option<TrainingView>>"))]
    pub exercise: Slice<Option<TrainingView>>,
}

/// A number that another program has named (a `tel:` link). What is known of it stands in
/// [`DeskState::search`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NumberAsked {
    /// The number, as it was written.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub number: Redacted<String>,
    /// Its entry on the call-back list, which is the way to call it.
    pub call_back: Option<CallBackId>,
}

/// A sound device that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeviceView {
    /// What to show.
    pub name: String,
    /// What to store.
    pub id: String,
    /// Whether it can be a microphone.
    pub input: bool,
    /// Whether it can be a loudspeaker.
    pub output: bool,
    /// Whether the system uses it when nothing is chosen.
    pub default: bool,
}

/// A test of the headset: a soft tone is heard, and the voice moves the meter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SoundTest {
    /// Level of the microphone, dBFS RMS of the last 240 ms, −100 to 0.
    pub mic_dbfs: f32,
    /// Whether a voice was heard since the test began.
    pub voice: bool,
}

impl DeskState {
    /// Whether plugins are at work on what was typed last, and will say something of it.
    #[must_use]
    pub fn awaits_advice(&self) -> bool {
        let judged = |call: &DeskCall| call.advice.as_ref().map_or(0, |advice| advice.draft_rev);
        self.advisor != AdvisorHealth::Off
            && self.call.as_ref().is_some_and(|call| call.writable && judged(call) < call.rev)
    }
}
