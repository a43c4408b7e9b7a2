//! Every figure comes from the event log, and is what somebody counted who never saw it.

use crate::nights::{Deed, config, deed, deed_or_death, night};
use crate::room::{Room, call, seat, secs, unit};
use proptest::prelude::*;
use siaga_call_flow::figures::{Place, Quarter, Spread};
use siaga_call_flow::{Figures, FlowConfig, FlowEvent, Input, Intent, SeatChange};
use siaga_model::{Disposition, EndedBy, LegCause, NotReport, ReclaimCause, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the observer counted of a night is what the log says.
fn agree(room: &Room) {
    let figures = Figures::of(room.log.iter().cloned());
    let tally = &room.tally;
    assert_eq!(figures.arrived(), tally.arrived.len());
    assert_eq!(figures.answered(), tally.waited.len());
    assert_eq!(figures.waiting(), Spread::of(tally.waited.values().copied()));
    for (call, waited) in &tally.waited {
        assert_eq!(figures.calls[call].answered_after(), Some(*waited));
    }
    for place in [Place::Waiting, Place::Talking, Place::Transferring, Place::CallingBack] {
        assert_eq!(figures.abandoned(place), tally.abandoned(room, place), "{place:?}");
    }
    assert_eq!(figures.rang_out, tally.rang_out);
    assert_eq!((figures.transfers, figures.transferred), (tally.transfers, tally.transferred));
    assert_eq!(figures.reclaimed, tally.reclaimed);
    assert_eq!(figures.requeued.values().sum::<u64>(), tally.requeued);
    assert_eq!(figures.disposals_undone, tally.undone);
    assert_eq!(figures.called_back(), (tally.called_back, tally.reached));
    let times = |of: fn(&siaga_call_flow::figures::Work) -> Duration| {
        let all = figures.seats.iter().map(|(seat, work)| (seat.clone(), of(work)));
        all.filter(|(_, time)| !time.is_zero()).collect::<BTreeMap<_, _>>()
    };
    let counted = |of: &BTreeMap<_, Duration>| {
        let all = of.iter().filter(|(_, time)| !time.is_zero());
        all.map(|(seat, time)| (siaga_model::SeatId::clone(seat), *time))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(times(|work| work.talk), counted(&tally.talk));
    assert_eq!(times(|work| work.after_call), counted(&tally.after_call));
    for (unit, work) in &figures.units {
        assert_eq!(work.talk, tally.unit_talk.get(unit).copied().unwrap_or_default());
    }
    assert!(figures.calls.values().all(|call| call.end.is_some()), "the night is over");
    let (begin, end) = (room.log[0].0, room.log[room.log.len() - 1].0);
    let quarters = figures.quarters(begin, Timestamp(end.0 + 1));
    let of = |quarter: &Quarter| {
        quarter.reports + quarter.not_reports + quarter.unanswered + quarter.open
    };
    assert_eq!(quarters.iter().map(of).sum::<usize>(), figures.arrived(), "everybody once");
    for (quarter, next) in quarters.iter().zip(quarters.iter().skip(1)) {
        assert_eq!(next.from.since(quarter.from), Duration::from_secs(900));
    }
}

fn counted_night(levels: FlowConfig, deeds: Vec<Deed>) {
    // Spans of which no two end together by chance: the observer looks once at an instant.
    let config = FlowConfig {
        disposal: Duration::from_millis(2_953),
        rejoin: Duration::from_millis(2_917),
        heard_within: Duration::from_millis(3_011),
        transfer_ring: Duration::from_millis(5_003),
        ..levels
    };
    let mut room = night(config, deeds);
    room.pass(secs(31));
    agree(&room);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn figures_from_the_log_are_what_an_observer_counted(
        deeds in prop::collection::vec(deed(), 20..160)
    ) {
        counted_night(FlowConfig::polda_first(), deeds);
    }

    #[test]
    fn figures_are_what_an_observer_counted_though_hubs_died(
        deeds in prop::collection::vec(deed_or_death(), 20..160)
    ) {
        counted_night(FlowConfig::polda_first(), deeds);
    }

    #[test]
    fn figures_of_four_levels_are_what_an_observer_counted(
        deeds in prop::collection::vec(deed(), 20..160)
    ) {
        counted_night(FlowConfig::levels_2026(), deeds);
    }
}

/// One of everything: answered after 3 s, reclaimed, transferred; waiting and given up after 20 s;
/// lost, requeued and closed; called back.
fn eventful() -> Room {
    let mut room = Room::with(&["pmj-1", "jaksel-1"]);
    let to_polres = || Intent::Transfer { unit: unit("pmj.jaksel"), handover: None };
    let first = room.arrives(1);
    room.pass(secs(3));
    room.answers("pmj-1");
    let second = room.arrives(2);
    room.pass(secs(20));
    room.caller_hangs_up(second);
    room.intends("pmj-1", first, to_polres());
    room.loses_leg("jaksel-1", LegCause::Busy);
    room.intends("pmj-1", first, to_polres());
    room.answers("jaksel-1");
    room.is_heard("jaksel-1");
    room.pass(secs(40));
    room.loses_leg("jaksel-1", LegCause::MediaLost);
    room.change("pmj-1", SeatChange::Ready);
    room.pass(secs(2));
    room.answers("pmj-1");
    let misdial = Disposition::NotReport { reason: NotReport::Misdial };
    room.intends("pmj-1", first, Intent::Dispose(misdial.clone()));
    room.intends("pmj-1", first, Intent::Undo);
    room.intends("pmj-1", first, Intent::Dispose(misdial));
    room.pass(secs(3));
    let number = "081200001101".to_owned().into();
    room.input(Input::CallBack { seat: seat("pmj-1"), call: call(3), number });
    room.answers("pmj-1");
    room.pass(secs(30));
    room.pass(secs(31));
    room
}

#[test]
fn the_figures_of_an_eventful_hour() {
    let room = eventful();
    agree(&room);
    let figures = Figures::of(room.log.iter().cloned());
    assert_eq!((figures.arrived(), figures.answered()), (2, 1));
    assert_eq!((figures.abandoned(Place::Waiting), figures.abandoned(Place::Talking)), (1, 0));
    assert_eq!((figures.transfers, figures.transferred), (2, 1));
    assert_eq!(figures.reclaimed, [(ReclaimCause::Busy, 1)].into());
    assert_eq!(figures.requeued, [(LegCause::MediaLost, 1)].into());
    assert_eq!((figures.disposals_undone, figures.called_back()), (1, (1, 0)));
    let wait = Spread { count: 1, p50: secs(3), p90: secs(3), max: secs(3) };
    assert_eq!(figures.waiting(), Some(wait));
    assert_eq!((figures.answered_within(secs(2)), figures.answered_within(secs(3))), (0, 1));
    assert_eq!(figures.waiting_again().map(|spread| spread.max), Some(secs(2)));
    // With the first caller 20 s and 3 s, with a telephone that nobody answered 30 s.
    assert_eq!(figures.seats[&seat("pmj-1")].talk, secs(53));
    assert_eq!(figures.units[&unit("pmj.jaksel")].talk, secs(40));
    assert_eq!(figures.units[&unit("pmj.jaksel")].taken_over, 1);
}

#[test]
fn a_quarter_of_an_hour_counts_who_called_in_it_by_what_they_had() {
    let room = eventful();
    let figures = Figures::of(room.log.iter().cloned());
    let from = room.log[0].0;
    let quarters = figures.quarters(from, Timestamp(from.0 + 3_600_000));
    assert!((4..=5).contains(&quarters.len()), "four when the hour begins with one: {quarters:?}");
    let first = quarters[0];
    assert!(first.from <= from && first.from.0 % 900_000 == 0);
    // The misdial and the one who gave up; the call back is no call of a citizen.
    let counts = (first.reports, first.not_reports, first.unanswered, first.open);
    assert_eq!(counts, (0, 1, 1, 0));
    assert!(quarters[1..].iter().all(|quarter| quarter.not_reports + quarter.unanswered == 0));
}

#[test]
fn figures_are_the_same_from_a_log_that_was_stored() {
    let room = eventful();
    let stored: Vec<String> = room
        .log
        .iter()
        .map(|line| serde_json::to_string(line).expect("an event is JSON"))
        .collect();
    let read = stored.iter().map(|line| {
        serde_json::from_str::<(Timestamp, FlowEvent)>(line).expect("what was stored is read")
    });
    assert_eq!(Figures::of(read), Figures::of(room.log.iter().cloned()));
}

#[test]
fn a_caller_who_was_disposed_of_after_hanging_up_is_not_abandoned() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.caller_hangs_up(call);
    assert_eq!(Figures::of(room.log.iter().cloned()).abandoned(Place::Talking), 1);
    room.intends("pmj-1", call, Intent::Close(Disposition::HandledHere));
    let figures = Figures::of(room.log.iter().cloned());
    assert_eq!(figures.abandoned(Place::Talking), 0);
    let end = figures.calls[&call].end.clone().expect("it is over");
    assert_eq!((end.by, end.disposition), (EndedBy::Caller, Disposition::HandledHere));
}

#[test]
fn percentiles_are_times_that_were_measured() {
    let spread = Spread::of((1..=10).rev().map(secs)).expect("ten times");
    assert_eq!((spread.p50, spread.p90, spread.max), (secs(5), secs(9), secs(10)));
    let one = Spread::of([secs(7)]).expect("one time");
    assert_eq!((one.count, one.p50, one.p90), (1, secs(7), secs(7)));
    assert_eq!(Spread::of([]), None);
}
