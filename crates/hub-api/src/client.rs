//! The desk's side of HTTP: log in, fetch plugins and cases, open the socket. No reconnecting: that
//! is the desk engine's, with [`crate::Outbox`].

use crate::socket::{self, DeskReceiver, DeskSender};
use crate::{
    ABOUT_PATH, AUDIO_PATH, AboutCall, ApiError, CASE_LIST_PATH, CASES_PATH, CaseFile, CaseList,
    CasesQuery, FIGURES_PATH, FILES_PATH, FiguresInfo, HEALTH_PATH, LOGIN_PATH, LOGOUT_PATH,
    LoginRequest, ODDS_PATH, PLUGINS_PATH, Peaks, PluginRelease, RECORDINGS_PATH, RecordingInfo,
    SEARCH_PATH, SESSION_PATH, SearchList, SearchQuery, Session, UnitOdds,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use siaga_model::{CallId, Case, CaseNumber, Redacted, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Largest JSON body that is read, in bytes.
const MAX_JSON: usize = 8 * 1024 * 1024;
/// Largest plugin component or recording that is fetched, in bytes: a recording of 5 hours.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// A hub stands in the same network: what takes longer is lost. Short, because the first SYN may
/// have left by a network that has just gone, and only another attempt takes the new one.
const CONNECT_WITHIN: Duration = Duration::from_millis(1_500);
/// Time for a session to be taken up again, which costs the hub no password.
const RESUME_WITHIN: Duration = Duration::from_secs(5);
/// Time for a whole request; a login waits for argon2id on a busy hub.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection is kept for the next question; a hub closes it after 20 s.
const IDLE_AT_MOST: Duration = Duration::from_secs(15);

/// Why the hub could not be asked, or what it said.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an `http://` or `https://` address.
    #[error("not the address of a hub: {0}")]
    BadAddress(String),
    /// The hub answered with an error.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// No connection, or it broke, or it took too long.
    #[error("the hub cannot be reached: {0}")]
    Unreachable(String),
    /// Something answered that does not speak as a hub does.
    #[error("not understood: {0}")]
    Malformed(String),
    /// More bytes than [`crate::MAX_MESSAGE`] or the limit of the resource.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// The bytes of a plugin are not those that the hub announced.
    #[error("the plugin's bytes hash to {got}, not {wanted}")]
    WrongHash {
        /// As announced.
        wanted: String,
        /// As received.
        got: String,
    },
}

/// A logged-in desk's access to its hub. Cheap to clone; the session lives at the hub.
#[derive(Clone)]
pub struct HubClient {
    http: reqwest::Client,
    base: Url,
    tls: Arc<rustls::ClientConfig>,
    token: Redacted<String>,
}

impl std::fmt::Debug for HubClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubClient").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl HubClient {
    /// Sits down at a seat. `hub` is `http://host:port` or `https://host`; a path in it is kept as
    /// a prefix.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the hub's code (`wrong-password`, `slow-down`, `seat-taken`,
    /// `no-such-seat`, `not-allowed`), and the others when there is no such hub.
    pub async fn login(hub: &str, request: LoginRequest) -> Result<(Session, Self), ClientError> {
        let mut client = Self::new(hub)?;
        let response = client
            .http
            .post(client.url(LOGIN_PATH)?)
            .json(&request)
            .send()
            .await
            .map_err(|error| ClientError::Unreachable(told(&error)))?;
        let session: Session = json(response).await?;
        client.token = session.token.clone();
        Ok((session, client))
    }

    /// Takes up a session that still stands: of a desk that was started again, or whose telephone
    /// account the switch does not know any more. The account in the answer is a new one.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `not-logged-in` when the session has ended, and the others.
    pub async fn resume(
        hub: &str,
        token: Redacted<String>,
    ) -> Result<(Session, Self), ClientError> {
        // A client of its own: pooled connections may belong to a network that is gone.
        let mut client = Self { token, ..Self::new(hub)? };
        let request = client.http.post(client.url(SESSION_PATH)?).timeout(RESUME_WITHIN);
        let session: Session = json(client.send(request).await?).await?;
        client.token = session.token.clone();
        Ok((session, client))
    }

    /// Whether a hub answers there, with its version and its switch; needs no login.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn health(hub: &str) -> Result<serde_json::Value, ClientError> {
        let client = Self::new(hub)?;
        let request = client.http.get(client.url(HEALTH_PATH)?);
        let response =
            request.send().await.map_err(|error| ClientError::Unreachable(told(&error)))?;
        json(response).await
    }

    /// The same hub with another session's token.
    #[must_use]
    pub fn with_token(&self, token: Redacted<String>) -> Self {
        Self { token, ..self.clone() }
    }

    /// Ends the session at the hub; its telephone account ends with it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the session has ended already, and the others.
    pub async fn logout(&self) -> Result<(), ClientError> {
        let request = self.http.post(self.url(LOGOUT_PATH)?);
        let response = self.send(request).await?;
        checked(response).await.map(drop)
    }

    /// The bytes of a plugin or gazetteer, checked against the hash by which they are asked for.
    ///
    /// # Errors
    /// [`ClientError::WrongHash`] when they are others, [`ClientError::TooLarge`] above 64 MiB.
    pub async fn plugin(&self, sha256: &str) -> Result<Vec<u8>, ClientError> {
        self.hashed(&format!("{PLUGINS_PATH}/{sha256}"), sha256).await
    }

    /// The plugins that this hub wants its desks to run.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn plugins(&self) -> Result<Vec<PluginRelease>, ClientError> {
        json(self.get(PLUGINS_PATH).await?).await
    }

    /// One case.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `not-found`, `not-allowed` or `not-logged-in`, and the others.
    pub async fn case(&self, number: &CaseNumber) -> Result<Case, ClientError> {
        json(self.get(&format!("{CASES_PATH}/{number}")).await?).await
    }

    /// The latest 100 cases that this seat may see, newest first.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn cases(&self) -> Result<Vec<Case>, ClientError> {
        json(self.get(CASES_PATH).await?).await
    }

    /// The latest 100 recordings, newest first. For seats of a Polda and above.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn recordings(&self) -> Result<Vec<RecordingInfo>, ClientError> {
        json(self.get(RECORDINGS_PATH).await?).await
    }

    /// A page of the cases that this seat may see.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn case_list(&self, query: &CasesQuery) -> Result<CaseList, ClientError> {
        self.ask(CASE_LIST_PATH, query).await
    }

    /// Calls and cases with these words, of those that this seat may see.
    ///
    /// # Errors
    /// As [`Self::case`]; `out-of-range` when the text is too long.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchList, ClientError> {
        self.ask(SEARCH_PATH, query).await
    }

    /// A case with everything that happened.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn case_file(&self, number: &CaseNumber) -> Result<CaseFile, ClientError> {
        json(self.get(&format!("{FILES_PATH}/{number}")).await?).await
    }

    /// What is known around a call: its number's past, reports near by.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn about(&self, call: CallId) -> Result<AboutCall, ClientError> {
        json(self.get(&format!("{ABOUT_PATH}/{call}")).await?).await
    }

    /// How likely each unit takes a transfer at this hour.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn odds(&self) -> Result<Vec<UnitOdds>, ClientError> {
        json(self.get(ODDS_PATH).await?).await
    }

    /// What became of the calls of a span. For seats of a Polda and above.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn figures(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<FiguresInfo, ClientError> {
        let mut url = self.url(FIGURES_PATH)?;
        url.set_query(Some(&format!("from={}&to={}", from.0, to.0)));
        json(self.send(self.http.get(url)).await?).await
    }

    /// A recording's bytes, checked against the hash by which they are asked for. That it was listened
    /// to is written down at the hub.
    ///
    /// # Errors
    /// As [`Self::plugin`], and those of [`Self::case`].
    pub async fn audio(&self, sha256: &str) -> Result<Vec<u8>, ClientError> {
        self.hashed(&format!("{AUDIO_PATH}/{sha256}"), sha256).await
    }

    /// A recording's loudness over time.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub async fn peaks(&self, sha256: &str) -> Result<Peaks, ClientError> {
        json(self.get(&format!("{AUDIO_PATH}/{sha256}/peaks")).await?).await
    }

    /// Opens the desk's socket. A second socket of the same session takes the place of the first.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `not-logged-in` when the session has ended, and the others.
    pub async fn connect(&self) -> Result<(DeskSender, DeskReceiver), ClientError> {
        let mut url = self.url(crate::DESK_SOCKET_PATH)?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| ClientError::BadAddress(self.base.to_string()))?;
        let opened = socket::open(&url, &self.token, self.tls.clone());
        tokio::time::timeout(CONNECT_WITHIN, opened)
            .await
            .map_err(|_| ClientError::Unreachable("the socket took too long to open".to_owned()))?
    }

    /// A client without a session, for what needs no login. Nothing is asked yet.
    ///
    /// # Errors
    /// [`ClientError::BadAddress`], or when the system's certificates cannot be read.
    pub fn new(hub: &str) -> Result<Self, ClientError> {
        let base = base_url(hub)?;
        let tls = tls_config(base.scheme() == "https")?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            // The WebSocket goes straight to the hub, so the rest does too.
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .pool_idle_timeout(IDLE_AT_MOST)
            .build()
            .map_err(|error| ClientError::Unreachable(told(&error)))?;
        Ok(Self { http, base, tls, token: Redacted::default() })
    }

    fn url(&self, path: &str) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        Ok(url)
    }

    /// Bytes that are asked for by their hash.
    async fn hashed(&self, path: &str, sha256: &str) -> Result<Vec<u8>, ClientError> {
        let bytes = body(checked(self.get(path).await?).await?, MAX_BYTES).await?;
        let got = hex::encode(Sha256::digest(&bytes));
        if got == sha256 {
            Ok(bytes)
        } else {
            Err(ClientError::WrongHash { wanted: sha256.to_owned(), got })
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ClientError> {
        json(self.send(self.http.post(self.url(path)?).json(query)).await?).await
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response, ClientError> {
        self.send(self.http.get(self.url(path)?)).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ClientError> {
        request
            .bearer_auth(self.token.expose())
            .send()
            .await
            .map_err(|error| ClientError::Unreachable(told(&error)))
    }
}

fn base_url(hub: &str) -> Result<Url, ClientError> {
    let bad = |why: &str| ClientError::BadAddress(why.to_owned());
    let url = Url::parse(hub.trim()).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("it names no host"));
    }
    Ok(url)
}

/// The machine's own trust store, so that a Polda's own CA works for HTTP and WebSocket alike. A
/// hub without TLS (training, loopback) must also work on a machine that has no certificates.
fn tls_config(https: bool) -> Result<Arc<rustls::ClientConfig>, ClientError> {
    use rustls_platform_verifier::ConfigVerifierExt;
    // Fails only when somebody installed one before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = if https {
        rustls::ClientConfig::with_platform_verifier()
            .map_err(|error| ClientError::Unreachable(error.to_string()))?
    } else {
        rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    };
    Ok(Arc::new(config))
}

/// An error of reqwest with its causes: its own text stops at "error sending request".
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

async fn checked(response: reqwest::Response) -> Result<reqwest::Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let bytes = body(response, MAX_JSON).await?;
    Err(refusal(&bytes).unwrap_or_else(|| ClientError::Malformed(format!("HTTP {status}"))))
}

/// The hub's error in a body, if it is one.
pub(crate) fn refusal(bytes: &[u8]) -> Option<ClientError> {
    serde_json::from_slice::<ApiError>(bytes).ok().map(ClientError::Refused)
}

async fn json<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, ClientError> {
    let bytes = body(checked(response).await?, MAX_JSON).await?;
    // The text of serde's error may quote the value, which may be personal: only where, not what.
    serde_json::from_slice(&bytes).map_err(|error| {
        ClientError::Malformed(format!(
            "{:?} error at line {} column {}",
            error.classify(),
            error.line(),
            error.column()
        ))
    })
}

async fn body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| ClientError::Unreachable(told(&error)))?
    {
        if bytes.len() + chunk.len() > limit {
            return Err(ClientError::TooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_no_hub_is_said_to_be_bad() {
        for bad in ["", "hub.polda", "ftp://hub", "file:///etc/passwd", "http://"] {
            assert!(matches!(base_url(bad), Err(ClientError::BadAddress(_))), "{bad:?}");
        }
        assert!(base_url("http://127.0.0.1:8110").is_ok());
        assert!(base_url("https://hub.polda.example/siaga/").is_ok());
    }

    #[test]
    fn an_error_of_the_hub_is_read_from_the_body() {
        let body = br#"{"code": "seat-taken", "detail": "budi since 08:00"}"#;
        let Some(ClientError::Refused(error)) = refusal(body) else { panic!("an ApiError") };
        assert_eq!(error.code, crate::ErrorCode::SeatTaken);
        assert!(refusal(b"<html>502</html>").is_none());
    }
}
