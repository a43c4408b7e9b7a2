//! What needs another time of day than now, or a switch that fails.

mod owed;

use super::*;
use siaga_call_flow::FlowConfig;
use siaga_hub_api::Sequenced;
use siaga_hub_api::ToHub;
use siaga_hub_store::{OperatorName, TokenHash};
use siaga_model::{CallFacts, CaseStatus, Disposition, LegId, Level, Redacted, Role, SeatState};
use siaga_switch::Clock;

/// 2026-11-23 23:59:50 in Jakarta.
const BEFORE_MIDNIGHT: Timestamp = Timestamp(1_795_453_190_000);
const SECOND: i64 = 1_000;

pub(super) struct Bench {
    pub(super) core: HubCore,
    pub(super) now: Timestamp,
    seq: u64,
}

fn seat() -> SeatId {
    "pmj-1".parse().unwrap()
}

fn token(n: u8) -> TokenHash {
    TokenHash::of(&Redacted::new(format!("token {n}")))
}

pub(super) fn call(n: u128) -> CallId {
    CallId::from_parts(1, n)
}

impl Bench {
    pub(super) fn new() -> Self {
        let unit: UnitId = "pmj".parse().unwrap();
        let polda = Unit {
            id: unit.clone(),
            name: "Polda Metro Jaya".to_owned(),
            code: "PMJ".to_owned(),
            level: Level::Polda,
            parent: None,
        };
        let config = HubConfig {
            units: vec![polda],
            seats: vec![Seat { id: seat(), unit, label: "Meja 1".to_owned() }],
            flow: FlowConfig::polda_first(),
            listen: "127.0.0.1:0".parse().unwrap(),
            polda_code: "PMJ".to_owned(),
            utc_offset_min: 420,
            plugins: Vec::new(),
            gazetteer: None,
            dial: DialPlan::default(),
            clock: Clock::start(),
        };
        let core = HubCore::new(&config, BEFORE_MIDNIGHT, Found::default()).unwrap();
        Self { core, now: BEFORE_MIDNIGHT, seq: 0 }
    }

    fn sit(&mut self, operator: &str, n: u8) -> Result<Seated, ApiError> {
        let request = SitRequest {
            token: token(n),
            operator: OperatorName::new(operator).unwrap(),
            display: operator.to_owned(),
            role: Role::Operator,
            allowed: Vec::new(),
            seat: seat(),
        };
        self.core.sit_down(self.now, request)
    }

    /// Somebody sits at the seat with numbers of this day and is ready.
    pub(super) fn ready(&mut self, numbers_of: u32) {
        self.sit("ratna", 1).unwrap();
        self.core.first_block(&seat(), NumberLease { day: numbers_of, first: 1, last: 20 });
        self.core.connected(self.now, &token(1), ConnectionId(1)).unwrap();
        self.core.switch_event(self.now, SwitchEvent::SeatRegistered(seat()));
        self.says(ToHub::Ready);
    }

    pub(super) fn says(&mut self, message: ToHub) {
        self.seq += 1;
        let said = Sequenced { seq: self.seq, message };
        self.core.desk_says(self.now, ConnectionId(1), said, u128::from(self.seq));
    }

    fn arrives(&mut self, n: u128) -> LegId {
        let facts = CallFacts { arrived_at: self.now, ..CallFacts::default() };
        let saw = SwitchSaw::CallerArrived { call: call(n), facts, first_unit: None };
        self.core.switch_event(self.now, SwitchEvent::Saw(saw));
        let rung = self.effects().into_iter().find_map(|effect| match effect {
            Effect::Switch(SwitchCommand::Ring { leg, .. }) => Some(leg),
            _ => None,
        });
        rung.expect("the seat is rung")
    }

    pub(super) fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.core.poll()).collect()
    }

    pub(super) fn pass(&mut self, millis: i64) {
        self.now = Timestamp(self.now.0 + millis);
        self.core.tick(self.now);
    }

    fn state(&self) -> SeatState {
        self.core.flow.seat(&seat()).unwrap().state
    }
}

fn opened(effects: &[Effect]) -> Vec<String> {
    let writes = effects.iter().filter_map(|effect| match effect {
        Effect::Store { writes, .. } => Some(writes),
        _ => None,
    });
    let numbers = writes.flatten().filter_map(|write| match write {
        Write::CaseOpened(case) => Some(case.number.to_string()),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn a_call_answered_after_midnight_gets_a_number_of_the_new_day_when_the_lease_comes() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    bench.pass(20 * SECOND);
    let leg = bench.arrives(1);
    bench.core.switch_event(bench.now, SwitchEvent::Saw(SwitchSaw::Answered(leg)));
    let effects = bench.effects();
    assert_eq!(opened(&effects), [""; 0], "yesterday's numbers are not given today");
    let asked = effects.iter().any(|effect| matches!(effect, Effect::Lease { day: 261_124, .. }));
    assert!(asked);
    // The caller is with the operator meanwhile, and even gone before the lease comes.
    let gone = SwitchSaw::Ended { leg: LegId::caller(call(1)), cause: LegCause::HungUp };
    bench.core.switch_event(bench.now, SwitchEvent::Saw(gone));
    let lease = NumberLease { day: 261_124, first: 1, last: 20 };
    bench.core.leased(bench.now, &seat(), Ok(lease));
    assert_eq!(opened(&bench.effects()), ["110-PMJ-261124-000001"]);
    assert_eq!(bench.core.to_act_on[0].status, CaseStatus::CallBack);
}

#[test]
fn a_call_that_the_switch_cannot_ring_keeps_its_place_in_the_queue() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let leg = bench.arrives(1);
    bench.core.switch_failed(bench.now, &SwitchCommand::Ring { leg, seat: seat() });
    assert_eq!(bench.core.flow.queue().collect::<Vec<_>>(), [call(1)]);
    assert_ne!(bench.state(), SeatState::Ringing);
}

#[test]
fn another_operator_gets_the_seat_two_seconds_after_its_desk_is_gone() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let taken = bench.sit("budi", 2).unwrap_err();
    assert_eq!(taken.code, ErrorCode::SeatTaken);
    bench.core.disconnected(bench.now, ConnectionId(1));
    bench.pass(SECOND);
    assert_eq!(bench.sit("budi", 2).unwrap_err().code, ErrorCode::SeatTaken);
    bench.pass(SECOND);
    bench.sit("budi", 3).unwrap();
    bench.core.connected(bench.now, &token(3), ConnectionId(2)).unwrap();
    assert_eq!(bench.state(), SeatState::Paused, "a new operator has not said to be ready");
}

#[test]
fn nobody_takes_a_seat_with_a_caller_on_the_line() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let leg = bench.arrives(1);
    bench.core.switch_event(bench.now, SwitchEvent::Saw(SwitchSaw::Answered(leg)));
    bench.core.disconnected(bench.now, ConnectionId(1));
    bench.pass(60 * SECOND);
    assert_eq!(bench.sit("budi", 2).unwrap_err().code, ErrorCode::SeatTaken);
    assert_eq!(bench.core.leave(bench.now, &token(1)).unwrap_err().code, ErrorCode::NotNow);
    bench.sit("ratna", 3).expect("the same operator comes back");
    assert_eq!(bench.core.live_calls(), 1);
}

#[test]
fn a_session_does_not_expire_while_a_caller_is_on_the_line() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let leg = bench.arrives(1);
    bench.core.switch_event(bench.now, SwitchEvent::Saw(SwitchSaw::Answered(leg)));
    bench.pass(17 * 3_600 * SECOND);
    assert!(bench.core.seat_of(&token(1)).is_ok());
    let close =
        ToHub::Close { call: call(1), disposition: Disposition::HandledHere, note: String::new() };
    bench.says(close);
    bench.pass(61 * SECOND);
    assert_eq!(bench.core.seat_of(&token(1)).unwrap_err().code, ErrorCode::NotLoggedIn);
    let effects = bench.effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Dismiss(_))));
}

#[test]
fn a_closing_that_could_not_be_stored_is_refused_and_stored_whole_when_it_is_repeated() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let leg = bench.arrives(1);
    bench.core.switch_event(bench.now, SwitchEvent::Saw(SwitchSaw::Answered(leg)));
    let close =
        ToHub::Close { call: call(1), disposition: Disposition::HandledHere, note: String::new() };
    bench.says(close.clone());
    let ticket = bench.effects().into_iter().find_map(|effect| match effect {
        Effect::Store { ticket, .. } => ticket.filter(|ticket| ticket.seq == 2),
        _ => None,
    });
    let full = Err(StoreError::Unavailable("disk full".to_owned()));
    bench.core.stored(ticket.expect("a ticket"), &full);
    let refused = bench.effects().into_iter().any(|effect| match effect {
        Effect::Send { message: ToDesk::Refused { seq: 2, error }, .. } => {
            error.code == ErrorCode::NotStored
        }
        _ => false,
    });
    assert!(refused);
    bench.says(close);
    let stored_again = bench.effects().into_iter().any(|effect| match effect {
        Effect::Store { writes, ticket: Some(Ticket { seq: 3, .. }) } => {
            let has = |wanted: fn(&Write) -> bool| writes.iter().any(wanted);
            has(|write| matches!(write, Write::Closed(_)))
                && has(|write| matches!(write, Write::CallEnded(_)))
                && has(|write| matches!(write, Write::CaseChanged(_)))
        }
        _ => false,
    });
    assert!(stored_again);
}

#[test]
fn a_caller_who_is_there_after_the_call_was_closed_is_the_same_case_until_it_is_closed_again() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    let close =
        ToHub::Close { call: call(1), disposition: Disposition::HandledHere, note: String::new() };
    let mut numbers = Vec::new();
    for round in 1..=2 {
        let leg = bench.arrives(1);
        bench.core.switch_event(bench.now, SwitchEvent::Saw(SwitchSaw::Answered(leg)));
        numbers.push(bench.core.records[&call(1)].case.as_ref().unwrap().number.clone());
        let status = bench.core.records[&call(1)].case.as_ref().unwrap().status;
        assert_eq!(status, CaseStatus::Open, "round {round}");
        bench.effects();
        bench.says(close.clone());
        let ended = bench.effects().into_iter().any(
            |effect| matches!(effect, Effect::Switch(SwitchCommand::End(over)) if over == call(1)),
        );
        assert!(ended, "the closing of round {round} is no repetition");
        bench.says(ToHub::Ready);
        bench.effects();
    }
    assert_eq!(numbers[0], numbers[1]);
    assert_eq!(bench.core.records[&call(1)].case.as_ref().unwrap().status, CaseStatus::Closed);
}

#[test]
fn a_desk_gets_at_most_one_view_in_twenty_milliseconds() {
    let mut bench = Bench::new();
    bench.ready(261_123);
    assert_eq!(bench.core.views(bench.now).len(), 1);
    bench.says(ToHub::Pause);
    assert_eq!(bench.core.views(bench.now).len(), 0);
    assert_eq!(bench.core.deadline(), Some(Timestamp(bench.now.0 + 20)));
    bench.pass(20);
    let views = bench.core.views(bench.now);
    assert_eq!(views.len(), 1);
    assert_eq!(views[0].1.seat.state, SeatState::Paused);
}
