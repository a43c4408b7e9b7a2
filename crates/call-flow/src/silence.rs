//! The silent-call procedure: nobody is closed as silent who was not asked for a sign. What is
//! noticed on the line, and how, is the switch's; what it means for the call is decided here.

use crate::call::{Call, State, Talking};
use crate::line::Silence;
use crate::{CallFlow, FlowEvent, Program, Prompt, Refusal};
use siaga_model::{CallId, LegId, LineSignal};

impl CallFlow {
    /// Asks the caller for a sign. While it runs already, nothing changes. Somebody who has given a
    /// sign is not silent, and is not asked again.
    pub(crate) fn check_silence(&mut self, call: CallId) -> Result<(), Refusal> {
        match self.calls.get(&call) {
            Some(Call { line, state: State::Talking(talking) }) => match line.silence {
                Silence::Signalled { .. } => return Err(Refusal::NotNow),
                Silence::NotAsked | Silence::Asked | Silence::Silent { .. } => {
                    // Whoever else is on the line would hear the question too.
                    if talking.party.live().is_none() || line.has_outside() {
                        return Err(Refusal::NotNow);
                    }
                    if talking.listening.is_some() {
                        return Ok(());
                    }
                }
            },
            Some(_) | None => return Err(Refusal::NotNow),
        }
        self.advance(call, |flow, line, state| {
            let State::Talking(talking) = state else { return Some(state) };
            flow.not_disposed(call, talking.disposing.as_ref());
            if line.silence == Silence::NotAsked {
                line.silence = Silence::Asked;
            }
            flow.play(line, Program::Prompt(Prompt::SilenceCheck));
            let seat = talking.party.seat.clone();
            flow.event(FlowEvent::SilenceCheckStarted { call, seat });
            let listening = Some(flow.now + flow.config.silence_check);
            Some(State::Talking(Talking { disposing: None, listening, ..talking }))
        });
        Ok(())
    }

    /// The line was listened to until the end.
    pub(crate) fn is_silent(&mut self, call: CallId) {
        self.advance(call, |flow, line, state| {
            let State::Talking(talking) = state else { return Some(state) };
            line.silence = Silence::Silent { at: flow.now };
            flow.play(line, Program::Quiet);
            flow.event(FlowEvent::SilenceChecked { call, signal: None });
            Some(State::Talking(Talking { listening: None, ..talking }))
        });
    }

    /// Something was noticed on the caller's line. Doors and steps knock too, so knocks are an answer
    /// only while the line is listened to; a key is one whenever the caller has heard the question,
    /// however late. A disposal that runs is undone: somebody is there.
    pub(crate) fn signalled(&mut self, leg: LegId, signal: LineSignal) {
        let call = leg.call;
        let Some(Call { line, state }) = self.calls.get(&call) else { return };
        let listens = match state {
            State::Talking(talking) => talking.listening.is_some(),
            State::Waiting(_)
            | State::Held(_)
            | State::Transferring(_)
            | State::CallingBack(_)
            | State::WithOutside(_)
            | State::Finishing(_) => false,
        };
        let counts = match (line.silence, signal) {
            (Silence::Signalled { .. }, _) => false,
            (Silence::NotAsked, _)
            | (Silence::Asked | Silence::Silent { .. }, LineSignal::Knocks) => listens,
            (Silence::Asked | Silence::Silent { .. }, LineSignal::Key) => true,
        };
        if !leg.is_caller() || !counts {
            return;
        }
        self.advance(call, |flow, line, state| {
            line.silence = Silence::Signalled { signal, at: flow.now };
            if listens {
                flow.play(line, Program::Quiet);
            }
            flow.event(FlowEvent::SilenceChecked { call, signal: Some(signal) });
            let State::Talking(talking) = state else { return Some(state) };
            flow.not_disposed(call, talking.disposing.as_ref());
            Some(State::Talking(Talking { disposing: None, listening: None, ..talking }))
        });
    }
}
