//! What is heard beside voices: what the hub wants, and music where there would be silence.
//!
//! Our own desks hold at the hub, which asks for music. A telephone of another make holds by itself, and
//! most of them send nothing then; Asterisk, which mixes, would leave the caller in silence.

use super::call::{Call, Phase};
use super::{CallId, Core, LegId, ListenFor, Program, Request, names};
use crate::ari::Channel;
use siaga_call_flow::Prompt;

impl Core {
    pub(super) fn play(&mut self, id: CallId, to: Program) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.program = to;
            self.sound(id);
        }
    }

    /// A telephone holds, or does no more.
    pub(super) fn holds(&mut self, channel: &Channel, holds: bool) {
        let Some(id) = names::leg_of_channel(&channel.id) else { return };
        if let Some(leg) = self.leg(id) {
            leg.holds = holds;
            self.sound(id.call);
        }
    }

    /// Asks for what is to be heard now, if it is something else than before.
    pub(super) fn sound(&mut self, id: CallId) {
        const CHECK: Program = Program::Prompt(Prompt::SilenceCheck);
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ending) else { return };
        let to = audible(call);
        let from = std::mem::replace(&mut call.sounds, to);
        if from == to {
            return;
        }
        let caller = call.caller().cloned();
        let leg = LegId::caller(id);
        if from == CHECK {
            self.ask(Request::Deaf { leg, what: ListenFor::Knocks });
        }
        self.ask(Request::Play { call: id, from, to, caller: caller.clone() });
        if let (CHECK, Some(channel)) = (to, caller) {
            self.ask(Request::Listen { leg, channel, what: ListenFor::Knocks });
        }
    }
}

/// What the hub wants; music instead of silence when everybody whom the caller could talk to holds.
fn audible(call: &Call) -> Program {
    let mut humans = call
        .legs
        .iter()
        .filter(|(n, leg)| **n != 0 && leg.joined && matches!(leg.phase, Phase::Up { .. }))
        .map(|(_, leg)| leg.holds);
    let all_hold = humans.next().is_some_and(|first| first && humans.all(|holds| holds));
    match call.program {
        Program::Quiet | Program::SoftRingback if all_hold => Program::Music,
        wanted @ (Program::Quiet | Program::Music | Program::SoftRingback | Program::Prompt(_)) => {
            wanted
        }
    }
}
