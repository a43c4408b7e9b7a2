//! What the hub decides. No IO, no clock, no randomness: the shell ([`crate::actor`]) hands in what
//! happened and the time, and does what [`HubCore::poll`] gives.
//!
//! The life of a call is `siaga-call-flow`'s. What is added here: who sits where
//! ([`sittings`]), the form and its one writer, case numbers and cases ([`calls`]), whom somebody has
//! to call back ([`call_backs`]), what must not go unnoticed ([`trouble`]), what desks say ([`desks`])
//! and what they are shown ([`views`]).
//!
//! Everything that must last leaves as [`Effect::Store`], one for each input, in the order in which
//! it happened. A desk's message is acknowledged only after what it caused is stored.

mod board;
mod call_backs;
mod calls;
mod desks;
mod follow_ups;
mod numbers;
mod offline;
mod restored;
mod shift_notes;
mod sittings;
mod survivors;
mod trouble;
mod views;

#[cfg(test)]
mod tests;

pub(crate) use restored::{Found, FoundCall};
pub(crate) use shift_notes::shown_from as notes_shown_from;
pub(crate) use sittings::{Seated, SitRequest, Visitor};
pub(crate) use survivors::Survivor;

use crate::config::local_day;
use crate::{DialPlan, HubConfig, HubNews};
use call_backs::CallBacks;
use calls::CallRecord;
use numbers::Numbers;
use serde::Serialize;
use shift_notes::ShiftNotes;
use siaga_call_flow::{
    CallFlow, ConfigError, FlowEvent, Input, Output, Past, Refusal, SeatChange, SwitchCommand,
    SwitchSaw,
};
use siaga_hub_api::{ApiError, ErrorCode, HubView, ToDesk, UnitInfo};
use siaga_hub_store::{EventRecord, LegRecord, NumberLease, RecordingRecord, StoreError, Write};
use siaga_model::{
    CallId, Case, FollowUpKind, LegCause, Priority, Seat, SeatId, SeatState, Timestamp, Unit,
    UnitId,
};
use siaga_switch::{LegReport, RecordingReport, SwitchEvent};
use sittings::{Sitting, Sittings};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use trouble::Trouble;

/// One connection of a desk. A desk that reconnects gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// One session, from login to logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId(pub(crate) u64);

/// A desk's message whose effects must be stored before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) session: SessionId,
    pub(crate) seq: u64,
}

/// What the shell must do, in order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Tell the switch.
    Switch(SwitchCommand),
    /// End a seat's telephone account.
    Dismiss(SeatId),
    /// Store all of it or nothing, then tell with [`HubCore::stored`].
    Store { writes: Vec<Write>, ticket: Option<Ticket> },
    /// Lease numbers, then tell with [`HubCore::leased`].
    Lease { seat: SeatId, day: u32, count: u32 },
    /// Send a message.
    Send { to: ConnectionId, message: ToDesk },
    /// Close a connection, with a reason when the desk has to know it.
    Close { connection: ConnectionId, bye: Option<ApiError> },
    /// Tell whoever watches this hub.
    News(HubNews),
}

/// An event of the hub itself, beside those of the call flow, for the same log. No personal data:
/// who sat at a seat is in the sessions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub(crate) enum AuditEvent<'a> {
    HubStarted { version: &'a str },
    SessionOpened { seat: &'a SeatId },
    SessionEnded { seat: &'a SeatId },
    SessionResumed { seat: &'a SeatId },
    LoginFailed { address: IpAddr, known_operator: bool },
    TokensGuessed { address: IpAddr },
    CaseOpened { call: CallId, number: String, seat: &'a SeatId },
    CaseTakenOffline { call: CallId, number: String, seat: &'a SeatId },
    Overridden { call: CallId, seat: &'a SeatId, validity: siaga_model::Validity },
    RecordingSealed { call: CallId, sha256: &'a str },
    RecordingRecovered { call: CallId, sha256: &'a str },
    RecordingTrouble { call: CallId },
    RecordingResumed { call: CallId },
    RecordingHeard { call: CallId, seat: &'a SeatId, sha256: &'a str },
    ShiftNoteLeft { seat: &'a SeatId },
    FollowedUp { call: CallId, number: String, seat: &'a SeatId, kind: FollowUpKind },
    StoringFailed,
    StoringAgain,
    PriorityRaised { call: CallId, priority: Priority },
    CallBackListed { entry: CallId, call: CallId },
    CallBackAsked { entry: CallId, call: CallId, seat: &'a SeatId },
    CallBackSettled { entry: CallId, seat: Option<&'a SeatId>, by_call: Option<CallId> },
}

/// All state of a hub.
pub(crate) struct HubCore {
    flow: CallFlow,
    flow_config: siaga_call_flow::FlowConfig,
    dial: DialPlan,
    polda_code: String,
    utc_offset_min: i32,
    units: BTreeMap<UnitId, Unit>,
    seats: BTreeMap<SeatId, Seat>,
    sittings: Sittings,
    numbers: Numbers,
    /// Calls that were answered by a seat that had no number left, until its lease comes.
    unnumbered: Vec<(SeatId, CallId)>,
    records: BTreeMap<CallId, CallRecord>,
    /// Calls that have ended, oldest first: what is still known of them is bounded.
    ended: VecDeque<CallId>,
    /// Cases that somebody has to act on, newest first.
    to_act_on: Vec<Case>,
    call_backs: CallBacks,
    /// The last hub's calls, while the switch has not said which of them live: they count as cut off.
    unsurveyed: Option<BTreeMap<CallId, Past>>,
    notes: ShiftNotes,
    trouble: Trouble,
    /// Counts changes of cases, for desks that show lists.
    cases_rev: u64,
    effects: VecDeque<Effect>,
    /// What the input that is being handled has caused so far.
    writes: Vec<Write>,
    /// When the flow wants to be asked next.
    flow_due: Option<Timestamp>,
}

/// How many ended calls are remembered, for drafts and closings that come late.
const ENDED_REMEMBERED: usize = 512;
/// How many cases to act on are held, for what is still done about them.
const CASES_REMEMBERED: usize = 2_000;

impl HubCore {
    /// A hub with its units and what its predecessor left behind.
    pub(crate) fn new(
        config: &HubConfig,
        now: Timestamp,
        found: Found,
    ) -> Result<Self, ConfigError> {
        let mut core = Self {
            flow: CallFlow::new(config.flow.clone())?,
            flow_config: config.flow.clone(),
            dial: config.dial.clone(),
            polda_code: config.polda_code.clone(),
            utc_offset_min: config.utc_offset_min,
            units: config.units.iter().map(|unit| (unit.id.clone(), unit.clone())).collect(),
            seats: config.seats.iter().map(|seat| (seat.id.clone(), seat.clone())).collect(),
            sittings: Sittings::default(),
            numbers: Numbers::default(),
            unnumbered: Vec::new(),
            records: BTreeMap::new(),
            ended: VecDeque::new(),
            to_act_on: Vec::new(),
            call_backs: CallBacks::default(),
            unsurveyed: None,
            notes: ShiftNotes::default(),
            trouble: Trouble::default(),
            cases_rev: 0,
            effects: VecDeque::new(),
            writes: Vec::new(),
            flow_due: None,
        };
        core.audit(now, None, &AuditEvent::HubStarted { version: env!("CARGO_PKG_VERSION") });
        core.tell_flow(now, Input::Units(config.units.clone()));
        core.restore(now, found);
        core.commit(None);
        Ok(core)
    }

    /// The next thing to do.
    pub(crate) fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Self::tick`] is to be called at the latest.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        [self.flow_due, self.sittings.deadline()].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        if self.flow_due.is_some_and(|due| due <= now) {
            self.tell_flow(now, Input::Tick);
        }
        for seat in self.sittings.expired(now) {
            // Nobody is thrown out of a call by the clock.
            if self.has_live_call(&seat) {
                self.sittings.extend(&seat, now);
            } else {
                self.end_sitting(now, &seat, Some(ErrorCode::NotLoggedIn));
            }
        }
        self.commit(None);
    }

    /// The switch saw something.
    pub(crate) fn switch_event(&mut self, now: Timestamp, event: SwitchEvent) {
        match event {
            SwitchEvent::Saw(saw) => {
                if let SwitchSaw::CallerArrived { call, facts, .. } = &saw {
                    self.caller_arrived(*call, facts);
                }
                self.tell_flow(now, Input::Switch(saw));
            }
            SwitchEvent::Outlived(live) => self.outlived(now, live),
            SwitchEvent::SeatRegistered(seat) => self.seat(now, seat, SeatChange::Registered),
            SwitchEvent::SeatUnregistered(seat) => self.seat(now, seat, SeatChange::Unregistered),
            SwitchEvent::Dtmf { leg, digit } => {
                self.effects.push_back(Effect::News(HubNews::Dtmf { leg, digit }));
            }
            SwitchEvent::LegClosed(report) => self.leg_closed(report),
            SwitchEvent::Recorded(report) => self.recorded(now, report),
            SwitchEvent::RecordingTrouble { call, reason } => {
                tracing::error!(%call, reason, "the recording stopped; the call goes on");
                self.recording_stopped(now, call);
                self.audit(now, Some(call), &AuditEvent::RecordingTrouble { call });
                self.effects.push_back(Effect::News(HubNews::RecordingTrouble { call, reason }));
            }
            SwitchEvent::RecordingResumed { call } => {
                self.recording_is(call, true);
                self.recording_is_fine(call);
                self.audit(now, Some(call), &AuditEvent::RecordingResumed { call });
            }
            // Strangers send these, as many as they like: never into the store.
            SwitchEvent::Refused { peer, reason } => {
                tracing::info!(peer, reason, "the switch refused a message at its edge");
            }
        }
        self.commit(None);
    }

    /// The switch did not take a command: legs that should ring never will.
    pub(crate) fn switch_failed(&mut self, now: Timestamp, command: &SwitchCommand) {
        match command {
            SwitchCommand::Ring { leg, .. } | SwitchCommand::DialOut { leg, .. } => {
                let saw = SwitchSaw::Ended { leg: *leg, cause: LegCause::Failed };
                self.tell_flow(now, Input::Switch(saw));
            }
            SwitchCommand::Open { call } | SwitchCommand::Dial { call, .. } => {
                let leg = siaga_model::LegId::caller(*call);
                let saw = SwitchSaw::Ended { leg, cause: LegCause::Failed };
                self.tell_flow(now, Input::Switch(saw));
            }
            // Idempotent, and about legs whose loss the switch tells as an event.
            SwitchCommand::Join(_)
            | SwitchCommand::Detach(_)
            | SwitchCommand::HangUp(_)
            | SwitchCommand::Play { .. }
            | SwitchCommand::End(_) => {}
        }
        self.commit(None);
    }

    /// The switch is gone with all its calls; gives how many were live.
    pub(crate) fn switch_lost(&mut self, now: Timestamp) -> usize {
        let live = self.live_calls();
        self.tell_flow(now, Input::Switch(SwitchSaw::Lost));
        self.commit(None);
        live
    }

    /// The writer has stored what a ticket stands for, or could not.
    pub(crate) fn stored(&mut self, ticket: Ticket, result: &Result<(), StoreError>) {
        let Some((_, sitting)) = self.sittings.by_session(ticket.session) else { return };
        let message = match result {
            Ok(()) => ToDesk::Ack { seq: ticket.seq },
            Err(error) => {
                sitting.failed(ticket.seq);
                let error = ApiError::new(ErrorCode::NotStored, error.to_string());
                ToDesk::Refused { seq: ticket.seq, error }
            }
        };
        if let Some(to) = sitting.connection() {
            self.effects.push_back(Effect::Send { to, message });
        }
    }

    /// The lists of cases in the store have changed. Not before: a desk that asks as soon as it is told
    /// would be shown what was, until the next change.
    pub(crate) fn cases_stored(&mut self) {
        self.cases_rev += 1;
        self.sittings.all_dirty();
    }

    /// A lease that was asked for came, or could not be had.
    pub(crate) fn leased(
        &mut self,
        now: Timestamp,
        seat: &SeatId,
        result: Result<NumberLease, StoreError>,
    ) {
        let lease = match result {
            Ok(lease) => lease,
            Err(error) => {
                tracing::error!(%seat, %error, "no case numbers could be leased");
                return;
            }
        };
        self.numbers.leased(seat.clone(), lease);
        if let (Some(block), Some(to)) =
            (self.block(lease), self.sittings.get(seat).and_then(Sitting::connection))
        {
            self.effects.push_back(Effect::Send { to, message: ToDesk::Cases(block) });
        }
        let (waiting, others) =
            std::mem::take(&mut self.unnumbered).into_iter().partition(|(who, _)| who == seat);
        self.unnumbered = others;
        let waiting: Vec<(SeatId, CallId)> = waiting;
        for (seat, call) in waiting {
            self.open_case(now, call, &seat);
        }
        self.commit(None);
    }

    /// Desks whose view has changed and may be sent now.
    pub(crate) fn views(&mut self, now: Timestamp) -> Vec<(ConnectionId, HubView)> {
        let due = self.sittings.views_due(now);
        let units = if due.is_empty() { Vec::new() } else { self.unit_views() };
        due.into_iter()
            .map(|(seat, connection)| {
                let (view, shown) = self.view(now, &seat, &units);
                self.sittings.shown(&seat, now, shown);
                (connection, view)
            })
            .collect()
    }

    /// How many callers are on the line.
    pub(crate) fn live_calls(&self) -> usize {
        self.flow.calls().count()
    }

    /// The units and their seats, as a session is told.
    pub(crate) fn unit_infos(&self) -> Vec<UnitInfo> {
        let seats_of = |unit: &Unit| {
            self.seats.values().filter(|seat| seat.unit == unit.id).cloned().collect()
        };
        self.units
            .values()
            .map(|unit| UnitInfo { unit: unit.clone(), seats: seats_of(unit) })
            .collect()
    }

    pub(crate) fn today(&self, now: Timestamp) -> u32 {
        // Both are in range: the offset was checked at the start, and the clock is of this century.
        local_day(now, self.utc_offset_min).unwrap_or(700_101)
    }

    fn seat(&mut self, now: Timestamp, seat: SeatId, change: SeatChange) {
        self.tell_flow(now, Input::Seat { seat, change });
    }

    /// Whether a seat that wanted calls before its hub was restarted wants them again.
    fn wants_calls(&mut self, seat: &SeatId, state: SeatState) {
        let wants = match state {
            SeatState::Ready => true,
            // One that let a call ring out has to say that it is there again.
            SeatState::Paused | SeatState::NotAnswering => false,
            SeatState::Offline | SeatState::Ringing | SeatState::Talking | SeatState::AfterCall => {
                return;
            }
        };
        if let Some(token) = self.sittings.wants(seat, wants) {
            self.writes.push(Write::Wants { token, calls: wants });
        }
    }

    fn has_live_call(&self, seat: &SeatId) -> bool {
        self.flow.calls().any(|call| {
            self.flow.owner(call.call) == Some(seat)
                || self.flow.seat(seat).is_some_and(|seat| seat.call == Some(call.call))
        })
    }

    /// Hands an input to the flow and does what it wants. Gives the refusal, if there was one.
    fn tell_flow(&mut self, now: Timestamp, input: Input) -> Option<Refusal> {
        let mut refused = None;
        let cause = match &input {
            Input::Switch(SwitchSaw::Ended { cause, .. }) => *cause,
            Input::Switch(_)
            | Input::Seat { .. }
            | Input::Operator { .. }
            | Input::CallBack { .. }
            | Input::Units(_)
            | Input::Found(_)
            | Input::Tick => LegCause::Unregistered,
        };
        self.flow.handle(now, input);
        loop {
            match self.flow.poll() {
                Output::Switch(command) => self.effects.push_back(Effect::Switch(command)),
                Output::Event { at, event } => self.happened(at, event),
                // Phases move at the pace of people: everybody may see another queue or seat.
                Output::CallChanged(call) => {
                    let view = self.flow.call(call);
                    if let Some(giver) = view.and_then(|view| self.lost_giver(&view)) {
                        self.seat_lost_call(now, &giver, call, cause);
                    }
                    self.sittings.all_dirty();
                }
                Output::SeatChanged(_) => self.sittings.all_dirty(),
                Output::Refused { why, .. } => refused = Some(why),
                Output::Wait { until } => {
                    self.flow_due = until.map(|(at, _reason)| at);
                    return refused;
                }
            }
        }
    }

    fn happened(&mut self, at: Timestamp, event: FlowEvent) {
        self.log(at, event.call(), &event);
        self.note_times(at, &event);
        match &event {
            FlowEvent::Answered { call, seat }
            | FlowEvent::TransferDone { call, seat, .. }
            | FlowEvent::Reclaimed { call, seat, .. } => self.taken_over(at, *call, seat),
            FlowEvent::Requeued { call, lost, cause } => {
                self.seat_lost_call(at, lost, *call, *cause);
            }
            FlowEvent::SilenceChecked { call, signal: Some(_) } => self.raise(at, *call),
            FlowEvent::DisposalUndone { call } => self.disposal_undone(*call),
            FlowEvent::CallBackStarted { seat, .. } => self.seat_has_moved_on(seat),
            FlowEvent::CallBackFailed { call, why } => self.call_back_failed(*call, *why),
            FlowEvent::SeatState { seat, state } => self.wants_calls(seat, *state),
            FlowEvent::Ended { call, by, disposition } => {
                self.call_ended(at, *call, *by, disposition);
            }
            FlowEvent::Disposed { call, seat, disposition } => {
                self.call_disposed(at, *call, seat, disposition);
            }
            FlowEvent::CallerArrived { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::SeatRinging { .. }
            | FlowEvent::SeatMissed { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::TransferStarted { .. }
            | FlowEvent::TransferRinging { .. }
            | FlowEvent::TransferAnswered { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { signal: None, .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::OutsideCalled { .. }
            | FlowEvent::OutsideAnswered { .. }
            | FlowEvent::OutsideGone { .. }
            | FlowEvent::LeftWithOutside { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::SeatUnit { .. } => {}
        }
        self.effects.push_back(Effect::News(HubNews::Flow { at, event }));
    }

    fn audit(&mut self, at: Timestamp, call: Option<CallId>, event: &AuditEvent<'_>) {
        self.log(at, call, event);
    }

    fn log<T: Serialize>(&mut self, at: Timestamp, call: Option<CallId>, event: &T) {
        match serde_json::to_string(event) {
            Ok(body) => self.writes.push(Write::Event(EventRecord { at, call, body })),
            Err(error) => tracing::error!(%error, "an event could not be written down"),
        }
    }

    fn leg_closed(&mut self, report: LegReport) {
        let leg = report.clone();
        self.effects.push_back(Effect::News(HubNews::Leg(report)));
        if !self.records.contains_key(&leg.leg.call) {
            tracing::warn!(leg = %leg.leg, "a leg of an unknown call");
            return;
        }
        self.writes.push(Write::Leg(LegRecord {
            leg: leg.leg,
            seat: leg.seat,
            codec: leg.codec,
            user_agent: leg.user_agent,
            joined_at: leg.joined_at,
            left_at: leg.left_at,
            cause: leg.cause,
            packets_received: leg.packets_received,
            packets_lost: leg.packets_lost,
        }));
    }

    fn recorded(&mut self, now: Timestamp, report: RecordingReport) {
        self.recording_is(report.call, false);
        let sealed = AuditEvent::RecordingSealed { call: report.call, sha256: &report.sha256 };
        self.audit(now, Some(report.call), &sealed);
        self.writes.push(Write::Recording(RecordingRecord {
            call: report.call,
            number: None,
            file: report.file.to_string_lossy().into_owned(),
            starts_at: report.starts_at,
            seconds: report.seconds,
            channels: report.channels,
            sha256: report.sha256.clone(),
        }));
        self.effects.push_back(Effect::News(HubNews::Recording(report)));
    }

    /// Hands everything that this input caused to the writer, as one.
    fn commit(&mut self, ticket: Option<Ticket>) {
        let writes = std::mem::take(&mut self.writes);
        if !writes.is_empty() || ticket.is_some() {
            self.effects.push_back(Effect::Store { writes, ticket });
        }
    }
}
