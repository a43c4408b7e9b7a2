//! The door: lets connections in and counts them, and slows down whoever asks too often or guesses.

use super::Shared;
use super::error::Failure;
use crate::actor::Inbox;
use crate::flood::Connections;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use siaga_hub_api::{ErrorCode, LOGIN_PATH};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// An address that guesses tokens gets its answers this late.
const GUESSER_WAITS: Duration = Duration::from_secs(2);

/// Lets connections in, as many as [`Connections`] allows. Those that are too many are closed at once.
pub(crate) struct Door {
    listener: TcpListener,
    connections: Arc<Mutex<Connections>>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, connections: Arc::default() }
    }
}

impl Listener for Door {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        loop {
            // Tokio's listener logs and waits when the process has no files left.
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            if connections.enter(peer.ip()) {
                let place =
                    Place { address: peer.ip(), connections: Arc::clone(&self.connections) };
                return (Guest { stream, _place: place }, peer);
            }
            tracing::debug!(%peer, "too many connections of this address, or in all");
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that was let in.
pub(crate) struct Guest {
    stream: TcpStream,
    _place: Place,
}

impl Guest {
    /// Turns Nagle's algorithm off.
    pub(crate) fn no_delay(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)
    }
}

/// Is given back when the connection ends.
struct Place {
    address: IpAddr,
    connections: Arc<Mutex<Connections>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.leave(self.address);
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Before and after each request. A desk that is told to slow down here is told without our error in
/// the body: it is to come back with its session, not to give it up.
pub(super) async fn watch(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let address = peer.ip();
    let asked = {
        let mut requests = shared.0.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.ask(shared.0.clock.now(), address)
    };
    if asked.is_err() {
        let after = [(RETRY_AFTER, HeaderValue::from_static("1"))];
        return (StatusCode::TOO_MANY_REQUESTS, after).into_response();
    }
    // A wrong password is counted where it is checked.
    let by_token = request.uri().path() != LOGIN_PATH;
    let response = next.run(request).await;
    if by_token && response.status() == StatusCode::UNAUTHORIZED {
        return unknown_token(&shared, address).await.map_or(response, IntoResponse::into_response);
    }
    response
}

/// A token that is none, or none any more. Those that stand are never slowed down, also not those of
/// desks behind the same address.
async fn unknown_token(shared: &Shared, address: IpAddr) -> Option<Failure> {
    let (slow, first) = {
        let mut gate = shared.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.unknown_token(shared.0.clock.now(), address)
    };
    if !slow {
        return None;
    }
    if first {
        tracing::warn!(%address, "session tokens are being guessed");
        let _ = shared.0.hub.send(Inbox::TokensGuessed { address }).await;
    }
    tokio::time::sleep(GUESSER_WAITS).await;
    let seconds = GUESSER_WAITS.as_secs().to_string();
    Some(Failure::new(ErrorCode::SlowDown, seconds))
}
