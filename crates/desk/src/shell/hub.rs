//! The session and the line to the hub.

use super::{Engine, Report, tell};
use crate::advisor::Advisory;
use crate::core::Input;
use crate::link::{Link, LinkSaw};
use crate::state::DeskError;
use siaga_hub_api::{
    ClientError, HubClient, LoginRequest, PluginRelease, Sequenced, Session, ToHub,
};
use siaga_model::Redacted;
use std::future::Future;
use std::time::Duration;

/// How long somebody who leaves waits for the hub to hear of it.
const GOODBYE: Duration = Duration::from_secs(3);

impl Engine {
    pub(super) fn log_in(&mut self, hub: String, request: LoginRequest) {
        self.sit_down(async move { HubClient::login(&hub, request).await });
    }

    pub(super) fn resume(&mut self, hub: String, token: Redacted<String>) {
        self.sit_down(async move { HubClient::resume(&hub, token).await });
    }

    fn sit_down(
        &mut self,
        asking: impl Future<Output = Result<(Session, HubClient), ClientError>> + Send + 'static,
    ) {
        self.attempt += 1;
        let (attempt, report) = (self.attempt, self.report.clone());
        tokio::spawn(async move {
            let result = match asking.await {
                Ok(let_in) => Ok(Box::new(let_in)),
                Err(ClientError::Refused(error)) => {
                    Err(DeskError::Hub { code: error.code, detail: error.detail })
                }
                Err(ClientError::BadAddress(_)) => Err(DeskError::BadAddress),
                Err(error) => Err(DeskError::Unreachable { detail: error.to_string() }),
            };
            tell(&report, Report::LoggedIn { attempt, result }).await;
        });
    }

    pub(super) async fn on_let_in(
        &mut self,
        attempt: u64,
        result: Result<Box<(Session, HubClient)>, DeskError>,
    ) {
        if attempt != self.attempt {
            // Given up meanwhile: the seat must not stay taken by a session that nobody has.
            if let Ok(let_in) = result {
                tokio::spawn(async move { let_in.1.logout().await });
            }
            return;
        }
        match result {
            Ok(let_in) => {
                let (session, client) = *let_in;
                self.client = Some(client);
                self.give(Input::LoggedIn(Box::new(session))).await;
            }
            Err(error) => self.give(Input::LoginFailed(error)).await,
        }
    }

    pub(super) fn open_link(&mut self) {
        self.line = None;
        self.link = self.client.clone().map(|client| Link::start(client, self.link_saw_in.clone()));
    }

    pub(super) fn reconnect_hub(&mut self) {
        self.line = None;
        if let Some(link) = &self.link {
            link.reconnect();
        }
    }

    pub(super) fn say(&mut self, message: Sequenced<ToHub>) {
        let Some(line) = &self.line else { return };
        if line.try_send(message).is_err() {
            // Full, or gone: on the next line all of it is said again, in order.
            self.line = None;
        }
    }

    pub(super) async fn on_link(&mut self, saw: LinkSaw) {
        match saw {
            LinkSaw::Up(line) => {
                self.line = Some(line);
                self.give(Input::HubUp).await;
            }
            LinkSaw::Down => {
                self.line = None;
                self.give(Input::HubDown).await;
            }
            LinkSaw::Said(message) => self.give(Input::Hub(message)).await,
        }
    }

    pub(super) fn fetch_plugins(
        &self,
        releases: Vec<PluginRelease>,
        gazetteer: Option<PluginRelease>,
    ) {
        let Some(client) = self.client.clone() else { return };
        let (report, folder) = (self.report.clone(), self.data_dir.join("plugins"));
        let limits = self.limits.clone();
        tokio::spawn(async move {
            let advisory =
                Advisory::fetch(&client, &releases, gazetteer.as_ref(), &folder, limits).await;
            tell(&report, Report::Plugins(Box::new(advisory))).await;
        });
    }

    /// Leaves the seat, and lets the hub know.
    pub(super) async fn log_out(&mut self) {
        let client = self.client.take();
        self.leave().await;
        let Some(client) = client else { return };
        match tokio::time::timeout(GOODBYE, client.logout()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::info!(%error, "the hub was not told of the logout"),
            Err(_) => tracing::info!("the hub took too long to hear of the logout"),
        }
    }

    /// Leaves the seat of a session that has ended.
    pub(super) async fn leave(&mut self) {
        self.attempt += 1;
        self.leave_phone().await;
        self.line = None;
        self.link = None;
        self.client = None;
    }
}
