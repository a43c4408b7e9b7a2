//! A guard in virtual time.

use super::*;
use crate::ari::{Dialplan, Party};
use crate::names::call_of_caller;
use siaga_model::LegId;

const CALLER: &str = "1795729456.7";

fn at(ms: i64) -> Timestamp {
    Timestamp(1_000_000 + ms)
}

fn channel(id: &str, state: ChannelState, app_data: &str) -> Channel {
    Channel {
        id: id.to_owned(),
        name: "PJSIP/any-00000001".to_owned(),
        state,
        caller: Party::default(),
        dialplan: Dialplan {
            context: "siaga-110".to_owned(),
            app_name: "Stasis".to_owned(),
            app_data: app_data.to_owned(),
        },
        creationtime: String::new(),
    }
}

fn caller(id: &str) -> Channel {
    channel(id, ChannelState::Up, "siaga,caller,verified")
}

fn leg(of: &str, n: u16, state: ChannelState) -> Channel {
    let id = LegId { call: call_of_caller(of).unwrap(), n }.to_string();
    Channel { dialplan: Dialplan::default(), ..channel(&id, state, "") }
}

fn bridge(id: &str, channels: &[&Channel]) -> Bridge {
    let channels = channels.iter().map(|channel| channel.id.clone()).collect();
    Bridge { id: id.to_owned(), channels }
}

/// A guard whose hub has been gone for long enough, at this moment.
fn acting() -> (GuardCore, Timestamp) {
    let mut guard = GuardCore::new();
    guard.hub_is(at(0), false);
    assert_eq!(guard.poll(at(3_000)), Some(Deed::Look));
    (guard, at(3_000))
}

fn moves(deeds: &[Deed]) -> Vec<&str> {
    let moved = deeds.iter().filter_map(|deed| match deed {
        Deed::Move { channel } => Some(channel.as_str()),
        Deed::HangUp { .. } | Deed::Look | Deed::Count { .. } | Deed::Lost { .. } => None,
    });
    moved.collect()
}

#[test]
fn nobody_is_moved_before_the_hub_has_been_gone_for_three_seconds() {
    let mut guard = GuardCore::new();
    guard.hub_is(at(0), false);
    guard.hub_is(at(1_000), false);
    assert_eq!(guard.poll(at(2_999)), None);
    assert_eq!(guard.looked(at(2_999), &[caller(CALLER)], &[]), []);
    assert_eq!(guard.deadline(), Some(at(3_000)));
    assert_eq!(guard.poll(at(3_000)), Some(Deed::Look));
    assert_eq!(moves(&guard.looked(at(3_000), &[caller(CALLER)], &[])), [CALLER]);
}

#[test]
fn a_hub_that_is_back_in_time_finds_everybody_where_they_were() {
    let mut guard = GuardCore::new();
    guard.hub_is(at(0), false);
    guard.hub_is(at(2_900), true);
    assert_eq!(guard.poll(at(10_000)), None);
    assert_eq!(guard.deadline(), None);
    guard.hub_is(at(11_000), false);
    assert_eq!(guard.poll(at(13_999)), None, "it is gone anew");
}

#[test]
fn whoever_talks_goes_on_talking_and_is_moved_when_the_human_is_gone() {
    let (mut guard, now) = acting();
    let (citizen, human) = (caller(CALLER), leg(CALLER, 1, ChannelState::Up));
    let with = bridge("b", &[&citizen, &human]);
    let channels = [citizen.clone(), human];
    assert_eq!(guard.looked(now, &channels, &[with]), []);
    let (later, alone) = (now + LOOK_AGAIN, bridge("b", &[&citizen]));
    assert_eq!(guard.poll(later), Some(Deed::Look));
    assert_eq!(moves(&guard.looked(later, &[citizen], &[alone])), [CALLER]);
}

#[test]
fn a_telephone_that_rings_is_hung_up_before_its_caller_is_moved() {
    let (mut guard, now) = acting();
    let (citizen, rings) = (caller(CALLER), leg(CALLER, 1, ChannelState::Ringing));
    let deeds = guard.looked(now, &[rings.clone(), citizen.clone()], &[bridge("b", &[&citizen])]);
    let wanted = [Deed::HangUp { channel: rings.id }, Deed::Move { channel: CALLER.to_owned() }];
    assert_eq!(deeds, wanted);
}

#[test]
fn a_human_who_is_set_aside_is_not_with_the_caller() {
    let (mut guard, now) = acting();
    let (citizen, apart) = (caller(CALLER), leg(CALLER, 1, ChannelState::Up));
    let (rings, music) = (leg(CALLER, 2, ChannelState::Ringing), bridge("b", &[&citizen]));
    let deeds = guard.looked(now, &[citizen, apart, rings], &[music]);
    assert_eq!(deeds.len(), 3);
    assert_eq!(moves(&deeds), [CALLER]);
}

#[test]
fn a_caller_is_moved_once_and_again_only_when_asterisk_did_not_do_it() {
    let (mut guard, now) = acting();
    let everybody = [caller(CALLER), caller("1795729456.9")];
    assert_eq!(guard.looked(now, &everybody, &[]).len(), 2);
    guard.moved(CALLER, true);
    guard.moved("1795729456.9", false);
    // Asterisk lists a channel for a moment where it was.
    let later = now + LOOK_AGAIN;
    assert_eq!(moves(&guard.looked(later, &everybody, &[])), ["1795729456.9"]);
    // Gone from the list, back in the application of a hub that has died again meanwhile.
    guard.hub_is(later, true);
    guard.hub_is(at(60_000), false);
    assert_eq!(guard.looked(at(63_000), &everybody, &[]).len(), 2);
}

#[test]
fn who_is_not_the_hub_s_is_left_alone() {
    let (mut guard, now) = acting();
    let in_queue = Channel {
        dialplan: Dialplan { app_name: "Queue".to_owned(), ..Dialplan::default() },
        ..caller(CALLER)
    };
    let ear = channel("ear-1", ChannelState::Up, "siaga,ear,x");
    let other = channel("1795729456.8", ChannelState::Up, "other,caller");
    assert_eq!(guard.looked(now, &[in_queue, ear, other], &[]), []);
    let not_answered = channel(CALLER, ChannelState::Ring, "siaga,caller,claimed");
    assert_eq!(guard.looked(now, &[not_answered], &[]), [], "the dialplan still has it");
}

#[test]
fn an_asterisk_that_does_not_answer_is_asked_again() {
    let (mut guard, now) = acting();
    guard.saw_nothing(now);
    assert_eq!(guard.poll(now), None);
    assert_eq!(guard.poll(now + LOOK_AGAIN), Some(Deed::Look));
    guard.hub_is(now, true);
    guard.saw_nothing(now + LOOK_AGAIN);
    assert_eq!(guard.deadline(), None, "there is a hub: nobody needs to look");
}

#[test]
fn a_desk_whose_packets_stop_while_it_talks_without_a_hub_is_lost_also_when_the_hub_is_back() {
    let (mut guard, now) = acting();
    let mut desk = channel("1795729456.8", ChannelState::Up, "(Outgoing Line)");
    desk.dialplan.app_name = "AppQueue".to_owned();
    let counts = [Deed::Count { channel: desk.id.clone() }];
    assert_eq!(guard.looked(now, std::slice::from_ref(&desk), &[]), counts);
    assert_eq!(guard.counted(now, &desk.id, 500), None);
    guard.hub_is(at(3_500), true);
    assert_eq!(guard.poll(at(4_000)), Some(Deed::Look), "nobody else looks");
    assert_eq!(guard.looked(at(4_000), std::slice::from_ref(&desk), &[]), counts);
    assert_eq!(guard.counted(at(4_000), &desk.id, 550), None);
    assert_eq!(guard.counted(at(5_000), &desk.id, 550), None);
    let lost = Deed::Lost { channel: desk.id.clone() };
    assert_eq!(guard.counted(at(6_000), &desk.id, 550), Some(lost));
    assert_eq!(guard.looked(at(6_500), &[], &[]), []);
    assert_eq!(guard.deadline(), None, "nobody is left to look at");
}

#[test]
fn a_desk_that_only_rings_in_the_queue_is_not_counted() {
    let (mut guard, now) = acting();
    let mut desk = channel("1795729456.8", ChannelState::Ringing, "(Outgoing Line)");
    desk.dialplan.app_name = "AppQueue".to_owned();
    assert_eq!(guard.looked(now, &[desk], &[]), []);
}

#[test]
fn a_caller_with_somebody_outside_has_a_human_and_stays() {
    let (mut guard, now) = acting();
    let (caller, outside) = (caller(CALLER), leg(CALLER, 2, ChannelState::Up));
    let call = call_of_caller(CALLER).unwrap().to_string();
    let together = bridge(&call, &[&caller, &outside]);
    let deeds = guard.looked(now, &[caller.clone(), outside], &[together]);
    assert!(moves(&deeds).is_empty(), "{deeds:?}");
    // They hang up while there is no hub: now nobody is with the caller.
    let deeds =
        guard.looked(at(4_000), std::slice::from_ref(&caller), &[bridge(&call, &[&caller])]);
    assert_eq!(moves(&deeds), [CALLER]);
}
