//! The listening side: counts connections, does TLS and the WebSocket handshake, and hands over.

use super::{Limits, ServerEvent};
use crate::stack::FlowId;
use crate::ws::{self, HANDSHAKE, Inbound, OUTBOUND};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What arrives at the server's actor from its sockets.
pub(super) enum Arrival {
    /// A connection is up.
    Up { flow: FlowId, remote: SocketAddr, outbound: mpsc::Sender<Vec<u8>> },
    /// A connection never came up.
    Refused(ServerEvent),
}

/// Accepts until `stop`.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    pub(super) limits: Limits,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) inbound: mpsc::Sender<Inbound>,
    pub(super) stop: CancellationToken,
}

impl Acceptor {
    pub(super) async fn run(self) {
        let counts = Counts::default();
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
            let Some(place) = counts.take(remote.ip(), &self.limits) else {
                let what = "too many connections".to_owned();
                // A lost note about a refused connection does no harm.
                let _ = self
                    .arrivals
                    .try_send(Arrival::Refused(ServerEvent::Rejected { remote, what }));
                continue;
            };
            let flow = FlowId(next_flow);
            next_flow += 1;
            let connection = Connection {
                tls: self.tls.clone(),
                message_bytes: self.limits.message_bytes,
                arrivals: self.arrivals.clone(),
                inbound: self.inbound.clone(),
                flow,
                remote,
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
    inbound: mpsc::Sender<Inbound>,
    flow: FlowId,
    remote: SocketAddr,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Without it, each transaction waits for a delayed ACK (about 44 ms).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
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
            ws::carry(socket, self.flow, self.inbound, queue).await;
        }
    }

    fn refuse(&self, what: &str) {
        let event = ServerEvent::Rejected { remote: self.remote, what: what.to_owned() };
        let _ = self.arrivals.try_send(Arrival::Refused(event)); // only a note
    }
}

/// Connections in all and by address.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One counted connection; gives its place back when dropped.
struct Place {
    counts: Counts,
    address: IpAddr,
}

impl Counts {
    fn take(&self, address: IpAddr, limits: &Limits) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = counts.get(&address).copied().unwrap_or(0);
        let all: usize = counts.values().sum();
        if here >= limits.connections_per_address || all >= limits.connections {
            return None;
        }
        counts.insert(address, here + 1);
        Some(Place { counts: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = counts.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
