//! Who is asked about a waiting call, and in which order.

use crate::room::{Room, seat, secs, unit};
use siaga_call_flow::{
    CallFlow, CallPhase, ConfigError, FlowConfig, Input, Intent, Program, Prompt, SeatChange,
    SwitchCommand, SwitchSaw, WaitReason,
};
use siaga_model::{Disposition, LegCause, SeatState};
use std::time::Duration;

#[test]
fn a_seat_that_rings_out_is_not_answering_and_the_caller_keeps_the_place() {
    let mut room = Room::with(&["pmj-1"]);
    let (first, second) = (room.arrives(1), room.arrives(2));
    room.pass(secs(8));
    assert_eq!(room.state("pmj-1"), SeatState::NotAnswering);
    assert_eq!(room.flow.queue().collect::<Vec<_>>(), [first, second]);
    room.change("pmj-1", SeatChange::Ready);
    assert!(matches!(room.phase(first), CallPhase::Ringing { .. }));
}

#[test]
fn the_next_seat_rings_in_the_same_instant_when_one_declines() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.arrives(1);
    room.loses_leg("pmj-1", LegCause::Declined);
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
}

#[test]
fn a_seat_that_declines_alone_is_asked_again_after_a_rest_and_not_at_once() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives(1);
    room.loses_leg("pmj-1", LegCause::Declined);
    let told = SwitchCommand::Play { call, program: Program::Prompt(Prompt::PleaseWait) };
    assert_eq!(room.commands(), [told]);
    assert_eq!(room.until.map(|(_, reason)| reason), Some(WaitReason::OfferAgain));
    room.pass(secs(2));
    assert!(matches!(room.phase(call), CallPhase::Ringing { .. }));
}

#[test]
fn a_seat_whose_telephone_vanishes_while_it_rings_makes_room_for_the_next_at_once() {
    let mut room = Room::with(&["pmj-1", "pmj-2"]);
    let call = room.arrives(1);
    let leg = room.leg_of("pmj-1");
    room.change("pmj-1", SeatChange::Unregistered);
    assert_eq!(room.commands()[0], SwitchCommand::HangUp(leg));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-2")));
}

#[test]
fn an_answer_that_crosses_our_hanging_up_is_hung_up_again() {
    let mut room = Room::with(&["pmj-1"]);
    room.arrives(1);
    let leg = room.leg_of("pmj-1");
    room.pass(secs(8));
    room.input(Input::Switch(SwitchSaw::Answered(leg)));
    assert_eq!(room.commands(), [SwitchCommand::HangUp(leg)]);
}

#[test]
fn a_seat_that_writes_up_is_offered_nothing_until_it_is_ready() {
    let mut room = Room::with(&["pmj-1"]);
    let first = room.talks(1, "pmj-1");
    room.intends("pmj-1", first, Intent::Close(Disposition::HandledHere));
    let second = room.arrives(2);
    assert!(matches!(room.phase(second), CallPhase::Queued { .. }));
    room.change("pmj-1", SeatChange::Ready);
    assert!(matches!(room.phase(second), CallPhase::Ringing { .. }));
}

#[test]
fn without_any_time_to_write_up_a_seat_takes_the_next_call_in_the_same_instant() {
    let config = FlowConfig { after_call: Duration::ZERO, ..FlowConfig::polda_first() };
    let mut room = Room::with_config(config, &["pmj-1"]);
    let first = room.talks(1, "pmj-1");
    let second = room.arrives(2);
    room.intends("pmj-1", first, Intent::Close(Disposition::Information));
    assert!(matches!(room.phase(second), CallPhase::Ringing { .. }));
}

#[test]
fn a_pause_while_talking_holds_after_the_call() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.talks(1, "pmj-1");
    room.change("pmj-1", SeatChange::Pause);
    assert_eq!(room.state("pmj-1"), SeatState::Talking);
    room.intends("pmj-1", call, Intent::Close(Disposition::Information));
    room.pass(secs(30));
    assert_eq!(room.state("pmj-1"), SeatState::Paused);
}

#[test]
fn under_the_rule_of_2026_a_call_goes_up_a_level_every_ten_seconds() {
    let seats = ["mabes-1", "pmj-1", "jaktim-1", "tebet-1"];
    let mut room = Room::with_config(FlowConfig::levels_2026(), &seats);
    room.change("tebet-1", SeatChange::Pause);
    let call = room.arrives(1);
    assert!(matches!(room.phase(call), CallPhase::Queued { level: 0, .. }));
    room.pass(secs(10));
    assert!(
        matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("jaktim-1"))
    );
    room.pass(secs(8));
    assert!(matches!(room.phase(call), CallPhase::Queued { level: 1, .. }));
    room.pass(secs(2));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-1")));
    room.pass(secs(10));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("mabes-1")));
    room.pass(secs(3_600));
    assert!(matches!(room.phase(call), CallPhase::Queued { level: 3, .. }), "the last waits on");
}

#[test]
fn a_call_with_a_first_unit_goes_to_that_unit_and_then_up_its_own_line() {
    let mut room = Room::with_config(FlowConfig::levels_2026(), &["jaktim-1", "jaksel-1", "pmj-1"]);
    let call = room.arrives_for(1, Some("pmj.jaksel"));
    assert!(
        matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("jaksel-1"))
    );
    room.loses_leg("jaksel-1", LegCause::Busy);
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }), "the neighbour is not asked");
    room.change("jaksel-1", SeatChange::Pause);
    room.pass(secs(10));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-1")));
}

#[test]
fn a_first_unit_below_the_configured_levels_leads_to_its_polda() {
    let mut room = Room::with(&["mabes-1", "pmj-1"]);
    let call = room.arrives_for(1, Some("pmj.jaksel.tebet"));
    assert!(matches!(room.phase(call), CallPhase::Ringing { seat: s, .. } if s == seat("pmj-1")));
    let stranger = room.arrives_for(2, Some("no-such-unit"));
    room.sits_down("pmj-2");
    assert!(matches!(room.phase(stranger), CallPhase::Ringing { .. }), "nobody waits for ever");
}

#[test]
fn a_seat_that_comes_back_after_a_short_loss_wants_what_it_wanted() {
    let mut room = Room::with(&["pmj-1"]);
    room.change("pmj-1", SeatChange::LoggedOut);
    room.change("pmj-1", SeatChange::Unregistered);
    assert_eq!(room.state("pmj-1"), SeatState::Offline);
    room.pass(secs(5));
    room.change("pmj-1", SeatChange::Registered);
    room.change("pmj-1", SeatChange::LoggedIn(unit("pmj")));
    assert_eq!(room.state("pmj-1"), SeatState::Ready);
}

#[test]
fn a_configuration_that_would_break_a_promise_is_refused() {
    let refused = |change: fn(&mut FlowConfig)| {
        let mut config = FlowConfig::polda_first();
        change(&mut config);
        CallFlow::new(config).expect_err("it breaks a promise")
    };
    assert_eq!(refused(|config| config.levels.clear()), ConfigError::NoLevel);
    let long = Duration::from_secs(11);
    assert_eq!(
        refused(|config| config.transfer_ring = Duration::from_secs(11)),
        ConfigError::TransferRing(long)
    );
    assert_eq!(
        refused(|config| config.seat_ring = Duration::ZERO),
        ConfigError::TooShort("seat_ring")
    );
}

#[test]
fn an_answer_in_the_instant_in_which_the_ring_time_is_over_comes_too_late() {
    let mut room = Room::with(&["pmj-1"]);
    let call = room.arrives(1);
    // Nobody has told the core that the time is over; the answer is the first it hears.
    room.now = room.now + secs(8);
    room.answers("pmj-1");
    assert!(matches!(room.phase(call), CallPhase::Queued { .. }));
    assert_eq!(room.state("pmj-1"), SeatState::NotAnswering);
}

#[test]
fn spans_outside_their_promise_are_refused() {
    let refused = |change: fn(&mut FlowConfig, Duration), span: u64| {
        let mut config = FlowConfig::polda_first();
        change(&mut config, secs(span));
        CallFlow::new(config).err()
    };
    for (span, change, least, most) in [
        ("disposal", (|config, span| config.disposal = span) as fn(&mut FlowConfig, _), 1, 10),
        ("silence_check", |config, span| config.silence_check = span, 8, 60),
        ("rejoin", |config, span| config.rejoin = span, 1, 10),
        ("call_back_ring", |config, span| config.call_back_ring = span, 10, 120),
    ] {
        let wrong = Some(ConfigError::OutOfRange { span, least, most });
        assert_eq!(refused(change, least - 1), wrong);
        assert_eq!(refused(change, most + 1), wrong);
        assert_eq!((refused(change, least), refused(change, most)), (None, None));
    }
}
