//! Settings, the ring, the test of the headset, and recordings that are played.

use super::super::*;
use super::fixture::*;
use crate::{Intent, Settings};

fn play() -> Intent {
    Intent::Play { sha256: "ab".to_owned(), from_ms: 0 }
}

#[test]
fn it_rings_on_the_chosen_device_until_it_is_answered_or_gone() {
    let mut desk = Fixture::logged_in();
    let settings =
        Settings { ring: Some("Pelantang".to_owned()), ring_volume: 40, ..Settings::default() };
    desk.intent(Intent::ChangeSettings { settings: Box::new(settings) });
    let dialog = desk.ringing(call(1));
    assert_eq!(desk.ring, Some(Ring { device: Some("Pelantang".to_owned()), volume: 40 }));
    desk.give(Input::MediaMade { dialog, error: None });
    desk.intent(Intent::Answer);
    assert_eq!(desk.ring, None);
    desk.give(Input::PhoneEnded { dialog, lost: false });
    let dialog = desk.ringing(call(2));
    assert!(desk.ring.is_some());
    desk.give(Input::PhoneEnded { dialog, lost: false });
    assert_eq!(desk.ring, None);
}

#[test]
fn a_recording_stops_when_a_call_rings_and_none_is_played_in_a_call() {
    let mut desk = Fixture::logged_in();
    let started = desk.intent(play());
    assert!(matches!(started[..], [Effect::Play { .. }]));
    desk.give(Input::Played { at_ms: 200, ms: 9_000 });
    assert_eq!(desk.core.state.playing.as_ref().map(|playing| playing.at_ms), Some(200));
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(1)) });
    assert!(effects.contains(&Effect::StopPlaying));
    assert!(desk.core.state.playing.is_none());
    // A position that was under way brings it not back.
    desk.give(Input::Played { at_ms: 400, ms: 9_000 });
    assert!(desk.core.state.playing.is_none());
    assert_eq!(desk.intent(play()), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
}

#[test]
fn a_recording_that_cannot_be_had_is_said_and_one_that_ends_is_put_away() {
    let mut desk = Fixture::logged_in();
    desk.intent(play());
    let error = DeskError::Unreachable { detail: "gone".to_owned() };
    desk.give(Input::PlayFailed { sha256: "ab".to_owned(), error: error.clone() });
    assert_eq!(desk.complaint(), Some(&error));
    desk.intent(play());
    desk.give(Input::Played { at_ms: 9_000, ms: 9_000 });
    assert!(desk.core.state.playing.is_none());
}

#[test]
fn the_headset_test_hears_a_voice_and_gives_way_to_a_call() {
    let mut desk = Fixture::logged_in();
    assert_eq!(desk.intent(Intent::TestSound { on: true }), [Effect::TestSound(true)]);
    desk.give(Input::MicrophoneTested(-70.0));
    assert!(desk.core.state.sound_test.is_some_and(|test| !test.voice));
    assert_eq!(desk.core.state.sound_tested_at, None);
    desk.give(Input::MicrophoneTested(-30.0));
    assert!(desk.core.state.sound_tested_at.is_some());
    let dialog = desk.dialog();
    let effects = desk.give(Input::Incoming { dialog, call: Some(call(1)) });
    assert!(effects.contains(&Effect::TestSound(false)));
    assert_eq!(desk.intent(Intent::TestSound { on: true }), []);
    assert_eq!(desk.complaint(), Some(&DeskError::NotNow));
}

#[test]
fn settings_are_kept_opened_once_and_survive_logout_and_death() {
    let mut desk = Fixture::logged_in();
    let settings = Settings { input: Some("Headset".to_owned()), ..Settings::default() };
    let change =
        |settings: &Settings| Intent::ChangeSettings { settings: Box::new(settings.clone()) };
    let input = Some("Headset".to_owned());
    let opened = Effect::OpenAudio { input, output: None };
    assert_eq!(desk.intent(change(&settings)), [opened]);
    let wild = Settings { scale: 9_000, ..settings.clone() };
    assert_eq!(desk.intent(change(&wild)), [], "the same devices stay open");
    assert_eq!(desk.core.state.settings_mended, ["scale"]);
    assert_eq!(desk.core.state.settings, settings);
    desk.intent(Intent::Logout);
    assert_eq!(desk.core.state.settings, settings);
    let (desk, effects) = desk.killed();
    assert_eq!(desk.core.state.settings, settings);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OpenAudio { .. })));
}
