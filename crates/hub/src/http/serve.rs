//! Speaks HTTP with whoever was let in.
//!
//! Not `axum::serve`, which gives a connection all the time it wants to say what it asks for: an
//! address that dribbles its headers would keep its places for ever.

use super::Door;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long a connection is waited for.
pub(crate) struct Patience {
    /// From the first moment of a connection, or the end of its last answer, to the end of its next
    /// headers. Desks let go of an idle connection sooner, so that none is cut while they ask.
    headers: Duration,
    /// From there to the answer, the time in which the body comes included.
    answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { headers: Duration::from_secs(20), answer: Duration::from_secs(35) }
    }
}

/// Answers until `stopping`, then lets the present answers end.
pub(crate) async fn serve(
    mut door: Door,
    app: Router,
    patience: Patience,
    stopping: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.headers);
    let connections = TaskTracker::new();
    loop {
        let (guest, peer) = tokio::select! {
            entered = door.accept() => entered,
            () = stopping.cancelled() => break,
        };
        // An acknowledgement is not to wait for a larger packet.
        if let Err(error) = guest.no_delay() {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let app = app.clone();
        let answers = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = app.clone().oneshot(request.map(Body::new));
            tokio::time::timeout(patience.answer, answer)
                .map(|answer| answer.unwrap_or_else(|_| Ok(too_slow())))
        });
        let connection = http.serve_connection(TokioIo::new(guest), answers).with_upgrades();
        let stopping = stopping.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended");
            }
        });
    }
    drop(door);
    connections.close();
    connections.wait().await;
}

fn too_slow() -> Response {
    StatusCode::REQUEST_TIMEOUT.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    const SHORT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn who_dribbles_headers_or_a_body_is_let_go_and_others_are_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/", post(|body: String| async { body }));
        let patience = Patience { headers: SHORT, answer: SHORT };
        let stopping = CancellationToken::new();
        let server = tokio::spawn(serve(Door::new(listener), app, patience, stopping.clone()));
        let asked = async |text: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut said = String::new();
            let read = stream.read_to_string(&mut said);
            let read = tokio::time::timeout(Duration::from_secs(20), read).await;
            read.unwrap_or_else(|_| panic!("still held: {text}")).unwrap();
            said
        };
        let post = "POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n";
        let dribbled = format!("{post}\r\n{{");
        let whole = format!("{post}Connection: close\r\n\r\n{{}}");
        let (silent, headers, body, quick) = tokio::join!(
            asked(""),
            asked("POST / HTTP/1.1\r\nHost: hub\r\nX-Slow:"),
            asked(&dribbled),
            asked(&whole)
        );
        assert!([silent, headers].iter().all(|said| said.is_empty() || said.contains(" 408 ")));
        assert!(body.contains(" 408 "), "{body}");
        assert!(quick.contains(" 200 ") && quick.ends_with("{}"), "{quick}");
        stopping.cancel();
        server.await.unwrap();
    }
}
