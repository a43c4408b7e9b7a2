//! The listening side: counts connections, does TLS and the WebSocket handshake, and hands over.

use super::limits::{Allowance, Connections, Limits};
use crate::stack::FlowId;
use crate::ws::Metered;
use crate::ws::{self, HANDSHAKE, Inbound, OUTBOUND};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What arrives at the server's actor from its sockets, all through one queue: a message that overtook
/// the news of its own connection would be nobody's, and lost.
pub(super) enum Arrival {
    /// A connection is up.
    Up { flow: FlowId, remote: SocketAddr, outbound: mpsc::Sender<Vec<u8>> },
    /// A connection never came up.
    Refused { remote: SocketAddr, what: &'static str },
    /// What a connection that is up reports.
    Reported(Inbound),
}

impl From<Inbound> for Arrival {
    fn from(report: Inbound) -> Self {
        Self::Reported(report)
    }
}

/// Accepts until `stop`.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    pub(super) limits: Limits,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) stop: CancellationToken,
}

impl Acceptor {
    pub(super) async fn run(self) {
        let connections = Connections::default();
        let mut next_flow = 1;
        loop {
            let (stream, remote) = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors: those in use are served, and this passes.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let taken = connections.take(Instant::now(), remote.ip(), &self.limits);
            let Some((place, allowance)) = taken else {
                // A lost note about a refused connection does no harm.
                let what = "too many connections";
                let _ = self.arrivals.try_send(Arrival::Refused { remote, what });
                continue;
            };
            let flow = FlowId(next_flow);
            next_flow += 1;
            let connection = Connection {
                tls: self.tls.clone(),
                message_bytes: self.limits.message_bytes,
                arrivals: self.arrivals.clone(),
                flow,
                remote,
                allowance,
            };
            let stop = self.stop.clone();
            tokio::spawn(async move {
                let _place = place;
                tokio::select! {
                    () = connection.serve(stream) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    }
}

struct Connection {
    tls: Option<Arc<rustls::ServerConfig>>,
    message_bytes: usize,
    arrivals: mpsc::Sender<Arrival>,
    flow: FlowId,
    remote: SocketAddr,
    allowance: Allowance,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Without it, each transaction waits for a delayed ACK (about 44 ms).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
        let stream = Metered::new(stream, self.allowance.bytes());
        match self.tls.clone() {
            None => self.websocket(stream).await,
            Some(config) => {
                let acceptor = tokio_rustls::TlsAcceptor::from(config);
                match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.websocket(stream).await,
                    Ok(Err(_)) | Err(_) => self.refuse("TLS handshake failed"),
                }
            }
        }
    }

    async fn websocket<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let Ok(Ok(socket)) = timeout(HANDSHAKE, ws::accept(stream, self.message_bytes)).await
        else {
            return self.refuse("no WebSocket handshake for subprotocol sip");
        };
        let (outbound, queue) = mpsc::channel(OUTBOUND);
        let up = Arrival::Up { flow: self.flow, remote: self.remote, outbound };
        if self.arrivals.send(up).await.is_ok() {
            ws::carry(socket, self.flow, self.arrivals, queue, Some(self.allowance)).await;
        }
    }

    fn refuse(&self, what: &'static str) {
        let _ = self.arrivals.try_send(Arrival::Refused { remote: self.remote, what }); // only a note
    }
}
