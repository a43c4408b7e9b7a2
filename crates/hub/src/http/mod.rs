//! What goes over HTTP. Moves bytes and asks the actor; decides nothing but who may come in.

mod door;
mod error;
mod figures;
mod files;
mod lists;
mod login;
mod resources;
mod serve;
mod socket;

use crate::HubConfig;
use crate::actor::Inbox;
use crate::core::Visitor;
use crate::flood::Requests;
use crate::gate::LoginGate;
use crate::line::AccountJob;
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
pub(crate) use door::Door;
use error::Failure;
pub(crate) use serve::{Patience, serve};
use sha2::{Digest, Sha256};
use siaga_hub_api::{
    ABOUT_PATH, ALIVE_PATH, AUDIO_PATH, CASE_LIST_PATH, CASES_PATH, DESK_SOCKET_PATH, ErrorCode,
    FIGURES_PATH, FILES_PATH, HEALTH_PATH, LOGIN_PATH, LOGOUT_PATH, ODDS_PATH, PLUGINS_PATH,
    PluginRelease, RECORDINGS_PATH, SEARCH_PATH, SESSION_PATH,
};
use siaga_hub_store::{PasswordError, PasswordHash, Store, TokenHash};
use siaga_model::{Level, Redacted, Seat, UnitId};
use siaga_switch::{Clock, Switch};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Largest body of a request, in bytes: a login is the largest.
const BODY: usize = 16 * 1024;
/// How many passwords are checked at the same time; each takes a core and 19 MiB for a moment, and
/// calls must not feel it.
const PASSWORDS_AT_ONCE: usize = 2;

/// A file that desks fetch by its hash.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    release: PluginRelease,
    bytes: Bytes,
}

/// By what desks judge and route.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) plugins: Vec<Asset>,
    pub(crate) gazetteer: Option<Asset>,
}

impl Rules {
    fn releases(&self) -> Vec<PluginRelease> {
        self.plugins.iter().map(|plugin| plugin.release.clone()).collect()
    }
}

impl Asset {
    pub(crate) fn new(name: String, bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { release: PluginRelease { name, sha256 }, bytes: bytes.into() }
    }
}

/// What every request may use.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    clock: Clock,
    polda_code: String,
    switch: Arc<dyn Switch>,
    store: Arc<dyn Store>,
    hub: mpsc::Sender<Inbox>,
    accounts: mpsc::Sender<AccountJob>,
    rules: Rules,
    seats: Vec<Seat>,
    gate: Mutex<LoginGate>,
    requests: Mutex<Requests>,
    passwords: Semaphore,
    /// Recordings that are decoded at the same time; calls must not feel it.
    decoders: Semaphore,
    utc_offset_min: i32,
    /// Checked when there is no such operator, so that the answer takes as long.
    nobody: PasswordHash,
}

impl Shared {
    pub(crate) async fn new(
        config: &HubConfig,
        switch: Arc<dyn Switch>,
        store: Arc<dyn Store>,
        hub: mpsc::Sender<Inbox>,
        accounts: mpsc::Sender<AccountJob>,
        rules: Rules,
    ) -> Result<Self, PasswordError> {
        Ok(Self(Arc::new(Inner {
            clock: config.clock,
            polda_code: config.polda_code.clone(),
            switch,
            store,
            hub,
            accounts,
            rules,
            seats: config.seats.clone(),
            gate: Mutex::new(LoginGate::default()),
            requests: Mutex::new(Requests::default()),
            passwords: Semaphore::new(PASSWORDS_AT_ONCE),
            decoders: Semaphore::new(1),
            utc_offset_min: config.utc_offset_min,
            nobody: PasswordHash::of(random_secret()).await?,
        })))
    }

    /// Asks the actor.
    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Inbox,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.0.hub.send(question(reply)).await.map_err(|_| Failure::Stopping)?;
        answer.await.map_err(|_| Failure::Stopping)
    }

    /// Who asks, by the token, with the seat.
    async fn visitor(&self, headers: &HeaderMap) -> Result<Visitor, Failure> {
        let token = token(headers)?;
        Ok(self.ask(|reply| Inbox::Visitor { token, reply }).await??)
    }

    /// Who asks, by the token.
    async fn authorized(&self, headers: &HeaderMap) -> Result<(UnitId, Level), Failure> {
        let token = token(headers)?;
        Ok(self.ask(|reply| Inbox::Unit { token, reply }).await??)
    }
}

/// 256 random bits as hex.
fn random_secret() -> Redacted<String> {
    Redacted::new(hex::encode(rand::random::<[u8; 32]>()))
}

fn bearer(headers: &HeaderMap) -> Result<Redacted<String>, Failure> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(|token| Redacted::new(token.trim().to_owned()))
        .ok_or_else(|| Failure::new(ErrorCode::NotLoggedIn, "a bearer token is needed"))
}

fn token(headers: &HeaderMap) -> Result<TokenHash, Failure> {
    bearer(headers).map(|token| TokenHash::of(&token))
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route(LOGIN_PATH, post(login::login))
        .route(SESSION_PATH, post(login::resume))
        .route(LOGOUT_PATH, post(login::logout))
        .route(PLUGINS_PATH, get(resources::plugins))
        .route(&format!("{PLUGINS_PATH}/{{sha256}}"), get(resources::plugin))
        .route(CASES_PATH, get(resources::cases))
        .route(&format!("{CASES_PATH}/{{number}}"), get(resources::case))
        .route(CASE_LIST_PATH, post(lists::case_list))
        .route(SEARCH_PATH, post(lists::search))
        .route(&format!("{ABOUT_PATH}/{{call}}"), get(lists::about))
        .route(ODDS_PATH, get(lists::odds))
        .route(&format!("{FILES_PATH}/{{number}}"), get(files::file))
        .route(&format!("{AUDIO_PATH}/{{sha256}}"), get(files::audio))
        .route(&format!("{AUDIO_PATH}/{{sha256}}/peaks"), get(files::peaks))
        .route(RECORDINGS_PATH, get(resources::recordings))
        .route(FIGURES_PATH, get(figures::figures))
        .route(HEALTH_PATH, get(resources::health))
        .route(ALIVE_PATH, get(resources::alive))
        .route(DESK_SOCKET_PATH, get(socket::desk))
        .fallback(resources::nothing_here)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(shared.clone(), door::watch))
        .with_state(shared)
}
