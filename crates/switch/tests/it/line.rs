//! What a machine says on a caller's line, and what it notices there.

use crate::exchange::Exchange;
use siaga_call_flow::{Program, Prompt, SwitchCommand, SwitchSaw};
use siaga_media::FRAME;
use siaga_model::{LegId, LineSignal};
use siaga_switch::SwitchEvent;
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch, StartError, prompt_sound};
use std::f32::consts::TAU;

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;

/// Knuckles on a table, twice, with quiet around them.
fn two_knocks() -> Vec<i16> {
    let mut sound = vec![0; 80 * FRAME];
    for start in [30 * FRAME + 200, 48 * FRAME + 500] {
        for (n, sample) in sound[start..].iter_mut().take(100 * 48).enumerate() {
            let t = n as f32 / 48_000.0;
            let wave: f32 = [(180.0f32, 0.022f32), (430.0, 0.016), (950.0, 0.009)]
                .iter()
                .map(|(hz, tau)| (TAU * hz * t).sin() * (-t / tau).exp())
                .sum();
            *sample = (wave * 2_500.0) as i16;
        }
    }
    sound
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_spoken_to_in_indonesian_and_hears_music_then() {
    let mut exchange = Exchange::start().await;
    let (call, _caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    at_caller.hears_music().await;
    let program = Program::Prompt(Prompt::PleaseWait);
    exchange.told(SwitchCommand::Play { call, program }).await;
    at_caller.hears_sound(&prompt_sound(Prompt::PleaseWait)).await;
    at_caller.hears_music().await;
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_caller_is_asked_for_a_sign_and_keys_and_knocks_are_told() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let (call, _caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let (leg, mut at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_caller.falls_silent();
    at_caller.hears(SEAT_HZ).await;
    // Knocks count only while the procedure runs; a key is told whenever it is pressed.
    at_caller.says(&two_knocks());
    at_caller.does_not_hear_music().await;
    at_caller.presses('5');
    exchange
        .next("the key", |event| match event {
            SwitchEvent::Dtmf { leg, digit } => (leg.is_caller() && digit == '5').then_some(()),
            SwitchEvent::Saw(SwitchSaw::Signal { .. }) => panic!("nobody asked for a sign"),
            _ => None,
        })
        .await;
    let signal = |signal| SwitchSaw::Signal { leg: LegId::caller(call), signal };
    exchange.saw(signal(LineSignal::Key)).await;

    let program = Program::Prompt(Prompt::SilenceCheck);
    exchange.told(SwitchCommand::Play { call, program }).await;
    at_seat.hears_sound(&prompt_sound(Prompt::SilenceCheck)).await;
    at_caller.says(&two_knocks());
    exchange.saw(signal(LineSignal::Knocks)).await;
    // The operator was there all the time.
    at_caller.hears(SEAT_HZ).await;
    exchange.shut_down().await;
}

#[tokio::test]
async fn a_prompt_that_cannot_be_played_keeps_the_switch_from_starting_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("silence-check.opus");
    std::fs::write(&bad, "no sound").expect("written");
    let mut config = EmbeddedConfig::loopback(folder.path().join("recordings"));
    config.prompts = Some(folder.path().to_owned());
    match EmbeddedSwitch::start(config, siaga_switch::Clock::start()).await {
        Err(error @ StartError::Prompt(_)) => {
            assert!(error.to_string().contains(&*bad.to_string_lossy()), "{error}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}
