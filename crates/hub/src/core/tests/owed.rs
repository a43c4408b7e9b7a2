//! Whoever is owed a call is on the list: a property over random nights at one seat.

use super::super::*;
use super::{Bench, call};
use proptest::prelude::*;
use siaga_hub_api::ToHub;
use siaga_model::{CallFacts, Caller, CallerStatus, Disposition, LegId};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Step {
    Arrive(usize),
    AnswerRinging,
    HangUp,
    Close,
    Dispose,
    Undo,
    Ready,
    CallBack(usize),
    CitizenAnswers,
    CitizenDoesNot,
    SeatLost,
    Settle(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..NUMBERS.len()).prop_map(Step::Arrive),
        4 => Just(Step::AnswerRinging),
        3 => Just(Step::HangUp),
        2 => Just(Step::Close),
        1 => Just(Step::Dispose),
        1 => Just(Step::Undo),
        3 => Just(Step::Ready),
        3 => (0..NUMBERS.len()).prop_map(Step::CallBack),
        3 => Just(Step::CitizenAnswers),
        1 => Just(Step::CitizenDoesNot),
        1 => Just(Step::SeatLost),
        1 => (0..NUMBERS.len()).prop_map(Step::Settle),
        2 => (1..9_000_i64).prop_map(Step::Pass),
    ]
}

const NUMBERS: [&str; 3] = ["081200001101", "081200001102", "081200001103"];

/// What is known from outside: commands and events, nothing of the hub's own lists.
#[derive(Default)]
struct Watcher {
    whose: BTreeMap<CallId, String>,
    live: Vec<CallId>,
    /// The last leg that each call rang at the seat.
    rung: BTreeMap<CallId, LegId>,
    /// Those whom nobody has helped.
    owed: BTreeSet<String>,
}

impl Watcher {
    fn watch(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Switch(SwitchCommand::Ring { leg, .. }) => {
                    self.rung.insert(leg.call, leg);
                }
                Effect::Switch(SwitchCommand::Dial { call, number }) => {
                    self.whose.insert(call, number.expose().clone());
                }
                Effect::News(HubNews::Flow { event, .. }) => self.event(&event),
                _ => {}
            }
        }
    }

    fn event(&mut self, event: &FlowEvent) {
        match event {
            FlowEvent::CallBackStarted { call, .. } => self.live.push(*call),
            FlowEvent::Ended { call, disposition, .. } => {
                self.live.retain(|live| live != call);
                self.settled(*call, disposition);
            }
            FlowEvent::Disposed { call, disposition, .. } => self.settled(*call, disposition),
            _ => {}
        }
    }

    fn settled(&mut self, call: CallId, disposition: &Disposition) {
        let Some(number) = self.whose.get(&call) else { return };
        match disposition {
            Disposition::Abandoned => drop(self.owed.insert(number.clone())),
            Disposition::NotReached => {}
            _ => drop(self.owed.remove(number)),
        }
    }
}

proptest! {
    /// Whoever hung up before help is on the call-back list until a human has said otherwise, once,
    /// whatever happens between.
    #[test]
    fn nobody_who_is_owed_a_call_is_ever_off_the_list(
        steps in proptest::collection::vec(step(), 1..80)
    ) {
        let mut bench = Bench::new();
        bench.ready(261_123);
        let mut watcher = Watcher::default();
        let mut arrived = 0;
        for step in steps {
            let last = watcher.live.last().copied();
            let saw = |bench: &mut Bench, saw| {
                bench.core.switch_event(bench.now, SwitchEvent::Saw(saw));
            };
            let leg = last.map(LegId::caller);
            let seats = last.and_then(|call| watcher.rung.get(&call)).copied();
            let (disposition, note) = (Disposition::HandledHere, String::new());
            let entry = |bench: &Bench, n: usize| {
                let views = bench.core.call_backs.views(&"pmj".parse().unwrap());
                views.iter().find(|e| e.caller.number.expose() == NUMBERS[n]).map(|e| e.id)
            };
            match step {
                Step::Arrive(n) => {
                    arrived += 1;
                    let call = call(arrived);
                    let number = NUMBERS[n].to_owned();
                    let caller = Caller {
                        number: number.clone().into(),
                        status: CallerStatus::Verified,
                    };
                    let facts = CallFacts { caller, arrived_at: bench.now, ..CallFacts::default() };
                    watcher.whose.insert(call, number);
                    watcher.live.push(call);
                    saw(&mut bench, SwitchSaw::CallerArrived { call, facts, first_unit: None });
                }
                Step::AnswerRinging => if let Some(leg) = seats { saw(&mut bench, SwitchSaw::Answered(leg)); },
                Step::CitizenAnswers => if let Some(leg) = leg { saw(&mut bench, SwitchSaw::Answered(leg)); },
                Step::HangUp => if let Some(leg) = leg {
                    saw(&mut bench, SwitchSaw::Ended { leg, cause: LegCause::HungUp });
                },
                Step::CitizenDoesNot => if let Some(leg) = leg {
                    saw(&mut bench, SwitchSaw::Ended { leg, cause: LegCause::NoAnswer });
                },
                Step::SeatLost => if let Some(leg) = seats {
                    saw(&mut bench, SwitchSaw::Ended { leg, cause: LegCause::MediaLost });
                },
                Step::Close => if let Some(call) = last {
                    bench.says(ToHub::Close { call, disposition: disposition.clone(), note: note.clone() });
                },
                Step::Dispose => if let Some(call) = last {
                    bench.says(ToHub::Dispose { call, disposition: disposition.clone(), note: note.clone() });
                },
                Step::Undo => if let Some(call) = last { bench.says(ToHub::Undo { call }); },
                Step::Ready => bench.says(ToHub::Ready),
                Step::CallBack(n) => if let Some(entry) = entry(&bench, n) {
                    bench.says(ToHub::CallBack { entry });
                },
                Step::Settle(n) => if let Some(entry) = entry(&bench, n) {
                    let calling = bench.core.call_backs.views(&"pmj".parse().unwrap());
                    let is_called = calling.iter().any(|e| e.id == entry && e.calling.is_some());
                    bench.says(ToHub::SettleCallBack { entry, reason: "sudah".to_owned() });
                    if !is_called {
                        watcher.owed.remove(NUMBERS[n]);
                    }
                },
                Step::Pass(millis) => bench.pass(millis),
            }
            watcher.watch(bench.effects());
            let listed = bench.core.call_backs.views(&"pmj".parse().unwrap());
            let numbers: Vec<_> =
                listed.iter().map(|entry| entry.caller.number.expose().clone()).collect();
            let once: BTreeSet<_> = numbers.iter().cloned().collect();
            prop_assert_eq!(once.len(), numbers.len(), "a number is listed once");
            prop_assert_eq!(&once, &watcher.owed);
            let called = listed.iter().filter(|entry| entry.calling.is_some()).count();
            let calls_back = bench.core.flow.calls().filter(|live| {
                bench.core.records.get(&live.call).is_some_and(|record| record.call_back.is_some())
            });
            prop_assert!(called <= calls_back.count(), "nobody is said to call who does not");
        }
    }
}
