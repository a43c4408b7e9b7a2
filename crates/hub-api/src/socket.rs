//! The desk's end of the WebSocket: typed messages out and in, with size limits.

use crate::client::{ClientError, refusal};
use crate::{ApiError, ErrorCode, MAX_MESSAGE, Sequenced, ToDesk, ToHub};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use siaga_model::Redacted;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use url::Url;

/// A hub's view is whole, so it may be larger than what a desk may send.
const MAX_VIEW: usize = 4 * 1024 * 1024;
/// A hub that takes no byte for this long is gone; TCP itself would wait for a quarter of an hour.
const SEND_WITHIN: Duration = Duration::from_secs(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The sending half. Dropping both halves drops the connection.
#[derive(Debug)]
pub struct DeskSender {
    sink: SplitSink<Stream, Message>,
}

/// The receiving half. Must be polled even when nothing is expected: it answers the hub's pings.
#[derive(Debug)]
pub struct DeskReceiver {
    stream: SplitStream<Stream>,
    heard_at: Instant,
}

impl DeskSender {
    /// Sends a message.
    ///
    /// # Errors
    /// [`ClientError::TooLarge`] before anything is sent, [`ClientError::Unreachable`] when the
    /// connection is gone or takes nothing for a second.
    pub async fn send(&mut self, message: &Sequenced<ToHub>) -> Result<(), ClientError> {
        let text = serde_json::to_string(message)
            .map_err(|error| ClientError::Malformed(error.to_string()))?;
        if text.len() > MAX_MESSAGE {
            return Err(ClientError::TooLarge(MAX_MESSAGE));
        }
        self.put(Message::text(text)).await
    }

    /// Asks for a sign of life; the hub's answer is seen by nobody, but a dead connection shows as
    /// an error here or at the receiver.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub async fn ping(&mut self) -> Result<(), ClientError> {
        self.put(Message::Ping(Bytes::new())).await
    }

    /// Says goodbye. Errors do not matter any more.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(SEND_WITHIN, self.sink.close()).await;
    }

    async fn put(&mut self, message: Message) -> Result<(), ClientError> {
        match tokio::time::timeout(SEND_WITHIN, self.sink.send(message)).await {
            Ok(sent) => sent.map_err(|error| lost(&error)),
            Err(_) => Err(ClientError::Unreachable("the hub takes nothing any more".to_owned())),
        }
    }
}

impl DeskReceiver {
    /// When the last frame came, a ping or the answer to one included: a hub asks for a sign of life
    /// every 2 s, so silence says that the connection is dead long before TCP does.
    pub fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// The next message; `None` when the hub closed the connection.
    ///
    /// # Errors
    /// [`ClientError::Malformed`] for a message that this desk does not understand (the connection
    /// stays usable), [`ClientError::Unreachable`] when the connection is gone.
    pub async fn next(&mut self) -> Result<Option<ToDesk>, ClientError> {
        loop {
            let message = self.stream.next().await;
            self.heard_at = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(text.as_str()).map(Some).map_err(|error| {
                        // Serde quotes values, which may be personal: only the kind of error.
                        ClientError::Malformed(format!("{:?} error", error.classify()))
                    });
                }
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(Message::Binary(_))) => {
                    return Err(ClientError::Malformed("a binary message".to_owned()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(Error::ConnectionClosed)) => return Ok(None),
                Some(Err(error)) => return Err(lost(&error)),
            }
        }
    }
}

fn lost(error: &Error) -> ClientError {
    ClientError::Unreachable(error.to_string())
}

pub(crate) async fn open(
    url: &Url,
    token: &Redacted<String>,
    tls: Arc<rustls::ClientConfig>,
) -> Result<(DeskSender, DeskReceiver), ClientError> {
    let bad = |error: &dyn std::fmt::Display| ClientError::BadAddress(error.to_string());
    let mut request = url.as_str().into_client_request().map_err(|error| bad(&error))?;
    let mut bearer: tokio_tungstenite::tungstenite::http::HeaderValue =
        format!("Bearer {}", token.expose()).parse().map_err(|_| bad(&"token"))?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_VIEW)).max_frame_size(Some(MAX_VIEW));
    let opened = tokio_tungstenite::connect_async_tls_with_config(
        request,
        Some(config),
        true, // no Nagle: a click of the operator must not wait for the next one
        Some(Connector::Rustls(tls)),
    )
    .await;
    match opened {
        Ok((stream, _)) => {
            let (sink, stream) = stream.split();
            Ok((DeskSender { sink }, DeskReceiver { stream, heard_at: Instant::now() }))
        }
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            Err(refusal(body).unwrap_or_else(|| {
                if response.status().as_u16() == 401 {
                    ClientError::Refused(ApiError::new(ErrorCode::NotLoggedIn, "HTTP 401"))
                } else {
                    ClientError::Malformed(format!("HTTP {}", response.status()))
                }
            }))
        }
        Err(error) => Err(lost(&error)),
    }
}
