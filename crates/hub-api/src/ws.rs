//! What goes over the WebSocket, as JSON text messages.

use crate::{ApiError, CaseBlock, UnitInfo};
use serde::{Deserialize, Serialize};
use siaga_model::{
    Advice, CallBackFailure, CallFacts, CallId, Caller, Case, CaseNumber, Disposition, EndedBy,
    FollowUpKind, Form, LegCause, LineSignal, OutsideParty, Priority, ReclaimCause, Redacted,
    SeatId, SeatState, ShiftNote, Timestamp, UnitId, Validity,
};

/// A message that must not be lost: repeated with the same `seq` until acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequenced<T> {
    /// Counts up from 1 within a desk's session.
    pub seq: u64,
    /// The message.
    #[serde(flatten)]
    pub message: T,
}

/// What the operator chose to be heard during a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum HandoverChoice {
    /// Stay together with a soft ringback.
    Together,
    /// Music.
    Music,
}

/// Whom an operator wants to call outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "to")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum OutsideTarget {
    /// A service of the dial plan, by its name.
    Service {
        /// The name.
        name: String,
    },
    /// A number as typed; spaces, dots, dashes and brackets in it mean nothing.
    Number {
        /// The number.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        number: Redacted<String>,
    },
}

/// From a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum ToHub {
    /// Wants calls.
    Ready,
    /// Wants none.
    Pause,
    /// The form as it is now. The hub journals it and shows it to whoever else sees this call.
    Draft {
        /// The call.
        call: CallId,
        /// Counts up with every change.
        rev: u64,
        /// The whole form.
        form: Form,
    },
    /// What the plugins said about a revision, to be stored with the case.
    Advice {
        /// The call.
        call: CallId,
        /// It.
        advice: Advice,
    },
    /// The operator decided against the verdict.
    Override {
        /// The call.
        call: CallId,
        /// What holds instead.
        validity: siaga_model::Validity,
        /// Why, at least three characters.
        reason: String,
    },
    /// Hand the caller over; to the own unit: to a colleague, together.
    Transfer {
        /// The call.
        call: CallId,
        /// To whom.
        unit: UnitId,
        /// What is heard; `None`: as configured.
        handover: Option<HandoverChoice>,
    },
    /// Take a transfer back.
    TakeBack {
        /// The call.
        call: CallId,
    },
    /// Have somebody outside called into the conversation.
    CallOutside {
        /// The call.
        call: CallId,
        /// Whom.
        to: OutsideTarget,
    },
    /// Hang up whoever outside is called or in the conversation.
    DropOutside {
        /// The call.
        call: CallId,
    },
    /// Leave the caller with the unit, or with somebody outside, that has answered.
    Release {
        /// The call.
        call: CallId,
    },
    /// Music for the caller.
    Hold {
        /// The call.
        call: CallId,
    },
    /// Back to the caller.
    Resume {
        /// The call.
        call: CallId,
    },
    /// This seat's leg is dead though its desk lives: ring it again. The desk answers by itself.
    Rejoin {
        /// The call.
        call: CallId,
    },
    /// Run the silent-call procedure.
    CheckSilence {
        /// The call.
        call: CallId,
    },
    /// End the call with this disposition in 3 s, unless it is undone.
    Dispose {
        /// The call.
        call: CallId,
        /// How.
        disposition: Disposition,
        /// As in `Close`.
        note: String,
    },
    /// The disposal was a mistake.
    Undo {
        /// The call.
        call: CallId,
    },
    /// Call the citizen of an entry of the call-back list. The desk answers its own leg by itself.
    CallBack {
        /// The entry.
        entry: CallBackId,
    },
    /// Take an entry off the call-back list without a call.
    SettleCallBack {
        /// The entry.
        entry: CallBackId,
        /// Why, at least three characters.
        reason: String,
    },
    /// A case that a desk took while it had no hub, under a number of its own block: said when its
    /// call is over. `Abandoned` when the caller hung up before anybody closed.
    OfflineCase {
        /// The case, whole.
        case: Box<Case>,
        /// What the line brought.
        facts: Box<CallFacts>,
        /// As in `Close`.
        note: String,
        /// What the switch calls the caller's line, if the telephone was told: by it the recording
        /// and what an earlier hub knew of the call are found.
        line: Option<String>,
    },
    /// End the call now (or dispose of one that the caller ended). As
    /// [`Disposition::NotReached`] it gives up a call back that the citizen has not answered.
    Close {
        /// The call.
        call: CallId,
        /// How.
        disposition: Disposition,
        /// A note for whoever goes on with the case, at most 4,000 characters; may be empty.
        note: String,
    },
    /// What a unit has done about a case, from taking note of it to closing it.
    FollowUp {
        /// The case.
        number: CaseNumber,
        /// How far the unit has come.
        kind: FollowUpKind,
        /// In the operator's words, at most 4,000 characters; a note and a closing have some.
        #[serde(default)]
        text: Redacted<String>,
    },
    /// Leave a note to the next watch of this unit.
    ShiftNote {
        /// In the operator's words, 3 to 500 characters.
        text: Redacted<String>,
    },
    /// More case numbers.
    LeaseCases,
}

/// To a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum ToDesk {
    /// All that this desk may see, whole. Sent on connecting and after every change.
    View(Box<HubView>),
    /// The hub has taken everything up to and including this sequence number.
    Ack {
        /// The number.
        seq: u64,
    },
    /// The message with this sequence number was refused; it counts as taken.
    Refused {
        /// The number; 0 when the message could not even be read.
        seq: u64,
        /// Why.
        error: ApiError,
    },
    /// New case numbers.
    Cases(CaseBlock),
    /// This session has ended here; the desk must log in again.
    Bye {
        /// Why.
        error: ApiError,
    },
}

/// A form and its revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Draft {
    /// Counts up with every change; 0 is the empty form.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rev: u64,
    /// The form.
    pub form: Form,
}

/// What a desk sees of its seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeatView {
    /// The seat.
    pub seat: SeatId,
    /// What it does.
    pub state: SeatState,
    /// Since when.
    pub since: Timestamp,
}

/// What a desk sees of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UnitView {
    /// The unit.
    pub info: UnitInfo,
    /// The state of each of its seats.
    pub seats: Vec<SeatView>,
}

/// Why a call is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ReclaimView {
    /// The cause.
    pub cause: ReclaimCause,
    /// The unit that did not take it; the own one: no colleague did.
    pub unit: UnitId,
    /// When.
    pub at: Timestamp,
}

/// Where a call stands, as a desk sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Phase {
    /// Waits in the queue.
    Queued {
        /// Since when.
        since: Timestamp,
    },
    /// Rings at a seat, perhaps this one.
    Ringing {
        /// The seat.
        seat: SeatId,
        /// Since when the caller waits.
        since: Timestamp,
        /// Until when it may ring here.
        until: Timestamp,
    },
    /// With a human.
    Talking {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
        /// Set when a transfer came back.
        reclaimed: Option<ReclaimView>,
        /// Set while a disposal can still be undone.
        disposing: Option<DisposingView>,
    },
    /// On hold.
    Held {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
    },
    /// Being handed over.
    Transferring {
        /// Who hands over.
        from: SeatId,
        /// To which unit.
        unit: UnitId,
        /// Whose telephone rings or has answered.
        to: SeatId,
        /// Whether it has answered.
        answered: bool,
        /// Since when.
        since: Timestamp,
        /// Until when it must answer, or be heard.
        until: Timestamp,
    },
    /// The operator has left the caller with somebody outside.
    WithOutside {
        /// Who left.
        from: SeatId,
        /// When.
        since: Timestamp,
    },
    /// The caller has left; the operator and somebody outside go on.
    Finishing {
        /// The seat.
        seat: SeatId,
        /// When the caller left.
        since: Timestamp,
    },
    /// A citizen is being called back and has not answered yet.
    CallingBack {
        /// The seat.
        seat: SeatId,
        /// Since when.
        since: Timestamp,
        /// Until when the citizen is rung; `None` while the seat's own leg comes up.
        until: Option<Timestamp>,
    },
    /// Over.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// How; `Abandoned` may still be disposed of by its last operator.
        disposition: Disposition,
        /// When.
        at: Timestamp,
    },
}

/// Somebody outside, in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutsideView {
    /// Who.
    pub party: OutsideParty,
    /// How far they have come.
    pub stage: OutsideStage,
}

/// How far somebody outside has come into a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum OutsideStage {
    /// Being called.
    Called {
        /// How long they may ring.
        until: Timestamp,
    },
    /// In the conversation.
    Up {
        /// Since when.
        since: Timestamp,
    },
    /// Not any more, or they never came.
    Gone {
        /// Whether they had answered.
        answered: bool,
        /// Why.
        cause: LegCause,
        /// When.
        at: Timestamp,
    },
}

/// A disposal that can still be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DisposingView {
    /// How the call will end.
    pub disposition: Disposition,
    /// When.
    pub until: Timestamp,
}

/// How far the silent-call procedure has come in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "check")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum SilenceView {
    /// It has not run.
    #[default]
    NotRun,
    /// It runs.
    Running {
        /// Until when the line is listened to.
        until: Timestamp,
    },
    /// It has run to its end, and nothing was heard.
    Silent {
        /// When it ended.
        at: Timestamp,
    },
    /// The caller answered it: a life may be in danger.
    Signalled {
        /// How.
        signal: LineSignal,
        /// When.
        at: Timestamp,
    },
}

/// Names an entry of the call-back list: the first call that put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallBackId(pub CallId);

/// Somebody who hung up, or was cut off, before a human could help. Once per number, however often
/// they called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallBackView {
    /// Its name.
    pub id: CallBackId,
    /// Who; a withheld number cannot be called and is listed all the same.
    pub caller: Caller,
    /// When they first called in vain.
    pub first_at: Timestamp,
    /// When they last did.
    pub last_at: Timestamp,
    /// How often they did.
    pub calls: u32,
    /// How often we have called back in vain.
    pub attempts: u32,
    /// Why the last of these came to nothing, if that is known.
    #[serde(default)]
    pub last_failure: Option<CallBackFailure>,
    /// What was typed of them so far.
    pub form: Form,
    /// The case of the last call, if there was one.
    pub number: Option<CaseNumber>,
    /// The seat that calls back just now.
    pub calling: Option<SeatId>,
}

/// Something that a whole room must know while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "alert")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Alert {
    /// Calls go on but are not recorded (the disk is full, or fails).
    NotRecording {
        /// Since when.
        since: Timestamp,
        /// How many calls are not recorded now.
        calls: u32,
    },
    /// The hub cannot store what happens; desks keep what is typed.
    NotStoring {
        /// Since when.
        since: Timestamp,
    },
}

/// What became of the call that this desk had and lost, told until the operator has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LostCallView {
    /// The call.
    pub call: CallId,
    /// Its case number, if it had one.
    pub number: Option<CaseNumber>,
    /// When it was taken from this seat.
    pub lost_at: Timestamp,
    /// Why.
    pub cause: LegCause,
    /// Who has the caller now; `None`: still waiting, or the call is over.
    pub with: Option<SeatId>,
    /// Whether the call is over.
    pub over: bool,
}

/// How far a transfer has come, with the time of each step; the last transfer of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TransferView {
    /// To which unit.
    pub unit: UnitId,
    /// The steps, oldest first.
    pub steps: Vec<TransferStep>,
}

/// A step of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TransferStep {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub step: Step,
}

/// What happened in a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Step {
    /// It began: the unit has the form.
    Started,
    /// A seat of the unit rings.
    Ringing {
        /// The seat.
        seat: SeatId,
    },
    /// It has answered.
    Answered {
        /// The seat.
        seat: SeatId,
    },
    /// The unit has the caller.
    Done {
        /// The seat.
        seat: SeatId,
    },
    /// The caller is back.
    Reclaimed {
        /// Why.
        cause: ReclaimCause,
    },
}

/// A caller who waits, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WaitingView {
    /// The call.
    pub call: CallId,
    /// Who.
    pub caller: Caller,
    /// Since when.
    pub since: Timestamp,
    /// The seat that rings for it now.
    pub ringing: Option<SeatId>,
}

/// What happens at a seat, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BoardSeat {
    /// The seat.
    pub seat: SeatId,
    /// Who sits there.
    pub operator: Option<String>,
    /// The call there.
    pub call: Option<BoardCall>,
}

/// A call, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BoardCall {
    /// The call.
    pub call: CallId,
    /// Its case.
    pub number: Option<CaseNumber>,
    /// Who calls.
    pub caller: Caller,
    /// Where it stands.
    pub phase: Phase,
    /// What it is about.
    pub kind: String,
    /// The priority that holds.
    pub priority: Priority,
    /// The operator's words so far, their first 400 characters.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub narrative: Redacted<String>,
    /// When the caller first got a human.
    pub answered_at: Option<Timestamp>,
}

/// All seats and waiting callers, for supervisors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BoardView {
    /// The seats of the unit and of those below it.
    pub seats: Vec<BoardSeat>,
    /// The callers who wait, in their order.
    pub waiting: Vec<WaitingView>,
}

/// What a desk sees of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// What the line brought.
    pub facts: CallFacts,
    /// Where it stands.
    pub phase: Phase,
    /// The form as last journalled.
    pub draft: Draft,
    /// The seat whose operator writes the form; others read it.
    pub writer: Option<SeatId>,
    /// The case number, once somebody has answered.
    pub number: Option<CaseNumber>,
    /// The last advice stored.
    pub advice: Option<Advice>,
    /// Whether the switch is recording it.
    pub recording: bool,
    /// How far the silent-call procedure has come.
    pub silence: SilenceView,
    /// Whether this seat's leg is being replaced; its desk answers the next ring by itself.
    pub rejoining: bool,
    /// The entry of the call-back list that this call belongs to, if it is a call back.
    pub call_back: Option<CallBackId>,
    /// The last transfer of this call, with the times of its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub transfer: Option<TransferView>,
    /// Whoever outside is called or in the conversation, or was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub outside: Option<OutsideView>,
    /// What an operator has decided against the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Validity>,
}

/// All that a desk may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HubView {
    /// The hub's clock.
    pub now: Timestamp,
    /// This desk's seat.
    pub seat: SeatView,
    /// The call that rings here or that this seat has; also one whose caller is gone until it is
    /// disposed of.
    pub call: Option<CallView>,
    /// Calls whose form this unit is shown because a Polda operator picked it.
    pub announced: Vec<CallView>,
    /// How many callers wait at this unit's level.
    pub queue: u32,
    /// The units and their seats.
    pub units: Vec<UnitView>,
    /// Citizens whom this unit has to call back, the one who has waited longest first, at most 50.
    pub call_backs: Vec<CallBackView>,
    /// What the whole room must know.
    pub alerts: Vec<Alert>,
    /// The call that this seat lost last, until it has another one.
    pub lost: Option<LostCallView>,
    /// Since when the first caller of this level's queue waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub waiting_since: Option<Timestamp>,
    /// Counts up with every change of a case: whoever shows a list asks for it again.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<f64>"))]
    pub cases_rev: u64,
    /// What this unit's watches have left to the next one in the last 24 h, newest first, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<ShiftNote>>"))]
    pub notes: Vec<ShiftNote>,
    /// All seats and waiting callers, for a supervisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub board: Option<BoardView>,
}
