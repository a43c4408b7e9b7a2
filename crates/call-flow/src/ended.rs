//! Calls that are over: kept a while for desks that reconnect, for the one operator who may still say
//! how the call is disposed of, and for a caller who was counted as gone and is on the line all the
//! same. Of those that ended before this hub began only the numbers are kept.

use crate::line::Numbers;
use crate::{CallPhase, CallView, Refusal, disposal};
use siaga_model::{CallId, Disposition, SeatId};
use std::collections::{BTreeMap, VecDeque};

/// How many ended calls are kept beside those that a seat still writes up. When there are more, the
/// oldest is forgotten: its case is in the store, only its last view is gone from here.
pub const ENDED_KEPT: usize = 256;

#[derive(Debug)]
struct EndedCall {
    view: CallView,
    /// The seat that may still dispose of it.
    writer: Option<SeatId>,
    numbers: Numbers,
}

/// What a call that goes on has of its time before.
#[derive(Debug)]
pub(crate) struct Reopened {
    /// The seat that writes it up.
    pub(crate) writer: Option<SeatId>,
    pub(crate) numbers: Numbers,
    /// Whether it is another hub with which it goes on.
    pub(crate) by_next_hub: bool,
}

#[derive(Debug, Default)]
pub(crate) struct EndedCalls {
    calls: BTreeMap<CallId, EndedCall>,
    /// Those of the last hub: as many as it was told of.
    before: BTreeMap<CallId, Numbers>,
    /// Those without a writer, in the order in which they may be forgotten.
    settled: VecDeque<CallId>,
}

impl EndedCalls {
    /// Keeps a call whose view is in [`CallPhase::Ended`].
    pub(crate) fn keep(&mut self, view: CallView, writer: Option<SeatId>, numbers: Numbers) {
        let call = view.call;
        let settled = writer.is_none();
        self.calls.insert(call, EndedCall { view, writer, numbers });
        if settled {
            self.settle(call);
        }
    }

    pub(crate) fn contains(&self, call: CallId) -> bool {
        self.calls.contains_key(&call)
    }

    /// Keeps the numbers of a call that ended under the last hub, or with it.
    pub(crate) fn keep_of_before(&mut self, call: CallId, numbers: Numbers) {
        self.before.insert(call, numbers);
    }

    /// A call of the last hub lives after all: gives the place that it had among the arrivals.
    pub(crate) fn place_of_before(&mut self, call: CallId) -> Option<u64> {
        self.before.remove(&call).map(|numbers| numbers.arrival)
    }

    /// Its caller is on the line again: it has not ended.
    pub(crate) fn reopen(&mut self, call: CallId) -> Option<Reopened> {
        if let Some(numbers) = self.before.remove(&call) {
            return Some(Reopened { writer: None, numbers, by_next_hub: true });
        }
        let EndedCall { writer, numbers, view: _ } = self.calls.remove(&call)?;
        self.settled.retain(|settled| *settled != call);
        Some(Reopened { writer, numbers, by_next_hub: false })
    }

    pub(crate) fn view(&self, call: CallId) -> Option<&CallView> {
        self.calls.get(&call).map(|ended| &ended.view)
    }

    /// The writer says how the call is disposed of, once.
    pub(crate) fn dispose(
        &mut self,
        call: CallId,
        seat: &SeatId,
        disposition: &Disposition,
    ) -> Result<(), Refusal> {
        let ended = self.calls.get_mut(&call).ok_or(Refusal::NoSuchCall)?;
        match &ended.writer {
            None => return Err(Refusal::NoSuchCall),
            Some(writer) if writer != seat => return Err(Refusal::NotYours),
            Some(_) => disposal::may_be(disposition, ended.view.silence)?,
        }
        if let CallPhase::Ended { disposition: kept, .. } = &mut ended.view.phase {
            kept.clone_from(disposition);
        }
        ended.writer = None;
        self.settle(call);
        Ok(())
    }

    /// The seat writes up no longer.
    pub(crate) fn written_up(&mut self, call: CallId, seat: &SeatId) {
        if let Some(ended) = self.calls.get_mut(&call)
            && ended.writer.as_ref() == Some(seat)
        {
            ended.writer = None;
            self.settle(call);
        }
    }

    fn settle(&mut self, call: CallId) {
        self.settled.push_back(call);
        if self.settled.len() > ENDED_KEPT
            && let Some(oldest) = self.settled.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }
}
