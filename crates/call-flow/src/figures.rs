//! Figures from the event log alone: nothing else has to be stored, so that a transfer, a lost desk
//! or a call back can never spoil a statistic. A pure reader; it takes no part in any decision.

mod quarters;

pub use quarters::Quarter;

use crate::FlowEvent;
use serde::{Deserialize, Serialize};
use siaga_model::{
    CallId, Disposition, EndedBy, LegCause, ReclaimCause, SeatId, SeatState, Timestamp, UnitId,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// What became of the calls of a log, and what people did for them.
///
/// The log has to begin when nobody is in a call, e.g. with a hub's first start; what is still going
/// on at its end counts as far as it has come. Memory is in proportion to the calls of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Every call, call backs included.
    pub calls: BTreeMap<CallId, CallFigures>,
    /// Times a seat let an arriving call ring out (`tak menjawab`).
    pub rang_out: u64,
    /// Times a seat declined an arriving call, was busy or failed.
    pub refused: u64,
    /// Transfers to another unit that began.
    pub transfers: u64,
    /// Transfers after which the unit had the caller.
    pub transferred: u64,
    /// Transfers after which the operator who handed over had the caller back.
    pub reclaimed: HashMap<ReclaimCause, u64>,
    /// Times a colleague of the own unit was asked to take a call over, whatever came of it: none of
    /// the three above.
    pub colleagues_asked: u64,
    /// Callers who lost their human and went to the front of the queue.
    pub requeued: HashMap<LegCause, u64>,
    /// Legs that were replaced while their seat kept its call.
    pub legs_replaced: u64,
    /// Disposals that were undone, by the operator or by what happened.
    pub disposals_undone: u64,
    /// Times somebody outside was called.
    pub outside_called: u64,
    /// Those that answered.
    pub outside_answered: u64,
    /// Callers who were left with somebody outside.
    pub left_with_outside: u64,
    /// Silent-call procedures that began.
    pub silence_checks: u64,
    /// Those that the caller answered with a key or knocks.
    pub signs: u64,
    /// What each seat did.
    pub seats: BTreeMap<SeatId, Work>,
    /// What was done for each unit: by whoever was logged in for it, wherever.
    pub units: BTreeMap<UnitId, Work>,
}

/// What became of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFigures {
    /// When the citizen was on the line, or the call back began.
    pub since: Timestamp,
    /// An operator called a citizen back.
    pub is_call_back: bool,
    /// When the first human was with the caller.
    pub answered: Option<Timestamp>,
    /// Every waiting in the queue: from the arrival, and anew from each loss of the human.
    pub waits: Vec<Wait>,
    /// Where the call stands, or stood when it ended.
    pub place: Place,
    /// How it ended.
    pub end: Option<End>,
}

/// One waiting in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: still waiting at the end of the log.
    pub until: Option<Timestamp>,
    /// Whether a human came then, rather than the end.
    pub answered: bool,
}

/// Where a call stands, as far as figures care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the queue.
    Waiting,
    /// With a human, or on hold.
    Talking,
    /// Between two.
    Transferring,
    /// A citizen who is called back has not answered.
    CallingBack,
    /// With somebody outside only.
    WithOutside,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: EndedBy,
    /// How it was disposed of in the end.
    pub disposition: Disposition,
}

/// What was done at a seat or for a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Arriving calls answered, and citizens reached by calling back.
    pub answered: u64,
    /// Calls taken over from another seat.
    pub taken_over: u64,
    /// Arriving calls that were let ring out here.
    pub rang_out: u64,
    /// Time in calls, music and ringing of others included; a span counts when it is over.
    pub talk: Duration,
    /// Time of writing up; a span counts when it is over.
    pub after_call: Duration,
}

/// Times, from the shortest to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// Half of them are at most this.
    pub p50: Duration,
    /// Nine of ten are at most this.
    pub p90: Duration,
    /// The longest.
    pub max: Duration,
}

impl Spread {
    /// Of these times; `None` when there are none. A percentile is the nearest rank: one of the times.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied()
        };
        Some(Self { count: times.len(), p50: rank(50)?, p90: rank(90)?, max: rank(100)? })
    }
}

impl Wait {
    /// How long, when it is over.
    pub fn span(&self) -> Option<Duration> {
        self.until.map(|until| until.since(self.since))
    }
}

impl CallFigures {
    /// On the call-back list by its end: nobody has said otherwise.
    pub fn is_abandoned(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.disposition == Disposition::Abandoned)
    }

    /// From arrival to the first human.
    pub fn answered_after(&self) -> Option<Duration> {
        self.answered.map(|at| at.since(self.since))
    }
}

impl Figures {
    /// Reads a log, in its order.
    pub fn of(events: impl IntoIterator<Item = (Timestamp, FlowEvent)>) -> Self {
        let mut reader = Reader::default();
        for (at, event) in events {
            reader.read(at, event);
        }
        reader.figures
    }

    fn arrivals(&self) -> impl Iterator<Item = &CallFigures> {
        self.calls.values().filter(|call| !call.is_call_back)
    }

    fn call_backs(&self) -> impl Iterator<Item = &CallFigures> {
        self.calls.values().filter(|call| call.is_call_back)
    }

    /// Citizens who called.
    pub fn arrived(&self) -> usize {
        self.arrivals().count()
    }

    /// Those who got a human.
    pub fn answered(&self) -> usize {
        self.arrivals().filter(|call| call.answered.is_some()).count()
    }

    /// Calls, call backs included, that their citizen ended at this place and that nobody has
    /// disposed of since.
    pub fn abandoned(&self, place: Place) -> usize {
        let by_caller =
            |call: &&CallFigures| call.end.as_ref().is_some_and(|end| end.by == EndedBy::Caller);
        self.calls
            .values()
            .filter(by_caller)
            .filter(|call| call.place == place && call.is_abandoned())
            .count()
    }

    /// Calls that went down with the switch and that nobody has disposed of since.
    pub fn cut_off(&self) -> usize {
        self.calls
            .values()
            .filter(|call| call.end.as_ref().is_some_and(|end| end.by == EndedBy::SwitchLost))
            .filter(|call| call.is_abandoned())
            .count()
    }

    /// Call backs that began, and those that reached the citizen.
    pub fn called_back(&self) -> (usize, usize) {
        let reached = self.call_backs().filter(|call| call.answered.is_some()).count();
        (self.call_backs().count(), reached)
    }

    /// From arrival to the first human, of those who got one; call backs left out.
    pub fn waiting(&self) -> Option<Spread> {
        Spread::of(self.arrivals().filter_map(CallFigures::answered_after))
    }

    /// From the loss of a human to the next one, of those who got one.
    pub fn waiting_again(&self) -> Option<Spread> {
        let again = self.calls.values().flat_map(|call| {
            // A call back's first waiting follows a loss too: it has none before.
            call.waits.iter().skip(usize::from(!call.is_call_back))
        });
        Spread::of(again.filter(|wait| wait.answered).filter_map(Wait::span))
    }
}

/// What has to be remembered on the way.
#[derive(Debug, Default)]
struct Reader {
    figures: Figures,
    /// For which unit each seat works.
    units: HashMap<SeatId, UnitId>,
    /// What each seat does, and since when.
    states: HashMap<SeatId, (SeatState, Timestamp)>,
    /// Calls that were last handed over within a unit.
    within: HashSet<CallId>,
}

impl Reader {
    fn begins(&mut self, at: Timestamp, call: CallId, place: Place) {
        let is_call_back = place == Place::CallingBack;
        let waits = if is_call_back {
            Vec::new()
        } else {
            vec![Wait { since: at, until: None, answered: false }]
        };
        // Counted as ended, and on the line again: one call.
        if let Some(known) = self.figures.calls.get_mut(&call) {
            if known.end.take().is_some() {
                known.place = place;
                known.waits.extend(waits);
            }
            return;
        }
        let (answered, end) = (None, None);
        let call_figures = CallFigures { since: at, is_call_back, answered, waits, place, end };
        self.figures.calls.insert(call, call_figures);
    }

    fn at(&mut self, call: CallId, place: Place) -> Option<&mut CallFigures> {
        let call = self.figures.calls.get_mut(&call)?;
        call.place = place;
        Some(call)
    }

    /// Counts at the seat and for its unit.
    fn work(&mut self, seat: &SeatId, count: impl Fn(&mut Work)) {
        count(self.figures.seats.entry(seat.clone()).or_default());
        if let Some(unit) = self.units.get(seat) {
            count(self.figures.units.entry(unit.clone()).or_default());
        }
    }

    fn read(&mut self, at: Timestamp, event: FlowEvent) {
        match event {
            FlowEvent::CallerArrived { call, .. } => self.begins(at, call, Place::Waiting),
            FlowEvent::CallBackStarted { call, .. } => self.begins(at, call, Place::CallingBack),
            FlowEvent::SeatMissed { seat, cause, .. } => {
                if cause == LegCause::NoAnswer {
                    self.figures.rang_out += 1;
                    self.work(&seat, |work| work.rang_out += 1);
                } else {
                    self.figures.refused += 1;
                }
            }
            FlowEvent::Answered { call, seat } => {
                if let Some(call) = self.at(call, Place::Talking) {
                    call.answered.get_or_insert(at);
                    call.waited(at, true);
                }
                self.work(&seat, |work| work.answered += 1);
            }
            FlowEvent::TransferStarted { call, from, unit } => {
                if self.units.get(&from) == Some(&unit) {
                    self.within.insert(call);
                    self.figures.colleagues_asked += 1;
                } else {
                    self.within.remove(&call);
                    self.figures.transfers += 1;
                }
                self.at(call, Place::Transferring);
            }
            FlowEvent::TransferDone { call, seat, .. } => {
                self.figures.transferred += u64::from(!self.within.contains(&call));
                self.at(call, Place::Talking);
                self.work(&seat, |work| work.taken_over += 1);
            }
            FlowEvent::Reclaimed { call, cause, .. } => {
                if !self.within.contains(&call) {
                    *self.figures.reclaimed.entry(cause).or_default() += 1;
                }
                self.at(call, Place::Talking);
            }
            FlowEvent::Requeued { call, cause, .. } => {
                *self.figures.requeued.entry(cause).or_default() += 1;
                if let Some(call) = self.at(call, Place::Waiting) {
                    call.waits.push(Wait { since: at, until: None, answered: false });
                }
            }
            FlowEvent::LegReplaced { .. } => self.figures.legs_replaced += 1,
            FlowEvent::DisposalUndone { .. } => self.figures.disposals_undone += 1,
            FlowEvent::OutsideCalled { .. } => self.figures.outside_called += 1,
            FlowEvent::OutsideAnswered { .. } => self.figures.outside_answered += 1,
            FlowEvent::LeftWithOutside { call, .. } => {
                self.figures.left_with_outside += 1;
                self.at(call, Place::WithOutside);
            }
            FlowEvent::OutsideGone { call, .. } => {
                // A caller who had nobody else waits again.
                if let Some(call) = self.figures.calls.get_mut(&call)
                    && call.place == Place::WithOutside
                {
                    call.place = Place::Waiting;
                    call.waits.push(Wait { since: at, until: None, answered: false });
                }
            }
            FlowEvent::SilenceCheckStarted { .. } => self.figures.silence_checks += 1,
            FlowEvent::SilenceChecked { signal, .. } => {
                self.figures.signs += u64::from(signal.is_some());
            }
            FlowEvent::Ended { call, by, disposition } => {
                if let Some(call) = self.figures.calls.get_mut(&call) {
                    call.waited(at, false);
                    call.end.get_or_insert(End { at, by, disposition });
                }
            }
            FlowEvent::Disposed { call, disposition, .. } => {
                let ended = self.figures.calls.get_mut(&call).and_then(|call| call.end.as_mut());
                if let Some(end) = ended {
                    end.disposition = disposition;
                }
            }
            FlowEvent::SeatState { seat, state } => self.seat_state(at, &seat, state),
            FlowEvent::SeatUnit { seat, unit } => {
                // What was done until now counts for the unit before.
                if let Some((state, _)) = self.states.get(&seat).copied() {
                    self.seat_state(at, &seat, state);
                }
                self.units.insert(seat, unit);
            }
            FlowEvent::TakenOver { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::SeatRinging { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::TransferRinging { .. }
            | FlowEvent::TransferAnswered { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::Disposing { .. } => {}
        }
    }

    fn seat_state(&mut self, at: Timestamp, seat: &SeatId, state: SeatState) {
        if let Some((before, since)) = self.states.insert(seat.clone(), (state, at)) {
            let span = at.since(since);
            self.work(seat, |work| match before {
                SeatState::Talking => work.talk += span,
                SeatState::AfterCall => work.after_call += span,
                SeatState::Offline
                | SeatState::Paused
                | SeatState::Ready
                | SeatState::Ringing
                | SeatState::NotAnswering => {}
            });
        }
    }
}

impl CallFigures {
    /// A waiting that goes on is over.
    fn waited(&mut self, at: Timestamp, answered: bool) {
        if let Some(wait) = self.waits.last_mut()
            && wait.until.is_none()
        {
            (wait.until, wait.answered) = (Some(at), answered);
        }
    }
}
