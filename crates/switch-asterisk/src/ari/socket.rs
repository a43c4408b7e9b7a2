//! The events half of ARI: one WebSocket, over which Asterisk tells what happens.

use super::client::AriClient;
use super::error::AriError;
use super::events::Event;
use base64::Engine as _;
use futures_util::{SinkExt, StreamExt};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

const DOING: &str = "tell what happens";
/// How long Asterisk may take to open the socket.
const OPEN_WITHIN: Duration = Duration::from_secs(3);
/// An event is a few kilobytes.
const MAX_EVENT: usize = 256 * 1024;
/// Asterisk answers a ping at once: a socket over which nothing came for two of these is dead.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Whoever is subscribed to a channel and to its endpoint is told everything twice, one right after
/// the other: an event among the last so many is the same one.
const LOOKED_BACK_ON: usize = 64;

/// An open socket of events. It ends when the connection does; whoever wants more opens another and
/// asks what it missed.
pub struct Events {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    ping: tokio::time::Interval,
    pings_unanswered: u32,
    recent: VecDeque<u64>,
    hasher: RandomState,
}

impl Events {
    /// Opens the socket: from now on Asterisk gives callers to our application.
    ///
    /// # Errors
    /// See [`AriError`].
    pub async fn open(client: &AriClient) -> Result<Self, AriError> {
        let access = client.access();
        let bad = || AriError::BadAddress(access.url.to_string());
        let mut url = access.url.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| bad())?;
        url.path_segments_mut().map_err(|()| bad())?.pop_if_empty().push("events");
        url.query_pairs_mut().append_pair("app", &access.app);
        let mut request = url.as_str().into_client_request().map_err(|_| bad())?;
        let login = format!("{}:{}", access.user, access.password.expose());
        let login = base64::engine::general_purpose::STANDARD.encode(login);
        let mut login = HeaderValue::try_from(format!("Basic {login}")).map_err(|_| bad())?;
        login.set_sensitive(true);
        request.headers_mut().insert("Authorization", login);
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_EVENT))
            .max_frame_size(Some(MAX_EVENT));
        let opening = connect_async_with_config(request, Some(limits), true);
        let (socket, _) = tokio::time::timeout(OPEN_WITHIN, opening)
            .await
            .map_err(|_| AriError::TooSlow { doing: DOING, ms: OPEN_WITHIN.as_millis() })?
            .map_err(|error| AriError::Unreachable { doing: DOING, why: error.to_string() })?;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok(Self {
            socket,
            ping,
            pings_unanswered: 0,
            recent: VecDeque::with_capacity(LOOKED_BACK_ON),
            hasher: RandomState::new(),
        })
    }

    /// The next event, each once. Cancelling it loses nothing.
    ///
    /// # Errors
    /// When the connection is over: see [`AriError`].
    pub async fn next(&mut self) -> Result<Event, AriError> {
        let broken = |why: String| AriError::Unreachable { doing: DOING, why };
        loop {
            let message = tokio::select! {
                message = self.socket.next() => message,
                _ = self.ping.tick() => {
                    if self.pings_unanswered >= 2 {
                        return Err(broken("two pings were not answered".to_owned()));
                    }
                    self.pings_unanswered += 1;
                    let ping = Message::Ping(Default::default());
                    self.socket.send(ping).await.map_err(|error| broken(error.to_string()))?;
                    continue;
                }
            };
            self.pings_unanswered = 0;
            match message {
                Some(Ok(Message::Text(text))) => {
                    if self.is_repeated(&text) {
                        continue;
                    }
                    match Event::parse(&text) {
                        Ok(event) => return Ok(event),
                        // Not its text: it may hold a number.
                        Err(error) => tracing::warn!(%error, "an event is not understood"),
                    }
                }
                Some(Ok(Message::Close(_))) | None => {
                    return Err(broken("Asterisk closed the socket".to_owned()));
                }
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_),
                )) => {}
                Some(Err(error)) => return Err(broken(error.to_string())),
            }
        }
    }

    fn is_repeated(&mut self, text: &str) -> bool {
        let hash = self.hasher.hash_one(text);
        if self.recent.contains(&hash) {
            return true;
        }
        if self.recent.len() == LOOKED_BACK_ON {
            self.recent.pop_front();
        }
        self.recent.push_back(hash);
        false
    }
}
