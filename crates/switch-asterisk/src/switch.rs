//! The switch that the hub holds, and the actor behind it.

use crate::ari::{AriAccess, AriClient, AriError};
use crate::core::{Core, Input, LOOK, Output, Request};
use crate::ears::{Ears, Heard};
use crate::recordings::{NOTICES, Notice, Recordings};
use crate::worker::{REQUESTS, Worker};
use crate::{AsteriskConfig, StartError, link, names};
use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_model::{CallId, Redacted, SeatId};
use siaga_sip::Ha1s;
use siaga_switch::{Clock, LiveCall, SipEndpoint, Switch, SwitchError, SwitchEvent};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Commands that may wait; the actor takes each in microseconds.
const COMMANDS: usize = 1_024;
/// Events that may wait for the hub. When it does not keep up, the actor and then Asterisk's socket
/// wait; voices do not.
const EVENTS: usize = 4_096;
/// Inputs that may wait for the actor; senders wait.
const INPUTS: usize = 4_096;
/// How long a survey waits for the first connection: Asterisk may be starting too. Desks wait as long
/// for their hub.
const SURVEYED_WITHIN: Duration = Duration::from_secs(15);
/// How long stopping may take.
const STOPPED_WITHIN: Duration = Duration::from_secs(4);

enum ToActor {
    Command(SwitchCommand),
    Survey(oneshot::Sender<Vec<LiveCall>>),
    Stop,
}

/// The secrets of seats as Asterisk is given them; put there again when it was started anew. Whoever
/// changes an account holds the lock until Asterisk has it, so that none comes back that was taken away.
#[derive(Clone, Debug, Default)]
struct Accounts(Arc<tokio::sync::Mutex<BTreeMap<SeatId, Ha1s>>>);

/// Asterisk as a switch.
pub struct AsteriskSwitch {
    client: AriClient,
    endpoint: SipEndpoint,
    accounts: Accounts,
    actor: mpsc::Sender<ToActor>,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for AsteriskSwitch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsteriskSwitch").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl AsteriskSwitch {
    /// Connects in the background, again and again: a hub starts also while Asterisk does not run, and
    /// has its calls when it does.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: AsteriskConfig,
        clock: Clock,
    ) -> Result<(Arc<Self>, mpsc::Receiver<SwitchEvent>), StartError> {
        let raw = config.recordings.join(names::RAW);
        std::fs::create_dir_all(&raw)
            .map_err(|source| StartError::Recordings { path: raw, source })?;
        let client = AriClient::new(AriAccess {
            url: config.ari_url,
            user: config.user,
            password: config.password,
            app: config.app.clone(),
        })?;
        let (events_in, events) = mpsc::channel(EVENTS);
        let (inputs_in, inputs) = mpsc::channel(INPUTS);
        let (heard_in, heard) = mpsc::channel(INPUTS);
        let (notices, notices_out) = mpsc::channel(NOTICES);
        let (commands_in, commands) = mpsc::channel(COMMANDS);
        let stopping = CancellationToken::new();
        let ears = Ears::listen(config.ears, heard_in, stopping.clone())
            .await
            .map_err(|source| StartError::Ears { address: config.ears, source })?;
        let recordings = Recordings::new(config.recordings, notices_out, events_in.clone());
        let accounts = Accounts::default();
        let actor = Actor {
            core: Core::new(config.app, config.trunk),
            clock,
            client: client.clone(),
            ears,
            accounts: accounts.clone(),
            domain: config.domain.clone(),
            commands,
            inputs,
            inputs_in: inputs_in.clone(),
            heard,
            events: events_in,
            notices,
            workers: HashMap::new(),
            leaving: HashMap::new(),
            connected: false,
            surveys: Vec::new(),
        };
        let link = tokio::spawn(link::run(client.clone(), inputs_in));
        let running = tokio::spawn(async move {
            let recordings = tokio::spawn(recordings.run());
            actor.run().await;
            link.abort();
            stopping.cancel();
            if let Err(error) = recordings.await {
                tracing::error!(%error, "the task of the recordings failed");
            }
        });
        let switch = Arc::new(Self {
            client,
            endpoint: SipEndpoint { ws_url: config.ws_url, domain: config.domain },
            accounts,
            actor: commands_in,
            running: Mutex::new(Some(running)),
        });
        Ok((switch, events))
    }
}

fn not_done(error: &AriError) -> SwitchError {
    match error {
        AriError::Refused { .. } | AriError::Malformed { .. } | AriError::BadAddress(_) => {
            SwitchError::Refused(error.to_string())
        }
        AriError::Unreachable { .. } | AriError::TooSlow { .. } => {
            SwitchError::Unreachable(error.to_string())
        }
    }
}

/// Gives Asterisk a seat's account: digests only, so that it never knows the secret.
async fn put_account(
    client: &AriClient,
    seat: &SeatId,
    domain: &str,
    secrets: &Ha1s,
) -> Result<(), AriError> {
    let mut fields = vec![
        ("auth_type", "digest".to_owned()),
        ("username", seat.to_string()),
        ("realm", domain.to_owned()),
        ("password_digest", format!("SHA-256:{}", secrets.sha256.expose())),
    ];
    let mut algorithms = "SHA-256".to_owned();
    if let Some(md5) = &secrets.md5 {
        fields.push(("password_digest", format!("MD5:{}", md5.expose())));
        algorithms.push_str(",MD5");
    }
    fields.push(("supported_algorithms_uas", algorithms));
    client.put_config("auth", seat.as_str(), &Redacted::new(fields)).await
}

/// Takes a seat's account away: first what its desk registers with, then what it has registered, or
/// the queue of the dialplan would go on ringing it.
async fn remove_account(client: &AriClient, seat: &SeatId) -> Result<(), AriError> {
    match client.delete_config("auth", seat.as_str()).await {
        Err(error) if !error.is_gone() => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let fields = client.config("aor", seat.as_str()).await?;
    let registered = fields.iter().filter(|(name, _)| name == "contact");
    for uri in registered.flat_map(|(_, uris)| uris.split(',')).filter(|uri| !uri.is_empty()) {
        client.delete_config("contact", &names::contact(seat, uri)).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl Switch for AsteriskSwitch {
    fn name(&self) -> &'static str {
        "asterisk"
    }

    fn endpoint(&self) -> SipEndpoint {
        self.endpoint.clone()
    }

    async fn execute(&self, command: SwitchCommand) -> Result<(), SwitchError> {
        match self.actor.try_send(ToActor::Command(command)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(SwitchError::Overloaded(COMMANDS)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(SwitchError::Gone),
        }
    }

    async fn admit(&self, seat: &SeatId, secret: &Redacted<String>) -> Result<(), SwitchError> {
        let secrets = Ha1s::of(seat.as_str(), &self.endpoint.domain, secret);
        let mut known = self.accounts.0.lock().await;
        put_account(&self.client, seat, &self.endpoint.domain, &secrets)
            .await
            .map_err(|error| not_done(&error))?;
        known.insert(seat.clone(), secrets);
        Ok(())
    }

    async fn dismiss(&self, seat: &SeatId) -> Result<(), SwitchError> {
        let mut known = self.accounts.0.lock().await;
        known.remove(seat);
        match remove_account(&self.client, seat).await {
            Err(error) if !error.is_gone() => Err(not_done(&error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn survey(&self) -> Result<Vec<LiveCall>, SwitchError> {
        let (reply, mut answer) = oneshot::channel();
        self.actor.send(ToActor::Survey(reply)).await.map_err(|_| SwitchError::Gone)?;
        match tokio::time::timeout(SURVEYED_WITHIN, &mut answer).await {
            Ok(Ok(calls)) => return Ok(calls),
            Ok(Err(_)) => return Err(SwitchError::Gone),
            Err(_) => {}
        }
        // From here on the actor knows that nobody waits; what it has said before counts.
        answer.close();
        answer.try_recv().map_err(|_| {
            let within = SURVEYED_WITHIN.as_secs();
            SwitchError::Unreachable(format!("no connection within {within} s"))
        })
    }

    async fn shut_down(&self) {
        // An error means that the actor is gone already, which is what was wanted.
        let _ = self.actor.send(ToActor::Stop).await;
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut running) = running
            && tokio::time::timeout(STOPPED_WITHIN, &mut running).await.is_err()
        {
            tracing::warn!("recordings are still being sealed: the next start goes on with them");
            running.abort();
        }
    }
}

/// Brings what happens to the core, and does what it wants.
struct Actor {
    core: Core,
    clock: Clock,
    client: AriClient,
    ears: Ears,
    accounts: Accounts,
    /// Realm of the seats' digests.
    domain: String,
    commands: mpsc::Receiver<ToActor>,
    inputs: mpsc::Receiver<Input>,
    inputs_in: mpsc::Sender<Input>,
    heard: mpsc::Receiver<Heard>,
    events: mpsc::Sender<SwitchEvent>,
    notices: mpsc::Sender<Notice>,
    /// What is asked of Asterisk for a call is done one after the other.
    workers: HashMap<CallId, (mpsc::Sender<Request>, JoinHandle<()>)>,
    /// Workers of calls that were over, which may not have done all yet. A caller may come back to such
    /// a call, and the bridge that is opened then must not be the one that is still to be closed.
    leaving: HashMap<CallId, JoinHandle<()>>,
    connected: bool,
    /// Who waits for the first connection.
    surveys: Vec<oneshot::Sender<Vec<LiveCall>>>,
}

impl Actor {
    async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looking = None::<JoinHandle<()>>;
        loop {
            tokio::select! {
                _ = looks.tick() => {
                    if looking.as_ref().is_none_or(JoinHandle::is_finished) {
                        looking = self.look();
                    }
                }
                message = self.commands.recv() => match message {
                    Some(ToActor::Command(command)) => self.handle(Input::Command(command)).await,
                    Some(ToActor::Survey(reply)) => {
                        self.surveys.push(reply);
                        self.answer_surveys();
                    }
                    Some(ToActor::Stop) | None => break,
                },
                Some(input) = self.inputs.recv() => self.handle(input).await,
                Some(Heard { leg, what }) = self.heard.recv() => {
                    self.handle(Input::Noticed { leg, what }).await;
                }
            }
        }
        let _ = self.notices.send(Notice::Stop).await;
    }

    /// Counts the packets of every seat beside everything else: one look at a time.
    fn look(&self) -> Option<JoinHandle<()>> {
        let legs = self.core.seats_up();
        if legs.is_empty() {
            return None;
        }
        let (client, inputs) = (self.client.clone(), self.inputs_in.clone());
        Some(tokio::spawn(async move {
            for (leg, channel) in legs {
                // A leg that cannot be asked about is no leg that was lost.
                if let Ok(figures) = client.rtp_statistics(&channel).await {
                    let _ = inputs.send(Input::Packets { leg, received: figures.rxcount }).await;
                }
            }
        }))
    }

    async fn handle(&mut self, input: Input) {
        let connected = match &input {
            Input::Connected(snapshot) => Some(snapshot.citizens()),
            _ => None,
        };
        self.core.handle(self.clock.now(), input);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Ask(request) => self.ask(request).await,
                Output::Tell(event) => self.tell(event).await,
                Output::Over(call) => self.notice(Notice::Over(call)).await,
                Output::Restarted => self.restore_accounts(),
            }
        }
        if let Some(mut elsewhere) = connected {
            self.connected = true;
            let up = self.core.survey();
            let live: BTreeSet<_> =
                up.iter().filter(|one| one.caller_up).map(|one| one.call).collect();
            elsewhere.retain(|call| !live.contains(call));
            self.notice(Notice::Sweep { live, elsewhere }).await;
            let asked = !self.surveys.is_empty();
            if asked && !self.answer_surveys() {
                self.tell(SwitchEvent::Outlived(up)).await;
            }
        }
    }

    /// Gives whether anybody was told; whoever asked may have given up.
    fn answer_surveys(&mut self) -> bool {
        let mut told = false;
        if self.connected {
            for reply in self.surveys.drain(..) {
                told |= reply.send(self.core.survey()).is_ok();
            }
        }
        told
    }

    async fn tell(&mut self, event: SwitchEvent) {
        let recorded = match &event {
            SwitchEvent::Saw(SwitchSaw::CallerArrived { call, .. }) => Some(*call),
            SwitchEvent::Saw(SwitchSaw::Answered(leg)) if leg.is_caller() => Some(leg.call),
            _ => None,
        };
        if let Some(call) = recorded {
            self.notice(Notice::Up(call)).await;
        }
        // Without a hub nobody listens; legs still obey their ends.
        let _ = self.events.send(event).await;
    }

    async fn notice(&self, notice: Notice) {
        // The task of the recordings ends after this one.
        let _ = self.notices.send(notice).await;
    }

    async fn ask(&mut self, request: Request) {
        let call = request.call();
        let last = matches!(request, Request::CloseBridge(_));
        self.leaving.retain(|_, worker| !worker.is_finished());
        let (worker, _) = self.workers.entry(call).or_insert_with(|| {
            let (sender, requests) = mpsc::channel(REQUESTS);
            let (client, ears) = (self.client.clone(), self.ears.clone());
            let inputs = self.inputs_in.clone();
            let before = self.leaving.remove(&call);
            let worker = Worker { client, ears, requests, inputs };
            let task = tokio::spawn(async move {
                if let Some(before) = before {
                    // However it ended, it does nothing any more.
                    let _ = before.await;
                }
                worker.run().await;
            });
            (sender, task)
        });
        if let Err(error) = worker.try_send(request) {
            tracing::error!(%call, "Asterisk does not keep up: a request is left out");
            if let Request::Originate { leg, .. } = error.into_inner() {
                // The queue's own worker would wait for us: this is told by a task.
                let inputs = self.inputs_in.clone();
                tokio::spawn(async move {
                    let _ = inputs.send(Input::NotRung { leg, nobody: false }).await;
                });
            }
        }
        if last || !self.core.knows(call) {
            // It does what it was asked for, and ends.
            if let Some((_, task)) = self.workers.remove(&call) {
                self.leaving.insert(call, task);
            }
        }
    }

    fn restore_accounts(&self) {
        let (client, accounts) = (self.client.clone(), self.accounts.clone());
        let domain = self.domain.clone();
        tokio::spawn(async move {
            let seats: Vec<_> = accounts.0.lock().await.keys().cloned().collect();
            for seat in seats {
                let known = accounts.0.lock().await;
                // Somebody may have logged out since.
                let Some(secrets) = known.get(&seat) else { continue };
                if let Err(error) = put_account(&client, &seat, &domain, secrets).await {
                    tracing::error!(%seat, %error, "a seat cannot register until it logs in again");
                }
            }
        });
    }
}
