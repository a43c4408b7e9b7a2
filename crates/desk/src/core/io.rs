//! What the core is told, and what it wants done.

use super::lookups::{Found, Question};
use super::sound::Ring;
use crate::Intent;
use crate::journal::{Record, Restored};
use crate::state::{AdvisorHealth, AudioHealth, DeskError, DeviceView, Levels};
use crate::training::{TrainingView, TrainingWish};
use siaga_hub_api::{LoginRequest, PluginRelease, Sequenced, Session, SipAccount, ToDesk, ToHub};
use siaga_model::{Advice, CallId, Intake, Redacted};
use siaga_plugin_host::PastReport;
use siaga_sip::DialogKey;

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// What this desk had on its disk; the first input, if there is any.
    Restored(Box<Restored>),
    /// The disk does not take what is typed, and why; `None`: it does again.
    NotKept(Option<String>),
    /// Somebody wants something.
    Intent(Intent),
    /// The hub let us in, or took the session up again.
    LoggedIn(Box<Session>),
    /// The hub did not, or cannot be reached.
    LoginFailed(DeskError),
    /// The hub's socket stands.
    HubUp,
    /// The hub's socket is gone and is being retried.
    HubDown,
    /// The hub said something.
    Hub(ToDesk),
    /// The telephone is registered.
    SipUp,
    /// It is not, and tries again.
    SipDown,
    /// The switch does not know this telephone's account.
    SipRefused,
    /// The switch rings us.
    Incoming {
        /// The dialog.
        dialog: DialogKey,
        /// The call that the switch named; a call without a name is not one of ours.
        call: Option<CallId>,
    },
    /// The PBX's own queue rings us: it has no hub.
    LocalRing {
        /// The dialog.
        dialog: DialogKey,
        /// A name for the call, drawn for this ring.
        call: CallId,
        /// Who calls, as the PBX says; empty when withheld.
        caller: Redacted<String>,
        /// What the PBX calls the caller's line.
        line: String,
    },
    /// The media of a ringing leg is ready to answer with, or cannot be made.
    MediaMade {
        /// The dialog.
        dialog: DialogKey,
        /// For IT, when it cannot be made.
        error: Option<String>,
    },
    /// Two-way audio.
    MediaUp(DialogKey),
    /// Nothing has come from the switch for a second, or the media connection broke. The switch
    /// always sends, so this leg is dead.
    MediaStalled(DialogKey),
    /// Something comes again.
    MediaFlows(DialogKey),
    /// The dialog is over.
    PhoneEnded {
        /// The dialog.
        dialog: DialogKey,
        /// It was lost, rather than ended by the switch.
        lost: bool,
    },
    /// The sound devices changed.
    Audio(AudioHealth),
    /// The plugins changed.
    Advisor(AdvisorHealth),
    /// The plugins have spoken.
    Advised {
        /// On which call.
        call: CallId,
        /// What.
        advice: Advice,
    },
    /// How loud the line was in the last 240 ms.
    Levels(Levels),
    /// What was asked was found, or was not.
    Found {
        /// What was asked.
        question: Question,
        /// What was found.
        result: Result<Found, DeskError>,
    },
    /// Level of the microphone in a test, dBFS.
    MicrophoneTested(f32),
    /// How far the recording that is played has come.
    Played {
        /// In milliseconds; the end is told too.
        at_ms: u64,
        /// Its length.
        ms: u64,
    },
    /// A recording cannot be played.
    PlayFailed {
        /// Which.
        sha256: String,
        /// Why.
        error: DeskError,
    },
    /// The sound devices that there are.
    Devices(Vec<DeviceView>),
    /// The exercise behind this desk has changed.
    Training(TrainingView),
    /// Time has passed.
    Tick,
    /// The desk ends; its telephone has gone already.
    ShutDown,
}

/// What the shell must do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Log in at this hub; an attempt that still runs is given up.
    LogIn {
        /// Its address.
        hub: String,
        /// Who and where.
        request: Box<LoginRequest>,
    },
    /// Take up this session; an attempt that still runs is given up.
    Resume {
        /// The hub's address.
        hub: String,
        /// The session's token.
        token: Redacted<String>,
    },
    /// Leave the seat and end the session.
    LogOut,
    /// Leave the seat; the session has ended already.
    Leave,
    /// Open the socket of the session that was last let in, and keep it open.
    OpenLink,
    /// Register with this account, in place of any earlier one.
    StartPhone(Box<SipAccount>),
    /// Load these plugins, and the places that they ask.
    FetchPlugins { plugins: Vec<PluginRelease>, gazetteer: Option<PluginRelease> },
    /// Let go of the hub's socket and open another one at once.
    ReconnectHub,
    /// Let go of the telephone's socket and register over another one at once.
    ReconnectPhone,
    /// Send this over the hub's socket.
    Say(Box<Sequenced<ToHub>>),
    /// Keep this on the disk.
    Keep(Record),
    /// Say 180 and make media for this offer meanwhile, so that answering takes no time.
    Ring(DialogKey),
    /// Say 200 with the media made.
    Answer(DialogKey),
    /// The operator's voice goes over this leg from now on.
    Talk {
        /// The leg.
        dialog: DialogKey,
        /// Send silence.
        muted: bool,
    },
    /// End this dialog and its media.
    HangUp(DialogKey),
    /// Say this SIP status.
    Reject {
        /// The dialog.
        dialog: DialogKey,
        /// 486, 480, …
        status: u16,
    },
    /// Send silence (or the microphone again).
    Mute(bool),
    /// Send a key.
    Dtmf(char),
    /// Find this out, and tell with [`Input::Found`].
    Ask(Question),
    /// Ring like this, or no more.
    RingTone(Option<Ring>),
    /// Use these sound cards from now on; `None`: the system's.
    OpenAudio {
        /// Microphone.
        input: Option<String>,
        /// Loudspeaker.
        output: Option<String>,
    },
    /// List the sound cards.
    ListDevices,
    /// Begin or end the test of the headset.
    TestSound(bool),
    /// Play this recording.
    Play {
        /// Which.
        sha256: String,
        /// From where.
        from_ms: u64,
    },
    /// Play no more.
    StopPlaying,
    /// Tell the exercise behind this desk.
    Train(TrainingWish),
    /// Ask the plugins.
    Advise {
        /// The call.
        call: CallId,
        /// The revision of the form.
        rev: u64,
        /// What to judge.
        intake: Box<Intake>,
        /// Earlier reports that this desk knows of.
        history: Vec<PastReport>,
    },
}
