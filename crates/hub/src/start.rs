//! Starting and stopping a hub.

use crate::actor::{Actor, INBOX, Inbox};
use crate::core::{Found, FoundCall, HubCore, Survivor, notes_shown_from};
use crate::http::{self, Asset, Door, Patience, Rules, Shared};
use crate::line::{ACCOUNTS_WAITING, Accounts, COMMANDS_WAITING, Line};
use crate::writer::Writer;
use crate::{ConfigFault, HubConfig, HubNews};
use siaga_call_flow::Past;
use siaga_hub_store::{PasswordError, Store, StoreError};
use siaga_model::{CallId, Timestamp};
use siaga_switch::{LiveCall, Switch, SwitchEvent};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How much news may wait for a slow watcher, which then misses the oldest and is told so.
const NEWS: usize = 4_096;
/// How many cases to act on are read at the start.
const CASES_AT_START: u32 = 2_000;
/// How many notes of the last day are read at the start.
const NOTES_AT_START: u32 = 2_000;
/// How many of the calls that ended last are read at the start, for what their desks still have to
/// say of them.
const CALLS_AT_START: u32 = 256;
/// How long stopping may take for each of its steps.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Why a hub could not start.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It is told something impossible.
    #[error("the hub's configuration: {0}")]
    Config(#[from] ConfigFault),
    /// The store does not work.
    #[error("the hub's store: {0}")]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// The places are not to be had. Those of another Polda would send help to the wrong place.
    #[error("the gazetteer {} cannot be read: {source}", file.display())]
    Gazetteer {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The machine cannot hash a password.
    #[error("no password can be checked: {0}")]
    Password(#[from] PasswordError),
}

/// A hub. See the crate's documentation.
#[derive(Debug)]
pub struct Hub;

impl Hub {
    /// Starts a hub and returns when it listens.
    ///
    /// # Errors
    /// See [`HubError`]. A plugin that cannot be read is no error: it is logged and left out, and
    /// desks treat every report as valid.
    pub async fn start(
        config: HubConfig,
        switch: Arc<dyn Switch>,
        switch_events: mpsc::Receiver<SwitchEvent>,
        store: Arc<dyn Store>,
    ) -> Result<HubHandle, HubError> {
        config.check()?;
        let now = config.clock.now();
        store.put_units(&config.units, &config.seats).await?;
        let live = survey(&*switch).await;
        let found = find(&*store, now, live).await?;
        let core = HubCore::new(&config, now, found).map_err(ConfigFault::from)?;
        let rules = Rules {
            plugins: load_plugins(&config).await,
            gazetteer: load_gazetteer(&config).await?,
        };
        let listen = |source| HubError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let local_addr = listener.local_addr().map_err(listen)?;

        let (inbox_in, inbox) = mpsc::channel(INBOX);
        let (line_in, commands) = mpsc::channel(COMMANDS_WAITING);
        let (accounts_in, account_jobs) = mpsc::channel(ACCOUNTS_WAITING);
        let (writer, jobs, stored) = Writer::new(Arc::clone(&store));
        let (news, _) = broadcast::channel(NEWS);
        let chores = TaskTracker::new();
        let hub = inbox_in.downgrade();
        let line = Line { switch: Arc::clone(&switch), commands, hub: hub.clone() };
        let accounts = Accounts { switch: Arc::clone(&switch), jobs: account_jobs };
        let actor = Actor {
            core,
            clock: config.clock,
            polda_code: config.polda_code.clone(),
            store: Arc::clone(&store),
            inbox,
            hub,
            switch_events,
            line: line_in,
            accounts: accounts_in.clone(),
            jobs,
            stored,
            news: news.clone(),
            chores: chores.clone(),
            desks: BTreeMap::new(),
            last_connection: 0,
        };
        let shared =
            Shared::new(&config, switch, Arc::clone(&store), inbox_in.clone(), accounts_in, rules)
                .await?;
        let stopping = CancellationToken::new();
        let app = http::router(shared);
        let server = http::serve(Door::new(listener), app, Patience::default(), stopping.clone());
        tracing::info!(%local_addr, "the hub listens");
        Ok(HubHandle {
            local_addr,
            store,
            news,
            inbox: inbox_in,
            stopping,
            chores,
            actor: tokio::spawn(actor.run()),
            line: tokio::spawn(line.run()),
            accounts: tokio::spawn(accounts.run()),
            writer: tokio::spawn(writer.run()),
            server: tokio::spawn(server),
        })
    }
}

/// A hub that runs. Dropping it without [`Self::shut_down`] lets it run on.
pub struct HubHandle {
    local_addr: SocketAddr,
    store: Arc<dyn Store>,
    news: broadcast::Sender<HubNews>,
    inbox: mpsc::Sender<Inbox>,
    stopping: CancellationToken,
    chores: TaskTracker,
    actor: JoinHandle<()>,
    line: JoinHandle<()>,
    accounts: JoinHandle<()>,
    writer: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl std::fmt::Debug for HubHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubHandle").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

impl HubHandle {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// `http://…` as desks are told it.
    pub fn url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// What happens from now on. A watcher that is 4,096 items behind misses the oldest and is told
    /// how many.
    pub fn events(&self) -> broadcast::Receiver<HubNews> {
        self.news.subscribe()
    }

    /// Its store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Stops: desks are let go and may come back to the next hub with their sessions, everything that
    /// happened is stored. An embedded switch is to be shut
    /// down before, so that its last recordings are in the store. Bounded to some seconds.
    pub async fn shut_down(self) {
        let _ = self.inbox.send(Inbox::Stop).await;
        finish(self.actor, "actor").await;
        self.stopping.cancel();
        finish(self.server, "server").await;
        finish(self.line, "line").await;
        // They end with their last sender, which was the server's.
        finish(self.accounts, "accounts").await;
        finish(self.writer, "writer").await;
        self.chores.close();
        if tokio::time::timeout(STOP_WITHIN, self.chores.wait()).await.is_err() {
            tracing::warn!("some chores were left undone");
        }
    }
}

async fn finish(mut task: JoinHandle<()>, name: &str) {
    match tokio::time::timeout(STOP_WITHIN, &mut task).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, name, "a task of the hub failed"),
        Err(_) => {
            tracing::warn!(name, "a task of the hub took too long to stop");
            task.abort();
        }
    }
}

/// What lives on the switch; `None` when it cannot be asked for some seconds. What it holds cannot be
/// steered then, and desks need their hub all the same: it tells later what there is.
async fn survey(switch: &dyn Switch) -> Option<Vec<LiveCall>> {
    let found = switch.survey().await;
    found.inspect_err(|error| tracing::error!(%error, "the hub starts without its switch")).ok()
}

/// What the log says of a call.
async fn past(store: &dyn Store, call: CallId) -> Result<Past, StoreError> {
    let log = store.call_events(call).await?;
    // Events of the hub itself do not read as events of the flow.
    let events = log.into_iter().filter_map(|stored| {
        Some((stored.event.at, serde_json::from_str(&stored.event.body).ok()?))
    });
    Ok(Past::of(call, events))
}

/// What the last hub left behind, and what became of it. Calls that were live then and that the
/// switch does not hold any more are over.
async fn find(
    store: &dyn Store,
    now: Timestamp,
    live: Option<Vec<LiveCall>>,
) -> Result<Found, StoreError> {
    let is_surveyed = live.is_some();
    let mut survivors = Vec::new();
    for call in live.unwrap_or_default() {
        survivors.push(Survivor { past: past(store, call.call).await?, call });
    }
    let mut calls = Vec::new();
    for kept in store.kept_calls(CALLS_AT_START).await? {
        let call = kept.call;
        calls.push(FoundCall {
            draft: store.draft(call).await?,
            advice: store.advice(call).await?.pop(),
            overridden: store.overrides(call).await?.pop().map(|record| record.validity),
            case: store.case_of(call).await?,
            closing: store.closings(call).await?.pop(),
            past: past(store, call).await?,
            kept,
        });
    }
    Ok(Found {
        to_act_on: store.cases_to_act_on(CASES_AT_START).await?,
        call_backs: store.open_call_backs().await?,
        notes: store.shift_notes(notes_shown_from(now), NOTES_AT_START).await?,
        sessions: store.open_sessions().await?,
        calls,
        survivors: is_surveyed.then_some(survivors),
    })
}

async fn load_plugins(config: &HubConfig) -> Vec<Asset> {
    let mut plugins = Vec::new();
    for (name, file) in &config.plugins {
        match tokio::fs::read(file).await {
            Ok(bytes) => plugins.push(Asset::new(name.clone(), bytes)),
            Err(error) => {
                tracing::error!(name, file = %file.display(), %error, "a plugin cannot be read");
            }
        }
    }
    plugins
}

async fn load_gazetteer(config: &HubConfig) -> Result<Option<Asset>, HubError> {
    let Some(file) = &config.gazetteer else { return Ok(None) };
    let bytes = tokio::fs::read(file)
        .await
        .map_err(|source| HubError::Gazetteer { file: file.clone(), source })?;
    let name =
        file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Some(Asset::new(name, bytes)))
}
