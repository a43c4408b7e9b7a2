//! WebSocket connections that carry SIP (RFC 7118), for both sides.
//!
//! A connection is one task between the socket and two bounded queues. It answers keep-alives,
//! sends pings, and ends when the other side has been silent for `SILENCE`, does not take what is
//! sent within `STUCK`, sends a message beyond the limit, or floods. The server reads no faster than
//! its allowances for the connection and its address say.

use crate::server::{Allowance, ByteAllowance};
use crate::stack::FlowId;
use futures_util::{SinkExt as _, StreamExt as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, WebSocketConfig, frame::coding::CloseCode,
};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, accept_hdr_async_with_config,
    client_async_tls_with_config,
};
use url::Url;

/// Time for connecting, TLS and the WebSocket handshake together, where nothing hurries.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Interval of our pings.
const PING: Duration = Duration::from_secs(5);
/// A connection on which nothing came for this long, not even a pong, is dead.
const SILENCE: Duration = Duration::from_secs(16);
/// A peer that does not take a message within this is treated as gone.
const STUCK: Duration = Duration::from_secs(10);
/// Messages waiting for one socket; a peer that lets more pile up is cut off.
pub(crate) const OUTBOUND: usize = 256;
const SUBPROTOCOL: &str = "sip";

/// What a connection task reports.
pub(crate) enum Inbound {
    Frame(FlowId, Vec<u8>),
    Down(FlowId, &'static str),
}

/// Why a connection could not be made. For the log only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("no host in the URL")]
    NoHost,
    #[error("no connection, TLS and handshake within {0:?}")]
    Timeout(Duration),
    #[error("the attempt was given up")]
    GivenUp,
    #[error("the server does not speak SIP over WebSocket")]
    NotSip,
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    WebSocket(#[from] Box<Error>),
}

pub(crate) type ClientSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn config(message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes))
}

/// The TLS side of dialling: our roots, or the public ones.
pub(crate) fn tls_client(
    roots: Option<&Arc<rustls::RootCertStore>>,
) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let roots = roots.cloned().unwrap_or_else(|| {
        Arc::new(rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    });
    // Named, because a process may have linked two providers and rustls then refuses to choose.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Connects within `patience`.
pub(crate) async fn dial(
    url: &Url,
    tls: Arc<rustls::ClientConfig>,
    message_bytes: usize,
    patience: Duration,
) -> Result<ClientSocket, DialError> {
    let attempt = async {
        let host = url.host_str().ok_or(DialError::NoHost)?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or(DialError::NoHost)?;
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        let mut request = url.as_str().into_client_request().map_err(Box::new)?;
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
        let connector = Connector::Rustls(tls);
        let (socket, response) = client_async_tls_with_config(
            request,
            tcp,
            Some(config(message_bytes)),
            Some(connector),
        )
        .await
        .map_err(Box::new)?;
        let agreed = response.headers().get("Sec-WebSocket-Protocol");
        match agreed {
            Some(value) if value == SUBPROTOCOL => Ok(socket),
            Some(_) | None => Err(DialError::NotSip),
        }
    };
    timeout(patience, attempt).await.map_err(|_| DialError::Timeout(patience))?
}

/// The server's half of the handshake; who does not ask for the subprotocol `sip` gets a 400.
pub(crate) async fn accept<S>(
    stream: S,
    message_bytes: usize,
) -> Result<WebSocketStream<S>, Box<Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    let check = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let asked = request
            .headers()
            .get_all("Sec-WebSocket-Protocol")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .any(|p| p.trim().eq_ignore_ascii_case(SUBPROTOCOL));
        if !asked {
            let mut refusal =
                ErrorResponse::new(Some("Sec-WebSocket-Protocol: sip is needed".into()));
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            return Err(refusal);
        }
        let value = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert("Sec-WebSocket-Protocol", value);
        Ok(response)
    };
    accept_hdr_async_with_config(stream, check, Some(config(message_bytes))).await.map_err(Box::new)
}

/// Carries messages until either side ends it: the peer, or we by dropping the sender of `outbound`.
/// Without an `allowance`, messages are read as fast as they are taken.
pub(crate) async fn carry<S, I>(
    mut socket: WebSocketStream<S>,
    flow: FlowId,
    inbound: mpsc::Sender<I>,
    mut outbound: mpsc::Receiver<Vec<u8>>,
    allowance: Option<Allowance>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    I: From<Inbound>,
{
    let why = exchange(&mut socket, flow, &inbound, &mut outbound, allowance).await;
    let code = match why {
        TOO_LARGE => CloseCode::Size,
        FLOODING => CloseCode::Policy,
        _ => CloseCode::Normal,
    };
    let frame = CloseFrame { code, reason: why.into() };
    // The peer may be gone already; then there is nobody to say goodbye to.
    let _ = timeout(Duration::from_secs(1), socket.close(Some(frame))).await;
    let _ = inbound.send(Inbound::Down(flow, why).into()).await;
}

pub(crate) const TOO_LARGE: &str = "Message Too Large";
pub(crate) const FLOODING: &str = "Flooding";

async fn exchange<S, I>(
    socket: &mut WebSocketStream<S>,
    flow: FlowId,
    inbound: &mpsc::Sender<I>,
    outbound: &mut mpsc::Receiver<Vec<u8>>,
    mut allowance: Option<Allowance>,
) -> &'static str
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: From<Inbound>,
{
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let mut resting = false;
    let mut read_from = heard;
    loop {
        let send = tokio::select! {
            () = sleep_until(read_from), if resting => {
                resting = false;
                None
            }
            frame = socket.next(), if !resting => {
                heard = Instant::now();
                if let Some(allowance) = &mut allowance {
                    let Some(rest) = allowance.on_message(heard.into_std()) else { return FLOODING };
                    resting = !rest.is_zero();
                    read_from = heard + rest;
                }
                match frame {
                    Some(Ok(Message::Text(text))) => on_data(flow, inbound, text.as_bytes()).await,
                    Some(Ok(Message::Binary(data))) => on_data(flow, inbound, &data).await,
                    // Pongs are sent by the library when the socket is next written or read.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
                    Some(Ok(Message::Close(_))) | None => return "Closed By Peer",
                    Some(Err(Error::Capacity(_))) => return TOO_LARGE,
                    Some(Err(_)) => return "Connection Failed",
                }
            }
            message = outbound.recv() => match message {
                Some(bytes) => Some(match String::from_utf8(bytes) {
                    Ok(text) => Message::text(text),
                    Err(error) => Message::binary(error.into_bytes()),
                }),
                None => return "Closed",
            },
            _ = ping.tick() => Some(Message::Ping(Vec::new().into())),
            () = sleep_until(heard + SILENCE) => return "Silent",
        };
        if let Some(message) = send {
            match timeout(STUCK, socket.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return "Connection Failed",
                Err(_) => return "Stuck",
            }
        }
    }
}

/// Hands a message on; a CRLF keep-alive (RFC 5626, 3.5.1) is answered here.
async fn on_data<I: From<Inbound>>(
    flow: FlowId,
    inbound: &mpsc::Sender<I>,
    data: &[u8],
) -> Option<Message> {
    match data {
        b"\r\n\r\n" => Some(Message::text("\r\n")),
        b"\r\n" | b"" => None,
        data => {
            // A full queue stops reading from this socket, which is what should happen.
            let _ = inbound.send(Inbound::Frame(flow, data.to_vec()).into()).await;
            None
        }
    }
}

/// A stream that is read no faster than the allowance of its address says.
pub(crate) struct Metered<S> {
    stream: S,
    allowance: ByteAllowance,
    rest: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    /// Bytes read at once: what one connection can take on credit before others of its address.
    const CHUNK: usize = 4096;

    pub(crate) fn new(stream: S, allowance: ByteAllowance) -> Self {
        Self { stream, allowance, rest: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
        }
        let room = buf.remaining().min(Self::CHUNK);
        let mut chunk = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk))?;
        let count = chunk.filled().len();
        buf.advance(count);
        let rest = self.allowance.on_bytes(std::time::Instant::now(), count);
        if !rest.is_zero() {
            self.rest = Some(Box::pin(sleep(rest)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
