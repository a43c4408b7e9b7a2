//! A hub on loopback with a scripted switch and desks that speak the real protocol.

use siaga_call_flow::{FlowConfig, SwitchCommand, SwitchSaw};
use siaga_hub::{DialPlan, Hub, HubConfig, HubError, HubHandle};
use siaga_hub_api::{
    CallView, ClientError, DeskReceiver, DeskSender, HubClient, HubView, LoginRequest, Sequenced,
    Session, ToDesk, ToHub,
};
use siaga_hub_store::{Operator, OperatorName, PasswordHash, SqliteStore, Store};
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, Case, CaseStatus, Form, LegCause, LegId, Level,
    Redacted, Role, Seat, SeatId, Timestamp, Unit, UnitId,
};
use siaga_switch::{Clock, LiveCall, SipEndpoint, Switch, SwitchError, SwitchEvent};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Generous: nothing here waits for it unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const PASSWORD: &str = "rahasia malam";

pub(crate) fn seat(id: &str) -> SeatId {
    id.parse().unwrap()
}

pub(crate) fn unit(id: &str) -> UnitId {
    id.parse().unwrap()
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen in time"),
    }
}

/// Asks over a connection of its own; gives status and body, or nothing when it is closed.
pub(crate) async fn asks(
    stream: &mut tokio::net::TcpStream,
    path: &str,
    token: &str,
) -> Option<(u16, String)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let read = within("an answer", stream.read(&mut some)).await.ok().filter(|n| *n > 0)?;
        answer.extend_from_slice(&some[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            let status = head.split(' ').nth(1).map(|status| status.parse().unwrap())?;
            return Some((status, body.to_owned()));
        }
    }
}

/// Writes down what it is told; the test says what it sees.
#[derive(Default)]
pub(crate) struct ScriptedSwitch {
    /// What outlived the last hub; `None`: it cannot be asked.
    live: Option<Vec<LiveCall>>,
    told: Mutex<Told>,
    changed: Notify,
    /// While it is held nobody is admitted.
    pub(crate) door: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Told {
    commands: Vec<SwitchCommand>,
    knocked: Vec<SeatId>,
    admitted: Vec<SeatId>,
    dismissed: Vec<SeatId>,
}

#[async_trait::async_trait]
impl Switch for ScriptedSwitch {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn endpoint(&self) -> SipEndpoint {
        SipEndpoint { ws_url: "ws://127.0.0.1:9/".to_owned(), domain: "siaga.invalid".to_owned() }
    }

    async fn execute(&self, command: SwitchCommand) -> Result<(), SwitchError> {
        self.told.lock().unwrap().commands.push(command);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn admit(&self, seat: &SeatId, secret: &Redacted<String>) -> Result<(), SwitchError> {
        assert_eq!(secret.expose().len(), 64, "256 random bits");
        self.told.lock().unwrap().knocked.push(seat.clone());
        self.changed.notify_waiters();
        let _open = self.door.lock().await;
        self.told.lock().unwrap().admitted.push(seat.clone());
        self.changed.notify_waiters();
        Ok(())
    }

    async fn dismiss(&self, seat: &SeatId) -> Result<(), SwitchError> {
        self.told.lock().unwrap().dismissed.push(seat.clone());
        self.changed.notify_waiters();
        Ok(())
    }

    async fn survey(&self) -> Result<Vec<LiveCall>, SwitchError> {
        let unreachable = || SwitchError::Unreachable("its link is cut".to_owned());
        self.live.clone().ok_or_else(unreachable)
    }

    async fn shut_down(&self) {}
}

impl ScriptedSwitch {
    async fn until<T>(&self, what: &str, found: impl Fn(&Told) -> Option<T>) -> T {
        within(what, async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(value) = found(&self.told.lock().unwrap()) {
                    return value;
                }
                changed.await;
            }
        })
        .await
    }

    /// The newest leg with which this seat is rung for this call.
    pub(crate) async fn rung(&self, call: CallId, at: &str) -> LegId {
        self.until(&format!("ringing {at}"), |told| {
            told.commands.iter().rev().find_map(|command| match command {
                SwitchCommand::Ring { leg, seat } if leg.call == call && seat.as_str() == at => {
                    Some(*leg)
                }
                _ => None,
            })
        })
        .await
    }

    /// The newest call that was to be opened for a call back.
    pub(crate) async fn opened(&self) -> CallId {
        self.until("a call back", |told| {
            told.commands.iter().rev().find_map(|command| match command {
                SwitchCommand::Open { call } => Some(*call),
                _ => None,
            })
        })
        .await
    }

    pub(crate) async fn told(&self, wanted: SwitchCommand) {
        let found = |told: &Told| told.commands.contains(&wanted).then_some(());
        self.until(&format!("{wanted:?}"), found).await;
    }

    /// Waits until this seat is to be admitted.
    pub(crate) async fn knocked(&self, at: &str) {
        let found = |told: &Told| told.knocked.contains(&seat(at)).then_some(());
        self.until(&format!("the admission of {at}"), found).await;
    }

    pub(crate) async fn dismissed(&self, at: &str) {
        let found = |told: &Told| told.dismissed.contains(&seat(at)).then_some(());
        self.until(&format!("the dismissal of {at}"), found).await;
    }

    pub(crate) fn admitted(&self) -> Vec<SeatId> {
        self.told.lock().unwrap().admitted.clone()
    }
}

pub(crate) struct World {
    pub(crate) hub: HubHandle,
    pub(crate) switch: Arc<ScriptedSwitch>,
    pub(crate) store: Arc<SqliteStore>,
    events: mpsc::Sender<SwitchEvent>,
    pub(crate) clock: Clock,
    calls: u128,
    dir: PathBuf,
}

/// Whom operators may call outside.
const DIAL_PLAN: &str = r#"
    [[service]]
    name = "Damkar"
    number = "113"

    [[number]]
    pattern = "021XXXXXX."
    roles = ["supervisor"]
"#;

pub(crate) fn config(plugins: Vec<(String, PathBuf)>) -> HubConfig {
    let make = |id: &str, name: &str, level, parent: Option<&str>| Unit {
        id: unit(id),
        name: name.to_owned(),
        code: id.rsplit('.').next().unwrap().to_uppercase(),
        level,
        parent: parent.map(unit),
    };
    let place =
        |id: &str, of: &str| Seat { id: seat(id), unit: unit(of), label: format!("Meja {id}") };
    HubConfig {
        units: vec![
            // Without a seat here, and before ours in every order.
            make("banten", "Polda Banten", Level::Polda, None),
            make("pmj", "Polda Metro Jaya", Level::Polda, None),
            make("pmj.jaksel", "Polres Metro Jakarta Selatan", Level::Polres, Some("pmj")),
            make("pmj.depok", "Polres Metro Depok", Level::Polres, Some("pmj")),
        ],
        seats: vec![
            place("pmj-1", "pmj"),
            place("pmj-2", "pmj"),
            place("jaksel-1", "pmj.jaksel"),
            place("depok-1", "pmj.depok"),
        ],
        flow: FlowConfig::polda_first(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        polda_code: "PMJ".to_owned(),
        utc_offset_min: 420,
        plugins,
        gazetteer: None,
        dial: DialPlan::from_toml(DIAL_PLAN).unwrap(),
        clock: Clock::start(),
    }
}

impl World {
    /// A hub on a fresh database in `dir`, or on the one that is there.
    pub(crate) async fn start(dir: &Path) -> Self {
        Self::with(dir, config(Vec::new())).await
    }

    /// A hub on the database in `dir` whose switch has lived on with these calls.
    pub(crate) async fn finds(dir: &Path, live: Vec<LiveCall>) -> Self {
        Self::on(dir, config(Vec::new()), Some(live)).await.unwrap()
    }

    /// A hub on the database in `dir` whose switch cannot be asked what has lived on.
    pub(crate) async fn finds_no_switch(dir: &Path) -> Self {
        Self::on(dir, config(Vec::new()), None).await.unwrap()
    }

    pub(crate) async fn with(dir: &Path, config: HubConfig) -> Self {
        Self::try_with(dir, config).await.unwrap()
    }

    pub(crate) async fn try_with(dir: &Path, config: HubConfig) -> Result<Self, HubError> {
        Self::on(dir, config, Some(Vec::new())).await
    }

    async fn on(
        dir: &Path,
        config: HubConfig,
        live: Option<Vec<LiveCall>>,
    ) -> Result<Self, HubError> {
        let store = Arc::new(SqliteStore::open(&dir.join("hub.db")).await.unwrap());
        for (name, seats) in
            [("ratna", vec![]), ("budi", vec![]), ("sari", vec![]), ("joko", vec![seat("depok-1")])]
        {
            let name = OperatorName::new(name).unwrap();
            if store.operator(&name).await.unwrap().is_none() {
                let password = PasswordHash::of(PASSWORD.to_owned().into()).await.unwrap();
                let display = format!("Bripka {name}");
                let role = if name.as_str() == "sari" { Role::Supervisor } else { Role::Operator };
                let operator = Operator { name, display, seats, role, password };
                store.put_operator(&operator).await.unwrap();
            }
        }
        let switch = Arc::new(ScriptedSwitch { live, ..ScriptedSwitch::default() });
        let (events, receiver) = mpsc::channel(64);
        let clock = config.clock;
        let hub = Hub::start(config, switch.clone(), receiver, store.clone()).await?;
        Ok(Self { hub, switch, store, events, clock, calls: 0, dir: dir.to_owned() })
    }

    pub(crate) async fn stop(self) {
        within("stopping", self.hub.shut_down()).await;
        self.store.close().await;
    }

    pub(crate) async fn saw(&self, saw: SwitchSaw) {
        self.event(SwitchEvent::Saw(saw)).await;
    }

    pub(crate) async fn event(&self, event: SwitchEvent) {
        self.events.send(event).await.unwrap();
    }

    pub(crate) async fn login(
        &self,
        operator: &str,
        at: &str,
    ) -> Result<(Session, HubClient), ClientError> {
        self.login_with(operator, PASSWORD, at).await
    }

    pub(crate) async fn login_with(
        &self,
        operator: &str,
        password: &str,
        at: &str,
    ) -> Result<(Session, HubClient), ClientError> {
        let request = LoginRequest {
            operator: operator.to_owned(),
            password: password.to_owned().into(),
            seat: seat(at),
        };
        HubClient::login(&self.hub.url(), request).await
    }

    /// Logged in, connected, registered at the switch.
    pub(crate) async fn desk(&self, operator: &str, at: &str) -> Desk {
        let (session, client) = self.login(operator, at).await.unwrap();
        let desk = Desk::connect(session, client).await;
        self.event(SwitchEvent::SeatRegistered(seat(at))).await;
        desk
    }

    /// As [`Self::desk`], and waiting for a call.
    pub(crate) async fn ready_desk(&self, operator: &str, at: &str) -> Desk {
        let mut desk = self.desk(operator, at).await;
        let ready = desk.say(ToHub::Ready).await;
        desk.acked(ready).await;
        let is_ready =
            |view: &HubView| (view.seat.state == siaga_model::SeatState::Ready).then_some(());
        desk.shows("ready", is_ready).await;
        desk
    }

    /// What kill -9 leaves of this hub: its database as it lies on the disk just now.
    pub(crate) fn killed(&self, to: &Path) {
        for file in ["hub.db", "hub.db-wal"] {
            std::fs::copy(self.dir.join(file), to.join(file)).unwrap();
        }
    }

    pub(crate) async fn caller(&mut self) -> CallId {
        self.caller_from("081200001101").await
    }

    /// Somebody with this number; without one it is withheld.
    pub(crate) async fn caller_from(&mut self, number: &str) -> CallId {
        self.calls += 1;
        let now = self.clock.now();
        let call = CallId::from_parts(u64::try_from(now.0).unwrap(), self.calls);
        let facts = CallFacts {
            caller: Caller {
                number: number.to_owned().into(),
                status: match number {
                    "" => CallerStatus::Withheld,
                    _ => CallerStatus::Verified,
                },
            },
            arrived_at: now,
            ..CallFacts::default()
        };
        self.saw(SwitchSaw::CallerArrived { call, facts, first_unit: None }).await;
        call
    }

    /// A caller who is with this desk, which shows the case number.
    pub(crate) async fn answered_call(&mut self, desk: &mut Desk) -> CallId {
        let call = self.caller().await;
        self.answer(call, desk).await;
        call
    }

    pub(crate) async fn answer(&self, call: CallId, desk: &mut Desk) {
        let leg = self.switch.rung(call, desk.session.seat.id.as_str()).await;
        self.saw(SwitchSaw::Answered(leg)).await;
        desk.shows("the answered call", |view| numbered(view, call)).await;
    }

    pub(crate) async fn caller_hangs_up(&self, call: CallId) {
        let leg = LegId::caller(call);
        self.saw(SwitchSaw::Ended { leg, cause: LegCause::HungUp }).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn numbered(view: &HubView, call: CallId) -> Option<CallView> {
    view.call.clone().filter(|shown| shown.call == call && shown.number.is_some())
}

pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) client: HubClient,
    pub(crate) sender: DeskSender,
    pub(crate) receiver: DeskReceiver,
    pub(crate) view: Option<HubView>,
    pub(crate) seq: u64,
    /// Everything received beside views, oldest first.
    pub(crate) received: Vec<ToDesk>,
}

impl Desk {
    pub(crate) async fn connect(session: Session, client: HubClient) -> Self {
        let (sender, receiver) = client.connect().await.unwrap();
        Self { session, client, sender, receiver, view: None, seq: 0, received: Vec::new() }
    }

    pub(crate) async fn reconnect(&mut self) {
        let (sender, receiver) = self.client.connect().await.unwrap();
        self.sender = sender;
        self.receiver = receiver;
        self.view = None;
    }

    pub(crate) async fn say(&mut self, message: ToHub) -> u64 {
        self.seq += 1;
        self.sender.send(&Sequenced { seq: self.seq, message }).await.unwrap();
        self.seq
    }

    /// Says it and waits until it is stored.
    pub(crate) async fn tell(&mut self, message: ToHub) {
        let seq = self.say(message).await;
        self.acked(seq).await;
    }

    pub(crate) async fn types(
        &mut self,
        call: CallId,
        rev: u64,
        narrative: &str,
        to: Option<&str>,
    ) {
        let form =
            Form { narrative: narrative.to_owned().into(), unit: to.map(unit), ..Form::default() };
        self.tell(ToHub::Draft { call, rev, form }).await;
    }

    pub(crate) async fn next(&mut self) -> ToDesk {
        let message = within("a message of the hub", self.receiver.next()).await.unwrap();
        let message = message.expect("the connection stands");
        match &message {
            ToDesk::View(view) => self.view = Some((**view).clone()),
            ToDesk::Ack { .. } | ToDesk::Refused { .. } | ToDesk::Cases(_) | ToDesk::Bye { .. } => {
                self.received.push(message.clone());
            }
        }
        message
    }

    pub(crate) async fn acked(&mut self, seq: u64) {
        loop {
            match self.next().await {
                ToDesk::Ack { seq: acked } if acked >= seq => return,
                ToDesk::Refused { seq: refused, error } if refused == seq => {
                    panic!("{seq} was refused: {error}")
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn refused(&mut self, seq: u64) -> siaga_hub_api::ErrorCode {
        loop {
            match self.next().await {
                ToDesk::Refused { seq: refused, error } if refused == seq => return error.code,
                ToDesk::Ack { seq: acked } if acked == seq => panic!("{seq} was taken"),
                _ => {}
            }
        }
    }

    /// Waits until the case of a call stands like this where this seat may see it.
    pub(crate) async fn finds(&self, call: CallId, status: CaseStatus) -> Case {
        within(&format!("finding the case as {status:?}"), async {
            loop {
                let cases = self.client.cases().await.unwrap();
                if let Some(case) =
                    cases.into_iter().find(|case| case.call == call && case.status == status)
                {
                    return case;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    }

    /// Waits until a view shows something.
    pub(crate) async fn shows<T>(
        &mut self,
        what: &str,
        found: impl Fn(&HubView) -> Option<T>,
    ) -> T {
        if let Some(value) = self.view.as_ref().and_then(&found) {
            return value;
        }
        within(&format!("seeing {what}"), async {
            loop {
                if let ToDesk::View(view) = self.next().await
                    && let Some(value) = found(&view)
                {
                    return value;
                }
            }
        })
        .await
    }
}
