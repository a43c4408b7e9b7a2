//! What a person (or a program that plays one) wants of a desk.

use crate::settings::Settings;
use crate::shelf::PlaceQuery;
use crate::training::TrainingWish;
use serde::{Deserialize, Serialize};
use siaga_hub_api::{CallBackId, CasesQuery, HandoverChoice, OutsideTarget, SearchQuery};
use siaga_model::{
    CallId, CaseNumber, Disposition, FollowUpKind, Form, Redacted, SeatId, Timestamp, UnitId,
    Validity,
};

/// The one typed command of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "intent")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Intent {
    /// Sit down.
    Login {
        /// `http://…` or `https://…` of the hub.
        hub: String,
        /// The seat.
        seat: SeatId,
        /// The operator's name at the hub.
        operator: String,
        /// The password.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        password: Redacted<String>,
    },
    /// Leave the seat. Refused while a call is up.
    Logout,
    /// Wants calls.
    Ready,
    /// Wants none.
    Pause,
    /// Take the call that rings (F9).
    Answer,
    /// Connect what is cut off now, instead of when the next attempt is due.
    TryAgain,
    /// Cannot take it: the next seat rings, or the transfer goes back.
    Decline,
    /// Microphone off (`true`) or on: silence is sent, never nothing.
    Mute {
        /// Off.
        muted: bool,
    },
    /// Music for the caller.
    Hold,
    /// Back to the caller.
    Resume,
    /// The form as it stands in the window, after each key.
    Edit {
        /// The call it belongs to.
        call: CallId,
        /// The whole form.
        form: Box<Form>,
    },
    /// Hand the caller over.
    Transfer {
        /// To whom.
        unit: UnitId,
        /// What is heard; `None`: as configured.
        handover: Option<HandoverChoice>,
    },
    /// Ask another seat of this unit to take the call: a microphone that is lost. The caller stays here
    /// until a colleague has answered and been heard.
    AskColleague,
    /// Take the transfer back, or what a colleague was asked.
    TakeBack,
    /// Have somebody outside called into the conversation.
    CallOutside {
        /// Whom.
        to: OutsideTarget,
    },
    /// Hang up whoever outside is called or in the conversation.
    DropOutside,
    /// Leave the caller with the unit, or with somebody outside, that has answered.
    Release,
    /// The operator decides against the verdict.
    Override {
        /// What holds instead.
        validity: Validity,
        /// Why.
        reason: String,
    },
    /// Run the silent-call procedure on this call.
    CheckSilence,
    /// End the call with this disposition in 3 s, unless it is undone. A call whose findings hold a
    /// danger word is asked about first ([`crate::DeskState::asking`]) and needs `sure`.
    Dispose {
        /// How.
        disposition: Disposition,
        /// For whoever goes on with the case.
        note: String,
        /// The operator has seen the danger words and means it.
        sure: bool,
    },
    /// The innermost thing that can be undone is: a question, else a running disposal.
    Undo,
    /// Call a citizen of the call-back list.
    CallBack {
        /// The entry.
        entry: CallBackId,
    },
    /// Take an entry off the call-back list without a call.
    SettleCallBack {
        /// The entry.
        entry: CallBackId,
        /// Why.
        reason: String,
    },
    /// End the call now, or dispose of one that the caller ended. A call whose findings hold a
    /// danger word, and whose verdict was not overridden, is asked about first as by `Dispose`, and
    /// `Dispose` with `sure` is the answer: it leaves the line open for 3 s.
    Close {
        /// How.
        disposition: Disposition,
        /// For whoever goes on with the case.
        note: String,
    },
    /// Send a key to the caller's leg (RFC 4733).
    Dtmf {
        /// `0`–`9`, `*`, `#`.
        digit: char,
    },
    /// Put away what was typed on this call and never reached the hub ([`crate::DeskState::kept`]).
    DropKept {
        /// The call.
        call: CallId,
    },
    /// Hide the notice.
    DismissNotice,
    /// Show a page of cases ([`crate::DeskState::cases`]) and keep it up to date.
    ShowCases {
        /// Which.
        query: CasesQuery,
    },
    /// Search; an empty text shows nothing any more.
    Search {
        /// For what.
        query: SearchQuery,
    },
    /// Show a case whole, or none any more.
    ShowCase {
        /// Which.
        number: Option<CaseNumber>,
    },
    /// Show figures since a time and keep them up to date; for supervisors.
    ShowFigures {
        /// Since when.
        from: Timestamp,
    },
    /// Show what a recording looks like.
    ShowPeaks {
        /// The recording's hash.
        sha256: String,
    },
    /// Look for places by words or by a point, or for none any more.
    FindPlaces {
        /// Where.
        query: Option<PlaceQuery>,
    },
    /// Tell what this unit has done about a case.
    FollowUp {
        /// The case.
        number: CaseNumber,
        /// How far the unit has come.
        kind: FollowUpKind,
        /// In the operator's words; a note and a closing have some.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        text: Redacted<String>,
    },
    /// Leave a note to the next watch of this unit.
    LeaveNote {
        /// In the operator's words, 3 to 500 characters.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        text: Redacted<String>,
    },
    /// Play a recording over the headset. Not while a call is here; a call that rings ends it.
    Play {
        /// The recording's hash.
        sha256: String,
        /// From where, in milliseconds.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        from_ms: u64,
    },
    /// Play no more.
    StopPlaying,
    /// What is set at this computer from now on. Values out of range become their defaults.
    ChangeSettings {
        /// All of it.
        settings: Box<Settings>,
    },
    /// List the sound devices anew.
    ListDevices,
    /// Begin or end the test of headset and microphone. Not while a call is here.
    TestSound {
        /// Begin.
        on: bool,
    },
    /// Another program has named a telephone number (a `tel:` link): what is known of it is looked
    /// up and [`crate::DeskState::number_asked`] offers what can be done. Nothing is dialled. `None`
    /// puts it away.
    AskNumber {
        /// The number, as it was written.
        #[cfg_attr(feature = "ts", ts(type = "string | null"))]
        number: Option<Redacted<String>>,
    },
    /// Something of the exercise that runs behind this desk.
    Training {
        /// What.
        wish: TrainingWish,
    },
}
