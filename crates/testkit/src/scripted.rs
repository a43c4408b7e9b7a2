//! Peers that say what they are told to, however wrong: for tests of bad input.

use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A scripted peer could not say its text.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The URL or a header is not one.
    #[error("not a URL or header: {0}")]
    Request(String),
    /// The server did not let the connection come about.
    #[error("no connection: {0}")]
    Connect(Box<Error>),
    /// The connection was gone when something was to be sent.
    #[error("cannot send: {0}")]
    Send(Box<Error>),
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// A close frame, with its code and reason if it had any.
    Closed(Option<(u16, String)>),
    /// The connection ended without a close frame.
    Gone,
    /// Nothing within the time.
    Silence,
}

/// A raw WebSocket client.
pub struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Peer {
    /// Connects to `ws://…`, with headers such as `("Sec-WebSocket-Protocol", "sip")`.
    ///
    /// # Errors
    /// When the server refuses; a refusal by HTTP status is inside [`ScriptError::Connect`].
    pub async fn connect(url: &str, headers: &[(&str, &str)]) -> Result<Self, ScriptError> {
        let mut request =
            url.into_client_request().map_err(|error| ScriptError::Request(error.to_string()))?;
        for (name, value) in headers {
            let name = name
                .parse::<HeaderName>()
                .map_err(|error| ScriptError::Request(error.to_string()))?;
            let value = value
                .parse::<HeaderValue>()
                .map_err(|error| ScriptError::Request(error.to_string()))?;
            request.headers_mut().insert(name, value);
        }
        let (socket, _) =
            connect_async(request).await.map_err(|error| ScriptError::Connect(Box::new(error)))?;
        Ok(Self { socket })
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), ScriptError> {
        self.send(Message::text(text.into())).await
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_bytes(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), ScriptError> {
        self.send(Message::binary(bytes.into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), ScriptError> {
        self.socket.send(message).await.map_err(|error| ScriptError::Send(Box::new(error)))
    }

    /// Writes bytes below the WebSocket, so that no valid frame comes out.
    ///
    /// # Errors
    /// When the connection is gone or is not plain TCP.
    pub async fn break_framing(&mut self, bytes: &[u8]) -> Result<(), ScriptError> {
        let MaybeTlsStream::Plain(tcp) = self.socket.get_mut() else {
            return Err(ScriptError::Request("not a plain connection".to_owned()));
        };
        tcp.write_all(bytes).await.map_err(|error| ScriptError::Send(Box::new(Error::Io(error))))
    }

    /// The next thing the server says; pings are answered and not told.
    pub async fn answer_within(&mut self, time: Duration) -> Answer {
        let next = async {
            loop {
                return match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => Answer::Text(text.as_str().to_owned()),
                    Some(Ok(Message::Binary(bytes))) => Answer::Binary(bytes.to_vec()),
                    Some(Ok(Message::Close(frame))) => Answer::Closed(
                        frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())),
                    ),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Err(_)) | None => Answer::Gone,
                };
            }
        };
        timeout(time, next).await.unwrap_or(Answer::Silence)
    }
}

/// Writes `bytes` to a TCP port and returns what comes back until the server closes, or until
/// `time` is over.
///
/// # Errors
/// When the port does not accept.
pub async fn shout(to: SocketAddr, bytes: &[u8], time: Duration) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    // A server that closes while we still write has answered, too.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(time, stream.read_to_end(&mut answer)).await;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    /// For answers that certainly come; reached only when the test has failed.
    const DEADLINE: Duration = Duration::from_secs(20);

    /// Echoes until a framing error, then is gone; says good-bye to "bye".
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.expect("a peer");
            let mut socket = accept_async(tcp).await.expect("a handshake");
            while let Some(Ok(message)) = socket.next().await {
                if message == Message::text("bye") {
                    socket.close(None).await.expect("closed");
                } else if message.is_text() || message.is_binary() {
                    socket.send(message).await.expect("sent");
                }
            }
        });
        url
    }

    #[tokio::test]
    async fn a_peer_hears_what_is_answered_and_how_it_ends() {
        let mut peer = Peer::connect(&echo().await, &[("X-Rude", "yes")]).await.expect("connected");
        peer.send_text("one").await.expect("sent");
        assert_eq!(peer.answer_within(DEADLINE).await, Answer::Text("one".to_owned()));
        peer.send_bytes([0xff, 0]).await.expect("sent");
        assert_eq!(peer.answer_within(DEADLINE).await, Answer::Binary(vec![0xff, 0]));
        assert_eq!(peer.answer_within(Duration::from_millis(1)).await, Answer::Silence);
        peer.send_text("bye").await.expect("sent");
        assert_eq!(peer.answer_within(DEADLINE).await, Answer::Closed(None));
    }

    #[tokio::test]
    async fn broken_framing_reaches_the_server() {
        let mut peer = Peer::connect(&echo().await, &[]).await.expect("connected");
        peer.break_framing(&[0xff; 40]).await.expect("written");
        assert_eq!(peer.answer_within(DEADLINE).await, Answer::Gone);
    }
}
