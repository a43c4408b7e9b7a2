//! Seats that are gone without a word: a process that stands still, a network that swallows
//! everything. The caller is told of to the hub at once, not when SIP has given up.

use crate::exchange::{Exchange, SECRET};
use crate::phone::Phone;
use siaga_call_flow::{Program, SwitchCommand, SwitchSaw};
use siaga_model::{LegCause, LegId, Timestamp};
use siaga_switch::{LegReport, SipEndpoint, Switch};
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;

/// SIP would wait this long for the answer to a BYE (64 × T1, RFC 3261 section 17.1.2.2).
const SIP_GIVES_UP: Duration = Duration::from_secs(32);

/// The end of a leg that was lost at `died_at`: it must not have waited for SIP.
async fn lost(exchange: &mut Exchange, leg: LegId, died_at: Timestamp) -> LegReport {
    let report = exchange.ended(leg, LegCause::MediaLost).await;
    assert!(report.left_at.since(died_at) < SIP_GIVES_UP, "{report:?}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_whose_network_swallows_everything_is_lost_and_leaves_no_ghost() {
    let mut exchange = Exchange::start().await;
    let hole = BlackHole::before(&exchange.switch.endpoint()).await;
    let mut seat = exchange.seat_at("pmj-1", &hole.endpoint).await;
    let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
    let (leg, at_seat) = exchange.answered(call, 1, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_caller.hears(SEAT_HZ).await;
    let died_at = exchange.clock.now();
    hole.opens();
    at_seat.dies();
    let report = lost(&mut exchange, leg, died_at).await;
    assert!(report.joined_at.is_some() && report.packets_received > 0, "{report:?}");
    exchange.told(SwitchCommand::Play { call, program: Program::Music }).await;
    at_caller.hears_music().await;
    // The same seat comes back by another way, and the call goes to it on a new leg.
    let mut seat = Phone::of_seat(&exchange.switch.endpoint(), "pmj-1", SECRET);
    seat.is_registered().await;
    let (leg, mut at_seat) = exchange.answered(call, 2, "pmj-1", &mut seat, SEAT_HZ).await;
    exchange.told(SwitchCommand::Join(leg)).await;
    exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
    at_seat.hears(CALLER_HZ).await;
    at_caller.hears(SEAT_HZ).await;
    assert!(!caller.heard_of_an_end(), "the caller was dropped");
    exchange.shut_down().await;
}

/// The endpoint that a process of its own is a seat at.
const FROZEN: &str = "SIAGA_TEST_SEAT_TO_FREEZE";

/// A process that is stopped, and killed in the end.
struct Frozen(Child);

impl Frozen {
    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill is there");
        assert!(sent.success());
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_seat_that_stands_still_is_lost_and_the_caller_stays() {
    let name = "lost::a_seat_that_stands_still_is_lost_and_the_caller_stays";
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(ws_url) = std::env::var_os(FROZEN) {
        let ws_url = ws_url.into_string().expect("an address");
        return runtime.block_on(answer_until_stopped(ws_url));
    }
    runtime.block_on(async {
        let mut exchange = Exchange::start().await;
        exchange.admit("pmj-1").await;
        let seat = Command::new(std::env::current_exe().expect("this test's binary"))
            .args([name, "--exact", "--nocapture"])
            .env(FROZEN, exchange.switch.endpoint().ws_url)
            .spawn()
            .map(Frozen)
            .expect("the seat starts");
        exchange.registered("pmj-1").await;
        let (call, mut caller, mut at_caller) = exchange.caller(CALLER_HZ).await;
        let leg = exchange.ring(call, 1, "pmj-1").await;
        exchange.saw(SwitchSaw::Answered(leg)).await;
        exchange.told(SwitchCommand::Join(leg)).await;
        exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
        at_caller.hears(SEAT_HZ).await;
        let died_at = exchange.clock.now();
        seat.signal("-STOP");
        lost(&mut exchange, leg, died_at).await;
        exchange.told(SwitchCommand::Play { call, program: Program::Music }).await;
        at_caller.hears_music().await;
        // It cannot even be asked: taking the ring back does not wait for it either.
        let leg = exchange.ring(call, 2, "pmj-1").await;
        exchange.told(SwitchCommand::HangUp(leg)).await;
        exchange.ended(leg, LegCause::NoAnswer).await;
        assert!(!caller.heard_of_an_end(), "the caller was dropped");
        exchange.shut_down().await;
    });
}

async fn answer_until_stopped(ws_url: String) {
    let endpoint = SipEndpoint { ws_url, domain: "siaga.invalid".to_owned() };
    let mut phone = Phone::of_seat(&endpoint, "pmj-1", SECRET);
    let incoming = phone.incoming().await;
    let _talk = phone.answer(&incoming, SEAT_HZ).await;
    std::future::pending::<()>().await;
}

/// A way to the switch that swallows what is sent from some moment on, both ways, and closes nothing.
struct BlackHole {
    endpoint: SipEndpoint,
    open: watch::Sender<bool>,
}

impl BlackHole {
    async fn before(behind: &SipEndpoint) -> Self {
        let switch: SocketAddr = behind
            .ws_url
            .trim_start_matches("ws://")
            .trim_end_matches('/')
            .parse()
            .expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let ws_url = format!("ws://{}/", listener.local_addr().expect("an address"));
        let open = watch::Sender::new(false);
        let opened = open.subscribe();
        tokio::spawn(async move {
            while let Ok((telephone, _)) = listener.accept().await {
                let switch = TcpStream::connect(switch).await.expect("the switch is there");
                let (from_telephone, to_telephone) = telephone.into_split();
                let (from_switch, to_switch) = switch.into_split();
                tokio::spawn(lead(from_telephone, to_switch, opened.clone()));
                tokio::spawn(lead(from_switch, to_telephone, opened.clone()));
            }
        });
        Self { endpoint: SipEndpoint { ws_url, domain: behind.domain.clone() }, open }
    }

    fn opens(&self) {
        self.open.send_replace(true);
    }
}

async fn lead(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, open: watch::Receiver<bool>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !*open.borrow() && to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    if *open.borrow() {
        std::future::pending::<()>().await;
    }
}
