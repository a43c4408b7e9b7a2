//! The life of a 110 call, as a pure function of what happened and when.
//!
//! [`CallFlow::handle`] takes the time and one [`Input`]; [`CallFlow::poll`] is then drained until it
//! gives [`Output::Wait`]. Nothing here reads a clock, opens a socket or draws a random number, so
//! ten minutes of a call are tested in a millisecond, and the same inputs always give the same
//! outputs.
//!
//! # The life-cycle
//! A citizen dials 110. The switch puts the caller into a bridge of their own and says
//! [`SwitchSaw::CallerArrived`]; from here on the call is *queued* and hears music. It waits at the
//! first level (or at the unit that trunk, area code or cell names); the seat that has been idle
//! longest there *rings*, one seat at a time. A seat that lets it ring for 8 s becomes
//! `tak menjawab`; one that declines, is busy or fails stays ready, but is not asked about this call
//! again before every other ready seat was, and then not within [`OFFER_AGAIN`]. Whatever happens,
//! the caller keeps the place that arrival gave. When a level's seconds are over, the next level is
//! asked *too*; the last one waits for ever. A level at which nobody sits has no seconds: it is passed
//! at once, also when its last seat leaves. As soon as nobody can ring, the caller is told to stay on
//! the line ([`Prompt::PleaseWait`]), once a waiting.
//!
//! A seat answers: its leg joins the bridge, then the music stops, in this order, because the order
//! of outputs is what keeps the caller out of silence. The call is *talking* and that seat owns it:
//! only the owner's intents are followed, and its desk alone writes the form. It may *hold* the
//! caller, pick a unit (whose desks then see the form), hand the caller over, or close.
//!
//! *Transferring* only ever adds a leg. Together (the default), the owner stays with the caller under
//! a soft ringback; with music, the owner's leg is set aside, still up. When the unit has answered
//! *and been heard*, or the owner releases, the old leg is hung up and the unit's seat owns the call.
//! In every other case the owner has the caller back: at once when every seat is busy, says busy,
//! declines or is not there; when [`FlowConfig::transfer_ring`] is over when it is silent; when
//! [`FlowConfig::heard_within`] is over when it answers and says nothing. Music that the caller hears
//! meanwhile goes on until anything comes from the unit ([`SwitchSaw::Flows`]): a leg may be dead from
//! its answer on. If the owner's own leg dies meanwhile, the caller hears music and belongs to the unit
//! as soon as it answers.
//!
//! A transfer to the owner's own unit asks a *colleague*: the same, but always together, the unit that
//! was picked stays picked, and the owner has nothing to write up and is *paused* afterwards, because
//! something (a microphone) kept this call from going on here and would keep the next one.
//!
//! A leg that is lost while talking, for whatever reason, never ends a call: the caller goes to the
//! front of the queue. A desk that has lost both its hub and its registration is given [`SEAT_LOST`]
//! and then counts as lost; one of the two alone changes nothing about a leg that is up.
//!
//! # A desk that lives and its leg does not
//! With [`Intent::Rejoin`] a seat that has answered (an owner, one that hands over, one that is to
//! take over) is rung with its next leg. Answered, that leg joins, unless the seat was set aside, and
//! then the old one is hung up. If the old leg dies first, the seat keeps its call and the caller
//! hears music, unless somebody else is in the bridge; nobody can hold, hand over, ask or dispose of a
//! caller whom nobody hears, and a disposal or a silent-call procedure that ran is taken back. When
//! the next leg fails or [`FlowConfig::rejoin`] is over, the old leg goes on; if that is gone, the
//! seat is lost for the reason for which the old leg was. Asked again, the next leg is given up for
//! another one; the time begins anew only while the old leg lives.
//!
//! # A silent line
//! [`Intent::CheckSilence`] asks the caller for a sign and listens for [`FlowConfig::silence_check`].
//! A key or knocks meanwhile are a sign, and so is a key at any time after the question was put, even
//! in the queue; a late knock may be a door. Who gave a sign is never silent again and is not asked
//! again, and a disposal that runs is undone. Hold, a transfer and the loss of the owner cut the
//! procedure short, which then has found nothing; a finding stays with the call. As silent
//! ([`siaga_model::NotReport::Silent`]) nobody is disposed of without the finding, also after the end.
//!
//! # The end
//! A call ends once: when the caller hangs up, when its owner closes it, or when the whole switch is
//! lost. [`Intent::Close`] is at once; [`Intent::Dispose`] waits [`FlowConfig::disposal`] with the line
//! open (a call on hold is taken back first). The same disposal said again changes nothing, another
//! one begins anew. It is undone by [`Intent::Undo`], by a hold, a transfer or the silent-call
//! procedure, by a sign of the caller, and by the loss of the owner's leg.
//!
//! The owner's seat then writes up (*after call*) and is offered nothing. A call that its caller
//! ended is `Abandoned`, that is on the call-back list, until the owner says otherwise with
//! [`Intent::Close`] or [`Intent::Dispose`] while writing up ([`FlowEvent::Disposed`]). A disposal
//! that ran when the caller hung up has been said already, and counts.
//!
//! # Calling back
//! [`Input::CallBack`] is for a seat that is there and has no call; it need not be ready, and if it
//! writes up it has done so. The bridge is opened, the seat's own leg is rung (for at most
//! [`OWN_LEG_RING`]) and joins, and only then the citizen is dialled, so that nobody answers into
//! silence. Until the citizen has answered nobody is on the line: whatever goes wrong, or the owner's
//! `Undo` or `Close`, ends the call as `NotReached`, with nothing to write up, and
//! [`FlowEvent::CallBackFailed`] says why. From the answer on it is a call like any other, and should
//! it lose its human, the colleagues of that seat come first.
//!
//! # Somebody outside
//! With [`Intent::CallOutside`] the owner has another service or any number called; who may be called
//! is the hub's to say. It rings for [`FlowConfig::outside_ring`] under the conversation, and answered
//! joins it. Nobody can be put on hold, or asked for a sign, meanwhile; a handing over to a unit gives
//! up a ringing that nobody answered, and takes place together with whoever did. A caller who has lost
//! the owner has them still while waiting for the next one. The owner leaves only by
//! [`Intent::Release`], once they have answered: *with outside*, the call is nobody's, and when they
//! hang up the caller is at the front of the queue. A caller who leaves first lets the owner and them
//! *finish*: the call ends when one of the two leaves.
//!
//! # When the hub was away
//! A switch may outlive its hub. [`Input::Found`] tells a new core what the switch holds and what the
//! log of the last one says ([`Past`]): each call is put where the switch has it, and the log goes on
//! from its last line. Whoever is up with the caller stays, whatever only rings is hung up and offered
//! anew, and who has nobody waits in the old place, or at the front. For [`SETTLING`] seats are
//! expected back: until then an empty level is not passed and nobody is told to wait because nobody
//! can ring. A desk whose leg was found up has [`SEAT_BACK`] instead of [`SEAT_LOST`].
//!
//! A caller may be lost from sight and not gone: a switch that lives on has a queue of its own. Who
//! arrives under the name of a call that has *ended* is that call, in its old place before those who
//! have had nobody, and nobody writes it up any more.
//!
//! # Figures
//! [`figures`] reads what happened from the event log alone.
//!
//! # What always holds
//! - A caller who has not hung up is with an answered, joined leg, or hears music, ringback or a
//!   prompt that goes on. The question to a silent line is none of these: it needs a human beside it.
//! - One seat has at most one live call; one call has at most one owner and one seat that rings for
//!   it. A seat has two legs only while the next takes the place of the old one.
//! - A call is ended by its caller, a closing, a disposal whose time is over and that nothing has
//!   undone, or the loss of the switch; a call back also by its operator, before the citizen's answer
//!   and never after.
//! - Late, doubled and unknown inputs change nothing. An answer that crosses our hanging up is hung
//!   up again.
//! - What is due at `now` happens before the input that comes at `now`.
//! - What already plays is not played again: that would begin a prompt anew.
//! - [`Output::Wait`] is never in the past, and names why it exists.
//!
//! # What is bounded
//! Ended calls are kept for desks that reconnect, at most [`ENDED_KEPT`] plus one a seat that still
//! writes up; the oldest is forgotten first. Live calls are not bounded here: refusing a caller is
//! nothing this crate does, and the trunk bounds them. Outputs are bounded by what one input can
//! cause, as long as they are drained after each.

#![forbid(unsafe_code)]

mod call;
mod call_back;
mod config;
mod disposal;
mod ended;
pub mod figures;
mod flow;
mod input;
mod line;
mod output;
mod outside;
mod party;
mod past;
mod queue;
mod rejoin;
mod seats;
mod silence;
mod takeover;
mod talk;
mod transfer;
mod view;

pub use call_back::OWN_LEG_RING;
pub use config::{ConfigError, FlowConfig, Handover, LevelStep};
pub use ended::ENDED_KEPT;
pub use figures::Figures;
pub use flow::CallFlow;
pub use input::{Input, Intent, SeatChange, SwitchSaw};
pub use output::{FlowEvent, Output, Program, Prompt, Refusal, SwitchCommand, WaitReason};
pub use past::Past;
pub use queue::OFFER_AGAIN;
pub use seats::{SEAT_BACK, SEAT_LOST};
pub use takeover::{Found, FoundCall, FoundLeg, FoundOutside, SETTLING};
pub use view::{
    CallPhase, CallView, Disposing, OutsideStage, OutsideView, Reclaim, SeatView, SilenceCheck,
};
