//! Citizens who are called back: a bridge without one, and a telephone that is dialled into it.

use crate::exchange::{Exchange, SECRET};
use crate::phone::Phone;
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{CallId, LegCause, LegId, Redacted};
use siaga_switch::{Switch, SwitchError, SwitchEvent};

const NUMBER: &str = "082200001113";
const CITIZEN_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;

fn redacted(text: &str) -> Redacted<String> {
    Redacted::new(text.to_owned())
}

async fn dial(exchange: &Exchange, call: CallId) -> LegId {
    exchange.told(SwitchCommand::Dial { call, number: redacted(NUMBER) }).await;
    LegId::caller(call)
}

/// A citizen's telephone that can be called.
async fn telephone(exchange: &Exchange) -> Phone {
    exchange
        .switch
        .admit_telephone(&redacted(NUMBER), &redacted(SECRET))
        .await
        .expect("it is admitted");
    let mut phone = Phone::of_seat(&exchange.switch.endpoint(), NUMBER, SECRET);
    phone.is_registered().await;
    phone
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_calls_a_citizen_back_and_both_are_recorded() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let mut citizen = telephone(&exchange).await;
    let call = CallId::from_parts(1_795_000_000_000, 110);
    exchange.told(SwitchCommand::Open { call }).await;
    let (leg, mut at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    at_seat.does_not_hear_music().await;

    let citizens = dial(&exchange, call).await;
    let incoming = citizen.incoming().await;
    citizen.ua.ring(incoming.dialog).await.expect("rings");
    exchange.saw(SwitchSaw::Ringing(citizens)).await;
    let mut at_citizen = citizen.answer(&incoming, CITIZEN_HZ).await;
    exchange
        .next("the answer", |event| match event {
            SwitchEvent::Saw(SwitchSaw::Answered(leg)) => (leg == citizens).then_some(()),
            SwitchEvent::SeatRegistered(seat) => panic!("a telephone is no seat: {seat}"),
            _ => None,
        })
        .await;
    at_seat.hears(CITIZEN_HZ).await;
    at_citizen.hears(SEAT_HZ).await;
    // A second command for what is up changes nothing.
    dial(&exchange, call).await;
    exchange.told(SwitchCommand::Open { call }).await;
    at_citizen.hears(SEAT_HZ).await;

    citizen.ua.hang_up(at_citizen.dialog).await.expect("hung up");
    let report = exchange.ended(citizens, LegCause::HungUp).await;
    assert!(report.joined_at.is_some() && report.seat.is_none(), "{report:?}");
    assert_eq!(report.user_agent, "a test");
    exchange.ended(leg, LegCause::Released).await;
    seat.is_ended(at_seat.dialog).await;
    let recorded = exchange.recorded(call).await;
    assert!(siaga_recording::verify(&recorded.file).expect("it plays").complete);
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_who_is_busy_away_or_does_not_answer_is_told_as_such() {
    let mut exchange = Exchange::start().await;
    let mut citizen = telephone(&exchange).await;
    let call = |n| CallId::from_parts(1_795_000_000_000, n);
    // Dialled without a bridge: it is opened.
    for (n, status, cause) in [(1, 486, LegCause::Busy), (2, 603, LegCause::Declined)] {
        let leg = dial(&exchange, call(n)).await;
        let incoming = citizen.incoming().await;
        citizen.ua.reject(incoming.dialog, status, "no").await.expect("refused");
        exchange.ended(leg, cause).await;
        exchange.recorded(call(n)).await;
    }
    // Given up while it rings.
    let leg = dial(&exchange, call(3)).await;
    let incoming = citizen.incoming().await;
    citizen.ua.ring(incoming.dialog).await.expect("rings");
    exchange.saw(SwitchSaw::Ringing(leg)).await;
    exchange.told(SwitchCommand::End(call(3))).await;
    exchange.ended(leg, LegCause::NoAnswer).await;
    citizen.is_ended(incoming.dialog).await;
    // Switched off, and then not even admitted.
    citizen.ua.close().await;
    exchange.switch.dismiss_telephone(&redacted(NUMBER)).await.expect("dismissed");
    let leg = dial(&exchange, call(4)).await;
    exchange.ended(leg, LegCause::Unregistered).await;
    let refused = exchange.switch.admit_telephone(&redacted("not one"), &redacted(SECRET)).await;
    assert!(matches!(refused, Err(SwitchError::BadNumber)), "{refused:?}");
    exchange.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_was_opened_in_vain_is_closed_with_its_recording() {
    let mut exchange = Exchange::start().await;
    let mut seat = exchange.seat("pmj-1").await;
    let call = CallId::from_parts(1_795_000_000_000, 110);
    exchange.told(SwitchCommand::Open { call }).await;
    exchange.told(SwitchCommand::Play { call, program: Program::SoftRingback }).await;
    let leg = exchange.ring(call, 1, "pmj-1").await;
    let incoming = seat.incoming().await;
    seat.ua.reject(incoming.dialog, 486, "Busy Here").await.expect("refused");
    exchange.ended(leg, LegCause::Busy).await;
    exchange.told(SwitchCommand::End(call)).await;
    exchange.recorded(call).await;
    exchange.shut_down().await;
}
