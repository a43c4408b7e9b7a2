//! What becomes of commands and events, without a clock, a socket or a task.
//!
//! [`Core::handle`] takes one [`Input`] with the time; [`Core::poll`] then gives what is to be done
//! until there is nothing more. The core knows how the hub wants each call to be. When the connection
//! to Asterisk comes back, that is compared with what is there ([`Snapshot`]): what has gone is told,
//! what is missing is asked for again, and what the hub cannot know of is ended. So no event that was
//! missed and no request that was lost leaves a caller where nobody looks.

mod call;
mod heard;
mod lost;
mod request;
mod restored;
#[cfg(test)]
mod tests;

use crate::ari::{Bridge, Channel, ChannelState, Endpoint, Event, Originate, RtpStatistics};
use crate::names;
use call::{Call, Leg, Phase, cause_of_end, cause_of_failure, facts_of};
pub(crate) use lost::LOOK;
pub(crate) use request::{ListenFor, Request};
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{
    CallFacts, CallId, Direction, LegCause, LegId, LineSignal, Redacted, SeatId, Timestamp,
};
use siaga_switch::{LiveCall, LiveLeg, SwitchEvent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Calls at once. Beyond it a caller stays with the dialplan's own queue.
const MAX_CALLS: usize = 1_000;
/// Longest number that is dialled, in digits (ITU-T E.164 allows 15; prefixes come on top).
const MAX_DIALLED: usize = 24;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The hub wants this.
    Command(SwitchCommand),
    /// Asterisk told this.
    Event(Event),
    /// The connection stands, and this is what there is.
    Connected(Snapshot),
    /// A leg could not be rung; `nobody`: because there is nobody to ring.
    NotRung { leg: LegId, nobody: bool },
    /// A leg that was to be ended is not there.
    NotThere(LegId),
    /// A leg's figures.
    Figures { leg: LegId, figures: RtpStatistics },
    /// How many packets have come from a leg, asked every [`LOOK`].
    Packets { leg: LegId, received: u64 },
    /// A leg's codec and program.
    Details { leg: LegId, codec: String, user_agent: String },
    /// An ear heard what it listened for.
    Noticed { leg: LegId, what: ListenFor },
}

/// What there is at Asterisk when the connection has come up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// When Asterisk was started.
    pub(crate) startup_time: String,
    pub(crate) channels: Vec<Channel>,
    pub(crate) bridges: Vec<Bridge>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// What is played to whom, by the citizen's channel.
    pub(crate) playing: BTreeMap<String, Program>,
}

impl Snapshot {
    /// The calls whose citizen's channel is there, in our application or in the dialplan.
    pub(crate) fn citizens(&self) -> BTreeSet<CallId> {
        let legs = self.channels.iter().filter_map(|one| names::leg_of_channel(&one.id));
        legs.filter(|leg| leg.is_caller()).map(|leg| leg.call).collect()
    }
}

/// One thing to do.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Ask Asterisk.
    Ask(Request),
    /// Tell the hub.
    Tell(SwitchEvent),
    /// The citizen's channel is gone: the call's recording can be sealed.
    Over(CallId),
    /// Asterisk was started anew: what was kept in its memory is to be put there again, and what it
    /// was recording to be sealed.
    Restarted,
}

/// The core.
pub(crate) struct Core {
    app: String,
    /// Endpoint of `PJSIP/NUMBER@TRUNK`.
    trunk: String,
    calls: BTreeMap<CallId, Call>,
    /// Seats whose telephone is registered.
    online: BTreeSet<SeatId>,
    startup_time: Option<String>,
    outputs: VecDeque<Output>,
}

impl Core {
    pub(crate) fn new(app: String, trunk: String) -> Self {
        Self {
            app,
            trunk,
            calls: BTreeMap::new(),
            online: BTreeSet::new(),
            startup_time: None,
            outputs: VecDeque::new(),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn handle(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Event(event) => self.event(now, event),
            Input::Connected(snapshot) => self.connected(now, &snapshot),
            Input::NotRung { leg, nobody } => {
                let cause = if nobody { LegCause::Unregistered } else { LegCause::Failed };
                self.leg_over(now, leg, |phase| match phase {
                    Phase::Ending { cause, .. } => cause,
                    Phase::Calling { .. } | Phase::Up { .. } => cause,
                });
            }
            Input::NotThere(leg) => self.leg_over(now, leg, cause_when_missing),
            Input::Figures { leg, figures } => {
                if let Some(leg) = self.leg(leg) {
                    leg.figures = figures;
                }
            }
            Input::Details { leg, codec, user_agent } => {
                if let Some(leg) = self.leg(leg) {
                    leg.codec = codec;
                    leg.user_agent = user_agent;
                }
            }
            Input::Packets { leg, received } => self.packets(now, leg, received),
            Input::Noticed { leg, what } => self.noticed(leg, what),
        }
    }

    /// Whether this call is not over.
    pub(crate) fn knows(&self, call: CallId) -> bool {
        self.calls.contains_key(&call)
    }

    fn ask(&mut self, request: Request) {
        self.outputs.push_back(Output::Ask(request));
    }

    fn tell(&mut self, event: SwitchEvent) {
        self.outputs.push_back(Output::Tell(event));
    }

    fn saw(&mut self, saw: SwitchSaw) {
        self.tell(SwitchEvent::Saw(saw));
    }

    fn leg(&mut self, id: LegId) -> Option<&mut Leg> {
        self.calls.get_mut(&id.call)?.legs.get_mut(&id.n)
    }

    // ---- what the hub wants

    fn command(&mut self, now: Timestamp, command: SwitchCommand) {
        match command {
            SwitchCommand::Ring { leg, seat } => {
                let endpoint = format!("PJSIP/{seat}");
                self.ring(leg, Some(seat), endpoint);
            }
            SwitchCommand::Open { call } => {
                self.open(now, call);
            }
            SwitchCommand::Dial { call, number } => {
                if !self.open(now, call) {
                    return;
                }
                let leg = LegId::caller(call);
                self.dial(leg, &number);
            }
            SwitchCommand::DialOut { leg, number } => self.dial(leg, &number),
            SwitchCommand::Join(leg) => self.join(leg, true),
            SwitchCommand::Detach(leg) if leg.is_caller() => {}
            SwitchCommand::Detach(leg) => self.join(leg, false),
            SwitchCommand::HangUp(leg) if leg.is_caller() => {}
            SwitchCommand::HangUp(leg) => self.hang_up(leg),
            SwitchCommand::Play { call, program } => self.play(call, program),
            SwitchCommand::End(call) => self.end(call),
        }
    }

    /// Opens a bridge for a citizen who is to be called; whether there is one now.
    fn open(&mut self, now: Timestamp, id: CallId) -> bool {
        if let Some(call) = self.calls.get(&id) {
            return !call.ending;
        }
        if self.calls.len() >= MAX_CALLS {
            self.saw(SwitchSaw::Ended { leg: LegId::caller(id), cause: LegCause::Failed });
            return false;
        }
        let facts =
            CallFacts { arrived_at: now, direction: Direction::CallBack, ..CallFacts::default() };
        self.calls.insert(id, Call::new(facts, Program::Quiet));
        self.ask(Request::OpenBridge(id));
        true
    }

    /// Rings somebody on the public network.
    fn dial(&mut self, leg: LegId, number: &Redacted<String>) {
        if is_dialable(number.expose()) {
            let endpoint = format!("PJSIP/{}@{}", number.expose(), self.trunk);
            self.ring(leg, None, endpoint);
        } else {
            self.saw(SwitchSaw::Ended { leg, cause: LegCause::Failed });
        }
    }

    fn ring(&mut self, id: LegId, seat: Option<SeatId>, endpoint: String) {
        let Some(call) = self.calls.get_mut(&id.call).filter(|call| !call.ending) else {
            self.saw(SwitchSaw::Ended { leg: id, cause: LegCause::Failed });
            return;
        };
        if call.legs.contains_key(&id.n) {
            return;
        }
        let channel = id.to_string();
        let args = seat.as_ref().map_or(String::new(), ToString::to_string);
        let how = Originate {
            channel_id: channel.clone(),
            endpoint: Redacted::new(endpoint),
            app_args: format!("{},{args}", names::LEG_ARG),
            caller_id: "110".to_owned(),
            originator: call.caller().cloned(),
            variables: seat.iter().map(|_| header(id.call)).collect(),
        };
        let mut leg = Leg::new(channel, seat, Phase::Calling { rings: false });
        leg.joined = id.is_caller();
        call.legs.insert(id.n, leg);
        self.ask(Request::Originate { leg: id, how });
    }

    fn join(&mut self, id: LegId, joined: bool) {
        let Some(leg) = self.leg(id) else { return };
        let changed = leg.joined != joined;
        leg.joined = joined;
        let (call, channel) = (id.call, leg.channel.clone());
        match leg.phase {
            Phase::Up { .. } if changed && joined => self.ask(Request::Add { call, channel }),
            Phase::Up { .. } if changed => self.ask(Request::Remove { call, channel }),
            Phase::Up { .. } | Phase::Calling { .. } | Phase::Ending { .. } => {}
        }
        self.sound(call);
    }

    fn hang_up(&mut self, id: LegId) {
        let Some(leg) = self.leg(id) else { return };
        let joined_at = leg.phase.joined_at();
        let cause = match leg.phase {
            Phase::Ending { .. } => return,
            Phase::Calling { .. } => LegCause::NoAnswer,
            Phase::Up { .. } => LegCause::Released,
        };
        leg.phase = Phase::Ending { cause, joined_at };
        let channel = leg.channel.clone();
        self.ask(Request::HangUp { leg: id, channel });
    }

    /// Hangs up everybody. The call is forgotten when the last leg is gone.
    fn end(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.ending {
            return;
        }
        call.ending = true;
        let legs: Vec<u16> = call.legs.keys().copied().collect();
        for n in legs {
            self.hang_up(LegId { call: id, n });
        }
        self.ask(Request::CloseBridge(id));
        self.forget_if_over(id);
    }

    // ---- what Asterisk tells

    fn event(&mut self, now: Timestamp, event: Event) {
        match event {
            Event::StasisStart { args, channel } => self.entered(now, &args, &channel),
            Event::ChannelStateChange { channel } => {
                if channel.state == ChannelState::Ringing
                    && let Some(id) = names::leg_of_channel(&channel.id)
                {
                    self.rings(id);
                }
            }
            Event::ChannelDestroyed { cause, tech_cause, channel } => {
                let Some(id) = names::leg_of_channel(&channel.id) else { return };
                self.leg_over(now, id, |phase| match phase {
                    Phase::Calling { .. } => cause_of_failure(tech_cause, cause),
                    Phase::Up { .. } => cause_of_end(cause),
                    Phase::Ending { cause, .. } => cause,
                });
            }
            Event::ChannelDtmfReceived { digit, channel } => self.key(&digit, &channel),
            Event::ChannelHold { channel } => self.holds(&channel, true),
            Event::ChannelUnhold { channel } => self.holds(&channel, false),
            Event::ChannelVarset { variable, value, channel: Some(channel) }
                if variable == "RTPAUDIOQOS" =>
            {
                if let Some(leg) = names::leg_of_channel(&channel.id).and_then(|id| self.leg(id)) {
                    leg.figures = RtpStatistics::from_qos(&value);
                }
            }
            // A contact that is removed may have been replaced: the endpoint is what counts.
            Event::ContactStatusChange { endpoint } | Event::EndpointStateChange { endpoint } => {
                let online = endpoint.is_online();
                self.registered(&endpoint.resource, online);
            }
            // It may live on in the dialplan: only its end is the end of a leg.
            Event::StasisEnd { .. } => {}
            Event::BridgeDestroyed { .. } | Event::ApplicationReplaced => {}
            Event::ChannelVarset { .. } | Event::Other => {}
        }
    }

    fn entered(&mut self, now: Timestamp, args: &[String], channel: &Channel) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let id = names::leg_of_channel(&channel.id);
        match (args.as_slice(), id) {
            ([names::CALLER_ARG, rest @ ..], Some(id)) => {
                self.arrived(id.call, rest.first().copied(), channel, now);
            }
            ([names::LEG_ARG, ..], Some(id)) => self.answered(now, id, channel),
            ([names::RECORDED_ARG, ..], Some(id)) => self.up(now, id),
            ([names::EAR_ARG, leg, ear, ..], _) => {
                if let Ok(leg) = leg.parse::<LegId>() {
                    let (channel, ear) = (channel.id.clone(), (*ear).to_owned());
                    self.ask(Request::Connect { call: leg.call, channel, ear });
                }
            }
            // Somebody's experiment, or an old dialplan: nobody here knows what to do with it.
            _ => tracing::warn!(channel = channel.id, "a channel came that is no leg"),
        }
    }

    fn arrived(&mut self, id: CallId, trust: Option<&str>, channel: &Channel, at: Timestamp) {
        if let Some(call) = self.calls.get(&id) {
            if call.ending {
                // The hub has ended the call, and Asterisk was not there to hear of it.
                let (leg, channel) = (LegId::caller(id), channel.id.clone());
                return self.ask(Request::HangUp { leg, channel });
            }
            // Back from the dialplan's own queue, into which the guard had sent them.
            let (from, to) = (Program::Quiet, call.sounds);
            let channel = channel.id.clone();
            self.ask(Request::OpenBridge(id));
            self.ask(Request::Add { call: id, channel: channel.clone() });
            self.ask(Request::Play { call: id, from, to, caller: Some(channel) });
            return;
        }
        if self.calls.len() >= MAX_CALLS {
            tracing::error!("more callers than can be handled: one is left to the dialplan");
            let request = Request::Leave { call: id, channel: channel.id.clone() };
            self.ask(request);
            return;
        }
        let facts = facts_of(channel, trust, at);
        let mut call = Call::new(facts.clone(), Program::Music);
        let mut leg = Leg::new(channel.id.clone(), None, Phase::Up { joined_at: at });
        leg.joined = true;
        call.legs.insert(0, leg);
        self.calls.insert(id, call);
        let channel = channel.id.clone();
        self.ask(Request::OpenBridge(id));
        self.ask(Request::Add { call: id, channel: channel.clone() });
        let (from, to) = (Program::Quiet, Program::Music);
        self.ask(Request::Play { call: id, from, to, caller: Some(channel.clone()) });
        self.saw(SwitchSaw::CallerArrived { call: id, facts, first_unit: None });
        self.ask(Request::Details { leg: LegId::caller(id), channel });
    }

    /// A leg that we rang was answered.
    fn answered(&mut self, now: Timestamp, id: LegId, channel: &Channel) {
        let Some(leg) = self.leg(id) else {
            // Taken back while it was answered, or by a hub before us.
            let request = Request::Drop { call: id.call, channel: channel.id.clone() };
            self.ask(request);
            return;
        };
        match leg.phase {
            Phase::Calling { .. } if id.is_caller() => {
                // What a citizen says is recorded before anybody can hear it.
                let channel = leg.channel.clone();
                self.ask(Request::Record { call: id.call, channel });
            }
            Phase::Calling { .. } => self.up(now, id),
            Phase::Up { .. } | Phase::Ending { .. } => {}
        }
    }

    fn up(&mut self, now: Timestamp, id: LegId) {
        let Some(leg) = self.leg(id) else { return };
        if !matches!(leg.phase, Phase::Calling { .. }) {
            return;
        }
        leg.phase = Phase::Up { joined_at: now };
        let (call, channel, joined) = (id.call, leg.channel.clone(), leg.joined);
        let is_seat = leg.seat.is_some();
        self.ask(if joined {
            Request::Add { call, channel: channel.clone() }
        } else {
            Request::Silence { call, channel: channel.clone() }
        });
        self.saw(SwitchSaw::Answered(id));
        if is_seat {
            let what = ListenFor::Speech;
            self.ask(Request::Listen { leg: id, channel: channel.clone(), what });
        }
        self.ask(Request::Details { leg: id, channel });
    }

    fn rings(&mut self, id: LegId) {
        let Some(leg) = self.leg(id) else { return };
        if let Phase::Calling { rings: rings @ false } = &mut leg.phase {
            *rings = true;
            self.saw(SwitchSaw::Ringing(id));
        }
    }

    fn key(&mut self, digit: &str, channel: &Channel) {
        let Some(leg) = names::leg_of_channel(&channel.id) else { return };
        let Some(digit) = digit.chars().next() else { return };
        if self.leg(leg).is_none() {
            return;
        }
        self.tell(SwitchEvent::Dtmf { leg, digit });
        if leg.is_caller() {
            self.saw(SwitchSaw::Signal { leg, signal: LineSignal::Key });
        }
    }

    fn noticed(&mut self, leg: LegId, what: ListenFor) {
        let Some(found) = self.leg(leg) else { return };
        if !matches!(found.phase, Phase::Up { .. }) {
            return;
        }
        match what {
            ListenFor::Speech => self.saw(SwitchSaw::Heard(leg)),
            ListenFor::Knocks => {
                self.saw(SwitchSaw::Signal { leg, signal: LineSignal::Knocks });
            }
        }
    }

    fn registered(&mut self, endpoint: &str, online: bool) {
        let Ok(seat) = endpoint.parse::<SeatId>() else { return };
        if endpoint == self.trunk {
            return;
        }
        if online && self.online.insert(seat.clone()) {
            self.tell(SwitchEvent::SeatRegistered(seat));
        } else if !online && self.online.remove(&seat) {
            self.tell(SwitchEvent::SeatUnregistered(seat));
        }
    }

    /// A leg is gone for good: forget it, tell it, and end the call with its citizen, unless
    /// somebody outside is left.
    fn leg_over(&mut self, now: Timestamp, id: LegId, cause: impl FnOnce(Phase) -> LegCause) {
        let Some(leg) = self.calls.get_mut(&id.call).and_then(|call| call.legs.remove(&id.n))
        else {
            return;
        };
        let cause = cause(leg.phase);
        self.leg_closed(now, id, leg, cause);
        if id.is_caller() {
            // Who is still there with somebody outside may finish; the hub ends it then.
            if !self.calls.get(&id.call).is_some_and(Call::has_outside) {
                self.end(id.call);
            }
            self.outputs.push_back(Output::Over(id.call));
        } else {
            self.sound(id.call);
        }
        self.forget_if_over(id.call);
    }

    fn leg_closed(&mut self, now: Timestamp, id: LegId, leg: Leg, cause: LegCause) {
        self.saw(SwitchSaw::Ended { leg: id, cause });
        self.tell(SwitchEvent::LegClosed(leg.report(id, now, cause)));
    }

    fn forget_if_over(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.ending && call.legs.is_empty()) {
            self.calls.remove(&id);
        }
    }
}

/// The header of a leg by which its desk knows the call, as Asterisk is told to add it.
fn header(call: CallId) -> (String, String) {
    (format!("PJSIP_HEADER(add,{})", names::CALL_HEADER), call.to_string())
}

/// Why a leg is gone whose end nobody told.
fn cause_when_missing(phase: Phase) -> LegCause {
    match phase {
        Phase::Calling { .. } => LegCause::Failed,
        Phase::Up { .. } => LegCause::MediaLost,
        Phase::Ending { cause, .. } => cause,
    }
}

/// Whether this can be dialled: digits with a plus before them or none, a service code's signs, and
/// nothing that would mean something in the name of a channel.
fn is_dialable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (1..=MAX_DIALLED).contains(&digits.len())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'*' | b'#'))
}
