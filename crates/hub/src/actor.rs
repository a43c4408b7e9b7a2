//! The one task that owns the hub's state: it brings what happened to [`HubCore`] with the time, and
//! does what the core wants.

use crate::HubNews;
use crate::core::{ConnectionId, Effect, HubCore, Seated, SitRequest, Ticket, Visitor};
use crate::line::AccountJob;
use crate::writer::{Job, Stored};
use siaga_call_flow::SwitchCommand;
use siaga_hub_api::{ApiError, CaseBlock, HubView, Sequenced, ToDesk, ToHub};
use siaga_hub_store::{NumberLease, Store, StoreError, TokenHash};
use siaga_model::{CallFacts, CallId, Level, SeatId, Timestamp, UnitId};
use siaga_switch::{Clock, SwitchEvent};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

/// How many messages from desks and requests may wait; senders wait when it is full.
pub(crate) const INBOX: usize = 1_024;
/// How many acknowledgements and refusals may wait for one desk. A desk that does not read so many
/// is closed: it comes back and is shown everything anew.
pub(crate) const DESK_QUEUE: usize = 256;

/// Pause before numbers are asked for again of a store that does not answer.
const LEASE_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What reaches the hub beside the switch.
#[derive(Debug)]
pub(crate) enum Inbox {
    Sit {
        request: SitRequest,
        reply: oneshot::Sender<Result<Seated, ApiError>>,
    },
    /// A desk goes on in its session.
    Resume {
        token: TokenHash,
        reply: oneshot::Sender<Result<Seated, ApiError>>,
    },
    FirstBlock {
        seat: SeatId,
        lease: NumberLease,
        reply: oneshot::Sender<Option<CaseBlock>>,
    },
    Leave {
        token: TokenHash,
        reply: oneshot::Sender<Result<(), ApiError>>,
    },
    Unit {
        token: TokenHash,
        reply: oneshot::Sender<Result<(UnitId, Level), ApiError>>,
    },
    Visitor {
        token: TokenHash,
        reply: oneshot::Sender<Result<Visitor, ApiError>>,
    },
    /// Whether this session's desk is shown this call.
    IsShown {
        token: TokenHash,
        call: CallId,
        reply: oneshot::Sender<bool>,
    },
    /// What is known of a call that is not long over; it may not be stored yet.
    Facts {
        call: CallId,
        reply: oneshot::Sender<Option<CallFacts>>,
    },
    /// Somebody listens to a recording.
    Heard {
        seat: SeatId,
        call: CallId,
        sha256: String,
    },
    Connect {
        token: TokenHash,
        desk: DeskLine,
        reply: oneshot::Sender<Result<ConnectionId, ApiError>>,
    },
    Says {
        connection: ConnectionId,
        said: Sequenced<ToHub>,
    },
    Disconnected(ConnectionId),
    Leased {
        seat: SeatId,
        result: Result<NumberLease, StoreError>,
    },
    SwitchFailed(SwitchCommand),
    LoginFailed {
        address: IpAddr,
        /// Whether there is such an operator.
        known: bool,
    },
    TokensGuessed {
        address: IpAddr,
    },
    LiveCalls {
        reply: oneshot::Sender<usize>,
    },
    Today {
        reply: oneshot::Sender<(Timestamp, u32)>,
    },
    Stop,
}

/// The hub's end of a desk's connection: what must arrive is queued, of views only the newest
/// counts.
#[derive(Debug)]
pub(crate) struct DeskLine {
    pub(crate) queue: mpsc::Sender<ToDesk>,
    pub(crate) slot: watch::Sender<Slot>,
}

/// The newest view, and whether the connection is to be closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot {
    pub(crate) view: Option<Arc<HubView>>,
    /// `Some`: close, with a reason if there is one.
    pub(crate) closed: Option<Option<ApiError>>,
}

pub(crate) struct Actor {
    pub(crate) core: HubCore,
    pub(crate) clock: Clock,
    pub(crate) polda_code: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) inbox: mpsc::Receiver<Inbox>,
    pub(crate) hub: mpsc::WeakSender<Inbox>,
    pub(crate) switch_events: mpsc::Receiver<SwitchEvent>,
    pub(crate) line: mpsc::Sender<SwitchCommand>,
    pub(crate) accounts: mpsc::Sender<AccountJob>,
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) stored: mpsc::Receiver<Stored>,
    pub(crate) news: broadcast::Sender<HubNews>,
    pub(crate) chores: TaskTracker,
    pub(crate) desks: BTreeMap<ConnectionId, DeskLine>,
    pub(crate) last_connection: u64,
}

impl Actor {
    /// Runs until told to stop.
    pub(crate) async fn run(mut self) {
        let mut switch_stands = true;
        loop {
            self.perform();
            let now = self.clock.now();
            let wait = self.core.deadline().map(|due| due.since(now));
            tokio::select! {
                event = self.switch_events.recv(), if switch_stands => match event {
                    Some(event) => self.core.switch_event(self.clock.now(), event),
                    None => {
                        switch_stands = false;
                        match self.core.switch_lost(self.clock.now()) {
                            // So it ends in an orderly stop: first its calls, then the switch.
                            0 => tracing::info!("the switch has ended, and no call with it"),
                            calls => tracing::error!(calls, "the switch is gone with its calls"),
                        }
                    }
                },
                message = self.inbox.recv() => match message {
                    None | Some(Inbox::Stop) => break,
                    Some(message) => self.received(message),
                },
                Some(stored) = self.stored.recv() => match stored {
                    Stored::Ticket(ticket, result) => self.core.stored(ticket, &result),
                    Stored::Cases => self.core.cases_stored(),
                    Stored::Failing => self.core.storing_failed(self.clock.now()),
                    Stored::Again => self.core.storing_again(self.clock.now()),
                },
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {
                    self.core.tick(self.clock.now());
                }
            }
        }
        // What the switch said before it was stopped still counts: its last recordings.
        while let Ok(event) = self.switch_events.try_recv() {
            self.core.switch_event(self.clock.now(), event);
        }
        self.core.closing_time();
        self.perform();
    }

    fn received(&mut self, message: Inbox) {
        let now = self.clock.now();
        // A reply that nobody waits for any more is no error.
        match message {
            Inbox::Sit { request, reply } => drop(reply.send(self.core.sit_down(now, request))),
            Inbox::Resume { token, reply } => drop(reply.send(self.core.resume(now, &token))),
            Inbox::FirstBlock { seat, lease, reply } => {
                drop(reply.send(self.core.first_block(&seat, lease)));
            }
            Inbox::Leave { token, reply } => drop(reply.send(self.core.leave(now, &token))),
            Inbox::Unit { token, reply } => drop(reply.send(self.core.unit_of(&token))),
            Inbox::Visitor { token, reply } => drop(reply.send(self.core.visitor(&token))),
            Inbox::IsShown { token, call, reply } => {
                let _ = reply.send(self.core.is_shown(&token, call));
            }
            Inbox::Facts { call, reply } => drop(reply.send(self.core.facts(call).cloned())),
            Inbox::Heard { seat, call, sha256 } => self.core.heard(now, &seat, call, &sha256),
            Inbox::Connect { token, desk, reply } => {
                self.last_connection += 1;
                let connection = ConnectionId(self.last_connection);
                self.desks.insert(connection, desk);
                let result = self.core.connected(now, &token, connection).map(|()| connection);
                let refused = result.is_err();
                if reply.send(result).is_err() {
                    self.core.disconnected(now, connection);
                }
                if refused {
                    self.desks.remove(&connection);
                }
            }
            Inbox::Says { connection, said } => {
                self.core.desk_says(now, connection, said, rand::random());
            }
            Inbox::Disconnected(connection) => {
                self.desks.remove(&connection);
                self.core.disconnected(now, connection);
            }
            Inbox::Leased { seat, result } => self.core.leased(now, &seat, result),
            Inbox::SwitchFailed(command) => self.core.switch_failed(now, &command),
            Inbox::LoginFailed { address, known } => self.core.login_failed(now, address, known),
            Inbox::TokensGuessed { address } => self.core.tokens_guessed(now, address),
            Inbox::LiveCalls { reply } => drop(reply.send(self.core.live_calls())),
            Inbox::Today { reply } => drop(reply.send((now, self.core.today(now)))),
            // Handled in `run`, which ends there.
            Inbox::Stop => {}
        }
    }

    fn perform(&mut self) {
        while let Some(effect) = self.core.poll() {
            self.act(effect);
        }
        for (connection, view) in self.core.views(self.clock.now()) {
            if let Some(desk) = self.desks.get(&connection) {
                desk.slot.send_modify(|slot| slot.view = Some(Arc::new(view)));
            }
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Switch(command) => {
                if self.line.try_send(command.clone()).is_err() {
                    tracing::error!(?command, "the switch does not keep up");
                    self.core.switch_failed(self.clock.now(), &command);
                }
            }
            Effect::Dismiss(seat) => {
                if self.accounts.try_send(AccountJob::Dismiss(seat.clone())).is_err() {
                    tracing::error!(%seat, "the switch does not keep up");
                }
            }
            Effect::Store { writes, ticket } => self.store_job(Job { writes, ticket }),
            Effect::Lease { seat, day, count } => self.lease(seat, day, count),
            Effect::Send { to, message } => self.send(to, message),
            Effect::Close { connection, bye } => self.close(connection, bye),
            // Nobody may be watching.
            Effect::News(news) => drop(self.news.send(news)),
        }
    }

    fn store_job(&mut self, job: Job) {
        let (job, why) = match self.jobs.try_send(job) {
            Ok(()) => return,
            Err(TrySendError::Full(job)) => (job, "too much waits to be stored"),
            Err(TrySendError::Closed(job)) => (job, "the writer has stopped"),
        };
        tracing::error!(writes = job.writes.len(), why, "something could not be stored");
        if let Some(ticket) = job.ticket {
            let ticket: Ticket = ticket;
            self.core.stored(ticket, &Err(StoreError::Unavailable(why.to_owned())));
        }
    }

    fn lease(&mut self, seat: SeatId, day: u32, count: u32) {
        let (store, hub) = (Arc::clone(&self.store), self.hub.clone());
        let (code, at) = (self.polda_code.clone(), self.clock.now());
        self.chore(async move {
            loop {
                let result = store.lease_numbers(&code, day, &seat, count, at).await;
                let Some(hub) = hub.upgrade() else { return };
                // A caller may be waiting for this number: a store that comes back still gives it.
                if result.as_ref().is_err_and(StoreError::may_pass) {
                    drop(hub);
                    tokio::time::sleep(LEASE_AGAIN_AFTER).await;
                    continue;
                }
                let _ = hub.send(Inbox::Leased { seat, result }).await;
                return;
            }
        });
    }

    fn chore(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.chores.spawn(work);
    }

    fn send(&mut self, to: ConnectionId, message: ToDesk) {
        let Some(desk) = self.desks.get(&to) else { return };
        if let Err(TrySendError::Full(_)) = desk.queue.try_send(message) {
            // Without a goodbye, which would log its operator out: it comes back and says all again.
            tracing::warn!("a desk does not read what it is told; its connection is cut");
            self.close(to, None);
            self.core.disconnected(self.clock.now(), to);
        }
    }

    fn close(&mut self, connection: ConnectionId, bye: Option<ApiError>) {
        if let Some(desk) = self.desks.remove(&connection) {
            desk.slot.send_modify(|slot| slot.closed = Some(bye));
        }
    }
}
