//! The event log read again from its beginning: what it says of each call, and what it may never say.

use super::{Rule, Violation};
use siaga_call_flow::FlowEvent;
use siaga_model::{CallId, Disposition, EndedBy, SeatId, SeatState, Timestamp};
use std::collections::BTreeMap;

/// A seat that was with a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Which.
    pub seat: SeatId,
    /// From its answer.
    pub from: Timestamp,
    /// Until it left; `None` while it is there.
    pub until: Option<Timestamp>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: EndedBy,
    /// How it was disposed of, in the end.
    pub disposition: Disposition,
}

impl End {
    /// The switch was lost, or what the hub knew of it.
    fn is_cut_off(&self) -> bool {
        self.by == EndedBy::SwitchLost
    }
}

/// What the log says of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStory {
    /// When the switch had it.
    pub arrived_at: Timestamp,
    /// Whether we called.
    pub call_back: bool,
    /// When a human was first with the caller.
    pub answered_at: Option<Timestamp>,
    /// Who was there when.
    pub present: Vec<Presence>,
    /// The end, if it has come.
    pub end: Option<End>,
    /// Times that a transfer came back.
    pub reclaimed: u32,
    /// Times that the caller lost a human and went back to the queue.
    pub requeued: u32,
    /// Times that a seat's leg was replaced.
    pub replaced: u32,
    disposed: bool,
    owner: Option<SeatId>,
    ringing: Option<SeatId>,
    target: Option<SeatId>,
}

impl CallStory {
    fn holds(&self, seat: &SeatId) -> bool {
        self.end.is_none()
            && [&self.owner, &self.ringing, &self.target]
                .into_iter()
                .any(|s| s.as_ref() == Some(seat))
    }

    fn enter(&mut self, at: Timestamp, seat: &SeatId) {
        if !self.present.iter().any(|there| there.seat == *seat && there.until.is_none()) {
            self.present.push(Presence { seat: seat.clone(), from: at, until: None });
        }
    }

    fn leave(&mut self, at: Timestamp, who: impl Fn(&SeatId) -> bool) {
        for there in &mut self.present {
            if there.until.is_none() && who(&there.seat) {
                there.until = Some(at);
            }
        }
    }

    /// The seats that were with the caller at some time between two moments.
    pub fn with_between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &SeatId> {
        let there =
            move |one: &&Presence| one.from <= to && one.until.is_none_or(|until| until >= from);
        self.present.iter().filter(there).map(|one| &one.seat)
    }
}

/// The whole log.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// What it says of each call.
    pub calls: BTreeMap<CallId, CallStory>,
    /// What it may not say.
    pub violations: Vec<Violation>,
}

impl Replay {
    /// Reads one more event.
    pub fn read(&mut self, at: Timestamp, event: &FlowEvent) {
        if let FlowEvent::SeatState { seat, state } = event {
            return self.seat_is(at, seat, *state);
        }
        let Some(id) = event.call() else { return };
        match event {
            FlowEvent::CallerArrived { .. } | FlowEvent::CallBackStarted { .. } => {
                let call_back = matches!(event, FlowEvent::CallBackStarted { .. });
                match self.calls.get_mut(&id) {
                    // A call back is started before its bridge says that it is there.
                    Some(known) if known.call_back != call_back => known.call_back = true,
                    // Cut off with a hub, and on the line again.
                    Some(known) if known.end.as_ref().is_some_and(End::is_cut_off) => {
                        known.end = None;
                    }
                    Some(_) => self.blame(Rule::EndsOnce, id, at, "it arrived twice"),
                    None => {
                        let story = CallStory { arrived_at: at, call_back, ..CallStory::default() };
                        self.calls.insert(id, story);
                    }
                }
            }
            FlowEvent::Escalated { .. }
            | FlowEvent::SeatRinging { .. }
            | FlowEvent::SeatMissed { .. }
            | FlowEvent::Answered { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::TransferStarted { .. }
            | FlowEvent::TransferRinging { .. }
            | FlowEvent::TransferAnswered { .. }
            | FlowEvent::TransferDone { .. }
            | FlowEvent::Reclaimed { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::Requeued { .. }
            | FlowEvent::Ended { .. }
            | FlowEvent::Disposed { .. }
            | FlowEvent::OutsideCalled { .. }
            | FlowEvent::OutsideAnswered { .. }
            | FlowEvent::OutsideGone { .. }
            | FlowEvent::LeftWithOutside { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => {}
        }
        let Some(story) = self.calls.get(&id) else {
            return self.blame(Rule::EndsOnce, id, at, "something happened before it arrived");
        };
        if story.end.is_some() && !matches!(event, FlowEvent::Disposed { .. }) {
            let what = format!("something happened after its end: {event:?}");
            return self.blame(Rule::EndsOnce, id, at, &what);
        }
        if let FlowEvent::SeatRinging { seat, .. }
        | FlowEvent::TransferRinging { seat, .. }
        | FlowEvent::CallBackStarted { seat, .. } = event
            && let Some((other, _)) =
                self.calls.iter().find(|(other, story)| **other != id && story.holds(seat))
        {
            let what = format!("{seat} has a live call already: {other}");
            self.blame(Rule::OneCallASeat, id, at, &what);
        }
        if let Some(what) = self.calls.get_mut(&id).and_then(|story| story.live(at, event)) {
            self.blame(what.0, id, at, &what.1);
        }
    }

    /// A seat that is free has no call, whatever became of it.
    fn seat_is(&mut self, at: Timestamp, seat: &SeatId, state: SeatState) {
        match state {
            SeatState::Offline
            | SeatState::Paused
            | SeatState::Ready
            | SeatState::NotAnswering
            | SeatState::AfterCall => {
                for story in self.calls.values_mut().filter(|story| story.holds(seat)) {
                    for place in [&mut story.owner, &mut story.ringing, &mut story.target] {
                        if place.as_ref() == Some(seat) {
                            *place = None;
                        }
                    }
                    story.leave(at, |there| there == seat);
                }
            }
            SeatState::Ringing | SeatState::Talking => {}
        }
    }

    fn blame(&mut self, rule: Rule, call: CallId, at: Timestamp, what: &str) {
        let what = what.to_owned();
        self.violations.push(Violation { rule, call: Some(call), at, what });
    }
}

impl CallStory {
    /// Takes what happened to a live call; what is wrong with it, if anything.
    fn live(&mut self, at: Timestamp, event: &FlowEvent) -> Option<(Rule, String)> {
        match event {
            FlowEvent::CallBackStarted { seat, .. } => {
                self.owner = Some(seat.clone());
                self.enter(at, seat);
            }
            FlowEvent::SeatRinging { seat, .. } => self.ringing = Some(seat.clone()),
            FlowEvent::SeatMissed { .. } => self.ringing = None,
            FlowEvent::Answered { seat, .. } => {
                if let Some(owner) = self.owner.as_ref().filter(|owner| *owner != seat) {
                    return Some((Rule::OneOwner, format!("{seat} answers while {owner} has it")));
                }
                self.answered_at.get_or_insert(at);
                self.owner = Some(seat.clone());
                self.ringing = None;
                self.enter(at, seat);
            }
            FlowEvent::TransferStarted { from, .. } => {
                if self.owner.as_ref() != Some(from) {
                    let what = format!("{from} hands over what {:?} has", self.owner);
                    return Some((Rule::OneOwner, what));
                }
            }
            FlowEvent::TransferRinging { seat, .. } => self.target = Some(seat.clone()),
            FlowEvent::TransferAnswered { seat, .. } => self.enter(at, seat),
            FlowEvent::TransferDone { seat, .. } => {
                self.answered_at.get_or_insert(at);
                self.owner = Some(seat.clone());
                self.target = None;
                self.enter(at, seat);
                self.leave(at, |there| there != seat);
            }
            FlowEvent::Reclaimed { seat, .. } => {
                self.reclaimed += 1;
                self.owner = Some(seat.clone());
                self.target = None;
                self.leave(at, |there| there != seat);
            }
            FlowEvent::Requeued { .. } => {
                self.requeued += 1;
                (self.owner, self.ringing, self.target) = (None, None, None);
                self.leave(at, |_| true);
            }
            FlowEvent::OutsideCalled { seat, .. } => {
                if self.owner.as_ref() != Some(seat) {
                    let what = format!("{seat} calls somebody into what {:?} has", self.owner);
                    return Some((Rule::OneOwner, what));
                }
            }
            FlowEvent::LeftWithOutside { seat, .. } => {
                self.owner = None;
                self.leave(at, |there| there == seat);
            }
            FlowEvent::LegReplaced { .. } => self.replaced += 1,
            FlowEvent::Ended { by, disposition, .. } => {
                self.end = Some(End { at, by: *by, disposition: disposition.clone() });
                (self.ringing, self.target) = (None, None);
                self.leave(at, |_| true);
            }
            FlowEvent::Disposed { disposition, .. } => {
                if std::mem::replace(&mut self.disposed, true) {
                    return Some((Rule::EndsOnce, "it was disposed of twice".to_owned()));
                }
                match &mut self.end {
                    Some(end) => end.disposition = disposition.clone(),
                    None => return Some((Rule::EndsOnce, "disposed of while live".to_owned())),
                }
            }
            FlowEvent::CallerArrived { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::Held { .. }
            | FlowEvent::Resumed { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceCheckStarted { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::OutsideAnswered { .. }
            | FlowEvent::OutsideGone { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => {}
        }
        None
    }
}
