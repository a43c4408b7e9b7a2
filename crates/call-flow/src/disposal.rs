//! A disposal that can be undone: for some seconds the line stays open, and whatever shows that the
//! call is not over takes the disposal back.

use crate::call::{State, Talking};
use crate::party::Party;
use crate::{CallFlow, Disposing, FlowEvent, Refusal, SilenceCheck};
use siaga_model::{CallBackFailure, CallId, Disposition, EndedBy, NotReport};

/// Whether a call may be disposed of like this.
///
/// # Errors
/// [`Refusal::CheckSilenceFirst`]: as silent only when the procedure has run to its end without a
/// sign.
pub(crate) fn may_be(disposition: &Disposition, silence: SilenceCheck) -> Result<(), Refusal> {
    let as_silent = matches!(disposition, Disposition::NotReport { reason: NotReport::Silent });
    match silence {
        SilenceCheck::Silent { .. } => Ok(()),
        SilenceCheck::NotRun | SilenceCheck::Running { .. } | SilenceCheck::Signalled { .. } => {
            if as_silent {
                Err(Refusal::CheckSilenceFirst)
            } else {
                Ok(())
            }
        }
    }
}

impl CallFlow {
    fn may_be_disposed_of(&self, call: CallId, disposition: &Disposition) -> Result<(), Refusal> {
        self.calls.get(&call).map_or(Ok(()), |call| may_be(disposition, call.silence()))
    }

    /// Ends the call now.
    pub(crate) fn close(&mut self, call: CallId, disposition: &Disposition) -> Result<(), Refusal> {
        // Who calls back in vain gives up: nobody is there to be disposed of.
        if !matches!(self.state(call), Some(State::CallingBack(_))) {
            self.may_be_disposed_of(call, disposition)?;
        }
        self.end(call, EndedBy::Closing, disposition);
        Ok(())
    }

    /// Ends the call in a while. The same said again changes nothing, so that a key which repeats
    /// itself neither shortens nor lengthens it; another disposition begins anew.
    pub(crate) fn dispose(
        &mut self,
        call: CallId,
        disposition: &Disposition,
    ) -> Result<(), Refusal> {
        // Nobody is on the line for whom it would stay open.
        if let Some(State::CallingBack(_) | State::Finishing(_)) = self.state(call) {
            return self.close(call, disposition);
        }
        let owner = self.state(call).and_then(State::sole_owner);
        owner.and_then(Party::live).ok_or(Refusal::NotNow)?;
        self.may_be_disposed_of(call, disposition)?;
        // The line has to be open while the operator may still think otherwise.
        if let Some(State::Held(_)) = self.state(call) {
            self.resume(call)?;
        }
        self.advance(call, |flow, _, state| {
            let State::Talking(talking) = state else { return Some(state) };
            if talking.disposing.as_ref().is_some_and(|runs| runs.disposition == *disposition) {
                return Some(State::Talking(talking));
            }
            let (seat, disposition) = (talking.party.seat.clone(), disposition.clone());
            flow.event(FlowEvent::Disposing { call, seat, disposition: disposition.clone() });
            let until = flow.now + flow.config.disposal;
            let disposing = Some(Disposing { disposition, until });
            Some(State::Talking(Talking { disposing, ..talking }))
        });
        Ok(())
    }

    /// The disposal was a mistake.
    pub(crate) fn undo(&mut self, call: CallId) -> Result<(), Refusal> {
        if let Some(State::CallingBack(_)) = self.state(call) {
            self.not_reached(call, CallBackFailure::GivenUp);
            return Ok(());
        }
        self.disposal_that_runs(call).ok_or(Refusal::NotNow)?;
        self.advance(call, |flow, _, state| {
            let State::Talking(talking) = state else { return Some(state) };
            flow.not_disposed(call, talking.disposing.as_ref());
            Some(State::Talking(Talking { disposing: None, ..talking }))
        });
        Ok(())
    }

    /// The call goes on: a disposal that ran is told to be undone.
    pub(crate) fn not_disposed(&mut self, call: CallId, disposing: Option<&Disposing>) {
        if disposing.is_some() {
            self.event(FlowEvent::DisposalUndone { call });
        }
    }

    /// Nobody has undone it.
    pub(crate) fn disposal_due(&mut self, call: CallId) {
        if let Some(disposing) = self.disposal_that_runs(call).cloned() {
            self.end(call, EndedBy::Closing, &disposing.disposition);
        }
    }

    fn disposal_that_runs(&self, call: CallId) -> Option<&Disposing> {
        self.state(call)?.talking()?.disposing.as_ref()
    }
}
