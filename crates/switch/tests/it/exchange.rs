//! A switch, and a test in the place of its hub.

use crate::phone::{Phone, Talk};
use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_model::{CallId, LegCause, LegId, Redacted, SeatId};
use siaga_switch::embedded::{EmbeddedConfig, EmbeddedSwitch};
use siaga_switch::{Clock, LegReport, RecordingReport, SipEndpoint, Switch, SwitchEvent};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const SECRET: &str = "rahasia";

/// Waits for what must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

pub(crate) struct Exchange {
    pub(crate) switch: Arc<EmbeddedSwitch>,
    events: mpsc::Receiver<SwitchEvent>,
    pub(crate) dir: tempfile::TempDir,
    /// The switch's own.
    pub(crate) clock: Clock,
}

impl Exchange {
    pub(crate) async fn start() -> Self {
        Self::recording_into(Path::to_owned).await
    }

    /// With its recordings where `place` says, which is told a folder of this exchange's own.
    pub(crate) async fn recording_into(place: impl FnOnce(&Path) -> PathBuf) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let config = EmbeddedConfig::loopback(place(dir.path()));
        let clock = Clock::start();
        let (switch, events) =
            EmbeddedSwitch::start(config, clock).await.expect("the switch starts");
        Self { switch, events, dir, clock }
    }

    /// The next event that `pick` takes; others are passed over.
    pub(crate) async fn next<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(SwitchEvent) -> Option<T>,
    ) -> T {
        soon(what, async {
            loop {
                let event = self.events.recv().await.expect("the switch lives");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
    }

    pub(crate) async fn told(&self, command: SwitchCommand) {
        self.switch.execute(command).await.expect("the switch takes it");
    }

    /// A registered seat's telephone.
    pub(crate) async fn seat(&mut self, seat: &str) -> Phone {
        let endpoint = self.switch.endpoint();
        self.seat_at(seat, &endpoint).await
    }

    /// A seat's telephone that reaches the switch by another way.
    pub(crate) async fn seat_at(&mut self, seat: &str, endpoint: &SipEndpoint) -> Phone {
        self.admit(seat).await;
        let phone = Phone::of_seat(endpoint, seat, SECRET);
        self.registered(seat).await;
        phone
    }

    pub(crate) async fn admit(&self, seat: &str) {
        let seat: SeatId = seat.parse().expect("a seat");
        let secret = Redacted::new(SECRET.to_owned());
        self.switch.admit(&seat, &secret).await.expect("the seat is admitted");
    }

    pub(crate) async fn registered(&mut self, seat: &str) {
        let id: SeatId = seat.parse().expect("a seat");
        self.next("a registration", |event| match event {
            SwitchEvent::SeatRegistered(seat) if seat == id => Some(()),
            _ => None,
        })
        .await;
    }

    /// A citizen dials 110 and says a tone of `hz`.
    pub(crate) async fn caller(&mut self, hz: f32) -> (CallId, Phone, Talk) {
        let mut phone = Phone::stranger(&self.switch.endpoint());
        let talk = phone.dial(hz).await;
        (self.arrival().await, phone, talk)
    }

    pub(crate) async fn arrival(&mut self) -> CallId {
        self.next("a caller", |event| match event {
            SwitchEvent::Saw(SwitchSaw::CallerArrived { call, .. }) => Some(call),
            _ => None,
        })
        .await
    }

    pub(crate) async fn ring(&self, call: CallId, n: u16, seat: &str) -> LegId {
        let leg = LegId { call, n };
        self.told(SwitchCommand::Ring { leg, seat: seat.parse().expect("a seat") }).await;
        leg
    }

    /// Rings a seat that answers and says a tone of `hz`; its media is up then.
    pub(crate) async fn answered(
        &mut self,
        call: CallId,
        n: u16,
        seat: &str,
        phone: &mut Phone,
        hz: f32,
    ) -> (LegId, Talk) {
        let leg = self.ring(call, n, seat).await;
        let incoming = phone.incoming().await;
        phone.ua.ring(incoming.dialog).await.expect("rings");
        self.saw(SwitchSaw::Ringing(leg)).await;
        let talk = phone.answer(&incoming, hz).await;
        self.saw(SwitchSaw::Answered(leg)).await;
        self.saw(SwitchSaw::Flows(leg)).await;
        (leg, talk)
    }

    pub(crate) async fn saw(&mut self, wanted: SwitchSaw) {
        self.next(&format!("{wanted:?}"), |event| match event {
            SwitchEvent::Saw(saw) if saw == wanted => Some(()),
            // Another end of the same leg than the wanted one is not waited out.
            SwitchEvent::Saw(SwitchSaw::Ended { leg, cause }) => {
                if let SwitchSaw::Ended { leg: other, .. } = wanted {
                    assert_ne!(leg, other, "{leg} ended by {cause:?} instead of {wanted:?}");
                }
                None
            }
            _ => None,
        })
        .await;
    }

    /// The end of a leg, and the figures that must follow it.
    pub(crate) async fn ended(&mut self, leg: LegId, cause: LegCause) -> LegReport {
        self.saw(SwitchSaw::Ended { leg, cause }).await;
        let report = self
            .next("the figures of the leg", |event| match event {
                SwitchEvent::LegClosed(report) if report.leg == leg => Some(report),
                SwitchEvent::Saw(SwitchSaw::Ended { leg: again, .. }) if again == leg => {
                    panic!("{leg} ended twice")
                }
                _ => None,
            })
            .await;
        assert_eq!(report.cause, cause);
        report
    }

    pub(crate) async fn recorded(&mut self, call: CallId) -> RecordingReport {
        self.next("the recording", |event| match event {
            SwitchEvent::Recorded(report) if report.call == call => Some(report),
            _ => None,
        })
        .await
    }

    /// Everything that is said until the switch is gone.
    pub(crate) async fn shut_down(mut self) -> Vec<SwitchEvent> {
        self.switch.shut_down().await;
        let mut rest = Vec::new();
        while let Some(event) = soon("the end of the switch", self.events.recv()).await {
            rest.push(event);
        }
        rest
    }
}
