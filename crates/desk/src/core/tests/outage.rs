//! Without the hub, and with what waits for it.

use super::*;
use siaga_model::Disposition;

fn close() -> Intent {
    Intent::Close { disposition: Disposition::HandledHere, note: "dicatat".to_owned() }
}

#[test]
fn without_the_hub_the_voice_and_the_typing_go_on_and_the_state_says_since_when() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let lost_at = desk.core.state.now;
    desk.give(Input::HubDown);
    let effects = desk.edit(call(1), "Blok M");
    assert!(said(&effects).is_empty() && matches!(&effects[..], [Effect::Advise { .. }]));
    desk.pass(5_000);
    desk.give(Input::HubDown);
    assert_eq!(desk.core.state.hub, LinkHealth::Down { since: lost_at });
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert_eq!(desk.shown().form.location.expose(), "Blok M");
}

#[test]
fn what_waited_is_said_again_in_order_under_the_same_numbers() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let first = desk.edit(call(1), "Blok");
    desk.give(Input::HubDown);
    desk.intent(close());
    let again = desk.give(Input::HubUp);
    assert!(matches!(&said(&again)[..], [ToHub::Draft { .. }, ToHub::Close { .. }]));
    assert_eq!(seqs(&again)[0], seqs(&first)[0]);
    desk.hub_says(ToDesk::Ack { seq: seqs(&again)[1] });
    assert_eq!(desk.give(Input::HubUp), []);
    assert!(desk.shelf.waiting.is_empty(), "and the disk knows it");
}

#[test]
fn a_closing_waits_for_the_hub_and_says_so_while_the_line_stays_open() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::HubDown);
    assert_eq!(desk.intent(close()), []);
    assert_eq!(desk.complaint(), None);
    assert!(desk.shown().closing.is_some());
    assert_eq!(desk.shown().phone, PhoneState::Connected);
    assert!(matches!(&said(&desk.give(Input::HubUp))[..], [ToHub::Close { .. }]));
}

#[test]
fn what_would_surprise_later_is_refused_while_the_hub_is_away() {
    let unit: siaga_model::UnitId = "pmj.depok".parse().expect("id");
    for intent in [
        Intent::Transfer { unit, handover: None },
        Intent::Hold,
        Intent::Resume,
        Intent::AskColleague,
        Intent::TakeBack,
        Intent::Release,
        Intent::CheckSilence,
        Intent::Dispose { disposition: Disposition::Information, note: String::new(), sure: false },
    ] {
        let mut desk = Fixture::logged_in();
        desk.talking(call(1));
        desk.give(Input::HubDown);
        let name = format!("{intent:?}");
        assert_eq!(desk.intent(intent), [], "{name}");
        assert!(matches!(desk.complaint(), Some(DeskError::Unreachable { .. })), "{name}");
        assert_eq!(said(&desk.give(Input::HubUp)), [], "{name}");
    }
}

#[test]
fn every_key_is_on_the_disk_before_anybody_else_has_it() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::HubDown);
    desk.edit(call(1), "B");
    desk.edit(call(1), "Bl");
    assert_eq!(desk.shelf.forms[&call(1)], Draft { rev: 2, form: form("Bl") });
    assert_eq!(desk.shelf.waiting.len(), 1, "drafts coalesce on the disk as well");
}

#[test]
fn a_killed_desk_never_gives_a_number_twice() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.edit(call(1), "Blok");
    // The disk was slow: the last keys were said and are not on it.
    let shelf = desk.shelf.restored();
    let spent = seqs(&desk.edit(call(1), "Blok M"))[0];
    desk.core = Core::new(false);
    desk.give(Input::Restored(Box::new(shelf)));
    desk.let_in();
    desk.hub_shows(view(call(1), Some(seat()), 2, "Blok M"));
    assert_eq!(desk.shown().form.location.expose(), "Blok M", "the hub had it, and newer");
    assert!(seqs(&desk.edit(call(1), "Blok M 3"))[0] > spent);
}

#[test]
fn the_newer_one_of_the_disk_and_the_hub_is_shown() {
    for (hub_rev, shown) in [(1, "disk"), (2, "hub"), (7, "hub")] {
        let mut desk = Fixture::logged_in();
        desk.talking(call(1));
        desk.edit(call(1), "disk 1");
        desk.edit(call(1), "disk");
        let (mut desk, _) = desk.killed();
        desk.let_in();
        let seen = view(call(1), Some(seat()), hub_rev, if hub_rev == 1 { "old" } else { "hub" });
        desk.hub_shows(seen);
        // Equal revisions are equal texts, unless somebody else wrote: then the hub's holds.
        let text = desk.shown().form.location.expose();
        assert!(text == shown || (hub_rev == 2 && text == "disk"), "{hub_rev}: {text}");
    }
}

#[test]
fn a_form_that_is_only_on_the_disk_is_said_again() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.edit(call(1), "Blok M");
    desk.shelf.waiting.clear();
    let (mut desk, _) = desk.killed();
    desk.let_in();
    let effects = desk.hub_shows(view(call(1), Some(seat()), 0, ""));
    assert_eq!(effects.iter().filter_map(draft_rev).collect::<Vec<_>>(), [1]);
    let again = desk.hub_shows(view(call(1), Some(seat()), 0, ""));
    assert_eq!(again.iter().filter_map(draft_rev).count(), 0, "once");
}

#[test]
fn a_form_that_the_hub_refuses_is_shown_until_it_is_put_away() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    let seq = seqs(&desk.edit(call(1), "Blok M"))[0];
    desk.hub_refuses(seq, ErrorCode::NotYours);
    assert!(desk.complains_of(ErrorCode::NotYours));
    let kept: Vec<_> = desk.core.state.kept.iter().map(|k| (k.call, k.form.clone())).collect();
    assert_eq!(kept, [(call(1), form("Blok M"))]);
    let (mut desk, _) = desk.killed();
    assert_eq!(desk.core.state.kept.len(), 1, "also after the desk was started again");
    desk.intent(Intent::DropKept { call: call(1) });
    assert!(desk.core.state.kept.is_empty() && desk.shelf.kept.is_empty());
}

#[test]
fn the_disk_forgets_a_form_when_the_hub_has_it_and_the_call_is_gone() {
    let mut desk = Fixture::logged_in();
    let dialog = desk.talking(call(1));
    let seq = seqs(&desk.edit(call(1), "Blok M"))[0];
    desk.give(Input::PhoneEnded { dialog, lost: false });
    desk.hub_shows(no_call());
    assert!(desk.shelf.forms.contains_key(&call(1)), "the hub has not said that it has it");
    desk.hub_says(ToDesk::Ack { seq });
    assert!(desk.shelf.forms.is_empty());
}

#[test]
fn a_disk_that_keeps_nothing_is_shown_and_the_desk_works_on() {
    let mut desk = Fixture::logged_in();
    desk.talking(call(1));
    desk.give(Input::NotKept(Some("disk full".to_owned())));
    assert_eq!(desk.core.state.not_kept.as_deref(), Some("disk full"));
    assert_eq!(desk.complaint(), None);
    assert!(!desk.edit(call(1), "Blok M").is_empty());
    desk.give(Input::NotKept(None));
    assert_eq!(desk.core.state.not_kept, None);
}

#[test]
fn case_numbers_are_kept_and_more_are_asked_for_in_time() {
    let mut desk = Fixture::logged_in();
    assert_eq!(desk.shelf.cases, [session().cases]);
    desk.hub_shows(no_call());
    let mut seen = view(call(1), None, 0, "");
    if let Some(call) = &mut seen.call {
        call.number = Some(CaseNumber::new("PMJ", 261_123, 17).expect("in range"));
    }
    assert_eq!(said(&desk.hub_shows(seen.clone())), [ToHub::LeaseCases]);
    assert_eq!(said(&desk.hub_shows(seen)), []);
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    let more = CaseBlock { first: number(41), last: number(60) };
    desk.hub_says(ToDesk::Cases(more.clone()));
    assert_eq!(desk.shelf.cases, [session().cases, more]);
}

#[test]
fn who_presses_again_connects_what_is_cut_off_and_nothing_else() {
    let mut desk = Fixture::logged_in();
    assert_eq!(desk.intent(Intent::TryAgain), []);
    desk.give(Input::SipDown);
    assert_eq!(desk.intent(Intent::TryAgain), [Effect::ReconnectPhone]);
    desk.give(Input::HubDown);
    assert_eq!(
        desk.intent(Intent::TryAgain),
        [Effect::ReconnectHub, Effect::ReconnectPhone],
        "as often as it is pressed"
    );
}
