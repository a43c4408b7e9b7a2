//! A TCP connection that can be cut and mended in the middle.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Connections that are led through at once; whoever comes on top of them waits.
const MOST_CONNECTIONS: usize = 64;

/// Leads everybody who connects to [`address`](Self::address) to one server, until it is cut. Ends
/// when it is dropped.
pub struct TcpRelay {
    local: SocketAddr,
    whole: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl TcpRelay {
    /// Leads to `server`. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let local = listener.local_addr()?;
        let whole = watch::Sender::new(true);
        let task = tokio::spawn(accept(listener, server, whole.subscribe()));
        Ok(Self { local, whole, task })
    }

    /// Where to connect.
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// Breaks every connection; new ones are accepted and broken at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Leads through again whoever connects from now on.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for TcpRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let Ok((client, _)) = listener.accept().await else { return };
        if *whole.borrow() {
            connections.spawn(lead(client, server, whole.clone()));
        }
    }
}

async fn lead(mut client: TcpStream, server: SocketAddr, mut whole: watch::Receiver<bool>) {
    let through = async {
        let mut server = TcpStream::connect(server).await?;
        // Small messages are not to wait for each other here.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        // An error is the end of the connection like any other.
        _ = through => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_cut_relay_breaks_what_stands_and_leads_again_when_mended() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let relay = TcpRelay::start(server.local_addr().expect("bound")).await.expect("a port");
        let mut buffer = [0; 2];
        let mut client = TcpStream::connect(relay.address()).await.expect("connects");
        let (mut served, _) = server.accept().await.expect("led through");
        client.write_all(b"hi").await.expect("sent");
        served.read_exact(&mut buffer).await.expect("received");
        assert_eq!(&buffer, b"hi");
        relay.cut();
        assert_eq!(client.read(&mut buffer).await.unwrap_or(0), 0, "the client is still served");
        assert_eq!(served.read(&mut buffer).await.unwrap_or(0), 0, "the server is still asked");
        let mut refused = TcpStream::connect(relay.address()).await.expect("accepted");
        assert_eq!(refused.read(&mut buffer).await.unwrap_or(0), 0, "it is not cut");
        relay.mend();
        let mut client = TcpStream::connect(relay.address()).await.expect("connects");
        let (mut served, _) = server.accept().await.expect("led through");
        served.write_all(b"ok").await.expect("sent");
        client.read_exact(&mut buffer).await.expect("received");
        assert_eq!(&buffer, b"ok");
    }
}
