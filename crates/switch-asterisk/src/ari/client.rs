//! The REST half of ARI.

use super::error::AriError;
use super::types::{Bridge, Channel, Endpoint, Info, Originate, RtpStatistics};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use siaga_model::Redacted;
use std::time::Duration;
use url::Url;

/// Asterisk stands beside the hub or in the same room.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long Asterisk may take for a request. It answers in a few milliseconds; one that does not is
/// overloaded or gone, and a caller waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Asterisk closes a connection that is idle for 15 s (`session_keep_alive`): ours are given up before.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes: a list of 10,000 channels comes to half of it.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Where ARI is, and who we are there.
#[derive(Clone, Debug)]
pub struct AriAccess {
    /// `http://host:port/ari`, or https.
    pub url: Url,
    /// The user of `ari.conf`.
    pub user: String,
    /// Its password.
    pub password: Redacted<String>,
    /// The Stasis application.
    pub app: String,
}

/// A client of one Asterisk. Cheap to clone; it holds a pool of connections and no state of calls.
#[derive(Clone, Debug)]
pub struct AriClient {
    http: reqwest::Client,
    access: AriAccess,
}

impl AriClient {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`AriError::BadAddress`].
    pub fn new(access: AriAccess) -> Result<Self, AriError> {
        let usable = matches!(access.url.scheme(), "http" | "https") && access.url.has_host();
        if !usable {
            return Err(AriError::BadAddress(access.url.to_string()));
        }
        // Whoever was first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .pool_idle_timeout(IDLE_FOR)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .map_err(|error| AriError::BadAddress(error.to_string()))?;
        Ok(Self { http, access })
    }

    /// Where it is and who we are.
    pub fn access(&self) -> &AriAccess {
        &self.access
    }

    /// What Asterisk says of itself.
    ///
    /// # Errors
    /// See [`AriError`]; so for all that follow.
    pub async fn info(&self) -> Result<Info, AriError> {
        self.get("say what it is", &["asterisk", "info"], &[]).await
    }

    /// Every channel there is, ours or not.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn channels(&self) -> Result<Vec<Channel>, AriError> {
        self.get("list its channels", &["channels"], &[]).await
    }

    /// Every bridge there is.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn bridges(&self) -> Result<Vec<Bridge>, AriError> {
        self.get("list its bridges", &["bridges"], &[]).await
    }

    /// Every SIP endpoint.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, AriError> {
        self.get("list its endpoints", &["endpoints", "PJSIP"], &[]).await
    }

    /// Has our application told of these from now on, e.g. `channel:ID`, `bridge:ID`,
    /// `endpoint:PJSIP`.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn subscribe(&self, sources: &[&str]) -> Result<(), AriError> {
        let path = ["applications", &self.access.app, "subscription"];
        self.post("tell of events", &path, &[("eventSource", &sources.join(","))]).await
    }

    /// Has our application not told of these types of events.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn mute_events(&self, types: &[&str]) -> Result<(), AriError> {
        let muted: Vec<_> = types.iter().map(|name| json!({ "type": name })).collect();
        let path = ["applications", &self.access.app, "eventFilter"];
        let request = self.request(Method::PUT, &path, &[])?.json(&json!({ "disallowed": muted }));
        self.done("filter events", request).await
    }

    /// Whether an application of this name is connected: a hub is there.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn has_application(&self, app: &str) -> Result<bool, AriError> {
        let found: Result<serde_json::Value, _> =
            self.get("say whether a hub is there", &["applications", app], &[]).await;
        match found {
            Ok(_) => Ok(true),
            Err(AriError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Rings somebody.
    ///
    /// # Errors
    /// See [`AriError`]; [`AriError::Refused`] with 500 also when there is nobody to ring.
    pub async fn originate(&self, leg: &Originate) -> Result<Channel, AriError> {
        const DOING: &str = "ring a leg";
        let mut query = vec![
            ("endpoint", leg.endpoint.expose().as_str()),
            ("app", &self.access.app),
            ("appArgs", &leg.app_args),
            ("callerId", &leg.caller_id),
            ("timeout", "-1"),
        ];
        if let Some(originator) = &leg.originator {
            query.push(("originator", originator));
        }
        let request = self
            .request(Method::POST, &["channels", &leg.channel_id], &query)?
            .json(&json!({ "variables": leg.variables }));
        read(DOING, sent(DOING, request).await?).await
    }

    /// Ends a channel: CANCEL, BYE, or a refusal with `reason` (`normal`, `busy`, `congestion`).
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn hang_up(&self, channel: &str, reason: &str) -> Result<(), AriError> {
        self.delete("hang up", &["channels", channel], &[("reason", reason)]).await
    }

    /// Sends a channel on in the dialplan.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn continue_in(
        &self,
        channel: &str,
        context: &str,
        extension: &str,
    ) -> Result<(), AriError> {
        let query = [("context", context), ("extension", extension), ("priority", "1")];
        self.post("send a channel on", &["channels", channel, "continue"], &query).await
    }

    /// A variable of a channel, or a function of the dialplan; `None` when it is not set.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn variable(&self, channel: &str, name: &str) -> Result<Option<String>, AriError> {
        #[derive(Deserialize)]
        struct Variable {
            value: String,
        }
        let path = ["channels", channel, "variable"];
        let found: Result<Variable, _> =
            self.get("say a variable", &path, &[("variable", name)]).await;
        match found {
            Ok(found) => Ok(Some(found.value).filter(|value| !value.is_empty())),
            Err(AriError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets a variable of a channel.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn set_variable(
        &self,
        channel: &str,
        name: &str,
        value: &str,
    ) -> Result<(), AriError> {
        let query = [("variable", name), ("value", value)];
        self.post("set a variable", &["channels", channel, "variable"], &query).await
    }

    /// Sends silence to a channel that is in no bridge, so that its telephone gets packets.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn send_silence(&self, channel: &str) -> Result<(), AriError> {
        self.post("send silence", &["channels", channel, "silence"], &[]).await
    }

    /// Ends that silence.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn stop_silence(&self, channel: &str) -> Result<(), AriError> {
        self.delete("stop silence", &["channels", channel, "silence"], &[]).await
    }

    /// The figures of a channel's RTP.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn rtp_statistics(&self, channel: &str) -> Result<RtpStatistics, AriError> {
        self.get("say a leg's figures", &["channels", channel, "rtp_statistics"], &[]).await
    }

    /// Makes a channel `snoop` that hears what `channel` says; it comes by `StasisStart` with
    /// `app_args`.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn snoop(&self, channel: &str, snoop: &str, app_args: &str) -> Result<(), AriError> {
        let query = [("spy", "in"), ("app", self.access.app.as_str()), ("appArgs", app_args)];
        self.post("listen to a leg", &["channels", channel, "snoop", snoop], &query).await
    }

    /// Makes a mixing bridge; one that is there already stays.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn create_bridge(&self, bridge: &str) -> Result<(), AriError> {
        // `video_sfu` is Asterisk's way to say "always mix". Two channels that it joins directly are cheaper,
        // but then MixMonitor is not given what the caller is sent, in one call of a few (docs/adr/0013).
        let query = [("type", "mixing,video_sfu"), ("name", "siaga")];
        self.post("make a bridge", &["bridges", bridge], &query).await
    }

    /// Removes a bridge; who is in it stays in our application.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn destroy_bridge(&self, bridge: &str) -> Result<(), AriError> {
        self.delete("remove a bridge", &["bridges", bridge], &[]).await
    }

    /// Puts a channel into a bridge.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn add_channel(&self, bridge: &str, channel: &str) -> Result<(), AriError> {
        let path = ["bridges", bridge, "addChannel"];
        self.post("join a leg", &path, &[("channel", channel)]).await
    }

    /// Takes a channel out of a bridge.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn remove_channel(&self, bridge: &str, channel: &str) -> Result<(), AriError> {
        let path = ["bridges", bridge, "removeChannel"];
        self.post("take a leg out", &path, &[("channel", channel)]).await
    }

    /// Plays a class of music in a bridge, again and again.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn start_music(&self, bridge: &str, class: &str) -> Result<(), AriError> {
        self.post("play music", &["bridges", bridge, "moh"], &[("mohClass", class)]).await
    }

    /// Ends the music.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn stop_music(&self, bridge: &str) -> Result<(), AriError> {
        self.delete("stop the music", &["bridges", bridge, "moh"], &[]).await
    }

    /// Plays a sound in a bridge once.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn play(&self, bridge: &str, sound: &str, playback: &str) -> Result<(), AriError> {
        let media = format!("sound:{sound}");
        let query = [("media", media.as_str()), ("playbackId", playback)];
        self.post("speak a prompt", &["bridges", bridge, "play"], &query).await
    }

    /// Ends a sound.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn stop_playback(&self, playback: &str) -> Result<(), AriError> {
        self.delete("stop a prompt", &["playbacks", playback], &[]).await
    }

    /// Makes or changes an object of the configuration in Asterisk's memory (`sorcery.conf`), e.g. of
    /// type `auth`.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn put_config(
        &self,
        kind: &str,
        id: &str,
        fields: &Redacted<Vec<(&str, String)>>,
    ) -> Result<(), AriError> {
        let fields: Vec<_> = fields
            .expose()
            .iter()
            .map(|(name, value)| json!({ "attribute": name, "value": value }))
            .collect();
        let path = ["asterisk", "config", "dynamic", "res_pjsip", kind, id];
        let request = self.request(Method::PUT, &path, &[])?.json(&json!({ "fields": fields }));
        self.done("take a secret", request).await
    }

    /// The fields of such an object, and of an AOR also what is registered there.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn config(&self, kind: &str, id: &str) -> Result<Vec<(String, String)>, AriError> {
        #[derive(Deserialize)]
        struct Field {
            attribute: String,
            value: String,
        }
        let path = ["asterisk", "config", "dynamic", "res_pjsip", kind, id];
        let fields: Vec<Field> = self.get("say how it is configured", &path, &[]).await?;
        Ok(fields.into_iter().map(|field| (field.attribute, field.value)).collect())
    }

    /// Removes such an object.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn delete_config(&self, kind: &str, id: &str) -> Result<(), AriError> {
        let path = ["asterisk", "config", "dynamic", "res_pjsip", kind, id];
        self.delete("forget a secret or a registration", &path, &[]).await
    }

    // ---- below: how it is asked

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, AriError> {
        let mut url = self.access.url.clone();
        url.path_segments_mut()
            .map_err(|()| AriError::BadAddress(self.access.url.to_string()))?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        Ok(request.basic_auth(&self.access.user, Some(self.access.password.expose())))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, AriError> {
        read(doing, sent(doing, self.request(Method::GET, path, query)?).await?).await
    }

    async fn post(
        &self,
        doing: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(), AriError> {
        let request = self.request(Method::POST, path, query)?;
        self.done(doing, request).await
    }

    async fn delete(
        &self,
        doing: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(), AriError> {
        let request = self.request(Method::DELETE, path, query)?;
        self.done(doing, request).await
    }

    async fn done(&self, doing: &'static str, request: RequestBuilder) -> Result<(), AriError> {
        let response = sent(doing, request).await?;
        // Read to its end, so that the connection can be used again.
        body(doing, response).await.map(|_| ())
    }
}

async fn sent(doing: &'static str, request: RequestBuilder) -> Result<Response, AriError> {
    let response = request.send().await.map_err(|error| failed(doing, error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = body(doing, response).await.unwrap_or_default();
    Err(AriError::Refused { doing, status: status.as_u16(), message: message(status, &text) })
}

/// What Asterisk says why it refused.
fn message(status: StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(alias = "error")]
        message: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => status.canonical_reason().unwrap_or("without a reason").to_owned(),
    }
}

async fn read<T: DeserializeOwned>(doing: &'static str, response: Response) -> Result<T, AriError> {
    let bytes = body(doing, response).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| AriError::Malformed { doing, why: error.to_string() })
}

async fn body(doing: &'static str, mut response: Response) -> Result<Vec<u8>, AriError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(doing, error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(AriError::Malformed { doing, why: format!("over {MAX_ANSWER} bytes") });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The address of a request may hold a citizen's number: it is left out.
fn failed(doing: &'static str, error: reqwest::Error) -> AriError {
    if error.is_timeout() {
        return AriError::TooSlow { doing, ms: ANSWER_WITHIN.as_millis() };
    }
    let error = error.without_url();
    let mut why = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        why.push_str(": ");
        why.push_str(&cause.to_string());
        source = cause.source();
    }
    AriError::Unreachable { doing, why }
}
