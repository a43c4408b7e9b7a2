//! What is done when the connection has come up: at the start, after a loss, after another start of
//! Asterisk.

use super::{
    Call, CallId, ChannelState, Core, Leg, LegCause, LegId, LiveCall, LiveLeg, Output, Phase,
    Program, Request, Snapshot, SwitchSaw, Timestamp, cause_when_missing, facts_of, names,
};
use crate::ari::Channel;
use crate::provision::WITHOUT_HUB_CONTEXT;
use std::collections::{BTreeMap, BTreeSet};

impl Core {
    pub(super) fn connected(&mut self, now: Timestamp, snapshot: &Snapshot) {
        let known = self.startup_time.replace(snapshot.startup_time.clone());
        let first = known.is_none();
        if known.is_some_and(|known| known != snapshot.startup_time) {
            self.restarted();
        }
        let channels: BTreeMap<LegId, &Channel> = snapshot
            .channels
            .iter()
            .filter_map(|channel| Some((names::leg_of_channel(&channel.id)?, channel)))
            .collect();
        self.miss(now, &channels);
        for (id, channel) in &channels {
            if id.is_caller() {
                self.meet_caller(now, *id, channel, first, snapshot);
            }
        }
        for (id, channel) in &channels {
            if !id.is_caller() {
                self.meet_leg(now, *id, channel, first, snapshot);
            }
        }
        self.compare_bridges(snapshot);
        for endpoint in &snapshot.endpoints {
            self.registered(&endpoint.resource, endpoint.is_online());
        }
        let gone: Vec<String> = self
            .online
            .iter()
            .filter(|seat| !snapshot.endpoints.iter().any(|one| one.resource == seat.as_str()))
            .map(ToString::to_string)
            .collect();
        for seat in gone {
            self.registered(&seat, false);
        }
    }

    /// Another Asterisk: the calls of the last one are gone with it.
    fn restarted(&mut self) {
        let lost = std::mem::take(&mut self.calls);
        if !lost.is_empty() {
            self.saw(SwitchSaw::Lost);
        }
        for seat in std::mem::take(&mut self.online) {
            self.tell(super::SwitchEvent::SeatUnregistered(seat));
        }
        self.outputs.push_back(Output::Restarted);
    }

    /// Legs whose end was not seen. One that only rings may have been made after the channels were
    /// counted: it is over all the same, and no telephone goes on ringing for it.
    fn miss(&mut self, now: Timestamp, channels: &BTreeMap<LegId, &Channel>) {
        let missing: Vec<LegId> = self
            .calls
            .iter()
            .flat_map(|(call, found)| found.legs.keys().map(|n| LegId { call: *call, n: *n }))
            .filter(|id| !channels.contains_key(id))
            .collect();
        for id in missing {
            if let Some(Leg { channel, phase: Phase::Calling { .. }, .. }) = self.leg(id) {
                let channel = channel.clone();
                self.ask(Request::Drop { call: id.call, channel });
            }
            self.leg_over(now, id, cause_when_missing);
        }
    }

    fn meet_caller(
        &mut self,
        now: Timestamp,
        id: LegId,
        channel: &Channel,
        first: bool,
        snapshot: &Snapshot,
    ) {
        if self.calls.get(&id.call).is_some_and(|call| call.legs.contains_key(&0)) {
            if let Some([names::RECORDED_ARG, ..]) = channel.stasis_args(&self.app).as_deref() {
                self.up(now, id);
            }
            if channel.dialplan.context == WITHOUT_HUB_CONTEXT {
                self.taken_by_the_dialplan(now, id);
            }
            return;
        }
        let Some(args) = channel.stasis_args(&self.app) else { return };
        match args.as_slice() {
            [names::CALLER_ARG, rest @ ..] if !first => {
                self.arrived(id.call, rest.first().copied(), channel, now);
            }
            [names::CALLER_ARG, rest @ ..] => {
                let at = channel.created_at().unwrap_or(now);
                let facts = facts_of(channel, rest.first().copied(), at);
                self.adopt(id, channel, Call::new(facts, self.playing(snapshot, channel)));
            }
            [names::RECORDED_ARG | names::LEG_ARG, ..] if first => {
                let at = channel.created_at().unwrap_or(now);
                let mut facts = facts_of(channel, None, at);
                facts.direction = super::Direction::CallBack;
                self.adopt(id, channel, Call::new(facts, self.playing(snapshot, channel)));
            }
            _ => {}
        }
    }

    /// The guard has sent this caller to the dialplan's own queue, where a telephone rings for them or
    /// somebody talks to them already: whatever is done about the call here would be done to that.
    /// They may come back. Their recording goes on.
    fn taken_by_the_dialplan(&mut self, now: Timestamp, id: LegId) {
        if self.calls.get(&id.call).is_none_or(|call| call.ending) {
            return;
        }
        let legs = self.calls.remove(&id.call).map(|call| call.legs).unwrap_or_default();
        for (n, leg) in legs {
            let id = LegId { n, ..id };
            if !id.is_caller() {
                self.ask(Request::Drop { call: id.call, channel: leg.channel.clone() });
            }
            self.leg_closed(now, id, leg, LegCause::Failed);
        }
        self.ask(Request::CloseBridge(id.call));
    }

    fn playing(&self, snapshot: &Snapshot, channel: &Channel) -> Program {
        // A caller who was not in the bridge yet when the hub was gone has music coming.
        snapshot.playing.get(&channel.id).copied().unwrap_or(Program::Music)
    }

    /// A call that another hub handled.
    fn adopt(&mut self, id: LegId, channel: &Channel, call: Call) {
        let at = call.facts.arrived_at;
        let call = self.calls.entry(id.call).or_insert(call);
        let mut leg = Leg::new(channel.id.clone(), None, phase_of(channel, at));
        leg.joined = true;
        call.legs.insert(0, leg);
        self.ask(Request::OpenBridge(id.call));
        self.ask(Request::Details { leg: id, channel: channel.id.clone() });
    }

    fn meet_leg(
        &mut self,
        now: Timestamp,
        id: LegId,
        channel: &Channel,
        first: bool,
        snapshot: &Snapshot,
    ) {
        let ours = channel.stasis_args(&self.app).is_some();
        let trunk = self.trunk.as_str();
        match self.calls.get_mut(&id.call) {
            Some(call) if call.legs.contains_key(&id.n) => {
                let ringing = channel.state == ChannelState::Ringing;
                if ringing {
                    self.rings(id);
                } else if ours && channel.state == ChannelState::Up {
                    self.answered(now, id, channel);
                }
            }
            Some(call) if first && !call.ending => {
                let at = channel.created_at().unwrap_or(now);
                // Somebody outside is on the trunk, which is no seat.
                let seat =
                    names::seat_of_channel(&channel.name).filter(|seat| seat.as_str() != trunk);
                let mut leg = Leg::new(channel.id.clone(), seat, phase_of(channel, at));
                // The bridge is what counts: whoever is in it was joined.
                leg.joined = snapshot.bridges.iter().any(|one| one.channels.contains(&channel.id));
                call.legs.insert(id.n, leg);
                if phase_of(channel, at).joined_at().is_some() {
                    self.ask(Request::Details { leg: id, channel: channel.id.clone() });
                }
            }
            // A leg of a call that is over, or one that its hub does not know: nobody would end it.
            Some(_) | None => {
                let request = Request::Drop { call: id.call, channel: channel.id.clone() };
                self.ask(request);
            }
        }
    }

    /// Who is in a bridge and should not be, and the other way round.
    fn compare_bridges(&mut self, snapshot: &Snapshot) {
        let bridges: BTreeMap<CallId, BTreeSet<&str>> = snapshot
            .bridges
            .iter()
            .filter_map(|bridge| {
                let call = bridge.id.parse().ok()?;
                Some((call, bridge.channels.iter().map(String::as_str).collect()))
            })
            .collect();
        let mut requests = Vec::new();
        for (id, call) in &self.calls {
            let inside = bridges.get(id);
            if inside.is_none() && !call.ending {
                requests.push(Request::OpenBridge(*id));
            }
            for (n, leg) in &call.legs {
                let is_in = inside.is_some_and(|channels| channels.contains(leg.channel.as_str()));
                if !matches!(leg.phase, Phase::Up { .. }) {
                    if let Phase::Ending { .. } = leg.phase {
                        let (leg_id, channel) = (LegId { call: *id, n: *n }, leg.channel.clone());
                        requests.push(Request::HangUp { leg: leg_id, channel });
                    }
                    continue;
                }
                let (call, channel) = (*id, leg.channel.clone());
                if leg.joined && !is_in {
                    requests.push(Request::Add { call, channel });
                } else if !leg.joined && is_in {
                    requests.push(Request::Remove { call, channel });
                }
            }
            if inside.is_none() && !call.ending && call.sounds != Program::Quiet {
                let (from, to) = (Program::Quiet, call.sounds);
                let caller = call.caller().cloned();
                requests.push(Request::Play { call: *id, from, to, caller });
            }
        }
        for id in bridges.keys().filter(|id| !self.calls.contains_key(id)) {
            requests.push(Request::CloseBridge(*id));
        }
        for request in requests {
            self.ask(request);
        }
    }

    /// What is up, for a hub that has come back.
    pub(crate) fn survey(&self) -> Vec<LiveCall> {
        self.calls
            .iter()
            .filter(|(_, call)| !call.ending)
            .map(|(id, call)| LiveCall {
                call: *id,
                facts: call.facts.clone(),
                caller_up: call.legs.get(&0).is_some_and(|leg| leg.phase.joined_at().is_some()),
                legs: call
                    .legs
                    .iter()
                    .filter(|(n, leg)| **n != 0 && !matches!(leg.phase, Phase::Ending { .. }))
                    .map(|(n, leg)| LiveLeg {
                        leg: LegId { call: *id, n: *n },
                        seat: leg.seat.clone(),
                        answered: leg.phase.joined_at().is_some(),
                        joined: leg.joined,
                    })
                    .collect(),
                playing: call.program,
            })
            .collect()
    }
}

fn phase_of(channel: &Channel, at: Timestamp) -> Phase {
    match channel.state {
        ChannelState::Up => Phase::Up { joined_at: at },
        ChannelState::Ringing => Phase::Calling { rings: true },
        ChannelState::Down | ChannelState::Ring | ChannelState::Other => {
            Phase::Calling { rings: false }
        }
    }
}
