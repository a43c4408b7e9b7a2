//! The core in virtual time, with an Asterisk made of JSON as it was captured from 22.10.

mod dialplan;

use super::*;
use proptest::prelude::*;
use siaga_call_flow::Prompt;
use siaga_model::CallerStatus;

const CALLER: &str = "1795729834.1";
const NOW: Timestamp = Timestamp(1_795_729_834_429);

fn call() -> CallId {
    names::call_of_caller(CALLER).unwrap()
}

fn leg(n: u16) -> LegId {
    LegId { call: call(), n }
}

fn seat(name: &str) -> SeatId {
    name.parse().unwrap()
}

fn channel(id: &str, name: &str, state: &str, app_data: &str) -> Channel {
    let app = if app_data.is_empty() { "AppDial2" } else { "Stasis" };
    serde_json::from_value(serde_json::json!({
        "id": id, "name": name, "state": state,
        "caller": { "name": "", "number": "+6281234567890" },
        "dialplan": { "context": "siaga-trunk", "exten": "110", "priority": 6,
                      "app_name": app, "app_data": app_data },
        "creationtime": "2026-11-26T21:50:34.414+0000",
    }))
    .unwrap()
}

fn caller_channel() -> Channel {
    channel(CALLER, "PJSIP/trunk-00000001", "Up", "siaga,caller,verified")
}

fn seat_channel(n: u16, state: &str) -> Channel {
    let data = if state == "Up" { "siaga,leg,pmj-1" } else { "" };
    channel(&leg(n).to_string(), "PJSIP/pmj-1-00000002", state, data)
}

fn started(args: &[&str], channel: Channel) -> Input {
    let args = args.iter().map(ToString::to_string).collect();
    Input::Event(Event::StasisStart { args, channel })
}

fn destroyed(channel: Channel, cause: u16, tech_cause: Option<u16>) -> Input {
    Input::Event(Event::ChannelDestroyed { cause, tech_cause, channel })
}

struct Bench {
    core: Core,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { core: Core::new("siaga".into(), "trunk".into()), now: NOW };
        bench.told(Input::Connected(snapshot("first")));
        bench
    }

    /// With a caller who has arrived.
    fn with_caller() -> Self {
        let mut bench = Self::new();
        bench.told(started(&["caller", "verified"], caller_channel()));
        bench
    }

    /// With a seat that has answered.
    fn with_seat() -> Self {
        let mut bench = Self::with_caller();
        bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
        bench.told(started(&["leg", "pmj-1"], seat_channel(1, "Up")));
        bench
    }

    fn told(&mut self, input: Input) -> Vec<Output> {
        self.now = self.now + std::time::Duration::from_millis(10);
        self.core.handle(self.now, input);
        std::iter::from_fn(|| self.core.poll()).collect()
    }

    fn command(&mut self, command: SwitchCommand) -> Vec<Output> {
        self.told(Input::Command(command))
    }
}

fn snapshot(startup_time: &str) -> Snapshot {
    Snapshot { startup_time: startup_time.to_owned(), ..Snapshot::default() }
}

fn saws(outputs: &[Output]) -> Vec<SwitchSaw> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Tell(SwitchEvent::Saw(saw)) => Some(saw.clone()),
            _ => None,
        })
        .collect()
}

fn asked(outputs: &[Output]) -> Vec<Request> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Ask(request) => Some(request.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_caller_gets_a_bridge_with_music_and_a_verified_number() {
    let mut bench = Bench::new();
    let outputs = bench.told(started(&["caller", "verified"], caller_channel()));
    let [SwitchSaw::CallerArrived { call: told, facts, first_unit: None }] = &saws(&outputs)[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!(*told, call());
    assert_eq!(facts.caller.number.expose(), "+6281234567890");
    assert_eq!(facts.caller.status, CallerStatus::Verified);
    let channel = CALLER.to_owned();
    let (from, to) = (Program::Quiet, Program::Music);
    assert_eq!(
        asked(&outputs),
        [
            Request::OpenBridge(call()),
            Request::Add { call: call(), channel: channel.clone() },
            Request::Play { call: call(), from, to, caller: Some(channel.clone()) },
            Request::Details { leg: leg(0), channel },
        ]
    );
    let again = bench.told(started(&["caller", "verified"], caller_channel()));
    assert!(saws(&again).is_empty(), "back from the queue, the caller is no new one: {again:?}");
    let back = Request::Add { call: call(), channel: CALLER.to_owned() };
    assert!(asked(&again).contains(&back));
}

#[test]
fn a_number_is_only_a_claim_on_a_trunk_that_asserts_none_and_withheld_when_it_is_not_given() {
    let claimed = facts_of(&caller_channel(), Some("claimed"), NOW).caller;
    assert_eq!(claimed.status, CallerStatus::Claimed);
    for number in ["", "anonymous", "Anonymous"] {
        let mut channel = caller_channel();
        channel.caller.number = Redacted::new(number.to_owned());
        let caller = facts_of(&channel, Some("verified"), NOW).caller;
        assert_eq!(caller.status, CallerStatus::Withheld, "{number:?}");
        assert!(caller.number.expose().is_empty());
    }
}

#[test]
fn a_seat_is_rung_rings_answers_is_heard_joins_and_leaves() {
    let mut bench = Bench::with_caller();
    let rung = bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
    let [Request::Originate { how, .. }] = &asked(&rung)[..] else { panic!("{rung:?}") };
    assert_eq!(how.endpoint.expose(), "PJSIP/pmj-1");
    assert_eq!(how.originator.as_deref(), Some(CALLER), "the caller's codec first");
    assert!(bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") }).is_empty());

    let ringing = Event::ChannelStateChange { channel: seat_channel(1, "Ringing") };
    assert_eq!(saws(&bench.told(Input::Event(ringing.clone()))), [SwitchSaw::Ringing(leg(1))]);
    assert!(bench.told(Input::Event(ringing)).is_empty());

    let answered = bench.told(started(&["leg", "pmj-1"], seat_channel(1, "Up")));
    assert_eq!(saws(&answered), [SwitchSaw::Answered(leg(1))]);
    let channel = leg(1).to_string();
    assert!(
        asked(&answered).contains(&Request::Silence { call: call(), channel: channel.clone() })
    );

    let heard = Input::Noticed { leg: leg(1), what: ListenFor::Speech };
    assert_eq!(saws(&bench.told(heard)), [SwitchSaw::Heard(leg(1))]);
    let add = Request::Add { call: call(), channel: channel.clone() };
    assert_eq!(asked(&bench.command(SwitchCommand::Join(leg(1)))), [add]);
    assert!(bench.command(SwitchCommand::Join(leg(1))).is_empty());
    let remove = Request::Remove { call: call(), channel };
    assert_eq!(asked(&bench.command(SwitchCommand::Detach(leg(1)))), [remove]);
}

#[test]
fn a_leg_that_is_joined_while_it_rings_is_in_the_conversation_when_it_answers() {
    let mut bench = Bench::with_caller();
    bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
    assert!(bench.command(SwitchCommand::Join(leg(1))).is_empty());
    let answered = bench.told(started(&["leg", "pmj-1"], seat_channel(1, "Up")));
    let channel = leg(1).to_string();
    assert_eq!(asked(&answered)[0], Request::Add { call: call(), channel });
}

#[test]
fn every_refusal_of_a_seat_has_its_own_cause() {
    // As Asterisk 22.10 told them when a telephone answered with these.
    for (q850, status, cause) in [
        (17, Some(486), LegCause::Busy),
        (21, Some(603), LegCause::Declined),
        (21, Some(403), LegCause::Declined),
        (19, Some(480), LegCause::Unregistered),
        (1, Some(404), LegCause::Unregistered),
        (58, Some(488), LegCause::Failed),
        (34, Some(503), LegCause::Unregistered),
        (18, Some(408), LegCause::NoAnswer),
        (19, None, LegCause::NoAnswer),
        (20, None, LegCause::Unregistered),
        (0, None, LegCause::Failed),
    ] {
        let mut bench = Bench::with_caller();
        bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
        let outputs = bench.told(destroyed(seat_channel(1, "Ringing"), q850, status));
        let ended = SwitchSaw::Ended { leg: leg(1), cause };
        assert_eq!(saws(&outputs), [ended], "{q850} {status:?}");
    }
}

#[test]
fn a_seat_that_is_not_registered_is_told_so_and_the_caller_stays() {
    let mut bench = Bench::with_caller();
    bench.command(SwitchCommand::Ring { leg: leg(1), seat: seat("pmj-1") });
    let outputs = bench.told(Input::NotRung { leg: leg(1), nobody: true });
    assert_eq!(saws(&outputs), [SwitchSaw::Ended { leg: leg(1), cause: LegCause::Unregistered }]);
    assert_eq!(bench.core.survey().len(), 1);
}

#[test]
fn a_seat_whose_packets_stop_is_lost_and_one_that_hangs_up_has_hung_up() {
    for (q850, cause) in [(44, LegCause::MediaLost), (16, LegCause::HungUp)] {
        let mut bench = Bench::with_seat();
        let outputs = bench.told(destroyed(seat_channel(1, "Up"), q850, None));
        assert_eq!(saws(&outputs), [SwitchSaw::Ended { leg: leg(1), cause }]);
    }
}

#[test]
fn a_leg_s_figures_are_in_its_report() {
    let mut bench = Bench::with_seat();
    let (codec, user_agent) = ("alaw".to_owned(), "desk".to_owned());
    bench.told(Input::Details { leg: leg(1), codec, user_agent });
    bench.told(Input::Event(Event::ChannelVarset {
        variable: "RTPAUDIOQOS".to_owned(),
        value: "ssrc=1;themssrc=2;lp=4;rxcount=300".to_owned(),
        channel: Some(seat_channel(1, "Up")),
    }));
    let outputs = bench.told(destroyed(seat_channel(1, "Up"), 16, None));
    let report = outputs.iter().find_map(|output| match output {
        Output::Tell(SwitchEvent::LegClosed(report)) => Some(report.clone()),
        _ => None,
    });
    let report = report.unwrap();
    assert_eq!((report.packets_received, report.packets_lost), (300, 4));
    assert_eq!((report.codec.as_str(), report.user_agent.as_str()), ("alaw", "desk"));
    assert_eq!(report.seat, Some(seat("pmj-1")));
}

#[test]
fn a_call_ends_with_its_caller_and_everybody_is_hung_up() {
    let mut bench = Bench::with_seat();
    let outputs = bench.told(destroyed(caller_channel(), 16, None));
    assert_eq!(saws(&outputs), [SwitchSaw::Ended { leg: leg(0), cause: LegCause::HungUp }]);
    let requests = asked(&outputs);
    let channel = leg(1).to_string();
    assert_eq!(requests, [Request::HangUp { leg: leg(1), channel }, Request::CloseBridge(call())]);
    assert!(outputs.iter().any(|output| matches!(output, Output::Over(id) if *id == call())));
    let outputs = bench.told(destroyed(seat_channel(1, "Up"), 16, None));
    assert_eq!(saws(&outputs), [SwitchSaw::Ended { leg: leg(1), cause: LegCause::Released }]);
    assert!(bench.core.calls.is_empty());
}

#[test]
fn ending_a_call_hangs_up_the_caller_too_and_twice_is_once() {
    let mut bench = Bench::with_caller();
    let outputs = bench.command(SwitchCommand::End(call()));
    let channel = CALLER.to_owned();
    assert_eq!(
        asked(&outputs),
        [Request::HangUp { leg: leg(0), channel }, Request::CloseBridge(call())]
    );
    assert!(bench.command(SwitchCommand::End(call())).is_empty());
    let outputs = bench.told(Input::NotThere(leg(0)));
    assert_eq!(saws(&outputs), [SwitchSaw::Ended { leg: leg(0), cause: LegCause::Released }]);
}

#[test]
fn the_line_is_listened_to_while_the_caller_is_asked_for_a_sign() {
    let mut bench = Bench::with_seat();
    let program = Program::Prompt(Prompt::SilenceCheck);
    let outputs = bench.command(SwitchCommand::Play { call: call(), program });
    let listen =
        Request::Listen { leg: leg(0), channel: CALLER.to_owned(), what: ListenFor::Knocks };
    assert_eq!(asked(&outputs)[1..], [listen]);
    let knocks = bench.told(Input::Noticed { leg: leg(0), what: ListenFor::Knocks });
    assert_eq!(saws(&knocks), [SwitchSaw::Signal { leg: leg(0), signal: LineSignal::Knocks }]);
    let dtmf = Event::ChannelDtmfReceived { digit: "5".to_owned(), channel: caller_channel() };
    assert_eq!(
        saws(&bench.told(Input::Event(dtmf))),
        [SwitchSaw::Signal { leg: leg(0), signal: LineSignal::Key }]
    );
    let outputs = bench.command(SwitchCommand::Play { call: call(), program: Program::Quiet });
    assert_eq!(asked(&outputs)[0], Request::Deaf { leg: leg(0), what: ListenFor::Knocks });
}

#[test]
fn a_citizen_who_is_called_back_is_recorded_before_they_are_joined() {
    let mut bench = Bench::new();
    let id = CallId::from_parts(1_795_000_000_000, 7);
    assert_eq!(asked(&bench.command(SwitchCommand::Open { call: id })), [Request::OpenBridge(id)]);
    let number = Redacted::new("081234567890".to_owned());
    let outputs = bench.command(SwitchCommand::Dial { call: id, number });
    let [Request::Originate { leg: dialled, how }] = &asked(&outputs)[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(how.endpoint.expose(), "PJSIP/081234567890@trunk");
    let citizen = channel(&how.channel_id, "PJSIP/trunk-00000009", "Up", "siaga,leg,");
    let answered = bench.told(started(&["leg", ""], citizen.clone()));
    assert!(saws(&answered).is_empty(), "not before it is recorded");
    let name = how.channel_id.clone();
    assert_eq!(asked(&answered), [Request::Record { call: id, channel: name.clone() }]);
    let recorded = bench.told(started(&["recorded"], citizen));
    assert_eq!(saws(&recorded), [SwitchSaw::Answered(*dialled)]);
    assert_eq!(asked(&recorded)[0], Request::Add { call: id, channel: name });
}

#[test]
fn what_is_no_number_is_not_dialled() {
    for number in ["", "110@evil", "PJSIP/x", "08;12", "1234567890123456789012345", "+"] {
        assert!(!is_dialable(number), "{number:?}");
    }
    for number in ["081234567890", "+6281234567890", "*21#", "119"] {
        assert!(is_dialable(number), "{number:?}");
    }
}

#[test]
fn a_hub_that_comes_back_finds_who_talks_and_tells_nothing_as_new() {
    let mut core = Core::new("siaga".into(), "trunk".into());
    let found = Snapshot {
        channels: vec![caller_channel(), seat_channel(1, "Up"), seat_channel(2, "Ringing")],
        bridges: vec![Bridge {
            id: call().to_string(),
            channels: vec![CALLER.to_owned(), leg(1).to_string()],
        }],
        playing: BTreeMap::from([(CALLER.to_owned(), Program::SoftRingback)]),
        ..snapshot("first")
    };
    core.handle(NOW, Input::Connected(found));
    let outputs: Vec<Output> = std::iter::from_fn(|| core.poll()).collect();
    assert!(saws(&outputs).is_empty(), "{outputs:?}");
    let moved = |request: &Request| {
        matches!(
            request,
            Request::Add { .. }
                | Request::Remove { .. }
                | Request::Play { .. }
                | Request::HangUp { .. }
                | Request::Drop { .. }
        )
    };
    assert!(!asked(&outputs).iter().any(moved), "nobody is disturbed: {outputs:?}");
    let [live] = &core.survey()[..] else { panic!() };
    assert_eq!((live.call, live.caller_up), (call(), true));
    assert_eq!(live.facts.arrived_at, Timestamp(1_795_729_834_414));
    assert_eq!(live.facts.caller.status, CallerStatus::Verified);
    assert_eq!(live.playing, Program::SoftRingback);
    let leg_of =
        |n, answered, joined| LiveLeg { leg: leg(n), seat: Some(seat("pmj-1")), answered, joined };
    assert_eq!(live.legs, [leg_of(1, true, true), leg_of(2, false, false)]);
}

#[test]
fn a_lost_connection_loses_nothing_that_happened_meanwhile() {
    let mut bench = Bench::with_seat();
    bench.command(SwitchCommand::Join(leg(1)));
    bench.command(SwitchCommand::Ring { leg: leg(2), seat: seat("depok-1") });
    bench.command(SwitchCommand::Ring { leg: leg(3), seat: seat("depok-2") });
    // Meanwhile: leg 1 fell out of the bridge, leg 2 is gone, leg 3 rings, another caller came.
    let other = channel("1795729840.7", "PJSIP/trunk-00000005", "Up", "siaga,caller,claimed");
    let mut ringing = seat_channel(3, "Ringing");
    ringing.name = "PJSIP/depok-2-00000004".to_owned();
    let found = Snapshot {
        channels: vec![caller_channel(), seat_channel(1, "Up"), ringing, other],
        bridges: vec![Bridge { id: call().to_string(), channels: vec![CALLER.to_owned()] }],
        ..snapshot("first")
    };
    let outputs = bench.told(Input::Connected(found));
    let saws = saws(&outputs);
    assert!(saws.contains(&SwitchSaw::Ended { leg: leg(2), cause: LegCause::Failed }), "{saws:?}");
    assert!(saws.contains(&SwitchSaw::Ringing(leg(3))));
    assert!(saws.iter().any(|saw| matches!(saw, SwitchSaw::CallerArrived { .. })));
    assert_eq!(saws.len(), 3);
    let add = Request::Add { call: call(), channel: leg(1).to_string() };
    assert!(asked(&outputs).contains(&add));
    // It may have been made when the channels had been counted.
    let drop = Request::Drop { call: call(), channel: leg(2).to_string() };
    assert!(asked(&outputs).contains(&drop), "no telephone rings for nobody: {outputs:?}");
}

#[test]
fn another_start_of_asterisk_means_that_its_calls_are_gone() {
    let mut bench = Bench::with_seat();
    let outputs = bench.told(Input::Connected(snapshot("second")));
    assert_eq!(saws(&outputs), [SwitchSaw::Lost]);
    assert!(outputs.iter().any(|output| matches!(output, Output::Restarted)));
    assert!(bench.core.survey().is_empty());
    let outputs = bench.told(Input::Connected(snapshot("third")));
    assert!(saws(&outputs).is_empty(), "nothing was lost");
}

#[test]
fn seats_are_told_as_they_come_and_go_and_the_trunk_is_no_seat() {
    let mut bench = Bench::new();
    let state = |name: &str, state: &str| {
        let endpoint = Endpoint { resource: name.to_owned(), state: Some(state.to_owned()) };
        Input::Event(Event::EndpointStateChange { endpoint })
    };
    let told = |outputs: Vec<Output>| format!("{outputs:?}");
    assert!(told(bench.told(state("pmj-1", "online"))).contains("SeatRegistered"));
    assert_eq!(told(bench.told(state("pmj-1", "online"))), "[]");
    assert!(told(bench.told(state("pmj-1", "offline"))).contains("SeatUnregistered"));
    assert_eq!(told(bench.told(state("trunk", "online"))), "[]");
    // A telephone that registers from another address: the old contact is removed afterwards.
    assert!(told(bench.told(state("pmj-1", "online"))).contains("SeatRegistered"));
    let text = r#"{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP",
        "resource":"pmj-1","state":"online","channel_ids":[]},
        "contact_info":{"uri":"sip:x","contact_status":"Removed","aor":"pmj-1"}}"#;
    assert_eq!(told(bench.told(Input::Event(Event::parse(text).unwrap()))), "[]");
}

fn any_input() -> impl Strategy<Value = Input> {
    let n = 0..4_u16;
    let call_or = |other: bool| {
        if other { CallId::from_parts(1_795_000_000_000, 7) } else { call() }
    };
    prop_oneof![
        (n.clone(), 0..8_u8, any::<bool>()).prop_map(move |(n, what, other)| {
            let call = call_or(other);
            let leg = LegId { call, n };
            Input::Command(match what {
                0 | 1 => SwitchCommand::Ring { leg, seat: seat("pmj-1") },
                2 => SwitchCommand::Open { call },
                3 => {
                    let number = Redacted::new("0812".to_owned());
                    SwitchCommand::Dial { call, number }
                }
                4 => SwitchCommand::Join(leg),
                5 => SwitchCommand::Detach(leg),
                6 => SwitchCommand::HangUp(leg),
                _ => SwitchCommand::End(call),
            })
        }),
        (0..5_usize).prop_map(|program| {
            let programs = [
                Program::Quiet,
                Program::Music,
                Program::SoftRingback,
                Program::Prompt(Prompt::PleaseWait),
                Program::Prompt(Prompt::SilenceCheck),
            ];
            Input::Command(SwitchCommand::Play { call: call(), program: programs[program] })
        }),
        Just(started(&["caller", "verified"], caller_channel())),
        n.clone().prop_map(|n| started(&["leg", "pmj-1"], seat_channel(n.max(1), "Up"))),
        n.clone().prop_map(|n| started(&["recorded"], seat_channel(n, "Up"))),
        (n.clone(), any::<bool>()).prop_map(|(n, caller)| {
            let gone = if caller { caller_channel() } else { seat_channel(n.max(1), "Up") };
            destroyed(gone, 16, None)
        }),
        n.clone().prop_map(|n| Input::NotThere(leg(n))),
        (n.clone(), any::<bool>()).prop_map(|(n, nobody)| Input::NotRung { leg: leg(n), nobody }),
        n.prop_map(|n| Input::Noticed { leg: leg(n), what: ListenFor::Speech }),
        (any::<[bool; 4]>(), any::<bool>()).prop_map(|(there, restarted)| {
            let mut found = snapshot(if restarted { "second" } else { "first" });
            for (n, there) in there.into_iter().enumerate() {
                if there && n == 0 {
                    found.channels.push(caller_channel());
                } else if there {
                    found.channels.push(seat_channel(n as u16, "Up"));
                }
            }
            Input::Connected(found)
        }),
    ]
}

proptest! {
    /// Whatever comes in whatever order: a leg that is told as answered is told as ended once, unless
    /// everything is lost, and none is told of twice.
    #[test]
    fn every_leg_ends_once_whatever_the_order_of_events(
        inputs in proptest::collection::vec(any_input(), 1..60)
    ) {
        let mut bench = Bench::new();
        let mut answered = BTreeSet::new();
        for input in inputs {
            for saw in saws(&bench.told(input)) {
                match saw {
                    SwitchSaw::Answered(leg) => prop_assert!(answered.insert(leg), "{leg} twice"),
                    SwitchSaw::CallerArrived { call, .. } => {
                        prop_assert!(answered.insert(LegId::caller(call)), "{call} twice");
                    }
                    SwitchSaw::Ended { leg, .. } => {
                        answered.remove(&leg);
                    }
                    SwitchSaw::Lost => answered.clear(),
                    _ => {}
                }
            }
        }
        // Another start of Asterisk, and nothing is left.
        bench.told(Input::Connected(snapshot("last")));
        prop_assert!(bench.core.calls.is_empty());
    }
}

#[test]
fn a_desk_whose_packets_have_stopped_for_two_seconds_is_lost() {
    let mut bench = Bench::with_seat();
    let look = |bench: &mut Bench, after: u64, received: u64| {
        bench.now = bench.now + std::time::Duration::from_millis(after);
        let outputs = bench.told(Input::Packets { leg: leg(1), received });
        outputs.iter().any(|output| {
            matches!(output, Output::Ask(Request::HangUp { leg: one, .. }) if *one == leg(1))
        })
    };
    assert!(!look(&mut bench, 0, 50));
    assert!(!look(&mut bench, 1_500, 50));
    assert!(!look(&mut bench, 190, 51), "one packet is enough");
    assert!(!look(&mut bench, 1_700, 51));
    assert!(look(&mut bench, 190, 51));
    assert!(!look(&mut bench, 190, 51), "it is ended once");
    let outputs = bench.told(destroyed(seat_channel(1, "Up"), 16, None));
    assert!(outputs.iter().any(|output| matches!(
        output,
        Output::Tell(SwitchEvent::Saw(SwitchSaw::Ended { leg: one, cause: LegCause::MediaLost }))
            if *one == leg(1)
    )));
}

#[test]
fn a_desk_that_begins_to_send_is_told_once() {
    let mut bench = Bench::with_seat();
    let mut look = |received| saws(&bench.told(Input::Packets { leg: leg(1), received }));
    assert_eq!(look(0), [], "an answer alone is no voice");
    assert_eq!(look(3), [SwitchSaw::Flows(leg(1))]);
    assert_eq!(look(13), []);
    assert_eq!(look(13), []);
    assert_eq!(look(14), []);
}

#[test]
fn a_caller_whose_humans_all_hold_hears_music_instead_of_silence() {
    let mut bench = Bench::with_seat();
    bench.command(SwitchCommand::Join(leg(1)));
    bench.command(SwitchCommand::Play { call: call(), program: Program::Quiet });
    let caller = Some(CALLER.to_owned());
    let play = |from, to| Request::Play { call: call(), from, to, caller: caller.clone() };
    let hold = |n| Input::Event(Event::ChannelHold { channel: seat_channel(n, "Up") });
    let unhold = |n| Input::Event(Event::ChannelUnhold { channel: seat_channel(n, "Up") });
    assert_eq!(asked(&bench.told(hold(1))), [play(Program::Quiet, Program::Music)]);
    assert!(asked(&bench.told(hold(1))).is_empty(), "told twice");
    assert_eq!(asked(&bench.told(unhold(1))), [play(Program::Music, Program::Quiet)]);

    // Another human is there to talk to, until that one leaves or holds as well.
    bench.command(SwitchCommand::Ring { leg: leg(2), seat: seat("pmj-2") });
    bench.told(started(&["leg", "pmj-2"], seat_channel(2, "Up")));
    bench.command(SwitchCommand::Join(leg(2)));
    assert!(asked(&bench.told(hold(1))).is_empty());
    let outputs = bench.told(destroyed(seat_channel(2, "Up"), 16, None));
    assert_eq!(asked(&outputs), [play(Program::Quiet, Program::Music)]);
    let outputs = bench.command(SwitchCommand::Detach(leg(1)));
    assert!(asked(&outputs).contains(&play(Program::Music, Program::Quiet)), "nobody holds");

    // What the hub wants played is not talked over.
    bench.command(SwitchCommand::Join(leg(1)));
    let program = Program::Prompt(Prompt::PleaseWait);
    assert_eq!(
        asked(&bench.command(SwitchCommand::Play { call: call(), program })),
        [play(Program::Music, program)]
    );
    assert!(asked(&bench.told(unhold(1))).is_empty());
}

/// The trunk's channel of somebody outside.
fn outside_channel(n: u16, state: &str) -> Channel {
    let data = if state == "Up" { "siaga,leg," } else { "" };
    channel(&leg(n).to_string(), "PJSIP/trunk-00000003", state, data)
}

/// A caller, a seat, and somebody outside who has answered.
fn three() -> Bench {
    let mut bench = Bench::with_seat();
    bench.command(SwitchCommand::Join(leg(1)));
    let number = "0215701130".to_owned().into();
    bench.command(SwitchCommand::DialOut { leg: leg(2), number });
    bench.told(started(&["leg", ""], outside_channel(2, "Up")));
    bench.command(SwitchCommand::Join(leg(2)));
    bench
}

#[test]
fn somebody_outside_is_rung_over_the_trunk_and_joins_when_told() {
    let mut bench = Bench::with_seat();
    let number = "0215701130".to_owned().into();
    let outputs = bench.command(SwitchCommand::DialOut { leg: leg(2), number });
    let [Output::Ask(Request::Originate { leg: rung, how })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert_eq!((*rung, how.endpoint.expose().as_str()), (leg(2), "PJSIP/0215701130@trunk"));
    assert!(how.variables.is_empty(), "the call's id is nobody's business there");
    let outputs = bench.told(started(&["leg", ""], outside_channel(2, "Up")));
    let said = |wanted: &Request| {
        outputs.iter().any(|output| matches!(output, Output::Ask(request) if request == wanted))
    };
    let channel = leg(2).to_string();
    assert!(said(&Request::Silence { call: call(), channel: channel.clone() }), "{outputs:?}");
    // Nobody waits for their first word.
    assert!(!outputs.iter().any(|out| matches!(out, Output::Ask(Request::Listen { .. }))));
    let outputs = bench.command(SwitchCommand::Join(leg(2)));
    assert!(matches!(
        outputs.as_slice(),
        [Output::Ask(Request::Add { channel: added, .. })] if *added == channel
    ));
}

#[test]
fn a_number_that_is_none_is_not_dialled() {
    let mut bench = Bench::with_seat();
    let number = "0215701130@elsewhere".to_owned().into();
    let outputs = bench.command(SwitchCommand::DialOut { leg: leg(2), number });
    let cause = LegCause::Failed;
    assert!(matches!(
        outputs.as_slice(),
        [Output::Tell(SwitchEvent::Saw(SwitchSaw::Ended { leg: gone, cause: why }))]
            if *gone == leg(2) && *why == cause
    ));
}

#[test]
fn a_citizen_who_leaves_does_not_cut_off_whoever_is_with_somebody_outside() {
    let mut bench = three();
    let outputs = bench.told(destroyed(caller_channel(), 16, None));
    assert!(outputs.iter().any(|output| matches!(output, Output::Over(_))), "recorded until now");
    assert!(!outputs.iter().any(|output| matches!(output, Output::Ask(_))), "{outputs:?}");
    let outputs = bench.command(SwitchCommand::End(call()));
    let closed = |output: &Output| matches!(output, Output::Ask(Request::CloseBridge(_)));
    assert!(outputs.iter().any(closed));
    // Without anybody outside the bridge has lost its purpose at once.
    let mut bench = three();
    bench.told(destroyed(outside_channel(2, "Up"), 16, None));
    let outputs = bench.told(destroyed(caller_channel(), 16, None));
    assert!(outputs.iter().any(closed), "{outputs:?}");
}

#[test]
fn somebody_outside_is_no_seat_for_a_hub_that_comes_back() {
    let mut core = Core::new("siaga".into(), "trunk".into());
    let mut found = snapshot("first");
    found.channels = vec![caller_channel(), outside_channel(2, "Up")];
    core.handle(NOW, Input::Connected(found));
    let survey = core.survey();
    assert_eq!(survey[0].legs.len(), 1);
    assert_eq!((&survey[0].legs[0].seat, survey[0].legs[0].answered), (&None, true));
}
